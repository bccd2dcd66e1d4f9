"""A run -> the members of a bundle: its rows, and everything that is derived from them.

Making and verifying go the same way: the rows are put into a database of their own, read back as
any run is, judged, and written out. So a bundle holds nothing that its rows do not give, and
whoever verifies makes all of it once more.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from claimbench.claims.as_json import verdict_json
from claimbench.claims.other_runs import names_baseline
from claimbench.codec import encode
from claimbench.errors import IntegrityError
from claimbench.evaluation import given
from claimbench.evaluation.evaluate import Evaluation, evaluate
from claimbench.evaluation.stored import StoredRun, read_run
from claimbench.evidence.hidden import (
    WITHHELD,
    Commitments,
    Redaction,
    Row,
    Split,
    commitments,
    folded,
    leaf,
    split,
)
from claimbench.evidence.merkle import root_hash
from claimbench.evidence.registration import OPTION
from claimbench.evidence.values import lines, pretty
from claimbench.pricing.run import book_of
from claimbench.store.raw_rows import TABLES, RawRow, add_raw, read_raw
from claimbench.store.results import ResultsStore
from claimbench.types import Attempt, Json

PREDICATE = "urn:claimbench:evidence:v1"
FORMAT = 1
"""Version of the members and of the predicate. History: 1 = first."""
LISTED = (*TABLES, "scores", "costs")
"""Tables of a bundle: those of the store, and what its rows were worth; in the tree's order."""
SEED_BYTES = 32
Tables = Mapping[str, Sequence[Row]]


class Derive(Protocol):
    """Makes the members that reports are (``report.json``, ``report.html``, ``decision.json``)."""

    def __call__(
        self, store: ResultsStore, evaluation: Evaluation, profile: str
    ) -> Mapping[str, bytes]:
        """Return name -> content; the same for the same rows."""


@dataclass(frozen=True, slots=True)
class Made:
    """A bundle before it is packed: ``members`` without the manifest, and what that says."""

    members: Mapping[str, bytes]
    predicate: Mapping[str, Json]


@contextmanager
def rebuilt(tables: Tables, *, chained: bool) -> Iterator[tuple[ResultsStore, str]]:
    """Give a database of its own that holds one run, for as long as the block runs.

    Args:
        tables: the run's rows; ``scores`` and ``costs`` among them are left out.
        chained: as in :func:`claimbench.store.raw_rows.add_raw`.
    """
    mine = {name: tables[name] for name in TABLES}
    with (
        TemporaryDirectory(prefix="claimbench-") as folder,
        ResultsStore.open(Path(folder)) as store,
    ):
        yield store, add_raw(store, mine, chained=chained)


def make(
    store: ResultsStore,
    run_id: str,
    redaction: Redaction,
    seed_of: Callable[[], bytes],
    derive: Derive,
) -> Made:
    """Return what a bundle of a stored run holds.

    Args:
        store: holds the run; it is verified first.
        run_id: the run.
        redaction: what is shown of texts: ``full`` all, ``hashed`` their salted hashes, ``none``
            nothing.
        seed_of: gives the secret, :data:`SEED_BYTES` long, from which salts come; a full bundle
            holds it. It is asked for once the run is verified.
        derive: makes the reports.

    Raises:
        IntegrityError: the run was tampered with, or its own texts were taken out.
    """
    store.verify(run_id)
    rows = read_raw(store, run_id)
    if any(row["kind"] == given.SCORE for row in rows["derived"]):
        raise IntegrityError(
            f"run {run_id} came from a redacted bundle: its texts are not here",
            hint="hand on the bundle that it came from",
        )
    seed = seed_of()
    with rebuilt(rows, chained=True) as (copy, _):
        judged = evaluate(read_run(copy, run_id, verified=True))
        tables = {**rows, "scores": score_rows(judged), "costs": cost_rows(judged)}
        if redaction == "full":
            members = derived_members(copy, judged, redaction, derive)
            return Made(
                {**row_members(tables), **members},
                predicate(judged, redaction, tree_of(leaves_of(tables, seed)), seed),
            )
    splits = split_tables(tables)
    hashes = committed(splits, seed)
    shown = {name: [one.open for one in splits[name]] for name in LISTED}
    with judged_redacted(shown) as (copy, evaluation):
        members = derived_members(copy, evaluation, redaction, derive)
        return Made(
            {**redacted_members(splits, hashes, redaction), **members},
            predicate(evaluation, redaction, tree_of(leaves(splits, hashes)), None),
        )


