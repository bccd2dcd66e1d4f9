"""Latency of arms that a cluster ran is compared on one kind of node."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from claimbench.claims import gate
from claimbench.claims.types import ClaimContext
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import LoadSpec, Reason

N = 6


def column(*kinds: str) -> Any:
    return np.asarray([kinds[i % len(kinds)] for i in range(N)])


def found(
    one: Any,
    two: Any,
    kind: str = "latency",
    allow: tuple[str, ...] = (),
    source: str = "in_process",
) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    given = {
        "A": {"node_type": one, "stamp_source": np.asarray(["in_process"] * N)},
        "B": {"node_type": two, "stamp_source": np.asarray([source] * N)},
    }
    items, calls = tables_from_arrays({"A": np.ones(N), "B": np.ones(N)}, calls=given)
    context = ClaimContext(profiles={"A": {}, "B": {}}, allow=frozenset(allow))
    mask = np.ones(N, dtype=np.bool_)
    return gate.breaches(kind, "A", "B", items, calls, mask, context)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (column("h100"), column("a10")),
        (column("h100"), column("")),  # the other one in the driver's own process
        (column("h100"), None),  # the other one from before nodes were known
        (column("h100", "a10"), column("h100")),
        (column("h100", "a10"), column("a10", "h100")),  # who got which is not the same
    ],
)
def test_other_nodes_are_a_breach_of_latency_alone(one: Any, two: Any) -> None:
    refused, allowed = found(one, two)
    assert [reason.code for reason in refused] == ["node_type"]
    assert "for A and" in refused[0].detail
    assert not allowed
    assert found(one, two, "accuracy") == ((), ())
    assert found(one, two, "cost") == ((), ())
    refused, allowed = found(one, two, allow=("node_type",))
    assert not refused
    assert [reason.code for reason in allowed] == ["allowed_node_type"]


@pytest.mark.parametrize(
    ("one", "two", "source"),
    [
        (column("h100"), column("h100"), "in_process"),
        (column(""), column(""), "in_process"),
        (None, None, "in_process"),
        (column("h100"), column(""), "transport"),  # an endpoint: nobody knows its hardware
    ],
)
def test_the_same_nodes_or_none_are_no_breach(one: Any, two: Any, source: str) -> None:
    assert found(one, two, source=source) == ((), ())


def test_how_many_processes_send_is_no_part_of_the_load() -> None:
    alone, several = LoadSpec(concurrency=8), LoadSpec(concurrency=8, senders=4)
    assert gate._load(alone) == gate._load(several)
    assert gate._load(alone) != gate._load(LoadSpec(concurrency=9))
