"""Every Eval Ever: an evaluation log (``UUID.json``) and its instances (``UUID_samples.jsonl``).

Scores are brought between 0 and 1 by the metric's own ends (``min_score``, ``max_score``), and its
``lower_is_better`` decides the direction. A log without instances holds aggregate scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from claimbench.importers import direction, json_values
from claimbench.importers.gather import Answer, Found, gathered
from claimbench.importers.imported import (
    SETTINGS,
    Aggregate,
    Imported,
    ImportedArm,
    ImportFault,
    ImportOptions,
)
from claimbench.importers.json_values import disjoint, get, mapping, moment, number, seconds, whole
from claimbench.importers.own_inputs import untold
from claimbench.pricing.told import TOLD_FIELDS, read_dollars
from claimbench.suite.files.settings import all_settings
from claimbench.suite.files.traffic.requests import count
from claimbench.types import Json, SamplingParams, Usage

KIND = "every-eval-ever"
OWN_KEY = "claimbench"
"""Under it our own export keeps in an instance's metadata what the format has no place for."""


def is_log(value: Json) -> bool:
    """Recognise an evaluation log."""
    names = mapping(value).keys()
    return {"schema_version", "evaluation_id", "evaluation_results", "model_info"} <= names


def is_sample(value: Json) -> bool:
    """Recognise a line of instances."""
    names = mapping(value).keys()
    return {"evaluation_id", "sample_id", "evaluation", "model_id"} <= names


@dataclass(frozen=True, slots=True)
class _Metric:
    """One result of a log: its ends, its direction and its figure."""

    name: str
    low: float = 0.0
    high: float = 1.0
    down: bool = False
    score: float | None = None
    result: Mapping[str, Json] = field(default_factory=dict)

    def share(self, value: float) -> float:
        return (value - self.low) / (self.high - self.low) if self.high > self.low else value


def read_files(paths: Sequence[Path], options: ImportOptions) -> list[Imported]:
    """Read logs, each with its instances: those that were given, else those beside it."""
    logs = [path for path in paths if path.suffix.lower() == ".json"]
    lines = [path for path in paths if path not in logs]
    made = []
    for log in logs:
        data = json_values.load_json(log, json_values.read_bytes(log))
        if not is_log(data):
            raise ImportFault(f"{log}: not an evaluation log of Every Eval Ever")
        own = _instances(log, data, lines)
        lines = [path for path in lines if path != own]
        made.append(_read(log, data, own, options))
    return made + [_read(None, {}, path, options) for path in lines]


def _instances(log: Path, data: Json, given: Sequence[Path]) -> Path | None:
    """Return the file of a log's instances; only the name of what the log says is used, for a log
    must not reach out of its folder.
    """
    told = get(data, "detailed_evaluation_results", "file_path")
    names = [f"{log.stem}_samples.jsonl"]
    if isinstance(told, str):
        names.insert(0, told.replace("\\", "/").rpartition("/")[2])
    for path in given:
        if path.name in names:
            return path
    return next(
        (log.parent / name for name in names if name and (log.parent / name).is_file()), None
    )


