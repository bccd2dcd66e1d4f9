"""Scores of several files, arms and tasks are placed on one scale, or a person is asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from claimbench.importers.detect import read_files
from claimbench.importers.imported import ImportFault, ImportOptions

Write = Callable[[str, Any], Path]
PLAIN = ImportOptions()


def column(cells: Sequence[object]) -> str:
    return "id,score\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(cells))


def lines(cells: Sequence[object]) -> str:
    return "\n".join(json.dumps({"id": i, "score": cell}) for i, cell in enumerate(cells))


def values(files: list[Path], options: ImportOptions = PLAIN) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for call in read_files(files, options).calls:
        found.setdefault(call.arm, []).append(next(iter(call.scores.values())))
    return found


@pytest.mark.parametrize(
    ("one", "two", "wanted_one", "wanted_two"),
    [
        ([0, 1, 1, 0], [0, 1, 2, 1], [0, 0.5, 0.5, 0], [0, 0.5, 1, 0.5]),
        ([1, 5, 4, 3], [1, 4, 4, 3], [0, 1, 0.75, 0.5], [0, 0.75, 0.75, 0.5]),
        ([2, 3, 4], [1, 5, 4], [0.25, 0.5, 0.75], [0, 1, 0.75]),
        ([1, 2, 2], [1, 3, 2], [0, 0.5, 0.5], [0, 1, 0.5]),
    ],
    ids=str,
)
@pytest.mark.parametrize("ending", ["csv", "jsonl", "json"])
def test_a_mark_is_one_score_in_every_file(
    written: Write,
    ending: str,
    one: list[int],
    two: list[int],
    wanted_one: list[float],
    wanted_two: list[float],
) -> None:
    files = []
    for name, cells in (("a", one), ("b", two)):
        text: Any = column(cells) if ending == "csv" else lines(cells)
        if ending == "json":
            text = [{"id": i, "score": cell} for i, cell in enumerate(cells)]
        files.append(written(f"{name}.{ending}", text))
    assert values(files) == {"a": wanted_one, "b": wanted_two}
    notes = read_files(files, PLAIN).notes
    assert any("state them: --scale" in note for note in notes)


def test_files_on_other_items_have_scales_of_their_own(written: Write) -> None:
    files = [
        written("math.csv", "id,model,score\nm1,x,1\nm2,x,0\nm3,x,1\n"),
        written("talk.csv", "id,model,score\nt1,x,1\nt2,x,3\nt3,x,5\n"),
    ]
    assert values(files) == {"x": [1, 0, 1, 0, 0.5, 1]}


@pytest.mark.parametrize(
    ("one", "two", "scale"),
    [
        ([0, 1, 1], [1, 4, 3], None),
        ([1, 1, 1], [2, 5, 3], None),
        ([0.5, 0.9, 0.7], [50, 90, 70], "100"),
        ([0, 1, 1], [40, 90, 0], "100"),
        ([0.5, 1, 0], [2.5, 5, 0], "5"),
    ],
    ids=str,
)
def test_scores_of_two_scales_are_asked_for(
    written: Write, one: list[float], two: list[float], scale: str | None
) -> None:
    options = ImportOptions(scale=scale)
    apart = [written("a.csv", column(one)), written("b.csv", column(two))]
    pairs = list(enumerate(zip(one, two, strict=True)))
    long = "id,model,score\n" + "".join(f"{i},a,{x}\n{i},b,{y}\n" for i, (x, y) in pairs)
    wide = "id,a,b\n" + "".join(f"{i},{x},{y}\n" for i, (x, y) in pairs)
    columns = {"score": ("a", "b")}
    for files, asked in (
        (apart, options),
        ([written("long.csv", long)], options),
        ([written("wide.csv", wide)], ImportOptions(scale=scale, columns=columns)),
    ):
        with pytest.raises(ImportFault, match="are they of one scale") as fault:
            read_files(files, asked)
        assert "--scale 1..5" in (fault.value.hint or "")


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ([0, 0.5, 1], [0, 1, 2]),
        (["PASS", "FAIL", "PASS"], [0, 1, 2]),
        (["85%", "90%", "10%"], [0, 1, 2]),
    ],
    ids=str,
)
def test_marks_beside_other_kinds_of_scores_are_no_scale(
    written: Write, one: list[object], two: list[object]
) -> None:
    files = [written("a.csv", column(one)), written("b.csv", column(two))]
    with pytest.raises(ImportFault, match="not between 0 and 1"):
        read_files(files, PLAIN)


def test_a_stated_scale_holds_for_all_files(written: Write) -> None:
    files = [written("a.csv", column([1, 4, 2])), written("b.csv", column([1, 1, 1]))]
    wanted = {"a": [0, 0.75, 0.25], "b": [0, 0, 0]}
    assert values(files, ImportOptions(scale="1..5")) == wanted


def test_right_and_wrong_of_one_task_beside_marks_of_another(written: Write) -> None:
    rows = "".join(f"m{i},math,a,{i % 2}\nt{i},talk,a,{1 + i % 5}\n" for i in range(10))
    with pytest.raises(ImportFault, match="the task math has only scores between 0 and 1"):
        read_files([written("t.csv", f"id,task,model,score\n{rows}")], PLAIN)


def test_letters_of_grades_are_no_right_and_wrong(written: Write) -> None:
    with pytest.raises(ImportFault, match=r"t\.csv:3: .*grades"):
        read_files([written("t.csv", column(["C", "F", "C"]))], PLAIN)
    assert values([written("t.csv", column(["C", "I", "C"]))]) == {"t": [1, 0, 1]}
