"""One attempt: a provider's events become an :class:`~claimbench.types.Attempt` and what was
answered.

This is one of the two places where a broad ``except`` is right: whatever goes wrong in a provider
becomes an :class:`~claimbench.types.Outcome`, never a wrong answer and never the end of the run.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import cast

from claimbench.clock import Clock
from claimbench.errors import ProviderError
from claimbench.provider.believable import believable
from claimbench.provider.contract import Provider
from claimbench.provider.thinking import part
from claimbench.provider.usage import UNKNOWN
from claimbench.types import (
    Attempt,
    Billable,
    Delta,
    Done,
    Event,
    Intent,
    Meta,
    Outcome,
    Request,
    StampSource,
    Timing,
    ToolCall,
    UsageReport,
)

NO_META = Meta()
"""What is known of a response before its head has come."""


@dataclass(slots=True)
class CollectedAnswer:
    """Collect what an attempt gives, complete or not."""

    parts: list[str] = field(default_factory=list)
    reasoning_parts: list[str] = field(default_factory=list)
    tool_calls: list[ToolCall] = field(default_factory=list)
    meta: Meta = NO_META
    usage: UsageReport | None = None
    done: Done | None = None
    chunk_ns: list[int] = field(default_factory=list)
    part_ns: list[int] = field(default_factory=list)
    """When each of ``parts`` came."""
    first_answer_ns: int | None = None
    last_ns: int | None = None

    @property
    def text(self) -> str:
        """Return the answer, reasoning apart."""
        return "".join(self.parts)

    @property
    def reasoning(self) -> str:
        """Return what the model thought aloud."""
        return "".join(self.reasoning_parts)

    def take(self, event: Event, stamp: int) -> None:
        """Add one event; ``stamp``: when it came, monotonic ns."""
        self.last_ns = stamp
        match event:
            case Delta(text=text, kind=kind):
                if not text:
                    return
                self.chunk_ns.append(stamp)
                if kind == "answer":
                    self.first_answer_ns = self.first_answer_ns or stamp
                    self.parts.append(text)
                    self.part_ns.append(stamp)
                else:
                    self.reasoning_parts.append(text)
            case ToolCall():
                self.chunk_ns.append(stamp)
                self.first_answer_ns = self.first_answer_ns or stamp
                self.tool_calls.append(event)
            case Meta():
                self.meta = event
            case UsageReport():
                self.usage = event
            case Done():
                self.done = event

    def part_thinking(self) -> None:
        """Take thinking that was written into the text out of it; see
        :mod:`claimbench.provider.thinking`.
        """
        text = self.text
        thinking, rest = part(text)
        if rest == text:
            return
        begins = text.rindex(rest)
        ends = 0
        self.first_answer_ns = None
        for piece, stamp in zip(self.parts, self.part_ns, strict=True):
            ends += len(piece)
            if rest and ends > begins:
                self.first_answer_ns = stamp
                break
        if thinking:
            self.reasoning_parts.append(thinking)
        self.parts = [rest]
        self.part_ns = [self.first_answer_ns or 0]

    def check_charge(self, reserved_usd: Decimal | None) -> str | None:
        """Take the whole usage for unknown where its provider says that it charged what no such
        request can cost; return what is to be said of it.
        """
        report = self.usage
        if report is None or report.billed_usd is None:
            return None
        most = MOST_USD if not reserved_usd else min(MOST_USD, reserved_usd * MOST_TIMES)
        if report.billed_usd <= most:
            return None
        self.usage = replace(report, usage=UNKNOWN, billed_usd=None)
        return (
            f"a charge that cannot be: ${report.billed_usd:.3g} for one request; its cost is not"
            " known"
        )

    def silent_tokens(self) -> str | None:
        """Return what is to be said of an answer without a word that is billed as one with some."""
        usage = self.usage.usage if self.usage is not None else None
        if usage is None or (usage.output_visible or 0) < SILENT_TOKENS:
            return None
        return f"empty answers that are billed {usage.output_visible} output tokens or so"

    def check_usage(self, request: Request) -> str | None:
        """Take counts that cannot be out of the usage; return what is to be said of them."""
        report = self.usage
        if report is None or request.continuations:
            return None
        sent = " ".join([*(message.content for message in request.messages), request.prompt or ""])
        calls = (f"{call.name} {call.arguments}" for call in self.tool_calls)
        received = " ".join([self.text, self.reasoning, *calls])
        usage, said = believable(report.usage, sent, received)
        if said is not None:
            self.usage = replace(report, usage=usage)
        return said


MOST_USD = Decimal(10_000)
"""No request costs more."""
MOST_TIMES = 1000
"""A charge so many times what a request can cost at its price is a mistake of its unit."""
SILENT_TOKENS = 3
"""Output tokens of an empty answer from which on it is said: one or two are the end's own."""

