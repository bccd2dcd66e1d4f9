"""What a report says of arms and no run holds: models' facts, providers' standing, keys to mask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from claimbench.privacy.redact import Redactor, check_profile


class ModelFacts(Protocol):
    """One model of a catalogue; None = not known. ``parameters_b`` in billions."""

    @property
    def licence(self) -> str | None:
        """The weights' licence."""

    @property
    def lab(self) -> str | None:
        """Who trained it."""

    @property
    def country(self) -> str | None:
        """Where that lab is."""

    @property
    def parameters_b(self) -> float | None:
        """Billions of parameters."""

    @property
    def quantisation(self) -> str | None:
        """The weights' format, e.g. Q4_K_M."""


@dataclass(frozen=True, kw_only=True)
class Background:
    """Facts beside a run. ``claimbench.api.background_of`` collects them for a suite.

    ``models``: model as an arm names it -> its facts; ``standing``: provider -> what its working
    rests on, in words. ``secrets`` are keys that no artifact may show, as exact texts: those of the
    environment and of the suite's key files. It has no default, for a forgotten key would be shown.
    """

    secrets: tuple[str, ...]
    models: Mapping[str, ModelFacts]
    standing: Mapping[str, str]
    other_books: bool = True
    """Hold the prices against litellm's, where that is installed."""

    def redactor(self, profile: str = "full") -> Redactor:
        """Return the only way by which text leaves for an artifact: keys masked, transcripts as
        ``profile`` says (full, hashed, none).
        """
        return Redactor(check_profile(profile), self.secrets)
