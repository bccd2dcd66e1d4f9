"""The structured fields of a claim: their vocabulary, and what they say beside or over the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from claimbench.claims.language.meanings.effects import Meaning
from claimbench.claims.language.names import nearest
from claimbench.errors import ClaimError
from claimbench.types import Claim, ClaimSpec, Json, Task

RELATIONS: Mapping[str, tuple[str, ...]] = {
    "accuracy": (
        "more", "more_by", "times_more", "less_by", "times_less", "share", "error_share", "near",
        "as", "caught_up", "at_least", "at_most",
    ),
    "cost": (
        "less", "less_by", "times_less", "more_by", "times_more", "near", "as", "at_most",
        "at_least", "saves", "pays_back",
    ),
    "latency": (
        "less", "less_by", "times_less", "more_by", "times_more", "near", "as", "at_most",
        "at_least",
    ),
    "preference": ("preferred", "wins", "as"),
}  # fmt: skip
NEEDS_NUMBER = frozenset(
    {
        "wins",
        "more_by",
        "times_more",
        "less_by",
        "times_less",
        "share",
        "error_share",
        "near",
        "saves",
        "pays_back",
    }
)
BILLS = frozenset({"saves", "pays_back"})
"""Relations of two arms' bills at the stated volume, in dollars."""
BILL_METRICS = frozenset({"usd_per_month", "usd_per_year"})
"""What needs a stated volume."""
ABSOLUTE = frozenset({"at_most", "at_least"})
ALIASES: Mapping[str, tuple[str, str | None]] = {
    "accuracy": ("accuracy", None),
    "cost": ("cost", None),
    "latency": ("latency", None),
    "more_accurate": ("accuracy", "more"),
    "more_accurate_by": ("accuracy", "more_by"),
    "as_accurate": ("accuracy", "as"),
    "caught_up": ("accuracy", "caught_up"),
    "accurate": ("accuracy", "at_least"),
    "cheaper": ("cost", "less"),
    "cheaper_by": ("cost", "less_by"),
    "times_cheaper": ("cost", "times_less"),
    "as_cheap": ("cost", "as"),
    "cheap": ("cost", "at_most"),
    "faster": ("latency", "less"),
    "faster_by": ("latency", "less_by"),
    "times_faster": ("latency", "times_less"),
    "as_fast": ("latency", "as"),
    "fast": ("latency", "at_most"),
    "preference": ("preference", None),
    "preferred": ("preference", "preferred"),
}
MIRRORED: Mapping[str, str] = {"attack_success": "steering", "over_refusal": "over_refusal"}
"""Metric of which less is better -> the scorer whose score is 1 minus it; tasks with that scorer
first are what such a claim speaks of, and no claim of plain accuracy.
"""
RATES: Mapping[str, str] = {
    "attack_success": "attack success rate",
    "over_refusal": "over-refusal rate",
}
"""What the metrics above are called."""
METRICS: Mapping[str, tuple[str, str]] = {
    "accuracy": ("accuracy", "accuracy"),
    "attack_success": ("accuracy", "attack_success"),
    "over_refusal": ("accuracy", "over_refusal"),
    "cost": ("cost", "usd"),
    "usd": ("cost", "usd"),
    "usd_per_correct": ("cost", "usd_per_correct"),
    "usd_per_month": ("cost", "usd_per_month"),
    "usd_per_year": ("cost", "usd_per_year"),
    "usd_per_mtok": ("cost", "usd_per_mtok"),
    "usd_per_mtok_input": ("cost", "usd_per_mtok_input"),
    "usd_per_mtok_output": ("cost", "usd_per_mtok_output"),
    "latency": ("latency", "latency"),
    "ttft": ("latency", "ttft"),
    "tpot": ("latency", "tpot"),
    "e2e": ("latency", "e2e"),
    "win_rate": ("preference", "win_rate"),
    "win_rate_people": ("preference", "win_rate_people"),
}
READINGS: Mapping[str, tuple[str, ...]] = {
    "accuracy": ("relative", "points", "error_reduction", "non_inferior", "equivalent", "more"),
    "cost": ("per_request", "per_correct", "list_price"),
    "preference": ("win_rate", "length_controlled", "similar_length"),
    "latency": ("time_cut", "rate_up", "time_up", "rate_down", "ttft", "tpot", "e2e"),
}
MODIFIERS = ("about", "up_to", "sometimes", "best", "every", "most")
Population = Literal["super", "fixed"]
Declared = Literal["before", "after"]


def bare_claim(
    spec: ClaimSpec,
    tasks: Sequence[Task],
    margin: float,
    alpha: float,
    population: Population,
    declared: Declared,
) -> Claim:
    """Return the claim with all that its fields and the suite say, before its text is read."""
    raw = spec.raw
    task = raw.get("task")
    if task is not None and tasks and task not in {t.name for t in tasks}:
        raise ClaimError(f"unknown task {task!r}{nearest(str(task), [t.name for t in tasks])}")
    modifier = raw.get("modifier")
    if modifier is not None and modifier not in MODIFIERS:
        raise ClaimError(f"unknown modifier {modifier!r}{nearest(str(modifier), MODIFIERS)}")
    return Claim(
        id=spec.id,
        text=spec.text,
        source=spec.source,
        kind="",
        metric="",
        treatments=(),
        baselines=(),
        relation="",
        threshold=None,
        modifier=modifier,
        task=task,
        slice=_slice(raw.get("slice"), tasks),
        quantile=raw.get("quantile"),
        population=population,
        margin=float(raw.get("margin") or margin),
        alpha=alpha,
        declared=declared,
    )


