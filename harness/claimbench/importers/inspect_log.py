"""Inspect: logs as ``.eval`` (a zip of JSON, its members deflated or Zstandard) and as ``.json``.

``C`` counts 1, ``P`` 0.5, ``I`` and ``N`` 0, as Inspect's ``value_to_float``. Seconds are the
tool's own clock around the call (``output.time``, or the sample's ``working_time`` where several
calls made the answer).
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from claimbench.error_words import show
from claimbench.importers import direction, json_values
from claimbench.importers.imported import (
    NOT_SCORED,
    SETTINGS,
    Aggregate,
    Imported,
    ImportedArm,
    ImportedCall,
    ImportedSample,
    ImportFault,
    ImportOptions,
    aggregate_of,
    judged_by,
    reproduced,
    turned,
    unknown_metric,
)
from claimbench.importers.inspect_spending import Spending, answers_made
from claimbench.importers.json_values import (
    as_list,
    digest,
    get,
    mapping,
    moment,
    number,
    seconds,
    text_of,
    whole,
)
from claimbench.importers.judges.inspect_scorers import Graders
from claimbench.importers.own_inputs import own_input
from claimbench.pricing.told import read_dollars
from claimbench.suite.files.settings import all_settings, stated_effort, stated_settings
from claimbench.types import Json, SamplingParams

KIND = "inspect"
ZSTANDARD = 93
"""The zip format's number for Zstandard, which ``zipfile`` cannot read before Python 3.14."""
OWN_KEY = "claimbench"
"""Under it our own exports keep in a sample's metadata what Inspect has no place for."""
MOST_BYTES = 512 * 2**20
"""Bytes that a log may unpack to: parsed JSON takes ten times its size."""
_WORDS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0, "yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}


def is_log(value: Json) -> bool:
    """Recognise a log in JSON."""
    return isinstance(get(value, "eval", "model"), str) and isinstance(
        get(value, "eval", "task"), str
    )


def read(path: Path, options: ImportOptions) -> Imported:
    """Read one log; raises ImportFault."""
    raw = json_values.read_bytes(path)
    if zipfile.is_zipfile(io.BytesIO(raw)):
        log = _read_zip(path, raw)
    else:
        log = json_values.load_json(path, raw)
    if not is_log(log):
        raise ImportFault(f"{path}: not a log of Inspect (no 'eval' with 'task' and 'model')")
    model = str(get(log, "eval", "model"))
    task = str(get(log, "eval", "task"))
    seller, _, short = model.partition("/")
    config = {
        **mapping(get(log, "eval", "model_generate_config")),
        **mapping(get(log, "plan", "config")),
    }
    arm = ImportedArm(
        (short or seller).rsplit("/", 1)[-1],
        seller if short else "unknown",
        short or seller,
        path.name,
        {task: _setup(log, config)},
        SamplingParams(
            number(config.get("temperature")),
            number(config.get("top_p")),
            whole(config.get("seed")),
            stated_effort(config),
        ),
        moment(get(log, "stats", "started_at")) or moment(get(log, "eval", "created")),
    )
    notes = (
        []
        if get(log, "status") == "success"
        else [f"{path.name}: Inspect's status is {get(log, 'status')!r}"]
    )
    given = get(log, "samples")
    rows = [s for s in given if isinstance(s, dict)] if isinstance(given, list) else []
    files = {path.name: json_values.sha256(raw)}
    stated = _stated(log)
    if not rows:
        n = whole(get(log, "results", "completed_samples"))
        told = tuple(
            Aggregate(arm.name, task, metric, value, error, n, note="no per-item results")
            for metric, (value, error) in stated.items()
        )
        if not told:
            raise ImportFault(f"{path}: the log holds neither samples nor results")
        return Imported(KIND, (arm,), (), (), told, tuple(notes), {}, files)
    metric, all_metrics = _headline_scorer(path, rows, options.metric)
    own = "claimbench" in mapping(get(log, "eval", "packages"))
    samples = {str(row.get("id")): _imported_sample(row, task, own) for row in rows}
    spent = Spending(log, model)
    graders = Graders(log, metric)
    calls = tuple(
        replace(_imported_call(row, arm.name, task, metric, spent), judge=graders.of(row))
        for row in rows
    )
    aggregate, more = _checked(arm.name, task, metric, calls, stated)
    notes += [*more, judged_by(task, metric, all_metrics), *spent.notes(path.name, len(rows))]
    if direction.lower_is_better(metric):
        calls, aggregate = turned(calls, aggregate, metric)
        notes.append(direction.said(task, metric))
        metric = direction.inverted(metric)
    return Imported(
        KIND, (arm,), tuple(samples.values()), calls, aggregate, tuple(notes), {task: metric}, files
    )


_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,  # a version or a compression of the future, or of chance
    RuntimeError,  # an encrypted member
    LookupError,
    ValueError,
    OverflowError,
    EOFError,
    OSError,
)
"""What zipfile raises for an archive that is damaged, or made to look like one."""


