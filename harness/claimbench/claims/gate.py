"""The comparability gate: it comes before every comparison, and a breach names the key, both values
and the limit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from claimbench.claims.facts.asked import ASKED, asked_differently
from claimbench.claims.facts.nodes import NODE_TYPE, one_kind_each, other_nodes
from claimbench.claims.fields import MIRRORED
from claimbench.claims.turns.views import same_arm
from claimbench.claims.types import ClaimContext
from claimbench.plan.variants import asked_otherwise
from claimbench.tables.types import BoolArray, CallTable, IntArray, ItemTable
from claimbench.types import (
    ANSWERED,
    STOPS_ARM,
    Arm,
    Json,
    LoadSpec,
    Manifest,
    Outcome,
    Reason,
    Session,
    Suite,
)

MUST_MATCH = (
    "measured_sha256",
    "epochs",
    "error_policy",
    "sampling",
    "reasoning_effort",
    "answer_constraint",
    "load",
)
"""Keys that must be equal between the arms of any comparison."""
COMPARED_AS_SENT = ("sampling", "reasoning_effort", "answer_constraint")
"""Those of them that are compared parameter by parameter as they went out, where a run says so;
else as the suite declares them.
"""
MUST_MATCH_LATENCY = ("client_host", "concurrency")
"""Further keys for latency claims; where a cluster ran them also the type of node of every call.
``concurrency`` is reported, and allowed, as ``load``.
"""

LIMITS: Mapping[str, float] = {"truncation": 0.02, "refusal": 0.05, "cache_share": 0.20}
"""Largest difference between two arms, as shares; ``cache_share`` counts for cost and latency only.
"""
ALLOWED_AS = {"concurrency": "load"}
NEVER_ALLOWED = frozenset({"measured_sha256"})
ALLOWABLE = frozenset({*MUST_MATCH, *MUST_MATCH_LATENCY, *LIMITS, NODE_TYPE}) - NEVER_ALLOWED
"""Keys whose difference a suite may accept."""


def arm_profile(
    suite: Suite, manifest: Manifest, arm: Arm, sessions: Sequence[Session] = ()
) -> dict[str, Json]:
    """Collect the comparability keys of one arm from a run's suite, manifest and sessions.

    ``sent`` holds what the provider sent, by task; None in runs from before it was stored.

    The answer constraint in force is what the provider reported (``arm_facts``:
    details.answer_constraint); without a report, in-process arms use a grammar and endpoints a JSON
    schema, where the suite asks for a constraint.
    """
    facts = manifest.arm_facts.get(arm.name) or {}
    details = facts.get("details", {}) if isinstance(facts, Mapping) else {}
    constrain = any(t.answer.constrain and t.answer.kind in {"label", "json"} for t in suite.tasks)
    assumed = ("grammar" if arm.provider == "llama_cpp" else "json_schema") if constrain else "none"
    params, hosts = arm.params, sessions or ()
    load = suite.load
    return {
        "measured_sha256": details.get("measured_sha256", suite.measured_sha256),  # imports: by arm
        "epochs": suite.epochs,
        "error_policy": _fields(suite.errors),
        "sampling": {
            "temperature": params.temperature,
            "top_p": params.top_p,
            "seed": params.seed,
            **(details.get("settings") or {}),  # imports: what else their files state
        },
        "reasoning_effort": params.reasoning_effort,
        "answer_constraint": details.get("answer_constraint", assumed),
        "load": _load(load),
        "concurrency": (load.concurrency or arm.concurrency) if load.mode == "closed" else None,
        "sent": details.get("sent"),
        "variant": {
            "base": arm.name if arm.variant is None else arm.variant.base,
            "factors": {} if arm.variant is None else dict(arm.variant.factors),
        },
        "asked": {task.name: dict(asked_otherwise(task, arm)) for task in suite.tasks},
        "client_host": sorted(
            {f"{s.host.get('host') or ''}/{s.host.get('region') or ''}" for s in hosts}
        ),
    }


def _load(load: LoadSpec) -> dict[str, Json]:
    """Return how calls arrive; how many processes sent them is no part of it."""
    return {name: value for name, value in _fields(load).items() if name != "senders"}


def _fields(value: Any) -> dict[str, Json]:
    return {name: getattr(value, name) for name in value.__slots__}


def not_measured(arm: str, items: ItemTable, ctx: ClaimContext) -> Reason | None:
    """Return the reason why an arm has no measurements at all, or None."""
    rows = items.arms.get(arm)
    if rows is None or int(rows.n_finished.sum()) == 0:
        why = ctx.arms_not_run.get(arm)
        return Reason("arm_not_measured", arm + (f" ({why})" if why else ""))
    return None


def stopped(arm: str, calls: CallTable) -> Reason | None:
    """Return the reason why every further call of an arm would have failed the same way, or None.

    Such ends are a refused key and, in an arm that answered nothing, a bad request or an overflow;
    beside answers these are faults of single samples, which count as missing.
    """
    rows = calls.arms.get(arm)
    if rows is None:
        return None
    outcome = rows.outcome
    answered = bool(np.isin(outcome, [one.value for one in ANSWERED]).any())
    ends = {Outcome.AUTH} if answered else STOPS_ARM
    fatal = sorted(one.value for one in ends if bool((outcome == one.value).any()))
    return Reason("arm_stopped", f"{arm} ({', '.join(fatal)})") if fatal else None


def all_breaches(
    kind: str,
    arms: Sequence[str],
    measured: Sequence[str],
    items: ItemTable,
    calls: CallTable,
    mask: BoolArray,
    ctx: ClaimContext,
) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """Look at one arm or compare two, as :func:`breaches` does, which is asked of two: times need
    one kind of node under each arm of its own, too.

    Args:
        kind: decides which keys count.
        arms: of the claim.
        measured: those of them that were asked something.
        items: the item table; ``mask`` selects the claim's items.
        calls: the call table.
        mask: bool per item.
        ctx: profiles and allowed keys.
    """
    refused: tuple[Reason, ...] = ()
    allowed: tuple[Reason, ...] = ()
    if len(arms) == 2:
        refused, allowed = breaches(kind, arms[0], arms[1], items, calls, mask, ctx)
    said = any(one.code == f"allowed_{NODE_TYPE}" for one in allowed)
    if refused or said or kind != "latency":
        return refused, allowed
    refused, mixed = one_kind_each(measured, calls, mask, ctx)
    return refused, allowed + mixed


def breaches(
    kind: str,
    ours: str,
    theirs: str,
    items: ItemTable,
    calls: CallTable,
    mask: BoolArray,
    ctx: ClaimContext,
) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """Compare two arms key by key.

    Args:
        kind: accuracy, cost or latency; decides which keys count.
        ours: an arm.
        theirs: the arm it is compared with.
        items: the item table; ``mask`` selects the claim's items.
        calls: the call table, for the cache share.
        mask: bool per item.
        ctx: profiles and allowed keys.

    Returns:
        (breaches, allowed differences): the key (``allowed_<key>`` where the suite accepts it) with
        both values, and the limit where there is one.
    """
    tasks = sorted({str(task) for task in items.task[mask]})
    found: list[tuple[str, str]] = []
    said: list[bool] = []
    declared: list[frozenset[str]] = []
    for one, two in part_pairs(ours, theirs, ctx):
        declared.append(declared_factors(ctx.profiles.get(one, {}), ctx.profiles.get(two, {})))
        differing, both_say = _keys_differ(kind, one, two, tasks, ctx)
        if kind == "latency" and (text := other_nodes(one, two, calls, mask)) is not None:
            differing = [*differing, (NODE_TYPE, text)]
        found += [pair for pair in differing if pair not in found]
        said.append(both_say)
    both_say = all(said)
    if kind == "latency":
        found += composed_load(ours, theirs, ctx)
    for key, limit in LIMITS.items():
        if same_arm(ours, theirs):
            continue
        if key == "cache_share" and kind not in {"cost", "latency"}:
            continue
        if kind in MIRRORED and key in {"truncation", "refusal"}:
            continue  # a refused attack is what is asked for, a refused request what is counted
        x, y = _share(key, ours, items, calls, mask), _share(key, theirs, items, calls, mask)
        if x is not None and y is not None and abs(x - y) > limit + 1e-12:
            found.append(
                (key, f"{x:.1%} for {ours} and {y:.1%} for {theirs} (limit {limit * 100:g} points)")
            )
    accepted = ctx.allow - NEVER_ALLOWED
    if declared:
        accepted |= frozenset.intersection(*declared) - NEVER_ALLOWED
    refused: list[Reason] = []
    allowed: list[Reason] = []
    for key, text in found:
        if key in accepted or key.partition(".")[0] in accepted:
            allowed.append(Reason(f"allowed_{key}", text))
        elif key in ASKED or (both_say and key.partition(".")[0] in COMPARED_AS_SENT):
            refused.append(Reason(key, f"{text}; to allow it: `allow: [{key}]`"))
        else:
            refused.append(Reason(key, text))
    idle = effort_without_effect(ours, theirs, calls, mask, ctx)
    if idle is not None:
        allowed.append(idle)
    return tuple(refused), tuple(allowed)


def part_pairs(ours: str, theirs: str, ctx: ClaimContext) -> list[tuple[str, str]]:
    """Return the pairs of measured arms whose settings decide whether two arms can be compared: a
    route stands for each of its parts.
    """

    def parts(arm: str) -> tuple[str, ...]:
        return ctx.routes[arm].parts if arm in ctx.routes else (arm,)

    return [(one, two) for one in parts(ours) for two in parts(theirs) if one != two]


def composed_load(ours: str, theirs: str, ctx: ClaimContext) -> list[tuple[str, str]]:
    """Return why a latency along a route cannot be compared: its steps were measured under the
    load of whole arms, not of the requests that would reach them.

    One call at a time there is no such load, and the sum of the steps is what a user waits.
    """
    found: list[tuple[str, str]] = []
    for arm in (ours, theirs):
        for part in ctx.routes[arm].parts if arm in ctx.routes else ():
            at = ctx.profiles.get(part, {}).get("concurrency")
            if at != 1:
                load = "an open load" if at is None else f"{at} calls at once"
                text = f"{arm} is composed of steps that were measured under {load} ({part})"
                found.append(("load", text))
                break
    return found


def _keys_differ(
    kind: str, ours: str, theirs: str, tasks: Sequence[str], ctx: ClaimContext
) -> tuple[list[tuple[str, str]], bool]:
    """Return the keys in which two measured arms differ, and whether both say what was sent."""
    found: list[tuple[str, str]] = []
    one, two = ctx.profiles.get(ours, {}), ctx.profiles.get(theirs, {})
    keys = MUST_MATCH + (MUST_MATCH_LATENCY if kind == "latency" else ())
    both_say = _says(one, tasks) and _says(two, tasks)
    found += asked_differently((ours, one), (theirs, two), tasks)
    if both_say:
        found += _sent_differently(kind, (ours, one), (theirs, two), tasks)
    for key in keys:
        if both_say and key in COMPARED_AS_SENT:
            continue
        if one.get(key) != two.get(key):
            a, b = _differing(one.get(key), two.get(key))
            found.append(
                (ALLOWED_AS.get(key, key), f"{key} is {a} for {ours} and {b} for {theirs}")
            )
    return found, both_say


Profile = Mapping[str, Json]

FACTOR_KEYS: Mapping[str, tuple[str, ...]] = {
    "temperature": ("sampling.temperature",),
    "top_p": ("sampling.top_p",),
    "reasoning_effort": ("reasoning_effort",),
    "max_tokens": ("sampling.max_tokens", "truncation"),
    "prompt": ("prompt",),
    "few_shot": ("few_shot",),
}
"""Factor of a variant -> the keys of the gate that it moves; quantisations move none."""


def declared_factors(one: Profile, two: Profile) -> frozenset[str]:
    """Return the keys that two variants of one arm differ in on purpose: that is what is compared.

    Where runs do not say what they sent, ``sampling`` is one key: it is among them if nothing but
    declared factors differs in it.
    """
    mine, theirs = one.get("variant") or {}, two.get("variant") or {}
    if not mine or not theirs or mine.get("base") != theirs.get("base"):
        return frozenset()
    factors = {
        name
        for name in {*mine["factors"], *theirs["factors"]}
        if mine["factors"].get(name) != theirs["factors"].get(name)
    }
    keys = {key for name in factors for key in FACTOR_KEYS.get(name, ())}
    a, b = one.get("sampling") or {}, two.get("sampling") or {}
    differing = {name for name in {*a, *b} if a.get(name) != b.get(name)}
    if factors & {"temperature", "top_p"} and differing <= factors:
        keys.add("sampling")
    return frozenset(keys)


NOT_SENT = "not sent"


def _says(profile: Profile, tasks: Sequence[str]) -> bool:
    """Tell whether a run says what it sent in each of the tasks."""
    sent = profile.get("sent")
    return isinstance(sent, Mapping) and all(task in sent for task in tasks)


def _sent_differently(
    kind: str, ours: tuple[str, Profile], theirs: tuple[str, Profile], tasks: Sequence[str]
) -> list[tuple[str, str]]:
    """Compare what two arms (name, profile) were sent, parameter by parameter; each difference is
    told once, with the tasks where it stands.
    """
    places: dict[tuple[str, str, str], list[str]] = {}
    for task in tasks:
        one, two = _parameters(kind, ours[1], task), _parameters(kind, theirs[1], task)
        for key in sorted({*one, *two}):
            a, b = one.get(key, NOT_SENT), two.get(key, NOT_SENT)
            if a != b:
                places.setdefault((key, a, b), []).append(task)
    found = []
    for (key, a, b), where in places.items():
        of = "" if len(where) == len(tasks) else f" in {', '.join(where)}"
        found.append((key, f"{key} is {a} for {ours[0]} and {b} for {theirs[0]}{of}"))
    return found


def keys_that_differ(profiles: Mapping[str, Profile], tasks: Sequence[str]) -> set[str]:
    """Return the keys in which any two of these arms are sent or asked different things: what of
    the gate is known before a run. ``profiles``: of every arm, ``sent`` and ``asked``.
    """
    found: list[tuple[str, str]] = []
    for one, two in combinations(profiles.items(), 2):
        found += asked_differently(one, two, tasks)
        for kind in ("accuracy", "cost"):
            found += _sent_differently(kind, one, two, tasks)
    return {key for key, _ in found}


def _parameters(kind: str, profile: Profile, task: str) -> dict[str, str]:
    """Return what one arm was sent in one task: gate key -> value in words."""
    sent: Any = profile["sent"]
    sent = sent[task]
    here = sent.get("here", ())
    shown: dict[str, str] = {}
    for name, value in sent["values"].items():
        text = _value(value)
        if name in here and kind != "accuracy":
            text += " (cut here: the model may have gone on)"
        shown[_key(name)] = text
    for name in sent.get("omitted", ()):
        shown.setdefault(_key(name), f"{NOT_SENT} (omit)")
    for name, value in sent.get("added", {}).items():
        shown[f"sampling.{name}"] = _value(value)
    return shown


def _value(value: Json) -> str:
    """Show a parameter's value; 0 and 0.0 are the same one."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value:g}" if number else repr(value)


