"""Calls: what is asked, the events that come back, attempts with stamps, records and scores."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from claimbench.types.base import Json
from claimbench.types.suite import Message, SamplingParams, ToolSpec

RECORD_SCHEMA = 1
"""Version of :class:`CallRecord` as stored. History: 1 = first."""
LONGEST_ANSWER = 2_000_000
"""Characters; what is longer is no answer to a task: it is cut off at receipt."""


class Outcome(StrEnum):
    """The end of an attempt, in one word; the one table that decides retries, denominators, latency
    (docs/architecture.md).
    """

    OK = "ok"
    EMPTY = "empty"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    MODEL_TIMEOUT = "model_timeout"
    ENDED = "ended"
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

    retryable: bool
    """Another attempt may follow (infrastructure faults only)."""
    answered: bool
    """The model's own behaviour is on record: it has a place in the accuracy denominator."""
    missing: bool
    """The call has no score in the main analysis (neither right nor wrong)."""
    stops_arm: bool
    """Every further call of the arm would fail the same way."""


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


# ENDED is neither: nothing was sent, and no fault is to blame. The model itself ended the
# conversation at an earlier turn (empty, refused, cut, too slow), so that the turn scores 0.


NOT_ASKED = frozenset({Outcome.ENDED, Outcome.CANCELLED})
"""Ends of calls that were never sent: turns of a conversation that its model, or a fault, ended."""


STOPS_ARM = frozenset({Outcome.AUTH, Outcome.BAD_REQUEST, Outcome.CONTEXT_OVERFLOW})


for _outcome in Outcome:  # looked up for every call, many times: attributes cost least
    _outcome.retryable = _outcome in RETRYABLE
    _outcome.answered = _outcome in ANSWERED
    _outcome.missing = _outcome not in ANSWERED and _outcome is not Outcome.ENDED
    _outcome.stops_arm = _outcome in STOPS_ARM


StampSource = Literal["kernel", "transport", "sdk", "in_process", "reported"]


Billable = Literal["yes", "no", "unknown"]


Provenance = Literal["measured", "replayed", "provider_cached", "imported"]


ScoreStatus = Literal["scored", "unparsable", "unscored"]


Role = Literal["subject", "judge", "user", "tool"]


@dataclass(frozen=True, slots=True)
class Call:
    """One planned sample x arm x epoch; key ``(run_id, id)``.

    ``arm`` of a judge's call is the judge's name, of a simulated user's (``user``) the user's. A
    ``tool`` call asks no model: its record holds what a suite's function gave.
    """

    run_id: str
    id: str
    task: str
    sample_id: str
    epoch: int
    arm: str
    seed: int
    position: int
    role: Role = "subject"
    scheduled_ns: int | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call of the model, arguments as the raw JSON text."""

    name: str
    arguments: str
    id: str | None = None
    received_ns: int | None = None


@dataclass(frozen=True, slots=True)
class ToolTurn(Message):
    """A turn of tools in a request: the calls that the assistant made (``calls``), or, of the role
    ``tool``, what one of them gave.
    """

    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""
    """Of a result: the call that it answers."""
    name: str = ""
    """Of a result: the function."""
    call_id_is_own: bool = False
    """The call had the id from its vendor; else it is made here."""


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
    conversation: str = ""
    """Names the conversation whose earlier turns the messages repeat, so that in-process providers
    can keep its computation; empty: the request stands alone."""
    continuations: tuple[tuple[str, str], ...] = ()
    """(context, continuation) pairs: the answer is then the JSON list of [natural-log probability,
    greedy], nothing is generated, and a provider that cannot do it refuses."""
    row: Mapping[str, Json] = field(default_factory=dict)
    """The sample's columns but its target, for providers whose requests the suite writes."""
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: str | None = None
    """auto, required, none or a tool's name; None: it is not sent."""
    timeout_s: float = 120.0
    connect_timeout_s: float = 10.0

    @property
    def tool_text(self) -> str:
        """Return what is sent of tools, as text: what they are, which were called, what came back
        apart.
        """
        said: list[str] = []
        for tool in self.tools:
            said += [tool.name, tool.description, json.dumps(tool.parameters, ensure_ascii=False)]
        for message in self.messages:
            if isinstance(message, ToolTurn):
                said += [f"{call.name} {call.arguments}" for call in message.calls]
        return " ".join(said)


DOUBTED = "doubted:"
INPUT_FEES = ("explicit_cache_read_tokens",)
OUTPUT_FEES = ("output_audio_tokens", "output_image_tokens")
"""Fees of a usage that are tokens of a rate of their own, which are in no bucket."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one attempt in disjoint buckets; each ``None`` if unknown. Totals are derived,
    never stored.

    ``fees`` name what is billed beside the buckets. One that begins with :data:`DOUBTED` bills
    nothing: it says how many tokens stand in a bucket (or a fee) where the request cannot have
    them, ``doubted:output`` that visible output and reasoning are not parted as they can be. Their
    totals are sound; a bill has both readings as its ends.
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
    def doubted(self) -> tuple[str, ...]:
        """Return the buckets and fees whose tokens may be of another class."""
        if not self.fees:
            return ()
        names = (name for name, _ in self.fees if name.startswith(DOUBTED))
        return tuple(name.removeprefix(DOUBTED) for name in names)

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
    def cache_write(self) -> int | None:
        """Return the input tokens written to caches of any life; None if none of them is told."""
        if self.cache_write_5m is None and self.cache_write_1h is None:
            return None
        return (self.cache_write_5m or 0) + (self.cache_write_1h or 0)

    @property
    def output_total(self) -> int | None:
        """Return visible plus reasoning tokens; None if the visible output is unknown."""
        if self.output_visible is None:
            return None
        return self.output_visible + (self.output_reasoning or 0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cluster worked on an attempt.

    ``node`` is the cluster's own name of it; ``machine`` tells machines apart without naming them,
    and several nodes may be one; ``node_type`` says what kind it is, by which it is priced and
    compared. ``clock`` names the monotonic clock that measured the durations: stamps of two clocks
    never compare. A stored stamp is the node's minus ``offset_ns``, so that it stands where the
    session's own clock handed the call over; None where the node never answered.
    """

    node: str
    machine: str
    node_type: str
    clock: str
    offset_ns: int | None = None


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
    place: Place | None = None

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
            self.place,
        )


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of content; ``reasoning`` is kept apart from the answer."""

    text: str
    kind: Literal["answer", "reasoning"] = "answer"
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
    place: Place | None = None
    """The node of a cluster that worked on it; None: this process, or an endpoint."""


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

    @property
    def said(self) -> str:
        """Return the answer as it is shown to people and judges; see :func:`said_of`."""
        return said_of(self.text, self.tool_calls)


def said_of(text: str, tool_calls: tuple[ToolCall, ...]) -> str:
    """Return an answer as it is shown to people and judges: its text, and the tools it calls, one a
    line.
    """
    if not tool_calls:
        return text
    calls = [f"[calls {call.name}({call.arguments})]" for call in tool_calls]
    return "\n".join([text, *calls] if text.strip() else calls)


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
