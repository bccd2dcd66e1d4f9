"""Logs of requests without scores -> arms with dollars, tokens and times, which cost and latency
claims are judged on: production traffic, and what load generators measured.
"""
