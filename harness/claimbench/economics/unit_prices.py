"""Prices per unit that a run implies: a machine's dollars per million tokens and per thousand
requests, a cold cache's.

Pure: what :mod:`claimbench.pricing.calls` works on, seen per unit. A buyer holds these against a
price list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext

from claimbench.pricing.arms import ArmPrice
from claimbench.pricing.bill import as_cold
from claimbench.pricing.calls import machine_shares, priced_at, sent_utc
from claimbench.pricing.hosts import UTILISATIONS, HostCost, per_million_tokens
from claimbench.types import Attempt, Call, Session

EXACT = 40
PIECES = 3
"""Pieces of an answer that came one after another, from which its first tells prefill from
decoding.
"""
APART = 0.5
"""Share of answers that must tell them apart."""


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """Dollars for one ``per`` (1M tokens, 1,000 requests); ``note`` says what they rest on, or why
    they are unknown (None).
    """

    arm: str
    what: str
    usd: Decimal | None
    per: str
    note: str


def unit_prices(
    prices: Mapping[str, ArmPrice],
    sessions: Sequence[Session],
    calls: Sequence[Call],
    attempts: Sequence[Attempt],
    as_of: date | datetime | None = None,
    machines: Mapping[str, str] | None = None,
) -> list[UnitPrice]:
    """Derive every arm's prices, as far as its attempts tell them.

    Machine: seconds of prefill over tokens processed and of decoding over tokens written, each at
    H/(3600 u); and 1000 H/(R u) at several utilisations, R = requests per hour of busy time in this
    run. Endpoint: a thousand requests if its prefix cache had held nothing.
    """
    by_id = {call.id: call for call in calls}
    shares = machine_shares(prices, by_id, attempts, machines)
    origins = {s.n: s for s in sessions}
    mine: dict[str, list[int]] = {name: [] for name in prices}
    for i, attempt in enumerate(attempts):
        mine.setdefault(by_id[attempt.call_id].arm, []).append(i)
    found: list[UnitPrice] = []
    for name, price in prices.items():
        served = [
            i for i in mine[name] if attempts[i].outcome.answered and attempts[i].usage is not None
        ]
        if price.host is not None:
            found += _machine(
                name, price.host, [(attempts[i], shares[i]) for i in served if i in shares]
            )
        elif price.price is not None and price.known:
            moments = [
                (attempts[i], priced_at(sent_utc(attempts[i], origins[attempts[i].session]), as_of))
                for i in served
            ]
            found += _cold(name, price, moments)
    return found


def _machine(arm: str, host: HostCost, served: Sequence[tuple[Attempt, float]]) -> list[UnitPrice]:
    prefill = decode = busy = 0.0
    n_in = n_out = apart = 0
    for attempt, seconds in served:
        usage, share = attempt.usage, _prefill_share(attempt)
        busy += seconds
        if (
            usage is None
            or usage.input_total is None
            or usage.output_total is None
            or share is None
        ):
            continue
        apart += 1
        prefill, decode = prefill + seconds * share, decode + seconds * (1 - share)
        n_in, n_out = n_in + usage.input_total - (usage.cache_read or 0), n_out + usage.output_total
    at = f"at {100 * float(host.load_factor):g}% utilisation"
    found: list[UnitPrice] = []
    if served and apart < APART * len(served):
        note = (
            f"not separable: in {apart} of {len(served)} answers prefill and decoding can be told"
            " apart (by the engine, or by three pieces that came one after another)"
        )
        found.append(UnitPrice(arm, "input and output tokens", None, "1M tokens", note))
        prefill = decode = 0.0
    tokens = per_million_tokens(host, prefill, n_in, decode, n_out)
    if tokens.input_usd is not None:
        note = f"{prefill:.4g} s of prefill for {n_in:,} tokens that no cache held, {at}"
        found.append(UnitPrice(arm, "input tokens", tokens.input_usd, "1M tokens", note))
    if tokens.output_usd is not None:
        note = f"{decode:.4g} s of decoding for {n_out:,} tokens, {at}"
        found.append(UnitPrice(arm, "output tokens", tokens.output_usd, "1M tokens", note))
    if busy > 0:
        rate = len(served) / busy * 3600
        for u in UTILISATIONS:
            what = f"at {100 * float(u):g}% utilisation"
            note = f"{rate:,.0f} requests per busy hour in this run"
            found.append(UnitPrice(arm, what, host.usd_per_1000(rate, u), "1,000 requests", note))
    return found


def _prefill_share(attempt: Attempt) -> float | None:
    """The part of an attempt's time before its first token: the engine's own figures, else its
    stamps.
    """
    engine, timing = attempt.timing.engine, attempt.timing
    before, after = engine.get("prompt_ms"), engine.get("predicted_ms")
    if before is not None and after is not None and before + after > 0:
        return before / (before + after)
    whole = timing.ended_ns - timing.sent_ns
    if timing.first_content_ns is None or whole <= 0 or len(set(timing.chunk_ns)) < PIECES:
        return None
    return min(1.0, max(0.0, (timing.first_content_ns - timing.sent_ns) / whole))


def _cold(arm: str, price: ArmPrice, served: Sequence[tuple[Attempt, datetime]]) -> list[UnitPrice]:
    """A thousand requests with every cached or cache-written token as a fresh one; nothing where no
    cache was used.
    """
    total, cached = Decimal(0), 0
    with localcontext(prec=EXACT):
        for attempt, moment in served:
            usage = attempt.usage
            if (
                usage is None
                or price.price is None
                or usage.input_fresh is None
                or usage.output_visible is None
            ):
                return []
            cached += sum(
                n or 0 for n in (usage.cache_read, usage.cache_write_5m, usage.cache_write_1h)
            )
            cost = price.served_cost(as_cold(usage), attempt.usage_raw, moment)
            if cost.amount is None:
                return []
            total += cost.amount
        if not cached:
            return []
        note = f"list price if none of the {cached:,} cached tokens had been cached"
        return [
            UnitPrice(arm, "nothing cached", total * 1000 / len(served), "1,000 requests", note)
        ]
