"""A stored run judged, reported and printed: shared by ``run``, ``report``, ``show``, ``check``,
``export`` and ``import``.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from claimbench.decision.choose import Decision
    from claimbench.evaluation.evaluate import Evaluation
    from claimbench.evaluation.stored import StoredRun
    from claimbench.store.results import ResultsStore
    from claimbench_reports.view.buying.types import DecisionView
    from claimbench_reports.view.types import View


def evaluate_run(
    store: ResultsStore, run_id: str, volume: str | None = None, baseline: str | None = None
) -> Evaluation:
    """Read and judge one run; ``volume`` as ``--volume`` states it, ``baseline`` as ``--baseline``
    does, over the suite's own.
    """
    from claimbench.machine.garbage_collection import load_numpy

    load_numpy()
    from claimbench.claims.other_runs import names_baseline
    from claimbench.evaluation.evaluate import evaluate
    from claimbench.evaluation.stored import read_run

    evaluation = evaluate(at_volume(read_run(store, run_id), volume))
    if not names_baseline(verdict.claim for verdict in evaluation.verdicts):
        return evaluation
    from claimbench.monitoring.named import with_named_baseline

    return with_named_baseline(store, evaluation, baseline)


def at_volume(stored: StoredRun, volume: str | None) -> StoredRun:
    """Return a run whose suite states the volume of ``--volume``, marked where it is another."""
    if volume is None:
        return stored
    from claimbench.suite.purpose.volume import with_volume

    suite = with_volume(stored.suite, volume)
    other = suite.options.get("volume") != stored.suite.options.get("volume")
    return replace(stored, suite=suite, volume_after=stored.volume_after or other)


def view_of(store: ResultsStore, evaluation: Evaluation, profile: str = "full") -> View:
    """Return everything that a report of the run shows, with this machine's keys masked."""
    from claimbench.api import background_of
    from claimbench_reports.collect import data

    return data.view_of(store, evaluation, background_of(evaluation.stored.suite), profile)


def write_report(
    store: ResultsStore,
    evaluation: Evaluation,
    *,
    output: Path | None = None,
    profile: str = "full",
) -> Path:
    """Write ``report.html`` into the run's folder, or to ``output``, with this machine's keys
    masked; return the path.
    """
    import claimbench_reports
    from claimbench.api import background_of

    return claimbench_reports.write_report(
        store,
        evaluation,
        background=background_of(evaluation.stored.suite),
        output=output,
        profile=profile,
    )


def decision_of(
    evaluation: Evaluation, file: Path | None
) -> tuple[Decision | None, DecisionView | None]:
    """Return whom to choose, and that as shown; by the suite's decision, or by that of ``file``."""
    from claimbench.api import background_of
    from claimbench.clock import this_day
    from claimbench.decision.choose import decide
    from claimbench.decision.gates import claims_of
    from claimbench.privacy.visible import visible
    from claimbench.suite.purpose.decision import load_decision
    from claimbench_reports.collect import data
    from claimbench_reports.view.buying.decision import decision_view

    suite = evaluation.stored.suite
    spec = None
    if file is not None:
        spec = load_decision(file, suite)
        claims_of(replace(suite, path=str(file)), spec)  # a claim at fault is one of this file
    background = background_of(suite)
    known = data.known_facts(data.arm_info(evaluation, background))
    decision = decide(evaluation, spec, known=known, today=this_day())
    redact = background.redactor("none")
    view = decision_view(
        decision,
        len(evaluation.items.items),
        evaluation.stored.manifest.created_utc,
        lambda text: visible(redact.mask(text)),
    )
    return decision, view


def console_summary(evaluation: Evaluation, path: Path | None, store: ResultsStore) -> None:
    """Print verdicts and comparison, and where the report is."""
    from claimbench.cli.streams import drawn
    from claimbench_reports.formats.console import print_summary

    index = store.index_page
    print_summary(
        view_of(store, evaluation),
        report=path,
        file=drawn(sys.stdout),
        index=index if path is not None and index.exists() else None,
    )
