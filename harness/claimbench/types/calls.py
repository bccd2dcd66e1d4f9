"""Calls: what is asked, the events that come back, attempts with stamps, records and scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from claimbench.types.base import Json
from claimbench.types.suite import Message, SamplingParams

RECORD_SCHEMA = 1
"""Version of :class:`CallRecord` as stored. History: 1 = first."""


class Outcome(StrEnum):
    """The end of an attempt, in one word; the one table that decides retries, denominators, latency
    (docs/architecture.md).
    """

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
        """Say whether another attempt may follow (infrastructure faults only)."""
        return self in RETRYABLE

    @property
    def answered(self) -> bool:
        """Say whether the model's own behaviour is on record: the outcome has a place in the
        accuracy denominator.
        """
        return self in ANSWERED

    @property
    def stops_arm(self) -> bool:
        """Say whether every further call of the arm would fail the same way."""
        return self in STOPS_ARM

    @property
    def missing(self) -> bool:
        """Say whether the call has no score in the main analysis (neither right nor wrong)."""
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


ANSWERED = frozenset(
    {Outcome.OK, Outcome.EMPTY, Outcome.REFUSED, Outcome.TRUNCATED, Outcome.MODEL_TIMEOUT}
)


STOPS_ARM = frozenset({Outcome.AUTH, Outcome.BAD_REQUEST, Outcome.CONTEXT_OVERFLOW})


StampSource = Literal["kernel", "transport", "sdk", "in_process", "reported"]


Billable = Literal["yes", "no", "unknown"]


Provenance = Literal["measured", "replayed", "provider_cached", "imported"]


ScoreStatus = Literal["scored", "unparsable", "unscored"]


@dataclass(frozen=True, slots=True)
class Call:
    """One planned sample x arm x epoch; key ``(run_id, id)``. ``arm`` of a judge's call is the
    judge's name.
    """

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
    """A request to a provider. Either ``messages`` (chat) or ``prompt`` (plain completion) is set.

    ``labels`` / ``answer_schema`` are given when the answer is constrained. ``prefix_key`` names
    prompts that share a prefix (one per task), so that in-process providers can keep one KV state
    per task.
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
    """(context, continuation) pairs: the answer is then the JSON list of [natural-log probability,
    greedy], nothing is generated, and a provider that cannot do it refuses."""
    timeout_s: float = 120.0
    connect_timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one attempt in disjoint buckets; each ``None`` if unknown. Totals are derived,
    never stored.
    """

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
        """Return the input tokens of every class; None if the fresh input is unknown."""
        if self.input_fresh is None:
            return None
        cached = (self.cache_read or 0) + (self.cache_write_5m or 0) + (self.cache_write_1h or 0)
        return (
            self.input_fresh
            + cached
            + (self.image or 0)
            + (self.audio or 0)
            + (self.tool_use_input or 0)
        )

    @property
    def output_total(self) -> int | None:
        """Return visible plus reasoning tokens; None if the visible output is unknown."""
        if self.output_visible is None:
            return None
        return self.output_visible + (self.output_reasoning or 0)


@dataclass(frozen=True, slots=True)
class Meta:
    """Response head: what answered, and what the transport measured while connecting (durations,
    ns).

    ``sent_ns`` is the core's own stamp of when the request left (transport, worker thread); an SDK
    leaves it None. ``stamp_source``: where this response's stamps came from, if not from where the
    provider's usually do. ``provenance``: whether the answer was made for this request.
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
        """Return the same head once the first message has said who answers (``dataclasses.replace``
        is five times slower).
        """
        return Meta(
            self.http_status,
            model,
            fingerprint,
            self.request_id,
            self.rate_limits,
            self.connect_ns,
            self.tls_ns,
            self.sent_ns,
            received_ns,
            self.stamp_source,
            self.provenance,
        )


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
    """The regular end of an answer. ``finish_reason`` as normalised: stop, length, content_filter,
    tool_calls.

    ``timings`` carries an in-process engine's own figures (llama.cpp: prompt_ms, predicted_ms,
    prompt_n, predicted_n). ``remarks``: what is odd about the endpoint's bookkeeping, to be said
    once per arm; the answer stands all the same.
    """

    finish_reason: str | None
    refusal: bool = False
    timings: Mapping[str, float] = field(default_factory=dict)
    received_ns: int | None = None
    remarks: tuple[str, ...] = ()


Event = Meta | Delta | ToolCall | UsageReport | Done


@dataclass(frozen=True, slots=True)
class Timing:
    """Stamps of one attempt, monotonic ns. ``chunk_ns`` holds every content chunk, the first
    included.
    """

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
    """The result of a call; written once, when the call is finished. ``attempt`` is the number of
    the final attempt.
    """

    call: Call
    text: str
    outcome: Outcome
    finish_reason: str | None
    attempt: int
    provenance: Provenance = "measured"
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    logprobs: Json = None
    """Never set: no provider reports them. It stays because every stored record has the field, and
    without it a record would not come back to the text that its hash was made from.
    """
    error: str | None = None
    schema: int = RECORD_SCHEMA


@dataclass(frozen=True, slots=True)
class Score:
    """One scorer's judgement of one call. ``value`` is None unless ``status`` is scored or
    unparsable (0.0).

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
    """The cost of asking a model as judge, all its attempts; None: no judge was asked, or its price
    is unknown.
    """


@dataclass(frozen=True, slots=True)
class Intent:
    """A send that is about to happen; committed before it does.

    ``reserved_usd``: the most that the attempt can cost, None if unknown. ``created_utc``: ISO
    8601.
    """

    call_id: str
    attempt_number: int
    session: int
    reserved_usd: Decimal | None
    created_utc: str
