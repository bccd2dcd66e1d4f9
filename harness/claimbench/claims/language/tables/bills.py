# ruff: noqa: E501 - tables of words
"""What is said of a month's or a year's dollars: a limit, a saving, and when a cost pays for itself."""

from __future__ import annotations

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.tables.pieces import OBJ, N, Rule, U, needing, rule

PERIOD = r"(?P<period>(?:per|an?|each|every|/) ?(?:month|mo|year|yr|annum)|monthly|annually|yearly|p\.a\.)"
_MONTHLY = r"(?P<period>monthly|annual|yearly)"
_BILL = rf"(?:{words.NOUNS['cost']}|outlay|fees?)"
_COSTS = r"(?:costs?|costing|bills?|runs? (?:at|to)|comes? (?:in )?(?:at|to)|amounts? to|adds up to|charges?|is|are|stays?|keeps?|at|for|with|to|it|in total|all in)"
_SAVE = r"(?:sav(?:es?|ed|ing)|cut(?:s|ting)?|reduc(?:es?|ed|ing)|lower(?:s|ed|ing)?|shav(?:es?|ed|ing))"
_WHOM = r"(?:you |us |them |users |customers |buyers |companies |a company |the company |about )?"
_FROM = rf"(?:(?:the |your |our |their |its )?(?:(?:monthly|annual|yearly|total) )?{_BILL} by )?"
_PAYS = (
    r"(?:(?:would |will )?pays? (?:for itself|itself (?:back|off)|back(?: its costs?)?|off)|paid (?:for itself|itself back)|paying (?:for itself|itself back)"
    r"|breaks? even|breaking even|broke even|recoups? (?:its|the) (?:costs?|price|investment)|amorti[sz]es?(?: itself)?|earns? back its (?:costs?|price))"
)
_UNDER = r"(?:of|is|in|within|after|by|under|inside|less than|at most|no more than)"
_WITHIN = rf"(?:{_UNDER} )*"
_TIMES = (
    rf"{N}[ -]?(?P<unit>months?|years?)",
    r"(?:an?|one) (?P<unit>month|year)",
)
"""A number of months or years, and one of them."""
_PAYBACK = r"(?:payback|pay-back|amorti[sz]ation|break-even|breakeven)(?: (?:time|period))?"

RULES: tuple[Rule, ...] = (
    rule(rf"(?:by |of )?{U} ?{PERIOD}", "cost", "dollars", -1, attach=True),
    rule(rf"(?:{_COSTS} )+{U} ?{PERIOD}", "cost", "bill", -1, attach=True),
    rule(rf"(?:(?:an?|its|the|with|has|have|at) )*{_MONTHLY} {_BILL} (?:(?:of|is|at|stays|comes to) )*{U}", "cost", "bill", -1, attach=True),
    rule(rf"(?:(?:an?|its|the|with|has|have|at) )*{_BILL} (?:(?:of|is|at|stays|comes to) )*{U} ?{PERIOD}", "cost", "bill", -1, attach=True),
    rule(rf"(?:(?:an?|its|the|with|has|have|at) )*{U} {_MONTHLY} {_BILL}", "cost", "bill", -1, attach=True),
    rule(rf"{_SAVE} {_WHOM}{_FROM}{U} ?{PERIOD}", "cost", "save", -1),
    rule(rf"(?:is |are )?{U} ?{PERIOD} (?:cheaper|less expensive|less costly|less)", "cost", "save", -1),
    rule(rf"(?:is |are )?cheaper by {U} ?{PERIOD}", "cost", "save", -1),
    rule(rf"costs? {U} ?{PERIOD} less", "cost", "save", -1),
    rule(rf"costs? {U} less ?{PERIOD}", "cost", "save", -1),
    rule(rf"(?:is |are )?{U} ?{PERIOD} (?:more expensive|dearer|costlier|pricier|more costly|more)", "cost", "save", -1, swap=True),
    rule(rf"costs? {U} ?{PERIOD} more", "cost", "save", -1, swap=True),
    rule(rf"costs? {U} more ?{PERIOD}", "cost", "save", -1, swap=True),
    *needing(("saving",), (
        rule(rf"(?:(?:gives?|brings?|yields?|delivers?|offers?|means|with|an?|at|has) )*{_MONTHLY} savings? of {U}", "cost", "save", -1, attach=True),
        rule(rf"(?:(?:gives?|brings?|yields?|delivers?|offers?|means|with|an?|at|has) )*savings? of {U} ?{PERIOD}", "cost", "save", -1, attach=True),
        rule(rf"(?:(?:gives?|brings?|yields?|delivers?|offers?|means|with|an?|at|has) )*{U} {_MONTHLY} savings?", "cost", "save", -1, attach=True),
    )),
    *needing(("month", "year"), (
        rule(rf"{_PAYS} (?:against {OBJ} )?{_WITHIN}{time}", "cost", "payback", -1)
        for time in _TIMES
    )),
    *needing(("month", "year"), (
        rule(rf"(?:(?:has|with|an?|its) )*{_PAYBACK} {_WITHIN}{time}", "cost", "payback", -1)
        for time in _TIMES
    )),
    *needing(("month", "year"), (
        rule(rf"(?:(?:has|with|an?|its) )*{time} {_PAYBACK}", "cost", "payback", -1)
        for time in _TIMES
    )),
)  # fmt: skip
