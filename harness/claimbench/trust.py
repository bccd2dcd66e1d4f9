"""Consent to run somebody's code: given for files as they are, by hash, and kept on this machine.

A suite comes from a party to the dispute. What it would run (Python beside a task) runs only after
a person has read the list and said so: ``bench trust SUITE`` for good, ``--trust`` for one command.
A file that changed since is a file that nobody agreed to.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from claimbench.types import Json

FILE = "trusted.json"
_ALL = "all"
_here: set[str] = set()
"""What was agreed to for this process alone."""


@dataclass(frozen=True, slots=True)
class Code:
    """What would run, in words, and the files that this depends on: path -> SHA-256 (hex)."""

    runs: tuple[str, ...]
    files: Mapping[str, str]

    @property
    def digest(self) -> str:
        """Return the hash that consent is given for."""
        text = json.dumps([sorted(self.files.values()), list(self.runs)])
        return hashlib.sha256(text.encode()).hexdigest()


def is_trusted(code: Code) -> bool:
    """Return whether somebody agreed to run this very code."""
    return _ALL in _here or code.digest in _stored()


def trust_here() -> None:
    """Agree for this process, whatever the suite would run: ``--trust``."""
    _here.add(_ALL)


def trust(codes: Sequence[Code]) -> Path:
    """Agree for good; return the file that says so.

    Raises:
        OSError: it cannot be written.
    """
    path = trust_file()
    known: dict[str, Json] = dict(_stored())
    day = datetime.now(UTC).date().isoformat()
    for code in codes:
        known[code.digest] = {"day": day, "runs": list(code.runs), "files": sorted(code.files)}
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{FILE}.new")
    new.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    new.replace(path)
    return path


def trust_file() -> Path:
    """Return where consent is kept: under ``XDG_CONFIG_HOME``, else ``~/.config``."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "claimbench" / FILE


def _stored() -> Mapping[str, Json]:
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        found = json.loads(trust_file().read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    return {}
