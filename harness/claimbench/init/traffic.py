"""``bench init --from-traffic``: a log of production's own requests -> rows of a suite.

What looks personal is masked before anything else, copies are dropped, and the rows are drawn by
seed in the shares that the applications and lengths have in the log. The reference is what the
incumbent (the model that answered most) said: a score is agreement with it, not correctness.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from claimbench.error_words import one_of
from claimbench.errors import SuiteError
from claimbench.init.columns import draw
from claimbench.init.personal_data import LIMITS, mask_value
from claimbench.suite.files.traffic.read import Traffic, read_traffic
from claimbench.suite.files.traffic.requests import LoggedRequest
from claimbench.suite.files.values import digest
from claimbench.suite.table import DataRow, ReadOptions, Table
from claimbench.types import Json

ID = "request_id"
TURNS = "messages"
REFERENCE = "reference"
SESSION = "session"
APPLICATION = "application"
_CUT = ("length", "max_tokens", "content_filter", "error")


@dataclass(frozen=True, slots=True)
class TrafficFile:
    """A log of production traffic; ``incumbent``: whose answers are the reference, where it is not
    the model that answered most.
    """

    path: Path
    incumbent: str | None = None


@dataclass(frozen=True, slots=True)
class Draw:
    """How requests are drawn: at most so many, by seed; ``mask`` what looks personal."""

    most: int
    seed: int
    mask: bool = True
    incumbent: str | None = None


def traffic_table(path: Path, options: ReadOptions, wanted: Draw, notes: list[str]) -> Table:
    """Return the rows of a log as a table of conversations with references, and note what was
    left out, masked and drawn.

    Raises:
        SuiteError: no log, one without prompts or answers, or a model that answered nothing.
    """
    traffic = read_traffic(path, replace(options, wide=True, nan_is_null=True))
    incumbent = _incumbent(traffic, wanted.incumbent)
    kept = _usable(traffic, incumbent, notes)
    if wanted.mask:
        kept = _masked(kept, notes)
    unique = _distinct(kept, notes)
    drawn = _drawn(unique, wanted, notes)
    notes.insert(
        0,
        f"{len(traffic.requests)} requests of a log of {traffic.kind}; the reference is what"
        f" {incumbent} answered: a score is agreement with it, not correctness",
    )
    several = len({request.kind for request in drawn}) > 1
    sessions = any(request.group for request in drawn)
    rows = []
    for request in drawn:
        values: dict[str, Json] = {
            ID: request.id,
            TURNS: list(request.turns),
            REFERENCE: request.answer,
        }
        if sessions:
            values[SESSION] = request.group or request.id
        if several:
            values[APPLICATION] = request.kind or "none"
        rows.append(DataRow(values, request.line))
    return Table(str(path), tuple(rows[0].values), tuple(rows), "jsonl")


def _incumbent(traffic: Traffic, wanted: str | None) -> str:
    counts = Counter(r.model for r in traffic.requests if r.turns and r.answer and not r.error)
    if not counts:
        raise SuiteError(
            "no request with both its messages and its answer: a suite cannot be made of it",
            path=traffic.path,
            hint=(
                "log them first (LiteLLM: store_prompts_in_spend_logs; OpenTelemetry: capture of"
                " message content), or use the log's dollars and times: bench import"
            ),
        )
    if wanted is None:
        return counts.most_common(1)[0][0]
    if wanted not in counts:
        raise SuiteError(
            f"no answers of {wanted!r} in the log",
            path=traffic.path,
            hint=f"models that answered: {one_of([m for m, _ in counts.most_common()])}",
        )
    return wanted


def _usable(traffic: Traffic, incumbent: str, notes: list[str]) -> list[LoggedRequest]:
    """Return the incumbent's whole answers; say how many others there are, and why."""
    kept = []
    left: Counter[str] = Counter()
    for request in traffic.requests:
        if request.model != incumbent:
            left["of other models"] += 1
        elif request.error:
            left["with a fault"] += 1
        elif not request.turns:
            left["without their messages"] += 1
        elif request.turns[-1].get("role") == "assistant":
            left["whose answer was begun for the model"] += 1
        elif not (request.answer or "").strip():
            left["without an answer"] += 1
        elif (request.finish or "").casefold() in _CUT:
            left["whose answer was cut off or filtered"] += 1
        else:
            kept.append(request)
    if left:
        said = ", ".join(f"{n} {what}" for what, n in left.most_common())
        notes.append(f"left out: {said}")
    if len(kept) < 2:
        raise SuiteError(
            f"{len(kept)} usable requests of {incumbent}", path=traffic.path, hint="; ".join(notes)
        )
    return kept


