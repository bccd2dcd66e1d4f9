"""promptfoo: the output of ``promptfoo eval -o FILE`` as ``.json`` or ``.jsonl``.

An item is a test; an arm is a provider, or a provider with one of several prompts. ``cost`` in
these files is computed by promptfoo from its own price table, so tokens are priced again here and
that figure is left alone. A cached response has neither a bill nor a latency of its own.
"""

from __future__ import annotations

from collections import Counter
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
    turned,
    unknown_metric,
)
from claimbench.importers.json_values import (
    as_list,
    digest,
    disjoint,
    get,
    mapping,
    number,
    seconds,
    text_of,
    whole,
)
from claimbench.importers.judges.assertions import judge_of_row
from claimbench.suite.files.settings import stated_effort, stated_settings
from claimbench.types import Json, SamplingParams, Usage

KIND = "promptfoo"
_CAPS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens")
_ERROR = 2
"""``failureReason`` of a test that could not be run; 1 is a failed assertion."""


def is_output(value: Json) -> bool:
    """Recognise an output file in JSON."""
    return isinstance(get(value, "results", "results"), list)


def is_row(value: Json) -> bool:
    """Recognise a line of an output file in JSON Lines."""
    return isinstance(value, dict) and "testIdx" in value and "promptIdx" in value


def read(path: Path, options: ImportOptions) -> Imported:
    """Read one output file; raises ImportFault."""
    raw = json_values.read_bytes(path)
    config: Json = {}
    when = None
    if path.suffix == ".jsonl":
        rows = [row for _, row in json_values.json_lines(path, raw)]
    else:
        data = json_values.load_json(path, raw)
        if not is_output(data):
            raise ImportFault(
                f"{path}: not an output of promptfoo (no results.results)",
                hint="write it with promptfoo eval -o FILE",
            )
        rows = [row for row in data["results"]["results"] if isinstance(row, dict)]
        config = mapping(data.get("config"))
        when = json_values.moment(get(data, "results", "timestamp"))
    if not rows or not all(is_row(row) for row in rows):
        raise ImportFault(f"{path}: the results are not promptfoo's (no testIdx and promptIdx)")
    task = options.task or str(get(config, "description") or path.stem)
    task = " ".join(task.split()).replace("/", "-")[:80]
    metric, names = _headline_score(path, rows, options.metric)
    prompts = list(dict.fromkeys(_template(row) for row in rows))
    arms: dict[str, ImportedArm] = {}
    samples: dict[str, ImportedSample] = {}
    calls: list[ImportedCall] = []
    seen: Counter[tuple[str, str]] = Counter()
    for row in rows:
        arm = _imported_arm(row, path, prompts, config, task, when)
        arms.setdefault(arm.name, arm)
        sample = _imported_sample(row, task)
        samples.setdefault(sample.id, sample)
        call = _imported_call(row, arm.name, sample, seen[arm.name, sample.id])
        calls.append(replace(call, judge=judge_of_row(row, metric)))
        seen[arm.name, sample.id] += 1
    calls = _without_gaps(calls)
    aggregates, notes = _summary(arms, calls, task, metric, names)
    cached = sum(1 for row in rows if get(row, "response", "cached"))
    if cached:
        notes.append(
            f"{cached} of {len(rows)} responses came from promptfoo's cache: without tokens and"
            " latency"
        )
    stated = sum(1 for row in rows if (number(row.get("cost")) or 0) > 0)
    if stated:
        notes.append(
            f"the cost of {stated} of {len(rows)} results is not read: promptfoo computes it from"
            " its own prices, no vendor charged it; tokens are priced here, where the model has a"
            " price"
        )
    files = {path.name: json_values.sha256(raw)}
    lower = _points_down(rows, metric)
    if lower is None and direction.lower_is_better(metric):
        notes.append(
            f"{task}: {metric} is taken as promptfoo counts: higher is better, whatever its name"
        )
    if lower:
        turned_calls, turned_figures = turned(calls, aggregates, metric)
        calls, aggregates = list(turned_calls), list(turned_figures)
        notes.append(direction.said(task, metric))
        metric = direction.inverted(metric)
    return Imported(
        KIND,
        tuple(arms.values()),
        tuple(samples.values()),
        tuple(calls),
        tuple(aggregates),
        tuple(notes),
        {task: metric},
        files,
    )


def _template(row: Mapping[str, Json]) -> str:
    return str(row.get("promptId") or get(row, "prompt", "label") or row.get("promptIdx"))


def _scores(row: Mapping[str, Json]) -> dict[str, float]:
    found: dict[str, Json] = {
        "pass": row.get("success"),
        "score": row.get("score"),
        **mapping(row.get("namedScores")),
    }
    values = {name: number(given) for name, given in found.items()}
    return {name: value for name, value in values.items() if value is not None}


def _headline_score(
    path: Path, rows: Sequence[Mapping[str, Json]], wanted: str | None
) -> tuple[str, list[str]]:
    """Return the score that counts, and all whose values lie between 0 and 1."""
    names = list(dict.fromkeys(name for row in rows for name in _scores(row)))
    names = [n for n in names if all(0 <= _scores(row).get(n, 0.0) <= 1 for row in rows)]
    if wanted is not None and wanted not in names:
        raise unknown_metric(path, "score", wanted, names)
    return wanted or "pass", names


