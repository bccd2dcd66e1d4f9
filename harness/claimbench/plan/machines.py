"""Which arms run on one machine: by its device, its server, or the address of one that is paid by
the hour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from urllib.parse import urlsplit

from claimbench.types import Arm

SERVED_HERE = "this machine"
"""Where servers run that the run starts, unless their arms name a device."""
WAVES = (3, 8)
"""A block is at least and at most so many times the concurrency: at its beginning and its end a
machine is not full, and arms that take turns seldom are not measured at the same times.
"""
BLOCKS = 6
"""Blocks that are aimed at, so that arms are measured at the same times."""


def machine_of(arm: Arm) -> str | None:
    """Return the machine that an arm runs on; None for an endpoint that is somebody else's."""
    if arm.device is not None:
        return f"device {arm.device}"
    if arm.serve is not None:
        return SERVED_HERE
    if "host" in arm.cost_model and arm.base_url is not None:
        return f"server {_server(arm.base_url)}"
    return None


def _server(url: str) -> str:
    """Return the host and port of a URL; one host has one machine whatever the path."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    return parts.netloc.rpartition("@")[2].lower()


def shared_machines(arms: Iterable[Arm]) -> dict[str, str]:
    """Return arm -> its machine, of those that share theirs with another."""
    found = {arm.name: machine for arm in arms if (machine := machine_of(arm)) is not None}
    several = {machine for machine, count in Counter(found.values()).items() if count > 1}
    return {name: machine for name, machine in found.items() if machine in several}


def block_size(calls: int, concurrency: int) -> int:
    """Return how many calls of each arm follow one another on a shared machine: three to eight
    times the highest concurrency, in at least :data:`BLOCKS` blocks where that allows it.
    """
    least, most = WAVES
    waves = round(calls / (BLOCKS * concurrency))
    return concurrency * min(most, max(least, waves))
