"""Measure and plan from Python: ``claimbench.run(suite)`` and ``claimbench.plan(suite)`` do what
``bench run`` and ``bench plan`` do. docs/python.md shows both.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack

from claimbench.error_words import arguments
from claimbench.errors import BenchError

if TYPE_CHECKING:
    import pandas as pd

    from claimbench.api import Run
    from claimbench.cli.commands.plan import Planned
    from claimbench.cli.commands.run import RunOptions
    from claimbench.types import Suite

__all__ = ["Plan", "RunSettings", "plan", "run"]

T = TypeVar("T")


class RunSettings(TypedDict, total=False):
    """What :func:`run` takes by name; each is the option of ``bench run`` of the same name. None is
    as good as left out; a list that is given names something, an empty one is refused.
    """

    results: str | Path
    """Folder of ``bench.db``, or the URL of a database; default: ``results``."""
    arms: Sequence[str] | None
    """Only these arms; left out: all."""
    limit: int | None
    """Only the first so many samples of each task, in seeded order."""
    max_cost: Decimal | float | None
    """Stop before endpoints are paid more dollars than this."""
    set: Mapping[str, object] | None
    """Suite values to change, by key: ``{"arms.gpt.base_url": "http://127.0.0.1:8000/v1"}``."""
    resume: str | None
    """Go on with this run instead of beginning one; ``latest`` for the last."""
    retry_missing: bool
    """With ``resume``: ask the calls that failed again, too."""
    until_decided: bool
    """Look at five points and stop as soon as every claim is decided."""
    offline: bool
    """Let this process reach nothing but the endpoints of the suite's arms meanwhile."""
    allow_unknown_cost: bool
    """Run arms whose price is unknown."""
    allow_outside: bool
    """Let the suite read files outside its folder."""
    wait_idle: float | None
    """Wait at most so many seconds until the machine is idle, before local arms start."""
    books: Sequence[str | Path] | None
    """Price books of your own, ahead of the installed ones."""
    tags: Sequence[str] | None
    note: str | None
    owner: str | None
    """Words to find the run by, and whose it is."""
    yes: bool
    """Agree, for good, to whom the suite sends and what it starts (docs/security.md)."""


@arguments.told
def run(suite: str | Path | None = None, **settings: Unpack[RunSettings]) -> Run:
    """Measure a suite, or go on with a run, and return the stored run.

    Works in a notebook too, where an event loop runs already: the work then has a thread and a loop
    of its own. Progress and notes go to standard error. No report is written; ask the run for one.
    A run that stopped early (budget, faults, an interrupt) is returned as it is: ``run.complete``
    says so, and ``claimbench.run(resume=run.id)`` goes on with it.

    Args:
        suite: path of a suite file, or the name of one that comes with ClaimBench; None with
            ``resume``.
        settings: see :class:`RunSettings`.

    Raises:
        BenchError: a wrong suite or setting, no arm that can run, or consent that is needed and not
            given; nothing was sent then.
    """
    from claimbench.api import Run as Stored
    from claimbench.cli.commands.run import measure
    from claimbench.cli.writing.filling import filled_store

    asked = options_of(suite, settings)
    with filled_store(asked.results) as store:
        if _loop_runs():
            ended, _ = _Aside(lambda wait: measure(store, asked, wait)).result()
        else:
            ended, _ = measure(store, asked)
        return Stored(store.path, ended.run_id)


@arguments.told
def plan(
    suite: str | Path,
    *,
    arms: Sequence[str] | None = None,
    limit: int | None = None,
    set: Mapping[str, object] | None = None,
    books: Sequence[str | Path] | None = None,
    allow_outside: bool = False,
    pilot: Run | None = None,
) -> Plan:
    """Say what a run would cost in calls, dollars and hours, and which claims it could settle; send
    nothing.

    Args:
        suite: path of a suite file, or the name of one that comes with ClaimBench.
        arms: only these; None: all. An empty list is refused.
        limit: plan for the first so many samples of each task.
        set: suite values to change, by key.
        books: price books of your own, ahead of the installed ones.
        allow_outside: let the suite read files outside its folder.
        pilot: take seconds, dollars and disagreement from this stored run.

    Raises:
        BenchError: as :func:`run`.
    """
    from claimbench.cli.commands.plan import PlanOptions, planned
    from claimbench.shipped import found

    asked = PlanOptions(
        suite=found(arguments.path("suite", suite)),
        arms=arguments.several("arms", arms),
        limit=arguments.whole("limit", limit),
        overrides=_overrides(arguments.changes("set", set)),
        allow_outside=arguments.flag("allow_outside", allow_outside),
        as_json=False,
        books=arguments.paths("books", books),
    )
    if pilot is not None and not hasattr(pilot, "evaluation"):
        raise BenchError(
            f"pilot={pilot!r:.60}: a stored run is wanted",
            hint='pilot=claimbench.open_run("results")',
        )
    return Plan(planned(asked, None if pilot is None else pilot.evaluation))


