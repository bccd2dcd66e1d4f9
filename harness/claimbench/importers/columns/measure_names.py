"""Columns of times, dollars, tokens and other measures, by the words in their names: none of them
holds scores, and none is a model.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

ROLES = (
    "usd",
    "latency_s",
    "latency_ms",
    "ttft_s",
    "ttft_ms",
    "input_tokens",
    "output_tokens",
)
"""Roles of the columns that measure an answer."""
_TIMES = """
    latency latencies duration durations elapsed runtime time times e2e ttft seconds secs sec ms
    millis milliseconds minutes dauer laufzeit antwortzeit zeit sekunden durée temps duración tiempo
    durata tempo время
"""
_COSTS = """
    cost costs price prices spend usd dollar dollars $ € £ eur euro euros cents kosten preis coût
    coûts coste costo precio prezzo custo стоимость цена
"""
_TOKENS = "token tokens tok"
_OTHER = """
    confidence confidences certainty uncertainty probability probabilities prob probs logprob
    logprobs entropy temperature seed length len chars characters throughput tps rps speed memory
    vram watts energy joules co2 retries attempts steps konfidenz sicherheit wahrscheinlichkeit
    temperatur länge confiance température confianza temperatura longitud probabilidad
"""
_BESIDE = """
    total response wall clock first to in out input output prompt completion s sek min h the of
    us generation inference api call
"""
_WORDS = frozenset(f"{_TIMES} {_COSTS} {_TOKENS}".split())
_OTHERS = frozenset(_OTHER.split())
_PLAIN = _WORDS | frozenset(_BESIDE.split())
_TIME = (
    r"(?:total|response|e2e|elapsed|wall|wallclock|inference|generation)*"
    r"(?:latency|duration|elapsed|runtime|time|e2e|dauer|laufzeit|antwortzeit|zeit|durée|temps"
    r"|duración|tiempo|durata|tempo)(?:in)?"
)
_S = r"(?:s|secs?|seconds?|sek|sekunden)"
_MS = r"(?:ms|millis|milliseconds?)"
_COST = r"(?:cost|costs|price|kosten|preis|coût|coste|costo|spend)"
_FORMS = {
    "ttft_s": rf"(?:ttft|timetofirsttoken)(?:in)?{_S}",
    "ttft_ms": rf"(?:ttft|timetofirsttoken)(?:in)?{_MS}",
    "latency_s": rf"{_TIME}{_S}|seconds|secs|sec",
    "latency_ms": rf"{_TIME}{_MS}|ms|millis|milliseconds",
    "usd": rf"(?:total)?(?:{_COST}(?:in)?(?:usd|us\$|\$|dollars)|usd{_COST}?|dollars|\$|costs?)",
    "input_tokens": r"(?:input|prompt|in)tokens|tokens(?:in|input|prompt)",
    "output_tokens": r"(?:output|completion|out)tokens|tokens(?:out|output|completion)",
}
_NAMED = {role: re.compile(form) for role, form in _FORMS.items()}


def is_measure(column: str) -> bool:
    """Tell a column of times, money, tokens, confidences or settings by a word of its name."""
    return bool(_whole_words(column) & (_WORDS | _OTHERS))


def is_compared(column: str) -> bool:
    """Tell a column of what is compared here: times, money or tokens."""
    return bool(_whole_words(column) & _WORDS)


def likely_role(column: str) -> str:
    """Return the role that a measure without a unit most likely has, as an example to a person."""
    words = _whole_words(column)
    if words & set(_COSTS.split()):
        return "usd"
    return "output_tokens" if words & set(_TOKENS.split()) else "latency_s"


def words_of(column: str) -> tuple[str, ...]:
    """Return the words of a name in lower case, split at capitals and before and after digits:
    ``GPT-4_latencyMs`` has gpt, 4, latency, ms.
    """
    return tuple(re.findall(r"[^\W\d_]+|\d+|[$€£]", _spaced(column)))


def role_of_words(words: Sequence[str]) -> str | None:
    """Return the role of a measure that is called by these words and no others; None where they
    state no unit, or something else.
    """
    joined = "".join(words)
    return next((role for role, form in _NAMED.items() if form.fullmatch(joined)), None)


def only_measure(words: Sequence[str]) -> bool:
    """Tell words that name a measure and nothing beside it: of them none is a model's."""
    plain = words_of("e2e")
    rest = [word for word in words if word not in plain]
    return bool(words) and all(word in _PLAIN for word in rest)


def _whole_words(column: str) -> set[str]:
    return {word for word in re.split(r"[^\w$€£]+|_", _spaced(column)) if word}


def _spaced(column: str) -> str:
    text = unicodedata.normalize("NFKC", column)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).casefold()
