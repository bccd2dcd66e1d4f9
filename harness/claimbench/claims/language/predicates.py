# ruff: noqa: E501 - tables of words
"""What can be said of an arm, as one table of patterns over a text of marks.

Ways of saying: ``comp`` (more or less of a dimension, by an amount), ``share`` (an amount of the
rival's), ``level`` (an amount of its own), ``same``, ``near`` (within an amount of the rival's),
``caught``, ``best``, ``bare`` (an adjective without a limit). ``sign`` is +1 for more of the
dimension, -1 for less. An empty dimension is that of the sentence's subject ("its error rate is").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from claimbench.claims.language import lexicon as words

Q = r"<(?P<qk>[poxf])(?P<q>\d+)>"
PTS_PCT = r"<(?P<qk>[pof])(?P<q>\d+)>"
U = r"<(?P<qk>u)(?P<q>\d+)>"
D = r"<(?P<qk>d)(?P<q>\d+)>"
N = r"<(?P<qk>n)(?P<q>\d+)>"
P = r"(?:p(?P<p>\d{2}(?:\.\d+)?)|(?P<pth>\d{2}(?:\.\d+)?)(?:th|st|nd|rd)[- ]percentile|(?P<median>median|typical))"
ARM = r"⟦a\d+⟧"
VERB = rf"(?:{words.BE}|{words.HAVE}|can|also|not|never|{words.BEAT}|{words.MATCH}|{words.CUT})"
_MORE_ARMS = rf"(?:(?:, and |, or |, | and | or |/)(?:the |both )?{ARM}(?!(?:'s?)?,? (?:{VERB}|which|who|that)\b)(?!'))"
OBJ = rf"(?:the |either |both |all |any of |each of )?(?P<obj>{ARM}{_MORE_ARMS}*)"
DEG = rf"(?:(?P<deg>{words.DEGREES}) )?(?:even |still )?"
_ANY_NOUN = "|".join(f"(?:{n})" for n in words.NOUNS.values())
ITEMS = r"(?:the |all |its |our )?(?:questions?|items?|tasks?|problems?|cases|requests?|queries|prompts|samples|examples|answers|calls|inputs|time|tickets)"
PER = (
    r"(?:per|for|/|a|every|each|for every|for each) ?(?P<per>(?:<n(?P<count>\d+)>|thousand|million|1k)? ?"
    r"(?:(?:input |output |prompt |completion |blended )?tokens?|requests?|calls?|quer(?:y|ies)|prompts?|answers?|responses?|items?"
    r"|correct answers?|right answers?)?)(?![\w])"
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: pattern, dimension, way, sign, and what else follows from the words.

    ``needs``: a part of the pattern that every match holds. Three hundred patterns take half a
    second to compile, so that one is compiled only for a text that has what it needs.
    """

    source: str
    dim: str
    way: str
    sign: int = 0
    swap: bool = False
    attach: bool = False
    unit: str = ""
    needs: str = ""

    @property
    def pattern(self) -> re.Pattern[str]:
        """Return the compiled pattern."""
        return _compiled(self.source)


@cache
def _compiled(source: str) -> re.Pattern[str]:
    return re.compile(source)


def rules_for(text: str) -> list[Rule]:
    """Return the rules that can match anywhere in a text, in their order."""
    return [rule for rule in RULES if not rule.needs or _compiled(rule.needs).search(text)]


def _rule(pattern: str, dim: str, way: str, sign: int = 0, **more: bool | str) -> Rule:
    return Rule(pattern + r"(?![\w'])(?!>)", dim, way, sign, **more)  # type: ignore[arg-type]


def _needing(needs: str, rules: Iterable[Rule]) -> Iterator[Rule]:
    return (replace(rule, needs=needs) for rule in rules)


