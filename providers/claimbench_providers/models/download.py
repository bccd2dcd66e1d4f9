"""What every way of fetching a model shares: room, a work folder, and the check of what came."""

from __future__ import annotations

import shutil
from pathlib import Path

from claimbench.errors import IntegrityError, ModelError
from claimbench_providers.models.catalogue import (
    CatalogEntry,
    files_sha256,
    remember_sha256,
    trust_note,
)


def accept(entry: CatalogEntry, part: Path, folder: Path, sha256: str) -> tuple[Path, str]:
    """Accept ``part`` as the model's file if its hash is right; else remove it."""
    if entry.sha256 is not None and sha256 != entry.sha256:
        size = part.stat().st_size
        part.unlink()
        raise IntegrityError(
            f"{entry.id}: what was fetched has sha256 {sha256} ({size} bytes), but the catalogue"
            f" says {entry.sha256}",
            hint="it was removed; try again, or another source",
        )
    target = folder / (entry.file or f"{entry.id}/{part.name}")
    target.parent.mkdir(parents=True, exist_ok=True)
    part.replace(target)
    if entry.sha256 is None:
        remember_sha256(trust_note(entry, folder), {"sha256": sha256})
    files_sha256([target], folder)
    return target, sha256


def work_folder(entry: CatalogEntry, folder: Path) -> Path:
    """Return the folder for partial files of a model, which is made if need be."""
    work = folder / ".partial" / entry.id
    work.mkdir(parents=True, exist_ok=True)
    return work


def check_space(folder: Path, need: int) -> None:
    """Raise ModelError if ``folder`` has no room for ``need`` bytes."""
    free = shutil.disk_usage(folder).free
    if need > free:
        raise ModelError(
            f"{need / 1e9:.2f} GB are needed in {folder}, but {free / 1e9:.2f} GB are free",
            hint="set CLAIMBENCH_CACHE to a folder with room",
        )
