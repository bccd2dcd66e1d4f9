"""The rate of requests that a server allows, learned from its refusals.

::

    from      on                                       to
    none      a refusal, 3 or more accepted before     learned: the rate of those, less MARGIN
    learned   a refusal                                learned: lower, at most by half at once
    learned   HOLD answers, then every STEP_EVERY      learned: higher by a step; beyond the rate
                                                       that was refused (probing) steps grow
    learned   SLOW_HOLD_S, then every SLOW_STEP_S,     learned: higher by SLOW_STEP or more, where
              with answers and no refusal              answers come too seldom for the line above
    learned   the rate is GONE times that one          none: that limit is gone
    learned   refusals do not depend on the rate       none: nor learned for UNLEARN answers, unless
                                                       three refusals follow at once

Refusals do not depend on the rate where they are about as frequent at the rate learned (``calm``)
as at those tried beyond it (``tried``), or where they went on after four cuts that were refused at
our own pace, however few were accepted in between: a server that refuses each first attempt and
takes each second one would halve any rate without end. No rate is slower than one request in the
longest pause of the suite (``backoff_max_s``).
"""

from __future__ import annotations

import math

from claimbench.limits.refusals import RECENT, Tally

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
SLOW_HOLD_S, SLOW_STEP_S, SLOW_STEP = 150.0, 50.0, 0.1
"""Seconds after a refusal, and between steps, for a rate too slow for :data:`HOLD`; its least step.
"""
UNLEARN = 500
"""Answers for which no rate is learned after refusals have turned out not to depend on it."""
TELLING = 15
"""A refusal counts towards that share once so many requests were accepted since the one before."""


class LearnedRate:
    """Requests per second; ``per_s`` is None while no limit is known. ``longest_s``: the most
    seconds from one request to the next.
    """

    def __init__(self, longest_s: float = 60.0) -> None:
        self.per_s: float | None = None
        self._longest_s = longest_s
        self._slow_from_ns = 0  # when a step is due whatever the answers
        self._anchor = 0.0  # the last rate that rests on five accepted requests or more
        self._step = STEP
        self._next_ns = 0.0
        self._short = 0  # refusals in a row after fewer than five accepted requests
        self._answers_until_learning = 0
        self._calm = Tally()
        self._tried = Tally()
        self._steady_cuts = 0  # refusals in a row that met our own pace
        self._before_cuts = 0.0  # the rate at the first of them

    @property
    def is_given_up(self) -> bool:
        """Whether refusals have turned out not to depend on the rate."""
        return self._answers_until_learning > 0

    @property
    def is_probing(self) -> bool:
        """Whether a rate beyond the one that was refused is being tried."""
        return self.per_s is not None and self.per_s > self._anchor * (1 + 1.4 * MARGIN)

    def ready_ns(self) -> int:
        """Return when the next request may go."""
        return math.ceil(self._next_ns)

    def spend(self, now_ns: int, at_once: int) -> None:
        """Count one request as sent now; up to two may go together where ``at_once`` allows it."""
        if self.per_s is None:
            return
        slack_ns = min(2, at_once) * 1e9 / self.per_s
        self._next_ns = max(self._next_ns, now_ns - slack_ns) + 1e9 / self.per_s

    def learn(
        self, accepted: int, span_s: float, since_cut: int, resume_ns: int, under_way: int = 0
    ) -> bool:
        """Take the rate at which requests were accepted since the last pause as what is allowed.

        A few requests say little: after a short while the rate falls no further than to 0.8 of what
        was accepted for longer, unless refusals keep coming, so that a server that refuses at
        random does not slow a run to nothing.

        Args:
            accepted: requests accepted since the last pause.
            span_s: the seconds that took, the pause included where the server named it.
            since_cut: answers since the refusal before this one.
            resume_ns: when requests go on.
            under_way: how many of those accepted have no answer yet, and may be refused still.

        Returns:
            Whether refusals have just turned out not to depend on the rate; it is given up then.
        """
        measured = accepted / span_s
        if (self.per_s is None and accepted < 3) or self._longest_s <= 0:
            return False
        self._short = self._short + 1 if accepted < 5 else 0
        if self.is_given_up and self._short < 3:
            return False
        if self._is_random(accepted, measured, since_cut, under_way):
            self._give_up()
            return True
        target = measured * (1 - MARGIN)
        if self.per_s is not None:
            target = min(self.per_s, max(target, 0.5 * self.per_s))
            if self._short < 3 and span_s < 5:
                target = max(target, 0.8 * self._anchor)
        target = max(target, 1 / self._longest_s)
        if self._short >= 3:
            self._short = 0
            self._anchor = target
        if accepted >= 5:
            self._anchor = target
        self.per_s = target
        self._next_ns = resume_ns
        self._slow_from_ns = resume_ns + round(SLOW_HOLD_S * 1e9)
        return False

    def restart_steps(self, now_ns: int) -> None:
        """Begin with the smallest step again (after a refusal)."""
        self._step = STEP
        self._slow_from_ns = now_ns + round(SLOW_HOLD_S * 1e9)

    def count_answer(self, since_cut: int) -> None:
        """Count one answer; ``since_cut``: answers since the last refusal, without this one."""
        self._answers_until_learning = max(0, self._answers_until_learning - 1)
        if self.per_s is None:
            return
        self._tally(since_cut).answered += 1
        if self._calm.answered + self._tried.answered > 3 * RECENT:
            self._calm.forget()
            self._tried.forget()

    def may_rise(self, since_cut: int, now_ns: int) -> bool:
        """Return whether a step is due, ``since_cut`` answers after the last refusal."""
        by_answers = since_cut >= HOLD and since_cut % STEP_EVERY == 0
        return self.per_s is not None and (by_answers or now_ns >= self._slow_from_ns)

    def rise(self, now_ns: int) -> None:
        """Take one step up; far beyond the rate that was refused, no limit is left."""
        if self.per_s is None:
            return
        is_slow = now_ns >= self._slow_from_ns
        self.per_s *= 1 + (max(self._step, SLOW_STEP) if is_slow else self._step)
        self._slow_from_ns = now_ns + round(SLOW_STEP_S * 1e9)
        self._steady_cuts = 0
        if self.is_probing:
            self._step = min(0.5, self._step * 1.5)
        if self.per_s > GONE * self._anchor > 0:
            self.per_s = None
            self._next_ns = 0.0

    def _tally(self, since_cut: int) -> Tally:
        """Return the counts of the rate as it was learned, or of faster ones."""
        return self._calm if since_cut < HOLD else self._tried

    def _is_random(self, accepted: int, measured: float, since_cut: int, under_way: int) -> bool:
        """Count one refusal; return whether refusals come however slowly one asks."""
        if self.per_s is None:
            self._steady_cuts = 0
            return False
        if accepted >= TELLING:
            self._tally(since_cut).refused += 1
        # requests were accepted at our pace, and one was not
        # (a few of which some may be refused still do not say so)
        certain = accepted >= 5 or not under_way
        if certain and measured >= 0.7 * self.per_s:
            if self._steady_cuts == 0:
                self._before_cuts = self.per_s
            self._steady_cuts += 1
        in_vain = self._steady_cuts >= 4 and self.per_s <= 0.75 * self._before_cuts
        return in_vain or self._calm.as_bad_as(self._tried)

    def _give_up(self) -> None:
        self.per_s = None
        self._answers_until_learning = UNLEARN
        self._calm = Tally()
        self._tried = Tally()
        self._anchor = 0.0
        self._next_ns = 0.0
