"""What an arm asks for in its requests that changes the bill: a tier of service, and the place of
inference.

Vendors write them beside the prompt, so that a suite has them in what an arm adds to its requests
(``extra_body``, ``extra``, ``headers``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from claimbench.pricing.model import TIERS
from claimbench.types import Arm, Json

TIER_FIELDS = ("service_tier", "serviceTier", "trafficType")
"""OpenAI, Anthropic, Groq and Gemini; Bedrock and Gemini's usage; Vertex's usage."""
PLACE_FIELDS = ("inference_geo", "inferenceGeo")
SPEED_FIELD = "speed"
"""Anthropic's: fast, or standard."""
SAYING = frozenset({*TIER_FIELDS, *PLACE_FIELDS, SPEED_FIELD})
"""Fields of a usage object by which something else than its counts changes the bill."""
VERTEX_TIER = "x-vertex-ai-llm-shared-request-type"
"""Vertex's header for flex and priority."""

_SPELLED = {
    "default": "standard",
    "standard_only": "standard",
    "on_demand": "standard",
    "performance": "priority",
}
_PREFIXES = ("service_tier_", "on_demand_")
"""How Google begins the words: SERVICE_TIER_PRIORITY, ON_DEMAND_FLEX."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Hold what an arm asks for; None: nothing, so that the vendor's default holds."""

    tier: str | None = None
    place: str | None = None


NOTHING_ASKED = Asked()


def asked_by(arm: Arm) -> Asked:
    """Return the tier and the place of inference that the arm's requests ask for."""
    tier: str | None = None
    place: str | None = None
    for fields in _added(arm):
        if fields.get(SPEED_FIELD) == "fast":
            tier = "fast"
        tier = tier or tier_in(fields)
        place = place or place_in(fields)
    for name, value in (_mapping(arm.options.get("headers"))).items():
        if str(name).lower() == VERTEX_TIER:
            tier = tier or tier_named(value)
    return Asked(tier, place)


def _added(arm: Arm) -> Iterator[Mapping[str, Any]]:
    for name in ("extra_body", "extra"):
        fields = _mapping(arm.options.get(name))
        yield fields
        yield _mapping(fields.get("extra_body"))


def _mapping(value: Json) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def says_only_counts(usage_raw: Json) -> bool:
    """Tell whether a usage object surely names no tier, no speed and no place."""
    return usage_raw is None or (type(usage_raw) is dict and SAYING.isdisjoint(usage_raw))


def tier_in(fields: Mapping[str, Any]) -> str | None:
    """Return the tier that a request asks for or a usage object says was served; None where it
    names none that is known.
    """
    found = (tier_named(fields[name]) for name in TIER_FIELDS if name in fields)
    return next((tier for tier in found if tier is not None), None)


def tier_said(usage_raw: Json) -> str:
    """Return the tier that a usage object says was served, by its own word; the usual one where it
    names none.
    """
    if says_only_counts(usage_raw) or not isinstance(usage_raw, Mapping):
        return "standard"
    return tier_in(usage_raw) or "standard"


def tier_named(value: Json) -> str | None:
    """Return our name of a tier, by any vendor's spelling; None for ``auto`` and unknown words."""
    if isinstance(value, Mapping):  # Bedrock: {"type": "priority"}
        value = value.get("type")
    if not isinstance(value, str):
        return None
    word = value.strip().lower()
    for prefix in _PREFIXES:
        word = word.removeprefix(prefix)
    word = _SPELLED.get(word, word)
    return word if word in TIERS else None


def place_in(fields: Mapping[str, Any]) -> str | None:
    """Return the place of inference that a request asks for or a usage object states, in lower
    case.
    """
    for name in PLACE_FIELDS:
        value = fields.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip().lower()
    return None
