"""The declared bills once more, with everything that a page needs to reckon others."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from claimbench.economics.sides import ApiSide
from claimbench.economics.volume.months import Bill
from claimbench.economics.volume.outlook import Outlook
from claimbench.economics.volume.stated import Terms, Volume
from claimbench.pricing.hosts import HostCost
from claimbench.privacy.visible import visible
from claimbench_reports.view.buying.outlook import horizons, level_note
from claimbench_reports.view.buying.what_if_types import (
    WhatIfArm,
    WhatIfCommitment,
    WhatIfMachine,
    WhatIfOnce,
    WhatIfRequest,
    WhatIfTerms,
    WhatIfTier,
    WhatIfView,
    WhatIfVolume,
)
from claimbench_reports.view.format import MINUS, amount, usd
from claimbench_reports.view.inputs import ReportData
from claimbench_reports.view.types import ForecastView

LEAST_GAP = 0.005
"""Dollars a month below which two bills are the same."""


def what_if_view(data: ReportData) -> WhatIfView | None:
    """Return what the page reckons what-ifs with; None where no bill is known. Arms have the names
    that the outlook shows.
    """
    found = None if data.economics is None else data.economics.outlook
    if found is None or found.usd_per_unit is None:
        return None
    known = [bill for bill in found.bills if bill.known]
    if not known:
        return None
    decision = data.decision
    incumbent = None if decision is None else decision.spec.incumbent
    left_out = [visible(bill.arm) for bill in found.bills if not bill.known]
    left_out += [visible(arm) for arm, _ in found.unknown]
    return WhatIfView(
        volume=_volume(found.volume, found.usd_per_unit),
        horizons=tuple(horizons(found)),
        incumbent=None if incumbent is None else visible(incumbent),
        arms=tuple(_arm(bill, found) for bill in known),
        left_out=", ".join(left_out),
    )


def _volume(volume: Volume, usd_per_unit: float) -> WhatIfVolume:
    return WhatIfVolume(
        requests=volume.requests,
        peak_factor=volume.peak_factor,
        growth=volume.growth,
        months=volume.months,
        hours=volume.hours,
        currency=volume.currency,
        usd_per_unit=usd_per_unit,
    )


def _arm(bill: Bill, found: Outlook) -> WhatIfArm:
    measured, terms = bill.measured, bill.terms
    machine = measured.host is not None
    value = measured.requests_per_hour if machine else measured.usd_per_request
    spare = found.volume.spare_machines if terms.spare_machines is None else terms.spare_machines
    return WhatIfArm(
        arm=visible(bill.arm),
        value=value or 0.0,
        ends=bill.interval if bill.low is not None else None,
        level=level_note(bill) if bill.low is not None else "",
        request=_request(found.sides.get(bill.arm)),
        machine=None if measured.host is None else machine_of(measured.host),
        spare_machines=spare,
        terms=terms_of(terms, measured.training_usd),
    )


def _request(side: ApiSide | None) -> WhatIfRequest | None:
    """Return an endpoint's mean request; None where nothing follows from its prices."""
    if side is None or side.usd({}, "x") <= 0:
        return None
    return WhatIfRequest(
        input_tokens=side.input_tokens,
        output_tokens=side.output_tokens,
        cache_share=side.cache_share,
        input_rate=side.input_rate,
        output_rate=side.output_rate,
        cache_rate=side.cache_rate,
        other_usd=side.other_usd,
    )


def machine_of(host: HostCost) -> WhatIfMachine:
    """Return a machine's costs as plain numbers."""
    parts = {name: float(usd) for name, usd in host.parts_per_hour.items()}
    years = None if host.lifetime_years is None else float(host.lifetime_years)
    return WhatIfMachine(
        usd_per_hour=None if host.usd_per_hour is None else float(host.usd_per_hour),
        purchase_usd=None if host.purchase_usd is None else float(host.purchase_usd),
        residual_usd=float(host.residual_usd),
        life_years=years,
        life_months=None if years is None else max(1, round(years * 12)),
        running_usd_per_hour=parts.get("energy", 0.0) + parts.get("staff", 0.0),
    )


def terms_of(terms: Terms, training_usd: float) -> WhatIfTerms:
    """Return an arm's terms as plain numbers, with its training among what comes once."""
    once = [WhatIfOnce(one.month, one.usd) for one in terms.one_off]
    if training_usd:
        once.append(WhatIfOnce(1, training_usd))
    least = terms.commitment
    return WhatIfTerms(
        once=tuple(once),
        fixed_usd=terms.fixed_usd,
        free_requests=terms.free_requests,
        free_usd=terms.free_usd,
        tiers=tuple(WhatIfTier(above, off) for above, off in terms.tiers),
        commitment=None
        if least is None
        else WhatIfCommitment(least.discount, least.usd_per_month, least.machines),
        discount=terms.discount,
        price_change=terms.price_change,
        scales_to_zero=terms.scales_to_zero,
    )


def plain_number(value: float) -> str:
    """Return a number as a reader would type it: no exponent, no superfluous zeros."""
    text = f"{Decimal(repr(float(f'{value:.15g}'))):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def months_against(view: WhatIfView, forecasts: Mapping[str, ForecastView]) -> dict[str, str]:
    """Return in words how each arm's month compares with the incumbent's."""
    rival = forecasts[view.incumbent or ""].month
    found: dict[str, str] = {}
    for one in view.arms:
        month = forecasts[one.arm].month
        if one.arm == view.incumbent:
            found[one.arm] = "in use today"
        elif month.value is None or rival.value is None:
            found[one.arm] = "unknown"
        else:
            found[one.arm] = _gap(month.value, rival.value, view.volume)
    return found


def _gap(month: float, rival: float, volume: WhatIfVolume) -> str:
    """Return a difference in the currency that is shown, and as a share of the rival."""
    gap = month - rival
    if abs(gap) * volume.usd_per_unit < LEAST_GAP:
        return "the same"
    size = usd(abs(gap)) if volume.currency == "USD" else f"{amount(abs(gap))} {volume.currency}"
    share = ""
    if rival > 0:
        share = f" ({MINUS if gap < 0 else '+'}{100 * abs(gap) / rival:.1f}%)"
    return f"{size} {'less' if gap < 0 else 'more'}{share}"
