"""Templates -> chat messages -> :class:`~claimbench.types.Request`. Pure: the same task and sample
give the same bytes.

Templates are Jinja2 in its sandbox. An undefined variable is an error, ``None`` prints as nothing,
block tags leave no empty lines, and nothing random or external is in reach, so that a task's fixed
part (system turn, examples) renders byte-identically for every sample and an engine can keep its
computation. What could run for ever is rendered by :mod:`claimbench.template_process`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from jinja2 import (
    StrictUndefined,
    Template,
    TemplateError,
    UndefinedError,
    pass_context,
)
from jinja2.exceptions import SecurityError
from jinja2.meta import TrackingCodeGenerator
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from claimbench.errors import SuiteError
from claimbench.plan import episodes
from claimbench.plan.turns import Turns
from claimbench.plan.variants import varied
from claimbench.template_process import (
    UNREADABLE,
    TemplateHangs,
    TemplateProcess,
    TemplateRaises,
    is_plain,
    serve_templates,
    syntax_fault,
)
from claimbench.types import Arm, Call, Json, Message, Request, Sample, Suite, Task

_GLOBALS = ("range", "dict", "namespace")
_ROLES = ("system", "user", "assistant")
_MAX_RENDERED = 4_000_000  # characters
_PROCESS = TemplateProcess()


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, with an error that names the cheap ways to exhaust memory: ``*`` and ``**``."""

    intercepted_binops = frozenset(("*", "**"))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        for one, other in ((left, right), (right, left)):
            if (
                isinstance(one, int)
                and isinstance(other, str | bytes | list | tuple)
                and one * len(other) > _MAX_RENDERED
            ):
                raise SecurityError("a repetition that long is not allowed")
        if operator == "**" and isinstance(right, int | float) and abs(right) > 1000:
            raise SecurityError("a power that large is not allowed")
        return super().call_binop(context, operator, left, right)


@pass_context  # else Jinja computes constants while it reads a template, whatever they take
def _print(_context: Context, value: Any) -> Any:
    return "" if value is None else value


