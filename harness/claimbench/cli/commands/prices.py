"""``bench prices``: show one price with its source, compare two sources, check a suite's arms."""

from __future__ import annotations

from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimbench.cli.books import book_option
from claimbench.cli.common import SuitePath, json_option, print_json, suite_options
from claimbench.errors import EXIT_OK, EXIT_UNDECIDED, BenchError
from claimbench.pricing.remarks import WEEKDAYS, price_remarks, remarks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claimbench.pricing.arms import ArmPrice
    from claimbench.pricing.model import Price, Rate, TokenRates
    from claimbench.pricing.price_lists.book import PriceBook
    from claimbench.types import Json

TRAFFIC_HELP = 'Blend prices by the hours of a week, e.g. "mon-fri 09-18 = 80, else = 20 +08:00".'


@click.group("prices")
def prices_command() -> None:
    """Show, compare and check list prices. Prices change only with the installed books; nothing is
    fetched.
    """


@prices_command.command("show")
@click.argument("model")
@click.option(
    "--as-of",
    metavar="WHEN",
    help="A day (YYYY-MM-DD, at noon UTC) or a moment with its zone (2026-11-27T02:00Z). Default:"
    " now.",
)
@click.option("--provider", help="Who sells it. Default: the model's own lab.")
@click.option("--traffic", metavar="PROFILE", help=TRAFFIC_HELP)
@book_option
@json_option
def show_command(
    model: str,
    as_of: str | None,
    provider: str | None,
    traffic: str | None,
    books: tuple[Path, ...],
    as_json: bool,
) -> int:
    """Print what MODEL costs, where the figure comes from, and what it depends on."""
    from claimbench.cli.books import price_book
    from claimbench.pricing.model import UnknownPrice, UnsureHour
    from claimbench.pricing.price_lists.codec import price_to_json

    at = _moment(as_of)
    found = price_book(books).resolve(model, provider=provider)
    if found.price is None:
        hint = f"candidates: {', '.join(found.candidates)}" if found.candidates else None
        raise BenchError(f"the price of {model} is unknown: {found.why_unknown}", hint=hint)
    price = found.price
    unsure: str | None = None
    try:
        price_id = price.id_at(at)
        try:
            rates = price.rates_at(at)
        except UnsureHour as why:
            unsure, rates = str(why), price.rates_possible(at)[0]
    except UnknownPrice as why:
        raise BenchError(f"the price of {model} on {at:%Y-%m-%d} is unknown: {why}") from None
    blend = _blend(price, at, traffic) if traffic is not None else None
    if as_json:
        shown: dict[str, Json] = {
            "model": model,
            "as_of": at.isoformat(),
            "price_id": price_id,
            "currency": price.currency,
            "rates": None if unsure else {k: _rate_json(r) for k, r in rates.items()},
            "entry": price_to_json(price),
        }
        if unsure:
            dearer = [{k: _rate_json(r) for k, r in one.items()} for one in _possible(price, at)]
            shown |= {"why_unknown": unsure, "rates_possible": dearer}
        if blend is not None:
            shown["blend"] = blend
        print_json(shown)
        return EXIT_OK
    click.echo(f"{price.model} at {price.provider}, {at:%Y-%m-%d %H:%M} UTC ({price_id})")
    if unsure:
        click.echo(f"  either of two prices: {unsure}")
    for name, (low, high) in (blend or {}).items():
        span = f"{low.normalize():f}" + ("" if low == high else f" to {high.normalize():f}")
        click.echo(f"  {name}, over the hours of the traffic: {span} {price.currency} per million")
    for line in _lines(price, at):
        click.echo(f"  {line}")
    for remark in price_remarks(price, at):
        if remark not in price.notes:
            click.echo(f"  note: {remark}")
    return EXIT_OK


def _possible(price: Price, at: datetime) -> list[TokenRates]:
    return price.rates_possible(at)


