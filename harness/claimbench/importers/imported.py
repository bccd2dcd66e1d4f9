"""What every kind of file becomes before it is stored: arms, samples, calls, and scores known only
in the aggregate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from claimbench.error_words import did_you_mean, one_of
from claimbench.errors import BenchError
from claimbench.importers.direction import inverted
from claimbench.pricing.told import ToldDollars
from claimbench.types import Json, SamplingParams, Usage

T = TypeVar("T")
Z_95 = 1.959963984540054
"""Two-sided 95% quantile of the normal distribution."""

FEWEST_FOR_NORMAL = 20
"""Below this many items a normal interval promises more than it keeps."""

NOT_SCORED = "not scored"
"""Stands for the metric of a file without scores; its dollars, tokens and seconds still count."""


SETTINGS = "settings"
"""Key of an arm's setup under which the settings of its generation stand."""


class ImportFault(BenchError):
    """A file of another tool that cannot be read as what it is said to be."""


@dataclass(frozen=True, slots=True)
class ImportedArm:
    """One model in one file. ``setup`` (task -> name -> value) is what must be equal for two arms
    to be comparable, beside the items; under :data:`SETTINGS` stand settings of the generation
    beside ``params``, which a claim may allow to differ as it does those.

    ``source`` is the file's name; ``when`` the moment the tool gives for the run, for dated prices.
    """

    name: str
    provider: str
    model: str
    source: str
    setup: Mapping[str, Json] = field(default_factory=dict)
    params: SamplingParams = field(default_factory=SamplingParams)
    when: datetime | None = None


@dataclass(frozen=True, slots=True)
class ImportedSample:
    """One item; ``shown`` is what the model saw, as far as the file tells."""

    task: str
    id: str
    shown: str
    target: Json
    cluster: str = ""
    slices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImportedCall:
    """One answer with the tool's own scores (metric -> value). None is what the file does not tell.

    ``fingerprint`` stands for the item as this arm was asked it; ``prompt_hash`` for the prompt,
    where prompts can be compared between models (without chat templates). ``judge``: what says that
    a model gave the scores. ``billed_usd``: a vendor's charge, or what a file calls a cost and no
    more; ``told``: dollars at the prices of a run of ours that the file comes from.
    """

    arm: str
    task: str
    sample_id: str
    epoch: int
    scores: Mapping[str, float]
    text: str = ""
    error: str | None = None
    usage: Usage | None = None
    billed_usd: Decimal | None = None
    latency_s: float | None = None
    sent: datetime | None = None
    finish_reason: str | None = None
    model_returned: str | None = None
    fingerprint: str = ""
    prompt_hash: str = ""
    explanation: str = ""
    ttft_s: float | None = None
    judge: str = ""
    told: ToldDollars | None = None


@dataclass(frozen=True, slots=True)
class ImportedVote:
    """One vote on the answers of two arms to one sample; ``share``: of the win that ``one`` got."""

    task: str
    sample_id: str
    one: str
    two: str
    rater: str
    is_person: bool
    share: float


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A score as a tool or a table states it. ``n`` None: it is not said over how many items."""

    arm: str
    task: str
    metric: str
    value: float
    stderr: float | None = None
    n: int | None = None
    usd: Decimal | None = None
    note: str = ""

    def interval(self) -> tuple[float, float] | None:
        """Return the normal 95% interval from the standard error; None without it, without n, or
        for a normal law too small an n.

        A standard error of 0 (one item, or all alike) says nothing, so it gives none either.
        """
        if self.n is None or self.n < FEWEST_FOR_NORMAL or self.stderr is None or self.stderr <= 0:
            return None
        return self.value - Z_95 * self.stderr, self.value + Z_95 * self.stderr


@dataclass(frozen=True, slots=True)
class Imported:
    """One or several files of one kind, read. ``metrics``: task -> the tool's metric that is
    judged.
    """

    kind: str
    arms: tuple[ImportedArm, ...]
    samples: tuple[ImportedSample, ...]
    calls: tuple[ImportedCall, ...]
    aggregates: tuple[Aggregate, ...] = ()
    notes: tuple[str, ...] = ()
    metrics: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    votes: tuple[ImportedVote, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the command line says of the files.

    ``columns``: role -> column, for tables. ``scale``: the maximum (100 for percent) or both ends
    (``1..5``) of a table's scores. ``records``: dotted path of the records in a JSON document.
    """

    metric: str | None = None
    arms: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    task: str | None = None
    scale: str | None = None
    records: str | None = None


def mean_and_stderr(values: Sequence[float]) -> tuple[float, float | None]:
    """Return mean and standard error ``sqrt(sum (x - mean)^2 / (n - 1) / n)``, as lm-eval and
    Inspect state it.

    The error is None for fewer than two values.
    """
    n = len(values)
    if n == 0:
        raise ValueError("no values")
    mean = math.fsum(values) / n
    if n < 2:
        return mean, None
    return mean, math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1) / n)


