"""``bench init``, first half: a person's file -> clean items, with everything that was left out or
looked odd noted.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from claimbench.error_words import did_you_mean, one_of
from claimbench.errors import SuiteError
from claimbench.suite.datasets import DataRow, ReadOptions, Table, read_table
from claimbench.suite.decoding import is_western
from claimbench.types import Json

_CLUSTER_NAME = re.compile(
    r"(^|[\W_])(conversation|thread|dialog(ue)?|session|chat|document|doc|passage|customer|user|group|cluster)s?([\W_]|$)",
    re.IGNORECASE,
)
_ID_NAME = re.compile(r"(^|[\W_])(id|uid|uuid|key|nr|number)\.?$", re.IGNORECASE)
_MAX_SLICES = 3
ALIAS_NAMES = re.compile(
    r"alias|(^|[\W_])(answers|references|golds?|ideal|acceptable|possible|targets)([\W_]|$)", re.I
)
"""Names of columns that hold several right answers, of which each is one."""


@dataclass(frozen=True, slots=True)
class ProposedRoles:
    """Which column is what. ``why`` explains those that were not stated."""

    inputs: tuple[str, ...]
    target: str
    id: str | None
    cluster: str | None
    slices: tuple[str, ...]
    why: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UsableRow:
    """One usable row. ``key`` is its input in a form in which copies are equal."""

    id: str
    line: int
    values: Mapping[str, Json]
    target: Json
    cluster: str
    key: str


def read_source(path: Path, options: ReadOptions, wanted: Sequence[str]) -> tuple[Table, list[str]]:
    """Read the file; an encoding or sheet that was not stated is chosen, and the choice noted."""
    notes: list[str] = []
    try:
        return read_table(path, options), notes
    except SuiteError as exc:
        asked = "not UTF-8" in exc.message and options.encoding is None
        if asked and path.suffix.lower() != ".gz" and is_western(path.read_bytes()):
            table = read_table(path, replace(options, encoding="cp1252"))
            notes.append(
                f"the file is not UTF-8 (line {exc.line}); read as cp1252, the encoding of Excel on"
                " Windows"
            )
            return table, notes
        if "sheets hold data" in exc.message and options.sheet is None:
            return _pick_sheet(path, options, wanted, exc)
        raise


def _pick_sheet(
    path: Path, options: ReadOptions, wanted: Sequence[str], why: SuiteError
) -> tuple[Table, list[str]]:
    """Take the one sheet that has the stated columns; several such sheets are the person's choice,
    not ours, and so is it where no columns are stated.
    """
    found: list[Table] = []
    names = [name.strip() for name in why.message.partition(": ")[2].split(",")]
    fits: list[str] = []
    faults: list[str] = []
    hints = ["say which with --sheet"]
    for name in names:
        try:
            table = read_table(path, replace(options, sheet=name))
        except SuiteError as fault:
            faults.append(f"'{name}' cannot be read ({fault.message})")
            hints += [fault.hint] if fault.hint and fault.hint not in hints else []
            continue
        if set(wanted) <= set(table.columns):
            found.append(table)
            fits.append(name)
    also = f"; {'; '.join(faults)}" if faults else ""
    if len(found) != 1 or not wanted:
        raise SuiteError(f"{why.message}{also}", path=why.path, hint="; ".join(hints)) from None
    return found[0], [f"read the sheet '{fits[0]}', the only one with these columns{also}"]


def find_roles(
    table: Table,
    inputs: Sequence[str],
    target: str,
    id_column: str | None,
    cluster_column: str | None,
) -> ProposedRoles:
    """Check the stated columns and find the others by name and content."""
    stated = [*inputs, target, *(name for name in (id_column, cluster_column) if name is not None)]
    for name in stated:
        if name not in table.columns:
            message = f"no column '{name}'{did_you_mean(name, table.columns)}"
            raise SuiteError(
                message, path=table.path, line=1, hint=f"columns: {one_of(table.columns, 30)}"
            )
    if target in inputs:
        raise SuiteError(f"'{target}' is both input and target", path=table.path, line=1)
    why: dict[str, str] = {}
    free = [name for name in table.columns if name not in stated]
    if id_column is None:
        id_column = next(
            (name for name in free if _ID_NAME.search(name) and _unique(table.rows, name)), None
        )
        why["id"] = (
            "a name that says so, and unique" if id_column else "no column is one: the row's number"
        )
    if cluster_column is None:
        cluster_column = next(
            (
                name
                for name in free
                if name != id_column and _CLUSTER_NAME.search(name) and _repeats(table.rows, name)
            ),
            None,
        )
        why["cluster"] = (
            "its name and repeated values"
            if cluster_column
            else "no column is one: rows are independent"
        )
        shared = next(
            (name for name in inputs if len(inputs) > 1 and _shared(table.rows, name)), None
        )
        if cluster_column is None and shared is not None:
            cluster_column = shared
            why["cluster"] = "rows that share it are not independent"
    free = [name for name in free if name not in (id_column, cluster_column)]
    slices = tuple(name for name in free if _sliceable(table.rows, name))[:_MAX_SLICES]
    return ProposedRoles(tuple(inputs), target, id_column, cluster_column, slices, why)


def _texts(rows: Sequence[DataRow], column: str) -> list[str]:
    return [plain(row.values.get(column)) for row in rows]


def _unique(rows: Sequence[DataRow], column: str) -> bool:
    texts = _texts(rows, column)
    return all(texts) and len(set(texts)) == len(texts)


def _repeats(rows: Sequence[DataRow], column: str) -> bool:
    texts = _texts(rows, column)
    return all(texts) and 6 <= len(set(texts)) < len(texts)


def _shared(rows: Sequence[DataRow], column: str) -> bool:
    """Say whether one of several inputs stands on many rows, as the query does in a list of its
    search results.
    """
    return _repeats(rows, column) and len(rows) >= 3 * len(set(_texts(rows, column)))


def _sliceable(rows: Sequence[DataRow], column: str) -> bool:
    """Say whether results by this column would mean something: few text values, each on many
    rows.
    """
    if any(isinstance(row.values.get(column), dict | list) for row in rows):
        return False
    texts = [text for text in _texts(rows, column) if text]
    counts = Counter(texts)
    if not 2 <= len(counts) <= 8 or len(texts) < len(rows) / 2 or max(map(len, counts)) > 40:
        return False
    return min(counts.values()) >= 10 and not all(
        re.fullmatch(r"[-+\d.,]+", text) for text in counts
    )


def plain(value: Json) -> str:
    """Return a cell as trimmed text; null is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def clean(table: Table, roles: ProposedRoles) -> tuple[list[UsableRow], list[str]]:
    """Keep the rows with input and target; say how many were left out and where the first
    stands.
    """
    dropped: dict[str, list[int]] = defaultdict(list)
    items: list[UsableRow] = []
    for number, row in enumerate(table.rows, start=1):
        target = row.values.get(roles.target)
        if not any(plain(row.values.get(name)) for name in roles.inputs):
            dropped["no input"].append(row.line)
        elif target is None or (isinstance(target, str) and not target.strip()):
            dropped["no target"].append(row.line)
        else:
            items.append(_item(row, number, target, roles))
    notes = [
        f"{len(lines)} row{'s' * (len(lines) > 1)} with {what} left out (the first on line"
        f" {lines[0]})"
        for what, lines in dropped.items()
    ]
    if len(items) < 2:
        n = len(table.rows)
        there = f"the file has {n} row{'s' * (n != 1)} of data"
        raise SuiteError(
            f"{len(items)} usable rows; {'; '.join(notes) or there}",
            path=table.path,
            line=1,
            hint="at least two are needed, and 100 to 500 decide most claims",
        )
    return items, notes


