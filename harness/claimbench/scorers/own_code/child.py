"""The process in which a suite's own scorer or tool simulator runs: started as a script, alone, by
its path.

It takes one line of JSON with the source, then one line per answer (or call of a tool), and gives
one line for each. Nothing of ClaimBench is imported here. What the script prints goes nowhere.

A tool simulator gives any JSON. It is asked in a namespace of its own for each call, with the same
seed of ``random``, so that what it gives follows from its arguments and from nothing before.
"""

from __future__ import annotations

import json
import os
import random
import traceback
from typing import Any


def main() -> None:
    """Serve answers until the input ends."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    lines = os.fdopen(os.dup(0), encoding="utf-8")
    os.dup2(nowhere, 0)
    asked = json.loads(lines.readline())
    _limit(asked["memory"])
    file, anew = asked["file"], bool(asked.get("json"))
    try:
        code = compile(asked["source"], file, "exec")
        function = _function(code, file, asked["function"])
    except BaseException as error:  # noqa: BLE001 - whatever it raises is its fault, said to the caller
        _say(out, {"error": _fault(error, file)})
        return
    _say(out, {"ready": True})
    for line in lines:
        given = json.loads(line)
        try:
            if anew:
                random.seed(0)
                function = _function(code, file, asked["function"])
            value = function(*given)
            _say(out, {"value": value if anew else _plain(value)}, asked.get("most"))
        except BaseException as error:  # noqa: BLE001 - as above
            _say(out, {"error": _fault(error, file)})


def _function(code: Any, file: str, name: str) -> Any:
    names: dict[str, Any] = {"__name__": "scorer", "__file__": file}
    exec(code, names)  # noqa: S102 - a person agreed to it
    return names[name]


def _limit(memory: int) -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    except (ImportError, ValueError, OSError):
        return


def _say(out: object, what: dict[str, object], most: int | None = None) -> None:
    line = json.dumps(what, allow_nan=most is None)
    if most is not None and len(line) > most:
        raise ValueError(f"{len(line) >> 10} KiB of result and state, above {most >> 10}")
    out.write(line + "\n")  # type: ignore[attr-defined]
    out.flush()  # type: ignore[attr-defined]


def _plain(value: object) -> object:
    """Return a number of any library as one of Python's; anything else as its type's name."""
    if value is None or isinstance(value, bool | int | float):
        return value
    item = getattr(value, "item", None)
    found = item() if callable(item) else value
    if isinstance(found, bool | int | float):
        return found
    return {"type": type(value).__name__}


def _fault(error: BaseException, file: str) -> str:
    """Return what went wrong, with the line of the script."""
    line = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else None
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == file:
            line = frame.lineno
    place = file if line is None else f"{file}:{line}"
    return f"{place}: {type(error).__name__}: {error}"[:500]


if __name__ == "__main__":
    main()
