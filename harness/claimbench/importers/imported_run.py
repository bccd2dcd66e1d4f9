"""Imported results -> a run as the store keeps it: suite, manifest, sessions, calls, attempts and
records.

What a comparison needs and a file does not tell becomes a named difference: arms from several files
have clients that are not known to be the same (latency), items that differ or settings that differ
are another measurement, and an arm with nothing but an aggregate score was not measured here at
all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from claimbench.clock import Clock
from claimbench.importers.imported import (
    NOT_SCORED,
    SETTINGS,
    Aggregate,
    Imported,
    ImportedArm,
    ImportedCall,
    ImportedSample,
    ImportedVote,
    ImportFault,
)
from claimbench.importers.json_values import digest, mapping
from claimbench.importers.judges.tasks import judges_of, scorers_of
from claimbench.importers.own_inputs import untold
from claimbench.machine import provenance
from claimbench.machine.manifest import manifest_of_suite
from claimbench.plan.call_ids import call_id
from claimbench.pricing.frozen import freeze_suite
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.privacy.redact import WITHHELD
from claimbench.suite.codec import measured_sha256
from claimbench.types import (
    PAIRWISE,
    AnswerSpec,
    Arm,
    BudgetSpec,
    Call,
    ClaimSpec,
    ErrorPolicy,
    Json,
    LoadSpec,
    Manifest,
    Message,
    Sample,
    SamplingParams,
    ScorerSpec,
    Suite,
    Task,
)


@dataclass(frozen=True, slots=True)
class ImportedRun:
    """Everything to store. ``sent_from``: arm -> the file it came from, one session each."""

    suite: Suite
    manifest: Manifest
    calls: tuple[Call, ...]
    results: Mapping[str, ImportedCall]
    sources: tuple[str, ...]
    sent_from: Mapping[str, str]
    votes: tuple[ImportedVote, ...] = ()


def build_run(
    imported: Imported,
    *,
    name: str,
    claims: Sequence[ClaimSpec],
    book: PriceBook,
    clock: Clock,
    allow: Sequence[str] = (),
) -> ImportedRun:
    """Make a run of what was read.

    Args:
        imported: one or several files of one kind.
        name: of the suite.
        claims: to judge; they count as declared after the data were seen: the results were
            there first.
        book: prices of now and then.
        clock: for the moment of the import.
        allow: differences between arms that the claims accept, as a suite's ``allow``.

    Raises:
        ImportFault: no arm at all.
    """
    if not imported.arms:
        raise ImportFault("the files hold no model's results")
    measured = {call.arm for call in imported.calls}
    suite = replace(_suite(imported, name, claims), allow=tuple(allow))
    suite, calls, results = _with_calls(suite, imported)
    when = min((a.when for a in imported.arms if a.when is not None), default=None) or clock.utc()
    frozen = freeze_suite(suite, book, when)
    not_run = {
        arm.name: _why_not(arm, imported.aggregates)
        for arm in imported.arms
        if arm.name not in measured
    }
    told = {
        "tool": imported.kind,
        "when": {arm.source: arm.when.isoformat() for arm in imported.arms if arm.when is not None},
        "files": dict(imported.files),
        "notes": list(imported.notes),
        "aggregates": [_aggregate_json(a) for a in imported.aggregates],
    }
    now = clock.utc()
    manifest = manifest_of_suite(
        suite,
        provenance.new_run_id(now),
        now.isoformat(),
        plan_sha256=digest(*(call.id for call in calls)),
        book=frozen,
        options={"imported": told},
    )
    manifest = replace(
        manifest,
        arms_run=tuple(arm.name for arm in imported.arms if arm.name in measured),
        arms_not_run=not_run,
        arm_facts=_facts(imported, suite),
        git={"commit": None, "dirty": None, "why_unknown": f"imported from {imported.kind}"},
    )
    sources = tuple(dict.fromkeys(arm.source for arm in imported.arms))
    return ImportedRun(
        suite,
        manifest,
        calls,
        results,
        sources,
        {arm.name: arm.source for arm in imported.arms},
        imported.votes,
    )


def _suite(imported: Imported, name: str, claims: Sequence[ClaimSpec]) -> Suite:
    by_task: dict[str, list[ImportedSample]] = defaultdict(list)
    for sample in imported.samples:
        by_task[sample.task].append(sample)
    epochs = 1 + max((call.epoch for call in imported.calls), default=0)
    judges = judges_of(imported)
    tasks = tuple(
        _imported_task(
            task, rows, scorers_of(imported.metrics.get(task, "score"), judges.get(task))
        )
        for task, rows in by_task.items()
    )
    arms = tuple(_imported_arm(arm) for arm in imported.arms)
    sampling = SamplingParams()
    return Suite(
        name=name,
        version="1-0",
        description=(
            f"Imported from {imported.kind}: {', '.join(imported.files)}. Measured by that tool."
        ),
        path=f"imported from {imported.kind}",
        tasks=tasks,
        arms=arms,
        sampling=sampling,
        epochs=epochs,
        order_seed=0,
        load=LoadSpec(),
        budget=BudgetSpec(),
        claims=tuple(claims),
        errors=ErrorPolicy(),
        margin=0.03,
        alpha=0.05,
        population="super",
        stop="never",
        allow=(),
        thresholds={},
        file_sha256=digest(dict(imported.files)),
        measured_sha256=measured_sha256(tasks, sampling, epochs),
    )


def _imported_task(
    name: str, rows: Sequence[ImportedSample], scorers: tuple[ScorerSpec, ...]
) -> Task:
    samples = tuple(
        Sample(row.id, _input(row), _target(row), row.cluster or row.id, dict(row.slices), {})
        for row in rows
    )
    return Task(
        name=name,
        samples=samples,
        prompt=(Message("user", "{{ shown }}"),),
        few_shot=(),
        answer=AnswerSpec("text", constrain=False),
        scorers=scorers,
        max_tokens=1,
    )


def _input(row: ImportedSample) -> dict[str, Json]:
    """Return what the model saw; an item whose input no file tells, or was withheld, is known by
    its name, for items without an input are not all the same item.
    """
    told = {"shown": row.shown}
    return {"shown": "", "item": [row.task, row.id]} if untold(row.shown) else told


def _target(row: ImportedSample) -> Json:
    return None if row.target == WITHHELD else row.target


def _imported_arm(arm: ImportedArm) -> Arm:
    return Arm(
        name=arm.name,
        provider=arm.provider,
        model=arm.model,
        params=arm.params,
        cost_model={"list": {}},
    )


def _with_calls(
    suite: Suite, imported: Imported
) -> tuple[Suite, tuple[Call, ...], dict[str, ImportedCall]]:
    """Plan the calls, and put the tool's scores where the ``imported`` scorer finds them."""
    results: dict[str, ImportedCall] = {}
    calls: list[Call] = []
    scores: dict[tuple[str, str], dict[str, Json]] = defaultdict(dict)
    for call in (*imported.calls, *_never_answered(imported)):
        identity = call_id(suite.measured_sha256, call.task, call.sample_id, call.epoch, call.arm)
        results[identity] = call
        calls.append(
            Call("", identity, call.task, call.sample_id, call.epoch, call.arm, 0, len(calls))
        )
        scores[call.task, call.sample_id][identity] = {
            "scores": dict(call.scores),
            "why": call.explanation,
        }
    tasks = []
    for task in suite.tasks:
        told = [replace(s, metadata={"imported": scores[task.name, s.id]}) for s in task.samples]
        tasks.append(replace(task, samples=tuple(told)))
    return replace(suite, tasks=tuple(tasks)), tuple(calls), results


