"""What a suite says, with its data: tasks, samples, arms, load, budget, claims as written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Literal

from claimbench.types.base import Json
from claimbench.types.decision import DecisionSpec
from claimbench.types.simulated import Simulator, UserSpec

Weights = Literal["open", "proprietary", "unknown"]


AnswerKind = Literal["label", "json", "number", "text", "tool_call"]


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message; ``content`` is plain text (a Jinja2 source where it stands in a
    :class:`Task`).

    ``turns`` stands in a task's prompt alone: its content gives a sample's own turns as JSON, which
    take its place in the request. So does ``conversation``: its content gives the user's turns
    alone, and between them stand the model's own answers.
    """

    role: Literal["system", "user", "assistant", "tool", "turns", "conversation"]
    content: str


@dataclass(frozen=True, slots=True)
class Turn:
    """The place of a sample in a conversation: the user's turn ``number`` of ``last``, from 1.

    ``scored``: the turn has a target; else it is asked for what follows it, and no figure of
    quality knows it.
    """

    conversation: str
    number: int
    last: int
    scored: bool = True


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A function that a model may call; ``parameters``: the JSON Schema of its arguments."""

    name: str
    description: str = ""
    parameters: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample:
    """One input with its target.

    ``input`` holds the template variables (column -> value); ``cluster`` defaults to ``id``
    (independent samples).
    """

    id: str
    input: Mapping[str, Json]
    target: Json
    cluster: str
    slices: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Json] = field(default_factory=dict)
    turn: Turn | None = None
    """Of a conversation whose answers are the model's own; None: the row is asked once."""
    tools: tuple[ToolSpec, ...] = ()
    """The row's own tools; empty: those of its task."""

    @property
    def scored(self) -> bool:
        """Tell whether an answer is right or wrong; some turns of conversations have no target."""
        return self.turn is None or self.turn.scored


@dataclass(frozen=True, slots=True)
class AnswerSpec:
    """The answer space of a task and how it may be enforced.

    ``constrain`` asks providers that can to enforce it (``grammar`` in llama.cpp, ``json_schema``
    at endpoints).
    """

    kind: AnswerKind
    labels: tuple[str, ...] = ()
    schema: Mapping[str, Json] | None = None
    constrain: bool = True


@dataclass(frozen=True, slots=True)
class ScorerSpec:
    """A scorer by entry-point name with its options; ``weight`` is not a thing: the first scorer is
    the headline.
    """

    name: str
    options: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MaskSpec:
    """Personal data that is masked as rows are loaded: what is looked for, in which columns (None:
    all), and how.
    """

    entities: tuple[str, ...]
    columns: tuple[str, ...] | None = None
    model: str | None = None
    min_score: float = 0.4
    phone_regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Masked:
    """What was masked in a task's rows, examples included: ``counts`` by entity, ``rows`` with any,
    and by what.
    """

    spec: MaskSpec
    counts: Mapping[str, int]
    rows: int
    library: str


JUDGE = "judge"
"""Name of the scorer that asks a model."""
JUDGE_MAX_TOKENS = 64
"""Longest answer of a judge where the suite states none."""


@dataclass(frozen=True, slots=True)
class JudgeSpec:
    """The judge of one task: ``by`` names it among the suite's judges.

    ``choices`` are what it may say, best first, each with its score from 0 to 1. ``template`` is
    the Jinja2 source of what it is shown; None: the request, the target and the answer.
    """

    by: str
    rubric: str
    choices: Mapping[str, float]
    template: str | None = None
    max_tokens: int = JUDGE_MAX_TOKENS

    @classmethod
    def of(cls, options: Mapping[str, Json]) -> JudgeSpec:
        """Build the judge from options that the scorer ``judge`` has checked.

        The order of the choices does not depend on how they were written or stored.
        """
        ranked = sorted(options["choices"].items(), key=lambda choice: (-choice[1], choice[0]))
        return cls(
            by=options["by"],
            rubric=options["rubric"],
            choices={name: float(value) for name, value in ranked},
            template=options.get("template"),
            max_tokens=options.get("max_tokens", JUDGE_MAX_TOKENS),
        )


PAIRWISE = "pairwise"
"""Name of the scorer that lets models compare the answers of two arms."""
SIMILAR_LENGTH = 0.2
"""Answers of a pair whose lengths differ by at most this share of the longer are similar."""


