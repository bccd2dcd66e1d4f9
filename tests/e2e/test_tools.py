"""Tools through ``bench``: one answer scored by its calls, and episodes against a simulator."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from claimbench.store.results import ResultsStore
from claimbench.types import Outcome

from .conftest import Said, Vendor, _serve, environment
from .forked import BENCH
from .test_conversations import finished, records

Bench = Callable[..., Said]
ORDERS = 8


@dataclass
class Desk(Vendor):
    """A vendor that works on orders by tools: looks one up, cancels it, and says so. ``lazy``:
    orders that it says it has cancelled without doing it; ``mute``: those at whose end it says
    nothing; ``fickle``: those that it cancels for another reason each time.
    """

    lazy: Callable[[int], bool] = lambda _number: False
    mute: Callable[[int], bool] = lambda _number: False
    fickle: Callable[[int], bool] = lambda _number: False
    endless: bool = False

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(json.dumps(body))
        messages = body["messages"]
        asked = next(m["content"] for m in messages if m["role"] == "user")
        number = int(asked.split("#")[1].split()[0])
        self.asked.append(f"{number}/{len(messages)}")
        if self.hold_after is not None and len(self.asked) > self.hold_after:
            return await self.let_go()
        if self.down(number):
            return web.json_response({"error": {"message": "overloaded"}}, status=503)
        done = sum(message["role"] == "tool" for message in messages)
        call: tuple[str, dict[str, Any]] | None
        if self.endless or done == 0:
            call = ("get_order", {"id": f"W{number}"})
        elif done == 1 and not self.lazy(number):
            why = f"reason {len(self.asked)}" if self.fickle(number) else "no longer needed"
            call = ("cancel", {"id": f"W{number}", "reason": why})
        else:
            call = None
        ends = "" if self.mute(number) else "It is cancelled."
        message: dict[str, Any] = {"role": "assistant", "content": ends}
        if call is not None:
            function = {"name": call[0], "arguments": json.dumps(call[1])}
            made = {"id": f"x{done}", "type": "function", "function": function}
            message = {"role": "assistant", "content": None, "tool_calls": [made]}
        return web.json_response(
            {
                "id": "x",
                "object": "chat.completion",
                "model": body["model"],
                "choices": [
                    {
                        "index": 0,
                        "message": message,
                        "finish_reason": "stop" if call is None else "tool_calls",
                    }
                ],
                "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
            }
        )


@pytest.fixture
def careful() -> Iterator[Desk]:
    yield from _serve(Desk())  # type: ignore[misc]


@pytest.fixture
def hasty() -> Iterator[Desk]:
    yield from _serve(Desk(lazy=lambda number: number % 2 == 1))  # type: ignore[misc]


SUITE = """\
name: orders
version: 1-0
sampling: {{temperature: 0, seed: 1}}
epochs: 2
errors: {{max_retries: 1, backoff_s: 0.01, timeout_s: 20, connect_timeout_s: 2}}
tasks:
  - name: cancel
    dataset: {{path: orders.jsonl, id: id, target: end}}
    prompt: [{{user: "{{{{ text }}}}"}}]
    tools:
      - {{name: get_order, description: Look an order up., parameters: {{type: object, properties: {{id: {{type: string}}}}, required: [id]}}}}
      - {{name: cancel, parameters: {{type: object, properties: {{id: {{type: string}}, reason: {{type: string}}}}, required: [id, reason]}}}}
    simulator:
      state: {{orders: {{}}}}
      max_steps: 4
      table:
        - {{name: get_order, result: {{id: {{$argument: id}}, status: pending}}}}
{rows}
    answer: {{type: tool_call}}
    scorers: [final_state]
    max_tokens: 64
arms:
  - {{name: good, provider: openai, model: big-1, base_url: "{good}", api_key_env: GOOD_KEY,
     concurrency: 4, cost: {{price: {{input: 1, output: 4, source: test, dated: 2026-01-01}}}}}}
  - {{name: cheap, provider: openai, model: small-1, base_url: "{cheap}",
     concurrency: 4, cost: {{price: {{input: 0.05, output: 0.2, source: test, dated: 2026-01-01}}}}}}
claims:
  - {{id: cheaper, claim: "80% cheaper than good", arm: cheap}}
