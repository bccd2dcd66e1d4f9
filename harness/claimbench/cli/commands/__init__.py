"""One module per command of ``bench``; each imports what it needs when it works."""
