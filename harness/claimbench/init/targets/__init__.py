"""``bench init``: what the right answers of a file are, and which of them cannot be compared."""
