"""``bench reprice``: the same records under other prices, verdicts side by side."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimbench.claims.as_json import reason_texts
from claimbench.cli.common import (
    baseline_option,
    json_option,
    open_store,
    print_json,
    results_option,
    run_argument,
    told,
    verdict_codes,
    volume_option,
    worst,
)
from claimbench.errors import BenchError
from claimbench.store.place import Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from claimbench.evaluation.evaluate import Evaluation
    from claimbench.evaluation.stored import StoredRun
    from claimbench.pricing.arms import ArmPrice
    from claimbench.tables.per_request import PerRequest
    from claimbench.types import Cost, Json, Verdict

    _Dollars = tuple[Cost, PerRequest]
    """What an arm's calls cost in all, and what its requests cost on average."""


@click.command("reprice")
@run_argument
@click.option(
    "--as-of",
    metavar="WHEN",
    help="Prices of a day, each request at its own time of day; or of a moment with its zone"
    " (2026-11-27T02:00Z).",
)
@click.option(
    "--traffic",
    metavar="PROFILE",
    help='Blend prices by the hours of a week from the day on, e.g. "mon-fri 09-18 = 80, else = 20'
    ' +08:00".',
)
@click.option(
    "--book",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=(
        "A YAML price book, one frozen with another run (.json), or 'installed': today's instead of"
        " the run's own."
    ),
)
@click.option(
    "--price",
    "changes",
    multiple=True,
    metavar="ARM.RATE=X",
    help="One rate, e.g. gpt.output=8. Repeatable.",
)
@volume_option
@baseline_option
@results_option
@json_option
def reprice_command(
    run: str | None,
    as_of: str | None,
    traffic: str | None,
    book: Path | None,
    changes: tuple[str, ...],
    volume: str | None,
    baseline: str | None,
    results: Place,
    as_json: bool,
) -> int:
    """Judge RUN (default: the latest) again under other prices, beside its own. Calls no model,
    changes no record.
    """
    from claimbench.cli.runs import at_volume
    from claimbench.machine.garbage_collection import load_numpy
    from claimbench.pricing.stated.values import moment_of
    from claimbench.pricing.traffic import read_profile

    load_numpy()
    from claimbench.evaluation.evaluate import evaluate
    from claimbench.evaluation.stored import read_run
    from claimbench.monitoring.named import with_named_baseline

    if not (as_of or book or changes or traffic or volume):
        raise BenchError(
            "nothing to change",
            hint="give --as-of WHEN, --traffic PROFILE, --book FILE, --price ARM.RATE=AMOUNT or"
            " --volume N",
        )
    day = moment_of(as_of) if as_of else None
    profile = read_profile(traffic) if traffic else None
    with open_store(results) as store:
        run_id = store.resolve_run(run)
        stored = at_volume(read_run(store, run_id), volume)
        old = with_named_baseline(store, evaluate(stored), baseline)
        prices = _new_prices(stored, old.prices, book, changes)
        new = evaluate(stored, prices=prices, as_of=day, like=old, traffic=profile)
        new = with_named_baseline(store, new, baseline)
    if as_json:
        print_json(_as_json(run_id, old, new))
    else:
        _print(run_id, old, new)
    return worst(verdict_codes(new.verdicts))


def _new_prices(
    stored: StoredRun, old: Mapping[str, ArmPrice], book: Path | None, changes: tuple[str, ...]
) -> Mapping[str, ArmPrice]:
    """The run's own prices, those of ``book``, single rates on top. ``--as-of`` alone asks the
    run's frozen book.
    """
    from claimbench.cli.books import prices_from
    from claimbench.pricing.stated.changes import change_rates, parse_change

    arms = {arm.name: arm for arm in stored.suite.asked}
    wanted = [parse_change(text, list(arms)) for text in changes]
    if stored.suite.options.get("volume") is not None:
        for one in wanted:
            if one.rate == "utilisation":
                raise BenchError(
                    f"--price {one.arm}.utilisation does nothing: a volume is stated, and the"
                    " share of hours that a machine works follows from it",
                    hint="ask with another volume: --volume requests_per_month=N",
                )
    prices = dict(old if book is None else prices_from(book, stored.suite))
    return change_rates(prices, wanted, arms)


def _dollars(evaluation: Evaluation) -> dict[str, _Dollars]:
    from claimbench.tables.per_request import per_request

    costs = evaluation.costs.by_arm(record.call for record in evaluation.stored.records)
    return {arm: (cost, per_request(evaluation.items.arms[arm])) for arm, cost in costs.items()}


def _at_prices(old: Evaluation, new: Evaluation) -> dict[str, tuple[_Dollars, _Dollars]]:
    """Return arm -> its dollars at the prices, before and now, of the arms whose vendors state
    charges, or a cheaper tier than was asked for: a verdict in dollars is held against both.
    """
    from claimbench.tables.per_request import per_request
    from claimbench.tables.priced import priced_items

    if old.at_prices is None or new.at_prices is None:
        return {}
    before = old.at_prices.by_arm(record.call for record in old.stored.records)
    after = new.at_prices.by_arm(record.call for record in new.stored.records)
    found: dict[str, tuple[_Dollars, _Dollars]] = {}
    for arm in before:
        if arm in new.context.charges:
            was, now = (per_request(priced_items(one.items.arms[arm])) for one in (old, new))
            found[arm] = (before[arm], was), (after[arm], now)
    return found


