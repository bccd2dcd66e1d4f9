"""kill -9 and resume for kinds of tasks beyond single answers: systems behind HTTP, answers from
passages, rankings, judges of pairs, and routes made of what was stored.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from claimbench.store.results import ResultsStore

from .conftest import Said, _serve
from .simulated_vendor import SimulatedDesk
from .task_kinds import FACTS, TEXTS, Kind, write
from .test_conversations import records
from .test_simulated import bills, killed_while_held, so_far, what_came
from .test_tools import figures, verified

Bench = Callable[..., Said]
ROWS = 6
JUDGED = re.compile(r"\[begin first answer")


@dataclass
class Desk(SimulatedDesk):
    """Answers by model and question, judges by the length of what it reads; asked anything twice,
    it says the same.
    """

    def desk_says(self, body: dict[str, Any]) -> tuple[dict[str, Any], str]:
        told = body["messages"][-1]["content"]
        lot = crc32(f"{body['model']}/{told}".encode())
        said = ["billing [p1] 19:50", '["L2", "L1"]', "5", "Paris"][lot % 4]
        if JUDGED.search(told):
            said = ("first", "second", "tie")[lot % 3]
        return {"role": "assistant", "content": said}, "stop"


@pytest.fixture
def vendor() -> Iterator[Desk]:
    yield from _serve(Desk())  # type: ignore[misc]


def more(kind: Kind) -> Kind:
    """The kind with as many rows as the test needs, each told from every other."""
    made = [
        {**kind.rows[n % len(kind.rows)], "id": f"r{n}", "text": f"{n}. {kind.rows[n % 2]['text']}"}
        for n in range(ROWS)
    ]
    return replace(kind, rows=tuple(made))


def suite(folder: Path, url: str, case: str) -> Path:
    """Write the case's suite: two arms of a vendor, in the case ``http`` a system beside them."""
    price = {"input": 1, "output": 4, "source": "test", "dated": "2026-01-01"}
    base: dict[str, Any] = {"provider": "openai", "base_url": url, "concurrency": 3}
    base["cost"] = {"price": price}
    arms = [{**base, "name": name, "model": f"{name}-1", "lab": name} for name in ("big", "small")]
    told: dict[str, Any] = {"claims": [{"id": "c", "claim": "cheaper than big", "arm": "small"}]}
    kinds = {"facts": more(Kind(FACTS, ("contains",)))}
    if case in ("rag", "ranking"):
        kinds = {case: more(TEXTS[case])}
    elif case == "http":
        body = {"model": "{{ model }}", "messages": "{{ messages | tojson }}", "n": 1}
        system = {
            "provider": "http",
            "base_url": f"{url}/chat/completions",
            "omit": ["temperature", "seed"],
            "cost": {"price": {"per_request": 0.01, "source": "test", "dated": "2026-01-01"}},
            "options": {
                "body": body,
                "response": {"answer": "choices[0].message.content"},
                "no_key": True,
            },
        }
        arms[1] = {**system, "name": "small", "model": "small-1", "concurrency": 3}
    elif case == "pairs":
        paired = {"name": "pairwise", "by": ["north", "south"], "rubric": "Which is right?"}
        kinds = {"facts": more(Kind(FACTS, (paired,)))}
        told["judges"] = [
            {**base, "name": name, "model": f"{name}-9", "lab": name} for name in ("north", "south")
        ]
    elif case == "routes":
        rule = {"signal": "length", "above": 5}
        told["routes"] = [{"name": "cascade", "first": "small", "then": "big", "escalate": rule}]
        told["claims"].append({"id": "r", "claim": "as accurate as big", "arm": "cascade"})
    return write(folder, kinds, arms, **told)


@pytest.mark.parametrize(
    ("case", "role", "hold_after"),
    [
        ("http", "subject", 5),
        ("rag", "subject", 7),
        ("ranking", "subject", 3),
        ("pairs", "judge", 17),
        ("routes", "subject", 8),
    ],
)
def test_kill_9_and_resume_asks_nothing_again_that_was_finished(
    bench: Bench, tmp_path: Path, vendor: Desk, case: str, role: str, hold_after: int
) -> None:
    path = suite(tmp_path, vendor.url, case)
    whole = bench("run", str(path), "--json")
    assert whole.code in (0, 1, 2), whole.err
    wanted, arms, dollars = what_came(records(tmp_path)), figures(bench), bills(tmp_path, whole)
    said = verdicts(whole)
    asked = Counter(vendor.bodies)
    assert set(asked.values()) == {1}, "every request is told from every other"
    assert ("cascade" in arms) == (case == "routes")
    assert set(dollars["judge_bill"]) == ({"north", "south"} if case == "pairs" else set())
    (tmp_path / "results").rename(tmp_path / "whole")
    vendor.bodies.clear()

    vendor.hold_after = hold_after
    killed_while_held(tmp_path, path, vendor, role)
    kept, in_flight = so_far(tmp_path), Counter(vendor.held)
    vendor.hold_after = None
    assert len(kept) < len(wanted)
    again = bench("run", str(path), "--resume", "latest", "--json")
    assert again.code == whole.code, again.err
    assert "Partial run" not in (tmp_path / again.json["report"]).read_text()
    assert "sent again" in again.err

    assert Counter(vendor.bodies) == asked
    assert in_flight <= Counter(vendor.bodies[hold_after:])
    with ResultsStore.open(tmp_path / "results", create=False, read_only=True) as store:
        run = again.json["run"]
        assert len(store.sessions(run)) == 2
        counts = Counter(record.call.id for record in store.records(run, replaced=True))
        assert set(counts.values()) == {1}
    came = what_came(records(tmp_path))
    assert came == wanted
    assert what_came(kept).items() <= came.items()
    assert bills(tmp_path, again) == dollars
    assert verdicts(again) == said
    told = figures(bench)
    for name, mine in told.items():
        for figure in ("quality", "n_items", "n_missing"):
            assert mine[figure]["value"] == pytest.approx(arms[name][figure]["value"]), figure
        if (usd := mine["usd_1k"])["value"] is None:
            assert " to $" in usd["text"], "what was in flight as the run died is a bill in doubt"
        else:
            assert usd["value"] == pytest.approx(arms[name]["usd_1k"]["value"])
    if role == "subject":
        assert any(mine["usd_1k"]["value"] is None for mine in told.values())
    verified(bench)


def verdicts(done: Said) -> Mapping[str, str]:
    """The status of each claim."""
    return {one["claim"]["id"]: json.dumps(one["status"]) for one in done.json["verdicts"]}
