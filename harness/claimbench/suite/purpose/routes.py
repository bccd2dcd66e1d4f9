"""Routes of a suite: checked against its arms, tasks and files, kept with it, and read back."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from claimbench.error_words import did_you_mean, one_of, show
from claimbench.errors import SuiteError
from claimbench.suite.datasets import read_table
from claimbench.suite.document import Loc, YamlDocument
from claimbench.suite.paths import resolve_inside
from claimbench.suite.purpose.leaks import is_target
from claimbench.suite.purpose.route_signals import SignalChecker
from claimbench.suite.purpose.route_text import route_of
from claimbench.suite.schema.routes import ChooseModel, EscalateModel, RouteModel
from claimbench.suite.table import DataRow, ReadOptions
from claimbench.types import Arm, Sample, Suite, Task
from claimbench.types.routes import ROUTE, ChooseSpec, Decided, FitSpec, RouteSpec, StageSpec

ID_COLUMNS = ("sample_id", "id", "item", "prompt_id")
_WIDE = ReadOptions(wide=True)


@dataclass(frozen=True)
class RouteChecker:
    """Raises :class:`SuiteError` at the first contradiction of a route; else gives its spec.

    ``epochs``: of the run to come; None: the run is stored, and what it holds decides.
    """

    document: YamlDocument
    tasks: tuple[Task, ...]
    arms: tuple[str, ...]
    taken: tuple[str, ...]
    folder: Path
    allow_outside: bool
    epochs: int | None = None

    def check(self, models: Sequence[RouteModel]) -> tuple[RouteSpec, ...]:
        """Return the routes of the suite."""
        seen = dict.fromkeys(self.taken, "an arm, a judge or a route")
        found: list[RouteSpec] = []
        for index, model in enumerate(models):
            loc: Loc = ("routes", index)
            if model.name in seen:
                message = f"the route '{model.name}' has the name of {seen[model.name]}"
                raise self._fail((*loc, "name"), message, "choose another name")
            seen[model.name] = "another route"
            found.append(self._route(model, loc))
        return tuple(found)

    def _route(self, model: RouteModel, loc: Loc) -> RouteSpec:
        kinds = {
            "first": model.first is not None or model.then is not None,
            "slice": model.slice is not None,
            "decisions": model.decisions is not None,
        }
        stated = [name for name, is_it in kinds.items() if is_it]
        if len(stated) != 1:
            seen = "has none" if not stated else f"has {' and '.join(stated)}"
            raise self._fail(
                loc,
                f"the route '{model.name}' {seen}; a route is one of three kinds",
                "a cascade (first, then, escalate), by slice (slice, arms or choose), or decisions:"
                " FILE",
            )
        if stated == ["first"]:
            return self._cascade(model, loc)
        for key in ("escalate", *(("arms", "choose") if stated == ["decisions"] else ())):
            if key in model.model_fields_set:
                raise self._fail((*loc, key), f"`{key}` does not belong to this kind of route")
        if model.router is not None and stated == ["slice"]:
            raise self._fail((*loc, "router"), "`router` belongs to a route with `decisions`")
        if model.otherwise is not None:
            self._arm(model.otherwise, (*loc, "otherwise"))
        return self._slice(model, loc) if stated == ["slice"] else self._decisions(model, loc)

    def _cascade(self, model: RouteModel, loc: Loc) -> RouteSpec:
        for key in ("otherwise", "arms", "router", "choose"):
            if key in model.model_fields_set:
                raise self._fail((*loc, key), f"`{key}` does not belong to a cascade")
        if model.first is None or not model.then:
            absent = "first" if model.first is None else "then"
            raise self._fail(loc, f"the cascade '{model.name}' has no '{absent}'")
        self._arm(model.first, (*loc, "first"))
        several = isinstance(model.then, list)
        thens = model.then if isinstance(model.then, list) else [model.then]
        asked = [model.first]
        for number, then in enumerate(thens):
            place: Loc = (*loc, "then", number) if several else (*loc, "then")
            self._arm(then, place)
            if then in asked:
                raise self._fail(place, f"the cascade asks '{then}' twice")
            asked.append(then)
        stages = [
            self._stage(then, escalate, where)
            for then, (escalate, where) in zip(thens, self._rules(model, thens, loc), strict=True)
        ]
        one = stages[0]
        spec = RouteSpec(
            model.name,
            "cascade",
            first=model.first,
            then=one.then,
            unparsable=one.unparsable,
            signal=one.signal,
            of=one.of,
            below=one.below,
            above=one.above,
            values=one.values,
            file=one.file,
            sha256=one.sha256,
            later=tuple(stages[1:]),
        )
        return replace(spec, fit=self._aim(model, spec, loc))

    def _rules(
        self, model: RouteModel, thens: Sequence[str], loc: Loc
    ) -> list[tuple[EscalateModel, Loc]]:
        """Return the rule of each step, with its place in the file."""
        where: Loc = (*loc, "escalate")
        stated = model.escalate
        if not isinstance(stated, list):
            return [(stated or EscalateModel(), where)] * len(thens)
        if len(stated) != len(thens):
            raise self._fail(
                where,
                f"`escalate` has {len(stated)} rules, and the cascade {len(thens)} steps",
                "write one rule for every step (no list), or one for each step",
            )
        return [(rule, (*where, number)) for number, rule in enumerate(stated)]

    def _stage(self, then: str, escalate: EscalateModel, where: Loc) -> StageSpec:
        SignalChecker(self.document, self.tasks, self.epochs).check(escalate, where)
        stage = StageSpec(
            then,
            unparsable=escalate.unparsable,
            signal=escalate.signal,
            of=escalate.of or "",
            below=escalate.below,
            above=escalate.above,
        )
        if escalate.signal == "file":
            return self._signal_file(stage, escalate, where)
        return stage

    def _aim(self, model: RouteModel, spec: RouteSpec, loc: Loc) -> FitSpec | None:
        """Return the one aim of a cascade's fitted thresholds; None where none is fitted."""
        where: Loc = (*loc, "escalate")
        listed = isinstance(model.escalate, list)
        rules = model.escalate if isinstance(model.escalate, list) else [model.escalate]
        aims = [rule.fit for rule in rules if rule is not None and rule.fit is not None]
        signals = [stage.signal for stage in spec.stages]
        if "repeats" in signals[1:] and signals[0] != "repeats":
            raise self._fail(
                where,
                "repeats of a later arm need repeats of the first arm",
                "take another signal there, or `repeats` at the first step too",
            )
        if listed and spec.fitted and len(aims) != 1:
            seen = "has no aim" if not aims else f"has {len(aims)} aims"
            raise self._fail(
                where,
                f"the fit of this cascade {seen}; its thresholds are fitted together",
                "state `fit` once, in the first rule with a fitted threshold",
            )
        if not aims:
            return None
        if len(spec.stages) > 1 and aims[0].share is not None:
            raise self._fail(
                where,
                "a share does not fix the thresholds of more than one step",
                "fit: {keep: 0.98} or fit: {max_usd_per_1k: 2}",
            )
        return FitSpec(**aims[0].model_dump())

    def _slice(self, model: RouteModel, loc: Loc) -> RouteSpec:
        column = model.slice or ""
        samples = [sample for task in self.tasks for sample in task.samples]
        columns = sorted({name for sample in samples for name in sample.slices})
        if column not in columns:
            raise self._fail(
                (*loc, "slice"),
                f"unknown slice column '{column}'{did_you_mean(column, columns)}",
                f"slice columns: {one_of(columns)}; list more under the dataset's `slices:`",
            )
        told = is_target(self.tasks, column)
        if told is not None:
            raise self._fail(
                (*loc, "slice"),
                f"the column '{column}' is the target of the task '{told}': the route would know"
                " the right answers",
                "name a column that is known before anybody answers",
            )
        values = sorted({str(sample.slices.get(column, "")) for sample in samples})
        if model.choose is not None:
            return self._choose(model, model.choose, loc)
        for value, arm in model.arms.items():
            self._arm(arm, (*loc, "arms", value))
            if value not in values:
                raise self._fail(
                    (*loc, "arms", value),
                    f"the column '{column}' never holds {show(value)}{did_you_mean(value, values)}",
                    f"values: {one_of(values)}",
                )
        left = [value for value in values if value not in model.arms]
        if left and model.otherwise is None:
            raise self._fail(
                (*loc, "arms"),
                f"no arm for {column} = {one_of([show(value) for value in left])}",
                "name an arm for each value, or `otherwise`; or `choose: {among: [...]}`",
            )
        return RouteSpec(
            model.name, "slice", slice=column, arms=dict(model.arms), otherwise=model.otherwise
        )

    def _choose(self, model: RouteModel, choose: ChooseModel, loc: Loc) -> RouteSpec:
        for key in ("arms", "otherwise"):
            if key in model.model_fields_set:
                raise self._fail(
                    (*loc, key),
                    f"`{key}` states what `choose` fits",
                    "keep one of them; a slice with few rows takes the arm that is best over all",
                )
        for number, arm in enumerate(choose.among):
            place: Loc = (*loc, "choose", "among", number)
            self._arm(arm, place)
            if arm in choose.among[:number]:
                raise self._fail(place, f"'{arm}' stands twice")
        spec = ChooseSpec(tuple(choose.among), choose.keep, choose.folds)
        return RouteSpec(model.name, "slice", slice=model.slice or "", choose=spec)

    def _decisions(self, model: RouteModel, loc: Loc) -> RouteSpec:
        place: Loc = (*loc, "decisions")
        file, digest = self._file(model.decisions or "", place)
        cost = model.router
        decided: dict[tuple[str, str], Decided] = {}
        for key, row in self._rows(file, model.decisions or ""):
            arm = row.values.get("arm", row.values.get("model"))
            if not isinstance(arm, str) or arm not in self.arms:
                said = f"{show(arm)}{did_you_mean(str(arm), self.arms)}"
                raise SuiteError(
                    f"the column 'arm' names no arm of the suite: {said}",
                    path=model.decisions or "",
                    line=row.line,
                    hint=f"arms: {one_of(list(self.arms))}",
                )
            usd = self._number(row, "usd", model.decisions or "", least=0)
            seconds = self._number(row, "seconds", model.decisions or "", least=0)
            if cost is not None:
                usd = cost.usd if usd is None else usd
                seconds = cost.seconds if seconds is None else seconds
            decided[key] = Decided(arm, usd, seconds)
        self._all_there(decided, model, place)
        return RouteSpec(
            model.name,
            "decisions",
            otherwise=model.otherwise,
            decided=decided,
            file=model.decisions or "",
            sha256=digest,
        )

    def _all_there(self, found: Mapping[Any, Any], model: RouteModel, loc: Loc) -> None:
        missing = [
            f"{task.name}/{sample.id}"
            for task in self.tasks
            for sample in _asked(task)
            if (task.name, sample.id) not in found
        ]
        if missing and model.otherwise is None:
            raise self._fail(
                loc,
                f"no row for {len(missing):,} samples of the suite: {one_of(missing, 5)}",
                "add them, or name the arm that takes them: `otherwise`",
            )

    def _signal_file(self, spec: StageSpec, escalate: EscalateModel, loc: Loc) -> StageSpec:
        place: Loc = (*loc, "of")
        file, digest = self._file(spec.of, place)
        values: dict[tuple[str, str], float | None] = {}
        for key, row in self._rows(file, spec.of, escalate.column):
            values[key] = self._number(row, escalate.column, spec.of)
        lacking = [
            f"{task.name}/{sample.id}"
            for task in self.tasks
            for sample in _asked(task)
            if (task.name, sample.id) not in values
        ]
        if lacking:
            raise self._fail(
                place,
                f"'{spec.of}' has no row for {len(lacking):,} samples: {one_of(lacking, 5)}",
                "add them; an empty cell is a sample of unknown sureness, which is passed on",
            )
        return replace(spec, values=values, file=spec.of, sha256=digest)

    def _rows(
        self, file: Path, shown: str, column: str | None = None
    ) -> list[tuple[tuple[str, str], DataRow]]:
        """Return the rows of a file by (task, sample), each once and known to the suite."""
        table = read_table(file, _WIDE, shown=shown)
        ids = [name for name in ID_COLUMNS if name in table.columns]
        wanted = column or ("arm" if "arm" in table.columns else "model")
        if not ids or wanted not in table.columns:
            need = "sample_id" if not ids else (column or "arm")
            raise SuiteError(
                f"has no column '{need}'; it has {one_of(list(table.columns))}",
                path=shown,
                line=1,
                hint=f"columns: sample_id, {column or 'arm'}, and task where there are several",
            )
        known = {(task.name, sample.id) for task in self.tasks for sample in _asked(task)}
        found: dict[tuple[str, str], DataRow] = {}
        for row in table.rows:
            key = self._key(row, ids[0], shown)
            if key not in known:
                samples = sorted(sample for _, sample in known)
                raise SuiteError(
                    f"'{key[0]}/{key[1]}' is no sample of the suite{did_you_mean(key[1], samples)}",
                    path=shown,
                    line=row.line,
                    hint="samples are named as `bench plan` and the reports name them",
                )
            if key in found:
                raise SuiteError(
                    f"'{key[0]}/{key[1]}' stands twice (first on line {found[key].line})",
                    path=shown,
                    line=row.line,
                )
            found[key] = row
        return list(found.items())

    def _key(self, row: DataRow, column: str, shown: str) -> tuple[str, str]:
        sample = row.values.get(column)
        text = "" if sample is None else str(sample)
        task = row.values.get("task")
        if task is not None:
            return str(task), text
        if "/" in text:
            head, _, rest = text.partition("/")
            if head in {one.name for one in self.tasks}:
                return head, rest
        if len(self.tasks) > 1:
            raise SuiteError(
                "the suite has several tasks, and this row names none",
                path=shown,
                line=row.line,
                hint="add a column 'task', or write TASK/SAMPLE as the id",
            )
        return self.tasks[0].name, text

    def _number(
        self, row: DataRow, column: str, shown: str, least: float | None = None
    ) -> float | None:
        value = row.values.get(column)
        if value is None or value == "":
            return None
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (OverflowError, TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number) or (least is not None and number < least):
            what = "a number" if least is None else "a number of 0 or more"
            raise SuiteError(
                f"the column '{column}' holds {show(value)}, not {what}",
                path=shown,
                line=row.line,
            )
        return number

    def _file(self, value: str, loc: Loc) -> tuple[Path, str]:
        file = resolve_inside(self.document, loc, value, self.folder, self.allow_outside)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        task = self._data_files.get(digest)
        if task is not None:
            raise self._fail(
                loc,
                f"'{value}' is the data set of the task {task}, which holds the answers",
                "name a file that was made without them (docs/routes.md)",
            )
        return file, digest

    @cached_property
    def _data_files(self) -> dict[str, str]:
        """Map the SHA-256 of each file of rows that lies beside the suite to its first task."""
        found: dict[str, str] = {}
        data: Any = self.document.data
        for task in data.get("tasks") or ():
            dataset = task.get("dataset") if isinstance(task, Mapping) else None
            path = dataset.get("path") if isinstance(dataset, Mapping) else dataset
            if isinstance(path, str) and (file := self.folder / path).is_file():
                digest = hashlib.sha256(file.read_bytes()).hexdigest()
                found.setdefault(digest, str(task.get("name")))
        return found

    def _arm(self, name: str, loc: Loc) -> None:
        if name not in self.arms:
            message = f"unknown arm '{name}'{did_you_mean(name, self.arms)}"
            raise self._fail(loc, message, f"arms: {one_of(list(self.arms))}")

    def _fail(self, loc: Loc, message: str, hint: str | None = None) -> SuiteError:
        return self.document.error(loc, message, hint=hint)