@dataclass(frozen=True, slots=True)
class PairwiseSpec:
    """The judges of one task who compare its answers two by two; ``by`` names them among the
    suite's judges.

    ``template`` is the Jinja2 source of what they are shown; None: the request, and both answers.
    ``similar_length``: largest difference in length, as a share of the longer answer, of pairs
    that are also shown by themselves.
    """

    by: tuple[str, ...]
    rubric: str
    template: str | None = None
    max_tokens: int = JUDGE_MAX_TOKENS
    similar_length: float = SIMILAR_LENGTH

    @classmethod
    def of(cls, options: Mapping[str, Json]) -> PairwiseSpec:
        """Build the panel from options that the scorer ``pairwise`` has checked."""
        by = options["by"]
        return cls(
            by=(by,) if isinstance(by, str) else tuple(by),
            rubric=options["rubric"],
            template=options.get("template"),
            max_tokens=options.get("max_tokens", JUDGE_MAX_TOKENS),
            similar_length=float(options.get("similar_length", SIMILAR_LENGTH)),
        )


@dataclass(frozen=True)  # not slotted: what its property has built stays in the instance
class Task:
    """One measured task. ``prompt`` and the few-shot turns are Jinja2 sources over the sample's
    ``input``.
    """

    name: str
    samples: tuple[Sample, ...]
    prompt: tuple[Message, ...]
    few_shot: tuple[Sample, ...]
    answer: AnswerSpec
    scorers: tuple[ScorerSpec, ...]
    max_tokens: int
    stop: tuple[str, ...] = ()
    few_shot_target: str | None = None
    """Jinja2 source of the assistant turn in a few-shot example; default: the target (JSON for
    objects).
    """
    masked: Masked | None = None
    """What was masked in the rows before they became requests; None: nothing was looked for."""
    reduce: str | None = None
    """What an item's epochs come to: median, max, mode, pass@k, pass^k, at_least@k; None: their
    mean."""
    tools: tuple[ToolSpec, ...] = ()
    """Functions that the model may call."""
    tool_choice: str | None = None
    """auto, required, none or a tool's name, as sent; None: it is not sent."""
    simulator: Simulator | None = None
    """What answers the calls of tools, step by step; None: the first answer is scored."""
    user: UserSpec | None = None
    """The model that says the user's turns after the first; None: nobody does."""

    @property
    def steps(self) -> int:
        """Return how many answers an arm may give in one episode; 0: its rows are no episodes."""
        if self.simulator is not None:
            return self.simulator.max_steps
        return 0 if self.user is None else self.user.max_turns

    @property
    def n_units(self) -> int:
        """Count what was taken from the data set: rows, whole conversations or episodes."""
        return len({s.id if s.turn is None else s.turn.conversation for s in self.samples})

    @property
    def n_items(self) -> int:
        """Count what is scored: rows, turns with a target, or whole episodes."""
        if self.steps:
            return self.n_units
        return sum(sample.scored for sample in self.samples)

    @cached_property
    def judge(self) -> JudgeSpec | None:
        """The judge that scores the task, or None. Built once from ``scorers``, which say it all:
        no field of its own is stored, compared or hashed.
        """
        spec = next((spec for spec in self.scorers if spec.name == JUDGE), None)
        return None if spec is None else JudgeSpec.of(spec.options)

    @property
    def judged_by(self) -> str | None:
        """Which model as judge gives the task's score, here or in the tool that it was imported
        from; None where none does.
        """
        head = self.scorers[0] if self.scorers else None
        if head is None or head.name not in (JUDGE, PAIRWISE, "imported"):
            return head.name if head is not None and JUDGE in head.name else None
        told = head.options.get("judge" if head.name == "imported" else "by")
        return ", ".join(told) if isinstance(told, list | tuple) else told or None

    @cached_property
    def pairwise(self) -> PairwiseSpec | None:
        """The panel that compares the task's answers two by two, or None; as :attr:`judge`."""
        spec = next((spec for spec in self.scorers if spec.name == PAIRWISE), None)
        return None if spec is None else PairwiseSpec.of(spec.options)


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """Sampling parameters that must match between arms for a claim to be comparable; None: provider
    default.
    """

    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    reasoning_effort: str | None = None


@dataclass(frozen=True, slots=True)
class RateLimits:
    """What a key allows for an arm, as its vendor states it; None: not declared (it is then learned
    from refusals).
    """

    rpm: float | None = None
    tpm: float | None = None


@dataclass(frozen=True, slots=True)
class ServeSpec:
    """A server that the run starts for an arm. ``{port}``, ``{model}``, ``{model_path}`` and
    ``{python}`` stand in ``command`` and ``env``.

    ``health`` is polled until it answers 200; ``warmup`` requests are sent, and not measured,
    before the first call.
    """

    command: tuple[str, ...]
    health: str = "http://127.0.0.1:{port}/v1/models"
    ready_within_s: float = 300.0
    warmup: int = 1
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resources:
    """What one engine of an arm takes of a node, where a cluster runs it: whole processor cores and
    GPUs. ``cores`` None: as many as its threads, else one.
    """

    cores: int | None = None
    gpus: int = 0


