"""Verdicts in their own words: the effect as it was claimed, one sentence, what to do next."""
