# ruff: noqa: E501 - tables of words
"""The words of claims, as tables: what is compared, which way, and what may stand between."""

from __future__ import annotations

NOUNS: dict[str, str] = {
    "acc": r"(?:task |answer |overall |response |output )?(?:accuracy|quality|correctness|performance)"
    r"|scores?|share of right answers|accurac(?:ies)",
    "err": r"(?:errors?|mistakes?|wrong answers?)(?: rates?)?|error[- ]rates?|failures?|failure rates?",
    "cost": r"(?:inference |api |running |operating |token |total |serving )?(?:costs?|prices?|bills?|pricing|spend|price tag"
    r"|expenses?|dollars)",
    "time": r"latenc(?:y|ies)|response[- ]times?|waiting[- ]times?|wait|delays?|answer times?"
    r"|ttft|tpot|e2e|time to (?:the )?first token|end[- ]to[- ]end (?:time|latency)"
    r"|time per (?:output )?token|inference time|runtime|processing time",
    "rate": r"throughput|speed|(?:output|generation|decoding|inference|token) (?:speed|throughput)|tokens per second|tps",
}
"""What a sentence can compare: share of right answers, errors, dollars, seconds, tokens per second."""

LESS = r"less|lower|smaller|reduced|shorter|fewer|decreased"
MORE = r"more|higher|greater|larger|increased|longer|better|improved"
"""Before a noun of the table above."""

COMPARATIVES: tuple[tuple[str, str, int], ...] = (
    (r"cheaper|less expensive|less costly|more affordable|lower[- ](?:cost|priced?)|more economical|less pricey", "cost", -1),
    (r"more expensive|costlier|pricier|dearer|more costly|less affordable|less cheap|higher[- ]priced", "cost", 1),
    (r"faster|quicker|speedier|snappier|more responsive|swifter|less slow", "time", -1),
    (r"slower|less responsive|more sluggish|less fast|less quick", "time", 1),
    (r"more accurate|better|higher accuracy|higher[- ]quality|more correct|smarter|more capable|stronger|more precise"
     r"|more often (?:right|correct)|superior(?: to)?|less (?:error-prone|wrong)", "acc", 1),
    (r"less accurate|worse|lower accuracy|lower[- ]quality|less correct|less capable|weaker|poorer|less precise"
     r"|less often (?:right|correct)|inferior(?: to)?|less good|more error-prone", "acc", -1),
)  # fmt: skip

POSITIVES: tuple[tuple[str, str, int], ...] = (
    (r"accurate|good|capable|smart|strong|correct|precise", "acc", 1),
    (r"cheap|inexpensive|affordable|economical", "cost", -1),
    (r"expensive|costly|pricey|dear", "cost", 1),
    (r"fast|quick|responsive|snappy", "time", -1),
    (r"slow", "time", 1),
)
"""Adjectives for "as ... as"."""

SUPERLATIVES: tuple[tuple[str, str, int], ...] = (
    (r"best|most accurate|smartest|most capable|strongest|state[- ]of[- ]the[- ]art|sota|highest[- ](?:accuracy|quality|scoring)", "acc", 1),
    (r"worst|least accurate|weakest", "acc", -1),
    (r"cheapest|least expensive|most affordable|lowest[- ](?:costs?|prices?|priced)|least costly", "cost", -1),
    (r"most expensive|dearest|costliest|priciest|highest[- ](?:costs?|prices?|priced)", "cost", 1),
    (r"fastest|quickest|lowest[- ]latency|most responsive|snappiest", "time", -1),
    (r"slowest|highest[- ]latency", "time", 1),
)  # fmt: skip

BARE: tuple[tuple[str, str, int], ...] = (
    (r"cheap|low[- ]cost|low[- ]priced|inexpensive|affordable", "cost", -1),
    (r"fast|quick|low[- ]latency|responsive|real[- ]time|snappy", "time", -1),
    (r"good|accurate|capable|high[- ]quality", "acc", 1),
)
"""Adjectives that state no limit; each may have "very" or "really" before it."""

CUT = r"(?:cuts?|cutting|reduc(?:es?|ed|ing)|lower(?:s|ed|ing)?|slash(?:es|ed|ing)?|decreas(?:es?|ed|ing)|trim(?:s|med|ming)?|shrinks?|drops?|brings? down)"
RAISE = r"(?:rais(?:es?|ed|ing)|increas(?:es?|ed|ing)|improv(?:es?|ed|ing)|boost(?:s|ed|ing)?|lifts?|enhances?)"

