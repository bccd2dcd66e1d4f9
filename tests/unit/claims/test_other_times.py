"""A claim about another time is refused with how arms of another run are written; none is read as a
claim about this run.
"""

from __future__ import annotations

from typing import Any

import pytest

from claimbench.claims.parse import parse_claim
from claimbench.errors import ClaimError
from claimbench.types import Arm, Claim, ClaimSpec

ARMS = (Arm("local", "p", "m1", weights="open"), Arm("gpt", "p", "m2", weights="proprietary"))


def read(text: str, arms: tuple[Arm, ...] = ARMS, **fields: Any) -> Claim:
    return parse_claim(ClaimSpec("c", text, None, fields), arms, ())


ENGLISH = [
    "cheaper than last month's",
    "cheaper than last month",
    "20% cheaper than in October",
    "faster than last week",
    "faster than before",
    "as accurate as last night",
    "twice as fast as last year",
    "half the price of last month",
    "cheaper than yesterday",
    "cheaper than previously",
    "cheaper than a month ago",
    "local is still cheaper than last Monday",
]


@pytest.mark.parametrize("text", ENGLISH)
@pytest.mark.parametrize(
    "fields",
    [{}, {"arm": "local"}, {"arm": "local", "than": "gpt"}, {"than": ["gpt"]}],
)
def test_no_time_is_read_as_an_arm_of_this_run(text: str, fields: dict[str, Any]) -> None:
    with pytest.raises(ClaimError) as refused:
        read(text, **fields)
    assert refused.value.hint is not None
    if "in October" not in text or fields.get("than"):  # a month alone may be a name
        assert "baseline:ARM" in refused.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "as accurate as in the last run",
        "as accurate as the last run",
        "20% cheaper than the previous run",
        "cheaper than it was last month",
        "local is cheaper than gpt in last month's run",
        "accuracy did not drop since last month",
        "as good as the baseline",
        "billiger als letzten Monat",
        "so genau wie im letzten Lauf",
        "schneller als letzte Woche",
        "local ist billiger als gestern",
        "moins cher que le mois dernier",
        "aussi précis que lors de la dernière exécution",
        "más barato que el mes pasado",
        "比上个月便宜",
    ],
)
@pytest.mark.parametrize("fields", [{}, {"arm": "local", "than": "gpt"}])
def test_a_sentence_about_another_run_says_what_to_write(text: str, fields: Any) -> None:
    if "baseline" in text and fields:
        assert read(text, **fields).baselines == ("gpt",)  # whom they call their baseline
        return
    with pytest.raises(ClaimError) as refused:
        read(text, **fields)
    assert "baseline:ARM" in str(refused.value.hint)
    assert "docs/compare.md" in str(refused.value.hint)


@pytest.mark.parametrize("text", [text for text in ENGLISH if not text.startswith("half")])
def test_the_baseline_may_stand_for_a_time(text: str) -> None:
    found = read(text, arm="local", than="baseline:local")
    assert (found.treatments, found.baselines) == (("local",), ("baseline:local",))


@pytest.mark.parametrize("name", ["last", "previous", "October", "before", "run"])
def test_an_arm_of_such_a_name_is_an_arm(name: str) -> None:
    arms = (*ARMS, Arm(name, "p", "m3"))
    found = read(f"local is cheaper than {name}", arms)
    assert found.baselines == (name,)


@pytest.mark.parametrize(
    ("text", "rival"),
    [
        ("cheaper than Claude 3", "gpt"),
        ("cheaper than the previous version", "gpt"),
        ("faster than its predecessor", "gpt"),
        ("cheaper than the last", "gpt"),
        ("cheaper than the last model", "gpt"),
        ("as accurate as last year's GPT-4", "gpt"),
    ],
)
def test_a_vendors_word_for_an_arm_stays_for_than_to_say(text: str, rival: str) -> None:
    assert read(text, arm="local", than=rival).baselines == (rival,)


@pytest.mark.parametrize(
    "text", ["local is cheaper than cluade", "local is cheaper than gtp", "cheaper than haiku"]
)
def test_a_name_that_no_arm_has_is_told_nothing_of_runs(text: str) -> None:
    with pytest.raises(ClaimError, match="no arm is called") as refused:
        read(text)
    assert "baseline:ARM" not in str(refused.value.hint)
