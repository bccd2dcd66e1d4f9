"""Results for notebooks and scripts: ``claimbench.open_run("results").verdicts()``.

pandas is imported when the first frame is made; no model is called, and nothing is written but the
file that :meth:`Run.report` is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from claimbench.errors import BenchError
from claimbench.store.engine import DATABASE_NAME
from claimbench.store.results import ResultsStore

if TYPE_CHECKING:
    import pandas as pd

    from claimbench.evaluation.evaluate import Evaluation
    from claimbench.evaluation.stored import StoredRun
    from claimbench.types import Manifest, Suite, Verdict
    from claimbench_reports import Background

__all__ = ["Run", "background_of", "open_run"]


REPORT_KINDS: Mapping[str, Literal["html", "json"]] = {
    ".html": "html",
    ".htm": "html",
    ".json": "json",
}
"""Ending of a file -> the kind of report that :meth:`Run.report` writes into it."""


def open_run(path: str | Path = "results", run: str | None = None) -> Run:
    """Open a stored run for reading.

    Args:
        path: the results folder, its ``bench.db``, or the folder of one run in it. It need not be
            writable.
        run: the run's id, or the unique beginning of one; default: the run whose folder was given,
            else the latest.

    Raises:
        StoreError: no database, no such run; SchemaTooNew: written by a newer ClaimBench.
    """
    place = Path(path)
    if (
        place.is_dir()
        and not (place / DATABASE_NAME).exists()
        and (place.parent / DATABASE_NAME).exists()
    ):
        place, run = place.parent, run or place.resolve().name
    with ResultsStore.open(place, read_only=True) as store:
        return Run(store.path, store.resolve_run(run))


class Run:
    """One stored run; made by :func:`open_run`. What it gives is read when first asked for, then
    kept.

    A run that is still going on may be opened; open it again to see what has come since.
    """

    def __init__(self, database: Path, run_id: str) -> None:
        self.database = database
        self.id = run_id

    def __repr__(self) -> str:
        return f"<Run {self.id} in {self.database}>"

    @property
    def manifest(self) -> Manifest:
        """What was measured, with what, where."""
        return self.stored.manifest

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

        return evaluate(self.stored)

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

        file = Path(path)
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


def background_of(suite: Suite) -> Background:
    """Collect what a report says of the suite's arms and no run holds, and the keys to mask.

    The keys are those of this process's environment and of the suite's key files; keyrings are not
    asked, for they may ask a person.
    """
    from claimbench_providers.endpoints.known import STANDING, known_providers
    from claimbench_providers.endpoints.known_keys import known_secrets
    from claimbench_providers.models.catalogue import catalog
    from claimbench_reports import Background

    return Background(
        secrets=known_secrets(suite),
        models=catalog(),
        standing={row["name"]: STANDING[row["status"]] for row in known_providers()},
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
