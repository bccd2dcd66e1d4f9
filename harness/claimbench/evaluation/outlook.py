"""The bills of an evaluated run at the volume that its suite states."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from claimbench.economics.volume.outlook import Outlook, outlook

if TYPE_CHECKING:
    from claimbench.evaluation.evaluate import Evaluation


def outlook_of(evaluation: Evaluation) -> Outlook | None:
    """Return the arms' bills of a month and of years; None where no volume is stated.

    A judge is nobody's alternative, and has no bill here.
    """
    stored = evaluation.stored
    arms = {arm.name for arm in stored.suite.arms}
    return outlook(
        stored.suite,
        {name: price for name, price in evaluation.prices.items() if name in arms},
        evaluation.items,
        evaluation.calls,
        datetime.fromisoformat(stored.manifest.created_utc),
    )
