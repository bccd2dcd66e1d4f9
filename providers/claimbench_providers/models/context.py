"""What every provider of a suite is given."""

from __future__ import annotations

import os
from pathlib import Path

from claimbench.clock import SystemClock
from claimbench.provider.contract import ProviderContext
from claimbench.types import Suite
from claimbench_providers.models.catalogue import cache_dir


def provider_context(suite: Suite, *, offline: bool = False) -> ProviderContext:
    """Return what the providers of ``suite`` are given: this process's clock and environment, the
    models folder, the suite's folder.
    """
    return ProviderContext(
        clock=SystemClock(),
        environ=os.environ,
        models_dir=cache_dir(),
        suite_dir=Path(suite.path).resolve().parent,
        offline=offline,
        connect_timeout_s=suite.errors.connect_timeout_s,
    )
