"""A sentence about downloads and lists, without a snapshot, says what it needs."""

from __future__ import annotations

import pytest

from claimbench.claims.parse import explain_text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("five of the top four trending models are Chinese", "5 of 4 cannot be"),
        ("six of the top five downloaded models are American", "6 of 5 cannot be"),
        ("China has 140% of all downloads", "140% of all downloads is more than all of them"),
    ],
)
def test_what_cannot_be_true_is_said(text: str, told: str) -> None:
    note = explain_text(text).note or ""
    assert "cannot be true as stated" in note
    assert told in note


@pytest.mark.parametrize(
    "text",
    [
        "four of the top five trending models are Chinese",
        "Qwen overtook Llama in downloads",
        "some-org/some-model is the most downloaded model",
    ],
)
def test_the_commands_are_named(text: str) -> None:
    note = explain_text(text).note or ""
    assert "bench adoption fetch" in note
    assert "adoption: {snapshots: [FILE]}" in note


@pytest.mark.parametrize("text", ["alpha has many GitHub stars", "alpha has an uptime of 99.9%"])
def test_other_evidence_is_as_before(text: str) -> None:
    assert "bench adoption" not in (explain_text(text).note or "")
