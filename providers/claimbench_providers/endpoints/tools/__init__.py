"""Tools on the wire: how each protocol says what there is, what was called and what came back."""
