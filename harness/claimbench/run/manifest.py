"""The manifest of a run: written before its first request, held against the suite at a resume."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from claimbench.clock import Clock
from claimbench.errors import IntegrityError
from claimbench.machine import provenance
from claimbench.machine.manifest import manifest_of_suite
from claimbench.plan.order import Plan
from claimbench.pricing.frozen import FrozenBook
from claimbench.provider.sent import sent_by
from claimbench.run.arms import Arms, requests_by_group
from claimbench.store.results import ResultsStore
from claimbench.suite.load import suite_to_json
from claimbench.types import Json, Manifest, Request, Suite
from claimbench.types.routes import EARLIER_RUNS

_MAY_CHANGE = frozenset(
    {
        "concurrency",
        "replicas",
        "cost_model",
        "api_key_env",
        "api_key_file",
        "api_key_keyring",
        "limits",
    }
)
"""Settings of an arm that a resumed run may have otherwise than its manifest says."""


def manifest_of(
    suite: Suite,
    plan: Plan,
    arms: Arms,
    book: FrozenBook,
    run_id: str,
    clock: Clock,
    options: Mapping[str, Json],
) -> Manifest:
    """Return what is measured, with what, where; complete before the first request leaves."""
    facts: dict[str, Json] = {
        name: {
            "model_returned": fact.model_returned,
            "model_sha256": fact.model_sha256,
            "load_seconds": fact.load_seconds,
            "details": {**fact.details, **_how_asked(suite, name, arms)},
        }
        for name, fact in arms.facts.items()
    }
    manifest = manifest_of_suite(
        suite,
        run_id,
        clock.utc().isoformat(),
        plan_sha256=plan.sha256,
        book=book,
        options={**options, "samples": plan.samples},
    )
    return replace(
        manifest,
        arms_run=tuple(arms.ready),
        arms_not_run=dict(arms.not_run),
        arm_facts=facts,
        limit=plan.limit,
        git=provenance.git_state(Path(suite.path).parent),
        host=provenance.host_facts(),
    )


def seen_before(suite: Suite, store: ResultsStore) -> dict[str, Json]:
    """Return the option that says how many runs of the same samples the store holds already that
    were planned without the suite's routes, which could so have been chosen on them; empty for
    none.
    """
    routes = suite.options.get("routes")
    if not routes:
        return {}
    earlier = 0
    for one in store.runs():
        if one.n_finished and one.measured_sha256 == suite.measured_sha256:
            options = store.manifest(one.run_id).suite.get("options") or {}
            earlier += _plain(options.get("routes")) != _plain(routes)
    return {EARLIER_RUNS: earlier} if earlier else {}


def _plain(value: Json) -> str:
    return json.dumps(value, sort_keys=True)


def _how_asked(suite: Suite, name: str, arms: Arms) -> dict[str, Json]:
    """Say how answer spaces, or a judge's choices, are enforced, and what goes out with the calls
    of each task; ``sent`` is missing where a provider does not say.
    """
    provider = arms.providers[name]
    arm = next(one for one in suite.asked if one.name == name)
    requests = requests_by_group(suite, arm)
    kinds = {task: provider.constraint(request) for task, request in requests.items()}
    about: dict[str, Json] = {"answer_constraint": _in_words(kinds)}
    sent = _sent_by_task(provider, requests)
    if sent:
        about["sent"] = sent
    return about


def _sent_by_task(provider: object, requests: Mapping[str, Request]) -> dict[str, Json]:
    """Return task -> what goes out with its calls; empty for a provider that does not say."""
    sent: dict[str, Json] = {}
    for task, request in requests.items():
        said = sent_by(provider, request)
        if said is not None:
            sent[task] = said.as_json()
    return sent


def _in_words(kinds: Mapping[str, str]) -> str:
    """One word, or one per task where they differ."""
    if len(set(kinds.values())) == 1:
        return str(next(iter(kinds.values())))
    return ", ".join(f"{task}: {kind}" for task, kind in kinds.items())


def check_resumable(manifest: Manifest, suite: Suite, arms: Arms) -> list[str]:
    """Refuse to go on with anything that is not what the manifest says, naming the difference.

    Returns:
        What cannot be checked, and what of the suite is not the run's, to be said.

    Raises:
        IntegrityError: the measured suite, an arm's settings, a model file, or what a provider
            sends has changed.
    """
    if suite.measured_sha256 != manifest.measured_sha256:
        old, new = manifest.measured_sha256[:12], suite.measured_sha256[:12]
        what = (
            f"the measured suite (data, prompts, scorers or sampling) has changed: {old} -> {new}"
        )
        raise _not_resumable(manifest, what)
    before_engine, engine = _engine(manifest.suite.get("options")), _engine(suite.options)
    if before_engine != engine:
        change = f"its engines ran {before_engine}, and would run {engine}"
        raise _not_resumable(manifest, change)
    frozen = {arm["name"]: arm for arm in manifest.suite["arms"]}
    for arm in suite_to_json(suite)["arms"]:
        before = frozen.get(arm["name"])
        if arm["name"] not in manifest.arms_run or before is None:
            continue
        key = _changed_key(before, arm)
        if key is not None:
            change = f"{key} has changed: {before.get(key)!r} -> {arm.get(key)!r}"
            raise _not_resumable(manifest, f"arm {arm['name']}: {change}")
    remarks = _other_suite(manifest, suite)
    for name, fact in arms.facts.items():
        stored = manifest.arm_facts.get(name) or {}
        if stored.get("model_sha256") != fact.model_sha256:
            old, new = str(stored.get("model_sha256"))[:12], str(fact.model_sha256)[:12]
            change = f"the model file has changed: {old} -> {new}"
            raise _not_resumable(manifest, f"arm {name}: {change}")
        remarks += _check_sent(manifest, suite, name, arms)
    return remarks


def _engine(options: Json) -> str:
    """Say where engines run, by a suite's options; at which address is nobody's business here."""
    stated = (options or {}).get("engine") if isinstance(options, Mapping) else None
    return f"on a {stated['name']} cluster" if stated else "in this process"


def _unplaced(value: Json) -> Json:
    """Return a value of a suite without the lines it stood at."""
    if isinstance(value, Mapping):
        return {key: _unplaced(one) for key, one in value.items() if key != "line"}
    return [_unplaced(one) for one in value] if isinstance(value, list | tuple) else value


_JUDGING = (
    *("claims", "decision", "thresholds", "margin", "alpha", "population", "stop", "allow"),
    "options",
)
"""Keys of a suite that say how it is judged, and change nothing that is measured."""


def _other_suite(manifest: Manifest, suite: Suite) -> list[str]:
    """Say where a suite that measures the same is not the one of the run, and which of both holds:
    a run is judged by the suite that it was begun with.
    """
    before, now = manifest.suite, suite_to_json(suite)
    differ = [key for key in _JUDGING if _unplaced(before.get(key)) != _unplaced(now.get(key))]
    mine = f"{manifest.suite_name} {manifest.suite_version}"
    theirs = f"{suite.name} {suite.version}"
    if not differ and mine == theirs:
        return []
    what = f"{suite.path} is suite {theirs}, run {manifest.run_id} is of {mine}"
    if mine == theirs:
        what = f"{suite.path} is not what run {manifest.run_id} of {mine} was begun with"
    if differ:
        what += f"; not the same: {', '.join(differ)}"
    return [
        f"{what}. It measures the same, so the run goes on; it keeps its name, and is judged by"
        " the claims and the decision that it was begun with, not by those of the file"
    ]


def _not_resumable(manifest: Manifest, what: str) -> IntegrityError:
    return IntegrityError(
        f"run {manifest.run_id} cannot be resumed: {what}",
        hint="start a new run, or go back to what the run was started with",
    )


def _check_sent(manifest: Manifest, suite: Suite, name: str, arms: Arms) -> list[str]:
    """Compare what the arm's provider would send now with what the run's first session sent.

    A provider may have changed in the meantime, or be another version's; half the calls of an arm
    would then be other requests than the rest.
    """
    details = (manifest.arm_facts.get(name) or {}).get("details") or {}
    before = details.get("sent") or {}
    arm = next(one for one in suite.asked if one.name == name)
    sent = _sent_by_task(arms.providers[name], requests_by_group(suite, arm))
    now = json.loads(json.dumps(sent))
    if bool(before) != bool(now):
        which = "the run does not hold" if now else "its provider no longer says"
        return [f"{name}: {which} what is sent; whether it is still the same cannot be checked"]
    for task in sorted(before.keys() & now.keys()):
        change = _changed_sent(before[task], now[task])
        if change is not None:
            what = f"arm {name}: in task {task} its provider now sends something else: {change}"
            raise _not_resumable(manifest, what)
    return []


def _changed_sent(before: Mapping[str, Json], now: Mapping[str, Json]) -> str | None:
    """Return the first parameter that goes out otherwise than before, with both values."""
    for part in ("values", "added"):
        old, new = before.get(part) or {}, now.get(part) or {}
        for key in sorted({*old, *new}):
            if old.get(key) != new.get(key):
                shown = [repr(each[key]) if key in each else "not sent" for each in (old, new)]
                return f"{key}: {shown[0]} -> {shown[1]}"
    for part in ("omitted", "here"):
        if sorted(before.get(part) or ()) != sorted(now.get(part) or ()):
            what = {"omitted": "left out", "here": "applied on this machine"}[part]
            return f"{what}: {before.get(part) or 'nothing'} -> {now.get(part) or 'nothing'}"
    return None


def _changed_key(before: Mapping[str, Json], now: Mapping[str, Json]) -> str | None:
    """Return the first setting of an arm that may not change and has."""
    for key in sorted({*before, *now} - _MAY_CHANGE):
        if before.get(key) != now.get(key):
            return key
    return None
