"""Domain types: frozen, slotted, tuples instead of lists, units in the names.

Nothing here imports another module of ours, performs I/O or reads a clock. Conventions:

* ``None`` means unknown or not measured. It is never replaced by 0.
* Money is :class:`decimal.Decimal` in the stated currency; time is ``int`` nanoseconds on the monotonic clock unless
  the name says ``utc``; durations derived for tables are ``float`` seconds (``_s``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

RECORD_SCHEMA = 1
"""Version of :class:`CallRecord` as stored. History: 1 = first."""

Json = Any
"""A JSON value: str, int, float, bool, None, list or dict of these."""


class Outcome(StrEnum):
    """What became of an attempt; the one table that decides retries, denominators, latency (docs/architecture.md)."""

    OK = "ok"
    EMPTY = "empty"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    MODEL_TIMEOUT = "model_timeout"
    CONNECT_TIMEOUT = "connect_timeout"
    NETWORK = "network"
    RATE_LIMITED = "rate_limited"
    SERVER_FAULT = "server_fault"
    INCOMPLETE_STREAM = "incomplete_stream"
    MALFORMED_STREAM = "malformed_stream"
    AUTH = "auth"
    BAD_REQUEST = "bad_request"
    CONTEXT_OVERFLOW = "context_overflow"
    CANCELLED = "cancelled"

    @property
    def retryable(self) -> bool:
        """Whether another attempt may follow (infrastructure faults only)."""
        return self in RETRYABLE

    @property
    def answered(self) -> bool:
        """Whether the model's own behaviour is on record: the outcome has a place in the accuracy denominator."""
        return self in ANSWERED

    @property
    def stops_arm(self) -> bool:
        """Whether every further call of the arm would fail the same way."""
        return self in STOPS_ARM

    @property
    def missing(self) -> bool:
        """Whether the call has no score in the main analysis (neither right nor wrong)."""
        return not self.answered


RETRYABLE = frozenset(
    {
        Outcome.CONNECT_TIMEOUT,
        Outcome.NETWORK,
        Outcome.RATE_LIMITED,
        Outcome.SERVER_FAULT,
        Outcome.INCOMPLETE_STREAM,
        Outcome.MALFORMED_STREAM,
    }
)
ANSWERED = frozenset({Outcome.OK, Outcome.EMPTY, Outcome.REFUSED, Outcome.TRUNCATED, Outcome.MODEL_TIMEOUT})
STOPS_ARM = frozenset({Outcome.AUTH, Outcome.BAD_REQUEST, Outcome.CONTEXT_OVERFLOW})

Weights = Literal["open", "proprietary", "unknown"]
StampSource = Literal["kernel", "transport", "sdk", "in_process", "reported"]
Billable = Literal["yes", "no", "unknown"]
Provenance = Literal["measured", "replayed", "provider_cached", "imported"]
ScoreStatus = Literal["scored", "unparsable", "unscored"]
CostBasis = Literal["billed", "list_price", "host_time", "projected"]
AnswerKind = Literal["label", "json", "number", "text"]
ConstraintKind = Literal["none", "json_schema", "grammar"]
VerdictStatus = Literal["supported", "refuted", "inconclusive", "not_comparable"]


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message; ``content`` is plain text (a Jinja2 source where it stands in a :class:`Task`)."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One input with its target.

    ``input`` holds the template variables (column -> value); ``cluster`` defaults to ``id`` (independent samples).
    """

    id: str
    input: Mapping[str, Json]
    target: Json
    cluster: str
    slices: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnswerSpec:
    """The answer space of a task and how it may be enforced.

    ``constrain`` asks providers that can to enforce it (``grammar`` in llama.cpp, ``json_schema`` at endpoints).
    """

    kind: AnswerKind
    labels: tuple[str, ...] = ()
    schema: Mapping[str, Json] | None = None
    constrain: bool = True


@dataclass(frozen=True, slots=True)
class ScorerSpec:
    """A scorer by entry-point name with its options; ``weight`` is not a thing: the first scorer is the headline."""

    name: str
    options: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MaskSpec:
    """Personal data that is masked as rows are loaded: what is looked for, in which columns (None: all), and how."""

    entities: tuple[str, ...]
    columns: tuple[str, ...] | None = None
    model: str | None = None
    min_score: float = 0.4
    phone_regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Masked:
    """What was masked in a task's rows, examples included: ``counts`` by entity, ``rows`` with any, and by what."""

    spec: MaskSpec
    counts: Mapping[str, int]
    rows: int
    library: str


