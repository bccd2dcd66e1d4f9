"""Stored runs -> the files of other tools, which their own readers open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claimbench._lazy import lazy

if TYPE_CHECKING:
    from claimbench.exporters.write import export_run

__all__ = ["export_run"]
__getattr__ = lazy(__name__, {"export_run": "write"})
