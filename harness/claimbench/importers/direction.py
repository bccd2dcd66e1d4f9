"""Which way a metric points: one where lower is better is never judged as if higher were better.

A tool's own word decides (lm-eval's ``higher_is_better``); without it a metric is recognised by its
name. Of a share, 1 - x is judged and said; what is no share is refused.
"""

from __future__ import annotations

from claimbench.metric_names import INVERTED, lower_is_better

__all__ = ["INVERTED", "inverted", "lower_is_better", "said"]


def inverted(name: str) -> str:
    """Return the name under which the complement of a metric is judged."""
    return f"{INVERTED}{name}"


def said(task: str, name: str) -> str:
    """Say that a metric was inverted."""
    return f"{task}: lower {name} is better, so {inverted(name)} is judged"