@dataclass(frozen=True, slots=True)
class Task:
    """One measured task. ``prompt`` and the few-shot turns are Jinja2 sources over the sample's ``input``."""

    name: str
    samples: tuple[Sample, ...]
    prompt: tuple[Message, ...]
    few_shot: tuple[Sample, ...]
    answer: AnswerSpec
    scorers: tuple[ScorerSpec, ...]
    max_tokens: int
    stop: tuple[str, ...] = ()
    few_shot_target: str | None = None
    """Jinja2 source of the assistant turn in a few-shot example; default: the target (JSON for objects)."""
    masked: Masked | None = None
    """What was masked in the rows before they became requests; None: nothing was looked for."""


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """Sampling parameters that must match between arms for a claim to be comparable; None: provider default."""

    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    reasoning_effort: str | None = None


@dataclass(frozen=True, slots=True)
class RateLimits:
    """What a key allows for an arm, as its vendor states it; None: not declared (it is then learned from refusals)."""

    rpm: float | None = None
    tpm: float | None = None


@dataclass(frozen=True, slots=True)
class ServeSpec:
    """A server that the run starts for an arm. ``{port}``, ``{model}`` and ``{python}`` stand in ``command``.

    ``health`` is polled until it answers 200; ``warmup`` requests are sent, and not measured, before the first call.
    """

    command: tuple[str, ...]
    health: str = "http://127.0.0.1:{port}/v1/models"
    ready_within_s: float = 300.0
    warmup: int = 1
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Arm:
    """What is compared: provider x model x revision x parameters x host.

    ``cost_model`` is the suite's ``cost`` mapping, read by ``pricing``. ``options`` belong to the provider.
    ``device`` groups arms that share hardware and therefore take turns (``None``: a remote endpoint of its own).
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


@dataclass(frozen=True, slots=True)
class LoadSpec:
    """How calls arrive. ``closed``: fixed concurrency. ``open``: arrivals by schedule at ``rate_per_s``."""

    mode: Literal["closed", "open"] = "closed"
    concurrency: int | None = None
    arrivals: Literal["constant", "poisson", "trace"] = "constant"
    rate_per_s: float | None = None
    trace_s: tuple[float, ...] = ()
    warmup_calls: int = 0
    cold_cache: Literal["run", "call"] | None = None
    """Begin every prompt with words that no other run (or no other call) begins with, so that caches find nothing."""


@dataclass(frozen=True, slots=True)
class BudgetSpec:
    """Hard limits in US dollars; reserved before sending, never exceeded by what we send."""

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
    """A claim as the suite states it, before parsing; exactly one of ``text`` and a structured ``kind`` is enough.

    ``line`` is its place in the suite file, for errors. ``raw`` holds the structured fields as written.
    """

    id: str
    text: str
    source: str | None
    raw: Mapping[str, Json]
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Suite:
    """A validated suite with its samples loaded.

    ``file_sha256`` is provenance; ``measured_sha256`` covers dataset, prompts, few-shot, answer space, scorers and
    sampling - not claims, arms or prose - and must match for two results to be comparable.
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
    judges: tuple[Arm, ...] = ()
    """Models that score answers; never compared, and in no arm's figures."""

    @property
    def asked(self) -> tuple[Arm, ...]:
        """Whoever is sent requests: the arms, and after them the judges."""
        return (*self.arms, *self.judges)


