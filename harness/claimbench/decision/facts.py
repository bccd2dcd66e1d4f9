"""What is known of an arm beside its figures: where prompts go, where it runs, its licence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from claimbench.claims.facts.receivers import HERE, Receiver, receiver_of
from claimbench.claims.types import RouteFacts
from claimbench.evaluation.evaluate import Evaluation
from claimbench.types import Arm, DecisionSpec, Json

THE_RUN = "the run"
Known = Mapping[str, Mapping[str, str]]
"""Arm -> name -> what the catalogue of models says of it."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of an arm, and who says it: the run, or the suite. ``values``: a requirement has to
    accept all of them.
    """

    values: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """That nobody states a fact; ``why``: what the run saw of it, empty where nothing. ``seen``:
    what it does know, of a part of a route: no word of the suite stands against that.
    """

    why: str = ""
    seen: tuple[str, ...] = ()


def fact_of(
    name: str, arm: Arm, evaluation: Evaluation, spec: DecisionSpec, known: Known
) -> Fact | Unknown:
    """Return a fact of an arm, or that nobody states it.

    What the run itself knows counts before the catalogue of models, and that before what the suite
    states.
    """
    seen = _measured(name, arm, evaluation)
    if isinstance(seen, Fact) or seen.seen:
        return seen
    listed = known.get(arm.name, {}).get(name)
    if listed is not None:
        return Fact((listed,), "the catalogue of models")
    stated = spec.facts.get(arm.name, {}).get(name)
    return seen if stated is None else Fact((stated,), "stated in the suite")


def _measured(name: str, arm: Arm, evaluation: Evaluation) -> Fact | Unknown:
    stored = evaluation.stored
    facts: Mapping[str, Json] = stored.manifest.arm_facts.get(arm.name) or {}
    found: str | None = None
    if name == "prompts_go_to":
        return _receivers(arm, evaluation)
    if name == "runs_on":
        return _runs_on(arm, evaluation)
    if name == "model":
        found = arm.model
    elif name == "licence":
        details = facts.get("details")
        given = details.get("licence") if isinstance(details, Mapping) else facts.get("licence")
        found = given if isinstance(given, str) else None
    return Unknown() if found is None else Fact((found,), THE_RUN)


def _receivers(arm: Arm, evaluation: Evaluation) -> Fact | Unknown:
    """Return the machines that were sent the prompts. That they stayed on this one holds where the
    claim that data stay is supported, and nowhere else.
    """
    route = evaluation.context.routes.get(arm.name)
    if route is not None:
        return _of_all(_receivers(one, evaluation) for one in _asked_by(route, evaluation))
    receiver = _receiver(arm, evaluation)
    seen = evaluation.context.egress.get(arm.name)
    away = (receiver.elsewhere, *(() if seen is None else seen.hosts))
    hosts = tuple(dict.fromkeys(host for host in away if host is not None))
    if hosts:
        return Fact(hosts, THE_RUN)
    if seen is not None and seen.status == "supported":
        return Fact((HERE,), THE_RUN)
    if seen is not None:
        return Unknown(seen.told)
    return Unknown("" if receiver.kind == "unknown" else f"{receiver.told}; no bytes were counted")


def _runs_on(arm: Arm, evaluation: Evaluation) -> Fact | Unknown:
    """Return whether the model ran in the measuring process or behind an endpoint; of a server on
    this machine nobody knows where its model runs.
    """
    route = evaluation.context.routes.get(arm.name)
    if route is not None:
        return _of_all(_runs_on(one, evaluation) for one in _asked_by(route, evaluation))
    receiver = _receiver(arm, evaluation)
    if receiver.kind == "process":
        return Fact((HERE,), THE_RUN)
    if receiver.elsewhere is not None:
        return Fact(("an endpoint" if receiver.kind == "host" else "a cluster",), THE_RUN)
    return Unknown("" if receiver.kind == "unknown" else receiver.told)


def _asked_by(route: RouteFacts, evaluation: Evaluation) -> list[Arm]:
    """Return the arms and judges that a route's requests were sent to."""
    names = set(route.who_saw())
    return [arm for arm in evaluation.stored.suite.asked if arm.name in names]


def _of_all(found: Iterable[Fact | Unknown]) -> Fact | Unknown:
    """Return what the run knows of all parts of a route together; an unknown one leaves it open."""
    every = list(found)
    values = [value for one in every if isinstance(one, Fact) for value in one.values]
    unknown = [one for one in every if isinstance(one, Unknown)]
    away = tuple(dict.fromkeys(value for value in values if value != HERE))
    if unknown:
        told = "; ".join(dict.fromkeys([*away, *(one.why for one in unknown if one.why)]))
        return Unknown(told, away)
    return Fact(away or (HERE,), THE_RUN) if values else Unknown()


def _receiver(arm: Arm, evaluation: Evaluation) -> Receiver:
    stored = evaluation.stored
    return receiver_of(stored.suite, arm, stored.manifest.arm_facts.get(arm.name))


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
