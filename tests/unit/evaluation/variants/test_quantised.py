"""Quantisations of an arm, from a run's tables, records and facts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from claimbench.evaluation.variants import changed_answers, units, variant_lines
from claimbench.evaluation.variants.quantised import Quantisations, changed_by_arm, quantisations
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import (
    Arm,
    BudgetSpec,
    Call,
    CallRecord,
    ErrorPolicy,
    Json,
    LoadSpec,
    Outcome,
    SamplingParams,
    Suite,
    ToolCall,
    VariantSpec,
)

N = 40
BASE = Arm("small", "llama_cpp", "small-q4")
Q8 = replace(BASE, name="small@q8", variant=VariantSpec("small", {"quantisation": "q8"}))
WARM = replace(BASE, name="small@warm", variant=VariantSpec("small", {"temperature": 1}))
BOTH = replace(
    BASE, name="small@both", variant=VariantSpec("small", {"quantisation": "q8", "temperature": 1})
)
SUITE = Suite(
    name="s",
    version="1",
    description="",
    path="s.yaml",
    tasks=(),
    arms=(BASE, Q8, WARM, BOTH),
    sampling=SamplingParams(),
    epochs=1,
    order_seed=1,
    load=LoadSpec(),
    budget=BudgetSpec(),
    claims=(),
    errors=ErrorPolicy(),
    margin=0.03,
    alpha=0.05,
    population="super",
    stop="never",
    allow=(),
    thresholds={},
    file_sha256="",
    measured_sha256="",
)


def answers(arm: str, n: int, changed: int = 0) -> list[CallRecord]:
    """Answers of four words, of which the first ``changed`` have another last word."""
    return [
        CallRecord(
            Call("r", f"{arm}{i}", "task", str(i), 0, arm, 1, i),
            f"one two three {'five' if i < changed else 'four'}",
            Outcome.OK,
            "stop",
            1,
        )
        for i in range(n)
    ]


def made(
    *, n: int = N, changed: int = 10, facts: dict[str, Json] | None = None, **columns: Any
) -> tuple[Quantisations, ...]:
    arms = [arm.name for arm in SUITE.arms]
    right = np.arange(n) % 4 != 0
    items, calls = tables_from_arrays({name: right.astype(float) for name in arms}, **columns)
    records = [*answers("small", n), *answers("small@q8", n, changed)]
    return quantisations(SUITE, items, calls, records, facts or {})


def test_a_family_is_the_arm_itself_and_what_differs_in_quantisation_alone() -> None:
    (family,) = made()
    assert family.base == "small"
    assert [(row.arm, row.quantisation) for row in family.rows] == [
        ("small", "as given: small-q4"),
        ("small@q8", "q8"),
    ]
    own, other = family.rows
    assert own.changed is own.words is None
    assert other.changed is not None
    assert other.words is not None
    assert other.changed.est == 0.25
    assert other.changed.lo < 0.25 < other.changed.hi
    assert other.words.est == pytest.approx(1 - 0.25 * 0.25)


def test_an_arm_that_was_not_run_has_no_row_and_alone_makes_no_family() -> None:
    items, calls = tables_from_arrays({"small": np.ones(N), "small@warm": np.ones(N)})
    assert quantisations(SUITE, items, calls, answers("small", N), {}) == ()


def test_what_is_not_known_is_none_and_never_nothing() -> None:
    unknown: list[dict[str, Json]] = [
        {},
        {"small": {}},
        {"small": {"details": {"file_bytes": 0, "peak_resident_bytes": None}}},
        {"small": {"details": {"file_bytes": True, "peak_resident_bytes": "12 MB"}}},
    ]
    for facts in unknown:
        own = made(facts=facts)[0].rows[0]
        assert (own.file_bytes, own.memory_bytes, own.tokens_per_s) == (None, None, None)
    details: dict[str, Json] = {"file_bytes": 463_000_000, "peak_resident_bytes": 512_000_000}
    own, other = made(facts={"small": {"details": details}})[0].rows
    assert (own.file_bytes, own.memory_bytes) == (463_000_000, 512_000_000)
    assert (other.file_bytes, other.memory_bytes) == (None, None)


def test_speed_is_the_median_over_calls_of_which_time_is_known() -> None:
    tpot = np.full(N, 0.02)
    tpot[:5], tpot[5:8] = np.nan, 0.0
    (family,) = made(tpot_s={"small": tpot, "small@q8": np.full(N, np.nan)})
    assert family.rows[0].tokens_per_s == pytest.approx(50)
    assert family.rows[1].tokens_per_s is None
    (family,) = made(tpot_s={"small": np.where(np.arange(N) < 19, 0.02, np.nan)})
    assert family.rows[0].tokens_per_s is None, "19 calls are too few"


def test_below_twenty_items_nothing_is_said() -> None:
    (family,) = made(n=19)
    assert [(row.changed, row.words) for row in family.rows] == [(None, None)] * 2
    (family,) = made(n=20, changed=0)
    other = family.rows[1]
    assert other.changed is not None
    assert (other.changed.est, other.changed.n) == (0.0, 20)


def test_the_sentence_and_the_table_say_the_same_of_changed_answers() -> None:
    right = np.arange(N) % 4 != 0
    items, calls = tables_from_arrays({arm.name: right.astype(float) for arm in SUITE.arms})
    told = changed_by_arm(made())
    assert list(told) == ["small@q8"]
    (line,) = [one for one in variant_lines(SUITE, items, calls, told) if "otherwise" in one]
    assert line.startswith("small@q8 answers otherwise than small on 25.0% [")
    assert "the words of both agree to 93.8%" in line
    assert not any("otherwise" in one for one in variant_lines(SUITE, items, calls, {}))


@pytest.mark.parametrize(
    ("other", "n", "changed"),
    [
        ({"outcome": Outcome.TRUNCATED, "text": "one two three four and so on"}, N, 0.25),
        ({"outcome": Outcome.EMPTY, "text": ""}, N, 0.25),
        ({"outcome": Outcome.REFUSED, "text": "I cannot."}, N, 0.25),
        ({"tool_calls": (ToolCall("look", "{}"),)}, N, 0.25),
        ({"outcome": Outcome.MODEL_TIMEOUT, "text": "one"}, N - 10, 0.0),
        ({"outcome": Outcome.SERVER_FAULT, "text": ""}, N - 10, 0.0),
        ({"outcome": Outcome.ENDED, "text": ""}, N - 10, 0.0),
    ],
)
def test_answers_that_were_cut_or_call_tools_are_answers(
    other: dict[str, Any], n: int, changed: float
) -> None:
    arms = [arm.name for arm in SUITE.arms]
    items, calls = tables_from_arrays({name: np.ones(N) for name in arms})
    mine = answers("small@q8", N)
    records = [*answers("small", N), *(replace(r, **other) for r in mine[:10]), *mine[10:]]
    (family,) = quantisations(SUITE, items, calls, records, {})
    found = family.rows[1].changed
    assert found is not None
    assert (found.n, found.est) == (n, changed)
    words = family.rows[1].words
    assert words is not None
    assert 0 <= words.lo <= (words.est or 0) <= words.hi <= 1


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("one two  three\n", ["one", "two", "three"]),
        ("我喜欢", ["我", "喜", "欢"]),
        ("東京 は", ["東", "京", "は"]),
        ("か\u3099く", ["か\u3099", "く"]),
        ("น้ำ", ["น\u0e49", "ำ"]),
        ("GPT4很好ok", ["GPT4", "很", "好", "ok"]),
        ("e\u0301te\u0301 हिन्दी", ["e\u0301te\u0301", "हिन्दी"]),
        ("한국어 모델", ["한국어", "모델"]),
        ("", []),
    ],
)
def test_units_are_words_and_signs_of_scripts_without_blanks(text: str, wanted: list[str]) -> None:
    assert units(text) == wanted


@pytest.mark.parametrize(
    ("one", "two", "alike"),
    [
        ("我喜欢吃苹果", "我喜欢吃香蕉", 4 / 6),
        ("これは猫です", "これは犬です", 5 / 6),
        ("a b", "a c", 1 / 2),
    ],
)
def test_how_far_answers_without_blanks_agree(one: str, two: str, alike: float) -> None:
    arm = next(arm for arm in SUITE.arms if arm.name == "small@q8")
    items, _ = tables_from_arrays({arm.name: np.ones(N) for arm in SUITE.arms})
    texts = {("small", item): one for item in items.items}
    texts |= {("small@q8", item): two for item in items.items}
    told = changed_answers("small", arm, items, texts, 0.05)
    assert told is not None
    assert told[1].est == pytest.approx(alike)