"""
ROW = (
    "        - {{name: cancel, arguments: {{id: W{n}}}, result: {{ok: true}},"
    " set: {{orders.W{n}: cancelled}}}}"
)


@pytest.fixture
def orders(tmp_path: Path, careful: Desk, hasty: Desk) -> Path:
    rows = [
        {
            "id": f"o{n}",
            "text": f"Please cancel order #{n} now",
            "end": {
                "state": {f"orders.W{n}": "cancelled"},
                "calls": [
                    {
                        "name": "cancel",
                        "arguments": {"id": f"W{n}"},
                        "optional": {"reason": "no longer needed"},
                    }
                ],
            },
        }
        for n in range(ORDERS)
    ]
    (tmp_path / "orders.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    table = "\n".join(ROW.format(n=n) for n in range(ORDERS))
    path = tmp_path / "orders.yaml"
    path.write_text(SUITE.format(good=careful.url, cheap=hasty.url, rows=table))
    return path


def figures(bench: Bench) -> dict[str, dict[str, Any]]:
    shown = bench("show", "--json").json
    return {
        row["arm"]: dict(row["figures"]) for row in shown["arms"] if row["scope"] == "all tasks"
    }


def verified(bench: Bench) -> None:
    """Bundle the last run and compute it again from the bundle."""
    made = bench("bundle", "--output", "run.zip")
    assert made.code == 0, made.err
    said = bench("verify", "run.zip")
    assert said.code == 0, said.out + said.err


def test_episodes_are_scored_by_their_end_and_billed_by_all_their_steps(
    orders: Path, bench: Bench, careful: Desk
) -> None:
    done = bench("run", str(orders), "--json")
    assert done.code in (0, 1, 2), done.err
    arms = figures(bench)
    assert arms["good"]["quality"]["value"] == 1.0
    assert arms["cheap"]["quality"]["value"] == pytest.approx(0.5)
    assert arms["good"]["n_items"]["value"] == ORDERS
    assert arms["good"]["n_missing"]["value"] == 0
    step = (100 * 1 + 10 * 4) / 1e6
    assert arms["good"]["usd_1k"]["value"] == pytest.approx(3 * step * 1000)
    mean_steps = (3 + 2) / 2
    cheap = (100 * 0.05 + 10 * 0.2) / 1e6
    assert arms["cheap"]["usd_1k"]["value"] == pytest.approx(mean_steps * cheap * 1000)
    assert arms["cheap"]["usd_1k_correct"]["value"] == pytest.approx(2 * mean_steps * cheap * 1000)
    outcomes = Counter(r.outcome for r in records(orders.parent) if r.call.arm == "good")
    assert outcomes == {Outcome.OK: ORDERS * 2 * 3, Outcome.ENDED: ORDERS * 2}
    report = (orders.parent / done.json["report"]).read_text()
    assert "16 of 16 episodes resolved, 3.0 steps each" in report
    assert "Partial run" not in report
    assert "The run is not complete" not in report
    assert "8 of 16 episodes resolved, 2.5 steps each" in report
    shown = bench("show").out.splitlines()
    assert sum("episodes resolved" in row for row in shown) == 2
    assert not any("episodes resolved" in row and "warning" in row for row in shown)
    rows = [json.loads(row) for row in bench("export").out.splitlines()]
    for arm, rate, steps in (("good", step, 3), ("cheap", cheap, 2.5)):
        mine = [row for row in rows if row["arm"] == arm and row["attempts"]]
        assert len(mine) == ORDERS * 2 * steps
        assert {(row["input_tokens"], row["output_tokens"]) for row in mine} == {(100, 10)}
        assert all(row["cost_usd"] == pytest.approx(rate) and row["e2e_ms"] > 0 for row in mine)
        assert sum(row["score"] is not None for row in mine) == ORDERS * 2
        assert all(row["cluster"] is not None and row["block"] is not None for row in mine)
    assert "pass^1 0.500, pass^2 0.500" in report
    last = json.loads(careful.bodies[-1])
    assert [m["role"] for m in last["messages"]] == [
        "user",
        "assistant",
        "tool",
        "assistant",
        "tool",
    ]
    assert json.loads(last["messages"][2]["content"])["status"] == "pending"
    assert last["messages"][1]["tool_calls"][0]["id"] == last["messages"][2]["tool_call_id"]
    verified(bench)


ROUTES = """\
routes:
  - {name: cascade, first: cheap, then: good}
  - {name: agreeing, first: cheap, then: good, escalate: {signal: repeats, below: 1}}
  - {name: by-file, first: cheap, then: good, escalate: {signal: file, of: sure.csv, below: 0.5}}
  - {name: decided, decisions: arms.csv, router: {usd: 0, seconds: 0}}
