"""What the store's tests share: a ``make`` fixture with rows to store, an empty store, and a run in
it.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from claimbench.store.place import Place, place_of
from claimbench.store.results import ResultsStore
from claimbench.types import Attempt, Call, CallRecord, Intent, Manifest, Outcome, Timing, Usage

RUN = "20260101T000000Z-aaaaaa"


class Make:
    def manifest(
        self, run_id: str = RUN, created_utc: str = "2026-01-01T00:00:00+00:00"
    ) -> Manifest:
        return Manifest(
            run_id=run_id,
            schema=1,
            created_utc=created_utc,
            tool_version="0.1.0",
            suite_name="support",
            suite_version="1-0",
            suite_path="suites/support.yaml",
            file_sha256="f" * 64,
            measured_sha256="e" * 64,
            plan_sha256="",
            price_book_sha256=None,
            suite={"name": "support", "tasks": [{"name": "route", "text": "é\u2028"}]},
            arms_run=("a", "b"),
            arms_not_run={"c": "no key"},
            arm_facts={"a": {"layers": 3}},
            limit=None,
            claims=({"id": "cheaper"},),
            git={"commit": None},
            packages={"numpy": "2"},
            host={"cpu": "x"},
            seed=2**64 - 1,
        )

    def calls(self, n: int, run_id: str = RUN) -> list[Call]:
        return [
            Call(run_id, f"call-{i}", "route", f"s{i}", 1, "ab"[i % 2], 2**64 - 1 - i, i)
            for i in range(n)
        ]

    def attempt(self, call_id: str, number: int = 1, session: int = 1) -> Attempt:
        return Attempt(
            call_id=call_id,
            number=number,
            session=session,
            timing=Timing(
                None, 10, 20, 30, 31, (30, 31, 40), 50, "transport", engine={"prompt_ms": 1.5}
            ),
            outcome=Outcome.OK,
            http_status=200,
            usage=Usage(input_fresh=3, output_visible=2, fees=(("search", 1),)),
            usage_raw={"prompt_tokens": 3, "details": [None, 1.25]},
            billed_usd=Decimal("0.00012300"),
            billable="yes",
            reserved_usd=Decimal("0.01"),
        )

    def record(self, call: Call, text: str = "refund", attempt: int = 0) -> CallRecord:
        """With ``attempt`` 0 it needs none beside it."""
        return CallRecord(
            call=call, text=text, outcome=Outcome.OK, finish_reason="stop", attempt=attempt
        )

    def intent(self, call_id: str, number: int = 1, session: int = 1) -> Intent:
        return Intent(call_id, number, session, Decimal("0.10"), "2026-01-01T00:00:01+00:00")

    def fill(self, store: ResultsStore, calls: list[Call]) -> None:
        with store.writer(RUN) as writer:
            for call in calls:
                writer.intent(self.intent(call.id))
                writer.attempt(self.attempt(call.id))
                writer.record(self.record(call))


@pytest.fixture
def make() -> Make:
    return Make()


ENGINES = ("sqlite", "postgresql")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask every test of a store on both engines, but those of SQLite's file (``only_sqlite``)
    or of the server (``only_postgresql``)."""
    if "engine" in metafunc.fixturenames:
        marked = metafunc.definition.get_closest_marker
        alone = [name for name in ENGINES if marked(f"only_{name}")]
        metafunc.parametrize("engine", alone or ENGINES)


@pytest.fixture
def place(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    """An empty place for results."""
    if engine == "sqlite":
        yield tmp_path / "results" / "bench.db"
        return
    server = request.getfixturevalue("postgres")
    name = server.new_database()
    yield place_of(server.url(name))
    server.release(name)


@pytest.fixture
def store(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ResultsStore]:
    if not isinstance(place, Path):
        monkeypatch.chdir(tmp_path)  # where files of a database with a URL go
    with ResultsStore.open(place) as opened:
        yield opened


@pytest.fixture
def run(store: ResultsStore, make: Any) -> list[Call]:
    calls: list[Call] = make.calls(8)
    store.create_run(make.manifest(), calls)
    store.start_session(RUN, host={"cpu": "x"})
    return calls
