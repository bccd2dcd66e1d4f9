"""Providers shipped with ClaimBench, the model catalogue and the price book."""
