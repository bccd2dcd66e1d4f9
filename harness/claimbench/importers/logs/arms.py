"""Requests of a log -> arms: one a model. Requests pair by what was asked, where the log has it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from claimbench.importers import json_values
from claimbench.importers.imported import (
    NOT_SCORED,
    SETTINGS,
    Imported,
    ImportedArm,
    ImportedCall,
    ImportedSample,
    ImportFault,
    ImportOptions,
    aggregate_of,
    judged_by,
)
from claimbench.suite.files.traffic.read import read_traffic
from claimbench.suite.files.traffic.requests import LoggedRequest
from claimbench.suite.files.values import digest
from claimbench.suite.table import ReadOptions
from claimbench.types import Json, SamplingParams

TASK = "requests"
"""The task of a log, for two logs hold the same requests whatever their files are called."""
_MOST_SHOWN = 80
"""Characters of a setting's values that are shown."""


def read(path: Path, options: ImportOptions) -> Imported:
    """Read a log of production traffic; raises ImportFault or SuiteError."""
    asked = ReadOptions(wide=True, nan_is_null=True, records=options.records)
    traffic = read_traffic(path, asked)
    return imported_log(path, traffic.kind, traffic.requests, options, traffic.notes)


def imported_log(
    path: Path,
    kind: str,
    requests: Sequence[LoggedRequest],
    options: ImportOptions,
    notes: Sequence[str] = (),
) -> Imported:
    """Make arms of requests.

    Raises:
        ImportFault: a ``--metric`` that no request is scored by.
    """
    task = options.task or TASK
    metric = _metric(path, requests, options.metric)
    samples: dict[str, ImportedSample] = {}
    calls: list[ImportedCall] = []
    seen: Counter[tuple[str, str]] = Counter()
    models = _names(requests)
    for request in requests:
        name = models[request.provider, request.model]
        key = request.prompt_key
        seen[name, key] += 1
        nth = seen[name, key]
        item = request.id if not key else key if nth == 1 else f"{key} {nth}"
        samples.setdefault(item, _sample(request, task, item, key))
        calls.append(_call(request, name, task, item, metric))
    arms = []
    for (provider, model), name in models.items():
        mine = [r for r in requests if (r.provider, r.model) == (provider, model)]
        arms.append(_arm(path, task, name, mine))
    told = [*notes, *_notes(path, requests, bool(metric))]
    aggregates = []
    if metric is not None:
        told.append(judged_by(task, metric, sorted({n for r in requests for n in r.scores})))
        for arm in arms:
            values = [c.scores[metric] for c in calls if c.arm == arm.name and metric in c.scores]
            if values:
                aggregates.append(aggregate_of(arm.name, task, metric, values))
    return Imported(
        kind,
        tuple(arms),
        tuple(samples.values()),
        tuple(calls),
        tuple(aggregates),
        tuple(told),
        {task: metric or NOT_SCORED},
        {path.name: json_values.sha256(json_values.read_bytes(path))},
    )


def _names(requests: Sequence[LoggedRequest]) -> dict[tuple[str, str], str]:
    """Return (provider, model) -> the arm's name: the model's last part, longer where two share
    it.
    """
    models = list(dict.fromkeys((r.provider, r.model) for r in requests))
    short = Counter(model.rpartition("/")[2] for _, model in models)
    full = Counter(model for _, model in models)
    made = {}
    for provider, model in models:
        name = model.rpartition("/")[2]
        if short[name] > 1:
            name = model if full[model] == 1 else f"{model} ({provider})"
        made[provider, model] = name
    return made


def _metric(path: Path, requests: Sequence[LoggedRequest], wanted: str | None) -> str | None:
    """Return the score that is judged, if one between 0 and 1 stands with most requests."""
    counts: Counter[str] = Counter()
    outside = set()
    for request in requests:
        for name, value in request.scores.items():
            counts[name] += 1
            if not 0 <= value <= 1:
                outside.add(name)
    usable = [n for n, count in counts.most_common() if n not in outside]
    if wanted is not None:
        if wanted not in usable:
            raise ImportFault(
                f"{path}: no request has a score {wanted!r} between 0 and 1",
                hint=f"there are: {', '.join(usable)}" if usable else "the log has no scores",
            )
        return wanted
    return usable[0] if usable and 2 * counts[usable[0]] > len(requests) else None


