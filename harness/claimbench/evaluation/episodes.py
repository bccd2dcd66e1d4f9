"""Episodes as the tables see them: one call each, with dollars, tokens and seconds of all steps.

Steps stay calls of their own in the store, each with its intent, attempts and bill. An arm that
takes six steps where another takes three must be compared by the episode: pairing step with step
would leave out what only one of them needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from claimbench.packed import Packer, columns
from claimbench.plan.simulated.talks import step_number, whole_record
from claimbench.pricing.bill import most
from claimbench.types import Attempt, Call, CallRecord, Cost, Sample, Suite, Usage

Key = tuple[str, str, int, str]


@dataclass(frozen=True)
class Folded:
    """The calls, records and attempts of a run with each episode as one; ``steps``: id of the
    episode's call -> ids of the calls of its steps.
    """

    calls: Sequence[Call]
    records: Sequence[CallRecord]
    attempts: Sequence[Attempt]
    steps: Mapping[str, tuple[str, ...]]

    def costs(self, costs: Mapping[str, Cost]) -> Mapping[str, Cost]:
        """Return the dollars by call, those of an episode's steps summed under its own id."""
        if not self.steps:
            return costs
        found = dict(costs)
        for whole, steps in self.steps.items():
            parts = [found.pop(step) for step in steps if step in found]
            if parts:
                found[whole] = _summed(parts)
        return found


def fold(
    suite: Suite,
    calls: Sequence[Call],
    records: Sequence[CallRecord],
    attempts: Sequence[Attempt],
) -> Folded:
    """Fold the steps of episodes; a run without any comes back as it is."""
    names = {task.name: task for task in suite.tasks if task.steps}
    if not names:
        return Folded(calls, records, attempts, {})
    samples = _steps_of(suite)
    whole: dict[Key, Call] = {}
    ids: dict[Key, list[str]] = {}
    kept = Packer(Call)
    for call in calls:
        key = _key(call, samples)
        if key is None:
            kept.append(call)
            continue
        ids.setdefault(key, []).append(call.id)
        if step_number(call, samples) == 1:
            whole[key] = call
            kept.append(call)
    stepped = {one for of in ids.values() for one in of}
    by_call: dict[str, CallRecord] = {}
    found = Packer(CallRecord)
    for record in records:
        if record.call.id in stepped:
            by_call[record.call.id] = record
        else:
            found.append(record)
    tries: dict[str, list[Attempt]] = {}
    kept_attempts = Packer(Attempt)
    for attempt in attempts:
        if attempt.call_id in stepped:
            tries.setdefault(attempt.call_id, []).append(attempt)
        else:
            kept_attempts.append(attempt)
    for key, steps in ids.items():
        mine = [by_call[one] for one in steps if one in by_call]
        folded = whole_record(whole.get(key), mine, names[key[0]], samples)
        if folded is None:
            continue
        found.append(folded)
        summed = _attempt(folded, mine, tries)
        if summed is not None:
            before = _before(summed, mine, tries)
            if before is not None:
                kept_attempts.append(before)
            kept_attempts.append(summed)
    of = {whole[key].id: tuple(steps) for key, steps in ids.items() if key in whole}
    return Folded(kept.done(), found.done(), kept_attempts.done(), of)


def steps_taken(suite: Suite, records: Iterable[CallRecord]) -> dict[Key, int]:
    """Count the steps that were sent of each episode that was begun, over or not."""
    samples = _steps_of(suite)
    taken: Counter[Key] = Counter()
    read = columns(records, "call.task", "call.sample_id", "call.epoch", "call.arm", "attempt")
    for task, sample_id, epoch, arm, attempt in read:
        sample = samples.get((task, sample_id))
        if sample is not None and sample.turn is not None and attempt > 0:
            taken[task, sample.turn.conversation, epoch, arm] += 1
    return dict(taken)


def _steps_of(suite: Suite) -> dict[tuple[str, str], Sample]:
    """Return the samples that are steps of episodes, by task and id."""
    return {
        (task.name, sample.id): sample
        for task in suite.tasks
        if task.steps
        for sample in task.samples
    }


