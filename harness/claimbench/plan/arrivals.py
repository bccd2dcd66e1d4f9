"""When calls arrive: closed loop (a fixed number in flight) and open loop (by schedule, whatever
the answers do).

In an open loop a call's latency counts from its intended time, so that waiting for a slow server is
not hidden (coordinated omission). Each arm gets the whole offered load.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from claimbench.errors import BenchError
from claimbench.packed import Packed, columns
from claimbench.types import Arm, Call, LoadSpec

MAX_IN_FLIGHT = 512
"""Open loop: calls of one arm that may be in flight before the arm counts as saturated and is
stopped.
"""


def arrival_offsets_s(load: LoadSpec, n: int, seed: int) -> list[float]:
    """Compute the intended seconds from the start of each of ``n`` calls of one arm.

    constant: i / rate. poisson: exponential gaps of mean 1 / rate, seeded. trace: the recorded
    times.

    Raises:
        BenchError: no rate, or a trace that is too short or goes back.
    """
    if load.arrivals == "trace":
        if len(load.trace_s) < n:
            what = f"load.trace_s has {len(load.trace_s)} arrivals for {n} calls per arm"
            raise BenchError(what, hint="give a longer trace, or fewer samples with --limit")
        offsets = list(load.trace_s[:n])
        if any(later < earlier for earlier, later in pairwise(offsets)) or offsets[:1] < [0.0]:
            raise BenchError("load.trace_s must hold rising seconds from 0", hint="sort it")
        return offsets
    if load.rate_per_s is None:
        raise BenchError(
            f"load: an open loop of {load.arrivals} arrivals needs rate_per_s", hint="rate_per_s: 2"
        )
    if load.arrivals == "constant":
        return [i / load.rate_per_s for i in range(n)]
    rng = random.Random(f"{seed}/arrivals")  # noqa: S311 - a recorded schedule
    now, offsets = 0.0, []
    for _ in range(n):
        offsets.append(now)
        now += rng.expovariate(load.rate_per_s)
    return offsets


def scheduled(calls: Sequence[Call], load: LoadSpec, origin_ns: int, seed: int) -> Sequence[Call]:
    """Return the calls with their intended times from ``origin_ns``, per arm in planned order;
    unchanged in a closed loop.
    """
    if load.mode == "closed":
        return calls
    counts: dict[str, int] = defaultdict(int)
    for arm in columns(calls, "arm"):
        counts[arm] += 1
    offsets = {arm: iter(arrival_offsets_s(load, n, seed)) for arm, n in counts.items()}
    return Packed.of(
        Call,
        (
            replace(call, scheduled_ns=origin_ns + round(next(offsets[call.arm]) * 1e9))
            for call in calls
        ),
    )


def loaded(arm: Arm, load: LoadSpec) -> Arm:
    """Return the arm with the suite's concurrency in place of its own, where the suite states one;
    no cap in an open loop.
    """
    if load.mode == "open":
        return replace(arm, concurrency=MAX_IN_FLIGHT)
    return arm if load.concurrency is None else replace(arm, concurrency=load.concurrency)