def _key(parameter: str) -> str:
    whole = parameter in ("reasoning_effort", "answer_constraint", "tools", "tool_choice")
    return parameter if whole else f"sampling.{parameter}"


def effort_without_effect(
    ours: str, theirs: str, calls: CallTable, mask: BoolArray, ctx: ClaimContext
) -> Reason | None:
    """Return a note where two arms were sent different reasoning efforts and reasoned alike.

    Reasoning tokens are compared item by item, over items where both arms' are known: the note is
    given where the 95% normal interval of the mean difference holds 0.
    """
    efforts = {_effort_sent(ctx.profiles.get(arm, {})) for arm in (ours, theirs)}
    if len(efforts) < 2 or None in efforts:
        return None
    means = [_reasoning_by_item(arm, calls, np.flatnonzero(mask)) for arm in (ours, theirs)]
    shared = sorted(means[0].keys() & means[1].keys())
    if len(shared) < LEAST_PAIRS:
        return None
    ones = np.array([means[0][item] for item in shared])
    twos = np.array([means[1][item] for item in shared])
    difference = ones - twos
    error = float(difference.std(ddof=1)) / math.sqrt(len(shared))
    if abs(float(difference.mean())) > 1.96 * error:
        return None
    return Reason(
        "effort_no_effect",
        f"{ours} used {float(ones.mean()):.4g} reasoning tokens an item and {theirs}"
        f" {float(twos.mean()):.4g}, over {len(shared)} items",
    )


