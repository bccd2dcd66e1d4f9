"""Which proxy an address is reached through, by the environment's usual variables. Pure
functions.
"""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from claimbench.errors import PluginError


@dataclass(frozen=True, slots=True)
class Proxy:
    """Name an HTTP proxy; ``authorization`` is the value of Proxy-Authorization, if the address
    holds a user.
    """

    host: str
    port: int
    authorization: str | None = None


def proxy_for(scheme: str, host: str, port: int, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy for ``scheme://host:port``: HTTPS_PROXY or HTTP_PROXY, else ALL_PROXY;
    NO_PROXY excepts hosts.

    Lower-case names win, as in curl. Upper-case HTTP_PROXY is ignored where REQUEST_METHOD is set:
    in a CGI process a client could set it by a header.

    Raises:
        PluginError: the variable names something that is not an HTTP proxy.
    """
    if _excepted(host, port, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return None
    for name in (f"{scheme}_proxy", "all_proxy"):
        upper = name.upper()
        value = environ.get(name) or (
            "" if upper == "HTTP_PROXY" and "REQUEST_METHOD" in environ else environ.get(upper)
        )
        if value:
            return _parse(value, upper)
    return None


def _parse(value: str, variable: str) -> Proxy:
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("http://")
    if not host or parts.scheme != "http":
        raise PluginError(
            f"{variable} is not the address of an HTTP proxy",
            hint="it looks like http://proxy.example:3128",
        )
    authorization = None
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = "Basic " + base64.b64encode(pair.encode()).decode()
    return Proxy(host, port or 80, authorization)


def _excepted(host: str, port: int, rules: str) -> bool:
    return any(
        _matches(host.lower().rstrip("."), port, rule.strip().lower())
        for rule in rules.split(",")
        if rule.strip()
    )


def _matches(host: str, port: int, rule: str) -> bool:
    if rule == "*":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        address = None
    if address is not None:
        try:
            return address in ipaddress.ip_network(rule.strip("[]"), strict=False)
        except ValueError:
            pass
    name, colon, wanted_port = rule.rpartition(":")
    if colon and wanted_port.isdigit() and not name.endswith(":"):
        if int(wanted_port) != port:
            return False
        rule = name
    rule = rule.removeprefix("*").removeprefix(".").strip("[]")
    return bool(rule) and (host == rule or host.endswith("." + rule))
