"""`bench --results postgresql://...` as a user meets it, and what is left after kills of the
driver and of the server: no finished call is lost or asked again.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from claimbench.errors import StoreError
from claimbench.store.place import place_of
from claimbench.store.results import ResultsStore

from .conftest import Said, Vendor, environment
from .forked import BENCH

Bench = Callable[..., Said]
KILLS = int(os.environ.get("CLAIMBENCH_KILLS", "60"))
"""Kills of the long test in all, half of them of the driver, half of the server; ``-rP`` prints what
each series came to.
"""


@pytest.fixture
def url(postgres: Any) -> Iterator[str]:
    name = postgres.new_database()
    yield postgres.url(name)
    postgres.release(name)


def test_the_commands_work_on_a_url_and_on_a_copy_of_it(
    desk: Path, bench: Bench, vendor: Vendor, url: str
) -> None:
    made = {"BENCH_RESULTS": url}
    said = bench("run", str(desk), "--json", "--tag", "nightly", env=made, timeout=250)
    assert said.code == 1, said.err  # a claim is refuted
    run = said.json["run"]
    assert said.json["results"] == url
    assert Path(desk.parent / said.json["report"]) == desk.parent / "results" / run / "report.html"
    assert not (desk.parent / "results" / "bench.db").exists()
    listed = bench("list", "--results", url, "--tag", "nightly", "--json").json["runs"]
    assert [(one["run_id"], one["status"], one["n_finished"]) for one in listed] == [
        (run, "complete", 240)
    ]
    assert bench("check", "--results", url).code == 1
    assert bench("show", "--results", url, "--json").json["run"] == run
    export = bench("export", run, "--format", "jsonl", "--results", url)
    assert len(export.out.splitlines()) == 240
    assert bench("bundle", run, "--output", "run.zip", "--results", url).code == 0
    assert bench("verify", "run.zip").code == 0
    doctor = bench("doctor", "--results", url, "--json").json["checks"]
    standing = {check["name"]: check["standing"] for check in doctor}
    assert standing["database"] == standing["database tables"] == standing["database TLS"] == "ok"
    copied = bench("results", "copy", url, "copy", "--json")
    assert copied.code == 0, copied.err
    assert [one["state"] for one in copied.json["runs"]] == ["copied"]
    figures = [bench("show", run, "--json", "--results", place).json for place in (url, "copy")]
    assert figures[0]["verdicts"] == figures[1]["verdicts"]
    export_copy = bench("export", run, "--format", "jsonl", "--results", "copy")
    assert export_copy.out == export.out
    assert bench("rm", run, "--yes", "--results", url).code == 0
    again = bench("results", "copy", "copy", url, run)
    assert again.code == 3
    assert "was removed there on" in again.err
    assert len(vendor.asked) == 120


def test_settings_of_the_project_name_the_place_and_the_option_goes_first(
    tmp_path: Path, bench: Bench, url: str
) -> None:
    (tmp_path / "claimbench.toml").write_text(f'results = "{url}"\n')
    empty = bench("list")
    assert empty.code == 3
    assert "the database is empty" in empty.err
    assert bench("list", "--results", "elsewhere").err.startswith("error: elsewhere: no results")
    (tmp_path / "claimbench.toml").write_text("result = 1\n")
    assert "unknown setting 'result'" in bench("list").err


def test_doctor_says_where_no_server_answers(bench: Bench) -> None:
    pytest.importorskip("psycopg")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # taken, and nobody listens
        said = bench(
            "doctor", "--json", "--results", f"postgresql://127.0.0.1:{taken.getsockname()[1]}/db"
        )
    assert said.code == 3
    (found,) = [check for check in said.json["checks"] if check["name"] == "database"]
    assert found["standing"] == "error"
    assert "nothing listens there" in found["finding"]
    assert "host and port" in found["hint"]


@pytest.mark.parametrize(
    "place",
    [
        "postgresql://me:hush4711@127.0.0.1/db",
        "postgres://me:hush4711@127.0.0.1/db",
        "postgresql://me:hush/4711@127.0.0.1/db",
        "postgresql://me:hush?4711=x@127.0.0.1/db",
        "postgresql://me@127.0.0.1/db?password=hush4711",
        "postgresql://me:12%3Ahush4711@127.0.0.1/db",
    ],
)
@pytest.mark.parametrize("way", ["option", "environment", "file"])
def test_a_password_in_a_url_is_refused_and_shown_nowhere(
    tmp_path: Path, bench: Bench, place: str, way: str
) -> None:
    if way == "file":
        (tmp_path / "claimbench.toml").write_text(f'results = "{place}"\n')
    given = ["--results", place] if way == "option" else []
    said = bench("list", *given, env={"BENCH_RESULTS": place} if way == "environment" else {})
    assert said.code == 3
    assert "PGPASSWORD" in said.err
    assert "hush" not in said.err + said.out
    assert "4711" not in said.err + said.out


# --- kills ----------------------------------------------------------------------------------------


def finished(place: str) -> int:
    try:
        with ResultsStore.open(place_of(place), create=False, read_only=True) as store:
            return len(store.finished(store.resolve_run("latest")))
    except StoreError:  # no table or no run yet, or no server
        return -1


def killed_now_and_then(
    desk: Path, bench: Bench, vendors: list[Vendor], server: Any, kills: list[str], seed: int
) -> None:
    """Measure a suite under kills ("driver" or "server") at random moments, then to its end."""
    for vendor in vendors:
        vendor.delay_s = 0.02
    name = server.new_database()
    place = server.url(name)
    draws = random.Random(seed)
    allowed = 0
    for n, victim in enumerate(kills):
        more = ["--resume", "latest"] if finished(place) >= 0 else [str(desk)]
        before = max(0, finished(place))
        process = subprocess.Popen(
            [*BENCH, "run", *more, "--results", place, "--no-report"],
            cwd=desk.parent,
            env=environment(),
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        target = before + draws.randint(1, max(1, 180 // len(kills)))
        deadline = time.monotonic() + 120
        while finished(place) < target and process.poll() is None:
            assert time.monotonic() < deadline, "the run does not go on"
            time.sleep(draws.uniform(0.01, 0.05))
        time.sleep(draws.uniform(0, 0.05))
        if victim == "driver":
            process.send_signal(signal.SIGKILL)
        else:
            server.kill()
            time.sleep(draws.uniform(0, 0.5))
            server.start()
        _, words = process.communicate(timeout=120)
        if victim == "server" and process.returncode not in (0, 1, 2):
            assert process.returncode == 4, words
            assert "--resume" in words
            assert "Traceback" not in words
        with ResultsStore.open(place_of(place), create=False, read_only=True) as store:
            run = store.resolve_run("latest")
            store.verify(run)
            records = Counter(record.call.id for record in store.records(run, replaced=True))
            assert set(records.values()) <= {1}, f"a finished call was done again (kill {n})"
            assert len(records) >= before, f"finished calls were lost (kill {n})"
            allowed = len(store.unfinished_intents(run))  # of all sessions so far
    said = bench("run", "--resume", "latest", "--results", place, "--json", timeout=300)
    assert said.code in (1, 2), said.err
    with ResultsStore.open(place_of(place), create=False, read_only=True) as store:
        run = said.json["run"]
        assert len(store.finished(run)) == 240
        chained = store.verify(run)
        assert chained > 480
    repeated = sum(len(vendor.asked) for vendor in vendors) - 240
    assert repeated <= allowed, "calls were asked again that were not in flight"
    sys.stdout.write(
        f"{dict(Counter(kills))} killed: 0 of 240 finished calls lost, {repeated} asked again of"
        f" {allowed} in flight, a chain of {chained} rows verified\n"
    )
    server.release(name)


@pytest.fixture(scope="module")
def mortal(new_postgres: Callable[..., Any]) -> Any:
    """A server of its own, which keeps what it committed over a crash."""
    return new_postgres(fsync="on", synchronous_commit="on", full_page_writes="on")


def test_three_kills_lose_and_repeat_nothing(
    desk: Path, bench: Bench, vendor: Vendor, rival: Vendor, mortal: Any
) -> None:
    kills = ["driver", "server", "driver"]
    killed_now_and_then(desk, bench, [vendor, rival], mortal, kills, seed=1)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(max(1, KILLS // 6)))
def test_random_kills_lose_and_repeat_nothing(
    desk: Path, bench: Bench, vendor: Vendor, rival: Vendor, mortal: Any, seed: int
) -> None:
    kills = ["driver", "server"] * 3
    random.Random(seed).shuffle(kills)
    killed_now_and_then(desk, bench, [vendor, rival], mortal, kills, seed)
