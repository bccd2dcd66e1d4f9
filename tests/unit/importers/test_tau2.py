"""tau2's results files: rewards, trials, the agent's dollars and tokens, and what is not in them."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from math import comb
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from claimbench.clock import SystemClock
from claimbench.evaluation.evaluate import evaluate
from claimbench.evaluation.stored import read_run
from claimbench.importers.detect import kind_of, read_files
from claimbench.importers.imported import Imported, ImportFault, ImportOptions
from claimbench.importers.imported_run import build_run
from claimbench.importers.stored_run import store_run
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.store.results import ResultsStore


def turn(role: str, text: str | None, usage: Any = None, calls: int = 0) -> dict[str, Any]:
    made = [{"id": f"c{n}", "name": "find", "arguments": {}} for n in range(calls)]
    return {"role": role, "content": text, "tool_calls": made or None, "usage": usage}


def simulation(task: str, trial: int, reward: float | None, **more: Any) -> dict[str, Any]:
    used = {"prompt_tokens": 100, "completion_tokens": 10}
    return {
        "id": f"{task}-{trial}",
        "task_id": task,
        "trial": trial,
        "start_time": "2026-03-01T10:00:00",
        "duration": 40.5,
        "termination_reason": "user_stop",
        "agent_cost": 0.02,
        "user_cost": 0.01,
        "reward_info": None if reward is None else {"reward": reward},
        "messages": [
            turn("assistant", "Hi! How can I help?"),
            turn("user", "Cancel it."),
            turn("assistant", None, used, calls=2),
            turn("tool", "{}"),
            turn("assistant", "Done.", used),
        ],
        **more,
    }


def results(*simulations: dict[str, Any]) -> dict[str, Any]:
    names = sorted({one["task_id"] for one in simulations})
    return {
        "timestamp": "2026-03-01T11:00:00",
        "info": {
            "agent_info": {"implementation": "llm_agent", "llm": "org/model-1"},
            "user_info": {"implementation": "user_simulator", "llm": "gpt-4.1"},
            "environment_info": {"domain_name": "retail"},
        },
        "tasks": [
            {"id": name, "user_scenario": {"instructions": {"reason_for_call": f"why {name}"}}}
            for name in names
        ],
        "simulations": list(simulations),
    }


def read(tmp_path: Path, value: Any) -> Imported:
    path = tmp_path / "run.json"
    path.write_text(json.dumps(value))
    assert kind_of(path) == "tau2"
    return read_files([path], ImportOptions())


def test_rewards_are_scores_and_trials_are_epochs(tmp_path: Path) -> None:
    rows = [simulation("0", t, float(t < 3)) for t in range(4)]
    rows += [simulation("1", t, 0.0) for t in range(4)]
    found = read(tmp_path, results(*rows))
    assert [arm.name for arm in found.arms] == ["model-1"]
    assert sorted(call.epoch for call in found.calls if call.sample_id == "0") == [0, 1, 2, 3]
    (aggregate,) = found.aggregates
    assert aggregate.value == pytest.approx(3 / 8)
    call = found.calls[0]
    assert (call.task, call.text, call.billed_usd) == ("retail", "Done.", Decimal("0.02"))
    assert call.usage is not None
    assert (call.usage.input_fresh, call.usage.output_visible) == (200, 20)
    assert call.latency_s is None, "seconds of agent, user and tools are no latency"
    notes = "\n".join(found.notes)
    assert "no cost of the judge" in notes
    assert "the simulated user cost $0.08 over 8 simulations" in notes
    # C(3, k) / C(4, k) of the first task, 0 of the second
    assert "pass^1 0.375, pass^2 0.250, pass^3 0.125, pass^4 0.000" in notes
    assert found.samples[0].shown == "reason_for_call: why 0"


@pytest.mark.parametrize("end", ["infrastructure_error", "user_error"])
def test_ends_that_are_not_the_agents_are_missing(tmp_path: Path, end: str) -> None:
    rows = [simulation("0", 0, 1.0), simulation("1", 0, 0.0, termination_reason=end)]
    found = read(tmp_path, results(*rows))
    (aggregate,) = found.aggregates
    assert aggregate.value == 1.0
    assert next(c for c in found.calls if c.sample_id == "1").error is not None


def test_what_is_not_known_stays_unknown(tmp_path: Path) -> None:
    silent = [turn("assistant", "Hi"), turn("user", "x"), turn("assistant", "no usage")]
    rows = [
        simulation("0", 0, 1.0, agent_cost=0.0),
        simulation("1", 0, 1.0, agent_cost=None, messages=silent),
        simulation("2", 0, 1.0, messages=None),
    ]
    found = read(tmp_path, results(*rows))
    by = {call.sample_id: call for call in found.calls}
    assert by["0"].billed_usd is None
    assert by["1"].billed_usd is None
    assert by["1"].usage is None
    assert by["2"].usage is None
    assert by["2"].text == ""


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda v: v["simulations"][1].pop("task_id"), "simulation 2 has no task_id"),
        (lambda v: v["simulations"].append(v["simulations"][0]), "twice"),
        (lambda v: [s.update(reward_info=None) for s in v["simulations"]], "no metric"),
    ],
)
def test_broken_files_are_told(tmp_path: Path, change: Any, says: str) -> None:
    value = results(simulation("0", 0, 1.0), simulation("1", 0, 0.0))
    change(value)
    with pytest.raises(ImportFault) as caught:
        read(tmp_path, value)
    assert says in str(caught.value)


def test_spending_that_is_none_is_said(tmp_path: Path) -> None:
    for usd in (-0.02, "0.001", {"amount": 1}, "EUR0.0001", None, 0):
        found = read(tmp_path, results(simulation("0", 0, 1.0, agent_cost=usd)))
        assert found.calls[0].billed_usd is None
        assert any("cost" in note and "unknown, never 0" in note for note in found.notes), usd


def test_a_reward_of_true_is_said(tmp_path: Path) -> None:
    found = read(tmp_path, results(simulation("0", 0, True), simulation("1", 0, 1.0)))
    assert any("1 of 2 simulations have a reward that is true or false" in n for n in found.notes)


def test_the_published_table_is_made_anew_from_the_stored_run(tmp_path: Path) -> None:
    """pass^k as tau-bench defines it, the mean reward and the agent's dollars, counted here."""
    drawn = random.Random(7)
    rewards = {
        str(n): [float(drawn.random() < 0.3 + 0.05 * n) for _ in range(4)] for n in range(12)
    }
    usd = {task: [round(drawn.uniform(0.01, 0.05), 4) for _ in range(4)] for task in rewards}
    rows = []
    for task, won in rewards.items():
        for trial, reward in enumerate(won):
            rows.append(simulation(task, trial, reward, agent_cost=usd[task][trial]))
    found = read(tmp_path, results(*rows))
    run = build_run(found, name="tau", claims=[], book=PriceBook(), clock=SystemClock())
    with ResultsStore.open(tmp_path / "results") as store:
        judged = evaluate(read_run(store, store_run(store, run)))
    arm = judged.items.arms["model-1"]
    assert arm.n_epochs.tolist() == [4] * 12
    assert float(arm.score.mean()) == pytest.approx(fmean(fmean(won) for won in rewards.values()))
    assert float(arm.usd.mean()) == pytest.approx(fmean(fmean(paid) for paid in usd.values()))
    passed = []
    for k in range(1, 5):
        share = fmean(comb(int(sum(won)), k) / comb(4, k) for won in rewards.values())
        passed.append(f"pass^{k} {share:.3f}")
    assert ", ".join(passed) in "\n".join(found.notes)


@pytest.mark.parametrize("stated", [True, False])
def test_the_notes_agree_on_whose_dollars_are_there(tmp_path: Path, stated: bool) -> None:
    usd = 0.02 if stated else None
    rows = [simulation("0", t, 1.0, agent_cost=usd) for t in range(3)]
    notes = "\n".join(read(tmp_path, results(*rows)).notes)
    assert ("dollars are the agent's" in notes) is stated
    assert ("states no dollars of the agent" in notes) is not stated
    assert ("apart from the agent's dollars" in notes) is stated
