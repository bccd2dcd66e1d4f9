"""What conversations and episodes came to, in lines for the report: turn by turn, and per resolved
task.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, median
from typing import NamedTuple

from claimbench.evaluation.episodes import fold, steps_taken
from claimbench.number_text.dollars import usd
from claimbench.stats.epochs import reduced
from claimbench.tables import timing as tm
from claimbench.types import Attempt, CallRecord, Cost, Outcome, Score, Suite, Task

UNKNOWN = "unknown"


def dialogue_lines(
    suite: Suite,
    records: Sequence[CallRecord],
    attempts: Sequence[Attempt],
    scores: Iterable[Score],
    costs: Mapping[str, Cost],
) -> list[str]:
    """Return a line per arm and task: conversations by their first turns, the last and the worst;
    episodes by what became of them. They are findings, no warnings.
    """
    turned = [task for task in suite.tasks if any(s.turn is not None for s in task.samples)]
    if not turned:
        return []
    headline = {task.name: task.scorers[0].name for task in suite.tasks if task.scorers}
    value = {(s.call_id, s.scorer): s.value for s in scores}
    final = {(a.call_id, a.number): a for a in attempts}
    lines: list[str] = []
    for task in turned:
        mine = [record for record in records if record.call.task == task.name]
        named = {call: v for (call, name), v in value.items() if name == headline.get(task.name)}
        if task.steps:
            lines += _episodes(suite, task, mine, attempts, named, costs)
        else:
            lines += _turns(task, mine, final, named, costs)
    return lines


def _turns(
    task: Task,
    records: Sequence[CallRecord],
    final: Mapping[tuple[str, int], Attempt],
    value: Mapping[str, float | None],
    costs: Mapping[str, Cost],
) -> list[str]:
    number = {s.id: s.turn.number for s in task.samples if s.turn is not None}
    groups: dict[tuple[str, int], list[CallRecord]] = defaultdict(list)
    for record in records:
        groups[record.call.arm, number[record.call.sample_id]].append(record)
    by_arm: dict[str, list[_AtTurn]] = defaultdict(list)
    for (arm, turn), mine in sorted(groups.items()):
        asked = [record for record in mine if record.attempt > 0]
        scores = [value.get(record.call.id) for record in mine]
        known = [score for score in scores if score is not None]
        tries = [final.get((record.call.id, record.attempt)) for record in asked]
        firsts = [tm.ttft_s(a.timing) for a in tries if a is not None]
        ttft = [seconds for seconds in firsts if seconds is not None]
        tokens = [
            a.usage.input_total
            for a in tries
            if a is not None and a.usage is not None and a.usage.input_total is not None
        ]
        said = [
            f"score {fmean(known):.3f} of {len(known)}" if known else "not scored",
            f"{fmean(tokens):.0f} tokens in" if tokens else f"tokens in {UNKNOWN}",
            f"TTFT p50 {median(ttft):.3g} s" if ttft else f"TTFT {UNKNOWN}",
            f"{_usd(_total(asked, costs), len(asked))} a call",
        ]
        said += _not_asked(mine)
        words = f"turn {turn}: {len(asked)} asked, {', '.join(said)}"
        by_arm[arm].append(_AtTurn(turn, fmean(known) if known else None, words))
    return [f"{task.name}: {arm}: {_told(turns)}." for arm, turns in by_arm.items()]


def _not_asked(records: Sequence[CallRecord]) -> list[str]:
    """Say how many turns were not asked: for the arm had ended their conversations, or for a call
    before them had failed.
    """
    unsent = [record for record in records if record.attempt == 0]
    ended = sum(record.outcome is Outcome.ENDED for record in unsent)
    failed = len(unsent) - ended
    found = []
    if ended:
        found.append(f"{ended} not asked, for the arm had ended their conversations")
    if failed:
        found.append(f"{failed} not asked, for a call before them had failed")
    return found


class _AtTurn(NamedTuple):
    """What an arm did at one turn of its conversations."""

    number: int
    score: float | None
    words: str


FIRST = 2
"""Turns that are told from the beginning, beside the last and the worst one."""


def _told(turns: Sequence[_AtTurn]) -> str:
    """Tell the first turns, the last one and the one with the lowest score."""
    shown = dict.fromkeys([*turns[:FIRST], turns[-1]])
    known = [(turn.score, turn.number, turn) for turn in turns if turn.score is not None]
    worst = min(known)[2] if known else None
    if worst is not None:
        shown[worst] = None
    words = [
        f"{turn.words} (the worst)" if turn is worst and len(turns) > 1 else turn.words
        for turn in sorted(shown, key=lambda turn: turn.number)
    ]
    left = len(turns) - len(shown)
    return "; ".join([*words, f"{left} more turns"] if left else words)


def _episodes(
    suite: Suite,
    task: Task,
    records: Sequence[CallRecord],
    attempts: Sequence[Attempt],
    value: Mapping[str, float | None],
    costs: Mapping[str, Cost],
) -> list[str]:
    folded = fold(suite, [record.call for record in records], records, attempts)
    spent = folded.costs(costs)
    seconds = {a.call_id: tm.e2e_s(a.timing) for a in folded.attempts}
    taken = steps_taken(suite, records)
    talk = {s.id: s.turn.conversation for s in task.samples if s.turn is not None}
    groups: dict[str, list[CallRecord]] = defaultdict(list)
    for record in folded.records:
        groups[record.call.arm].append(record)
    lines = []
    for arm, mine in sorted(groups.items()):
        scored = [record for record in mine if value.get(record.call.id) is not None]
        right = sum((value[record.call.id] or 0) >= 1 for record in scored)
        calls = [record.call for record in mine]
        steps = [taken[task.name, talk[call.sample_id], call.epoch, arm] for call in calls]
        said = [f"{right} of {len(scored)} episodes resolved", f"{fmean(steps):.1f} steps each"]
        if right:
            minutes = _minutes(scored, seconds, right)
            said.append(f"{_usd(_total(scored, spent), right)} and {minutes} of the")
            said[-1] += " model per resolved episode"
            if len(scored) < len(mine):
                lost = len(mine) - len(scored)
                more = _usd(_total([one for one in mine if one not in scored], spent), 1)
                said[-1] += f" ({lost} without a score left out, and their {more})"
        else:
            said.append("no resolved task to divide dollars and minutes by")
        said += _pass_hat(suite, scored, value)
        lines.append(f"{task.name}: {arm}: {', '.join(said)}.")
    return lines


def _minutes(records: Iterable[CallRecord], seconds: Mapping[str, float], by: int) -> str:
    """Say the minutes of episodes; unknown where one that was asked has no time."""
    total = 0.0
    for record in records:
        if record.attempt == 0:
            continue  # never asked
        if record.call.id not in seconds:
            return f"{UNKNOWN} minutes"
        total += seconds[record.call.id]
    return f"{total / 60 / by:.2g} minutes"


def _pass_hat(
    suite: Suite, scored: Iterable[CallRecord], value: Mapping[str, float | None]
) -> list[str]:
    """Return pass^k for each k up to the epochs (tau-bench's estimator: :mod:`stats.epochs`)."""
    if suite.epochs < 2:
        return []
    items: dict[str, list[float]] = defaultdict(list)
    for record in scored:
        items[record.call.sample_id].append(value[record.call.id] or 0.0)
    found = []
    for k in range(1, suite.epochs + 1):
        whole = [reduced(f"pass^{k}", scores) for scores in items.values() if len(scores) >= k]
        if whole:
            found.append(f"pass^{k} {fmean(whole):.3f}")
    return found


def _total(records: Iterable[CallRecord], costs: Mapping[str, Cost]) -> float | None:
    """Return the dollars of calls; None where one of them is not known."""
    total = 0.0
    for record in records:
        cost = costs.get(record.call.id)
        if cost is None or cost.amount is None or cost.currency != "USD":
            if record.outcome is Outcome.OK or cost is not None:
                return None
            continue
        total += float(cost.amount)
    return total


def _usd(total: float | None, by: int) -> str:
    return f"dollars {UNKNOWN}" if total is None or not by else usd(total / by)
