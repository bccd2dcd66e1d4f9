"""What ``bench doctor --address`` says of a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from claimbench.errors import BenchError
from claimbench.machine.checks import Check

if TYPE_CHECKING:
    from claimbench.run.cluster.connection import NodeOfCluster, RayCluster
    from claimbench.run.cluster.node import NodeFacts
    from claimbench.types import Arm, Suite

LOOK_S = 60.0
"""How long a node may take to start a process that looks at it."""
FAR_S = 1.0
"""From here on a node's wall clock is said to be wrong."""


def cluster_checks(address: str, suite: Suite | None) -> list[Check]:
    """Connect to a cluster, look at its nodes, and disconnect; nothing is sent to a model.

    ``suite``: look also whether each node has the models of its in-process arms.
    """
    from claimbench.run.cluster.connection import RayCluster

    return asyncio.run(_checks(RayCluster(address, LOOK_S), suite))


async def _checks(cluster: RayCluster, suite: Suite | None) -> list[Check]:
    try:
        await cluster.open()
    except BenchError as error:
        return [Check("cluster", "error", error.message, error.hint)]
    try:
        nodes = [node for node in await asyncio.to_thread(cluster.nodes) if node.alive]
        found = [_reached(cluster.address, nodes)]
        looks = await asyncio.gather(
            *(_look(node, suite) for node in nodes if node.resources.get("CPU")),
            return_exceptions=True,
        )
        for one in looks:
            if isinstance(one, BaseException):
                found.append(Check("cluster node", "error", str(one)))
            else:
                found += one
        return found
    finally:
        await cluster.close()


def _reached(address: str, nodes: Sequence[NodeOfCluster]) -> Check:
    cores = sum(node.resources.get("CPU", 0.0) for node in nodes)
    gpus = sum(node.resources.get("GPU", 0.0) for node in nodes)
    total = f"{len(nodes)} nodes, {cores:g} cores, {gpus:g} GPUs"
    if cores < 1:
        return Check("cluster", "error", f"{address}: {total}", "no node takes work: add one")
    return Check("cluster", "ok", f"{address}: {total}")


async def _look(node: NodeOfCluster, suite: Suite | None) -> list[Check]:
    """Start a process on one node, which looks at it."""
    from claimbench.run.cluster.connection import check_version, look_on
    from claimbench_providers.models.context import node_context

    models = [] if suite is None else local_models(suite)
    folder = "." if suite is None else folder_of(suite)
    name = f"node {node.id[:12]}"
    try:
        seen = await asyncio.wait_for(look_on(node.id, models, node_context, folder), LOOK_S)
    except TimeoutError:
        return [Check(name, "error", f"no process of it started within {LOOK_S:g} s", "ray status")]
    except BenchError as error:
        return [Check(name, "error", error.message, error.hint)]
    facts = seen.facts
    found = [_kind(name, facts, node)]
    if (why := check_version(facts)) is not None:
        found.append(Check(name, "error", why, "install the same version on every node"))
    if abs(seen.clock_s) > FAR_S:
        found.append(
            Check(
                name,
                "warning",
                f"its wall clock is {seen.clock_s:+.1f} s from this machine's",
                "durations are not affected; set the clocks by NTP",
            )
        )
    for why in dict.fromkeys(seen.missing):
        found.append(Check(name, "error", why, "bench models pull on that node"))
    return found


def _kind(name: str, facts: NodeFacts, node: NodeOfCluster) -> Check:
    gpus = node.resources.get("GPU", 0.0)
    said = f"{facts.place.node_type}; {node.resources.get('CPU', 0.0):g} cores"
    if gpus:
        said += f", {gpus:g} GPUs"
    return Check(name, "ok", f"{said}; ClaimBench {facts.version}")


def folder_of(suite: Suite) -> str:
    """Return the suite's folder, where nodes look for what its arms name."""
    return str(Path(suite.path).resolve().parent)


def local_models(suite: Suite) -> list[Arm]:
    """Return the arms and judges whose models nodes must have."""
    return [arm for arm in suite.asked if arm.provider == "llama_cpp"]
