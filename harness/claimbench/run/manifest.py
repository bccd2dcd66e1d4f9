"""The manifest of a run: written before its first request, held against the suite at a resume."""

from __future__ import annotations

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
from claimbench.suite.load import suite_to_json
from claimbench.types import Json, Manifest, Suite

_MAY_CHANGE = frozenset(
    {"concurrency", "cost_model", "api_key_env", "api_key_file", "api_key_keyring", "limits"}
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


def _how_asked(suite: Suite, name: str, arms: Arms) -> dict[str, Json]:
    """Say how answer spaces, or a judge's choices, are enforced, and what goes out with the calls
    of each task; ``sent`` is missing where a provider does not say.
    """
    provider = arms.providers[name]
    arm = next(one for one in suite.asked if one.name == name)
    requests = requests_by_group(suite, arm)
    kinds = {task: provider.constraint(request) for task, request in requests.items()}
    about: dict[str, Json] = {"answer_constraint": _in_words(kinds)}
    sent: dict[str, Json] = {}
    for task, request in requests.items():
        said = sent_by(provider, request)
        if said is not None:
            sent[task] = said.as_json()
    if sent:
        about["sent"] = sent
    return about


def _in_words(kinds: Mapping[str, str]) -> str:
    """One word, or one per task where they differ."""
    if len(set(kinds.values())) == 1:
        return str(next(iter(kinds.values())))
    return ", ".join(f"{task}: {kind}" for task, kind in kinds.items())


def check_resumable(manifest: Manifest, suite: Suite, arms: Arms) -> None:
    """Refuse to go on with anything that is not what the manifest says, naming the difference.

    Raises:
        IntegrityError: the measured suite, an arm's settings or a model file has changed.
    """
    frozen = {arm["name"]: arm for arm in manifest.suite["arms"]}
    hint = "start a new run, or go back to what the run was started with"
    if suite.measured_sha256 != manifest.measured_sha256:
        old, new = manifest.measured_sha256[:12], suite.measured_sha256[:12]
        what = (
            f"the measured suite (data, prompts, scorers or sampling) has changed: {old} -> {new}"
        )
        raise IntegrityError(f"run {manifest.run_id} cannot be resumed: {what}", hint=hint)
    for arm in suite_to_json(suite)["arms"]:
        before = frozen.get(arm["name"])
        if arm["name"] not in manifest.arms_run or before is None:
            continue
        key = _changed_key(before, arm)
        if key is not None:
            raise IntegrityError(
                f"run {manifest.run_id} cannot be resumed: arm {arm['name']}: {key} has changed: "
                f"{before.get(key)!r} -> {arm.get(key)!r}",
                hint=hint,
            )
    for name, fact in arms.facts.items():
        stored = manifest.arm_facts.get(name) or {}
        if stored.get("model_sha256") != fact.model_sha256:
            raise IntegrityError(
                f"run {manifest.run_id} cannot be resumed: arm {name}: the model file has changed: "
                f"{str(stored.get('model_sha256'))[:12]} -> {str(fact.model_sha256)[:12]}",
                hint=hint,
            )


def _changed_key(before: Mapping[str, Json], now: Mapping[str, Json]) -> str | None:
    """Return the first setting of an arm that may not change and has."""
    for key in sorted({*before, *now} - _MAY_CHANGE):
        if before.get(key) != now.get(key):
            return key
    return None
