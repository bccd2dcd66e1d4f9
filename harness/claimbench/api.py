"""Results for notebooks and scripts: ``claimbench.open_run("results").verdicts()``.

pandas is imported when the first frame is made; no model is called, and nothing is written but the
file that :meth:`Run.report` is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date
from functools import cached_property
from html import escape
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from claimbench.error_words import arguments
from claimbench.errors import BenchError, ClaimError
from claimbench.privacy.visible import visible
from claimbench.store.catalogue.about import About
from claimbench.store.catalogue.selection import Selection, selected
from claimbench.store.engine import DATABASE_NAME
from claimbench.store.notes import read_about
from claimbench.store.place import Place, is_url, place_of
from claimbench.store.results import ResultsStore
from claimbench.store.runs import RunInfo

if TYPE_CHECKING:
    import pandas as pd

    from claimbench.evaluation.evaluate import Evaluation
    from claimbench.evaluation.stored import StoredRun
    from claimbench.types import Json, Manifest, Suite, Verdict
    from claimbench_reports import Background
    from claimbench_reports.view.types import View

__all__ = ["Run", "background_of", "list_runs", "open_run", "open_runs"]


REPORT_KINDS: Mapping[str, Literal["html", "json"]] = {
    ".html": "html",
    ".htm": "html",
    ".json": "json",
}
"""Ending of a file -> the kind of report that :meth:`Run.report` writes into it."""


@arguments.told
def open_run(path: str | Path = "results", run: str | None = None) -> Run:
    """Open a stored run for reading.

    Args:
        path: the results folder, its ``bench.db``, the folder of one run in it, or the URL of a
            database. It need not be writable.
        run: the run's id, or the unique beginning of one; default: the run whose folder was given,
            else the latest.

    Raises:
        StoreError: no database, no such run; BenchError: an argument of another kind;
        SchemaTooNew: written by a newer ClaimBench.
    """
    place = place_given("path", path)
    run = arguments.text("run", run, "latest")
    if (
        isinstance(place, Path)
        and place.is_dir()
        and not (place / DATABASE_NAME).exists()
        and (place.parent / DATABASE_NAME).exists()
    ):
        place, run = place.parent, run or place.resolve().name
    with ResultsStore.open(place, read_only=True) as store:
        return Run(store.path, store.resolve_run(run))


@arguments.told
def list_runs(
    path: str | Path = "results",
    *,
    suite: str | None = None,
    since: str | date | None = None,
    tags: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return one row per stored run, the newest last: id, suite, state, counts, tags, note, owner.

    Args:
        path: the results folder, or its ``bench.db``.
        suite: only runs of the suite of this name.
        since: only runs begun since a day or moment (UTC), or a time ago: 12h, 7d, 4w.
        tags: only runs with all of these; an empty list is refused.

    Raises:
        StoreError: no database; BenchError: ``since`` is no time.
    """
    import pandas as pd

    chosen, place = _chosen(suite, since, tags), place_given("path", path)
    with ResultsStore.open(place, create=False, read_only=True) as store:
        rows = [asdict(info) for info in chosen.of(store.runs())]
    return pd.DataFrame(rows, columns=[field.name for field in fields(RunInfo)])


@arguments.told
def open_runs(
    path: str | Path = "results",
    *,
    suite: str | None = None,
    since: str | date | None = None,
    tags: Sequence[str] | None = None,
) -> list[Run]:
    """Open the stored runs that :func:`list_runs` names, the newest last. Nothing of them is read
    before it is asked for.
    """
    chosen, place = _chosen(suite, since, tags), place_given("path", path)
    with ResultsStore.open(place, create=False, read_only=True) as store:
        return [Run(store.path, info.run_id) for info in chosen.of(store.runs())]


def place_given(what: str, given: object) -> Place:
    """Return the results folder, its file, or the database of a URL.

    Raises:
        BenchError: ``given`` is no path; StoreError: the URL cannot be used.
    """
    if isinstance(given, str) and is_url(given):
        return place_of(given)
    return arguments.path(what, given)


def _chosen(suite: str | None, since: str | date | None, tags: Sequence[str] | None) -> Selection:
    if not isinstance(since, date):
        since = arguments.text("since", since, "7d")
    named = arguments.text("suite", suite, "support")
    return selected(named, since, arguments.several("tags", tags, "nightly"))


