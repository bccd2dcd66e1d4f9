"""Which other runs of a registered plan a results database knows of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from claimbench.codec import encode
from claimbench.store.catalogue.removal import removed_runs
from claimbench.store.dialects.of import dialect_of
from claimbench.store.engine import clear_errors
from claimbench.store.results import ResultsStore
from claimbench.store.schema import runs
from claimbench.types import Manifest


def runs_under(store: ResultsStore, envelope: str, suite: str, measured_sha256: str) -> list[str]:
    """Return the runs that hold a registration, by its text, in the order in which they were made:
    of the suite of this name, or of this measured hash.

    Manifests are searched where they lie; none is read here.
    """
    query = select(runs.c.run_id).order_by(runs.c.created_utc, runs.c.seq)
    query = query.where(or_(runs.c.suite_name == suite, runs.c.measured_sha256 == measured_sha256))
    with clear_errors(store.path), store.engine.connect() as connection:
        holds = dialect_of(connection).position(runs.c.body, encode(envelope)) > 0
        return list(connection.execute(query.where(holds)).scalars())


def runs_beside(store: ResultsStore, manifest: Manifest, kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return the other runs of a registered run's plan, by the fields of
    :class:`~claimbench.evidence.registration.OtherRuns`.

    Args:
        store: holds the run.
        manifest: of the run.
        kept: its registration, as its manifest has it.

    Raises:
        IntegrityError: the signs of removed runs were changed.
    """
    mine, measured = manifest.run_id, manifest.measured_sha256
    text = kept.get("envelope")
    under: list[str] = []
    if isinstance(text, str):
        under = runs_under(store, text, manifest.suite_name, measured)
    query = select(runs.c.run_id, runs.c.created_utc).order_by(runs.c.created_utc, runs.c.seq)
    query = query.where(runs.c.measured_sha256 == measured, runs.c.run_id != mine)
    with clear_errors(store.path), store.engine.connect() as connection:
        rows = connection.execute(query).all()
    there = {mine, *(row.run_id for row in rows)}  # imported again since
    return {
        "under": [run_id for run_id in under if run_id != mine],
        "measured": {row.run_id: datetime.fromisoformat(row.created_utc) for row in rows},
        "removed": [
            one.run_id
            for one in removed_runs(store)
            if one.measured_sha256 == measured and one.run_id not in there
        ],
    }
