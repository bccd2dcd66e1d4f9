"""The catalogue of local models: what exists, what is cached, and whether it is what its hash says.

A model is looked up by catalogue id or by the path of a ``.gguf`` file. Nothing here touches the
network; see :mod:`claimbench_providers.models.sources`. The cache folder holds ``<file>.gguf`` and,
under ``.sha256/``, what each file hashed to.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from claimbench.errors import IntegrityError, ModelError, why_unreadable
from claimbench.store.place import in_home

SourceKind = Literal["huggingface", "pypi", "file"]
ShowBytes = Callable[[str, int, int | None], None]
"""Called with what is being done, the bytes done, and the bytes in all if known."""


@dataclass(frozen=True, slots=True)
class WheelPart:
    """One file inside one wheel: the requirement (``name==version``) and the member's path."""

    wheel: str
    member: str


@dataclass(frozen=True, slots=True)
class ModelSource:
    """One place a model can come from. ``match``: a pattern for the files of a Hugging Face
    repository.
    """

    kind: SourceKind
    repo: str | None = None
    revision: str | None = None
    match: str | None = None
    parts: tuple[WheelPart, ...] = ()

    @property
    def label(self) -> str:
        """For messages and lists."""
        if self.kind == "huggingface":
            return f"huggingface:{self.repo}"
        return (
            "pypi:"
            + self.parts[0].wheel
            + (f" and {len(self.parts) - 1} more" if len(self.parts) > 1 else "")
        )


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One model. ``None`` is unknown; ``parameters_b`` in billions; ``size`` in bytes; ``file``
    None: in several.
    """

    id: str
    name: str
    lab: str
    country: str | None
    licence: str | None
    parameters_b: float | None
    active_b: float | None
    quantisation: str | None
    context: int | None
    file: str | None
    sha256: str | None
    size: int | None
    sources: tuple[ModelSource, ...]
    note: str | None = None


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model on this machine. ``path`` is its first file; ``sha256`` what it must hash to, if
    anything says so.
    """

    id: str
    path: Path
    sha256: str | None
    parts: tuple[Path, ...]

    @property
    def size_bytes(self) -> int:
        """Bytes of all its files."""
        return sum(part.stat().st_size for part in self.parts)


def cache_dir(environ: Mapping[str, str] | None = None) -> Path:
    """The model cache: ``models`` in ``CLAIMBENCH_CACHE``, or in ``claimbench`` in the user's cache
    folder.

    ``environ`` defaults to the process's environment.
    """
    environ = os.environ if environ is None else environ
    own = environ.get("CLAIMBENCH_CACHE")
    if own:
        return in_home(own) / "models"
    shared = environ.get("XDG_CACHE_HOME")
    root = Path(shared) if shared else Path(environ.get("HOME") or Path.home()) / ".cache"
    return root / "claimbench" / "models"


def catalog(path: Path | None = None) -> dict[str, CatalogEntry]:
    """The entries by id, in the file's order; ``path`` defaults to the catalogue that is shipped,
    which is read once.

    Raises:
        ModelError: the file is not a catalogue.
    """
    return dict(_shipped()) if path is None else _read(path)


@cache
def _shipped() -> dict[str, CatalogEntry]:
    return _read(Path(__file__).parent.parent / "catalog" / "models.yaml")


def _read(file: Path) -> dict[str, CatalogEntry]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        raw = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
        entries = [_entry(item) for item in raw["models"]]
    except (OSError, YAMLError, KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"the model catalogue {file} cannot be read: {why_unreadable(error)}"
        ) from error
    return {entry.id: entry for entry in entries}


def _entry(item: Mapping[str, Any]) -> CatalogEntry:
    values = dict(item)
    sources = tuple(_source(source) for source in values.pop("sources"))
    return CatalogEntry(sources=sources, **values)


def _source(item: Mapping[str, Any]) -> ModelSource:
    values = dict(item)
    parts = tuple(WheelPart(**part) for part in values.pop("parts", ()))
    return ModelSource(parts=parts, **values)


def find(name: str, entries: Mapping[str, CatalogEntry]) -> CatalogEntry:
    """The entry called ``name``; ModelError with the nearest ids if there is none."""
    entry = entries.get(name)
    if entry is None:
        near = difflib.get_close_matches(name, entries, n=3, cutoff=0.5)
        raise ModelError(
            f"no model is called {name!r} in the catalogue"
            + (f"; near: {', '.join(near)}" if near else ""),
            hint="`bench models list` shows the ids; a path ending in .gguf works too",
        )
    return entry


