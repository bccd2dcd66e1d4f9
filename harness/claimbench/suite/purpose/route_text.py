"""Routes as the stored suite keeps them, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from claimbench.types import Json
from claimbench.types.routes import ChooseSpec, Decided, FitSpec, RouteSpec, StageSpec


def route_json(spec: RouteSpec) -> dict[str, Json]:
    """Return a route as the stored suite keeps it. Inverse: :func:`route_of`.

    What only newer kinds of route have is left out of the others, whose text stays as it was.
    """
    plain: dict[str, Json] = {}
    for name in RouteSpec.__slots__:
        value = getattr(spec, name)
        if name in ("later", "choose") and not value:
            continue
        if name == "later":
            value = [_stage_json(stage) for stage in spec.later]
        elif name in ("fit", "choose"):
            value = None if value is None else {k: getattr(value, k) for k in value.__slots__}
        elif name == "values":
            value = _values_json(spec.values)
        elif name == "decided":
            value = [[*k, one.arm, one.usd, one.seconds] for k, one in spec.decided.items()]
        elif name == "arms":
            value = dict(spec.arms)
        plain[name] = value
    if spec.choose is not None:
        plain["choose"]["among"] = list(spec.choose.among)
    return plain


def _stage_json(stage: StageSpec) -> dict[str, Json]:
    plain: dict[str, Json] = {name: getattr(stage, name) for name in StageSpec.__slots__}
    plain["values"] = _values_json(stage.values)
    return plain


def _values_json(values: Mapping[tuple[str, str], float | None]) -> list[Json]:
    return [[*key, number] for key, number in values.items()]


def _values_of(plain: Sequence[Any]) -> dict[tuple[str, str], float | None]:
    return {(task, sample): number for task, sample, number in plain}


def route_of(plain: Mapping[str, Any]) -> RouteSpec:
    """Return the route that :func:`route_json` wrote."""
    fields = dict(plain)
    fields["fit"] = None if fields["fit"] is None else FitSpec(**fields["fit"])
    fields["values"] = _values_of(fields["values"])
    decided = {}
    for task, sample, arm, usd, seconds in fields["decided"]:
        decided[task, sample] = Decided(arm, usd, seconds)
    fields["decided"] = decided
    fields["later"] = tuple(
        StageSpec(**{**stage, "values": _values_of(stage["values"])})
        for stage in fields.get("later") or ()
    )
    if fields.get("choose") is not None:
        among = tuple(fields["choose"]["among"])
        fields["choose"] = ChooseSpec(**{**fields["choose"], "among": among})
    return RouteSpec(**fields)
