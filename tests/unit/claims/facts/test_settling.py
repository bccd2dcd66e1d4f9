"""What more samples lead to: a verdict for the claim, one against it, or only an interval."""

from __future__ import annotations

import math

import pytest

from claimbench.claims.facts.settling import settling
from claimbench.claims.words import more_text
from claimbench.types import Estimate, Reading, Reason
from claimbench.types.claims import Relation
from claimbench_reports.view.claims import settle_sentence

NO_TAIL = (Reason("n_too_small"), Reason("quantile_not_estimable"))


def reading(
    value: float | None,
    direction: Relation,
    threshold: float,
    ends: tuple[float | None, float | None],
    reasons: tuple[Reason, ...] = (),
) -> Reading:
    found = Estimate(value, *ends, 0.95, "m", 160, 2)
    return Reading(
        "ttft",
        found,
        threshold,
        0.0,
        direction,
        "inconclusive",
        n_more=(160.0, 160.0),
        reasons=reasons,
    )


@pytest.mark.parametrize(
    ("found", "to", "said"),
    [
        # slower by 0.47%, claimed faster, no upper end yet: 160 only make an interval possible
        (reading(1.0047, "<", 1.0, (0.0, None), NO_TAIL), "least", "needed for any verdict"),
        (reading(1.0047, "<", 1.0, (0.0, math.inf), NO_TAIL), "least", "needed for any verdict"),
        (reading(0.5, "<", 1.0, (0.0, None), NO_TAIL), "least", "needed for any verdict"),
        # the same with an interval: many samples would refute it
        (reading(1.0051, "<", 1.0, (0.9, 1.1)), "against", "would settle it against the claim"),
        (reading(-0.069, ">=", -0.03, (-0.16, 0.03)), "against", "settle it against the claim"),
        (reading(1.0, "<", 1.0, (0.9, 1.1)), "against", "would settle it against the claim"),
        (reading(0.4, ">", 0.5, (0.3, 0.7)), "against", "would settle it against the claim"),
        (reading(0.12, "<=", 0.105, (0.1, 0.2)), "against", "would settle it against the claim"),
        # for the claim, and what the estimate does not say
        (reading(0.99, "<", 1.0, (0.9, 1.1)), "", "more samples would settle it"),
        (reading(0.0, ">=", -0.03, (-0.1, 0.1)), "", "more samples would settle it"),
        (reading(0.99, "<", 1.0, (0.9, 1.1), NO_TAIL), "", "more samples would settle it"),
        (reading(None, "<", 1.0, (0.9, 1.1)), "", "more samples would settle it"),
        (reading(0.5, "within", 0.03, (-0.1, 0.1)), "", "more samples would settle it"),
    ],
)
def test_what_more_samples_lead_to(found: Reading, to: str, said: str) -> None:
    assert settling(found) == to
    text = more_text(found)
    assert said in text
    assert ("against the claim" in text) == (to == "against")
    shown = settle_sentence(found)
    assert ("against the claim" in shown) == (to == "against")
    assert ("settle" in shown) == (to != "least")
