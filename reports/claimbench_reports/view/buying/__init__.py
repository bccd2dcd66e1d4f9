"""What a buyer reads first: whom to choose, and what a month costs."""
