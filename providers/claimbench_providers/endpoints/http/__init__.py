"""A whole system behind HTTP as an arm: its request is a template, its answer is found by paths."""
