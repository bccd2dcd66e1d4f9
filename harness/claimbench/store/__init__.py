"""The results database: the only package that talks to it (SQLAlchemy Core on SQLite, PostgreSQL).

Rows are appended and hash-chained, never changed. ``results`` reads and opens, ``writer`` commits
from a thread of its own, ``schema`` holds tables and numbered migrations, ``verify`` finds what
was tampered with. No figure is computed here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claimbench._lazy import lazy

if TYPE_CHECKING:
    from claimbench.store.results import ResultsStore
    from claimbench.store.writer import RunWriter

__all__ = ["ResultsStore", "RunWriter"]
__getattr__ = lazy(__name__, {"ResultsStore": "results", "RunWriter": "writer"})
