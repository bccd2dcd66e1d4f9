"""How much text came with a call, and what its counts of tokens are held against."""

from __future__ import annotations

import numpy as np
import pytest

from claimbench.packed import Packed
from claimbench.privacy.redact import Redactor
from claimbench.tables.text_sizes import MARKS, MARKS_OF_CALL, text_sizes
from claimbench.types import Call, CallRecord, Outcome, ToolCall


def record(text: str, reasoning: str = "", calls: tuple[ToolCall, ...] = ()) -> CallRecord:
    call = Call("r", text[:4] + reasoning[:4], "t", "s", 0, "a", 0, 1)
    return CallRecord(call, text, Outcome.OK, "stop", 1, reasoning=reasoning, tool_calls=calls)


def sizes(*records: CallRecord) -> list[tuple[float, float]]:
    found = text_sizes(Packed.of(CallRecord, records, size=2))
    return list(zip(found["n_chars"].tolist(), found["most_tokens"].tolist(), strict=True))


def test_characters_and_the_most_tokens_of_all_text() -> None:
    tool = ToolCall("look", '{"a": 1}')
    found = sizes(
        record("seven words"),
        record("東京"),
        record("[odd] sure"),
        record("yes", "because"),
        record("", "", (tool, tool)),
        record("\ud800"),
    )
    assert found == [
        (11, 11 + MARKS),
        (2, 6 + MARKS),
        (10, 10 + MARKS),
        (10, 10 + MARKS),
        (24, 24 + MARKS + 2 * MARKS_OF_CALL),
        (1, 3 + MARKS),
    ]


@pytest.mark.parametrize("profile", ["none", "hashed"])
def test_a_text_that_was_withheld_has_no_size(profile: str) -> None:
    hidden = Redactor(profile).transcript("seven words")  # type: ignore[arg-type]
    assert hidden is not None
    assert np.isnan(sizes(record(hidden), record(""), record("yes", hidden))).all()
