"""What runs on a node: one engine with its model; and what the node says of itself."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from claimbench._version import __version__
from claimbench.clock import SystemClock
from claimbench.errors import BenchError, ModelError, ProviderError, ServerFault
from claimbench.machine import provenance
from claimbench.provider.contract import InProcessProvider, ProviderContext, ProviderFactory
from claimbench.provider.device import Device
from claimbench.provider.device_worker import WorkerProvider
from claimbench.run.senders.frames import Started
from claimbench.types import Arm, ArmFacts, Event, Json, Meta, Place, Request

NODE_TYPE_VARIABLE = "BENCH_NODE_TYPE"
"""Environment variable of a node that names its type, where no label of the cluster does."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class NodeSetup:
    """Hold what a node needs to make an engine: functions by name, no file and no key.

    ``context`` makes the node's own :class:`ProviderContext` (its environment, its models) for the
    folder of the suite, which is looked for at the same path.
    """

    arm: Arm
    factory: ProviderFactory
    context: Callable[[str], ProviderContext]
    suite_dir: str


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """Hold what a node is. ``gpu``: names of the GPUs that the engine was given."""

    place: Place
    version: str
    host: Mapping[str, Json]
    gpu: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """Hold what one attempt gave: events with the node's stamps, and the fault that ended it."""

    events: tuple[Event, ...]
    fault: ProviderError | None = None
    cancelled: bool = False


def clock_id() -> str:
    """Return a name for this machine's monotonic clock: it begins anew with every boot."""
    try:
        boot = _BOOT_ID.read_text().strip()
    except OSError:
        boot = f"{os.getpid()} {time.time_ns() - time.monotonic_ns()}"
    return "monotonic-" + hashlib.sha256(boot.encode()).hexdigest()[:12]


def look_at_node(node: str, labels: Mapping[str, str], gpus: Sequence[str] = ()) -> NodeFacts:
    """Say what this node is; ``labels`` are those that the cluster gives it."""
    host = provenance.host_facts()
    named = labels.get(NODE_TYPE_LABEL) or os.environ.get(NODE_TYPE_VARIABLE)
    place = Place(
        node=node,
        machine=str(host.get("host") or node),
        node_type=named or usual_type(host, labels),
        clock=clock_id(),
    )
    return NodeFacts(place, __version__, host, tuple(gpus))


NODE_TYPE_LABEL = "bench-node-type"
"""Label of a cluster's node that names its type: ``ray start --labels bench-node-type=h100``."""
_ACCELERATOR = "ray.io/accelerator-type"


def usual_type(host: Mapping[str, Json], labels: Mapping[str, str]) -> str:
    """Return a node's type where nobody named it: its accelerator, else its processor, and its
    cores.
    """
    what = labels.get(_ACCELERATOR) or str(host.get("cpu") or "unknown processor")
    return f"{what} x {host.get('cores') or '?'} cores"


