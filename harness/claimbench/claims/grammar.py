"""What the claim grammar can read: predicates (what is said) and modifiers, as one table of
patterns.

A sentence is scanned for every predicate; overlapping matches yield to the longest. Names of arms
are masked before (:mod:`claimbench.claims.names`), so that the 5 of "gpt-5" is never a number of
the claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

NUM = r"\d+(?:\.\d+)?"
PCT = rf"(?P<pct>{NUM}) ?%"
TIMES = rf"(?P<n>{NUM}) ?(?:x|×|times|-? ?fold)"
CHEAPER = (
    r"(?:cheaper|less expensive|less costly|more affordable|lower[- ](?:cost|price)s?|lower[-"
    r" ]priced|"
    r"(?:cost|price)s? less|less costs?)"
)
FASTER = r"(?:faster|quicker|speedier|snappier|more responsive)"
SHORTER = (
    r"(?:less|lower|shorter|reduced)[- ](?:latency|ttft|tpot|e2e|time to first token|response"
    r" times?|waiting times?)"
)
BETTER = (
    r"(?:more accurate|better|higher accuracy|higher[- ]quality|more correct|smarter|more capable)"
)
FRACTION = r"(?P<frac>half|(?:a|one)[ -](?:third|quarter|fifth|tenth|twentieth|hundredth))"
FRACTIONS = {
    "half": 0.5,
    "third": 1 / 3,
    "quarter": 0.25,
    "fifth": 0.2,
    "tenth": 0.1,
    "twentieth": 0.05,
    "hundredth": 0.01,
}
COST = r"(?:the |its |their )?(?:cost|price|bill)s?"
TIME = (
    r"(?:the |its |their )?(?:latency|ttft|tpot|e2e|time to first token|response time|waiting time)"
)
BELOW = r"(?:under|below|less than|at most|no more than|within|up to|<=?|≤)"


@dataclass(frozen=True, slots=True)
class Predicate:
    """One thing a sentence says of its subject, with its place in the text.

    ``number`` is a fraction (0.9 for 90%), a factor (10 for 10x), dollars per 1,000 requests or
    seconds, by relation; ``precision`` is half a unit of its last digit on the same scale.
    ``swap``: the sentence names the loser first.
    """

    start: int
    end: int
    kind: str
    relation: str
    number: float | None = None
    precision: float | None = None
    metric: str | None = None
    reading: str | None = None
    modifier: str | None = None
    quantile: float | None = None
    swap: bool = False


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    kind: str
    relation: str
    reading: str | None = None
    metric: str | None = None
    modifier: str | None = None
    swap: bool = False


def _rule(pattern: str, kind: str, relation: str, **more: str | bool) -> _Rule:
    edge_start = r"(?<![\w.])" if not pattern.startswith(r"\$") else ""
    return _Rule(re.compile(f"{edge_start}(?:{pattern})(?![\\w])"), kind, relation, **more)  # type: ignore[arg-type]


RULES: tuple[_Rule, ...] = (
    # cost
    _rule(rf"{PCT} {CHEAPER}", "cost", "less_by"),
    _rule(rf"costs? (?:\S+ )?{PCT} less", "cost", "less_by"),
    _rule(rf"{PCT} (?:cost|price) (?:reduction|savings?|advantage)", "cost", "less_by"),
    _rule(rf"(?:cut|reduce|lower|slash)(?:s|ting|es|d|ing)? {COST} by {PCT}", "cost", "less_by"),
    _rule(rf"sav(?:es?|ings? of|ing) {PCT}", "cost", "less_by"),
    _rule(rf"{TIMES} {CHEAPER}", "cost", "times_less"),
    _rule(rf"(?:at |for |costs? )?{FRACTION} (?:of )?{COST}", "cost", "less_by"),
    _rule(rf"(?:at |for |costs? )?(?:only )?(?P<pctof>{NUM}) ?% of {COST}", "cost", "less_by"),
    _rule(rf"costs? (?:only )?(?P<pctof>{NUM}) ?% of(?: what)?", "cost", "less_by"),
    _rule(rf"costs? (?:only )?{FRACTION} of(?: what)?", "cost", "less_by"),
    _rule(r"(?:just )?as (?:cheap|inexpensive|affordable)(?: as)?", "cost", "as"),
    _rule(rf"(?:for|at) the same (?:cost|price)|the same {COST}", "cost", "as"),
    _rule(CHEAPER, "cost", "less"),
    _rule(
        r"cheapest|least expensive|most affordable|lowest[- ](?:cost|price)",
        "cost",
        "less",
        modifier="best",
    ),
    _rule(
        r"(?:very )?(?:cheap|low[- ]cost|low[- ]priced|inexpensive|affordable)", "cost", "at_most"
    ),
    _rule(
        rf"{BELOW} ?\$ ?(?P<usd>{NUM}) ?(?:per|for|/|a) ?(?P<per>1,?000 (?:requests|calls|queries)|"
        r"1k(?: requests| calls| queries)?|thousand(?: requests| calls|"
        r" queries)?|request|call|query)",
        "cost",
        "at_most",
    ),
    _rule(r"more expensive|costlier|pricier|dearer|costs? more", "cost", "less", swap=True),
    # latency
    _rule(rf"{PCT} {FASTER}", "latency", "less_by"),
    _rule(rf"{PCT} {SHORTER}", "latency", "less_by", reading="time_cut"),
    _rule(
        rf"(?:cut|reduce|lower|slash)(?:s|ting|es|d|ing)? {TIME} by {PCT}",
        "latency",
        "less_by",
        reading="time_cut",
    ),
    _rule(
        rf"{PCT} (?:higher|more) (?:throughput|output speed|tokens per second)",
        "latency",
        "less_by",
        reading="rate_up",
        metric="tpot",
    ),
    _rule(
        rf"{TIMES} (?:{FASTER}|{SHORTER}|the speed|as fast(?: as)?|as quick(?: as)?)",
        "latency",
        "times_less",
    ),
    _rule(
        rf"(?:at |in )?{FRACTION} (?:of )?(?:{TIME}|the time)",
        "latency",
        "less_by",
        reading="time_cut",
    ),
    _rule(
        r"(?:just )?as (?:fast|quick|responsive)(?: as)?|the same (?:latency|speed)",
        "latency",
        "as",
    ),
    _rule(rf"{FASTER}|{SHORTER}", "latency", "less"),
    _rule(r"fastest|quickest|lowest[- ]latency", "latency", "less", modifier="best"),
    _rule(
        r"(?:very )?(?:fast|quick|low[- ]latency|responsive|real[- ]time|snappy)",
        "latency",
        "at_most",
    ),
    _rule(
        rf"{BELOW} ?(?P<time>{NUM}) ?(?P<unit>ms|milliseconds?|s|secs?|seconds?)",
        "latency",
        "at_most",
    ),
    _rule(r"slower|higher latency", "latency", "less", swap=True),
    # accuracy
    _rule(rf"{PCT} {BETTER}", "accuracy", "more_by"),
    _rule(
        rf"(?P<pts>{NUM}) ?(?:(?:percentage|%|accuracy)[- ]?)?(?:points?|pp|pts)"
        rf"(?: (?:{BETTER}|higher|above|ahead))?",
        "accuracy",
        "more_by",
        reading="points",
    ),
    _rule(
        rf"{PCT} (?:fewer|less|lower) (?:errors?|mistakes?|error rates?|wrong answers)",
        "accuracy",
        "more_by",
        reading="error_reduction",
    ),
    _rule(rf"{TIMES} {BETTER}", "accuracy", "times_more"),
    _rule(
        r"(?:caught|catch(?:es)?|catching) up(?: (?:with|to))?(?:,? (?:or|and|and even|or even)"
        r" (?:have |has )?"
        r"(?:surpass|overtak|pass|beat|exceed)\w*)?|closed the gap(?: (?:with|to))?",
        "accuracy",
        "caught_up",
    ),
    _rule(
        r"(?:just |at least |exactly )?as (?:accurate|good|capable|smart|strong)(?:"
        r" as)?|match(?:es|ed)?|"
        r"on (?:a )?par with|no worse than|non-inferior to|not inferior to|equals?|"
        r"(?:comparable|the same|equal|same) (?:quality|accuracy)(?: to| as)?|"
        r"(?:with no|without(?: any)?) (?:loss|drop) (?:of|in) (?:quality|accuracy)",
        "accuracy",
        "as",
    ),
    _rule(
        rf"{BETTER}|beats?|beaten|outperform(?:s|ed)?|surpass(?:es|ed)?|exceeds?|overt(?:akes?|ook|aken)",
        "accuracy",
        "more",
    ),
    _rule(r"best|most accurate|smartest|most capable", "accuracy", "more", modifier="best"),
    _rule(r"(?:very |really )?(?:good|accurate|capable|high[- ]quality)", "accuracy", "at_least"),
    _rule(
        rf"(?:at least |over |above |more than )?{PCT} (?:accura(?:te|cy)|correct(?: answers)?)",
        "accuracy",
        "at_least",
    ),
    _rule(r"less accurate|worse|lower accuracy", "accuracy", "more", swap=True),
)

_MODIFIERS: tuple[tuple[str, str], ...] = (
    (r"up to", "up_to"),
    (r"about|around|roughly|approximately|nearly|almost|circa|~|some", "about"),
    (r"sometimes|often|in some cases|can be|for some \w+|on some \w+", "sometimes"),
    (r"more than|over|at least|>", "at_least"),
)
_QUANTILE = re.compile(
    r"\bp(\d{2}(?:\.\d+)?)\b|\b(\d{2}(?:\.\d+)?)(?:th|st|nd|rd)"
    r" percentile|\b(median|typical)(?:ly)?\b"
)
_METRICS = (
    (r"\bttft\b|time to (?:the )?first token|first token", "ttft"),
    (
        (
            r"\btpot\b|per[- ]token|inter[- ]token|output speed|tokens per"
            r" second|throughput|decod(?:e|ing)"
        ),
        "tpot",
    ),
    (r"\be2e\b|end[- ]to[- ]end|total time|response times?|whole answers?", "e2e"),
)

_UNITS = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORDS: Mapping[str, int] = {
    **{w: i for i, w in enumerate(_UNITS)},
    **{w: 10 * i for i, w in enumerate(_TENS) if w},
    "hundred": 100,
}

_ELSEWHERE: tuple[tuple[str, bool, str], ...] = (
    (
        r"\btrending\b|\btop (?:\d+|three|four|five|ten|twenty)\b|\bleaderboard\b",
        True,
        "the dated ranking itself (its page, date and rule), read from its publisher",
    ),
    (
        r"\bdownload(?:s|ed)?\b|\bgithub stars?\b|\blikes\b|\bforks\b",
        True,
        "dated counts from the platform that serves the files, with how it counts",
    ),
    (
        r"\bmarket share\b|\badopt(?:ion|ed|ing)\b|\bmost (?:popular|used)\b|\bpopularity\b",
        True,
        "a usage survey or billing statistics with sample and date",
    ),
    (
        r"\bcustomers?\b|\busers\b",
        False,
        "a usage survey or billing statistics with sample and date",
    ),
    (
        r"\btrained (?:on|for|with)\b|\btraining costs?\b|\bgpu[- ]hours\b|\bparameters\b",
        False,
        "the maker's technical report, or an audit of it",
    ),
    (r"\brevenue\b|\bvaluation\b|\bfunding\b|\bjobs\b", False, "published accounts"),
)
"""What no run of models can measure: pattern, whether it overrules a readable predicate, evidence
needed instead.
"""


def evidence_elsewhere(text: str) -> str | None:
    """Say what evidence a sentence needs instead of a run of models; None where it can be
    measured.
    """
    readable = bool(find_predicates(text))
    for pattern, always, evidence in _ELSEWHERE:
        if (always or not readable) and re.search(pattern, text):
            return evidence
    return None


UNDERSTOOD = """\
cost      "90% cheaper than X", "10x cheaper", "at a tenth of the price", "cheaper", "as cheap as X", "the cheapest",
          "under $0.50 per 1,000 requests"
