"""Functions in place of tools and models in place of users, through ``bench``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from claimbench.store.results import ResultsStore
from claimbench.types import CallRecord, Outcome

from .bills import bills_of_html
from .conftest import Said, _serve, environment
from .forked import BENCH
from .simulated_vendor import ORDERS, TOOLS_PY, USER, SimulatedDesk, rows, suite
from .test_conversations import records
from .test_tools import figures, verified

Bench = Callable[..., Said]


@pytest.fixture
def desk() -> Iterator[SimulatedDesk]:
    yield from _serve(SimulatedDesk())  # type: ignore[misc]


@pytest.fixture
def written(tmp_path: Path, desk: SimulatedDesk) -> Callable[[str], Path]:
    def write(kind: str) -> Path:
        (tmp_path / "rows.jsonl").write_text(rows(kind))
        (tmp_path / "tools.py").write_text(TOOLS_PY)
        path = tmp_path / "desk.yaml"
        path.write_text(suite(kind, desk.url))
        return path

    return write


@pytest.fixture(autouse=True)
def nothing_agreed_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Consent is by hash and kept for the user: what an earlier run of this test agreed to."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def asked_of(desk: SimulatedDesk, model: str) -> list[dict[str, object]]:
    return [body for body in map(json.loads, desk.bodies) if body["model"] == model]


def test_a_function_in_place_of_tools_gives_what_a_table_does_and_needs_consent(
    written: Callable[[str], Path], bench: Bench, desk: SimulatedDesk
) -> None:
    path = written("script")
    refused = bench("run", str(path))
    assert refused.code == 3
    assert "tools.py: answer()" in refused.err
    assert not desk.bodies
    assert "tools.py: answer()" in bench("trust", str(path), "--yes").out
    done = bench("run", str(path), "--json")
    assert done.code in (0, 1, 2), done.err
    arms = figures(bench)
    assert arms["good"]["quality"]["value"] == 1.0
    assert arms["cheap"]["quality"]["value"] == 0.0
    assert arms["good"]["n_items"]["value"] == ORDERS
    step = (100 * 1 + 10 * 4) / 1e6
    assert arms["good"]["usd_1k"]["value"] == pytest.approx(3 * step * 1000)
    last = next(b for b in asked_of(desk, "big-1") if len(b["messages"]) == 6)  # type: ignore[arg-type]
    assert json.loads(last["messages"][-1]["content"]) == {"ok": True, "cancelled": 1}  # type: ignore[index]
    verified(bench)
    (path.parent / "tools.py").unlink()  # nothing after the run needs the function
    assert figures(bench)["good"]["quality"]["value"] == 1.0


def test_a_simulated_user_is_asked_between_the_turns_and_billed_apart(
    written: Callable[[str], Path], bench: Bench, desk: SimulatedDesk
) -> None:
    path = written("talk")
    said = bench("validate", str(path))
    assert "simulated user customer (customer-1, temperature 0, seed 5) plays the user" in said.out
    planned = bench("plan", str(path))
    assert "simulated user customer: 8 to 24 calls" in planned.out, planned.out
    done = bench("run", str(path), "--json")
    assert done.code in (0, 1, 2), done.err
    arms = figures(bench)
    assert arms["good"]["quality"]["value"] == 1.0
    assert arms["cheap"]["quality"]["value"] == 1.0
    step = (100 * 1 + 10 * 4) / 1e6
    assert arms["good"]["usd_1k"]["value"] == pytest.approx(2 * step * 1000)
    assert arms["cheap"]["usd_1k"]["value"] == pytest.approx(3 * step / 10 * 1000)
    users = asked_of(desk, USER)
    assert len(users) == ORDERS * (2 + 3)
    assert {body["temperature"] for body in users} == {0}
    assert {body["seed"] for body in users} == {5}
    assert all("You are a desk" not in json.dumps(body) for body in users)
    assert all("tools" not in body for body in users)
    report = (path.parent / done.json["report"]).read_text()
    assert "customer (simulated user)" in report
    assert "What judges and simulated users cost" in report
    found = records(path.parent)
    assert Counter(r.call.role for r in found) == {
        "subject": ORDERS * 2 * 4,
        "user": ORDERS * 2 * 3,
    }
    spoke = [r for r in found if r.call.role == "user" and r.outcome is Outcome.OK]
    assert len(spoke) == len(users)
    verified(bench)


def test_tools_and_a_user_together(
    written: Callable[[str], Path], bench: Bench, desk: SimulatedDesk
) -> None:
    path = written("script with user")
    done = bench("run", str(path), "--trust", "--json", "--no-report")
    assert done.code in (0, 1, 2), done.err
    assert figures(bench)["good"]["quality"]["value"] == 1.0
    # The desk is done at its third step, the user asks on, and the fourth step is the last.
    assert len(asked_of(desk, "big-1")) == ORDERS * 4
    verified(bench)


def noting(log: Path) -> str:
    """The function, noting in ``log`` the process that each of its calls was made in."""
    head, body = TOOLS_PY.split("\n", 1)
    note = f"    with open({str(log)!r}, 'a') as log:\n        log.write(f'{{os.getpid()}}\\n')\n"
    return f"import os\n{head}\n{note}{body}"


def so_far(folder: Path) -> list[CallRecord]:
    """The finished calls of the run that goes on; none before there is a run."""
    try:
        with ResultsStore.open(folder / "results", create=False, read_only=True) as store:
            runs = store.runs()
            return list(store.records(runs[-1].run_id, replaced=True)) if runs else []
    except Exception:  # noqa: BLE001 - not there yet
        return []


def killed_while_held(folder: Path, path: Path, desk: SimulatedDesk, role: str) -> None:
    """Run the suite, and kill it once all that the vendor answered is stored, ``role`` has finished
    calls, and nothing moves but requests that are held.
    """
    with subprocess.Popen(
        [*BENCH, "run", str(path), "--no-report"],
        cwd=folder,
        env=environment(),
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as process:
        deadline = time.monotonic() + 90
        before = -1
        while time.monotonic() < deadline and process.poll() is None:
            found = so_far(folder)
            answered = sum(record.attempt > 0 for record in found)
            begun = any(r.call.role == role and r.outcome is Outcome.OK for r in found)
            held = len(desk.held)
            if answered == desk.hold_after and begun and 0 < held == before:
                break
            before = held
            time.sleep(0.2)
        else:
            process.kill()
            pytest.fail(f"not held: {len(desk.bodies)} answered, {len(desk.held)} held")
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def what_came(found: list[CallRecord]) -> dict[str, tuple[Any, ...]]:
    """What every call came to, by id, without its times and attempts."""
    return {
        r.call.id: (
            r.call.role,
            r.outcome,
            r.text,
            r.error,
            [(call.name, call.arguments) for call in r.tool_calls],
        )
        for r in found
    }


def answered_by_tools(found: list[CallRecord]) -> set[str]:
    """The ids of the calls that the function answered; here each is of one call of a tool."""
    return {r.call.id for r in found if r.call.role == "tool" and r.outcome is Outcome.OK}


def bills(folder: Path, done: Said) -> dict[str, dict[str, dict[str, Decimal]]]:
    """The arms' dollars, and the users' apart."""
    report = folder / done.json["report"]
    return {kind: bills_of_html(report, kind) for kind in ("bill", "judge_bill")}


@pytest.mark.parametrize(
    ("kind", "role", "hold_after"),
    [("script", "tool", 4), ("script", "tool", 11), ("talk", "user", 7), ("talk", "user", 29)],
)
def test_kill_9_and_resume_asks_nothing_again_that_was_finished(
    written: Callable[[str], Path],
    bench: Bench,
    desk: SimulatedDesk,
    kind: str,
    role: str,
    hold_after: int,
) -> None:
    path = written(kind)
    folder = path.parent
    log = folder / "calls.log"
    if kind == "script":
        (folder / "tools.py").write_text(noting(log))
        assert bench("trust", str(path), "--yes").code == 0
    whole = bench("run", str(path), "--json")
    assert whole.code in (0, 1, 2), whole.err
    wanted, arms, dollars = what_came(records(folder)), figures(bench), bills(folder, whole)
    asked = Counter(desk.bodies)
    assert set(asked.values()) == {1}, "every request is told from every other"
    assert set(dollars["judge_bill"]) == ({"customer"} if role == "user" else set())
    (folder / "results").rename(folder / "whole")
    log.unlink(missing_ok=True)
    desk.bodies.clear()

    desk.hold_after = hold_after
    killed_while_held(folder, path, desk, role)
    kept, in_flight = so_far(folder), Counter(desk.held)
    desk.hold_after = None
    assert len(kept) < len(wanted)
    again = bench("run", str(path), "--resume", "latest", "--json")
    assert again.code == whole.code, again.err
    assert "sent again" in again.err

    # The vendor answered each request once, as in the unbroken run; what it held came back.
    assert Counter(desk.bodies) == asked
    assert in_flight <= Counter(desk.bodies[hold_after:])
    with ResultsStore.open(folder / "results", create=False, read_only=True) as store:
        run = again.json["run"]
        assert len(store.sessions(run)) == 2
        counts = Counter(record.call.id for record in store.records(run, replaced=True))
        assert set(counts.values()) == {1}
        assert len(store.unfinished_intents(run)) >= in_flight.total()
    came = records(folder)
    assert what_came(came) == wanted
    assert what_came(kept).items() <= what_came(came).items()
    if role == "tool":
        # Each call of the function is made twice, by the one process of a session.
        made = log.read_text().split()
        left = answered_by_tools(came) - answered_by_tools(kept)
        assert left
        assert made.count(made[-1]) == 2 * len(left)
    assert bills(folder, again) == dollars
    for name, mine in figures(bench).items():
        for figure in ("quality", "n_items", "n_missing"):
            assert mine[figure]["value"] == pytest.approx(arms[name][figure]["value"]), figure
        if (usd := mine["usd_1k"])["value"] is None:
            assert " to $" in usd["text"], "what was in flight as the run died is a bill in doubt"
        else:
            assert usd["value"] == pytest.approx(arms[name]["usd_1k"]["value"])
    verified(bench)


def test_a_simulated_user_without_its_key_refuses_the_run_and_names_it(
    written: Callable[[str], Path], bench: Bench, desk: SimulatedDesk
) -> None:
    path = written("talk")
    text = path.read_text()
    assert text.count("model: customer-1,") == 1
    path.write_text(
        text.replace("model: customer-1,", "model: customer-1, api_key_env: NO_SUCH_KEY,")
    )
    refused = bench("run", str(path))
    assert refused.code == 3, refused.err
    assert "the simulated user customer cannot run here: NO_SUCH_KEY is not set" in refused.err
    assert not desk.bodies


def test_a_users_own_word_on_its_charge_frees_nothing_of_a_limit(
    written: Callable[[str], Path], bench: Bench, desk: SimulatedDesk
) -> None:
    desk.usage = {"cost": 1e-9}
    said = bench("run", str(written("talk")), "--max-cost", "0.005", "--no-report")
    assert said.code == 4, said.err
    per_call = {USER: 100 * 2 + 10 * 8, "big-1": 100 + 10 * 4, "small-1": 10 + 4}
    spent = sum(len(asked_of(desk, model)) * usd for model, usd in per_call.items())
    assert 0 < spent / 1e6 <= 0.005
    assert asked_of(desk, USER)
    assert "counts against limits: prices say more than was charged" in said.err
