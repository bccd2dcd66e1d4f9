"""Before the first call: the load of the machine, and what a start is doing."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from claimbench.clock import FakeClock
from claimbench.errors import BenchError, ModelError
from claimbench.machine import provenance
from claimbench.provider.device import Device
from claimbench.provider.device_worker import WorkerProvider
from claimbench.run import arms as arms_of_a_run
from claimbench.run.arms import Arms, start_arms
from claimbench.run.session import IDLE_POLL_NS, Job, Order, _wait_idle
from claimbench.suite.load import load_suite
from claimbench.types import ArmFacts, Request, Suite
from claimbench_providers.scripted.provider import ScriptedEngine, ScriptedProvider

TASK = """\
  - name: {name}
    dataset: {{path: rows.jsonl, id: id, target: right}}
    prompt: [{{user: "{{{{ text }}}}"}}]
    answer: {{type: text}}
    scorers: [exact]
    max_tokens: 8
"""
ARMS = {
    "device": "  - {name: local, provider: compatible, model: m, base_url: 'http://localhost:1/v1', device: cpu}\n",
    "remote": "  - {name: far, provider: openai, model: gpt-4.1}\n",
    "served": "  - {name: own, provider: compatible, model: m, serve: {command: [sleep], health: 'http://127.0.0.1:{port}/'}}\n",
}


def suite_with(folder: Path, *arms: str, tasks: Sequence[str] = ("reply",), rows: int = 3) -> Suite:
    lines = [{"id": f"s{i}", "text": f"question {i}", "right": "yes"} for i in range(rows)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines))
    text = "name: desk\nversion: 1-0\ntasks:\n" + "".join(TASK.format(name=n) for n in tasks)
    (folder / "desk.yaml").write_text(text + "arms:\n" + "".join(ARMS[name] for name in arms))
    return load_suite(folder / "desk.yaml")


class Machine:
    """A machine whose load the test sets, look by look; the last one stays."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *loads: float) -> None:
        self.loads = list(loads)
        self.looks = 0
        monkeypatch.setattr(provenance, "session_facts", self._facts)

    def _facts(self) -> dict[str, Any]:
        load = self.loads[min(self.looks, len(self.loads) - 1)]
        self.looks += 1
        return {"load_average": [load, load, load], "cores": 2, "cores_usable": 2}


async def waited(suite: Suite, wait_idle_s: float | None) -> tuple[list[str], float]:
    """What is said before the run, and for how many seconds it waits."""
    said: list[str] = []
    clock = FakeClock()
    ready: dict[str, Any] = {arm.name: ScriptedProvider() for arm in suite.arms}
    order = Order(Path("results"), wait_idle_s=wait_idle_s)
    nothing: Any = None
    job = Job(
        suite, order, Arms(ready, {}, {}, {}), nothing, nothing, clock, nothing, say=said.append
    )
    began = clock.monotonic_ns()
    try:
        await _wait_idle(job)
    finally:
        job.say(f"waited {(clock.monotonic_ns() - began) / 1e9:g}")
    return said[:-1], (clock.monotonic_ns() - began) / 1e9


@pytest.mark.parametrize("arm", ["device", "served"])
async def test_a_busy_machine_is_said_before_a_run_that_it_would_spoil(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arm: str
) -> None:
    machine = Machine(monkeypatch, 4.5)
    said, seconds = await waited(suite_with(tmp_path, arm, "remote"), None)
    assert said[0] == "note: the machine is busy (load average 4.5 on 2 cores):"
    assert "--wait-idle" in said[-1]
    assert all(len(line) < 80 for line in said)
    assert (seconds, machine.looks) == (0, 1)


async def test_an_idle_machine_and_arms_elsewhere_are_worth_no_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(monkeypatch, 1.5)
    assert await waited(suite_with(tmp_path, "device"), 60) == ([], 0)
    machine.loads = [9.0]
    assert await waited(suite_with(tmp_path, "remote"), 60) == ([], 0)


