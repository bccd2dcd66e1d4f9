"""ClaimBench: verdicts on claims about language models, from accuracy, latency and dollars on the
same requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claimbench._version import __version__

if TYPE_CHECKING:
    from claimbench.api import Run, list_runs, open_run, open_runs
    from claimbench.measuring import Plan, plan, run

__all__ = ["Plan", "Run", "__version__", "list_runs", "open_run", "open_runs", "plan", "run"]

_HOME = {
    "Run": "api",
    "list_runs": "api",
    "open_run": "api",
    "open_runs": "api",
    "Plan": "measuring",
}
"""Public name -> the module that defines it."""


def __getattr__(name: str) -> Any:
    """Load the module of a public name when it is first used: ``import claimbench`` and ``bench
    --help`` stay light.
    """
    from importlib import import_module

    if name in ("plan", "run"):  # packages that can be called: see claimbench._lazy
        return import_module(f"claimbench.{name}")
    if name in _HOME:
        return getattr(import_module(f"claimbench.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Name what may be used, for completion."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