def aggregate_of(arm: str, task: str, metric: str, values: Sequence[float]) -> Aggregate:
    """Compute an arm's aggregate score of one task from its values, one or more."""
    mean, error = mean_and_stderr(values)
    return Aggregate(arm, task, metric, mean, error, len(values))


def turned(
    calls: Sequence[ImportedCall], aggregates: Sequence[Aggregate], metric: str
) -> tuple[tuple[ImportedCall, ...], tuple[Aggregate, ...]]:
    """Judge 1 - x of a metric between 0 and 1 of which lower is better, under a name that says
    so.
    """
    name = inverted(metric)
    made = []
    for call in calls:
        scores = {name: 1 - v} if (v := call.scores.get(metric)) is not None else {}
        rest = {key: value for key, value in call.scores.items() if key != metric}
        made.append(replace(call, scores={**scores, **rest}))
    told = tuple(
        replace(a, metric=name, value=1 - a.value) if a.metric == metric else a for a in aggregates
    )
    return tuple(made), told


def unknown_metric(path: Path, kind: str, wanted: str, known: Sequence[str]) -> ImportFault:
    """Make the error for a ``--metric`` that a file does not have; ``kind`` is its tool's word."""
    return ImportFault(
        f"{path}: no {kind} {wanted!r}{did_you_mean(wanted, known)}",
        hint=f"there are: {one_of(known)}",
    )


def same_task(parts: Sequence[Imported], named: Sequence[str]) -> list[Imported]:
    """Give files of one model each, on the same items, one task, so that their items pair.

    Args:
        parts: read files, in the order given.
        named: for each, the task that stands for "the file does not say": its own name.

    Files pair where each holds one arm and no task but its own name, and shares at least half of
    its items with the first; all others stay as they are.
    """
    if len(parts) < 2:
        return list(parts)
    items = []
    for part, name in zip(parts, named, strict=True):
        if len(part.arms) != 1 or {sample.task for sample in part.samples} != {name}:
            return list(parts)
        items.append({sample.id for sample in part.samples})
    for mine in items[1:]:
        if 2 * len(mine & items[0]) < min(len(mine), len(items[0])):
            return list(parts)
    task = _shared_name(named)
    made = []
    for part in parts:
        made.append(_renamed_task(part, task))
    note = f"files of one model each on the same items: paired by item, as the task {task!r}"
    return [replace(made[0], notes=(*made[0].notes, note)), *made[1:]]


def _shared_name(names: Sequence[str]) -> str:
    beginning = _common_start(names).strip(" -_.")
    ending = _common_start([name[::-1] for name in names])[::-1].strip(" -_.")
    return next((name for name in (beginning, ending) if len(name) >= 3), "items")


