"""Claims that name a run: ``baseline:ARM`` is an arm as the suite's baseline measured it."""

from __future__ import annotations

from dataclasses import replace

from claimbench.claims.other_runs import BASELINE, baselines_of, names_baseline
from claimbench.claims.verdicts import decide_claims
from claimbench.errors import IntegrityError, StoreError
from claimbench.evaluation.evaluate import Evaluation, evaluate
from claimbench.monitoring.pairing import merged, pair_runs
from claimbench.monitoring.settings import known_names, settings_between, settings_of
from claimbench.monitoring.stored import NamedRun, read_named
from claimbench.store.results import ResultsStore
from claimbench.types import Claim, Suite


def with_named_baseline(
    store: ResultsStore, evaluation: Evaluation, name: str | None = None
) -> Evaluation:
    """Return an evaluation whose claims about ``baseline:ARM`` are judged against the run that the
    suite names (``compare.baseline``), or that ``name`` names.

    Unchanged where no claim speaks of one. Where the run cannot be read, such claims are not
    comparable, with the reason; a run that was tampered with is an error.
    """
    claims = [verdict.claim for verdict in evaluation.verdicts]
    if not names_baseline(claims):
        return evaluation
    wanted = name or settings_of(evaluation.stored.suite).baseline
    if wanted is None:
        why = "no baseline is named: write compare: {baseline: RUN} in the suite"
        return _without(evaluation, why)
    try:
        found: NamedRun = read_named(store, wanted, evaluation.stored)
    except IntegrityError:
        raise
    except StoreError as error:
        return _without(evaluation, f"the baseline {wanted!r} cannot be read: {error.message}")
    if found.run_id == evaluation.stored.manifest.run_id:
        return _without(evaluation, "the baseline is this run itself")
    return with_baseline(evaluation, evaluate(found.stored))


def with_baseline(evaluation: Evaluation, base: Evaluation) -> Evaluation:
    """Judge an evaluated run's claims with the arms of ``base`` beside its own; tables and figures
    stay the run's.
    """
    settings = settings_between(base.stored.suite, evaluation.stored.suite)
    names = known_names(settings.arms, base.stored.suite, evaluation.stored.suite)
    pairing = pair_runs(base, evaluation, names)
    if pairing.share < settings.common:
        shared = f"only {100 * pairing.share:.0f}% of samples are in both runs"
        return _without(evaluation, shared)
    paired = {pair.new: pair.old for pair in pairing.arms}
    items, calls, context = merged(base, evaluation, paired, pairing.items)
    absent = {BASELINE + arm: why for arm, why in pairing.apart.items()}
    context = replace(context, arms_not_run={**context.arms_not_run, **absent})
    claims = [
        _as_strict(verdict.claim, base.stored.suite, evaluation.stored.suite)
        for verdict in evaluation.verdicts
    ]
    return replace(evaluation, verdicts=decide_claims(claims, items, calls, context))


def _as_strict(claim: Claim, base: Suite, suite: Suite) -> Claim:
    """Return a claim about the baseline with the baseline's margin where that is narrower than the
    suite's own; a margin that the claim itself states stays.
    """
    if not names_baseline([claim]) or claim.margin != suite.margin or base.margin >= suite.margin:
        return claim
    own = {spec.id for spec in suite.claims if "margin" in spec.raw}
    return claim if claim.id in own else replace(claim, margin=base.margin)


def _without(evaluation: Evaluation, why: str) -> Evaluation:
    claims = [verdict.claim for verdict in evaluation.verdicts]
    context = evaluation.context
    reasons = dict.fromkeys(baselines_of(claims), why)
    context = replace(context, arms_not_run={**context.arms_not_run, **reasons})
    verdicts = decide_claims(claims, evaluation.items, evaluation.calls, context)
    return replace(evaluation, verdicts=verdicts, context=context)