def _never_answered(imported: Imported) -> Iterator[ImportedCall]:
    """Yield a call without a result for each item that another arm of the task answered and this
    one did not: it is missing. Votes on pairs and logs of load are about no common items.
    """
    items: dict[str, dict[tuple[str, int], None]] = defaultdict(dict)
    answered: dict[tuple[str, str], set[tuple[str, int]]] = defaultdict(set)
    for call in imported.calls:
        items[call.task][call.sample_id, call.epoch] = None
        answered[call.task, call.arm].add((call.sample_id, call.epoch))
    files = {arm.name: arm.source for arm in imported.arms}
    for (task, arm), mine in answered.items():
        if imported.metrics.get(task, "score") in (NOT_SCORED, PAIRWISE):
            continue
        for sample_id, epoch in items[task]:
            if (sample_id, epoch) not in mine:
                why = f"{files.get(arm, 'the file')} holds no answer of {arm} to this item"
                yield ImportedCall(arm, task, sample_id, epoch, {}, error=why)


def _why_not(arm: ImportedArm, aggregates: Sequence[Aggregate]) -> str:
    told = "; ".join(describe(a) for a in aggregates if a.arm == arm.name)
    return (
        f"{arm.source} has no per-item results of it, so nothing can be paired:"
        f" {told or 'no score either'}"
    )


