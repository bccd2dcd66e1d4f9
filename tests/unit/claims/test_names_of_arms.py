"""The arms that a claim is about, and other names in their place."""

from __future__ import annotations

import numpy as np
import pytest

from claimbench.claims.fields import names_in, renamed
from claimbench.claims.parse import parse_claim
from claimbench.claims.types import Leaf
from claimbench.types import ClaimSpec

CLAIM = parse_claim(ClaimSpec("c", "as accurate as big and 30% cheaper", None, {}), (), ())


@pytest.mark.parametrize(
    ("theirs", "arms"), [(None, ("small",)), ("big", ("small", "big"))], ids=["one", "pair"]
)
def test_a_simple_claim_is_about_one_arm_or_a_pair(theirs: str | None, arms: tuple[str]) -> None:
    leaf = Leaf(CLAIM, "small", theirs, np.ones(3, dtype=np.bool_))
    assert leaf.arms == arms


def test_every_arm_of_a_claim_and_of_its_parts_is_renamed() -> None:
    assert CLAIM.parts
    names = {name: (f"{name}/1", f"{name}/2") for name in names_in(CLAIM)}
    assert "big" in names
    found = renamed(CLAIM, names)
    new = {one for both in names.values() for one in both}
    assert names_in(found) == new
    for part, before in zip(found.parts, CLAIM.parts, strict=True):
        assert part.baselines == tuple(new for name in before.baselines for new in names[name])
        assert (part.kind, part.relation) == (before.kind, before.relation)
