"""Claims that name a run: ``baseline:ARM`` is an arm as the suite's baseline measured it."""

from __future__ import annotations

from dataclasses import replace

from claimbench.claims.other_runs import BASELINE, baselines_of, names_baseline
from claimbench.claims.verdicts import decide_claims
from claimbench.errors import IntegrityError, StoreError
from claimbench.evaluation.evaluate import Evaluation, evaluate
from claimbench.monitoring.compare import Look, look_at
from claimbench.monitoring.groups import GROUPED_OTHERWISE, with_both_groupings
from claimbench.monitoring.pairing import merged, pair_runs
from claimbench.monitoring.settings import (
    as_series,
    known_names,
    loosened_for_claims,
    settings_between,
    settings_of,
)
from claimbench.monitoring.stored import NamedRun, NoPrevious, nights_of, read_named
from claimbench.store.results import ResultsStore
from claimbench.types import Claim, Reason, Suite


def with_named_baseline(
    store: ResultsStore, evaluation: Evaluation, name: str | None = None
) -> Evaluation:
    """Return an evaluation whose claims about ``baseline:ARM`` are judged against the run that the
    suite names (``compare.baseline``), or that ``name`` names, as one look of a series.

    Unchanged where no claim speaks of one. Where the suite's run cannot be read, or there is none
    before, such claims are not comparable, with the reason.

    Raises:
        StoreError: the run that ``name`` names cannot be read; IntegrityError: one was tampered
            with.
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
        if name is not None and not isinstance(error, NoPrevious):
            raise
        return _without(evaluation, f"the baseline {wanted!r} cannot be read: {error.message}")
    if found.run_id == evaluation.stored.manifest.run_id:
        return _without(evaluation, "the baseline is this run itself")
    number = nights_of(store, found, evaluation.stored.suite.name).number(evaluation.stored)
    return with_baseline(evaluation, evaluate(found.stored), number)


def with_baseline(evaluation: Evaluation, base: Evaluation, number: int = 1) -> Evaluation:
    """Judge an evaluated run's claims with the arms of ``base`` beside its own; tables and figures
    stay the run's.

    A claim about the baseline has what is left of alpha at look ``number`` of the series, and no
    looser rule than BASE's suite has.
    """
    settings = settings_between(base.stored.suite, evaluation.stored.suite)
    settings = as_series(settings, base.stored.suite)
    names = known_names(settings.arms, base.stored.suite, evaluation.stored.suite)
    pairing = pair_runs(base, evaluation, names)
    if pairing.share < settings.common:
        shared = f"only {100 * pairing.share:.0f}% of samples are in both runs"
        return _without(evaluation, shared)
    paired = {pair.new: pair.old for pair in pairing.arms}
    items, calls, context = merged(base, evaluation, paired, pairing.items)
    absent = {BASELINE + arm: why for arm, why in pairing.apart.items()}
    context = replace(context, arms_not_run={**context.arms_not_run, **absent})
    look = look_at(number, settings.runs or 1, settings.alpha)
    said = list(loosened_for_claims(base.stored.suite, evaluation.stored.suite, settings))
    regrouped = with_both_groupings(base, items, calls, pairing.items)
    if regrouped is not None:
        said.append(GROUPED_OTHERWISE)
        context = replace(context, groups_in_both=regrouped[0].cluster)
    rules = [Reason("baseline_rules", one) for one in said]
    context = replace(context, rules_in_both=(*rules, *_spent(look)))
    claims = [
        _as_strict(verdict.claim, base.stored.suite, evaluation.stored.suite, look.alpha)
        for verdict in evaluation.verdicts
    ]
    return replace(evaluation, verdicts=decide_claims(claims, items, calls, context))


def _spent(look: Look) -> tuple[Reason, ...]:
    if look.planned == 1:
        return ()
    anew = f", series {look.period}: take a new baseline" if look.period > 1 else ""
    return (Reason("spent_alpha", f"look {look.number} of {look.planned}{anew}"),)


def _as_strict(
    claim: Claim, base: Suite, suite: Suite, alpha: float, stated: bool = False
) -> Claim:
    """Return a claim about the baseline, and its parts, with what is stricter of both suites.

    ``alpha`` is what is left of it; a margin that the claim itself states (``stated``) stays.
    """
    if not names_baseline([claim]):
        return claim
    own = {spec.id for spec in suite.claims if "margin" in spec.raw}
    stated = stated or claim.id in own or claim.margin != suite.margin
    return replace(
        claim,
        margin=claim.margin if stated else min(claim.margin, base.margin),
        alpha=min(claim.alpha, alpha),
        population=claim.population if base.population == "fixed" else "super",
        parts=tuple(_as_strict(part, base, suite, alpha, stated) for part in claim.parts),
    )


def _without(evaluation: Evaluation, why: str) -> Evaluation:
    claims = [verdict.claim for verdict in evaluation.verdicts]
    context = evaluation.context
    reasons = dict.fromkeys(baselines_of(claims), why)
    context = replace(context, arms_not_run={**context.arms_not_run, **reasons})
    verdicts = decide_claims(claims, evaluation.items, evaluation.calls, context)
    return replace(evaluation, verdicts=verdicts, context=context)
