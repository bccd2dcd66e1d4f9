"""Say what is known of endpoints by their host: which environment variable holds the key, and
whether one is needed.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from claimbench.provider.key_owners import KEY_VARIABLES

OPENAI_URL = "https://api.openai.com/v1"


def key_variable(base_url: str | None) -> str | None:
    """The usual key variable of an endpoint; None for a host that is not known."""
    return KEY_VARIABLES.get(host_of(base_url))


def host_of(base_url: str | None) -> str:
    """The host name of an endpoint, OpenAI's by default."""
    return urlsplit(base_url or OPENAI_URL).hostname or ""


def port_of(base_url: str) -> int | None:
    """The port that an address states; None where it states none, or no number that is one."""
    try:
        return urlsplit(base_url).port
    except ValueError:
        return None


def is_local(base_url: str | None) -> bool:
    """Tell whether the endpoint is on this machine or a private network, where a key is often not
    used.
    """
    host = host_of(base_url)
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host  # a bare name, as in a container network
    return address.is_private or address.is_loopback
