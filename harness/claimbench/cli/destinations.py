"""Where each arm's prompts go and with which key, what a run starts, what leaves this machine, and
what its dollars rest on.
"""

from __future__ import annotations

import ipaddress
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from claimbench.cli.scaling.options import LOCAL_CLUSTER, cluster_in_words
from claimbench.provider.contract import InProcessProvider
from claimbench.provider.served_environment import taken

if TYPE_CHECKING:
    from claimbench.pricing.price_lists.book import PriceBook
    from claimbench.types import Arm, Suite

STARTED = "a server that the run starts on this machine"
HERE = (STARTED, LOCAL_CLUSTER)
"""Whom prompts go to without leaving this machine, beside this process."""


@dataclass(frozen=True, slots=True)
class Destination:
    """One arm or judge.

    Attributes:
        arm: its name.
        host: whom the prompts are sent to; None: they stay in this process.
        leaves: what leaves this machine, in words.
        dollars: what its dollars rest on, in words.
        key: name of the key that is sent along, never its value; None: none is.
        starts: command that the run starts for it; None: none.
        given: variables of the user's environment that this command is given by name.
        environment: what the suite sets for it, ``NAME=value``.
        health: address beyond this machine that is asked whether it is ready; None: none is.
        unencrypted: prompts (and the key) leave this machine over plain http.
    """

    arm: str
    host: str | None
    leaves: str
    dollars: str
    key: str | None = None
    starts: tuple[str, ...] | None = None
    given: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    health: str | None = None
    unencrypted: bool = False

    @property
    def line(self) -> str:
        """Return it as one line of text."""
        if self.host is None:
            to, key = "prompts stay in this process", ""
        else:
            to, key = f"prompts go to {self.host}{self._open}", f"; key: {self.key or 'none'}"
        return f"{self.arm}: {to}; {self.leaves}; dollars: {self.dollars}{key}"

    @property
    def going(self) -> str:
        """Return whom prompts go to and with which key, in words."""
        key = "no key" if self.key is None else f"the key {self.key}"
        return f"prompts go to {self.host} with {key}{self._open}"

    @property
    def _open(self) -> str:
        if not self.unencrypted:
            return ""
        read = "prompts can" if self.key is None else "prompts and key can"
        return f", UNENCRYPTED (http): {read} be read and changed on the way"

    @property
    def starting(self) -> str | None:
        """Return the command that is started, in words; None: there is none."""
        if self.starts is None:
            return None
        more = [f"sets {one_line(one)}" for one in self.environment]
        more += [f"given from your environment: {name}" for name in self.given]
        if self.health is not None:
            more.append(f"asks {one_line(self.health)} whether it is ready")
        said = f" ({'; '.join(more)})" if more else ""
        return f"{self.arm}: starts: {one_line(shlex.join(self.starts))}{said}"


def one_line(text: str) -> str:
    """Return ``text`` with every character escaped that could end a line or hide a part of it."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def destinations(
    suite: Suite, providers: Mapping[str, object], book: PriceBook
) -> list[Destination]:
    """Return one entry per arm and judge whose provider is given. No I/O."""
    from claimbench.pricing.arms import resolve_arm
    from claimbench_providers.endpoints.known_keys import key_names

    keys = key_names(suite, providers)
    found = []
    for arm in suite.asked:
        if arm.name not in providers:
            continue
        host = _host(arm, providers[arm.name])
        if isinstance(providers[arm.name], InProcessProvider):
            host = cluster_in_words(suite) or host
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
        leaves = _leaves(suite, arm, host)
        spec = arm.serve
        found.append(
            Destination(
                arm.name,
                host,
                leaves,
                dollars,
                one_line(keys[arm.name]) if arm.name in keys else None,
                None if spec is None else spec.command,
                () if spec is None else taken(spec.env),
                () if spec is None else _set_by_suite(spec.env),
                None if spec is None else _health_elsewhere(spec.health),
                _unencrypted(host, providers[arm.name]),
            )
        )
    return found


def _set_by_suite(env: Mapping[str, str]) -> tuple[str, ...]:
    by_name = taken(env)
    return tuple(f"{name}={value}" for name, value in env.items() if name not in by_name)


def _health_elsewhere(address: str) -> str | None:
    try:
        host = urlsplit(address.replace("{port}", "1")).hostname or ""
    except ValueError:
        return address
    return None if is_loopback(host) else address


def _host(arm: Arm, provider: object) -> str | None:
    goes_to = getattr(provider, "goes_to", None)
    if not callable(goes_to):
        return f"whom the provider {arm.provider!r} asks (it does not say)"
    address = goes_to()
    if address is None:
        return None
    place = urlsplit(str(address))
    if arm.serve is not None and is_loopback(place.hostname or ""):
        return STARTED
    return one_line(_ascii(place.netloc.rpartition("@")[2] or str(address)))


def _unencrypted(host: str | None, provider: object) -> bool:
    from claimbench.privacy.egress import is_here

    goes_to = getattr(provider, "goes_to", None)
    if host in (None, STARTED) or not callable(goes_to):
        return False
    place = urlsplit(str(goes_to()))
    return place.scheme == "http" and not is_here(place.hostname or "")


def _ascii(host: str) -> str:
    """Return a host with the letters that go out: a name in another script may look like ours."""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host.encode("unicode_escape").decode("ascii")


def is_loopback(host: str) -> bool:
    """Return whether a host name or address never leaves this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _leaves(suite: Suite, arm: Arm, host: str | None) -> str:
    from claimbench.privacy.egress import is_here

    name = (urlsplit(f"//{host}").hostname or "") if host and " " not in host else ""
    if host == STARTED or (host is not None and host not in HERE and is_here(name or host)):
        return "nothing leaves this machine by the run; what that server sends on is not seen"
    if host is None or host in HERE:
        return "nothing leaves this machine"
    if arm in suite.users:
        said = "rows, what the user is told of them and the arms' answers leave this machine"
    elif arm in suite.judges:
        said = "rows, right answers and the arms' answers leave this machine"
    else:
        said = "rows and examples leave this machine, the right answers of rows do not"
    masked = [task.name for task in suite.tasks if task.masked is not None]
    return f"{said}; masked first in {', '.join(masked)}" if masked else said
