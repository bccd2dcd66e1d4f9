"""Claims about which answers are preferred: comparisons in pairs, by judges and by people.

Sentences are read here too, before the grammar of the other claims sees them.
"""
