"""How fast one key may be used: pauses, adaptive concurrency, declared and learned rates, and what
became of them.

One :class:`KeyGate` stands before every endpoint of one key. An attempt enters before its request
is committed and leaves with what the server said. The gate holds back while

* the server asked for a pause (Retry-After, or its rate-limit headers say that nothing is left):
  the whole key waits, not only the call that was refused;
* as many requests are under way as the adaptive limit allows: each refusal multiplies it by
  :data:`CUT`, answers add to it again, up to the arms' own concurrency;
* after a refusal that named no time, one request at a time asks whether more may go, after pauses
  that double;
* the arm's declared ``rpm``/``tpm`` would be exceeded (:mod:`claimbench.limits.pacing`);
* the rate learned from refusals would be exceeded: the rate at which requests were accepted before
  the refusal, the pause included, less :data:`MARGIN`; answers raise it again in small steps, so
  that the limit is probed seldom.

Every change is kept in ``history``, which goes into the run's records.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from claimbench.clock import Clock
from claimbench.limits.headers import nothing_left_for_s
from claimbench.limits.pacing import ArmPace
from claimbench.types import Arm, Json

CUT = 0.8
"""Concurrency after a refusal, as a share of what it was."""
MARGIN = 0.05
"""A learned rate stays this share below the rate at which the server accepted requests."""
HOLD = 75
"""Answers after a refusal before the limits are probed again."""
STEP_EVERY = 25
"""Answers per step of a learned rate; the first step is :data:`STEP`, beyond the old ceiling steps
grow.
"""
STEP = 0.01
GONE = 100
"""So many times beyond the rate at which it was refused, a learned rate is given up: that limit is
gone.
"""
UNLEARN = 500
"""Answers for which no rate is learned after refusals have turned out not to depend on it."""
LONGEST_HEADER_WAIT_S = 120.0
"""A header that speaks of a longer wait is about a daily quota; the refusal itself will say what to
do.
"""
RECENT, ENOUGH = 200, 20
"""Requests over which refusals are counted, and how many it takes to call them rare."""
TOLERATED = 0.015
"""A share of refusals up to here (or one) teaches nothing: the pause is kept, and then all goes on
as before.
"""
MOST_USUAL = 0.03
"""The largest share of refusals that is taken to come at any rate."""
TELLING = 15
"""A refusal counts towards that share once so many requests were accepted since the one before."""
MAX_HISTORY = 5_000

Sleep = Callable[[int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class LimitChange:
    """One change of a key's limits. ``concurrency`` and ``rate_per_s`` (None: unlimited) are the
    values after it.
    """

    at_ns: int
    key: str
    event: str
    concurrency: int
    rate_per_s: float | None
    pause_s: float | None = None


@dataclass(slots=True)
class Ticket:
    """One admitted attempt."""

    entered_ns: int
    tokens: float


@dataclass(frozen=True, slots=True)
class Said:
    """What the server said of its limits with one response."""

    refused: bool
    answered: bool
    retry_after_s: float | None
    headers: Mapping[str, str]
    tokens: int | None


@dataclass(slots=True)
class Tally:
    """Answers and refusals under one condition."""

    answered: float = 0.0
    refused: float = 0.0

    def as_bad_as(self, other: Tally) -> bool:
        """Whether refusals, two at least, are about as frequent here as over both."""
        both = self.answered + other.answered
        return (
            self.refused >= 2
            and self.refused * both >= 0.6 * (self.refused + other.refused) * self.answered
        )

    def forget(self) -> None:
        """Let what was counted weigh half."""
        self.answered, self.refused = self.answered / 2, self.refused / 2


class KeyGate:
    """See the module. ``most``: requests in flight at most, the sum of the arms' concurrency."""

    def __init__(
        self,
        name: str,
        most: int,
        clock: Clock,
        *,
        backoff_s: float = 1.0,
        backoff_max_s: float = 60.0,
    ) -> None:
        self.name = name
        self.history: list[LimitChange] = []
        self._most = most
        self._clock = clock
        self._backoff = (backoff_s, backoff_max_s)
        self._limit = float(most)
        self._ceiling = float(most)
        self._in_flight = 0
        self._freed = asyncio.Event()
        self._paused_until_ns = 0
        self._rate: float | None = None
        self._anchor = 0.0
        self._step = STEP
        self._next_ns = 0.0
        self._cut_ns = self._cycle_ns = -1
        self._asking = False
        self._released_ns: int | None = None
        self._accepted = 0
        self._since_cut = 0
        self._in_vain = 0
        self._short = 0
        self._unlearned = self._steady_cuts = 0
        self._base = 0.0
        self._recent: deque[bool] = deque(maxlen=RECENT)
        self._usual = 0.0
        self._calm, self._tried = Tally(), Tally()

    @property
    def concurrency(self) -> int:
        """Requests that may be under way at once, now; one while it is being found out whether any
        may.
        """
        return 1 if self._asking else max(1, int(self._limit))

    async def enter(
        self,
        pace: ArmPace,
        characters: int,
        max_tokens: int,
        sleep: Sleep,
        halted: Callable[[], bool],
    ) -> Ticket | None:
        """Wait until a request of ``pace``'s arm may go; None if the arm was ``halted`` meanwhile.

        ``sleep``: sleeps until a monotonic time, or until the arm is halted.
        """
        async with pace.turn:
            while not halted():
                now_ns = self._clock.monotonic_ns()
                ready_ns = max(self._paused_until_ns, pace.ready_ns(), math.ceil(self._next_ns))
                if ready_ns > now_ns:
                    await sleep(ready_ns)
                elif self._in_flight >= self.concurrency:
                    self._freed.clear()
                    await self._freed.wait()
                else:
                    return self._admit(pace, characters, max_tokens, now_ns)
        return None

    def _admit(self, pace: ArmPace, characters: int, max_tokens: int, now_ns: int) -> Ticket:
        self._in_flight += 1
        if self._released_ns is None:
            self._released_ns = now_ns
        if self._rate is not None:
            self._next_ns = (
                max(self._next_ns, now_ns - min(2, self.concurrency) * 1e9 / self._rate)
                + 1e9 / self._rate
            )
        return Ticket(now_ns, pace.spend(characters, max_tokens, now_ns))

    def wake(self) -> None:
        """Let whoever waits for a place look again (its arm was halted)."""
        self._freed.set()

    def leave(self, pace: ArmPace, ticket: Ticket, said: Said) -> None:
        """Take note of how an admitted attempt ended."""
        now_ns = self._clock.monotonic_ns()
        self._in_flight -= 1
        self._freed.set()
        pace.settle(ticket.tokens, 0 if said.refused else said.tokens, now_ns)
        if said.refused or said.answered:
            self._recent.append(said.refused)
        if said.refused:
            self._refused(ticket, said.retry_after_s, now_ns)
            return
        if said.answered:
            if self._asking and ticket.entered_ns > self._cut_ns:
                self._asking = False
            self._answered(since_cut=ticket.entered_ns > self._cut_ns)
        if said.retry_after_s:
            self._pause(
                now_ns + round(said.retry_after_s * 1e9), now_ns, "the server asked for a pause"
            )
        wait_s = nothing_left_for_s(said.headers, self._in_flight)
        if wait_s is not None and 0 < wait_s <= LONGEST_HEADER_WAIT_S:
            self._pause(
                now_ns + round(wait_s * 1e9),
                now_ns,
                "the server's headers say that nothing is left",
            )

    def _pause(self, until_ns: int, now_ns: int, why: str) -> None:
        if until_ns > self._paused_until_ns:
            self._paused_until_ns = until_ns
            self._note(now_ns, why, (until_ns - now_ns) / 1e9)

    def _refused(self, ticket: Ticket, retry_after_s: float | None, now_ns: int) -> None:
        pause_s = retry_after_s
        old = (
            ticket.entered_ns <= self._cut_ns
        )  # sent before the last cut took effect: the same refusal, once more
        if pause_s is None:
            pause_s = 0.0 if old else min(self._backoff[1], self._backoff[0] * 2.0**self._in_vain)
        self._paused_until_ns = max(self._paused_until_ns, now_ns + round(pause_s * 1e9))
        if old:
            self._released_ns = self._paused_until_ns
            return
        if not self._asking and self._rare():
            self._note(now_ns, "refused, but seldom", pause_s)
            return
        if (
            self._asking and retry_after_s is None
        ):  # still nothing: this says nothing of a rate, nor of how many at once
            self._in_vain += 1
            self._cut_ns = now_ns
            self._released_ns = self._paused_until_ns
            self._note(now_ns, "refused again", pause_s)
            return
        released_ns = self._released_ns if self._released_ns is not None else ticket.entered_ns
        end_ns = self._paused_until_ns if retry_after_s is not None else now_ns
        if retry_after_s is None and self._cycle_ns >= 0:
            released_ns = (
                self._cycle_ns
            )  # what the server let through from refusal to refusal, our own pause included
        span_s = max(1e-3, (end_ns - released_ns) / 1e9)
        accepted = self._accepted + self._in_flight
        if (
            accepted or retry_after_s is not None
        ):  # a probe that is refused says nothing of the rate
            self._learn(accepted, accepted / span_s, span_s)
            self._cycle_ns = now_ns
        self._ceiling = float(self._most) if self._unlearned else max(1.0, float(self._in_flight))
        self._limit = max(1.0, self._limit * CUT)
        self._cut_ns = now_ns
        self._released_ns = self._paused_until_ns
        self._in_vain = self._in_vain + 1 if self._accepted == 0 else 0
        self._accepted = self._since_cut = 0
        self._asking = retry_after_s is None
        self._step = STEP
        self._note(now_ns, "refused", pause_s)

    def _rare(self) -> bool:
        """Whether refusals are as seldom as is tolerated, or as they were found to be however
        slowly one asks.

        Not so where a faster rate was just tried: that the server refuses it is what the trial was
        to find out.
        """
        if len(self._recent) < ENOUGH or self._probing:
            return False
        return sum(self._recent) <= max(1, max(TOLERATED, 2 * self._usual) * len(self._recent))

    @property
    def _probing(self) -> bool:
        return self._rate is not None and self._rate > self._anchor * (1 + 1.4 * MARGIN)

    def _learn(self, accepted: int, measured: float, span_s: float) -> None:
        """Take the rate at which requests were accepted since the last pause as what the server
        allows.

        A few requests say little: after a short while the rate falls no further than to 0.8 of what
        was accepted for longer, unless refusals keep coming, so that a server that refuses at
        random does not slow a run to nothing.
        """
        if self._rate is None and accepted < 3:
            return
        self._short = self._short + 1 if accepted < 5 else 0
        if self._unlearned > 0 and self._short < 3:
            return
        if self._at_random(accepted, measured):
            return
        target = measured * (1 - MARGIN)
        if self._rate is not None:
            target = min(self._rate, max(target, 0.5 * self._rate))
            if self._short < 3 and span_s < 5:
                target = max(target, 0.8 * self._anchor)
        if self._short >= 3:
            self._short, self._anchor = 0, target
        if accepted >= 5:
            self._anchor = target
        self._rate = target
        self._next_ns = self._paused_until_ns

    @property
    def _tally(self) -> Tally:
        """Counts of the rate as it was learned, or of faster ones."""
        return self._calm if self._since_cut < HOLD else self._tried

    def _at_random(self, accepted: int, measured: float) -> bool:
        """Whether refusals come however slowly one asks: then they are no limit, and nothing is
        learned for a while.
        """
        if self._rate is None:
            self._steady_cuts = 0
            return False
        if accepted >= TELLING:
            self._tally.refused += 1
        if (
            accepted >= 5 and measured >= 0.7 * self._rate
        ):  # requests were accepted at our pace, and one was not
            self._base = self._rate if self._steady_cuts == 0 else self._base
            self._steady_cuts += 1
        in_vain = self._steady_cuts >= 4 and self._rate <= 0.75 * self._base
        if not in_vain and not self._calm.as_bad_as(self._tried):
            return False
        self._rate, self._unlearned = None, UNLEARN
        self._calm, self._tried = Tally(), Tally()
        self._usual = min(MOST_USUAL, sum(self._recent) / len(self._recent))
        self._anchor = 0.0
        self._next_ns = 0.0
        return True

    def _answered(self, *, since_cut: bool) -> None:
        self._unlearned = max(0, self._unlearned - 1)
        if self._rate is not None:
            self._tally.answered += 1
            if self._calm.answered + self._tried.answered > 3 * RECENT:
                self._calm.forget()
                self._tried.forget()
        self._accepted += since_cut  # what was under way at the cut was counted with it
        self._since_cut += 1
        self._in_vain = 0
        if self._limit < self._most:
            before = self.concurrency
            if self._limit < self._ceiling:
                self._limit = min(self._most, self._limit + 0.25)
            elif self._since_cut >= HOLD:
                self._limit = min(self._most, self._limit + 1 / self._limit)
            if self.concurrency != before:
                self._freed.set()
                self._note(self._clock.monotonic_ns(), "answers: more at once")
        if self._rate is not None and self._since_cut >= HOLD and self._since_cut % STEP_EVERY == 0:
            self._rate *= 1 + self._step
            self._steady_cuts = 0
            if self._probing:
                self._step = min(0.5, self._step * 1.5)
            if self._rate > GONE * self._anchor > 0:
                self._rate, self._next_ns = None, 0.0
            self._note(self._clock.monotonic_ns(), "answers: faster")

    def _note(self, at_ns: int, event: str, pause_s: float | None = None) -> None:
        if len(self.history) < MAX_HISTORY:
            self.history.append(
                LimitChange(at_ns, self.name, event, self.concurrency, self._rate, pause_s)
            )


def gate_names(arms: Iterable[Arm]) -> dict[str, str]:
    """The key that each arm uses, in words: arms of one provider, address and key share its
    limits.
    """
    names = {}
    for arm in arms:
        key = arm.api_key_env or arm.api_key_file or arm.api_key_keyring or "the usual key"
        names[arm.name] = f"{arm.provider} at {arm.base_url or 'its usual address'} with {key}"
    return names


def history_rows(gates: Mapping[str, KeyGate], session: int) -> dict[str, Json]:
    """The histories as rows for the store, by a row id that keeps their order."""
    rows: dict[str, Json] = {}
    for name, gate in gates.items():
        for number, change in enumerate(gate.history):
            rows[f"{session:04d}/{name}/{number:06d}"] = {
                "session": session,
                "at_ns": change.at_ns,
                "key": change.key,
                "event": change.event,
                "concurrency": change.concurrency,
                "rate_per_s": change.rate_per_s,
                "pause_s": change.pause_s,
            }
    return rows
