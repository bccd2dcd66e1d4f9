"""Places that a command writes to, as options and arguments name them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

STDOUT = "-"
"""What stands for standard output on a command line."""


class WrittenPath(click.Path):
    """A file or folder that a command writes. ``-`` is refused where nothing is written to standard
    output, so that no file of that name is left; ``./-`` is one.

    Args:
        stdout: ``-`` is taken, and converts to ``Path("-")``.
        folder: a folder is meant, and no file.
        either: a folder or a file may be meant.
        instead: what to name, or to run, in place of ``-``.
    """

    def __init__(
        self, *, stdout: bool = False, folder: bool = False, either: bool = False, instead: str = ""
    ) -> None:
        super().__init__(path_type=Path, file_okay=not folder, dir_okay=folder or either)
        self._stdout = stdout
        self._what = "folder" if folder else "file"
        self._instead = instead

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; ``-`` is an error that says what is possible, unless it is taken."""
        if value == STDOUT and not self._stdout:
            instead = self._instead or f"name a {self._what}"
            self.fail(f"'-' (standard output) is not possible here: {instead}", param, ctx)
        return super().convert(value, param, ctx)


def is_stdout(output: Path) -> bool:
    """Tell whether a place that was named is standard output."""
    return str(output) == STDOUT