class Run:
    """One stored run; made by :func:`open_run`. What it gives is read when first asked for, then
    kept.

    A run that is still going on may be opened; open it again to see what has come since.
    """

    def __init__(self, database: Place, run_id: str) -> None:
        self.database = database
        self.id = run_id

    def __repr__(self) -> str:
        return f"<Run {self.id} in {self.database}>"

    @cached_property
    def manifest(self) -> Manifest:
        """What was measured, with what, where."""
        verified = self.stored.manifest  # without its suite
        with ResultsStore.open(self.database, read_only=True) as store:
            return store.manifest(verified.run_id)

    @cached_property
    def stored(self) -> StoredRun:
        """Everything that the database holds of the run, as domain types."""
        from claimbench.evaluation.stored import read_run

        with ResultsStore.open(self.database, read_only=True) as store:
            return read_run(store, self.id)

    @cached_property
    def evaluation(self) -> Evaluation:
        """Scores, dollars, tables and verdicts with all their readings, as domain types."""
        from claimbench.evaluation.evaluate import evaluate
        from claimbench.monitoring.named import with_named_baseline

        with ResultsStore.open(self.database, read_only=True) as store:
            return with_named_baseline(store, evaluate(self.stored))

    def verify(self) -> int:
        """Recompute the hashes of the stored rows; return how many agree.

        Raises:
            IntegrityError: a row was changed or removed after it was written.
        """
        with ResultsStore.open(self.database, read_only=True) as store:
            return store.verify(self.id)

    def calls(self) -> pd.DataFrame:
        """Return one row per finished call: what was asked and answered, score, tokens, dollars,
        and durations in seconds.

        Beside the columns of :class:`~claimbench.tables.build.CallRows`: ``task``, ``sample_id``,
        ``text`` (the answer), ``reasoning``, ``finish_reason``, ``provenance``, ``error``. Unknown
        numbers are NaN.
        """
        from claimbench.evaluation import frames

        frame = frames.calls(self.evaluation.calls, self.evaluation.items.items)
        records = {record.call.id: record for record in self.stored.records}
        of = [records[call_id] for call_id in frame.get("call_id", ())]
        frame["task"] = [record.call.task for record in of]
        frame["sample_id"] = [record.call.sample_id for record in of]
        for name in ("text", "reasoning", "finish_reason", "provenance", "error"):
            frame[name] = [getattr(record, name) for record in of]
        return frame

    def attempts(self) -> pd.DataFrame:
        """Return one row per attempt, retries included: outcome, status, stamps in monotonic ns,
        tokens, billed dollars.
        """
        from claimbench.evaluation import frames

        return frames.attempts(self.stored.attempts, self.stored.calls)

    def items(self) -> pd.DataFrame:
        """Return one row per item (task and sample) and arm: mean score and dollars over epochs,
        and what is missing.
        """
        from claimbench.evaluation import frames

        return frames.items(self.evaluation.items)

    def verdicts(self) -> pd.DataFrame:
        """Return one row per claim, parts of a claim below it (``part_of``), with the figures of
        the headline reading.

        All readings are in ``run.evaluation.verdicts``.
        """
        import pandas as pd

        return pd.DataFrame(list(_verdict_rows(self.evaluation.verdicts, None)))

    def readings(self) -> pd.DataFrame:
        """Return one row per reading of every claim, parts included, also of those that decide
        nothing: value, interval, threshold, p.

        ``headline`` marks the reading that the verdict was taken from.
        """
        import pandas as pd

        rows = list(_reading_rows(self.evaluation.verdicts))
        return pd.DataFrame(rows, columns=_READING)

    def comparison(self) -> pd.DataFrame:
        """Return one row per arm and scope ("all tasks", or a task) with the figures of the
        report's comparison: quality, dollars per 1,000 requests, latencies in seconds.

        ``<figure>_low`` and ``<figure>_high`` are the ends of its interval. Unknown is NaN. An arm
        that was not run has a row with ``measured`` False and the reason in ``why_not``.
        """
        import pandas as pd

        rows = []
        for arm in self._view.arms:
            row: dict[str, Any] = {
                "arm": arm.arm,
                "scope": arm.scope,
                "measured": arm.measured,
                "why_not": arm.why_not,
                "model": arm.model,
            }
            for name, figure in arm.figures:
                row[name] = figure.value
                if figure.low is not None or figure.high is not None:
                    row[f"{name}_low"] = figure.low
                    row[f"{name}_high"] = figure.high
            rows.append(row)
        return pd.DataFrame(rows)

    def slices(self) -> pd.DataFrame:
        """Return one row per slice, value and arm: items and quality with its interval; empty where
        the suite names no slices.
        """
        import pandas as pd

        rows = [
            {
                "slice": one.slice,
                "value": one.value,
                "arm": one.arm,
                "n": one.n.value,
                "quality": one.quality.value,
                "low": one.quality.low,
                "high": one.quality.high,
            }
            for one in self._view.slices
        ]
        names = ["slice", "value", "arm", "n", "quality", "low", "high"]
        return pd.DataFrame(rows, columns=names)

    @arguments.told
    def judge(self, text: str, **fields: Json) -> Verdict:
        """Judge one more sentence on what was measured; nothing is stored, no model is called.

        The verdict is marked as declared after the data were seen, as it was.

        Args:
            text: the claim, such as "20% cheaper than gpt".
            fields: keys of a claim of a suite, which override the text: ``arm="local"``,
                ``than="gpt"``, ``margin=0.02``.

        Raises:
            ClaimError: words of it were not understood, or it names an unknown arm or task;
            BenchError: a field that claims do not have, or one of another kind.
        """
        from claimbench.evaluation.evaluate import evaluate
        from claimbench.monitoring.named import with_named_baseline
        from claimbench.suite.schema.claim_fields import claim_fields
        from claimbench.types import ClaimSpec

        if not isinstance(text, str):
            raise ClaimError(f"the claim {text!r:.60} is no text", hint=arguments.SENTENCE)
        taken = {claim.id for claim in self.stored.suite.claims}
        name = next(one for one in _names("asked") if one not in taken)
        raw: dict[str, Json] = {**claim_fields(fields), "claim": text}
        spec = ClaimSpec(id=name, text=text, source=None, raw=raw)
        judged = evaluate(self.stored, extra_claims=[spec], like=self.evaluation)
        with ResultsStore.open(self.database, read_only=True) as store:
            return with_named_baseline(store, judged).verdicts[-1]

    @property
    def complete(self) -> bool:
        """Say whether every planned call is finished."""
        from claimbench.evaluation.stored import is_complete

        return is_complete(self.stored)

    @cached_property
    def about(self) -> About:
        """Tags, note and owner, as people gave them."""
        with ResultsStore.open(self.database, read_only=True) as store:
            return read_about(store, self.id)

    @cached_property
    def _view(self) -> View:
        from claimbench_reports.collect.data import view_of

        evaluation = self.evaluation
        with ResultsStore.open(self.database, read_only=True) as store:
            return view_of(store, evaluation, background_of(evaluation.stored.suite), "none")

    def _repr_html_(self) -> str:
        """Return verdicts and comparison for a notebook; every text of others is escaped."""
        try:
            verdicts, comparison = self.evaluation.verdicts, self.comparison()
        except BenchError as error:
            return f"<p><strong>{escape(self.id)}</strong>: {escape(str(error))}</p>"
        name = f"{self.manifest.suite_name} {self.manifest.suite_version}, run {self.id}"
        lines = [f"<p><strong>{escape(visible(name))}</strong></p><ul>"]
        for verdict in verdicts:
            status = verdict.status.replace("_", " ")
            said = escape(visible(verdict.sentence))
            lines.append(f"<li><strong>{escape(status)}</strong> {said}</li>")
        lines.append("</ul>")
        shown = [one for one in ("arm", *_SHOWN) if one in comparison]
        if shown:
            table = comparison[comparison["scope"] == comparison["scope"].iloc[0]][shown]
            table = table.assign(arm=[visible(str(arm)) for arm in table["arm"]])
            lines.append(table.to_html(index=False, na_rep="unknown", border=0))
        return "".join(lines)

    def __dir__(self) -> list[str]:
        """Name what may be used, for completion."""
        return sorted(
            name for name in super().__dir__() if not name.startswith("_") or "__" in name
        )

    @arguments.told
    def report(self, path: str | Path, *, profile: str = "full") -> Path:
        """Write the report that ``bench report`` writes to ``path``, and return the path.

        Args:
            path: ends in ``.html`` for the page, or in ``.json`` for its figures
                (docs/report.schema.json); an old file is replaced.
            profile: how transcripts are shown: full, hashed (as hashes only) or none. Keys of the
                environment and of the suite's key files never appear.

        Raises:
            BenchError: the ending or the profile is another; StoreError: the file cannot be
                written.
        """
        from claimbench_reports import write_report

        file = arguments.path("path", path)
        kind = REPORT_KINDS.get(file.suffix.lower())
        if kind is None:
            raise BenchError(
                f"{file}: no report has the ending '{file.suffix}'",
                hint=f"name a file with one of: {', '.join(REPORT_KINDS)}",
            )
        evaluation = self.evaluation
        with ResultsStore.open(self.database, read_only=True) as store:
            return write_report(
                store,
                evaluation,
                background=background_of(evaluation.stored.suite),
                output=file,
                profile=profile,
                kind=kind,
            )


