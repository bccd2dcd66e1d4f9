"""Stamps of one attempt -> durations in seconds. Pure functions; ``None`` is "not measured", never
0.

=================  =================================================================================
metric             formula (all stamps of one monotonic clock, ns)
=================  =================================================================================
TTFT               (first_content - sent) / 1e9, first content chunk that shows, reasoning included
first answer       (first_answer - sent) / 1e9, first chunk that belongs to the answer
E2E                (ended - sent) / 1e9: service time
felt               (ended - scheduled) / 1e9, open loop; without a schedule (ended - queued) / 1e9
queue              (sent - queued) / 1e9: time spent waiting on our side
opened             (connect + TLS) / 1e9, where the call waited for its connection to be opened
TPOT               (E2E - TTFT) / (output tokens - 1), undefined below 2 output tokens
chunk gaps         differences of successive chunk stamps / 1e9; ITL only where one chunk is one token
=================  =================================================================================

:mod:`claimbench.tables.rows` computes the same by columns for all calls of an arm; its test holds
both equal on random rows, so that a formula cannot change in one place alone.
"""  # noqa: E501 - a table

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from claimbench.types import Timing

NS_PER_S = 1e9
OWN_CLIENT = frozenset({"kernel", "transport"})
"""Sources of stamps that tell of each attempt whether it opened a connection."""


def _seconds(later_ns: int | None, earlier_ns: int | None) -> float | None:
    if later_ns is None or earlier_ns is None:
        return None
    return (later_ns - earlier_ns) / NS_PER_S


def ttft_s(timing: Timing) -> float | None:
    """Return the seconds from sending to the first content chunk that shows, reasoning included.

    None if none came.
    """
    return _seconds(timing.first_content_ns, timing.sent_ns)


def first_answer_s(timing: Timing) -> float | None:
    """Return the seconds from sending to the first chunk of the answer proper (reasoning apart).

    None if none came.
    """
    return _seconds(timing.first_answer_ns, timing.sent_ns)


def e2e_s(timing: Timing) -> float:
    """Return the service time: seconds from sending to the end of the stream."""
    return (timing.ended_ns - timing.sent_ns) / NS_PER_S


def late_s(timing: Timing) -> float:
    """Return the seconds that a call of an open loop left after its intended time.

    0 in a closed loop.

    Latency of an open loop counts from the intended time, so this is part of its TTFT and E2E: left
    out, it would hide coordinated omission.
    """
    return (
        0.0
        if timing.scheduled_ns is None
        else max(0.0, (timing.sent_ns - timing.scheduled_ns) / NS_PER_S)
    )


def felt_s(timing: Timing) -> float:
    """Return the seconds a user of this attempt waited: from the intended time in an open loop,
    else from entering the queue.

    Counting an open loop from ``sent_ns`` would hide coordinated omission.
    """
    start = timing.queued_ns if timing.scheduled_ns is None else timing.scheduled_ns
    return (timing.ended_ns - start) / NS_PER_S


def queue_s(timing: Timing) -> float:
    """Return the seconds between entering our queue and being sent.

    Limits, turns and the event loop can take them.
    """
    return (timing.sent_ns - timing.queued_ns) / NS_PER_S


def opened_s(timing: Timing) -> float | None:
    """Return the seconds that an attempt waited for its connection to be opened (TCP and TLS),
    before it was sent.

    0 where one was kept, where it lay ready before the call began (stored runs tell its opening
    too), and in an open loop, whose latency holds it. None where the stamps do not tell.
    """
    if timing.connect_ns is None:
        return 0.0 if timing.stamp_source in OWN_CLIENT else None
    opened = timing.connect_ns + (timing.tls_ns or 0)
    ready = timing.sent_ns - timing.queued_ns < opened
    return 0.0 if ready or timing.scheduled_ns is not None else opened / NS_PER_S


def tpot_s(timing: Timing, n_out: int | None) -> float | None:
    """Return the seconds per output token after the first: (E2E - TTFT) / (n_out - 1).

    Args:
        timing: the attempt's stamps.
        n_out: output tokens as the provider counts them (reasoning included), not chunks.

    Returns:
        None below 2 output tokens, without a token count or without content.
    """
    first = ttft_s(timing)
    if first is None or n_out is None or n_out < 2:
        return None
    return (e2e_s(timing) - first) / (n_out - 1)


def chunk_gaps_s(timing: Timing) -> tuple[float, ...]:
    """Return the seconds between successive content chunks; empty below two chunks."""
    stamps = timing.chunk_ns
    return tuple((later - earlier) / NS_PER_S for earlier, later in pairwise(stamps))


@dataclass(frozen=True, slots=True)
class TokenSpeeds:
    """Tokens per second of one in-process attempt, by our stamps and by the engine's own counters;
    None: unknown.
    """

    prefill: float | None
    decode: float | None
    engine_prefill: float | None
    engine_decode: float | None


def token_rates(timing: Timing) -> TokenSpeeds:
    """Return the prefill and decode tokens/s of an engine that tells its own times
    (``Timing.engine``, as llama.cpp does).

    prefill = prompt_n / TTFT, decode = (predicted_n - 1) / (last chunk - first chunk): the first
    token falls out of the prefill. The engine's: prompt_n / prompt_ms and (predicted_n - 1) /
    predicted_ms. Tokens read from a prefix cache are not in prompt_n.
    """
    engine = timing.engine
    n_in, n_out = engine.get("prompt_n"), engine.get("predicted_n")
    last = timing.chunk_ns[-1] if timing.chunk_ns else None
    steps = None if n_out is None or n_out < 2 else n_out - 1
    return TokenSpeeds(
        prefill=_rate(n_in, ttft_s(timing)),
        decode=_rate(steps, _seconds(last, timing.first_content_ns)),
        engine_prefill=_rate(n_in, _from_ms(engine.get("prompt_ms"))),
        engine_decode=_rate(steps, _from_ms(engine.get("predicted_ms"))),
    )


def _from_ms(ms: float | None) -> float | None:
    return None if ms is None else ms / 1e3


def _rate(tokens: float | None, seconds: float | None) -> float | None:
    return None if not tokens or not seconds else tokens / seconds
