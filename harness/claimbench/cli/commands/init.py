"""``bench init``: a runnable suite from a person's own file."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimbench.cli.common import json_option, print_json, provider_factories
from claimbench.cli.writing.written import WrittenPath
from claimbench.errors import BenchError

if TYPE_CHECKING:
    from claimbench.init.propose import InitProposal, TrafficFile

FIRST_LOOK = 25


@click.command("init")
@click.argument("data", required=False, metavar="DATA")
@click.option("--from", "source", help="The same as DATA.")
@click.option(
    "--from-traffic",
    "traffic",
    metavar="LOG",
    type=click.Path(path_type=Path),
    help="Make the suite of a log of production traffic.",
)
@click.option(
    "--example",
    metavar="NAME",
    help="Copy the suite of this name that comes with ClaimBench, with its data.",
)
@click.option(
    "--incumbent",
    metavar="MODEL",
    help="Traffic: whose answers are the reference; default: the model that answered most.",
)
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="COLUMN",
    help="What the model sees; default: found by name.",
)
@click.option("--target", metavar="COLUMN", help="The right answer; default: found by name.")
@click.option(
    "--first-option",
    type=click.IntRange(0, 1),
    help="Multiple choice by positions: that of the first option; default: found.",
)
@click.option(
    "--mask/--no-mask",
    default=None,
    help="Replace what looks like personal data; default: ask at a terminal.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME",
    help="Catalogue id, .gguf file or provider:model. Repeatable; default: two small local models.",
)
@click.option("--output", type=WrittenPath(folder=True), help="Folder of the suite.")
@click.option("--name", help="Name of the suite; default: from the file's.")
@click.option(
    "--id",
    "id_column",
    metavar="COLUMN",
    help="Unique id of a row; default: found, else the row's number.",
)
@click.option(
    "--cluster", metavar="COLUMN", help="What ties rows together, such as a conversation."
)
@click.option("--encoding", help="Of a text file; default: UTF-8, else cp1252 where it is proven.")
@click.option("--delimiter", help="Of a CSV file; default: found.")
@click.option("--quote", help="Quote character of a CSV file; '' for none.")
@click.option(
    "--header/--no-header", default=None, help="Whether a CSV's first line names columns."
)
@click.option("--sheet", help="Of a workbook; default: the only one that fits.")
@click.option("--records", metavar="PATH", help="JSON: where the records are, e.g. data.rows.")
@click.option(
    "--max-rows", type=click.IntRange(min=2), help="Measure at most this many rows, drawn by seed."
)
@click.option(
    "--seed", type=int, default=42, show_default=True, help="Draws the rows and orders the run."
)
@click.option("--force", is_flag=True, help="Replace files that exist.")
@json_option
def init_command(**options: Any) -> int:
    """Write a runnable suite from your own DATA; what it assumed stands in it as comments.

    DATA is a CSV, TSV, XLSX, JSON, JSONL, Parquet or text file (also .gz), a chat log, a folder of
    such files or one that `datasets` saved, or hf:NAME[:CONFIG][@SPLIT]. --from-traffic makes the
    suite of your own requests: masked, without copies, drawn by seed, with the incumbent's answers
    as reference. --example support copies a shipped suite to start from.
    """
    return _init(InitOptions(**options))


@dataclass(frozen=True, kw_only=True, slots=True)
class InitOptions:
    """The options of ``bench init``, one field an option, by the names that click gives them.

    ``mask`` is None where the person is asked, if there is one.
    """

    data: str | None
    source: str | None
    traffic: Path | None
    example: str | None
    incumbent: str | None
    inputs: tuple[str, ...]
    target: str | None
    first_option: int | None
    mask: bool | None
    models: tuple[str, ...]
    output: Path | None
    name: str | None
    id_column: str | None
    cluster: str | None
    encoding: str | None
    delimiter: str | None
    quote: str | None
    header: bool | None
    sheet: str | None
    records: str | None
    max_rows: int | None
    seed: int
    force: bool
    as_json: bool


def _copy_example(asked: InitOptions) -> int:
    from claimbench.shipped import copy_out

    given = [
        name for name in ("data", "source", "traffic", "inputs", "models") if getattr(asked, name)
    ]
    if given:
        raise BenchError(
            "--example copies a finished suite; it takes no data, columns or models",
            hint=f"bench init --example {asked.example} --output FOLDER",
        )
    path = copy_out(str(asked.example), asked.output or Path("suites"), force=asked.force)
    if asked.as_json:
        print_json({"suite": path})
        return 0
    click.echo(f"wrote {path} and its data")
    click.echo(f"next: bench validate {path}; bench run {path} --limit {FIRST_LOOK}")
    return 0


def _init(asked: InitOptions) -> int:
    if asked.example is not None:
        return _copy_example(asked)
    from claimbench.init.propose import TrafficFile, write_proposal
    from claimbench.suite.load import load_suite

    named = [one for one in (asked.data, asked.source, asked.traffic) if one is not None]
    if len(named) != 1:
        raise BenchError("name one source of rows", hint="for example: bench init tickets.csv")
    for option, mark in (("--delimiter", asked.delimiter), ("--quote", asked.quote or None)):
        if mark is not None and (len(mark) != 1 or mark in "\r\n\0"):
            raise BenchError(f"{option} {mark!r}: one character is wanted", hint="for example: ';'")
    if asked.traffic is None and asked.incumbent is not None:
        raise BenchError("--incumbent goes with --from-traffic alone")
    if asked.traffic is not None and (asked.inputs or asked.target or asked.id_column):
        raise BenchError(
            "--from-traffic knows its columns: --input, --target and --id are not taken",
            hint="to choose columns of the log yourself: bench init LOG --input … --target …",
        )
    given = named[0] if asked.traffic is None else TrafficFile(asked.traffic, asked.incumbent)
    # a person's own requests are masked unless they say otherwise
    proposal = _propose(
        given, asked, mask=bool(asked.mask) or (asked.traffic is not None and asked.mask is None)
    )
    ask = asked.mask is None and asked.traffic is None and proposal.private is not None
    if ask and _asked_to_mask(str(proposal.private)):
        proposal = _propose(given, asked, mask=True)
    folder = asked.output or Path("suites") / proposal.name
    path = write_proposal(proposal, folder, force=asked.force)
    # a suite that does not load must not be called runnable; a model file may be named by the
    # person from anywhere
    load_suite(path, allow_outside=True)
    _say(proposal, path, asked.as_json)
    return 0


def _propose(given: str | Path | TrafficFile, asked: InitOptions, *, mask: bool) -> InitProposal:
    from claimbench.init.arms import NamedModels
    from claimbench.init.propose import MAX_ROWS, StatedColumns, propose_suite
    from claimbench.suite.datasets import ReadOptions

    return propose_suite(
        given,
        StatedColumns(
            asked.inputs, asked.target, asked.id_column, asked.cluster, asked.first_option
        ),
        models=NamedModels(asked.models, _refused),
        name=asked.name,
        options=ReadOptions(
            encoding=asked.encoding,
            delimiter=asked.delimiter,
            sheet=asked.sheet,
            records=asked.records,
            quote=asked.quote,
            header=asked.header,
        ),
        max_rows=asked.max_rows or MAX_ROWS,
        seed=asked.seed,
        mask=mask,
    )


def _refused(provider: str, model: str) -> tuple[str, ...]:
    """Return the parameters of a new suite that an endpoint does not take; none where the provider
    is not known here or says nothing of it.
    """
    from claimbench.clock import SystemClock
    from claimbench.init.arms import NEEDS_ADDRESS
    from claimbench.provider.contract import ProviderContext
    from claimbench.provider.sent import sent_by
    from claimbench.types import Arm, Request, SamplingParams

    arm = Arm(model, provider, model, base_url=None)
    if provider in NEEDS_ADDRESS:
        arm = Arm(model, provider, model, base_url="http://127.0.0.1:8000/v1")
    request = Request("", (), SamplingParams(temperature=0.0, seed=0), max_tokens=1, seed=0)
    try:
        factory = provider_factories([provider])[provider]
        made = factory(arm, ProviderContext(SystemClock(), {}, Path(), Path()))
    except BenchError:  # `bench run` will say it with the suite's line
        return ()
    sent = sent_by(made, request)
    return () if sent is None else tuple(sent.refused)


def _say(proposal: InitProposal, path: Path, as_json: bool) -> None:
    """Print what was written, what was assumed, and what to do next."""
    if as_json:
        print_json(
            {
                "suite": path,
                "kind": proposal.kind,
                "rows": proposal.n_rows,
                "examples": proposal.n_examples,
                "notes": list(proposal.notes),
            }
        )
        return
    click.echo(
        f"wrote {path}: {proposal.kind} task, {proposal.n_rows} rows, {proposal.n_examples}"
        " examples held out"
    )
    for note in proposal.notes:
        click.echo(f"  {note}")
    first = f" --limit {FIRST_LOOK}" if proposal.n_rows > 2 * FIRST_LOOK else ""
    click.echo(f"next: bench run {path}{first}")
    if first:
        click.echo(
            f"      a first look at {FIRST_LOOK} of the {proposal.n_rows} rows; leave --limit out"
            f" to measure all\n      (how long that takes, after the first look: bench plan {path}"
            " --pilot latest)"
        )


def _asked_to_mask(private: str) -> bool:
    """Ask a person at the terminal; a pipeline is never asked and never masked without
    ``--mask``.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    return click.confirm(f"{private}. Mask it?", default=True, err=True)
