"""Scorers of answers that several texts make right, or that are several things at once."""
