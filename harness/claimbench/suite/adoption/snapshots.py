"""A snapshot of a model hub, read from what its interface or a table gives; every error names file
and line.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from claimbench.error_words import one_of, show
from claimbench.errors import SuiteError
from claimbench.suite.datasets import read_limited, read_table
from claimbench.suite.decoding import decode_utf8
from claimbench.suite.files.records import parse_json
from claimbench.suite.table import DataRow, ReadOptions
from claimbench.types import Json
from claimbench.types.adoption import HubModel, Order, Snapshot

MARK = "claimbench_snapshot"
VERSION = 1
_WIDE = ReadOptions(wide=True, nan_is_null=True)
_NAMES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "modelId", "model_id", "repo_id", "repository", "repo", "model", "name"),
    "downloads": ("downloads", "downloads_30d", "downloads30d", "downloads_last_month"),
    "downloads_all": ("downloadsAllTime", "downloads_all_time", "downloads_all", "all_time"),
    "likes": ("likes",),
    "trending": ("trendingScore", "trending_score", "trending"),
    "rank": ("rank", "position"),
    "task": ("pipeline_tag", "pipelineTag", "task"),
    "tags": ("tags",),
    "created": ("createdAt", "created_at"),
    "changed": ("lastModified", "last_modified"),
}
_RELATIONS = {
    "finetune": "finetune",
    "quantized": "quantized",
    "adapter": "adapter",
    "merge": "merge",
}
_ID = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[\w.-]+)?")


@dataclass(frozen=True, slots=True)
class Stated:
    """What is said of a snapshot beside its rows."""

    source: str | None = None
    date: str | None = None
    order: Order | None = None
    complete: bool | None = None
    total: int | None = None
    total_all: int | None = None


def read_snapshot(file: Path, shown: str, stated: Stated) -> Snapshot:
    """Read one snapshot.

    Args:
        file: CSV, JSON or JSON Lines of a hub, or what :func:`snapshot_text` wrote.
        shown: its name in errors.
        stated: what the suite or the command line says of it; it must not contradict the file.

    Raises:
        SuiteError: a row that is none, a repository twice, a page that is not the first, rows that
            are not sorted as stated, a day that is none, or a file that was changed.
    """
    raw = read_limited(file, shown)
    if raw.lstrip()[:1] == b"{" and MARK.encode() in raw[:200]:
        return _ours(raw, shown, stated)
    table = read_table(file, _WIDE, shown=shown)
    where = _columns(table.columns, shown)
    for key, value in (("source", stated.source), ("date", stated.date)):
        if value is None:
            raise SuiteError(
                f"the snapshot has no {key}",
                path=shown,
                hint="state source: and date: beside its path, or store it with them: bench"
                " adoption add FILE --source URL --date YYYY-MM-DD",
            )
    day = _day(stated.date or "", shown)
    models = tuple(_model(row, where, shown) for row in table.rows)
    for row in table.rows:
        _check_days(row, where, day, shown)
    ranks = [_rank(row, where, shown) for row in table.rows]
    _check_rows(models, shown)
    _check_ranks(table.rows, ranks, shown)
    order = stated.order or _order_seen(models)
    _check_order(models, order, shown)
    return Snapshot(
        name=file.name,
        source=stated.source or "",
        date=day,
        sha256=hashlib.sha256(raw).hexdigest(),
        models=models,
        order=order,
        complete=bool(stated.complete),
        total=stated.total,
        total_all=stated.total_all,
    )


def _columns(columns: Sequence[str], shown: str) -> dict[str, str]:
    where: dict[str, str] = {}
    for what, names in _NAMES.items():
        found = next((name for name in names if name in columns), None)
        if found is not None:
            where[what] = found
    if "id" not in where or not {"downloads", "downloads_all", "trending", "rank"} & set(where):
        raise SuiteError(
            f"no snapshot of a hub: its columns are {one_of(list(columns))}",
            path=shown,
            line=1,
            hint="needed: id, and one of downloads, downloadsAllTime, trendingScore, rank",
        )
    return where


MOST = 10**12
"""Above what any count of one model can be: over a hundred for each person alive."""


def _model(row: DataRow, where: Mapping[str, str], shown: str) -> HubModel:
    def cell(what: str) -> Json:
        return row.values.get(where.get(what, ""))

    name = cell("id")
    if not isinstance(name, str) or not _ID.fullmatch(name.strip()):
        raise SuiteError(
            f"{show(name)} is no repository",
            path=shown,
            line=row.line,
            hint="write OWNER/NAME, as the hub does",
        )
    tags = _tags(cell("tags"))
    counts = {
        what: _count(cell(what), where.get(what, what), shown, row.line)
        for what in ("downloads", "downloads_all", "likes")
    }
    task = cell("task")
    return HubModel(
        id=name.strip(),
        trending=_score(cell("trending"), shown, row.line),
        tags=tags,
        task=task if isinstance(task, str) and task else None,
        base=_bases(row.values, tags),
        line=row.line,
        created=_day_in(cell("created")),
        **counts,
    )


def _check_days(row: DataRow, where: Mapping[str, str], day: str, shown: str) -> None:
    """What a list shows was made by the day that it is of."""
    for what in ("created", "changed"):
        made = _day_in(row.values.get(where.get(what, "")))
        if made is not None and made_after(made, day):
            raise SuiteError(
                f"{row.values[where['id']]} was {what} on {made}, and the list is of {day}",
                path=shown,
                line=row.line,
                hint="state the day on which the list was taken",
            )


def made_after(made: str, day: str) -> bool:
    """Tell whether a day is after another in every time zone: the hub's days are of UTC, a
    snapshot's of whoever took it.
    """
    return (date.fromisoformat(made) - date.fromisoformat(day)).days > 1


def _day_in(value: Json) -> str | None:
    """Return the day of a moment as hubs write it, None where it is none."""
    try:
        return date.fromisoformat(str(value).strip()[:10]).isoformat()
    except ValueError:
        return None


def _count(value: Json, column: str, shown: str, line: int) -> int | None:
    if value is None or value == "":
        return None
    text = str(value).strip()
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+", text):
        text = text.replace(",", "")
    if isinstance(value, float) and value.is_integer():
        text = str(int(value))
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,18}", text):
        rounded = re.fullmatch(r"(?i)[\d.,]+ ?[kmb]", text) is not None
        raise SuiteError(
            f"{column} is {show(value)}, not a count",
            path=shown,
            line=line,
            hint="it is rounded, as pages show it: take the interface's whole number"
            if rounded
            else "write a whole number of 0 or more; leave it empty where it is unknown",
        )
    return int(text)


def _score(value: Json, shown: str, line: int) -> float | None:
    if value is None or value == "":
        return None
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (OverflowError, TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise SuiteError(f"the trending score is {show(value)}, no number", path=shown, line=line)
    return number


def _rank(row: DataRow, where: Mapping[str, str], shown: str) -> int | None:
    return _count(row.values.get(where.get("rank", "")), "rank", shown, row.line)


def _tags(value: Json) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(str(one) for one in value)
    if not isinstance(value, str) or not value.strip():
        return ()
    text = value.strip()
    if text.startswith("["):
        return tuple(re.findall(r"['\"]([^'\"]+)['\"]", text))
    return tuple(one.strip() for one in re.split(r"[;|,]", text) if one.strip())


def _bases(values: Mapping[str, Json], tags: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return what a repository is made from: by its tags, its card, or the hub's own relation.

    A relation that nobody states counts as a fine-tune.
    """
    found: dict[str, str] = {}
    for tag in tags:
        parts = tag.split(":", 2)
        if parts[0] != "base_model" or len(parts) < 2:
            continue
        if len(parts) == 3 and parts[1] in _RELATIONS:
            found[parts[2]] = _RELATIONS[parts[1]]
        else:
            found.setdefault(tag.partition(":")[2], "finetune")
    hub = values.get("baseModels")
    if isinstance(hub, Mapping):
        relation = _RELATIONS.get(str(hub.get("relation")), "finetune")
        for one in hub.get("models") or ():
            name = one.get("id") if isinstance(one, Mapping) else one
            if isinstance(name, str):
                found[name] = relation
    card: Any = values.get("cardData")
    card = card if isinstance(card, Mapping) else values
    named = card.get("base_model")
    stated = _RELATIONS.get(str(card.get("base_model_relation")))
    for name in named if isinstance(named, list) else [named]:
        if isinstance(name, str) and name:
            if stated is not None:
                found[name] = stated
            else:
                found.setdefault(name, "finetune")
    return tuple((relation, name) for name, relation in found.items())


