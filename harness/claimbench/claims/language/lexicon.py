# ruff: noqa: E501 - tables of words
"""The words of claims, as tables: what is compared, which way, and what may stand between."""

from __future__ import annotations


def forms(*verbs: str) -> str:
    """Return a pattern of every form of regular verbs: "offer" also as offers, offered, offering.

    "cut+t" doubles its last letter before -ing and -ed.
    """
    out = []
    for verb in verbs:
        stem, _, double = verb.partition("+")
        if stem.endswith("e"):
            out.append(f"{stem[:-1]}(?:es?|ed|ing)")
        elif stem.endswith("y") and stem[-2] not in "aeou":
            out.append(f"{stem[:-1]}(?:y|ies|ied|ying)")
        elif stem.endswith(("s", "sh", "ch", "x", "z")):
            out.append(f"{stem}(?:es|ed|ing)?")
        elif double:
            out.append(f"{stem}(?:s|{double}(?:ed|ing))?")
        else:
            out.append(f"{stem}(?:s|ed|ing)?")
    return "|".join(out)


NOUNS: dict[str, str] = {
    "acc": r"(?:average |mean |task |answer |overall |response |output |prediction |benchmark |test |model )*(?:accuracy|quality|correctness|performances?)"
    r"|(?:benchmark |test |overall )?scores?|share of right answers|accurac(?:ies)",
    "err": r"(?:errors?|mistakes?|wrong answers?)(?: rates?)?|error[- ]rates?|failures?|failure rates?",
    "cost": r"(?:average |mean |inference |api |running |operating |tokens? |per[- ]token |per[- ]request |total |overall |serving |usage |model |llm |list )*"
    r"(?:costs?|prices?|bills?|pricing|spend|price tag|expenses?|dollars|price point)|(?:per[- ]token|api|token) rates",
    "time": r"(?:inference |api |request |response |overall |model )?latenc(?:y|ies)|(?:time to (?:the )?first token |first[- ]token )latency"
    r"|response[- ]times?|waiting[- ]times?|wait|delays?|answer times?"
    r"|(?:ttft|tpot|e2e)(?: latenc(?:y|ies)| times?)?|time to (?:the )?first token|end[- ]to[- ]end (?:time|latency)"
    r"|time per (?:output )?token|inference times?|generation times?|runtimes?|processing times?|turnaround times?",
    "rate": r"throughput|speed|(?:output|generation|decoding|inference|token|processing|response) (?:speed|throughput)|tokens per second|tps",
}
"""What a sentence can compare: share of right answers, errors, dollars, seconds, tokens per second."""

NOUN_STEMS: dict[str, tuple[str, ...]] = {
    "acc": ("accura", "quality", "correctness", "performance", "score", "right answers"),
    "err": ("error", "mistake", "wrong answer", "failure"),
    "cost": ("cost", "pric", "bill", "spend", "expense", "dollars", "rates"),
    "time": ("latenc", "time", "wait", "delay", "ttft", "tpot", "e2e"),
    "rate": ("throughput", "speed", "tokens per second", "tps"),
}
"""Every noun of the table above holds one of these."""
ALL_STEMS = tuple(stem for stems in NOUN_STEMS.values() for stem in stems)

LESS = r"less|lower|smaller|reduced|shorter|fewer|decreased"
MORE = r"more|higher|greater|larger|increased|longer"
GOOD = r"better|improved|superior|faster|stronger"
BAD = r"worse|poorer|inferior|weaker"
"""Before a noun of the table above; the last two go the way that is good or bad for it."""
FALLING = frozenset({"err", "cost", "time"})
"""What is better when there is less of it."""

