"""What is said of attacks that succeed and of harmless requests that are refused.

Both are rates of which less is better: "no easier to steer" is that the rate of successful attacks
is higher by no more than the margin.
"""

from __future__ import annotations

from claimbench.claims.language.amounts import Amount
from claimbench.claims.language.meanings.effects import Meaning, capped, level, level_of_rest
from claimbench.claims.language.parts.statements import Statement
from claimbench.errors import ClaimError

METRIC_OF = {"steer": "attack_success", "refuse": "over_refusal"}
"""Dimension of a statement -> the claim's metric."""


def steered(said: Statement, amount: Amount | None) -> Meaning:
    """Read a comparison, or a limit, of such a rate.

    Raises:
        ClaimError: an amount of a comparison, which has no meaning that can be tested.
    """
    made = Meaning("accuracy", "more", METRIC_OF[said.dim])
    if said.way == "level" and amount is not None:
        return _limit(said, made, amount)
    if amount is not None:
        raise ClaimError(
            f"{said.text!r}: how much harder to steer is not tested",
            hint='say "no easier to steer", "harder to steer", or a limit: "an attack success rate'
            ' below 5%"',
        )
    if said.way == "same":
        made.relation = "as"
    elif said.way == "best":
        made.modifier = "best" if said.sign > 0 else None
        made.swap = said.sign < 0
    else:
        made.swap = said.sign < 0
    return made


def _limit(said: Statement, made: Meaning, amount: Amount) -> Meaning:
    """Read a limit of the rate itself: "resists 95% of attacks" is a rate of at most 5%."""
    if said.sign >= 0:
        return level_of_rest(made, amount, "at_most")
    amount = capped(made, amount) if amount.bound == "up_to" else amount
    return level(made, amount, "at_most")
