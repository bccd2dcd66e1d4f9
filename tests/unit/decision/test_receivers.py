"""Where prompts went: a requirement, the claim that data stay and the report say the same of it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from claimbench.claims.facts.egress import egress_seen
from claimbench.claims.facts.receivers import receiver_of
from claimbench.claims.types import ClaimContext, RouteFacts
from claimbench.decision.facts import Fact, Unknown, fact_of
from claimbench.types import Arm, DecisionSpec, ServeSpec
from claimbench_reports.view.arms import destination

C_LIBRARY = "the sockets of llama.cpp's C library (it opens none that we know of)"
LOCAL = Arm("a", "llama_cpp", "m", device="cpu")
PROXY = Arm("a", "compatible", "m", base_url="http://127.0.0.1:4000/v1")
SERVED = Arm("a", "compatible", "m", serve=ServeSpec(("llama-server",)))
FAR = Arm("a", "compatible", "m", base_url="https://api.example.eu/v1")
RAY = {"details": {"engine": "ray", "nodes": []}}


def made(
    arm: Arm,
    *,
    engine: dict[str, Any] | None = None,
    facts: dict[str, Any] | None = None,
    hosts: dict[str, int] | None = None,
    unwatched: str | None = None,
    names: tuple[str, ...] = (),
    counted: bool = True,
) -> Any:
    """An evaluation of one arm, as far as facts need it."""
    suite = SimpleNamespace(
        arms=(arm,), asked=(arm,), options={} if engine is None else {"engine": engine}
    )
    sent = None if hosts is None else {host: {"bytes_sent": n} for host, n in hosts.items()}
    session = {
        "arm/a": {"hosts": sent, "unwatched": unwatched},
        "process": {"names": dict.fromkeys(names, 1)},
    }
    known = {} if facts is None else {"a": facts}
    seen = egress_seen(suite, {"1": session}, known) if counted else {}
    stored = SimpleNamespace(suite=suite, manifest=SimpleNamespace(arm_facts=known))
    return SimpleNamespace(stored=stored, context=ClaimContext(egress=seen))


def goes_to(evaluation: Any, stated: str | None = None) -> Fact | Unknown:
    arm = evaluation.stored.suite.arms[0]
    facts = {} if stated is None else {"a": {"prompts_go_to": stated}}
    return fact_of("prompts_go_to", arm, evaluation, DecisionSpec(facts=facts), {})


OPEN = {
    "a proxy on loopback": made(PROXY, hosts={"127.0.0.1:4000": 9}),
    "localhost": made(replace(PROXY, base_url="localhost:4000"), hosts={"localhost:4000": 9}),
    "IPv6 loopback": made(replace(PROXY, base_url="http://[::1]:4000"), hosts={"[::1]:4000": 9}),
    "a server that the run started": made(SERVED, hosts={"127.0.0.1:1": 9}),
    "a cluster of this machine": made(
        LOCAL, engine={"address": "local"}, facts=RAY, unwatched="the connections of Ray"
    ),
    "a cluster somewhere": made(
        LOCAL, engine={"address": "auto"}, facts=RAY, unwatched="the connections of Ray"
    ),
    "a cluster that its provider told of": made(LOCAL, facts=RAY, unwatched=C_LIBRARY),
    "a plugin on a cluster": made(Arm("a", "own", "m", device="cpu"), facts=RAY),
    "connections that nobody watched": made(LOCAL, unwatched="the connections of Ray"),
    "a name that no arm explains": made(LOCAL, unwatched=C_LIBRARY, names=("x.example",)),
    "a run that counted nothing": made(LOCAL, counted=False),
}


@pytest.mark.parametrize("name", list(OPEN))
def test_what_the_run_cannot_see_is_open_and_never_this_machine(name: str) -> None:
    evaluation = OPEN[name]
    found = goes_to(evaluation)
    assert isinstance(found, Unknown)
    assert found.why
    seen = evaluation.context.egress.get("a")
    assert seen is None or seen.status == "inconclusive"
    assert goes_to(evaluation, "this machine") == Fact(("this machine",), "stated in the suite")


@pytest.mark.parametrize("address", ["10.0.0.5:6379", "ray://10.0.0.5:10001", "head.example:6379"])
def test_prompts_of_a_cluster_go_to_its_nodes(address: str) -> None:
    ray = "the connections of Ray"
    evaluation = made(LOCAL, engine={"address": address}, facts=RAY, unwatched=ray)
    host = address.removeprefix("ray://").partition(":")[0]
    assert goes_to(evaluation, "this machine") == Fact((host,), "the run")
    assert evaluation.context.egress["a"].status == "inconclusive"
    assert ray in evaluation.context.egress["a"].told
    receiver = receiver_of(evaluation.stored.suite, LOCAL, RAY)
    assert receiver.told == f"the nodes of a Ray cluster at {host}"


def test_a_model_in_this_process_keeps_them() -> None:
    evaluation = made(LOCAL, unwatched=C_LIBRARY)
    assert goes_to(evaluation) == Fact(("this machine",), "the run")
    assert evaluation.context.egress["a"].status == "supported"


@pytest.mark.parametrize(
    ("evaluation", "hosts"),
    [
        (made(FAR, hosts={"api.example.eu:443": 9}), ("api.example.eu",)),
        (made(FAR, counted=False), ("api.example.eu",)),
        (made(PROXY, hosts={"127.0.0.1:4000": 9, "8.8.8.8:443": 1}), ("8.8.8.8",)),
        (made(Arm("a", "openai", "m"), hosts={"api.openai.com:443": 9}), ("api.openai.com",)),
    ],
)
def test_other_machines_that_are_known_of_are_what_the_run_says(
    evaluation: Any, hosts: tuple[str, ...]
) -> None:
    assert goes_to(evaluation, "this machine") == Fact(hosts, "the run")


@pytest.mark.parametrize(
    ("evaluation", "found"),
    [
        (made(LOCAL, unwatched=C_LIBRARY), "this machine"),
        (made(FAR), "an endpoint"),
        (made(LOCAL, engine={"address": "10.0.0.5:6379"}, facts=RAY), "a cluster"),
        (made(PROXY), None),
        (made(SERVED), None),
    ],
)
def test_where_a_model_runs(evaluation: Any, found: str | None) -> None:
    arm = evaluation.stored.suite.arms[0]
    fact = fact_of("runs_on", arm, evaluation, DecisionSpec(), {})
    assert fact.values == (found,) if isinstance(fact, Fact) else found is None


@pytest.mark.parametrize(
    ("evaluation", "said"),
    [
        (made(LOCAL), "this machine"),
        (made(PROXY), "a server on this machine (127.0.0.1:4000); what it sends on is not seen"),
        (
            made(SERVED),
            "a server that the run started on this machine; what it sends on is not seen",
        ),
        (made(FAR), "api.example.eu"),
        (
            made(LOCAL, engine={"address": "10.0.0.5:6379"}, facts=RAY),
            "the nodes of a Ray cluster at 10.0.0.5",
        ),
        (made(LOCAL, engine={"address": "local"}, facts=RAY), "the nodes of a Ray cluster"),
        (made(Arm("a", "openai", "m", device="x")), "the provider's default endpoint (openai)"),
    ],
)
def test_the_report_says_the_same_of_each(evaluation: Any, said: str) -> None:
    stored = evaluation.stored
    data: Any = SimpleNamespace(
        suite=stored.suite, manifest=stored.manifest, calls=SimpleNamespace(arms={})
    )
    assert destination(data, stored.suite.arms[0]) == said


def over(*parts: tuple[Arm, dict[str, int] | None]) -> Any:
    """An evaluation of a route over some arms, each with the bytes that were counted."""
    arms = tuple(replace(arm, name=f"part{k}") for k, (arm, _) in enumerate(parts))
    route = Arm("cascade", "route", "")
    sessions: dict[str, Any] = {"process": {"names": {}}}
    for arm, (_, hosts) in zip(arms, parts, strict=True):
        sent = None if hosts is None else {host: {"bytes_sent": n} for host, n in hosts.items()}
        sessions[f"arm/{arm.name}"] = {
            "hosts": sent,
            "unwatched": C_LIBRARY if arm.device else None,
        }
    suite = SimpleNamespace(arms=(*arms, route), asked=arms, options={})
    stored = SimpleNamespace(suite=suite, manifest=SimpleNamespace(arm_facts={}))
    facts = RouteFacts(tuple(arm.name for arm in arms), "")
    seen = egress_seen(suite, {"1": sessions}, {})
    return SimpleNamespace(
        stored=stored, context=ClaimContext(egress=seen, routes={"cascade": facts})
    )


def of_route(name: str, evaluation: Any, stated: str | None) -> Fact | Unknown:
    facts = {} if stated is None else {"cascade": {name: stated}}
    return fact_of(
        name, evaluation.stored.suite.arms[-1], evaluation, DecisionSpec(facts=facts), {}
    )


@pytest.mark.parametrize("stated", [None, "this machine"])
def test_a_route_s_prompts_go_where_those_of_its_parts_go(stated: str | None) -> None:
    here, far = (LOCAL, None), (FAR, {"api.example.eu:443": 9})
    proxied = (PROXY, {"127.0.0.1:4000": 9})
    assert of_route("prompts_go_to", over(here, here), stated) == Fact(("this machine",), "the run")
    assert of_route("prompts_go_to", over(here, far), stated) == Fact(
        ("api.example.eu",), "the run"
    )
    both = of_route("prompts_go_to", over(proxied, far), stated)
    assert isinstance(both, Unknown)
    assert both.why.startswith("api.example.eu; ")
    alone = of_route("prompts_go_to", over(here, proxied), stated)
    assert isinstance(alone, Unknown if stated is None else Fact)
    assert of_route("runs_on", over(here, far), stated) == Fact(("an endpoint",), "the run")
