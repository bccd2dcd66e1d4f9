"""Regular expressions of strangers, whose searches end with the same result on every machine.

``timed`` is what others use; ``program`` makes instructions of a pattern, ``machine`` runs and
counts them.
"""
