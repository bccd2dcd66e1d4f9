"""Collects what a report is made of: one stored run with everything derived from it, its history
and its warnings.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from claimbench.claims.looks.schedule import rule_of
from claimbench.claims.looks.stopping import stopped_by_rule
from claimbench.claims.people import people_table
from claimbench.claims.slices import difference_lines
from claimbench.clock import this_day
from claimbench.decision.choose import decide
from claimbench.evaluation.lines.agreement import agreement_lines, judge_lines, left_lines
from claimbench.evaluation.lines.charge_lines import charge_lines
from claimbench.evaluation.lines.connection_lines import connection_lines
from claimbench.evaluation.lines.dialogue_lines import dialogue_lines
from claimbench.evaluation.lines.input_lines import input_lines
from claimbench.evaluation.lines.label_sets import label_set_lines
from claimbench.evaluation.lines.part_lines import part_lines
from claimbench.evaluation.lines.tool_lines import tool_lines
from claimbench.evaluation.preference.summary import error_rate_lines, preference_lines
from claimbench.evaluation.preference.tables import (
    TaskPairs,
    judge_bills,
    pair_tables,
    with_bills,
)
from claimbench.evaluation.stored import counted, why_incomplete
from claimbench.evaluation.variants import variant_lines
from claimbench.evaluation.variants.quantised import (
    Quantisations,
    changed_by_arm,
    quantisations,
)
from claimbench.evidence.registration import NO_OTHERS, OPTION, OtherRuns
from claimbench.packed import columns, some_rows
from claimbench.plan.judge_affinity import user_lines
from claimbench.plan.judges import not_judged
from claimbench.plan.prompts import render
from claimbench.pricing.told import beside_charges
from claimbench.privacy.egress import KIND, over_sessions
from claimbench.scorers.score_record import NO_ANSWER
from claimbench.store.catalogue.registrations import runs_beside
from claimbench.types import NoteKind
from claimbench_reports.collect.background import Background
from claimbench_reports.collect.economics import economics_of
from claimbench_reports.collect.prices import price_facts, second_opinion
from claimbench_reports.view.build import build_view
from claimbench_reports.view.inputs import ArmInfo, EarlierRun, ReportData

if TYPE_CHECKING:
    from claimbench.evaluation.evaluate import Evaluation
    from claimbench.store.results import ResultsStore
    from claimbench.store.runs import RunInfo
    from claimbench.types import Manifest, Note
    from claimbench_reports.view.types import View

VERDICTS = "verdicts.json"
"""In a run's folder: claim id -> status as of its last report, for the index of runs."""


def view_of(
    store: ResultsStore, evaluation: Evaluation, background: Background, profile: str = "full"
) -> View:
    """Return everything that a report of the run shows, rounded, worded and redacted."""
    data = report_data(store, evaluation, background, today=this_day())
    return build_view(data, background.redactor(profile))


def report_data(
    store: ResultsStore,
    evaluation: Evaluation,
    background: Background,
    *,
    today: str | None = None,
) -> ReportData:
    """Collect the facts of an evaluated run; nothing is rounded, worded or redacted yet.

    Args:
        store: holds the run, its sessions and the runs before it; it may be read-only.
        evaluation: of the run.
        background: what is known of its arms from elsewhere.
        today: the day on which attestations have to hold; default: that of the run.
    """
    stored = evaluation.stored
    judges = [helper.name for helper in stored.suite.helpers]
    info = arm_info(evaluation, background)
    quantised = quantisations(
        stored.suite,
        evaluation.items,
        evaluation.calls,
        stored.records,
        stored.manifest.arm_facts,
    )
    return ReportData(
        manifest=stored.manifest,
        suite=stored.suite,
        sessions=stored.sessions,
        items=evaluation.items,
        calls=evaluation.calls,
        verdicts=evaluation.verdicts,
        records=stored.records,
        attempts=stored.attempts,
        scores=evaluation.scores,
        costs=evaluation.costs.calls,
        counted=counted(stored),
        arm_info=info,
        prices=price_facts(evaluation),
        economics=economics_of(evaluation),
        earlier=_earlier(store, evaluation),
        looks=stored.looks,
        warnings=_warnings(evaluation, other_books=background.other_books),
        findings=_findings(evaluation, quantised),
        privacy=privacy_lines(store, stored.manifest.run_id, (*stored.manifest.arms_run, *judges)),
        unfinished=_unfinished(evaluation),
        resent=tuple(intent.call_id for intent in stored.in_flight),
        render=render,
        judge_records=stored.judging.records,
        judge_costs=evaluation.judge_costs.calls,
        at_prices=beside_charges(stored.attempts, evaluation.costs, evaluation.at_prices),
        n_not_judged=not_judged(stored.judging, stored.calls, stored.as_read(), stored.suite),
        missing=why_incomplete(stored),
        context=evaluation.context,
        routes=evaluation.routes,
        pairs=_pairs(evaluation),
        quantisations=quantised,
        decision=decide(evaluation, known=known_facts(info), today=today),
        place=str(store.path),
        others=_others(store, stored.manifest),
    )


