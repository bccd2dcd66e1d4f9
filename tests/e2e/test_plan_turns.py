"""What a plan says of episodes, conversations and simulated users, held against what a run takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from .bills import bills_of_html
from .conftest import Said, _serve
from .simulated_vendor import ORDERS, TOOLS_PY, SimulatedDesk, rows, suite
from .test_conversations import TALKS, TURNS, other, records, talker, talks

Bench = Callable[..., Said]
__all__ = ["other", "talker", "talks"]


@pytest.fixture
def desk() -> Iterator[SimulatedDesk]:
    yield from _serve(SimulatedDesk(counted=True))  # type: ignore[misc]


@pytest.fixture
def written(tmp_path: Path, desk: SimulatedDesk) -> Callable[[str], Path]:
    def write(kind: str) -> Path:
        (tmp_path / "rows.jsonl").write_text(rows(kind))
        (tmp_path / "tools.py").write_text(TOOLS_PY)
        path = tmp_path / "desk.yaml"
        path.write_text(suite(kind, desk.url))
        return path

    return write


def estimates(bench: Bench, path: Path, *more: str) -> dict[str, dict[str, Any]]:
    planned = bench("plan", str(path), "--json", *more)
    assert planned.code == 0, planned.err
    assert planned.json["projected"] is True
    return {arm["arm"]: arm for arm in planned.json["arms"]}


def bill(report: Path) -> dict[str, Decimal]:
    """Dollars by arm and simulated user."""
    both = {**bills_of_html(report), **bills_of_html(report, "judge_bill")}
    return {name: parts["total"] for name, parts in both.items()}


# kind -> calls of good and of customer: fewest, most; calls that a run makes of good, cheap, customer
STEPS = ORDERS * 4
KINDS = {
    "table": ((ORDERS, STEPS), None, (ORDERS * 3, ORDERS * 2, 0)),
    "script": ((ORDERS, STEPS), None, (ORDERS * 3, ORDERS * 2, 0)),
    "talk": ((ORDERS, STEPS), (2 * ORDERS, 6 * ORDERS), (ORDERS * 2, ORDERS * 3, ORDERS * 5)),
    "script with user": ((ORDERS, STEPS), (0, 6 * ORDERS), None),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_of_episodes_stays_within_what_its_plan_said(
    kind: str, written: Callable[[str], Path], bench: Bench, tmp_path: Path, desk: SimulatedDesk
) -> None:
    good, customer, made = KINDS[kind]
    path = written(kind)
    arms = estimates(bench, path)
    assert (arms["good"]["calls_low"], arms["good"]["calls"]) == good
    assert arms["good"]["items"] == ORDERS
    assert arms["good"]["calls_typical"] == ORDERS * 2, "half the steps, for want of a pilot"
    assert arms["good"]["input_tokens"] < arms["good"]["input_tokens_max"]
    if customer is not None:
        assert (arms["customer"]["calls_low"], arms["customer"]["calls"]) == customer
    done = bench("run", str(path), "--trust", "--json")
    assert done.code in (0, 1, 2), done.err
    assert "what it may take (projected" in done.err
    assert f"good: {good[0]} to {good[1]} calls for {ORDERS} rows, turns or episodes" in done.err
    sent = Counter(r.call.arm for r in records(tmp_path) if r.attempt > 0 and r.call.role != "tool")
    assert sum(sent.values()) == len(desk.bodies)
    for name, arm in arms.items():
        assert arm["calls_low"] <= sent[name] <= arm["calls"], name
    if made is not None:
        assert (sent["good"], sent["cheap"], sent["customer"]) == made
    paid = bill(tmp_path / done.json["report"])
    assert paid.keys() == arms.keys()
    for name, usd in paid.items():
        assert Decimal(arms[name]["usd_low"]) <= usd <= Decimal(arms[name]["usd_bound"]), name
    taken = estimates(bench, path, "--pilot", "latest")["good"]
    assert taken["calls_typical"] == sent["good"], "as many steps as the pilot took"
    assert taken["hours"] == pytest.approx(ORDERS * taken["seconds_per_call"] / 3600 / 3)


def test_the_limit_of_a_run_holds_with_steps_and_simulated_users(
    written: Callable[[str], Path], bench: Bench, tmp_path: Path, desk: SimulatedDesk
) -> None:
    path = written("talk")
    arms = estimates(bench, path)
    most = sum(Decimal(arm["usd_bound"]) for arm in arms.values())
    limit = most / 35
    done = bench("run", str(path), "--max-cost", f"{limit:.6f}", "--json")
    assert done.code == 4, done.err
    assert "budget:" in done.json["incomplete"]
    spent = sum(bill(tmp_path / done.json["report"]).values())
    assert 0 < spent <= limit
    before = len(desk.bodies)
    whole = bench("run", "--resume", "latest", "--max-cost", f"{2 * most:.6f}", "--json")
    assert whole.code in (0, 1, 2), whole.err
    assert "what it may take" not in whole.err, "it was told when the run began"
    assert len(desk.bodies) == ORDERS * 10, "and nothing was asked twice"
    assert before < ORDERS * 10


def test_turns_of_conversations_are_counted_one_by_one(talks: Path, bench: Bench) -> None:
    good = estimates(bench, talks)["good"]
    assert good["calls"] == good["calls_low"] == good["items"] == TALKS * TURNS
    assert good["input_tokens"] < good["input_tokens_max"]
    out = bench("plan", str(talks)).out
    assert f"good: {TALKS * TURNS} calls, about" in out
    assert "every figure is projected" in out
