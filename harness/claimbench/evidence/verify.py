"""Computes a bundle again from its rows, offline, and says where it differs.

Nothing in the file is believed: its form, the hash of each member, the signature, the Merkle root,
the chains and seals of the rows are asked first; then scores, dollars, tables, verdicts and reports
are made anew and compared. Without a digest or a key from elsewhere this shows that a bundle agrees
with itself, not who made it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claimbench._version import __version__
from claimbench.errors import BenchError, IntegrityError, PluginError, why_unreadable
from claimbench.evaluation import given
from claimbench.evaluation.evaluate import Evaluation, evaluate
from claimbench.evaluation.stored import read_run
from claimbench.evidence.archive import MANIFEST
from claimbench.evidence.bundle import (
    FORMAT,
    LISTED,
    PREDICATE,
    SEED_BYTES,
    Derive,
    Tables,
    cost_rows,
    derived_members,
    judged_redacted,
    leaves_of,
    member_of,
    predicate,
    rebuilt,
    score_rows,
    tree_of,
)
from claimbench.evidence.compare import differences, page_difference
from claimbench.evidence.hidden import Redaction, folded, leaf
from claimbench.evidence.registration import OPTION, made_anew, parse, standing
from claimbench.evidence.statement import Envelope, key_id, open_envelope
from claimbench.evidence.unzip import read_zip
from claimbench.evidence.values import read_json, read_lines
from claimbench.store.raw_rows import COLUMNS

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from claimbench.store.results import ResultsStore

MOST_FINDINGS = 20
_BROKEN = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""What rows of a stranger can make of code that was written for rows of ours; a RecursionError and
a UnicodeError are among them.
"""
_REDACTIONS: tuple[Redaction, ...] = ("full", "hashed", "none")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not agree: the member, and where in it and how."""

    member: str
    what: str

    def __str__(self) -> str:
        return f"{self.member}: {self.what}"


@dataclass(slots=True)
class Verified:
    """What verifying a bundle found; it holds if there are no ``findings``.

    ``origin``: who or what vouches for the file, in words; None: nobody does. ``tables`` and
    ``seed`` are the rows as read, for an import.
    """

    file_sha256: str
    run_id: str = ""
    redaction: Redaction = "full"
    root: str = ""
    rows: int = 0
    members: int = 0
    origin: str | None = None
    registration: str = ""
    """How the run stands to its registration, in a sentence."""
    findings: list[Finding] = field(default_factory=list)
    not_recomputed: list[str] = field(default_factory=list)
    tables: Tables = field(default_factory=dict)
    seed: bytes | None = None
    stated: frozenset[str] = frozenset()
    """Calls of a redacted bundle whose dollars rest on texts, and are taken as stated."""

    @property
    def holds(self) -> bool:
        """Say whether everything agreed."""
        return not self.findings

    def add(self, member: str, what: str) -> None:
        """Keep a finding, unless there are more than anybody reads."""
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(member, what))


def verify(
    path: Path,
    derive: Derive,
    *,
    digest: str | None = None,
    key: Ed25519PublicKey | None = None,
) -> Verified:
    """Verify the bundle at ``path``.

    Args:
        path: the file.
        derive: makes the reports, as for :func:`claimbench.evidence.bundle.make`.
        digest: SHA-256 of the file or the Merkle root of its rows, as its maker gave it.
        key: of its maker.

    Raises:
        IntegrityError: the file is no ZIP file that ClaimBench wrote.
        PluginError: a scorer of the suite is not installed here.
    """
    data, members = read_zip(path)
    found = Verified(hashlib.sha256(data).hexdigest(), members=len(members))
    envelope = _envelope(members, found)
    if envelope is None:
        return found
    stated = envelope.statement["predicate"]
    _subjects(envelope, members, found)
    if not _head(stated, found):
        return found
    tables, hidden = _tables(members, found)
    if tables is not None:
        found.tables, found.rows = tables, sum(map(len, tables.values()))
        tree = _root(stated, tables, hidden, found)
        if tree is not None:
            _recomputed(stated, tree, members, derive, found)
    _origin(envelope, found, digest, key)
    return found


# --- the envelope ---------------------------------------------------------------------------------


def _envelope(members: Mapping[str, bytes], found: Verified) -> Envelope | None:
    if MANIFEST not in members:
        found.add(MANIFEST, "is missing: this is no bundle")
        return None
    try:
        return open_envelope(members[MANIFEST], PREDICATE)
    except (ValueError, RecursionError) as error:
        found.add(MANIFEST, why_unreadable(error))
        return None


def _subjects(envelope: Envelope, members: Mapping[str, bytes], found: Verified) -> None:
    """Compare the hashes that the manifest states with the members that are there."""
    stated: dict[str, str] = {}
    try:
        for one in envelope.statement["subject"]:
            if set(one) != {"name", "digest"} or set(one["digest"]) != {"sha256"}:
                raise ValueError("a subject is not of the form name, digest")
            if one["name"] in stated:
                raise ValueError(f"{one['name']} is listed twice")
            stated[str(one["name"])] = str(one["digest"]["sha256"])
    except (TypeError, KeyError, ValueError) as error:
        found.add(MANIFEST, f"its list of members cannot be read ({error!s:.80})")
        return
    for name, content in members.items():
        if name == MANIFEST:
            continue
        if name not in stated:
            found.add(name, "is not in the manifest")
        elif hashlib.sha256(content).hexdigest() != stated[name]:
            found.add(name, "its SHA-256 is not the one in the manifest")
    for name in stated:
        if name not in members or name == MANIFEST:
            found.add(name, "is in the manifest, and not in the file")


def _head(stated: Any, found: Verified) -> bool:
    """Read what decides how everything else is read."""
    try:
        if stated["format"] != FORMAT:
            found.add(
                MANIFEST,
                f"is of format {stated['format']!r:.20}; ClaimBench {__version__} reads {FORMAT}",
            )
            return False
        redaction, seed = stated["redaction"], stated["salt_seed"]
        if redaction not in _REDACTIONS:
            raise ValueError(f"redaction is {redaction!r:.40}")
        if (seed is None) == (redaction == "full"):
            raise ValueError("a full bundle holds the seed of its salts, and only a full one")
        found.redaction = redaction
        if seed is not None:
            found.seed = bytes.fromhex(seed)
            if len(found.seed) != SEED_BYTES:
                raise ValueError(f"the seed of its salts has {len(found.seed)} bytes")
        found.run_id = str(stated["run"])
        found.root = str(stated["merkle"]["root"])
    except (TypeError, KeyError, ValueError) as error:
        found.add(MANIFEST, f"its predicate cannot be read ({error!s:.80})")
        return False
    return True


def _origin(
    envelope: Envelope, found: Verified, digest: str | None, key: Ed25519PublicKey | None
) -> None:
    """Ask what came from elsewhere: the digest, the key."""
    said: list[str] = []
    if digest is not None:
        if digest == found.file_sha256:
            said.append("the file has the SHA-256 that was given")
        elif digest == found.root:
            said.append("the rows have the Merkle root that was given")
        else:
            found.add(
                "the file",
                f"has neither as SHA-256 ({found.file_sha256}) nor as Merkle root"
                f" ({found.root or 'unknown'}) the digest that was given",
            )
    if key is not None:
        if envelope.signed_by(key):
            said.append(f"signed by the key that was given ({key_id(key)[:16]})")
        else:
            signed = "by another key" if envelope.signatures else "by nobody"
            found.add(MANIFEST, f"is not signed by the key that was given, but {signed}")
        if found.registration and _registered_by(found, key):
            found.registration += " The registration is signed by the key that was given."
    found.origin = " and ".join(said) or None


def _registered_by(found: Verified, key: Ed25519PublicKey) -> bool:
    """Say whether the registration that the run holds was signed with this key."""
    try:
        manifest = read_json(found.tables["runs"][0]["body"])
        return parse(str(manifest["options"][OPTION]["envelope"])).envelope.signed_by(key)
    except _BROKEN:
        return False


# --- rows -----------------------------------------------------------------------------------------


def _tables(
    members: Mapping[str, bytes], found: Verified
) -> tuple[Tables | None, Mapping[str, Sequence[str]]]:
    """Read the rows of every table; None where one cannot be read."""
    tables: dict[str, list[dict[str, Any]]] = {}
    hidden: dict[str, list[str]] = {}
    whole = True
    for table in LISTED:
        name = member_of(table)
        tables[table], hidden[table] = [], []
        if name not in members:
            found.add(name, "is missing")
            whole = False
            continue
        try:
            for number, line in enumerate(read_lines(members[name]), start=1):
                row, fold = _row(table, line, found.redaction, number)
                tables[table].append(row)
                hidden[table].append(fold)
        except (ValueError, RecursionError) as error:
            found.add(name, why_unreadable(error))
            whole = False
    if whole and len(tables["runs"]) != 1:
        found.add(member_of("runs"), f"holds {len(tables['runs'])} runs; a bundle holds one")
        whole = False
    return (tables if whole else None), hidden


def _row(table: str, line: Any, redaction: Redaction, number: int) -> tuple[dict[str, Any], str]:
    """Return one row, and one hash over the commitments to its texts where they are taken out."""
    keys = {"row"} if redaction == "full" else {"row", "hidden"}
    if not isinstance(line, dict) or set(line) != keys or not isinstance(line["row"], dict):
        raise ValueError(f"line {number}: is not of the form {', '.join(sorted(keys))}")
    row = line["row"]
    columns = COLUMNS.get(table)
    if columns is not None:
        if set(row) != set(columns):
            raise ValueError(f"line {number}: has other columns than {', '.join(columns)}")
        odd = [name for name, value in row.items() if type(value) not in (str, int, type(None))]
        if odd:
            raise ValueError(f"line {number}: {odd[0]} is neither text nor a whole number")
    elif not isinstance(row.get("call_id"), str):
        raise ValueError(f"line {number}: names no call")
    if redaction == "full":
        return row, ""
    shape = line["hidden"]
    if redaction == "none" and isinstance(shape, str):
        return row, shape
    hashes = shape.values() if redaction == "hashed" and isinstance(shape, dict) else None
    if hashes is not None and all(isinstance(value, str) for value in hashes):
        return row, folded(shape)
    raise ValueError(f"line {number}: its hidden texts are not stated as in a {redaction} bundle")


def _root(
    stated: Any, tables: Tables, hidden: Mapping[str, Sequence[str]], found: Verified
) -> Mapping[str, Any] | None:
    """Make the Merkle tree of the rows anew; None where a row cannot be read."""
    try:
        if found.seed is not None:
            made = leaves_of(tables, found.seed)
        else:
            made = {
                name: [
                    leaf(name, row, fold)
                    for row, fold in zip(tables[name], hidden[name], strict=True)
                ]
                for name in LISTED
            }
    except _BROKEN as error:
        found.add("rows", f"one cannot be read ({why_unreadable(error):.100})")
        return None
    tree = tree_of(made)
    listed = stated["merkle"].get("tables")
    for name in LISTED:
        if not isinstance(listed, dict) or listed.get(name) != tree["tables"][name]:
            found.add(
                member_of(name),
                "has another Merkle root than the manifest says: a row was changed, added, removed"
                " or moved",
            )
    if tree["root"] != found.root:
        found.add(MANIFEST, "its Merkle root is not that of the rows")
    return tree


# --- everything else ------------------------------------------------------------------------------


def _recomputed(
    stated: Any,
    tree: Mapping[str, Any],
    members: Mapping[str, bytes],
    derive: Derive,
    found: Verified,
) -> None:
    """Judge the rows anew and compare every member that is made from them."""
    tables = found.tables

    def compared(store: ResultsStore, evaluation: Evaluation) -> None:
        expected = derived_members(store, evaluation, found.redaction, derive)
        head = predicate(evaluation, found.redaction, tree, found.seed)
        _compared(dict(stated), head, members, expected, found)
        _registration(evaluation, found)

    try:
        for line in _refused(tables):
            found.add(member_of("derived"), line)
        if found.redaction == "full":
            with rebuilt(tables, chained=True) as (store, run_id):
                _chains(store, run_id, found)
                evaluation = evaluate(read_run(store, run_id, verified=True))
                _stated_rows("scores", tables, score_rows(evaluation), found)
                _stated_rows("costs", tables, cost_rows(evaluation), found)
                _measured(evaluation, found)
                compared(store, evaluation)
        else:
            with judged_redacted(tables) as (store, evaluation):
                taken = evaluation.stored.given
                found.stated = frozenset() if taken is None else frozenset(taken.costs)
                compared(store, evaluation)
    except PluginError as error:
        if found.holds:
            raise
        found.add("rows", f"cannot be judged: {error}")
    except BenchError as error:
        found.add("rows", _without_place(str(error)))
    except _BROKEN as error:
        found.add("rows", f"cannot be judged ({why_unreadable(error):.120})")


def _refused(tables: Tables) -> Iterator[str]:
    """Scores that a run's own rows state would be believed; a bundle states them in a table."""
    for number, row in enumerate(tables["derived"], start=1):
        if row["kind"] in (given.SCORE, given.COST):
            yield f"line {number}: states a {row['kind']}, which no run's own rows do"


