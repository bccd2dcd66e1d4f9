"""A verdict in short: what was measured and what was claimed, in one sentence and in two cells."""

from __future__ import annotations

from collections.abc import Sequence

from claimbench_reports.view.types import ReadingView, VerdictView

VERBS = (
    (" of the answers right", "gives "),
    (" per 1,000 requests", "costs "),
    (" per 1,000 correct answers", "costs "),
    (" more speed", "has "),
    (" less speed", "has "),
    (" less time", "takes "),
    (" more time", "takes "),
    (" fewer errors", "makes "),
    (" more errors", "makes "),
    (" as much time", "takes "),
    (" of time", "has "),
    (" of the accuracy", "has "),
)
ENDS = {
    "supported": "The claim holds.",
    "refuted": "The claim does not hold.",
    "inconclusive": "That does not settle it.",
}
MANY = 3
"""How many readings a cell shows."""


def deciding(readings: Sequence[ReadingView]) -> ReadingView | None:
    """Return the reading that decides, else the first one with a number."""
    formed = [r for r in readings if r.estimate is not None]
    return next((r for r in formed if r.headline), formed[0] if formed else None)


def brief_of(
    status: str,
    arm: str,
    readings: Sequence[ReadingView],
    parts: Sequence[VerdictView],
    told: str,
    why: str = "",
    *,
    unasked: bool = False,
) -> str:
    """Say what was measured and claimed in one sentence; ``told`` where the readings disagree or
    nothing was measured. ``why`` it is not settled stands behind.
    ``unasked``: some turns were not asked, so that no figure is the same for every request.
    """
    if parts:
        said = [
            f"({i}) {p.status_text}: {p.brief.removesuffix(ENDS.get(p.status, '')).rstrip()}"
            for i, p in enumerate(parts, start=1)
        ]
        return " ".join([told, *said])
    one = deciding(readings)
    if one is None or not one.said or not one.headline or status not in ENDS:
        return told
    who = one.name.rpartition(": ")[0] or arm
    claimed = f"; claimed: {one.claimed}" if one.claimed else ""
    end = ENDS[status]
    if status == "inconclusive" and why:
        end = f"{end.removesuffix('.')}: {why.removesuffix('.')}."
    return f"{who} {_verb(one.short)}{one.said}{_interval(one, unasked=unasked)}{claimed}. {end}"


def _is_bill(phrase: str) -> bool:
    """Return whether a figure is dollars of a month or a year, which are of no single request."""
    return phrase.startswith("$") and " per " not in phrase


def _verb(phrase: str) -> str:
    if _is_bill(phrase):
        return "costs "
    for tail, verb in VERBS:
        if tail in phrase:
            return verb
    return "is "


def _interval(r: ReadingView, *, unasked: bool) -> str:
    if not r.between:
        return ""
    if r.between.startswith("exactly") and _is_bill(r.short):
        return " (exactly)"
    if r.between.startswith("exactly"):
        return " (on the turns asked)" if unasked else " (the same for every request)"
    return f" ({r.between})"


def measured_of(readings: Sequence[ReadingView], parts: Sequence[VerdictView]) -> str:
    """Say what was measured in a cell; each part of a compound, each reading where they differ."""
    if parts:
        return "; ".join(f"({i}) {p.measured or '—'}" for i, p in enumerate(parts, 1))
    one = deciding(readings)
    if one is None:
        return ""
    if one.headline:
        return _cell(one)
    return "; ".join(_cell(r) for r in readings if r.estimate is not None) or ""


def _cell(r: ReadingView) -> str:
    said = r.short or (r.estimate.text if r.estimate else "")
    between = r.between or (r.estimate.interval if r.estimate else "")
    return said + (f" ({between})" if between else "")


def claimed_of(readings: Sequence[ReadingView], parts: Sequence[VerdictView]) -> str:
    """Say what was claimed in a cell."""
    if parts:
        return "; ".join(f"({i}) {p.claimed or '—'}" for i, p in enumerate(parts, 1))
    one = deciding(readings)
    return "" if one is None else one.claimed or one.needs