@dataclass
class NodeEngine:
    """One engine on a node. Everything that is asked of it is asked by :class:`~.pool.Pool`."""

    setup: NodeSetup
    node: NodeFacts
    _worker: WorkerProvider | None = None
    _running: dict[str, asyncio.Task[tuple[Event, ...]]] = field(default_factory=dict)

    async def look(self) -> NodeFacts:
        """Say what the node is."""
        return self.node

    async def alive(self) -> None:
        """Return never: who waits for it learns of the process's end."""
        await asyncio.Event().wait()

    async def load(self) -> Started:
        """Make the engine and load its model."""
        try:
            arm = with_threads(self.setup.arm)
            made = self.setup.factory(arm, self.setup.context(self.setup.suite_dir))
            if not isinstance(made, InProcessProvider):
                return Started(None, f"{arm.provider} runs in no process of ours")
            if (why := made.missing()) is not None:
                return Started(None, why)
            self._worker = WorkerProvider(made, Device("node"), SystemClock())
            return Started(await self._worker.start())
        except BenchError as error:
            return Started(None, error.message, error.hint)
        except (OSError, RuntimeError, ValueError, MemoryError, ImportError) as error:
            return Started(None, f"{type(error).__name__}: {error}")

    async def share_prefix(self, key: str, requests: Sequence[Request]) -> float:
        """Tell the engine which prompts come under ``key``; seconds it took."""
        return await self._engine().share_prefix(key, requests)

    async def attempt(self, request: Request) -> Reply:
        """Make one attempt."""
        task = asyncio.ensure_future(self._events(request))
        self._running[request.call_id] = task
        try:
            return Reply(await task)
        except asyncio.CancelledError:
            return Reply((), cancelled=True)
        except _Broken as broken:
            return Reply(broken.events, broken.fault)
        finally:
            self._running.pop(request.call_id, None)

    async def _events(self, request: Request) -> tuple[Event, ...]:
        events: list[Event] = []
        try:
            async for event in self._engine().stream(request):
                events.append(event)
        except ProviderError as fault:
            raise _Broken(tuple(events), fault) from None
        except Exception as error:  # noqa: BLE001 - a part of the attempt, which is where faults are sorted
            bug = ServerFault(f"provider bug: {type(error).__name__}: {error}")
            raise _Broken(tuple(events), bug) from None
        return tuple(events)

    async def stop(self, call_id: str) -> None:
        """Cancel the attempt of a call, if it is under way."""
        task = self._running.get(call_id)
        if task is not None:
            task.cancel()

    async def close(self) -> None:
        """Free the model."""
        worker = self._worker
        self._worker = None
        if worker is not None:
            with contextlib.suppress(BenchError):
                await worker.close()

    def _engine(self) -> WorkerProvider:
        if self._worker is None:
            raise ModelError(f"arm {self.setup.arm.name!r} is not loaded")
        return self._worker


class _Broken(Exception):
    def __init__(self, events: tuple[Event, ...], fault: ProviderError) -> None:
        super().__init__(str(fault))
        self.events = events
        self.fault = fault


def cores_of(arm: Arm) -> int:
    """Return the processor cores that one engine of the arm takes: as stated, else its threads,
    else one.
    """
    if arm.resources is not None and arm.resources.cores is not None:
        return arm.resources.cores
    threads = arm.options.get("n_threads")
    return threads if isinstance(threads, int) and threads > 0 else 1


def with_threads(arm: Arm) -> Arm:
    """Return the arm with as many threads as it has cores, where it states none and its provider
    has threads.
    """
    if arm.provider != "llama_cpp" or "n_threads" in arm.options:
        return arm
    return replace(arm, options={**arm.options, "n_threads": cores_of(arm)})


def on_the_drivers_clock(
    events: Sequence[Event], place: Place, handed_ns: int
) -> tuple[list[Event], int | None]:
    """Move an attempt's stamps so that its start stands where the driver handed it over; durations
    stay the node's.

    Returns:
        The events, the head with its place, and how long the attempt took on the node, ns; None
        where the node made no stamp.
    """
    head = events[0] if events else None
    if not isinstance(head, Meta) or head.sent_ns is None:
        return list(events), None
    offset = head.sent_ns - handed_ns
    moved: list[Event] = []
    last = head.sent_ns
    for event in events:
        if event.received_ns is not None:
            last = max(last, event.received_ns)
            event = replace(event, received_ns=event.received_ns - offset)
        if isinstance(event, Meta):
            event = replace(event, sent_ns=handed_ns, place=replace(place, offset_ns=offset))
        moved.append(event)
    return moved, last - head.sent_ns


def as_row(facts: NodeFacts, loaded: ArmFacts) -> dict[str, Any]:
    """Write what is known of one engine's node for the manifest."""
    host = facts.host
    kept = ("cpu", "cores", "memory_bytes", "os", "python", "container", "region")
    details = loaded.details
    return {
        "node": facts.place.node,
        "machine": facts.place.machine,
        "node_type": facts.place.node_type,
        "clock": facts.place.clock,
        "gpu": list(facts.gpu) or None,
        "host": {key: host[key] for key in kept if host.get(key) is not None},
        "model_sha256": loaded.model_sha256,
        "engine": details.get("llama_cpp_python"),
        "engine_build": details.get("system_info") or details.get("build"),
        "load_seconds": loaded.load_seconds,
    }
