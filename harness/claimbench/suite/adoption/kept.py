"""A suite's ``adoption``: read with its files, kept with the suite, and read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from claimbench.error_words import one_of
from claimbench.suite.adoption.families import families_json, families_of, read_families
from claimbench.suite.adoption.snapshots import (
    Stated,
    read_snapshot,
    snapshot_json,
    snapshot_of,
)
from claimbench.suite.document import Loc, YamlDocument
from claimbench.suite.paths import resolve_inside
from claimbench.suite.schema.adoption import AdoptionModel
from claimbench.types import Json, Suite
from claimbench.types.adoption import Adoption, Snapshot


def read_adoption(
    document: YamlDocument, model: AdoptionModel, folder: Path, allow_outside: bool
) -> Adoption:
    """Read the snapshots and the table of families of a suite.

    Raises:
        SuiteError: what is wrong in the suite or in one of the files, with its line.
    """
    found: list[Snapshot] = []
    for index, one in enumerate(model.snapshots):
        loc: Loc = ("adoption", "snapshots", index)
        file = resolve_inside(document, loc, one.path, folder, allow_outside)
        stated = Stated(
            one.source,
            one.date,
            one.order,
            one.complete,
            one.total_downloads,
            one.total_downloads_all,
        )
        snapshot = read_snapshot(file, one.path, stated)
        same = [old.name for old in found if old.sha256 == snapshot.sha256]
        if same:
            raise document.error(loc, f"the snapshot '{one.path}' is the same file as {same[0]}")
        found.append(snapshot)
    if model.as_of is not None and all(one.date > model.as_of for one in found):
        days = one_of(sorted({one.date for one in found}))
        raise document.error(
            ("adoption", "as_of"),
            f"no snapshot is of {model.as_of} or before",
            hint=f"days: {days}",
        )
    table = read_families()
    if model.families is not None:
        place: Loc = ("adoption", "families")
        file = resolve_inside(document, place, model.families, folder, allow_outside)
        table = read_families(file, model.families)
    stated_readings = model.readings.model_dump(exclude_none=True)
    return Adoption(
        tuple(found),
        table,
        {name: tuple(values) for name, values in stated_readings.items()},
        model.max_age_days,
        model.as_of,
    )


def adoption_json(found: Adoption) -> dict[str, Json]:
    """Return it as a stored suite keeps it. Inverse: :func:`adoption_of`."""
    return {
        "snapshots": [snapshot_json(one) for one in found.snapshots],
        "families": families_json(found.families),
        "readings": {name: list(values) for name, values in found.readings.items()},
        "max_age_days": found.max_age_days,
        "as_of": found.as_of,
    }


def adoption_of(suite: Suite) -> Adoption | None:
    """Return what a suite says of adoption; None where it says nothing."""
    plain: Any = suite.options.get("adoption")
    if plain is None:
        return None
    return Adoption(
        tuple(snapshot_of(one) for one in plain["snapshots"]),
        families_of(plain["families"]),
        {name: tuple(values) for name, values in plain["readings"].items()},
        plain["max_age_days"],
        plain["as_of"],
    )