def _of_noun(dim: str) -> Iterator[Rule]:
    """Rules about a named dimension: "30% lower error rate", "half the cost of X", "cuts costs by"."""
    plain = f"(?:{words.NOUNS[dim]})"
    noun = f"(?:{P} )?{plain}" if dim == "time" else plain
    its = r"(?:the |its |their |an? |your )?"
    lead = r"(?:at |for |with |only |just |costs? |in |takes? |has |runs? at |delivers |gives )?(?:only |just )?"
    for way, sign in ((words.LESS, -1), (words.MORE, 1)):
        yield _rule(
            rf"(?:with |at |an? |for )*{Q} (?:{way})[- ]{noun}", dim, "comp", sign, attach=True
        )
        yield _rule(rf"(?:with |at |an? |for )*{DEG}(?:{way})[- ]{noun} by {Q}", dim, "comp", sign)
        yield _rule(
            rf"(?:with |at |an? |for )*{DEG}(?:{way})[- ]{noun}", dim, "comp", sign, attach=True
        )
        yield _rule(rf"(?:an? )?{noun} (?:that|which) (?:is|are) {Q} (?:{way})", dim, "comp", sign)
        yield _rule(rf"(?:an? )?{noun} (?:that|which) (?:is|are) {DEG}(?:{way})", dim, "comp", sign)
        yield _rule(rf"(?:an? )?{noun} {Q} (?:{way})", dim, "comp", sign)
    yield _rule(rf"{lead}{Q} (?:of )?{its}{noun}(?: of)?", dim, "share", attach=True)
    yield _rule(rf"{lead}{Q} (?:of )?{OBJ}(?:'s?) {noun}", dim, "share", attach=True)
    yield _rule(
        rf"{lead}(?:an? )?{noun} (?:of |is )?{Q} of (?:that of )?(?:{OBJ})(?:'s?)?(?: {plain})?",
        dim,
        "share",
    )
    yield _rule(rf"{words.CUT} {its}{noun} (?:by|of) {Q}", dim, "comp", -1)
    yield _rule(rf"{words.CUT} {OBJ}(?:'s?) {noun} by {Q}", dim, "comp", -1)
    yield _rule(rf"{words.CUT} {its}{noun} (?:to|down to) {Q}", dim, "share")
    yield _rule(rf"{words.CUT} {its}{noun} (?:in|by) <(?P<qk>f)(?P<q>\d+)>", dim, "comp", -1)
    yield _rule(rf"{words.CUT} {its}{noun} {Q}", dim, "comp", -1)
    yield _rule(rf"{words.CUT} {its}{noun}", dim, "comp", -1)
    yield _rule(rf"{words.RAISE} {its}{noun} by {Q}", dim, "comp", 1)
    yield _rule(rf"{words.RAISE} {its}{noun}", dim, "comp", 1)
    yield _rule(rf"halv(?:es|ed|ing) {its}{noun}(?: of)?", dim, "half", -1)
    yield _rule(rf"halv(?:es|ed|ing) {OBJ}(?:'s?) {noun}", dim, "half", -1)
    yield _rule(rf"doubl(?:es|ed|ing) {its}{noun}(?: of)?", dim, "double", 1)
    yield _rule(rf"doubl(?:es|ed|ing) {OBJ}(?:'s?) {noun}", dim, "double", 1)
    yield _rule(
        rf"(?:an? )?{Q} (?:reduction|decrease|drop|cut|saving|savings|decline) (?:in|of|on) {its}{noun}",
        dim,
        "comp",
        -1,
    )
    yield _rule(
        rf"(?:an? )?{Q} (?:improvement|gain|increase|boost|rise|uplift) (?:in|of) {its}{noun}",
        dim,
        "comp",
        1,
    )
    yield _rule(
        rf"(?:an? )?(?:improvement|gain|increase) (?:in|of) {its}{noun} (?:of|by) {Q}",
        dim,
        "comp",
        1,
    )
    yield _rule(
        rf"(?:an? )?{Q} {noun} (?:reduction|decrease|drop|cut|savings?|advantage)",
        dim,
        "comp",
        -1 if dim != "acc" else 1,
    )
    yield _rule(
        rf"(?:an? )?{Q} {noun} (?:improvement|gain|increase|boost|advantage|lead)", dim, "comp", 1
    )
    yield _rule(
        rf"(?:at |for |with )?(?:the |an? )?(?:same|equal|identical|comparable|equivalent|similar) {noun}(?: to| as)?",
        dim,
        "same",
        attach=True,
    )
    yield _rule(rf"(?:with )?(?:the |an? )?(?:lowest|smallest|least) {noun}", dim, "best", -1)
    yield _rule(rf"(?:with )?(?:the |an? )?(?:highest|largest|most|best) {noun}", dim, "best", 1)


