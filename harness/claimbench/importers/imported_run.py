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
from datetime import UTC, datetime

from claimbench.clock import Clock, FakeClock
from claimbench.importers.imported import (
    NOT_SCORED,
    Aggregate,
    Imported,
    ImportedArm,
    ImportedCall,
    ImportedSample,
    ImportFault,
)
from claimbench.importers.json_values import digest
from claimbench.machine import provenance
from claimbench.machine.manifest import manifest_of_suite
from claimbench.plan.call_ids import call_id
from claimbench.pricing.frozen import freeze_suite
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.store.results import ResultsStore
from claimbench.suite.codec import measured_sha256
from claimbench.types import (
    AnswerSpec,
    Arm,
    Attempt,
    BudgetSpec,
    Call,
    CallRecord,
    ClaimSpec,
    ErrorPolicy,
    Json,
    LoadSpec,
    Manifest,
    Message,
    Outcome,
    Sample,
    SamplingParams,
    ScorerSpec,
    Session,
    Suite,
    Task,
    Timing,
)

NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ImportedRun:
    """Everything to store. ``sent_from``: arm -> the file it came from, one session each."""

    suite: Suite
    manifest: Manifest
    calls: tuple[Call, ...]
    results: Mapping[str, ImportedCall]
    sources: tuple[str, ...]
    sent_from: Mapping[str, str]


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
        suite, manifest, calls, results, sources, {arm.name: arm.source for arm in imported.arms}
    )


def _suite(imported: Imported, name: str, claims: Sequence[ClaimSpec]) -> Suite:
    by_task: dict[str, list[ImportedSample]] = defaultdict(list)
    for sample in imported.samples:
        by_task[sample.task].append(sample)
    epochs = 1 + max((call.epoch for call in imported.calls), default=0)
    tasks = tuple(
        _imported_task(task, rows, imported.metrics.get(task, "score"))
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


def _imported_task(name: str, rows: Sequence[ImportedSample], metric: str) -> Task:
    samples = tuple(
        Sample(row.id, _input(row), row.target, row.cluster or row.id, dict(row.slices), {})
        for row in rows
    )
    scorers = () if metric == NOT_SCORED else (ScorerSpec("imported", {"metric": metric}),)
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
    """Return what the model saw; an item whose input no file tells is known by its name, for items
    without an input are not all the same item.
    """
    return {"shown": row.shown} if row.shown else {"shown": "", "item": [row.task, row.id]}


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
    for call in imported.calls:
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


def _why_not(arm: ImportedArm, aggregates: Sequence[Aggregate]) -> str:
    told = "; ".join(describe(a) for a in aggregates if a.arm == arm.name)
    return (
        f"{arm.source} has no per-item results of it, so nothing can be paired:"
        f" {told or 'no score either'}"
    )


def describe(aggregate: Aggregate) -> str:
    """Say an aggregate in words, with its interval or why it has none."""
    text = f"{aggregate.task} {aggregate.metric} {aggregate.value:.4g}"
    interval = aggregate.interval()
    if interval is not None:
        text += f" [{interval[0]:.4g}, {interval[1]:.4g}] (95%, n {aggregate.n})"
    elif aggregate.n is None:
        text += " (no interval: the file does not say over how many items)"
    else:
        text += f" (n {aggregate.n}, no interval: too few items or no standard error)"
    return text


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
        }
        facts[arm.name] = {
            "model_returned": returned,
            "model_sha256": None,
            "load_seconds": None,
            "details": details,
        }
    return facts


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
            keys = sorted(k for k in {**one, **two} if one.get(k) != two.get(k))
            if keys:
                return f"{', '.join(keys)} of {task} differs"
    return None


def with_history(run: ImportedRun, store: ResultsStore) -> ImportedRun:
    """Note how many claims earlier imports of the same files were asked, so that "imported again
    until it passed" shows.
    """
    imported = run.manifest.options["imported"]
    mine = set(dict(imported["files"]).values())
    earlier = 0
    for info in store.runs():
        other = store.manifest(info.run_id)
        known = other.options.get("imported") or {}
        if mine & set(dict(known.get("files", {})).values()):
            earlier += len(other.claims)
    options = {**run.manifest.options, "imported": {**imported, "claims_before": earlier}}
    return replace(run, manifest=replace(run.manifest, options=options))


def store_run(store: ResultsStore, run: ImportedRun) -> str:
    """Write the run, one session per file, in one transaction. Returns the run's id."""
    run_id = run.manifest.run_id
    calls = tuple(replace(call, run_id=run_id) for call in run.calls)
    sessions: dict[str, Session] = {}
    for n, source in enumerate(run.sources, start=1):
        clock = FakeClock(_start(run, source))
        began = clock.utc().isoformat()
        sessions[source] = Session(
            run_id=run_id,
            n=n,
            started_utc=began,
            monotonic_origin_ns=clock.monotonic_ns(),
            host={"host": f"unknown client of {source}", "region": None},
            calibration={},
            ended_utc=began,
            end_reason="finished",
        )
    attempts: list[Attempt] = []
    records: list[CallRecord] = []
    for call in calls:
        found = run.results[call.id]
        attempts += _attempts(call, found, sessions[run.sent_from[call.arm]])
        records.append(_record(call, found))
    with store.lock_run(run_id):
        store.add_whole_run(run.manifest, calls, tuple(sessions.values()), attempts, records)
    return run_id


def _start(run: ImportedRun, source: str) -> datetime:
    """Return the moment a file's run began, as the tool says: its prices are those of that day."""
    sent = [
        c.sent
        for c in run.results.values()
        if c.sent is not None and run.sent_from[c.arm] == source
    ]
    told = run.manifest.options["imported"].get("when", {}).get(source)
    if sent:
        return min(sent)
    return (
        datetime.fromisoformat(told)
        if told
        else datetime.fromisoformat(run.manifest.created_utc).astimezone(UTC)
    )


def _attempts(call: Call, found: ImportedCall, session: Session) -> Iterator[Attempt]:
    """Yield the one attempt where tokens, dollars or seconds are known; without them there is
    nothing to tell.
    """
    if found.usage is None and found.billed_usd is None and found.latency_s is None:
        return
    origin = datetime.fromisoformat(session.started_utc)
    offset = 0 if found.sent is None else round((found.sent - origin).total_seconds() * NS)
    sent = session.monotonic_origin_ns + offset
    known = {
        "latency_known": float(found.latency_s is not None),
        "sent_known": float(found.sent is not None),
    }
    timing = Timing(
        scheduled_ns=None,
        queued_ns=sent,
        sent_ns=sent,
        first_content_ns=None if found.ttft_s is None else sent + round(found.ttft_s * NS),
        first_answer_ns=None,
        chunk_ns=(),
        ended_ns=sent + round((found.latency_s or 0) * NS),
        stamp_source="reported",
        engine=known,
    )
    yield Attempt(
        call_id=call.id,
        number=1,
        session=session.n,
        timing=timing,
        outcome=Outcome.SERVER_FAULT if found.error else Outcome.OK,
        http_status=None,
        usage=found.usage,
        usage_raw=None,
        billed_usd=found.billed_usd,
        billable="unknown",
        model_returned=found.model_returned,
        error=found.error,
    )


def _record(call: Call, found: ImportedCall) -> CallRecord:
    """Keep the tool's own denominator: what it scored counts as answered, whatever the answer
    looked like.
    """
    return CallRecord(
        call=call,
        text=found.text,
        outcome=Outcome.SERVER_FAULT if found.error else Outcome.OK,
        finish_reason=found.finish_reason,
        attempt=1,
        provenance="imported",
        error=found.error,
    )
