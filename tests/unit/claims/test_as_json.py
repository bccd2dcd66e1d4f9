"""Reasons are types inside and the same text as ever outside."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from claimbench.claims.as_json import reason_texts, verdict_json
from claimbench.types import Claim, Reading, Reason, Verdict, reason_codes

CLAIM = Claim("c", "A is cheaper", None, "cost", "usd", ("A",), ("B",), "less", None)


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason("n_too_small"), "n_too_small"),
        (Reason("load", "load is 'open: 2' for A"), "load: load is 'open: 2' for A"),
    ],
)
def test_a_reason_is_its_code_and_detail(reason: Reason, text: str) -> None:
    assert str(reason) == text
    assert reason_texts((reason,)) == (text,)
    assert reason_codes((reason, reason)) == {reason.code}


def test_a_verdict_as_json_holds_texts_at_every_depth() -> None:
    reading = Reading("r", None, 1.0, 0.0, "<", "n/a", reasons=(Reason("not_formed", "why: so"),))
    flags, reasons = (Reason("short_blocks", "A, 5 s"),), (Reason("no_valid_data"),)
    part = Verdict(CLAIM, "inconclusive", None, "", (reading,), flags, reasons)
    found = verdict_json(Verdict(CLAIM, "inconclusive", None, "", (), flags, (), parts=(part,)))
    assert list(found) == list(asdict(part)), "the same fields in the same order"
    shown = json.loads(json.dumps(found))
    assert (shown["flags"], shown["reasons"]) == (["short_blocks: A, 5 s"], [])
    (inner,) = shown["parts"]
    assert (inner["flags"], inner["reasons"]) == (["short_blocks: A, 5 s"], ["no_valid_data"])
    assert inner["readings"][0]["reasons"] == ["not_formed: why: so"]
