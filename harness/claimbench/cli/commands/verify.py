"""``bench verify``: compute a bundle again, and say where it differs."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimbench.cli.common import json_option, print_json
from claimbench.errors import EXIT_INTEGRITY, EXIT_OK, BenchError

if TYPE_CHECKING:
    from claimbench.evidence.verify import Verified

_HEX = re.compile(r"[0-9a-f]{64}")
_WIDTH = 80
CONSISTENT = (
    "Without --digest or --key this proves that the file agrees with itself, not who made it: who"
    " rewrites every row, hash and figure makes another file that agrees with itself."
)
VALUE = "The rows are what was recorded. That the recording was honest no file can prove."


@click.command("verify")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option(
    "--digest",
    metavar="HEX",
    help="SHA-256 of the file, or Merkle root of its rows, as its maker told you.",
)
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PUB",
    help="Public key of its maker (PEM): it must have signed.",
)
@json_option
def verify_command(file: Path, digest: str | None, key: Path | None, as_json: bool) -> int:
    """Compute the bundle FILE again from its rows, offline: chains, scores, dollars, verdicts,
    decision and every number of its report.

    0 all of it agrees; 5 something differs: the member and the place are named.
    """
    from claimbench.cli.proof.bundles import verified

    wanted = None if digest is None else digest.strip().lower().removeprefix("sha256:")
    if wanted is not None and not _HEX.fullmatch(wanted):
        raise BenchError(
            f"--digest {digest!r:.80}: is no SHA-256 in hex (64 of 0-9, a-f)",
            hint="bench bundle prints it; so does: sha256sum FILE",
        )
    found = verified(file, digest=wanted, key=key)
    if as_json:
        print_json(
            {
                "file": file,
                "holds": found.holds,
                "run": found.run_id or None,
                "redaction": found.redaction,
                "sha256": found.file_sha256,
                "merkle_root": found.root or None,
                "rows": found.rows,
                "origin": found.origin,
                "proves": _proves(found),
                "registration": found.registration or None,
                "not_recomputed": found.not_recomputed,
                "findings": [{"member": one.member, "what": one.what} for one in found.findings],
            }
        )
    else:
        for line in _lines(file, found):
            click.echo(line)
    return EXIT_OK if found.holds else EXIT_INTEGRITY


def _proves(found: Verified) -> str:
    if not found.holds:
        return "nothing"
    return "consistency" if found.origin is None else "consistency and origin"


def _lines(file: Path, found: Verified) -> Iterator[str]:
    from claimbench.errors import visible

    if not found.holds:
        yield f"{file}: does not hold"
        for one in found.findings:
            yield from _wrapped(visible(str(one)), "  - ", "    ")
        yield "Do not use this file as evidence; ask for the one that was made."
        return
    yield f"{file}: holds"
    yield from _wrapped(
        f"run {visible(found.run_id)}: {found.rows:,} rows in {found.members} files; chains,"
        " scores, dollars, verdicts and reports were made anew and agree"
        if found.redaction == "full"
        else f"run {visible(found.run_id)}: {found.rows:,} rows in {found.members} files, texts"
        " left out; their Merkle root, dollars, verdicts and reports were made anew and agree",
        "  ",
        "  ",
    )
    yield f"  Merkle root {found.root}"
    yield from _wrapped(f"registration: {visible(found.registration)}", "  ", "    ")
    for line in found.not_recomputed:
        yield from _wrapped(f"not recomputed: {visible(line)}", "  ", "    ")
    if found.origin is None:
        yield from _wrapped(CONSISTENT, "  ", "  ")
    else:
        yield from _wrapped(f"origin: {found.origin}", "  ", "  ")
    yield from _wrapped(VALUE, "  ", "  ")


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )
