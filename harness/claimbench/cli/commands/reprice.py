"""``bench reprice``: the same records under other prices, verdicts side by side."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimbench.claims.as_json import reason_texts
from claimbench.cli.common import (
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

if TYPE_CHECKING:
    from collections.abc import Mapping

    from claimbench.evaluation.evaluate import Evaluation
    from claimbench.evaluation.stored import StoredRun
    from claimbench.pricing.arms import ArmPrice
    from claimbench.types import Cost, Json, Verdict


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
@results_option
@json_option
def reprice_command(
    run: str | None,
    as_of: str | None,
    traffic: str | None,
    book: Path | None,
    changes: tuple[str, ...],
    volume: str | None,
    results: Path,
    as_json: bool,
) -> int:
    """Judge RUN (default: the latest) again under other prices, beside its own. Calls no model,
    changes no record.
    """
    from claimbench.cli.runs import at_volume
    from claimbench.machine.garbage_collection import load_numpy
    from claimbench.pricing.stated import moment_of
    from claimbench.pricing.traffic import read_profile

    load_numpy()
    from claimbench.evaluation.evaluate import evaluate
    from claimbench.evaluation.stored import read_run

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
    old = evaluate(stored)
    prices = _new_prices(stored, old.prices, book, changes)
    new = evaluate(stored, prices=prices, as_of=day, like=old, traffic=profile)
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
    from claimbench.pricing.changes import change_rates, parse_change

    arms = {arm.name: arm for arm in stored.suite.asked}
    prices = dict(old if book is None else prices_from(book, stored.suite))
    return change_rates(prices, [parse_change(text, list(arms)) for text in changes], arms)


def _totals(evaluation: Evaluation) -> dict[str, Cost]:
    return evaluation.costs.by_arm(record.call for record in evaluation.stored.records)


def _as_json(run_id: str, old: Evaluation, new: Evaluation) -> dict[str, Json]:
    before = _totals(old)
    after = _totals(new)
    arms: dict[str, Json] = {}
    for arm, n in _calls_by_arm(old).items():
        arms[arm] = {"old": _cost_json(before[arm], n), "new": _cost_json(after[arm], n)}
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


def _cost_json(cost: Cost, n_calls: int) -> dict[str, Json]:
    return {
        "usd": cost.amount,
        "usd_per_1000": None if cost.amount is None else cost.amount * 1000 / n_calls,
        "low": cost.low,
        "high": cost.high,
        "components": dict(cost.components),
        "basis": cost.basis,
        "price_id": cost.price_id,
        "why_unknown": cost.why_unknown,
    }


def _verdict_json(verdict: Verdict) -> dict[str, Json]:
    return {
        "status": verdict.status,
        "sentence": verdict.sentence,
        "reasons": reason_texts(verdict.reasons),
    }


def _calls_by_arm(evaluation: Evaluation) -> Mapping[str, int]:
    """Count the finished calls of each arm."""
    return Counter(record.call.arm for record in evaluation.stored.records)


def _print(run_id: str, old: Evaluation, new: Evaluation) -> None:
    before = _totals(old)
    after = _totals(new)
    calls = _calls_by_arm(old)
    click.echo(f"run {run_id}, dollars per 1,000 requests")
    for arm, was in before.items():
        now = after[arm]
        click.echo(f"  {arm}: {_per_1000(was, calls[arm])} -> {_per_1000(now, calls[arm])}")
        for label, cost in (("was", was), ("now", now)):
            click.echo(f"    {label}: {cost.price_id or cost.why_unknown or 'unknown'}")
    bills = _bills_json(old, new)
    if bills is not None:
        click.echo("a month at the stated volume")
        for arm, sides in bills.items():
            click.echo(f"  {arm}: {_a_month(sides.get('old'))} -> {_a_month(sides.get('new'))}")
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


def _per_1000(cost: Cost, n: int) -> str:
    from claimbench.pricing.bill import micro

    if cost.amount is not None:
        return f"${micro(cost.amount * 1000 / n):f}"
    if cost.low is None or cost.high is None:
        return "unknown"
    low = micro(cost.low * 1000 / n)
    high = micro(cost.high * 1000 / n)
    return f"unknown, ${low:f} to ${high:f}"
