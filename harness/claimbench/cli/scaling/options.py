"""``--engine``, ``--address`` and ``--senders``: keys of the suite, by options of their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from claimbench.cli.watching import reachable
from claimbench.errors import BenchError
from claimbench.suite.purpose.cluster_address import checked_address

if TYPE_CHECKING:
    from claimbench.run.arms import Elsewhere
    from claimbench.types import Suite

KEYS = ("engine", "load.senders")


def address_given(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> str | None:
    """Check an address as it is given."""
    try:
        return None if value is None else checked_address(value)
    except ValueError as error:
        raise BenchError(f"--address: {error}") from None


def scaling_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; a command reads them by :func:`scaling_overrides`."""
    for option in (
        click.option(
            "--senders",
            type=click.IntRange(1, 256),
            metavar="N",
            help="Send to endpoints from N processes, for loads that one cannot time.",
        ),
        click.option(
            "--address",
            callback=address_given,
            metavar="ADDRESS",
            help="The cluster: auto, local (one for this run), HOST:PORT or ray://HOST:PORT.",
        ),
        click.option(
            "--engine",
            type=click.Choice(["local", "ray"]),
            help="Where models of this process run: ray, on the nodes of a Ray cluster.",
        ),
    ):
        command = option(command)
    return command


def scaling_overrides(
    engine: str | None, address: str | None, senders: int | None
) -> tuple[str, ...]:
    """Return the options as ``--set`` texts.

    Raises:
        BenchError: an address without a cluster.
    """
    found: list[str] = []
    if address is not None and engine == "local":
        raise BenchError(
            "--address names a cluster, and --engine local uses none", hint="--engine ray"
        )
    if engine is not None or address is not None:
        stated = {"name": engine or "ray"} | ({} if address is None else {"address": address})
        found.append(f"engine={json.dumps(stated)}")
    if senders is not None:
        found.append(f"load.senders={senders}")
    return tuple(found)


def merged(kept: Sequence[str], more: Sequence[str]) -> tuple[str, ...]:
    """Return overrides with those of the options of this module, ``more``: they come first and take
    the place of the same key, so that ``--set engine.wait_s=5`` holds beside ``--engine ray``.
    """
    replaced = {text.partition("=")[0].strip() for text in more}
    stay = [text for text in kept if text.partition("=")[0].strip() not in replaced]
    return (*more, *stay)


def elsewhere_of(suite: Suite, *, offline: bool = False) -> Elsewhere | None:
    """Return what of the suite works outside this process; opens nothing. ``offline``: nothing but
    the suite's endpoints may be reached from there either.

    Raises:
        BenchError: the suite asks for a cluster, and what reaches it is not installed.
    """
    stated, senders = suite.options.get("engine"), suite.load.senders
    if not stated and senders is None:
        return None
    from claimbench.run.arms import Elsewhere
    from claimbench.run.cluster.connection import INSTALL, RayCluster, missing
    from claimbench_providers.models.context import node_context

    cluster = None
    if stated:
        if (why := missing()) is not None:
            raise BenchError(why, hint=INSTALL)
        cluster = RayCluster(str(stated["address"]), float(stated["wait_s"]))
    only = reachable(suite) if offline else None
    return Elsewhere(node_context, cluster, senders, only)


def cluster_in_words(suite: Suite) -> str | None:
    """Say which cluster the engines of a suite run on; None: in this process."""
    stated = suite.options.get("engine")
    if not stated:
        return None
    address = str(stated["address"])
    if address == "local":
        return LOCAL_CLUSTER
    if address == "auto":
        import os

        named = os.environ.get("RAY_ADDRESS")
        where = f"RAY_ADDRESS={named}" if named else "the one that runs on this machine"
        return f"the nodes of a Ray cluster ({where})"
    return f"the nodes of the Ray cluster at {address}"


LOCAL_CLUSTER = "a Ray cluster that the run starts on this machine"
