"""A log of requests, whatever tool wrote it -> its requests, or an error with file and record."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from claimbench.error_words import one_of
from claimbench.errors import SuiteError
from claimbench.suite.datasets import DataRow, ReadOptions, read_limited, read_table
from claimbench.suite.files.traffic import langfuse, litellm, openrouter, otel
from claimbench.suite.files.traffic.requests import LoggedRequest
from claimbench.types import Json


@dataclass(frozen=True, slots=True)
class TrafficLog:
    """One tool's log: its name, how a record is recognised and read (None: no request), and where
    its dollars come from.
    """

    name: str
    tool: str
    dollars: str
    knows: Callable[[Mapping[str, Json]], bool]
    read: Callable[[Mapping[str, Json], int], LoggedRequest | None]


LOGS = (
    TrafficLog(
        litellm.NAME,
        "LiteLLM",
        "computed by LiteLLM from its price map",
        litellm.knows,
        litellm.read,
    ),
    TrafficLog(
        openrouter.NAME, "OpenRouter", "charged by OpenRouter", openrouter.knows, openrouter.read
    ),
    TrafficLog(otel.NAME, "OpenTelemetry", "told by the instrumentation", otel.knows, otel.read),
    TrafficLog(
        langfuse.NAME,
        "Langfuse",
        "computed by Langfuse, or told to it",
        langfuse.knows,
        langfuse.read,
    ),
)


@dataclass(frozen=True, slots=True)
class Traffic:
    """The requests of one file. ``notes`` say what was left out."""

    kind: str
    path: str
    requests: tuple[LoggedRequest, ...]
    notes: tuple[str, ...] = ()


def log_of(row: Mapping[str, Json]) -> TrafficLog | None:
    """Return which tool's log a record is from; None for none."""
    return next((log for log in LOGS if log.knows(row)), None)


def read_traffic(path: Path, options: ReadOptions | None = None) -> Traffic:
    """Read a log; its tool is found by its records.

    Raises:
        SuiteError: a file that cannot be read, no log of :data:`LOGS`, a record that is none of the
            others' kind, a request twice, or no request at all.
    """
    rows, notes = _rows(path, options or ReadOptions(wide=True, nan_is_null=True))
    shown = str(path)
    if not rows:
        raise SuiteError("the log has no records", path=shown)
    log = log_of(rows[0].values)
    if log is None:
        raise SuiteError(
            f"no log of {one_of([one.tool for one in LOGS])}: its records have"
            f" {one_of(list(rows[0].values), 12)}",
            path=shown,
            line=rows[0].line,
            hint=(
                "export one row per request: LiteLLM's spend logs, OpenRouter's generations,"
                " Langfuse's observations, or OpenTelemetry spans as JSON"
            ),
        )
    found: list[LoggedRequest] = []
    others = 0
    seen: dict[str, int] = {}
    for row in rows:
        if not log.knows(row.values):
            raise SuiteError(
                f"a record that is none of {log.tool}'s among others that are: it has"
                f" {one_of(list(row.values), 8)}",
                path=shown,
                line=row.line,
            )
        if openrouter.is_daily(row.values):
            raise SuiteError(
                "sums of days, not requests: neither times nor a spread of costs can be told",
                path=shown,
                line=row.line,
                hint="export the generations: openrouter.ai, Activity, Export, CSV",
            )
        request = log.read(row.values, row.line)
        if request is None:
            others += 1
        elif request.id in seen:
            raise SuiteError(
                f"the request {request.id!r} twice (first: record {seen[request.id]})",
                path=shown,
                line=row.line,
                hint="export each request once",
            )
        else:
            seen[request.id] = row.line
            found.append(request)
    if not found:
        raise SuiteError(
            f"{len(rows)} records of {log.tool}, and no request of a language model among them",
            path=shown,
        )
    if others:
        notes = [*notes, f"{others} records that are no request of a language model left out"]
    found, around = _innermost(found)
    if around:
        notes = [
            *notes,
            f"{around} records left out that tell a request of the record around or inside them"
            " again, as two instrumentations of one call do",
        ]
    unnamed = sum(1 for request in found if request.model == "unknown")
    if unnamed:
        notes = [*notes, f"{unnamed} requests name no model: they are the arm 'unknown'"]
    if any(request.usd is not None for request in found):
        notes = [*notes, f"dollars are {log.dollars}"]
    return Traffic(log.name, shown, tuple(found), tuple(notes))


def _innermost(found: Sequence[LoggedRequest]) -> tuple[list[LoggedRequest], int]:
    """Leave out requests of which another record, inside them and of the same model, tells the
    tokens again; of one inside without tokens the one around is kept.
    """
    by_id = {request.id: request for request in found}
    left: set[str] = set()
    for request in found:
        around = by_id.get(request.parent)
        if around is None or around.id == request.id or around.model != request.model:
            continue
        told = request.usage is not None or around.usage is None
        left.add(around.id if told else request.id)
    return [request for request in found if request.id not in left], len(left)


def _rows(path: Path, options: ReadOptions) -> tuple[Sequence[DataRow], list[str]]:
    stacked = _stacked(path)
    if stacked is not None:
        rows: Sequence[DataRow] = stacked
        notes: list[str] = []
    else:
        table = read_table(path, options)
        rows, notes = table.rows, [n for n in table.notes if "the only ones" not in n]
    made = []
    for row in rows:
        for span in otel.spans_of(row.values):
            made.append(row if span is row.values else DataRow(span, row.line))
    return made, notes


def _stacked(path: Path) -> list[DataRow] | None:
    """Return objects that stand one after the other over several lines, as the console exporter
    prints spans; None for a file of another form.
    """
    if path.suffix.lower() not in (".json", ".txt", ".log"):
        return None
    raw = read_limited(path, str(path))
    if not raw.lstrip().startswith(b"{") or b'"trace_id"' not in raw[:65536]:
        return None
    text = raw.decode("utf-8", "replace")
    decoder = json.JSONDecoder()
    rows: list[DataRow] = []
    at, line = 0, 1
    while True:
        start = at
        while at < len(text) and text[at].isspace():
            at += 1
        line += text.count("\n", start, at)
        if at == len(text):
            return rows if len(rows) > 1 or all(otel.knows(row.values) for row in rows) else None
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise SuiteError(
                f"not JSON: {getattr(error, 'msg', 'nested too deeply')}",
                path=str(path),
                line=line,
            ) from None
        if not isinstance(value, dict):
            return None
        rows.append(DataRow(value, line))
        line += text.count("\n", at, end)
        at = end
