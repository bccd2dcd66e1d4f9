"""How fast one key may be used: pauses, adaptive concurrency, declared and learned rates, and what
became of them.

One :class:`KeyGate` stands before every endpoint of one key. An attempt enters before its request
is committed and leaves with what the server said. The gate holds back while

* the server asked for a pause (Retry-After, or its rate-limit headers say that nothing is left):
  the whole key waits, not only the call that was refused;
* as many requests are under way as there are places (:mod:`claimbench.limits.places`): each refusal
  leaves fewer, answers add to them again, up to the arms' own concurrency;
* after a refusal that named no time, one request at a time asks whether more may go, after pauses
  that double;
* the arm's declared ``rpm``/``tpm`` would be exceeded (:mod:`claimbench.limits.pacing`);
* the rate learned from refusals would be exceeded (:mod:`claimbench.limits.learned_rate`): the rate
  at which requests were accepted before the refusal, the pause included, less a margin; answers
  raise it again in small steps, so that the limit is probed seldom.

States. A pause may lie over either: nothing goes until it ends, then the state holds again::

                 refused, no time named: cut, pause of backoff_s
       +------+ -----------------------------------------------> +--------+
       | open |                                                  | asking | --+ refused, no time
       +------+ <----------------------------------------------- +--------+ <-+ named: the pause
        |    ^    an answer to a request sent after the cut; or                 doubles
        |    |    refused with a time named: cut, pause until then
        |    |
        +----+  refused with a time named: cut, pause until then
                refused, but seldom (:class:`~claimbench.limits.refusals.RefusalShare`), or sent
                before the last cut: a pause, nothing else
                answered: more places and a faster rate, step by step

A *cut* is what one refusal changes: the rate is learned anew, a fifth of the places goes, and
counting of answers begins again. Requests that were under way at a cut and are refused after it are
the same refusal once more.

Every change is kept in ``history``, which goes into the run's records.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from claimbench.clock import Clock
from claimbench.limits.headers import nothing_left_for_s
from claimbench.limits.learned_rate import LearnedRate
from claimbench.limits.pacing import ArmPace
from claimbench.limits.places import Places
from claimbench.limits.refusals import RefusalShare
from claimbench.types import Arm, Json

LONGEST_HEADER_WAIT_S = 120.0
"""A header that speaks of a longer wait is about a daily quota; the refusal itself will say what to
do.
"""
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
    """The server's word on its limits, with one response."""

    refused: bool
    answered: bool
    retry_after_s: float | None
    headers: Mapping[str, str]
    tokens: int | None


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
        self._clock = clock
        self._backoff_s = backoff_s
        self._backoff_max_s = backoff_max_s
        self._places = Places(most)
        self._rate = LearnedRate(backoff_max_s)
        self._refusals = RefusalShare()
        self._asking = False
        self._believed = 2 * most  # refusals in a row up to which a named time is kept as it is
        self._in_vain = 0  # refusals in a row with nothing accepted between them
        self._paused_until_ns = 0
        self._released_ns: int | None = None  # when requests began to go after the last pause
        self._cut_ns = -1
        self._learned_ns = -1  # the last cut that said something of the rate
        self._accepted = 0  # answers since the cut to requests that were sent after it
        self._since_cut = 0  # all answers since the cut

    @property
    def concurrency(self) -> int:
        """Requests that may be under way at once, now; one while it is being found out whether any
        may.
        """
        return 1 if self._asking else self._places.limit

    @property
    def per_s(self) -> float | None:
        """Requests per second that are sent at most, as learned; None: no limit is known."""
        return self._rate.per_s

    @property
    def held_s(self) -> float:
        """Seconds for which nothing will be sent: a pause, or the learned rate's next turn."""
        until_ns = max(self._paused_until_ns, self._rate.ready_ns())
        return max(0.0, (until_ns - self._clock.monotonic_ns()) / 1e9)

    @property
    def is_limiting(self) -> bool:
        """Whether requests are held back now: by a pause, a learned rate, or one that asks."""
        return self._asking or self.held_s > 0

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
                ready_ns = max(self._paused_until_ns, pace.ready_ns(), self._rate.ready_ns())
                if ready_ns > now_ns:
                    await sleep(ready_ns)
                elif self._places.taken >= self.concurrency:
                    await self._places.wait()
                else:
                    return self._admit(pace, characters, max_tokens, now_ns)
        return None

    def wake(self) -> None:
        """Let whoever waits for a place look again (its arm was halted)."""
        self._places.wake()

    def leave(self, pace: ArmPace, ticket: Ticket, said: Said) -> None:
        """Take note of how an admitted attempt ended."""
        now_ns = self._clock.monotonic_ns()
        self._places.leave()
        pace.settle(ticket.tokens, 0 if said.refused else said.tokens, now_ns)
        if said.refused or said.answered:
            self._refusals.count(refused=said.refused)
        if said.refused:
            self._refused(ticket, said.retry_after_s, now_ns)
            return
        if said.answered:
            sent_since_cut = ticket.entered_ns > self._cut_ns
            if sent_since_cut:
                self._asking = False
            self._answered(sent_since_cut=sent_since_cut)
        if said.retry_after_s:
            self._pause(said.retry_after_s, now_ns, "the server asked for a pause")
        wait_s = nothing_left_for_s(said.headers, self._places.taken)
        if wait_s is not None and 0 < wait_s <= LONGEST_HEADER_WAIT_S:
            self._pause(wait_s, now_ns, "the server's headers say that nothing is left")

    def _admit(self, pace: ArmPace, characters: int, max_tokens: int, now_ns: int) -> Ticket:
        self._places.take()
        if self._released_ns is None:
            self._released_ns = now_ns
        self._rate.spend(now_ns, self.concurrency)
        return Ticket(now_ns, pace.spend(characters, max_tokens, now_ns))

    def _pause(self, wait_s: float, now_ns: int, why: str) -> None:
        until_ns = now_ns + round(wait_s * 1e9)
        if until_ns > self._paused_until_ns:
            self._paused_until_ns = until_ns
            self._note(now_ns, why, (until_ns - now_ns) / 1e9)

    def _refused(self, ticket: Ticket, retry_after_s: float | None, now_ns: int) -> None:
        """Decide what a refusal is: the last one once more, a rare one, an answer to "may I?" that
        says no, or a limit that was met.
        """
        same_once_more = ticket.entered_ns <= self._cut_ns
        pause_s = retry_after_s
        if pause_s is None:
            pause_s = 0.0 if same_once_more else self._doubled_s(self._in_vain)
        elif self._in_vain >= self._believed:
            # so often that every call under way was told a time that was not true
            pause_s = max(pause_s, self._doubled_s(self._in_vain - self._believed))
        self._paused_until_ns = max(self._paused_until_ns, now_ns + round(pause_s * 1e9))
        if same_once_more:
            self._released_ns = self._paused_until_ns
        elif not self._asking and self._refusals.is_rare and not self._rate.is_probing:
            # a faster rate that was tried is another matter: to be refused is what the trial is for
            self._note(now_ns, "refused, but seldom", pause_s)
        elif self._asking and retry_after_s is None:
            # still nothing: this says nothing of a rate, nor of how many at once
            self._in_vain += 1
            self._rate.restart_steps(now_ns)
            self._cut_ns = now_ns
            self._released_ns = self._paused_until_ns
            self._note(now_ns, "refused again", pause_s)
        else:
            self._cut(ticket, now_ns, named_time=retry_after_s is not None)
            self._note(now_ns, "refused", pause_s)

    def _doubled_s(self, times: int) -> float:
        """Return the pause of our own, doubled so often, up to the longest."""
        return min(self._backoff_max_s, self._backoff_s * 2.0 ** min(times, 64))

    def _cut(self, ticket: Ticket, now_ns: int, *, named_time: bool) -> None:
        """Learn from a refusal: a rate, fewer places; ask before going on where no time was
        named.
        """
        # refused with nothing accepted since the last refusal: it says nothing of the rate
        if self._accepted + self._places.taken:
            self._learn(ticket, now_ns, named_time=named_time)
            self._learned_ns = now_ns
        self._places.cut(at_random=self._rate.is_given_up)
        self._rate.restart_steps(now_ns)
        self._cut_ns = now_ns
        self._released_ns = self._paused_until_ns
        self._in_vain = self._in_vain + 1 if self._accepted == 0 else 0
        self._accepted = 0
        self._since_cut = 0
        self._asking = not named_time

    def _learn(self, ticket: Ticket, now_ns: int, *, named_time: bool) -> None:
        """Measure what the server let through since the last pause, and let the rate learn it."""
        start_ns = self._released_ns if self._released_ns is not None else ticket.entered_ns
        end_ns = now_ns
        if named_time:
            end_ns = self._paused_until_ns
        elif self._learned_ns >= 0:
            # from refusal to refusal, our own pause included
            start_ns = self._learned_ns
        accepted = self._accepted + self._places.taken
        span_s = max(1e-3, (end_ns - start_ns) / 1e9)
        under_way = self._places.taken
        resume_ns = self._paused_until_ns
        if self._rate.learn(accepted, span_s, self._since_cut, resume_ns, under_way):
            self._refusals.take_as_usual()

    def _answered(self, *, sent_since_cut: bool) -> None:
        self._rate.count_answer(self._since_cut)
        self._accepted += sent_since_cut  # what was under way at the cut was counted with it
        self._since_cut += 1
        self._in_vain = 0
        before = self.concurrency
        self._places.grow(self._since_cut)
        if self.concurrency != before:
            self._places.wake()
            self._note(self._clock.monotonic_ns(), "answers: more at once")
        now_ns = self._clock.monotonic_ns()
        if self._rate.may_rise(self._since_cut, now_ns):
            self._rate.rise(now_ns)
            self._note(now_ns, "answers: faster")

    def _note(self, at_ns: int, event: str, pause_s: float | None = None) -> None:
        if len(self.history) < MAX_HISTORY:
            self.history.append(
                LimitChange(at_ns, self.name, event, self.concurrency, self._rate.per_s, pause_s)
            )


def gate_names(arms: Iterable[Arm]) -> dict[str, str]:
    """Name the key that each arm uses: arms of one provider, address and key share its limits."""
    names = {}
    for arm in arms:
        key = arm.api_key_env or arm.api_key_file or arm.api_key_keyring or "the usual key"
        names[arm.name] = f"{arm.provider} at {arm.base_url or 'its usual address'} with {key}"
    return names


def history_rows(gates: Mapping[str, KeyGate], session: int) -> dict[str, Json]:
    """Return the histories as rows for the store, by a row id that keeps their order."""
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
