# ruff: noqa: E501 - tables of words
"""Words that sentences about turns of conversations are made of."""

from __future__ import annotations

import re

from claimbench.number_text.in_words import UNITS

NUMBERS = UNITS[1:13]
ORDINALS = (
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
)
CARDINAL = rf"(?:{'|'.join(NUMBERS)}|\d{{1,3}})"
ORDINAL = rf"(?:{'|'.join(ORDINALS)}|\d{{1,3}}(?:st|nd|rd|th)|last|final)"
IN = r"(?:(?:in|on|at|during|for) )?"
WHOSE = r"(?:(?:the|its|their|a) )?"
TURN = rf"{IN}{WHOSE}(?:{ORDINAL} turn|turn (?:number |no\.? )?{CARDINAL})(?![\w-]|[.,]\d| ?(?:%|percent|per cent|points?|times|x\b))"
EARLIER = rf"(?:{TURN}|{IN}{WHOSE}{ORDINAL}(?= ?$| ?[.,;!]))"
THAN = r"(?:as|than|of|versus|vs\.?|(?:as )?compared (?:to|with)|relative to)"
WITHIN = re.compile(
    rf"^(?P<head>.*?){TURN}(?P<middle>,? (?:.*? )?{THAN}) (?P<second>{EARLIER})(?P<tail>.*)$",
    re.IGNORECASE,
)
TALK = r"(?:conversations?|dialog(?:ue)?s?|chats?)"
OVER = (
    rf"(?:(?:over|across|through|throughout|for|after|within|during)(?: all| the)?(?: its| their| the)?(?: first)? (?P<n>{CARDINAL}) turns"
    rf"|(?:over|across|through|throughout|during) (?:a|the|its|their|all|whole|every|each)(?: (?:whole|entire|of the|the))* {TALK}"
    r"|(?:over|across|through) (?:the|all|its|all its|all the) turns|from turn to turn|turn (?:by|after) turn|with (?:each|every) turn)"
)
HELD = r"(?:keeps?|maintains?|holds?|retains?|preserves?|sustains?)"
NOT = r"(?:does not|doesn't|do not|never)"
FALL = r"(?:drop|fall|decline|decrease|degrade|deteriorate|go down|suffer)"
QUALITY = r"(?:accuracy|quality)"
STEADY: tuple[tuple[str, str], ...] = (
    (rf"(?P<arm>.*?) ?{HELD} (?:its|the|the same|all (?:of )?its|full) {QUALITY}", "is as accurate as"),
    (rf"(?P<arm>.*?) ?(?:{NOT} lose|loses no|lost no)(?: any| of its)? {QUALITY}", "is as accurate as"),
    (rf"(?:(?P<arm>.+?)(?:'s|') |the |its )?{QUALITY} {NOT} {FALL}", "is as accurate as"),
    (rf"(?:(?P<arm>.+?)(?:'s|') |the |its )?{QUALITY} (?:is held|is kept|holds|stays|remains)(?: up| steady| the same| constant)?", "is as accurate as"),
    (r"(?P<arm>.*?) ?(?:is|stays|remains|keeps being) (?:just as|equally(?: as)?|as) accurate", "is as accurate as"),
    (r"(?P<arm>.*?) ?(?:(?:does not|doesn't|never) (?:get|gets|become|grow|answer)(?: any)? less accurate(?:ly)?|gets no less accurate)", "is as accurate as"),
    (r"(?P<arm>.*?) ?(?:(?:does not|doesn't|never) (?:get|gets|become|grow|answer)(?: any)? (?:slower|slow down)|(?:does not|doesn't|never) slows? down|gets no slower)", "is not slower than"),
    (r"(?P<arm>.*?) ?(?:is|stays|remains) (?:just as|equally(?: as)?|as) fast", "is not slower than"),
    (rf"(?P<arm>.*?) ?{HELD} (?:its|the|the same) (?:speed|latency)", "is not slower than"),
    (r"(?P<arm>.*?) ?(?:(?:does not|doesn't|never) (?:get|gets|become|grow)(?: any)? (?:more expensive|dearer|costlier)|gets no (?:more expensive|dearer))", "is not more expensive than"),
)  # fmt: skip
"""What may be kept from turn to turn, and how each later turn is compared with the first."""
LOSES = (
    r"(?P<arm>.*?) ?(?:loses|drops) (?:by )?(?P<amount>(?:at most|no more than|less than|fewer than|under) \d+(?:\.\d+)? "
    rf"(?:percentage )?points) (?:of|in) {QUALITY}"
)
BOUNDS = r"(?:after|before|until|till|from|since|except|but|to|of|with|without|outside|beyond|past|than|as|through|by|and|or|only|not|near|around|about|every|each)"
"""Words that, before a turn, mean other turns than that one."""
EVERY = rf"{IN}(?:each|every)(?: single| one of its)? turn(?![\w-])|in all turns"
PER_TURN = r"(?:per|a|for (?:a|each|every)|each|every) turn(?![\w-])"
PER_WHOLE = (
    rf"(?:per|a|an|each|every|for (?:a|an|each|every|the))(?: (?:whole|entire))? {TALK}(?![\w-])"
)
HEADLESS = re.compile(
    r"^(?:the )?costs? per request (?:(?:is|are) )?(?P<amount>\S+) (?P<way>lower|higher|less)\b",
    re.IGNORECASE,
)
"""A sentence that begins with the cost and leaves its arm to the field: "cost per turn 50% lower"."""
LATER, FIRST = "laterturn", "earlierturn"
TURNWISE = r"(?:with (?:each|every)(?: (?:single|new|further|additional|passing|successive|more))? turn|turn (?:by|after) turn|from (?:one )?turn to (?:the )?(?:next(?: turn)?|turn))"
PROGRESS = tuple(
    re.compile(rf"(?P<arm>.*?) ?\b{verb} (?P<more>.+?),? {when}[ .!]*", re.IGNORECASE)
    for verb, when in (
        (r"(?P<verb>gets|becomes|grows|keeps getting)", rf"(?:{TURNWISE}|(?:each|every) turn)"),
        (r"(?P<verb>is|costs|makes|takes)", TURNWISE),
    )
)
"""Each turn against the one before it: "gets faster with each turn"."""
OWN_SHARE = re.compile(
    rf"(?P<arm>.*?) ?(?:{HELD}|reach(?:es)?|achieves?) (?P<amount>(?:at least |more than |over )?\d+(?:\.\d+)? ?%)"
    rf" of its(?: own)?(?P<of> (?:{ORDINAL}[ -]turn(?:'s)?|turn {CARDINAL}(?:'s)?))? {QUALITY},?"
    rf" (?:(?P<over>{OVER})|(?P<turn>{TURN}))[ .!]*",
    re.IGNORECASE,
)
"""A share of what the arm itself did in another turn."""
OWN = rf"\bof (?:its|their)(?: own)?(?: (?:full|first|initial|original|earlier))? (?:{QUALITY}|speed|latency|costs?|price)\b|\b(?:its|their) own\b|\b(?:it|them)sel(?:f|ves)\b|\bwith (?:each|every)(?: \w+)? (?:turn|{TALK})\b"
"""Words that set an arm against itself, where a sentence has no other form."""
SCOPES = (EVERY, PER_WHOLE, PER_TURN, TURN)