_SHOWN = ("quality", "usd_1k", "usd_1k_correct", "ttft_p50", "e2e_p50", "e2e_p95")
"""Figures of the comparison that a notebook shows of a run."""


_READING = (
    "claim",
    "reading",
    "headline",
    "status",
    "value",
    "low",
    "high",
    "threshold",
    "direction",
    "p",
    "p_holm",
    "sentence",
    "reasons",
)


def _names(stem: str) -> Iterator[str]:
    yield stem
    for number in count(2):
        yield f"{stem}-{number}"


def _reading_rows(verdicts: Iterable[Verdict]) -> Iterator[dict[str, Any]]:
    for verdict in verdicts:
        for reading in verdict.readings:
            estimate = reading.estimate
            yield {
                "claim": verdict.claim.id,
                "reading": reading.name,
                "headline": reading.name == verdict.headline,
                "status": reading.status,
                "value": None if estimate is None else estimate.value,
                "low": None if estimate is None else estimate.low,
                "high": None if estimate is None else estimate.high,
                "threshold": reading.threshold,
                "direction": reading.direction,
                "p": reading.p,
                "p_holm": reading.p_holm,
                "sentence": reading.sentence,
                "reasons": "; ".join(map(str, reading.reasons)),
            }
        yield from _reading_rows(verdict.parts)


