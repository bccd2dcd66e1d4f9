"""Whom an arm's prompts were sent to, as far as a suite and what its provider told say.

Claims that data stay, requirements on ``prompts_go_to`` and the report's "Prompts go to" all take
it from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from claimbench.privacy.egress import is_here
from claimbench.suite.purpose.cluster_address import place_of
from claimbench.types import Arm, Suite

HERE = "this machine"
STARTED = "a server that the run started on this machine"
IN_PROCESS = "llama_cpp"
"""The provider whose models run in the measuring process, where no cluster runs them."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who was sent an arm's prompts.

    ``process``: the measuring process itself. ``server``: one on this machine, which may send on;
    ``host`` is its address, empty where the run started it. ``cluster``: nodes at ``host``, empty
    where the address names no machine. ``host``: another machine. ``unknown``: nobody says.
    """

    kind: Literal["process", "server", "cluster", "host", "unknown"]
    host: str = ""

    @property
    def elsewhere(self) -> str | None:
        """Return the other machine that prompts went to; None where none is known of."""
        away = self.kind in ("host", "cluster") and self.host and not is_here(self.host)
        return self.host if away else None

    @property
    def told(self) -> str:
        """Return it in words."""
        if self.kind == "process":
            return HERE
        if self.kind == "server":
            where = f"a server on this machine ({self.host})" if self.host else STARTED
            return f"{where}; what it sends on is not seen"
        if self.kind == "cluster":
            return "the nodes of a Ray cluster" + (f" at {self.host}" if self.host else "")
        return self.host or "not known"


def receiver_of(suite: Suite, arm: Arm, facts: Mapping[str, Any] | None) -> Receiver:
    """Return who was sent an arm's prompts.

    Args:
        suite: says whether a cluster runs its arms.
        arm: of the suite.
        facts: what the arm's provider told when it started (of the manifest); None: nothing.
    """
    told: Any = (facts or {}).get("details")
    details: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    cluster: Any = suite.options.get("engine")
    if details.get("engine") == "ray" or (cluster and arm.provider == IN_PROCESS):
        place = place_of(str((cluster or {}).get("address") or ""))
        return Receiver("cluster", place[0] if place else "")
    if arm.serve is not None:
        return Receiver("server")
    if arm.provider == IN_PROCESS:
        return Receiver("process")
    stated = details.get("base_url")
    address = stated if isinstance(stated, str) else arm.base_url
    if not address:
        return Receiver("unknown")
    place_named = urlsplit(address if "://" in address else f"http://{address}")
    host = place_named.hostname or address
    if is_here(host):
        return Receiver("server", place_named.netloc.rpartition("@")[2])
    return Receiver("host", host)
