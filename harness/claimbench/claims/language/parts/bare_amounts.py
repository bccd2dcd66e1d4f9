"""Amounts that stand alone, "and $500 a month": a limit, one more difference, or not sure."""

from __future__ import annotations

import re

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.parts.chunks import Chunk
from claimbench.claims.language.parts.statements import Statement, same_side
from claimbench.errors import ClaimError

_BARE = re.compile(r"(?:by |of )?(?:<[dpof]\d+>|<u\d+>(?!.*\b(?:bills?|costs?|prices?)\b).*)")
_STATES = re.compile(rf"(?:{words.BE}|.*\b(?:cost|charg|tak|need|answer|respond|scor|reach)\w*)")
_STATES_NO_DIFFERENCE = frozenset({"level", "bare", "bill", "payback", "best", "same", "as"})
_UPPER = frozenset({"<", "<="})
_LOWER = frozenset({">", ">="})
"""A limit on the good side of a quantity; a difference would be stated the other way round."""
_JOINS = frozenset({"and", "but", "comma"})


def settle_amount(
    made: Statement, last: Statement | None, before: Chunk | None, subject: str
) -> None:
    """Say what an amount without a word of what it is means, after what was said before it.

    "saves $1,000 a month against beta and $2,000 a month against gamma" saves twice; "under $500 a
    month" after a comparison, and any amount after a plain limit, are limits.

    Args:
        made: the statement; its way becomes "bill" or "save" where it is "dollars".
        last: what was said before it.
        before: the chunk before it, and before a "not".
        subject: the quantity that the subject names, if any: of it a bound states a limit.

    Raises:
        ClaimError: an amount after a comparison that may be a difference or a limit.
    """
    month = made.way == "dollars"
    if month:
        made.way = "bill"
    elif made.way != "level" or not _BARE.fullmatch(made.text):
        return
    if last is None or last.way in _STATES_NO_DIFFERENCE or _is_stated(made, before):
        return
    if made.dim != "cost" and not same_side(made.dim, last.dim):
        return
    bound = None if made.amount is None else made.amount.bound
    joins = before is not None and (before.kind in _JOINS or before.rule is last.rule)
    if last.way == "save" and month and joins and bound not in _UPPER:
        made.way = "save"
        made.swap = last.swap
        made.attach = False
        return
    natural = _UPPER if made.dim in words.FALLING else _LOWER
    limits = _UPPER | _LOWER if subject and same_side(subject, made.dim) else natural
    if last.way != "save" and joins and bound in limits:
        return
    raise ClaimError(
        f"{made.text!r} after a comparison: a limit, or one more difference?",
        hint='say which: "saves $500 a month against beta", "costs $500 a month"',
    )


def _is_stated(made: Statement, before: Chunk | None) -> bool:
    """Tell whether a verb before the amount says that it is a limit."""
    verb = before is not None and before.kind == "verb" and _STATES.fullmatch(before.text)
    return bool(verb) and not made.text.startswith("by ")
