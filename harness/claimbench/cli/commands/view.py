"""``bench view``: the results folder in the browser, served by this machine to this machine."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from claimbench.cli.common import open_store, results_option
from claimbench.cli.writing.filling import filled_store
from claimbench.errors import BenchError
from claimbench.store.place import DatabaseUrl, Place

if TYPE_CHECKING:
    from claimbench.store.results import ResultsStore
    from claimbench_reports.browse.work import Kind

DRAWN = 60
"""Samples that a click draws for people to label: 50 labelled ones correct a judge."""


@click.command("view")
@results_option
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Listen here; default: any free port.",
)
@click.option("--no-browser", is_flag=True, help="Print the address, start no browser.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; one that others reach needs --expose too.",
)
@click.option(
    "--expose",
    is_flag=True,
    help="Let --host be one that others reach: unencrypted, guarded by the token alone.",
)
@click.option("--work", type=click.Choice(["judge", "verify", "draw"]), hidden=True)
@click.option("--run", hidden=True)
@click.option("--into", type=click.Path(path_type=Path), hidden=True)
def view_command(
    results: Place,
    port: int,
    no_browser: bool,
    host: str,
    expose: bool,
    work: str | None,
    run: str | None,
    into: Path | None,
) -> int:
    """Show the results folder in the browser: runs, verdicts, samples, transcripts, live progress.

    Serves this machine alone until Ctrl-C. The database is read; labels that a person gives by
    click are the one thing written, as bench labels writes them. What a run has to show is kept in
    a cache (docs/view.md).
    """
    if work is not None and run is not None and into is not None:
        return _work(results, cast("Kind", work), run, into)
    address = _address(host, expose)
    _check_extra()
    with open_store(results) as store:
        folder = _cache(store)

        def command(run_id: str, kind: Kind) -> list[str]:
            # -P: a module in the folder of the user is none of ours
            head = [sys.executable, "-P", "-m", "claimbench.cli", "view", "--results"]
            asked = ["--work", kind, "--run", run_id, "--into", str(folder / f"{run_id}.db")]
            return [*head, _named(store), *asked]

        return _serve(store, folder, command, (address, port), browser=not no_browser)


def _serve(
    store: ResultsStore,
    folder: Path,
    command: Callable[[str, Kind], list[str]],
    where: tuple[str, int],
    *,
    browser: bool,
) -> int:
    from claimbench.store.catalogue.browsing import RunFilter, database_state
    from claimbench_reports.browse import server
    from claimbench_reports.browse.desk import Desk
    from claimbench_reports.browse.guard import Keys
    from claimbench_reports.browse.work import Work

    host, keys = where[0], Keys()
    made = server.listen(*where)
    port = int(made.getsockname()[1])
    shown = f"[{host}]" if ":" in host else host
    work = Work(command, lambda: database_state(store))
    desk = Desk(store, folder, work)
    try:
        # Finished calls are counted along an index, once: before anybody waits for a page
        desk.lines(RunFilter(), None, server.RUNS_ON_A_PAGE)
        click.echo(f"http://{shown}:{port}/?token={keys.token}")
        click.echo("Ctrl-C ends it.", err=True)
        if not ip_address(host).is_loopback:
            words = "others reach this address; what they see is not encrypted on its way"
            click.echo(f"warning: {words}", err=True)
        if browser:
            _start_browser(f"http://{shown}:{port}/?token={keys.once}")
        with _ended_by_signals():
            server.serve(desk, keys, made, server.hosts_of(host, port))
    except KeyboardInterrupt:
        pass
    finally:
        work.close()
        made.close()
    return 0


def _check_extra() -> None:
    """Raise BenchError where the server's packages are not installed."""
    for name in ("starlette", "uvicorn"):
        try:
            import_module(name)
        except ImportError as error:
            raise BenchError(
                f"bench view needs the package {name}, which is not installed here",
                hint="pip install 'claimbench[view]'; bench publish and bench open need neither",
            ) from error


def _address(host: str, expose: bool) -> str:
    """Return the address to listen on.

    Raises:
        BenchError: it is none, or others reach it and nobody asked for that.
    """
    try:
        found = ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise BenchError(
            f"--host {host!r:.80}: not an address", hint="for example --host 127.0.0.1"
        ) from None
    if found.is_unspecified:
        raise BenchError(
            f"--host {host}: means every address of this machine, so that no page could know its"
            " own name",
            hint="name one address",
        )
    if not found.is_loopback and not expose:
        raise BenchError(
            f"--host {host}: others reach that address, and these pages hold every prompt and"
            " answer",
            hint="leave --host out; or add --expose, if that is what you want",
        )
    return str(found)


def _cache(store: ResultsStore) -> Path:
    """Return the folder for what this database's pages show."""
    from claimbench_providers.models.catalogue import cache_dir

    path = store.path if isinstance(store.path, DatabaseUrl) else store.path.resolve()
    name = sha256(str(path).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return cache_dir().parent / "view" / name


def _named(store: ResultsStore) -> str:
    """Return the database as ``--results`` takes it, from any folder."""
    path = store.path
    return str(path if isinstance(path, DatabaseUrl) else path.absolute())


def _start_browser(address: str) -> None:
    """Start the browser, if there is one that leaves the terminal alone; without one nothing is
    wrong. On a thread, for some return only when they are closed.
    """
    import threading
    import webbrowser

    def start() -> None:
        with contextlib.suppress(webbrowser.Error, OSError):
            # One of exactly this class runs in the terminal
            if type(webbrowser.get()) is not webbrowser.GenericBrowser:
                webbrowser.open(address)

    threading.Thread(target=start, daemon=True).start()


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let SIGTERM end the server as Ctrl-C does, so that what it started ends too."""

    def end(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _work(results: Place, kind: Kind, run_id: str, path: Path) -> int:
    """Do one piece of work for a server: it reads every row, so it has a process of its own."""
    import os

    with contextlib.suppress(OSError):
        os.nice(19)
    from claimbench.machine.garbage_collection import load_numpy

    load_numpy()
    from claimbench.api import background_of
    from claimbench_reports.browse.judging import draw_for_labels, judge_run

    def say(words: str) -> None:
        click.echo(words)
        sys.stdout.flush()

    if kind == "draw":
        with filled_store(results) as store:
            draw_for_labels(store, run_id, DRAWN)
    with open_store(results) as store:
        if kind == "verify":
            say(f"{store.verify(run_id):,} rows verified")
        else:
            judge_run(store, run_id, path, background_of, say=say)
    return 0
