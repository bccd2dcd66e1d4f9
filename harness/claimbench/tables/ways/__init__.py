"""Other ways to count the times of the same calls; a verdict has to stand in each of them."""
