# ruff: noqa: E501 - tables of words
"""What is said of dollars."""

from __future__ import annotations

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.tables.pieces import DEG, OBJ, PER, Q, Rule, U, needing, rule

_COST = words.NOUNS["cost"]
_VERSUS = r"(?:compared (?:with|to)|over|versus|against|relative to)"
_COSTS = r"cost(?:s|ing)?"
_SAVE = r"sav(?:es?|ed|ing)"
_UNDERCUT = r"undercut(?:s|ting)?"

RULES: tuple[Rule, ...] = (
    *needing(("cost", "charg"), (
        rule(rf"{_COSTS} {Q} less", "cost", "comp", -1),
        rule(rf"{_COSTS} (?:{OBJ} )?{Q} more", "cost", "comp", 1),
        rule(rf"{_COSTS} {DEG}less", "cost", "comp", -1),
        rule(rf"{_COSTS} {DEG}more", "cost", "comp", 1),
        rule(rf"{_COSTS} {Q} (?:of (?:what|that of)|of|as much as|as much)(?: {OBJ})?(?: costs?| charges| does)?", "cost", "share"),
        rule(rf"{_COSTS} <(?P<qk>f)(?P<q>\d+)>", "cost", "share"),
        rule(rf"(?:at|for) {Q} of what {OBJ} (?:costs?|charges)", "cost", "share"),
        rule(rf"{_COSTS} (?:exactly )?(?:the same as|as much as)", "cost", "equal"),
        rule(rf"{_COSTS} (?:exactly )?the same(?= ?(?:$|[.,;]))", "cost", "equal"),
        rule(rf"{_COSTS} no more than", "cost", "nomore", 1),
        rule(rf"{_COSTS} no less than", "cost", "nomore", -1),
        rule(rf"(?:{_COSTS}|charges?|charging) {Q} (?:the (?:{_COST}) of|{OBJ}'s (?:{_COST}))", "cost", "share"),
    )),
    *needing(("sav",), (
        rule(rf"{_SAVE} (?:you |users |customers )?{Q}(?: (?:of|on|in) (?:the |your |their )?(?:{_COST}|money))?", "cost", "comp", -1),
        rule(rf"{_SAVE} (?:you |users |customers )?{Q} {_VERSUS} {OBJ}", "cost", "comp", -1),
        rule(rf"{_SAVE} {Q} of (?:the (?:{_COST}) of|{OBJ}'s (?:{_COST}))", "cost", "comp", -1),
        rule(rf"{_SAVE} (?:money|{_COST})", "cost", "comp", -1),
        rule(rf"(?:at |with |a |in )*(?:(?:{_COST}) )?savings? of {Q}", "cost", "comp", -1, attach=True),
        rule(rf"(?:at |with |an? |in )*{Q} (?:(?:{_COST}) )?savings?(?: (?:in|on) (?:{_COST}))?", "cost", "comp", -1, attach=True),
    )),
    *needing(("undercut", "below", "under"), (
        rule(rf"{_UNDERCUT} {OBJ}(?:'s? (?:{_COST}))? by {Q}", "cost", "comp", -1),
        rule(rf"{_UNDERCUT} {OBJ}(?:'s? (?:{_COST}))?", "cost", "comp", -1),
        rule(rf"undercut by {OBJ} by {Q}", "cost", "comp", -1, swap=True),
        rule(rf"undercut by {OBJ}", "cost", "comp", -1, swap=True),
        rule(rf"(?:priced )?{Q} below the (?:{_COST}) of", "cost", "comp", -1),
        rule(rf"(?:priced )?{Q} below {OBJ}'s (?:{_COST})", "cost", "comp", -1),
    )),
    *needing(("priced",), (
        rule(rf"priced (?:at )?{Q} (?:below|under|lower than|less than) {OBJ}", "cost", "comp", -1),
        rule(rf"priced (?:at )?{Q} (?:above|over|higher than|more than) {OBJ}", "cost", "comp", 1),
        rule(rf"priced {DEG}(?:below|under|lower than)", "cost", "comp", -1),
        rule(rf"priced {DEG}(?:above|over|higher than)", "cost", "comp", 1),
    )),
    *needing(("discount", " off"), (
        rule(rf"(?:at |with |an? )*{Q} discount(?: (?:to|on|over)(?: {OBJ}'s (?:{_COST}))?)?", "cost", "comp", -1, attach=True),
        rule(rf"{Q} off(?: the (?:{_COST}) of)?", "cost", "comp", -1),
    )),
    *needing(("fraction",), (
        rule(r"(?:for|at) (?:a )?fraction", "cost", "vague", -1, attach=True),
        rule(rf"(?:at|for|with) (?:a |only a |just a )?(?:small |tiny |mere )?fraction of (?:the |its |their )?(?:{_COST})(?: of)?", "cost", "vague", -1, attach=True),
        rule(rf"(?:at|for|with) (?:a |only a |just a )?(?:small |tiny |mere )?fraction of {OBJ}'s? (?:{_COST})", "cost", "vague", -1, attach=True),
    )),
    rule(rf"(?:{_COSTS} |is |priced at |charges |at |for |runs at |comes in at )*{U} ?{PER}", "cost", "level", -1, attach=True),
    rule(rf"(?:an? |with |at )*(?:(?:{_COST}) (?:of|at|is|was)?|priced) ?{U} ?{PER}", "cost", "level", -1, attach=True),
    rule(rf"(?:an? |with |at )*(?P<side>input|output)(?: tokens?)? (?:{_COST})(?: (?:of|at|is|was))? {U} ?{PER}", "cost", "level", -1, attach=True),
    *needing(("down", "lower", "cut", "reduc", "drop", "slash", "bring"), (
        rule(rf"{words.CUT} (?:the |its )?(?:{_COST}) to {U} ?{PER}", "cost", "level", -1),
    )),
)  # fmt: skip
