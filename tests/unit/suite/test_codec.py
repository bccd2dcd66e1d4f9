"""JSON values become the domain types, or the first that does not fit is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

import pytest

from claimbench.codec import Mismatch, read
from claimbench.types import Json


@dataclass(frozen=True, slots=True)
class Inner:
    share: float
    kind: Literal["a", "b"] = "a"


@dataclass(frozen=True, slots=True)
class Outer:
    name: str
    n: int
    on: bool
    inner: Inner
    many: tuple[Inner, ...] = ()
    pair: tuple[str, int] = ("x", 0)
    money: Decimal | None = None
    by_name: Mapping[str, Decimal] = field(default_factory=dict)
    anything: Json = None


WHOLE: dict[str, Any] = {
    "name": "é", "n": 3, "on": True, "inner": {"share": 1}, "many": [{"share": 0.5, "kind": "b"}], "pair": ["y", 2],
    "money": "0.10", "by_name": {"k": "1E+2"}, "anything": [1, {"z": None}], "of a newer version": 1,
}  # fmt: skip


def test_a_whole_value() -> None:
    made = read(Outer, WHOLE)
    assert made == Outer(
        "é",
        3,
        True,
        Inner(1.0),
        (Inner(0.5, "b"),),
        ("y", 2),
        Decimal("0.10"),
        {"k": Decimal("1E+2")},
        [1, {"z": None}],
    )
    assert isinstance(made.inner.share, float)
    assert read(Outer, {k: WHOLE[k] for k in ("name", "n", "on", "inner")}) == Outer(
        "é", 3, True, Inner(1.0)
    )


@pytest.mark.parametrize(
    ("change", "where", "what"),
    [
        ({"name": 1}, ("name",), "1 is not text"),
        ({"name": None}, ("name",), "None is not text"),
        ({"n": 1.5}, ("n",), "not a whole number"),
        ({"n": True}, ("n",), "not a whole number"),
        ({"on": 1}, ("on",), "not true or false"),
        ({"inner": {"share": "0.5"}}, ("inner", "share"), "not a number"),
        ({"inner": {}}, ("inner", "share"), "missing"),
        ({"inner": []}, ("inner",), "not an object"),
        ({"many": {"share": 1}}, ("many",), "not a list"),
        (
            {"many": [{"share": 1}, {"share": 1, "kind": "c"}]},
            ("many", 1, "kind"),
            "'c' is not one of a, b",
        ),
        ({"pair": ["y"]}, ("pair",), "not a list of 2"),
        ({"pair": ["y", "2"]}, ("pair", 1), "not a whole number"),
        ({"money": "much"}, ("money",), "'much' is not an amount"),
        ({"money": 0.1}, ("money",), "not text"),
        ({"by_name": {"k": []}}, ("by_name", "k"), "not text"),
        ({"by_name": []}, ("by_name",), "not an object"),
    ],
)
def test_what_does_not_fit_is_named(
    change: dict[str, Json], where: tuple[str | int, ...], what: str
) -> None:
    with pytest.raises(Mismatch, match=what) as caught:
        read(Outer, {**WHOLE, **change})
    assert caught.value.where == where


def test_a_type_that_json_cannot_hold() -> None:
    @dataclass(frozen=True)
    class Odd:
        raw: bytes

    with pytest.raises(TypeError, match="bytes"):
        read(Odd, {"raw": "x"})
