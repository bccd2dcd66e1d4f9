"""The most that a request may cost: of its tokens, and of the body that is really sent."""
