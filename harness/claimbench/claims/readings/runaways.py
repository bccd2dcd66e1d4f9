"""Requests that run to their cap and that a sample may not contain: what share of them would flip a
cost verdict, and what share the sample excludes.

The largest possible bill of a request is known: max_tokens times the output price. A sample of n
clean requests excludes (97.5%) only shares of runaways above u = 1 - .025^(1/n), 7.1% for 50. A
verdict that a smaller share at the cap would flip rests on what nobody has seen (docs/method.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from claimbench import stats
from claimbench.stats import Decision
from claimbench.stats.distributions import binomial_cdf
from claimbench.tables.types import FloatArray
from claimbench.types import Relation

AT_CAP = 0.5
"""A request counts as a runaway that was seen from this share of the cap on."""
SUPPOSED = 100.0
"""Where no cap is known, the verdict says what share of requests this many times the mean flips."""
MOST_NEEDED = 100_000_000.0


@dataclass(frozen=True)
class Side:
    """Hold what one arm's runaways could do.

    ``mean``: dollars per request (or per correct answer); ``cap``: of a request at max_tokens, in
    the same unit, None = unknown; ``seen`` of the ``n`` independent requests were at the cap.
    """

    arm: str
    mean: float
    cap: float | None
    seen: float
    n: float


@dataclass(frozen=True)
class Check:
    """What runaways of ``arm`` would do to a decision.

    ``share`` of all its requests at the cap (those seen included) flips it, None = no share does;
    ``excluded``: the shares above this are excluded at the level asked; ``p``: the smallest
    two-sided alpha at which ``share`` is excluded; ``needed``: requests that would exclude it.
    """

    arm: str
    share: float | None
    excluded: float
    p: float
    needed: float | None
    n: float
    seen: float
    known: bool

    @property
    def text(self) -> str:
        """Say both shares."""
        at = "hit max_tokens" if self.known else f"cost {SUPPOSED:g} times the mean"
        if self.share is None:
            return f"it would stand even if all of {self.arm}'s requests {at}"
        flips = f"flips if more than {_percent(self.share)} of {self.arm}'s requests {at}"
        sample = f"{self.n:,.0f} clean requests"
        if self.seen >= 1:
            sample = f"{self.n:,.0f} requests, {self.seen:,.0f} of them at it,"
        only = "only " if self.share <= self.excluded else ""
        return f"{flips}; {sample} exclude {only}shares above {_percent(self.excluded)}"


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
    cap = SUPPOSED * side.mean if side.cap is None else side.cap
    gap = target - side.mean
    room = cap - side.mean + (target if loses else 0.0)
    seen = side.seen if side.cap is not None else 0.0
    before = seen / side.n if side.n else 0.0
    more = max(gap, 0.0) / room if room > 0 else math.inf
    share = before + more if before + more < 1 else None
    excluded = stats.exact_bounds(before, side.n, alpha)[1]
    p = 0.0
    if share is not None:
        p = min(1.0, 2 * binomial_cdf(math.ceil(seen), max(math.floor(side.n), 1), share))
    needed = None if share is None else _needed(before, share, alpha)
    return Check(side.arm, share, excluded, p, needed, side.n, seen, side.cap is not None)


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


def per_correct(side: Side, usd: FloatArray, score: FloatArray) -> Side:
    """Return an arm's side per correct answer; ``usd`` and ``score`` of the items with both."""
    right = float(score.mean())
    cap = None if side.cap is None else side.cap / right
    return replace(side, mean=float(usd.mean()) / right, cap=cap)
