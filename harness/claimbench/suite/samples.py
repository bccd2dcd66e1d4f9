"""Rows of a file -> samples of a task; every row that cannot be measured is an error with its
line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from claimbench.error_words import did_you_mean, one_of, show
from claimbench.errors import SuiteError
from claimbench.number_text import parse_number
from claimbench.plan import prompts
from claimbench.plan.clusters import tie_duplicates
from claimbench.privacy.masking import Masking, RowMask
from claimbench.suite.choices import LETTERS, ChoiceReader, ChoicesFault, RowChoices
from claimbench.suite.datasets import DataRow, Table, parse_json
from claimbench.suite.dialogue import conversations
from claimbench.suite.dialogue import rows as dialogue
from claimbench.suite.dialogue.rows import is_blank
from claimbench.suite.document import Loc, YamlDocument
from claimbench.suite.schema import DatasetModel
from claimbench.suite.templates import identifier
from claimbench.types import AnswerSpec, Json, Message, Sample, Task, ToolSpec, UserSpec

CHOICE_VARIABLES = ("choices", "options")
"""What a prompt reads of a row's multiple choice: lines under letters, and the bare texts."""


@dataclass(frozen=True)
class SampleBuilder:
    """Turns one file's rows into samples. ``loc`` is the task's place in the suite, ``source`` the
    file's key there.
    """

    document: YamlDocument
    loc: Loc
    source: str
    task: str
    dataset: DatasetModel
    table: Table
    answer: AnswerSpec
    prompt: tuple[Message, ...]
    masking: Masking | None = None
    lists: bool = False
    """Targets of a text answer may be lists and objects, which its scorers read."""
    tools: tuple[ToolSpec, ...] = ()
    steps: int = 0
    user: UserSpec | None = None
    """The task's tools (rows may have their own), steps of an episode (0: it holds none), and who
    plays its user."""

    @property
    def is_few_shot(self) -> bool:
        """Tell examples, which need no id, cluster or slices, from measured rows."""
        return self.source == "few_shot"

    @cached_property
    def variables(self) -> dict[str, str]:
        """Map each template variable to its column. The target is none of them, for the prompt must
        not hold the answer.
        """
        mapped = dict(self.dataset.columns)
        taken = {*mapped.values(), *self.dataset.target, self.dataset.tools}
        names: dict[str, list[str]] = {}
        for column in self.table.columns:
            if column not in taken:
                names.setdefault(identifier(column), []).append(column)
        own = {name: columns[0] for name, columns in names.items() if len(columns) == 1}
        if self.dataset.choices is not None:
            own = {name: column for name, column in own.items() if name not in CHOICE_VARIABLES}
        return own | mapped

    @cached_property
    def choices(self) -> ChoiceReader | None:
        """Return what reads each row's options; None where the task is no multiple choice."""
        model = self.dataset.choices
        if model is None:
            return None
        if self.masking is not None:
            raise self._choices_error("choices: options cannot be masked")
        if self.answer.kind != "label":
            raise self._choices_error(
                "choices: the answer is a letter: answer: {type: label, labels: [A, B, …]}"
            )
        target = self.dataset.target[0]
        try:
            return ChoiceReader.of(model, target, (row.values for row in self.table.rows))
        except ChoicesFault as fault:
            raise self._choices_error(f"choices: {fault}") from None

    def _choices_error(self, message: str) -> SuiteError:
        return self.document.error((*self.loc, "dataset", "choices"), message)

    def build(self) -> tuple[Sample, ...]:
        """Check the columns and the templates, then every row."""
        self._check_columns()
        if not self.table.rows:
            raise SuiteError("no rows: the dataset is empty", path=self.table.path, line=1)
        used = self.check_templates()
        samples: list[Sample] = []
        lines: dict[str, int] = {}
        for number, row in enumerate(self.table.rows, start=1):
            for sample in self._samples_of(row, number, used):
                if sample.id in lines:
                    raise self._row_error(
                        row,
                        f"duplicate sample id '{sample.id}' (first on line {lines[sample.id]})",
                    )
                lines[sample.id] = row.line
                samples.append(sample)
        return tuple(tie_duplicates(samples, used))

    def check_templates(self) -> frozenset[str]:
        """Return the variables the prompt reads; a name no column has is an error at its line of
        the suite.
        """
        used: set[str] = set()
        for index, turn in enumerate(self.prompt):
            used |= self._template_variables(turn.content, self._turn_loc(index))
        if self.user is not None and not self.is_few_shot:
            told = self._template_variables(
                self.user.prompt, (*self.loc, "simulated_user", "prompt")
            )
            if not told:
                raise self.document.error(
                    (*self.loc, "simulated_user", "prompt"),
                    "the user is told nothing of the row: every row would have the same goal",
                    hint="name a column in it, e.g. {{ goal }}",
                )
            used |= told
        return frozenset(used)

    def _turn_loc(self, index: int) -> Loc:
        turn = self.document.data["tasks"][self.loc[1]]["prompt"][index]
        key = next(
            (
                key
                for key in ("content", "system", "user", "assistant", "turns", "conversation")
                if key in turn
            ),
            "content",
        )
        return (*self.loc, "prompt", index, key)

    def _template_variables(self, source: str, loc: Loc) -> set[str]:
        fault = prompts.check_syntax(source)
        if fault is not None:
            message, lineno = fault
            raise self.document.error(
                loc,
                f"the template is broken: {message}",
                line=self.document.template_line(loc, lineno),
            )
        known = set(self.variables) | ({"labels"} if self.answer.kind == "label" else set())
        if self.dataset.choices is not None:
            known |= set(CHOICE_VARIABLES)
        read = prompts.variables(source)
        for name in sorted(read - known):
            if name in {identifier(column) for column in self.dataset.target}:
                message = (
                    f"the template reads '{name}', the target column: the prompt would hold the"
                    " answer"
                )
                raise self.document.error(loc, message, line=self.document.line_of(loc, name))
            raise self.document.error(
                loc,
                f"undefined template variable '{name}'{did_you_mean(name, known)}",
                line=self.document.line_of(loc, name),
                hint=f"variables: {one_of(sorted(known), 30)}; name others under `columns:`",
            )
        own = set(CHOICE_VARIABLES) if self.dataset.choices is not None else set()
        return set(read & (set(self.variables) | own))

    def _check_columns(self) -> None:
        data = self.dataset
        wanted: list[tuple[Loc, str]] = [(("target",), name) for name in data.target]
        wanted += [(("columns", variable), column) for variable, column in data.columns.items()]
        if not self.is_few_shot:
            wanted += [
                ((key,), name)
                for key, name in (("id", data.id), ("cluster", data.cluster))
                if name is not None
            ]
            wanted += [(("slices", i), name) for i, name in enumerate(data.slices)]
        if data.tools is not None and not self.is_few_shot:
            wanted.append((("tools",), data.tools))
        if data.choices is not None:
            listed = data.choices.columns
            wanted += [(("choices", "columns", i), name) for i, name in enumerate(listed)]
            if data.choices.column is not None:
                wanted.append((("choices", "column"), data.choices.column))
        self._check_masked()
        for where, column in wanted:
            if self.table.columns and column not in self.table.columns:
                raise self.document.error(
                    (*self.loc, "dataset", *where),
                    f"{self.table.path} has no column"
                    f" '{column}'{did_you_mean(column, self.table.columns)}",
                    hint=f"columns: {one_of(self.table.columns, 30)}",
                )

    def _check_masked(self) -> None:
        """A column to mask that is not there would leave what it names unmasked."""
        columns = self.masking.spec.columns if self.masking is not None else None
        for name in () if self.is_few_shot else columns or ():
            if self.table.columns and name not in self.table.columns:
                loc = mask_loc(self.document, self.loc)
                raise self.document.error(
                    loc,
                    f"mask: {self.table.path} has no column"
                    f" '{name}'{did_you_mean(name, self.table.columns)}",
                    line=self.document.line_of(loc, name),
                    hint=(
                        f"columns: {one_of(self.table.columns, 30)}; a task may have a `mask:` of"
                        " its own"
                    ),
                )

    def _samples_of(self, row: DataRow, number: int, used: frozenset[str]) -> Iterable[Sample]:
        """Return what a row asks: one sample, or each turn of its conversation."""
        if self.steps:
            return dialogue.steps_of(self._build_sample(row, number, used), self.steps)
        if not self.prompt or self.prompt[-1].role != conversations.ROLE:
            return (self._build_sample(row, number, used),)
        (name,) = prompts.variables(self.prompt[-1].content)
        asked = dialogue.turns_of(row, self.variables[name], self.dataset, self.table.path)
        samples = []
        for at, turn in enumerate(asked, start=1):
            sample = self._build_sample(turn.row, number, used, turn.scored)
            samples.append(conversations.as_turn(sample, at, len(asked), scored=turn.scored))
        return samples

    def _build_sample(
        self, row: DataRow, number: int, used: frozenset[str], scored: bool = True
    ) -> Sample:
        mask = self.masking.row() if self.masking is not None else None
        if mask is None:
            inputs = {
                name: row.values[column]
                for name, column in self.variables.items()
                if column in row.values
            }
        else:
            inputs = mask.inputs(
                self.variables, row.values, self.variables if self.is_few_shot else used
            )
        few = self.is_few_shot
        sample_id = (
            f"example {number}" if few else self._text(row, self.dataset.id, "id", str(number))
        )
        chosen = self._choices_of(row, sample_id)
        if chosen is not None:
            inputs |= {"choices": chosen.lines, "options": list(chosen.options)}
        self._check_input(row, inputs, used)
        cluster = sample_id if few else self._text(row, self.dataset.cluster, "cluster", sample_id)
        slices = {} if few else {name: self._slice(row, name) for name in self.dataset.slices}
        target = None
        if scored:
            target = self._target(row) if chosen is None else self._letter(row, chosen)
        if mask is not None:
            self._check_unmasked(row, target, mask)
            sample_id = mask.key(self.dataset.id, sample_id)
            cluster = mask.key(self.dataset.cluster or self.dataset.id, cluster)
            slices = {name: mask.key(name, value) for name, value in slices.items()}
        tools = dialogue.row_tools(row, self.dataset.tools, self.table.path)
        if self.steps and self.answer.kind == "tool_call":
            dialogue.check_final(row, target, tools or self.tools, self.table.path)
        elif self.answer.kind == "tool_call" and scored:
            dialogue.check_target(row, target, tools or self.tools, self.table.path)
        return Sample(sample_id, inputs, target, cluster, slices, {"line": row.line}, tools=tools)

    def _choices_of(self, row: DataRow, sample_id: str) -> RowChoices | None:
        if self.choices is None:
            return None
        try:
            return self.choices.read(row.values, sample_id)
        except ChoicesFault as fault:
            raise self._row_error(row, str(fault)) from None

    def _letter(self, row: DataRow, chosen: RowChoices) -> str:
        """Return the letter of a row's right option; the answer space must hold them all."""
        last = LETTERS[len(chosen.options) - 1]
        if last not in self.answer.labels:
            raise self._row_error(
                row,
                f"the row has {len(chosen.options)} options, and {last} is no label of the answer",
                f"labels: [{', '.join(LETTERS[: len(chosen.options)])}]",
            )
        return chosen.target

    def _check_unmasked(self, row: DataRow, target: Json, mask: RowMask) -> None:
        """A target stays as it is; one that gives away what was masked could not be answered, and
        would be stored.
        """
        if self.answer.kind not in ("text", "json"):
            return
        entity = mask.left_in(target, sent=self.is_few_shot)
        if entity is not None:
            what = (
                "would be sent"
                if self.is_few_shot
                else "could not be answered, and would be stored"
            )
            raise self._row_error(
                row,
                f"the target holds personal data ({entity}) that is masked elsewhere: it {what}",
                f"leave {entity} out of mask.entities, or this column out of mask.columns, or"
                " change the target",
            )

    def _check_input(self, row: DataRow, inputs: Mapping[str, Json], used: frozenset[str]) -> None:
        missing = sorted(used - set(inputs))
        probe = Task(self.task, (), self.prompt, (), self.answer, (), 1)
        sample = Sample(str(row.line), inputs, None, "")
        try:
            for turn in self.prompt:
                prompts.turn_messages(turn, probe, sample)
        except SuiteError as exc:
            if missing:
                column = self.variables.get(missing[0], missing[0])
                message = (
                    f"the row has no '{column}', which the prompt"
                    f" uses{did_you_mean(column, row.values)}"
                )
                raise self._row_error(row, message) from None
            raise self._row_error(row, exc.message.partition(": ")[2]) from None
        if used and all(is_blank(inputs.get(name)) for name in used):
            columns = one_of(sorted(self.variables.get(name, name) for name in used))
            raise self._row_error(row, f"empty input: nothing in {columns}")

    def _text(self, row: DataRow, column: str | None, what: str, default: str) -> str:
        if column is None:
            return default
        value = row.values.get(column)
        if is_blank(value) or isinstance(value, dict | list):
            raise self._row_error(
                row,
                (
                    f"empty {what} (column '{column}')"
                    if is_blank(value)
                    else f"{what} is {show(value)}, no single value (column '{column}')"
                ),
            )
        return _cell_text(value)

    def _slice(self, row: DataRow, column: str) -> str:
        value = row.values.get(column)
        if isinstance(value, dict | list):
            raise self._row_error(
                row, f"slice is {show(value)}, no single value (column '{column}')"
            )
        return "(empty)" if is_blank(value) else _cell_text(value)

    def _target(self, row: DataRow) -> Json:
        columns = self.dataset.target or [conversations.TARGET]
        values = {column: row.values.get(column) for column in columns}
        if len(columns) == 1 and is_blank(
            values[columns[0]]
        ):  # of several fields all may be null: nothing was said
            raise self._target_error(row, "empty target")
        if self.answer.kind == "json":
            return self._json_target(row, values)
        if self.answer.kind == "tool_call":
            return values[columns[0]]
        value = values[columns[0]]
        if self.dataset.target_pattern is not None:
            value = self._extract(row, str(value), self.dataset.target_pattern)
        if isinstance(value, dict | list) and self.lists and self.answer.kind == "text":
            return value
        if isinstance(value, dict | list):
            raise self._target_error(
                row,
                f"target is {show(value)}; answers of type {self.answer.kind} are single values",
            )
        if self.answer.kind == "number":
            if parse_number(value) is None:
                raise self._target_error(row, f"target {show(value)} is not a number")
            return value if isinstance(value, int | float) else str(value).strip()
        text = _cell_text(value)
        if self.answer.kind == "label" and text not in self.answer.labels:
            raise self._target_error(
                row,
                f"target '{text}' is outside the answer"
                f" space{did_you_mean(text, self.answer.labels)}",
                hint=f"labels: {one_of(self.answer.labels)}",
            )
        return text

    def _extract(self, row: DataRow, text: str, pattern: str) -> str:
        match = re.search(pattern, text, re.MULTILINE)
        found = (match.group(1) if match.re.groups else match.group()) if match else None
        if found is None or not found.strip():
            raise self._target_error(
                row, f"target_pattern {show(pattern)} finds nothing in the target {show(text)}"
            )
        return found.strip()

    def _json_target(self, row: DataRow, values: Mapping[str, Json]) -> Json:
        if len(values) == 1:
            (target,) = values.values()
            if isinstance(target, str):
                target = parse_json(target, self.table.path, row.line)
        else:
            properties = (self.answer.schema or {}).get("properties", {})
            target = {
                name: _typed(value, properties.get(name, {})) for name, value in values.items()
            }
        if self.answer.schema is not None:
            fault = schema_fault(target, self.answer.schema)
            if fault is not None:
                raise self._target_error(
                    row, f"the target does not fit the answer's schema: {fault}"
                )
        return target

    def _target_error(self, row: DataRow, message: str, hint: str | None = None) -> SuiteError:
        columns = self.dataset.target or [conversations.TARGET]
        named = f"column '{columns[0]}'" if len(columns) == 1 else f"columns {one_of(columns)}"
        return self._row_error(row, f"{message} ({named})", hint)

    def _row_error(self, row: DataRow, message: str, hint: str | None = None) -> SuiteError:
        return SuiteError(message, path=self.table.path, line=row.line, hint=hint)