def _check_rows(models: Sequence[HubModel], shown: str) -> None:
    if not models:
        raise SuiteError("the snapshot holds no repository", path=shown)
    seen: dict[str, HubModel] = {}
    for model in models:
        key = model.id.lower()
        if key in seen:
            raise SuiteError(
                f"{model.id} stands twice (first on line {seen[key].line})",
                path=shown,
                line=model.line,
                hint="pages that overlap were put together: keep one row of each repository",
            )
        seen[key] = model
        _check_counts(model, shown)


def _check_counts(model: HubModel, shown: str) -> None:
    recent, ever = model.downloads, model.downloads_all
    for what in ("downloads", "downloads_all", "likes"):
        count = getattr(model, what)
        if count is not None and count > MOST:
            raise SuiteError(
                f"{model.id} has {count:,} {what}: no model has so many",
                path=shown,
                line=model.line,
                hint=f"at most {MOST:,} are believed; take the file from the hub again",
            )
    if recent is not None and ever is not None and ever < recent:
        raise SuiteError(
            f"{model.id} has {ever:,} downloads of all time and {recent:,} of 30 days",
            path=shown,
            line=model.line,
            hint="a part cannot be more than the whole: fetch both again, at one moment",
        )


def _check_ranks(rows: Sequence[DataRow], ranks: Sequence[int | None], shown: str) -> None:
    """Ranks count from 1 without a gap: else a page is missing."""
    if all(rank is None for rank in ranks):
        return
    for expected, (row, rank) in enumerate(zip(rows, ranks, strict=True), start=1):
        if rank != expected:
            raise SuiteError(
                f"rank {rank} where {expected} was due",
                path=shown,
                line=row.line,
                hint="a page is missing, or the rows are not in their order",
            )


