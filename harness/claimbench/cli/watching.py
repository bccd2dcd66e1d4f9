"""What left the machine during a run: watched, stored beside the run's rows, and said per arm."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from claimbench.run_setup import Arms
    from claimbench.session import Ended
    from claimbench.store import ResultsStore
    from claimbench.types import Suite


async def watched(work: Awaitable[Ended], suite: Suite, arms: Arms, store: ResultsStore, offline: bool) -> Ended:
    """Await the run's ``work`` under watch; with ``offline`` nothing but the suite's endpoints can be reached."""
    from claimbench.egress import Watch, said, traffic_rows

    watch = Watch(only=_endpoints(suite) if offline else None)
    watch.install()
    try:
        ended = await work
    finally:
        watch.stop()
    rows = traffic_rows({arm.name: arm for arm in suite.arms}, arms.ready, watch)
    store.save_derived(ended.run_id, "egress", str(len(store.sessions(ended.run_id))), rows)
    for name in arms.ready:
        print(said(name, rows[f"arm/{name}"]), file=sys.stderr)
    return ended


def _endpoints(suite: Suite) -> frozenset[str]:
    """The hosts that an offline run may still reach: those of the suite's arms, and the proxies on the way."""
    from claimbench.cli.providers import provider_rows
    from claimbench.egress import endpoints

    usual = {row["name"]: row["base_url"] for row in provider_rows()}
    return endpoints((arm.base_url or usual.get(arm.provider) for arm in suite.arms), os.environ)
