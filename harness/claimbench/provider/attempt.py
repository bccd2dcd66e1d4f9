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
from claimbench.number_text.plain import shows
from claimbench.provider.believable import believable, parted
from claimbench.provider.contract import Provider
from claimbench.provider.thinking import part
from claimbench.provider.usage import UNKNOWN
from claimbench.types import (
    LONGEST_ANSWER,
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
    """Collect what an attempt gives, complete or not.

    What nobody can see (blanks, invisible characters) is kept as text and stamped as no content
    until something to see has come.
    """

    parts: list[str] = field(default_factory=list)
    reasoning_parts: list[str] = field(default_factory=list)
    tool_calls: list[ToolCall] = field(default_factory=list)
    meta: Meta = NO_META
    usage: UsageReport | None = None
    done: Done | None = None
    chunk_ns: list[int] = field(default_factory=list)
    """When each chunk came, from the first on of which something can be seen."""
    began: bool = False
    """Whether any content came, seen or not."""
    part_ns: list[int] = field(default_factory=list)
    """When each of ``parts`` came."""
    first_answer_ns: int | None = None
    first_reasoning_ns: int | None = None
    last_ns: int | None = None
    _room: dict[str, int] = field(default_factory=dict)
    """Characters that may still be kept, by what holds them."""
    left_out: int = 0
    """Characters that came beyond :data:`claimbench.types.LONGEST_ANSWER` and are not kept."""

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
                self._note(kind, text, stamp)
                if kind == "answer":
                    text = self._kept("answer", text)
                    if text:
                        self.parts.append(text)
                        self.part_ns.append(stamp)
                elif text := self._kept("reasoning", text):
                    self.reasoning_parts.append(text)
            case ToolCall(arguments=arguments):
                self.began = True
                self.chunk_ns.append(stamp)
                self.first_answer_ns = self.first_answer_ns or stamp
                kept = self._kept("arguments", arguments)
                self.tool_calls.append(
                    event if kept == arguments else replace(event, arguments=kept)
                )
            case Meta():
                self.meta = event
            case UsageReport():
                self.usage = event
            case Done():
                self.done = event

    def _note(self, kind: str, text: str, stamp: int) -> None:
        """Note when a piece of the answer or of the reasoning came, each from the first one on of
        which something can be seen.
        """
        self.began = True
        if kind == "answer":
            if self.first_answer_ns is None and shows(text):
                self.first_answer_ns = stamp
        elif self.first_reasoning_ns is None and shows(text):
            self.first_reasoning_ns = stamp
        if self.chunk_ns or self.first_answer_ns or self.first_reasoning_ns:
            self.chunk_ns.append(stamp)

    def _kept(self, kind: str, text: str) -> str:
        """Return as much of a text as is kept: one character more than the longest answer has, so
        that every later reader sees that it is too long, and none has to walk all of it.
        """
        room = self._room.get(kind, LONGEST_ANSWER + 1)
        kept = text if len(text) <= room else text[:room]
        self._room[kind] = room - len(kept)
        self.left_out += len(text) - len(kept)
        return kept

    def too_long(self) -> str | None:
        """Return what is to be said of an answer that was cut off at receipt, or None."""
        if not self.left_out:
            return None
        return (
            f"answers of more than {LONGEST_ANSWER:,} characters: they are cut off there and score"
            " 0 (unparsable)"
        )

    def part_thinking(self) -> None:
        """Take thinking that was written into the text out of it; see
        :mod:`claimbench.provider.thinking`.
        """
        text = self.text
        thinking, rest = part(text)
        if rest == text:
            return
        self.first_answer_ns = self._came(text.rindex(rest), rest)
        if thinking:
            self.reasoning_parts.append(thinking)
            before = text.rindex(thinking, 0, text.rindex(rest))
            thought_ns = self._came(before, thinking)
            self.first_reasoning_ns = self.first_reasoning_ns or thought_ns
        self.parts = [rest]
        self.part_ns = [self.first_answer_ns or 0]
        # A mark of thinking is no content: what it parts is.
        firsts = (self.first_reasoning_ns, self.first_answer_ns)
        first_ns = min((one for one in firsts if one is not None), default=None)
        if not self.tool_calls:
            kept = () if first_ns is None else self.chunk_ns
            self.chunk_ns = [one for one in kept if first_ns is not None and one >= first_ns]

    def _came(self, begins: int, passage: str) -> int | None:
        """Return when the first character to be seen came of a passage of the text; ``begins``:
        its place there.
        """
        seen = next((k for k, char in enumerate(passage) if shows(char)), None)
        ends = 0
        for piece, stamp in zip(self.parts, self.part_ns, strict=True):
            ends += len(piece)
            if seen is not None and ends > begins + seen:
                return stamp
        return None

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
        if report is None or request.continuations or self.left_out:
            return None
        contents = (message.content for message in request.messages)
        sent = " ".join([*contents, request.prompt or "", request.tool_text])
        calls = (f"{call.name} {call.arguments}" for call in self.tool_calls)
        answer = " ".join([self.text, *calls])
        usage, said = believable(report.usage, sent, f"{answer} {self.reasoning}")
        if said is not None:
            said += (
                "; what is priced by these counts is not known"
                if report.billed_usd is None
                else "; the counts are left out, its dollars are those that its provider states"
            )
        else:
            usage, said = parted(usage, answer, self.reasoning)
            if said is not None:
                said += "; where both have prices of their own, the bill has two ends"
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
    if not shows(answer.text) and not answer.tool_calls:
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
        if outcome is Outcome.NETWORK and answer.began:
            outcome = Outcome.INCOMPLETE_STREAM
        billable = cast("Billable", error.billable) if not answer.began else "unknown"
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
    ``lasting``: its fault would be that of the next attempt too.
    """

    attempt: Attempt
    answer: CollectedAnswer
    retry_after_s: float | None
    remarks: tuple[str, ...] = ()
    lasting: bool = False


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


def time_limit(provider: Provider, request: Request) -> AbstractAsyncContextManager[object]:
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
    lasting = False
    try:
        async with turn:
            sent_ns = clock.monotonic_ns()
            async with time_limit(provider, request):
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
        lasting = isinstance(fault, ProviderError) and fault.lasting
    ended_ns = (
        answer.last_ns
        if answer.done is not None and answer.last_ns is not None
        else clock.monotonic_ns()
    )
    doubts: list[str | None] = []
    if provider.stamp_source != "in_process":
        charge = answer.check_charge(intent.reserved_usd)
        doubts = [answer.check_usage(request), charge, answer.too_long()]
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
        place=meta.place,
    )
    return Tried(attempt, answer, retry_after_s, remarks, lasting)
