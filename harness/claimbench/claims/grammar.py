"""What the language of claims can read, for messages and pages; the tables themselves are in
:mod:`claimbench.claims.language`.
"""

from __future__ import annotations

from claimbench.claims.language.nearest import EXAMPLES, UNDERSTOOD

__all__ = ["EXAMPLES", "UNDERSTOOD"]
