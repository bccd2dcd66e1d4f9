"""Proof: a run in one file that anybody can check offline, and claims fixed before the first call.

``archive`` and ``unzip`` write and distrust ZIP files, ``merkle`` hashes rows, ``hidden`` takes
texts out, ``statement`` signs, ``bundle`` makes the members of a bundle, ``verify`` recomputes
them, ``registration`` fixes a plan. What proves what: docs/evidence.md.
"""
