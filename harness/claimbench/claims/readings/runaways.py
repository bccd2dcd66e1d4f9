"""Requests that run to their cap and that a sample may not contain: what share of them would flip a
cost verdict, and what share the sample excludes.

The largest possible bill of a request is known: max_tokens times the output price. A sample of n
clean requests excludes (97.5%) only shares of runaways above u = 1 - .025^(1/n), 7.1% for 50. A
verdict that a smaller share at the cap would flip rests on what nobody has seen (docs/method.md).
Where no cap is known, the same arithmetic gives the largest bill that the verdict survives, and it
stands only under the condition that none is above it. Where a larger one was seen, the sample
itself contradicts the condition, and nothing is decided.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from claimbench import stats
from claimbench.number_text.dollars import usd
from claimbench.stats import Decision
from claimbench.stats.distributions import binomial_cdf
from claimbench.tables.types import FloatArray
from claimbench.types import Relation

AT_CAP = 0.5
"""A request counts as a runaway that was seen from this share of max_tokens on."""
MOST_NEEDED = 100_000_000.0


@dataclass(frozen=True)
class Side:
    """Hold what one arm's runaways could do.

    ``mean``: dollars per request (or per correct answer); ``cap``: of a request at max_tokens, in
    the same unit, None = unknown; ``seen`` of the ``n`` independent requests were at the cap (0
    where it is unknown). ``largest``: the largest bill that was seen, in that unit; ``unit``: what
    one dollar of one request is in it.
    """

    arm: str
    mean: float
    cap: float | None
    seen: float
    n: float
    largest: float = 0.0
    unit: float = 1.0

    @property
    def top(self) -> float:
        """Return the largest bill to reckon with at least: the cap, else the largest seen."""
        return self.largest if self.cap is None else self.cap


@dataclass(frozen=True)
class Check:
    """What runaways of ``arm`` would do to a decision.

    ``share`` of all its requests at the cap (those seen included) flips it, None = no share does;
    ``excluded``: the shares above this are excluded at the level asked; ``p``: the smallest
    two-sided alpha at which ``share`` is excluded; ``needed``: requests that would exclude it.
    ``known``: whether the cap is; else ``bill`` is the largest, in dollars of one request, that
    the decision survives, None = any; ``times``: the largest bill over the mean.
    """

    arm: str
    share: float | None
    excluded: float
    p: float
    needed: float | None
    n: float
    seen: float
    known: bool
    bill: float | None = None
    times: float = 0.0

    @property
    def text(self) -> str:
        """Say both shares, or the condition on the largest bill where no cap is known."""
        if not self.known:
            return self._condition()
        if self.share is None and self.times <= 1 + 1e-9:
            return ""  # a price per request
        if self.share is None:
            return f"it would stand even if all of {self.arm}'s requests hit max_tokens"
        flips = f"flips if more than {_percent(self.share)} of {self.arm}'s requests hit max_tokens"
        sample = f"{self.n:,.0f} clean requests"
        if self.seen >= 1:
            sample = f"{self.n:,.0f} requests, {self.seen:,.0f} of them at it,"
        only = "only " if self.share <= self.excluded else ""
        return f"{flips}; {sample} exclude {only}shares above {_percent(self.excluded)}"

    def _condition(self) -> str:
        if self.bill is None:
            return ""
        return (
            f"no cap is known: {CONDITION} {self.arm} costs more than {usd(self.bill)},"
            f" {self.times:.3g} times the mean: {self.n:,.0f} requests exclude only shares of such"
            f" bills above {_percent(self.excluded)}"
        )


CONDITION = "this verdict stands only if no request of"


def _percent(share: float) -> str:
    return f"{100 * share:.2g}%"


@dataclass(frozen=True)
class Runaways:
    """The two arms of a cost reading (``theirs`` None: one arm against a limit in ``mean``'s unit).

    ``loses``: an answer that ran to its cap is not correct either (dollars per correct answer).
    """

    ours: Side
    theirs: Side | None
    loses: bool = False

    @property
    def unknown(self) -> tuple[str, ...]:
        """Return the arms whose largest bill is not known."""
        sides = [self.ours] + ([self.theirs] if self.theirs else [])
        return tuple(side.arm for side in sides if side.cap is None)

    def checks(
        self,
        status: Decision,
        side: Relation,
        threshold: float,
        window: tuple[float, float] | None,
        alpha: float,
    ) -> list[Check]:
        """Return what could flip the decision ``status``; empty where no runaway could."""
        if status == "inconclusive":
            return []
        theirs = 1.0 if self.theirs is None else self.theirs.mean
        est = self.ours.mean / theirs if theirs else math.inf
        raised: list[tuple[bool, float]] = []  # (our arm's runaways would do it, at which edge)
        if window is not None:
            low, high = window
            if (status == "supported") == (side == "within"):
                raised = [(True, high), (False, low)]
            else:
                raised = [(True, low)] if est < low else [(False, high)]
        else:
            low_wins = side in {"<=", "<"}
            raised = [((status == "supported") == low_wins, threshold)]
        found: list[Check] = []
        for by_ours, edge in raised:
            arm = self.ours if by_ours else self.theirs
            if arm is not None and edge > 0:
                target = edge * theirs if by_ours else self.ours.mean / edge
                found.append(_check(arm, target, alpha, loses=self.loses))
        return found


def _check(side: Side, target: float, alpha: float, *, loses: bool) -> Check:
    """Find the share of requests at the cap that brings ``side``'s mean to ``target``."""
    gap = max(target - side.mean, 0.0)
    lost = target if loses else 0.0
    room = side.top - side.mean + lost
    before = side.seen / side.n if side.n else 0.0
    more = gap / room if room > 0 else math.inf
    share = before + more if before + more < 1 else None
    excluded = stats.exact_bounds(before, side.n, alpha)[1]
    p = 0.0
    if share is not None:
        p = min(1.0, 2 * binomial_cdf(math.ceil(side.seen), max(math.floor(side.n), 1), share))
    needed = None if share is None else _needed(before, share, alpha)
    times = side.top / side.mean if side.mean > 0 else 0.0
    check = Check(
        side.arm,
        share,
        excluded,
        p,
        needed,
        side.n,
        side.seen,
        known=side.cap is not None,
        times=times,
    )
    if check.known or side.mean <= 0:
        return check
    survives = side.mean - lost + gap / excluded
    return replace(check, bill=survives / side.unit, times=survives / side.mean)


def _needed(before: float, share: float, alpha: float) -> float | None:
    """Return the requests that exclude ``share`` where a share ``before`` of them is at the cap."""
    if share <= before:
        return None
    if before == 0:
        return math.ceil(math.log(alpha / 2) / math.log1p(-share))
    low, high = 1.0, 2.0
    while stats.exact_bounds(before, high, alpha)[1] > share:
        low, high = high, 2 * high
        if high > MOST_NEEDED:
            return None
    while high - low > 1:
        middle = (low + high) / 2
        if stats.exact_bounds(before, middle, alpha)[1] > share:
            low = middle
        else:
            high = middle
    return math.ceil(high)


def per_correct(side: Side, spent: FloatArray, score: FloatArray) -> Side:
    """Return an arm's side per correct answer; ``spent`` and ``score`` of items with both."""
    right = float(score.mean())
    return in_unit(replace(side, mean=float(spent.mean())), 1 / right)


def in_unit(side: Side, unit: float) -> Side:
    """Return ``side`` with every amount times ``unit``."""
    return replace(
        side,
        mean=side.mean * unit,
        cap=None if side.cap is None else side.cap * unit,
        largest=side.largest * unit,
        unit=side.unit * unit,
    )
