"""What a run saw that is no score: where bytes went, and how each arm was asked."""