"""


def test_a_route_goes_by_whole_episodes(orders: Path, bench: Bench, hasty: Desk) -> None:
    """Their first steps are alike, and only their ends tell what has to be passed on."""
    hasty.mute = hasty.lazy  # orders 1, 3, 5 and 7 end without a word, not cancelled
    hasty.fickle = lambda number: number in (2, 4)  # its reason is never the right one
    orders.write_text(orders.read_text().replace("claims:", f"{ROUTES}claims:"))
    odd = [f"o{n},{n % 2}" for n in range(ORDERS)]
    (orders.parent / "sure.csv").write_text("\n".join(["sample_id,score", *odd]))
    arms = [f"o{n},{('good', 'cheap')[n % 4 == 0]}" for n in range(ORDERS)]
    (orders.parent / "arms.csv").write_text("\n".join(["sample_id,arm", *arms]))
    assert bench("run", str(orders), "--no-report").code in (0, 1, 2)
    shares = {one["name"]: one["shares"] for one in bench("route", "--json").json["routes"]}
    assert shares["cascade"] == {"cheap": 0.5, "good": 0.5}
    assert shares["agreeing"] == {"cheap": 0.25, "good": 0.75}
    assert shares["by-file"] == {"cheap": 0.0, "good": 1.0}
    assert shares["decided"] == {"cheap": 0.25, "good": 0.75}
    found = figures(bench)
    assert found["cascade"]["quality"]["value"] == 0.75  # all but orders 2 and 4
    step, cheap = (100 * 1 + 10 * 4) / 1e6, (100 * 0.05 + 10 * 0.2) / 1e6
    mean = (3 * cheap + 2 * cheap + 3 * step) / 2
    assert found["cascade"]["usd_1k"]["value"] == pytest.approx(mean * 1000)
    verified(bench)


@pytest.mark.parametrize("redact", ["none", "hashed"])
def test_routes_whose_signals_are_texts_are_not_made_anew_without_them(
    orders: Path, bench: Bench, hasty: Desk, redact: str
) -> None:
    """Without its texts every repeat agrees, and no answer says how sure it is."""
    hasty.fickle = lambda number: number in (2, 4)
    routes = """\
routes:
  - {name: agreeing, first: cheap, then: good, escalate: {signal: repeats, below: 1}}
  - {name: readable, first: cheap, then: good}
claims:
  - {id: agrees, claim: "agreeing is 10% cheaper than good"}
  - {id: reads, claim: "readable is 10% cheaper than good"}
