"""A stored run -> scores, dollars, tables, verdicts. A pure function of what the database holds;
calls no model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np

from claimbench.claims.looks.schedule import rule_of, seen_items
from claimbench.claims.looks.stopping import CONTINUE, context_at
from claimbench.claims.parse import parse_claims
from claimbench.claims.types import ClaimContext, HostRate, ListPrice
from claimbench.claims.verdicts import context_of, decide_claims
from claimbench.economics.projection import project_claims, token_basis
from claimbench.economics.run import machine_seconds
from claimbench.economics.sides import throughput
from claimbench.economics.volume.utilisation import with_derived_use
from claimbench.evaluation.bills import arm_bills
from claimbench.evaluation.people import human_scores
from claimbench.evaluation.stored import StoredRun
from claimbench.machine.calibration import errors_by_arm
from claimbench.plan.judges import JudgeRequests, said_of, subjects_of
from claimbench.plan.machines import machine_of, shared_machines
from claimbench.plan.prompts import Requests
from claimbench.pricing.arms import ArmPrice
from claimbench.pricing.bounds.ceiling import TokenBound, token_bound
from claimbench.pricing.calls import MachineFacts, priced_at
from claimbench.pricing.hosts import HostCost
from claimbench.pricing.model import UnknownPrice
from claimbench.pricing.run import RunCosts, cost_run, prices_of, with_meter
from claimbench.pricing.traffic import Profile
from claimbench.scorers import Scorer, load, score_record
from claimbench.scorers.judge import JudgeScorer
from claimbench.scorers.own_code.scorer import PythonScorer
from claimbench.tables.build import CallTable, ItemTable, build_tables
from claimbench.tables.items import with_costs
from claimbench.tables.subset import restrict, without_warmup
from claimbench.tables.types import CallRows
from claimbench.types import (
    Call,
    Claim,
    ClaimSpec,
    Json,
    Manifest,
    Score,
    Verdict,
)

NO_COSTS = RunCosts((), {})


@dataclass(frozen=True)
class Evaluation:
    """A run with everything derived from it.

    ``prices`` are the arms' and the judges'; ``costs`` the arms' dollars, ``judge_costs`` the
    judges', by their calls.
    """

    stored: StoredRun
    prices: Mapping[str, ArmPrice]
    scores: tuple[Score, ...]
    costs: RunCosts
    items: ItemTable
    calls: CallTable
    context: ClaimContext
    verdicts: tuple[Verdict, ...]
    judge_costs: RunCosts = NO_COSTS


def score_run(stored: StoredRun) -> tuple[Score, ...]:
    """Score every finished call with its task's scorers.

    A judge's score is what its stored answer says.
    """
    tasks = {task.name: task for task in stored.suite.tasks}
    scorers = _scorers(stored)
    samples = {(task.name, s.id): s for task in stored.suite.tasks for s in task.samples}
    scores: list[Score] = []
    for record in stored.records:
        task = tasks[record.call.task]
        sample = samples[task.name, record.call.sample_id]
        scores += score_record(record, sample, task, scorers[task.name])
    return tuple(scores)


def _scorers(stored: StoredRun) -> dict[str, tuple[Scorer, ...]]:
    """Load the scorers of each task; judges answer from what they said in the run."""
    said = None
    if stored.judging.calls:
        said = said_of(stored.judging, stored.calls, stored.suite)
    found: dict[str, tuple[Scorer, ...]] = {}
    for task in stored.suite.tasks:
        made: list[Scorer] = []
        for scorer in load(task.scorers):
            if said is not None and isinstance(scorer, JudgeScorer):
                scorer = scorer.of_run(said)
            elif isinstance(scorer, PythonScorer):
                scorer = scorer.of_run(stored.own_scores.get(task.name, {}))
            made.append(scorer)
        found[task.name] = tuple(made)
    return found


def evaluate(
    stored: StoredRun,
    *,
    prices: Mapping[str, ArmPrice] | None = None,
    as_of: date | datetime | None = None,
    like: Evaluation | None = None,
    extra_claims: Sequence[ClaimSpec] = (),
    instrument_error_s: Mapping[str, float] | None = None,
    traffic: Profile | None = None,
) -> Evaluation:
    """Derive everything from a stored run.

    Args:
        stored: what :func:`read_run` gave.
        prices: other prices than the run's own frozen book (re-pricing).
        as_of: price as of this moment, or of this day at each attempt's own time of day.
        like: an evaluation of the same run under other prices: whatever no price can change is
            taken from it.
        extra_claims: claims added after the run; marked so everywhere.
        instrument_error_s: the harness's own clock error by arm; default: as last calibrated before
            the run.
        traffic: price each attempt at the blend of these hours of a week, not at one hour.
    """
    book = with_meter(prices if prices is not None else prices_of(stored.manifest), stored.energy)
    scores = score_run(stored) if like is None else like.scores
    costs = _cost_arms(stored, book, as_of, traffic)
    judge_costs = cost_judges(stored, book, as_of)
    scores = with_judge_costs(scores, stored, judge_costs)
    items, calls = _tables(stored, scores, costs, like)
    calls = without_warmup(calls, stored.calls, stored.suite.load.warmup_calls)
    derived = with_derived_use(book, stored.suite, items, calls)
    if derived is not None:
        book = derived
        costs = _cost_arms(stored, book, as_of, traffic)
        items, calls = with_costs(items, calls, costs.calls)
    imported = stored.manifest.options.get("imported")
    claims = parse_claims(stored.suite, declared="after" if imported else "before")
    if extra_claims:
        claims = (
            *claims,
            *parse_claims(replace(stored.suite, claims=tuple(extra_claims)), declared="after"),
        )
    moment = priced_at(datetime.fromisoformat(stored.manifest.created_utc), as_of)
    if instrument_error_s is None:
        suite = stored.suite
        instrument_error_s = errors_by_arm(
            stored.sessions, suite.arms, suite.load, stored.calls, stored.attempts
        )
    judges = {judge.name for judge in stored.suite.judges}
    ours = {name: price for name, price in book.items() if name not in judges}
    context = claim_context(stored, ours, claims, items, calls, moment, instrument_error_s)
    if imported:
        context = replace(context, claims_before=judged_before(imported))
    context = replace(context, judge_usd=_mean_judge_usd(stored, judge_costs))
    last = stored.looks[-1] if stored.looks else None
    if last is not None and last.decision != CONTINUE:
        items, calls = restrict(items, calls, seen_items(stored.calls, last))
        context = context_at(context, last, rule_of(stored.suite, stored.calls, stored.looks))
    if stored.people.labels:
        context = replace(context, human_scores=human_scores(stored.people, stored.records, items))
    verdicts = decide_claims(claims, items, calls, context)
    return Evaluation(stored, book, scores, costs, items, calls, context, verdicts, judge_costs)


def _cost_arms(
    stored: StoredRun,
    book: Mapping[str, ArmPrice],
    as_of: date | datetime | None,
    traffic: Profile | None,
) -> RunCosts:
    """Price the arms' calls."""
    return cost_run(
        book,
        stored.sessions,
        stored.calls,
        stored.attempts,
        as_of=as_of,
        # An imported run's prompts are not ours, so that they bound nothing.
        bounds=None if stored.manifest.options.get("imported") else token_bounds(stored),
        machines=MachineFacts(load_seconds(stored.manifest), shared_machines(stored.suite.arms)),
        traffic=traffic,
    )