BEAT = r"(?:beats?|beating|outperform(?:s|ed|ing)?|surpass(?:es|ed|ing)?|exceeds?|exceeded|overtakes?|overtook|outscores?|outclasses|outdoes|bests|tops)"
BEATEN = r"(?:beaten|outperformed|surpassed|exceeded|overtaken|outscored|outclassed|outdone|bested|topped)"
MATCH = (
    r"(?:match(?:es|ed|ing)?|equal(?:s|ed|ling)?|rivals?|rivalled|rivaled|ties with|ties|keeps up with|keep up with"
    r"|performs? as well as|does as well as|stands up to|holds up against|is a match for)"
)
RETAIN = (
    r"(?:retain(?:s|ed|ing)?|reach(?:es|ed|ing)?|deliver(?:s|ed|ing)?|achiev(?:es?|ed|ing)|maintain(?:s|ed|ing)?"
    r"|keep(?:s|ing)?|preserv(?:es?|ed|ing)|match(?:es|ed|ing)?|attain(?:s|ed|ing)?|recover(?:s|ed|ing)?|offer(?:s|ed|ing)?|provid(?:es?|ed|ing)"
    r"|gets?|has|have|gives?|with|at|shows?|yields?|obtains?)"
)
DEGREES = (
    r"much|far|way|significantly|substantially|considerably|dramatically|vastly|slightly|a bit|a little|somewhat"
    r"|a lot|notably|noticeably|markedly|clearly|marginally|drastically|massively|hugely|greatly|measurably|strictly"
)
"""Words of degree that state no amount: they are said to be untested."""

COMPARE = r"than|versus|compared (?:with|to)|in comparison (?:with|to)|relative to|against|over|next to|as compared (?:with|to)"
BE = (
    r"is|are|was|were|comes?|(?:must|shall)(?: be| have| cost)?|being|be|has been|have been|remains?|stays?|proves?(?: to be)?|turns? out(?: to be)?"
    r"|comes? in|ends? up|looks"
)
HAVE = (
    r"has|have|had|gets?|got|offers?|provides?|delivers?|achieves?|reaches?|shows?|gives?|makes?|exhibits?|produces?"
    r"|boasts?|features?|obtains?|attains?|yields?|comes with|performs?|works?|runs?|operates?|does|do|did|responds?|answers?"
    r"|scores?|costs?|demonstrates?|records?|posts|enjoys|with|at|sees"
)

FILLERS = (
    "a", "an", "the", "our", "their", "its", "this", "that model", "it", "model", "models", "system", "systems",
    "llm", "llms", "also", "actually", "really", "overall", "still", "now", "today", "here", "already", "indeed", "simply",
    "in fact", "in general", "generally", "in our tests", "in our test", "in our evaluation",
    "in our experiments", "on our data", "on our benchmark", "on this benchmark", "in this benchmark", "in this test", "on this data",
    "we find that", "we found that", "we show that", "results show that", "our results show that",
    "they say", "they claim", "we say", "it is said", "as reported", "reportedly", "according to them", "respectively",
    "of the bunch", "of all", "of the lot", "of them all", "out there", "on the market", "in the test", "in the field",
    "therefore", "thus", "both", "being", "at all", "per se", "by far",
    ",", ":", "(", ")", '"', "'", "!", "-", "on average", "on the whole", "at the same time", "in practice",
    "in terms of", "in total", "available", "to run", "to use", "to operate", "all in all",
)  # fmt: skip
"""The closed list: words that say nothing that could be tested."""

UNTESTABLE: tuple[tuple[str, str], ...] = (
    (r"\b(?:may|might|could|should|would|will|expected to|aims to|plans to|designed to|promises to)\b",
     "what may or will be is no statement about the data: say what is"),
    (r"\b(?:if|unless|provided that|assuming|depending on)\b", "a condition cannot be judged: state it as `task:` or `slice:`"),
    (r"\baverage (?:latency|response time)|mean (?:latency|response time)|(?:latency|response time) on average",
     "averages of times are not judged, because one stalled call moves them: name a percentile, such as p50"),
    (r"\bfrom <", "from one number to another is a change over time: state the difference between two arms"),
    (r"\bcost[- ](?:effective|efficient)|price[- ]performance|value for money|efficien(?:t|cy)",
     "state it in dollars, such as \"half the cost per correct answer\""),
)  # fmt: skip
"""Readable words of which nothing testable can be made, and what to say instead."""