def cached_files(entry: CatalogEntry, folder: Path) -> tuple[Path, ...]:
    """The model's files in the cache, first part first; empty if it is not there."""
    if entry.file is not None:
        path = folder / entry.file
        return (path,) if path.is_file() else ()
    return tuple(sorted((folder / entry.id).glob("*.gguf")))


def resolve(
    name: str, folder: Path, suite_dir: Path, entries: Mapping[str, CatalogEntry] | None = None
) -> LocalModel:
    """Find a model on this machine.

    Args:
        name: a catalogue id, or the path of a ``.gguf`` file (relative to the suite).
        folder: the model cache.
        suite_dir: where relative paths start.
        entries: the catalogue; default: the one shipped.

    Raises:
        ModelError: unknown, or not here; says the command that fetches it.
    """
    if name.lower().endswith(".gguf"):
        path = suite_dir / in_home(name)
        if not path.is_file():
            raise ModelError(
                f"the model file {path} does not exist", hint="give a .gguf file, or a catalogue id"
            )
        return LocalModel(name, path, None, _split_parts(path))
    entry = find(name, catalog() if entries is None else entries)
    files = cached_files(entry, folder)
    if not files:
        raise ModelError(
            f"the model {entry.id} is not on this machine (looked in {folder})",
            hint=f"fetch it with: bench models pull {entry.id}"
            + ("" if entry.sha256 else " --trust"),
        )
    return LocalModel(entry.id, files[0], entry.sha256 or trusted_sha256(entry, folder), files)


def _split_parts(path: Path) -> tuple[Path, ...]:
    stem, marker, count = path.name.partition("-00001-of-")
    if not marker:
        return (path,)
    return tuple(sorted(path.parent.glob(f"{stem}-*-of-{count}")))


# Hashes


def hash_file(path: Path, progress: ShowBytes | None = None) -> str:
    """SHA-256 of a file, read through."""
    digest, done, size = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
            done += len(chunk)
            if progress is not None:
                progress(f"checking {path.name}", done, size)
    return digest.hexdigest()


def file_sha256(path: Path, folder: Path) -> str:
    """SHA-256 of a model file, remembered in the cache folder as long as size and time of change
    stay the same.
    """
    state = path.stat()
    seen = {"path": str(path.resolve()), "size": state.st_size, "mtime_ns": state.st_mtime_ns}
    note = (
        folder / ".sha256" / (hashlib.sha256(str(seen["path"]).encode()).hexdigest()[:24] + ".json")
    )
    try:
        known = json.loads(note.read_text(encoding="utf-8"))
        if isinstance(known, dict) and all(known.get(k) == v for k, v in seen.items()):
            return str(known["sha256"])
    except (OSError, ValueError, KeyError, RecursionError):
        pass  # not hashed yet, or the note is unreadable: hash it
    sha256 = hash_file(path)
    remember_sha256(note, {**seen, "sha256": sha256})
    return sha256


def remember_sha256(note: Path, content: Mapping[str, Any]) -> None:
    """Write a note of a hash; a cache that cannot be written only costs time."""
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps(content), encoding="utf-8")
    except OSError:
        return


def files_sha256(files: Iterable[Path], folder: Path) -> str:
    """One hash for a model: its file's, or for several the hash of their hashes, one per line."""
    hashes = [file_sha256(path, folder) for path in files]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def trust_note(entry: CatalogEntry, folder: Path) -> Path:
    """Return where the hash observed in a trusted pull is kept."""
    return folder / ".sha256" / f"trusted-{entry.id}.json"


def trusted_sha256(entry: CatalogEntry, folder: Path) -> str | None:
    """The hash observed when a model without a known hash was fetched with ``--trust``; None before
    that.
    """
    try:
        return str(json.loads(trust_note(entry, folder).read_text(encoding="utf-8"))["sha256"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def verify(entry: CatalogEntry, folder: Path, progress: ShowBytes | None = None) -> str | None:
    """Hash a cached model anew and compare; returns the hash, None if it is not cached.

    Raises:
        IntegrityError: it is not what the catalogue (or the trusted pull) says.
    """
    files = cached_files(entry, folder)
    if not files:
        return None
    hashes = [hash_file(path, progress) for path in files]
    seen = hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()
    wanted = entry.sha256 or trusted_sha256(entry, folder)
    if wanted is not None and wanted != seen:
        source = "the catalogue" if entry.sha256 else "the trusted pull"
        raise IntegrityError(
            f"{files[0]} has sha256 {seen}, but {source} says {wanted}",
            hint=f"delete it and run: bench models pull {entry.id}",
        )
    return seen
