"""The suite file as pydantic models: the shape, the limits and the help texts that editors show.

The models describe one file and nothing outside it; what needs the data, the plugins or several
places of the file at once is checked in :mod:`claimbench.suite.load`. ``model_json_schema`` of
:class:`SuiteModel` is published as ``docs/suite.schema.json``.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from claimbench.error_words import did_you_mean, show
from claimbench.suite.schema.about import AboutModel
from claimbench.suite.schema.adoption import AdoptionModel
from claimbench.suite.schema.base import Name, Strict
from claimbench.suite.schema.choices import ChoicesModel
from claimbench.suite.schema.compare import CompareModel
from claimbench.suite.schema.decision import DecisionModel
from claimbench.suite.schema.routes import Routes
from claimbench.suite.schema.run import (
    ENGINE,
    BudgetModel,
    ErrorsModel,
    LimitsModel,
    LoadModel,
    OrderModel,
    ResourcesModel,
    ServeModel,
)
from claimbench.suite.schema.tasks import (
    LmEvalTaskModel,
    MaskModel,
    SimulatedUserModel,
    SimulatorModel,
    task_kind,
)
from claimbench.suite.schema.turns import (
    AssistantTurn,
    ConversationTurns,
    OwnTurns,
    RoleTurn,
    SystemTurn,
    Turn,
    UserTurn,
)
from claimbench.suite.schema.variants import VariantsModel
from claimbench.suite.schema.volume import VolumeModel
from claimbench.types import Json

__all__ = [
    "COMPARABILITY_KEYS",
    "JUDGE_KEYS",
    "AnswerModel",
    "ArmModel",
    "AssistantTurn",
    "ClaimModel",
    "ConversationTurns",
    "DatasetModel",
    "FewShotFile",
    "OwnTurns",
    "RoleTurn",
    "SamplingModel",
    "SuiteModel",
    "SystemTurn",
    "TaskModel",
    "UserTurn",
]

COMPARABILITY_KEYS = (
    "epochs",
    "error_policy",
    "sampling",
    "reasoning_effort",
    "answer_constraint",
    "prompt",
    "few_shot",
    "load",
    "client_host",
    "node_type",
    "truncation",
    "refusal",
    "cache_share",
)
"""What must match between arms before a claim is judged; ``allow`` accepts a difference
(docs/architecture.md).
"""
JUDGE_UNCORRECTED = "judge_uncorrected"
JUDGE_KEYS = (JUDGE_UNCORRECTED, "self_judging")
"""What ``allow`` accepts of a model as judge: verdicts without human labels, and a judge that
judges its like.
"""
TOOL_KEYS = ("calls_in_text",)
"""What ``allow`` accepts of a server: that it leaves every call of a tool in the text."""
ROUTE_KEYS = ("route_knows_answers",)
"""What ``allow`` accepts of a route: decisions that part right from wrong answers."""
ALLOW_KEYS = (*COMPARABILITY_KEYS, *JUDGE_KEYS, *TOOL_KEYS, *ROUTE_KEYS)


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"expected a finite number, got {value}")
    return value


def _label(value: Any) -> Any:
    """Let whole numbers stand for their text; booleans and decimals must be quoted, for their text
    is not certain.
    """
    if isinstance(value, bool | float):
        raise ValueError(f"the label {value!r} is not text; put it in quotes")
    return str(value) if isinstance(value, int) else value


def _effort(value: Any) -> Any:
    """Let a number of tokens stand for its text."""
    if isinstance(value, bool):
        raise ValueError("expected a word such as low, or a number of tokens; got a boolean")
    return str(value) if isinstance(value, int) else value


def _allowed(value: Any) -> Any:
    """Take a key of the gate, or one parameter by ``sampling.NAME``."""
    if isinstance(value, str):
        if value in ALLOW_KEYS or re.fullmatch(r"sampling\.[A-Za-z][\w.]*", value):
            return value
        raise ValueError(
            f"expected one of {', '.join(ALLOW_KEYS)}, or sampling.PARAMETER; got"
            f" {show(value)}{did_you_mean(value, ALLOW_KEYS)}"
        )
    return value


Effort = Annotated[
    str,
    BeforeValidator(_effort, json_schema_input_type=str | int),
    Field(pattern=r"^[A-Za-z0-9_-]+$"),
]
Allowed = Annotated[str, BeforeValidator(_allowed)]
Names = Annotated[list[str], BeforeValidator(_one_or_many, json_schema_input_type=str | list[str])]
Label = Annotated[
    str, BeforeValidator(_label, json_schema_input_type=str | int), Field(min_length=1)
]


class SamplingModel(Strict):
    """Sampling parameters. They must match between arms for a claim to be comparable."""

    temperature: float | None = Field(default=None, ge=0, le=5)
    """0 = the most likely token every time. Left out: the provider's default."""
    top_p: float | None = Field(default=None, gt=0, le=1)
    """Nucleus sampling. Left out: the provider's default."""
    seed: int | None = Field(default=None, ge=0, lt=2**31)
    """Seed of the model's sampling, where the provider takes one."""
    reasoning_effort: Effort | None = None
    """For reasoning models: none, low, medium, high, or what the provider takes; or a number of
    tokens to think for, where it takes one."""


