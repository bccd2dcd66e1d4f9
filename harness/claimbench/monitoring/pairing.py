"""Which arms and samples two runs have in common, and one table of both."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from claimbench.claims.other_runs import baseline_arm
from claimbench.claims.types import ClaimContext, RouteFacts
from claimbench.error_words import did_you_mean, one_of
from claimbench.errors import BenchError
from claimbench.evaluation.evaluate import Evaluation
from claimbench.monitoring.types import PairedArm, Pairing
from claimbench.packed import columns
from claimbench.suite.codec import sample_sha256, task_sha256
from claimbench.tables.subset import known_columns, rows_of
from claimbench.tables.types import ArmItems, CallRows, CallTable, IntArray, ItemTable
from claimbench.types import Arm, Reason, Task

ABSENT = -1
"""The place of an item that the baseline does not have."""
Item = tuple[str, str]
"""An item's task, and the hash of its sample."""


def pair_runs(base: Evaluation, new: Evaluation, names: Mapping[str, str]) -> Pairing:
    """Pair two runs by arm, task and sample; ``names``: new arm -> its name in the baseline.

    Samples are paired by their ids where the task, the question and the target hash alike; where
    the hash of all that is measured is equal, they do.

    Raises:
        BenchError: ``names`` speaks of an arm that its run does not have, or no arm is in both.
    """
    arms, apart = pair_arms(base, new, names)
    tasks = _unlike_tasks(base, new)
    ours = _items_of(new, new.items.items)
    theirs = _items_of(base, base.items.items)
    common: list[str] = []
    changed = 0
    for name, found in ours.items():
        if name not in theirs or found[0] in tasks:
            continue
        if found == theirs[name]:
            common.append(name)
        else:
            changed += 1
    either = len({*ours, *theirs})
    return Pairing(
        arms,
        tuple(common),
        len(theirs.keys() - ours.keys()),
        len(ours.keys() - theirs.keys()),
        changed,
        tasks,
        len(common) / either if either else 0.0,
        apart,
    )


def _items_of(run: Evaluation, wanted: Collection[str]) -> dict[str, Item]:
    names = set(wanted)
    found: dict[str, Item] = {}
    for task in run.stored.suite.tasks:
        for sample in task.samples:
            name = f"{task.name}/{sample.id}"
            if name in names:
                found[name] = (task.name, sample_sha256(sample))
    return found


def _unlike_tasks(base: Evaluation, new: Evaluation) -> dict[str, str]:
    """Return the tasks of both runs that ask or score otherwise, each with the reason."""
    old, now = base.stored.suite, new.stored.suite
    before = {task.name: task for task in old.tasks}
    versions = _scorer_versions(base), _scorer_versions(new)
    found: dict[str, str] = {}
    for task in now.tasks:
        was = before.get(task.name)
        if was is None:
            continue
        if task_sha256(was, old.helpers) != task_sha256(task, now.helpers):
            found[task.name] = f"{_what_differs(was, task)} differs"
        elif task.reduce is not None and old.epochs != now.epochs:
            found[task.name] = (
                f"scores are reduced by {task.reduce}, of {old.epochs} epochs in BASE and"
                f" {now.epochs} in NEW"
            )
        elif versions[0].get(task.name) != versions[1].get(task.name):
            one, two = (_versions(one.get(task.name)) for one in versions)
            found[task.name] = f"it is scored by {one} in BASE and {two} in NEW"
    return found


def _what_differs(was: Task, task: Task) -> str:
    """Name the parts of a task that differ, else what it names (a judge)."""
    parts: list[str] = []
    for one in fields(task):
        if one.name not in ("samples", "line") and getattr(was, one.name) != getattr(
            task, one.name
        ):
            parts.append(one.name.replace("_", " "))
    return " and ".join(parts) or "its judge"


def _scorer_versions(run: Evaluation) -> dict[str, frozenset[tuple[str, str]]]:
    """Return task -> (scorer, version) of every score of the run."""
    task_of = dict(columns(run.stored.records, "call.id", "call.task"))
    found: dict[str, set[tuple[str, str]]] = {}
    for call_id, scorer, version in columns(run.scores, "call_id", "scorer", "scorer_version"):
        found.setdefault(task_of[call_id], set()).add((scorer, version))
    return {task: frozenset(pairs) for task, pairs in found.items()}


def _versions(pairs: frozenset[tuple[str, str]] | None) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(pairs or ())) or "nothing"


