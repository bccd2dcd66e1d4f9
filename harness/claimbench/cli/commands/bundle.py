"""``bench bundle``: a run in one file that anybody can check offline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimbench.cli.common import (
    json_option,
    open_store,
    print_json,
    results_option,
    run_argument,
    whole_file,
)
from claimbench.cli.writing.written import WrittenPath
from claimbench.errors import BenchError
from claimbench.store.place import Place

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from claimbench.evidence.hidden import Redaction


@click.command("bundle")
@run_argument
@results_option
@click.option(
    "--output",
    type=WrittenPath(),
    metavar="FILE.zip",
    help="The file to write.",
)
@click.option(
    "--redact",
    "redaction",
    type=click.Choice(["full", "hashed", "none"]),
    default="full",
    show_default=True,
    help="Texts in full, as salted hashes only, or not at all.",
)
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PRIVATE",
    help="Sign with this Ed25519 key (PEM).",
)
@click.option(
    "--new-key",
    type=WrittenPath(),
    metavar="PATH",
    help="Make a key (PATH, and PATH.pub to hand on) and sign with it.",
)
@json_option
def bundle_command(
    run: str | None,
    results: Place,
    output: Path | None,
    redaction: Redaction,
    key: Path | None,
    new_key: Path | None,
    as_json: bool,
) -> int:
    """Write RUN (default: the latest) into one ZIP file: rows, suite, data, prices, claims,
    verdicts, decision, report.

    The same run gives the same bytes each time. `bench verify FILE` computes everything in it
    again. With --redact texts are left out, and the Merkle root still ties each row to the whole
    run. --new-key alone only makes a key.
    """
    if output is None and new_key is None:
        raise BenchError("where to?", hint="bench bundle --output FILE.zip")
    if key is not None and new_key is not None:
        raise BenchError("--key and --new-key exclude each other")
    public = None
    if new_key is not None:
        from claimbench.evidence.statement import new_key as make_key

        public = make_key(new_key)
    said: dict[str, Any] = {"public_key": public}
    if output is not None:
        from claimbench.evidence.statement import read_private

        signing = key or new_key
        said |= _write(
            results, run, output, redaction, None if signing is None else read_private(signing)
        )
    if as_json:
        print_json(said)
        return 0
    from claimbench.errors import visible

    if public is not None:
        click.echo(f"{new_key}: a new key, for you alone; hand on {public}")
    if output is not None:
        click.echo(str(output))
        click.echo(f"  run {said['run']}, texts {_WORDS[redaction]}, {said['bytes']:,} bytes")
        click.echo(f"  sha256      {said['sha256']}")
        click.echo(f"  Merkle root {said['merkle_root']}")
        who = f"signed by {said['key']}" if said["key"] else "not signed (--key)"
        click.echo(f"  {who}")
        for line in said["not_recomputable"]:
            click.echo(f"  nobody can recompute: {visible(str(line))}")
        click.echo("Tell the hash or the key by another way than the file; then: bench verify FILE")
    return 0


_WORDS = {"full": "in full", "hashed": "as salted hashes", "none": "left out"}


def _write(
    results: Place,
    run: str | None,
    output: Path,
    redaction: Redaction,
    key: Ed25519PrivateKey | None,
) -> dict[str, object]:
    """Make, sign and write a bundle; return what is said of it."""
    import hashlib

    from claimbench.cli.proof.bundles import refuse_keys, reports_of, seed_of
    from claimbench.evidence.archive import MANIFEST, zip_bytes
    from claimbench.evidence.bundle import PREDICATE, make
    from claimbench.evidence.statement import key_id, sealed, statement
    from claimbench.machine.garbage_collection import load_numpy
    from claimbench.suite.codec import suite_from_json

    load_numpy()
    with open_store(results) as store:
        run_id = store.resolve_run(run)
        suite = suite_from_json(store.manifest(run_id).suite)
        made = make(store, run_id, redaction, lambda: seed_of(store, run_id), reports_of)
    refuse_keys(made.members, suite)
    payload = statement(PREDICATE, made.predicate, made.members)
    data = zip_bytes({**made.members, MANIFEST: sealed(payload, key)})
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(output) as part:
            part.write_bytes(data)
    except OSError as error:
        raise BenchError(f"{output}: cannot be written: {error.strerror}") from error
    merkle = made.predicate["merkle"]
    return {
        "run": run_id,
        "output": output,
        "redaction": redaction,
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "merkle_root": merkle["root"],
        "key": None if key is None else key_id(key.public_key()),
        "not_recomputable": made.predicate["not_recomputable"],
    }
