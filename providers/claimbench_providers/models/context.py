"""What every provider of a suite is given."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from claimbench.clock import SystemClock
from claimbench.provider.contract import ProviderContext
from claimbench.types import Suite
from claimbench_providers.models.catalogue import cache_dir, resolve


def print_nothing(_what: str) -> None:
    """Nobody listens to what a start is doing."""


def node_context(suite_dir: str) -> ProviderContext:
    """Return what an engine on a node of a cluster is given: the node's own clock, environment and
    models folder; the suite's folder is looked for at the same path.
    """
    folder = Path(suite_dir)
    return ProviderContext(
        clock=SystemClock(),
        environ=os.environ,
        models_dir=cache_dir(),
        suite_dir=folder,
        model_path=lambda name: resolve(name, cache_dir(), folder).path,
    )


def provider_context(
    suite: Suite, *, offline: bool = False, progress: Callable[[str], None] = print_nothing
) -> ProviderContext:
    """Return what the providers of ``suite`` are given: this process's clock and environment, the
    models folder, the suite's folder.
    """
    suite_dir = Path(suite.path).resolve().parent
    return ProviderContext(
        clock=SystemClock(),
        environ=os.environ,
        models_dir=cache_dir(),
        suite_dir=suite_dir,
        offline=offline,
        connect_timeout_s=suite.errors.connect_timeout_s,
        model_path=lambda name: resolve(name, cache_dir(), suite_dir).path,
        progress=progress,
    )
