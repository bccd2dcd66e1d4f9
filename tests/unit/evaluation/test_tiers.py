"""A cheaper tier that nobody asked for is the word of a party: no verdict stands on it alone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from claimbench.evaluation.dollars.charges import any_unasked
from claimbench.evaluation.evaluate import Evaluation, evaluate
from claimbench.evaluation.lines.charge_lines import charge_lines
from claimbench.evaluation.stored import StoredRun
from claimbench.pricing.arms import ArmPrice, resolve_arm
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.pricing.told import beside_charges, dollar_fields
from claimbench.types import Attempt, Json, Verdict, reason_codes

from . import test_charges

stored = test_charges.stored
"""A run of 1,000 tokens in and 100 out; claims: 90% cheaper, and under $0.50 per 1,000."""

TERMS = {
    "input": 1,
    "output": 10,
    "flex": {"input": 0.05, "output": 0.5},
    "batch": {"input": 0.05, "output": 0.5},
    "priority": {"input": 2, "output": 20},
    "source": "test",
    "dated": "2026-01-01",
}
"""$0.002 a request; $0.0001 as flex or in a batch."""
FLEX = {"service_tier": "flex"}


def prices(stored: StoredRun, options: dict[str, Any], **cheap: Any) -> dict[str, ArmPrice]:
    book = PriceBook(use_genai=False)
    found: dict[str, ArmPrice] = {}
    for arm in stored.suite.arms:
        own = arm.name == "cheap"
        terms = {**TERMS, **(cheap if own else {})}
        given = replace(arm, cost_model={"price": terms}, options=options if own else {})
        found[arm.name] = resolve_arm(given, book)
    return found


def judged(
    stored: StoredRun, said: dict[str, Json], options: dict[str, Any] | None = None, **cheap: Any
) -> Evaluation:
    arm_of = {call.id: call.arm for call in stored.calls}

    def told(attempt: Attempt) -> Attempt:
        return replace(attempt, usage_raw=said.get(arm_of[attempt.call_id]))

    attempts = tuple(map(told, stored.attempts))
    own = prices(stored, options or {}, **cheap)
    return evaluate(replace(stored, attempts=attempts), prices=own)


def codes_of(verdict: Verdict) -> set[str]:
    codes = reason_codes(verdict.flags) | reason_codes(verdict.reasons)
    codes |= {code for one in verdict.readings for code in reason_codes(one.reasons)}
    return {code for code in codes if code.startswith(("tiers_", "charges_"))}


BOTH = {"tiers_decide", "tiers_unasked"}


@pytest.mark.parametrize(
    ("said", "options", "terms", "status", "codes"),
    [
        ({"cheap": FLEX}, {}, {}, "inconclusive", BOTH),
        ({"cheap": {"trafficType": "ON_DEMAND_FLEX"}}, {}, {}, "inconclusive", BOTH),
        ({"cheap": {"serviceTier": {"type": "flex"}}}, {}, {}, "inconclusive", BOTH),
        ({"cheap": FLEX}, {"extra_body": {"service_tier": "auto"}}, {}, "inconclusive", BOTH),
        # at the tier that was asked for it stands too
        ({"cheap": FLEX}, {}, {"input": 0.08, "output": 0.8}, "supported", {"tiers_unasked"}),
        # nobody's call is part of a batch
        ({"cheap": {"service_tier": "batch"}}, {}, {}, "refuted", set()),
        # no cheaper, or what the price knows no other rate for
        ({"cheap": {"service_tier": "priority"}}, {}, {}, "refuted", set()),
        ({"cheap": {"service_tier": "default"}}, {}, {}, "refuted", set()),
        ({"cheap": {"service_tier": "whatever"}}, {}, {}, "refuted", set()),
        ({"cheap": {"prompt_tokens": 1000}}, {}, {}, "refuted", set()),
        # asked for, or stated in the contract
        ({"cheap": FLEX}, {"extra_body": {"service_tier": "flex"}}, {}, "supported", set()),
        ({"cheap": FLEX}, {}, {"tier": "flex"}, "supported", set()),
        ({}, {}, {"tier": "batch"}, "supported", set()),
        # the rival's word is a party's too
        ({"good": FLEX}, {}, {"input": 0.1, "output": 1}, "inconclusive", BOTH),
        ({"good": {"service_tier": "priority"}}, {}, {"input": 0.1, "output": 1}, "supported", set()),
    ],
)  # fmt: skip
def test_no_verdict_stands_on_a_tier_that_nobody_asked_for(
    stored: StoredRun,
    said: dict[str, Json],
    options: dict[str, Any],
    terms: dict[str, Any],
    status: str,
    codes: set[str],
) -> None:
    found = judged(stored, said, options, **terms)
    relative, absolute = found.verdicts
    assert relative.readings[0].status == status, relative.sentence
    assert codes_of(relative) == codes
    if "cheap" in said:
        assert absolute.status == status
        assert codes_of(absolute) == codes
    if codes:
        assert "said to be served as flex" in relative.sentence
        (line,) = charge_lines(found.context.charges)
        assert "name a cheaper tier of service than was asked for" in line
    else:
        assert charge_lines(found.context.charges) == []


def test_both_sums_are_said(stored: StoredRun) -> None:
    found = judged(stored, {"cheap": FLEX})
    said = found.context.charges["cheap"]
    assert (said.tiers, said.n_tiers) == (("flex",), test_charges.N)
    assert (said.served, said.asked) == (pytest.approx(0.006), pytest.approx(0.12))
    (reading,) = (one for one in found.verdicts[0].readings if one.name == "per_request")
    (reason,) = (one for one in reading.reasons if one.code == "tiers_decide")
    assert reason.detail.startswith(
        "supported at the tiers that were named, refuted at those asked for; cheap: 60 answers"
    )


def test_dollars_stay_as_stated_and_an_export_tells_both(stored: StoredRun) -> None:
    found = judged(stored, {"cheap": FLEX})
    rows = found.items.arms["cheap"]
    assert rows.usd == pytest.approx(0.0001)
    assert rows.priced is not None
    assert rows.priced == pytest.approx(0.002)
    beside = beside_charges(found.stored.attempts, found.costs, found.at_prices)
    assert len(beside) == test_charges.N
    call_id = next(iter(beside))
    told = dollar_fields(found.costs.calls[call_id], beside[call_id])
    assert (told["cost_usd"], told["at_prices_usd"]) == (Decimal("0.0001"), Decimal("0.002"))


def test_a_charge_and_a_tier_are_held_against_the_price_together(stored: StoredRun) -> None:
    arm_of = {call.id: call.arm for call in stored.calls}

    def told(attempt: Attempt) -> Attempt:
        own = arm_of[attempt.call_id] == "cheap"
        usd = Decimal("0.0001") if own else None
        return replace(attempt, usage_raw=FLEX if own else None, billed_usd=usd)

    attempts = tuple(map(told, stored.attempts))
    found = evaluate(replace(stored, attempts=attempts), prices=prices(stored, {}))
    assert found.verdicts[0].readings[0].status == "inconclusive"
    assert codes_of(found.verdicts[0]) == {"charges_decide", "charges_differ"}


def test_tiers_are_looked_for_only_where_a_price_has_some(stored: StoredRun) -> None:
    class Unread:
        def __iter__(self) -> Any:
            raise AssertionError

    book = PriceBook(use_genai=False)
    plain = {
        arm.name: resolve_arm(
            replace(
                arm,
                cost_model={
                    "price": {"input": 1, "output": 1, "source": "t", "dated": "2026-01-01"}
                },
            ),
            book,
        )
        for arm in stored.suite.arms
    }
    assert not any_unasked(plain, Unread())
    with pytest.raises(AssertionError):
        any_unasked(prices(stored, {}), Unread())