def _asked(task: Task) -> list[Sample]:
    """Return the samples that a route decides of: an episode is one, named by its first step."""
    samples = task.samples
    if not task.steps:
        return list(samples)
    return [sample for sample in samples if sample.turn is None or sample.turn.number == 1]


def check_stop(document: YamlDocument, routes: Sequence[RouteSpec], stop: str) -> None:
    """Raise where a suite with routes asks to stop early: looks judge the measured arms alone."""
    if routes and stop == "when_decided":
        raise document.error(
            ("stop",),
            "a suite with routes cannot stop when decided: an interim look judges measured arms",
            hint="leave `stop` out, or judge the routes of a finished run: bench route",
        )


def routes_of(suite: Suite) -> tuple[RouteSpec, ...]:
    """Return the routes that a suite declares."""
    return tuple(route_of(plain) for plain in suite.options.get("routes") or ())


def with_route_arms(suite: Suite) -> Suite:
    """Return the suite whose arms are also its routes, each an arm that nothing is sent to."""
    known = {arm.name for arm in suite.arms}
    more = tuple(_arm(spec) for spec in routes_of(suite) if spec.name not in known)
    return replace(suite, arms=(*suite.arms, *more)) if more else suite


def _arm(spec: RouteSpec) -> Arm:
    return Arm(name=spec.name, provider=ROUTE, model=spec.name)