def background_of(suite: Suite, *, here: bool = True) -> Background:
    """Collect what a report says of the suite's arms and no run holds, and the keys to mask.

    The keys are those of this process's environment and of the suite's key files; keyrings are not
    asked, for they may ask a person. ``here=False``: nothing of this machine, neither its keys nor
    what else is installed, so that another machine makes the same report.
    """
    from claimbench_providers.endpoints.known import STANDING, known_providers
    from claimbench_providers.endpoints.known_keys import known_secrets
    from claimbench_providers.models.catalogue import catalog
    from claimbench_reports import Background

    return Background(
        secrets=known_secrets(suite) if here else (),
        models=catalog(),
        standing={row["name"]: STANDING[row["status"]] for row in known_providers()},
        other_books=here,
    )


def _verdict_rows(verdicts: Iterable[Verdict], part_of: str | None) -> Iterator[dict[str, Any]]:
    for verdict in verdicts:
        claim = verdict.claim
        reading = next((r for r in verdict.readings if r.name == verdict.headline), None)
        estimate = None if reading is None else reading.estimate
        yield {
            "claim": claim.id,
            "part_of": part_of,
            "text": claim.text,
            "source": claim.source,
            "status": verdict.status,
            "read_as": verdict.read_as,
            "sentence": verdict.sentence,
            "reading": verdict.headline,
            "value": None if estimate is None else estimate.value,
            "low": None if estimate is None else estimate.low,
            "high": None if estimate is None else estimate.high,
            "level": None if estimate is None else estimate.level,
            "threshold": None if reading is None else reading.threshold,
            "p": None if reading is None else reading.p,
            "p_holm": None if reading is None else reading.p_holm,
            "n": None if estimate is None else estimate.n,
            "n_clusters": None if estimate is None else estimate.n_clusters,
            "qualifier": verdict.qualifier,
            "flags": ", ".join(map(str, verdict.flags)),
            "reasons": "; ".join(map(str, verdict.reasons)),
            "declared": claim.declared,
        }
        yield from _verdict_rows(verdict.parts, claim.id)
