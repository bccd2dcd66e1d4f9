"""How labels are found in sentences: words of every script, clauses, and what is negated."""
