"""What vendors say they charged, for the warnings of a report."""

from __future__ import annotations

from collections.abc import Mapping

from claimbench.claims.facts.charges import sums, tier_sums
from claimbench.tables.priced import Charges


def charge_lines(charges: Mapping[str, Charges]) -> list[str]:
    """Say of each arm and judge how its stated charges stand to its prices, where that has to be
    known.
    """
    lines: list[str] = []
    for name, said in charges.items():
        if said.differ:
            lines.append(
                f"{name}: the charges that came with its answers are far from its prices"
                f" ({sums(said)}). No verdict stands on the one alone."
            )
        if said.tiers:
            lines.append(
                f"{name}: its answers name a cheaper tier of service than was asked for"
                f" ({tier_sums(said)}). No verdict stands on the one alone."
            )
        if said.unchecked:
            lines.append(
                f"{name}: {said.unchecked:,} charges came with its answers, and no price is at hand"
                " to hold them against."
            )
        if said.silent:
            others = said.calls + said.bounded + said.unchecked
            few = (
                f"{said.silent:,} answers came with no charge, or one of $0, beside {others:,} that"
            )
            lines.append(
                f"{name}: {few} state one: they count at its prices."
                if others
                else f"{name}: its answers came with charges of $0: they count at its prices."
            )
    return lines
