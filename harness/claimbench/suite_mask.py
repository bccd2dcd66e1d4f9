"""What a suite may say of personal data in its rows: ``mask:``, for the whole suite or for one task."""

from __future__ import annotations

from pydantic import Field

from claimbench.suite_strict import Strict
from claimbench.types import MaskSpec

USUAL = ("EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "IP_ADDRESS", "US_SSN")


class MaskModel(Strict):
    """Personal data that is replaced by placeholders before anything is sent or stored."""

    entities: list[str] = Field(default=list(USUAL), min_length=1)
    """What to look for: presidio's names of entities, such as DE_TAX_ID; PERSON, LOCATION, ORGANIZATION and NRP need
    `model`."""
    columns: list[str] | None = Field(default=None, min_length=1)
    """Only in these columns. Left out: in every column but the target."""
    model: str | None = Field(default=None, min_length=1)
    """An installed spaCy model (name or folder) that finds names and places. Nothing is downloaded."""
    min_score: float = Field(default=0.4, ge=0, le=1)
    """Findings that presidio is less sure of stay."""
    phone_regions: list[str] = Field(default_factory=list)
    """Countries whose national telephone numbers count, such as CH; numbers with + always do. Left out: US, GB, DE, FR,
    IL, IN, CA, BR."""


def mask_of(model: MaskModel | None) -> MaskSpec | None:
    """The model as the core knows it."""
    if model is None:
        return None
    columns = None if model.columns is None else tuple(model.columns)
    entities = tuple(dict.fromkeys(model.entities))
    return MaskSpec(entities, columns, model.model, model.min_score, tuple(model.phone_regions))
