"""What a plugin needs to be a provider; see :mod:`claimbench.provider.contract`."""

from __future__ import annotations

from claimbench.provider.contract import (
    ArmProvider,
    ContinuationScore,
    InProcessProvider,
    Interruptible,
    Provider,
    ProviderContext,
    ProviderFactory,
    SharesPrefixes,
)
from claimbench.provider.sent import SaysSent, Sent

__all__ = [
    "ArmProvider",
    "ContinuationScore",
    "InProcessProvider",
    "Interruptible",
    "Provider",
    "ProviderContext",
    "ProviderFactory",
    "SaysSent",
    "Sent",
    "SharesPrefixes",
]
