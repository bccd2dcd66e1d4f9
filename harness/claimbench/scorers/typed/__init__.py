"""Scorers of answers with a type of their own: dates, quantities, lists, patterns."""
