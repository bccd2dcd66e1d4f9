"""A decision's JSON holds plain types alone."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from claimbench.decision.as_json import plain


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (np.bool_(True), True),
        (np.int64(3), 3),
        (np.float64(0.5), 0.5),
        (np.float64("nan"), None),
        (float("inf"), None),
        (np.str_("a"), "a"),
        ("text", "text"),
        (None, None),
    ],
)
def test_numbers_of_numpy_become_plain(value: Any, found: Any) -> None:
    made = plain({"a": [value, (value,)]})
    assert made == {"a": [found, [found]]}
    assert type(made["a"][0]) is type(found)
    json.dumps(made, allow_nan=False)