@lru_cache(maxsize=1)
def _environment() -> _Environment:
    # Autoescape off: prompts are plain text, escaping would change what the model reads.
    # Not optimised: that computes constants while a template is read, too.
    environment = _Environment(
        optimized=False,
        undefined=StrictUndefined,
        finalize=_print,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    for name in set(environment.globals) - set(_GLOBALS):
        del environment.globals[name]
    del environment.filters["random"]
    environment.filters["tojson"] = _to_json
    return environment


def _to_json(value: Any, indent: int | None = None) -> str:
    """Replace Jinja's ``tojson``, which escapes for HTML, by plain JSON."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


@lru_cache(maxsize=1024)
def _compile(source: str) -> Template:
    template = _environment().from_string(source)
    template.globals = dict(
        template.globals
    )  # Jinja's layers of mappings are copied at every rendering
    return template


def variables(source: str) -> frozenset[str]:
    """Return the names that a template reads and does not set itself; :func:`check_syntax` goes
    before.
    """
    environment = _environment()
    names = TrackingCodeGenerator(environment)
    # As meta.find_undeclared_variables does, which would compute constants on the way
    names.optimizer = None
    names.visit(environment.parse(source))
    return frozenset(names.undeclared_identifiers) - set(environment.globals)


def check_syntax(source: str) -> tuple[str, int] | None:
    """Return what is wrong with a template and on which of its lines (from 1), or None."""
    try:
        _compile(source)
    except UNREADABLE as exc:
        return syntax_fault(exc)
    return None


def target_text(target: Json) -> str:
    """Return an answer as a model would write it: text as it is, anything else as JSON."""
    return target if isinstance(target, str) else json.dumps(target, ensure_ascii=False)


def unsaid(number: int) -> str:
    """Return what stands for a model's own answer where none is known."""
    return f"(the model's own answer to turn {number})"


def render(task: Task, sample: Sample, answers: Sequence[str] = ()) -> tuple[Message, ...]:
    """Render the chat for one sample: leading system turns, each example with its answer, then the
    sample's own turns. ``answers``: the model's own to the earlier turns of a conversation; where
    they are not given, :func:`unsaid` stands in their places.

    Raises :class:`~claimbench.errors.SuiteError` for a template that fails on this sample.
    """
    return _around(rendered_examples(task), task, sample, answers)


def own_turns(task: Task, sample: Sample, answers: Sequence[str] = ()) -> tuple[Message, ...]:
    """Render a sample's own turns alone, without the task's examples; raises as :func:`render`
    does.
    """
    return _around((), task, sample, answers)


def rendered_examples(task: Task) -> tuple[Message, ...]:
    """Render the turns of a task's examples, which are the same for every sample."""
    _, body = split_system(task.prompt)
    messages: list[Message] = []
    for example in task.few_shot:
        messages += _rendered_turns(body, task, example)
        messages.append(Message("assistant", example_answer(task, example)))
    return tuple(messages)


def _around(
    examples: Sequence[Message], task: Task, sample: Sample, answers: Sequence[str] = ()
) -> tuple[Message, ...]:
    head, body = split_system(task.prompt)
    before = _rendered_turns(head, task, sample)
    return (*before, *examples, *_rendered_turns(body, task, sample, answers))


def _rendered_turns(
    turns: Iterable[Message], task: Task, sample: Sample, answers: Sequence[str] = ()
) -> list[Message]:
    rendered: list[Message] = []
    for turn in turns:
        rendered += turn_messages(turn, task, sample, answers)
    return rendered


def own_source(variable: str) -> str:
    """Return the template of a turn that stands for a sample's own turns."""
    return "{{ " + variable + " | tojson }}"


def turn_messages(
    turn: Message, task: Task, sample: Sample, answers: Sequence[str] = ()
) -> tuple[Message, ...]:
    """Render one turn of a prompt: one message, or the sample's own turns in its place.

    Raises :class:`SuiteError` as :func:`render` does, and for a conversation that cannot be sent.
    """
    text = render_turn(turn.content, task, sample)
    if turn.role == "conversation":
        return _carried_on(json.loads(text), task, sample, answers)
    if turn.role != "turns":
        return (Message(turn.role, text),)
    made = []
    given = json.loads(text)
    if not isinstance(given, list) or not given:
        raise _fail(task, sample, "the conversation is no list of turns {role, content}")
    for number, one in enumerate(given, start=1):
        role = one.get("role") if isinstance(one, dict) else None
        content = one.get("content") if isinstance(one, dict) else None
        if role not in _ROLES or not isinstance(content, str):
            raise _fail(
                task,
                sample,
                f"turn {number} of the conversation is not {{role, content}} with the role system,"
                " user or assistant and a text",
            )
        made.append(Message(role, content))
    if made[-1].role != "user":
        raise _fail(task, sample, f"the conversation ends with the {made[-1].role}, not the user")
    return tuple(made)


def _carried_on(
    asked: Json, task: Task, sample: Sample, answers: Sequence[str]
) -> tuple[Message, ...]:
    """Return the user's turns up to the sample's, each earlier one with the model's own answer."""
    if not isinstance(asked, list) or not all(isinstance(text, str) for text in asked):
        raise _fail(task, sample, "the conversation is no list of the user's turns")
    number = len(asked) if sample.turn is None else sample.turn.number
    messages: list[Message] = []
    for index, text in enumerate(asked[:number]):
        messages.append(Message("user", text))
        if index + 1 < number:
            said = answers[index] if index < len(answers) else unsaid(index + 1)
            messages.append(Message("assistant", said))
    return tuple(messages)


def split_system(prompt: Iterable[Message]) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
    """Split a prompt into its leading system turns and the rest, which few-shot examples repeat."""
    turns = tuple(prompt)
    lead = next((i for i, turn in enumerate(turns) if turn.role != "system"), len(turns))
    return turns[:lead], turns[lead:]


class Requests:
    """Builds what the providers of a suite's arms are asked: ``requests(call)``, as
    :func:`build_request` does.

    The examples of a task are rendered once, when its first call is asked for.

    Args:
        suite: the suite.
        turns: what was answered in its conversations; default: nothing yet.
        assumed: gives an answer (of a task, to the turn of a number) in place of the model's, for
            estimates; None: a turn whose earlier answers are not known is an error.
        at_most: an estimate takes what functions give in place of tools as long as it may be.
    """

    def __init__(
        self,
        suite: Suite,
        turns: Turns | None = None,
        assumed: Callable[[Task, int], str] | None = None,
        *,
        at_most: bool = False,
    ) -> None:
        self._suite = suite
        self.turns = turns if turns is not None else Turns(suite)
        self._assumed = assumed
        self._at_most = at_most
        self._tasks = {task.name: task for task in suite.tasks}
        self._samples = {
            (task.name, sample.id): sample for task in suite.tasks for sample in task.samples
        }
        self._arms = {arm.name: arm for arm in suite.arms}
        self._examples: dict[tuple[str, str], tuple[Message, ...]] = {}

    def __call__(self, call: Call) -> Request:
        """Build the request of one planned call; raises :class:`SuiteError` as :func:`render`
        does.
        """
        arm = self._arms[call.arm]
        task = varied(self._tasks[call.task], arm)
        sample = self._samples[call.task, call.sample_id]
        key = (task.name, "" if arm.variant is None else arm.name)
        if key not in self._examples:
            self._examples[key] = rendered_examples(task)
        if task.steps:
            messages = _around(self._examples[key], task, sample)
            messages = (*messages, *self._steps(task, sample, call))
        else:
            said = self._said(task, sample, call)
            messages = _around(self._examples[key], task, sample, said)
        return _request(self._suite, task, sample, arm, call, messages)

    def _steps(self, task: Task, sample: Sample, call: Call) -> Sequence[Message]:
        """Return what was said and called before a step of an episode, and what came back."""
        if sample.turn is None or sample.turn.number == 1:
            return ()
        if self._assumed is not None:
            before = range(1, sample.turn.number)
            said = [self._assumed(task, number) for number in before]
            return episodes.assumed_messages(
                task, said, self.assumed_user(task), at_most=self._at_most
            )
        self.turns.answers(call)  # raises where one is missing
        return episodes.step_messages(task, self.turns.steps_before(call))

    def assumed_answer(self, task: Task) -> str:
        """Return what stands for an arm's answer in estimates."""
        return "" if self._assumed is None else self._assumed(task, 1)

    def assumed_user(self, task: Task) -> str:
        """Return what stands for a turn of the simulated user in estimates; empty without one."""
        if task.user is None or self._assumed is None:
            return ""
        share = len(self._assumed(task, 1)) / task.max_tokens
        return "x" * round(task.user.max_tokens * share)

    def _said(self, task: Task, sample: Sample, call: Call) -> Sequence[str]:
        if sample.turn is None or sample.turn.number == 1:
            return ()
        if self._assumed is not None:
            return [self._assumed(task, number) for number in range(1, sample.turn.number)]
        return self.turns.answers(call)


def build_request(suite: Suite, task: Task, sample: Sample, arm: Arm, call: Call) -> Request:
    """Build what the provider of ``arm`` is asked for one call; the same for every arm but for its
    sampling.
    """
    task = varied(task, arm)
    return _request(suite, task, sample, arm, call, render(task, sample))


def _request(
    suite: Suite, task: Task, sample: Sample, arm: Arm, call: Call, messages: tuple[Message, ...]
) -> Request:
    answer = task.answer
    return Request(
        call_id=call.id,
        messages=chilled(messages, suite.load.cold_cache, call),
        params=arm.params,
        max_tokens=task.max_tokens,
        seed=call.seed,
        stop=task.stop,
        labels=answer.labels if answer.kind == "label" and answer.constrain else (),
        answer_schema=answer.schema if answer.kind == "json" and answer.constrain else None,
        prefix_key=task.name,
        conversation=_conversation(task, sample, call),
        continuations=tuple((str(c), str(t)) for c, t in sample.input.get("lm_eval_pairs", ())),
        row=sample.input,
        tools=sample.tools or task.tools,
        tool_choice=task.tool_choice if sample.tools or task.tools else None,
        timeout_s=suite.errors.timeout_s,
        connect_timeout_s=suite.errors.connect_timeout_s,
    )


def _conversation(task: Task, sample: Sample, call: Call) -> str:
    """Name the conversation that a request belongs to; empty where it is asked alone."""
    if sample.turn is None:
        return ""
    return f"{task.name}/{sample.turn.conversation}/{call.epoch}"


def chilled(
    messages: tuple[Message, ...], cold_cache: Literal["run", "call"] | None, call: Call
) -> tuple[Message, ...]:
    """Put a unique line before the first turn, the same for every arm: prefix caches compare from
    the first token on.

    It has the same length everywhere and depends on nothing but the run (and the call's item), so
    that a repeated attempt and every arm send the same bytes.
    """
    if cold_cache is None:
        return messages
    item = "" if cold_cache == "run" else f"/{call.task}/{call.sample_id}/{call.epoch}"
    mark = hashlib.sha256(f"{call.run_id}{item}".encode()).hexdigest()[:12]
    first = messages[0]
    return (Message(first.role, f"[{mark}]\n{first.content}"), *messages[1:])


def example_answer(task: Task, example: Sample) -> str:
    """Return the assistant turn of a few-shot example."""
    if task.few_shot_target is None:
        return target_text(example.target)
    return render_turn(task.few_shot_target, task, example, {"target": example.target})


def render_turn(
    source: str, task: Task, sample: Sample, extra: Mapping[str, Json] | None = None
) -> str:
    """Render one template with a sample's variables (and ``labels``); raises :class:`SuiteError` as
    :func:`render`.
    """
    context = {"labels": list(task.answer.labels), **sample.input, **(extra or {})}
    try:
        rendered = _rendered if _is_plain(source) else _PROCESS.render
        text = rendered(source, context)
    except TemplateHangs as exc:
        raise _fail(task, sample, f"the template is refused: {exc}") from None
    except TemplateRaises as exc:
        what = f"{exc} in the template" if exc.undefined else f"the template fails: {exc}"
        raise _fail(task, sample, what) from None
    if len(text) > _MAX_RENDERED:
        raise _fail(
            task, sample, f"the template gives {len(text)} characters, more than {_MAX_RENDERED}"
        )
    return text


def render_text(source: str, context: Mapping[str, Json]) -> str:
    """Render a template that belongs to no task, such as a provider's request, in the same sandbox.

    Raises:
        TemplateHangs, TemplateRaises: it takes too long, or fails.
    """
    text = (_rendered if _is_plain(source) else _PROCESS.render)(source, context)
    if len(text) > _MAX_RENDERED:
        raise TemplateRaises(f"it gives more than {_MAX_RENDERED} characters", undefined=False)
    return text


def _rendered(source: str, context: Mapping[str, Json]) -> str:
    try:
        return _compile(source).render(context)
    except UndefinedError as exc:
        raise TemplateRaises(str(exc.message), undefined=True) from None
    except TemplateError as exc:
        raise TemplateRaises(str(exc.message), undefined=False) from None
    except MemoryError:
        raise
    except Exception as exc:  # noqa: BLE001 - a template may raise anything its filters and operators can
        raise TemplateRaises(f"{type(exc).__name__}: {exc}", undefined=False) from None


def serve() -> None:
    """Work as the process that renders templates for another."""
    serve_templates(_rendered)


@lru_cache(maxsize=1024)
def _is_plain(source: str) -> bool:
    return is_plain(_environment().parse(source))


def _fail(task: Task, sample: Sample, message: str) -> SuiteError:
    return SuiteError(f"sample '{sample.id}': {message}", path=f"task '{task.name}'")
