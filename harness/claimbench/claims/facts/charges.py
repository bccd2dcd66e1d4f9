"""What vendors say that they charged, or at which tier they served, held against what their prices
come to.

A vendor is a party to the dispute, and so is its word on its own charge. A verdict that stands at
the prices too rests on neither; one that does not is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from claimbench.claims.facts import held as in_both
from claimbench.claims.facts.parts import asked_arms
from claimbench.claims.turns.views import views_of
from claimbench.claims.types import ClaimContext, Leaf, Question
from claimbench.number_text.dollars import usd
from claimbench.tables.priced import Charges
from claimbench.types import Reading, Reason

ON_LIST = "list_price"
"""The reading that rests on published prices alone."""


def sums(said: Charges) -> str:
    """Say what was stated for an arm's calls, and what its prices come to."""
    if said.tiers and not (said.calls or said.bounded or said.unchecked):
        return tier_sums(said)
    text = f"{usd(said.stated)} stated, {usd(said.priced)} at its prices"
    if said.tiers:
        text += f"; {tier_sums(said)}"
    if said.far:
        text += f"; {said.far:,} of {said.calls:,} calls differ by a factor of 2 or more"
    if said.bounded:
        text += f"; {said.bounded:,} charges without the tokens to check them"
    return text


def tier_sums(said: Charges) -> str:
    """Say what cheaper tiers a vendor named that nobody asked for, and what they and the one that
    was asked for come to.
    """
    calls = f"{said.n_tiers:,} answer{'s' if said.n_tiers > 1 else ''}"
    return (
        f"{calls} said to be served as {' and '.join(said.tiers)}, {usd(said.served)};"
        f" {usd(said.asked)} at the tier that was asked for"
    )


def charge_flags(leaf: Leaf, found: Sequence[Question], ctx: ClaimContext) -> tuple[Reason, ...]:
    """Flag the dollars of a claim that rest on a vendor's word; empty where no reading has any."""
    if all(question.name == ON_LIST for question in found):
        return ()
    flags: list[Reason] = []
    for arm, said in _said(leaf, ctx).items():
        if said.differ:
            flags.append(Reason("charges_differ", f"{arm}: {sums(said)}"))
        if said.tiers:
            flags.append(Reason("tiers_unasked", f"{arm}: {tier_sums(said)}"))
        if said.unchecked:
            flags.append(Reason("charges_unchecked", f"{arm}: {said.unchecked:,} calls"))
        if said.silent:
            flags.append(Reason("charges_silent", f"{arm}: {said.silent:,} calls"))
    return tuple(flags)


def with_sums(found: Sequence[Question], leaf: Leaf, ctx: ClaimContext) -> list[Question]:
    """Say beside each reading in dollars that they are as stated: where no price can be held
    against them, and where the prices come to much more or less.
    """
    told: list[str] = []
    for arm, said in _said(leaf, ctx).items():
        if said.differ:
            told.append(
                f"dollars as stated with the answers, not at the prices ({arm}: {sums(said)})"
            )
        elif said.tiers:
            told.append(f"dollars at a tier that nobody asked for ({arm}: {tier_sums(said)})")
        elif said.unchecked:
            told.append(f"{arm}'s dollars are as stated with its answers, no price to check them")
    if not told:
        return list(found)
    return [
        question
        if question.name == ON_LIST
        else replace(question, beside="; ".join([*filter(None, [question.beside]), *told]))
        for question in found
    ]


def held(
    readings: Sequence[Reading], at_prices: Sequence[Reading], leaf: Leaf, ctx: ClaimContext
) -> list[Reading]:
    """Withdraw each decision that the prices do not bear out; ``at_prices``: the same readings of
    the same items without any vendor's word.
    """
    found = _said(leaf, ctx)
    told = "; ".join(f"{arm}: {sums(said)}" for arm, said in found.items())
    if any(said.stated or said.bounded for said in found.values()):
        return in_both.held(
            readings, at_prices, "charges_decide", ("by these", "at the prices"), told
        )
    ways = ("at the tiers that were named", "at those asked for")
    return in_both.held(readings, at_prices, "tiers_decide", ways, told)


def _said(leaf: Leaf, ctx: ClaimContext) -> Mapping[str, Charges]:
    """Return what was stated by the arms of a claim, and by the parts of those that are routes; of
    a claim by turn by the arms whose turns they are.
    """
    views = views_of(leaf.arms)
    arms = [views[side].arm if side in views else side for side in leaf.arms]
    return {arm: ctx.charges[arm] for arm in asked_arms(arms, ctx) if arm in ctx.charges}