def _read_zip(path: Path, raw: bytes) -> dict[str, Any]:
    """Put the members of an ``.eval`` together as the ``.json`` form has them."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
    except _DAMAGED as error:
        raise ImportFault(f"{path}: not a zip archive: {error}") from None
    members = {info.filename: info for info in archive.infolist()}
    if len(members) < len(archive.infolist()):
        names = [info.filename for info in archive.infolist()]
        twice = next(name for name in names if names.count(name) > 1)
        raise ImportFault(f"{path}: two members are named {show(twice)}; which is the log's?")
    if sum(info.file_size for info in members.values()) > MOST_BYTES:
        raise ImportFault(
            f"{path}: unpacks to more than {MOST_BYTES >> 20} MiB",
            hint="split the log, or import it without its samples",
        )
    head = next((name for name in ("header.json", "_journal/start.json") if name in members), None)
    if head is None:
        raise ImportFault(f"{path}: a zip archive, but no log of Inspect (no header.json)")

    def load(name: str) -> Any:
        return json_values.load_json(path, _member(path, raw, archive, members[name]), name)

    log = load(head)
    if head != "header.json":
        log = {**log, "status": "unfinished"}
    samples = [
        load(name) for name in members if name.startswith("samples/") and name.endswith(".json")
    ]
    return {**log, "samples": samples} if isinstance(log, dict) else {}


def _member(path: Path, raw: bytes, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.compress_type != ZSTANDARD:
        try:
            return archive.read(info)
        except _DAMAGED as error:
            raise ImportFault(f"{path} ({info.filename}): {error}") from None
    try:
        import zstandard
    except ImportError:
        raise ImportFault(
            f"{path} ({info.filename}) is compressed with Zstandard, and no package here reads"
            " that",
            hint="pip install zstandard, or convert the log: inspect log convert --to json",
        ) from None
    lengths = raw[info.header_offset + 26 : info.header_offset + 30]
    if len(lengths) < 4:
        raise ImportFault(f"{path} ({info.filename}): the archive ends before this member")
    name_length, extra_length = struct.unpack("<HH", lengths)
    start = info.header_offset + 30 + name_length + extra_length
    packed = raw[start : start + info.compress_size]
    try:
        with zstandard.ZstdDecompressor().stream_reader(packed) as stream:
            data: bytes = stream.read(info.file_size + 1)
    except (*_DAMAGED, zstandard.ZstdError) as error:
        raise ImportFault(f"{path} ({info.filename}): {error}") from None
    if len(data) != info.file_size:
        raise ImportFault(
            f"{path} ({info.filename}): {len(data)} bytes, the archive says {info.file_size}"
        )
    return data


_NOT_GENERATION = frozenset(
    {
        *("max_retries", "timeout", "attempt_timeout", "max_connections", "adaptive_connections"),
        *("logprobs", "top_logprobs", "prompt_logprobs", "cache_prompt", "cache", "batch"),
        *("extra_headers", "reasoning_summary"),
    }
)
"""Fields of Inspect's GenerateConfig by which an answer is fetched, and not what it says."""
_LIMITS = ("message_limit", "token_limit", "time_limit", "working_limit", "turn_limit")
"""What ends a sample before its model does."""


def _setup(log: Json, config: Mapping[str, Json]) -> dict[str, Json]:
    steps = [
        [get(step, "solver"), get(step, "params")] for step in as_list(get(log, "plan", "steps"))
    ]
    model_args = mapping(get(log, "eval", "model_args"))
    limits = {name: get(log, "eval", "config", name) for name in _LIMITS}
    told = {
        **all_settings(config, _NOT_GENERATION),
        **{f"model_args.{name}": v for name, v in stated_settings(model_args).items()},
        **{name: value for name, value in limits.items() if value is not None},
    }
    return {
        "version": get(log, "eval", "task_version"),
        "solver": steps,
        "task_args": get(log, "eval", "task_args") or {},
        "max_tokens": config.get("max_tokens"),
        SETTINGS: told,
    }


def _stated(log: Json) -> dict[str, tuple[float, float | None]]:
    """Return scorer -> (accuracy or mean, stderr) as the log states them."""
    stated = {}
    for score in as_list(get(log, "results", "scores")):
        metrics = get(score, "metrics")
        value = number(get(metrics, "accuracy", "value"))
        if value is None:
            value = number(get(metrics, "mean", "value"))
        if value is not None:
            stated[str(get(score, "name"))] = value, number(get(metrics, "stderr", "value"))
    return stated


def _score_value(value: Json) -> float | None:
    if isinstance(value, str):
        return _WORDS.get(value, _WORDS.get(value.lower()))
    return number(value)


def _scores(row: Mapping[str, Json]) -> dict[str, float]:
    """Return metric -> value; a scorer of several values gives ``scorer/key``."""
    found: dict[str, float] = {}
    given = mapping(row.get("scores")) or ({"score": row["score"]} if row.get("score") else {})
    for name, score in given.items():
        value = get(score, "value")
        parts = {name: value}
        if isinstance(value, dict):
            parts = {f"{name}/{key}": part for key, part in value.items()}
        for key, part in parts.items():
            worth = _score_value(part)
            if worth is not None:
                found[key] = worth
    return found