class DatasetModel(Strict):
    """Where the samples of a task come from and what their columns mean."""

    path: str = Field(min_length=1)
    """File beside the suite: .jsonl, .csv, .tsv or .xlsx."""
    format: Literal["jsonl", "csv", "tsv", "xlsx"] | None = None
    """Left out: by the file's suffix."""
    encoding: str | None = None
    """Of a text file, e.g. cp1252. Left out: UTF-8."""
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    """Of a CSV file. Left out: found from the file (comma, semicolon, tab or bar)."""
    sheet: str | None = None
    """Of a workbook. Needed if several sheets hold data."""
    id: str | None = None
    """Column with a unique id of the sample. Left out: the row's number."""
    target: Names
    """Column with the right answer; for json answers also a list of columns, one per field. Of a
    conversation: of its last turn; [] where its turns state theirs."""
    target_pattern: str | None = None
    r"""Regular expression that finds the answer within the target column; its group 1 (GSM8K:
    '####\s*(.+)').
    """
    cluster: str | None = None
    """Column that ties dependent samples together (conversation, document). Left out: every sample
    by itself.
    """
    slices: list[str] = Field(default_factory=list)
    """Columns to break results down by, such as language."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Template variable -> column, for columns whose own name will not do."""
    choices: ChoicesModel | None = None
    """Multiple choice: each row's own options, shown as `{{ choices }}` under letters."""
    limit: int | None = Field(default=None, ge=1)
    """Read only this many rows, the first ones."""
    tools: str | None = None
    """Column with the tools of each row. Left out: all rows have the task's."""


class FewShotFile(Strict):
    """Solved examples from a file with the dataset's columns."""

    path: str = Field(min_length=1)
    """File beside the suite."""
    format: Literal["jsonl", "csv", "tsv", "xlsx"] | None = None
    """Left out: by the file's suffix."""
    encoding: str | None = None
    """Of a text file. Left out: UTF-8."""
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    """Of a CSV file."""
    sheet: str | None = None
    """Of a workbook."""
    limit: int | None = Field(default=None, ge=1)
    """Use only this many, the first ones."""


FewShot = Annotated[
    Annotated[FewShotFile, Tag("file")] | Annotated[list[dict[str, Json]], Tag("rows")],
    Discriminator(lambda value: "rows" if isinstance(value, list) else "file"),
]


class AnswerModel(Strict):
    """The space of answers."""

    type: Literal["label", "json", "number", "text", "tool_call"]
    """label: one of a list. json: an object. number, text: as they say. tool_call: calls of the
    task's tools."""
    labels: list[Label] = Field(default_factory=list, max_length=20_000)
    """For type label: every answer allowed."""
    schema_: dict[str, Json] | None = Field(default=None, alias="schema")
    """For type json: the JSON Schema of the answer."""
    schema_file: str | None = None
    """For type json: the same, in a file beside the suite."""
    constrain: bool | None = None
    """Make providers that can do so enforce the answer space. Left out: yes for label and json."""


class ScorerModel(BaseModel):
    """A scorer with its options."""

    model_config = ConfigDict(
        extra="allow", strict=True, frozen=True, use_attribute_docstrings=True
    )

    name: str = Field(min_length=1)
    """label, choice, exact, contains, matches, regex, numeric, quantity, date, list, label_set,
    json_fields, tool_call, squad, text_overlap, ranking, graded, checks, judge, pairwise (models
    compare the arms' answers), python (a function in a file beside the suite), or an installed
    plugin's (docs/scorers.md)."""


