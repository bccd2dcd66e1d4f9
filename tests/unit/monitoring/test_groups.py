"""Samples that either run ties together stay together."""

from __future__ import annotations

import pytest

from claimbench.monitoring.groups import joined


@pytest.mark.parametrize(
    ("base", "new", "groups"),
    [
        ("aabb", "wxyz", 2),
        ("abcd", "wwzz", 2),
        ("aabc", "wxxz", 2),
        ("aabbcc", "uvvwwx", 1),
        ("abc", "xyz", 3),
        ("", "", 0),
    ],
)
def test_two_groupings_are_joined(base: str, new: str, groups: int) -> None:
    found = joined(list(base), list(new))
    assert len(set(found)) == groups
    for ours in (base, new):
        ties = {(a, b) for a, b in zip(ours, found, strict=True)}
        assert len(ties) == len(set(ours))
