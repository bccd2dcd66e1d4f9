# ruff: noqa: E501 - tables of words
"""What is said of right and wrong answers."""

from __future__ import annotations

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.tables.pieces import (
    DEG,
    ITEMS,
    OBJ,
    PTS_PCT,
    Q,
    Rule,
    needing,
    rule,
)

_ACC = words.NOUNS["acc"]
_ERR = words.NOUNS["err"]
_POINTS = r"<(?P<qk>o)(?P<q>\d+)>"
_FEW_POINTS = r"(?:only |just )?" + _POINTS
_RIGHTLY = r"(?: (?:correctly|right|correct|accurately))"
_OFTEN = r"(?:often|frequently)"
_GIVES = r"(?:gives?|giving|makes?|making|made|returns?|returning|produces?|producing|commits?|committing|gets?|getting|has|outputs?|is)"
_ANSWER = r"(?:answers?|responses?|results?|outputs?|replies|reply|predictions?)"
_FAILS = rf"(?:(?:is |goes |answers )?(?:wrong|incorrect|wrongly|incorrectly)|fails?|failing|errs?|erring|{_GIVES} (?:an? |the )?(?:(?:wrong|incorrect|bad|false) {_ANSWER}|errors?|mistakes?))"
_SUCCEEDS = rf"(?:(?:is |answers )?(?:right|correct|correctly)|succeeds?|{_GIVES} (?:an? |the )?(?:right|correct|accurate) {_ANSWER})"
_LOSE = r"(?:los(?:es?|t|ing)|giv(?:es?|ing) up|sacrific(?:es?|ing)|forgoes)"

