"""What a report is made of: one evaluated run, its history, prices, warnings, and its files."""
