"""A stored run stands for the plan that it measured, and for no other."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from claimbench.cli.books import price_book
from claimbench.evidence.as_asked import not_as_asked
from claimbench.pricing.frozen import freeze_suite
from claimbench.run.arms import NOT_ASKED
from claimbench.suite.codec import suite_to_json
from claimbench.suite.load import load_suite
from claimbench.types import Suite

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
TEXT = """
name: small
version: 1-0
tasks:
  - name: t
    dataset: {path: d.jsonl, id: id, target: y}
    prompt: [{user: "{{ x }}"}]
    answer: {type: text}
    scorers: [exact]
    max_tokens: 8
arms:
  - {name: a, provider: compatible, model: m, base_url: "http://127.0.0.1:1/v1", cost: {price: {input: 1, output: 2, source: s, dated: 2026-01-01}}}
  - {name: b, provider: compatible, model: n, base_url: "http://127.0.0.1:1/v1", cost: {price: {input: 2, output: 2, source: s, dated: 2026-01-01}}}
claims:
  - {id: one, claim: "cheaper than b", arm: a}
"""
ROWS = 5


@pytest.fixture
def home(tmp_path: Path) -> Path:
    rows = [f'{{"id": "{n}", "x": "q{n}", "y": "a"}}\n' for n in range(ROWS)]
    (tmp_path / "d.jsonl").write_text("".join(rows))
    (tmp_path / "s.yaml").write_text(TEXT)
    return tmp_path


def book(suite: Suite) -> str:
    return freeze_suite(suite, price_book(), NOW).text


def differs(home: Path, limit: int | None = None, not_run: Any = None, **asked: Any) -> list[str]:
    """How a run of the file as written above differs from what is asked now."""
    stored = load_suite(home / "s.yaml")
    manifest: Any = SimpleNamespace(
        suite=suite_to_json(stored),
        options={"price_book": book(stored)},
        limit=limit,
        arms_not_run=not_run or {},
    )
    (home / "s.yaml").write_text(asked.pop("text", TEXT))
    now = load_suite(home / "s.yaml", overrides=asked.pop("overrides", ()))
    prices = book(now) if asked.pop("frozen_now", False) else None
    return not_as_asked(
        manifest, now, arms=asked.get("arms", ()), limit=asked.get("limit_now"), book=prices
    )


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"limit": ROWS},  # a limit that takes nothing away
        {"limit_now": ROWS + 1},
        {"limit": 2, "limit_now": 2},
        {"arms": ("b", "a")},
        {"not_run": {"b": NOT_ASKED}, "arms": ("a",)},
        {"not_run": {"b": "no key"}},
        {"text": TEXT.replace("name: small", "name: small\ndescription: other words")},
        {"overrides": ("epochs=1",)},
        {"frozen_now": True},
    ],
)
def test_the_same_plan_differs_in_nothing(home: Path, asked: dict[str, Any]) -> None:
    assert differs(home, **asked) == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"text": TEXT.replace("cheaper than b", "half the price of b")}, "claim one was changed"),
        ({"text": TEXT.replace("model: m", "model: other")}, "arm a was changed"),
        ({"text": TEXT.replace("{input: 2,", "{input: 9,")}, "arm b was changed"),
        ({"text": TEXT.replace("{input: 2,", "{input: 9,"), "frozen_now": True}, "price of b was changed"),
        ({"text": TEXT.replace("{{ x }}", "{{ x }}!")}, "its prompt were changed"),
        ({"overrides": ("margin=0.5",)}, "margin: was"),
        ({"overrides": ("epochs=3",)}, "sample.epochs: was 1, now 3"),
        ({"limit": 2}, "sample.limit: was 2, now null"),
        ({"limit_now": 2}, "sample.limit: was null, now 2"),
        ({"arms": ("a",)}, "arm b was asked too"),
        ({"not_run": {"b": NOT_ASKED}}, "arm b was not asked"),
        ({"not_run": {"b": NOT_ASKED}, "arms": ("b",)}, "arm a was asked too"),
    ],
)  # fmt: skip
def test_another_plan_is_told_in_words(home: Path, asked: dict[str, Any], said: str) -> None:
    assert said in "; ".join(differs(home, **asked))


def test_data_that_changed_is_another_plan(home: Path) -> None:
    before = differs(home)
    stored = load_suite(home / "s.yaml")
    manifest: Any = SimpleNamespace(
        suite=suite_to_json(stored),
        options={"price_book": book(stored)},
        limit=None,
        arms_not_run={},
    )
    (home / "d.jsonl").write_text('{"id": "1", "x": "q", "y": "b"}\n')
    now = load_suite(home / "s.yaml")
    after = not_as_asked(manifest, now, arms=(), limit=None, book=None)
    assert before == []
    assert "data, prompts, scorers or sampling were changed (another measured hash)" in after
    assert len(now.tasks[0].samples) == 1