COMPARATIVES: tuple[tuple[str, str, int], ...] = (
    (r"cheaper|less expensive|less costly|more affordable|lower[- ](?:cost|priced?)|more economical|less pricey", "cost", -1),
    (r"more expensive|costlier|pricier|dearer|more costly|less affordable|less cheap|higher[- ]priced", "cost", 1),
    (r"faster|quicker|speedier|snappier|more responsive|swifter|less slow", "time", -1),
    (r"slower|less responsive|more sluggish|less fast|less quick", "time", 1),
    (r"more accurate|better|higher accuracy|higher[- ]quality|more correct|smarter|more capable|stronger|more precise"
     r"|more often (?:right|correct)|superior(?: to)?|less (?:error-prone|wrong)", "acc", 1),
    (r"less accurate|worse|lower accuracy|lower[- ]quality|less correct|less capable|weaker|poorer|less precise"
     r"|less often (?:right|correct)|inferior(?: to)?|less good|more error-prone|more often wrong", "acc", -1),
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

CUT = (
    rf"(?:cut(?:s|ting)?|{forms('reduce', 'lower', 'slash', 'decrease', 'trim+m', 'drop+p')}|shrinks?|shrinking|shrank"
    r"|brings? down|bringing down|brought down|driv(?:es?|ing) down|drove down)"
)
RAISE = rf"(?:{forms('raise', 'increase', 'boost', 'lift')})"
IMPROVE = rf"(?:{forms('improve', 'enhance')}|improv(?:es?|ing) on)"
_BEAT = (
    rf"{forms('outperform', 'surpass', 'exceed', 'outscore', 'outclass', 'top+p', 'defeat')}|beats?|beating"
    r"|overtakes?|overtook|overtaking|outdo(?:es|ing)?|outdid|edg(?:es?|ed|ing) out|tops|excels over|bests|bested|besting"
)
BEAT = rf"(?:{_BEAT})"
BEATEN = r"(?:beaten|outperformed|surpassed|exceeded|overtaken|outscored|outclassed|outdone|bested|topped|defeated|edged out)"
_MATCH = (
    rf"{forms('match', 'meet')}|rivals?|rivalled|rivaled|rivaling|rivalling|keeps? up with|keeping up with|kept up with"
    r"|performs? as well as|performing as well as|does as well as|stands up to|holds up against|is a match for"
    r"|(?:reaches|reaching|achieves|achieving|at|in) parity with"
)
MATCH = rf"(?:{_MATCH})"
BEAT_STEMS = (
    "outperform",
    "surpass",
    "exceed",
    "outscor",
    "outclass",
    "top",
    "defeat",
    "beat",
    "overt",
    "outd",
    "edg",
    "excels",
    "best",
)
MATCH_STEMS = (
    "match",
    "meet",
    "rival",
    "keep",
    "kept",
    "perform",
    "does as",
    "stands",
    "holds",
    "parity",
)
"""Every word of the two groups above holds one of its stems."""
EQUAL = r"(?:equal(?:s|ed|ling)?|ties with|ties|tied with|is tied with)"
"""Both directions: an arm that is far better does not equal its rival."""
OR_BETTER = (
    rf"(?:(?:{_MATCH}|{forms('equal')})(?: the (?:accuracy|quality|performance) of)?,? (?:or|and)(?: even| slightly)? (?:improv(?:es?|ing)(?: on| upon)?|{_BEAT})"
    rf"|(?:{_BEAT}),? or (?:at least )?(?:{_MATCH}|equals?))"
)
"""At least as good, perhaps better: "matches or exceeds"."""
RETAIN = (
    rf"(?:{forms('retain', 'reach', 'deliver', 'achieve', 'maintain', 'preserve', 'match', 'attain', 'recover', 'offer', 'provide')}"
    rf"|keeps?|keeping|kept|gets?|getting|got|has|have|having|gives?|giving|with|at|{forms('show', 'yield', 'obtain')})"
)
DEGREES = (
    r"much|far|way|significantly|substantially|considerably|dramatically|vastly|slightly|a bit|a little|somewhat"
    r"|a lot|notably|noticeably|markedly|clearly|marginally|drastically|massively|hugely|greatly|measurably|strictly"
    r"|narrowly|comfortably|easily|handily|decisively|only slightly|only marginally|way way|moderately|remarkably|materially"
)
SIGNIFICANT = frozenset(
    {
        "significantly",
        "substantially",
        "materially",
        "much",
        "noticeably",
        "markedly",
        "measurably",
        "considerably",
    }
)
"""Degrees that a denial may hold: "not significantly worse" is "as good as"."""
"""Words of degree that state no amount: they are said to be untested."""

REACH = rf"(?:{forms('reach', 'achieve', 'attain', 'match', 'retain', 'preserve', 'recover', 'deliver')}|gets?|hits?)"
"""Verbs that name the rival's level: "reaches 95% of beta"."""

VERSUS = r"versus|(?:as )?compared (?:with|to)|in comparison (?:with|to)|relative to|against|over|next to"
COMPARE = rf"than(?: (?:with|using|for|on|from)(?= (?:the )?⟦))?|{VERSUS}"
BE = (
    r"is|are|was|were|comes?|(?:must|shall)(?: be| have| cost)?|being|be|has been|have been|remains?|stays?|proves?(?: to be)?|turns? out(?: to be)?"
    r"|comes? in|ends? up|looks"
)
HAVE = (
    rf"has|have|had|having|gets?|got|getting|gives?|gave|giving|makes?|making|made|does|do|did|doing|runs?|ran|running|comes with|coming with"
    rf"|{forms('offer', 'provide', 'deliver', 'achieve', 'reach', 'show', 'exhibit', 'produce', 'boast', 'feature', 'obtain', 'attain', 'yield')}"
    rf"|{forms('perform', 'work', 'operate', 'respond', 'answer', 'score', 'cost', 'demonstrate', 'record', 'post', 'enjoy', 'represent')}"
    rf"|{forms('return', 'retain', 'maintain', 'preserve', 'generate', 'process', 'handle', 'build', 'enable', 'charge')}"
    r"|brings?|brought|bringing|keeps?|kept|keeping|hits?|hitting|sits?|sitting|with|at|sees"
)
WORK = (
    r"(?: (?:an? |the |its |each |all )?(?:requests?|answers?|quer(?:y|ies)|prompts?|questions?|outputs?|responses?|results?|tokens?|text"
    r"|documents?|tickets?|inference|predictions?|completions?))"
)
"""What a verb of doing may have behind it, saying nothing: "processes requests", "returns an answer"."""

FILLERS = (
    "a", "an", "the", "our", "their", "its", "it", "model", "models", "system", "systems",
    "llm", "llms", "provider", "providers", "platform", "service", "api", "product", "engine", "assistant", "chatbot", "solution", "version",
    "new", "brand-new", "latest", "fine-tuned", "finetuned", "distilled", "quantized", "quantised", "also", "actually", "really", "overall", "still", "now", "today", "here", "already", "indeed", "simply",
    "in fact", "in our tests", "in our test", "in our evaluation",
    "in our experiments", "on our data", "on our benchmark", "on this benchmark", "in this benchmark", "in this test", "on this data",
    "we find that", "we found that", "we show that", "results show that", "our results show that",
    "they say", "they claim", "we say", "it is said", "as reported", "reportedly", "according to them", "respectively",
    "of the bunch", "of all", "of the lot", "of them all", "out there", "on the market", "in the test", "in the field",
    "of the three", "of the two", "of the 3", "of the 2", "therefore", "thus", "being", "at all", "per se",
    ",", ":", "(", ")", '"', "'", "!", "-", "on average", "at the same time", "in practice",
    "in terms of", "in total", "available", "to run", "to use", "to operate", "all in all",
)  # fmt: skip
"""The closed list: words that say nothing that could be tested."""

HEDGES = (
    r"generally|in general|usually|mostly|largely|by far|on the whole|by and large"
    r"|by (?:a |an )?(?:very )?(?:small|slim|narrow|thin|slight|wide|large|big|huge|comfortable|significant|considerable|clear)(?: (?:but|yet) \w+)? margin"
    r"|by a mile"
)
"""Words that say how often or how far, without an amount: they are said to be untested."""

UNTESTABLE: tuple[tuple[str, str], ...] = (
    (r"\b(?:may|might|could|should|would|will|expected to|aims to|plans to|designed to|promises to)\b",
     "what may or will be is no statement about the data: say what is"),
    (r"\b(?:if|unless|provided that|assuming|depending on)\b", "a condition cannot be judged: state it as `task:` or `slice:`"),
    (r"\baverage (?:latency|response time)|mean (?:latency|response time)|(?:latency|response time) on average",
     "averages of times are not judged, because one stalled call moves them: name a percentile, such as p50"),
    (r"\bfrom \$?\d", "from one number to another is a change over time: state the difference between two arms"),
    (r"\bcost[- ](?:effective|efficient)|price[- ]performance|value for money|efficien(?:t|cy)",
     "state it in dollars, such as \"half the cost per correct answer\""),
    (r"[€£¥₹₩]|\b(?:euros?|eur|pounds?|gbp|sterling|yuan|rmb|yen|jpy|chf|rupees?|francs?)\b|\b(?!us)[a-z]{1,2}\$|(?<=\d) ?元",
     "prices are judged in US dollars: state them in dollars"),
    (r"^(?:of|among|amongst|out of) (?:all |the |those |its )*(?:models?|systems?|llms?|ones|arms?|rivals?)? ?(?:under|below|above|over|with|at|costing|priced|that|which)\b",
     "the best of a part of the models is not compared: name the rivals"),
    (r"\^\d", "a raised or lowered digit is a footnote or a power: write the number without it"),
    (r"\?[?!\s]*$", "a question states nothing: write it as a statement"),
    (r"(?<![\d.,])\d{1,3}\.000 ?(?:%|x\b|times)|\$ ?\d{1,3}\.000(?!\d)",
     "a point before three zeros may mark thousands: write \"1,000\" or \"1\""),
    (r"(?:<n\d+>|\b\d+(?:\.\d+)?) ?(?:ms|s|seconds?|milliseconds?|\$) (?:faster|slower|cheaper|less|more)\b|\$ ?\d+(?:\.\d+)? (?:cheaper|less|more)\b(?! (?:per|an?|each|every) (?:month|year))",
     "differences in seconds or dollars are not judged: state a percentage, a factor or a limit"),
    (r"\b(?:every|each|all|100 ?%)(?: of)?(?: the| its)? (?:single )?(?:requests?|quer(?:y|ies)|questions?|calls?|answers?|prompts?) (?:are |is )?(?:\w+ )?(?:in|within) (?:under |less than |at most )?\d",
     "no sample shows every request: state a percentile, such as \"99% of requests\""),
)  # fmt: skip
"""Readable words of which nothing testable can be made, and what to say instead."""
