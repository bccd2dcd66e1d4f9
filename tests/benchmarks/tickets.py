"""The tickets of the runs that benchmarks read: their texts, and the teams they belong to."""

from __future__ import annotations

import random

LABELS = ("billing", "delivery", "tech")
WORDS = [
    "please",
    "my",
    "order",
    "invoice",
    "has",
    "not",
    "come",
    "since",
    "Monday",
    "the",
    "page",
    "shows",
    "an",
    "error",
    "again",
]


def ticket(rng: random.Random, number: int) -> str:
    """Return the text of a ticket, of thirty words."""
    return f"#{number} {' '.join(rng.choices(WORDS, k=30))}"


def fail(error: Exception) -> None:
    """Raise what the store could not write."""
    raise error
