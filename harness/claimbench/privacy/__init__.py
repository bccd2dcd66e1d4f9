"""What must not leave or stay: keys, personal data, connections nobody asked for.

``redact`` is the only way text leaves for an artifact; ``key_guard`` takes keys out of what is
stored; ``masking`` replaces personal data before anything is sent; ``egress`` counts connections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claimbench._lazy import lazy

if TYPE_CHECKING:
    from claimbench.privacy.key_guard import KeyGuard
    from claimbench.privacy.redact import Redactor

__all__ = ["KeyGuard", "Redactor"]
__getattr__ = lazy(__name__, {"KeyGuard": "key_guard", "Redactor": "redact"})
