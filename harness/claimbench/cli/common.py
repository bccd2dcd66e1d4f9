"""What several commands share: options, the store, plugins, ways of printing."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from claimbench.errors import (
    EXIT_OK,
    EXIT_ORDER,
    EXIT_REFUTED,
    EXIT_UNDECIDED,
    BenchError,
    PluginError,
    StoreError,
)
from claimbench.store.configured import configured_place
from claimbench.store.place import LOCAL_FOLDER, DatabaseUrl, Place, is_there, place_of

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from claimbench.provider.contract import ProviderFactory
    from claimbench.store.results import ResultsStore
    from claimbench.types import Verdict

F = TypeVar("F", bound=Callable[..., Any])


def redact_option(command: F) -> F:
    """Add ``--redact``: how transcripts are shown."""
    return click.option(
        "--redact",
        "profile",
        type=click.Choice(["full", "hashed", "none"]),
        default="full",
        show_default=True,
        help="Transcripts in full, as hashes only, or not at all. Keys never appear.",
    )(command)


def results_option(command: F) -> F:
    """Add ``--results PLACE``: where bench.db and the reports are, or the URL of a database."""
    return click.option(
        "--results",
        type=ResultsPlace(),
        metavar="PLACE",
        default=configured_place,
        show_default="results",
        envvar="BENCH_RESULTS",
        help="Folder of bench.db and the reports, or postgresql://USER@HOST/DATABASE.",
    )(command)


def volume_option(command: F) -> F:
    """Add ``--volume TEXT``: how much is asked in a month, over what the suite states."""
    return click.option(
        "--volume",
        metavar="N|KEY=X,...",
        help=(
            "Requests a month, such as 2M, or keys of the suite's volume:"
            " requests_per_month=2M,peak_factor=6,months=12. Shows the bill of a month and of"
            " years."
        ),
    )(command)


def baseline_option(command: F) -> F:
    """Add ``--baseline RUN``: the run that claims mean by ``baseline:ARM``, over the suite's."""
    return click.option(
        "--baseline",
        metavar="RUN",
        help=(
            "The run that claims mean by baseline:ARM, as for bench check. 'previous': the newest"
            " complete run of the suite before RUN."
        ),
    )(command)


def run_argument(command: F) -> F:
    """Add ``[RUN]``: a run id, the unique beginning of one, or nothing for the latest."""
    from claimbench.cli.completing import complete_run

    return click.argument(
        "run", required=False, default=None, metavar="[RUN]", shell_complete=complete_run
    )(command)


class ResultsPlace(click.Path):
    """A folder, a file, or the URL of a database."""

    name = "place"

    def __init__(self) -> None:
        super().__init__(path_type=Path, file_okay=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the place; a URL with a password is an error that does not show it."""
        if isinstance(value, str):
            if not value.strip():
                self.fail(
                    "the place of the results is empty (a shell variable that is not set?):"
                    " name a folder, or leave it out for results/",
                    param,
                    ctx,
                )
            place = place_of(value)
            return place if isinstance(place, DatabaseUrl) else super().convert(value, param, ctx)
        return value


class SuitePath(click.Path):
    """A suite file, or the name of a suite that comes with ClaimBench where no such file is."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path of the file; none is an error that names the nearest."""
        from claimbench.shipped import found

        checked = super().convert(value, param, ctx)
        return found(value if isinstance(value, str) else Path(str(checked)))

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Offer files, and the shipped suites whose names begin so."""
        from click.shell_completion import CompletionItem

        from claimbench.shipped import shipped_names

        named = [CompletionItem(name) for name in shipped_names() if name.startswith(incomplete)]
        return [*named, *super().shell_complete(ctx, param, incomplete)]


def json_option(command: F) -> F:
    """Add ``--json``: one JSON object on standard output."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)


def _agree(_ctx: click.Context, _option: click.Parameter, agreed: bool) -> None:
    if agreed:
        from claimbench.trust import trust_here

        trust_here()


def trust_option(command: F) -> F:
    """Add ``--trust``, which takes effect at once."""
    return click.option(
        "--trust",
        is_flag=True,
        expose_value=False,
        callback=_agree,
        help="Agree to the suite's Python, hosts and commands, this time (see bench trust).",
    )(command)


def yes_option(command: F) -> F:
    """Add ``--yes``: agree, for good, to whom a run sends to and what it starts."""
    return click.option(
        "--yes",
        is_flag=True,
        help="Agree to the hosts, keys and commands that are listed, for good (see bench trust).",
    )(command)


def suite_options(command: F) -> F:
    """Add ``--set KEY=VALUE``, ``--allow-outside`` and ``--trust``."""
    command = trust_option(command)
    command = click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="KEY=VALUE",
        help="Change a suite value, e.g. arms.NAME.base_url=http://... Repeatable.",
    )(command)
    return click.option(
        "--allow-outside", is_flag=True, help="Let the suite read files outside its folder."
    )(command)


