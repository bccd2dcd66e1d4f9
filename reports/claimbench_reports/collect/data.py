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
from claimbench.claims.people import people_table
from claimbench.claims.slices import difference_lines
from claimbench.decision.choose import decide
from claimbench.evaluation.agreement import agreement_lines, judge_lines
from claimbench.evaluation.label_sets import label_set_lines
from claimbench.plan.judges import not_judged
from claimbench.plan.prompts import render
from claimbench.privacy.egress import KIND, over_sessions
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
    data = report_data(store, evaluation, background)
    return build_view(data, background.redactor(profile))


def report_data(store: ResultsStore, evaluation: Evaluation, background: Background) -> ReportData:
    """Collect the facts of an evaluated run; nothing is rounded, worded or redacted yet.

    Args:
        store: holds the run, its sessions and the runs before it; it may be read-only.
        evaluation: of the run.
        background: what is known of its arms from elsewhere.
    """
    stored = evaluation.stored
    judges = [judge.name for judge in stored.suite.judges]
    info = arm_info(evaluation, background)
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
        n_planned=len(stored.calls),
        arm_info=info,
        prices=price_facts(evaluation),
        economics=economics_of(evaluation),
        earlier=_earlier(store, evaluation),
        looks=stored.looks,
        warnings=_warnings(evaluation),
        findings=difference_lines(
            people_table(evaluation.items, evaluation.context), stored.suite.alpha
        ),
        privacy=privacy_lines(store, stored.manifest.run_id, (*stored.manifest.arms_run, *judges)),
        resent=stored.resent,
        render=render,
        judge_records=stored.judging.records,
        judge_costs=evaluation.judge_costs.calls,
        n_not_judged=not_judged(stored.judging, stored.calls, stored.records, stored.suite),
        context=evaluation.context,
        decision=decide(evaluation, known=known_facts(info)),
    )


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
    except (OSError, ValueError):
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


def _warnings(evaluation: Evaluation) -> list[str]:
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
    warnings.extend(agreement_lines(stored.suite, stored.records))
    warnings.extend(label_set_lines(stored.suite, stored.records))
    warnings.extend(
        judge_lines(
            stored.suite, stored.records, stored.judging.records, stored.people, evaluation.scores
        )
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
        warnings + _unscored(evaluation) + _stopped_early(evaluation) + second_opinion(evaluation)
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
    answered = {r.call.id for r in evaluation.stored.records if r.outcome.value == "ok"}
    mine = [score for score in evaluation.scores if score.call_id in answered]
    total = Counter(score.scorer for score in mine)
    failed = [score for score in mine if score.status == "unscored"]
    first = {score.scorer: score.explanation for score in reversed(failed)}
    return [
        f"{count} of {total[name]} answers could not be scored by '{name}' and count as missing:"
        f" {first[name]}."
        for name, count in Counter(score.scorer for score in failed).items()
    ]


def _stopped_early(evaluation: Evaluation) -> list[str]:
    """Say what stopping when decided saved."""
    stored = evaluation.stored
    if not stored.looks or not stored.looks[-1].decision.startswith("stop"):
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
