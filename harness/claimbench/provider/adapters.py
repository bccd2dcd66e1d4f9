"""What a factory has made, as the run works with it: an :class:`~.contract.ArmProvider`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from claimbench.clock import Clock
from claimbench.provider.contract import ArmProvider, InProcessProvider, Provider
from claimbench.provider.device import Device
from claimbench.provider.device_worker import WorkerProvider
from claimbench.types import ArmFacts, ConstraintKind, Event, Request, StampSource


class EndpointProvider:
    """Add the defaults of an endpoint to a plain :class:`~.contract.Provider`.

    Everything else that the provider offers (``traffic``, ``keeps_timeouts``) is asked of it.
    """

    device: Device | None = None
    lanes_ahead = 0
    remote = True
    stamp_source: StampSource  # the provider's own, by __getattr__

    def __init__(self, inner: Provider) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def missing(self) -> str | None:
        """See :meth:`Provider.missing`."""
        return self._inner.missing()

    def constraint(self, request: Request) -> ConstraintKind:
        """See :meth:`Provider.constraint`."""
        return self._inner.constraint(request)

    async def start(self) -> ArmFacts:
        """See :meth:`Provider.start`."""
        return await self._inner.start()

    def stream(self, request: Request) -> AsyncIterator[Event]:
        """Return the provider's own stream: nothing stands between it and the attempt."""
        return self._inner.stream(request)

    async def ended(self) -> str | None:
        """Return None: the run has started no server for it."""
        return None

    async def close(self) -> None:
        """See :meth:`Provider.close`."""
        await self._inner.close()


def as_provider(
    made: Provider | InProcessProvider, device: Device | None, clock: Clock
) -> ArmProvider:
    """Wrap what a factory has made: an engine gets a thread, an endpoint its defaults.

    A provider that says all of :class:`~.contract.ArmProvider` itself passes unchanged.
    """
    if isinstance(made, ArmProvider):
        return made
    if isinstance(made, InProcessProvider):
        return WorkerProvider(made, device or Device("cpu"), clock)
    return EndpointProvider(made)
