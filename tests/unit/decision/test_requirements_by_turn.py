"""Requirements about turns are asked of every arm, the one that is named in them too."""

from __future__ import annotations

from dataclasses import replace

import pytest

from claimbench.decision.gates import OfItself, claims_of
from claimbench.errors import ClaimError
from claimbench.types import (
    AnswerSpec,
    Arm,
    Claim,
    DecisionSpec,
    Message,
    Requirement,
    Sample,
    Suite,
    Task,
    Turn,
)


def suite() -> Suite:
    rows = tuple(
        Sample(f"a:{n}", {}, "x", "a", {"turn": str(n)}, {}, Turn("a", n, 3)) for n in (1, 2, 3)
    )
    task = Task("talk", rows, (Message("user", ""),), (), AnswerSpec("text"), (), 4)
    made = Suite.__new__(Suite)
    given = {
        "arms": (Arm("new", "p", "m-n"), Arm("old", "p", "m-o")),
        "tasks": (task,),
        "options": {},
        "path": "suite.yaml",
        "margin": 0.03,
        "alpha": 0.05,
        "population": "super",
    }
    for name, value in given.items():
        object.__setattr__(made, name, value)
    return made


def asked(text: str, requirement: Requirement, spec: DecisionSpec) -> dict[str, Claim | OfItself]:
    whole = replace(spec, requirements=(replace(requirement, claim=text),))
    return {arm: claim for (_, arm), claim in claims_of(suite(), whole).items()}


REQUIREMENT = Requirement("q", claim="")
SPEC = DecisionSpec(requirements=(REQUIREMENT,))


def test_a_rival_s_turn_is_held_against_every_other_arm() -> None:
    found = asked("as accurate as old in turn 3", REQUIREMENT, SPEC)
    assert found["old"] == OfItself(True)
    new = found["new"]
    assert isinstance(new, Claim)
    assert (new.treatments, new.baselines) == (("new/turn 3",), ("old/turn 3",))


def test_an_arm_s_own_turns_are_asked_of_each_arm() -> None:
    found = asked("keeps its accuracy over three turns", REQUIREMENT, SPEC)
    for arm, claim in found.items():
        assert isinstance(claim, Claim)
        assert claim.baselines == (f"{arm}/turn 1",)


def test_the_arm_that_it_is_about_is_not_named() -> None:
    with pytest.raises(ClaimError, match="is asked of every arm"):
        asked("new is as accurate in turn 3 as in turn 1", REQUIREMENT, SPEC)


def test_each_rival_that_a_requirement_names_is_not_held_against_itself() -> None:
    made = suite()
    arms = (*made.arms, Arm("third", "p", "m-t"))
    object.__setattr__(made, "arms", arms)
    text = "saves $1,000 a month against old and $20,000 a month against third"
    found = claims_of(made, replace(SPEC, requirements=(replace(REQUIREMENT, claim=text),)))
    new = found["q", "new"]
    assert isinstance(new, Claim)
    assert [part.baselines for part in new.parts] == [("old",), ("third",)]
    assert found["q", "old"] == found["q", "third"] == OfItself(False)
