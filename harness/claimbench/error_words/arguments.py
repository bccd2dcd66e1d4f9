"""Arguments of calls from Python: what is of another kind, empty or misspelt is refused in words
before anything is read, paid or sent.

None means "not given" everywhere. Nothing is turned from text into a number or from one text into a
list, so that a slip is never taken for a wish.
"""

from __future__ import annotations

import inspect
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from functools import wraps
from numbers import Real
from os import PathLike, fspath
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

from claimbench.error_words import did_you_mean, one_of, show
from claimbench.errors import BenchError

P = ParamSpec("P")
R = TypeVar("R")

SENTENCE = 'for example run.judge("20% cheaper than gpt", arm="local")'
"""The hint where a sentence to be judged, or a field of it, is none."""


class ArgumentError(BenchError, TypeError):
    """A call with an argument that it does not take; a TypeError too, as Python's own is."""


def told(call: Callable[P, R]) -> Callable[P, R]:
    """Return ``call``, refusing arguments that do not fit its signature as :class:`ArgumentError`
    with the nearest name.
    """
    signature = inspect.signature(call)
    open_ended = any(
        one.kind is inspect.Parameter.VAR_KEYWORD for one in signature.parameters.values()
    )

    @wraps(call)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        known = [name for name in signature.parameters if name != "self"]
        for name in () if open_ended else kwargs:
            if name not in known:
                raise unknown(call.__qualname__, name, known)
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            raise ArgumentError(
                f"claimbench.{call.__qualname__}: {error}", hint=f"it takes: {one_of(known, 30)}"
            ) from None
        return call(*args, **kwargs)

    return checked


def unknown(call: str, name: str, known: Iterable[str]) -> ArgumentError:
    """Return the error of a setting that a call does not have."""
    names = list(known)
    return ArgumentError(
        f"claimbench.{call} has no setting '{name}'{did_you_mean(name, names)}",
        hint=f"it takes: {one_of(names, 30)}",
    )


def several(what: str, given: object, example: str = "name") -> tuple[str, ...]:
    """Return a list of texts; nothing for None.

    Raises:
        BenchError: it is one text, a mapping or no list, holds something else than text, or is
            empty: a list that was computed and came out empty must not mean everything.
    """
    if given is None:
        return ()
    if isinstance(given, str):
        raise BenchError(f"{what}={show(given)}: a list is wanted", hint=f"{what}=[{given!r}]")
    if isinstance(given, Mapping | bytes) or not isinstance(given, Iterable):
        raise BenchError(f"{what}={show(given)}: a list is wanted", hint=f'{what}=["{example}"]')
    found = tuple(given)
    for one in found:
        if not isinstance(one, str):
            raise BenchError(
                f"{what}: {show(one)} is no text", hint=f"text is wanted: {what}=[{str(one)!r}]"
            )
    if not found:
        raise BenchError(
            f"{what}={show(given)}: an empty list chooses nothing",
            hint=f"name some, or leave {what} out (None)",
        )
    return found


def text(what: str, given: object, example: str) -> str | None:
    """Return a text; None for None.

    Raises:
        BenchError: it is something else.
    """
    if given is None or isinstance(given, str):
        return given
    raise BenchError(
        f"{what}={show(given)}: text is wanted", hint=f'for example {what}="{example}"'
    )


def path(what: str, given: object) -> Path:
    """Return a path.

    Raises:
        BenchError: it is neither text nor a path, or empty.
    """
    if isinstance(given, str | PathLike):
        said = fspath(given)
        if isinstance(said, str) and said and "\0" not in said:
            return Path(said)
    raise BenchError(
        f"{what}={show(given)}: the path of a file or folder is wanted",
        hint="give it as text or as a pathlib.Path",
    )


def paths(what: str, given: object) -> tuple[Path, ...]:
    """Return a list of paths; nothing for None or an empty list.

    Raises:
        BenchError: it is one path or no list, or holds something else.
    """
    if given is None:
        return ()
    if isinstance(given, str | bytes | PathLike | Mapping) or not isinstance(given, Iterable):
        raise BenchError(
            f"{what}={show(given)}: a list of paths is wanted", hint=f'{what}=["file"]'
        )
    return tuple(path(what, one) for one in given)


def changes(what: str, given: object) -> Mapping[str, object]:
    """Return a mapping of keys to values; an empty one for None.

    Raises:
        BenchError: it is no mapping, or a key is no text.
    """
    hint = f'for example {what}={{"epochs": 2}}'
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise BenchError(f"{what}={show(given)}: a mapping of keys to values is wanted", hint=hint)
    for key in given:
        if not isinstance(key, str) or not key:
            raise BenchError(f"{what}: {show(key)} is no key of a suite", hint=hint)
    return given


def flag(what: str, given: object) -> bool:
    """Return True or False; False for None.

    Raises:
        BenchError: it is neither; the text "no" would count as true.
    """
    if given is None:
        return False
    if isinstance(given, bool):
        return given
    raise BenchError(f"{what}={show(given)}: True or False is wanted", hint=f"{what}=True")


def whole(what: str, given: object) -> int | None:
    """Return a whole number from 1 on; None for None.

    Raises:
        BenchError: it is something else, such as a text or True.
    """
    if given is None:
        return None
    if not isinstance(given, bool):
        try:
            number = operator.index(cast("int", given))
        except TypeError:
            number = 0
        if number >= 1:
            return number
    raise BenchError(
        f"{what}={show(given)}: a whole number from 1 on is wanted",
        hint=f"for example {what}=20; leave it out for all",
    )


def seconds(what: str, given: object) -> float | None:
    """Return a number of seconds from 0 on; None for None.

    Raises:
        BenchError: it is something else.
    """
    if given is None:
        return None
    if not isinstance(given, bool) and isinstance(given, Real):
        number = float(given)
        if math.isfinite(number) and number >= 0:
            return number
    raise BenchError(
        f"{what}={show(given)}: a number of seconds from 0 on is wanted",
        hint=f"for example {what}=600",
    )


def dollars(what: str, given: object) -> Decimal | None:
    """Return a positive amount of dollars; None for None.

    Raises:
        BenchError: it is no number (a text is none), not finite, or not above 0.
    """
    if given is None:
        return None
    hint = f'for example {what}=2.5, or Decimal("2.50")'
    amount = None
    if not isinstance(given, bool) and isinstance(given, Decimal | Real):
        try:
            amount = Decimal(str(given))
        except InvalidOperation:
            amount = None
    if amount is None:
        raise BenchError(
            f"{what}={show(given)}: not an amount of dollars; a number is wanted", hint=hint
        )
    if not amount.is_finite() or amount <= 0:
        raise BenchError(f"{what}={show(given)}: a positive amount of dollars is wanted", hint=hint)
    return amount
