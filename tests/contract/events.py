"""What a provider says in one attempt, from its start to its end."""

from __future__ import annotations

from typing import Any

from claimbench.errors import ProviderError
from claimbench.types import Event, Request


async def events_of(provider: Any, request: Request) -> tuple[list[Event], ProviderError | None]:
    """Start the provider, ask once, close it: the events, and the fault that ended them."""
    await provider.start()
    found: list[Event] = []
    try:
        async for event in provider.stream(request):
            found.append(event)
    except ProviderError as error:
        return found, error
    finally:
        await provider.close()
    return found, None
