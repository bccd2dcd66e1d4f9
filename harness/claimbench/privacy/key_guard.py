"""Keys that a server gives back never reach a record: errors may quote a header or an address,
answers echo them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import Enum
from functools import cache
from typing import Any

from claimbench.privacy.redact import Redactor, forms
from claimbench.provider.attempt import CollectedAnswer, Tried
from claimbench.types import Attempt

_BETWEEN = "\x00"
LONG_ENOUGH = 16
"""Only keys of this length are masked in answers: a shorter one could be a word that a model has
every right to say.
"""


@dataclass(frozen=True, slots=True)
class KeyGuard:
    """Cleans attempts before they are stored.

    ``secrets``: exact values that no error may show, beside whatever has the shape of a key.
    ``keys``: those of the run's own arms, which nothing else of an attempt may hold either.
    """

    secrets: tuple[str, ...] = field(default=(), repr=False)
    keys: tuple[str, ...] = field(default=(), repr=False)
    _forms: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        long = [key for key in self.keys if len(key) >= LONG_ENOUGH]
        object.__setattr__(self, "_forms", frozenset(form for key in long for form in forms(key)))

    def clean(self, tried: Tried) -> Tried:
        """Return the attempt without any key; the very same where it holds none."""
        attempt = tried.attempt
        if attempt.error is not None:
            error = Redactor("full", (*self.secrets, *self.keys)).mask(attempt.error)
            tried = replace(tried, attempt=replace(attempt, error=error))
        if not self._forms or not self._echoed(tried):
            return tried
        # only exact values here: what merely looks like a key may be the answer
        exact = Redactor(
            "full", tuple(key for key in self.keys if len(key) >= LONG_ENOUGH), shapes=False
        )
        changes: dict[str, Any] = {name: _masked(value, exact) for name, value in _given(attempt)}
        answer = tried.answer
        others = {name: _masked(value, exact) for name, value in _given(answer)}
        # A key may stand across two parts
        parts = {"parts": [exact.mask(answer.text)]}
        parts["reasoning_parts"] = [exact.mask(answer.reasoning)]
        cleaned = replace(answer, **{**others, **parts})
        return replace(tried, attempt=replace(tried.attempt, **changes), answer=cleaned)

    def _echoed(self, tried: Tried) -> bool:
        texts = [tried.answer.text, tried.answer.reasoning]
        for value in (tried.attempt, tried.answer):
            for _, given in _given(value):
                if given is not None:
                    _collect(given, texts)
        whole = _BETWEEN.join(texts)  # no key holds what stands between
        return any(form in whole for form in self._forms)


_OWN = frozenset({"call_id", "timing", "parts", "part_ns", "chunk_ns"})
"""What we write ourselves, or look through in another way."""


def _given(value: Attempt | CollectedAnswer) -> Iterator[tuple[str, Any]]:
    """Give every field that may hold what a server said: names, ids, reasons, raw usage."""
    kind: Any = type(value)
    for name in _names(kind):
        if name not in _OWN:
            yield name, getattr(value, name)


@cache
def _names(kind: type) -> tuple[str, ...]:
    """Return the names of a dataclass's fields; none for another type."""
    return tuple(one.name for one in fields(kind)) if is_dataclass(kind) else ()


def _collect(value: Any, texts: list[str]) -> None:
    """Add every text inside ``value`` to ``texts``."""
    if isinstance(value, str):
        texts.append(value)
    elif value is None or isinstance(value, int | float):
        return
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            texts.append(str(key))
            _collect(inner, texts)
    elif isinstance(value, list | tuple):
        for inner in value:
            _collect(inner, texts)
    else:
        for name in _names(value.__class__):
            _collect(getattr(value, name), texts)


def _masked(value: Any, exact: Redactor) -> Any:
    """Return the value with every text in it masked, of the same types as before."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return exact.mask(value)
    if isinstance(value, Mapping):
        return {exact.mask(str(key)): _masked(inner, exact) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner, exact) for inner in value]
    if isinstance(value, tuple):
        return tuple(_masked(inner, exact) for inner in value)
    if is_dataclass(value) and not isinstance(value, type):
        inner = {name: _masked(getattr(value, name), exact) for name in _names(value.__class__)}
        return replace(value, **inner)
    return value
