"""One task of a suite file -> :class:`~claimbench.types.Task` with its samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from claimbench.error_words import did_you_mean, show
from claimbench.errors import PluginError, SuiteError
from claimbench.plan import prompts
from claimbench.privacy.masking import Finder, Masking
from claimbench.scorers import (
    AnswerChecker,
    SampleChecker,
    ScorerFactory,
    ScorerOptionError,
    load,
)
from claimbench.scorers.own_code.scorer import PYTHON
from claimbench.suite.datasets import (
    DataRow,
    ReadOptions,
    Table,
    parse_json,
    read_limited,
    read_table,
)
from claimbench.suite.decoding import decode_utf8
from claimbench.suite.dialogue.conversations import ROLE
from claimbench.suite.dialogue.rows import check_offered
from claimbench.suite.dialogue.tools import (
    ToolFault,
    check_kind,
    choice_fault,
    read_tools,
    simulator_of,
)
from claimbench.suite.document import Loc, YamlDocument
from claimbench.suite.own_scorers import simulator_script, with_source
from claimbench.suite.paths import resolve_inside
from claimbench.suite.samples import SampleBuilder, mask_loc
from claimbench.suite.schema import (
    ConversationTurns,
    FewShotFile,
    SuiteModel,
    TaskModel,
)
from claimbench.suite.schema.tasks import LmEvalTaskModel, mask_of
from claimbench.suite.templates import check_template, message_of
from claimbench.types import (
    AnswerSpec,
    Json,
    MaskSpec,
    Message,
    Sample,
    ScorerSpec,
    Simulator,
    Task,
    ToolSpec,
    UserSpec,
)

OF_TOOLS = ("tool_call", "final_state", "judge", PYTHON)
"""Scorers that can judge calls of tools."""
LIST_TARGETS = ("list", "label_set", "ranking", "checks", "rag")
"""Scorers whose targets may be lists or objects."""


@dataclass(frozen=True)
class TaskBuilder:
    """Loads one task; ``folder`` is the suite's, ``index`` the task's place in the list."""

    document: YamlDocument
    index: int
    model: TaskModel
    folder: Path
    allow_outside: bool
    factories: Mapping[str, ScorerFactory] = field(default_factory=dict)
    masking: Masking | None = None

    @property
    def loc(self) -> Loc:
        """Return the task's place in the suite."""
        return ("tasks", self.index)

    def build(self) -> Task:
        """Return the task; raises :class:`SuiteError` at the first mistake in it or its data."""
        answer = self._answer()
        prompt = tuple(message_of(turn) for turn in self.model.prompt)
        self._check_turns(prompt)
        scorers = self._scorers(answer)
        tools = self._tools(answer)
        simulator = self._simulator(tools)
        user = self._user()
        steps = 0 if user is None else user.max_turns
        steps = steps if simulator is None else simulator.max_steps
        builder = self._builder("dataset", self._table(), answer, prompt)
        builder = replace(builder, tools=tools, steps=steps, user=user)
        samples = builder.build()
        if answer.kind == "tool_call":
            check_offered(samples, tools, self.model.tool_choice, builder.table.path)
        if not builder.check_templates():
            raise self.document.error(
                (*self.loc, "prompt"), "the prompt uses no column of the dataset"
            )
        task = Task(
            name=self.model.name,
            samples=samples,
            prompt=prompt,
            few_shot=self._few_shot(answer, prompt),
            answer=answer,
            scorers=scorers,
            max_tokens=self.model.max_tokens,
            stop=tuple(self.model.stop),
            few_shot_target=self.model.few_shot_target,
            reduce=None if self.model.reduce == "mean" else self.model.reduce,
            tools=tools,
            tool_choice=self.model.tool_choice,
            simulator=simulator,
            user=user,
        )
        self._check_samples(task)
        if self.masking is not None:  # not before the examples are loaded too
            task = replace(task, masked=self.masking.masked())
        self._check_examples(task)
        return task

    def _check_turns(self, prompt: tuple[Message, ...]) -> None:
        roles = [message.role for message in prompt]
        if ROLE in roles[:-1]:
            raise self.document.error(
                (*self.loc, "prompt", roles.index(ROLE)),
                "a conversation is the last entry of its prompt, for its turns go on to the end",
            )
        if roles[-1] == ROLE and self.model.few_shot is not None:
            raise self.document.error(
                (*self.loc, "few_shot"),
                "few_shot examples have no place in a conversation",
                hint="put them into the system turn, as text",
            )
        if prompt[-1].role not in ("user", "turns", ROLE):
            loc = (*self.loc, "prompt", len(prompt) - 1)
            raise self.document.error(
                loc, f"the last turn is the {prompt[-1].role}'s; it must be the user's"
            )

    def _builder(
        self, source: str, table: Table, answer: AnswerSpec, prompt: tuple[Message, ...]
    ) -> SampleBuilder:
        return SampleBuilder(
            self.document,
            self.loc,
            source,
            self.model.name,
            self.model.dataset,
            table,
            answer,
            prompt,
            self.masking,
            any(scorer.name in LIST_TARGETS for scorer in self.model.scorers),
        )

    def _table(self) -> Table:
        data = self.model.dataset
        loc = (*self.loc, "dataset", "path")
        file = resolve_inside(self.document, loc, data.path, self.folder, self.allow_outside)
        options = ReadOptions(data.format, data.encoding, data.delimiter, data.sheet, data.limit)
        return read_table(file, options, shown=str(self.folder / data.path))

    def _answer(self) -> AnswerSpec:
        model = self.model.answer
        loc = (*self.loc, "answer")
        schema = model.schema_
        if model.schema_file is not None:
            where = (*loc, "schema_file")
            file = resolve_inside(
                self.document, where, model.schema_file, self.folder, self.allow_outside
            )
            shown = str(self.folder / model.schema_file)
            schema = parse_json(decode_utf8(read_limited(file, shown), shown), shown, 1)
        if schema is not None:
            self._check_schema(schema, loc)
        constrain = model.type in ("label", "json") if model.constrain is None else model.constrain
        return AnswerSpec(model.type, tuple(model.labels), schema, constrain)

    def _tools(self, answer: AnswerSpec) -> tuple[ToolSpec, ...]:
        """Read the task's tools, from the suite or a file beside it."""
        loc = (*self.loc, "tools")
        given: Json = self.model.tools
        if isinstance(given, str):
            file = resolve_inside(self.document, loc, given, self.folder, self.allow_outside)
            shown = str(self.folder / given)
            given = parse_json(decode_utf8(read_limited(file, shown), shown), shown, 1)
        try:
            tools = () if given is None else read_tools(given)
        except ToolFault as fault:
            inside = fault.where if isinstance(self.model.tools, list) else ()
            raise self.document.error((*loc, *inside), str(fault)) from None
        per_row = self.model.dataset.tools is not None
        why = choice_fault(self.model.tool_choice, tools, per_row=per_row)
        if why is not None:
            raise self.document.error((*self.loc, "tool_choice"), why)
        if answer.kind == "tool_call" and not tools and not per_row:
            raise self.document.error(
                (*self.loc, "answer"),
                "answers of type tool_call need tools",
                hint="tools: [{name: …, parameters: {…}}], or dataset: {tools: COLUMN}",
            )
        return tools

    def _simulator(self, tools: Sequence[ToolSpec]) -> Simulator | None:
        model = self.model.simulator
        if model is None:
            for index, scorer in enumerate(self.model.scorers):
                if scorer.name == "final_state":
                    what = "final_state scores the end of an episode, and the task has no simulator"
                    raise self.document.error(
                        (*self.loc, "scorers", index), what, hint="simulator: {table: […]}"
                    )
            held = isinstance(self.model.prompt[-1], ConversationTurns)
            if held and (tools or self.model.dataset.tools is not None):
                what = "nothing would answer the tools that a turn of the conversation calls"
                raise self.document.error(
                    (*self.loc, "tools" if tools else "dataset"),
                    what,
                    hint="offer tools in single requests, or in an episode with a simulator",
                )
            return None
        loc = (*self.loc, "simulator")
        if self.model.tool_choice not in (None, "auto"):
            what = f"with tool_choice {self.model.tool_choice} an episode could never end"
            raise self.document.error((*self.loc, "tool_choice"), what, hint="leave it out")
        if self.model.answer.type != "tool_call":
            what = "a simulator answers calls of tools: answer: {type: tool_call}"
            raise self.document.error((*self.loc, "answer"), what)
        names = [scorer.name for scorer in self.model.scorers]
        if names != ["final_state"]:
            what = f"an episode is scored by final_state alone, not by {', '.join(names)}"
            raise self.document.error((*self.loc, "scorers"), what)
        if self.model.prompt and isinstance(self.model.prompt[-1], ConversationTurns):
            raise self.document.error(loc, "an episode begins with one request, no conversation")
        try:
            check_kind(model)
            script = simulator_script(self.document, loc, model, self.folder, self.allow_outside)
            return simulator_of(model, tools, script)
        except ToolFault as fault:
            raise self.document.error((*loc, *fault.where), str(fault)) from None

    def _user(self) -> UserSpec | None:
        """Return who says the user's turns after the first; None where nobody does."""
        model = self.model.simulated_user
        if model is None:
            return None
        if isinstance(self.model.prompt[-1], ConversationTurns):
            raise self.document.error(
                (*self.loc, "simulated_user"),
                "a simulated user answers the arm, and a conversation has its turns in the row",
                hint="end the prompt with the user's first turn: - user: …",
            )
        if self.model.simulator is None:
            self._check_talk()
        if not model.stop.strip():
            raise self.document.error((*self.loc, "simulated_user", "stop"), "it is blank")
        return UserSpec(model.by, model.prompt, model.stop, model.max_turns, model.max_tokens)

    def _check_talk(self) -> None:
        """Raise unless a conversation without tools is scored by what was said in it."""
        if self.model.tools is not None or self.model.dataset.tools is not None:
            key = "tools" if self.model.tools is not None else "dataset"
            raise self.document.error(
                (*self.loc, key),
                "nothing would answer the tools that the arm calls in the conversation",
                hint="simulator: {table: […]}, or {python: tools.py}",
            )
        if self.model.answer.type != "text":
            what = (
                "the answer of a conversation is all that the arm said in it: answer: {type: text}"
            )
            raise self.document.error((*self.loc, "answer"), what)

    def _check_schema(self, schema: Json, loc: Loc) -> None:
        from jsonschema import Draft202012Validator, SchemaError  # needed for json tasks alone

        key = "schema" if self.model.answer.schema_file is None else "schema_file"
        if not isinstance(schema, dict):
            raise self.document.error(
                (*loc, key), f"a JSON Schema is an object, got {show(schema)}"
            )
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as exc:
            where = ".".join(map(str, exc.absolute_path))
            message = f"not a JSON Schema: {f'{where}: ' if where else ''}{exc.message}"
            raise self.document.error((*loc, key, *exc.absolute_path), message) from None

    def _scorers(self, answer: AnswerSpec) -> tuple[ScorerSpec, ...]:
        """Make each scorer once, so that a wrong name or option shows before the run and at its
        line.
        """
        specs: list[ScorerSpec] = []
        for index, model in enumerate(self.model.scorers):
            loc: Loc = (*self.loc, "scorers", index)
            spec = ScorerSpec(model.name, dict(model.model_extra or {}))
            try:
                (scorer,) = load([spec], self.factories)
            except ScorerOptionError as exc:
                where = (*loc, exc.option) if exc.option else loc
                near = (
                    did_you_mean(exc.option, exc.known)
                    if exc.option and "unknown option" in exc.message
                    else ""
                )
                line = self.document.line(where, key=exc.option is not None)
                raise self.document.error(
                    where, exc.message + near, hint=exc.hint, line=line
                ) from None
            except PluginError as exc:
                raise self.document.error(loc, exc.message, hint=exc.hint) from None
            unfit = scorer.check(answer) if isinstance(scorer, AnswerChecker) else None
            if unfit is not None:
                raise self.document.error(loc, unfit)
            if answer.kind == "tool_call" and spec.name not in OF_TOOLS:
                what = f"the scorer {spec.name} reads texts, and answers here are calls of tools"
                raise self.document.error(loc, what, hint="scorers: [tool_call]")
            if spec.name == PYTHON:
                spec = with_source(self.document, loc, spec, self.folder, self.allow_outside)
            specs.append(spec)
        return tuple(specs)

    def _check_samples(self, task: Task) -> None:
        """Ask the scorers that can tell whether each row holds what they need."""
        for scorer in load(task.scorers, self.factories):
            if not isinstance(scorer, SampleChecker):
                continue
            for sample in task.samples:
                fault = scorer.check_sample(sample)
                if fault is not None:
                    raise SuiteError(
                        fault,
                        path=str(self.folder / self.model.dataset.path),
                        line=sample.metadata["line"],
                    )

    def _few_shot(self, answer: AnswerSpec, prompt: tuple[Message, ...]) -> tuple[Sample, ...]:
        source = self.model.few_shot
        if source is None:
            return ()
        loc = (*self.loc, "few_shot")
        if isinstance(source, FewShotFile):
            file = resolve_inside(
                self.document, (*loc, "path"), source.path, self.folder, self.allow_outside
            )
            options = ReadOptions(
                source.format, source.encoding, source.delimiter, source.sheet, source.limit
            )
            table = read_table(file, options, shown=str(self.folder / source.path))
        else:
            rows = tuple(
                DataRow(dict(row), self.document.line((*loc, i)) or 1)
                for i, row in enumerate(source)
            )
            columns = tuple(dict.fromkeys(column for row in rows for column in row.values))
            table = Table(self.document.path, columns, rows, "yaml")
            if not rows:
                raise self.document.error(loc, f"tasks.{self.model.name}.few_shot is empty")
        return self._builder("few_shot", table, answer, prompt).build()

    def _check_examples(self, task: Task) -> None:
        """Render the examples once, and refuse one that is also measured: it would show the model
        the answer.
        """
        if self.model.few_shot_target is not None:
            self._check_example_template(self.model.few_shot_target, task)
        _, body = prompts.split_system(task.prompt)

        def asked(sample: Sample) -> tuple[str, ...]:
            return tuple(prompts.render_turn(turn.content, task, sample) for turn in body)

        if not task.few_shot:
            return
        measured = {asked(sample): sample.id for sample in task.samples}
        for example in task.few_shot:
            prompts.example_answer(task, example)
            same = measured.get(asked(example))
            if same is not None:
                source = self.model.few_shot
                path = (
                    str(self.folder / source.path)
                    if isinstance(source, FewShotFile)
                    else self.document.path
                )
                raise SuiteError(
                    f"few-shot {example.id} asks the same as sample '{same}': the model would be"
                    " shown the answer",
                    path=path,
                    line=example.metadata["line"],
                    hint="remove it from the examples or from the dataset",
                )

    def _check_example_template(self, source: str, task: Task) -> None:
        loc = (*self.loc, "few_shot_target")
        if not task.few_shot:
            raise self.document.error(loc, "few_shot_target without few_shot examples")
        known = {"target", "labels", *task.few_shot[0].input}
        check_template(self.document, loc, source, known)