def _comparatives() -> Iterator[Rule]:
    for adjective, dim, sign in words.COMPARATIVES:
        yield from _needing(
            adjective,
            (
                _rule(rf"{Q} (?:{adjective})", dim, "comp", sign),
                _rule(rf"{DEG}(?:{adjective}) by (?:a margin of )?{Q}", dim, "comp", sign),
                _rule(rf"{DEG}(?:{adjective})", dim, "comp", sign),
            ),
        )
    for adjective, dim, sign in words.SUPERLATIVES:
        yield _rule(
            rf"(?:the |our )?(?:very |single )?(?:{adjective})(?: (?:one|choice|option))?",
            dim,
            "best",
            sign,
            needs=adjective,
        )
    for adjective, dim, sign in words.BARE:
        yield _rule(
            rf"(?:very |really |extremely )?(?:{adjective})", dim, "bare", sign, needs=adjective
        )
    for adjective, dim, sign in words.POSITIVES:
        yield _rule(
            rf"(?:(?:just|exactly|at least|every bit|almost|nearly|about|roughly|equally|virtually) )?as (?:{adjective})(?: as)?",
            dim,
            "as",
            sign,
            needs=adjective,
        )
        yield _rule(rf"{Q} as (?:{adjective})(?: as)?", dim, "times_as", sign, needs=adjective)
        yield _rule(rf"equally (?:{adjective})(?: as)?", dim, "as", sign, needs=adjective)


