"""Who scored what a file holds: where it says that a model did, its scores are those of a judge."""

from __future__ import annotations
