"""``bench init``, the decision: what kind of answer is asked for, and which examples show it."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from claimbench.errors import SuiteError
from claimbench.init.columns import UsableRow, draw, one_spelling, plain
from claimbench.number_text import parse_number
from claimbench.suite.datasets import parse_json
from claimbench.types import AnswerKind, Json

_MAX_LABELS = 200
_MAX_LABEL_CHARS = 60
_FEW_RATINGS = 12
_MIN_ROWS_FOR_EXAMPLES = 30
_EXAMPLE_CHARS = 600
_FINAL_NUMBER = re.compile(r"####\s*([-−]?[\d.,]+)\s*\Z")


@dataclass(frozen=True, slots=True)
class AnswerPlan:
    """The answer space and how it is asked for. ``why`` says what the data showed; ``worked``:
    targets show the way.
    """

    kind: AnswerKind
    labels: tuple[str, ...] = ()
    schema: Mapping[str, Json] | None = None
    worked: bool = False
    max_tokens: int = 64
    why: str = ""


def decide(items: Sequence[UsableRow], path: str) -> tuple[AnswerPlan, list[UsableRow], list[str]]:
    """Decide the kind of answer from the targets; returns the plan, the items with targets in its
    form, and notes.
    """
    as_json = _json_plan(items, path)
    if as_json is not None:
        return *as_json, []
    nested = next((item for item in items if isinstance(item.target, dict | list)), None)
    if nested is not None:
        raise SuiteError(
            "some targets are objects or lists and some are not", path=path, line=nested.line
        )
    worked = [_FINAL_NUMBER.search(plain(item.target)) for item in items]
    if all(worked):
        values = [
            replace(
                item,
                target=match.group(1),
                values={**item.values, "worked_answer": plain(item.target)},
            )
            for item, match in zip(items, worked, strict=True)
            if match is not None
        ]
        plan = AnswerPlan(
            "number", worked=True, max_tokens=400, why="numbers: every target ends in '#### number'"
        )
        return plan, values, []
    joined, notes = one_spelling(items)
    counts = Counter(plain(item.target) for item in joined)
    if len(counts) == 1:
        raise SuiteError(
            f"every target is '{next(iter(counts))}': there is nothing to measure",
            path=path,
            line=1,
        )
    numeric = all(parse_number(name) is not None for name in counts)
    if numeric and (len(counts) > _FEW_RATINGS or len(counts) > len(joined) / 3):
        values = [replace(item, target=plain(item.target)) for item in items]
        return (
            AnswerPlan(
                "number",
                max_tokens=24,
                why=f"numbers: {len(counts)} different ones in the target column",
            ),
            values,
            [],
        )
    if _are_labels(counts):
        labels = tuple(sorted(counts, key=_label_order))
        longest = max(map(len, labels))
        plan = AnswerPlan(
            "label",
            labels,
            max_tokens=max(16, longest // 2 + 8),
            why=f"labels: {len(labels)} different values in {len(joined)} rows",
        )
        return plan, joined, notes
    lengths = sorted(len(plain(item.target)) for item in items)
    tokens = min(1024, max(32, lengths[int(0.98 * (len(lengths) - 1))] // 2))
    values = [replace(item, target=plain(item.target)) for item in items]
    return (
        AnswerPlan(
            "text",
            max_tokens=tokens,
            why=f"free text: {len(counts)} different targets in {len(items)} rows",
        ),
        values,
        [],
    )


def _are_labels(counts: Mapping[str, int]) -> bool:
    """Labels are few, short and repeated; free text is none of these."""
    if len(counts) > _MAX_LABELS or max(map(len, counts)) > _MAX_LABEL_CHARS:
        return False
    return sum(counts.values()) / len(counts) >= 2


def _label_order(label: str) -> tuple[bool, float, str]:
    number = parse_number(label)
    return number is None, float(number) if number is not None else 0.0, label.casefold()


def _json_plan(items: Sequence[UsableRow], path: str) -> tuple[AnswerPlan, list[UsableRow]] | None:
    """Return the plan for targets that are JSON objects, in JSONL or as text, or None."""
    objects: list[dict[str, Json]] = []
    for item in items:
        target = item.target
        if isinstance(target, str) and target.lstrip().startswith("{"):
            try:
                target = parse_json(target, path, item.line)
            except SuiteError:
                return None
        if not isinstance(target, dict) or not target:
            return None
        objects.append(target)
    fields = list(dict.fromkeys(name for target in objects for name in target))
    schema: dict[str, Json] = {
        "type": "object",
        "properties": {
            name: {"type": _types([target.get(name) for target in objects])} for name in fields
        },
        "required": fields,
        "additionalProperties": False,
    }
    filled = [
        replace(item, target={name: target.get(name) for name in fields})
        for item, target in zip(items, objects, strict=True)
    ]
    longest = max(len(json.dumps(item.target, ensure_ascii=False)) for item in filled)
    plan = AnswerPlan(
        "json",
        schema=schema,
        max_tokens=min(1024, longest + 32),
        why=f"JSON: the targets are objects with {len(fields)} fields",
    )
    return plan, filled


def _types(values: Sequence[Json]) -> str | list[str]:
    names = {
        bool: "boolean",
        int: "number",
        float: "number",
        str: "string",
        list: "array",
        dict: "object",
    }
    found = sorted({"null" if value is None else names[type(value)] for value in values})
    return found[0] if len(found) == 1 else found


def choose_examples(
    items: Sequence[UsableRow], plan: AnswerPlan, seed: int
) -> tuple[list[UsableRow], list[UsableRow]]:
    """Choose few-shot examples by seed and hold them out; returns (examples, items left to
    measure).

    Held out with an example is whatever shares its cluster or repeats its input. Examples come from
    small clusters and short rows, never from rows with conflicting targets, and stand in random
    order.
    """
    if len(items) < _MIN_ROWS_FOR_EXAMPLES:
        return [], list(items)
    sizes = Counter(item.cluster for item in items)
    targets: dict[str, set[str]] = defaultdict(set)
    for item in items:
        targets[item.key].add(repr(item.target))
    usable = [
        item for item in items if len(item.key) <= _EXAMPLE_CHARS and len(targets[item.key]) == 1
    ]
    usable.sort(key=lambda item: (sizes[item.cluster] > 3, draw(seed, item.id)))
    if plan.kind == "label":
        counts = Counter(plain(item.target) for item in items)
        wanted = sorted(
            (name for name in counts if counts[name] >= 3), key=lambda name: draw(seed, name)
        )[:8]
        chosen = [next((item for item in usable if item.target == name), None) for name in wanted]
        examples = [item for item in chosen if item is not None]
    else:
        examples = usable[:3]
    out_clusters, out_keys = {item.cluster for item in examples}, {item.key for item in examples}
    rest = [item for item in items if item.cluster not in out_clusters and item.key not in out_keys]
    if len(rest) < len(items) / 2:  # a file of few big clusters has none to spare
        return [], list(items)
    return sorted(examples, key=lambda item: draw(seed + 1, item.id)), rest
