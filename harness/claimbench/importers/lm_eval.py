"""lm-eval: ``results_*.json`` with the ``samples_*.jsonl`` of the same run beside it.

Keys of the results look like ``acc,none`` and ``acc_stderr,none`` (metric, filter). Standard errors
are sample ones (n - 1), and are checked against the samples. lm-eval logs neither tokens nor
seconds per request: costs and latencies stay unknown.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from claimbench.importers import direction, json_values
from claimbench.importers.imported import (
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
from claimbench.importers.json_values import (
    digest,
    get,
    mapping,
    number,
    seconds,
    text_of,
    whole,
)
from claimbench.importers.own_inputs import own_chat
from claimbench.pricing.told import read_dollars
from claimbench.suite.files.settings import stated_settings
from claimbench.types import Json, SamplingParams, Usage

KIND = "lm-eval"
_STAMP = re.compile(r"_(\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}(?:\.\d+)?)\.jsonl?$")
OWN_KEY = "claimbench"
"""Under it our own exports keep in a sample's line what lm-eval has no place for."""
_SETUP_KEYS = (
    "doc_to_text",
    "doc_to_target",
    "doc_to_choice",
    "description",
    "num_fewshot",
    "generation_kwargs",
    "output_type",
    "fewshot_delimiter",
    "target_delimiter",
    "process_results",
    "repeats",
)


def is_results(value: Json) -> bool:
    """Recognise a results file."""
    return isinstance(get(value, "results"), dict) and isinstance(get(value, "configs"), dict)


def is_sample(value: Json) -> bool:
    """Recognise a line of a samples file."""
    return (
        isinstance(value, dict)
        and "doc_id" in value
        and ("filtered_resps" in value or "resps" in value)
    )


def sort_files(paths: Sequence[Path]) -> list[tuple[Path | None, list[Path]]]:
    """Group results files with their samples: those given, else those beside them of the same
    moment.
    """
    results = [p for p in paths if not p.name.endswith(".jsonl")]
    samples = [p for p in paths if p.name.endswith(".jsonl")]
    groups: list[tuple[Path | None, list[Path]]] = []
    for path in results:
        stamp = _STAMP.search(path.name)
        own: list[Path] = []
        for one in samples:
            beside = one.parent == path.parent
            # samples in another folder can only belong to the one results file there is
            if (beside and _same_moment(one, stamp)) or (not beside and len(results) == 1):
                own.append(one)
        if not own:
            own = sorted(s for s in path.parent.glob("samples_*.jsonl") if _same_moment(s, stamp))
        samples = [s for s in samples if s not in own]
        groups.append((path, own))
    return groups + [(None, [s]) for s in samples]


def _same_moment(samples: Path, stamp: re.Match[str] | None) -> bool:
    other = _STAMP.search(samples.name)
    return stamp is None or other is None or other[1] == stamp[1]


def read(results: Path | None, samples: Sequence[Path], options: ImportOptions) -> Imported:
    """Read one run of lm-eval; raises ImportFault."""
    paths = [*samples] if results is None else [results, *samples]
    raw = {path: json_values.read_bytes(path) for path in paths}
    data = json_values.load_json(results, raw[results]) if results is not None else {}
    if results is not None and not is_results(data):
        raise ImportFault(f"{results}: not a results file of lm-eval (no 'results' and 'configs')")
    name = str(get(data, "model_name") or (samples[0].parent.name if samples else "lm-eval model"))
    arm = ImportedArm(
        re.split("/|__", name)[-1],
        str(get(data, "model_source") or "unknown"),
        name,
        (results or samples[0]).name,
        {task: _setup(data, task) for task in mapping(get(data, "configs"))},
        SamplingParams(),
        json_values.moment(get(data, "date")),
    )
    stated = {task: mapping(values) for task, values in mapping(get(data, "results")).items()}
    found = [_read_samples(p, raw[p], arm, data, stated, options) for p in samples]
    with_items = {task for part in found for task in part.metrics}
    alone = _aggregates(arm.name, {t: v for t, v in stated.items() if t not in with_items}, data)
    return Imported(
        KIND,
        (arm,),
        tuple(s for part in found for s in part.samples),
        tuple(c for part in found for c in part.calls),
        (*(a for part in found for a in part.aggregates), *alone),
        tuple(n for part in found for n in part.notes),
        {task: metric for part in found for task, metric in part.metrics.items()},
        {path.name: json_values.sha256(content) for path, content in raw.items()},
    )


def _setup(data: Json, task: str) -> dict[str, Json]:
    config = mapping(get(data, "configs", task))
    return {
        "version": get(data, "versions", task),
        "n_shot": get(data, "n-shot", task),
        **{key: config.get(key) for key in _SETUP_KEYS if key in config},
        SETTINGS: _settings(data, task),
    }