def _as_json(run_id: str, old: Evaluation, new: Evaluation) -> dict[str, Json]:
    before = _dollars(old)
    after = _dollars(new)
    at_prices = _at_prices(old, new)
    arms: dict[str, dict[str, Json]] = {}
    for arm, was in before.items():
        arms[arm] = {"old": _cost_json(was), "new": _cost_json(after[arm])}
        if arm in at_prices:
            one, two = at_prices[arm]
            arms[arm] |= {"old_at_prices": _cost_json(one), "new_at_prices": _cost_json(two)}
    verdicts = [
        {
            "claim": was.claim.id,
            "text": was.claim.text,
            "old": _verdict_json(was),
            "new": _verdict_json(now),
            "changed": was.status != now.status,
        }
        for was, now in zip(old.verdicts, new.verdicts, strict=True)
    ]
    return {"run": run_id, "arms": arms, "bills": _bills_json(old, new), "verdicts": verdicts}


def _bills_json(old: Evaluation, new: Evaluation) -> Json:
    """Return arm -> its bill before and now, dollars; None where no volume is stated."""
    from claimbench.evaluation.outlook import outlook_of

    sides = {"old": outlook_of(old), "new": outlook_of(new)}
    found: dict[str, dict[str, Json]] = {}
    for side, outlook in sides.items():
        if outlook is None:
            return None
        for bill in outlook.bills:
            span = bill.month_span
            found.setdefault(bill.arm, {})[side] = {
                "usd_per_month": bill.month_usd if bill.known else None,
                "low": None if span is None else span[0],
                "high": None if span is None else span[1],
                "months": outlook.volume.months,
                "total_usd": bill.total(outlook.volume.months) if bill.known else None,
            }
        for arm, why in outlook.unknown:
            found.setdefault(arm, {})[side] = {"usd_per_month": None, "why_unknown": why}
    return dict(found)


def _cost_json(dollars: _Dollars) -> dict[str, Json]:
    cost, each = dollars
    return {
        "usd": cost.amount,
        "usd_per_1000": _thousand(each.usd),
        "low": cost.low,
        "high": cost.high,
        "components": dict(cost.components),
        "basis": cost.basis,
        "price_id": cost.price_id,
        "why_unknown": cost.why_unknown,
    }


def _thousand(each: float | None) -> Decimal | None:
    """Return dollars per 1,000 requests in the digits that a mean of them has."""
    return None if each is None else Decimal(f"{1000 * each:.12g}")


def _verdict_json(verdict: Verdict) -> dict[str, Json]:
    return {
        "status": verdict.status,
        "sentence": verdict.sentence,
        "reasons": reason_texts(verdict.reasons),
    }


def _as_stated(new: Evaluation, arm: str) -> str:
    said = new.context.charges[arm]
    if said.tiers and not said.stated:
        return f", at the tier that its vendor names ({' and '.join(said.tiers)})"
    return ", as its vendor states its charges"


def _print(run_id: str, old: Evaluation, new: Evaluation) -> None:
    after = _dollars(new)
    at_prices = _at_prices(old, new)
    imported = old.stored.manifest.options.get("imported")
    unnamed = "as the imported file tells" if imported else "unknown"
    click.echo(f"run {run_id}, dollars per 1,000 requests")
    for arm, was in _dollars(old).items():
        now = after[arm]
        stated = _as_stated(new, arm) if arm in at_prices else ""
        click.echo(f"  {arm}: {_per_1000(was[1])} -> {_per_1000(now[1])}{stated}")
        if arm in at_prices:
            old_price, new_price = (_per_1000(each) for _, each in at_prices[arm])
            click.echo(f"  {arm}: {old_price} -> {new_price}, at its prices")
        for label, (cost, _) in (("was", was), ("now", now)):
            click.echo(f"    {label}: {cost.price_id or cost.why_unknown or unnamed}")
    bills = _bills_json(old, new)
    if bills is not None:
        click.echo("a month at the stated volume")
        for arm, sides in bills.items():
            stated = _as_stated(new, arm) if arm in at_prices else ""
            ends = (_a_month(sides.get("old")), _a_month(sides.get("new")))
            click.echo(f"  {arm}: {ends[0]} -> {ends[1]}{stated}")
    for old_verdict, new_verdict in zip(old.verdicts, new.verdicts, strict=True):
        change: str = new_verdict.status
        if old_verdict.status != new_verdict.status:
            change = f"{old_verdict.status} -> {new_verdict.status}"
        click.echo(f"  claim {old_verdict.claim.id}: {change}")
        if new_verdict.sentence:
            click.echo(f"    {told(new_verdict)}")


def _a_month(bill: Mapping[str, Json] | None) -> str:
    if bill is None:
        return "unknown"
    if bill["usd_per_month"] is None:
        ends = bill.get("low"), bill.get("high")
        return "unknown" if None in ends else f"${ends[0]:,.2f} to ${ends[1]:,.2f}"
    return f"${bill['usd_per_month']:,.2f}"


def _per_1000(each: PerRequest) -> str:
    from claimbench.pricing.bill import micro

    ends = [_thousand(end) for end in (each.usd, each.low, each.high)]
    usd, low, high = (None if end is None else micro(end) for end in ends)
    if usd is not None:
        return f"${usd:f}"
    if not each.answered or low is None or high is None:
        return "unknown"
    return f"unknown, ${low:f} to ${high:f}"
