# ruff: noqa: E501 - tables of words
"""What is said of seconds and of tokens per second."""

from __future__ import annotations

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.tables.pieces import (
    ARM,
    DEG,
    ITEMS,
    OBJ,
    D,
    N,
    P,
    Q,
    Rule,
    needing,
    rule,
)

_TIME = words.NOUNS["time"]
_PER_SECOND = r"(?:output )?(?:tokens? ?(?:per|/|a|each|every) ?(?:s|sec|second)|t/s|tok/s|tps)"
_ANSWER = r"(?:answers?|answering|responds?(?: to)?|responding(?: to)?|repl(?:y|ies)(?: to)?|tak(?:es?|ing)|needs?|requires?|finish(?:es)?|completes?|returns?|handles?|serves?|processes)"
_WHAT = r"(?: (?:requests|questions|queries|answers|calls|prompts|each request|a request|an answer|a response|results|responses))?"
_DONE = r"(?:are |is |get |gets )?(?:answered|served|completed|done|delivered|returned|processed|handled|responded(?: to)?|finish(?:ed)?|tak(?:es?|ing)|complete|return|arrive)"
_SHARE = r"<(?P<sk>[pf])(?P<s>\d+)>"
_FASTER = r"faster|quicker|speedier|slower|shorter"

RULES: tuple[Rule, ...] = (
    *needing(("time",), (
        rule(rf"(?:in|within|takes|taking|needs|requires) {Q} (?:of )?the time(?: (?:of|(?:that )?(?:it takes )?{OBJ}(?: takes| needs| does)?))?", "time", "share", attach=True),
        rule(rf"(?:in|within|takes|taking) {Q} (?:of )?{OBJ}'s? time", "time", "share", attach=True),
    )),
    *needing(("tak", "need", "requir"), (
        rule(rf"(?:tak(?:es|ing)|needs|requires) {Q} (?:less time|less)", "time", "comp", -1),
        rule(rf"tak(?:es|ing) {Q} (?:more time|longer)", "time", "comp", 1),
        rule(rf"tak(?:es|ing) {Q} as long(?: as)?", "time", "share"),
        rule(rf"tak(?:es|ing) {DEG}(?:less time|less long)", "time", "comp", -1),
        rule(rf"tak(?:es|ing) {DEG}(?:more time|longer)", "time", "comp", 1),
    )),
    *needing(("speed", "accelerat"), (
        rule(rf"(?:an? )?{Q} (?:speed-?ups?|speed increase|acceleration)(?: over| against)?", "rate", "comp", 1),
        rule(rf"(?:accelerat(?:es?|ed|ing)|speed(?:s|ing)? up|sped up) (?:inference|generation|decoding|processing|responses|answers) (?:by )?{Q}", "time", "comp", -1),
        rule(rf"(?:an? )?{Q} (?:better|higher|greater|faster) (?:output |generation |decoding )?speeds?", "rate", "comp", 1, attach=True),
    )),
    *needing(("faster", "quicker", "speedier", "slower", "shorter"), (
        rule(rf"(?:with |an? |and )*{Q} (?:faster|quicker|speedier) (?:inference|generation|responses?|answers?|processing|decoding|outputs?)", "time", "comp", -1, attach=True),
        rule(rf"(?:with |an? |and )*{Q} (?:slower) (?:inference|generation|responses?|answers?|processing|decoding|outputs?)", "time", "comp", 1, attach=True),
        rule(rf"(?:with |an? |and )*{DEG}(?:faster|quicker|speedier) (?:inference|generation|responses?|answers?|processing|decoding|outputs?)", "time", "comp", -1, attach=True),
        rule(rf"(?:with |an? |and )*{DEG}(?:slower) (?:inference|generation|responses?|answers?|processing|decoding|outputs?)", "time", "comp", 1, attach=True),
    )),
    rule(rf"(?:with |an? |at )*(?:{P} )?(?:{_TIME})(?: times?)?,?(?: (?:of|at|is|are|was|in|stays|remains|lies))* {D}", "time", "level", -1, attach=True),
    rule(rf"(?:with |an? |at )*{D}(?: {P})? (?:{_TIME})", "time", "level", -1, attach=True),
    rule(rf"(?:with |an? |at |and )*{D} {P}", "time", "level", -1, attach=True),
    rule(rf"(?:with |an? |at |and )*{P} (?:of |under |at |is )?{D}", "time", "level", -1, attach=True),
    rule(rf"{_ANSWER}{_WHAT}(?: in| after| within)? {D}", "time", "level", -1),
    rule(rf"(?:returns?|gives?|produces?|delivers?|emits?) (?:an? |the )?(?:answers?|responses?|results?|outputs?) (?:in|within|after) {D}", "time", "level", -1),
    rule(rf"(?:in|at|within|after) {D}", "time", "level", -1, attach=True),
    rule(rf"{D}", "time", "level", -1),
    rule(rf"{words.CUT} (?:the |its )?(?:{P} )?(?:{_TIME}) to {D}", "time", "level", -1),
    rule(rf"{_ANSWER} {_SHARE} (?:of )?{ITEMS} (?:in|within)? ?{D}", "time", "level", -1),
    rule(rf"{_SHARE} (?:of )?{ITEMS} {_DONE} (?:in|within)? ?{D}", "time", "level", -1),
    rule(rf"{_SHARE} (?:of )?(?P<subj>{ARM})'s? {ITEMS} {_DONE} (?:in|within)? ?{D}", "time", "level", -1),
    rule(rf"(?:for|on|in) {_SHARE} (?:of )?{ITEMS},? (?:in|within)? ?{D}", "time", "level", -1),
    *needing(("tok", "t/s", "tps"), (
        rule(rf"(?:generates?|generating|produces?|producing|outputs?|outputting|runs at|running at|at|decodes|delivers|delivering|streams|hits?|reaches|reaching|of|and)? ?{N} {_PER_SECOND}", "rate", "level", 1),
        rule(rf"(?:with )?(?:an? )?(?:throughput|speed|output speed|generation speed|decoding speed|rate) (?:of|is|at) {N} {_PER_SECOND}", "rate", "level", 1, attach=True),
        rule(rf"{words.RAISE} (?:the |its )?(?:throughput|speed|output speed) to {N} {_PER_SECOND}", "rate", "level", 1),
    )),
)  # fmt: skip
