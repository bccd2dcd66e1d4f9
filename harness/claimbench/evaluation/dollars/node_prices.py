"""What a cluster's nodes cost together: the price per hour that an arm's figures rest on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal, localcontext

from claimbench.packed import columns
from claimbench.pricing.arms import ArmPrice
from claimbench.pricing.hosts import QUANTUM, HostCost
from claimbench.types import Attempt, Call


def on_nodes(
    prices: Mapping[str, ArmPrice],
    unmetered: Mapping[str, ArmPrice],
    calls: Iterable[Call],
    attempts: Iterable[Attempt],
) -> dict[str, ArmPrice]:
    """Return prices in which the machine of an arm that a cluster worked on is its nodes'.

    One type of node: its price. Several: their mean, weighted by the seconds that each served; each
    call keeps the price of its own node. ``unmetered``: prices without what this machine's meter
    saw, which says nothing of other machines.
    """
    found = dict(prices)
    hosts = {name for name, price in prices.items() if price.host is not None}
    if not hosts:
        return found
    arm_of = {call_id: arm for call_id, arm in columns(calls, "id", "arm") if arm in hosts}
    seconds: dict[str, dict[str, int]] = {}
    read = columns(attempts, "call_id", "place", "timing.sent_ns", "timing.ended_ns")
    for call_id, place, sent_ns, ended_ns in read:
        arm = arm_of.get(call_id)
        if arm is None or place is None:
            continue
        mine = seconds.setdefault(arm, {})
        spent = max(0, ended_ns - sent_ns)
        mine[place.node_type] = mine.get(place.node_type, 0) + spent
    for arm, by_type in seconds.items():
        price = unmetered[arm]
        if price.host is not None:
            found[arm] = replace(price, host=_together(price.host, by_type))
    return found


def _together(host: HostCost, by_type: Mapping[str, int]) -> HostCost:
    """Return a machine that costs what the nodes cost together, with each type's own price."""
    nodes = {name: host.at(name) for name in by_type}
    every = {**host.nodes, **nodes}
    if len({node.per_hour for node in nodes.values()}) == 1:
        return replace(next(iter(nodes.values())), nodes=every)
    total = sum(by_type.values())
    with localcontext(prec=40):
        worth = Decimal(0)
        for name, spent in by_type.items():
            share = Decimal(spent) / total if total else Decimal(1) / len(by_type)
            worth += nodes[name].per_hour * share
        mean = worth.quantize(QUANTUM)
    shown = ", ".join(f"{name} ${nodes[name].per_hour.normalize():f}" for name in sorted(nodes))
    return HostCost(
        utilisation=host.utilisation,
        usd_per_hour=mean,
        include_idle=host.include_idle,
        include_load=host.include_load,
        source=f"mean of its nodes by the time they served: {shown}",
        notes=host.notes,
        known_use=host.known_use,
        nodes=every,
    )