def _blend(price: Price, at: datetime, traffic: str) -> dict[str, tuple[Decimal, Decimal]]:
    """Return the lowest and the highest mean of each token rate over the week that begins at
    ``at``.
    """
    from claimbench.pricing.model import UNIT_CLASSES
    from claimbench.pricing.traffic import groups, read_profile

    sums: dict[str, list[Decimal]] = {}
    moments = read_profile(traffic).moments(at.date())
    for moment, share in groups(price, moments):
        sets = price.rates_possible(moment)
        for name in sets[0]:
            if name in UNIT_CLASSES:
                continue
            bases = [rates[name].base * price.factor for rates in sets if name in rates]
            low_high = sums.setdefault(name, [Decimal(0), Decimal(0)])
            low_high[0] += min(bases) * share
            low_high[1] += max(bases) * share
    places = Decimal("0.000001")
    return {k: (low.quantize(places), high.quantize(places)) for k, (low, high) in sums.items()}


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
    alone = [name for name, price in pairs if second.find_asked(price, name) is None]
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
        told: dict[str, Json] = {"second": second.label, "compared": compared, "differences": rows}
        if models:
            told["not_compared"] = alone
        print_json(told)
    else:
        for d in differences:
            note = f"  ({d.note})" if d.note else ""
            ours, theirs = f"{d.ours.normalize():f}", f"{d.theirs.normalize():f}"
            click.echo(
                f"{d.seller}/{d.model} {d.rate}: ours ${ours}, {second.label} ${theirs} per"
                f" million{note}"
            )
        for name in alone if models else ():
            click.echo(f"{name}: {second.label} has no such entry; nothing was compared")
        click.echo(
            f"{compared} prices in both sources, {len(differences)} rates differ by more than 1 %"
        )
    return EXIT_UNDECIDED if differences else EXIT_OK


@prices_command.command("check")
@click.argument("suite", type=SuitePath())
@suite_options
@book_option
@json_option
def check_command(
    suite: Path,
    overrides: tuple[str, ...],
    allow_outside: bool,
    books: tuple[Path, ...],
    as_json: bool,
) -> int:
    """Say for every arm of SUITE what it costs and why, or why nobody knows. Exit code 2 if one is
    unknown.
    """
    from claimbench.cli.books import price_book
    from claimbench.pricing.arms import resolve_arm
    from claimbench.suite.load import load_suite

    loaded = load_suite(suite, allow_outside=allow_outside, overrides=overrides)
    book, at = price_book(books), datetime.now(UTC)
    prices = [resolve_arm(arm, book) for arm in loaded.asked]
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
            _check_billable(price, at)
            lines = list(_lines(price.price, at, price, brief=True))
            lines += remarks(price, at)
            return row | {
                "summary": price.price.id_at(at, price.tier),
                "details": [*lines, *_second(price, at)],
            }
        except UnknownPrice as unknown:
            why = str(unknown)
    near = [f"candidates: {', '.join(price.candidates)}"] if price.candidates else []
    return row | {"known": False, "summary": f"unknown: {why}", "details": near}


def _check_billable(price: ArmPrice, at: datetime) -> None:
    """Refuse a price by which a plain request could not be billed now: the question that ``bench
    plan`` and ``bench run`` ask.

    Raises:
        UnknownPrice: so it is.
    """
    from claimbench.pricing.model import UnknownPrice
    from claimbench.types import Usage

    why = price.why_unbounded(at)
    if why is None:
        plain = Usage(input_fresh=1, output_visible=1, output_reasoning=0)
        cost = price.list_cost(plain, at)
        why = None if cost.high is not None else cost.why_unknown
    if why is not None:
        raise UnknownPrice(why)


def _second(price: ArmPrice, at: datetime) -> Iterator[str]:
    from claimbench.pricing.price_lists.second_opinion import load_second_opinion

    if price.price is None or price.price.id.startswith("suite:"):
        return
    second = load_second_opinion()
    if second is None:
        yield "no second opinion: litellm is not installed"
        return
    found = second.differences(price.price, price.price.asked_name, at)
    if found is None:
        yield f"no second opinion: {second.label} has no {price.price.asked_name!r} to compare with"
    for d in found or ():
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
    context = None if arm is None else arm.context
    for name, rate in price.rates_at(at, tier, context, unsure_hours=True).items():
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
    from claimbench.pricing.stated.values import moment_of

    if as_of is None:
        return datetime.now(UTC)
    when = moment_of(as_of)
    if isinstance(when, datetime):
        return when
    return datetime.combine(when, time(12), tzinfo=UTC)