def _settings(data: Json, task: str) -> dict[str, Json]:
    """Return what was set for all tasks: a system prompt, what ``--gen_kwargs`` make otherwise than
    the task has it, arguments of the model that bear on an answer, and how examples are shown.
    """
    shots = whole(get(data, "n-shot", task))
    told: dict[str, Json] = {
        "system": get(data, "system_instruction"),
        "gen_kwargs": _set_otherwise(
            get(data, "config", "gen_kwargs"),
            mapping(get(data, "configs", task, "generation_kwargs")),
        ),
        "fewshot_as_multiturn": None if shots == 0 else get(data, "fewshot_as_multiturn"),
        **stated_settings(_arguments(get(data, "config", "model_args"))),
    }
    return {name: value for name, value in told.items() if value}


def _set_otherwise(asked: Json, own: Mapping[str, Json]) -> Json:
    """Return the ``--gen_kwargs`` that are not what the task says by itself."""
    given = _arguments(asked)
    if not given:
        return asked
    return {
        name: value
        for name, value in given.items()
        if value is not None and not _alike(value, own.get(name))
    }


def _alike(one: Json, other: Json) -> bool:
    """Tell whether two values say the same; a command line has them as text."""
    try:
        return float(str(one)) == float(str(other))
    except ValueError:
        return str(one).casefold() == str(other).casefold()


def _arguments(given: Json) -> dict[str, Json]:
    """Return arguments as a mapping; a command line has them as ``name=value,name=value``."""
    if not isinstance(given, str):
        return mapping(given)
    pairs = [part.partition("=") for part in given.split(",")]
    return {name.strip(): value.strip() for name, mark, value in pairs if mark}


def _aggregates(arm: str, stated: Mapping[str, Mapping[str, Json]], data: Json) -> list[Aggregate]:
    made = []
    for task, values in stated.items():
        n = whole(get(data, "n-samples", task, "effective"))
        for key, value in values.items():
            figure = number(value)
            metric, _, flt = key.partition(",")
            if figure is None or not flt or metric.endswith("_stderr"):
                continue
            error = number(values.get(f"{metric}_stderr,{flt}"))
            made.append(Aggregate(arm, task, key, figure, error, n, note="no per-item results"))
    return made


def _read_samples(
    path: Path,
    raw: bytes,
    arm: ImportedArm,
    data: Json,
    stated: Mapping[str, Mapping[str, Json]],
    options: ImportOptions,
) -> Imported:
    templated = bool(get(data, "chat_template"))
    rows = list(json_values.json_lines(path, raw))
    for line, row in rows or [(1, {})]:
        if not is_sample(row):
            raise ImportFault(
                f"{path}:{line}: not a sample of lm-eval",
                hint="each line of a samples file holds doc_id, and filtered_resps or resps",
            )
    task = _task_of(path, stated)
    metrics = _metrics(rows, stated.get(task, {}))
    lower = {metric for metric, _ in metrics if _points_down(data, task, metric)}
    chosen, flt = _headline_metric(path, metrics, options.metric, lower)
    samples: dict[str, ImportedSample] = {}
    calls: list[ImportedCall] = []
    values: dict[str, list[float]] = defaultdict(list)
    for _, row in rows:
        if str(row.get("filter", "none")) != flt:
            continue
        sample, call = _one(
            row, arm.name, task, {m for m, f in metrics if f == flt}, chosen, templated
        )
        if sample.id in samples:
            raise ImportFault(f"{path}: doc_id {sample.id} comes twice under the filter {flt!r}")
        samples[sample.id] = sample
        calls.append(call)
        for metric, value in call.scores.items():
            values[metric].append(value)
    key = f"{chosen},{flt}"
    aggregate, notes = _checked(arm.name, task, key, values.get(chosen, []), stated.get(task, {}))
    others = [m for m, f in metrics if f == flt and m != chosen]
    notes.append(judged_by(task, key, others))
    told: tuple[Aggregate, ...] = (aggregate,)
    made = tuple(calls)
    if chosen in lower:
        made = tuple(replace(call, scores=_renamed(call.scores, chosen, key)) for call in made)
        made, told = turned(made, told, key)
        notes.append(direction.said(task, key))
        key = direction.inverted(key)
    return Imported(KIND, (), tuple(samples.values()), made, told, tuple(notes), {task: key})


def _renamed(scores: Mapping[str, float], old: str, new: str) -> dict[str, float]:
    return {new if name == old else name: value for name, value in scores.items()}


def _points_down(data: Json, task: str, metric: str) -> bool:
    """Tell whether lower is better: by lm-eval's ``higher_is_better``, else by its name."""
    told = get(data, "higher_is_better", task, metric)
    listed = get(data, "configs", task, "metric_list")
    for entry in listed if isinstance(listed, list) and not isinstance(told, bool) else []:
        if get(entry, "metric") == metric:
            told = get(entry, "higher_is_better")
    return not told if isinstance(told, bool) else direction.lower_is_better(metric)


def _task_of(path: Path, stated: Mapping[str, Json]) -> str:
    name = path.name.removesuffix(".jsonl").removeprefix("samples_")
    fits = [task for task in stated if name == task or name.startswith(f"{task}_2")]
    return (
        max(fits, key=len)
        if fits
        else _STAMP.sub("", path.name).removeprefix("samples_").removesuffix(".jsonl")
    )


