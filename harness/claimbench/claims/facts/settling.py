"""What more samples would do for an open reading: decide it for the claim, against it, or only make
an interval possible.
"""

from __future__ import annotations

import math
import operator
from typing import Literal

from claimbench.types import Reading, reason_codes

_MET = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}
_LEAST = {"n_too_small", "quantile_not_estimable"}
"""Reasons why there is no interval yet: as many samples as they ask for decide nothing by
themselves.
"""


def settling(reading: Reading) -> Literal["least", "against", ""]:
    """Say what the samples that ``reading.n_more`` asks for lead to, if its estimate is right.

    Returns:
        ``least``: they make an interval possible, and whether it decides nobody knows;
        ``against``: the estimate contradicts what is claimed, so that they would refute it; empty:
        they would decide for it, or the estimate does not say.
    """
    found = reading.estimate
    ends = () if found is None else (found.low, found.high)
    no_interval = any(end is None or math.isinf(end) for end in ends)
    if _LEAST & reason_codes(reading.reasons) and (no_interval or not ends):
        return "least"
    if found is None or found.value is None or reading.threshold is None:
        return ""
    met = _MET.get(reading.direction or "")
    return "" if met is None or met(found.value, reading.threshold) else "against"
