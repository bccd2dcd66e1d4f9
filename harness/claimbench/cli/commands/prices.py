"""``bench prices``: show one price with its source, compare two sources, check a suite's arms."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimbench.cli.common import json_option, print_json, suite_options
from claimbench.errors import EXIT_OK, EXIT_UNDECIDED, BenchError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claimbench.pricing.arms import ArmPrice
    from claimbench.pricing.model import Price, Rate
    from claimbench.pricing.price_lists.book import PriceBook
    from claimbench.types import Json

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@click.group("prices")
def prices_command() -> None:
    """Show, compare and check list prices. Prices change only with the installed books; nothing is
    fetched.
    """


@prices_command.command("show")
@click.argument("model")
@click.option(
    "--as-of", metavar="DATE", help="The day (YYYY-MM-DD) whose prices are wanted. Default: now."
)
@click.option("--provider", help="Who sells it. Default: the model's own lab.")
@json_option
def show_command(model: str, as_of: str | None, provider: str | None, as_json: bool) -> int:
    """Print what MODEL costs, where the figure comes from, and what it depends on."""
    from claimbench.cli.books import price_book
    from claimbench.pricing.model import UnknownPrice
    from claimbench.pricing.price_lists.codec import price_to_json

    at = _moment(as_of)
    found = price_book().resolve(model, provider=provider)
    if found.price is None:
        hint = f"candidates: {', '.join(found.candidates)}" if found.candidates else None
        raise BenchError(f"the price of {model} is unknown: {found.why_unknown}", hint=hint)
    price = found.price
    try:
        rates, price_id = price.rates_at(at), price.id_at(at)
    except UnknownPrice as why:
        raise BenchError(f"the price of {model} on {at:%Y-%m-%d} is unknown: {why}") from None
    if as_json:
        written = {k: _rate_json(r) for k, r in rates.items()}
        print_json(
            {
                "model": model,
                "as_of": at.isoformat(),
                "price_id": price_id,
                "currency": price.currency,
                "rates": written,
                "entry": price_to_json(price),
            }
        )
        return EXIT_OK
    click.echo(f"{price.model} at {price.provider}, {at:%Y-%m-%d %H:%M} UTC ({price_id})")
    for line in _lines(price, at):
        click.echo(f"  {line}")
    return EXIT_OK


@prices_command.command("diff")
@click.argument("models", nargs=-1)
@click.option("--provider", help="Compare this seller's models. Default: the labs' own APIs.")
@click.option(
    "--map", "map_file", type=click.Path(path_type=Path), help="litellm's price map as a JSON file."
)
@json_option
def diff_command(
    models: tuple[str, ...], provider: str | None, map_file: Path | None, as_json: bool
) -> int:
    """List prices on which our book and litellm's map differ by more than 1 %. Exit code 2 if there
    are any.
    """
    from claimbench.cli.books import price_book
    from claimbench.pricing.price_lists.second_opinion import compare_all, load_second_opinion

    second = load_second_opinion(map_file)
    if second is None:
        raise BenchError(
            "litellm is not installed, so there is no second opinion",
            hint="pip install 'claimbench[litellm]', or give --map FILE",
        )
    book, at = price_book(), datetime.now(UTC)
    if models:
        resolved = [(m, book.resolve(m, provider=provider)) for m in models]
        for name, found in resolved:
            if found.price is None:
                raise BenchError(f"the price of {name} is unknown: {found.why_unknown}")
        pairs = [(name, found.price) for name, found in resolved if found.price is not None]
    else:
        pairs = list(_all_prices(book, provider))
    differences, compared = compare_all(pairs, second, at)
    if as_json:
        rows = [
            {
                "seller": d.seller,
                "model": d.model,
                "rate": d.rate,
                "ours": d.ours,
                "theirs": d.theirs,
                "note": d.note,
            }
            for d in differences
        ]
        print_json({"second": second.label, "compared": compared, "differences": rows})
    else:
        for d in differences:
            note = f"  ({d.note})" if d.note else ""
            ours, theirs = f"{d.ours.normalize():f}", f"{d.theirs.normalize():f}"
            click.echo(
                f"{d.seller}/{d.model} {d.rate}: ours ${ours}, {second.label} ${theirs} per"
                f" million{note}"
            )
        click.echo(
            f"{compared} prices in both sources, {len(differences)} rates differ by more than 1 %"
        )
    return EXIT_UNDECIDED if differences else EXIT_OK


@prices_command.command("check")
@click.argument("suite", type=click.Path(path_type=Path))
@suite_options
@json_option
def check_command(
    suite: Path, overrides: tuple[str, ...], allow_outside: bool, as_json: bool
) -> int:
    """Say for every arm of SUITE what it costs and why, or why nobody knows. Exit code 2 if one is
    unknown.
    """
    from claimbench.cli.books import price_book
    from claimbench.pricing.arms import resolve_arm
    from claimbench.suite.load import load_suite

    loaded = load_suite(suite, allow_outside=allow_outside, overrides=overrides)
    book, at = price_book(), datetime.now(UTC)
    prices = [resolve_arm(arm, book) for arm in loaded.arms]
    rows = [_arm_row(price, at) for price in prices]
    if as_json:
        print_json({"suite": loaded.name, "arms": rows})
    else:
        for row in rows:
            click.echo(f"{row['arm']}: {row['summary']}")
            for line in row["details"]:
                click.echo(f"  {line}")
    return EXIT_OK if all(row["known"] for row in rows) else EXIT_UNDECIDED


def _arm_row(price: ArmPrice, at: datetime) -> dict[str, Json]:
    from claimbench.pricing.model import UnknownPrice

    row: dict[str, Json] = {
        "arm": price.arm,
        "known": price.known,
        "basis": price.basis,
        "details": [],
    }
    if price.host is not None:
        host = price.host
        source = f"{host.source or 'no source stated'}, {host.dated or 'no date stated'}"
        summary = (
            f"${host.per_hour.normalize():f} per hour at utilisation {host.utilisation} ({source})"
        )
        return row | {"summary": summary, "details": list(host.notes)}
    why = price.why_unknown
    if price.known and price.price is not None:
        try:
            lines = list(_lines(price.price, at, price, brief=True))
            return row | {
                "summary": price.price.id_at(at, price.tier),
                "details": [*lines, *_second(price, at)],
            }
        except UnknownPrice as unknown:
            why = str(unknown)
    near = [f"candidates: {', '.join(price.candidates)}"] if price.candidates else []
    return row | {"known": False, "summary": f"unknown: {why}", "details": near}


def _second(price: ArmPrice, at: datetime) -> Iterator[str]:
    from claimbench.pricing.price_lists.second_opinion import load_second_opinion

    second = load_second_opinion()
    if second is None or price.price is None or price.price.id.startswith("suite:"):
        return
    for d in second.differences(price.price, price.price.model, at) or ():
        yield (
            f"{d.their_source} says ${d.theirs.normalize():f} for {d.rate}, not"
            f" ${d.ours.normalize():f}"
        )


def _lines(
    price: Price, at: datetime, arm: ArmPrice | None = None, *, brief: bool = False
) -> Iterator[str]:
    """Rates in force, then what they depend on, then the source; ``brief`` leaves out what is not
    in force.
    """
    from claimbench.pricing.model import UNIT_CLASSES

    unit = f"{price.currency} per million tokens"
    tier = "standard" if arm is None else arm.tier
    for name, rate in price.rates_at(at, tier, None if arm is None else arm.context).items():
        per = f"{price.currency} each" if name in UNIT_CLASSES else unit
        yield f"{name}: {_rate_text(rate, price)} {per}"
    era = price.era_at(at)
    for window in era.windows:
        days = f" on {' '.join(WEEKDAYS[d] for d in window.weekdays)}" if window.weekdays else ""
        days += " but holidays" if window.holidays else ""
        rates = ", ".join(f"{k} {_rate_text(r, price)}" for k, r in window.rates.items())
        yield f"{window.start:%H:%M}-{window.end:%H:%M} UTC{days}: {rates}"
    for variant in () if brief else price.variants:
        if variant.rates and (variant.start is None or variant.start <= at):
            when = " ".join(f"{k}={v}" for k, v in variant.when.items())
            yield f"{when}: " + ", ".join(
                f"{k} {_rate_text(r, price)}" for k, r in variant.rates.items()
            )
    for past in () if brief else price.eras:
        if past is not era:
            rates = ", ".join(f"{k} {_rate_text(r, price)}" for k, r in past.rates.items())
            yield (
                f"{'from ' + format(past.start, '%Y-%m-%d %H:%M') if past.start else 'before'}:"
                f" {rates}"
            )
    yield f"source: {era.source or price.source}; read {price.dated or 'at an unknown date'}"
    for note in () if brief else price.notes:
        yield f"note: {note}"


def _rate_text(rate: Rate, price: Price) -> str:
    text = f"{(rate.base * price.factor).normalize():f}"
    return text + "".join(
        f" ({(r * price.factor).normalize():f} above {n:,} input tokens)" for n, r in rate.tiers
    )


def _rate_json(rate: Rate) -> Json:
    from claimbench.pricing.price_lists.codec import rate_to_json

    return rate_to_json(rate)


def _all_prices(book: PriceBook, provider: str | None) -> Iterator[tuple[str, Price]]:
    """Yield every price once, at one seller or at the labs' own APIs."""
    from claimbench.pricing.price_lists.book import LABS

    seen: set[str] = set()
    for seller in [provider] if provider else dict.fromkeys(s for _, s in LABS):
        names = [n for s, n in book.own.prices if s == seller]
        names += book.genai.names(seller) if book.genai else []
        for name in dict.fromkeys(names):
            price = book.resolve(name, provider=seller).price
            if price is not None and not price.free and price.id not in seen:
                seen.add(price.id)
                yield price.model, price


def _moment(as_of: str | None) -> datetime:
    from claimbench.pricing.stated import day_of

    return (
        datetime.now(UTC)
        if as_of is None
        else datetime.combine(day_of(as_of), time(12), tzinfo=UTC)
    )
