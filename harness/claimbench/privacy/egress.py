"""Which hosts this process connected to, by Python's audit events; and, on request, none but the
suite's endpoints.

What audit events do not see is named by :func:`unwatched`: a C library's own sockets, and processes
that we start.
"""

from __future__ import annotations

import ipaddress
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from claimbench.errors import BenchError
from claimbench.types import Arm, Json

KIND = "egress"
"""The kind of the derived rows that keep it, by session."""
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")


class EgressRefused(BenchError):
    """Something tried to reach a host that is not one of the suite's endpoints, in an offline
    run.
    """


def is_here(host: str) -> bool:
    """Return whether an address is this machine's own loopback."""
    if host in ("localhost", "") or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return False


class ConnectionCounter:
    """Counts connections by host and port from ``install`` on; with ``only``, refuses all others
    but loopback.

    An audit hook cannot be taken out again: after ``stop`` it does nothing.
    """

    def __init__(self, only: Collection[str] | None = None) -> None:
        self.connections: Counter[str] = Counter()
        self.names: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._only = None if only is None else frozenset(only)
        self._resolved = False
        self._on = False

    def install(self) -> None:
        """Begin."""
        self._on = True
        sys.addaudithook(self._hook)

    def stop(self) -> None:
        """End; the counts stay."""
        self._on = False

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._on or not event.startswith("socket."):
            return
        if event == "socket.getaddrinfo":
            self._name(arguments[0])
        elif event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            address = arguments[1]
            if isinstance(address, tuple) and len(address) >= 2:
                self._connect(str(address[0]), int(address[1]), event)

    def _name(self, host: Any) -> None:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
        if is_here(name):
            return
        self.names[name] += 1
        if self._only is None:
            return
        if name not in self._only:
            self.refused[name] += 1
            raise EgressRefused(
                f"offline: {name} is none of the suite's endpoints; nothing was sent"
            )
        self._resolved = True

    def _connect(self, host: str, port: int, event: str) -> None:
        if is_here(host):
            return
        if event == "socket.connect":
            self.connections[f"{host}:{port}"] += 1
        if self._only is not None and host not in self._only and not self._resolved:
            self.refused[host] += 1
            raise EgressRefused(
                f"offline: {host} is none of the suite's endpoints; nothing was sent"
            )


def endpoints(urls: Iterable[str | None], environ: Mapping[str, str]) -> frozenset[str]:
    """Return the hosts of the addresses that a suite's arms use, and of the proxies on the way."""
    proxies = [environ.get(name) or environ.get(name.upper()) for name in PROXY_VARIABLES]
    hosts: set[str] = set()
    for url in (*urls, *proxies):
        host = urlsplit(url if "://" in url else f"http://{url}").hostname if url else None
        if host:
            hosts.add(host)
    return frozenset(hosts)


def unwatched(arm: Arm) -> str | None:
    """Name what of an arm audit events cannot see; None if they see all of it."""
    if arm.serve is not None:
        return "the server that was started for it"
    if arm.provider == "llama_cpp":
        return "the sockets of llama.cpp's C library (it opens none that we know of)"
    return None


def traffic_rows(
    arms: Mapping[str, Arm], providers: Mapping[str, object], watch: ConnectionCounter
) -> dict[str, Json]:
    """Return rows by arm - the hosts that prompts went to, their bytes, what was not watched - and
    one of all hosts that the process connected to.
    """
    rows: dict[str, Json] = {}
    for name, provider in providers.items():
        traffic = getattr(provider, "traffic", None)
        hosts = None
        if traffic is not None:
            hosts = {
                host: {
                    "bytes_sent": one.bytes_sent,
                    "bytes_received": one.bytes_received,
                    "requests": one.requests,
                }
                for host, one in traffic.items()
            }
        hidden = (
            getattr(provider, "unwatched", None)
            or unwatched(arms[name])
            or (None if hosts is not None else "the SDK that carries them")
        )
        rows[f"arm/{name}"] = {"hosts": hosts, "unwatched": hidden}
    rows["process"] = {
        "connections": dict(watch.connections),
        "names": dict(watch.names),
        "refused": dict(watch.refused),
    }
    return rows


def said(name: str, row: Mapping[str, Any]) -> str:
    """Return one line for people on where an arm's prompts went."""
    return f"{name}: {told(row)}"


def told(row: Mapping[str, Any]) -> str:
    """Say in words where an arm's prompts went; that nothing left is said only where everything was
    watched.
    """
    hosts, hidden = row["hosts"], row["unwatched"]
    if hosts is None:
        return f"bytes not counted; not watched: {hidden}"
    away = {host: one for host, one in hosts.items() if not is_here(host.rpartition(":")[0])}
    servers = [f"what {host} on this machine sends on" for host in hosts if host not in away]
    hidden = ", ".join([*([hidden] if hidden else []), *servers])
    tail = f"; not watched: {hidden}" if hidden else ""
    if away:
        return (
            ", ".join(f"{one['bytes_sent']:,} bytes sent to {host}" for host, one in away.items())
            + tail
        )
    return f"no bytes to other machines seen{tail}" if hidden else "0 bytes left this machine"


def over_sessions(
    arms: Iterable[str], sessions: Mapping[str, Mapping[str, Any]]
) -> list[tuple[str, str]]:
    """Return arm and :func:`told` over all sessions of a run, and the other names that the process
    looked up.

    ``sessions``: number -> its rows; empty where a session was killed before it could count.
    Nothing is said of a run whose sessions were all not watched (an imported one).
    """
    if not any(sessions.values()):
        return []
    lost = [number for number, rows in sessions.items() if not rows]
    lines = []
    for name in arms:
        rows = [found for one in sessions.values() if (found := one.get(f"arm/{name}")) is not None]
        if rows:
            lines.append((name, told(_summed(rows, lost))))
    names = sorted(
        {name for rows in sessions.values() for name in rows.get("process", {}).get("names", ())}
    )
    lines.append(("names looked up by the whole process", ", ".join(names) or "none"))
    return lines


def _summed(rows: list[Mapping[str, Any]], lost: list[str]) -> dict[str, Any]:
    counted = [row["hosts"] for row in rows if row["hosts"] is not None]
    hosts: dict[str, dict[str, int]] = {}
    for one in counted:
        for host, traffic in one.items():
            total = hosts.setdefault(host, {"bytes_sent": 0})
            total["bytes_sent"] += traffic["bytes_sent"]
    hidden = list(dict.fromkeys(row["unwatched"] for row in rows if row["unwatched"]))
    hidden += [f"session {number}, which was killed before it could count" for number in lost]
    return {
        "hosts": hosts if len(counted) == len(rows) else None,
        "unwatched": ", ".join(hidden) or None,
    }
