"""``bench open``: a run's report, or the list of all runs, in the browser."""

from __future__ import annotations

from pathlib import Path

import click

from claimbench.cli.common import open_store, results_option, run_argument
from claimbench.errors import BenchError
from claimbench.store.place import DatabaseUrl, Place


@click.command("open")
@run_argument
@results_option
@click.option("--index", is_flag=True, help="Open the page of all runs instead.")
def open_command(run: str | None, results: Place, index: bool) -> int:
    """Open the report of RUN (default: the latest) in the browser, written first if there is none.

    Prints the page's address, which is all it does where there is no browser.
    """
    page = _index(results) if index else _report(run, results)
    address = page.resolve().as_uri()
    click.echo(address)
    if not _shown(address):
        click.echo("no browser could be started here; open the address above in one", err=True)
    return 0


def _report(run: str | None, results: Place) -> Path:
    from claimbench.cli.runs import evaluate_run, write_report

    with open_store(results) as store:
        run_id = store.resolve_run(run)
        page = store.run_folder(run_id) / "report.html"
        return page if page.exists() else write_report(store, evaluate_run(store, run_id))


def _index(results: Place) -> Path:
    if isinstance(results, DatabaseUrl):
        with open_store(results) as store:
            page = store.index_page
    else:
        page = results / "index.html"
    if not page.exists():
        raise BenchError(f"{page}: no page of all runs here yet", hint="bench report writes it")
    return page


def _shown(address: str) -> bool:
    """Start the browser; a machine without one is no error."""
    import webbrowser

    try:
        return webbrowser.open(address)
    except (webbrowser.Error, OSError):
        return False
