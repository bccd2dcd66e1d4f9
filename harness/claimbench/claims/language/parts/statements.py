"""What a sentence says, piece by piece, and small questions about the pieces."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.amounts import Amount
from claimbench.claims.language.parts.chunks import Chunk
from claimbench.claims.language.tables.pieces import Rule
from claimbench.errors import ClaimError

REST = -1
"""Stands for every arm that the sentence does not speak of."""


@dataclass
class Statement:
    """One thing said of its subjects. Arms are numbers of mentions; ``task`` and ``slice`` too.

    ``listed``: how it came of a list ("in", "and", "done" once it has its amount). ``but``: arms
    that are left out. ``mutual``: the subjects are compared with each other. ``joined``: the word
    between its rivals. ``denial``: the word that denies it. ``hedges``: words without an amount.
    ``led``: what is measured stands before the rivals, for those to come too.
    ``count``: (k, n) tasks, n = 0 for those of the suite; ``share_of_tasks``: k / n of the suite's
    tasks, more than that if strict.
    """

    rule: Rule
    text: str
    dim: str
    way: str
    sign: int
    amount: Amount | None = None
    share: Amount | None = None
    ours: list[int] = field(default_factory=list)
    theirs: list[int] = field(default_factory=list)
    swap: bool = False
    negated: bool = False
    attach: bool = False
    per: str | None = None
    metric: str | None = None
    quantile: float | None = None
    reading: str | None = None
    modifier: str | None = None
    count: tuple[int, int] | None = None
    tasks: tuple[int, ...] = ()
    slice: int | None = None
    degree: str | None = None
    own_dim: bool = False
    clause: int = 0
    listed: str = ""
    but: list[int] = field(default_factory=list)
    mutual: bool = False
    joined: str = ""
    denial: str = ""
    hedges: tuple[str, ...] = ()
    share_of_tasks: tuple[int, int, bool] | None = None
    led: bool = False


class Unread(Exception):
    """Words that no rule consumed, their place (subject, object, elsewhere) and span."""

    def __init__(self, text: str, place: str, span: tuple[int, int] = (0, 0)) -> None:
        super().__init__(text)
        self.text = text
        self.place = place
        self.span = span


def denied(said: Sequence[Statement], arms: Sequence[int]) -> list[Statement]:
    """What "unlike gamma" adds: the same is not true of gamma."""
    out = []
    for statement in said:
        twin = twin_of(statement)
        twin.ours = list(arms)
        twin.negated = not statement.negated
        out.append(twin)
    if len(said) > 1:
        raise ClaimError('"unlike" with several parts', hint="write one claim for each part")
    return out


def twin_of(statement: Statement) -> Statement:
    """Copy a statement with lists of its own."""
    twin = replace(statement)
    twin.ours = list(statement.ours)
    twin.theirs = list(statement.theirs)
    twin.but = list(statement.but)
    return twin


def as_kind(chunk: Chunk, kind: str) -> Chunk:
    """Copy a chunk under another kind."""
    return Chunk(kind, chunk.text, chunk.start, chunk.match, chunk.rule)


def dim_named(match: re.Match[str]) -> str:
    """Return the dimension whose noun a chunk matched."""
    found = match.groupdict()
    return next(dim for dim in words.NOUNS if found.get(dim))


def same_side(one: str, other: str) -> bool:
    """Tell whether two dimensions are one, or speed and time."""
    return one == other or {one, other} == {"time", "rate"}


def quantile(match: re.Match[str]) -> float | None:
    """Give the percentile that a chunk names: p95, 95th percentile, median; None without."""
    found = match.groupdict()
    digits = found.get("p") or found.get("pth")
    if digits:
        return float(digits) / 100
    return 0.5 if found.get("median") else None


def note_metric(text: str, before: dict[str, object]) -> None:
    """Note the time that words name for the statement to come."""
    metric = metric_of(text)
    if metric is not None:
        before["metric"] = metric


def note_reading(text: str, before: dict[str, object]) -> None:
    """Note the price that words name for the statement to come."""
    reading = reading_of(text)
    if reading is not None:
        before["reading"] = reading


def metric_of(text: str) -> str | None:
    """Give the time that words name: ttft, tpot or e2e; None for "latency"."""
    if re.search(r"ttft|first[- ]token", text):
        return "ttft"
    if re.search(r"tpot|per (?:output )?token|inter[- ]token", text):
        return "tpot"
    return "e2e" if re.search(r"e2e|end[- ]to[- ]end", text) else None


def reading_of(text: str) -> str | None:
    """Give the reading that words of a price name: "list price", "per-request cost"."""
    if re.search(r"per[- ]token (?!latency|time)|\blist (?:price|cost)", text):
        return "list_price"
    return "per_request" if re.search(r"per[- ]request (?:cost|price)", text) else None


def two_measures(text: str) -> ClaimError:
    """Make the refusal of a sentence that compares one measure with another."""
    return ClaimError(
        f"{text.strip()!r}: one measure is compared with another",
        hint="name one percentile, time or price for both sides",
    )


def same_measure(made: Statement, text: str, p: float | None) -> None:
    """Refuse a rival's quantity (its words, its percentile) that is not the statement's own.

    A rival's plain "latency" is the subject's, except of a first token or of one token.
    """
    own = made.metric or metric_of(made.text)
    metric = metric_of(text)
    other_time = metric != own and (metric is not None or own in {"ttft", "tpot"})
    reading = reading_of(text)
    if (
        p not in {None, made.quantile}
        or (made.dim == "time" and other_time)
        or reading not in {None, made.reading or reading_of(made.text)}
    ):
        raise two_measures(text)


def per_what(found: Mapping[str, str | None], amounts: Sequence[Amount]) -> str:
    """Say what a price is per: count, kind and side, such as "1000 request"."""
    text = found["per"] or ""
    count = found.get("count")
    number = int(amounts[int(count)].value) if count else None
    if number is None:
        number = (
            1000 if re.match(r"thousand|1k", text) else 10**6 if text.startswith("million") else 1
        )
    kind = "request"
    if re.search("correct|right", text):
        kind = "correct"
    elif "token" in text:
        kind = "token"
    side = next((s for s in ("input", "output", "prompt", "completion") if s in text), "")
    return f"{number} {kind} {found.get('side') or side}".strip()