LONGEST_RETRY_S = 366 * 86_400.0
"""The longest wait that a provider may name; what it says beyond means the same."""


def _sensible(seconds: float | None) -> float | None:
    """Return how long a provider asks to wait as a finite number that is not negative."""
    if seconds is None or math.isnan(seconds) or seconds < 0:
        return None
    return min(seconds, LONGEST_RETRY_S)


def classify(answer: CollectedAnswer) -> Outcome:
    """Return the outcome of an attempt that raised nothing."""
    if answer.done is None:
        return Outcome.INCOMPLETE_STREAM
    if answer.done.refusal or answer.done.finish_reason == "content_filter":
        return Outcome.REFUSED
    if answer.done.finish_reason == "length":
        return Outcome.TRUNCATED
    if not answer.text.strip() and not answer.tool_calls:
        # Neither a word nor a reason: nothing says that this is what the model answered.
        ended = answer.done.finish_reason is not None
        return Outcome.EMPTY if ended else Outcome.INCOMPLETE_STREAM
    return Outcome.OK


def _fault(
    error: Exception, answer: CollectedAnswer
) -> tuple[Outcome, str, Billable, int | None, float | None]:
    """Sort a fault: outcome, message, whether it may be billed, HTTP status, seconds to wait."""
    if isinstance(error, ProviderError):
        outcome = error.outcome
        if outcome is Outcome.NETWORK and answer.chunk_ns:
            outcome = Outcome.INCOMPLETE_STREAM
        billable = cast("Billable", error.billable) if not answer.chunk_ns else "unknown"
        message = error.message if error.hint is None else f"{error.message} ({error.hint})"
        return outcome, message, billable, error.http_status, _sensible(error.retry_after_s)
    if isinstance(error, TimeoutError):
        return Outcome.MODEL_TIMEOUT, "no end within the suite's timeout", "unknown", None, None
    return (
        Outcome.SERVER_FAULT,
        f"provider bug: {type(error).__name__}: {error}",
        "unknown",
        None,
        None,
    )


@dataclass(frozen=True, slots=True)
class Tried:
    """Hold an attempt with its answer and, after a rate limit, how long to wait.

    ``remarks``: what is odd about the endpoint's bookkeeping, to be said once per arm.
    """

    attempt: Attempt
    answer: CollectedAnswer
    retry_after_s: float | None
    remarks: tuple[str, ...] = ()


async def _collect(
    provider: Provider, request: Request, answer: CollectedAnswer, clock: Clock
) -> None:
    stream = provider.stream(request)
    async with contextlib.aclosing(cast("AsyncGeneratorLike", stream)):
        async for event in stream:
            answer.take(
                event, event.received_ns if event.received_ns is not None else clock.monotonic_ns()
            )


class AsyncGeneratorLike(AsyncIterator[Event]):
    """Describe what `aclosing` needs of a provider's stream; async generators have it."""

    async def aclose(self) -> None:
        """Stop the stream."""


NO_TURN = contextlib.nullcontext()
"""The turn of a call that waits for no device."""


def _limit(provider: Provider, request: Request) -> AbstractAsyncContextManager[object]:
    """Return the suite's timeout, for a provider that does not keep it itself (a timer costs as
    much as sending).
    """
    if getattr(provider, "keeps_timeouts", False):
        return NO_TURN
    return asyncio.timeout(request.timeout_s + request.connect_timeout_s)