def _masked(requests: Sequence[LoggedRequest], notes: list[str]) -> list[LoggedRequest]:
    """Replace what looks personal in every turn and answer."""
    seen: Counter[str] = Counter()
    made = []
    for request in requests:
        turns: list[Mapping[str, Json]] = []
        for turn in request.turns:
            cleaned, found = mask_value(dict(turn))
            turns.append(cleaned)
            seen += found
        answer, found = mask_value(request.answer)
        seen += found
        made.append(replace(request, turns=tuple(turns), answer=answer))
    if seen:
        said = ", ".join(f"{n} {kind}" for kind, n in seen.most_common())
        notes.append(f"masked in messages and answers: {said} ({LIMITS})")
    else:
        notes.append(f"nothing to mask was found ({LIMITS})")
    return made


def _distinct(requests: Sequence[LoggedRequest], notes: list[str]) -> list[LoggedRequest]:
    """Keep one of the requests that ask the same, the first; blanks and case aside."""
    first: dict[str, LoggedRequest] = {}
    clashes = 0
    for request in requests:
        key = digest([[t.get("role"), _folded(t.get("content"))] for t in request.turns])
        known = first.setdefault(key, request)
        clashes += _folded(known.answer) != _folded(request.answer)
    dropped = len(requests) - len(first)
    if dropped:
        told = f"; {clashes} of them were answered otherwise" if clashes else ""
        notes.append(f"{dropped} copies of requests dropped{told}")
    return list(first.values())


def _folded(value: Json) -> Json:
    return " ".join(value.casefold().split()) if isinstance(value, str) else value


def _drawn(
    requests: Sequence[LoggedRequest], wanted: Draw, notes: list[str]
) -> list[LoggedRequest]:
    """Draw requests by seed, from each stratum (application, system prompt, third of lengths) its
    share, by largest remainders.
    """
    if len(requests) <= wanted.most:
        return list(requests)
    lengths = sorted(map(_length, requests))
    cuts = lengths[len(lengths) // 3], lengths[2 * len(lengths) // 3]
    strata: dict[tuple[str, str, int], list[LoggedRequest]] = defaultdict(list)
    for request in requests:
        third = sum(_length(request) > cut for cut in cuts)
        strata[request.kind, _system(request), third].append(request)
    shares = {key: wanted.most * len(mine) / len(requests) for key, mine in strata.items()}
    take = {key: int(share) for key, share in shares.items()}
    by_rest = sorted(shares, key=lambda key: (take[key] - shares[key], key))
    for key in by_rest[: wanted.most - sum(take.values())]:
        take[key] += 1
    chosen: set[str] = set()
    for key, mine in strata.items():
        ordered = sorted(mine, key=lambda request: draw(wanted.seed, request.id))
        chosen.update(request.id for request in ordered[: take[key]])
    notes.append(
        f"{wanted.most} of {len(requests)} requests drawn at random (seed {wanted.seed}), in the"
        f" shares of {len(strata)} strata (application, system prompt, length); --max-rows takes"
        " more"
    )
    return [request for request in requests if request.id in chosen]


def _length(request: LoggedRequest) -> int:
    return sum(len(str(turn.get("content") or "")) for turn in request.turns)


def _system(request: LoggedRequest) -> str:
    texts = [t.get("content") for t in request.turns if t.get("role") in ("system", "developer")]
    return digest(texts) if texts else ""
