"""Dollars of an evaluated run: bills at a volume, nodes' prices, what vendors say they charged."""
