"""Bills of many attempts at once: those that must be equal are worked out once."""
