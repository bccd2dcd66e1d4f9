"""Readings: each turns tables into the tested quantity of one kind of claim."""
