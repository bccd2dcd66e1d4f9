"""Arguments from Python: kinds that are taken, and what is said of the others."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from claimbench.error_words import arguments
from claimbench.errors import BenchError


@pytest.mark.parametrize(
    ("check", "given", "taken"),
    [
        (arguments.several, None, ()),
        (arguments.several, ["a"], ("a",)),
        (arguments.several, (name for name in "ab"), ("a", "b")),
        (arguments.several, pd.Series(["a", "b"]), ("a", "b")),
        (arguments.whole, None, None),
        (arguments.whole, np.int64(3), 3),
        (arguments.dollars, 1, Decimal(1)),
        (arguments.dollars, 0.5, Decimal("0.5")),
        (arguments.dollars, np.float64(0.5), Decimal("0.5")),
        (arguments.dollars, Decimal("2.50"), Decimal("2.50")),
        (arguments.seconds, 0, 0.0),
        (arguments.flag, None, False),
        (arguments.flag, True, True),
        (arguments.changes, None, {}),
        (arguments.changes, {"epochs": 2}, {"epochs": 2}),
        (arguments.path, "a", Path("a")),
        (arguments.path, Path("a"), Path("a")),
        (arguments.paths, [], ()),
        (arguments.paths, [Path("a"), "b"], (Path("a"), Path("b"))),
    ],
)
def test_what_is_unmistakable_is_taken(
    check: Callable[[str, object], Any], given: object, taken: object
) -> None:
    assert check("it", given) == taken


@pytest.mark.parametrize(
    ("check", "given"),
    [
        *((arguments.several, one) for one in ("a", b"a", 3, {"a": 1}, [3], [None], [b"a"])),
        *((arguments.whole, one) for one in ("5", 2.0, 2.5, True, 0, -1, [1], Decimal(1))),
        *((arguments.dollars, one) for one in ("1", True, 0, -1, float("nan"), float("inf"), [1])),
        *((arguments.seconds, one) for one in ("1", True, -1, float("nan"), float("inf"))),
        *((arguments.flag, one) for one in ("no", "", 0, 1, [])),
        *((arguments.changes, one) for one in (["a=b"], "a=b", 3, {3: 1}, {"": 1})),
        *((arguments.path, one) for one in (3, None, "", b"a", ["a"], "a\0b")),
        *((arguments.paths, one) for one in ("a", Path("a"), 3, [3], [""], {"a": 1})),
    ],
)
def test_what_is_of_another_kind_is_refused_with_its_name_and_a_hint(
    check: Callable[[str, object], Any], given: object
) -> None:
    with pytest.raises(BenchError, match=r"^it\b") as refused:
        check("it", given)
    assert refused.value.hint


@pytest.mark.parametrize(
    "given",
    [[], (), set(), iter(()), pd.Series([], dtype=str), np.array([], dtype=str)],
    ids=lambda one: type(one).__name__,
)
def test_an_empty_list_never_means_everything(given: object) -> None:
    with pytest.raises(BenchError, match="an empty list chooses nothing") as refused:
        arguments.several("arms", given)
    assert "leave arms out" in str(refused.value.hint)


@pytest.mark.parametrize(
    ("args", "kwargs", "says"),
    [
        ((), {}, "missing a required argument: 'first'"),
        ((1, 2, 3), {}, "too many positional"),
        ((1,), {"secnd": 1}, "has no setting 'secnd'; did you mean 'second'"),
        ((1,), {"first": 1}, "multiple values"),
    ],
)
def test_a_call_that_does_not_fit_is_both_kinds_of_error(
    args: tuple[object, ...], kwargs: dict[str, object], says: str
) -> None:
    @arguments.told
    def call(first: object, second: object = None) -> tuple[object, object]:
        return first, second

    assert call(1, second=2) == (1, 2)
    call_it: Any = call
    with pytest.raises(BenchError, match=says) as refused:
        call_it(*args, **kwargs)
    assert isinstance(refused.value, TypeError)
    assert "first, second" in str(refused.value.hint)


def test_a_fault_inside_the_call_stays_what_it_is() -> None:
    @arguments.told
    def call(first: Any) -> Any:
        return first + "a"

    with pytest.raises(TypeError) as raised:
        call(1)
    assert not isinstance(raised.value, BenchError)