def _read(log: Path | None, data: Json, samples: Path | None, options: ImportOptions) -> Imported:
    metrics = _metrics(data)
    path = samples or log
    if path is None:
        raise ImportFault("no file")
    info = mapping(get(data, "model_info"))
    rows: list[tuple[int, dict[str, Json]]] = []
    if samples is not None:
        rows = list(json_values.json_lines(samples, json_values.read_bytes(samples)))
        for line, row in rows:
            if not is_sample(row):
                raise ImportFault(f"{samples}:{line}: not an instance of Every Eval Ever")
    model = str(info.get("id") or (rows[0][1].get("model_id") if rows else None) or "unknown")
    arm = ImportedArm(
        model.rpartition("/")[2],
        str(info.get("inference_platform") or "unknown"),
        model,
        (log or path).name,
        _setups(data),
        _sampling(data),
        _when(data),
    )
    if not rows:
        return _aggregates(path, arm, metrics)
    answers = [_answer(row, arm.name, metrics) for _, row in rows]
    down = {m.name for several in metrics.values() for m in several if m.down}
    told = {m.name for several in metrics.values() for m in several}
    stated = {(arm.name, task): _stated(several) for task, several in metrics.items()}
    notes = []
    if log is None:
        notes.append(
            f"{path.name}: without its log ({path.name.replace('_samples.jsonl', '.json')}), so"
            " that scores are taken to lie between 0 and 1"
        )
    found = Found(
        KIND,
        [path] if log is None else [log, path],
        [arm],
        answers,
        stated,
        lambda _task, metric: (metric in down) if metric in told else None,
        notes=notes,
    )
    return gathered(found, options)


def _metrics(data: Json) -> dict[str, list[_Metric]]:
    """Return evaluation -> its results, by name and by the id of the result."""
    made: dict[str, list[_Metric]] = {}
    listed = get(data, "evaluation_results")
    for result in listed if isinstance(listed, list) else []:
        config = mapping(get(result, "metric_config"))
        low, high = number(config.get("min_score")), number(config.get("max_score"))
        task = str(get(result, "evaluation_name") or "evaluation")
        name = str(config.get("metric_name") or config.get("metric_id") or "score")
        made.setdefault(task, []).append(
            _Metric(
                name,
                0.0 if low is None else low,
                1.0 if high is None else high,
                config.get("lower_is_better") is True,
                number(get(result, "score_details", "score")),
                mapping(result),
            )
        )
    return made


def _stated(several: Sequence[_Metric]) -> dict[str, float]:
    return {m.name: m.share(m.score) for m in several if m.score is not None}


def _metric_of(row: Mapping[str, Json], metrics: Mapping[str, Sequence[_Metric]]) -> _Metric:
    """Return the metric of an instance: by the id of its result, else its evaluation's first."""
    mine = metrics.get(str(row.get("evaluation_name")), ())
    wanted = row.get("evaluation_result_id")
    for metric in mine:
        if wanted is not None and metric.result.get("evaluation_result_id") == wanted:
            return metric
    return mine[0] if mine else _Metric("score")


def _answer(row: Mapping[str, Json], arm: str, metrics: Mapping[str, Sequence[_Metric]]) -> Answer:
    metric = _metric_of(row, metrics)
    score = number(get(row, "evaluation", "score"))
    error = row.get("error")
    fault = error if isinstance(error, str) and error else None
    ours = mapping(row.get("metadata"))
    reference = get(row, "input", "reference")
    several = reference if isinstance(reference, list) else [reference]
    target = (several or [None])[0] if len(several) < 2 else several
    raw = get(row, "input", "raw")
    exported = any(name.startswith(f"{OWN_KEY}.") for name in ours)
    own_dollars = {name: ours.get(f"{OWN_KEY}.{name}") for name in TOLD_FIELDS}
    charge, told = read_dollars(own_dollars, failed=fault is not None)
    latency = number(get(row, "performance", "latency_ms"))
    ttft = number(get(row, "performance", "time_to_first_token_ms"))
    return Answer(
        arm,
        str(row.get("evaluation_name")),
        str(row["sample_id"]),
        {} if score is None else {metric.name: metric.share(score)},
        epoch=count(ours.get(f"{OWN_KEY}.epoch")) or 0,
        shown="" if exported and untold(raw) else str(get(row, "input", "formatted") or raw or ""),
        target=target,
        text=_text(row),
        error=fault,
        usage=usage_of(mapping(row.get("token_usage"))),
        usd=charge,
        told=told,
        latency_s=seconds(None if latency is None else latency / 1000),
        ttft_s=seconds(None if ttft is None else ttft / 1000),
        cluster=str(ours.get(f"{OWN_KEY}.cluster") or ""),
        judge={metric.name: str(judge)} if (judge := _judge(ours, metric)) else {},
    )


