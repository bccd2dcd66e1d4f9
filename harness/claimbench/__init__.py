"""ClaimBench: verdicts on claims about language models, from accuracy, latency and dollars on the same requests."""

__version__ = "0.1.0"
