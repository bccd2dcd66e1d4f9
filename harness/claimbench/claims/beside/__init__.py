"""Claims that rest on more than the arms' own calls: routes through stored calls."""
