"""The requests of a cascade: the first arm's, and how far each is passed on along its steps."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from claimbench.routes.fit import Options, Rows, out_of_fold
from claimbench.routes.paths import Checks, Found, Path, Step
from claimbench.routes.signals import Answers, agreement, signal_of
from claimbench.routes.words import SIGNALS
from claimbench.tables.types import BoolArray, CallRows, CallTable, FloatArray, IntArray, ItemTable
from claimbench.types import Outcome
from claimbench.types.routes import RouteSpec, StageSpec


@dataclass(frozen=True, slots=True)
class _Answer:
    """One request at one arm of the cascade: what was asked there, and how unsure its answer is
    (larger is more unsure; nan: unknown). ``forced``: passed on whatever the signal says.
    """

    item: int
    epoch: int
    steps: tuple[Step, ...]
    answer: Step
    unsure: float
    forced: bool
    checks: tuple[str, ...] = ()
    failed: bool = False


_Line = list[_Answer | None]
"""One arm's answers, a place per request; None: the call, or its checker's word, is not stored."""


class Cascade:
    """Makes the paths of a cascade of two arms or more."""

    def __init__(
        self,
        spec: RouteSpec,
        items: ItemTable,
        calls: CallTable,
        answers: Answers,
        checks: Checks,
        seed: str,
    ) -> None:
        self._spec = spec
        self._stages = spec.stages
        self._items = items
        self._calls = calls
        self._answers = answers
        self._checks = checks
        self._seed = seed

    def found(self) -> Found:
        """Return the paths, and the requests as a fit sees them."""
        names = [self._spec.first, *(stage.then for stage in self._stages)]
        tables: list[CallRows] = []
        for name in names:
            rows = self._calls.arms.get(name)
            if rows is None:
                return Found(())
            tables.append(rows)
        firsts = self._of_arm(names[0], tables[0], self._stages[0])
        lines: list[_Line] = [list(firsts)]
        for number, name in enumerate(names[1:], 1):
            stage = self._stages[number] if number < len(self._stages) else None
            lines.append(self._line(firsts, name, tables[number], stage))
        options = self._options(lines, tables)
        thresholds = self._thresholds(options)
        answered = options.answered(thresholds)
        paths = [
            path
            for number, last in enumerate(answered.tolist())
            if (path := _path([line[number] for line in lines], last)) is not None
        ]
        at = np.asarray([one.item for one in firsts], dtype=np.float64)

        def again(rest: BoolArray) -> IntArray:
            part = options.take(rest)
            return part.answered(self._thresholds(part))

        return Found(
            tuple(paths),
            _first_step(options, thresholds),
            at,
            thresholds,
            options,
            answered,
            again if self._spec.fit is not None else None,
            no_signal=self._no_signal(names, lines),
        )

    def _no_signal(self, names: Sequence[str], lines: Sequence[_Line]) -> dict[str, str]:
        """Return the tasks in which a step's signal is known of no answer that could be kept, and
        what is not known there.
        """
        found: dict[str, str] = {}
        for name, line, stage in zip(names, lines, self._stages, strict=False):
            seen: Counter[str] = Counter()
            known: set[str] = set()
            for one in line:
                if stage.signal is None or one is None or one.failed or one.forced:
                    continue
                task = str(self._items.task[one.item])
                seen[task] += 1
                if not math.isnan(one.unsure):
                    known.add(task)
            for task in seen.keys() - known:
                what = SIGNALS[stage.signal or "file"].format(of=stage.of)
                found[task] = (
                    f"{what} is known of none of {seen[task]:,} answers of {name} to {task}"
                )
        return found

    def _line(
        self, firsts: list[_Answer], arm: str, rows: CallRows, stage: StageSpec | None
    ) -> _Line:
        """Return what a later arm answered to each request."""
        if stage is not None and stage.signal == "repeats":
            by_item = {one.item: one for one in self._repeated(arm, rows, stage)}
            return [by_item.get(one.item) for one in firsts]
        by_place: Mapping[tuple[int, int], _Answer] = {
            (one.item, one.epoch): one for one in self._each(arm, rows, stage)
        }
        return [by_place.get((one.item, one.epoch)) for one in firsts]

    def _of_arm(self, arm: str, rows: CallRows, stage: StageSpec) -> list[_Answer]:
        if stage.signal == "repeats":
            return self._repeated(arm, rows, stage)
        return self._each(arm, rows, stage)

    def _each(self, arm: str, rows: CallRows, stage: StageSpec | None) -> list[_Answer]:
        """One request for each of an arm's calls; ``stage`` None: nobody comes after it."""
        found: list[_Answer] = []
        for number, call_id in enumerate(rows.call_id.tolist()):
            failed = Outcome(rows.text("outcome", number)).missing
            checks: tuple[str, ...] = ()
            unsure, forced = 0.0, False
            if not failed and stage is not None:
                unreadable = self._answers.unreadable(call_id)
                forced = unreadable and stage.unparsable
                if stage.signal is not None:
                    if stage.signal == "scorer" and stage.of == "judge" and not unreadable:
                        judge = self._checks.call_of.get(call_id)
                        if judge is None or self._answers.score(call_id, stage.of) is None:
                            continue  # the checker's word is missing, so the path is
                        checks = (judge,)
                    n_out = float(rows.n_out[number])
                    unsure = _unsure(stage, signal_of(stage, call_id, n_out, self._answers))
            step = (arm, number)
            found.append(
                _Answer(
                    int(rows.item[number]),
                    int(rows.epoch[number]),
                    (step,),
                    step,
                    unsure,
                    forced,
                    checks,
                    failed,
                )
            )
        return found

    def _repeated(self, arm: str, rows: CallRows, stage: StageSpec) -> list[_Answer]:
        """One request for each item: all of its repeats are asked, and agree or not."""
        of_item: dict[int, list[int]] = defaultdict(list)
        for number, item in enumerate(rows.item.tolist()):
            of_item[item].append(number)
        planned = self._items.arms[arm].n_calls
        found: list[_Answer] = []
        for item, numbers in of_item.items():
            if len(numbers) < int(planned[item]):
                continue
            numbers = sorted(numbers, key=lambda number: int(rows.epoch[number]))
            failed = any(Outcome(rows.text("outcome", number)).missing for number in numbers)
            ids = [rows.text("call_id", number) for number in numbers]
            share, first = agreement(ids, self._answers)
            steps = tuple((arm, number) for number in numbers)
            answer = next(step for step, name in zip(steps, ids, strict=True) if name == first)
            forced = stage.unparsable and self._answers.unreadable(first)
            if failed:
                answer = next(s for s in steps if Outcome(rows.text("outcome", s[1])).missing)
            epoch = int(rows.epoch[numbers[0]])
            unsure = _unsure(stage, share)
            found.append(_Answer(item, epoch, steps, answer, unsure, forced, failed=failed))
        return found

    def _thresholds(self, options: Options) -> FloatArray:
        """Return the threshold of each step in force for each request."""
        stated = np.asarray([_stated(stage) for stage in self._stages])
        if self._spec.fit is not None:
            return out_of_fold(options, self._spec.fit, stated, self._seed)
        return np.tile(stated, (len(options.cluster), 1))

    def _options(self, lines: list[_Line], tables: list[CallRows]) -> Options:
        """Return score and dollars of each request if it is answered by each arm in turn."""
        n, m = len(lines[0]), len(lines)
        score = np.full((n, m), math.nan)
        usd = np.full((n, m), math.nan)
        unsure = np.zeros((n, m - 1))
        forced = np.zeros((n, m - 1), dtype=np.bool_)
        for place in range(n):
            spent = 0.0
            for arm, line in enumerate(lines):
                one = line[place]
                if one is None:
                    break
                rows = tables[arm]
                spent += sum(float(rows.usd[number]) for _, number in one.steps)
                spent += sum(self._checks.usd(call_id) for call_id in one.checks)
                usd[place, arm] = spent
                if not one.failed:
                    score[place, arm] = rows.score[one.answer[1]]
                if arm < m - 1:
                    unsure[place, arm] = one.unsure
                    forced[place, arm] = one.forced
        names = np.unique(self._items.cluster, return_inverse=True)[1]
        cluster = np.asarray([names[one.item] for one in lines[0] if one is not None])
        return Options(score, usd, unsure, forced, cluster.astype(np.int64))


