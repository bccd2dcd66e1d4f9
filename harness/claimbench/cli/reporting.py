"""From a stored run to what a person opens; shared by ``run``, ``report``, ``show``, ``check`` and
``export``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from claimbench.errors import StoreError

if TYPE_CHECKING:
    from claimbench.evaluation.evaluate import Evaluation
    from claimbench.pricing.hosts import HostCost
    from claimbench.privacy.redact import Redactor
    from claimbench.store.results import ResultsStore
    from claimbench.store.runs import RunInfo
    from claimbench.types import Manifest, Note
    from claimbench_reports.view.inputs import ArmInfo, EarlierRun, PriceFact, ReportData
    from claimbench_reports.view.types import View

VERDICTS = "verdicts.json"
"""In a run's folder: claim id -> status as of its last report, for the index of runs."""


def evaluate_run(store: ResultsStore, run_id: str) -> Evaluation:
    """Read and judge one run."""
    from claimbench.machine.garbage_collection import load_numpy

    load_numpy()
    from claimbench.evaluation.evaluate import evaluate
    from claimbench.evaluation.stored import read_run

    return evaluate(read_run(store, run_id))


def redactor(evaluation: Evaluation, profile: str = "full") -> Redactor:
    """The only way text leaves for an artifact: keys of this environment masked, transcripts as
    ``profile`` says.
    """
    from claimbench.cli.secrets import known_secrets
    from claimbench.privacy.redact import Redactor, check_profile

    return Redactor(check_profile(profile), known_secrets(evaluation.stored.suite))


def report_data(store: ResultsStore, evaluation: Evaluation) -> ReportData:
    """Hand a run over to the reports."""
    from claimbench.claims.slices import difference_lines
    from claimbench.cli.economics import economics_of
    from claimbench.cli.watching import privacy_lines
    from claimbench.plan.judges import not_judged
    from claimbench.plan.prompts import render
    from claimbench_reports.view.inputs import ReportData

    stored = evaluation.stored
    judges = [judge.name for judge in stored.suite.judges]
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
        arm_info=_arm_info(evaluation),
        prices=_price_facts(evaluation),
        economics=economics_of(evaluation),
        earlier=_earlier(store, evaluation),
        looks=stored.looks,
        warnings=_warnings(evaluation),
        findings=difference_lines(evaluation.items, stored.suite.alpha),
        privacy=privacy_lines(store, stored.manifest.run_id, (*stored.manifest.arms_run, *judges)),
        resent=stored.resent,
        render=render,
        judge_records=stored.judging.records,
        judge_costs=evaluation.judge_costs.calls,
        n_not_judged=not_judged(stored.judging, stored.calls, stored.records, stored.suite),
    )


def view_of(store: ResultsStore, evaluation: Evaluation, profile: str = "full") -> View:
    """Everything a report shows, rounded and worded."""
    from claimbench_reports.view.build import build_view

    return build_view(report_data(store, evaluation), redactor(evaluation, profile))


def write_report(
    store: ResultsStore,
    evaluation: Evaluation,
    *,
    output: Path | None = None,
    profile: str = "full",
) -> Path:
    """Write ``report.html`` into the run's folder, or to ``output``; an old one is replaced only by
    a whole new one.
    """
    from claimbench_reports.formats.html import render_html

    folder = store.run_folder(evaluation.stored.manifest.run_id)
    path = output or folder / "report.html"
    _replace(path, render_html(view_of(store, evaluation, profile)))
    if output is None:
        statuses = {verdict.claim.id: verdict.status for verdict in evaluation.verdicts}
        _replace(folder / VERDICTS, json.dumps(statuses, ensure_ascii=False) + "\n")
        write_index(store, redactor(evaluation, profile))
    return path


def write_index(store: ResultsStore, redact: Redactor) -> None:
    """Write ``index.html`` of the results folder: every run with the verdicts of its last
    report.
    """
    from claimbench_reports.formats.index import render_index

    _replace(
        store.path.parent / "index.html",
        render_index([_past(store, info) for info in store.runs()], redact),
    )


def _replace(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}", hint="give --output FILE"
        ) from error


def console_summary(evaluation: Evaluation, path: Path | None, store: ResultsStore) -> None:
    """Print verdicts and comparison, and where the report is."""
    from claimbench_reports.formats.console import print_summary

    print_summary(view_of(store, evaluation), report=path)


def _arm_info(evaluation: Evaluation) -> Mapping[str, ArmInfo]:
    from claimbench.cli.commands.providers import WORDS, provider_rows
    from claimbench_providers.models.catalogue import catalog
    from claimbench_reports.view.inputs import ArmInfo

    known = catalog()
    tested = {row["name"]: WORDS[str(row["status"])] for row in provider_rows()}
    info: dict[str, ArmInfo] = {}
    for arm in evaluation.stored.suite.arms:
        entry, standing = known.get(arm.model), tested.get(arm.provider)
        if entry is None:
            info[arm.name] = ArmInfo(lab=arm.lab, tested=standing)
            continue
        size = None if entry.parameters_b is None else f"{entry.parameters_b:g} B"
        info[arm.name] = ArmInfo(
            licence=entry.licence,
            lab=arm.lab or entry.lab,
            country=entry.country,
            parameters=size,
            quantisation=entry.quantisation,
            tested=standing,
        )
    return info


