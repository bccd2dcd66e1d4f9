"""What a provider is.

A provider translates between a :class:`~claimbench.types.Request` and a stream of
:data:`~claimbench.types.Event`. It never retries, prices, scores or reads a clock. Faults are
raised as :class:`~claimbench.errors.ProviderError`; anything else that escapes is a bug and becomes
``server_fault`` with its type.

Two shapes exist, because the two kinds of work are timed at different places:

* :class:`Provider` - asynchronous, for endpoints. Events that came through the core's transport
  carry its ``received_ns``; a provider that cannot know it (an SDK) leaves ``None`` and the core
  stamps the event on arrival.
* :class:`InProcessProvider` - a plain generator, for engines in this process. The core runs it on
  the worker thread of its device and stamps every event there.

Both are made by a *factory* named in the entry-point group ``claimbench.providers``: ``factory(arm:
Arm, context: ProviderContext) -> Provider | InProcessProvider``. A factory must be cheap: models
are loaded and connections opened in ``start``.

The run works with an :class:`ArmProvider`, which says besides where its calls are worked on.
:func:`claimbench.provider.adapters.as_provider` makes one of either shape, so that a plugin need
not say any of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from claimbench.clock import Clock
from claimbench.provider.device import Device
from claimbench.transport.pump import Pump
from claimbench.types import Arm, ArmFacts, ConstraintKind, Event, Request, StampSource


def _unheard(_what: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class ProviderContext:
    """Hold what the core hands to a provider: where models are cached, the environment, and which
    hosts are allowed.
    """

    clock: Clock
    environ: Mapping[str, str]
    models_dir: Path
    suite_dir: Path
    offline: bool = False
    options: Mapping[str, object] = field(default_factory=dict)
    connect_timeout_s: float = 10.0
    """How long ``start`` may try to open a connection; each request says its own."""
    pump: Pump = field(default_factory=Pump)
    """Reads the sockets of all the run's clients; hand it to
    :class:`claimbench.transport.client.HttpClient`.
    """
    model_path: Callable[[str], Path] | None = None
    """Finds the file of a local model by its name; raises ModelError where it is not here."""
    progress: Callable[[str], None] = _unheard
    """Told what a start is doing, for whoever waits: "loading 40 %"."""


@dataclass(frozen=True, slots=True)
class ContinuationScore:
    """Hold the log-probability of one continuation after a prefix (natural log), and whether greedy
    decoding would give it.
    """

    logprob: float
    is_greedy: bool
    tokens: int


@runtime_checkable
class Provider(Protocol):
    """Answer requests at an endpoint. ``stamp_source`` says where its stamps come from.

    One that ends every attempt by itself, after ``connect_timeout_s`` for connecting and
    ``timeout_s`` for the rest, may say so with ``keeps_timeouts = True``; the loop then sets no
    timer of its own.
    """

    stamp_source: StampSource

    def missing(self) -> str | None:
        """Return why the arm cannot run here (``"OPENAI_API_KEY is not set"``), or None. No I/O."""
        ...

    def constraint(self, request: Request) -> ConstraintKind:
        """Say how this provider would enforce the request's answer space."""
        ...

    async def start(self) -> ArmFacts:
        """Open what is needed; raises BenchError (environment) or ProviderError."""
        ...

    def stream(self, request: Request) -> AsyncIterator[Event]:
        """Make one attempt. Its events end with Done, or it raises ProviderError. Closing it, or
        cancelling its reader, stops it.
        """
        ...

    async def close(self) -> None:
        """Release everything; idempotent."""
        ...


@runtime_checkable
class ArmProvider(Provider, Protocol):
    """Serve an arm, as the run works with it: say also where calls are worked on.

    One written against :class:`Provider` alone gets the defaults, which are those of an endpoint:
    ``device = None``, ``lanes_ahead = 0``, ``remote = True``, and ``ended`` that gives None.

    Attributes:
        device: hardware of this machine whose turn each call takes; None: calls only share the
            arm's slots.
        lanes_ahead: how many calls may be prepared while the arm's slots are all taken.
        remote: whether calls go to an endpoint, whose key's limits the loop learns and keeps.
    """

    device: Device | None
    lanes_ahead: int
    remote: bool

    async def ended(self) -> str | None:
        """Return how the server that the run started for the arm has ended; None if it runs, or
        none was started. Asked when a connection was lost.
        """
        ...


@runtime_checkable
class InProcessProvider(Protocol):
    """Answer requests with an engine in this process. All methods run on one worker thread per
    device.
    """

    def missing(self) -> str | None:
        """See :meth:`Provider.missing`."""
        ...

    def constraint(self, request: Request) -> ConstraintKind:
        """See :meth:`Provider.constraint`."""
        ...

    def load(self) -> ArmFacts:
        """Load the model; raises ModelError or IntegrityError."""
        ...

    def generate(self, request: Request) -> Iterator[Event]:
        """Make one attempt, as a generator of events with ``received_ns=None``; closing it stops
        the engine.
        """
        ...

    def loglikelihood(self, prefix: str, continuations: Sequence[str]) -> list[ContinuationScore]:
        """Score continuations after one shared prefix, or raise NotImplementedError."""
        ...

    def unload(self) -> None:
        """Free the model; idempotent."""
        ...


@runtime_checkable
class SharesPrefixes(Protocol):
    """Keep the computation of a prompt prefix that all requests of a task share."""

    def share_prefix(self, key: str, requests: Sequence[Request]) -> int:
        """Tell which prompts come under ``key``; returns the tokens they share. Answers then depend
        on no order.
        """
        ...


@runtime_checkable
class Interruptible(Protocol):
    """Let the running ``generate`` be stopped from another thread."""

    def interrupt(self) -> None:
        """Make the running ``generate`` raise Timeout soon."""
        ...


ProviderFactory = Callable[[Arm, ProviderContext], Provider | InProcessProvider]
