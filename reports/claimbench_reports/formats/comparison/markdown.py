"""A comparison as Markdown, for a job summary or a comment: no text of a server becomes markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from claimbench.monitoring import words
from claimbench.monitoring.as_json import by_arm
from claimbench.monitoring.types import Comparison, Judged, Step
from claimbench.number_text.dollars import usd

_MARKUP = re.compile(r"([\\`*_\[\]#|<>~&])")
_LINKS = (("@", "&#64;"), ("://", "&#58;//"), ("www.", "www&#46;"))
"""What sites turn into mentions and links by themselves."""


def comparison_markdown(comparison: Comparison) -> str:
    """Return the comparison as Markdown; the first line is its sentence."""
    step = comparison.last
    parts = [f"**{escaped(words.headline(comparison))}**", ""]
    parts += [f"> {escaped(note)}." for note in step.notes]
    parts += [escaped(words.look_words(step)), ""]
    parts += _list(words.arm_sentences(step))
    parts += _table(
        ("arm", "measure", "state", "BASE", "NEW", "NEW against BASE", "margin", "n"),
        [_row(one) for one in step.judged],
    )
    parts += _section("Samples", words.pairing_words(step.pairing))
    parts += _section("Did the model change?", [words.drift_words(one) for one in step.drifts])
    parts += _section("Flipped samples", [words.flip_words(one) for one in step.flips])
    parts += _section("Dollars per 1,000 requests", [words.bill_lines(one) for one in step.bills])
    if step.differences:
        parts += ["### What else differs", ""]
        parts += _table(("of", "what", "BASE", "NEW"), _differences(step))
    if len(comparison.steps) > 1:
        parts += ["### Runs against this baseline", ""]
        rows = words.series_rows(comparison.steps)
        parts += _table(("look", "run", "state", "changed"), rows)
    left = [f"{run}: {why}" for run, why in comparison.skipped.items()]
    parts += _section("Left out", left)
    return "\n".join(parts).rstrip() + "\n"


def escaped(text: str) -> str:
    """Return text in which nothing is markup, a mention or a link."""
    safe = _MARKUP.sub(r"\\\1", " ".join(text.split()))
    for sign, instead in _LINKS:
        safe = safe.replace(sign, instead)
    return safe


def figure(one: Judged, value: float | None) -> str:
    """Show what was measured: a share, dollars per 1,000 requests, or seconds."""
    if value is None:
        return "unknown"
    if one.metric == "accuracy":
        return f"{100 * value:.1f}%"
    if one.metric == "dollars":
        return usd(1000 * value)
    return f"{value:.3g} s"


def _row(one: Judged) -> Sequence[str]:
    return (
        one.arm,
        words.measure_name(one.metric),
        words.STATE_WORDS[one.state],
        figure(one, one.base),
        figure(one, one.new),
        words.change_words(one) or "none",
        words.margin_words(one),
        f"{one.n:,}",
    )


def _differences(step: Step) -> list[Sequence[str]]:
    return [
        (arm or "both runs", one.key, one.base, one.new)
        for arm, found in by_arm(step.differences).items()
        for one in found
    ]


def _section(head: str, texts: Iterable[str]) -> list[str]:
    told = list(texts)
    return [f"### {head}", "", *_list(told)] if told else []


def _list(texts: Iterable[str]) -> list[str]:
    lines = [f"- {escaped(text)}" for text in texts]
    return [*lines, ""] if lines else []


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    lines += [f"| {' | '.join(map(escaped, row))} |" for row in rows]
    return [*lines, ""]