accuracy  "30% more accurate than X", "5 points better", "20% fewer errors", "more accurate", "as accurate as X",
          "just as good", "caught up with or surpassed X", "the best", "at least 90% accurate"
latency   "faster", "faster at p95", "30% faster", "2x faster", "30% lower latency", "as fast as X", "the fastest",
          "ttft p95 under 450 ms"
before it about, nearly, up to, sometimes; joined by "and" or commas: "just as good and 90% cheaper"
classes   "open models have caught up with closed ones\""""  # noqa: E501 - a table


def normalise(text: str) -> str:
    """Return the text in lower case with plain quotes and dashes, numbers as digits, "per cent" as
    %, one space between words.
    """
    out = text.lower().replace("—", " - ").translate(str.maketrans("’‘“”–", "''\"\"-"))
    out = re.sub(r"\s+", " ", out)
    out = re.sub(r"\b(twice|double)\b", "2 times", out)
    out = re.sub(r"\bthrice\b", "3 times", out)
    tens, units = "|".join(w for w in _TENS if w), "|".join(_UNITS[1:10])
    out = re.sub(rf"\b({tens})[- ]({units})\b", lambda m: str(_WORDS[m[1]] + _WORDS[m[2]]), out)
    number = "|".join(sorted(_WORDS, key=len, reverse=True))
    out = re.sub(
        rf"\b({number})(?=[- ]?(?:per ?cent|percent|%|times|fold|points?)\b)",
        lambda m: str(_WORDS[m[1]]),
        out,
    )
    out = re.sub(r"(?<=\d)[- ](?=fold\b)", "", out)
    return re.sub(r" ?\b(?:per ?cent)\b", "%", out).strip()


