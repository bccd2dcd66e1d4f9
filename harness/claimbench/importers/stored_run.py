"""A run of imported results, written into the store: one session per file, attempts where tokens,
dollars or seconds are known, records in the other tool's own denominator.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from claimbench.clock import FakeClock
from claimbench.importers.imported import ImportedCall
from claimbench.importers.imported_run import ImportedRun
from claimbench.plan.call_ids import pair_id
from claimbench.plan.pairs import VOTES, VOTES_KEY
from claimbench.store.results import ResultsStore
from claimbench.types import Attempt, Call, CallRecord, Json, Outcome, Session, Timing

NS = 1_000_000_000


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
        if run.votes:
            store.save_derived(run_id, VOTES, VOTES_KEY, vote_rows(run, calls))
    return run_id


def vote_rows(run: ImportedRun, calls: Sequence[Call]) -> dict[str, dict[str, Json]]:
    """Return the votes as they are stored: by pair of calls (in the suite's order of arms) and
    rater; the votes of one rater on one pair are averaged.
    """
    by_place = {(call.task, call.sample_id, call.arm): call.id for call in calls}
    order = {arm.name: number for number, arm in enumerate(run.suite.arms)}
    cast: dict[tuple[str, str, bool], list[float]] = defaultdict(list)
    for vote in run.votes:
        forward = order[vote.one] < order[vote.two]
        one, two = (vote.one, vote.two) if forward else (vote.two, vote.one)
        ids = [by_place[vote.task, vote.sample_id, arm] for arm in (one, two)]
        share = vote.share if forward else 1 - vote.share
        cast[pair_id(*ids), vote.rater, vote.is_person].append(share)
    return {
        f"{pair}/{rater}": {"rater": rater, "person": person, "share": sum(all_) / len(all_)}
        for (pair, rater, person), all_ in cast.items()
    }


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
    known = (found.usage, found.billed_usd, found.told, found.latency_s)
    if all(one is None for one in known):
        return
    origin = datetime.fromisoformat(session.started_utc)
    offset = 0 if found.sent is None else round((found.sent - origin).total_seconds() * NS)
    sent = session.monotonic_origin_ns + offset
    engine = {
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
        engine=engine,
    )
    yield Attempt(
        call_id=call.id,
        number=1,
        session=session.n,
        timing=timing,
        outcome=Outcome.SERVER_FAULT if found.error else Outcome.OK,
        http_status=None,
        usage=found.usage,
        usage_raw=None if found.told is None else found.told.raw(),
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
