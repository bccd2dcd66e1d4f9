"""What a sentence about adoption asks, as a claim and back, and in one plain line."""

from __future__ import annotations

from dataclasses import replace

from claimbench.claims.language.adoption.ask import Ask, Who
from claimbench.types import Claim

KIND = "adoption"
_LISTED = {
    "trending": "trending",
    "downloads": "downloads",
    "downloads_30d": "downloads of 30 days",
    "downloads_all": "downloads of all time",
}
_SIDES = {
    "exactly": "exactly",
    "stated": "no fewer and no more than",
    "at_least": "at least",
    "at_most": "at most",
    "more_than": "more than",
    "less_than": "less than",
}


def claim_of(base: Claim, ask: Ask) -> Claim:
    """Return the claim that stands for a sentence about adoption; :func:`ask_of` reads it back."""
    rival = () if ask.rival is None else (ask.rival.name,)
    return replace(
        base,
        kind=KIND,
        metric=ask.kind,
        treatments=(ask.who.name,),
        baselines=rival,
        relation=ask.bound,
        threshold=ask.share if ask.kind == "share" else None,
        quoted_precision=ask.half if ask.kind == "share" else None,
        count=(ask.k, ask.n) if ask.kind == "top_n" else None,
        reading=ask.listed,
        note=ask.who.level,
    )


def ask_of(claim: Claim) -> Ask:
    """Return what an adoption claim asks."""
    k, n = claim.count or (0, 0)
    who, *rivals = (Who(claim.note, name) for name in (*claim.treatments, *claim.baselines))  # type: ignore[arg-type]
    return Ask(
        claim.metric,  # type: ignore[arg-type]
        who,
        claim.reading or "downloads",  # type: ignore[arg-type]
        rivals[0] if rivals else None,
        k,
        n,
        claim.threshold or 0.0,
        claim.quoted_precision or 0.0,
        claim.relation,  # type: ignore[arg-type]
    )


def adoption_read_as(claim: Claim) -> str:
    """State an adoption claim as it is decided, in one plain line."""
    ask = ask_of(claim)
    listed = _LISTED[ask.listed]
    who = (
        f"any one {ask.who.name}" if ask.who.level == "one" else f"{ask.who.name} ({ask.who.level})"
    )
    if ask.kind == "top_n":
        side = _SIDES[ask.bound]
        text = f"{side} {ask.k} of the first {ask.n} repositories by {listed} belong to {who}"
    elif ask.kind == "share":
        side = "to its rounding" if ask.bound in ("stated", "exactly") else _SIDES[ask.bound]
        text = f"{who} has {side} {100 * ask.share:g}% of all {listed}"
    elif ask.kind == "most":
        text = f"{who} is first by {listed}"
    else:
        rival = "" if ask.rival is None else ask.rival.name
        text = f"{who} has more {listed} than {rival}"
        if ask.kind == "overtook":
            text += ", and had not at an earlier date"
    return f"{text}, in every way of counting"