def _chains(store: ResultsStore, run_id: str, found: Verified) -> None:
    """Ask chains, seals and rules, as every command does before it shows a figure."""
    try:
        store.verify(run_id)
    except IntegrityError as error:
        text = str(error).rpartition(f"run {run_id}: ")[2]
        table, mark, what = text.partition(": ")
        inside = mark and table in LISTED
        found.add(member_of(table) if inside else "rows", what if inside else text)


def _without_place(text: str) -> str:
    """Return an error of the database without the name of a file that is gone by now."""
    head, mark, rest = text.partition("bench.db: ")
    return rest if mark and "claimbench-" in head else text


def _measured(evaluation: Evaluation, found: Verified) -> None:
    """Make the hash of what was measured anew from the suite as stored."""
    manifest = evaluation.stored.manifest
    if made_anew(evaluation.stored.suite) == manifest.measured_sha256:
        return
    if manifest.tool_version == __version__:
        found.add(
            member_of("runs"), "the suite is not the one that its measured hash was made from"
        )
        return
    found.not_recomputed.append(
        f"the measured hash: stated by ClaimBench {manifest.tool_version!s:.40}; {__version__}"
        " makes another one from the suite as stored"
    )


def _stated_rows(
    table: str, tables: Tables, computed: Sequence[Mapping[str, Any]], found: Verified
) -> None:
    stated = tables[table]
    if len(stated) != len(computed):
        found.add(member_of(table), f"states {len(stated)} rows, recomputed are {len(computed)}")
    for number, (one, other) in enumerate(zip(stated, computed, strict=False), start=1):
        call = other.get("call_id")
        for line in differences(one, other):
            found.add(member_of(table), f"line {number} (call {call}): {line}")