def _headline_scorer(
    path: Path, rows: list[dict[str, Json]], wanted: str | None
) -> tuple[str, list[str]]:
    """Return the scorer that counts, and all whose values lie between 0 and 1."""
    seen: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        for name, value in _scores(row).items():
            seen[name].append(value)
    failed = all(get(row, "error", "message") for row in rows)
    if not seen and (wanted is None or failed):
        return NOT_SCORED, []
    names = [name for name, values in seen.items() if all(0 <= v <= 1 for v in values)]
    if not names:
        raise ImportFault(
            f"{path}: no scorer with values between 0 and 1 (C, I, P, N count as such)"
        )
    if wanted is not None and wanted not in names:
        raise unknown_metric(path, "scorer", wanted, names)
    upward = [name for name in names if not direction.lower_is_better(name)]
    return wanted or (upward or names)[0], names


def _imported_sample(row: dict[str, Json], task: str, own: bool) -> ImportedSample:
    """Read one item; in logs of ours the metadata tell its cluster and slices."""
    told = mapping(row.get("metadata")) if own else {}
    slices = {
        str(name): value
        for name, value in told.items()
        if isinstance(value, str) and name not in ("outcome", "cluster")
    }
    cluster = str(told.get("cluster") or "")
    shown = own_input(_turns(row)) if own else _shown(row)
    known = get(told, OWN_KEY, "target_known") is not False
    target = row.get("target") if known else None
    return ImportedSample(task, str(row.get("id")), shown, target, cluster, slices)


def _shown(row: dict[str, Json]) -> str:
    """Return the input as text."""
    return "\n".join(_turns(row))


def _turns(row: dict[str, Json]) -> list[str]:
    """Return the texts of the input; long ones stand apart under ``attachments``."""
    attached = mapping(row.get("attachments"))
    given = row.get("input")
    turns = given if isinstance(given, list) else []
    texts = [given] if isinstance(given, str) else [get(m, "content") for m in turns]

    def attached_text(text: Json) -> str:
        for mark in ("attachment://", "tc://"):
            if isinstance(text, str) and text.startswith(mark):
                return str(attached.get(text.removeprefix(mark), text))
        return text_of(text)

    return [attached_text(text) for text in texts]


def _imported_call(
    row: dict[str, Json], arm: str, task: str, metric: str, spent: Spending
) -> ImportedCall:
    scores = {name: value for name, value in _scores(row).items() if 0 <= value <= 1}
    fault = get(row, "error", "message") or (
        None if metric in scores or metric == NOT_SCORED else f"Inspect gives no {metric}"
    )
    output = mapping(row.get("output"))
    ours = mapping(get(row, "metadata", OWN_KEY))
    explanation = get(row, "scores", metric.partition("/")[0], "explanation")
    epoch = whole(row.get("epoch"))
    charge, told = read_dollars(ours, failed=fault is not None)
    return ImportedCall(
        arm,
        task,
        str(row.get("id")),
        max((epoch or 1) - 1, 0),
        scores,
        text_of(get(output, "choices", 0, "message", "content") or ""),
        None if fault is None else str(fault),
        spent.on(row),
        charge,
        latency_s=_seconds(row),
        sent=moment(row.get("started_at")),
        finish_reason=_text(get(output, "choices", 0, "stop_reason")),
        model_returned=_text(get(output, "model")),
        fingerprint=digest(_shown(row), row.get("target")),
        explanation=str(explanation or ""),
        ttft_s=seconds(ours.get("ttft_s")),
        told=told,
    )


def _seconds(row: dict[str, Json]) -> float | None:
    """Return the seconds of the model's call; of all work on the sample where it took several."""
    alone = seconds(get(row, "output", "time"))
    if alone is not None and answers_made(row) <= 1:
        return alone
    return seconds(row.get("working_time"))


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _checked(
    arm: str,
    task: str,
    metric: str,
    calls: tuple[ImportedCall, ...],
    stated: Mapping[str, tuple[float, float | None]],
) -> tuple[tuple[Aggregate, ...], list[str]]:
    """Recompute the stated accuracy and error: means per sample over its epochs, then over
    samples.
    """
    by_sample: dict[str, list[float]] = defaultdict(list)
    for call in calls:
        if call.error is None and metric in call.scores:
            by_sample[call.sample_id].append(call.scores[metric])
    if not by_sample:
        return (), [f"{arm} {task}: no sample has a score"]
    found = aggregate_of(arm, task, metric, [sum(v) / len(v) for v in by_sample.values()])
    notes = []
    said, said_error = stated.get(metric, (None, None))
    if said is not None and not reproduced(found.value, said, 1e-3):
        notes.append(
            f"{arm} {task}: the samples give {metric} {found.value:.4g}, the log says {said:.4g}"
        )
    error = found.stderr
    if said_error is not None and error is not None and not reproduced(error, said_error, 1e-3):
        notes.append(
            f"{arm} {task}: the samples give a standard error of {error:.4g}, the log says"
            f" {said_error:.4g}"
        )
    return (found,), notes