def judged_before(imported: Mapping[str, Json]) -> str:
    """Say how many claims were judged on the same files in earlier imports; empty where unknown."""
    earlier = imported.get("claims_before")
    if earlier is None:
        return "typed at an import"
    word = "claim was" if earlier <= 1 else "claims were"
    count = str(earlier) if earlier else "no"
    return f"typed at an import; {count} {word} judged on these files before"


def cost_judges(
    stored: StoredRun, book: Mapping[str, ArmPrice], as_of: date | datetime | None = None
) -> RunCosts:
    """Price the judges' calls: what the experiment cost beyond the arms' own requests."""
    judging = stored.judging
    if not judging.attempts:
        return NO_COSTS
    answers = {record.call.id: record.text for record in stored.records}
    requests = JudgeRequests(stored.suite, stored.calls, answers)
    judges = {judge.name: judge for judge in stored.suite.judges}
    return cost_run(
        book,
        stored.sessions,
        judging.calls,
        judging.attempts,
        as_of=as_of,
        bounds=lambda call: token_bound(requests(call), judges.get(call.arm)),
        machines=MachineFacts(load_seconds(stored.manifest)),
    )


def _mean_judge_usd(stored: StoredRun, costs: RunCosts) -> dict[str, float]:
    """By task: mean dollars of asking its judge once, where they are known."""
    found: dict[str, list[float]] = {}
    for call in stored.judging.calls:
        cost = costs.calls.get(call.id)
        if cost is not None and cost.amount is not None:
            found.setdefault(call.task, []).append(float(cost.amount))
    return {task: float(np.mean(amounts)) for task, amounts in found.items()}