def mask_loc(document: YamlDocument, task: Loc) -> Loc:
    """Return the place of the mask of the task at ``task``: its own, else the suite's."""
    own = (*task, "mask")
    return own if own in document.places else ("mask",)


def schema_fault(value: Json, schema: Mapping[str, Json]) -> str | None:
    """Return how ``value`` breaks a JSON Schema, in one line, or None."""
    from jsonschema import Draft202012Validator  # needed for json tasks alone

    fault = next(
        iter(
            sorted(
                Draft202012Validator(schema).iter_errors(value),
                key=lambda e: list(map(str, e.path)),
            )
        ),
        None,
    )
    if fault is None:
        return None
    where = ".".join(map(str, fault.absolute_path))
    return f"{where}: {fault.message}" if where else fault.message


def _cell_text(value: Json) -> str:
    """Return a cell as text; booleans as in JSON, whole floats (as spreadsheets store them) without
    a point.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value).strip()


def _typed(value: Json, schema: Any) -> Json:
    """Read one CSV cell as the schema's type wants it; an empty cell is null."""
    if is_blank(value):
        return None
    kinds = schema.get("type") if isinstance(schema, Mapping) else None
    kinds = [kinds] if isinstance(kinds, str) else kinds or []
    if not isinstance(value, str):
        wants_text = "string" in kinds and not {"number", "integer", "boolean"} & set(kinds)
        return _cell_text(value) if wants_text else value
    text = value.strip()
    if "string" in kinds:
        return text
    if {"number", "integer"} & set(kinds) and (number := parse_number(text)) is not None:
        return int(number) if number == number.to_integral_value() else float(number)
    if "boolean" in kinds and text.lower() in ("true", "false"):
        return text.lower() == "true"
    return text
