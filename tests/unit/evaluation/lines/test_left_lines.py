"""Of answers and of pairs, how many of those drawn for people have no label."""

from __future__ import annotations

from dataclasses import replace

import pytest

from claimbench.claims.preference.pairs import Compared, Comparisons
from claimbench.evaluation.lines.agreement import left_lines
from claimbench.evaluation.people import People
from claimbench.types import Call, CallRecord, Outcome, ScorerSpec

from .test_part_lines import suite

JUDGE = ScorerSpec(
    "judge", {"by": "arbiter", "rubric": "Right?", "choices": {"yes": 1.0, "no": 0.0}}
)


def record(task: str, number: int) -> CallRecord:
    call = Call("r", f"{task}{number}", task, str(number), 0, "a", 1, 0)
    return CallRecord(call, "text", Outcome.OK, "stop", 1)


@pytest.mark.parametrize(
    ("answers", "pairs", "said"),
    [
        (0, 0, []),
        (10, 0, []),
        (0, 10, []),
        (10, 10, []),
        (7, 0, ["3 of 10 answers"]),
        (0, 7, ["3 of 10 pairs"]),
        (10, 7, ["3 of 10 pairs"]),
        (9, 10, ["1 of 10 answers"]),
        (9, 8, ["1 of 10 answers", "2 of 10 pairs"]),
    ],
)
def test_answers_and_pairs_are_counted_apart(answers: int, pairs: int, said: list[str]) -> None:
    judged = replace(suite("j").tasks[0], scorers=(JUDGE,))
    found = replace(suite("p"), tasks=(judged, *suite("p").tasks))
    records = [record(task, n) for task in ("j", "p") for n in range(10)]
    people = People(
        {f"{task}/{n}": n for task in ("j", "p") for n in range(10)},
        {f"j{n}": 1.0 for n in range(answers)} | {f"pair{n}": 1.0 for n in range(pairs)},
        {},
    )
    rows = tuple(
        Compared(f"p/{n}", "a", "b", 0, people={"people": 1.0} if n < pairs else {}, drawn=True)
        for n in range(10)
    )
    undrawn = Compared("p/10", "a", "b", 0)
    lines = left_lines(found, people, records, Comparisons((*rows, undrawn), frozenset({"p"})))
    assert [" ".join(line.split()[:4]) for line in lines] == said
    assert len(left_lines(found, people, records, None)) == sum("answers" in one for one in said)
