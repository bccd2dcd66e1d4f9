"""Sentences about turns of conversations: each has its one reading, or is refused with the words that
could not be read.

``tests/golden/claim_turns.tsv`` holds both; its conversations have five turns.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest

from claimbench.claims.language.nearest import EXAMPLES
from claimbench.claims.language.say import read_as, read_back, stated, words_of
from claimbench.claims.parse import explain_text, parse_claim
from claimbench.errors import ClaimError
from claimbench.types import AnswerSpec, Arm, Claim, ClaimSpec, Message, Sample, Task, Turn

GOLDEN = Path(__file__).parents[3] / "golden" / "claim_turns.tsv"
ARMS = (Arm("alpha", "p", "m-a"), Arm("beta", "p", "m-b"))


def talk(name: str, turns: int, bare: tuple[int, ...] = ()) -> list[Sample]:
    found = []
    for n in range(1, turns + 1):
        turn = Turn(name, n, turns, scored=n not in bare)
        found.append(Sample(f"{name}:{n}", {}, "x", name, {"turn": str(n)}, {}, turn))
    return found


def task(*samples: list[Sample]) -> Task:
    rows = tuple(sample for talk in samples for sample in talk)
    return Task("talk", rows, (Message("user", ""),), (), AnswerSpec("text"), (), 4)


FIVE = (task(talk("a", 5), talk("b", 5)),)


def parse(text: str, tasks: tuple[Task, ...] = FIVE, **raw: Any) -> Claim:
    return parse_claim(ClaimSpec("c", text, None, raw), ARMS, tasks)


def rows() -> list[tuple[str, str]]:
    with GOLDEN.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(row["sentence"], row["reading"]) for row in table]


@pytest.mark.parametrize(("sentence", "reading"), rows())
def test_a_sentence_has_its_one_reading_or_is_refused(sentence: str, reading: str) -> None:
    if reading.startswith("refused: "):
        with pytest.raises(ClaimError) as caught:
            parse(sentence)
        assert reading.removeprefix("refused: ") in caught.value.message
        return
    claim = parse(sentence)
    assert read_as(claim) == reading
    for one in claim.parts or (claim,):
        assert words_of(read_back(read_as(one))) == read_as(one)
        assert read_back(read_as(one)) == stated(one)
    assert claim.text == sentence


@pytest.mark.parametrize(
    ("tasks", "sentence", "says"),
    [
        ((task([]),), "alpha keeps its accuracy over five turns", "no task holds conversations"),
        ((task(talk("a", 3), talk("b", 5)),), "alpha's accuracy in the last turn is 80%",
         "they end at turns 3 to 5"),
        ((task(talk("a", 5, bare=(1,))),), "alpha is as accurate in turn 5 as in turn 1",
         "no answer to turn 1 has a target"),
        ((task(talk("a", 5, bare=(1,)), talk("b", 1)),), "alpha is as accurate in turn 5 as in turn 1",
         "no conversation has both turn 5 and turn 1"),
        ((task(talk("a", 5, bare=(3,))),), "alpha keeps its accuracy over five turns",
         "no answer to turn 3 has a target"),
    ],
)  # fmt: skip
def test_turns_that_cannot_be_compared_are_errors(
    tasks: tuple[Task, ...], sentence: str, says: str
) -> None:
    with pytest.raises(ClaimError) as caught:
        parse(sentence, tasks)
    assert says in caught.value.message


def test_a_conversation_as_a_whole_leaves_out_turns_that_nothing_is_said_of() -> None:
    tasks = (task(talk("a", 5, bare=(3,)), talk("b", 4, bare=(3,))),)
    claim = parse("alpha's accuracy holds over the whole conversation", tasks)
    assert claim.treatments == ("alpha/turn 2", "alpha/turn 4", "alpha/turn 5")
    assert claim.baselines == ("alpha/turn 1",)
    each = parse("alpha is as accurate as beta in every turn", tasks)
    assert [part.treatments for part in each.parts] == [(f"alpha/turn {n}",) for n in (1, 2, 4, 5)]


def test_costs_and_times_need_no_target() -> None:
    tasks = (task(talk("a", 2, bare=(1,))),)
    claim = parse("alpha costs at most twice as much in turn 2 as in turn 1", tasks)
    assert (claim.treatments, claim.baselines) == (("alpha/turn 2",), ("alpha/turn 1",))


def test_fields_name_the_arm_and_a_rival_is_refused() -> None:
    claim = parse("keeps its accuracy over two turns", arm="beta")
    assert (claim.treatments, claim.baselines) == (("beta/turn 2",), ("beta/turn 1",))
    halved = parse("50% lower cost per conversation", arm="alpha", than="beta")
    assert halved.treatments == ("alpha/conversation",)
    with pytest.raises(ClaimError, match="another of its own"):
        parse("as accurate in turn 5 as in turn 1", arm="alpha", than="beta")


@pytest.mark.parametrize(
    "sentence",
    [
        "alpha is faster in turn 3",
        "alpha is 3 points more accurate in the last turn",
        "alpha is as accurate in every turn",
        "alpha is better each turn",
        "alpha costs 10% less per turn",
        "alpha gets cheaper per conversation",
        "alpha becomes 10% slower in turn 3",
    ],
)
@pytest.mark.parametrize("arms", [ARMS, ()])
def test_no_rival_is_put_in_that_nobody_named(sentence: str, arms: tuple[Arm, ...]) -> None:
    tasks = FIVE if arms else ()
    with pytest.raises(ClaimError):
        parse_claim(ClaimSpec("c", sentence, None, {}), arms, tasks)
    if "becomes" not in sentence:
        named = parse_claim(ClaimSpec("c", sentence, None, {"than": "beta"}), ARMS, FIVE)
        sides = {name for one in named.parts or (named,) for name in one.baselines}
        assert {name.split("/")[0] for name in sides} <= {"alpha", "beta"}
        assert sides


def test_each_turn_against_the_one_before_needs_two_and_targets() -> None:
    two = (task(talk("a", 2)),)
    claim = parse("alpha gets better with each turn", two)
    assert [(p.treatments, p.baselines) for p in claim.parts] == [
        (("alpha/turn 2",), ("alpha/turn 1",))
    ]
    for tasks in ((task(talk("a", 1)),), (task(talk("a", 5, bare=(3,))),)):
        with pytest.raises(ClaimError):
            parse("alpha gets better with each turn", tasks)
    with pytest.raises(ClaimError, match="another of its own"):
        parse("gets better with each turn", arm="alpha", than="beta")


def test_a_sentence_is_explained_without_a_suite() -> None:
    line = "the model/turn 3's accuracy is at most 3 points below its rival/turn 3's"
    assert read_as(explain_text("as accurate as its rival in turn 3")) == line
    assert explain_text("alpha keeps its accuracy over three turns").treatments == (
        "alpha/turn 2",
        "alpha/turn 3",
    )


@pytest.mark.parametrize("example", [one for one in EXAMPLES if re.search(r"turn|conver", one)])
def test_examples_that_are_offered_can_be_read(example: str) -> None:
    text = example.replace("A ", "alpha ").replace(" B", " beta")
    names = {*parse(text).treatments, *(n for p in parse(text).parts for n in p.treatments)}
    assert any("/" in name for name in names)
