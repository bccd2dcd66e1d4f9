"""Where results are if nobody says so with a command: the environment, the project's file, the
user's file.

``BENCH_RESULTS`` comes first, then the key ``results`` of ``claimbench.toml`` in the current
folder, then that of ``~/.config/claimbench/config.toml``, then the folder ``results``.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from claimbench.errors import StoreError, why_unreadable
from claimbench.store.place import LOCAL_FOLDER, Place, place_of

VARIABLE = "BENCH_RESULTS"
PROJECT_FILE = "claimbench.toml"


def configured_place(environment: Mapping[str, str] = os.environ) -> Place:
    """Return where results are by the environment or a file of settings.

    Raises:
        StoreError: a file that cannot be read, or that names no place; the file is named.
    """
    named = environment.get(VARIABLE)
    if named:
        return place_of(named)
    for file in (Path(PROJECT_FILE), user_file(environment)):
        place = _named_in(file)
        if place is not None:
            return place
    return LOCAL_FOLDER


def user_file(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the user's file of settings."""
    home = environment.get("XDG_CONFIG_HOME")
    folder = Path(home) if home else Path("~/.config").expanduser()
    return folder / "claimbench" / "config.toml"


def _named_in(file: Path) -> Place | None:
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeError) as error:
        raise StoreError(f"{file}: cannot be read: {error}") from error
    try:
        settings = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is no error of TOML's
        why = f"{why_unreadable(error):.200}"
        raise StoreError(f"{file}: is not TOML: {why}", hint='results = "FOLDER"') from None
    if unknown := sorted(settings.keys() - {"results"}):
        raise StoreError(
            f"{file}: unknown setting {unknown[0]!r:.60}", hint="the one setting is: results"
        )
    if "results" not in settings:
        return None
    named = settings["results"]
    if not isinstance(named, str) or not named or "\0" in named:
        shown = (
            f"{named!r:.60}" if isinstance(named, str) else f"of the type {type(named).__name__}"
        )
        raise StoreError(
            f"{file}: results is {shown}, and a text is wanted",
            hint='for example results = "postgresql://me@db.example/claimbench"',
        )
    try:
        place = place_of(named)
    except StoreError as error:
        raise StoreError(f"{file}: {error.message}", hint=error.hint) from None
    if not isinstance(place, Path):
        return place
    try:
        folder = place.expanduser()
    except RuntimeError:
        raise StoreError(
            f"{file}: results is {named!r:.60}, and there is no such user here"
        ) from None
    # A folder is named from where its file stands
    return (file.parent / folder) if file.name == PROJECT_FILE else folder
