"""Reports: HTML, XLSX, console; everything that rounds a number lives here.

    from claimbench_reports import write_report

writes the report of an evaluated run; ``claimbench.open_run(...).report(path)`` is the short way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from claimbench_reports.collect.background import Background
    from claimbench_reports.collect.write import write_report

__all__ = ["Background", "write_report"]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: importing the package alone loads nothing heavy."""
    if name == "write_report":
        from claimbench_reports.collect.write import write_report

        return write_report
    if name == "Background":
        from claimbench_reports.collect.background import Background

        return Background
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