def open_store(results: Place, *, create: bool = False) -> ResultsStore:
    """Return the results database: created and writable for runs, read-only for everything else.

    Raises:
        StoreError: there is none yet, or it cannot be used.
    """
    from claimbench.store.results import ResultsStore

    if not create and not is_there(results):
        raise StoreError(
            f"{results}: no results here yet",
            hint="run a suite first: bench run support",
        )
    store = ResultsStore.open(results, create=create, read_only=not create)
    for remark in store.remarks:
        click.echo(f"warning: {remark}", err=True)
    return store


def files_of(results: Place) -> Path:
    """Return the folder of the calibration and of other files of this machine beside results."""
    return LOCAL_FOLDER if isinstance(results, DatabaseUrl) else results


@contextlib.contextmanager
def whole_file(output: Path) -> Iterator[Path]:
    """Give a place to write to; it becomes ``output`` once everything is written, and is gone if
    not, so that no half of a file is left where a disk is full. A device is written to directly.
    """
    if output.exists() and not output.is_file():
        yield output
        return
    part = output.with_name(f".{output.name}.part")
    try:
        yield part
        part.replace(output)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def print_json(value: object) -> None:
    """Print ``value`` as one JSON object; Decimal as a string, so that no digit is lost; an
    unbounded end is null.
    """
    from claimbench.privacy.visible import json_visible

    text = json.dumps(
        without_infinities(value), ensure_ascii=False, default=_json_text, allow_nan=False
    )
    click.echo(json_visible(text))


def without_infinities(value: object) -> object:
    """Return JSON values in which a number without end is null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): without_infinities(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_infinities(one) for one in value]
    return value


def _json_text(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Path | DatabaseUrl):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def provider_factories(names: Sequence[str]) -> dict[str, ProviderFactory]:
    """Return the providers that a suite names, from the entry points ``claimbench.providers``.

    Raises:
        PluginError: no such provider, or one that cannot be imported.
    """
    from difflib import get_close_matches

    from claimbench.plugins import PROVIDERS, installed

    known = installed(PROVIDERS)
    found: dict[str, ProviderFactory] = {}
    for name in dict.fromkeys(names):
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = (
                f"did you mean '{near[0]}'?"
                if near
                else f"installed providers: {', '.join(sorted(known))}"
            )
            raise PluginError(f"no provider '{name}'", hint=hint)
        try:
            found[name] = known[name].load()
        except Exception as error:
            raise PluginError(
                f"provider '{name}' ({known[name].value}) cannot be loaded: {error}"
            ) from error
    return found


def verdict_codes(verdicts: Sequence[Verdict]) -> list[int]:
    """Return the exit codes that the verdicts ask for."""
    codes = [EXIT_OK]
    for verdict in verdicts:
        if verdict.status == "refuted":
            codes.append(EXIT_REFUTED)
        elif verdict.status != "supported":
            codes.append(EXIT_UNDECIDED)
    return codes


def told(verdict: Verdict) -> str:
    """Return a verdict's sentence without the status that begins it, for lines where the status
    stands already.
    """
    lead, colon, rest = verdict.sentence.partition(": ")
    return rest if colon and lead.lower().replace(" ", "_") == verdict.status else verdict.sentence


def read_as_line(verdict: Verdict) -> str:
    """Return "Read as: ..." with a blank behind it; it stands before a verdict's sentence."""
    return f"Read as: {verdict.read_as}. " if verdict.read_as else ""


def worst(codes: Sequence[int]) -> int:
    """Return, of several exit codes, the one that wins (docs/architecture.md)."""
    return min(codes, key=EXIT_ORDER.index)


MOST_USD = Decimal(10) ** 15
"""More than all the money there is; a larger number is a slip."""


class FiniteRange(click.FloatRange):
    """A range of numbers; infinity and NaN are in none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number; click's own error for what is none."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


def positive_dollars(
    _context: click.Context, option: click.Parameter, value: str | None
) -> Decimal | None:
    """Return a positive amount of dollars."""
    if value is None:
        return None
    name = f"--{(option.name or '').replace('_', '-')}"
    try:
        amount = Decimal(value)
    except ArithmeticError:
        raise BenchError(
            f"{name} {value}: not an amount of dollars", hint=f"for example {name} 2.50"
        ) from None
    if amount.is_finite() and amount > MOST_USD:
        raise BenchError(f"{name} {value[:30]}: more money than there is")
    if not amount.is_finite() or amount <= 0:
        raise BenchError(
            f"{name} {value}: with this limit no priced request could be sent",
            hint=(
                "give a positive amount, choose local arms with --arm, or use bench plan to see"
                " what a run would cost"
            ),
        )
    return amount
