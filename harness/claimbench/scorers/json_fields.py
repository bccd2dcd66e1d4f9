"""``json_fields``: the answer as a JSON object, compared field by field; the score is the mean
over the fields.

The answer is the whole text, or the last code fence with JSON in it, or the last object with text
around it (said in the explanation). Anything else - NaN, a duplicate key, a trailing comma, a list
- is ``unparsable``. Null, an empty text and a missing field are the same, nothing said, unless
``missing_is_null`` is false. Fields that were not asked for are ignored.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from claimbench.error_words import did_you_mean
from claimbench.number_text import parse_number
from claimbench.number_text.plain import folded
from claimbench.scorers.base import brief, scored, squeeze, unparsable, visible
from claimbench.scorers.numbers import close
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.scorers.reading.json_text import read_object
from claimbench.types import AnswerSpec, Json, Sample, Score, Task

Compare = Literal["exact", "casefold", "numeric", "set", "unordered"]


class FieldRule(ScorerOptions):
    """How one field is compared."""

    compare: Compare = "exact"
    """exact: equal values, blanks in texts collapsed. casefold: also without case. numeric: as
    numbers, also when written as text. set: lists without order and repetition, texts without case;
    the score is the Jaccard index. unordered: the same items in any order, each as often: 0 or
    1."""
    tolerance: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """For numeric: absolute difference still right."""
    relative: float = Field(default=0.0, ge=0, lt=1, allow_inf_nan=False)
    """For numeric: the same as a share of the target."""


def _rule(value: Any) -> Any:
    return {"compare": value} if isinstance(value, str) else value


class JsonFieldsOptions(ScorerOptions):
    """Options of ``json_fields``."""

    fields: dict[str, Annotated[FieldRule, BeforeValidator(_rule)]] = Field(default_factory=dict)
    """Field (dots reach into objects, numbers into lists: items.0.price) -> exact, casefold,
    numeric, set, unordered, or {compare:, tolerance:, relative:}. Left out: every field of the
    schema, or of the target, compared exactly."""
    which: Literal["last", "first"] = "last"
    """Which object counts where an answer holds several."""
    missing_is_null: bool = True
    """A field that is not there says the same as one that is null; false: it is wrong where the
    target holds the field as null, and the other way round."""


class JsonFieldsScorer:
    """Mean of the fields' scores; each field's score is a part."""

    name = "json_fields"
    version = "3"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self._options = read_options(JsonFieldsOptions, options or {}, self.name)

    def check(self, answer: AnswerSpec) -> str | None:
        """Refuse answers that are no objects, and fields that the schema does not know."""
        if answer.kind != "json":
            return f"the scorer json_fields needs answers of type json, not {answer.kind}"
        known = (answer.schema or {}).get("properties", {})
        for name in self._options.fields:
            if known and name.split(".")[0] not in known:
                return (
                    "json_fields: the answer's schema has no field"
                    f" '{name}'{did_you_mean(name, known)}"
                )
        return None

    def part_names(self, sample: Sample, task: Task) -> tuple[str, ...]:
        """Return the fields compared for this sample."""
        return tuple(self._rules(sample, task))

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:
        """See :class:`claimbench.scorers.base.Scorer`; raises ValueError for a target that is not
        an object.
        """
        rules = self._rules(sample, task)
        if not isinstance(sample.target, dict) or not rules:
            raise ValueError(f"the target {brief(sample.target)} is not an object with fields")
        answer, note = read_object(visible(text), first=self._options.which == "first")
        if answer is None:
            return unparsable(self, call_id, f"{note}: {brief(text)}", dict.fromkeys(rules, 0.0))
        parts = {
            name: self._field(answer, sample.target, name, rule) for name, rule in rules.items()
        }
        wrong = [
            f"{name} {brief(_get(answer, name), 30)} against {brief(_get(sample.target, name), 30)}"
            for name, value in parts.items()
            if value < 1
        ]
        explanation = "; ".join([*([note] if note else []), *(wrong or ["all fields right"])])
        return scored(self, call_id, sum(parts.values()) / len(parts), explanation, parts)

    def _field(self, answer: Json, target: Json, name: str, rule: FieldRule) -> float:
        ours, theirs = _get(answer, name), _get(target, name)
        if not self._options.missing_is_null:
            ours_there, theirs_there = _has(answer, name), _has(target, name)
            if ours_there != theirs_there:
                return 0.0
        return _compare(ours, theirs, rule)

    def _rules(self, sample: Sample, task: Task) -> dict[str, FieldRule]:
        if self._options.fields:
            return dict(self._options.fields)
        names = (task.answer.schema or {}).get("properties") or sample.target
        return dict.fromkeys(names, FieldRule()) if isinstance(names, dict) else {}


def _get(value: Json, path: str) -> Json:
    if isinstance(value, dict) and path in value:
        return value[path]
    for step in path.split("."):
        value = _step(value, step)
    return value


def _step(value: Json, step: str) -> Json:
    if isinstance(value, list) and step.isascii() and step.isdecimal() and len(step) < 10:
        return value[int(step)] if int(step) < len(value) else None
    return value.get(step) if isinstance(value, dict) else None


def _has(value: Json, path: str) -> bool:
    if isinstance(value, dict) and path in value:
        return True
    parent, _, last = path.rpartition(".")
    holder = _get(value, parent) if parent else value
    if isinstance(holder, list):
        return last.isdecimal() and int(last) < len(holder)
    return isinstance(holder, dict) and last in holder


def _nothing(value: Json) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _compare(answer: Json, target: Json, rule: FieldRule) -> float:
    if rule.compare in ("set", "unordered"):  # an empty list says as much as no list
        answer = None if answer == [] else answer
        target = None if target == [] else target
    if _nothing(answer) or _nothing(target):
        return float(_nothing(answer) and _nothing(target))
    if rule.compare == "numeric":
        ours = parse_number(answer)
        theirs = parse_number(target)
        if ours is None or theirs is None:
            return 0.0
        return float(close(ours, theirs, rule.tolerance, rule.relative))
    if rule.compare == "unordered":
        return float(_bag(answer) == _bag(target))
    if rule.compare == "set":
        return _jaccard(answer, target)
    return float(
        _normal(answer, rule.compare == "casefold") == _normal(target, rule.compare == "casefold")
    )


def _jaccard(answer: Json, target: Json) -> float:
    ours = _normal_items(answer)
    theirs = _normal_items(target)
    return len(ours & theirs) / len(ours | theirs) if ours | theirs else 1.0


def _bag(value: Json) -> Counter[str]:
    items = value if isinstance(value, list) else [value]
    return Counter(_normal(item, False) for item in items)


def _normal_items(value: Json) -> set[str]:
    items = value if isinstance(value, list) else [value]
    return {_normal(item, True) for item in items}


def _normal(value: Json, fold: bool) -> str:
    """Return one spelling of a JSON value: numbers by value, texts squeezed, booleans apart from
    numbers.
    """
    if isinstance(value, str):
        text = squeeze(value)
        return json.dumps(folded(text) if fold else text)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dict):
        return (
            "{"
            + ",".join(f"{json.dumps(key)}:{_normal(value[key], fold)}" for key in sorted(value))
            + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(_normal(item, fold) for item in value) + "]"
    return json.dumps(value)
