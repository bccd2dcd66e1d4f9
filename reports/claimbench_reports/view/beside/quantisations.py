"""Quantisations of an arm, in words and rounded numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from claimbench import stats
from claimbench.evaluation.variants.quantised import Quantised
from claimbench.stats import Interval
from claimbench_reports.view import measure
from claimbench_reports.view.beside.types import QuantisationsView, QuantisationView
from claimbench_reports.view.format import Figure, figure
from claimbench_reports.view.inputs import ReportData

FEW = "fewer than 20 items"


def quantisations_views(
    data: ReportData, clean: Callable[[str], str]
) -> tuple[QuantisationsView, ...]:
    """Return the families as shown; ``clean`` masks foreign text."""
    every = np.ones(len(data.items.items), dtype=np.bool_)
    codes = stats.cluster_codes(data.items.cluster)
    scope = measure.ItemScope(every, codes, data.suite.alpha)

    def shown(base: str, row: Quantised) -> QuantisationView:
        at = f"quantised.{row.arm}"
        own = row.arm == base
        return QuantisationView(
            arm=clean(row.arm),
            quantisation=clean(row.quantisation),
            file=figure(f"{at}.file", row.file_bytes, "bytes"),
            memory=figure(f"{at}.memory", row.memory_bytes, "bytes"),
            speed=figure(f"{at}.speed", row.tokens_per_s, "tokens_per_s"),
            quality=measure.quality(f"{at}.quality", data.items.arms[row.arm], scope),
            changed=None if own else _share(f"{at}.changed", row.changed),
            tokens=None if own else _share(f"{at}.words", row.words),
        )

    return tuple(
        QuantisationsView(clean(family.base), tuple(shown(family.base, row) for row in family.rows))
        for family in data.quantisations
    )


def _share(at: str, found: Interval | None) -> Figure:
    if found is None:
        return figure(at, None, "percent", note=FEW)
    return measure.from_interval(at, found, "percent")
