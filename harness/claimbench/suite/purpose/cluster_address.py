"""The address of a cluster, as a suite or the command line writes it."""

from __future__ import annotations

import re

_PLACE = re.compile(
    r"(?P<client>ray://)?(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(?P<port>\d{1,5})"
)
LOCAL = ("auto", "local")
"""Addresses that are words."""


def checked_address(text: str) -> str:
    """Return ``text`` if it names a cluster: auto, local, HOST:PORT or ray://HOST:PORT.

    Raises:
        ValueError: it does not.
    """
    if text in LOCAL:
        return text
    found = _PLACE.fullmatch(text)
    if found is None or not 0 < int(found["port"]) < 65536:
        raise ValueError(
            f"the address {text[:200]!r} names no cluster; write auto, local, HOST:PORT or"
            " ray://HOST:PORT"
        )
    return text


def place_of(text: str) -> tuple[str, int] | None:
    """Return the host and port of a checked address; None for one that is a word."""
    found = _PLACE.fullmatch(text)
    return None if found is None else (found["host"].strip("[]"), int(found["port"]))
