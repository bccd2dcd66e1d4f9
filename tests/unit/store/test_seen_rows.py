"""Rows that are read while they are verified are those that were stored, or the fault is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from claimbench.codec import encode
from claimbench.errors import StoreError
from claimbench.store.seen_rows import SeenRows
from claimbench.types import Call, CallRecord, Outcome, ToolCall

CALL = Call("r", "c1", "t", "s", 0, "a", 1, 1)
RECORDS = [
    CallRecord(CALL, "x", Outcome.OK, "stop", 1),
    CallRecord(CALL, "\ud800", Outcome.OK, "stop", 1),
    CallRecord(CALL, "", Outcome.OK, None, 1, tool_calls=(ToolCall("f", "{}", received_ns=3),)),
    CallRecord(replace(CALL, scheduled_ns=2**80), "", Outcome.EMPTY, None, 2, logprobs=[1e16, {}]),
]


def test_rows_come_back_as_they_were_stored() -> None:
    seen = SeenRows(CallRecord)
    made = [*seen([encode(record) for record in RECORDS[:1]])]
    made += seen([encode(record) for record in RECORDS[1:]])
    for record, row in zip(RECORDS, made, strict=True):
        assert row is not None
        assert (row.call.id, row.outcome) == (CALL.id, record.outcome)
    found = list(seen.done())
    assert repr(found) == repr(RECORDS)
    assert {type(row) for row in found} == {CallRecord}
    assert {type(row.call) for row in found} == {Call}


def test_a_row_of_an_older_version_gets_its_defaults() -> None:
    seen = SeenRows(CallRecord)
    seen([encode(RECORDS[0]).replace('"error":null,', "")])
    assert list(seen.done()) == RECORDS[:1]


def test_what_cannot_be_read_is_told_when_the_rows_are_asked_for() -> None:
    seen = SeenRows(CallRecord)
    body = encode(RECORDS[0])
    first, newer, last = seen([body, '{"a_newer_field":1}', body])
    assert (first, newer) == (last, None)
    assert first is not None
    with pytest.raises(StoreError, match="a_newer_field"):
        seen.done()


def test_bodies_are_read_by_themselves_whatever_lines_they_hold() -> None:
    body = encode(RECORDS[0])
    seen = SeenRows(CallRecord)
    assert list(seen([f"{body}\n{body}", ""])) == [None, None]
    assert list(seen([body[:9], body[9:]])) == [None, None]
    with pytest.raises(StoreError, match="not JSON"):
        seen.done()


def test_usual_rows_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = SeenRows(CallRecord)
    monkeypatch.setattr(seen, "_one", None)
    with_tools = replace(RECORDS[2], logprobs=[{"b": 1, "a": [2.5]}])
    seen([encode(record) for record in (RECORDS[0], with_tools)] * 2)
    assert list(seen.done()) == [RECORDS[0], with_tools] * 2
