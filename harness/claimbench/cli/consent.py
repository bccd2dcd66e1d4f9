"""What a run would send where, and start: said before it happens, and asked for once.

A suite comes from a party to the dispute. It decides who is sent prompts and a key, and which
programs start. On a terminal the first run of a suite that says something new asks; elsewhere the
list is printed and the run goes on, unless ``BENCH_CONSENT=required`` (docs/security.md says why).
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimbench.cli.destinations import HERE, Destination, destinations, is_loopback
from claimbench.errors import BenchError
from claimbench.trust import Code, is_trusted, trust

if TYPE_CHECKING:
    from claimbench.types import Suite

VARIABLE = "BENCH_CONSENT"
_MOST_HASHED = 64 * 2**20
"""Larger files that a command names (a model, an engine) are told apart by size and time alone."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that consent is given for.

    Attributes:
        line: what is said of it.
        code: what the consent is kept for.
        always: it hands the command a variable of the user's: never without consent.
    """

    line: str
    code: Code
    always: bool = False


def going(suite: Suite, wanted: Sequence[str] = ()) -> list[Destination]:
    """Return where prompts of the arms (names; empty: all) and judges go, and what is started.

    Arms that cannot run here (no key, no program) send nothing and are left out. No I/O beyond
    looking for keys and programs.
    """
    from claimbench.cli.books import price_book
    from claimbench.cli.common import provider_factories
    from claimbench.run.arms import check_arms
    from claimbench_providers.models.context import provider_context

    used = tuple(arm for arm in suite.arms if not wanted or arm.name in wanted)
    at = replace(suite, arms=used)
    factories = provider_factories([arm.provider for arm in at.asked])
    providers = check_arms(at, factories, provider_context(at))
    there = {name: one for name, one in providers.items() if why_missing(one) is None}
    return destinations(at, there, price_book())


def why_missing(provider: object) -> str | None:
    """Return why a provider cannot run here; None if it can."""
    missing = getattr(provider, "missing", None)
    return missing() if callable(missing) else None


def asked_for(suite: Suite, found: Sequence[Destination]) -> list[Asked]:
    """Return what needs consent: commands, and hosts beyond this machine."""
    return list(_each(suite, found))


def _each(suite: Suite, found: Sequence[Destination]) -> Iterator[Asked]:
    place = str(Path(suite.path).resolve())
    whose = {place: hashlib.sha256(place.encode()).hexdigest()}
    for one in found:
        if one.starting is not None and one.starts is not None:
            files = _files_named(one.starts, Path(suite.path).parent)
            code = Code((one.starting,), {**whose, **files})
            yield Asked(one.starting, code, bool(one.given))
        if one.host is not None and one.host not in HERE and not is_loopback(_name(one.host)):
            line = f"{one.arm}: {one.going}"
            way = " unencrypted" if one.unencrypted else ""
            yield Asked(line, Code((f"{one.host} {one.key}{way}",), whose))


def _name(host: str) -> str:
    from urllib.parse import urlsplit

    return urlsplit(f"//{host}").hostname or "" if " " not in host else host


def _files_named(command: Sequence[str], folder: Path) -> Mapping[str, str]:
    """Return the files that words of a command name, with what tells their content."""
    found = {}
    for word in command:
        for base in (Path(), folder):
            path = base / word
            try:
                if path.is_file():
                    found[str(path.resolve())] = _content(path)
            except (OSError, ValueError):
                continue
    return found


def _content(path: Path) -> str:
    stat = path.stat()
    if stat.st_size > _MOST_HASHED:
        return f"{stat.st_size} bytes of {stat.st_mtime_ns}"
    return hashlib.sha256(path.read_bytes()).hexdigest()


def inform(suite: Suite, wanted: Sequence[str], *, yes: bool, from_database: bool = False) -> None:
    """Say on standard error whom prompts go to and what is started, and ask where that is new.

    Args:
        suite: what is about to be run.
        wanted: names of its arms; empty: all.
        yes: agree to all of it, for good.
        from_database: its file is gone, the suite is read from a results database: its commands
            need consent, for nobody could read them.

    Raises:
        BenchError: consent is needed and not given; nothing was sent or started.
    """
    found = going(suite, wanted)
    leaving = [one for one in found if one.host is not None]
    if not leaving:
        return
    print("before anything is sent or started:", file=sys.stderr)
    for one in leaving:
        print(f"  {one.arm}: {one.going}", file=sys.stderr)
        if one.starting is not None:
            print(f"  {one.starting}", file=sys.stderr)
    sys.stderr.flush()
    new = [one for one in asked_for(suite, found) if not is_trusted(one.code)]
    if new:
        _agree(suite, new, yes=yes, from_database=from_database)


def require_scorer_consent(suite: Suite) -> None:
    """Raise BenchError where a suite scores, or answers calls of tools, by Python beside it that
    nobody agreed to.
    """
    from claimbench.scorers.own_code.scorer import PYTHON

    scored = any(spec.name == PYTHON for task in suite.tasks for spec in task.scorers)
    simulators = [task.simulator for task in suite.tasks if task.simulator is not None]
    if scored or any(one.script is not None for one in simulators):
        from claimbench.evaluation.own_scorers import require_consent

        require_consent(suite)


def _agree(suite: Suite, new: Sequence[Asked], *, yes: bool, from_database: bool) -> None:
    if yes:
        _keep(new)
        return
    how = os.environ.get(VARIABLE, "").strip().lower()
    if how not in ("", "required", "listed"):
        raise BenchError(
            f"{VARIABLE}={how}: not known",
            hint="required: refuse what nobody agreed to; listed: never ask, only list",
        )
    must = [
        one
        for one in new
        if how == "required" or one.always or (from_database and "starts:" in one.line)
    ]
    if not how and sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty():
        for one in new:
            print(f"  new: {one.line}", file=sys.stderr)
        if not click.confirm("Go on?", err=True):
            raise BenchError("not agreed to; nothing was sent or started")
        _keep(new)
        return
    if must:
        listed = "\n    ".join(one.line for one in must)
        again = "add --yes" if from_database else f"agree with: bench trust {suite.path} --yes"
        raise BenchError(
            f"nobody has agreed to what this suite does here:\n    {listed}",
            hint=f"read it; then {again} (kept on this machine), or --trust for this time",
        )


def _keep(new: Sequence[Asked]) -> None:
    try:
        trust([one.code for one in new])
    except OSError as error:
        print(f"note: the consent could not be kept: {error}", file=sys.stderr)