def task_maskings(document: YamlDocument, model: SuiteModel) -> list[Masking | None]:
    """Make one mask per task, None where nothing is to be masked; tasks with the same mask share
    its finder.

    Raises:
        SuiteError: presidio or a model is not installed, an entity that nothing finds, or a task of
            lm-eval.
    """
    finders: dict[MaskSpec, Finder] = {}
    maskings: list[Masking | None] = []
    for index, task in enumerate(model.tasks):
        loc: Loc = ("tasks", index)
        where = mask_loc(document, loc)
        if isinstance(task, LmEvalTaskModel):
            if model.mask is not None:
                message = f"mask: task '{task.name}' is lm-eval's, whose prompts cannot be masked"
                raise document.error(
                    loc, message, hint="give each of your own tasks its own `mask:` instead"
                )
            maskings.append(None)
            continue
        spec = mask_of(task.mask if task.mask is not None else model.mask)
        if spec is None:
            maskings.append(None)
            continue
        kind = replace(spec, columns=None)
        if kind not in finders:
            finders[kind] = _finder(document, where, kind)
        maskings.append(Masking(spec, finders[kind]))
    return maskings


def _finder(document: YamlDocument, loc: Loc, spec: MaskSpec) -> Finder:
    try:
        return Finder(spec)
    except PluginError as fault:
        quoted = fault.message.partition("'")[2].partition("'")[0]
        line = document.line_of(loc, quoted) if quoted else document.line(loc, key=True)
        raise document.error(loc, fault.message, hint=fault.hint, line=line) from None
