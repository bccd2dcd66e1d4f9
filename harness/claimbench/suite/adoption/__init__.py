"""Dated snapshots of a model hub, and the table of who made what: read, checked, kept with a suite.

Nothing here fetches anything; ``bench adoption fetch`` does, and only when it is asked to.
"""
