"""The prices that entered a run's figures, each with its source and date."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from claimbench.economics.unit_prices import unit_prices
from claimbench.plan.machines import shared_machines
from claimbench.pricing.model import UNIT_CLASSES, UnknownPrice
from claimbench.pricing.price_lists.second_opinion import load_second_opinion, warnings_for
from claimbench.pricing.remarks import remarks
from claimbench.pricing.run import unmetered
from claimbench_reports.view.inputs import PriceFact

if TYPE_CHECKING:
    from claimbench.evaluation.evaluate import Evaluation
    from claimbench.pricing.arms import ArmPrice
    from claimbench.pricing.hosts import HostCost
    from claimbench.pricing.model import Price

NOT_METERED = "unavailable: no meter, and the suite states no watts; electricity is in no figure"
"""The note of a host whose electricity nobody knows."""


def price_facts(evaluation: Evaluation) -> list[PriceFact]:
    """List every price of the run's arms and judges, then what the run's seconds and tokens make of
    them. A price that is not known says why.
    """
    moment = datetime.fromisoformat(evaluation.stored.manifest.created_utc)
    facts: list[PriceFact] = []
    for name, price in evaluation.prices.items():
        if price.host is not None:
            facts += _host_facts(name, price, price.host)
        elif price.price is None or not price.known:
            facts.append(PriceFact(name, "price", None, "", note=price.why_unknown))
        else:
            facts += _listed_facts(name, price, price.price, moment)
    return facts + _implied_facts(evaluation)


def second_opinion(evaluation: Evaluation, *, other_books: bool = True) -> list[str]:
    """Say what the prices used rest on, and where litellm's price map, if litellm is installed and
    ``other_books`` asks for it, differs from them.
    """
    moment = datetime.fromisoformat(evaluation.stored.manifest.created_utc)
    said = [
        f"{name}: {remark}."
        for name, price in evaluation.prices.items()
        for remark in remarks(price, moment)
    ]
    if not other_books:
        return said
    return said + warnings_for(evaluation.prices, moment, load_second_opinion())


def _host_facts(arm: str, price: ArmPrice, host: HostCost) -> list[PriceFact]:
    facts: list[PriceFact] = []
    for part, usd in host.parts_per_hour.items():
        fact = PriceFact(
            arm,
            part,
            usd,
            "hour",
            source=host.source,
            dated=host.dated,
            price_id=f"host:{arm}",
            note=_watts_note(host) if part == "energy" else None,
        )
        facts.append(fact)
    if unmetered(price):
        facts.append(PriceFact(arm, "energy", None, "hour", note=NOT_METERED))
    share = 100 * float(host.utilisation)
    where = {
        "stated": "assumed",
        "derived": "from the stated volume",
        "no": "not stated: as if always busy",
    }
    assumed = f"{share:.4g}% ({where[host.known_use]})"
    facts.append(PriceFact(arm, "utilisation", None, "", host.source, host.dated, note=assumed))
    return facts


def _listed_facts(arm: str, price: ArmPrice, listed: Price, moment: datetime) -> list[PriceFact]:
    try:
        rates = listed.rates_at(moment, price.tier, price.context)
    except UnknownPrice as why:
        return [PriceFact(arm, "price", None, "", note=str(why))]
    facts = []
    for part, rate in rates.items():
        in_dollars = listed.currency == "USD"
        fact = PriceFact(
            arm,
            part,
            rate.base * listed.factor if in_dollars else None,
            _unit_of(part),
            source=listed.source,
            dated=listed.dated,
            price_id=listed.id_at(moment),
            note=None if in_dollars else f"{rate.base} {listed.currency}",
        )
        facts.append(fact)
    return facts


def _unit_of(part: str) -> str:
    """Return what one rate of a price is for."""
    if part == "per_request":
        return "request"
    return "use" if part in UNIT_CLASSES else "1M tokens"


def _implied_facts(evaluation: Evaluation) -> list[PriceFact]:
    """Return what this run's seconds and tokens make of those prices, per unit."""
    stored = evaluation.stored
    machines = shared_machines(stored.suite.arms)
    found = unit_prices(
        evaluation.prices, stored.sessions, stored.calls, stored.attempts, machines=machines
    )
    return [
        PriceFact(u.arm, u.what, u.usd, u.per, source="measured in this run", note=u.note)
        for u in found
    ]


def _watts_note(host: HostCost) -> str:
    """Say what an hour's electricity is computed from, and how that is known."""
    known = "; ".join(host.notes) if host.watts_source != "stated" else ""
    factor = f", PUE {host.pue:f}" if host.pue != 1 else ""
    price = f"{host.watts:.4g} W {host.watts_source}{factor}, ${host.usd_per_kwh:f} per kWh"
    return f"{price} ({known})" if known else price
