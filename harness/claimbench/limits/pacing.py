"""An arm's declared limits, requests and tokens per minute, spent evenly."""

from __future__ import annotations

import asyncio
import math

from claimbench.types import RateLimits

DECLARED_MARGIN = 0.03
"""A declared limit is used up to this share below it: clocks and windows differ."""
CHARS_PER_TOKEN = 3.5


class Pacer:
    """Spends a budget of units per minute evenly, with one second of slack. Not shared between
    arms.
    """

    def __init__(self, per_minute: float, margin: float = DECLARED_MARGIN) -> None:
        self._ns_per_unit = 60e9 / (per_minute * (1 - margin))
        self._next_ns = 0.0

    def ready_ns(self) -> int:
        """Return when the next request may go."""
        return math.ceil(self._next_ns)

    def spend(self, units: float, now_ns: int) -> None:
        """Count ``units`` as used now; negative units give back what was counted too much."""
        if units >= 0:
            slack_ns = max(0.0, 1e9 - units * self._ns_per_unit)
            self._next_ns = max(self._next_ns, now_ns - slack_ns)
        self._next_ns += units * self._ns_per_unit


class ArmPace:
    """The declared limits of one arm: requests and tokens per minute."""

    def __init__(self, limits: RateLimits) -> None:
        self._requests = Pacer(limits.rpm) if limits.rpm else None
        self._tokens = Pacer(limits.tpm) if limits.tpm else None
        self._mean_tokens: float | None = None
        self.turn = asyncio.Lock()

    def ready_ns(self) -> int:
        """Return when the next request of the arm may go."""
        return max(
            (pacer.ready_ns() for pacer in (self._requests, self._tokens) if pacer is not None),
            default=0,
        )

    def spend(self, characters: int, max_tokens: int, now_ns: int) -> float:
        """Count one request; return the tokens it was taken for: the mean so far, the worst case at
        first.
        """
        tokens = (
            self._mean_tokens
            if self._mean_tokens is not None
            else characters / CHARS_PER_TOKEN + max_tokens
        )
        if self._requests is not None:
            self._requests.spend(1, now_ns)
        if self._tokens is not None:
            self._tokens.spend(tokens, now_ns)
        return tokens

    def settle(self, assumed: float, used: int | None, now_ns: int) -> None:
        """Replace the assumed tokens by what the provider reports."""
        if used is None:
            return
        if self._tokens is not None:
            self._tokens.spend(used - assumed, now_ns)
        self._mean_tokens = (
            used if self._mean_tokens is None else 0.9 * self._mean_tokens + 0.1 * used
        )
