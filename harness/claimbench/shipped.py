"""Suites that come with ClaimBench: found by name, and copied out.

In a wheel they lie in ``claimbench/shipped``, put there by the build from ``suites/`` of the
repository; in a checkout they are read from ``suites/`` itself. There is one source.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from claimbench.errors import BenchError, SuiteError

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_PACKAGE = Path(__file__).resolve().parent


def shipped_folder() -> Path | None:
    """Return the folder of the shipped suites; None where neither wheel nor checkout has one."""
    for folder in (_PACKAGE / "shipped", _PACKAGE.parents[1] / "suites"):
        if (folder / "support.yaml").is_file():
            return folder
    return None


def shipped_names() -> tuple[str, ...]:
    """Return the names of the shipped suites."""
    folder = shipped_folder()
    return () if folder is None else tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def located(given: str | Path) -> Path:
    """Return the suite file that ``given`` means: itself, or the shipped suite of that bare name
    where no such file is there.
    """
    path, name = Path(given), str(given)
    folder = shipped_folder()
    if folder is None or not _NAME.fullmatch(name) or path.is_file():
        return path
    return folder / f"{name}.yaml" if name in shipped_names() else path


def found(given: str | Path) -> Path:
    """Return the suite file that ``given`` means, as :func:`located` does.

    Raises:
        SuiteError: there is no such file; with the nearest name, the suites beside it and those
            that come with ClaimBench.
    """
    from claimbench.error_words import did_you_mean, one_of

    path = located(given)
    if path.exists():
        return path
    beside = sorted(one.name for one in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
    shipped = shipped_names() if path.parent == Path() else ()
    near = did_you_mean(path.stem, {*shipped, *(Path(name).stem for name in beside)})
    name = near.partition("'")[2].partition("'")[0]
    if name not in shipped and near:
        whole = next(one for one in beside if Path(one).stem == name)
        near = f"; did you mean '{path.parent / whole}'?"
    hints = [f"suites in {path.parent}: {one_of(beside, 8)}"] if beside else []
    if shipped_names():
        hints.append(f"with ClaimBench come: {', '.join(shipped_names())}")
    message = f"cannot be read: No such file or directory{near}"
    raise SuiteError(message, path=str(path), hint="\n".join(hints) or None)


def _read_elsewhere(suite: Path) -> list[Path]:
    """Return the data that a shipped suite reads from another one's folder."""
    named = re.findall(r"\bpath: *([\w./-]+)", suite.read_text(encoding="utf-8"))
    return [suite.parent / one for one in dict.fromkeys(named) if (suite.parent / one).is_file()]


def copy_out(name: str, folder: Path, *, force: bool) -> Path:
    """Copy a shipped suite with its data into ``folder``; return the copy of its file.

    Raises:
        BenchError: no such suite, or a file is there already and ``force`` is not given.
    """
    from claimbench.error_words import did_you_mean

    source = shipped_folder()
    if source is None or name not in shipped_names():
        known = shipped_names()
        raise BenchError(
            f"no suite '{name}' comes with ClaimBench{did_you_mean(name, known)}",
            hint=f"there are: {', '.join(known) or 'none in this installation'}",
        )
    files = [source / f"{name}.yaml", *sorted((source / name).rglob("*"))]
    files += [file for file in _read_elsewhere(files[0]) if file not in files]
    for file in files:
        copy = folder / file.relative_to(source)
        if file.is_file() and copy.exists() and not force:
            raise BenchError(
                f"{copy} is there already", hint="--force replaces it; --output names a folder"
            )
    for file in files:
        if file.is_file():
            copy = folder / file.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
    return folder / f"{name}.yaml"