def _others(store: ResultsStore, manifest: Manifest) -> OtherRuns:
    """Return the other runs of a registered run's plan; none of a run without one."""
    kept = manifest.options.get(OPTION)
    return OtherRuns(**runs_beside(store, manifest, kept)) if isinstance(kept, dict) else NO_OTHERS


def _unfinished(evaluation: Evaluation) -> dict[str, str]:
    """Return call id -> who was asked, of calls that cost something and left no record."""
    stored, found = evaluation.stored, dict[str, str]()
    sides = (
        (stored.calls, stored.records, evaluation.costs),
        (stored.judging.calls, stored.judging.records, evaluation.judge_costs),
    )
    for calls, records, costs in sides:
        if len(records) < len(calls):
            ended = set(columns(records, "call.id"))
            for call_id, arm in columns(calls, "id", "arm"):
                if call_id not in ended and call_id in costs.calls:
                    found[call_id] = arm
    return found


def _pairs(evaluation: Evaluation) -> tuple[TaskPairs, ...]:
    """Return the comparisons in pairs with what the judges' words cost."""
    stored = evaluation.stored
    arms = [arm.name for arm in stored.suite.arms]
    seed = stored.manifest.seed
    tables = pair_tables(evaluation.items, evaluation.context, arms, stored.suite.alpha, seed)
    return with_bills(tables, judge_bills(stored, evaluation.judge_costs.calls)) if tables else ()


def privacy_lines(store: ResultsStore, run_id: str, arms: Sequence[str]) -> list[tuple[str, str]]:
    """Return what the sessions of a stored run say of where the arms' prompts went; empty where
    nothing was watched.
    """
    sessions = {
        str(session.n): store.derived(run_id, KIND, str(session.n), dict)
        for session in store.sessions(run_id)
    }
    return over_sessions(arms, sessions)


def known_facts(info: Mapping[str, ArmInfo]) -> dict[str, dict[str, str]]:
    """Return what the catalogue says of each arm, by the names that a decision's facts have."""
    found: dict[str, dict[str, str]] = {}
    for arm, one in info.items():
        facts = {"licence": one.licence, "lab": one.lab, "country": one.country}
        found[arm] = {name: value for name, value in facts.items() if value is not None}
    return found


def arm_info(evaluation: Evaluation, background: Background) -> Mapping[str, ArmInfo]:
    """Return what is known of each arm that a run cannot measure."""
    info: dict[str, ArmInfo] = {}
    for arm in evaluation.stored.suite.arms:
        model = background.models.get(arm.model)
        tested = background.standing.get(arm.provider)
        if model is None:
            info[arm.name] = ArmInfo(lab=arm.lab, tested=tested)
            continue
        size = None if model.parameters_b is None else f"{model.parameters_b:g} B"
        info[arm.name] = ArmInfo(
            licence=model.licence,
            lab=arm.lab or model.lab,
            country=model.country,
            parameters=size,
            quantisation=model.quantisation,
            tested=tested,
        )
    return info


