"""A stored run judged, reported and printed: shared by ``run``, ``report``, ``show``, ``check``,
``export`` and ``import``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from claimbench.evaluation.evaluate import Evaluation
    from claimbench.store.results import ResultsStore
    from claimbench_reports.view.types import View


def evaluate_run(store: ResultsStore, run_id: str) -> Evaluation:
    """Read and judge one run."""
    from claimbench.machine.garbage_collection import load_numpy

    load_numpy()
    from claimbench.evaluation.evaluate import evaluate
    from claimbench.evaluation.stored import read_run

    return evaluate(read_run(store, run_id))


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


def console_summary(evaluation: Evaluation, path: Path | None, store: ResultsStore) -> None:
    """Print verdicts and comparison, and where the report is."""
    from claimbench.cli.streams import drawn
    from claimbench_reports.formats.console import print_summary

    index = store.path.parent / "index.html"
    print_summary(
        view_of(store, evaluation),
        report=path,
        file=drawn(sys.stdout),
        index=index if path is not None and index.exists() else None,
    )
