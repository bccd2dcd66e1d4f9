"""A stored run -> scores, dollars, tables, verdicts. A pure function of what the database holds; calls no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from claimbench.arm_price import ArmPrice, thaw
from claimbench.claims import judge
from claimbench.claims_parse import parse_claims
from claimbench.gate import arm_profile
from claimbench.judge_types import HostRate, JudgeContext, ListPrice
from claimbench.price_model import UnknownPrice
from claimbench.run_costs import RunCosts, book_of, cost_run
from claimbench.scorers import Scorer, load, score_record
from claimbench.store import ResultsStore
from claimbench.suite import suite_from_json
from claimbench.tables import CallTable, ItemTable, build_tables
from claimbench.types import (
    Attempt,
    Call,
    CallRecord,
    Claim,
    ClaimSpec,
    Look,
    Manifest,
    Score,
    Session,
    Suite,
    Verdict,
)


@dataclass(frozen=True)
class Stored:
    """Everything that the store holds of one run."""

    manifest: Manifest
    suite: Suite
    sessions: tuple[Session, ...]
    calls: tuple[Call, ...]
    records: tuple[CallRecord, ...]
    attempts: tuple[Attempt, ...]
    looks: tuple[Look, ...]
    resent: tuple[str, ...]


@dataclass(frozen=True)
class Evaluation:
    """A run with everything derived from it."""

    stored: Stored
    prices: Mapping[str, ArmPrice]
    scores: tuple[Score, ...]
    costs: RunCosts
    items: ItemTable
    calls: CallTable
    context: JudgeContext
    verdicts: tuple[Verdict, ...]


def read_run(store: ResultsStore, run_id: str) -> Stored:
    """Read one run; the suite comes from the manifest, so its files are not needed."""
    manifest = store.manifest(run_id)
    attempts = tuple(store.attempts(run_id))
    attempted = {(a.call_id, a.number) for a in attempts}
    resent = tuple(i.call_id for i in store.intents(run_id) if (i.call_id, i.attempt_number) not in attempted)
    return Stored(
        manifest=manifest,
        suite=suite_from_json(manifest.suite),
        sessions=tuple(store.sessions(run_id)),
        calls=tuple(store.calls(run_id)),
        records=tuple(store.records(run_id)),
        attempts=attempts,
        looks=tuple(store.looks(run_id)),
        resent=resent,
    )


def score_run(stored: Stored) -> tuple[Score, ...]:
    """Score every finished call with its task's scorers."""
    tasks = {task.name: task for task in stored.suite.tasks}
    scorers: dict[str, tuple[Scorer, ...]] = {name: load(task.scorers) for name, task in tasks.items()}
    samples = {(task.name, s.id): s for task in stored.suite.tasks for s in task.samples}
    return tuple(
        score
        for record in stored.records
        for score in score_record(
            record,
            samples[record.call.task, record.call.sample_id],
            tasks[record.call.task],
            scorers[record.call.task],
        )
    )


def evaluate(
    stored: Stored,
    *,
    prices: Mapping[str, ArmPrice] | None = None,
    as_of: datetime | None = None,
    extra_claims: Sequence[ClaimSpec] = (),
    instrument_error_s: Mapping[str, float] | None = None,
) -> Evaluation:
    """Derive everything from a stored run.

    Args:
        stored: what :func:`read_run` gave.
        prices: other prices than the run's own frozen book (re-pricing).
        as_of: price as of this moment.
        extra_claims: claims added after the run; marked so everywhere.
        instrument_error_s: the harness's own clock error by arm.
    """
    book = prices if prices is not None else thaw(*book_of(stored.manifest))
    scores = score_run(stored)
    costs = cost_run(book, stored.sessions, stored.calls, stored.attempts, as_of=as_of)
    items, calls = build_tables(
        stored.suite,
        stored.manifest,
        stored.sessions,
        stored.calls,
        stored.records,
        stored.attempts,
        scores,
        costs.calls,
    )
    claims = parse_claims(stored.suite)
    if extra_claims:
        claims = (*claims, *parse_claims(replace(stored.suite, claims=tuple(extra_claims)), declared="after"))
    moment = as_of or datetime.fromisoformat(stored.manifest.created_utc)
    context = judge_context(stored, book, claims, moment, instrument_error_s or {})
    verdicts = judge(claims, items, calls, context)
    return Evaluation(stored, book, scores, costs, items, calls, context, verdicts)


def judge_context(
    stored: Stored,
    prices: Mapping[str, ArmPrice],
    claims: Sequence[Claim],
    moment: datetime,
    instrument_error_s: Mapping[str, float],
) -> JudgeContext:
    """Collect what the claim checker needs beside the tables."""
    suite, manifest = stored.suite, stored.manifest
    lags = [s.loop_lag_ms["p99"] / 1e3 for s in stored.sessions if "p99" in s.loop_lag_ms]
    profiles = {
        arm.name: arm_profile(suite, manifest, arm, stored.sessions)
        for arm in suite.arms
        if arm.name in manifest.arms_run
    }
    return JudgeContext(
        profiles=profiles,
        allow=frozenset(suite.allow),
        arms_not_run=dict(manifest.arms_not_run),
        list_prices=_list_prices(prices, moment),
        hosts={
            name: HostRate(float(p.host.per_hour), float(p.host.load_factor))
            for name, p in prices.items()
            if p.host is not None
        },
        projections=projections(stored, prices, claims, moment),
        instrument_error_s=dict(instrument_error_s),
        loop_lag_p99_s=max(lags, default=None),
        concurrency={arm.name: arm.concurrency for arm in suite.arms},
        devices={arm.name: arm.device for arm in suite.arms},
        look=stored.looks[-1] if stored.looks and stored.looks[-1].decision == "stop" else None,
        deterministic=frozenset(
            arm.name for arm in suite.arms if arm.params.temperature == 0 and arm.provider == "llama_cpp"
        ),
    )


def _list_prices(prices: Mapping[str, ArmPrice], moment: datetime) -> dict[str, ListPrice]:
    found: dict[str, ListPrice] = {}
    for name, arm in prices.items():
        if arm.price is None or not arm.known:
            continue
        try:
            rates = arm.price.rates_at(moment, arm.tier, arm.context)
        except UnknownPrice:
            continue
        if "input" in rates and "output" in rates and arm.price.currency == "USD":
            factor = arm.price.factor
            pair = (float(rates["input"].base * factor), float(rates["output"].base * factor))
            found[name] = ListPrice(*pair, price_id=arm.price.id_at(moment, arm.tier))
    return found
