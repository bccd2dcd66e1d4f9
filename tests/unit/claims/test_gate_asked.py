"""The gate compares how arms were asked: wordings and examples of variants."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from claimbench.claims import gate
from claimbench.claims.types import ClaimContext
from claimbench.plan.variants import asked_otherwise
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import AnswerSpec, Arm, Message, Reason, Sample, Task, reason_codes
from claimbench.types.suite import VariantSpec

EXAMPLES = tuple(Sample(f"e{i}", {}, "a", f"e{i}") for i in range(3))
TASK = Task(
    "task", (), (Message("user", "{{ text }}"),), EXAMPLES, AnswerSpec("label", ("a",)), (), 8
)
TERSE = (Message("user", "TERSE {{ text }}"),)


def variant(base: str, **more: object) -> Arm:
    factors = {name: value for name, value in more.items() if name != "wording"}
    made = VariantSpec(
        base,
        factors,
        few_shot=more.get("few_shot"),
        prompt=more.get("wording", ()),
    )
    return Arm(f"{base}@x", "p", "m", variant=made)


def compare(one: Arm, two: Arm, kind: str, *allow: str) -> tuple[tuple[Reason, ...], ...]:
    items, calls = tables_from_arrays({one.name: np.ones(20), two.name: np.ones(20)})
    profiles = {
        arm.name: {
            "asked": {"task": asked_otherwise(TASK, arm)},
            "variant": {
                "base": arm.variant.base if arm.variant else arm.name,
                "factors": dict(arm.variant.factors) if arm.variant else {},
            },
        }
        for arm in (one, two)
    }
    ctx = ClaimContext(profiles=profiles, allow=frozenset(allow))
    mask = np.ones(20, dtype=np.bool_)
    return gate.breaches(kind, one.name, two.name, items, calls, mask, ctx)


ALPHA, BETA = Arm("alpha", "p", "m"), Arm("beta", "p", "n")


@pytest.mark.parametrize("kind", ["accuracy", "cost", "latency"])
@pytest.mark.parametrize(
    ("two", "key"),
    [
        (variant("beta", few_shot=0), "few_shot"),
        (variant("beta", few_shot=2), "few_shot"),
        (variant("beta", prompt="terse", wording=TERSE), "prompt"),
    ],
)
def test_arms_that_were_asked_differently_cannot_be_compared(kind: str, two: Arm, key: str) -> None:
    refused, _ = compare(ALPHA, two, kind)
    assert key in reason_codes(refused)
    assert f"allow: [{key}]" in "".join(reason.detail for reason in refused)
    refused, allowed = compare(ALPHA, two, kind, key)
    assert key not in reason_codes(refused)
    assert f"allowed_{key}" in reason_codes(allowed)
    one = replace(two, name="alpha@x", variant=replace(two.variant, base="alpha"))
    refused, allowed = compare(one, ALPHA, kind)
    assert key not in reason_codes(refused)
    assert f"allowed_{key}" in reason_codes(allowed)


@pytest.mark.parametrize(
    "two",
    [
        BETA,
        variant("beta", few_shot=3),
        variant("beta", prompt="same", wording=TASK.prompt),
    ],
)
def test_arms_that_were_asked_alike_can(two: Arm) -> None:
    refused, allowed = compare(ALPHA, two, "accuracy")
    assert not {"prompt", "few_shot"} & reason_codes(refused)
    assert not allowed


def test_two_arms_with_the_same_wording_can() -> None:
    one = variant("alpha", prompt="terse", wording=TERSE)
    two = variant("beta", prompt="terse", wording=TERSE)
    assert "prompt" not in reason_codes(compare(one, two, "accuracy")[0])