RULES: tuple[Rule, ...] = (
    rule(rf"{PTS_PCT} (?:accurate|accuracy|correct(?: answers)?|correctness|right answers|quality)", "acc", "level", 1, needs=("right", "correct", "accura", "quality")),
    rule(rf"(?:an? |with |at |and )*{PTS_PCT} (?:accuracy|correctness)", "acc", "level", 1, attach=True, needs=("right", "correct", "accura", "quality")),
    rule(rf"(?:an? |with |at |and )*(?:{_ACC})(?: rate)?(?: (?:of|is|at|was|reaches|hits|stays at|remains at))? {PTS_PCT}", "acc", "level", 1, attach=True, needs=words.NOUN_STEMS["acc"]),
    rule(rf"(?:answers?|solves?|gets?|handles?|passes|answering|solving|getting) {PTS_PCT} (?:of )?{ITEMS}{_RIGHTLY}?", "acc", "level", 1),
    rule(rf"gets? {PTS_PCT}(?: of them)? (?:right|correct)", "acc", "level", 1, needs=("right", "correct", "accura", "quality")),
    rule(rf"(?:right|correct|accurate) (?:on |in |for )?{PTS_PCT} (?:of )?{ITEMS}", "acc", "level", 1, needs=("right", "correct", "accura", "quality")),
    rule(rf"(?:right|correct|accurate) {PTS_PCT}", "acc", "level", 1, needs=("right", "correct", "accura", "quality")),
    rule(rf"{PTS_PCT} (?:of )?{ITEMS} (?:are |is )?(?:answered|solved|handled|classified){_RIGHTLY} by", "acc", "level", 1, swap=True),
    rule(rf"scores? {PTS_PCT}", "acc", "level", 1, needs=("score",)),
    rule(rf"{words.RAISE} (?:the |its )?(?:{_ACC}) to {PTS_PCT}", "acc", "level", 1, needs=words.NOUN_STEMS["acc"]),
    rule(rf"(?:an? |with |at |and )*{PTS_PCT} (?:error rates?|errors|failure rate)", "err", "level", -1, attach=True, needs=words.NOUN_STEMS["err"]),
    rule(rf"(?:an? |with |at |and )*(?:{_ERR})(?: (?:of|is|at|was|stays))? {PTS_PCT}", "err", "level", -1, attach=True, needs=words.NOUN_STEMS["err"]),
    rule(rf"(?:wrong|incorrect|mistaken) (?:on |in |for )?{PTS_PCT} (?:of )?{ITEMS}", "err", "level", -1),
    rule(rf"(?:fails?|errs?) (?:on|in) {PTS_PCT} (?:of )?{ITEMS}", "err", "level", -1),
    rule(rf"{Q} more often (?:right|correct)", "acc", "comp", 1, needs=("right", "correct", "accura", "quality")),
    *needing(("score",), (
        rule(rf"scores? {DEG}(?:higher|better|above)", "acc", "comp", 1),
        rule(rf"scores? {DEG}(?:lower|worse|below)", "acc", "comp", -1),
        rule(rf"scores? {Q} (?:higher|better|above)", "acc", "comp", 1),
        rule(rf"scores? {Q} (?:lower|worse|below)", "acc", "comp", -1),
    )),
    *needing(("results", "answers", "outputs"), (
        rule(rf"{DEG}(?:superior|better|more accurate) (?:results|answers|outputs)", "acc", "comp", 1),
        rule(rf"{DEG}(?:inferior|worse|less accurate) (?:results|answers|outputs)", "acc", "comp", -1),
    )),
    *needing(("errors", "mistakes", "wrong"), (
        rule(rf"(?:makes? |has |with )?{Q} as many (?:errors|mistakes|wrong answers)(?: as)?", "err", "share"),
        rule(rf"makes? {DEG}fewer (?:errors|mistakes)", "err", "comp", -1),
        rule(rf"makes? {Q} fewer (?:errors|mistakes)", "err", "comp", -1),
        rule(rf"makes? {Q} (?:of )?the (?:errors|mistakes)(?: of)?", "err", "share"),
    )),
    rule(rf"{_POINTS} (?:better|higher|above|ahead of|ahead|more accurate|up on)", "", "comp", 1),
    rule(rf"{_POINTS} (?:below|behind|lower|short of|shy of|under)", "", "comp", -1),
    rule(rf"{words.BEAT} {OBJ} by (?:a margin of )?{Q}", "acc", "comp", 1, needs=words.BEAT_STEMS),
    rule(rf"(?:{DEG})?{words.BEAT}", "acc", "comp", 1, needs=words.BEAT_STEMS),
    rule(rf"{words.BEAT} {OBJ}'s? (?:{_ACC})", "acc", "comp", 1, needs=words.BEAT_STEMS),
    rule(rf"{words.BEAT} {OBJ}'s? (?:{_ACC}) by {Q}", "acc", "comp", 1, needs=words.BEAT_STEMS),
    *needing(("en by", "ed by", "done by", "ed out by"), (
        rule(rf"{words.BEATEN} by {OBJ} by {Q}", "acc", "comp", 1, swap=True),
        rule(rf"{words.BEATEN} by", "acc", "comp", 1, swap=True),
    )),
    rule(r"(?:loses?|lost|losing) to", "acc", "comp", -1),
    rule(rf"(?:loses?|lost|losing) (?:some )?(?:{_ACC})", "acc", "comp", -1, needs=words.NOUN_STEMS["acc"]),
    rule(rf"improv(?:es?|ed|ing) (?:on|upon) {OBJ} by {Q}", "acc", "comp", 1, needs=("improv",)),
    rule(r"improv(?:es?|ed|ing) (?:on|upon)", "acc", "comp", 1),
    rule(rf"(?:gains?|adds|gaining) {_POINTS}(?: (?:of|in) (?:{_ACC}))? (?:on|over|against)", "acc", "comp", 1, needs=("gain", "adds")),
    rule(r"no worse(?: than)?", "acc", "same"),
    *needing(("often", "more "), (
        rule(rf"(?:gets?|answers?|solves?) {DEG}more (?:of the )?(?:questions?|problems?|tasks?|items?)(?: (?:right|correctly|correct))?", "acc", "comp", 1),
        rule(rf"(?:gets?|answers?|solves?) {Q} more (?:of the )?(?:questions?|problems?|tasks?|items?)(?: (?:right|correctly|correct))?", "acc", "comp", 1),
        rule(rf"(?:right|correct) {DEG}more often", "acc", "comp", 1),
    )),
    *needing(("often", "frequently", "rarely", "seldom"), (
        rule(rf"{_FAILS} {DEG}(?:less {_OFTEN}|more (?:rarely|seldom))", "err", "comp", -1),
        rule(rf"{_FAILS} {DEG}(?:more {_OFTEN}|less (?:rarely|seldom))", "err", "comp", 1),
        rule(rf"{_FAILS} {Q} less {_OFTEN}", "err", "comp", -1),
        rule(rf"{_FAILS} {Q} more {_OFTEN}", "err", "comp", 1),
        rule(rf"{_FAILS} {Q} as {_OFTEN}(?: as)?", "err", "share"),
        rule(rf"{_SUCCEEDS} {DEG}more {_OFTEN}", "acc", "comp", 1),
        rule(rf"{_SUCCEEDS} {DEG}less {_OFTEN}", "acc", "comp", -1),
        rule(rf"{_SUCCEEDS} {Q} more {_OFTEN}", "acc", "comp", 1),
        rule(rf"{_SUCCEEDS} {Q} less {_OFTEN}", "acc", "comp", -1),
        rule(rf"{_SUCCEEDS} {Q} as {_OFTEN}(?: as)?", "acc", "share"),
    )),
    rule(r"(?:comparable|competitive|on (?:a )?par|similar|similar to)(?= ?(?:$|[.,;]| on | in | for | and ))", "acc", "same"),
    rule(r"(?:equivalent|equal|identical|tied?|the same)(?= ?(?:$|[.,;]| on | in | for ))", "acc", "equal"),
    rule(r"perform(?:s|ing)? equally well(?: as)?", "acc", "equal"),
    rule(rf"(?:retains?|keeps?|reach(?:es)?) all of {OBJ}'s? (?:{_ACC})", "acc", "same", needs=words.NOUN_STEMS["acc"]),
    rule(rf"{words.OR_BETTER}(?: (?:the )?(?:{_ACC}) of)?", "acc", "caught", needs=(" or ", " and ")),
    rule(rf"{words.OR_BETTER} {OBJ}'s? (?:{_ACC})", "acc", "caught", needs=(" or ", " and ")),
    rule(rf"{words.OR_BETTER} (?:the |its )?(?:{_ACC})", "acc", "caught", attach=True, needs=(" or ", " and ")),
    rule(rf"(?:(?:the |an? )?(?:same|equal|comparable|similar|equivalent)|as good(?: as)?|as accurate(?: as)?|at least as good) or (?:better|superior|higher|more accurate)(?: (?:than|(?:{_ACC})(?: (?:to|than|as))?))?", "acc", "caught", needs=(" or ",)),
    rule(
        r"(?:on (?:a )?par(?: with)?|comparable(?: (?:to|with))?|equal(?: to)?|competitive(?: with)?),? or (?:even )?(?:better|superior|more accurate)(?: (?:than|to))?",
        "acc", "caught", needs=(" or ",),
    ),
    rule(r"(?:better|more accurate) (?:than )?or (?:as good as|as accurate as|equal to|the same as|equal|on par with|on a par with)", "acc", "caught"),
    *needing(("match", "rival", "keep", "kept", "perform", "does as", "stands", "holds", "parity"), (
        rule(rf"(?:nearly |almost |all but |practically |roughly |about )?{words.MATCH}(?: the (?:{_ACC}) of)?", "acc", "same"),
        rule(rf"(?:nearly |almost |all but |practically |roughly |about )?{words.MATCH} {OBJ}'s? (?:{_ACC})", "acc", "same"),
        rule(rf"{words.MATCH} {OBJ} (?:to )?(?:within )?{Q}(?: (?:of )?(?:{_ACC})| points)?", "acc", "near"),
    )),
    rule(rf"{words.EQUAL}(?: the (?:{_ACC}) of)?", "acc", "equal", needs=("equal", "tie")),
    rule(rf"{words.EQUAL} {OBJ}'s? (?:{_ACC})", "acc", "equal", needs=("equal", "tie")),
    rule(r"(?:matched|rivalled|rivaled) by", "acc", "same", swap=True),
    rule(r"(?:equal(?:l)?ed) by", "acc", "equal", swap=True),
    rule(
        r"on (?:a )?par with|at par with|at parity with|no worse than|not worse than|non-inferior to|not inferior to|comparable (?:to|with)|competitive with"
        r"|as good as|just as good|on the same level as",
        "acc", "same",
    ),
    rule(
        r"(?:statistically )?indistinguishable from|equal to|equivalent to|identical (?:to|with)|level with|on (?:a )?level with|even with|neck[- ]and[- ]neck with|tied with",
        "acc", "equal",
    ),
    rule(rf"(?:{_ACC}) (?:that is )?(?:comparable|equal|equivalent|similar|on par|on a par|competitive) (?:to|with)", "acc", "same", attach=True, needs=words.NOUN_STEMS["acc"]),
    *needing(("of",), (
        rule(rf"{words.RETAIN} {Q} of (?:the |its )?(?:{_ACC})(?: of)?", "acc", "share", attach=True),
        rule(rf"{words.RETAIN} {Q} of {OBJ}(?:'s?)? (?:{_ACC})", "acc", "share", attach=True),
        rule(rf"{words.RETAIN} {Q} (?:{_ACC}) of", "acc", "share", attach=True),
        rule(rf"{words.REACH} {Q} of", "acc", "share"),
    )),
    rule(rf"(?:performs?|performing|scores?) (?:at )?{Q} of(?: the level of)?", "acc", "share"),
    rule(rf"{words.RETAIN} {OBJ}(?:'s?)? (?:{_ACC})", "acc", "same", needs=words.NOUN_STEMS["acc"]),
    rule(rf"{words.RETAIN} (?:the )?(?:{_ACC}) of", "acc", "same", needs=words.NOUN_STEMS["acc"]),
    rule(rf"{Q} of(?: {OBJ}'s? (?:{_ACC})| the (?:{_ACC}) of)", "acc", "share", attach=True, needs=words.NOUN_STEMS["acc"]),
    rule(rf"{Q} of", "acc", "near", needs=(" of",)),
    rule(rf"{_LOSE} {Q}(?: (?:of|in|on) (?:its |the )?(?:{_ACC})| {_ACC})?(?: to)?", "acc", "lose", -1, needs=("los", "giv", "sacrific", "forgo")),
    rule(rf"costs {Q} (?:of |in )?(?:its |the )?(?:{_ACC})(?: compared with| compared to)?", "acc", "lose", -1, needs=words.NOUN_STEMS["acc"]),
    rule(rf"(?:with |at )*(?:an? |only an? )?(?:loss|drop|decrease|sacrifice) of {Q}(?: (?:of|in) (?:{_ACC}))?", "acc", "lose", -1, attach=True, needs=("loss", "drop", "decrease", "sacrifice")),
    rule(rf"(?:with |at )*(?:an? |only an? |only )*{Q} (?:{_ACC}) (?:loss|drop|decrease|degradation)", "acc", "lose", -1, attach=True, needs=words.NOUN_STEMS["acc"]),
    rule(rf"(?:with |at )*(?:an? |only an? |only )*{Q} (?:loss|drop|decrease|degradation) (?:in|of) (?:{_ACC})", "acc", "lose", -1, attach=True, needs=words.NOUN_STEMS["acc"]),
    *needing(("trail", "lag", "behind", "below", "lead", "ahead", "above", "short", "underperform"), (
        rule(rf"(?:trails?|lags?(?: behind)?|is behind|trailing|lagging) {OBJ} by {Q}", "acc", "lose", -1),
        rule(rf"leads? {OBJ} by {Q}", "acc", "comp", 1),
        rule(rf"{Q} (?:behind|below)", "acc", "lose", -1),
        rule(rf"{Q} (?:ahead of|above)", "acc", "comp", 1),
        rule(rf"(?:just )?{DEG}(?:trails?|trailing|lags? behind|falls? short of|behind|underperform(?:s|ed|ing)?)", "acc", "comp", -1),
        rule(rf"(?:just )?{DEG}(?:leads?|leading|ahead of)", "acc", "comp", 1),
        rule(rf"(?:sits?|performs?|lands?|places?) (?:just )?{DEG}below", "acc", "comp", -1),
        rule(rf"(?:sits?|performs?|lands?|places?) (?:just )?{DEG}above", "acc", "comp", 1),
    )),
    rule(
        r"(?:with (?:no|zero)|without(?: any| an?| a)?|at no) (?:loss|drop|sacrific(?:e|ing)|compromis(?:e|ing)|degradation|decrease|degrading|hurting|reducing|losing|decline|cost|reduction)"
        rf"(?: (?:of|in|on|to))?(?: any)? ?(?:the |its )?(?:{_ACC})",
        "acc", "same", attach=True,
    ),
    rule(rf"(?:with (?:no|zero)|without(?: any| an?| a)?|at no) (?:{_ACC}) (?:loss|drop|degradation|penalty|trade-?off|sacrifice|reduction|decrease)", "acc", "same", attach=True, needs=words.NOUN_STEMS["acc"]),
    rule(rf"(?:loses|has|shows|losing|showing|with) no (?:{_ACC})(?: loss)?", "acc", "same", needs=words.NOUN_STEMS["acc"]),
    rule(
        r"(?:caught|catch(?:es)?|catching) up(?: (?:with|to))?(?:,? (?:or|and|and even|or even) (?:have |has )?"
        r"(?:surpass|overtak|pass|beat|exceed)\w*)?|closed the gap(?: (?:with|to))?|drawn level with|drawn even with",
        "acc", "caught",
    ),
    rule(r"(?:number one|no\. 1|unbeaten|unsurpassed|second to none)", "acc", "best", 1),
)  # fmt: skip
