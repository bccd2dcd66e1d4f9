"""Fetch a model from Hugging Face; its client keeps partial files and goes on where it stopped."""

from __future__ import annotations

import fnmatch
import hashlib
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from claimbench.errors import ModelError
from claimbench_providers.models.catalogue import (
    CatalogEntry,
    ModelSource,
    ShowBytes,
    cached_files,
    hash_file,
    remember_sha256,
    trust_note,
)
from claimbench_providers.models.download import accept, check_space, work_folder


def from_hub(
    entry: CatalogEntry, source: ModelSource, folder: Path, progress: ShowBytes
) -> tuple[Path, str]:
    """Fetch a model's files into the cache; return the first and the hash of all.

    Raises:
        ModelError: the hub cannot be reached, or has no such file.
        IntegrityError: what came is not what the catalogue says.
    """
    from huggingface_hub import HfApi, constants, hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    _check_reachable(constants.ENDPOINT)
    work, repo = work_folder(entry, folder), str(source.repo)
    try:
        names = [entry.file] if entry.file else _matching(HfApi().list_repo_files(repo), source)
        if entry.size is not None:
            check_space(folder, entry.size)
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
        found = accept(entry, files[0], folder, hashes[0])
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

    class Bar(base):  # type: ignore[misc]  # known at run time only; tqdm ships no types
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