def _registration(evaluation: Evaluation, found: Verified) -> None:
    stored = evaluation.stored
    found.registration = standing(
        stored.manifest, stored.suite, stored.sessions, stored.attempts, stored.looks
    ).line


def _compared(
    stated: Mapping[str, Any],
    head: Mapping[str, Any],
    members: Mapping[str, bytes],
    expected: Mapping[str, bytes],
    found: Verified,
) -> None:
    """Compare the members that are made from the rows, and what the manifest says of them
    (``stated``) with what it should say (``head``).
    """
    rows = {member_of(name) for name in LISTED}
    for name in members:
        if name not in expected and name not in rows and name != MANIFEST:
            found.add(name, "is no member of such a bundle")
    for name, content in expected.items():
        if name not in members:
            found.add(name, "is missing")
        elif members[name] != content:
            for line in _member_differences(name, members[name], content):
                found.add(name, line)
    for line in differences(stated, head):
        found.add(MANIFEST, line)
    found.not_recomputed += [str(line) for line in head["not_recomputable"]]


def _member_differences(name: str, stated: bytes, found: bytes) -> Iterator[str]:
    """Yield where a member differs from what was made anew; nothing if only roundings do."""
    if name.endswith(".html"):
        try:
            line = page_difference(stated.decode("utf-8"), found.decode("utf-8"))
        except ValueError:
            line = "is no text"
        if line is not None:
            yield line
        return
    try:
        if name.endswith(".jsonl"):
            yield from differences(list(read_lines(stated)), list(read_lines(found)))
        else:
            yield from differences(read_json(stated), read_json(found))
    except (ValueError, RecursionError) as error:
        yield why_unreadable(error)
