"""Writes a run's report, and the index of the results folder."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from claimbench.clock import this_day
from claimbench.errors import StoreError
from claimbench_reports.collect.background import Background
from claimbench_reports.collect.data import VERDICTS, past_run, report_data
from claimbench_reports.formats.exports import view_json
from claimbench_reports.formats.html import render_html
from claimbench_reports.formats.index import render_index
from claimbench_reports.formats.pack import sample_packs
from claimbench_reports.view.build import build_view

if TYPE_CHECKING:
    from claimbench.evaluation.evaluate import Evaluation
    from claimbench.privacy.redact import Redactor
    from claimbench.store.results import ResultsStore

ReportKind = Literal["html", "json"]


def write_report(
    store: ResultsStore,
    evaluation: Evaluation,
    *,
    background: Background,
    output: Path | None = None,
    profile: str = "full",
    kind: ReportKind = "html",
) -> Path:
    """Write the report of an evaluated run and return its path; an old file is replaced only by a
    whole new one.

    Args:
        store: holds the run; it may be read-only.
        evaluation: of the run.
        background: what is known of its arms from elsewhere, and the keys to mask.
        output: the file; default: ``report.html`` (or ``.json``) in the run's folder. Beside
            ``report.html`` there the verdicts are kept for the index, which is written anew.
        profile: how transcripts are shown: full, hashed, none.
        kind: one page for people, or the same figures as JSON (docs/report.schema.json).

    Raises:
        StoreError: the file cannot be written.
    """
    folder = store.run_folder(evaluation.stored.manifest.run_id)
    path = output or folder / f"report.{kind}"
    data = report_data(store, evaluation, background, today=this_day())
    redact = background.redactor(profile)
    view = build_view(data, redact)
    if kind == "html":
        _replace(path, render_html(view, packs=sample_packs(data, redact)))
    else:
        _replace(path, view_json(view))
    if output is None and kind == "html":
        statuses = {verdict.claim.id: verdict.status for verdict in evaluation.verdicts}
        _replace(folder / VERDICTS, json.dumps(statuses, ensure_ascii=False) + "\n")
        write_index(store, background.redactor(profile))
    return path


def write_index(store: ResultsStore, redact: Redactor) -> None:
    """Write ``index.html`` of the results folder: every run with the verdicts of its last
    report.
    """
    runs = [past_run(store, info) for info in store.runs()]
    _replace(store.index_page, render_index(runs, redact))


def _replace(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()  # half of it, where the disk is full
        raise StoreError(
            f"{path} cannot be written: {error.strerror}", hint="give --output FILE"
        ) from error
