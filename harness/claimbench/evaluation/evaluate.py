"""A stored run -> scores, dollars, tables, verdicts. A pure function of what the database holds;
calls no model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache, partial
from itertools import chain

import numpy as np

from claimbench.claims.facts.egress import egress_seen
from claimbench.claims.facts.silence import silent_shares
from claimbench.claims.facts.uncarried import uncarried_calls
from claimbench.claims.looks.schedule import rule_of, seen_items
from claimbench.claims.looks.stopping import CONTINUE, context_at
from claimbench.claims.parse import parse_claims
from claimbench.claims.preference.pairs import Comparisons
from claimbench.claims.types import ClaimContext, HostRate, ListPrice
from claimbench.claims.verdicts import context_of, decide_claims
from claimbench.economics.projection import project_claims, token_basis
from claimbench.economics.run import machine_seconds
from claimbench.economics.sides import throughput
from claimbench.economics.volume.utilisation import with_derived_use
from claimbench.evaluation.between import ends_of, user_usd_per_episode
from claimbench.evaluation.dollars.bills import arm_bills
from claimbench.evaluation.dollars.charges import any_charged, any_unasked, charges_of
from claimbench.evaluation.dollars.in_flight import as_attempts, of_stored, with_these
from claimbench.evaluation.dollars.node_prices import on_nodes
from claimbench.evaluation.episodes import Folded, fold
from claimbench.evaluation.people import human_scores, unlabelled
from claimbench.evaluation.preference.comparisons import comparisons_of, shares_by_call
from claimbench.evaluation.routes import measured_alone, routed, with_answers, with_arms
from claimbench.evaluation.stored import StoredRun
from claimbench.machine.calibration import errors_by_arm
from claimbench.packed import Packed, Packer
from claimbench.plan.judges import JudgeRequests, said_of, subjects_of
from claimbench.plan.machines import machine_of, shared_machines
from claimbench.plan.prompts import Requests
from claimbench.plan.turns import Turns
from claimbench.pricing.arms import ArmPrice, without_charges
from claimbench.pricing.bounds.ceiling import TokenBound, token_bound
from claimbench.pricing.calls import MachineFacts, priced_at
from claimbench.pricing.hosts import HostCost
from claimbench.pricing.model import UnknownPrice
from claimbench.pricing.run import RunCosts, cost_run, prices_of, with_meter
from claimbench.pricing.told import with_told
from claimbench.pricing.traffic import Profile
from claimbench.routes.beside import Beside
from claimbench.scorers import Scorer, load, score_record
from claimbench.scorers.judge import JudgeScorer
from claimbench.scorers.own_code.scorer import PythonScorer
from claimbench.scorers.preference import PairwiseScorer
from claimbench.scorers.tools.final_state import FinalStateScorer
from claimbench.tables.build import CallTable, ItemTable, build_tables
from claimbench.tables.items import with_costs
from claimbench.tables.per_request import per_request
from claimbench.tables.priced import Charges, with_priced
from claimbench.tables.subset import restrict, without_warmup
from claimbench.tables.types import CallRows
from claimbench.types import (
    Call,
    CallRecord,
    Claim,
    ClaimSpec,
    Cost,
    Json,
    Manifest,
    Score,
    Verdict,
)

NO_COSTS = RunCosts((), {})


@dataclass(frozen=True)
class Evaluation:
    """A run with everything derived from it.

    ``prices`` are those of arms, judges and simulated users; ``costs`` the arms' dollars,
    ``judge_costs`` those of judges and simulated users, by their calls.
    """

    stored: StoredRun
    prices: Mapping[str, ArmPrice]
    scores: Sequence[Score]
    costs: RunCosts
    items: ItemTable
    calls: CallTable
    context: ClaimContext
    verdicts: tuple[Verdict, ...]
    judge_costs: RunCosts = NO_COSTS
    routes: tuple[Beside | tuple[str, str], ...] = ()
    """The suite's routes beside what else their arms could do; (name, why) where nothing is known.
    """
    at_prices: RunCosts | None = None
    """The arms' dollars at their prices, whatever their vendors say they charged; None: none says
    anything."""


def score_run(
    stored: StoredRun, records: Iterable[CallRecord], pairs: Comparisons | None
) -> Sequence[Score]:
    """Score every finished call with its task's scorers; ``records``: the run's, each episode as
    one.

    A judge's score is what its stored answer says. Where the texts were taken out of a run, its
    scores are those that were given.
    """
    if stored.given is not None:
        return stored.given.scores
    tasks = {task.name: task for task in stored.suite.tasks}
    scorers = _scorers(stored, pairs)
    samples = {(task.name, s.id): s for task in stored.suite.tasks for s in task.samples}
    scores = Packer(Score)
    for record in records:
        task = tasks[record.call.task]
        sample = samples[task.name, record.call.sample_id]
        scores.extend(score_record(record, sample, task, scorers[task.name]))
    return scores.done()


def _scorers(stored: StoredRun, pairs: Comparisons | None) -> dict[str, tuple[Scorer, ...]]:
    """Load the scorers of each task; judges answer from what they said in the run."""
    said = None
    if stored.judging.calls:
        said = said_of(stored.judging, stored.calls, stored.suite)
    found: dict[str, tuple[Scorer, ...]] = {}
    won = shares_by_call(stored, pairs)
    ends = ends_of(stored.suite, stored.calls, stored.judging.records)
    for task in stored.suite.tasks:
        made: list[Scorer] = []
        for scorer in load(task.scorers):
            if said is not None and isinstance(scorer, JudgeScorer):
                scorer = scorer.of_run(said)
            elif isinstance(scorer, PairwiseScorer):
                scorer = scorer.of_run(won)
            elif isinstance(scorer, FinalStateScorer):
                scorer = scorer.of_run(ends)
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
    stored = with_arms(stored)
    frozen = prices if prices is not None else prices_of(stored.manifest)
    metered = with_meter(frozen, stored.energy)
    book = on_nodes(metered, frozen, stored.calls, stored.attempts)
    whole = fold(stored.suite, stored.calls, stored.records, stored.attempts)
    pairs = comparisons_of(stored)
    scores = score_run(stored, whole.records, pairs) if like is None else like.scores
    costs = _cost_arms(stored, book, as_of, traffic)
    judge_costs = cost_judges(stored, book, as_of)
    scores = with_judge_costs(scores, stored, judge_costs)
    spent = whole.costs(costs.calls)
    items, calls = _tables(stored, whole, scores, spent, like)
    calls = without_warmup(calls, stored.calls, stored.suite.load.warmup_calls)
    derived = with_derived_use(book, stored.suite, items, calls)
    if derived is not None:
        book = derived
        costs = _cost_arms(stored, book, as_of, traffic)
        spent = whole.costs(costs.calls)
        items, calls = with_costs(items, calls, spent)
    made = routed(
        stored, items, calls, whole.records, scores, replace(costs, calls=spent), judge_costs
    )
    charges: dict[str, Charges] = {}
    priced: tuple[ItemTable, CallTable] | None = None
    unstated: RunCosts | None = None
    every = stored.attempts, stored.judging.attempts
    if any_charged(*every) or any_unasked(book, *every):
        plain = without_charges(book)
        own = unstated = _cost_arms(stored, plain, as_of, traffic, charges=False)
        judged = cost_judges(stored, plain, as_of)
        charges = charges_of(plain, stored.calls, stored.attempts, costs, own)
        if stored.judging.attempts:
            judging = stored.judging
            charges |= charges_of(plain, judging.calls, judging.attempts, judge_costs, judged)
        own = replace(own, calls=whole.costs(own.calls))
        at_prices = with_costs(items, calls, own.calls)
        other = routed(stored, *at_prices, whole.records, scores, own, judged)
        priced = other.items, other.calls
    items, calls = with_priced(made.items, made.calls, priced, {*charges, *made.facts})
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
    judges = {helper.name for helper in stored.suite.helpers}
    ours = {name: price for name, price in book.items() if name not in judges}
    context = claim_context(stored, ours, claims, items, calls, moment, instrument_error_s)
    if imported:
        context = replace(context, claims_before=judged_before(imported))
    context = replace(context, routes=made.facts, pairs=pairs, charges=charges)
    if priced is not None:
        at_prices_too = arm_bills(stored.suite, ours, *priced)
        context = replace(context, bills_at_prices=at_prices_too[0] if at_prices_too else {})
    context = replace(context, judge_usd=_mean_judge_usd(stored, judge_costs))
    last = stored.looks[-1] if stored.looks else None
    if last is not None and last.decision != CONTINUE:
        items, calls = restrict(items, calls, seen_items(stored.calls, last))
        context = context_at(context, last, rule_of(stored.suite, stored.calls, stored.looks))
    mute = silent_shares(scores, items, calls, context.mirrored_tasks, made.answer_of)
    context = replace(context, silent=mute, uncarried=uncarried_calls(scores, items, calls))
    if stored.people.labels:
        read = with_answers(stored.as_read(), calls, made.answer_of)
        context = replace(
            context,
            human_scores=human_scores(stored.people, read, items),
            unlabelled=unlabelled(stored.people, read, items),
        )
    verdicts = decide_claims(claims, items, calls, context)
    return Evaluation(
        stored,
        book,
        scores,
        costs,
        items,
        calls,
        context,
        verdicts,
        judge_costs,
        made.beside,
        unstated,
    )


def _cost_arms(
    stored: StoredRun,
    book: Mapping[str, ArmPrice],
    as_of: date | datetime | None,
    traffic: Profile | None,
    *,
    charges: bool = True,
) -> RunCosts:
    """Price the arms' calls; those in flight as a process died count as bills nobody stated.
    ``charges``: what an imported file tells as a charge counts as one.
    """
    lost = as_attempts(stored.in_flight, stored.sessions, stored.calls)
    imported = stored.manifest.options.get("imported")
    found = cost_run(
        book,
        stored.sessions,
        stored.calls,
        with_these(stored.attempts, lost),
        as_of=as_of,
        # Prompts that are not ours, or were taken out, bound nothing.
        bounds=None if imported or stored.given is not None else token_bounds(stored),
        machines=MachineFacts(load_seconds(stored.manifest), shared_machines(stored.suite.arms)),
        traffic=traffic,
    )
    found = of_stored(found, stored.attempts)
    if imported:
        found = with_told(found, stored.attempts, charges=charges)
    return found if stored.given is None else stored.given.over(found)


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
    """Price the calls of judges and simulated users: what the experiment cost beyond the arms' own
    requests.
    """
    judging = stored.judging
    lost = as_attempts(stored.in_flight, stored.sessions, judging.calls)
    if not judging.attempts and not lost:
        return NO_COSTS
    answers = {record.call.id: record.said for record in stored.as_read()}
    requests = JudgeRequests(stored.suite, stored.calls, answers, _requests(stored))
    judges = {helper.name: helper for helper in stored.suite.helpers}
    found = cost_run(
        book,
        stored.sessions,
        judging.calls,
        with_these(judging.attempts, lost),
        as_of=as_of,
        bounds=lambda call: token_bound(requests(call), judges.get(call.arm)),
        machines=MachineFacts(load_seconds(stored.manifest)),
    )
    found = of_stored(found, judging.attempts)
    return found if stored.given is None else stored.given.over(found)


def _mean_judge_usd(stored: StoredRun, costs: RunCosts) -> dict[str, float]:
    """By task: mean dollars of judging one answer, or of one episode's simulated user, where they
    are known.
    """
    found: dict[str, list[float]] = {}
    for call in stored.judging.calls:
        cost = costs.calls.get(call.id)
        if call.role == "judge" and cost is not None and cost.amount is not None:
            found.setdefault(call.task, []).append(float(cost.amount))
    panels = {
        task.name: len(task.pairwise.by)
        for task in stored.suite.tasks
        if task.pairwise is not None and task.judge is None
    }  # each judge of a panel is asked twice about a pair: once for each of its arms
    judged = {task: panels.get(task, 1) * float(np.mean(usd)) for task, usd in found.items()}
    played = user_usd_per_episode(stored, costs.calls)
    return {task: judged.get(task, 0.0) + played.get(task, 0.0) for task in {**judged, **played}}


def with_judge_costs(
    scores: Sequence[Score], stored: StoredRun, costs: RunCosts
) -> Sequence[Score]:
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

    return Packed.of(Score, map(paid, scores))


def _tables(
    stored: StoredRun,
    whole: Folded,
    scores: Sequence[Score],
    spent: Mapping[str, Cost],
    like: Evaluation | None,
) -> tuple[ItemTable, CallTable]:
    """The tables of a run, whose dollars by call are ``spent``; after a look ``like`` holds only a
    part of them, and they are built anew.
    """
    if like is not None and not stored.looks:
        return with_costs(*measured_alone(stored, like.items, like.calls), spent)
    return build_tables(
        stored.suite,
        stored.manifest,
        stored.sessions,
        whole.calls,
        whole.records,
        whole.attempts,
        scores,
        spent,
    )


def token_bounds(stored: StoredRun) -> Callable[[Call], TokenBound]:
    """Return what bounds a call's bill where no usage is on record: its request, rendered again."""
    requests = cache(partial(_requests, stored))  # few runs have a bill to be bounded
    arms = {arm.name: arm for arm in stored.suite.asked}
    return lambda call: token_bound(requests()(call), arms.get(call.arm))


def _requests(stored: StoredRun) -> Requests:
    """Return what makes a run's requests again; where texts were taken out, without answers."""
    if stored.given is not None:
        return Requests(stored.suite, assumed=lambda _task, _number: "")
    known = Turns(stored.suite, chain(stored.records, stored.judging.records))
    return Requests(stored.suite, known)


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
    seen = egress_seen(stored.suite, stored.egress, stored.manifest.arm_facts)
    return replace(context, hosts=hosts, egress=seen)


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
    arms = calls.arms.values()
    basis = token_basis([rows.n_in for rows in arms], [rows.n_out for rows in arms])
    measured = {}
    for name, rows in items.arms.items():
        mean = per_request(rows).of_known
        if mean is not None and rows.n_finished.sum():
            measured[name] = mean
    return project_claims(claims, prices, measured, basis, moment)


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
