"""What a run's comparisons in pairs came to: judges' words in both orders, people's labels, and
votes that were imported.
"""
