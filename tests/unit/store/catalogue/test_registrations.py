"""Other runs of a registered plan are found, whatever became of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from claimbench.store.catalogue.registrations import runs_beside, runs_under
from claimbench.store.catalogue.removal import remove_run
from claimbench.store.results import ResultsStore
from claimbench.types import Manifest

ONE = '{"payload": "é\u2028 \\"plan\\"", "signatures": []}'
OTHER = ONE.replace("plan", "other plan")


def run(store: ResultsStore, make: Any, number: int, envelope: str | None, **more: Any) -> Manifest:
    """Store a run of day ``number``, under a registration or none."""
    run_id = f"2026010{number}T000000Z-aaaaa{number}"
    options = {} if envelope is None else {"registration": {"envelope": envelope}}
    made: Manifest = make.manifest(run_id, f"2026-01-0{number}T00:00:00+00:00")
    made = replace(made, options=options, **more)
    store.create_run(made, make.calls(1, run_id))
    return made


def test_runs_under_one_registration_are_found_by_its_text(store: ResultsStore, make: Any) -> None:
    first = run(store, make, 1, None)
    mine = run(store, make, 2, ONE)
    again = run(store, make, 3, ONE)
    run(store, make, 4, OTHER)
    changed = run(store, make, 5, ONE, measured_sha256="d" * 64)
    renamed = run(store, make, 6, ONE, suite_name="renamed")
    run(store, make, 7, ONE, suite_name="apart", measured_sha256="c" * 64)
    under = [one.run_id for one in (mine, again, changed, renamed)]
    assert runs_under(store, ONE, "support", "e" * 64) == under
    assert runs_under(store, "none such", "support", "e" * 64) == []
    found = runs_beside(store, mine, mine.options["registration"])
    assert found["under"] == under[1:]
    assert mine.run_id not in found["measured"]
    assert found["measured"][first.run_id] == datetime.fromisoformat(first.created_utc)
    assert changed.run_id not in found["measured"]
    assert found["removed"] == []


def test_a_removed_run_leaves_its_sign(store: ResultsStore, make: Any) -> None:
    gone = [run(store, make, 1, ONE), run(store, make, 2, ONE, measured_sha256="d" * 64)]
    mine = run(store, make, 3, ONE)
    for one in gone:
        remove_run(store, one.run_id)
    found = runs_beside(store, mine, mine.options["registration"])
    assert found == {"under": [], "measured": {}, "removed": [gone[0].run_id]}