def value_of(model: HubModel, order: Order) -> float | None:
    """Return what a list of this order is sorted by."""
    found = {
        "trending": model.trending,
        "downloads": model.downloads,
        "downloads_all": model.downloads_all,
    }[order]
    return None if found is None else float(found)


def _order_seen(models: Sequence[HubModel]) -> Order | None:
    """Return by what the rows are sorted; None where by nothing, or one row shows nothing."""
    if len(models) < 2:
        return None
    orders: tuple[Order, ...] = ("trending", "downloads", "downloads_all")
    for order in orders:
        values = [value_of(model, order) for model in models]
        known = [value for value in values if value is not None]
        falls = all(a >= b for a, b in pairwise(known))
        if len(known) == len(values) and falls and known[0] > known[-1]:
            return order
    return None


def _check_order(models: Sequence[HubModel], order: Order | None, shown: str) -> None:
    if order is None:
        return
    last: float | None = None
    for model in models:
        value = value_of(model, order)
        if value is not None and last is not None and value > last:
            raise SuiteError(
                f"{model.id} has {value:,.10g} and stands below {last:,.10g}: the rows are not"
                f" sorted by {order}",
                path=shown,
                line=model.line,
                hint="pages are out of order, or were taken at different moments",
            )
        last = value if value is not None else last


def _day(text: str, shown: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise SuiteError(
            f"the date {show(text)} is no day", path=shown, hint="write YYYY-MM-DD"
        ) from None


# kept files ---------------------------------------------------------------------------------------


def snapshot_json(snapshot: Snapshot) -> dict[str, Json]:
    """Return a snapshot as JSON values. Inverse: :func:`snapshot_of`."""
    rows = []
    for one in snapshot.models:
        row: dict[str, Json] = {"id": one.id}
        for name in ("downloads", "downloads_all", "likes", "trending", "task", "created"):
            if getattr(one, name) is not None:
                row[name] = getattr(one, name)
        if one.tags:
            row["tags"] = list(one.tags)
        if one.base:
            row["base"] = [list(pair) for pair in one.base]
        rows.append({**row, "line": one.line})
    return {
        MARK: VERSION,
        "name": snapshot.name,
        "source": snapshot.source,
        "date": snapshot.date,
        "sha256": snapshot.sha256,
        "order": snapshot.order,
        "complete": snapshot.complete,
        "total": snapshot.total,
        "total_all": snapshot.total_all,
        "rows": rows,
    }


def snapshot_of(plain: Mapping[str, Any]) -> Snapshot:
    """Return the snapshot that :func:`snapshot_json` wrote."""
    models: list[HubModel] = []
    for row in plain["rows"]:
        fields = dict(row)
        fields["tags"] = tuple(fields.get("tags", ()))
        fields["base"] = tuple((relation, name) for relation, name in fields.get("base", ()))
        models.append(HubModel(**fields))
    names = ("name", "source", "date", "sha256", "order", "complete", "total", "total_all")
    return Snapshot(models=tuple(models), **{name: plain[name] for name in names})


def snapshot_text(snapshot: Snapshot) -> str:
    """Return the file that keeps a snapshot, with the hash of all that it says."""
    plain = snapshot_json(snapshot)
    return (
        json.dumps({**plain, "content_sha256": _hash(plain)}, ensure_ascii=False, indent=1) + "\n"
    )


def _hash(plain: Mapping[str, Json]) -> str:
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _ours(raw: bytes, shown: str, stated: Stated) -> Snapshot:
    plain = parse_json(decode_utf8(raw, shown), shown, 1)
    if not isinstance(plain, dict) or plain.get(MARK) != VERSION:
        raise SuiteError(
            f"a snapshot of version {plain.get(MARK) if isinstance(plain, dict) else None!r}, this"
            f" ClaimBench reads {VERSION}",
            path=shown,
        )
    told = plain.pop("content_sha256", None)
    if told != _hash(plain):
        raise SuiteError(
            "the snapshot was changed after it was stored: its hash is another",
            path=shown,
            hint="store it again from the file as it came: bench adoption add",
        )
    try:
        found = snapshot_of(plain)
    except (KeyError, TypeError, ValueError):
        raise SuiteError("the snapshot lacks what bench adoption add writes", path=shown) from None
    for key in ("source", "date", "order", "complete", "total", "total_all"):
        said = getattr(stated, key)
        if said is not None and said != getattr(found, key):
            raise SuiteError(
                f"the file says {key} {show(getattr(found, key))}, the suite {show(said)}",
                path=shown,
                hint="drop it from the suite: a stored snapshot says it itself",
            )
    _check_rows(found.models, shown)
    _check_order(found.models, found.order, shown)
    return found
