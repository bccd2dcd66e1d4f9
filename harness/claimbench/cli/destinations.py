"""Where each arm's prompts go, what leaves this machine, and what its dollars rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from claimbench.pricing.price_lists.book import PriceBook
    from claimbench.types import Arm, Suite


@dataclass(frozen=True, slots=True)
class Destination:
    """One arm or judge.

    Attributes:
        arm: its name.
        host: whom the prompts are sent to; None: they stay in this process.
        leaves: what leaves this machine, in words.
        dollars: what its dollars rest on, in words.
    """

    arm: str
    host: str | None
    leaves: str
    dollars: str

    @property
    def line(self) -> str:
        """Return it as one line of text."""
        to = "prompts stay in this process" if self.host is None else f"prompts go to {self.host}"
        return f"{self.arm}: {to}; {self.leaves}; dollars: {self.dollars}"


def destinations(
    suite: Suite, providers: Mapping[str, object], book: PriceBook
) -> list[Destination]:
    """Return one entry per arm and judge whose provider is given. No I/O."""
    from claimbench.pricing.arms import resolve_arm

    found = []
    for arm in suite.asked:
        if arm.name not in providers:
            continue
        host = _host(arm, providers[arm.name])
        price = resolve_arm(arm, book)
        if price.basis == "host_time":
            dollars = "the hours of your machine (cost.host)"
        elif price.basis is None:
            dollars = f"unknown ({price.why_unknown})" if price.why_unknown else "unknown"
        elif price.price is not None:
            dated = f", {price.price.dated}" if price.price.dated else ""
            dollars = f"{price.price.id} ({price.price.source or 'the price book'}{dated})"
        else:
            dollars = price.basis
        found.append(Destination(arm.name, host, _leaves(suite, arm, host), dollars))
    return found


def _host(arm: Arm, provider: object) -> str | None:
    if arm.serve is not None:
        return "a server that the run starts on this machine"
    goes_to = getattr(provider, "goes_to", None)
    if not callable(goes_to):
        return f"whom the provider {arm.provider!r} asks (it does not say)"
    address = goes_to()
    if address is None:
        return None
    place = urlsplit(str(address))
    return place.netloc.rpartition("@")[2] or str(address)


def _leaves(suite: Suite, arm: Arm, host: str | None) -> str:
    from claimbench.privacy.egress import is_here

    name = (urlsplit(f"//{host}").hostname or "") if host and " " not in host else ""
    if host is None or arm.serve is not None or is_here(name or host):
        return "nothing leaves this machine"
    if arm in suite.judges:
        said = "rows, right answers and the arms' answers leave this machine"
    else:
        said = "rows and examples leave this machine, the right answers of rows do not"
    masked = [task.name for task in suite.tasks if task.masked is not None]
    return f"{said}; masked first in {', '.join(masked)}" if masked else said
