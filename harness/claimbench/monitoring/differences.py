"""What differs between two runs beside their answers: the gate names it, key by key."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from claimbench.evaluation.evaluate import Evaluation
from claimbench.monitoring.settings import stated_rules
from claimbench.monitoring.types import Difference, PairedArm
from claimbench.packed import columns
from claimbench.suite.codec import canonical_json
from claimbench.types import Arm, Json, Suite

UNKNOWN = "unknown"
MOST = 4
"""Values of one key that are told; more are counted."""
NOT_BUILD = frozenset(
    {
        "sent",
        "warmup",
        "seconds",
        "log",
        "network",
        "load_seconds",
        "nodes",
        "measured_sha256",
        "rate_limits",
        "replayed_run",
        "answer_constraint",
    }
)
"""Details of an arm that say nothing of the program that answered, or are compared elsewhere."""


def differences(
    base: Evaluation, new: Evaluation, arms: Sequence[PairedArm]
) -> tuple[Difference, ...]:
    """List what differs: the rules of the judgement, the runs as a whole, then arm by arm."""
    found = _told(stated_rules(base.stored.suite), stated_rules(new.stored.suite), None)
    found += _told(_of_run(base), _of_run(new), None)
    for pair in arms:
        found += _told(_of_arm(base, pair.old), _of_arm(new, pair.new), pair.new)
    return tuple(found)


def _told(base: Mapping[str, str], new: Mapping[str, str], arm: str | None) -> list[Difference]:
    found: list[Difference] = []
    for key in dict.fromkeys((*base, *new)):
        one, two = base.get(key, UNKNOWN), new.get(key, UNKNOWN)
        if one != two:
            found.append(Difference(key, arm, one, two))
    return found


def _of_run(run: Evaluation) -> dict[str, str]:
    stored = run.stored
    suite, manifest = stored.suite, stored.manifest
    hosts = {f"{s.host.get('host') or ''}/{s.host.get('region') or ''}" for s in stored.sessions}
    machines = {str(s.host.get("cpu") or "") for s in stored.sessions} - {""}
    imported = manifest.options.get("imported")
    tool = str(imported.get("tool") or "another tool") if isinstance(imported, Mapping) else ""
    return {
        "suite version": f"{suite.name} {suite.version}",
        "measured hash": suite.measured_sha256[:12],
        "measured by": f"imported from {tool}" if tool else "claimbench",
        "tool version": manifest.tool_version or UNKNOWN,
        "host": _values(host.strip("/") for host in hosts),
        "processor": _values(machines),
        "epochs": str(suite.epochs),
        "claims": _claims(suite),
        "thresholds": _value(suite.thresholds),
        "error policy": _fields(suite.errors),
        "load": _fields(suite.load),
    }


def _claims(suite: Suite) -> str:
    """Show how many claims a suite states, and a hash of them: texts may be long."""
    stated = [[spec.id, spec.text, spec.raw] for spec in suite.claims]
    digest = hashlib.sha256(canonical_json(stated)).hexdigest()
    return f"{len(stated)} ({digest[:8]})"


def _of_arm(run: Evaluation, name: str) -> dict[str, str]:
    stored = run.stored
    arm = next(one for one in stored.suite.arms if one.name == name)
    facts = stored.manifest.arm_facts.get(name) or {}
    details = facts.get("details") or {}
    mine = {call for call, arm in columns(stored.calls, "id", "arm") if arm == name}
    named: Counter[str] = Counter()
    prints: set[str] = set()
    for call, model, fingerprint in columns(
        stored.attempts, "call_id", "model_returned", "fingerprint"
    ):
        if call in mine:
            named.update([model] if model else [])
            prints.update([fingerprint] if fingerprint else [])
    said = list(named) or [facts["model_returned"]] * bool(facts.get("model_returned"))
    rows = run.items.arms.get(name)
    shown = {
        "provider": arm.provider,
        "model asked for": arm.model + (f" at {arm.revision}" if arm.revision else ""),
        "address": arm.base_url or "its vendor's",
        "returned model": _values(said),
        "fingerprint": _values(prints),
        "model hash": str(facts.get("model_sha256") or UNKNOWN)[:12],
        "concurrency": str(stored.suite.load.concurrency or arm.concurrency),
        "price": _price(rows.price_ids if rows is not None else (), arm),
        "sampling": _sampling(arm, details.get("sent")),
        "answer constraint": str(run.context.profiles.get(name, {}).get("answer_constraint")),
    }
    for key, value in _flat(details):
        shown[f"server: {key}"] = value
    return shown


def _price(ids: Iterable[str], arm: Arm) -> str:
    stated = {key: arm.cost_model[key] for key in ("host", "price") if key in arm.cost_model}
    text = _values(ids)
    return f"{text}; {_value(stated)}" if stated else text


def _sampling(arm: Arm, sent: Any) -> str:
    """Show what was sent, by task where tasks differ; else what the suite declares."""
    if not isinstance(sent, Mapping):
        params = arm.params
        return _fields(params)
    by_task = {task: _value(one) for task, one in sorted(sent.items())}
    if len(set(by_task.values())) == 1:
        return next(iter(by_task.values()))
    return "; ".join(f"{task}: {text}" for task, text in by_task.items())


def _flat(details: Mapping[str, Json], prefix: str = "") -> Iterable[tuple[str, str]]:
    """Yield (dotted name, value) of what an arm's provider says of the program that answers."""
    for key in sorted(details):
        if key in NOT_BUILD or key.endswith("_seconds"):
            continue
        value = details[key]
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", _value(value)


def _values(values: Iterable[Any]) -> str:
    known = sorted({str(value) for value in values if value})
    if not known:
        return UNKNOWN
    more = f" and {len(known) - MOST} more" if len(known) > MOST else ""
    return ", ".join(known[:MOST]) + more


def _fields(value: Any) -> str:
    shown = {name: getattr(value, name) for name in value.__slots__}
    return _value({name: one for name, one in shown.items() if one not in (None, (), {})})


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_value(value[key])}" for key in sorted(value)) or "none"
    if isinstance(value, list | tuple):
        return " ".join(_value(one) for one in value) or "none"
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None else str(value)
