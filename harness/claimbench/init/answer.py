"""``bench init``, the decision: what kind of answer is asked for, and which examples show it."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from claimbench.errors import SuiteError
from claimbench.init.columns import ALIAS_NAMES, UsableRow, draw, one_spelling, plain
from claimbench.init.targets.judged import rubric_by_name, rubric_of
from claimbench.init.targets.nested import mixed_targets, refuse_nested, refuse_the_same
from claimbench.init.targets.typed import (
    amounts_decimal,
    date_order,
    final_answers,
    signed_numbers,
    whole_numbers,
    without_midnight,
)
from claimbench.number_text import parse_number
from claimbench.suite.datasets import parse_json
from claimbench.types import AnswerKind, Json

_MAX_LABELS = 200
_MAX_LABEL_CHARS = 60
_FEW_RATINGS = 12
_MIN_ROWS_FOR_EXAMPLES = 30
_EXAMPLE_CHARS = 600


@dataclass(frozen=True, slots=True)
class AnswerPlan:
    """The answer space and how it is asked for. ``why`` says what the data showed; ``worked``:
    targets show the way and mark their answer like this.
    """

    kind: AnswerKind
    labels: tuple[str, ...] = ()
    schema: Mapping[str, Json] | None = None
    worked: str = ""
    max_tokens: int = 64
    why: str = ""
    sets: tuple[str, ...] = ()
    """Fields of JSON that are lists without an order."""
    aliases: bool = False
    """Further right answers stand in the column :data:`ALIASES`."""
    graded: bool = False
    """Labels are grades of a scale, near which an answer can be."""
    date_order: str = ""
    """Targets are days of the calendar: "any" where each has one reading, else their order."""
    amounts_decimal: str = ""
    """Targets are numbers with units, written with this decimal sign; empty: they are not."""
    rubric: str = ""
    """How a model judges what equality cannot: code, summaries, long replies; empty: no judge."""


def decide(
    items: Sequence[UsableRow], path: str, column: str = "", inputs: Sequence[str] = ()
) -> tuple[AnswerPlan, list[UsableRow], list[str]]:
    """Decide the kind of answer from the targets; returns the plan, the items with targets in its
    form, and notes. ``column`` is the targets' name, which tells aliases from labels, ``inputs``
    are those of what is shown, which tell translations.
    """
    refuse_the_same(items, path, column)
    listed = _list_plan(items, path, column)
    if isinstance(listed, tuple):
        return listed
    notes_before: list[str] = []
    if listed is not None:
        items = listed
        if all(len(item.values[ALIASES]) == 1 for item in listed):
            notes_before = ["targets are lists of one: its item is the target"]
        else:
            notes_before = [
                "targets are lists of right answers: the first is the target, and the others stand"
                f" in {ALIASES}, which the scorer takes for right too"
            ]
    plan, rest, notes = _decide(items, path, column)
    if listed is not None and plan.kind in ("text", "label", "number"):
        several = any(len(item.values[ALIASES]) > 1 for item in rest)
        kind: AnswerKind = "text" if plan.kind == "number" and several else plan.kind
        plan = replace(plan, kind=kind, aliases=several)
        if several:
            plan = replace(plan, amounts_decimal="")  # quantity knows one right answer
    if (
        plan.kind == "text"
        and not plan.rubric
        and not plan.date_order
        and not plan.amounts_decimal
        and not plan.worked
    ):
        named = rubric_by_name([plain(item.target) for item in rest], column, inputs)
        if named is not None:
            plan = replace(plan, rubric=named[0], why=named[1], aliases=False)
    grades = plan.kind == "label" and len(plan.labels) > 2
    if (
        grades
        and _GRADE_NAMES.search(column)
        and all(parse_number(label) is not None for label in plan.labels)
    ):
        plan = replace(plan, graded=True, why=f"{plan.why}, grades of a scale by their name")
    return plan, rest, [*notes_before, *notes]


_GRADE_NAMES = re.compile(
    r"(^|[\W_])(ratings?|grades?|relevance|rel|stars?|scores?|gain|level|likert|severity)([\W_]|$)",
    re.I,
)


ALIASES = "all_right_answers"


def _list_plan(
    items: Sequence[UsableRow], path: str, column: str
) -> tuple[AnswerPlan, list[UsableRow], list[str]] | list[UsableRow] | None:
    """Return the plan for targets that are lists of labels; items with their first target where
    they are lists of right answers; None where they are no lists of texts.
    """
    lists: list[list[str]] = []
    for item in items:
        value = item.target
        if isinstance(value, str) and value.lstrip().startswith("["):
            try:
                value = parse_json(value, path, item.line)
            except SuiteError:
                return None
        if isinstance(value, list) and value and all(_has_text(one) for one in value):
            value = list(dict.fromkeys(one["text"] for one in value))  # SQuAD's objects
        plain_items = isinstance(value, list) and not any(
            isinstance(one, dict | list) or one is None for one in value
        )
        if not plain_items:
            return None
        lists.append(list(dict.fromkeys(plain(one) for one in value)))
    if all(len(several) == 1 for several in lists):
        return [
            replace(item, target=several[0], values={**item.values, ALIASES: several})
            for item, several in zip(items, lists, strict=True)
        ]
    counts = Counter(one for several in lists for one in several)
    repeated = sum(counts.values()) >= 2 * len(counts)
    if ALIAS_NAMES.search(column) or not repeated or len(counts) > _MAX_LABELS:
        made = []
        for item, several in zip(items, lists, strict=True):
            if not several:
                raise SuiteError("a list without a right answer", path=path, line=item.line)
            values = {**item.values, ALIASES: several}
            made.append(replace(item, target=several[0], values=values))
        return made
    name = column.rpartition(".")[2] or "labels"
    labels = sorted(counts, key=str.casefold)
    schema: dict[str, Json] = {
        "type": "object",
        "properties": {name: {"type": "array", "items": {"type": "string", "enum": labels}}},
        "required": [name],
        "additionalProperties": False,
    }
    room = max(tokens_for(json.dumps({name: several}, ensure_ascii=False)) for several in lists)
    plan = AnswerPlan(
        "json",
        schema=schema,
        max_tokens=room + 16,
        why=f"several labels at once: {len(labels)} different ones in {len(items)} rows",
        sets=(name,),
    )
    filled = [
        replace(item, target={name: several}) for item, several in zip(items, lists, strict=True)
    ]
    return plan, filled, []


def mute_labels(plan: AnswerPlan) -> list[str]:
    """Say that labels which are bare numbers tell a model nothing: 0 and 1 of a data set."""
    bare = plan.kind == "label" and all(label.isdecimal() for label in plan.labels)
    if not bare or plan.graded or len(plan.labels) > _FEW_RATINGS:
        return []
    named = ", ".join(plan.labels)
    return [
        f"the labels {named} say nothing to a model: write in the prompt what each means, or put"
        " words in the column"
    ]


def _has_text(value: Json) -> bool:
    return isinstance(value, dict) and isinstance(value.get("text"), str)


def tokens_for(text: str) -> int:
    """Return a safe bound of a text's tokens: two ASCII letters a token, every other sign one, and
    one a byte beyond ASCII (tokenizers of small vocabularies fall back to bytes).
    """
    letters = sum(1 for char in text if char.isascii() and char.isalpha())
    signs = sum(1 for char in text if char.isascii() and not char.isalpha() and char != " ")
    beyond = len(text.encode("utf-8", "replace")) - sum(1 for char in text if char.isascii())
    return letters // 2 + signs + beyond + 1


def _decide(
    items: Sequence[UsableRow], path: str, column: str
) -> tuple[AnswerPlan, list[UsableRow], list[str]]:
    as_json = _json_plan(items, path)
    if as_json is not None:
        return *as_json, []
    refuse_nested(items, path, column)
    if any(isinstance(item.target, dict | list) for item in items):
        raise mixed_targets(items, path, column)
    worked = _worked_plan(items)
    if worked is not None:
        return *worked, []
    joined, notes = one_spelling(items)
    joined, signed = signed_numbers(joined)
    joined, whole = whole_numbers(joined)
    counts = Counter(plain(item.target) for item in joined)
    notes += [*signed, *whole, *_nothing_words(counts)]
    if len(counts) == 1:
        raise SuiteError(
            f"every target is '{next(iter(counts))}': there is nothing to measure",
            path=path,
            line=1,
            hint=f"'{column}' was read as the right answer; --target names another"
            if column
            else None,
        )
    days = _date_plan(joined)
    if isinstance(days, tuple):
        return days
    notes += days
    numeric = all(parse_number(name) is not None for name in counts)
    codes = [name for name in counts if _CODE_NUMBER.match(name)]
    if numeric and codes:
        numeric = False
        notes.append(
            f"targets such as {codes[0]} begin with a zero: codes, compared as text and not as"
            " numbers"
        )
    many = len(counts) > _FEW_RATINGS or len(counts) > len(joined) / 3
    if numeric and many:
        values = [
            replace(item, target=plain(item.target)) for item in (joined if signed else items)
        ]
        return (
            AnswerPlan(
                "number",
                max_tokens=max(24, 8 + max(map(tokens_for, counts))),
                why=f"numbers: {len(counts)} different ones in the target column",
            ),
            values,
            signed,
        )
    decimal = amounts_decimal(list(counts)) if many else ""
    if decimal:
        values = [replace(item, target=plain(item.target)) for item in items]
        plan = AnswerPlan(
            "text",
            max_tokens=max(32, 8 + max(map(tokens_for, counts))),
            why=f"numbers with units: {len(counts)} different ones in the target column",
            amounts_decimal=decimal,
        )
        return plan, values, []
    if _are_labels(counts):
        labels = tuple(sorted(counts, key=_label_order))
        plan = AnswerPlan(
            "label",
            labels,
            max_tokens=max(16, 8 + max(map(tokens_for, labels))),
            why=f"labels: {len(labels)} different values in {len(joined)} rows",
        )
        return plan, joined, notes
    tokens = max(32, 8 + max(tokens_for(plain(item.target)) for item in items))
    rubric, what = rubric_of([plain(item.target) for item in items])
    values = [replace(item, target=plain(item.target)) for item in items]
    return (
        AnswerPlan(
            "text",
            max_tokens=tokens,
            why=f"{what}: {len(counts)} different targets in {len(items)} rows",
            rubric=rubric,
        ),
        values,
        [] if rubric else notes,
    )


def _worked_plan(items: Sequence[UsableRow]) -> tuple[AnswerPlan, list[UsableRow]] | None:
    """Return the plan for targets that show the way to their answer; None where they do not."""
    texts = [plain(item.target) for item in items]
    found = final_answers(texts)
    if found is None:
        return None
    form, answers = found
    values = []
    for item, text, answer in zip(items, texts, answers, strict=True):
        values.append(replace(item, target=answer, values={**item.values, "worked_answer": text}))
    numbers = all(parse_number(answer) is not None for answer in answers)
    plan = AnswerPlan(
        "number" if numbers else "text",
        worked=form,
        max_tokens=max(400, max(map(tokens_for, texts))),
        why=f"{'numbers' if numbers else 'free text'}: every target marks its answer: '{form}'",
    )
    return plan, values


def _date_plan(
    items: Sequence[UsableRow],
) -> tuple[AnswerPlan, list[UsableRow], list[str]] | list[str]:
    """Return the plan for targets that all are dates; else notes, none where they are no dates."""
    texts = [plain(item.target) for item in items]
    order = date_order(texts)
    if order in ("", "either"):
        first = texts[0]
        return (
            []
            if not order
            else [
                f"targets such as {first} are dates with two readings, compared as text: if you"
                " know the order, set scorers: [{name: date, order: dmy}] or mdy"
            ]
        )
    made = [
        replace(item, target=without_midnight(text))
        for item, text in zip(items, texts, strict=True)
    ]
    plan = AnswerPlan(
        "text",
        max_tokens=max(32, 8 + max(map(tokens_for, texts))),
        why=f"dates: {len(set(texts))} different ones in {len(items)} rows",
        date_order=order,
    )
    read = "" if order == "any" else f", read as {order}, the only order in which all exist"
    return plan, made, [f"targets such as {plain(made[0].target)} are dates{read}"]


_CODE_NUMBER = re.compile(r"0\d+\Z")
_NOTHING_WORDS = ("n/a", "na", "none", "null", "nan", "unknown", "-", "?", "#n/a")


def _nothing_words(counts: Mapping[str, int]) -> list[str]:
    """Say which targets may stand for "no value": they are kept as answers of the task."""
    found = [name for name in counts if name.casefold() in _NOTHING_WORDS]
    if not found:
        return []
    shown = ", ".join(f"{name!r} ({counts[name]} rows)" for name in sorted(found))
    return [f"{shown}: taken for an answer; delete those rows if it says that there is none"]


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
        if not isinstance(target, dict):
            return None
        objects.append(target)
    fields = list(dict.fromkeys(name for target in objects for name in target))
    if not fields:
        return None
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
    longest = max(tokens_for(json.dumps(item.target, ensure_ascii=False)) for item in filled)
    plan = AnswerPlan(
        "json",
        schema=schema,
        max_tokens=longest + 32,
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
