"""Bills and savings of an arm whose own answers end its conversations: 60 of four turns, which cost
18, 24, 30 and 36 millionths in both arms; alpha is asked the first ones alone.
"""

from __future__ import annotations

import numpy as np
import pytest

from claimbench.claims.parse import parse_claim
from claimbench.claims.types import ClaimContext
from claimbench.claims.verdicts import decide_claims
from claimbench.economics.volume.outlook import endpoint_figures
from claimbench.economics.volume.stated import Volume
from claimbench.evaluation.dollars.bills import claim_bill
from claimbench.pricing.arms import ArmPrice
from claimbench.tables.types import CallTable, ItemTable
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import Arm, ClaimSpec, Verdict, reason_codes

TALKS, TURNS = 60, 4
USD = np.tile(np.array([18e-6, 24e-6, 30e-6, 36e-6]), TALKS)
TALK = np.repeat(np.arange(TALKS), TURNS)
TURN = np.tile(np.arange(1, TURNS + 1), TALKS)
ARMS = (Arm("alpha", "p", "m"), Arm("beta", "p", "m"))


def tables(over: np.ndarray) -> tuple[ItemTable, CallTable]:
    """Return both arms, alpha without the turns ``over``."""
    usd = np.where(over, np.nan, USD)
    return tables_from_arrays(
        {"alpha": np.where(over, 0.0, 1.0), "beta": np.ones(len(USD))},
        usd={"alpha": usd, "beta": USD},
        outcome={
            "alpha": np.where(over, "ended", "ok").tolist(),
            "beta": ["ok"] * len(USD),
        },
        cluster=[f"t{talk}" for talk in TALK],
    )


def decided(text: str, over: np.ndarray) -> Verdict:
    items, calls = tables(over)
    bills = {}
    for arm in ("alpha", "beta"):
        figures = endpoint_figures(arm, ArmPrice(arm, None), items)
        assert figures.measured is not None
        bills[arm] = claim_bill(figures, figures.measured, Volume(2e6))
    claim = parse_claim(ClaimSpec("c", text, None, {"arm": "alpha", "than": "beta"}), ARMS, ())
    context = ClaimContext(volume_stated=True, bills=bills)
    return decide_claims([claim], items, calls, context)[0]


HALF = TURN > 2
FEW = HALF & (TALK < 3)
NONE = np.zeros(len(USD), dtype=bool)


def test_a_mean_over_fewer_turns_is_no_exact_bill() -> None:
    items, _ = tables(HALF)
    figures = endpoint_figures("alpha", ArmPrice("alpha", None), items)
    assert figures.measured is not None
    assert figures.measured.usd_per_request == pytest.approx(21e-6)
    assert figures.asked == "120 of 240 turns: the others were not asked"
    assert figures.asked in figures.measured.at
    assert figures.interval_at(0.05) is None
    whole = endpoint_figures("beta", ArmPrice("beta", None), items)
    assert (whole.asked, whole.interval_at(0.05) is None) == ("", False)
    few = endpoint_figures("alpha", ArmPrice("alpha", None), tables(FEW)[0])
    assert few.asked
    assert few.interval_at(0.05) is not None, "of a few turns, the figure keeps its interval"


@pytest.mark.parametrize("over", [HALF, FEW], ids=["half", "few"])
def test_savings_are_of_the_turns_that_both_were_asked(over: np.ndarray) -> None:
    found = decided("alpha saves $5 a month over beta", over)
    (reading,) = found.readings
    assert reading.estimate is not None
    assert reading.estimate.value == pytest.approx(0.0, abs=1e-9)
    assert found.status != "supported"
    assert "of the turns that both were asked" in found.sentence


def test_what_the_turns_not_asked_would_cost_may_overturn_a_bill() -> None:
    for text in ("alpha costs under $50 a month", "alpha saves $5 a month over beta"):
        assert decided(text, HALF).status == "inconclusive", text
    assert decided("alpha saves $100 a month over beta", HALF).status == "refuted"
    level = decided("alpha costs under $50 a month", HALF)
    assert "turns_not_asked" in reason_codes(level.readings[0].reasons)
    assert "n_too_small" not in reason_codes(level.readings[0].reasons)
    assert decided("alpha costs under $60 a month", NONE).status == "supported"
