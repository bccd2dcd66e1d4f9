"""The connection to a Ray cluster: engines are started on its nodes, and their loss is told.

The only module that imports Ray. Nothing is shipped but the requests and the arm: no working
folder, no runtime environment; and Ray's own usage statistics are off.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import os
import socket
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from claimbench._version import __version__
from claimbench.errors import BenchError
from claimbench.provider.contract import ProviderContext
from claimbench.run.cluster.node import (
    NodeEngine,
    NodeFacts,
    NodeSetup,
    Reply,
    look_at_node,
)
from claimbench.run.senders.frames import Started
from claimbench.suite.purpose.cluster_address import place_of
from claimbench.types import Arm, Request

T = TypeVar("T")
INSTALL = "pip install 'claimbench[ray]'"
CONNECT_S = 5.0
"""How long a cluster's address may take to accept a connection."""
CLOSE_S = 3.0
"""How long an engine may take to free its model before its process is ended."""
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is reported to Ray's makers
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # else `uv run` ships the working folder
    "RAY_DEDUP_LOGS": "0",
}


class EngineLost(Exception):
    """The process of an engine has ended, or its node has; the message says how."""


@dataclass(frozen=True, slots=True)
class NodeOfCluster:
    """Hold one node as the cluster lists it."""

    id: str
    alive: bool
    resources: Mapping[str, float]
    labels: Mapping[str, str]
    address: str