def _path(line: list[_Answer | None], last: int) -> Path | None:
    """Return the path of one request that is passed on up to the arm ``last``, or until a call on
    it fails; None where a call on it is not stored.
    """
    steps: tuple[Step, ...] = ()
    checks: tuple[str, ...] = ()
    for arm, one in enumerate(line[: last + 1]):
        if one is None:
            return None
        steps += one.steps
        checks += one.checks
        if one.failed or arm == last:
            first = line[0] or one
            waits = not one.failed and arm < len(line) - 1
            return Path(first.item, first.epoch, steps, one.answer, checks, waits=waits)
    return None


def _first_step(options: Options, thresholds: FloatArray) -> Rows:
    """Return the requests as the first step sees them: kept, or passed on to the rest of the
    cascade with its thresholds in force.
    """
    rest = options.answered(thresholds, start=1)
    return Rows(
        unsure=options.unsure[:, 0],
        forced=options.forced[:, 0],
        kept_score=options.score[:, 0],
        passed_score=options.of_arm(options.score, rest),
        kept_usd=options.usd[:, 0],
        passed_usd=options.of_arm(options.usd, rest),
        cluster=options.cluster,
    )


def _unsure(stage: StageSpec, value: float | None) -> float:
    if value is None:
        return math.nan
    return -value if stage.below is not None else value


def _stated(stage: StageSpec) -> float:
    """Return a step's declared threshold of unsureness; nan: fitted, inf: no signal."""
    if stage.signal is None:
        return math.inf
    if stage.threshold is None:
        return math.nan
    return -stage.threshold if stage.below is not None else stage.threshold