def find_predicates(text: str) -> list[Predicate]:
    """Return every predicate of a normalised text with masked names, in order.

    Longer matches win over those they overlap.
    """
    found = sorted(_matches(text), key=lambda p: (p.start - p.end, p.start))
    kept: list[Predicate] = []
    for predicate in found:
        if all(predicate.end <= other.start or predicate.start >= other.end for other in kept):
            kept.append(predicate)
    kept.sort(key=lambda p: p.start)
    return _join_thresholds([_in_context(text, kept, i) for i in range(len(kept))])


def _matches(text: str) -> Iterator[Predicate]:
    for rule in RULES:
        for match in rule.pattern.finditer(text):
            number, precision = _number(match)
            yield Predicate(
                match.start(),
                match.end(),
                rule.kind,
                rule.relation,
                number,
                precision,
                rule.metric,
                rule.reading,
                rule.modifier,
                None,
                rule.swap,
            )


def _half_digit(digits: str) -> float:
    return 0.5 * 10.0 ** -(len(digits.split(".")[1]) if "." in digits else 0)


def _number(match: re.Match[str]) -> tuple[float | None, float | None]:
    groups = {k: v for k, v in match.groupdict().items() if v}
    if "frac" in groups:
        word = re.split(r"[ -]", groups["frac"])[-1]
        return 1 - FRACTIONS[word], 0.005
    if "pctof" in groups:
        return 1 - float(groups["pctof"]) / 100, _half_digit(groups["pctof"]) / 100
    for name, scale in (("pct", 100.0), ("pts", 100.0), ("n", 1.0)):
        if name in groups:
            return float(groups[name]) / scale, _half_digit(groups[name]) / scale
    if "usd" in groups:
        return (
            float(groups["usd"])
            * (1000.0 if groups["per"] in {"request", "call", "query"} else 1.0),
            0.0,
        )
    if "time" in groups:
        return float(groups["time"]) / (1000.0 if groups["unit"].startswith("m") else 1.0), 0.0
    return None, None