def with_judge_costs(
    scores: tuple[Score, ...], stored: StoredRun, costs: RunCosts
) -> tuple[Score, ...]:
    """Put each judge's dollars beside the score they bought."""
    if not costs.calls:
        return scores
    judged = {subject: call for call, subject in subjects_of(stored.calls, stored.suite).items()}

    def paid(score: Score) -> Score:
        cost = (
            costs.calls.get(judged.get(score.call_id, ""))
            if score.scorer == JudgeScorer.name
            else None
        )
        return score if cost is None else replace(score, judge_cost_usd=cost.amount)

    return tuple(map(paid, scores))


def _tables(
    stored: StoredRun, scores: tuple[Score, ...], costs: RunCosts, like: Evaluation | None
) -> tuple[ItemTable, CallTable]:
    """The tables of a run; after a look ``like`` holds only a part of them, and they are built
    anew.
    """
    if like is not None and not stored.looks:
        return with_costs(like.items, like.calls, costs.calls)
    return build_tables(
        stored.suite,
        stored.manifest,
        stored.sessions,
        stored.calls,
        stored.records,
        stored.attempts,
        scores,
        costs.calls,
    )


def token_bounds(stored: StoredRun) -> Callable[[Call], TokenBound]:
    """Return what bounds a call's bill where no usage is on record: its request, rendered again."""
    requests = Requests(stored.suite)
    arms = {arm.name: arm for arm in stored.suite.asked}
    return lambda call: token_bound(requests(call), arms.get(call.arm))


def load_seconds(manifest: Manifest) -> dict[str, float]:
    """Return arm -> seconds its model took to load, where its provider said so."""
    found = {name: (facts or {}).get("load_seconds") for name, facts in manifest.arm_facts.items()}
    return {name: float(seconds) for name, seconds in found.items() if seconds is not None}


def claim_context(
    stored: StoredRun,
    prices: Mapping[str, ArmPrice],
    claims: Sequence[Claim],
    items: ItemTable,
    calls: CallTable,
    moment: datetime,
    instrument_error_s: Mapping[str, float],
) -> ClaimContext:
    """Collect what the claim checker needs beside the tables: prices, projections, calibration, the
    last look.
    """
    context = context_of(
        stored.suite,
        stored.manifest,
        stored.sessions,
        calls,
        list_prices=_list_prices(prices, moment),
        projections=_projections(prices, claims, items, calls, moment),
        instrument_error_s=dict(instrument_error_s),
    )
    machines = {arm.name: machine_of(arm) or "" for arm in stored.suite.arms}
    hosts = {
        name: replace(_host_rate(price.host, calls.arms.get(name)), machine=machines.get(name, ""))
        for name, price in prices.items()
        if price.host is not None
    }
    bills = arm_bills(stored.suite, prices, items, calls)
    if bills is not None:
        context = replace(context, volume_stated=True, bills=bills[0], bills_unknown=bills[1])
    return replace(context, hosts=hosts)


def _host_rate(host: HostCost, rows: CallRows | None) -> HostRate:
    """Return what flip points and conditions need of a machine."""
    served = None if rows is None else throughput(machine_seconds(rows))[0].value
    return HostRate(
        float(host.per_hour),
        float(host.load_factor),
        known=host.known_use != "no" or not host.include_idle,
        requests_per_hour=served,
    )


def _projections(
    prices: Mapping[str, ArmPrice],
    claims: Sequence[Claim],
    items: ItemTable,
    calls: CallTable,
    moment: datetime,
) -> dict[str, Mapping[str, Json]]:
    """Projected cost ratios for claims on arms that were not run."""
    n_in = [float(n) for rows in calls.arms.values() for n in rows.n_in]
    n_out = [float(n) for rows in calls.arms.values() for n in rows.n_out]
    measured = {}
    for name, rows in items.arms.items():
        known = rows.usd[~np.isnan(rows.usd)]
        if len(known) and rows.n_finished.sum():
            measured[name] = float(known.mean())
    return project_claims(claims, prices, measured, token_basis(n_in, n_out), moment)


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