def _price_facts(evaluation: Evaluation) -> list[PriceFact]:
    from datetime import datetime
    from decimal import Decimal

    from claimbench.pricing.model import UNIT_CLASSES, UnknownPrice
    from claimbench.pricing.run import unmetered
    from claimbench_reports.view.inputs import PriceFact

    moment = datetime.fromisoformat(evaluation.stored.manifest.created_utc)
    facts: list[PriceFact] = []
    for name, price in evaluation.prices.items():
        if price.host is not None:
            host = price.host
            for part, usd in host.parts_per_hour.items():
                note = _watts(host) if part == "energy" else None
                facts.append(
                    PriceFact(
                        name, part, usd, "hour", host.source, host.dated, f"host:{name}", note
                    )
                )
            if unmetered(price):
                facts.append(PriceFact(name, "energy", None, "hour", note=NOT_METERED))
            share = Decimal(100) * host.utilisation
            facts.append(
                PriceFact(
                    name,
                    "utilisation",
                    None,
                    "",
                    host.source,
                    host.dated,
                    note=f"{share:f}% (assumed)",
                )
            )
            continue
        if price.price is None or not price.known:
            facts.append(PriceFact(name, "price", None, "", note=price.why_unknown))
            continue
        listed = price.price
        try:
            rates = listed.rates_at(moment, price.tier, price.context)
        except UnknownPrice as why:
            facts.append(PriceFact(name, "price", None, "", note=str(why)))
            continue
        for part, rate in rates.items():
            unit = (
                "request"
                if part == "per_request"
                else "use"
                if part in UNIT_CLASSES
                else "1M tokens"
            )
            dollars = rate.base * listed.factor if listed.currency == "USD" else None
            note = None if dollars is not None else f"{rate.base} {listed.currency}"
            facts.append(
                PriceFact(
                    name,
                    part,
                    dollars,
                    unit,
                    listed.source,
                    listed.dated,
                    listed.id_at(moment),
                    note,
                )
            )
    return facts + _implied(evaluation)


def _implied(evaluation: Evaluation) -> list[PriceFact]:
    """What this run's seconds and tokens make of those prices, per unit."""
    from claimbench.economics.unit_prices import unit_prices
    from claimbench_reports.view.inputs import PriceFact

    stored = evaluation.stored
    found = unit_prices(evaluation.prices, stored.sessions, stored.calls, stored.attempts)
    return [
        PriceFact(u.arm, u.what, u.usd, u.per, "measured in this run", None, None, u.note)
        for u in found
    ]


NOT_METERED = "unavailable: no meter, and the suite states no watts; electricity is in no figure"


def _watts(host: HostCost) -> str:
    """What an hour's electricity is computed from, and how that is known."""
    known = "; ".join(host.notes) if host.watts_source != "stated" else ""
    factor = f", PUE {host.pue:f}" if host.pue != 1 else ""
    price = f"{host.watts:.4g} W {host.watts_source}{factor}, ${host.usd_per_kwh:f} per kWh"
    return f"{price} ({known})" if known else price


def _past(store: ResultsStore, info: RunInfo, mine: Manifest | None = None) -> EarlierRun:
    """One line of history; ``comparable`` where the measured suite is that of ``mine``."""
    from claimbench_reports.view.inputs import EarlierRun

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
    past = [
        r
        for r in store.runs()
        if r.created_utc < mine.created_utc and r.suite_name == mine.suite_name
    ]
    found = [_past(store, info, mine) for info in past if info.run_id != mine.run_id]
    return [replace(run, report=f"../{run.report}" if run.report else None) for run in found]


def _warnings(evaluation: Evaluation) -> list[str]:
    stored = evaluation.stored
    from claimbench.evaluation.agreement import agreement_lines, judge_lines
    from claimbench.types import NoteKind

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
        warnings + _unscored(evaluation) + _stopped_early(evaluation) + _second_opinion(evaluation)
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
    from collections import Counter

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
    """What stopping when decided saved."""
    from claimbench.claims.look_schedule import rule_of

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


def _second_opinion(evaluation: Evaluation) -> list[str]:
    """Where litellm's price map, if it is installed, differs from the prices used."""
    from datetime import datetime

    from claimbench.pricing.second_opinion import load_second_opinion, warnings_for

    moment = datetime.fromisoformat(evaluation.stored.manifest.created_utc)
    return warnings_for(evaluation.prices, moment, load_second_opinion())
