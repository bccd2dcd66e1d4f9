"""What a file beside a suite holds, found by reading it: nothing of it is imported or run."""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass

from claimbench.error_words import did_you_mean, one_of
from claimbench.trust import Code

MOST_BYTES = 256 * 1024
"""Longest file of a scorer or a tool simulator."""
SCORER = ("answer", "target")
"""What a scorer's function has to take; the row as one more, if it will."""
TOOLS = ("name", "arguments", "state")
"""What a tool simulator's function has to take, likewise."""


class ScorerFileFault(Exception):
    """A file that holds no such scorer; the text names file and line."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class ScorerFile:
    """A scorer's source; ``takes_row``: its function takes the row as its third argument."""

    file: str
    function: str
    source: str
    takes_row: bool = False

    @property
    def sha256(self) -> str:
        """Return the hash of the source (hex)."""
        return hashlib.sha256(self.source.encode()).hexdigest()

    @property
    def code(self) -> Code:
        """Return what a person has to agree to."""
        return Code((f"{self.file}: {self.function}()",), {self.file: self.sha256})


def read_scorer(
    file: str, function: str, raw: bytes, takes: tuple[str, ...] = SCORER
) -> ScorerFile:
    """Return the function of a file; ``takes``: the arguments that it must have, the row apart.

    Raises:
        ScorerFileFault: it is not Python, or has no such function of these arguments.
    """
    if len(raw) > MOST_BYTES:
        raise ScorerFileFault(f"{file}: {len(raw) >> 10} KiB; {MOST_BYTES >> 10} at most")
    try:
        source = raw.decode("utf-8-sig").replace("\r\n", "\n")
        tree = ast.parse(source, file)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ScorerFileFault(f"{file}:{line}: not UTF-8", "save the file as UTF-8") from None
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        at: int | None = getattr(error, "lineno", None)
        place = file if at is None else f"{file}:{at}"
        raise ScorerFileFault(f"{place}: not Python: {getattr(error, 'msg', error)}") from None
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    named = [node for node in found if node.name == function]
    if not named:
        known = [node.name for node in found]
        raise ScorerFileFault(
            f"{file}: no function '{function}'{did_you_mean(function, known)}",
            f"it defines {one_of(known)}"
            if known
            else f"write `def {function}({', '.join(takes)}):`",
        )
    node = named[-1]
    if isinstance(node, ast.AsyncFunctionDef):
        raise ScorerFileFault(f"{file}:{node.lineno}: '{function}' is async; write it with `def`")
    return ScorerFile(file, function, source, _takes_row(node, file, takes))


def _takes_row(node: ast.FunctionDef, file: str, takes: tuple[str, ...]) -> bool:
    given = node.args
    places = [*given.posonlyargs, *given.args]
    needed = len(places) - len(given.defaults)
    named = zip(given.kwonlyargs, given.kw_defaults, strict=True)
    required = [arg.arg for arg, default in named if default is None]
    most = len(takes) + 1
    if needed > most or required or (len(places) < len(takes) and given.vararg is None):
        listed = ", ".join(takes)
        raise ScorerFileFault(
            f"{file}:{node.lineno}: '{node.name}' has to take ({listed}), or ({listed}, row)"
        )
    return len(places) > len(takes) or given.vararg is not None
