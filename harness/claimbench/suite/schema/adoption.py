"""What a suite says of adoption: dated snapshots of a model hub, and who made what."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from claimbench.suite.schema.base import Strict


def _entry(value: object) -> object:
    return {"path": value} if isinstance(value, str) else value


class SnapshotModel(Strict):
    """One dated snapshot: a file that `bench adoption add` wrote, or any with source and date."""

    path: str = Field(min_length=1)
    """File beside the suite: CSV, JSON or JSON Lines as the hub's interface gives them."""
    source: str | None = Field(default=None, min_length=1)
    """Whence it came: the address of the page or interface."""
    date: str | None = Field(default=None, pattern=r"^\d{4}-\d\d-\d\d$")
    """The day on which it showed this."""
    order: Literal["trending", "downloads", "downloads_all"] | None = None
    """By what the rows are sorted: then it is the head of that list. Left out: seen from the
    file."""
    complete: bool | None = None
    """It holds every repository of the hub, not the head of a list: sums and shares need that."""
    total_downloads: int | None = Field(default=None, gt=0)
    """The hub's own sum of 30 days' downloads: shares of a complete family need no more."""
    total_downloads_all: int | None = Field(default=None, gt=0)
    """The same of all time."""


SnapshotEntry = Annotated[
    SnapshotModel, BeforeValidator(_entry, json_schema_input_type=str | SnapshotModel)
]


class AdoptionReadingsModel(Strict):
    """Which ways to count have to agree. Left out: all that the snapshots allow."""

    window: list[Literal["30 days", "all time"]] | None = Field(default=None, min_length=1)
    """Downloads of 30 days or of all time."""
    count: list[Literal["own", "+ fine-tunes", "+ quantisations"]] | None = Field(
        default=None, min_length=1
    )
    """own: repositories of the makers; + fine-tunes: and what others tuned, adapted or merged;
    + quantisations: and what others re-packed, too."""
    embeddings: list[Literal["with", "without"]] | None = Field(default=None, min_length=1)
    """Models of embeddings."""
    local_formats: list[Literal["with", "without"]] | None = Field(default=None, min_length=1)
    """Repositories in GGUF or MLX."""


class AdoptionModel(Strict):
    """Dated snapshots that claims about downloads and trending lists are decided by."""

    snapshots: list[SnapshotEntry] = Field(min_length=1, max_length=100)
    """Files of `bench adoption add`, or {path, source, date}."""
    families: str | None = Field(default=None, min_length=1)
    """YAML: family -> lab -> country. Left out: the table that comes with ClaimBench."""
    readings: AdoptionReadingsModel = AdoptionReadingsModel()
    """Which ways to count are meant."""
    max_age_days: int | None = Field(default=None, ge=0, le=3650)
    """A snapshot that is older than this when a claim is judged decides nothing."""
    as_of: str | None = Field(default=None, pattern=r"^\d{4}-\d\d-\d\d$")
    """The day that the claims speak of; snapshots after it are not looked at. Left out: the newest
    snapshot's."""
