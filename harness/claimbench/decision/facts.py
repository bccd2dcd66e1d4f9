"""What is known of an arm beside its figures: where prompts go, where it runs, its licence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from claimbench.evaluation.stored import StoredRun
from claimbench.privacy.egress import is_here
from claimbench.types import Arm, DecisionSpec, Json

HERE = "this machine"
Known = Mapping[str, Mapping[str, str]]
"""Arm -> name -> what the catalogue of models says of it."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of an arm, and who says it: the run, or the suite."""

    value: str
    source: str


def fact_of(
    name: str, arm: Arm, stored: StoredRun, spec: DecisionSpec, known: Known
) -> Fact | None:
    """Return a fact of an arm; None where nobody states it.

    What the run itself knows counts before the catalogue of models, and that before what the suite
    states.
    """
    seen = _measured(name, arm, stored)
    if seen is not None:
        return Fact(seen, "the run")
    listed = known.get(arm.name, {}).get(name)
    if listed is not None:
        return Fact(listed, "the catalogue of models")
    stated = spec.facts.get(arm.name, {}).get(name)
    return None if stated is None else Fact(stated, "stated in the suite")


def _measured(name: str, arm: Arm, stored: StoredRun) -> str | None:
    facts: Mapping[str, Json] = stored.manifest.arm_facts.get(arm.name) or {}
    if name == "model":
        return arm.model
    if name == "prompts_go_to":
        return _destination(arm, facts)
    if name == "runs_on":
        where = _destination(arm, facts)
        return where if where in (None, HERE) else "an endpoint"
    if name == "licence":
        details = facts.get("details")
        found = details.get("licence") if isinstance(details, Mapping) else facts.get("licence")
        return found if isinstance(found, str) else None
    return None


def _destination(arm: Arm, facts: Mapping[str, Json]) -> str | None:
    """Return the host that was sent the prompts."""
    if arm.serve is not None or arm.provider == "llama_cpp":
        return HERE
    details = facts.get("details")
    url = details.get("base_url") if isinstance(details, Mapping) else None
    address = url if isinstance(url, str) else arm.base_url
    if not address:
        return None
    host = urlsplit(address if "://" in address else f"http://{address}").hostname
    return HERE if host is not None and is_here(host) else host


def is_one_of(value: str, accepted: tuple[str, ...]) -> bool:
    """Tell whether a value is one of those accepted: letter case aside, and ``*.example.com``
    meaning every host below.
    """
    found = value.strip().casefold()
    for one in accepted:
        wanted = one.strip().casefold()
        if found == wanted or (wanted.startswith("*.") and found.endswith(wanted[1:])):
            return True
    return False