_TABLE: tuple[Rule, ...] = (
    # dollars
    _rule(rf"costs? {Q} less", "cost", "comp", -1),
    _rule(rf"costs? (?:{OBJ} )?{Q} more", "cost", "comp", 1),
    _rule(rf"costs? {DEG}less", "cost", "comp", -1),
    _rule(rf"costs? {DEG}more", "cost", "comp", 1),
    _rule(rf"costs? (?:only |just )?{Q} (?:of (?:what|that of)|of|as much as|as much)(?: {OBJ})?(?: costs?| charges| does)?", "cost", "share"),
    _rule(rf"(?:at|for) {Q} of what {OBJ} (?:costs?|charges)", "cost", "share"),
    _rule(r"costs? (?:exactly |about )?(?:as much as|the same as|as little as)", "cost", "same"),
    _rule(rf"sav(?:es?|ed|ing) (?:you |users )?{Q}(?: (?:of|on|in) (?:the |your |their )?(?:costs?|bill|price|money|spend))?", "cost", "comp", -1),
    _rule(rf"sav(?:es?|ed|ing) (?:you |users )?{Q} (?:compared (?:with|to)|over|versus|against) {OBJ}", "cost", "comp", -1),
    _rule(rf"(?:at |with |a )*(?:savings?|cost savings?) of {Q}", "cost", "comp", -1, attach=True),
    _rule(rf"undercut(?:s|ting)? {OBJ}(?:'s? (?:price|cost)s?)? by {Q}", "cost", "comp", -1),
    _rule(rf"undercut(?:s|ting)? {OBJ}", "cost", "comp", -1),
    _rule(rf"undercut by {OBJ} by {Q}", "cost", "comp", -1, swap=True),
    _rule(rf"undercut by {OBJ}", "cost", "comp", -1, swap=True),
    _rule(rf"priced (?:at )?{Q} (?:below|under|lower than|less than) {OBJ}", "cost", "comp", -1),
    _rule(rf"priced (?:at )?{Q} (?:above|over|higher than|more than) {OBJ}", "cost", "comp", 1),
    _rule(rf"(?:priced )?{Q} below the (?:price|cost)s? of", "cost", "comp", -1),
    _rule(rf"(?:a |at a )?{Q} discount(?: to| on| over)?", "cost", "comp", -1, attach=True),
    _rule(rf"{Q} off(?: the price of)?", "cost", "comp", -1),
    _rule(r"(?:for|at) (?:a )?fraction", "cost", "vague", -1, attach=True),
    _rule(rf"(?:at|for|with) (?:a |only a |just a )?(?:small |tiny |mere )?fraction of (?:the |its |their )?(?:{words.NOUNS['cost']})(?: of)?", "cost", "vague", -1, attach=True),
    _rule(rf"(?:at|for|with) (?:a |only a |just a )?(?:small |tiny |mere )?fraction of {OBJ}'s? (?:{words.NOUNS['cost']})", "cost", "vague", -1, attach=True),
    _rule(rf"(?:costs? |is |priced at |charges |at |for |runs at |comes in at |charges )*{U} {PER}", "cost", "level", -1, attach=True),
    _rule(rf"(?:an? |with |at )*(?:(?:{words.NOUNS['cost']}) (?:of|at|is|was)?|priced) ?{U} {PER}", "cost", "level", -1, attach=True),
    # seconds
    _rule(rf"(?:in|within|takes) {Q} (?:of )?the time(?: of)?", "time", "share", attach=True),
    _rule(rf"(?:in|within|takes) {Q} (?:of )?{OBJ}'s? time", "time", "share", attach=True),
    _rule(rf"takes {Q} (?:less time|less)", "time", "comp", -1),
    _rule(rf"takes {Q} (?:more time|longer)", "time", "comp", 1),
    _rule(r"takes (?:less time|less long)", "time", "comp", -1),
    _rule(r"takes (?:more time|longer)", "time", "comp", 1),
    _rule(rf"(?:an? )?{Q} (?:speed-?up|speed increase)(?: over| against)?", "rate", "comp", 1),
    _rule(rf"(?:with |an? |at )*(?:{P} )?(?:{words.NOUNS['time']})(?: times?)?,?(?: (?:of|at|is|are|was|in|stays|remains|lies))* {D}", "time", "level", -1, attach=True),
    _rule(rf"(?:with |an? |at )*{D}(?: {P})? (?:{words.NOUNS['time']})", "time", "level", -1, attach=True),
    _rule(rf"(?:answers?|responds?|repl(?:y|ies)|takes?|finish(?:es)?|completes?|returns?)(?: (?:requests|questions|queries|answers|each request|every request|a request))?(?: in| after| within)? {D}", "time", "level", -1),
    _rule(rf"(?:in|at) {D}", "time", "level", -1, attach=True),
    _rule(rf"{D}", "time", "level", -1),
    _rule(rf"(?:answers?|serves?|handles?|completes?|responds? to|returns?) <(?P<sk>[pf])(?P<s>\d+)> (?:of )?{ITEMS} (?:in|within)? ?{D}", "time", "level", -1),
    _rule(rf"<(?P<sk>[pf])(?P<s>\d+)> (?:of )?{ITEMS} (?:are |is )?(?:answered|served|completed|done|finish(?:ed)?|take|complete) (?:in|within)? ?{D}", "time", "level", -1),
    # tokens per second
    _rule(rf"(?:generates?|produces?|outputs?|runs at|at|decodes|delivers|streams)? ?{N} (?:output )?(?:tokens?|toks?) ?(?:per|/) ?(?:s|sec|second)", "rate", "level", 1),
    _rule(rf"(?:a )?(?:throughput|speed|output speed) (?:of|is|at) {N} (?:output )?(?:tokens?|toks?) ?(?:per|/) ?(?:s|sec|second)", "rate", "level", 1),
    # answers
    _rule(rf"{PTS_PCT} (?:accurate|accuracy|correct(?: answers)?|correctness|right answers|quality)", "acc", "level", 1),
    _rule(rf"(?:an? |with |at )*(?:{words.NOUNS['acc']})(?: rate)?(?: (?:of|is|at|was|reaches|hits))? {PTS_PCT}", "acc", "level", 1, attach=True),
    _rule(rf"(?:answers?|solves?|gets?|handles?|passes) {PTS_PCT} (?:of )?{ITEMS}(?: (?:correctly|right|correct))?", "acc", "level", 1),
    _rule(rf"(?:right|correct|accurate) (?:on |in |for )?{PTS_PCT} (?:of )?{ITEMS}", "acc", "level", 1),
    _rule(rf"scores? {PTS_PCT}", "acc", "level", 1),
    _rule(rf"(?:an? |with |at )*{PTS_PCT} (?:error rates?|errors|failure rate)", "err", "level", -1, attach=True),
    _rule(rf"(?:an? |with |at )*(?:{words.NOUNS['err']})(?: (?:of|is|at|was|stays))? {PTS_PCT}", "err", "level", -1, attach=True),
    _rule(rf"(?:wrong|incorrect|mistaken) (?:on |in |for )?{PTS_PCT} (?:of )?{ITEMS}", "err", "level", -1),
    _rule(rf"(?:fails?|errs?) (?:on|in) {PTS_PCT} (?:of )?{ITEMS}", "err", "level", -1),
    _rule(rf"{Q} more often (?:right|correct)", "acc", "comp", 1),
    _rule(rf"scores? {DEG}(?:higher|better)", "acc", "comp", 1),
    _rule(rf"scores? {DEG}(?:lower|worse)", "acc", "comp", -1),
    _rule(rf"scores? {Q} (?:higher|better|above)", "acc", "comp", 1),
    _rule(rf"scores? {Q} (?:lower|worse|below)", "acc", "comp", -1),
    _rule(rf"(?:makes? |has )?{Q} as many (?:errors|mistakes|wrong answers)(?: as)?", "err", "share"),
    _rule(rf"makes? {DEG}fewer (?:errors|mistakes)", "err", "comp", -1),
    _rule(rf"makes? {Q} fewer (?:errors|mistakes)", "err", "comp", -1),
    _rule(rf"makes? {Q} (?:of )?the (?:errors|mistakes)(?: of)?", "err", "share"),
    _rule(r"<(?P<qk>o)(?P<q>\d+)>(?: (?:better|higher|above|ahead of|ahead|more accurate|up on))?", "acc", "comp", 1),
    _rule(r"<(?P<qk>o)(?P<q>\d+)> (?:below|behind|lower|short of|under)", "acc", "comp", -1),
    _rule(rf"{words.BEAT} {OBJ} by (?:a margin of )?{Q}", "acc", "comp", 1),
    _rule(rf"(?:{words.DEGREES} )?{words.BEAT}", "acc", "comp", 1),
    _rule(rf"{words.BEATEN} by {OBJ} by {Q}", "acc", "comp", 1, swap=True),
    _rule(rf"{words.BEATEN} by", "acc", "comp", 1, swap=True),
    _rule(r"(?:loses?|lost|losing) to", "acc", "comp", -1),
    _rule(rf"{words.MATCH}(?: the (?:{words.NOUNS['acc']}) of)?", "acc", "same"),
    _rule(rf"{words.MATCH} {OBJ}'s? (?:{words.NOUNS['acc']})", "acc", "same"),
    _rule(r"(?:matched|equal(?:l)?ed|rivalled|rivaled) by", "acc", "same", swap=True),
    _rule(
        r"on (?:a )?par with|on (?:a )?level with|no worse than|not worse than|non-inferior to|not inferior to|comparable (?:to|with)|competitive with"
        r"|(?:statistically )?indistinguishable from|equal to|equivalent to|as good as|level with|neck and neck with|just as good",
        "acc", "same",
    ),
    _rule(rf"{words.RETAIN} (?:only |just )?{Q} of (?:the |its )?(?:{words.NOUNS['acc']})(?: of)?", "acc", "share", attach=True),
    _rule(rf"{words.RETAIN} (?:only |just )?{Q} of {OBJ}'s? (?:{words.NOUNS['acc']})", "acc", "share", attach=True),
    _rule(rf"{words.RETAIN} (?:only |just )?{Q} of (?:the )?(?:{words.NOUNS['acc']}) of", "acc", "share", attach=True),
    _rule(rf"{words.RETAIN} {OBJ}'s? (?:{words.NOUNS['acc']})", "acc", "same"),
    _rule(rf"{words.RETAIN} (?:the )?(?:same )?(?:{words.NOUNS['acc']}) (?:of|as)", "acc", "same"),
    _rule(rf"{Q} of(?: {OBJ}'s? (?:{words.NOUNS['acc']})| the (?:{words.NOUNS['acc']}) of)", "acc", "share", attach=True),
    _rule(rf"{Q} of", "acc", "near"),
    _rule(rf"(?:los(?:es?|t|ing)|giv(?:es?|ing) up|sacrific(?:es?|ing)|forgoes|costs) (?:only |just )?{Q}(?: (?:of|in|on) (?:its |the )?(?:{words.NOUNS['acc']})| {words.NOUNS['acc']})?(?: to)?", "acc", "lose", -1),
    _rule(rf"(?:with |at )*(?:an? |only an? )?(?:loss|drop|decrease|sacrifice) of (?:only |just )?{Q}(?: (?:of|in) (?:{words.NOUNS['acc']}))?", "acc", "lose", -1, attach=True),
    _rule(rf"(?:with |at )*(?:an? |only an? |only )*{Q} (?:{words.NOUNS['acc']}) (?:loss|drop|decrease)", "acc", "lose", -1, attach=True),
    _rule(rf"(?:trails?|lags?(?: behind)?|is behind) {OBJ} by {Q}", "acc", "lose", -1),
    _rule(rf"leads? {OBJ} by {Q}", "acc", "comp", 1),
    _rule(rf"{Q} (?:behind|below)", "acc", "lose", -1),
    _rule(rf"{Q} (?:ahead of|above)", "acc", "comp", 1),
    _rule(r"(?:trails?|lags? behind|falls? short of|behind|underperforms?)", "acc", "comp", -1),
    _rule(r"(?:leads?|ahead of)", "acc", "comp", 1),
    _rule(
        r"(?:with (?:no|zero)|without(?: any| an?)?|at no) (?:loss|drop|sacrific(?:e|ing)|compromis(?:e|ing)|degradation|decrease|losing|decline|cost|reduction)"
        rf"(?: (?:of|in|on|to))?(?: any)? ?(?:the |its )?(?:{words.NOUNS['acc']})",
        "acc", "same", attach=True,
    ),
    _rule(rf"(?:loses|has|shows) no (?:{words.NOUNS['acc']})(?: loss)?", "acc", "same"),
    _rule(
        r"(?:caught|catch(?:es)?|catching) up(?: (?:with|to))?(?:,? (?:or|and|and even|or even) (?:have |has )?"
        r"(?:surpass|overtak|pass|beat|exceed)\w*)?|closed the gap(?: (?:with|to))?|drawn level with|drawn even with",
        "acc", "caught",
    ),
    _rule(r"(?:number one|no\. 1|unbeaten|unsurpassed|second to none)", "acc", "best", 1),
)  # fmt: skip