@dataclass(frozen=True, slots=True)
class Call:
    """One planned sample x arm x epoch; key ``(run_id, id)``. ``arm`` of a judge's call is the judge's name."""

    run_id: str
    id: str
    task: str
    sample_id: str
    epoch: int
    arm: str
    seed: int
    position: int
    role: Literal["subject", "judge"] = "subject"
    scheduled_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """What a provider is asked. Either ``messages`` (chat) or ``prompt`` (plain completion) is set.

    ``labels`` / ``answer_schema`` are given when the answer is constrained. ``prefix_key`` names prompts that share a
    prefix (one per task), so that in-process providers can keep one KV state per task.
    """

    call_id: str
    messages: tuple[Message, ...]
    params: SamplingParams
    max_tokens: int
    seed: int | None = None
    prompt: str | None = None
    stop: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    answer_schema: Mapping[str, Json] | None = None
    prefix_key: str = ""
    continuations: tuple[tuple[str, str], ...] = ()
    """(context, continuation) pairs: the answer is then the JSON list of [natural-log probability, greedy], nothing is
    generated, and a provider that cannot do it refuses."""
    timeout_s: float = 120.0
    connect_timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one attempt in disjoint buckets; each ``None`` if unknown. Totals are derived, never stored."""

    input_fresh: int | None = None
    cache_read: int | None = None
    cache_write_5m: int | None = None
    cache_write_1h: int | None = None
    output_visible: int | None = None
    output_reasoning: int | None = None
    image: int | None = None
    audio: int | None = None
    tool_use_input: int | None = None
    fees: tuple[tuple[str, int], ...] = ()
    source: Literal["provider", "tokenizer", "unknown"] = "provider"

    @property
    def input_total(self) -> int | None:
        """Input tokens of every class; None if the fresh input is unknown."""
        if self.input_fresh is None:
            return None
        cached = (self.cache_read or 0) + (self.cache_write_5m or 0) + (self.cache_write_1h or 0)
        return self.input_fresh + cached + (self.image or 0) + (self.audio or 0) + (self.tool_use_input or 0)

    @property
    def output_total(self) -> int | None:
        """Visible plus reasoning tokens; None if the visible output is unknown."""
        if self.output_visible is None:
            return None
        return self.output_visible + (self.output_reasoning or 0)


@dataclass(frozen=True, slots=True)
class Meta:
    """Response head: what answered, and what the transport measured while connecting (durations, ns).

    ``sent_ns`` is the core's own stamp of when the request left (transport, worker thread); an SDK leaves it None.
    ``stamp_source``: where this response's stamps came from, if not from where the provider's usually do.
    ``provenance``: whether the answer was made for this request.
    """

    http_status: int | None = None
    model_returned: str | None = None
    fingerprint: str | None = None
    request_id: str | None = None
    rate_limits: Mapping[str, str] = field(default_factory=dict)
    connect_ns: int | None = None
    tls_ns: int | None = None
    sent_ns: int | None = None
    received_ns: int | None = None
    stamp_source: StampSource | None = None
    provenance: Provenance = "measured"

    def named(self, model: str | None, fingerprint: str | None, received_ns: int | None) -> Meta:
        """The same head once the first message has said who answers (``dataclasses.replace`` is five times slower)."""
        return Meta(
            self.http_status, model, fingerprint, self.request_id, self.rate_limits, self.connect_ns, self.tls_ns,
            self.sent_ns, received_ns, self.stamp_source, self.provenance,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of content; ``reasoning`` is kept apart from the answer."""

    text: str
    kind: Literal["answer", "reasoning"] = "answer"
    received_ns: int | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call of the model, arguments as the raw JSON text."""

    name: str
    arguments: str
    id: str | None = None
    received_ns: int | None = None


@dataclass(frozen=True, slots=True)
class UsageReport:
    """Normalised usage with the provider's own object kept verbatim in ``raw``.

    ``billed_usd`` is the amount the provider says it charged, where it says so.
    """

    usage: Usage
    raw: Json = None
    billed_usd: Decimal | None = None
    received_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The regular end of an answer. ``finish_reason`` as normalised: stop, length, content_filter, tool_calls.

    ``timings`` carries an in-process engine's own figures (llama.cpp: prompt_ms, predicted_ms, prompt_n, predicted_n).
    """

    finish_reason: str | None
    refusal: bool = False
    timings: Mapping[str, float] = field(default_factory=dict)
    received_ns: int | None = None


Event = Meta | Delta | ToolCall | UsageReport | Done


@dataclass(frozen=True, slots=True)
class Timing:
    """Stamps of one attempt, monotonic ns. ``chunk_ns`` holds every content chunk, the first included."""

    scheduled_ns: int | None
    queued_ns: int
    sent_ns: int
    first_content_ns: int | None
    first_answer_ns: int | None
    chunk_ns: tuple[int, ...]
    ended_ns: int
    stamp_source: StampSource
    connect_ns: int | None = None
    tls_ns: int | None = None
    engine: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a call. ``number`` counts from 1 within the call over all sessions."""

    call_id: str
    number: int
    session: int
    timing: Timing
    outcome: Outcome
    http_status: int | None
    usage: Usage | None
    usage_raw: Json
    billed_usd: Decimal | None
    billable: Billable
    model_returned: str | None = None
    fingerprint: str | None = None
    request_id: str | None = None
    error: str | None = None
    reserved_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What a call left; written once, when the call is finished. ``attempt`` is the number of the final attempt."""

    call: Call
    text: str
    outcome: Outcome
    finish_reason: str | None
    attempt: int
    provenance: Provenance = "measured"
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    logprobs: Json = None
    error: str | None = None
    schema: int = RECORD_SCHEMA


