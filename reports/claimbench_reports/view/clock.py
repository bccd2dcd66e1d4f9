"""Where each arm's times came from, and how they stand beside what others say of the same calls."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from statistics import median

from claimbench.packed import columns, some_rows
from claimbench.tables.timing import TokenSpeeds, token_rates
from claimbench.types import Json
from claimbench_reports.view.inputs import ReportData

WHERE = {
    "kernel": "stamped by the kernel as the bytes arrived",
    "transport": "stamped as our transport read the bytes",
    "sdk": "stamped as the SDK handed events over",
    "in_process": "stamped around the engine, in our process",
    "reported": "as the other tool reports them",
}


def clocks(data: ReportData) -> list[tuple[str, dict[str, Json]]]:
    """Return a titled group of facts per arm with timed calls: stamps, and tokens per second of
    local engines.

    Medians over the arm's answered calls; the engine's own figures are from the same calls.
    """
    arm_of: dict[str, str] = dict(columns(data.records, "call.id", "call.arm"))
    sources: dict[str, Counter[str]] = defaultdict(Counter)
    local: dict[str, list[int]] = defaultdict(list)
    read = columns(data.attempts, "call_id", "outcome", "timing.stamp_source", "timing.engine")
    for at, (call_id, outcome, source, engine) in enumerate(read):
        arm = arm_of.get(call_id)
        if outcome.answered and arm is not None:
            sources[arm][source] += 1
            if engine:  # only an engine of this machine tells its own figures
                local[arm].append(at)
    return [
        (f"Clock of {arm.name}", _facts(sources[arm.name], _rates(data, local[arm.name])))
        for arm in data.suite.arms
        if sources[arm.name]
    ]


def _rates(data: ReportData, places: Sequence[int]) -> list[TokenSpeeds]:
    return [token_rates(attempt.timing) for attempt in some_rows(data.attempts, places)]


def _facts(sources: Counter[str], rates: Sequence[TokenSpeeds]) -> dict[str, Json]:
    facts: dict[str, Json] = {
        f"times {WHERE[source]}": f"{n:,} calls" for source, n in sources.most_common()
    }
    for name, ours, engine in (
        ("prefill", lambda r: r.prefill, lambda r: r.engine_prefill),
        ("decode", lambda r: r.decode, lambda r: r.engine_decode),
    ):
        told = _beside(rates, ours, engine)
        if told is not None:
            facts[f"{name}, tokens per second"] = told
    return facts


_Pick = Callable[[TokenSpeeds], float | None]


def _beside(rates: Sequence[TokenSpeeds], ours: _Pick, engine: _Pick) -> str | None:
    """Medians of both over the calls that have both, and of their ratio; None where no engine told
    its own.
    """
    pairs = [
        (mine, its)
        for r in rates
        if (mine := ours(r)) is not None and (its := engine(r)) is not None
    ]
    if not pairs:
        return None
    mine, its = median(m for m, _ in pairs), median(e for _, e in pairs)
    apart = median(m / e for m, e in pairs) - 1
    return (
        f"{mine:,.1f} by our stamps, {its:,.1f} by the engine's own counters ({apart:+.1%};"
        f" {len(pairs):,} calls)"
    )
