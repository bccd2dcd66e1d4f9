"""``python``: a function in a file beside the suite that scores answers; run after consent."""