@dataclass(frozen=True, slots=True)
class Session:
    """One process that worked on a run; monotonic stamps only compare within a session."""

    run_id: str
    n: int
    started_utc: str
    monotonic_origin_ns: int
    host: Mapping[str, Json]
    loop_lag_ms: Mapping[str, float] = field(default_factory=dict)
    calibration: Mapping[str, Json] = field(default_factory=dict)
    ended_utc: str | None = None
    end_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """One scorer's judgement of one call. ``value`` is None unless ``status`` is scored or unparsable (0.0).

    ``parts`` holds sub-scores (per JSON field), each in [0, 1].
    """

    call_id: str
    scorer: str
    scorer_version: str
    status: ScoreStatus
    value: float | None
    explanation: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)
    judge_cost_usd: Decimal | None = None
    """What asking a model as judge cost, all its attempts; None: no judge was asked, or its price is unknown."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The dollars of one attempt or call; ``amount`` None = unknown. ``low``/``high`` bound an unknown bill."""

    amount: Decimal | None
    currency: str = "USD"
    basis: CostBasis | None = None
    price_id: str | None = None
    priced_at: str | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    components: Mapping[str, Decimal] = field(default_factory=dict)
    why_unknown: str | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval; ``low``/``high`` may be infinite, and are None with ``why_no_interval``."""

    value: float | None
    low: float | None
    high: float | None
    level: float
    method: str
    n: int
    n_clusters: int
    n_eff: float | None = None
    df: float | None = None
    seed: int | None = None
    why_no_interval: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim, parsed: see ``claims.parse_claim``."""

    id: str
    text: str
    source: str | None
    kind: str
    metric: str
    treatments: tuple[str, ...]
    baselines: tuple[str, ...]
    relation: str
    threshold: float | None
    quoted_precision: float | None = None
    modifier: str | None = None
    task: str | None = None
    slice: tuple[str, str] | None = None
    quantile: float | None = None
    population: Literal["super", "fixed"] = "super"
    reading: str | None = None
    parts: tuple[Claim, ...] = ()
    margin: float = 0.03
    alpha: float = 0.05
    declared: Literal["before", "after"] = "before"
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One testable meaning of a claim, tested."""

    name: str
    estimate: Estimate | None
    threshold: float | None
    tolerance: float | None
    direction: Literal[">=", "<=", ">", "<", "within"] | None
    status: VerdictStatus | Literal["n/a"]
    p: float | None = None
    p_holm: float | None = None
    delta_star: float | None = None
    n_more: tuple[float, float] | None = None
    dollars_more: tuple[float, float] | None = None
    hours_more: tuple[float, float] | None = None
    flip_points: Mapping[str, float] = field(default_factory=dict)
    sensitivity: Mapping[str, str] = field(default_factory=dict)
    infeasible: bool = False
    price_ids: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """One interim look of a run that may stop when decided; stored, so that resume keeps the looks already used."""

    run_id: str
    k: int
    looks_planned: int
    items: int
    clusters: int
    repeated_p: Mapping[str, float]
    decision: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the data say of a claim. ``headline`` names the reading that decides, if one does."""

    claim: Claim
    status: VerdictStatus
    headline: str | None
    qualifier: str
    readings: tuple[Reading, ...]
    flags: tuple[str, ...]
    reasons: tuple[str, ...]
    sentence: str = ""
    projected: Mapping[str, Json] = field(default_factory=dict)
    parts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class ArmFacts:
    """What a provider knows of its arm once started; goes into the manifest.

    ``details``: anything else worth a line (layers offloaded, n_ctx, chat template, build info).
    """

    model_returned: str | None = None
    model_sha256: str | None = None
    load_seconds: float | None = None
    details: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was measured, with what, where.

    ``suite`` is the resolved suite as JSON (samples included), enough to
    re-score, re-price and re-judge the run without the suite's files.
    """

    run_id: str
    schema: int
    created_utc: str
    tool_version: str
    suite_name: str
    suite_version: str
    suite_path: str
    file_sha256: str
    measured_sha256: str
    plan_sha256: str
    price_book_sha256: str | None
    suite: Mapping[str, Json]
    arms_run: tuple[str, ...]
    arms_not_run: Mapping[str, str]
    arm_facts: Mapping[str, Json]
    limit: int | None
    claims: tuple[Mapping[str, Json], ...]
    git: Mapping[str, Json]
    packages: Mapping[str, str]
    host: Mapping[str, Json]
    seed: int
    options: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Intent:
    """A send that is about to happen; committed before it does.

    ``reserved_usd``: the most that the attempt can cost, None if unknown. ``created_utc``: ISO 8601.
    """

    call_id: str
    attempt_number: int
    session: int
    reserved_usd: Decimal | None
    created_utc: str
