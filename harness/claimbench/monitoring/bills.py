"""Where a rise of dollars comes from: prices that moved, or tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import numpy as np

from claimbench.claims.other_runs import baseline_arm
from claimbench.evaluation.episodes import fold
from claimbench.evaluation.evaluate import Evaluation, load_seconds, token_bounds
from claimbench.monitoring.judging import Tables
from claimbench.monitoring.types import BillMove, PairedArm
from claimbench.plan.machines import shared_machines
from claimbench.pricing.arms import ArmPrice
from claimbench.pricing.calls import MachineFacts
from claimbench.pricing.run import cost_run
from claimbench.tables.items import with_costs
from claimbench.tables.types import CallRows, FloatArray

BILLED = "billed"


def bill_moves(
    base: Evaluation, new: Evaluation, arms: tuple[PairedArm, ...], tables: Tables
) -> tuple[BillMove, ...]:
    """Return each arm's dollars per request in both runs, and those of NEW's tokens under BASE's
    prices, on the samples whose bills are all known.

    A vendor's price may depend on the hour, so that NEW's calls are priced as of BASE's day at
    their own time of day.
    """
    again = _at_base_prices(base, new, {pair.new: pair.old for pair in arms})
    return tuple(_move(pair, base, new, tables, again[pair.new]) for pair in arms)


def _at_base_prices(
    base: Evaluation, new: Evaluation, names: Mapping[str, str]
) -> dict[str, FloatArray]:
    """Return by arm of NEW the dollars of each of its items under BASE's prices."""
    prices: dict[str, ArmPrice] = dict(new.prices)
    prices |= {name: base.prices[old] for name, old in names.items() if old in base.prices}
    stored = new.stored
    imported = stored.manifest.options.get("imported")
    costs = cost_run(
        prices,
        stored.sessions,
        stored.calls,
        stored.attempts,
        as_of=datetime.fromisoformat(base.stored.manifest.created_utc).date(),
        bounds=None if imported else token_bounds(stored),
        machines=MachineFacts(load_seconds(stored.manifest), shared_machines(stored.suite.arms)),
    )
    spent = fold(stored.suite, stored.calls, stored.records, stored.attempts).costs(costs.calls)
    items = with_costs(new.items, new.calls, spent)[0]
    return {name: rows.usd for name, rows in items.arms.items()}


def _move(
    pair: PairedArm, base: Evaluation, new: Evaluation, tables: Tables, again: FloatArray
) -> BillMove:
    was, now = tables.items.arms[baseline_arm(pair.new)], tables.items.arms[pair.new]
    priced = tables.common & ~np.isnan(was.usd) & ~np.isnan(now.usd)
    both = priced & ~np.isnan(again)
    found = BillMove(
        pair.new,
        _mean(was.usd[priced]),
        _mean(now.usd[priced]),
        _mean(again[both]),
        int(priced.sum()),
        tokens_in=_tokens(pair.new, "n_in", tables),
        tokens_out=_tokens(pair.new, "n_out", tables),
        on_machine=_on_machine(new, pair.new) or _on_machine(base, pair.old),
    )
    why = ""
    if not priced.any():
        unknown = dict.fromkeys((*was.cost_why_unknown, *now.cost_why_unknown))
        why = "; ".join(unknown) or "no sample has known dollars in both runs"
    elif BILLED in {*was.cost_bases, *now.cost_bases}:
        why = "the vendor states what it charged, so that its prices are not known"
    elif _on_machine(new, pair.new) != _on_machine(base, pair.old):
        why = "one run paid for tokens and the other for a machine"
    elif both.sum() < priced.sum():
        why = f"{int(priced.sum() - both.sum())} samples have no price in BASE's book"
    return replace(found, new_at_base_prices=None, why=why) if why else found


def _mean(values: FloatArray) -> float | None:
    return float(values.mean()) if len(values) else None


def _on_machine(run: Evaluation, arm: str) -> bool:
    price = run.prices.get(arm)
    return price is not None and price.host is not None


def _tokens(arm: str, column: str, tables: Tables) -> tuple[float, float] | None:
    """Return mean tokens per call in BASE and NEW on the common samples; None where unknown."""
    means: list[float] = []
    for name in (baseline_arm(arm), arm):
        rows: CallRows = tables.calls.arms[name]
        values = getattr(rows, column)[tables.common[rows.item]]
        values = values[np.isfinite(values)]
        if len(values) == 0:
            return None
        means.append(float(values.mean()))
    return means[0], means[1]
