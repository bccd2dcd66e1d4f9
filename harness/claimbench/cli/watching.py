"""What left the machine during a run: watched, stored beside the run's rows, and said per arm."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from claimbench.errors import BenchError
from claimbench.suite.purpose.cluster_address import LOCAL

if TYPE_CHECKING:
    from claimbench.privacy.egress import ConnectionCounter
    from claimbench.run.arms import Arms
    from claimbench.run.session import Ended
    from claimbench.store.results import ResultsStore
    from claimbench.types import Suite


async def watched(
    work: Awaitable[Ended],
    suite: Suite,
    arms: Arms,
    store: ResultsStore,
    offline: bool,
    begun: Sequence[str],
) -> Ended:
    """Await the run's ``work`` under watch; with ``offline`` nothing but the suite's endpoints can
    be reached.

    ``begun`` holds the run's id once it exists: what left is kept for a run that ends by an error
    too.
    """
    from claimbench.privacy.egress import ConnectionCounter

    watch = ConnectionCounter(only=reachable(suite) if offline else None)
    watch.install()
    try:
        ended = await work
    except BaseException:
        watch.stop()
        with contextlib.suppress(BenchError):  # the store may be what failed
            _keep(suite, arms, store, watch, begun)
        raise
    watch.stop()
    _keep(suite, arms, store, watch, begun)
    return ended


def _keep(
    suite: Suite, arms: Arms, store: ResultsStore, watch: ConnectionCounter, begun: Sequence[str]
) -> None:
    """Store and say what the session's arms sent; nothing was sent where no run began."""
    from claimbench.privacy.egress import KIND, said, traffic_rows

    for provider in arms.providers.values():
        watch.connections.update(getattr(provider, "connections", {}))
    for run_id in begun:
        rows = traffic_rows({arm.name: arm for arm in suite.asked}, arms.providers, watch)
        store.save_derived(run_id, KIND, str(len(store.sessions(run_id))), rows)
        for name in arms.providers:
            print(said(name, rows[f"arm/{name}"]), file=sys.stderr)


def reachable(suite: Suite) -> frozenset[str]:
    """The hosts that an offline run may still reach: those of the suite's arms, and the proxies on
    the way.
    """
    from claimbench.privacy.egress import endpoints
    from claimbench_providers.endpoints.known import known_providers

    usual = {row["name"]: row["base_url"] for row in known_providers()}
    asked = [arm.base_url or usual.get(arm.provider) for arm in suite.asked]
    engine = suite.options.get("engine") or {}
    if engine.get("address") not in (None, *LOCAL):
        asked.append(str(engine["address"]).removeprefix("ray://"))
    return endpoints(asked, os.environ)
