"""Family -> lab -> country: the dated table that comes with ClaimBench, or a file of one's own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from claimbench.suite.datasets import read_limited
from claimbench.suite.document import parse_yaml
from claimbench.suite.schema.base import Strict
from claimbench.suite.schema.errors import first_error
from claimbench.types import Json
from claimbench.types.adoption import Families, Family

SHIPPED = "families.yaml"
_MOST_BYTES = 4 * 2**20


class FamilyModel(Strict):
    """One family of models."""

    name: str = Field(min_length=1)
    lab: str = Field(min_length=1)
    country: str = Field(min_length=1)
    orgs: list[str] = Field(min_length=1)
    starts: list[str] = Field(default_factory=list)
    also: list[str] = Field(default_factory=list)
    source: str | None = None


class FamiliesModel(Strict):
    """The table of families."""

    dated: str = Field(pattern=r"^\d{4}-\d\d-\d\d$")
    families: list[FamilyModel] = Field(min_length=1)
    orgs: dict[str, str] = Field(default_factory=dict)
    adjectives: dict[str, str] = Field(default_factory=dict)


def read_families(file: Path | None = None, shown: str = "") -> Families:
    """Read the table of ``file``, or the one that comes with ClaimBench.

    Raises:
        SuiteError: an unknown key, a family or a beginning of names that stands twice.
    """
    if file is None:
        shown = f"claimbench/suite/adoption/{SHIPPED}"
        raw = files("claimbench.suite.adoption").joinpath(SHIPPED).read_bytes()
    else:
        raw = read_limited(file, shown, most=_MOST_BYTES)
    document = parse_yaml(raw, shown)
    try:
        model = FamiliesModel.model_validate(document.data)
    except ValidationError as exc:
        raise first_error(exc, document) from None
    taken: dict[tuple[str, str], str] = {}
    names: set[str] = set()
    for index, one in enumerate(model.families):
        loc = ("families", index)
        for called in (one.name, *one.also):
            if called.lower() in names:
                raise document.error(loc, f"the name '{called}' stands twice")
            names.add(called.lower())
        for org in one.orgs:
            for start in one.starts or [""]:
                key = (org.lower(), start.lower())
                if key in taken:
                    message = f"{org}/{start}* belongs to {taken[key]} and to {one.name}"
                    raise document.error(loc, message, hint="give one of them `starts:`")
                taken[key] = one.name
    made = tuple(
        Family(one.name, one.lab, one.country, tuple(one.orgs), tuple(one.starts), tuple(one.also))
        for one in model.families
    )
    adjectives = {word.lower(): country for word, country in model.adjectives.items()}
    orgs = {org.lower(): country for org, country in model.orgs.items()}
    return Families(model.dated, made, adjectives, orgs, hashlib.sha256(raw).hexdigest())


def families_json(found: Families) -> dict[str, Json]:
    """Return the table as a stored suite keeps it. Inverse: :func:`families_of`."""
    rows = []
    for one in found.families:
        lists = [list(values) for values in (one.orgs, one.starts, one.also)]
        rows.append([one.name, one.lab, one.country, *lists])
    return {
        "dated": found.dated,
        "families": rows,
        "adjectives": dict(found.adjectives),
        "orgs": dict(found.orgs),
        "sha256": found.sha256,
    }


def families_of(plain: Mapping[str, Any]) -> Families:
    """Return the table that :func:`families_json` wrote."""
    rows = tuple(
        Family(name, lab, country, tuple(orgs), tuple(starts), tuple(also))
        for name, lab, country, orgs, starts, also in plain["families"]
    )
    return Families(
        plain["dated"], rows, dict(plain["adjectives"]), dict(plain["orgs"]), plain["sha256"]
    )


Publishers = Mapping[str, Sequence[Family]]
"""Organisation, in lower case -> the families that it publishes."""


def publishers(table: Families) -> Publishers:
    """Return the families of each organisation, in the table's order."""
    found: dict[str, list[Family]] = {}
    for one in table.families:
        for org in dict.fromkeys(owner.lower() for owner in one.orgs):
            found.setdefault(org, []).append(one)
    return found


def family_of(repository: str, of_org: Publishers) -> Family | None:
    """Return the family whose organisation publishes a repository; the longest beginning of the
    name decides.
    """
    org, _, name = repository.lower().partition("/")
    best: tuple[int, Family] | None = None
    for one in of_org.get(org, ()):
        for start in one.starts or ("",):
            if name.startswith(start.lower()) and (best is None or len(start) > best[0]):
                best = (len(start), one)
    return None if best is None else best[1]
