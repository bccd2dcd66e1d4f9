"""A hosted model that changed, told apart from one that varies.

Answers of one model to one question differ from call to call. A model that changed differs more
between two runs than within one: that is tested, sample by sample, for what was answered, how it
scored, how long it was and what the endpoint calls itself (:mod:`claimbench.monitoring.exchange`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from claimbench import stats
from claimbench.evaluation.evaluate import Evaluation
from claimbench.monitoring.exchange import DRAWS, MOST_DRAWS, Deal, Exchange, exchange_test
from claimbench.monitoring.types import Drift, DriftState, Lens, PairedArm
from claimbench.stats import FloatArray
from claimbench.types import CallRecord

SEED = 20_261_129
"""Deals are drawn from one seed, so that a comparison comes out the same twice."""
DRAWN = frozenset({"measured", "imported"})
"""Answers that are draws: a replayed one or one of a cache is a copy."""


@dataclass(frozen=True)
class Answer:
    """One answer, as the lenses see it; None where unknown."""

    text: str | None
    score: float | None
    length: float | None
    named: str | None


Answers = Mapping[str, Sequence[Answer]]
"""By item (``task/sample``)."""


@dataclass(frozen=True)
class RunAnswers:
    """A run whose answers are repeats too; ``arms``: BASE's name of an arm -> its name there."""

    run: Evaluation
    arms: Mapping[str, str]
    _known: dict[str, dict[str, list[Answer]]] = field(default_factory=dict, compare=False)

    def of(self, old: str) -> Mapping[str, Sequence[Answer]]:
        """Return the answers of an arm by its name in BASE, read once; none where it has none."""
        name = self.arms.get(old)
        if name is None:
            return {}
        if name not in self._known:
            self._known[name] = answers_of(self.run, name)
        return self._known[name]


def answers_of(run: Evaluation, arm: str) -> dict[str, list[Answer]]:
    """Return an arm's answers by item, those that are draws of the model."""
    records = [
        record
        for record in run.stored.records
        if record.call.arm == arm and record.outcome.answered and record.provenance in DRAWN
    ]
    rows = run.calls.arms.get(arm)
    scores: dict[str, float] = {}
    if rows is not None:
        scores = dict(zip(rows.call_id.tolist(), rows.score.tolist(), strict=True))
    named = _names(run, {record.call.id for record in records})
    has_text = any(record.text for record in records)
    found: dict[str, list[Answer]] = {}
    last = {record.call.id: record for record in records}  # a call asked again: the last counts
    for record in last.values():
        score = scores.get(record.call.id, math.nan)
        text = " ".join(record.text.split()) if has_text else None
        answer = Answer(
            text,
            None if math.isnan(score) else score,
            None if text is None else math.log1p(len(text)),
            named.get(record.call.id),
        )
        found.setdefault(_item(record), []).append(answer)
    return found


def scores_before(
    base: Evaluation, pair: PairedArm, earlier: Sequence[RunAnswers]
) -> dict[str, list[float]]:
    """Return an arm's scores by item in BASE and the runs between it and NEW: they are repeats
    where no run has any; empty where there is no run between.
    """
    if not earlier:
        return {}
    sides = [answers_of(base, pair.old), *(other.of(pair.old) for other in earlier)]
    found: dict[str, list[float]] = {}
    for side in sides:
        for item, answers in side.items():
            known = [answer.score for answer in answers if answer.score is not None]
            found.setdefault(item, []).extend(known)
    return found


def _item(record: CallRecord) -> str:
    return f"{record.call.task}/{record.call.sample_id}"


def _names(run: Evaluation, wanted: set[str]) -> dict[str, str]:
    """Return call -> model and fingerprint as the endpoint names them, where it names any."""
    found: dict[str, str] = {}
    for attempt in run.stored.attempts:
        if attempt.call_id in wanted and (attempt.model_returned or attempt.fingerprint):
            found[attempt.call_id] = f"{attempt.model_returned or ''} {attempt.fingerprint or ''}"
    return found


def _label(values: Sequence[str]) -> FloatArray:
    codes = np.unique(np.asarray(values), return_inverse=True)[1]
    return np.asarray(codes[:, None] != codes[None, :], dtype=np.float64)


def _number(values: Sequence[float]) -> FloatArray:
    numbers = np.asarray(values, dtype=np.float64)
    return np.abs(numbers[:, None] - numbers[None, :])