def _slice(raw: Json, tasks: Sequence[Task]) -> tuple[str, str] | None:
    """Read ``{column: value}``; the value "*" means every value, for "up to" and "sometimes"."""
    if not raw:
        return None
    if len(raw) != 1:
        raise ClaimError(
            f"a slice names one column and its value, got {len(raw)}", hint="slice: {language: de}"
        )
    column, value = next((str(k), str(v)) for k, v in raw.items())
    samples = [s for t in tasks for s in t.samples]
    columns = sorted({name for s in samples for name in s.slices})
    if samples and column not in columns:
        raise ClaimError(
            f"unknown slice column {column!r}{nearest(column, columns)}",
            hint="list the column under the dataset's `slices:`",
        )
    values = sorted({str(s.slices[column]) for s in samples if column in s.slices})
    if samples and value != "*" and value not in values:
        raise ClaimError(f"slice column {column!r} never holds {value!r}{nearest(value, values)}")
    return column, value


def stated_fields(raw: Mapping[str, Json]) -> dict[str, Any]:
    """Return the fields of a claim that the suite states; ``number`` is the threshold."""
    out: dict[str, Any] = {}
    kind, metric = raw.get("kind"), raw.get("metric")
    if kind is not None:
        if kind not in ALIASES:
            raise ClaimError(f"unknown kind of claim {kind!r}{nearest(str(kind), tuple(ALIASES))}")
        out["kind"], relation = ALIASES[kind]
        if relation:
            out["relation"] = relation
    if metric is not None:
        if metric not in METRICS:
            raise ClaimError(f"unknown metric {metric!r}{nearest(str(metric), tuple(METRICS))}")
        of_kind, out["metric"] = METRICS[metric]
        if out.setdefault("kind", of_kind) != of_kind:
            raise ClaimError(f"metric {metric!r} belongs to {of_kind} claims, not to {kind!r}")
    if raw.get("relation") is not None:
        out["relation"] = str(raw["relation"])
    if raw.get("threshold") is not None:
        out["number"] = float(raw["threshold"])
        out["precision"] = _quoted(raw["threshold"], out.get("relation"))
    for field, name in (("quantile", "quantile"), ("reading", "reading"), ("modifier", "modifier")):
        if raw.get(field) is not None:
            out[name] = raw[field]
    return out


def _quoted(threshold: Json, relation: str | None) -> float:
    """Return half a unit of the last digit as the number would be quoted.

    0.9 is "90%", 0.905 is "90.5%"; of a factor (10 is "10x") at most 2% of it.
    """
    if relation in ABSOLUTE:
        return 0.0
    value = float(threshold)
    shown = value if value > 1 else value * 100
    digits = f"{shown:.6f}".rstrip("0").rstrip(".")
    half = 0.5 * 10.0 ** -(len(digits.split(".")[1]) if "." in digits else 0)
    return min(half, 0.02 * value) if value > 1 else half / 100


def named_arms(value: Json, known: set[str], key: str) -> tuple[str, ...]:
    """Read the arms of ``arm:`` or ``than:``: one name or a list of known names."""
    if value is None:
        return ()
    wanted = (value,) if isinstance(value, str) else tuple(value)
    for name in wanted:
        if known and name not in known:
            raise ClaimError(
                f"`{key}:` names the unknown arm {name!r}{nearest(name, sorted(known))}",
                hint="write an arm's name as the suite does",
            )
    return wanted


def once(stated: Any, said: Any, what: str) -> Any:
    """Return what the text or a field of the suite says: a field overrides the text, but not with
    another meaning in silence.
    """
    if stated is not None and stated != said:
        raise ClaimError(
            f"the text says {what} {said!r}, the field {stated!r}", hint="drop one of them"
        )
    return said


def threshold_of(made: Meaning, margin: float) -> float | None:
    """Return a threshold; "the same accuracy" means within the margin of the suite."""
    if made.threshold is None:
        return margin if made.relation == "near" else None
    return float(made.threshold)


def precision_of(half: Any, threshold: Any, absolute: bool) -> float | None:
    """Return half of the last digit that a claim states; None without a threshold."""
    if threshold is None:
        return None
    return 0.0 if absolute or half is None else float(half)


def names_in(claim: Claim) -> set[str]:
    """Return the names of all arms in a claim, those of its parts too."""
    found = {*claim.treatments, *claim.baselines}
    return found.union(*(names_in(part) for part in claim.parts))


def renamed(claim: Claim, names: Mapping[str, Sequence[str]]) -> Claim:
    """Return a claim, and its parts, with other names in the place of its arms': each with one or
    several of its own.
    """

    def all_of(side: Sequence[str]) -> tuple[str, ...]:
        return tuple(new for name in side for new in names[name])

    return replace(
        claim,
        treatments=all_of(claim.treatments),
        baselines=all_of(claim.baselines),
        parts=tuple(renamed(part, names) for part in claim.parts),
    )