@dataclass(frozen=True)
class Plan:
    """What a run would send, cost and resolve; made by :func:`plan`. ``found`` holds it as domain
    types.
    """

    found: Planned

    @property
    def suite(self) -> Suite:
        """Return the suite as it was read."""
        return self.found.suite

    @property
    def total(self) -> str:
        """Return calls, dollars and hours of the whole run, in a sentence."""
        return self.found.total.line

    def arms(self) -> pd.DataFrame:
        """Return one row per arm: calls, tokens, dollars and hours; unknown is None or NaN."""
        import pandas as pd

        return pd.DataFrame([_numbers(_fields(one)) for one in self.found.estimates])

    def claims(self) -> pd.DataFrame:
        """Return one row per claim: how many samples there are, and how many it needs at 80%
        power.
        """
        import pandas as pd

        rows = [
            {
                "claim": one.claim.id,
                "text": one.claim.text,
                "items_present": one.items_present,
                "items_needed": one.items_needed,
                "why_not": one.why_not,
                "source": one.source,
            }
            for one in self.found.claims
        ]
        return pd.DataFrame(rows)

    def destinations(self) -> list[str]:
        """Return where prompts would go, a line each."""
        return [one.line for one in self.found.going]

    def __repr__(self) -> str:
        return f"<Plan of {self.suite.name} {self.suite.version}: {self.total}>"

    def _repr_html_(self) -> str:
        head = escape(f"{self.suite.name} {self.suite.version}: {self.total}")
        arms = self.arms()[["arm", "calls", "usd_typical", "hours"]]
        shown = arms.to_html(index=False, na_rep="unknown", border=0)
        return f"<p><strong>{head}</strong></p>{shown}"


def _fields(one: object) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(one)  # type: ignore[call-overload,no-any-return]


def _numbers(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: float(value) if isinstance(value, Decimal) else value for name, value in row.items()
    }


def options_of(suite: str | Path | None, settings: RunSettings) -> RunOptions:
    """Return what :func:`run` does with its settings, as the options of ``bench run``.

    Raises:
        BenchError: a setting that it does not have, or one of another kind.
    """
    from claimbench.api import place_given
    from claimbench.cli.commands.run import RunOptions
    from claimbench.shipped import found

    known = tuple(RunSettings.__annotations__)
    for name in settings:
        if name not in known:
            raise arguments.unknown("run", name, known)
    file = None if suite is None else found(arguments.path("suite", suite))
    resume = arguments.text("resume", settings.get("resume"), "latest")
    retry_missing = arguments.flag("retry_missing", settings.get("retry_missing"))
    books = arguments.paths("books", settings.get("books"))
    if file is None and resume is None:
        raise BenchError("which suite?", hint='for example: claimbench.run("support", limit=20)')
    if retry_missing and resume is None:
        raise BenchError("retry_missing goes on with a run", hint='add resume="latest"')
    if books and resume is not None:
        raise BenchError(
            "a resumed run keeps the prices it was begun with",
            hint="bench reprice --book FILE judges it under others",
        )
    results = settings.get("results")
    return RunOptions(
        suite=file,
        arms=arguments.several("arms", settings.get("arms")),
        limit=arguments.whole("limit", settings.get("limit")),
        max_cost=arguments.dollars("max_cost", settings.get("max_cost")),
        results=place_given("results", "results" if results is None else results),
        resume=resume,
        retry_missing=retry_missing,
        dry_run=False,
        overrides=_overrides(arguments.changes("set", settings.get("set"))),
        allow_outside=arguments.flag("allow_outside", settings.get("allow_outside")),
        offline=arguments.flag("offline", settings.get("offline")),
        allow_unknown_cost=arguments.flag("allow_unknown_cost", settings.get("allow_unknown_cost")),
        until_decided=arguments.flag("until_decided", settings.get("until_decided")),
        no_report=True,
        wait_idle=arguments.seconds("wait_idle", settings.get("wait_idle")),
        yes=arguments.flag("yes", settings.get("yes")),
        as_json=False,
        books=books,
        tags=arguments.several("tags", settings.get("tags"), "nightly"),
        note=arguments.text("note", settings.get("note"), "why it was run"),
        owner=arguments.text("owner", settings.get("owner"), "me"),
        argv=("claimbench.run",),
    )


def _overrides(changes: Mapping[str, object]) -> tuple[str, ...]:
    """Return the texts of ``--set``: values as JSON, which YAML reads; text as it is."""
    import json

    return tuple(
        f"{key}={value if isinstance(value, str) else json.dumps(value, default=str)}"
        for key, value in changes.items()
    )


def _loop_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class _Aside:
    """Do work that needs an event loop of its own on another thread, and stop it in order when the
    thread that waits is interrupted: what was finished by then is stored.
    """

    def __init__(self, work: Callable[[Callable[[Coroutine[Any, Any, Any]], Any]], T]) -> None:
        self._work = work
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._found: Any = None
        self._fault: BaseException | None = None

    def result(self) -> Any:
        """Do the work; return what it returns, or raise what it raised."""
        thread = threading.Thread(target=self._do, name="claimbench.run", daemon=True)
        thread.start()
        try:
            thread.join()
        except KeyboardInterrupt:
            self._stop()
            thread.join()
            raise
        if self._fault is not None:
            raise self._fault
        return self._found

    def _do(self) -> None:
        try:
            self._found = self._work(self._wait)
        except BaseException as fault:  # noqa: BLE001 - raised again where it is waited for
            self._fault = fault

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        async def followed() -> Any:
            self._loop = asyncio.get_running_loop()
            self._task = asyncio.current_task()
            return await work

        return asyncio.run(followed())

    def _stop(self) -> None:
        loop, task = self._loop, self._task
        if loop is not None and task is not None and not loop.is_closed():
            loop.call_soon_threadsafe(task.cancel)
