# ruff: noqa: E501 - tables of words
"""Sentences that no run of models can judge, and the evidence that would; words that state nothing."""

from __future__ import annotations

import re

ALWAYS: tuple[tuple[str, str], ...] = (
    (
        r"\btrending\b|\btop (?:\d+|three|four|five|ten|twenty)\b|\bleaderboards?\b|\branks? (?:first|second|#|no)\b|\branked\b",
        "the dated ranking itself (its page, date and rule), read from its publisher",
    ),
    (
        r"\bdownload(?:s|ed)?\b|\bgithub stars?\b|\blikes\b|\bforks\b",
        "dated counts from the platform that serves the files, with how it counts",
    ),
    (
        r"\bmarket share\b|\badopt(?:ion|ed|ing|s)?\b|\bmost (?:popular|used|widely used)\b|\bpopularity\b",
        "a usage survey or billing statistics with sample and date",
    ),
    (
        r"\bwin[- ]?rates?\b|\bwins? (?:against|over) .* (?:of|in)\b|\bpreferred (?:over|to|by)\b|\bprefer(?:s|red)?\b|\belo\b|\b(?:evaluators?|raters?|annotators?|judges|reviewers|humans) (?:chose|choose|picked|pick|favou?r(?:ed)?|rated)\b",
        "pairwise preferences of people or of a judge that compares two answers; this suite's judges grade one answer at a time",
    ),
    (
        r"\buptime\b|\bavailability\b|\bsla\b|\boutages?\b",
        "the provider's availability record, or probes over the whole period it speaks of",
    ),
    (
        r"\brequests? (?:per|/|a) (?:second|minute|hour)\b|\bqueries (?:per|a) second\b|\b(?:rps|qps)\b|\bconcurrent users\b",
        "a capacity measurement: requests per second at a stated concurrency and latency limit",
    ),
    (
        r"\benergy\b|\bkwh\b|\bcarbon\b|\bco2\b|\bwatts?\b|\bemissions\b",
        "the electricity of both sides, metered at the same point",
    ),
    (r"\bhallucinat\w+", "answers labelled by people as invented or not, or a scorer that says so"),
)  # fmt: skip
"""Pattern, and the evidence needed instead; these overrule a readable predicate."""

OTHERWISE: tuple[tuple[str, str], ...] = (
    (r"\bcustomers?\b|\busers\b", "a usage survey or billing statistics with sample and date"),
    (
        r"\btrained (?:on|for|with)\b|\btraining costs?\b|\bgpu[- ]hours\b|\bparameters\b",
        "the maker's technical report, or an audit of it",
    ),
    (
        r"\bsaves? \$ ?\d|\bsaved \$ ?\d",
        "the bill before and after, and the volume: dollars saved depend on how much is asked",
    ),
    (r"\brevenue\b|\bvaluation\b|\bfunding\b|\bjobs\b", "published accounts"),
)
"""The same, where nothing in the sentence can be read."""


def evidence_elsewhere(text: str, *, readable: bool) -> str | None:
    """Say what evidence a sentence needs instead of a run of models; None where it can be measured."""
    text = text.lower()
    for pattern, evidence in ALWAYS if readable else (*ALWAYS, *OTHERWISE):
        if re.search(pattern, text):
            return evidence
    return None
