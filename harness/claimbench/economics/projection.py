"""Projected dollars of arms that were not run: list prices times token counts seen at the arms that
were.

A projection is marked as one wherever it appears and never becomes a verdict: nobody has seen the
arm's own tokenizer, its verbosity or its accuracy on these requests.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np

from claimbench.pricing.arms import ArmPrice
from claimbench.pricing.model import MILLION, UnknownPrice, usd_rate
from claimbench.stats.arrays import FloatArray
from claimbench.types import Claim, Json

INPUT_RANGE = (0.8, 1.2)
"""Tokenizers differ: the same text is 20 % fewer or more tokens."""

OUTPUT_RANGE = (0.5, 2.0)
"""Models differ in how much they write: half to twice the median of the arms measured."""

LABEL = "projected, not measured"


@dataclass(frozen=True, slots=True)
class TokenBasis:
    """Tokens of a typical request: mean input, median output over the calls of the measured
    arms.
    """

    input_tokens: float
    output_tokens: float
    n_calls: int


@dataclass(frozen=True, slots=True)
class Projection:
    """Projected dollars per request at list price; ``usd`` None with ``why_unknown``."""

    arm: str
    usd: Decimal | None
    low: Decimal | None = None
    high: Decimal | None = None
    price_id: str | None = None
    why_unknown: str | None = None


def token_basis(n_in: Sequence[FloatArray], n_out: Sequence[FloatArray]) -> TokenBasis | None:
    """Return the basis from the measured calls' token counts, an array of each arm's (nan left
    out); None if nothing was measured.
    """
    seen_in, seen_out = (np.concatenate([np.empty(0), *of_arms]) for of_arms in (n_in, n_out))
    seen_in, seen_out = seen_in[~np.isnan(seen_in)], seen_out[~np.isnan(seen_out)]
    if not len(seen_in) or not len(seen_out):
        return None
    mean = math.fsum(seen_in) / len(seen_in)
    return TokenBasis(mean, float(np.median(seen_out)), len(seen_in))


def project_arm(price: ArmPrice, basis: TokenBasis, at_utc: datetime) -> Projection:
    """Project one arm at the prices of ``at_utc``: nothing cached, the suite's tier.

    Where the output price depends on thinking, the upper end is the thinking price.
    """
    if price.price is None or price.host is not None or not price.known:
        why = price.why_unknown or "an arm on a machine of one's own has no list price to project"
        return Projection(price.arm, None, why_unknown=why)
    try:
        usual, dear = _modes(price)
        return Projection(
            price.arm,
            _usd(price, basis, at_utc, usual, 1.0, 1.0),
            _usd(price, basis, at_utc, usual, INPUT_RANGE[0], OUTPUT_RANGE[0]),
            _usd(price, basis, at_utc, dear, INPUT_RANGE[1], OUTPUT_RANGE[1]),
            price.price.id_at(at_utc, price.tier),
        )
    except UnknownPrice as why:
        return Projection(price.arm, None, why_unknown=str(why))


def _modes(price: ArmPrice) -> tuple[dict[str, str], dict[str, str]]:
    """Contexts of the usual and the dearest bill; they differ where thinking has its own price and
    none is stated.
    """
    context = dict(price.context or {})
    mode = context.pop("mode", None)
    if price.price is None or not price.price.has_variant("mode", "thinking"):
        return dict(price.context or {}), dict(price.context or {})
    thinking = context | {"mode": "thinking"}
    return (thinking if mode == "thinking" else context), (context if mode == "plain" else thinking)


def _usd(
    price: ArmPrice,
    basis: TokenBasis,
    at_utc: datetime,
    context: Mapping[str, str],
    factor_in: float,
    factor_out: float,
) -> Decimal:
    assert price.price is not None  # noqa: S101  # project_arm has looked
    rates = price.price.rates_at(at_utc, price.tier, context or None)
    exchange = usd_rate(price.fx, price.price.currency, at_utc)
    scale = price.price.factor * (Decimal(1) if exchange is None else exchange.usd_per_unit)
    if price.price.per_request_only:
        return rates["per_request"].base * scale
    if "input" not in rates or "output" not in rates or price.price.needs:
        raise UnknownPrice(f"{price.price.id} is not priced by input and output tokens alone")
    n_in = Decimal(repr(basis.input_tokens * factor_in))
    n_out = Decimal(repr(basis.output_tokens * factor_out))
    total = round(n_in)
    usd = (n_in * rates["input"].at(total) + n_out * rates["output"].at(total)) / MILLION
    if "per_request" in rates:
        usd += rates["per_request"].base
    return usd * scale


def project_ratio(
    treatment: str,
    baseline: str,
    measured_usd: Mapping[str, float],
    projected: Mapping[str, Projection],
) -> Mapping[str, Json] | None:
    """Project the cost ratio treatment/baseline of two arms of which at least one was not run.

    Args:
        treatment: arm whose cost is the numerator.
        baseline: arm whose cost is the denominator.
        measured_usd: arm -> measured mean dollars per request.
        projected: arm -> projection, of arms not run.

    Returns:
        JSON for ``Verdict.projected``: ratio, low, high, what was projected and from what. None if
        both arms were measured (a projection has no place there) or nothing can be said of one;
        ``why_unknown`` if a price is missing.
    """
    if treatment in measured_usd and baseline in measured_usd:
        return None
    ends = []
    ids, names = [], []
    for arm in (treatment, baseline):
        if arm in measured_usd:
            ends.append((measured_usd[arm],) * 3)
            continue
        p = projected.get(arm)
        if p is None:
            return None
        if p.usd is None or p.low is None or p.high is None:
            return {"label": LABEL, "ratio": None, "why_unknown": f"{arm}: {p.why_unknown}"}
        ends.append((float(p.low), float(p.usd), float(p.high)))
        ids.append(p.price_id)
        names.append(arm)
    (a_low, a, a_high), (b_low, b, b_high) = ends
    if b_low <= 0:
        return {"label": LABEL, "ratio": None, "why_unknown": f"{baseline}: the measured cost is 0"}
    ratio, low, high = a / b, a_low / b_high, a_high / b_low
    return {
        "label": LABEL,
        "ratio": ratio,
        "low": low,
        "high": high,
        "projected_arms": names,
        "price_ids": ids,
        "assumes": (
            "list price, nothing cached; input tokens as measured arms' mean +-20 %, output half to"
            " twice their median"
        ),
        "sentence": (
            f"{treatment} would cost {ratio:.3g} times {baseline} per request "
            f"({low:.3g} to {high:.3g}); {LABEL}."
        ),
    }


def project_claims(
    claims: Sequence[Claim],
    prices: Mapping[str, ArmPrice],
    measured_usd: Mapping[str, float],
    basis: TokenBasis | None,
    at_utc: datetime,
) -> dict[str, Mapping[str, Json]]:
    """Project the cost ratio of every claim that names an arm which was not run: claim id ->
    ``Verdict.projected``.

    A claim over several arms carries its first pair, and every pair under ``pairs``.

    Args:
        claims: all claims of the run.
        prices: every arm of the suite, from the run's frozen book.
        measured_usd: arm -> measured mean dollars per request, of the arms that were run and have a
            known cost.
        basis: tokens of a typical request (:func:`token_basis`); None if nothing was measured.
        at_utc: whose prices.
    """
    if basis is None:
        return {}
    projected = {
        a: project_arm(p, basis, at_utc) for a, p in prices.items() if a not in measured_usd
    }
    found: dict[str, Mapping[str, Json]] = {}
    for claim in claims:
        pairs = []
        for treatment in claim.treatments:
            for baseline in claim.baselines:
                one = project_ratio(treatment, baseline, measured_usd, projected)
                if one is not None:
                    pairs.append({"treatment": treatment, "baseline": baseline, **one})
        if pairs:
            found[claim.id] = pairs[0] if len(pairs) == 1 else {**pairs[0], "pairs": pairs}
    return found
