"""A comparison of runs: text of 80 columns, Markdown, and one HTML page."""