def describe(aggregate: Aggregate, has_items: bool = False) -> str:
    """Say an aggregate in words, with the interval of its own standard error or why it has none.

    ``has_items``: the file has the answers too, and the report gives the one interval of them.
    """
    text = f"{aggregate.task} {aggregate.metric} {aggregate.value:.4g}"
    interval = aggregate.interval()
    if has_items:
        return text if aggregate.n is None else f"{text} (n {aggregate.n})"
    if interval is not None:
        text += f" [{interval[0]:.4g}, {interval[1]:.4g}] (n {aggregate.n}, 95% by the standard"
        text += " error that the file states)"
    elif aggregate.n is None:
        text += " (no interval: the file does not say over how many items)"
    else:
        text += f" (n {aggregate.n}, no interval: too few items or no standard error)"
    return text


def arms_with_items(imported: Imported) -> set[tuple[str, str]]:
    """Return arm and task of all scores whose answers the files have, item by item."""
    return {(call.arm, call.task) for call in imported.calls}


def _aggregate_json(aggregate: Aggregate) -> dict[str, Json]:
    interval = aggregate.interval()
    return {
        "arm": aggregate.arm,
        "task": aggregate.task,
        "metric": aggregate.metric,
        "value": aggregate.value,
        "stderr": aggregate.stderr,
        "n": aggregate.n,
        "low": None if interval is None else interval[0],
        "high": None if interval is None else interval[1],
        "usd": None if aggregate.usd is None else str(aggregate.usd),
    }


def _facts(imported: Imported, suite: Suite) -> dict[str, Json]:
    """Facts per arm; ``measured_sha256`` differs between arms that were not asked the same in the
    same way.
    """
    facts: dict[str, Json] = {}
    leaders: list[tuple[str, dict[tuple[str, str], ImportedCall], ImportedArm]] = []
    by_arm: dict[str, dict[tuple[str, str], ImportedCall]] = defaultdict(dict)
    for call in imported.calls:
        by_arm[call.arm][call.task, call.sample_id] = call
    for arm in imported.arms:
        mine = by_arm[arm.name]
        measured = suite.measured_sha256[:12]
        for known, theirs, other in leaders:
            why = _difference(arm, mine, other, theirs)
            if why is None:
                measured = known
                break
            measured = f"{digest(measured, arm.name)[:12]} ({why} from {other.name})"
        else:
            leaders.append((measured, mine, arm))
        returned = next((c.model_returned for c in mine.values() if c.model_returned), None)
        details = {
            "measured_sha256": measured,
            "answer_constraint": "none",
            "imported_from": arm.source,
            "settings": _settings(arm),
        }
        facts[arm.name] = {
            "model_returned": returned,
            "model_sha256": None,
            "load_seconds": None,
            "details": details,
        }
    return facts


def _settings(arm: ImportedArm) -> dict[str, Json]:
    """Return the settings of an arm's generation; those in which its tasks differ by task."""
    tasks = {task: mapping(mapping(of).get(SETTINGS)) for task, of in arm.setup.items()}
    names = dict.fromkeys(name for of in tasks.values() for name in of)
    found: dict[str, Json] = {}
    for name in names:
        values = [of.get(name) for of in tasks.values()]
        if all(value == values[0] for value in values):
            found[name] = values[0]
        else:
            found |= {f"{name} ({task})": of[name] for task, of in tasks.items() if name in of}
    return found


def _difference(
    arm: ImportedArm,
    mine: Mapping[tuple[str, str], ImportedCall],
    other: ImportedArm,
    theirs: Mapping[tuple[str, str], ImportedCall],
) -> str | None:
    """Say why two arms were not asked the same; None if they were, as far as the files tell."""
    shared = mine.keys() & theirs.keys()
    items = sum(1 for key in shared if mine[key].fingerprint != theirs[key].fingerprint)
    if items:
        return f"{items} of {len(shared)} items differ"
    prompts = sum(
        1
        for key in shared
        if mine[key].prompt_hash
        and theirs[key].prompt_hash
        and mine[key].prompt_hash != theirs[key].prompt_hash
    )
    if prompts:
        return f"{prompts} of {len(shared)} prompts differ"
    for task in {task for task, _ in shared}:
        one = arm.setup.get(task)
        two = other.setup.get(task)
        if isinstance(one, Mapping) and isinstance(two, Mapping):
            keys = sorted(k for k in {**one, **two} if k != SETTINGS and one.get(k) != two.get(k))
            if keys:
                return f"{', '.join(keys)} of {task} differs"
    return None
