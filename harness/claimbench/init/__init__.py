"""``bench init``: a person's own file becomes a suite that runs.

Columns, answers and personal data are guessed from the rows, and every guess is said as a comment
of the suite. No model is called.
"""
