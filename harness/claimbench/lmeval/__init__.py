"""lm-evaluation-harness both ways: its tasks inside our suites, our providers as its model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claimbench._lazy import lazy

if TYPE_CHECKING:
    from claimbench.lmeval.model import ProviderLM

__all__ = ["ProviderLM"]
__getattr__ = lazy(__name__, {"ProviderLM": "model"})
