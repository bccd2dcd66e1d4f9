"""A leading server and its standby, by a URL with both hosts: failover in the middle of a run and
back; and a server whose disk is full, or that has no room for more connections or time.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from claimbench.store.place import place_of
from claimbench.store.results import ResultsStore

from .conftest import Said, Vendor, environment
from .forked import BENCH

Bench = Callable[..., Said]
KEEPS = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


def both(*servers: Any, database: str, **options: str) -> str:
    """The URL of a database that any of the servers may lead."""
    hosts = ",".join(f"127.0.0.1:{server.port}" for server in servers)
    query = "&".join(f"{name}={value}" for name, value in options.items())
    return f"postgresql://tester@{hosts}/{database}?{query}"


def begin(desk: Path, place: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*BENCH, "run", *words, "--results", place, "--no-report"],
        cwd=desk.parent,
        env=environment(),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )


def wait_for(process: subprocess.Popen[str], place: str, n: int) -> set[str]:
    """Wait until a run has finished ``n`` calls; which."""
    until = time.monotonic() + 120
    while len(found := finished(place)) < n:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < until
        time.sleep(0.05)
    return found


def finished(place: str) -> set[str]:
    with (
        contextlib.suppress(Exception),
        ResultsStore.open(place_of(place), create=False, read_only=True) as store,
    ):
        return set(store.finished(store.resolve_run("latest")))
    return set()


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, words = process.communicate(timeout=120)
    assert "Traceback" not in words
    assert "a bug" not in words
    return process.returncode, words


def whole(place: str, n: int = 240) -> None:
    with ResultsStore.open(place_of(place), create=False, read_only=True) as store:
        run = store.resolve_run("latest")
        assert len(store.finished(run)) == n
        assert len(list(store.records(run, replaced=True))) == n
        assert store.verify(run) > 2 * n


def follow(leader: Any, standby: Any) -> None:
    """Have the leader wait for the standby with each commit."""
    leader.sql("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
    until = time.monotonic() + 60
    while leader.sql("SELECT sync_state FROM pg_stat_replication") != [("sync",)]:
        assert time.monotonic() < until, "the standby does not follow"
        time.sleep(0.05)
    assert standby.sql("SELECT pg_is_in_recovery()") == [(True,)]


def test_a_run_goes_over_to_the_standby_and_back(
    desk: Path, bench: Bench, vendor: Vendor, rival: Vendor, new_postgres: Callable[..., Any]
) -> None:
    for one in (vendor, rival):
        one.delay_s = 0.02
    first = new_postgres(**KEEPS)
    database = first.new_database()
    second = new_postgres(leader=first, **KEEPS)
    follow(first, second)
    place = both(first, second, database=database, target_session_attrs="read-write")
    run = begin(desk, place, str(desk))
    wait_for(run, place, 40)
    first.kill()
    code, words = ended(run)
    assert code == 4, words
    assert "--resume" in words
    # The standby has not been made the leader yet: it reads, and takes nothing
    there = both(first, second, database=database)
    kept = finished(there)
    assert len(kept) >= 40
    assert bench("list", "--results", there).code == 0
    refused = bench("run", "--resume", "latest", "--no-report", "--results", place)
    assert refused.code == 3
    assert "no server of the URL takes writes" in refused.err
    refused = bench("run", "--resume", "latest", "--no-report", "--results", there)
    assert refused.code == 4
    assert "the server takes no writes: it is a standby" in refused.err
    second.promote()
    second.sql("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
    third = new_postgres(leader=second, **KEEPS)  # in the place of the first, for the way back
    follow(second, third)
    run = begin(desk, place, "--resume", "latest")
    kept = wait_for(run, place, len(kept) + 40) | kept
    second.kill()
    code, words = ended(run)
    assert code == 4, words
    third.promote()
    third.sql("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
    back = both(second, third, database=database, target_session_attrs="read-write")
    assert finished(back) >= kept
    said = bench("run", "--resume", "latest", "--json", "--results", back, timeout=300)
    assert said.code in (1, 2), said.err
    whole(back)
    asked_again = len(vendor.asked) + len(rival.asked) - 240
    assert asked_again <= 2 * 16, "more than what was in flight at two failovers"


def test_the_old_leader_that_still_answers_gets_no_row(
    desk: Path, bench: Bench, vendor: Vendor, rival: Vendor, new_postgres: Callable[..., Any]
) -> None:
    """Both lead: a standby was promoted while the first lives, and the run holds its lock there."""
    for one in (vendor, rival):
        one.delay_s = 0.02
    first = new_postgres(**KEEPS)
    database = first.new_database()
    second = new_postgres(leader=first, **KEEPS)
    follow(first, second)
    place = both(first, second, database=database, target_session_attrs="read-write")
    run = begin(desk, place, str(desk))
    wait_for(run, place, 40)
    for one in (vendor, rival):
        one.delay_s = 1.0  # promoting takes a while
    first.sql("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
    second.promote()
    # The writer's connection alone is cut, and the first takes no new ones: it finds the second
    first.sql(
        f"ALTER DATABASE {database} ALLOW_CONNECTIONS false",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE"
        " 'bench%' AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')",
    )
    code, words = ended(run)
    assert code == 4, words
    for one in (vendor, rival):
        one.delay_s = 0.02
    new = both(second, database=database)
    kept = finished(new)
    said = bench("run", "--resume", "latest", "--json", "--results", new, timeout=300)
    assert said.code in (1, 2), said.err
    assert kept <= finished(new)
    whole(new)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 24 MB of its own."""
    folder = Path(tempfile.mkdtemp(prefix="claimbench-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        folder.rmdir()
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


def test_a_disk_that_is_full_ends_the_run_in_words_and_it_goes_on_with_room(
    desk: Path,
    bench: Bench,
    vendor: Vendor,
    rival: Vendor,
    new_postgres: Callable[..., Any],
    small_disk: Path,
) -> None:
    for one in (vendor, rival):
        one.delay_s = 0.1
    server = new_postgres(**KEEPS)
    server.give(small_disk)
    server.sql(f"CREATE TABLESPACE small LOCATION '{small_disk}'")
    server.sql("CREATE DATABASE tight TABLESPACE small")
    place = server.url("tight")
    run = begin(desk, place, str(desk))
    wait_for(run, place, 20)
    filler = os.open(small_disk / "filler", os.O_CREAT | os.O_WRONLY)
    with contextlib.suppress(OSError):
        while True:
            os.write(filler, bytes(4096))
    os.close(filler)
    code, words = ended(run)
    assert code == 4, words
    assert "the server's disk is full; what was committed before is safe" in words
    assert "No space left on device" in words
    kept = finished(place)
    assert len(kept) >= 20
    (small_disk / "filler").unlink()
    said = bench("run", "--resume", "latest", "--json", "--results", place, timeout=300)
    assert said.code in (1, 2), said.err
    assert kept <= finished(place)
    whole(place)


LIMITS = {
    "idle sessions": ("SET idle_session_timeout = '100ms'", 240, ""),
    "idle transactions": ("SET idle_in_transaction_session_timeout = '2s'", 240, ""),
    "statements": ("SET statement_timeout = '500ms'", 240, ""),
    "waits for locks": ("SET lock_timeout = '500ms'", 240, ""),
    "read only": (
        "SET default_transaction_read_only = on", 0, "the server takes no writes: it is a standby"
    ),
    "connections": ("CONNECTION LIMIT 1", 0, "no more connections for this database"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIMITS)
def test_limits_that_a_database_sets_for_all(
    desk: Path, bench: Bench, vendor: Vendor, postgres: Any, name: str
) -> None:
    """A run's own settings stand above those for time; the others end it before anything is sent."""
    sql, calls, words = LIMITS[name]
    database = postgres.new_database()
    if not postgres.sql("SELECT 1 FROM pg_roles WHERE rolname = 'limited'"):
        postgres.sql("CREATE ROLE limited LOGIN")
    postgres.sql(f"GRANT ALL ON DATABASE {database} TO limited")
    postgres.sql("GRANT ALL ON SCHEMA public TO limited", database=database)
    postgres.sql(f"ALTER DATABASE {database} {sql}")
    place = postgres.url(database, user="limited")
    said = bench("run", str(desk), "--json", "--no-report", "--results", place, timeout=250)
    if calls:
        assert said.code in (0, 1, 2), said.err
        whole(place, calls)
    else:
        assert said.code == 3, said.err
        assert words in said.err
        assert not vendor.asked
    postgres.sql(
        f"ALTER DATABASE {database} RESET ALL", f"ALTER DATABASE {database} CONNECTION LIMIT -1"
    )
    postgres.sql(f"DROP DATABASE {database} WITH (FORCE)")