def _points_down(rows: Sequence[Mapping[str, Json]], metric: str) -> bool | None:
    """Tell whether lower is better: promptfoo's scores count up, but an assertion of one's own may
    return a raw rate; then what passed has lower scores than what failed. None where the results
    do not show it.
    """
    passed: list[float] = []
    failed: list[float] = []
    for row in rows:
        listed = get(row, "gradingResult", "componentResults")
        for part in listed if isinstance(listed, list) else []:
            score = number(get(part, "score"))
            if get(part, "assertion", "metric") == metric and score is not None:
                (passed if get(part, "pass") is True else failed).append(score)
    if not passed or not failed:
        return None
    return max(passed) < min(failed)


def _imported_arm(
    row: Mapping[str, Json],
    path: Path,
    prompts: Sequence[str],
    config: Json,
    task: str,
    when: object,
) -> ImportedArm:
    given = row.get("provider")
    full = str(get(given, "id") or given)
    parts = full.split(":")
    name = str(get(given, "label") or parts[-1])
    if len(prompts) > 1:
        name += f" prompt {prompts.index(_template(row)) + 1}"
    settings: Json = {}
    for provider in as_list(get(config, "providers")):
        if get(provider, "id") == full and (get(provider, "label") or "") == (
            get(given, "label") or ""
        ):
            settings = get(provider, "config")
    params = SamplingParams(
        number(get(settings, "temperature")),
        number(get(settings, "top_p")),
        whole(get(settings, "seed")),
        stated_effort(settings),
    )
    caps = (get(settings, name) for name in _CAPS)
    setup: dict[str, Json] = {
        "max_tokens": next((cap for cap in caps if cap is not None), None),
        SETTINGS: stated_settings(settings),
    }
    moment = when if when is None or hasattr(when, "tzinfo") else None
    return ImportedArm(
        name,
        parts[0],
        parts[-1],
        path.name,
        {task: setup},
        params,
        moment,  # type: ignore[arg-type]
    )


def _imported_sample(row: Mapping[str, Json], task: str) -> ImportedSample:
    wanted = [get(check, "value") for check in as_list(get(row, "testCase", "assert"))]
    target: Json = wanted[0] if len(wanted) == 1 else wanted
    return ImportedSample(task, str(row["testIdx"]), text_of(row.get("vars") or {}), target)


def _imported_call(
    row: Mapping[str, Json], arm: str, sample: ImportedSample, epoch: int
) -> ImportedCall:
    scores = {name: value for name, value in _scores(row).items() if 0 <= value <= 1}
    failed = row.get("failureReason") == _ERROR or get(row, "response", "error")
    error = str(row.get("error") or get(row, "response", "error") or "an error") if failed else None
    cached = bool(get(row, "response", "cached"))
    latency = number(row.get("latencyMs"))
    return ImportedCall(
        arm,
        sample.task,
        sample.id,
        epoch,
        scores,
        text_of(get(row, "response", "output") or ""),
        error,
        None if cached else usage_of(get(row, "response", "tokenUsage"), row.get("tokenUsage")),
        latency_s=None if cached or latency is None else seconds(latency / 1000),
        finish_reason=get(row, "response", "finishReason"),
        fingerprint=digest(row.get("vars"), get(row, "testCase", "assert")),
        prompt_hash=digest(get(row, "prompt", "raw")),
        explanation=str(get(row, "gradingResult", "reason") or ""),
    )


def usage_of(*given: Json) -> Usage | None:
    """Normalise promptfoo's ``tokenUsage``: the first that tells prompt and completion tokens;
    zeros tell nothing.
    """
    for usage in given:
        n_in = whole(get(usage, "prompt"))
        n_out = whole(get(usage, "completion"))
        if not n_in or n_out is None:
            continue
        details = mapping(get(usage, "completionDetails"))
        cached = whole(details.get("cacheReadInputTokens"))
        return disjoint(n_in, n_out, cached, reasoning=whole(details.get("reasoning")))
    return None


def _without_gaps(calls: Sequence[ImportedCall]) -> list[ImportedCall]:
    """Take no word on cached tokens, or on those of reasoning, for none of them in an arm of which
    other results tell some: promptfoo leaves a 0 out.
    """
    cached = {c.arm for c in calls if c.usage is not None and c.usage.cache_read is not None}
    thought = {c.arm for c in calls if c.usage is not None and c.usage.output_reasoning is not None}
    found = []
    for call in calls:
        usage = call.usage
        if usage is not None and usage.cache_read is None and call.arm in cached:
            usage = replace(usage, cache_read=0)
        if usage is not None and usage.output_reasoning is None and call.arm in thought:
            usage = replace(usage, output_reasoning=0)
        found.append(replace(call, usage=usage))
    return found


def _summary(
    arms: Mapping[str, ImportedArm],
    calls: Sequence[ImportedCall],
    task: str,
    metric: str,
    names: Sequence[str],
) -> tuple[list[Aggregate], list[str]]:
    made = []
    for arm in arms:
        answered = [c.scores for c in calls if c.arm == arm and c.error is None]
        values = [scores[metric] for scores in answered if metric in scores]
        if values:
            made.append(aggregate_of(arm, task, metric, values))
    return made, [judged_by(task, metric, names)]