def _judge(ours: Mapping[str, Json], metric: _Metric) -> Json:
    """Return what says that a model scored: our own word, or the log's ``llm_scoring``."""
    scoring = get(metric.result, "metric_config", "llm_scoring")
    return ours.get(f"{OWN_KEY}.judged_by") or ("llm_scoring" if scoring else None)


def _text(row: Mapping[str, Json]) -> str:
    answers = get(row, "output", "raw")
    if isinstance(answers, list) and answers:
        return str(answers[-1])
    turns = row.get("messages")
    for turn in reversed(turns) if isinstance(turns, list) else ():
        if get(turn, "role") == "assistant" and get(turn, "content"):
            return str(turn["content"])
    return ""


def usage_of(told: Mapping[str, Json]) -> Usage | None:
    """Return the disjoint tokens of an instance; what it does not tell is unknown."""
    n_in, n_out = whole(told.get("input_tokens")), whole(told.get("output_tokens"))
    if not n_in or n_out is None:
        return None
    return disjoint(
        n_in,
        n_out,
        whole(told.get("input_tokens_cache_read")),
        whole(told.get("input_tokens_cache_write")),
        whole(told.get("reasoning_tokens")),
    )


def _sampling(data: Json) -> SamplingParams:
    args = mapping(get(data, "evaluation_results", 0, *_ARGS))
    return SamplingParams(number(args.get("temperature")), number(args.get("top_p")))


_ARGS = ("generation_config", "generation_args")


def _setups(data: Json) -> dict[str, Json]:
    """Return each evaluation's settings of the generation, as its first result states them; where
    the evaluations are sampled in several ways the sampling is among them.
    """
    listed = get(data, "evaluation_results")
    args: dict[str, dict[str, Json]] = {}
    for result in listed if isinstance(listed, list) else []:
        task = str(get(result, "evaluation_name") or "evaluation")
        args.setdefault(task, mapping(get(result, *_ARGS)))
    ways = {(number(a.get("temperature")), number(a.get("top_p"))) for a in args.values()}
    setups: dict[str, Json] = {}
    for task, told in args.items():
        settings = all_settings(told, frozenset())
        more = ("max_tokens", "temperature", "top_p") if len(ways) > 1 else ("max_tokens",)
        settings |= {name: value for name in more if (value := told.get(name)) is not None}
        setups[task] = {SETTINGS: settings}
    return setups


def _when(data: Json) -> datetime | None:
    for name in ("evaluation_timestamp", "retrieved_timestamp"):
        told = get(data, name)
        if isinstance(told, str) and told.replace(".", "", 1).isdecimal():
            told = float(told)
        found = moment(told)
        if found is not None:
            return found
    return None


def _aggregates(path: Path, arm: ImportedArm, metrics: Mapping[str, Sequence[_Metric]]) -> Imported:
    """Return a log of aggregate scores: nothing can be paired on it."""
    told: list[Aggregate] = []
    notes = []
    for task, several in metrics.items():
        for metric in several:
            if metric.score is None:
                continue
            value = metric.share(metric.score)
            uncertain = mapping(get(metric.result, "score_details", "uncertainty"))
            error = number(get(uncertain, "standard_error", "value"))
            if error is not None and metric.high > metric.low:
                error /= metric.high - metric.low
            name = metric.name
            if metric.down:
                notes.append(direction.said(task, name))
                name, value = direction.inverted(name), 1 - value
            n = whole(uncertain.get("num_samples"))
            told.append(Aggregate(arm.name, task, name, value, error, n, note="no instances"))
    if not told:
        raise ImportFault(f"{path}: neither instances nor scores in the log")
    files = {path.name: json_values.sha256(json_values.read_bytes(path))}
    return Imported(KIND, (arm,), (), (), tuple(told), tuple(notes), {}, files)