def _scorer(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


ScorerEntry = Annotated[
    ScorerModel, BeforeValidator(_scorer, json_schema_input_type=str | ScorerModel)
]


class TaskModel(Strict):
    """One measured task."""

    name: Name
    """Unique in the suite."""
    dataset: DatasetModel
    prompt: list[Turn] = Field(min_length=1, max_length=500)
    """Chat turns in order: `- system: …`, `- user: …`; `- turns: column` for conversations of
    rows; `- conversation: column` to hold one.
    """
    few_shot: FewShot | None = None
    """Solved examples shown before every sample: a file, or rows written here."""
    few_shot_target: str | None = None
    """Jinja2 template of the answer in an example; `target` is the right answer. Left out: the
    answer as it is.
    """
    answer: AnswerModel
    scorers: list[ScorerEntry] = Field(min_length=1, max_length=50)
    """The first gives the headline metric."""
    reduce: str | None = Field(
        default=None,
        pattern=r"^(mean|median|max|mode|(pass|at_least)@[1-9]\d{0,3}|pass\^[1-9]\d{0,3})$",
    )
    """What the epochs of a sample come to: mean (left out), median, max (the best), mode (the most
    frequent score), pass@3 (the chance that one of 3 answers is right, unbiased), pass^3 (that
    all of 3 are, unbiased), at_least@2 (1 where 2 or more are right).
    """
    max_tokens: int = Field(default=256, ge=1, le=1_000_000)
    """Longest answer, tokens."""
    stop: Names = Field(default_factory=list, max_length=16)
    """Texts that end the answer."""
    mask: MaskModel | None = None
    """Personal data to mask in this task's rows; replaces the suite's."""
    tools: list[dict[str, Json]] | str | None = None
    """Functions that the model may call: `{name, description, parameters}` with a JSON Schema, or
    the path of a JSON file with such a list."""
    tool_choice: str | None = None
    """auto, required, none, or the name of a tool that must be called. Left out: not sent (the
    API's default, auto)."""
    simulator: SimulatorModel | None = None
    """What answers the calls of tools: the model then works in steps until it calls nothing, and
    the final state is scored (scorer final_state)."""
    simulated_user: SimulatedUserModel | None = None
    """A model that plays the user: the prompt is its first turn, and it answers the arm from there
    on."""


AnyTask = Annotated[
    Annotated[TaskModel, Tag("own")] | Annotated[LmEvalTaskModel, Tag("lm_eval")],
    Discriminator(task_kind),
]


class ArmModel(Strict):
    """What is compared: a model at a provider with parameters."""

    name: Name
    """Unique in the suite."""
    provider: str = Field(min_length=1)
    """llama_cpp, openai, or an installed plugin's."""
    model: str = Field(min_length=1)
    """Catalogue id, path of a .gguf file, or the provider's model id."""
    revision: str | None = None
    """Snapshot of the model, where the provider has several."""
    weights: Literal["open", "proprietary", "unknown"] = "unknown"
    """Whether the weights are open; claims about 'open models' use it."""
    lab: str | None = None
    """Who made the model."""
    device: str | None = None
    """Arms with the same device take turns. Left out: cpu for llama_cpp, none for endpoints."""
    concurrency: int = Field(default=1, ge=1, le=10_000)
    """Requests in flight at once."""
    base_url: str | None = None
    """Of an OpenAI-compatible server."""
    api_key_env: str | None = None
    """Name of the environment variable that holds the key. Keys never stand in a suite."""
    allow_key_on: str | None = Field(default=None, min_length=1)
    """Host that may be sent the key although its variable is known for another vendor's."""
    api_key_file: str | None = Field(default=None, min_length=1)
    """File that holds the key and nothing else, in the suite's folder (or: --allow-outside)."""
    api_key_keyring: str | None = Field(default=None, pattern=r"^[^/\s]+/[^/\s]+$")
    """SERVICE/USER of the key in the system's keyring (pip install 'claimbench[keyring]')."""
    limits: LimitsModel | None = None
    """Requests and tokens per minute that the key allows."""
    serve: ServeModel | None = None
    """A server that the run starts for this arm."""
    resources: ResourcesModel | None = None
    """What each engine of the arm takes of a node, with `engine: ray`. Left out: its n_threads,
    else one core."""
    replicas: Annotated[int, Field(ge=1, le=10_000)] | Literal["auto"] | None = None
    """Engines that are started for the arm, with `engine: ray`; auto: as many as fit, and more as
    nodes join. Left out: one."""
    sampling: SamplingModel = SamplingModel()
    """Overrides the suite's."""
    omit: Names = Field(default_factory=list)
    """Parameters of the suite not to send to this arm, for endpoints that cannot take them:
    temperature, top_p, seed, stop, reasoning_effort."""
    cost: dict[str, Json] = Field(default_factory=dict)
    """One of `list: {}` (price book), `price: {…}` (a contract), `host: {usd_per_hour: …}` (own
    hardware).
    """
    options: dict[str, Json] = Field(default_factory=dict)
    """The provider's own, e.g. n_ctx, n_threads, n_gpu_layers, chat_template, lora."""


class ClaimModel(Strict):
    """A claim to judge: its text as published, or its structure, or both."""

    claim: str | None = Field(default=None, min_length=1, max_length=2000)
    """As published, e.g. '90% cheaper than gpt-5-mini'."""
    id: Name | None = None
    """Short name. Left out: made from the text."""
    source: str | None = None
    """Who said it, where and when."""
    arm: Names | None = None
    """Arm or arms the claim is about, where the text names none."""
    than: Names | None = None
    """Arm or arms it is compared with."""
    task: str | None = None
    """Left out: all tasks."""
    kind: str | None = None
    """Kind of claim, where there is no text."""
    metric: str | None = None
    """What is compared: accuracy, cost, …"""
    relation: str | None = None
    """How: more, less, at_least, …"""
    threshold: float | None = None
    """The number in the claim; 0.9 for 90%."""
    quantile: float | None = Field(default=None, gt=0, lt=1)
    """For latency: 0.95 for p95."""
    reading: str | None = None
    """Pins one reading of an ambiguous sentence."""
    margin: float | None = Field(default=None, gt=0, lt=1)
    """Difference declared harmless; overrides the suite's."""
    slice: dict[str, str] | None = None
    """One slice column and its value, e.g. {language: de}."""
    modifier: str | None = None
    """about, up_to, sometimes, best."""


class SuiteModel(Strict):
    """A ClaimBench suite: tasks, arms and claims in one file."""

    name: Name
    """Of the suite."""
    version: str = Field(pattern=r"^\d+-\d+$")
    """N-X: N rises when results stop being comparable, X when only the wording changes."""
    description: str = ""
    about: AboutModel | None = None
    """What no run can tell of itself, for the report's checklist."""
    sampling: SamplingModel = SamplingModel()
    epochs: int = Field(default=1, ge=1, le=1000)
    """How often every sample is asked."""
    order: OrderModel = OrderModel()
    load: LoadModel = LoadModel()
    engine: ENGINE = None
    """Where arms that run in this process run instead: `ray`, or a mapping with its address."""
    budget: BudgetModel = BudgetModel()
    errors: ErrorsModel = ErrorsModel()
    margin: float = Field(default=0.03, gt=0, lt=1)
    """Difference in score declared harmless before the run; 'as accurate as' is judged by it."""
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    """1 - the level of the intervals."""
    population: Literal["super", "fixed"] = "super"
    """super: the samples stand for more like them. fixed: they are all there is."""
    stop: Literal["never", "when_decided"] = "never"
    """when_decided: stop at a planned look once every claim is decided or cannot be."""
    allow: list[Allowed] = Field(
        default_factory=list,
        json_schema_extra={
            "items": {
                "anyOf": [
                    {"enum": list(ALLOW_KEYS)},
                    {"type": "string", "pattern": r"^sampling\.[A-Za-z][A-Za-z0-9_.]*$"},
                ]
            }
        },
    )
    """Differences between arms that are accepted and printed in the verdict; one parameter by
    `sampling.NAME` (`sampling.temperature`), all of them by `sampling`; of judges:
    judge_uncorrected (decide without human labels), self_judging (a judge of an arm's own model or
    lab); of tools: calls_in_text (decide though a server left every call in the text); of routes:
    route_knows_answers."""
    thresholds: dict[str, dict[str, float]] = Field(default_factory=dict)
    """For `bench check`: metric -> arm -> bound."""
    slo: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    """Latency limits in seconds for goodput: ttft_s, tpot_s, e2e_s."""
    volume: VolumeModel | None = None
    """How much is asked in a month: reports then show the bill of a month and of years."""
    mask: MaskModel | None = None
    """Personal data to mask in the rows of every task (pip install 'claimbench[mask]'). Left out:
    nothing is masked.
    """
    tasks: list[AnyTask] = Field(min_length=1, max_length=1000)
    arms: list[ArmModel] = Field(min_length=1, max_length=200)
    variants: list[VariantsModel] = Field(default_factory=list, max_length=50)
    """Further arms made of an arm by changing one setting or several: prompts, temperatures,
    efforts, quantisations, examples, lengths of answers."""
    judges: list[ArmModel] = Field(default_factory=list, max_length=50)
    """Models that score answers, named by the scorers `judge` and `pairwise`; written like arms,
    never compared."""
    simulated_users: list[ArmModel] = Field(default_factory=list, max_length=50)
    """Models that play the user, named by `simulated_user` of a task; written like arms, never
    compared."""
    routes: Routes = Field(default_factory=list)
    """Arms made from stored records, without a call: cascades, by slice, a router's decisions."""
    claims: list[ClaimModel] = Field(default_factory=list, max_length=300)
    decision: DecisionModel | None = None
    """The choice that the run is for: incumbent, requirements, criteria (`bench decide`)."""
    compare: CompareModel | None = None
    """Margins, the number of runs and the baseline of `bench compare`."""
    adoption: AdoptionModel | None = None
    """Dated snapshots of a model hub, for claims about downloads and trending lists."""
