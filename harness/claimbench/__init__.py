"""ClaimBench: verdicts on claims about language models, from accuracy, latency and dollars on the
same requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claimbench._version import __version__

if TYPE_CHECKING:
    from claimbench.api import Run, open_run

__all__ = ["Run", "__version__", "open_run"]


def __getattr__(name: str) -> Any:
    """Load :mod:`claimbench.api` when it is first used: ``import claimbench`` and ``bench --help``
    stay light.
    """
    if name in ("Run", "open_run"):
        from claimbench import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