def predicate(
    evaluation: Evaluation, redaction: Redaction, tree: Mapping[str, Json], seed: bytes | None
) -> dict[str, Json]:
    """Return what a bundle's manifest says beside the hash of each member."""
    manifest = evaluation.stored.manifest
    return {
        "format": FORMAT,
        "run": manifest.run_id,
        "measured_sha256": manifest.measured_sha256,
        "redaction": redaction,
        "merkle": dict(tree),
        "salt_seed": None if seed is None else seed.hex(),
        "not_recomputable": list[Json](not_recomputable(evaluation, redaction)),
        "not_compared": [],
    }


def not_recomputable(evaluation: Evaluation, redaction: Redaction) -> list[str]:
    """Say what nobody can compute from a redacted bundle, and has to be believed to its maker."""
    if redaction == "full":
        return [*_of_baseline(evaluation), *stated_scores(evaluation)]
    stated = evaluation.stored.given
    said = [
        *_of_baseline(evaluation),
        "scores: they need the answers and targets; each is the one that the full run gave",
        "hash chains and seals: they cover the texts; the Merkle root takes their place",
        "the measured hash: it covers prompts and samples",
        "verdicts on speed per token: they are held against the texts, and inconclusive here",
    ]
    said += [f"the route {name}: what it goes by is in the texts" for name in _withheld(evaluation)]
    if stated is not None and stated.costs:
        said.append(
            f"dollars of {len(stated.costs):,} calls: no usage is on record, and their texts bound"
            " the bill"
        )
    return said


def _withheld(evaluation: Evaluation) -> list[str]:
    """Return the routes that go by what answers say, which is not there."""
    facts = evaluation.context.routes.items()
    codes = {name: {one.code for one in route.by_task.values()} for name, route in facts}
    return [name for name, mine in codes.items() if "route_texts_withheld" in mine]


def _of_baseline(evaluation: Evaluation) -> Iterator[str]:
    """Name the claims that rest on another run."""
    for verdict in evaluation.verdicts:
        if names_baseline([verdict.claim]):
            yield (
                f"claim {verdict.claim.id!s:.80}: it names an arm of a baseline, another run whose"
                " rows are not in this bundle; here it is not comparable, whatever the run's own"
                " report says"
            )


_STATED = {
    "python": "a script beside the suite gave them, and no script runs here",
    "judge": "they are read from the judge's stored answers; no judge was asked again",
    "imported": "another tool gave them",
    "lm_eval": "lm-eval's own code gives them, whichever is installed",
}
"""Scorer -> why its scores rest on what was stored, and are not made from answers anew."""


def stated_scores(evaluation: Evaluation) -> Iterator[str]:
    """Say which scores of a full run are taken as stored."""
    for task in evaluation.stored.suite.tasks:
        for scorer in task.scorers:
            why = _STATED.get(scorer.name)
            if why is not None:
                yield f"scores of {scorer.name} on {task.name!s:.80}: {why}"
    if evaluation.stored.people.labels:
        yield "labels of people: they are what was typed in"
    if evaluation.stored.energy is not None:
        yield "electricity: it is what the run's meter said"


# --- tables and their members ---------------------------------------------------------------------


def score_rows(evaluation: Evaluation) -> list[Row]:
    """Return each score of a run as a row."""
    return [json.loads(encode(score)) for score in evaluation.scores]


