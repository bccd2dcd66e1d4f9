"""Paths in a suite: they belong to the suite's folder unless a person at the command line says
otherwise.
"""

from __future__ import annotations

from pathlib import Path

from claimbench.error_words import did_you_mean, show
from claimbench.suite.document import Loc, YamlDocument


def resolve_inside(
    document: YamlDocument,
    loc: Loc,
    value: str,
    folder: Path,
    allow_outside: bool,
    *,
    must_exist: bool = True,
) -> Path:
    """Return the file that ``value`` names, links resolved.

    A suite may come from a stranger and send what it reads to an endpoint: a path that leaves the
    suite's folder is an error unless ``allow_outside``, or unless it came from ``--set``, which is
    the person's own word.
    """
    if "\0" in value:
        raise document.error(loc, f"{show(value)} is no path: it holds U+0000")
    home = folder.resolve()
    file = (home / value).resolve()
    if not allow_outside and document.origin(loc) is None and not file.is_relative_to(home):
        raise document.error(
            loc,
            f"the path '{value}' leaves the suite's folder ({home})",
            hint="copy the file beside the suite, or pass --allow-outside if you trust the suite",
        )
    if must_exist and not file.is_file():
        what = "is a folder" if file.is_dir() else "does not exist"
        near = (
            [entry.name for entry in file.parent.iterdir() if entry.is_file()]
            if file.parent.is_dir()
            else []
        )
        raise document.error(
            loc,
            f"the file '{value}' {what}{did_you_mean(file.name, near)}",
            hint=f"looked for {file}",
        )
    return file
