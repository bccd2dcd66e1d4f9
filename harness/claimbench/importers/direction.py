"""Which way a metric points: one where lower is better is never judged as if higher were better.

A tool's own word decides (lm-eval's ``higher_is_better``); without it a metric is recognised by its
name. Of a share, 1 - x is judged and said; what is no share is refused.
"""

from __future__ import annotations

import re

_LOWER_WORDS = frozenset(
    {
        "error",
        "errors",
        "err",
        "wer",
        "cer",
        "ter",
        "mer",
        "loss",
        "losses",
        "perplexity",
        "ppl",
        "nll",
        "toxicity",
        "toxic",
        "brier",
        "mae",
        "mse",
        "rmse",
        "mape",
        "ece",
        "hallucination",
        "hallucinations",
        "hallucinated",
        "violation",
        "violations",
        "distance",
        "levenshtein",
        "bpb",
        "fpr",
        "fnr",
        "hamming",
        "failure",
        "failures",
        "fault",
        "faults",
        "misses",
        "wrong",
        "incorrect",
        "mistake",
        "mistakes",
        "invalid",
        "latency",
        "regret",
    }
)
_LOWER_PHRASES = re.compile(
    r"bits_per_byte|false_(positive|negative)|error_rate|miss_rate|word_perplexity|"
    r"byte_perplexity|edit_dist|attack_success|unsafe_rate"
)
_TURNED = frozenset(
    {"no", "not", "non", "free", "without", "inverse", "inverted", "avoids", "less"}
)
INVERTED = "1 - "
"""Stands before the name of a metric whose shares are judged as 1 - x."""


def lower_is_better(name: str) -> bool:
    """Tell by a metric's name whether lower is better: error rates, losses, toxicity and the like.

    ``error_free`` and ``no_error`` are the opposite, for a word beside turns them.
    """
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip()).casefold()
    parts = [part for part in re.split(r"[\W_]+", words) if part]
    if not parts or name.startswith(INVERTED) or _TURNED & set(parts):
        return False
    return bool(_LOWER_WORDS & set(parts)) or bool(_LOWER_PHRASES.search("_".join(parts)))


def inverted(name: str) -> str:
    """Return the name under which the complement of a metric is judged."""
    return f"{INVERTED}{name}"


def said(task: str, name: str) -> str:
    """Say that a metric was inverted."""
    return f"{task}: lower {name} is better, so {inverted(name)} is judged"
