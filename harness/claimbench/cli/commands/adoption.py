"""``bench adoption``: dated snapshots of a model hub, and the claims that they decide."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from claimbench.cli.common import (
    SuitePath,
    json_option,
    print_json,
    suite_options,
    verdict_codes,
    worst,
)
from claimbench.errors import EXIT_OK, BenchError

FOLDER = Path("adoption")
HUB = "https://huggingface.co/api/models"
_SORTS = {"trending": "trendingScore", "downloads": "downloads"}
_FIELDS = (
    "downloads",
    "downloadsAllTime",
    "likes",
    "trendingScore",
    "tags",
    "pipeline_tag",
    "createdAt",
)
_PAGE = 1000
_TIMEOUT_S = 60.0
_MOST_BYTES = 64 * 2**20


@click.group("adoption")
def adoption_command() -> None:
    """Keep dated snapshots of downloads and trending lists, and judge claims about them."""


def _folder_option(command: Any) -> Any:
    return click.option(
        "--folder",
        type=click.Path(path_type=Path, file_okay=False),
        default=FOLDER,
        show_default=True,
        help="Where snapshots are kept; a suite names their files.",
    )(command)


_order_option = click.option(
    "--order",
    type=click.Choice(["trending", "downloads", "downloads_all"]),
    help="By what the rows are sorted; default: as the file shows.",
)


@adoption_command.command("add")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--source", required=True, metavar="URL", help="Whence the file came.")
@click.option("--date", "day", required=True, metavar="YYYY-MM-DD", help="The day it shows.")
@_order_option
@click.option("--complete", is_flag=True, help="It holds every repository, not a list's head.")
@click.option("--total", type=click.IntRange(1), help="The hub's own sum of 30 days' downloads.")
@click.option("--total-all", type=click.IntRange(1), help="The hub's own sum of all time.")
@_folder_option
@json_option
def add_command(
    file: Path,
    source: str,
    day: str,
    order: Any,
    complete: bool,
    total: int | None,
    total_all: int | None,
    folder: Path,
    as_json: bool,
) -> int:
    """Check FILE (CSV, JSON, JSON Lines as the hub gives them) and keep it with source, date and
    sha256.
    """
    from claimbench.suite.adoption.snapshots import Stated, read_snapshot

    stated = Stated(source, day, order, complete or None, total, total_all)
    snapshot = read_snapshot(file, str(file), stated)
    _not_in_the_future(snapshot.date)
    return _keep(snapshot, folder, as_json)


FIRST_DAY = "2018-11-01"
"""No hub listed models before that."""


def _not_in_the_future(day: str) -> None:
    today = datetime.now(UTC).date().isoformat()
    if day > today:
        raise BenchError(f"--date {day} is after today ({today})", hint="the day that it shows")
    if day < FIRST_DAY:
        raise BenchError(
            f"--date {day} is before there was a hub of models ({FIRST_DAY})",
            hint="the day that it shows",
        )


def _keep(snapshot: Any, folder: Path, as_json: bool) -> int:
    from claimbench.suite.adoption.snapshots import snapshot_text

    text = snapshot_text(snapshot)
    path = folder / f"{snapshot.date}-{snapshot.order or 'models'}-{snapshot.sha256[:12]}.json"
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise BenchError(
            f"{path} holds the same file with another source, order or total",
            hint="remove it first if it is wrong; a snapshot is never changed in silence",
        )
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if as_json:
        print_json({"path": str(path), **_facts(snapshot)})
    else:
        click.echo(f"kept {path}: {_line(snapshot)}")
        click.echo(f"in a suite: adoption: {{snapshots: [{path}]}}")
    return EXIT_OK


def _facts(snapshot: Any) -> dict[str, Any]:
    names = ("name", "source", "date", "sha256", "order", "complete", "total", "total_all")
    return {**{name: getattr(snapshot, name) for name in names}, "rows": len(snapshot.models)}


def _line(snapshot: Any) -> str:
    kind = "every repository" if snapshot.complete else f"the head by {snapshot.order}"
    if snapshot.order is None and not snapshot.complete:
        kind = "no list and not every repository: single counts only"
    rows = len(snapshot.models)
    return f"{rows:,} rows, {kind}, {snapshot.date}, {snapshot.source}"


@adoption_command.command("list")
@_folder_option
@json_option
def list_command(folder: Path, as_json: bool) -> int:
    """List the snapshots that are kept; each is checked by its sha256."""
    from claimbench.suite.adoption.snapshots import Stated, read_snapshot

    found = sorted(folder.glob("*.json")) if folder.is_dir() else []
    kept = [(path, read_snapshot(path, str(path), Stated())) for path in found]
    if as_json:
        print_json([{"path": str(path), **_facts(snapshot)} for path, snapshot in kept])
        return EXIT_OK
    for path, snapshot in kept:
        click.echo(f"{path}: {_line(snapshot)} (sha256 {snapshot.sha256[:12]})")
    if not kept:
        click.echo(f"no snapshots in {folder}; keep one: bench adoption add FILE --source --date")
    return EXIT_OK


@adoption_command.command("fetch")
@click.option(
    "--order",
    type=click.Choice(sorted(_SORTS)),
    default="trending",
    show_default=True,
    help="By what the hub is asked to sort.",
)
@click.option(
    "--top",
    type=click.IntRange(1, _PAGE),
    default=100,
    show_default=True,
    help="How many rows of the list are asked for.",
)
@click.option("--from", "address", default=HUB, show_default=True, help="The hub's interface.")
@_folder_option
@json_option
def fetch_command(order: str, top: int, address: str, folder: Path, as_json: bool) -> int:
    """Fetch the first rows of a list from the hub now, and keep them; the only command here that
    reaches the network.
    """
    import tempfile
    from http.client import HTTPException
    from urllib.parse import urlencode, urlsplit
    from urllib.request import Request, urlopen

    from claimbench.cli.destinations import is_loopback
    from claimbench.suite.adoption.snapshots import Stated, read_snapshot

    try:
        place = urlsplit(address)
        here = place.scheme == "http" and is_loopback(place.hostname or "")
    except ValueError as error:
        raise BenchError(
            f"--from {address!r}: no address: {error}", hint=f"such as {HUB}"
        ) from None
    if not (here or (place.scheme == "https" and place.hostname)):
        raise BenchError(f"--from {address!r}: not an https address", hint=f"such as {HUB}")
    query = [("sort", _SORTS[order]), ("direction", "-1"), ("limit", str(top))]
    url = f"{address}?{urlencode([*query, *(('expand[]', name) for name in _FIELDS)])}"
    try:
        with urlopen(Request(url, headers={"User-Agent": "claimbench"}), timeout=_TIMEOUT_S) as got:  # noqa: S310 - the scheme is checked above
            raw = got.read(_MOST_BYTES)
    except (OSError, HTTPException, ValueError) as error:
        raise BenchError(
            f"{url} cannot be reached: {error}",
            hint="take the file by other means, then: bench adoption add FILE --source --date",
        ) from None
    day = datetime.now(UTC).date().isoformat()
    with tempfile.TemporaryDirectory() as there:
        file = Path(there) / f"{order}-{top}.json"
        file.write_bytes(raw)
        stated = Stated(url, day, order, None)  # type: ignore[arg-type]
        snapshot = read_snapshot(file, url, stated)
    if len(snapshot.models) < top:
        click.echo(f"note: {len(snapshot.models)} rows came, {top} were asked for", err=True)
    return _keep(snapshot, folder, as_json)


@adoption_command.command("check")
@click.argument("suite", type=SuitePath())
@suite_options
@json_option
def check_command(
    suite: Path, overrides: tuple[str, ...], allow_outside: bool, as_json: bool
) -> int:
    """Judge SUITE's claims about adoption by its snapshots: no arm is measured, no key needed.

    Exit codes as of ``bench check``.
    """
    from claimbench.claims.as_json import verdict_json
    from claimbench.claims.beside.adoption import by_result
    from claimbench.evaluation.adopted import judge_adoption
    from claimbench.suite.load import load_suite

    loaded = load_suite(suite, allow_outside=allow_outside, overrides=overrides)
    today = datetime.now(UTC).date().isoformat()
    verdicts, left = judge_adoption(loaded, today)
    if not verdicts:
        raise BenchError(
            f"{suite}: no claim about adoption"
            + ("" if "adoption" in loaded.options else ", and no `adoption: {snapshots: […]}`"),
            hint='such as "four of the top five trending models are Chinese" (docs/adoption.md)',
        )
    code = worst([EXIT_OK, *verdict_codes(verdicts)])
    if as_json:
        found = [verdict_json(v) for v in verdicts]
        print_json({"exit_code": code, "verdicts": found, "need_a_run": left})
        return code
    for verdict in verdicts:
        click.echo(f"{verdict.status:<15} {verdict.claim.id}: {verdict.claim.text}")
        click.echo(f"  Read as: {verdict.read_as}")
        click.echo(f"  {verdict.sentence}")
        for status, said, names in by_result(verdict.readings):
            where = f"in {len(names)} ways" if len(names) > 1 else names[0]
            click.echo(f"    {status:<13} {where}: {said}")
            if len(names) > 1 and len(names) < len(verdict.readings):
                click.echo(f"{'':<18}({'; '.join(names)})")
    if left:
        click.echo(f"claims that need a run: {', '.join(left)}")
    return code