def _item(row: DataRow, number: int, target: Json, roles: ProposedRoles) -> UsableRow:
    item_id = plain(row.values.get(roles.id)) if roles.id is not None else str(number)
    cluster = (plain(row.values.get(roles.cluster)) if roles.cluster is not None else "") or item_id
    key = " | ".join(
        " ".join(plain(row.values.get(name)).casefold().split()) for name in roles.inputs
    )
    return UsableRow(item_id, row.line, row.values, target, cluster, key)


def one_spelling(items: Sequence[UsableRow]) -> tuple[list[UsableRow], list[str]]:
    """Give text targets that differ in case or blanks alone their most frequent spelling."""
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for item in items:
        spellings[_folded(item.target)][plain(item.target)] += 1
    best = {
        folded: max(sorted(counts), key=counts.__getitem__) for folded, counts in spellings.items()
    }
    changed = []
    for folded, counts in spellings.items():
        others = [spelling for spelling in sorted(counts) if spelling != best[folded]]
        changed += [f"{other} -> {best[folded]}" for other in others]
    notes = [f"spellings of one label joined: {one_of(changed, 8)}"] if changed else []
    return [replace(item, target=best[_folded(item.target)]) for item in items], notes


def _folded(target: Json) -> str:
    return " ".join(plain(target).casefold().split())


