"""The what-ifs of a run as a report takes them: break-even volumes and tornados."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from claimbench.claims.readings.dollars import hole
from claimbench.economics.projection import Projection, project_arm, token_basis
from claimbench.economics.run import claim_tornados, pairs
from claimbench.economics.volume.outlook import load_words
from claimbench.evaluation.outlook import outlook_of
from claimbench.tables.per_request import per_request, with_answer
from claimbench_reports.view.inputs import Economics, break_even_of, tornado_of

if TYPE_CHECKING:
    from claimbench.evaluation.evaluate import Evaluation
    from claimbench.pricing.arms import ArmPrice


def economics_of(evaluation: Evaluation) -> Economics:
    """Compute the what-ifs of an evaluated run; an arm that was not run enters break-even as
    projected from the tokens of those that were.
    """
    moment = datetime.fromisoformat(evaluation.stored.manifest.created_utc)
    arms = {arm.name for arm in evaluation.stored.suite.arms}  # a judge is nobody's alternative
    prices = {name: price for name, price in evaluation.prices.items() if name in arms}
    calls = evaluation.calls.arms
    measured = {
        name: mean
        for name, rows in evaluation.items.arms.items()
        if (mean := per_request(rows).of_known) is not None
        and not hole(with_answer(rows), ~np.isnan(rows.usd))
    }
    absent = {name: price for name, price in prices.items() if name not in measured}
    projected = _projections(evaluation, absent, moment)
    suite = evaluation.stored.suite
    loads = {arm.name: load_words(suite, arm) for arm in suite.arms}
    break_even = [
        break_even_of(
            pair.local_arm,
            pair.api_arm,
            pair.usd_per_hour,
            pair.api_usd_per_request,
            pair.capacity_per_hour,
            local_marginal_usd=pair.local_marginal_usd,
            basis=pair.basis,
            load=loads[pair.local_arm],
        )
        for pair in pairs(prices, calls, measured, projected)
    ]
    tornados = [
        tornado_of(f"{t.treatment} / {t.baseline}", t.claim.id, t.threshold, t.tornado)
        for t in claim_tornados(evaluation.verdicts, prices, calls, moment)
    ]
    return Economics(tuple(break_even), tuple(tornados), outlook_of(evaluation))


def _projections(
    evaluation: Evaluation, prices: Mapping[str, ArmPrice], moment: datetime
) -> dict[str, Projection]:
    """Project the mean request of arms that were not run; none where no tokens are known."""
    arms = evaluation.calls.arms.values()
    basis = token_basis([rows.n_in for rows in arms], [rows.n_out for rows in arms])
    if basis is None:
        return {}
    return {name: project_arm(price, basis, moment) for name, price in prices.items()}
