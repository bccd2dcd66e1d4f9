"""What earlier sessions of a resumed run left: whose calls in flight are money in doubt."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from claimbench.packed import Packed
from claimbench.pricing.money import Money
from claimbench.run.spending import spending
from claimbench.types import Arm, Call, Intent


def test_only_calls_in_flight_of_arms_that_bill_and_run_are_money_in_doubt() -> None:
    arms = {name: Arm(name, "p", "m") for name in ("api", "machine", "unpriced")}
    reserved = {"api": "0.25", "machine": "0", "unpriced": None, "left out": "0.5"}
    calls = [Call("run", arm, "task", "s", 0, arm, 0, 0) for arm in reserved]
    again = [
        Intent(arm, 1, 1, None if usd is None else Decimal(usd), "")
        for arm, usd in reserved.items()
    ]
    store: Any = SimpleNamespace(
        sessions=lambda _run: [SimpleNamespace(n=1)],
        attempts=lambda _run: [],
        derived_keys=lambda *_: [],
    )
    money = Money(
        reserve=lambda _arm, _request: None,
        cost=lambda _arm, _attempt: None,
        bills=lambda arm: arm.name != "machine",
    )
    earlier, before = spending(store, "run", Packed.of(Call, calls), again, arms, money)
    assert [intent.call_id for intent in earlier.in_doubt] == ["api", "unpriced"]
    assert before == dict.fromkeys(reserved, 1)
