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
    """A run between BASE and NEW; ``arms``: BASE's name of an arm -> its name there."""

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


def scores_by_night(
    base: Evaluation, new: Evaluation, pair: PairedArm, earlier: Sequence[RunAnswers]
) -> list[dict[str, float]]:
    """Return an arm's scores by item in BASE, in each run between and in NEW, in their order: they
    are repeats where no run has any. Empty where there is no run between.
    """
    nights = [answers_of(base, pair.old), *(other.of(pair.old) for other in earlier)]
    nights.append(answers_of(new, pair.new))
    there = [night for night in nights if night]
    return [_scores(night) for night in there] if len(there) > 2 else []


def _scores(night: Answers) -> dict[str, float]:
    """Return the score of each item's first answer that has one."""
    found: dict[str, float] = {}
    for item, answers in night.items():
        known = [answer.score for answer in answers if answer.score is not None]
        if known:
            found[item] = known[0]
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


@dataclass(frozen=True)
class Sides:
    """An arm's answers to the common samples: BASE's, NEW's, and one of each run ``between`` where
    neither of the two repeats a question.
    """

    base: Answers
    new: Answers
    between: Sequence[Answers] = ()

    @property
    def repeats(self) -> str:
        """Say where it is known from how much the model varies; empty where it is not."""
        one, two = _most(self.base), _most(self.new)
        if max(one, two) > 1:
            return f"{one} answers a sample in BASE, {two} in NEW"
        used = len(self.between)
        return f"BASE, NEW and {used} run{'s' if used > 1 else ''} between" if used else ""


def drifts(
    base: Evaluation,
    new: Evaluation,
    arms: Sequence[PairedArm],
    items: Sequence[str],
    alpha: float,
    earlier: Sequence[RunAnswers] = (),
) -> tuple[Drift, ...]:
    """Say of each arm whether its model changed from BASE to NEW, all lenses together at ``alpha``.

    Where neither run repeats a question, the runs between them say how far apart two runs lie.

    Args:
        base: the baseline.
        new: the run that may differ.
        arms: the arms in both.
        items: the samples in both.
        alpha: for all arms and lenses, by Holm.
        earlier: the runs between.
    """
    return drifts_of({pair.new: _sides(base, new, pair, items, earlier) for pair in arms}, alpha)


def drifts_of(sides: Mapping[str, Sides], alpha: float) -> tuple[Drift, ...]:
    """Say of each arm, by its answers, whether its model changed; see :func:`drifts`."""
    wanted = math.ceil(10 * len(LENSES) * max(len(sides), 1) / alpha)
    draws = min(max(DRAWS, wanted), MOST_DRAWS)
    rng = np.random.default_rng(SEED)
    tested = [(arm, lens) for arm, one in sides.items() for lens in _tested(one, rng, draws)]
    adjusted = stats.holm([lens.p for _, lens in tested], alpha)[0].tolist()
    told: dict[str, list[Lens]] = {arm: [] for arm in sides}
    for (arm, lens), p in zip(tested, adjusted, strict=True):
        told[arm].append(replace(lens, p_holm=p, shifted=p <= alpha))
    made: list[Drift] = []
    for arm, one in sides.items():
        moved = _moved(one)
        state = _state(told[arm], moved)
        used = len(one.between)
        made.append(Drift(arm, state, tuple(told[arm]), one.repeats, moved, 1 - alpha, used))
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
) -> Sides:
    wanted = set(items)
    before = _only(answers_of(base, pair.old), wanted)
    after = _only(answers_of(new, pair.new), wanted)
    if max(_most(before), _most(after)) > 1:
        return Sides(before, after)
    # One of each run: those of one run may hang together, as an endpoint's cache makes them.
    nights = [_only(other.of(pair.old), wanted, most=1) for other in earlier]
    return Sides(before, after, [night for night in nights if night])


def _only(answers: Answers, wanted: set[str], most: int | None = None) -> Answers:
    return {item: found[:most] for item, found in answers.items() if item in wanted}


def _most(answers: Answers) -> int:
    """Return the most answers that any sample has."""
    return max((len(found) for found in answers.values()), default=0)


def _tested(sides: Sides, rng: np.random.Generator, draws: int) -> list[Lens]:
    found: list[Lens] = []
    for name, (seen, distance) in LENSES.items():
        deals: list[Deal] = []
        for item in sorted(sides.base.keys() & sides.new.keys()):
            one, two = _seen(seen, sides.base[item]), _seen(seen, sides.new[item])
            others: list[object] = []
            for night in sides.between:
                others += _seen(seen, night.get(item, ()))
            deals.append(Deal(distance([*one, *two, *others]), len(one), len(two)))
        result: Exchange | None = exchange_test(deals, rng, draws)
        if result is not None:
            found.append(Lens(name, result.observed, result.expected, result.n, result.p))
    return found


def _seen(seen: Callable[[Answer], object], answers: Sequence[Answer]) -> list[object]:
    """Return what a lens sees of answers, without those of which it sees nothing."""
    return [value for answer in answers if (value := seen(answer)) is not None]


def _moved(sides: Sides) -> tuple[str, ...]:
    """Say where the endpoint names another model than it ever did in BASE, whatever it named in
    the runs between.
    """
    models: list[set[str]] = []
    for side in (sides.base, sides.new):
        names = {a.named.partition(" ")[0] for found in side.values() for a in found if a.named}
        models.append(names - {""})
    one, two = models
    if one and two and not one & two:
        return (f"the endpoint named {_some(one)}, and now {_some(two)}",)
    return ()


def _some(names: set[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")
