"""Templates that could run for ever or take all memory, rendered in a process that may not.

A suite comes from a party to the dispute. Jinja's sandbox keeps a template from reaching anything,
but not from a loop in a loop, a huge power or a width of a billion. A template that only places
values (:func:`is_plain`) is rendered where it is asked for; every other one here, under limits of
time and memory. The process is started with the first of them and ends with this one.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import TemplateSyntaxError, nodes

from claimbench.types import Json

RENDER_S = 10.0
"""Longest time that one rendering may take."""
START_S = 60.0
"""Longest time that the process may take to start."""
MEMORY_BYTES = 1 << 30
"""Address space of the process."""

_PLAIN_NODES = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.Not,
    nodes.And,
    nodes.Or,
    nodes.Test,
    nodes.Filter,
    nodes.For,
)
_PLAIN_FILTERS = frozenset(
    [
        "capitalize",
        "d",
        "default",
        "e",
        "escape",
        "first",
        "float",
        "int",
        "join",
        "last",
        "length",
        "lower",
        "string",
        "title",
        "tojson",
        "trim",
        "upper",
    ]
)


class TemplateHangs(Exception):
    """A template took more time or memory than a prompt may."""


class TemplateRaises(Exception):
    """A template failed; the text says how, ``undefined`` whether a variable was missing."""

    def __init__(self, message: str, *, undefined: bool) -> None:
        super().__init__(message)
        self.undefined = undefined


UNREADABLE = (TemplateSyntaxError, SyntaxError, ValueError, RecursionError)
"""What Jinja raises for a source that it cannot read: its own error, or Python's of what it makes
of the source (a number of 5,000 digits, the same keyword twice, loops too deep).
"""


def syntax_fault(error: Exception) -> tuple[str, int]:
    """Return what is wrong with a template's source, and on which of its lines (from 1).

    ``error``: one of :data:`UNREADABLE`.
    """
    if isinstance(error, TemplateSyntaxError):
        return error.message or "syntax error", error.lineno
    if isinstance(error, RecursionError):
        return "it is nested too deeply", 1
    if isinstance(error, SyntaxError):
        return error.msg, 1  # its line is that of the code that Jinja wrote
    return str(error).split(";")[0], 1


def is_plain(tree: nodes.Template) -> bool:
    """Return whether a template's work is bounded by its own length and its data's: it places
    values, chooses, and goes through lists, but not through lists in lists, and calls and computes
    nothing.
    """
    for node in _all(tree):
        if not isinstance(node, _PLAIN_NODES):
            return False
        if isinstance(node, nodes.Filter) and not (
            node.name in _PLAIN_FILTERS
            and all(isinstance(one, nodes.Const) for one in node.args)
            and not node.kwargs
        ):
            return False
        if isinstance(node, nodes.For) and (
            node.recursive or any(inner is not node for inner in _loops(node))
        ):
            return False
    return True


def _all(tree: nodes.Node) -> list[nodes.Node]:
    found = [tree]
    for node in found:
        found += node.iter_child_nodes()
    return found


def _loops(node: nodes.Node) -> list[nodes.Node]:
    return [one for one in _all(node) if isinstance(one, nodes.For)]


class TemplateProcess:
    """The process, started when the first template comes; safe to use from any thread.

    ``module`` has the function ``serve``, which the process works as.
    """

    def __init__(self, module: str = "claimbench.plan.prompts") -> None:
        self._module = module
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._left = b""

    def render(self, source: str, context: Mapping[str, Any]) -> str:
        """Render one template.

        Raises:
            TemplateHangs: it took longer or more memory than is allowed.
            TemplateRaises: it failed.
        """
        with self._lock:
            process = self._process or self._start()
            line = json.dumps([source, dict(context)], default=_plain).encode() + b"\n"
            try:
                assert process.stdin is not None  # noqa: S101 - asked for in _start
                process.stdin.write(line)
                process.stdin.flush()
                answer = json.loads(self._line(process, RENDER_S))
            except (OSError, EOFError, TimeoutError) as error:
                self.close()
                what = (
                    f"longer than {RENDER_S:g} s"
                    if isinstance(error, TimeoutError)
                    else f"more than {MEMORY_BYTES >> 20} MiB"
                )
                raise TemplateHangs(f"it takes {what}") from None
        if "text" in answer:
            return str(answer["text"])
        raise TemplateRaises(answer["error"], undefined=answer["undefined"])

    def close(self) -> None:
        """End the process; the next template starts another."""
        process, self._process, self._left = self._process, None, b""
        if process is not None:
            process.kill()
            with contextlib.suppress(OSError):
                process.communicate()

    def _start(self) -> subprocess.Popen[bytes]:
        kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", f"from {self._module} import serve; serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**kept, "PYTHONPATH": os.pathsep.join(_our_paths())},
            start_new_session=True,
        )
        self._process = process
        atexit.register(self.close)
        try:
            self._line(process, START_S)
        except (OSError, EOFError, TimeoutError):
            self.close()
            raise TemplateHangs("the process that renders templates does not start") from None
        return process

    def _line(self, process: subprocess.Popen[bytes], within_s: float) -> bytes:
        assert process.stdout is not None  # noqa: S101 - asked for in _start
        number = process.stdout.fileno()
        until = time.monotonic() + within_s
        parts = [self._left]
        while b"\n" not in parts[-1]:
            left_s = until - time.monotonic()
            if left_s <= 0 or not select.select([number], [], [], left_s)[0]:
                raise TimeoutError
            part = os.read(number, 1 << 16)
            if not part:
                raise EOFError
            parts.append(part)
        line, _, self._left = b"".join(parts).partition(b"\n")
        return line


def _our_paths() -> list[str]:
    """Return where modules are looked for, without the current folder, which may be a stranger's:
    ``python -m`` puts it first.
    """
    here = Path().resolve()
    if here == Path(__file__).resolve().parent.parent:
        return [path for path in sys.path if path]
    return [path for path in sys.path if path and Path(path).resolve() != here]


def _plain(value: Any) -> Json:
    """Return a value of a data set as JSON: arrays as lists, dates as their text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "PYTHONHASHSEED", "SYSTEMROOT", "VIRTUAL_ENV")


def serve_templates(rendered: Callable[[str, Mapping[str, Json]], str]) -> None:
    """Work as the process: limit the memory, then render what comes, line by line.

    Args:
        rendered: renders one template; raises TemplateRaises.
    """
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    out = sys.stdout
    out.write("ready\n")
    out.flush()
    for line in sys.stdin:
        source, context = json.loads(line)
        answer: dict[str, Any]
        try:
            answer = {"text": rendered(source, context)}
        except TemplateRaises as error:
            answer = {"error": str(error), "undefined": error.undefined}
        except MemoryError:
            return
        out.write(json.dumps(answer) + "\n")
        out.flush()