def pair_arms(
    base: Evaluation, new: Evaluation, names: Mapping[str, str]
) -> tuple[tuple[PairedArm, ...], dict[str, str]]:
    """Return the arms that both runs measured, and why others are in no pair.

    By ``names``, else by equal names; an arm that is left on both sides alone with one provider,
    model and address was renamed, and is paired with a note.
    """
    ours, theirs = _arms_of(new), _arms_of(base)
    for name, old in names.items():
        for one, known, which in ((name, ours, "NEW"), (old, theirs, "BASE")):
            if one not in known:
                message = f"no arm of {which} is called {one!r}{did_you_mean(one, list(known))}"
                raise BenchError(message, hint=f"arms of {which}: {one_of(list(known))}")
    old_of = dict(names)
    taken = set(old_of.values())
    for name in ours:
        if name not in old_of and name in theirs and name not in taken:
            old_of[name] = name
    notes: dict[str, str] = {}
    free = [old for old in theirs if old not in set(old_of.values())]
    for name in [one for one in ours if one not in old_of]:
        alike = [old for old in free if _same_place(ours[name], theirs[old])]
        twins = [one for one in ours if one not in old_of and _same_place(ours[one], ours[name])]
        if len(alike) == 1 and len(twins) == 1:
            old_of[name] = alike[0]
            notes[name] = f"called {alike[0]} in BASE; the same model at the same address"
    pairs: list[PairedArm] = []
    apart: dict[str, str] = {}
    for name in ours:
        old = old_of.get(name, "")
        if not old:
            apart[name] = "only in NEW"
        elif why := _not_run(new, name, "NEW") or _not_run(base, old, "BASE"):
            apart[name] = why
        else:
            stated = f"compared with {old} of BASE, as stated" if old != name else ""
            pairs.append(PairedArm(name, old, notes.get(name, stated)))
    for old in theirs:
        if old not in set(old_of.values()):
            apart[old] = "only in BASE"
    return tuple(pairs), apart


def _arms_of(run: Evaluation) -> dict[str, Arm]:
    return {arm.name: arm for arm in run.stored.suite.arms}


def _same_place(one: Arm, two: Arm) -> bool:
    return (one.provider, one.model, one.revision, one.base_url) == (
        two.provider,
        two.model,
        two.revision,
        two.base_url,
    )


def _not_run(run: Evaluation, arm: str, which: str) -> str:
    """Say why an arm has no call in a run; empty where it has."""
    rows = run.items.arms.get(arm)
    if rows is not None and int(rows.n_finished.sum()) > 0:
        return ""
    why = run.stored.manifest.arms_not_run.get(arm)
    return f"not run in {which}" + (f" ({why})" if why else "")


def merged(
    base: Evaluation, new: Evaluation, arms: Mapping[str, str], common: Collection[str]
) -> tuple[ItemTable, CallTable, ClaimContext]:
    """Return the new run's tables and context with the baseline's arms beside its own.

    Args:
        base: the baseline; its arms become ``baseline:NAME``, NAME being the new run's name.
        new: the run whose items, clusters and slices the tables have.
        arms: new name -> name in the baseline.
        common: the items that are compared; of all others the baseline has no call.
    """
    places = {name: at for at, name in enumerate(base.items.items)}
    wanted = set(common)
    take = np.asarray(
        [places[name] if name in wanted else ABSENT for name in new.items.items], dtype=np.int64
    )
    items, calls = dict(new.items.arms), dict(new.calls.arms)
    for name, old in arms.items():
        if old in base.items.arms:
            items[baseline_arm(name)] = _moved_items(base.items.arms[old], take)
            calls[baseline_arm(name)] = _moved_calls(base.calls.arms[old], take, new.items)
    table = replace(new.items, arms=items)
    return table, CallTable(calls), _context(base, new, arms, take)


def _moved_items(rows: ArmItems, take: IntArray) -> ArmItems:
    """Return an arm's rows in the order of another table; absent items have no call."""
    made: dict[str, Any] = {}
    for name, values in known_columns(rows).items():
        made[name] = _moved(values, take)
    return replace(rows, **made)


def _moved(values: np.ndarray[Any, Any], take: IntArray) -> np.ndarray[Any, Any]:
    """Return a column in the order of another table; for an absent item NaN, 0 or False."""
    if len(values) == 0:
        return np.zeros(len(take), dtype=values.dtype)
    empty: Any = math.nan if values.dtype.kind == "f" else 0
    return np.where(take == ABSENT, empty, values[np.maximum(take, 0)]).astype(values.dtype)


