"""Scoring of calls of tools: which function, with which arguments."""