def cost_rows(evaluation: Evaluation) -> list[Row]:
    """Return the dollars of each call, arms' and judges', as a row."""
    calls = {**evaluation.costs.calls, **evaluation.judge_costs.calls}
    return [{"call_id": call, **json.loads(encode(calls[call]))} for call in sorted(calls)]


def member_of(table: str) -> str:
    """Return the name of a table's member."""
    return f"rows/{table}.jsonl"


def row_members(tables: Tables) -> dict[str, bytes]:
    """Return the rows of each table as they are, as JSON Lines."""
    return {member_of(name): lines({"row": dict(row)} for row in tables[name]) for name in LISTED}


def split_tables(tables: Tables) -> dict[str, list[Split]]:
    """Take the texts out of every row."""
    return {name: [split(name, row) for row in tables[name]] for name in LISTED}


def committed(splits: Mapping[str, Sequence[Split]], seed: bytes) -> dict[str, list[Commitments]]:
    """Return the salted hashes of the texts of every row, by table."""
    return {
        name: [commitments(seed, name, number, one.hidden) for number, one in enumerate(rows)]
        for name, rows in splits.items()
    }


def redacted_members(
    splits: Mapping[str, Sequence[Split]],
    hashes: Mapping[str, Sequence[Commitments]],
    redaction: Redaction,
) -> dict[str, bytes]:
    """Return the open part of each row with the salted hashes of its texts, or one hash of them."""

    def row(one: Split, found: Commitments) -> Json:
        hidden: Json = dict(found) if redaction == "hashed" else folded(found)
        return {"row": dict(one.open), "hidden": hidden}

    return {member_of(name): lines(map(row, splits[name], hashes[name])) for name in LISTED}


def leaves(
    splits: Mapping[str, Sequence[Split]], hashes: Mapping[str, Sequence[Commitments]]
) -> dict[str, list[bytes]]:
    """Return the leaves of every table's rows."""
    return {
        name: [
            leaf(name, one.open, folded(found))
            for one, found in zip(splits[name], hashes[name], strict=True)
        ]
        for name in LISTED
    }


def leaves_of(tables: Tables, seed: bytes) -> dict[str, list[bytes]]:
    """Return the leaves of tables that hold their texts."""
    splits = split_tables(tables)
    return leaves(splits, committed(splits, seed))


def tree_of(found: Mapping[str, Sequence[bytes]]) -> dict[str, Json]:
    """Return what a manifest says of the Merkle tree: the root over all leaves, and for each table
    its number of rows and a root of its own, so that the one that differs can be named.
    """
    tables: dict[str, Json] = {
        name: {"rows": len(found[name]), "root": root_hash(found[name]).hex()} for name in LISTED
    }
    root = root_hash(one for name in LISTED for one in found[name])
    return {"hash": "RFC 6962, SHA-256", "root": root.hex(), "tables": tables}


# --- redacted runs --------------------------------------------------------------------------------


@contextmanager
def judged_redacted(shown: Tables) -> Iterator[tuple[ResultsStore, Evaluation]]:
    """Give a database of a run without its texts, and that run judged by its stated scores.

    Dollars are computed; of calls whose bill only their text bounds they are taken as stated.

    Raises:
        IntegrityError: other dollars differ from those stated.
    """
    with rebuilt(with_given(shown, {}), chained=False) as (store, run_id):
        evaluation = evaluate(read_run(store, run_id))
        costs = resting_on_texts(evaluation, shown["costs"])
        if not costs:
            yield store, evaluation
            return
    with rebuilt(with_given(shown, costs), chained=False) as (store, run_id):
        yield store, evaluate(read_run(store, run_id, verified=True))


