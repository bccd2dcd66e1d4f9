# ruff: noqa: E501 - tables of words
"""Sentences that no run of models can judge, and the evidence that would; words that state nothing."""

from __future__ import annotations

import re

_NAMED = "with its file named under `adoption: {snapshots: [FILE]}` (docs/adoption.md)"
_SUMS = "sums of families, labs or countries need the whole list, `bench adoption add FILE --source URL --date DAY --complete`"
_OVERTOOK = r"\b(?:overtook|overtak\w+|surpass\w*|passed)\b"
ALWAYS: tuple[tuple[str, str], ...] = (
    (
        r"\btrending\b",
        f"the dated ranking itself (its page, date and rule), read from its publisher: `bench adoption fetch --order trending --top 100`, {_NAMED}",
    ),
    (
        r"\btop (?:\d+|three|four|five|ten|twenty)\b|\bleaderboards?\b|\branks? (?:first|second|#|no)\b|\branked\b",
        "the dated ranking itself (its page, date and rule), read from its publisher",
    ),
    (
        rf"\bdownload(?:s|ed)?\b.*{_OVERTOOK}|{_OVERTOOK}.*\bdownload(?:s|ed)?\b",
        f"dated counts from the platform that serves the files, with how it counts, of two dates, and who overtook whom by name: `bench adoption fetch --order downloads --top 1000` on each date, {_NAMED}; {_SUMS}",
    ),
    (
        r"\bdownload(?:s|ed)?\b",
        f"dated counts from the platform that serves the files, with how it counts: `bench adoption fetch --order downloads --top 1000`, {_NAMED}; {_SUMS}",
    ),
    (
        r"\bgithub stars?\b|\blikes\b|\bforks\b",
        "dated counts from the platform that serves the files, with how it counts",
    ),
    (
        r"\bmarket share\b|\badopt(?:ion|ed|ing|s)?\b|\bmost (?:popular|used|widely used)\b|\bpopularity\b",
        "a usage survey or billing statistics with sample and date",
    ),
    (
        r"\belo\b|\b(?:evaluators?|raters?|annotators?|judges|reviewers|humans) (?:chose|choose|picked|pick|favou?r(?:ed)?|rated)\b",
        "comparisons in pairs: say \"people prefer A over B\" or \"A wins 60% of head-to-heads against B\", and let people label pairs (bench labels)",
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
        "the bill before and after, and the volume: dollars saved depend on how much is asked; by month or year they can be judged"
        ' where the suite states `volume:` ("saves $12,000 a year against B")',
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
