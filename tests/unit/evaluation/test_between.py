"""Dollars of simulated users: what one episode cost on average."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from claimbench.evaluation.between import user_usd_per_episode
from claimbench.packed import Packed
from claimbench.types import Call, CallRecord, Cost, Outcome, Role, Sample, Turn


def call(name: str, sample: str, role: Role = "subject") -> Call:
    return Call("run", name, "talk", sample, 0, "arm", 0, 0, role)


def run() -> Any:
    """Two episodes that were begun and one that was not, and turns of their user."""
    samples = [
        Sample(f"{row}{number}", {}, None, row, turn=Turn(row, number, 2))
        for row in "abc"
        for number in (1, 2)
    ]
    records = [
        CallRecord(call(sample.id, sample.id), "", Outcome.OK, None, int(sample.cluster != "c"))
        for sample in samples
    ]
    asked = tuple(call(f"user {sample}", sample, "user") for sample in ("a2", "b2", "c2", "b1"))
    return SimpleNamespace(
        suite=SimpleNamespace(tasks=(SimpleNamespace(name="talk", samples=samples, steps=2),)),
        records=Packed.of(CallRecord, records),
        judging=SimpleNamespace(calls=asked),
    )


@pytest.mark.parametrize(
    ("amounts", "usd"),
    [
        (("1", "3"), 2.0),
        (("1", None), 1.0),  # like the mean of the others, and no gift
        ((None, None), None),
        ((), None),
    ],
)
def test_the_mean_is_over_episodes_begun_and_an_unknown_turn_is_not_free(
    amounts: tuple[str | None, ...], usd: float | None
) -> None:
    costs = {
        f"user {sample}": Cost(None if amount is None else Decimal(amount))
        for sample, amount in zip(("a2", "b2"), amounts, strict=False)
    }
    assert user_usd_per_episode(run(), costs) == ({} if usd is None else {"talk": usd})