"""
    orders.write_text(orders.read_text().replace("claims:\n", routes))
    assert bench("run", str(orders), "--no-report").code in (0, 1, 2)
    made = bench("bundle", "--redact", redact, "--output", "run.zip")
    assert made.code == 0, made.err
    said = bench("verify", "run.zip")
    assert said.code == 0, said.out + said.err
    assert "not recomputed: the route agreeing: what it goes by is in the texts" in said.out
    assert "the route readable" not in said.out
    with zipfile.ZipFile(orders.parent / "run.zip") as bundle:
        (verdicts,) = [name for name in bundle.namelist() if name.endswith("verdicts.json")]
        found = {one["claim"]["id"]: one for one in json.loads(bundle.read(verdicts))}
    assert found["agrees"]["status"] == "not_comparable"
    assert "which is not in this file (agreeing)" in found["agrees"]["sentence"]
    assert found["reads"]["status"] != "not_comparable"


def test_thresholds_that_came_after_a_run_of_the_same_samples_are_asked_about(
    orders: Path, bench: Bench
) -> None:
    text = orders.read_text()
    (orders.parent / "sure.csv").write_text(
        "\n".join(["sample_id,score", *(f"o{n},{n / ORDERS}" for n in range(ORDERS))])
    )
    for below, asked in ((0.3, False), (0.3, False), (0.4, True)):
        rule = f"escalate: {{signal: file, of: sure.csv, below: {below}}}"
        route = f"routes: [{{name: cascade, first: cheap, then: good, {rule}}}]\nclaims:"
        orders.write_text(text.replace("claims:", route))
        assert bench("run", str(orders), "--no-report").code in (0, 1, 2)
        (shown,) = bench("export", "--format", "json").json["beside"]["routes"]
        said = "its threshold stood after 2 earlier runs of these samples: chosen on them?"
        assert shown["asks"] == (said if asked else "")


def test_an_episode_that_never_stops_calling_has_failed(
    orders: Path, bench: Bench, careful: Desk
) -> None:
    careful.endless = True
    assert bench("run", str(orders), "--arm", "good", "--no-report").code in (0, 1, 2)
    arms = figures(bench)
    assert arms["good"]["quality"]["value"] == 0
    assert arms["good"]["n_missing"]["value"] == 0


def test_kill_9_and_resume_in_the_middle_of_episodes(
    orders: Path, bench: Bench, careful: Desk, hasty: Desk
) -> None:
    careful.hold_after = hasty.hold_after = 20
    results = orders.parent / "results"
    with subprocess.Popen(
        [*BENCH, "run", str(orders)],
        cwd=orders.parent,
        env=environment(),
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as process:
        deadline = time.monotonic() + 90
        while finished(results) < 40 and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    careful.hold_after = hasty.hold_after = None
    assert 40 <= finished(results) < ORDERS * 2 * 4 * 2
    said = bench("run", "--resume", "latest", "--json", "--no-report")
    assert said.code in (0, 1, 2), said.err
    with ResultsStore.open(results, create=False, read_only=True) as store:
        run = said.json["run"]
        counts = Counter(record.call.id for record in store.records(run, replaced=True))
        assert set(counts.values()) == {1}
        assert len(counts) == ORDERS * 2 * 4 * 2
        in_flight = len(store.unfinished_intents(run))
        store.verify(run)
    repeated = Counter(careful.asked)
    assert sum(times - 2 for times in repeated.values() if times > 2) <= in_flight
    assert figures(bench)["good"]["quality"]["value"] == 1.0


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("scorers: [final_state]", "scorers: [tool_call]", "scored by final_state alone"),
        ("name: get_order, result", "name: get_ordr, result", "did you mean 'get_order'"),
        ("arguments: {id: W0}", "arguments: {ident: W0}", "'ident' is no parameter of cancel"),
        ("max_tokens: 64", "max_tokens: 64\n    tool_choice: required", "could never end"),
        ("answer: {type: tool_call}", "answer: {type: text}", "answers of type tool_call"),
        ("epochs: 2", "epochs: 2\nstop: when_decided", "whose number no look can count on"),
        ("type: string}}, required: [id]}", "type: dict}}, required: [id]}", "write object"),
        ("name: get_order, description", "name: get.order, description", "letters, digits"),
    ],
)
def test_mistakes_in_tools_and_simulators_are_errors_at_their_line(
    orders: Path, bench: Bench, old: str, new: str, says: str
) -> None:
    text = orders.read_text()
    assert old in text
    orders.write_text(text.replace(old, new, 1))
    done = bench("validate", str(orders))
    assert done.code == 3, done.out
    assert says in done.err
    assert "orders.yaml:" in done.err


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("tools: fns}", "}", "answers of type tool_call need tools"),
        ("scorers: [tool_call]", "scorers: [final_state]", "the task has no simulator"),
        ("scorers: [tool_call]", "scorers: [tool_call]\n    tool_choice: g", "no tool of this row"),
        ('{user: "{{ q }}"}', "{conversation: q}", "nothing would answer the tools"),
    ],
)
def test_rows_with_tools_of_their_own_are_checked(
    tmp_path: Path, bench: Bench, old: str, new: str, says: str
) -> None:
    tools = [
        {"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}
    ]
    rows = [
        {"q": "hello", "want": [], "fns": tools},
        {"q": "go", "want": [{"name": "f", "arguments": {"a": 1}}], "fns": tools},
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    text = """\
name: own
version: 1-0
tasks:
  - name: t
    dataset: {path: rows.jsonl, target: want, tools: fns}
    prompt: [{user: "{{ q }}"}]
    answer: {type: tool_call}
    scorers: [tool_call]
arms: [{name: one, provider: openai, model: gpt-4.1}]
"""
    path = tmp_path / "own.yaml"
    path.write_text(text)
    assert bench("validate", str(path)).code == 0
    path.write_text(text.replace(old, new))
    done = bench("validate", str(path))
    assert done.code == 3, done.out
    assert says in done.err
