"""Plugins, ours too, by entry point. The metadata of all installed packages is read once per
process.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points

PROVIDERS = "claimbench.providers"
SCORERS = "claimbench.scorers"
GROUPS = (PROVIDERS, SCORERS)


def installed(group: str) -> Mapping[str, EntryPoint]:
    """Return name -> entry point of ``group``; nothing is imported."""
    return {point.name: point for point in _all(tuple(sys.path)) if point.group == group}


@lru_cache(maxsize=1)
def _all(_path: tuple[str, ...]) -> EntryPoints:
    """Return every entry point of our groups. Reading them takes milliseconds per hundred packages,
    and more than one asks.
    """
    every = entry_points()
    return EntryPoints(point for group in GROUPS for point in every.select(group=group))
