"""Adoption: dated snapshots of a model hub, and who made what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Order = Literal["trending", "downloads", "downloads_all"]
Derived = Literal["finetune", "quantized", "adapter", "merge"]


@dataclass(frozen=True, slots=True)
class HubModel:
    """One repository in a snapshot; None is what the file does not tell.

    ``downloads``: of 30 days; ``base``: (relation, repository) it is made from; ``line``: its place
    in the file; ``created``: the day, where the hub tells it.
    """

    id: str
    downloads: int | None = None
    downloads_all: int | None = None
    likes: int | None = None
    trending: float | None = None
    tags: tuple[str, ...] = ()
    task: str | None = None
    base: tuple[tuple[str, str], ...] = ()
    line: int = 0
    created: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a hub's page or interface showed on a day.

    ``order``: by what its rows are sorted, None where by nothing known; ``complete``: it holds
    every repository of the hub, not the first ones of a list. ``total``, ``total_all``: the hub's
    own sums of downloads (30 days, all time), where stated. ``sha256``: of the file as it came.
    """

    name: str
    source: str
    date: str
    sha256: str
    models: tuple[HubModel, ...]
    order: Order | None = None
    complete: bool = False
    total: int | None = None
    total_all: int | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """A family of models: whose organisations publish it, and what its repositories are called
    (``starts``: any of these beginnings of the name; empty: all of the organisations').
    """

    name: str
    lab: str
    country: str
    orgs: tuple[str, ...]
    starts: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Families:
    """Who made what, as of ``dated``. ``adjectives``: word -> country ("chinese": "China").
    ``orgs``: further organisations -> country, without a family ("quantisers": who re-packs).
    """

    dated: str
    families: tuple[Family, ...]
    adjectives: Mapping[str, str] = field(default_factory=dict)
    orgs: Mapping[str, str] = field(default_factory=dict)
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Adoption:
    """All that claims about adoption are decided by. ``readings``: dimension -> the values that
    have to agree; empty: all that the snapshots allow.
    """

    snapshots: tuple[Snapshot, ...]
    families: Families
    readings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    max_age_days: int | None = None
    as_of: str | None = None