def _timing(
    answer: CollectedAnswer,
    source: StampSource,
    scheduled_ns: int | None,
    queued_ns: int,
    sent_ns: int,
    ended_ns: int,
) -> Timing:
    """Return the stamps of an attempt; what the transport knows of sending counts for more than
    ``source`` and ``sent_ns``.
    """
    meta = answer.meta
    return Timing(
        scheduled_ns=scheduled_ns,
        queued_ns=queued_ns,
        sent_ns=meta.sent_ns or sent_ns,
        first_content_ns=answer.chunk_ns[0] if answer.chunk_ns else None,
        first_answer_ns=answer.first_answer_ns,
        chunk_ns=tuple(answer.chunk_ns),
        ended_ns=ended_ns,
        stamp_source=meta.stamp_source or source,
        connect_ns=meta.connect_ns,
        tls_ns=meta.tls_ns,
        engine=dict(answer.done.timings) if answer.done is not None else {},
    )


async def try_once(
    provider: Provider,
    request: Request,
    clock: Clock,
    *,
    intent: Intent,
    queued_ns: int,
    scheduled_ns: int | None = None,
    turn: AbstractAsyncContextManager[object] = NO_TURN,
) -> Tried:
    """Take the turn, send ``request`` once and return what became of it; nothing escapes.

    A cancelled attempt is an outcome too, so that what was under way at a second Ctrl-C is on
    record.

    Args:
        provider: started.
        request: what is sent.
        clock: for the stamps that the provider does not make itself.
        intent: the promise that was committed for this attempt: its number, session and
            reservation.
        queued_ns: when the call began to wait, monotonic.
        scheduled_ns: when an open loop meant it to leave, monotonic; None in a closed one.
        turn: held while the request is under way.
    """
    answer = CollectedAnswer()
    sent_ns: int | None = None
    error: str | None = None
    http_status: int | None = None
    retry_after_s: float | None = None
    billable: Billable = "yes"
    try:
        async with turn:
            sent_ns = clock.monotonic_ns()
            async with _limit(provider, request):
                await _collect(provider, request, answer, clock)
        answer.part_thinking()
        outcome = classify(answer)
        if outcome is Outcome.INCOMPLETE_STREAM:
            error, billable = "the stream ended without a finish reason", "unknown"
    except asyncio.CancelledError:
        outcome, error, billable = (
            Outcome.CANCELLED,
            "cancelled",
            "no" if sent_ns is None else "unknown",
        )
    except Exception as fault:  # noqa: BLE001 - see the module
        outcome, error, billable, http_status, retry_after_s = _fault(fault, answer)
    ended_ns = (
        answer.last_ns
        if answer.done is not None and answer.last_ns is not None
        else clock.monotonic_ns()
    )
    doubts: list[str | None] = []
    if provider.stamp_source != "in_process":
        doubts = [answer.check_usage(request), answer.check_charge(intent.reserved_usd)]
        if outcome is Outcome.EMPTY:
            doubts.append(answer.silent_tokens())
    said = answer.done.remarks if answer.done is not None else ()
    remarks = (*said, *(doubt for doubt in doubts if doubt is not None))
    meta, usage = answer.meta, answer.usage
    attempt = Attempt(
        call_id=request.call_id,
        number=intent.attempt_number,
        session=intent.session,
        timing=_timing(
            answer, provider.stamp_source, scheduled_ns, queued_ns, sent_ns or ended_ns, ended_ns
        ),
        outcome=outcome,
        http_status=http_status if http_status is not None else meta.http_status,
        usage=usage.usage if usage is not None else None,
        usage_raw=usage.raw if usage is not None else None,
        billed_usd=usage.billed_usd if usage is not None else None,
        billable=billable,
        model_returned=meta.model_returned,
        fingerprint=meta.fingerprint,
        request_id=meta.request_id,
        error=error,
        reserved_usd=intent.reserved_usd,
    )
    return Tried(attempt, answer, retry_after_s, remarks)