def _arm(path: Path, task: str, name: str, requests: Sequence[LoggedRequest]) -> ImportedArm:
    """Return one arm; sampling that changes from request to request is unknown."""
    params = {repr(r.params): r.params for r in requests}
    caps = {r.max_tokens for r in requests}
    one = next(iter(params.values())) if len(params) == 1 else SamplingParams()
    first = requests[0]
    sent = [r.sent for r in requests if r.sent is not None]
    setup: dict[str, Json] = {
        "max_tokens": next(iter(caps)) if len(caps) == 1 else _varies(list(caps)),
        SETTINGS: _settings(requests),
    }
    return ImportedArm(
        name,
        first.provider,
        first.model,
        path.name,
        {task: setup},
        one,
        min(sent, default=None),
    )


def _settings(requests: Sequence[LoggedRequest]) -> dict[str, Json]:
    """Return the settings of all requests; one that changes from request to request varies."""
    found: dict[str, Json] = {}
    for name in dict.fromkeys(name for request in requests for name in request.settings):
        values = [request.settings.get(name) for request in requests]
        same = all(value == values[0] for value in values)
        found[name] = values[0] if same else _varies(values)
    return found


def _varies(values: Sequence[Json]) -> str:
    """Say what changed from request to request: two arms are alike if it took the same values."""
    each = sorted({json.dumps(value, sort_keys=True) for value in values})
    shown = ", ".join(each)
    if len(shown) > _MOST_SHOWN:
        shown = f"{len(each)} values, {digest(shown)[:12]}"
    return f"varies: {shown}"


def _sample(request: LoggedRequest, task: str, item: str, key: str) -> ImportedSample:
    shown = "\n".join(
        f"{turn.get('role')}: {json_values.text_of(turn.get('content') or '')}"
        for turn in request.turns
    )
    slices = {"application": request.kind} if request.kind else {}
    return ImportedSample(task, item, shown, None, request.group or key or item, slices)


def _call(
    request: LoggedRequest, arm: str, task: str, item: str, metric: str | None
) -> ImportedCall:
    scores = {name: value for name, value in request.scores.items() if 0 <= value <= 1}
    error = request.error
    if error is None and metric is not None and metric not in scores:
        error = f"the log gives no {metric}"
    return ImportedCall(
        arm,
        task,
        item,
        0,
        scores,
        request.answer or "",
        error,
        request.usage,
        request.usd,
        request.e2e_s,
        request.sent,
        request.finish,
        request.model_returned,
        request.prompt_key,
        request.prompt_key,
        ttft_s=request.ttft_s,
    )


def _notes(path: Path, requests: Sequence[LoggedRequest], scored: bool) -> list[str]:
    """Say what the log does not tell."""
    n = len(requests)
    made = []
    if not scored:
        made.append(f"{path.name}: no scores, so that costs and times are judged and no quality")
    counted = (
        ("answered from a cache: neither their dollars nor their times count", _cached),
        ("without dollars: unknown, not free", _unpaid),
        ("without tokens", _untold),
        ("without a time", _untimed),
        ("with a fault", _faulty),
    )
    for what, holds in counted:
        found = sum(1 for request in requests if holds(request))
        if found:
            made.append(f"{path.name}: {found} of {n} requests {what}")
    return made


def _cached(request: LoggedRequest) -> bool:
    return request.cached


def _unpaid(request: LoggedRequest) -> bool:
    return request.usd is None and not request.cached


def _untold(request: LoggedRequest) -> bool:
    return request.usage is None and not request.cached


def _untimed(request: LoggedRequest) -> bool:
    return request.e2e_s is None and not request.cached


def _faulty(request: LoggedRequest) -> bool:
    return request.error is not None
