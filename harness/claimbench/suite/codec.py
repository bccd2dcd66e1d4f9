"""JSON values -> the frozen domain types, by their annotations, every value checked.

For what was stored and may have been changed since. pydantic would do the same, but takes a sixth
of a second to load, in commands that need it for nothing else.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import types as pytypes
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from claimbench.errors import IntegrityError
from claimbench.scorers.judge import check_judges
from claimbench.types import Arm, Json, Sample, SamplingParams, Suite, Task

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")
_Read = Callable[[Any], Any]


class Mismatch(ValueError):
    """A value is not of its type. ``where``: the path to it, outermost first."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.where: tuple[str | int, ...] = ()

    def inside(self, step: str | int) -> Mismatch:
        """The same one level further out."""
        self.where = (step, *self.where)
        return self


def read(cls: type[T], value: Json) -> T:
    """The instance of the dataclass ``cls`` that the JSON value describes.

    Fields which it lacks get their defaults; those that ``cls`` does not know are passed over.

    Raises:
        Mismatch: a value of another type than its field's, or a field without default is missing.
    """
    hint: Any = cls
    result: T = _reader(hint)(value)
    return result


@cache
def _reader(hint: Any) -> _Read:
    origin, args = get_origin(hint), get_args(hint)
    if hint is Any:
        return lambda value: value
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _dataclass(hint)
    if origin in (Union, pytypes.UnionType) and len(args) == 2 and type(None) in args:
        inner = _reader(args[0] if args[1] is type(None) else args[1])
        return lambda value: None if value is None else inner(value)
    if origin is Literal:
        return _literal(args)
    if origin is tuple:
        return _tuple(args)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(_reader(args[1]))
    if hint in _SCALARS:
        return _SCALARS[hint]
    raise TypeError(f"no JSON is read as {hint!r}")


def _dataclass(cls: type) -> _Read:
    hints = get_type_hints(cls)
    fields = [(item.name, _reader(hints[item.name])) for item in dataclasses.fields(cls)]
    unset = dataclasses.MISSING
    required = {
        f.name for f in dataclasses.fields(cls) if f.default is unset and f.default_factory is unset
    }

    def make(value: Any) -> Any:
        if not isinstance(value, dict):
            raise _not(value, "an object")
        given = {}
        for name, convert in fields:
            if name in value:
                try:
                    given[name] = convert(value[name])
                except Mismatch as wrong:
                    raise wrong.inside(name) from None
            elif name in required:
                raise Mismatch("it is missing").inside(name)
        return cls(**given)

    return make