@dataclass(frozen=True, slots=True)
class Need:
    """Hold what an engine takes of a node."""

    cores: int
    gpus: int

    @property
    def words(self) -> str:
        """Return it in words."""
        cores = f"{self.cores} core{'s' if self.cores != 1 else ''}"
        gpus = f"{self.gpus} GPU{'s' if self.gpus != 1 else ''}"
        return f"{cores} and {gpus}" if self.gpus else cores

    def fits(self, resources: Mapping[str, float]) -> int:
        """Return how many such engines fit into ``resources`` of one node."""
        fits = [int(resources.get("CPU", 0.0) // self.cores)]
        if self.gpus:
            fits.append(int(resources.get("GPU", 0.0) // self.gpus))
        return min(fits)


def missing() -> str | None:
    """Return why no cluster can be used here, or None."""
    if importlib.util.find_spec("ray") is None:
        return f"`engine: ray` needs Ray, which is not installed ({INSTALL})"
    return None


def _ray() -> Any:
    if (why := missing()) is not None:
        raise BenchError(why, hint=INSTALL)
    os.environ.update(SETTINGS)
    import ray

    logging.getLogger("ray").setLevel(logging.ERROR)
    return ray


@dataclass
class RayCluster:
    """A connection that the arms of a run share; opened by the first, closed by the last."""

    address: str
    wait_s: float = 60.0
    pools: int = 0
    """Pools that use it now."""
    growing: int = 0
    """Those among them that take as many engines as fit."""
    _ours: bool = False
    _shared: dict[int, Any] = field(default_factory=dict)

    async def open(self) -> None:
        """Connect, if nobody has; raises BenchError in words."""
        self.pools += 1
        if self.pools == 1:
            try:
                await asyncio.to_thread(self.connect)
            except BaseException:
                self.pools -= 1
                raise

    async def close(self) -> None:
        """Leave; the last one disconnects. A cluster that was started for the run ends with it."""
        self.pools -= 1
        if self.pools == 0:
            self._shared.clear()
            await asyncio.to_thread(self.disconnect)

    def connect(self) -> None:
        """Connect, and check that this process and the cluster are of one kind.

        Raises:
            BenchError: Ray is missing, nothing answers at the address, or the versions differ.
        """
        ray = _ray()
        if ray.is_initialized():
            return
        place = place_of(self.address)
        if place is not None:
            _check_open(self.address, *place)
        options: dict[str, Any] = {
            "log_to_driver": False,
            "logging_level": logging.ERROR,
            "configure_logging": False,
        }
        if self.address == "local":
            options |= {"include_dashboard": False}
        try:
            with _quietly():
                ray.init(address=self.address, **options)
        except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            raise _not_connected(self.address, error) from error
        _say_nothing_of_workers()
        self._ours = True

    def disconnect(self) -> None:
        """Disconnect, where :meth:`connect` connected."""
        if self._ours:
            self._ours = False
            with _quietly():
                _ray().shutdown()

    def nodes(self) -> list[NodeOfCluster]:
        """List the nodes, dead ones too."""
        found = []
        for row in _ray().nodes():
            found.append(
                NodeOfCluster(
                    id=str(row.get("NodeID")),
                    alive=bool(row.get("Alive")),
                    resources=dict(row.get("Resources") or {}),
                    labels=dict(row.get("Labels") or {}),
                    address=str(row.get("NodeManagerAddress")),
                )
            )
        return found

    async def room(self, need: Need) -> int:
        """Return how many engines fit into the living nodes, were they empty."""
        nodes = await asyncio.to_thread(self.nodes)
        return sum(need.fits(node.resources) for node in nodes if node.alive)

    async def free(self, need: Need) -> int:
        """Return how many engines the free resources of all nodes together would be enough for."""
        left: Mapping[str, float] = await asyncio.to_thread(_ray().available_resources)
        return need.fits(left)

    def start(self, setup: NodeSetup, need: Need) -> RemoteEngine:
        """Ask for an engine on any node that has what it needs; it comes up when one has."""
        ray = _ray()
        made = ray.remote(_RemoteNode).options(
            num_cpus=need.cores,
            num_gpus=need.gpus,
            max_restarts=0,
            max_task_retries=0,
            scheduling_strategy="SPREAD",
        )
        return RemoteEngine(made.remote(setup), self)

    def shared(self, value: Sequence[Request]) -> Any:
        """Put a large argument into the cluster once, for all engines of an arm."""
        key = id(value)
        if key not in self._shared:
            self._shared[key] = (value, _ray().put(tuple(value)))
        return self._shared[key][1]


class RemoteEngine:
    """One engine on a node, as the driver sees it. Every method raises :class:`EngineLost` once the
    process or its node has ended.
    """

    def __init__(self, actor: Any, cluster: RayCluster) -> None:
        self._actor = actor
        self._cluster = cluster

    async def look(self) -> NodeFacts:
        """See :meth:`NodeEngine.look`."""
        found: NodeFacts = await self._ask(self._actor.look.remote())
        return found

    async def load(self) -> Started:
        """See :meth:`NodeEngine.load`."""
        found: Started = await self._ask(self._actor.load.remote())
        return found

    async def share_prefix(self, key: str, requests: Sequence[Request]) -> float:
        """See :meth:`NodeEngine.share_prefix`."""
        given = self._cluster.shared(requests)
        found: float = await self._ask(self._actor.share_prefix.remote(key, given))
        return found

    async def attempt(self, request: Request) -> Reply:
        """See :meth:`NodeEngine.attempt`."""
        found: Reply = await self._ask(self._actor.attempt.remote(request))
        return found

    async def ended(self) -> str:
        """Wait until the process has ended; return how."""
        try:
            await self._ask(self._actor.alive.remote())
        except EngineLost as lost:
            return str(lost)
        return "it ended by itself"

    async def stop(self, call_id: str) -> None:
        """Cancel an attempt."""
        await self._ask(self._actor.stop.remote(call_id))

    async def close(self) -> None:
        """Free the model and end the process."""
        with contextlib.suppress(EngineLost, TimeoutError):
            await asyncio.wait_for(self._ask(self._actor.close.remote()), CLOSE_S)
        self.kill()

    def kill(self) -> None:
        """End the process now."""
        ray = _ray()
        with contextlib.suppress(ray.exceptions.RayError, RuntimeError, ValueError):
            ray.kill(self._actor, no_restart=True)

    async def _ask(self, reference: Awaitable[T]) -> T:
        errors = _ray().exceptions
        try:
            return await reference
        except errors.RayTaskError as error:
            # The engine's own code failed beyond what it reports: the process is of no more use.
            raise EngineLost(f"it failed: {_first_line(error.cause)}") from error
        except errors.RayError as error:
            raise EngineLost(_how(error)) from error


@dataclass(frozen=True, slots=True)
class Seen:
    """Hold what a look at a node found: its facts, how far its wall clock is from this machine's,
    and which models it lacks, in words.
    """

    facts: NodeFacts
    clock_s: float
    missing: tuple[str, ...]


async def look_on(
    node: str, arms: Sequence[Arm], context: Callable[[str], ProviderContext], suite_dir: str
) -> Seen:
    """Look at one node, by a process that ends with the look.

    Raises:
        BenchError: the process ended before it had looked.
    """
    ray = _ray()
    affinity = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node, soft=False)
    task = ray.remote(num_cpus=0, max_retries=0, scheduling_strategy=affinity)(_looked)
    before = time.time()
    try:
        facts, then, missing = await task.remote(tuple(arms), context, suite_dir)
    except ray.exceptions.RayError as error:
        hint = "does the node have the same ClaimBench, Python and Ray?"
        raise BenchError(f"no look at node {node[:12]}: {_how(error)}", hint=hint) from error
    after = time.time()
    # A clock between both readings of ours is right, as far as can be told.
    off = min(then - before, 0.0) if then < before else max(then - after, 0.0)
    return Seen(facts, off, missing)


def _looked(
    arms: Sequence[Arm], context: Callable[[str], ProviderContext], suite_dir: str
) -> tuple[NodeFacts, float, tuple[str, ...]]:  # on the node
    then = time.time()
    return look_here(), then, models_missing(arms, context, suite_dir)


def look_here() -> NodeFacts:
    """Say what the node is that this process runs on, by Ray's own account of it."""
    import ray

    context = ray.get_runtime_context()
    node = context.get_node_id()
    labels: Mapping[str, str] = {}
    for row in ray.nodes():
        if row.get("NodeID") == node:
            labels = dict(row.get("Labels") or {})
    gpus = [str(number) for number in context.get_accelerator_ids().get("GPU", [])]
    return look_at_node(node[:12], labels, gpus)


def models_missing(
    arms: Sequence[Arm], context: Callable[[str], ProviderContext], suite_dir: str
) -> tuple[str, ...]:
    """Say what the arms' providers lack here, without loading a model."""
    from claimbench.plugins import PROVIDERS, installed

    found: list[str] = []
    for arm in arms:
        point = installed(PROVIDERS).get(arm.provider)
        if point is None:
            found.append(f"it has no provider {arm.provider!r}")
            continue
        made = point.load()(arm, context(suite_dir))
        look = getattr(made, "not_here", None)
        why = made.missing() or (None if look is None else look())
        if why is not None:
            found.append(f"{arm.name}: {why}")
    return tuple(dict.fromkeys(found))


class _RemoteNode(NodeEngine):
    """The actor: learns from Ray where it runs."""

    def __init__(self, setup: NodeSetup) -> None:
        super().__init__(setup, look_here())


def check_version(facts: NodeFacts) -> str | None:
    """Return how a node's ClaimBench differs from this one, or None."""
    if facts.version == __version__:
        return None
    return f"node {facts.place.node} has ClaimBench {facts.version}, this process {__version__}"


def _check_open(address: str, host: str, port: int) -> None:
    try:
        with socket.create_connection((host, port), CONNECT_S):
            return
    except OSError as error:
        why = "no answer within 5 s" if isinstance(error, TimeoutError) else str(error)
        raise BenchError(
            f"no Ray cluster answers at {address}: {why}",
            hint="start one with `ray start --head`, or give --address local, auto, HOST:6379 (from"
            " a machine of the cluster) or ray://HOST:10001 (from any other)",
        ) from error


def _not_connected(address: str, error: Exception) -> BenchError:
    said = _first_line(error)
    if isinstance(error, ModuleNotFoundError | ImportError):
        said += f" ({INSTALL})"
    if "ersion mismatch" in str(error):
        said = " ".join(str(error).split())[:400]
        hint = "install the same versions of Ray and Python here and on the cluster"
    elif address == "auto":
        hint = "start one with `ray start --head`, or let the run start its own: --address local"
    else:
        hint = "`ray status` on the cluster says whether it is up; bench doctor --address checks it"
    return BenchError(f"no Ray cluster could be reached at {address}: {said}", hint=hint)


def _first_line(error: object) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300]


def _how(error: Any) -> str:
    """Say in a line how an engine was lost."""
    text = " ".join(str(error).split())
    text = text.partition(" Some common causes")[0].strip()
    for mark in ("Cause:", "The actor died because", "The actor is dead because"):
        _, found, rest = text.partition(mark)
        if found:
            return (rest.strip() or text)[:200]
    return f"{type(error).__name__}: {text[:200]}"


def _say_nothing_of_workers() -> None:
    """Keep Ray from printing a page when a worker ends: the run says in a line what that means.

    No option of Ray's does; where its inside has changed, the page is printed after all.
    """
    with contextlib.suppress(ImportError):
        from ray._private import worker

        worker.print_to_stdstream = lambda *_given, **_named: None


@contextlib.contextmanager
def _quietly() -> Any:
    """Keep Ray's notes about itself out of the run's output."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