def _key(call: Call, samples: Mapping[tuple[str, str], Sample]) -> Key | None:
    sample = samples.get((call.task, call.sample_id))
    if sample is None or sample.turn is None:
        return None
    return call.task, sample.turn.conversation, call.epoch, call.arm


def _attempt(
    record: CallRecord, steps: Sequence[CallRecord], tries: Mapping[str, Sequence[Attempt]]
) -> Attempt | None:
    """Return the attempts that ended the steps as one: seconds and tokens summed.

    When its first token came is a figure of a step; the episode has none.
    """
    finals: list[Attempt] = []
    for step in steps:
        for attempt in tries.get(step.call.id, ()):
            if attempt.number == step.attempt:
                finals.append(attempt)
    if not finals:
        return None
    finals.sort(key=lambda attempt: (attempt.session, attempt.timing.sent_ns))
    first, last = finals[0], finals[-1]
    busy = sum(one.timing.ended_ns - one.timing.sent_ns for one in finals)
    timing = replace(
        first.timing,
        first_content_ns=None,
        first_answer_ns=None,
        chunk_ns=(),
        ended_ns=first.timing.sent_ns + busy,
        engine={},
    )
    return replace(
        last,
        call_id=record.call.id,
        number=1,
        session=first.session,
        timing=timing,
        usage=_usage([one.usage for one in finals]),
        usage_raw=None,
        billed_usd=None,
    )


def _before(
    summed: Attempt, steps: Sequence[CallRecord], tries: Mapping[str, Sequence[Attempt]]
) -> Attempt | None:
    """Return what an episode waited for attempts before those that ended its steps, as one attempt
    before ``summed``; None where no step was asked again. Clocks of two sessions do not compare:
    what an earlier one took is added.
    """
    waited = busy = 0
    for step in steps:
        mine = [one for one in tries.get(step.call.id, ()) if one.number <= step.attempt]
        mine.sort(key=lambda one: one.number)
        for one, after in pairwise(mine):
            took = one.timing.ended_ns - one.timing.sent_ns
            same = one.session == after.session
            busy += took
            waited += after.timing.sent_ns - one.timing.sent_ns if same else took
    if not waited:
        return None
    sent = summed.timing.sent_ns - waited
    timing = replace(summed.timing, sent_ns=sent, ended_ns=sent + min(busy, waited))
    return replace(summed, number=summed.number - 1, timing=timing, usage=None)


def _usage(parts: Sequence[Usage | None]) -> Usage | None:
    """Sum tokens. Fresh input or visible output that one step does not tell is unknown; of the
    other buckets what is told is summed, for it is a part of the totals.
    """
    known = [part for part in parts if part is not None]
    if not known or len(known) < len(parts):
        return None

    def whole(values: Sequence[int | None]) -> int | None:
        told = [value for value in values if value is not None]
        return sum(told) if len(told) == len(values) else None

    def some(values: Sequence[int | None]) -> int | None:
        told = [value for value in values if value is not None]
        return sum(told) if told else None

    return Usage(
        input_fresh=whole([part.input_fresh for part in known]),
        cache_read=some([part.cache_read for part in known]),
        cache_write_5m=some([part.cache_write_5m for part in known]),
        cache_write_1h=some([part.cache_write_1h for part in known]),
        output_visible=whole([part.output_visible for part in known]),
        output_reasoning=some([part.output_reasoning for part in known]),
        image=some([part.image for part in known]),
        audio=some([part.audio for part in known]),
        tool_use_input=some([part.tool_use_input for part in known]),
        source=known[0].source,
    )


def _summed(parts: Iterable[Cost]) -> Cost:
    """Sum dollars; unknown where one of them is."""
    parts = list(parts)
    first = parts[0]
    unknown = next((part.why_unknown for part in parts if part.why_unknown), None)

    def total(values: Sequence[Decimal | None]) -> Decimal | None:
        return None if None in values else sum((v for v in values if v is not None), Decimal(0))

    amount = total([part.amount for part in parts])
    low = high = None
    if amount is None:
        low = total([part.low if part.amount is None else part.amount for part in parts])
        high = total([most(part) for part in parts])
    return replace(first, amount=amount, components={}, why_unknown=unknown, low=low, high=high)
