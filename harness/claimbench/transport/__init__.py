"""The streaming HTTP client that makes the stamps of endpoints.

``client`` opens connections before a request's time starts, ``exchange`` and ``connection`` speak
HTTP/1.1, ``pump`` reads all sockets, ``stamps`` asks the kernel when bytes came, ``sse`` cuts
events, ``timeouts`` ends what takes too long, ``proxy`` goes through one. It knows no vendor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claimbench._lazy import lazy

if TYPE_CHECKING:
    from claimbench.transport.client import HttpClient, Target
    from claimbench.transport.connection import Traffic
    from claimbench.transport.exchange import Limits, Reply
    from claimbench.transport.sse import Sse, sse_events
    from claimbench.transport.timeouts import Timeouts

__all__ = ["HttpClient", "Limits", "Reply", "Sse", "Target", "Timeouts", "Traffic", "sse_events"]
__getattr__ = lazy(
    __name__,
    {
        "HttpClient": "client",
        "Limits": "exchange",
        "Reply": "exchange",
        "Sse": "sse",
        "Target": "client",
        "Timeouts": "timeouts",
        "Traffic": "connection",
        "sse_events": "sse",
    },
)
