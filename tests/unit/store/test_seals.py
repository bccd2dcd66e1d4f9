"""The text that a seal is made from: one form for every value a database can hold, for ever."""

from __future__ import annotations

import json
from typing import Any

import pytest

from claimbench.store.schema import attempts, calls, derived, intents, looks, sessions
from claimbench.store.seals import row_writer, rows_writer

VALUES: tuple[Any, ...] = (
    "plain",
    "",
    'quote " and \\ back',
    "line\nfeed\ttab\r\b\f\0\x1f",
    "delete \x7f",
    "Straße, 日本, 😀",
    "half \ud83d of a pair",
    0,
    -1,
    2**63 - 1,
    -(2**63),
    2**70,
    None,
    True,
    1.5,
    1e16,
    float("inf"),
    b"bytes",
    "</script> / \u2028",
)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:20].encode().hex())
@pytest.mark.parametrize("table", [calls, intents, sessions, looks, derived], ids=str)
def test_a_row_is_written_as_json_always_wrote_it(table: Any, value: Any) -> None:
    names = [str(column.name) for column in table.columns]
    for at in range(len(names)):
        row: list[Any] = [f"text {k}" if k % 2 else k for k in range(len(names))]
        row[at] = value
        kept = {name: one for name, one in zip(names, row, strict=True) if name != "seq"}
        text = json.dumps(kept, default=repr, separators=(",", ":"))
        assert row_writer(table)(row) == text
        usual = [0] * len(names)
        assert rows_writer(table)([usual, row])[1:] == [text]


def test_the_number_that_the_database_gave_is_left_out() -> None:
    row = [7, "run", "call", 1, 1, "ok", "{}", "0" * 64]
    assert "seq" in attempts.columns
    assert "7" not in row_writer(attempts)(row)


def test_usual_rows_are_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [[n, "run", "call", n, 1, None, "2026-11-01T00:00:00+00:00"] for n in range(3)]
    texts = list(map(row_writer(intents), rows))
    monkeypatch.setattr("claimbench.store.seals._value", None)
    assert rows_writer(intents)(rows) == texts
