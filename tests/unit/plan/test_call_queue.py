"""An arm's queue gives its calls in the order of the plan, from packed plans and from lists."""

from __future__ import annotations

import pytest

from claimbench.packed import Packed
from claimbench.plan.call_queue import queues_of
from claimbench.types import Call

CALLS = [Call("r", f"{k:032x}", "t", f"s{k}", 0, "ab"[k % 2], 0, k) for k in range(25)]


@pytest.mark.parametrize("calls", [CALLS, Packed.of(Call, CALLS, 4), tuple(CALLS)])
def test_each_arm_has_its_calls_in_order(calls: list[Call]) -> None:
    queues = queues_of(["a", "b", "idle"], calls)
    assert {arm: len(queue) for arm, queue in queues.items()} == {"a": 13, "b": 12, "idle": 0}
    for arm in "ab":
        queue = queues[arm]
        taken = []
        while queue:
            assert queue.first == queue.first
            taken.append(queue.popleft())
        assert taken == [call for call in CALLS if call.arm == arm]
        assert len(queue) == 0


def test_an_empty_queue_has_no_first_call() -> None:
    queue = queues_of(["a"], [])["a"]
    with pytest.raises(IndexError):
        _ = queue.first
    with pytest.raises(IndexError):
        queue.popleft()


def test_a_call_of_an_unknown_arm_is_an_error() -> None:
    with pytest.raises(KeyError):
        queues_of(["a"], CALLS)