def _tuple(args: tuple[Any, ...]) -> _Read:
    each = _reader(args[0]) if len(args) == 2 and args[1] is Ellipsis else None
    fixed = [] if each else [_reader(arg) for arg in args]

    def make(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise _not(value, "a list")
        if not each and len(value) != len(fixed):
            raise _not(value, f"a list of {len(fixed)}")
        made = []
        for index, item in enumerate(value):
            try:
                made.append((each or fixed[index])(item))
            except Mismatch as wrong:
                raise wrong.inside(index) from None
        return tuple(made)

    return make


def _mapping(inner: _Read) -> _Read:
    def make(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _not(value, "an object")
        made = {}
        for key, item in value.items():
            try:
                made[key] = inner(item)
            except Mismatch as wrong:
                raise wrong.inside(key) from None
        return made

    return make


def _literal(choices: tuple[Any, ...]) -> _Read:
    def check(value: Any) -> Any:
        if not isinstance(value, str) or value not in choices:
            raise _not(value, f"one of {', '.join(map(str, choices))}")
        return value

    return check


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise _not(value, "text")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _not(value, "a whole number")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _not(value, "a number")
    return float(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _not(value, "true or false")
    return value


def _decimal(value: Any) -> Decimal:
    try:
        return Decimal(_string(value))
    except InvalidOperation:
        raise _not(value, "an amount") from None


_SCALARS: Mapping[Any, _Read] = {
    str: _string,
    int: _whole,
    float: _number,
    bool: _truth,
    Decimal: _decimal,
}


def _not(value: Any, what: str) -> Mismatch:
    return Mismatch(f"{value!r:.60} is not {what}")


SUITE_JSON_SCHEMA = 1
"""Version of the JSON form. History: 1 = first."""

_MEASURED_VERSION = 1
_JUDGING_VERSION = 1
"""Rises when what a judge is told around the suite's own words changes
(:mod:`claimbench.plan.judges`).
"""


_LINES = {"__all__": {"line", "option_lines"}}  # of an arm: they say nothing about what is measured
_NOT_STORED: Any = {"arms": _LINES, "judges": _LINES}


@cache
def _adapter() -> TypeAdapter[Suite]:
    from pydantic import TypeAdapter  # who only reads stored suites does without

    return TypeAdapter(Suite)


def suite_to_json(suite: Suite) -> dict[str, Json]:
    """Return the suite as JSON values; money as text. Inverse: :func:`suite_from_json`."""
    dumped: dict[str, Json] = _adapter().dump_python(suite, mode="json", exclude=_NOT_STORED)
    return {"schema": SUITE_JSON_SCHEMA, **dumped}


def suite_from_json(data: Mapping[str, Json]) -> Suite:
    """Rebuild a suite from its JSON form; raises :class:`IntegrityError` where it is not one."""
    version = data.get("schema")
    if version != SUITE_JSON_SCHEMA:
        raise IntegrityError(
            f"the stored suite has schema {version!r}, this ClaimBench reads {SUITE_JSON_SCHEMA}",
            hint="use the ClaimBench version that wrote the run",
        )
    try:
        suite = read(Suite, data)
    except Mismatch as wrong:
        where = ".".join(map(str, wrong.where))
        raise IntegrityError(f"the stored suite is damaged at {where}: {wrong}") from None
    check_judges(suite.tasks)
    return suite


def canonical_json(value: Json) -> bytes:
    """Return one spelling of a JSON value, for hashing: sorted keys, no blanks, UTF-8."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def measured_sha256(
    tasks: tuple[Task, ...], sampling: SamplingParams, epochs: int, judges: tuple[Arm, ...] = ()
) -> str:
    """Hash what decides the numbers of a run; two results are comparable only if it is equal.

    Covered: the rows as loaded (masked, if so, and how), prompts, few-shot examples, answer space,
    scorers, max_tokens, stop, sampling, epochs; and the judges' models with their settings, for
    they decide scores. Not covered: claims, arms, budget, prose, and where in a file a row stood.
    """
    measured: dict[str, Any] = {
        "v": _MEASURED_VERSION,
        "sampling": dataclasses.asdict(sampling),
        "epochs": epochs,
        "tasks": [_measured_task(task) for task in tasks],
    }
    if judges:  # a suite without any keeps its hash
        measured["judges"] = {
            "v": _JUDGING_VERSION,
            "models": [_measured_judge(judge) for judge in judges],
        }
    return hashlib.sha256(canonical_json(measured)).hexdigest()


def _measured_task(task: Task) -> dict[str, Json]:
    bare = dataclasses.asdict(dataclasses.replace(task, samples=(), few_shot=()))
    del bare["masked"]  # not there before masks were: a suite without one keeps its hash
    if task.masked is not None:
        bare["mask"] = dataclasses.asdict(task.masked.spec)
    return bare | {
        "samples": list(map(_measured, task.samples)),
        "few_shot": list(map(_measured, task.few_shot)),
    }


def _measured_judge(judge: Arm) -> dict[str, Json]:
    return {
        "name": judge.name,
        "provider": judge.provider,
        "model": judge.model,
        "revision": judge.revision,
        "params": dataclasses.asdict(judge.params),
        "options": judge.options,
    }


def _measured(sample: Sample) -> dict[str, Json]:
    # by name, for asdict copies deeply and a suite may have many rows
    return {
        "id": sample.id,
        "input": sample.input,
        "target": sample.target,
        "cluster": sample.cluster,
        "slices": sample.slices,
    }
