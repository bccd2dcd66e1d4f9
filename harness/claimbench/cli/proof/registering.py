"""A plan is registered, and a run asks whether it still is that plan."""

from __future__ import annotations

import base64
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimbench.errors import BenchError

if TYPE_CHECKING:
    from claimbench.evidence.registration import Registration
    from claimbench.pricing.price_lists.book import PriceBook
    from claimbench.store.results import ResultsStore
    from claimbench.types import Json, Suite

ENDING = ".registration.json"
"""``desk.registration.json`` beside ``desk.yaml`` is found by ``bench run``."""
MOST_SHOWN = 10
KEPT = "what was registered is never overwritten"


def write_registration(
    suite: Suite,
    prices: PriceBook,
    limit: int | None,
    path: Path,
    key: Path | None,
    timestamp: Path | None,
) -> None:
    """Write the registration of a plan, and the request for its time stamp; say so on standard
    error.

    Raises:
        BenchError: a file is there already or cannot be written.
    """
    from claimbench.claims.parse import parse_claims
    from claimbench.evidence.registration import register
    from claimbench.evidence.statement import read_private, write_new
    from claimbench.evidence.timestamp import request
    from claimbench.pricing.frozen import freeze_suite

    parse_claims(suite)
    now = datetime.now(UTC)
    book = freeze_suite(suite, prices, now)
    signing = None if key is None else read_private(key)
    data = register(suite, book.text, limit, now, signing)
    write_new(path, data, kept=KEPT)
    who = "signed" if signing is not None else "not signed (--key)"
    click.echo(f"{path}: the plan of {suite.name} {suite.version} is registered, {who}", err=True)
    if timestamp is not None:
        wanted = reply_of(path)
        if timestamp.absolute() != wanted.absolute():
            click.echo(f"  bench run looks for the reply as {wanted}", err=True)
        query = timestamp.with_suffix(".tsq")
        write_new(query, request(data), kept=KEPT)
        click.echo(
            f"  send {query} to a time-stamping authority and keep its reply as {wanted}:\n"
            f"  curl --data-binary @{query} -H 'Content-Type: application/timestamp-query'"
            f" URL -o {wanted}",
            err=True,
        )


def reply_of(path: Path) -> Path:
    """Return where the reply of a time-stamping authority about a registration is looked for."""
    return path.with_suffix(".tsr")


def registered(
    store: ResultsStore, suite: Suite, asked: Path | None, book: str, limit: int | None
) -> dict[str, Json] | None:
    """Return what a run stores of its registration: the file that was named, else the one beside
    the suite; None where there is none. What differs, and which runs of ``store`` are under it
    already, is said on standard error.

    Raises:
        BenchError: the file is no registration.
    """
    path = asked or Path(suite.path).with_suffix(ENDING)
    if asked is None and not path.is_file():
        return None
    from claimbench.evidence.registration import changes, fixed, read_registration, stamp_of
    from claimbench.store.catalogue.registrations import runs_under

    found = read_registration(path)
    _say(path, found, changes(found.fixed, fixed(suite, book, limit)))
    kept: dict[str, Json] = {"envelope": found.text}
    reply = _reply(path, found.text.encode("utf-8"))
    if reply is not None:
        kept["timestamp"] = reply
    _say_when(stamp_of(found, kept))
    under = runs_under(store, found.text, suite.name, suite.measured_sha256)
    if under:
        shown = ", ".join(under[-MOST_SHOWN:])
        print(f"  runs under it already, which the report names: {shown}", file=sys.stderr)
    return kept


def _say_when(stamp: datetime | None) -> None:
    """Say where a time stamp is of a time that has not come yet by this machine's clock."""
    now = datetime.now(UTC)
    if stamp is not None and stamp > now:
        print(
            f"  its time stamp says {stamp:%Y-%m-%d %H:%M:%S}, this machine's clock"
            f" {now:%Y-%m-%d %H:%M:%S} UTC: by the stamp it came after what is asked now, and the"
            " report will say so",
            file=sys.stderr,
        )


def _reply(path: Path, data: bytes) -> str | None:
    from claimbench.evidence.timestamp import MOST_BYTES, stamped_at

    file = reply_of(path)
    if not file.is_file():
        return None
    try:
        with file.open("rb") as opened:
            reply = base64.b64encode(opened.read(MOST_BYTES)).decode("ascii")
        moment = stamped_at(reply, data)
    except OSError as error:
        raise BenchError(f"{file}: cannot be read: {error.strerror}") from error
    if moment is None:
        raise BenchError(
            f"{file}: is no time stamp (RFC 3161, SHA-256) of {path}",
            hint="ask for it again with the request that --timestamp wrote, or move it away",
        )
    return reply


def _say(path: Path, found: Registration, changed: Sequence[str]) -> None:
    when = found.registered.isoformat(timespec="seconds")
    print(f"registered: {path}, {when}", file=sys.stderr)
    for line in changed[:MOST_SHOWN]:
        print(f"  changed after registration: {line}", file=sys.stderr)
    if len(changed) > MOST_SHOWN:
        print(f"  and {len(changed) - MOST_SHOWN} more", file=sys.stderr)
    if changed:
        print("  the report will say so; nothing was sent yet", file=sys.stderr)