_OF_SUBJECT: tuple[Rule, ...] = (
    # of the subject's own dimension
    _rule(rf"{Q} (?:{words.LESS}|down|under)", "", "comp", -1),
    _rule(rf"{Q} (?:{words.MORE}|up)", "", "comp", 1),
    _rule(rf"{DEG}(?:lower|smaller|reduced|less|shorter|fewer) by {Q}", "", "comp", -1),
    _rule(rf"{DEG}(?:higher|greater|larger|more|longer) by {Q}", "", "comp", 1),
    _rule(rf"{DEG}(?:lower|smaller|less|shorter|below)", "", "comp", -1),
    _rule(rf"{DEG}(?:higher|greater|larger|longer|above)", "", "comp", 1),
    _rule(rf"{Q} of (?:that of |those of )?{OBJ}(?:'s?)?", "", "share"),
    _rule(rf"{Q} (?:that|those) of", "", "share"),
    _rule(rf"{Q} as (?:high|large|much|many|long) as", "", "share"),
    _rule(rf"{Q} {OBJ}'s", "", "share"),
    _rule(r"the same as|(?:just )?as (?:low|high) as|equal to|identical to", "", "same"),
    _rule(rf"{U} {PER}", "", "level"),
    _rule(rf"{PTS_PCT}", "", "level"),
)  # fmt: skip
"""What is said of the dimension that the subject names; any rule that names its own comes first."""

RULES: tuple[Rule, ...] = (
    *_TABLE,
    *(rule for dim, noun in words.NOUNS.items() for rule in _needing(noun, _of_noun(dim))),
    *_comparatives(),
    *_OF_SUBJECT,
)