LEAST_PAIRS = 10
"""Fewer pairs say nothing about an effort's effect."""


def _effort_sent(profile: Profile) -> str | None:
    """Return the one effort that an arm was sent; None if none, or not the same in every task."""
    sent: Any = profile.get("sent")
    if not isinstance(sent, Mapping):
        return None
    found = {str(one["values"].get("reasoning_effort")) for one in sent.values()}
    effort = found.pop() if len(found) == 1 else None
    return None if effort == "None" else effort


def _reasoning_by_item(arm: str, calls: CallTable, wanted: IntArray) -> dict[int, float]:
    """Return the mean number of reasoning tokens of each item whose calls all tell it."""
    rows = calls.arms.get(arm)
    if rows is None:
        return {}
    of_item: dict[int, list[float]] = {}
    for item, tokens in zip(rows.item.tolist(), rows.n_reasoning.tolist(), strict=True):
        of_item.setdefault(item, []).append(tokens)
    return {
        item: sum(of_item[item]) / len(of_item[item])
        for item in wanted.tolist()
        if item in of_item and all(math.isfinite(tokens) for tokens in of_item[item])
    }


def _differing(a: Json, b: Json) -> tuple[str, str]:
    """Show only what differs of two mappings."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        keys = [k for k in {**a, **b} if a.get(k) != b.get(k)]
        return ", ".join(f"{k}={a.get(k)!r}" for k in keys), ", ".join(
            f"{k}={b.get(k)!r}" for k in keys
        )
    return repr(a), repr(b)


def _share(key: str, arm: str, items: ItemTable, calls: CallTable, mask: BoolArray) -> float | None:
    rows = items.arms[arm]
    if key == "cache_share":
        return cache_share(arm, calls, np.flatnonzero(mask))
    answered = int((rows.n_finished - rows.n_errors)[mask].sum())
    counts = rows.n_truncated if key == "truncation" else rows.n_refused
    return float(counts[mask].sum()) / answered if answered else None


def cache_share(arm: str, calls: CallTable, wanted: IntArray) -> float | None:
    """Return the share of input tokens that the provider's prefix cache served, over calls that
    report it; None = unknown.
    """
    rows = calls.arms.get(arm)
    if rows is None:
        return None
    known = np.isin(rows.item, wanted) & np.isfinite(rows.cache_read) & np.isfinite(rows.n_in)
    total = float(rows.n_in[known].sum())
    return float(rows.cache_read[known].sum()) / total if total > 0 else None


def interleaving(ours: str, theirs: str, calls: CallTable, mask: BoolArray) -> float | None:
    """Return the overlap of the middle 90% of two arms' send times, relative to the longer one.

    None says that the times are unknown.
    """
    spans = []
    wanted = np.flatnonzero(mask)
    for arm in (ours, theirs):
        rows = calls.arms[arm]
        sent = rows.sent_utc_s[np.isfinite(rows.sent_utc_s) & np.isin(rows.item, wanted)]
        if len(sent) == 0:
            return None
        spans.append((float(np.quantile(sent, 0.05)), float(np.quantile(sent, 0.95))))
    (a0, a1), (b0, b1) = spans
    longest = max(a1 - a0, b1 - b0)
    if longest <= 0 or not math.isfinite(longest):
        return 1.0
    return max(0.0, min(a1, b1) - max(a0, b0)) / longest