LENSES: Mapping[str, tuple[Callable[[Answer], object], Callable[..., FloatArray]]] = {
    "answers": (lambda answer: answer.text, _label),
    "scores": (lambda answer: answer.score, _number),
    "lengths": (lambda answer: answer.length, _number),
    "model and fingerprint": (lambda answer: answer.named, _label),
}
"""Name -> what it looks at, and how far two of these lie apart."""


def drifts(
    base: Evaluation,
    new: Evaluation,
    arms: Sequence[PairedArm],
    items: Sequence[str],
    alpha: float,
    earlier: Sequence[RunAnswers] = (),
) -> tuple[Drift, ...]:
    """Say of each arm whether its model changed from BASE to NEW, all lenses together at ``alpha``.

    Where neither run repeats a question, the runs between them are repeats of BASE.

    Args:
        base: the baseline.
        new: the run that may differ.
        arms: the arms in both.
        items: the samples in both.
        alpha: for all arms and lenses, by Holm.
        earlier: the runs between.
    """
    sides = [_sides(base, new, pair, items, earlier) for pair in arms]
    wanted = math.ceil(10 * len(LENSES) * max(len(arms), 1) / alpha)
    draws = min(max(DRAWS, wanted), MOST_DRAWS)
    rng = np.random.default_rng(SEED)
    tested = [_tested(before, after, rng, draws) for before, after, _ in sides]
    flat = [(at, lens) for at, lenses in enumerate(tested) for lens in lenses]
    adjusted = stats.holm([lens.p for _, lens in flat], alpha)[0].tolist()
    told: list[list[Lens]] = [[] for _ in arms]
    for (at, lens), p in zip(flat, adjusted, strict=True):
        told[at].append(replace(lens, p_holm=p, shifted=p <= alpha))
    made: list[Drift] = []
    for pair, lenses, (before, after, repeats) in zip(arms, told, sides, strict=True):
        moved = _moved(before, after)
        state = _state(lenses, moved)
        made.append(Drift(pair.new, state, tuple(lenses), repeats, moved, 1 - alpha))
    return tuple(made)


def _state(lenses: Sequence[Lens], moved: Sequence[str]) -> DriftState:
    if moved or any(lens.shifted for lens in lenses):
        return "changed"
    if not lenses:
        return "cannot_tell"
    return "varies" if any(lens.observed > 0 for lens in lenses) else "same"


def _sides(
    base: Evaluation,
    new: Evaluation,
    pair: PairedArm,
    items: Sequence[str],
    earlier: Sequence[RunAnswers],
) -> tuple[Answers, Answers, str]:
    """Return BASE's and NEW's answers to the common samples, and where repeats come from."""
    wanted = set(items)
    before = _only(answers_of(base, pair.old), wanted)
    after = _only(answers_of(new, pair.new), wanted)
    most = max((len(found) for side in (before, after) for found in side.values()), default=0)
    if most > 1:
        return before, after, _each(before, after)
    used = 0
    for other in earlier:
        more = _only(other.of(pair.old), wanted)
        used += bool(more)
        for item, found in more.items():
            before.setdefault(item, []).extend(found)
    said = f"BASE and {used} run{'s' if used > 1 else ''} after it" if used else ""
    return before, after, said


def _only(answers: Answers, wanted: set[str]) -> dict[str, list[Answer]]:
    return {item: list(found) for item, found in answers.items() if item in wanted}


def _each(before: Answers, after: Answers) -> str:
    most = [max((len(found) for found in side.values()), default=0) for side in (before, after)]
    return f"{most[0]} answers a sample in BASE, {most[1]} in NEW"


def _tested(before: Answers, after: Answers, rng: np.random.Generator, draws: int) -> list[Lens]:
    found: list[Lens] = []
    for name, (seen, distance) in LENSES.items():
        deals: list[Deal] = []
        for item in sorted(before.keys() & after.keys()):
            one = [value for a in before[item] if (value := seen(a)) is not None]
            two = [value for a in after[item] if (value := seen(a)) is not None]
            deals.append(Deal(distance([*one, *two]), len(one)))
        result: Exchange | None = exchange_test(deals, rng, draws)
        if result is not None:
            found.append(Lens(name, result.observed, result.expected, result.n, result.p))
    return found


def _moved(before: Answers, after: Answers) -> tuple[str, ...]:
    """Say where the endpoint names another model than it ever did in BASE."""
    models: list[set[str]] = []
    for side in (before, after):
        names = {a.named.partition(" ")[0] for found in side.values() for a in found if a.named}
        models.append(names - {""})
    one, two = models
    if one and two and not one & two:
        return (f"the endpoint named {_some(one)}, and now {_some(two)}",)
    return ()


def _some(names: set[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")