async def test_the_wait_ends_as_soon_as_the_machine_is_idle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Machine(monkeypatch, 4.5, 3.0, 2.5, 1.9)
    said, seconds = await waited(suite_with(tmp_path, "device"), 60)
    assert seconds == 3 * IDLE_POLL_NS / 1e9
    assert "at most 60 s" in said[2]
    assert said[3] == "  idle after 6 s"
    assert all(len(line) < 80 for line in said)


@pytest.mark.parametrize("most", [0, 1, 5, 60.5])
async def test_a_machine_that_stays_busy_ends_the_run_after_the_time_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: float
) -> None:
    Machine(monkeypatch, 4.5)
    suite = suite_with(tmp_path, "device")
    with pytest.raises(BenchError, match=f"still busy after {most:g} s") as caught:
        await waited(suite, most)
    assert "nothing was sent" in (caught.value.hint or "")


class Engine(ScriptedEngine):
    """An engine that shares prefixes, or does not load."""

    def __init__(self, fault: ModelError | None = None) -> None:
        super().__init__()
        self.shared: list[str] = []
        self._fault = fault

    def load(self) -> ArmFacts:
        if self._fault is not None:
            raise self._fault
        return super().load()

    def share_prefix(self, key: str, requests: Sequence[Request]) -> None:
        self.shared.append(f"{key}: {len(requests)}")


async def started(suite: Suite, make: Callable[[Device], dict[str, Any]]) -> tuple[Arms, list[str]]:
    """The arms after a start, and what was said."""
    said: list[str] = []
    device = Device("cpu")
    arms = Arms(make(device), {}, {}, {"cpu": device})
    try:
        await start_arms(arms, suite, "run", said.append)
    finally:
        await arms.close()
    return arms, said


def worker(engine: Engine) -> Callable[[Device], dict[str, Any]]:
    return lambda device: {"local": WorkerProvider(engine, device, FakeClock())}


async def test_a_start_says_that_it_loads_shares_prefixes_and_how_far_it_is(tmp_path: Path) -> None:
    suite = suite_with(tmp_path, "device", tasks=("one", "two", "three", "four"))
    engine = Engine()
    _, said = await started(suite, worker(engine))
    assert said[0] == "local: loading the model"
    prefixes = [line for line in said if "prefix" in line]
    assert [line.split("prompts of ")[1] for line in prefixes] == [
        "one share (0 %)",
        "two share (25 %)",
        "three share (50 %)",
        "four share (75 %)",
    ]
    assert said[-1].startswith("local: ready after ")
    assert len(engine.shared) == 4
    assert all(len(line) < 80 for line in said)


async def test_a_small_single_task_is_not_worth_a_line_of_its_own_and_a_large_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, said = await started(suite_with(tmp_path, "device"), worker(Engine()))
    assert not [line for line in said if "prefix" in line]
    monkeypatch.setattr(arms_of_a_run, "MANY_PROMPTS", 2)
    _, said = await started(suite_with(tmp_path, "device"), worker(Engine()))
    assert [line for line in said if "prefix" in line]


async def test_endpoints_start_in_silence(tmp_path: Path) -> None:
    suite = suite_with(tmp_path, "remote")
    _, said = await started(suite, lambda _device: {"far": ScriptedProvider()})
    assert said == []


async def test_an_arm_that_does_not_load_is_said_and_the_others_go_on(tmp_path: Path) -> None:
    suite = suite_with(tmp_path, "device", "remote")
    fault = ModelError("no such file", hint="pull it")

    def make(device: Device) -> dict[str, Any]:
        return {
            "local": WorkerProvider(Engine(fault), device, FakeClock()),
            "far": ScriptedProvider(),
        }

    arms, said = await started(suite, make)
    assert list(arms.ready) == ["far"]
    assert arms.not_run == {"local": "no such file; pull it"}
    assert said[-1] == "local: not run: no such file; pull it"
