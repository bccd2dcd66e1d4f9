"""Prices per unit that a run implies: a machine's dollars per million tokens and per thousand
requests, a cold cache's.

Pure: what :mod:`claimbench.pricing.calls` works on, seen per unit. A buyer holds these against a
price list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext

import numpy as np

from claimbench.packed import Packed, some_rows
from claimbench.packing.whole import whole_codes
from claimbench.pricing.arms import ArmPrice
from claimbench.pricing.bill import as_cold
from claimbench.pricing.calls import arms_of, machine_shares, priced_at, sent_utc
from claimbench.pricing.hosts import UTILISATIONS, HostCost, per_million_tokens
from claimbench.types import Attempt, Call, Session

EXACT = 40
CACHED = ("cache_read", "cache_write_5m", "cache_write_1h")
"""Token classes that a cold cache would have had as fresh ones."""
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
    from_cache = _from_cache(attempts)
    if not from_cache and all(price.host is None for price in prices.values()):
        return []
    arm_of = arms_of(calls)
    shares = machine_shares(prices, arm_of, attempts, machines)
    origins = {s.n: s for s in sessions}
    cached = {arm_of[one.call_id] for one in some_rows(attempts, from_cache)}
    on_machines: dict[str, _Machine] = {}
    colds: dict[str, _Cold] = {}
    for name, price in prices.items():
        if price.host is not None:
            on_machines[name] = _Machine()
        elif price.price is not None and price.known and name in cached:
            colds[name] = _Cold(name, price)
    for i, attempt in enumerate(attempts if on_machines or colds else ()):
        if not attempt.outcome.answered or attempt.usage is None:
            continue
        name = arm_of[attempt.call_id]
        if name in on_machines:
            if i in shares:
                on_machines[name].add(attempt, shares[i])
        elif name in colds:
            colds[name].add(
                attempt, lambda one: priced_at(sent_utc(one, origins[one.session]), as_of)
            )
    found: list[UnitPrice] = []
    for name, price in prices.items():
        if price.host is not None:
            found += on_machines[name].prices(name, price.host)
        elif name in colds:
            found += colds[name].prices()
    return found


def _from_cache(attempts: Sequence[Attempt]) -> list[int]:
    """Return the places of the attempts some of whose tokens a cache held or was given."""
    usages, usage = whole_codes(Packed.of_any(Attempt, attempts).columns_at("usage"))
    held = [one is not None and any(getattr(one, name) for name in CACHED) for one in usages]
    places: list[int] = np.flatnonzero(np.isin(usage, np.flatnonzero(held))).tolist()
    return places


class _Machine:
    """What an arm's machine did: seconds of prefill and of decoding, and tokens of both."""

    def __init__(self) -> None:
        self._served = 0
        self._apart = 0
        self._busy = 0.0
        self._prefill = 0.0
        self._decode = 0.0
        self._n_in = 0
        self._n_out = 0

    def add(self, attempt: Attempt, seconds: float) -> None:
        """Take one answered attempt and its machine seconds."""
        usage, share = attempt.usage, _prefill_share(attempt)
        self._served += 1
        self._busy += seconds
        if (
            usage is None
            or usage.input_total is None
            or usage.output_total is None
            or share is None
        ):
            return
        self._apart += 1
        self._prefill += seconds * share
        self._decode += seconds * (1 - share)
        self._n_in += usage.input_total - (usage.cache_read or 0)
        self._n_out += usage.output_total

    def prices(self, arm: str, host: HostCost) -> list[UnitPrice]:
        """Return what came of it."""
        prefill, decode = self._prefill, self._decode
        at = f"at {100 * float(host.load_factor):g}% utilisation"
        found: list[UnitPrice] = []
        if self._served and self._apart < APART * self._served:
            note = (
                f"not separable: in {self._apart} of {self._served} answers prefill and decoding"
                " can be told apart (by the engine, or by three pieces that came one after another)"
            )
            found.append(UnitPrice(arm, "input and output tokens", None, "1M tokens", note))
            prefill = decode = 0.0
        tokens = per_million_tokens(host, prefill, self._n_in, decode, self._n_out)
        if tokens.input_usd is not None:
            note = f"{prefill:.4g} s of prefill for {self._n_in:,} tokens that no cache held, {at}"
            found.append(UnitPrice(arm, "input tokens", tokens.input_usd, "1M tokens", note))
        if tokens.output_usd is not None:
            note = f"{decode:.4g} s of decoding for {self._n_out:,} tokens, {at}"
            found.append(UnitPrice(arm, "output tokens", tokens.output_usd, "1M tokens", note))
        if self._busy > 0:
            rate = self._served / self._busy * 3600
            for u in UTILISATIONS:
                what = f"at {100 * float(u):g}% utilisation"
                note = f"{rate:,.0f} requests per busy hour in this run"
                usd = host.usd_per_1000(rate, u)
                found.append(UnitPrice(arm, what, usd, "1,000 requests", note))
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


class _Cold:
    """A thousand requests with every cached or cache-written token as a fresh one; nothing where no
    cache was used, or one bill is unknown.
    """

    def __init__(self, arm: str, price: ArmPrice) -> None:
        self._arm = arm
        self._price = price
        self._total = Decimal(0)
        self._cached = 0
        self._n = 0
        self._known = True

    def add(self, attempt: Attempt, moment: Callable[[Attempt], datetime]) -> None:
        """Take one answered attempt; ``moment`` says when it is priced."""
        self._n += 1
        usage = attempt.usage
        if not self._known:
            return
        if usage is None or usage.input_fresh is None or usage.output_visible is None:
            self._known = False
            return
        self._cached += sum(getattr(usage, name) or 0 for name in CACHED)
        with localcontext(prec=EXACT):
            cost = self._price.served_cost(as_cold(usage), attempt.usage_raw, moment(attempt))
            if cost.amount is None:
                self._known = False
                return
            self._total += cost.amount

    def prices(self) -> list[UnitPrice]:
        """Return what came of it."""
        if not self._known or not self._cached:
            return []
        note = f"list price if none of the {self._cached:,} cached tokens had been cached"
        with localcontext(prec=EXACT):
            mean = self._total * 1000 / self._n
        return [UnitPrice(self._arm, "nothing cached", mean, "1,000 requests", note)]
