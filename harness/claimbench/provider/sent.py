"""What goes out with a request: which of the suite's parameters, with which values, and which not.

A provider that says so has a method ``sent(request) -> Sent``; it reads the values out of the very
body that it would send, so that nothing can be declared and not sent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from claimbench.errors import ProviderError
from claimbench.types import Json, Request, ToolSpec

PARAMETERS = (
    "temperature",
    "top_p",
    "seed",
    "stop",
    "reasoning_effort",
    "answer_constraint",
    "max_tokens",
    "tools",
    "tool_choice",
)
"""The parameters of a suite, by the names that a suite gives them."""

OMISSIBLE = ("temperature", "top_p", "seed", "stop", "reasoning_effort")
"""Parameters that an arm may leave out by ``omit``."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The parameters of one request as they go out.

    Attributes:
        values: parameter -> value as sent; one that is not there is not sent, and the provider's
            default holds. The seed is the declared one: calls of later epochs add their number.
        added: whatever else the request holds that changes answers or dollars, by its name.
        refused: parameter that was asked for -> why the protocol, host or model cannot carry it.
        omitted: parameters that were asked for and that the arm leaves out by ``omit``.
        here: parameters that are applied on this machine, after the answer has come.
    """

    values: Mapping[str, Json]
    added: Mapping[str, Json] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    omitted: tuple[str, ...] = ()
    here: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Json]:
        """Return it for the manifest."""
        return {
            "values": dict(self.values),
            "added": dict(self.added),
            "omitted": list(self.omitted),
            "here": list(self.here),
        }


@runtime_checkable
class SaysSent(Protocol):
    """A provider, or what wraps one, that says what it sends."""

    def sent(self, request: Request) -> Sent:
        """Return what goes out with ``request``. No I/O."""
        ...


def sent_by(provider: object, request: Request) -> Sent | None:
    """Return what a provider sends with ``request``; None for one that does not say (a plugin), or
    that refuses such a request altogether.
    """
    says = getattr(provider, "sent", None)
    if not callable(says):
        return None
    try:
        found = says(request)
    except ProviderError:
        return None
    return found if isinstance(found, Sent) else None


def asked(request: Request) -> dict[str, Json]:
    """Return the parameters that the suite sets for ``request``."""
    params = request.params
    values: dict[str, Json] = {
        "temperature": params.temperature,
        "top_p": params.top_p,
        "seed": params.seed,
        "stop": list(request.stop) or None,
        "reasoning_effort": params.reasoning_effort,
        "max_tokens": request.max_tokens,
        "tools": tools_text(request.tools) if request.tools else None,
        "tool_choice": request.tool_choice if request.tools else None,
    }
    return {name: value for name, value in values.items() if value is not None}


def tools_text(tools: Sequence[ToolSpec]) -> str:
    """Name tools in one line that differs as soon as anything of them does."""
    told = [[tool.name, tool.description, tool.parameters] for tool in tools]
    digest = hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode())
    names = ", ".join(tool.name for tool in tools[:8])
    more = f" and {len(tools) - 8} more" if len(tools) > 8 else ""
    return f"{names}{more} ({digest.hexdigest()[:12]})"


def call_seed(request: Request) -> int | None:
    """Return the seed to send: the call's own, if the suite or the arm declares one."""
    if request.params.seed is None:
        return None
    return request.seed if request.seed is not None else request.params.seed
