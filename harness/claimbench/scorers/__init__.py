"""Scorers: one small module per family."""
