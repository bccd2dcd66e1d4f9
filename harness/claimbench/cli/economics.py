"""Hands break-even and tornados of a run over to the reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from claimbench.evaluation.evaluate import Evaluation
    from claimbench_reports.view.inputs import Economics


def economics_of(evaluation: Evaluation) -> Economics:
    """Compute the what-ifs of an evaluated run in the form that reports take."""
    from datetime import datetime

    import numpy as np

    from claimbench.economics.projection import project_arm, token_basis
    from claimbench.economics.run import claim_tornados, pairs
    from claimbench_reports.view.inputs import Economics, break_even_of, tornado_of

    moment = datetime.fromisoformat(evaluation.stored.manifest.created_utc)
    arms = {arm.name for arm in evaluation.stored.suite.arms}  # a judge is nobody's alternative
    prices = {name: price for name, price in evaluation.prices.items() if name in arms}
    calls = evaluation.calls.arms
    measured = {
        name: float(np.nanmean(rows.usd))
        for name, rows in evaluation.items.arms.items()
        if not np.isnan(rows.usd).all()
    }
    basis = token_basis(
        [float(n) for rows in calls.values() for n in rows.n_in],
        [float(n) for rows in calls.values() for n in rows.n_out],
    )
    projected = {}
    if basis is not None:
        projected = {
            name: project_arm(p, basis, moment)
            for name, p in prices.items()
            if name not in measured
        }
    return Economics(
        break_even=tuple(
            break_even_of(
                p.local_arm,
                p.api_arm,
                p.usd_per_hour,
                p.api_usd_per_request,
                p.capacity_per_hour,
                basis=p.basis,
            )
            for p in pairs(prices, calls, measured, projected)
        ),
        tornado=tuple(
            tornado_of(f"{t.treatment} / {t.baseline}", t.claim.id, t.threshold, t.tornado)
            for t in claim_tornados(evaluation.verdicts, prices, calls, moment)
        ),
    )