def _common_start(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    same = 0
    while same < len(first) and first[same] == last[same]:
        same += 1
    return first[:same]


def _renamed_task(part: Imported, task: str) -> Imported:
    return replace(
        part,
        arms=tuple(replace(arm, setup=_under(task, arm.setup)) for arm in part.arms),
        samples=tuple(replace(sample, task=task) for sample in part.samples),
        calls=tuple(replace(call, task=task) for call in part.calls),
        aggregates=tuple(replace(a, task=task) for a in part.aggregates),
        metrics=_under(task, part.metrics),
    )


def _under(task: str, values: Mapping[str, T]) -> dict[str, T]:
    """Put the one value of a part of one task under the task's new name."""
    return dict(zip([task], values.values(), strict=False))


def judged_by(task: str, metric: str, known: Sequence[str]) -> str:
    """Say which of a tool's metrics counts, and which others it could have been."""
    others = [name for name in known if name != metric]
    return f"{task}: judged by {metric}" + (f" (also there: {one_of(others)})" if others else "")


def reproduced(computed: float | None, stated: float | None, rel: float = 1e-6) -> bool:
    """Tell whether a stated figure is the computed one, up to the digits that tools keep."""
    if computed is None or stated is None:
        return False
    return math.isclose(computed, stated, rel_tol=rel, abs_tol=1e-9)


def merge(parts: Sequence[Imported], names: Sequence[str] = ()) -> Imported:
    """Put files of one kind together; arms of the same name get the file's name added, unless they
    are one model on different tasks (a log per task, as Inspect writes them): that is one arm.

    Args:
        parts: read files, in the order given.
        names: names for the arms in order, instead of the tools' own.

    Raises:
        ImportFault: files of several kinds, more names than arms, a name twice, or two metrics for
            one task.
    """
    kinds = sorted({part.kind for part in parts})
    if len(kinds) != 1:
        raise ImportFault(
            f"files of several kinds: {', '.join(kinds)}", hint="import each kind by itself"
        )
    total = sum(len(part.arms) for part in parts)
    if len(names) > total:
        raise ImportFault(f"--arm is given {len(names)} times for {total} arms in the files")
    taken: set[str] = set()
    renamed: list[Imported] = []
    wanted = iter(names)
    known: dict[str, ImportedArm] = {}
    done: dict[str, set[str]] = {}
    for part in parts:
        if not names and _continued(part, known, done):
            renamed.append(part)
            done[part.arms[0].name] |= _tasks_of(part)
            continue
        new = {arm.name: next(wanted, None) or _free(arm, taken) for arm in part.arms}
        for arm in part.arms:
            known.setdefault(arm.name, arm)
            done.setdefault(arm.name, set()).update(_tasks_of(part))
        for name in new.values():
            if name in taken:
                raise ImportFault(
                    f"two arms would be called {name!r}",
                    hint="name each with --arm, in the files' order",
                )
            taken.add(name)
        renamed.append(_rename(part, new))
    samples = {(s.task, s.id): s for part in reversed(renamed) for s in part.samples}
    order = dict.fromkeys((s.task, s.id) for part in renamed for s in part.samples)
    return Imported(
        kinds[0],
        _arms(renamed),
        tuple(samples[key] for key in order),
        tuple(call for part in renamed for call in part.calls),
        tuple(a for part in renamed for a in part.aggregates),
        (*(note for part in renamed for note in part.notes), *_apart(renamed)),
        _one_metric(renamed),
        {name: digest for part in renamed for name, digest in part.files.items()},
        tuple(vote for part in renamed for vote in part.votes),
    )


def _tasks_of(part: Imported) -> set[str]:
    return {call.task for call in part.calls} | {a.task for a in part.aggregates}


def _continued(
    part: Imported, known: Mapping[str, ImportedArm], done: Mapping[str, set[str]]
) -> bool:
    """Tell a file of one arm that goes on with tasks which an earlier file of it does not have."""
    if len(part.arms) != 1:
        return False
    (arm,) = part.arms
    before = known.get(arm.name)
    if before is None or done[arm.name] & _tasks_of(part):
        return False
    return (before.provider, before.model, before.params) == (arm.provider, arm.model, arm.params)


def _arms(parts: Sequence[Imported]) -> tuple[ImportedArm, ...]:
    """Return each arm once, with its setups of all tasks."""
    found: dict[str, ImportedArm] = {}
    for part in parts:
        for arm in part.arms:
            before = found.setdefault(arm.name, arm)
            if before is not arm:
                found[arm.name] = replace(before, setup={**before.setup, **arm.setup})
    return tuple(found.values())


def _apart(parts: Sequence[Imported]) -> list[str]:
    """Say which arms share no item, for a claim about two of them can then not be judged."""
    items: dict[str, set[tuple[str, str]]] = {}
    for part in parts:
        for call in part.calls:
            items.setdefault(call.arm, set()).add((call.task, call.sample_id))
    if len(items) < 2:
        return []
    first, *others = items
    alone = [name for name in others if not items[name] & items[first]]
    if not alone:
        return []
    named = one_of(alone, 6)
    return [
        f"{first} and {named} have no item in common: claims about one of them can be judged, but"
        " none that compares them"
    ]


def _free(arm: ImportedArm, taken: set[str]) -> str:
    if arm.name not in taken:
        return arm.name
    stem = Path(arm.source).stem
    return f"{arm.name} ({stem})"


def _rename(part: Imported, new: Mapping[str, str]) -> Imported:
    return replace(
        part,
        arms=tuple(replace(arm, name=new[arm.name]) for arm in part.arms),
        calls=tuple(replace(call, arm=new[call.arm]) for call in part.calls),
        aggregates=tuple(replace(a, arm=new[a.arm]) for a in part.aggregates),
        votes=tuple(replace(v, one=new[v.one], two=new[v.two]) for v in part.votes),
    )


def _one_metric(parts: Sequence[Imported]) -> dict[str, str]:
    """Return the metric of each task; a file in which every answer failed tells none of its own."""
    metrics: dict[str, str] = {}
    silent: dict[str, str] = {}
    for part in parts:
        tried = {call.task for call in part.calls if call.error is None}
        for task, metric in part.metrics.items():
            if metric == NOT_SCORED and part.calls and task not in tried:
                silent[task] = metric
            elif metrics.setdefault(task, metric) != metric:
                raise ImportFault(
                    f"task {task}: one file is scored by {metrics[task]!r}, another by {metric!r}",
                    hint="name one that both have with --metric (for tables: --column score=NAME)",
                )
    return silent | metrics