def _in_context(text: str, kept: list[Predicate], i: int) -> Predicate:
    """Add the modifier just before the predicate, and the metric and percentile named near it."""
    this = kept[i]
    left = kept[i - 1].end if i else 0
    right = kept[i + 1].start if i + 1 < len(kept) else len(text)
    before, around = text[left : this.start], text[left:right]
    modifier, precision = this.modifier, this.precision
    for pattern, name in _MODIFIERS:
        if modifier is None and re.search(rf"(?:^|[\s(,])(?:{pattern})(?: the)? ?$", before):
            modifier = name
    if modifier == "at_least":  # "more than 90%" leaves nothing to rounding
        modifier, precision = None, 0.0
    if modifier is None and re.search(r"\bsometimes\b|\bin some cases\b", around):
        modifier = "sometimes"
    if this.kind != "latency":
        reading = this.reading
        if this.kind == "cost" and re.search(r"per (?:correct|right) answer", around):
            reading = "per_correct"
        elif this.kind == "cost" and re.search(
            r"per token|per million tokens|list prices?", around
        ):
            reading = "list_price"
        return replace(this, modifier=modifier, precision=precision, reading=reading)
    metric = this.metric or next((m for pattern, m in _METRICS if re.search(pattern, around)), None)
    return replace(
        this, modifier=modifier, precision=precision, metric=metric, quantile=_quantile(around)
    )


def _quantile(text: str) -> float | None:
    match = _QUANTILE.search(text)
    if match is None:
        return None
    digits = match[1] or match[2]
    return float(digits) / 100 if digits else 0.5


def _join_thresholds(found: list[Predicate]) -> list[Predicate]:
    """Join a bare adjective and the limit that follows it: "fast (ttft p95 under 2 s)" is one
    claim.
    """
    out: list[Predicate] = []
    for predicate in found:
        last = out[-1] if out else None
        bare = last is not None and last.relation in {"at_most", "at_least"} and last.number is None
        if (
            last is not None
            and bare
            and last.kind == predicate.kind
            and predicate.relation == last.relation
        ):
            out[-1] = replace(
                predicate,
                start=last.start,
                metric=predicate.metric or last.metric,
                quantile=predicate.quantile or last.quantile,
            )
        else:
            out.append(predicate)
    return out
