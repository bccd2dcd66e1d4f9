"""Suite files: YAML -> a validated Suite with its samples; every error names file and line.

``document`` reads YAML with places, ``schema*`` say what may stand there, ``checks`` what fits
together, ``tasks*``, ``datasets`` and ``samples`` load the data, ``load`` is the whole path. A
suite is read without running anything of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claimbench._lazy import lazy

if TYPE_CHECKING:
    from claimbench.suite.datasets import read_table
    from claimbench.suite.load import json_schema, load_suite

__all__ = ["json_schema", "load_suite", "read_table"]
__getattr__ = lazy(
    __name__, {"json_schema": "load", "load_suite": "load", "read_table": "datasets"}
)