def with_given(shown: Tables, costs: Mapping[str, Row]) -> Tables:
    """Return tables in which scores, and these costs, are derived rows of the run."""
    run_id = shown["runs"][0]["run_id"]
    rows: list[RawRow] = list(shown["derived"])
    stated: list[tuple[str, str, Row]] = []
    for number, row in enumerate(shown["scores"]):
        stated.append((given.SCORE, f"{number:09}", row))
    for call, row in costs.items():
        stated.append((given.COST, call, {k: v for k, v in row.items() if k != "call_id"}))
    for kind, row_id, row in stated:
        body = json.dumps(row, sort_keys=True, separators=(",", ":"))
        rows.append(
            {"run_id": run_id, "kind": kind, "key": given.KEY, "row_id": row_id, "body": body}
        )
    return {**shown, "derived": rows}


def resting_on_texts(evaluation: Evaluation, stated: Sequence[Row]) -> dict[str, Row]:
    """Return the stated dollars that differ from those computed without texts, by call.

    Raises:
        IntegrityError: a call's differ whose usage is on record: they rest on no text.
    """
    computed = {row["call_id"]: row for row in cost_rows(evaluation)}
    unmetered = _unmetered(evaluation.stored)
    found: dict[str, Row] = {}
    for number, row in enumerate(stated, start=1):
        call = row.get("call_id")
        if computed.get(call) == row:
            continue
        if call not in unmetered or call not in computed:
            raise IntegrityError(
                f"{member_of('costs')}: line {number}: the dollars of call {call!s:.80} are not"
                " what its usage and the price book give"
            )
        found[str(call)] = row
    if len(stated) != len(computed):
        raise IntegrityError(
            f"{member_of('costs')}: states {len(stated)} calls, {len(computed)} were priced"
        )
    return found


def _unmetered(stored: StoredRun) -> set[str]:
    def open_bill(attempt: Attempt) -> bool:
        usage = attempt.usage
        return usage is None or usage.input_fresh is None or usage.output_visible is None

    attempts = (*stored.attempts, *stored.judging.attempts)
    found = {attempt.call_id for attempt in attempts if open_bill(attempt)}
    return found | {intent.call_id for intent in stored.in_flight}


# --- what is derived ------------------------------------------------------------------------------


def derived_members(
    store: ResultsStore, evaluation: Evaluation, redaction: Redaction, derive: Derive
) -> dict[str, bytes]:
    """Return every member that is no row: suite and data, price book, claims, verdicts, reports."""
    stored = evaluation.stored
    suite = dict(store.manifest(stored.manifest.run_id).suite)
    members: dict[str, bytes] = {}
    tasks: list[Json] = []
    for number, task in enumerate(suite["tasks"], start=1):
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", str(task["name"]))[:60].strip("-.") or "task"
        name = f"data/{number:03}-{plain}.jsonl"
        members[name] = lines(task["samples"])
        tasks.append({**task, "samples": name})
    members["suite.json"] = pretty({**suite, "tasks": tasks})
    book = book_of(stored.manifest)
    members["prices.json"] = pretty({"sha256": book.sha256, "book": json.loads(book.text)})
    members["claims.json"] = pretty(as_json(list(stored.manifest.claims)))
    members["verdicts.json"] = pretty(as_json([verdict_json(one) for one in evaluation.verdicts]))
    kept = stored.manifest.options.get(OPTION)
    if kept is not None and kept != WITHHELD:
        members["registration.json"] = str(kept["envelope"]).encode("utf-8")
        if "timestamp" in kept:
            members["registration.tsr"] = base64.b64decode(str(kept["timestamp"]), validate=True)
    members.update(derive(store, evaluation, "full" if redaction == "full" else "none"))
    return members


def as_json(value: Any) -> Any:
    """Return a value of ours as JSON: money as text, an unbounded end as null, mappings in order
    of their keys.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): as_json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(inner) for inner in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal | Path):
        return str(value)
    if isinstance(value, float) and value - value != 0:  # infinite, or no number
        return None
    return value
