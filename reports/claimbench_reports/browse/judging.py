"""Judge a run for its pages: verify, evaluate, write the index. The work of a process of its own,
for it reads every row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from claimbench._version import __version__
from claimbench.clock import this_day
from claimbench.evaluation.evaluate import evaluate
from claimbench.evaluation.labelling import answers_to_label, draw_more
from claimbench.evaluation.preference.labelling import ToLabel
from claimbench.evaluation.stored import StoredRun, read_run
from claimbench.monitoring.named import with_named_baseline
from claimbench.store.catalogue.browsing import database_state, mark_of
from claimbench_reports.browse.index_file import Judged, ReportPage, write_index
from claimbench_reports.collect.background import Background
from claimbench_reports.collect.data import report_data
from claimbench_reports.formats.html import policy, render_html, report_look
from claimbench_reports.formats.pack import sample_packs
from claimbench_reports.view.build import build_view

if TYPE_CHECKING:
    from claimbench.store.results import ResultsStore
    from claimbench.types import Suite


def judge_run(
    store: ResultsStore,
    run_id: str,
    path: Path,
    background_of: Callable[[Suite], Background],
    *,
    profile: str = "full",
    say: Callable[[str], None],
) -> None:
    """Verify and judge a run, and write the index of its pages to ``path``.

    Args:
        store: holds the run; reading is enough.
        run_id: the run.
        path: the index.
        background_of: gives what is known of a suite's arms, and the keys to mask.
        profile: how transcripts are shown: full, hashed, none.
        say: is told each step in a few words.

    Raises:
        IntegrityError: a row is not what was written: no index is made.
    """
    say("reading the run and verifying every row")
    # Before the rows are read: what comes meanwhile makes the index stale, not wrong
    mark, files = mark_of(store, run_id), database_state(store)
    n = store.verify(run_id)
    stored = read_run(store, run_id, verified=True)
    say("scoring the answers and judging the claims")
    evaluation = with_named_baseline(store, evaluate(stored))
    background = background_of(stored.suite)
    redact = background.redactor(profile)
    data = report_data(store, evaluation, background, today=this_day())
    # Reports of other runs are not where the results folder has them
    earlier = [replace(run, report=None) for run in data.earlier]
    data = replace(data, earlier=earlier)
    view = build_view(data, redact)
    say("writing the report and the index of all samples")
    drawn = [] if profile != "full" else _to_label(stored, background)
    origin = {
        "mark": asdict(mark),
        "files": files,
        "rows": n,
        "records": len(stored.records) + len(stored.judging.records),
        "at": datetime.now(UTC).isoformat(),
        "has_judge": any(call.role == "judge" for call in stored.judging.calls),
        "labels_since": 0,
        "tool": __version__,
    }
    packs = sample_packs(data, redact)
    report = ReportPage(
        render_html(view, packs=packs), policy(*report_look(view, packs is not None))
    )
    write_index(path, Judged(data, view, redact, report, drawn, origin))
    say(f"{n:,} rows verified")


def draw_for_labels(store: ResultsStore, run_id: str, items: int) -> None:
    """Draw a sample of a judged run for people to label, as ``bench labels export`` does.

    Raises:
        BenchError: as :func:`~claimbench.evaluation.labelling.draw_more`.
    """
    draw_more(store, read_run(store, run_id), items)


def _to_label(stored: StoredRun, background: Background) -> list[ToLabel]:
    if not stored.people.sample:
        return []
    return answers_to_label(stored, stored.people, background.redactor("full").mask)