def _metrics(
    rows: Sequence[tuple[int, dict[str, Json]]], stated: Mapping[str, Json]
) -> list[tuple[str, str]]:
    """List (metric, filter) pairs in the order of the results file, then of the samples."""
    there: dict[tuple[str, str], None] = {}
    for _, row in rows[:200]:
        flt = str(row.get("filter", "none"))
        listed = row.get("metrics")
        known = {key.partition(",")[0] for key in stated}
        for name in listed if isinstance(listed, list) else [k for k in row if k in known]:
            there[str(name), flt] = None
        if not listed and not known:
            reserved = ("doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter")
            there.update(
                {(k, flt): None for k in row if k not in reserved and number(row[k]) is not None}
            )
    in_order = [tuple(key.partition(",")[::2]) for key in stated]
    wanted = [(m, f) for m, f in in_order if (m, f) in there]
    usable = [*wanted, *(pair for pair in there if pair not in wanted)]
    return [pair for pair in usable if _in_unit(rows, *pair)]


def _in_unit(rows: Sequence[tuple[int, dict[str, Json]]], metric: str, flt: str) -> bool:
    seen = [number(row.get(metric)) for _, row in rows if str(row.get("filter", "none")) == flt]
    values = [v for v in seen if v is not None]
    return bool(values) and all(0 <= v <= 1 for v in values)


def _headline_metric(
    path: Path, metrics: Sequence[tuple[str, str]], wanted: str | None, lower: set[str]
) -> tuple[str, str]:
    """Return the (metric, filter) pair that counts: the first of which higher is better, if there
    is one.
    """
    if not metrics:
        raise ImportFault(
            f"{path}: no metric between 0 and 1 stands with every sample",
            hint="perplexities, counts and scores beyond 1 cannot be judged: import another task",
        )
    if wanted is None:
        upward = [pair for pair in metrics if pair[0] not in lower]
        return (upward or list(metrics))[0]
    for pair in metrics:
        if wanted in (pair[0], ",".join(pair)):
            return pair
    raise unknown_metric(path, "metric", wanted, [",".join(pair) for pair in metrics])


def _one(
    row: dict[str, Json], arm: str, task: str, metrics: set[str], chosen: str, templated: bool
) -> tuple[ImportedSample, ImportedCall]:
    ours = mapping(row.get(OWN_KEY))
    named = ours.get("sample_id")  # lm-eval itself has numbers alone
    sample_id = named if isinstance(named, str) and named else str(row["doc_id"])
    target = row.get("target")
    shown = _first_prompt(row.get("arguments"))
    shown = own_chat(shown) if ours else shown
    given = {metric: number(row.get(metric)) for metric in sorted(metrics)}
    scores = {metric: value for metric, value in given.items() if value is not None}
    answer = row.get("filtered_resps", row.get("resps"))
    while isinstance(answer, list) and len(answer) == 1:
        answer = answer[0]
    item = digest(row.get("doc_hash") or row.get("doc"), target)
    prompt = "" if templated else str(row.get("prompt_hash") or digest(row.get("arguments")))
    error = None if chosen in scores else f"lm-eval gives no {chosen}"
    charge, told = read_dollars(ours, failed=error is not None)
    call = ImportedCall(
        arm,
        task,
        sample_id,
        0,
        scores,
        text_of(answer),
        error,
        _own_usage(ours),
        charge,
        seconds(ours.get("e2e_s")),
        fingerprint=item,
        prompt_hash=prompt,
        ttft_s=seconds(ours.get("ttft_s")),
        judge=str(ours.get("judged_by") or ""),
        told=told,
    )
    cluster = str(ours.get("cluster") or "")
    return ImportedSample(task, sample_id, shown, target, cluster), call


def _own_usage(ours: Mapping[str, Json]) -> Usage | None:
    """Return the tokens that our own export keeps beside lm-eval's fields."""
    n_in = whole(ours.get("input_tokens"))
    n_out = whole(ours.get("output_tokens"))
    return None if not n_in or n_out is None else Usage(input_fresh=n_in, output_visible=n_out)


def _first_prompt(arguments: Json) -> str:
    first = get(arguments, "gen_args_0", "arg_0") or get(arguments, 0, 0)
    if isinstance(first, list) and len(first) == 1:
        first = first[0]  # chats, since 0.4.9
    return first if isinstance(first, str) else ""


def _checked(
    arm: str, task: str, key: str, values: Sequence[float], stated: Mapping[str, Json]
) -> tuple[Aggregate, list[str]]:
    """Recompute the stated score and its error from the samples, and say what does not agree."""
    found = aggregate_of(arm, task, key, values)
    metric, _, flt = key.partition(",")
    said = number(stated.get(key))
    said_error = number(stated.get(f"{metric}_stderr,{flt}"))
    notes = []
    if said is not None and not reproduced(found.value, said):
        notes.append(
            f"{arm} {task}: the samples give {key} {found.value:.6g}, the results file says"
            f" {said:.6g}"
        )
    if said_error is not None and not reproduced(found.stderr, said_error, 1e-4):
        shown = "none" if found.stderr is None else f"{found.stderr:.6g}"
        notes.append(
            f"{arm} {task}: the samples give a standard error of {shown}, the results file says"
            f" {said_error:.6g}"
        )
    return found, notes