def _moved_values(
    values: Mapping[str, np.ndarray[Any, Any]], names: Mapping[str, str], take: IntArray
) -> dict[str, np.ndarray[Any, Any]]:
    """Return columns by arm under the arms' new names; arms without one, or not in both, apart."""
    return {
        name: _moved(column, take)
        for name, column in _renamed(values, names).items()
        if len(column)
    }


def _moved_calls(rows: CallRows, take: IntArray, frame: ItemTable) -> CallRows:
    """Return an arm's calls on the common items, numbered as ``frame`` numbers them."""
    place: IntArray = np.full(int(max(take.max(initial=0), rows.item.max(initial=0))) + 1, ABSENT)
    kept = np.flatnonzero(take != ABSENT)
    place[take[kept]] = kept
    keep = place[rows.item] != ABSENT if len(rows.item) else np.zeros(0, dtype=np.bool_)
    made = rows_of(rows, keep, place)
    return replace(made, cluster=frame.cluster[made.item])


def _context(
    base: Evaluation, new: Evaluation, arms: Mapping[str, str], take: IntArray
) -> ClaimContext:
    """Return what claims need of the new run, with the baseline's arms beside its own.

    That both measured the same is asked of each task and sample (:func:`pair_runs`), and epochs
    are averaged, so that neither can differ here.
    """
    ours, theirs = new.context, base.context
    names = {old: baseline_arm(name) for name, old in arms.items()}
    like = {"measured_sha256": new.stored.suite.measured_sha256, "epochs": new.stored.suite.epochs}
    profiles = {
        names[old]: {**profile, **like} for old, profile in theirs.profiles.items() if old in names
    }
    own = {name: {**profile, **like} for name, profile in ours.profiles.items()}
    lags = [one.loop_lag_p99_s for one in (ours, theirs) if one.loop_lag_p99_s is not None]
    return replace(
        ours,
        profiles={**own, **profiles},
        arms_not_run={**ours.arms_not_run, **_renamed(theirs.arms_not_run, names)},
        list_prices={**ours.list_prices, **_renamed(theirs.list_prices, names)},
        hosts={**ours.hosts, **_renamed(theirs.hosts, names)},
        charges={**ours.charges, **_renamed(theirs.charges, names)},
        instrument_error_s={
            **ours.instrument_error_s,
            **_renamed(theirs.instrument_error_s, names),
        },
        loop_lag_p99_s=max(lags, default=None),
        human_scores={**ours.human_scores, **_moved_values(theirs.human_scores, names, take)},
        unlabelled={**ours.unlabelled, **_moved_values(theirs.unlabelled, names, take)},
        silent={**ours.silent, **_moved_values(theirs.silent, names, take)},
        uncarried={**ours.uncarried, **_renamed(theirs.uncarried, names)},
        judges_like={**ours.judges_like, **_renamed(theirs.judges_like, names)},
        concurrency={**ours.concurrency, **_renamed(theirs.concurrency, names)},
        devices={**ours.devices, **_renamed(theirs.devices, names)},
        loopback=ours.loopback | {names[old] for old in theirs.loopback if old in names},
        deterministic=ours.deterministic
        | {names[old] for old in theirs.deterministic if old in names},
        routes={**ours.routes, **_routes_of(theirs.routes, names)},
        other_runs=frozenset(names.values()),
        in_both=take != ABSENT,
    )


def _renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names[old]: value for old, value in values.items() if old in names}


def _routes_of(routes: Mapping[str, RouteFacts], names: Mapping[str, str]) -> dict[str, RouteFacts]:
    """Return the baseline's routes under their new names, made of arms under theirs; none rests on
    a route of which a part is not compared, for nothing is known of that part here.
    """
    found: dict[str, RouteFacts] = {}
    for old, facts in routes.items():
        if old not in names:
            continue
        apart = [part for part in facts.parts if part not in names]
        unfair = facts.unfair
        if apart:
            unfair = Reason("route_part_apart", f"{names[old]}: {', '.join(apart)}")
        parts = tuple(names.get(part, part) for part in facts.parts)
        asked = tuple(tuple(names.get(arm, arm) for arm in calls) for calls in facts.asked)
        widen = {
            (kind, names.get(rival, baseline_arm(rival)) if rival else ""): ratio
            for (kind, rival), ratio in facts.widen.items()
        }
        found[names[old]] = replace(facts, parts=parts, asked=asked, widen=widen, unfair=unfair)
    return found