def without_answer(items: Sequence[UsableRow], column: str) -> tuple[list[UsableRow], list[str]]:
    """Leave out rows whose list of right answers is empty, as SQuAD 2's questions without an answer
    have it; several labels can be none.
    """
    if not ALIAS_NAMES.search(column) and not column.endswith((".text", ".spans")):
        return list(items), []
    kept = [item for item in items if item.target not in ([], "[]")]
    left = len(items) - len(kept)
    if not left or len(kept) < 2:
        return list(items), []
    said = "row without a right answer" if left == 1 else "rows without a right answer"
    return kept, [f"{left} {said} left out (an empty list in {column})"]


def oddities(items: Sequence[UsableRow], is_label: bool) -> list[str]:
    """Say what a reader of the results must know of the data: copies, contradictions, imbalance,
    given-away answers.
    """
    notes: list[str] = []
    groups: dict[str, list[UsableRow]] = defaultdict(list)
    for item in items:
        groups[item.key].append(item)
    copies = [group for group in groups.values() if len(group) > 1]
    if copies:
        said = count(sum(len(group) - 1 for group in copies), "row", "repeats", "repeat")
        first, second = copies[0][:2]
        notes.append(
            f"{said} the input of another (first: lines {first.line} and {second.line}); copies"
            " count as one cluster"
        )
    clashes = [group for group in copies if len({repr(item.target) for item in group}) > 1]
    if clashes:
        shown = ", ".join(sorted({plain(item.target) for item in clashes[0]}))
        lines = ", ".join(str(item.line) for item in clashes[0][:4])
        said = count(len(clashes), "input", "has", "have")
        notes.append(
            f"{said} conflicting targets (first: lines {lines}: {shown}); no model can get all"
            " right"
        )
    labels = {_folded(item.target) for item in items} if is_label else set()
    if is_label:
        notes += _balance(items)
    told = sum(1 for item in items if _gives_away(item, labels))
    if told > len(items) / 2:
        notes.append(f"the input holds the answer word for word in {told} of {len(items)} rows")
    return notes


def _gives_away(item: UsableRow, labels: set[str]) -> bool:
    """Say whether the input names the answer, and no other label: options that are all listed give
    nothing away.
    """
    answer = _folded(item.target)
    if len(answer) < 3 or answer not in item.key:
        return False
    return not any(other in item.key for other in labels if other != answer and other not in answer)


def _balance(items: Sequence[UsableRow]) -> list[str]:
    counts = Counter(plain(item.target) for item in items)
    label, most = counts.most_common(1)[0]
    notes = []
    if most > 0.5 * len(items):
        notes.append(f"unbalanced: always answering '{label}' would score {most / len(items):.0%}")
    rare = sorted(name for name, count in counts.items() if count < 5)
    if rare:
        notes.append(
            f"{count(len(rare), 'label', 'has', 'have')} fewer than 5 rows: {one_of(rare, 8)}"
        )
    return notes


def count(n: int, noun: str, one: str, many: str) -> str:
    """Return "1 row repeats" or "2 rows repeat"."""
    return f"{n} {noun} {one}" if n == 1 else f"{n} {noun}s {many}"


def draw(seed: int, text: str) -> str:
    """Return a key that sorts things in a random order which ``seed`` repeats on every machine and
    Python.
    """
    return hashlib.sha256(f"{seed}/{text}".encode()).hexdigest()