def past_run(store: ResultsStore, info: RunInfo, mine: Manifest | None = None) -> EarlierRun:
    """Return a run as one line of history; ``comparable`` where its measured suite is that of
    ``mine``.
    """
    folder = store.run_folder(info.run_id)
    try:
        verdicts = json.loads((folder / VERDICTS).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        verdicts = {}
    return EarlierRun(
        run_id=info.run_id,
        created_utc=info.created_utc,
        suite=f"{info.suite_name} {info.suite_version}",
        status=info.status,
        n_finished=info.n_finished,
        n_planned=info.n_planned,
        comparable=None if mine is None else info.measured_sha256 == mine.measured_sha256,
        verdicts=verdicts,
        report=f"{info.run_id}/report.html" if (folder / "report.html").exists() else None,
    )


def _earlier(store: ResultsStore, evaluation: Evaluation) -> list[EarlierRun]:
    """Earlier runs of the suite; those of the same measured suite are marked comparable."""
    mine = evaluation.stored.manifest
    found = []
    for info in store.runs():
        if info.suite_name != mine.suite_name or info.run_id == mine.run_id:
            continue
        if info.created_utc < mine.created_utc:
            run = past_run(store, info, mine)
            found.append(replace(run, report=f"../{run.report}" if run.report else None))
    return found


def _findings(evaluation: Evaluation, quantised: tuple[Quantisations, ...]) -> list[str]:
    """Sentences about the results beside the verdicts: slices, comparisons in pairs, judges."""
    suite, items, context = evaluation.stored.suite, evaluation.items, evaluation.context
    arms = [arm.name for arm in suite.arms]
    stored = evaluation.stored
    dialogues: list[str] = []
    if stored.given is None:
        dialogues = dialogue_lines(
            suite, stored.records, stored.attempts, evaluation.scores, evaluation.costs.calls
        )
    return [
        *(f"{line[0].upper()}{line[1:]}." for line in user_lines(suite)),
        *dialogues,
        *difference_lines(people_table(items, context), suite.alpha),
        *preference_lines(items, context, arms, suite.alpha, evaluation.stored.manifest.seed),
        *error_rate_lines(items, context, suite.alpha),
        *variant_lines(suite, items, evaluation.calls, changed_by_arm(quantised)),
    ]


def _warnings(evaluation: Evaluation, *, other_books: bool) -> list[str]:
    stored = evaluation.stored
    warnings: list[str] = []
    imported = stored.manifest.options.get("imported")
    if imported:
        files = ", ".join(imported["files"])
        warnings.append(
            f"Measured by {imported['tool']}, not by ClaimBench ({files}): prompts, scores and"
            " clocks are that tool's."
        )
        warnings.extend(imported["notes"])
    if stored.given is not None:
        warnings.append(
            "Texts were taken out of this run: its scores are those that the bundle states, not"
            " computed here."
        )
    else:
        warnings.extend(agreement_lines(stored.suite, stored.records))
        warnings.extend(label_set_lines(stored.suite, stored.records))
    warnings.extend(charge_lines(evaluation.context.charges))
    warnings.extend(
        input_lines([arm.name for arm in stored.suite.arms], evaluation.items, evaluation.calls)
    )
    warnings.extend(connection_lines(evaluation.calls, stored.manifest.arms_run))
    warnings.extend(part_lines(stored.suite, stored.calls, evaluation.scores))
    uncarried = evaluation.context.uncarried
    warnings.extend(tool_lines(stored.calls, evaluation.scores, uncarried))
    warnings.extend(
        judge_lines(
            stored.suite, stored.records, stored.judging.records, stored.people, evaluation.scores
        )
    )
    warnings.extend(
        left_lines(stored.suite, stored.people, stored.as_read(), evaluation.context.pairs)
    )
    if stored.manifest.limit is not None:
        taken = stored.manifest.options.get("samples") or {}
        sizes = {task.name: len(task.samples) for task in stored.suite.tasks}
        listed = ", ".join(
            f"{taken.get(name, '?')} of {size} in {name}" for name, size in sizes.items()
        )
        warnings.append(f"A sample was measured, not the whole suite (--limit): {listed}.")
    last = stored.sessions[-1] if stored.sessions else None
    if last is not None and last.end_reason not in (None, "finished"):
        warnings.append(f"The run is not complete: {last.end_reason}.")
    elif last is not None and last.ended_utc is None:
        warnings.append("The run is not complete: its last session did not end by itself.")
    for note in stored.notes:
        if note.kind not in (NoteKind.STOPPING, NoteKind.LOOK) and not note.in_end_reason:
            warnings.append(f"{_sentence(note, stored.manifest.arms_run)}.")
    return (
        warnings
        + _unscored(evaluation)
        + _stopped_early(evaluation)
        + second_opinion(evaluation, other_books=other_books)
    )


def _sentence(note: Note, names: Sequence[str]) -> str:
    """Return a note with a capital first, unless it begins with the name of its arm, which is
    written as its owner writes it.
    """
    return note.text if note.arm in names else f"{note.text[:1].upper()}{note.text[1:]}"


def _unscored(evaluation: Evaluation) -> list[str]:
    """Answers that a scorer could not judge, by scorer: they count as missing, which nobody may
    have to guess.
    """
    other = {
        call_id
        for call_id, outcome in columns(evaluation.stored.records, "call.id", "outcome")
        if outcome.value != "ok"
    }
    total: Counter[str] = Counter()
    places: list[int] = []
    read = columns(evaluation.scores, "call_id", "scorer", "status")
    for at, (call_id, scorer, status) in enumerate(read):
        if call_id not in other:
            total[scorer] += 1
            if status == "unscored":
                places.append(at)
    failed = [
        score
        for score in some_rows(evaluation.scores, places)
        if not score.explanation.startswith(NO_ANSWER)  # an episode whose later step failed
    ]
    first = {score.scorer: score.explanation for score in reversed(failed)}
    return [
        f"{count} of {total[name]} answers could not be scored by '{name}' and count as missing:"
        f" {first[name]}."
        for name, count in Counter(score.scorer for score in failed).items()
    ]


def _stopped_early(evaluation: Evaluation) -> list[str]:
    """Say what stopping when decided saved."""
    stored = evaluation.stored
    if not stopped_by_rule(stored.looks):
        return []
    last = stored.looks[-1]
    saved = rule_of(stored.suite, stored.calls, stored.looks).saved(last, evaluation.items)
    money = "" if saved.usd is None else f" and about ${saved.usd:.4g}"
    why = (
        "every claim was decided"
        if "decided" in last.decision
        else "more requests were unlikely to decide more"
    )
    return [
        f"Stopped at look {last.k} of {last.looks_planned}, after {last.items} items, because"
        f" {why}: {saved.requests:,} requests{money} were not needed. Intervals are the repeated"
        " ones of that look."
    ]
