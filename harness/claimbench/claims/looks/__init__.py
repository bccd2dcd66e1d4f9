"""Interim looks: ``schedule`` says when a run looks at its results, ``stopping`` if it ends."""