@dataclass(frozen=True, slots=True)
class VariantSpec:
    """What makes an arm a variant of another: ``base`` is that arm, ``factors`` what was changed
    and to what, by name. The rest is what the requests of its calls have instead of the tasks'
    own: ``few_shot`` examples, ``prompt`` in ``tasks`` (empty: in all).
    """

    base: str
    factors: Mapping[str, Json]
    max_tokens: int | None = None
    few_shot: int | None = None
    prompt: tuple[Message, ...] = ()
    tasks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Arm:
    """What is compared: provider x model x revision x parameters x host.

    ``cost_model`` is the suite's ``cost`` mapping, read by ``pricing``. ``options`` belong to the
    provider. ``device`` groups arms that share hardware and therefore take turns (``None``: a
    remote endpoint of its own).
    """

    name: str
    provider: str
    model: str
    revision: str | None = None
    weights: Weights = "unknown"
    lab: str | None = None
    params: SamplingParams = SamplingParams()
    cost_model: Mapping[str, Json] = field(default_factory=dict)
    concurrency: int = 1
    device: str | None = None
    base_url: str | None = None
    api_key_env: str | None = None
    options: Mapping[str, Json] = field(default_factory=dict)
    limits: RateLimits = RateLimits()
    serve: ServeSpec | None = None
    api_key_file: str | None = None
    api_key_keyring: str | None = None
    resources: Resources | None = None
    """What each of its engines takes of a node (``engine: ray``); None: not stated."""
    replicas: int | None = None
    """Engines that a cluster runs for it; 0: as many as fit, and more as nodes join; None: one."""
    variant: VariantSpec | None = None
    """What was changed of another arm; None: an arm of its own."""
    line: int | None = field(default=None, compare=False, repr=False)
    """Where the suite file states the arm, for errors; not stored, and None in a stored suite."""
    option_lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)
    """Option -> its line in the suite file, for errors; not stored."""


@dataclass(frozen=True, slots=True)
class LoadSpec:
    """How calls arrive. ``closed``: fixed concurrency. ``open``: arrivals by schedule at
    ``rate_per_s``.
    """

    mode: Literal["closed", "open"] = "closed"
    concurrency: int | None = None
    arrivals: Literal["constant", "poisson", "trace"] = "constant"
    rate_per_s: float | None = None
    trace_s: tuple[float, ...] = ()
    warmup_calls: int = 0
    cold_cache: Literal["run", "call"] | None = None
    """Begin every prompt with words that no other run (or no other call) begins with, so that
    caches find nothing.
    """
    senders: int | None = None
    """Processes that send; None: the run's own alone."""


@dataclass(frozen=True, slots=True)
class BudgetSpec:
    """Hard limits in US dollars: part of the run, reserved before sending."""

    max_cost_usd: Decimal | None = None
    per_arm_usd: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ErrorPolicy:
    """Retries, backoff and timeouts. ``max_retries`` counts further attempts after the first."""

    max_retries: int = 3
    backoff_s: float = 1.0
    backoff_max_s: float = 60.0
    timeout_s: float = 120.0
    connect_timeout_s: float = 10.0
    stop_arm_after: int = 10
    """Consecutive failed calls after which an arm is given up while the others go on."""


@dataclass(frozen=True, slots=True)
class ClaimSpec:
    """A claim as the suite states it, before parsing; exactly one of ``text`` and a structured
    ``kind`` is enough.

    ``line`` is its place in the suite file, for errors. ``raw`` holds the structured fields as
    written.
    """

    id: str
    text: str
    source: str | None
    raw: Mapping[str, Json]
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Suite:
    """A validated suite with its samples loaded.

    ``file_sha256`` is provenance; ``measured_sha256`` covers dataset, prompts, few-shot, answer
    space, scorers and sampling - not claims, arms or prose - and must match for two results to be
    comparable.
    """

    name: str
    version: str
    description: str
    path: str
    tasks: tuple[Task, ...]
    arms: tuple[Arm, ...]
    sampling: SamplingParams
    epochs: int
    order_seed: int
    load: LoadSpec
    budget: BudgetSpec
    claims: tuple[ClaimSpec, ...]
    errors: ErrorPolicy
    margin: float
    alpha: float
    population: Literal["super", "fixed"]
    stop: Literal["never", "when_decided"]
    allow: tuple[str, ...]
    thresholds: Mapping[str, Json]
    file_sha256: str
    measured_sha256: str
    options: Mapping[str, Json] = field(default_factory=dict)
    decision: DecisionSpec | None = None
    judges: tuple[Arm, ...] = ()
    """Models that score answers; never compared, and in no arm's figures."""
    users: tuple[Arm, ...] = ()
    """Models that play the user of conversations; likewise."""

    @property
    def helpers(self) -> tuple[Arm, ...]:
        """Whoever is asked and not compared: judges and simulated users."""
        return (*self.judges, *self.users)

    @property
    def asked(self) -> tuple[Arm, ...]:
        """Whoever is sent requests: the arms, and after them judges and simulated users."""
        return (*self.arms, *self.helpers)
