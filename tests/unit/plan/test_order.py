"""The plan: complete, seeded, clusters whole, arms interleaved, a limited plan is the beginning of
the whole one.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pytest

from claimbench.errors import BenchError
from claimbench.plan.call_ids import call_id
from claimbench.plan.order import make_plan, ordered_items
from claimbench.suite.load import load_suite
from claimbench.types import Suite

ARMS = ["a", "b", "c"]
TASK = """\
  - name: NAME
    dataset: {path: d.jsonl, target: y, id: id, cluster: c}
    prompt: [{user: "{{ x }}"}]
    answer: {type: text}
    scorers: [exact]
"""
HEAD = "name: t\nversion: 1-0\nepochs: 2\norder: {seed: 7}\ntasks:\n"
TAIL = "arms: [{name: m, provider: llama_cpp, model: some-model}]\n"


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    rows = [f'{{"id": "s{i}", "x": "text {i}", "y": "w", "c": "k{i // 3}"}}' for i in range(60)]
    (tmp_path / "d.jsonl").write_text("\n".join(rows) + "\n")
    tasks = TASK.replace("NAME", "route") + TASK.replace("NAME", "extract")
    (tmp_path / "s.yaml").write_text(HEAD + tasks + TAIL)
    return load_suite(tmp_path / "s.yaml")


def test_every_call_is_planned_once(suite: Suite) -> None:
    plan = make_plan(suite, "run", ARMS)
    assert len(plan.calls) == len({call.id for call in plan.calls}) == 2 * 60 * 2 * 3
    assert [call.position for call in plan.calls] == list(range(len(plan.calls)))
    assert plan.samples == {"route": 60, "extract": 60}


def test_clusters_stay_whole_over_the_tasks_that_share_them(suite: Suite) -> None:
    order = [sample.cluster for _, sample in ordered_items(suite)]
    assert len(list(groupby(order))) == 20
    assert order != sorted(order)


def test_arms_follow_one_another_for_each_item_in_changing_order(suite: Suite) -> None:
    calls = make_plan(suite, "run", ARMS).calls
    orders = set()
    for i in range(0, len(calls), 3):
        trio = calls[i : i + 3]
        assert len({(c.task, c.sample_id, c.epoch) for c in trio}) == 1
        orders.add("".join(c.arm for c in trio))
    assert len(orders) == 6


def test_a_limited_plan_is_the_beginning_of_the_whole_one(suite: Suite) -> None:
    some, whole = ordered_items(suite, 10), ordered_items(suite)
    assert some == whole[: len(some)]
    assert make_plan(suite, "run", ARMS, 10).samples == {"route": 10, "extract": 10}


def test_the_seed_decides_the_order_and_not_the_ids(suite: Suite) -> None:
    one, same = make_plan(suite, "r1", ARMS), make_plan(suite, "r2", ARMS)
    other = make_plan(replace(suite, order_seed=8), "r3", ARMS)
    assert one.sha256 == same.sha256 != other.sha256
    assert {c.id for c in one.calls} == {c.id for c in other.calls}


def test_a_call_is_another_as_soon_as_what_is_measured_differs() -> None:
    base = ("m" * 64, "t", "s", 0, "a")
    changed = [("n" * 64, *base[1:]), ("m" * 64, "u", "s", 0, "a"), ("m" * 64, "t", "z", 0, "a")]
    assert (
        len({call_id(*ids) for ids in [base, *changed, (*base[:3], 1, "a"), (*base[:4], "b")]}) == 6
    )


def test_a_limit_below_one_is_refused(suite: Suite) -> None:
    with pytest.raises(BenchError, match="--limit 0"):
        make_plan(suite, "run", ARMS, 0)


@pytest.mark.parametrize("limit", [3, 8, 20])
def test_a_first_look_takes_single_rows_of_clusters_where_asked(suite: Suite, limit: int) -> None:
    clusters = len({sample.cluster for task in suite.tasks[:1] for sample in task.samples})
    rows = replace(suite, options={**suite.options, "limit_by": "row"})
    for task in suite.tasks:
        whole = [s.cluster for name, s in ordered_items(suite, limit) if name == task.name]
        single = [s.cluster for name, s in ordered_items(rows, limit) if name == task.name]
        assert len(single) == len(whole)
        assert len(set(single)) == min(limit, clusters, len(single))
    assert ordered_items(rows) == ordered_items(suite)
