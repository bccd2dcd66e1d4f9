"""Dates, quantities, lists, patterns, choices, checks: what is read, and what is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from claimbench.scorers import ScorerOptionError, score_record
from claimbench.scorers.base import Scorer
from claimbench.scorers.numbers import NumericScorer
from claimbench.scorers.reading.dates import read_dates
from claimbench.scorers.reading.units import read_amounts
from claimbench.scorers.several.checks import ChecksScorer
from claimbench.scorers.typed.choices import ChoiceScorer
from claimbench.scorers.typed.dates import DateScorer
from claimbench.scorers.typed.lists import ListScorer, overlap
from claimbench.scorers.typed.patterns import MatchesScorer, compiled
from claimbench.scorers.typed.quantities import QuantityScorer
from claimbench.types import AnswerSpec, Call, CallRecord, Outcome, Sample, Score, Task

TEXT = AnswerSpec("text", constrain=False)


def ask(
    scorer: Scorer,
    answer: str,
    target: Any,
    columns: Mapping[str, Any] | None = None,
    space: AnswerSpec = TEXT,
) -> Score:
    task = Task("t", (), (), (), space, (), 16)
    return scorer.score("c", answer, Sample("1", dict(columns or {}), target, "1"), task)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("03/04/2026", ["unclear"]),
        ("4-5-2026", ["unclear"]),
        ("3/4/26", ["unclear"]),
        ("31.02.2026", ["unclear"]),
        ("13/04/2026", ["2026-04-13"]),
        ("04/13/2026", ["2026-04-13"]),
        ("05/05/2026", ["2026-05-05"]),
        ("3.4.2026", ["2026-04-03"]),
        ("von 1.2.2026 bis 3. Mai 2026", ["2026-02-01", "2026-05-03"]),
        ("version 1.2.3.2026, call 555-1234", []),
        ("4 มีนาคม 2569", ["2026-03-04"]),
    ],
)
def test_a_date_with_two_readings_has_none(text: str, shown: list[str]) -> None:
    assert [found.shown for found in read_dates(text)] == shown


def test_the_order_of_day_and_month_is_told_by_the_suite() -> None:
    assert ask(DateScorer(), "03/04/2026", "2026-03-04").status == "unparsable"
    assert ask(DateScorer({"order": "mdy"}), "03/04/2026", "2026-03-04").value == 1
    assert ask(DateScorer({"order": "dmy"}), "03/04/2026", "2026-03-04").value == 0
    assert ask(DateScorer({"order": "dmy"}), "4/3/26", "2026-03-04").value == 1
    assert ask(DateScorer({"order": "ymd"}), "26/03/04", "2026-03-04").value == 1


def test_which_date_counts_and_how_near_it_has_to_be() -> None:
    two = "From 1 March 2026 to 4 March 2026."
    assert ask(DateScorer(), two, "2026-03-04").value == 1
    assert ask(DateScorer({"which": "first"}), two, "2026-03-04").value == 0
    assert ask(DateScorer({"which": "only"}), two, "2026-03-04").status == "unparsable"
    assert ask(DateScorer({"which": "first", "within_days": 3}), two, "2026-03-04").value == 1
    assert ask(DateScorer(), "March 2026", "2026-03-04").status == "unparsable"
    assert ask(DateScorer(), "4 March 2026", "2026-03").value == 1
    with pytest.raises(ValueError, match="not one date"):
        ask(DateScorer(), "4 March 2026", "03/04/2026")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("5,000 m", [(5000, "meter")]),
        ("5 ft 10 in", [(pytest.approx(5 + 10 / 12), "foot")]),
        ("5'10\"", [(pytest.approx(5 + 10 / 12), "foot")]),
        ("1 h 30 min", [(pytest.approx(1.5), "hour")]),
        ("5 in total", [(5, None)]),
        ("5 a day", [(5, None)]),
        ("5公里远", [(5, "kilometer")]),
        ("5千米", [(5000, "meter")]),
        ("5킬로미터입니다", [(5, "kilometer")]),
        (r"$5\,\text{km}$", [(5, "kilometer")]),
        ("36 км/ч", [(36, "kilometer/hour")]),
        ("5 miles per hour", [(5, "mile / hour")]),
        ("100 metros por segundo", [(100, "meter/second")]),
        ("3 m2", [(3, "meter ** 2")]),
        ("20℃", [(20, "degree_Celsius")]),
        ("2 m**9999999", [(2, "meter"), (9999999, None)]),
    ],
)
def test_amounts_are_read_with_their_units(text: str, read: list[tuple[float, str | None]]) -> None:
    found = [(None if a.value is None else float(a.value), a.unit) for a in read_amounts(text)]
    assert found == read


def test_amounts_are_compared_after_conversion() -> None:
    right = [("3,000 m", "3 km"), ("68 °F", "20 °C"), ("90 min", "1.5 h"), ("0.5 kWh", "500 Wh")]
    for answer, target in right:
        assert ask(QuantityScorer(), answer, target).value == 1, (answer, target)
    assert ask(QuantityScorer(), "3.1 miles", "5 km").value == 0
    assert ask(QuantityScorer({"relative": 0.01}), "3.1 miles", "5 km").value == 1
    other = ask(QuantityScorer(), "5 kg", "5 km")
    assert (other.status, other.value) == ("scored", 0)
    assert ask(QuantityScorer(), "5", "5 km").status == "unparsable"
    assert ask(QuantityScorer({"bare": "km"}), "5", "5 km").value == 1
    assert ask(QuantityScorer(), "It weighs 5 kg and is 3 m long.", "5 kg").value == 1
    assert ask(QuantityScorer({"which": "first"}), "5 kg, then 6 kg", "5 kg").value == 1
    assert ask(QuantityScorer({"which": "only"}), "5 kg, then 6 kg", "5 kg").status == "unparsable"
    with pytest.raises(ValueError, match="not one number with a unit"):
        ask(QuantityScorer(), "5 km", "five")
    with pytest.raises(ScorerOptionError, match="no unit that pint knows"):
        QuantityScorer({"bare": "blorps"})


LIST = ["red", "green", "blue"]


@pytest.mark.parametrize(
    "answer",
    [
        '["red", "green", "blue"]',
        '```json\n["blue", "red", "green"]\n```',
        "- red\n- green\n- blue",
        "1. Red\n2. Green\n3. Blue",
        "The colours are: red, green and blue.",
        "red; green; blue",
        "red\ngreen\nblue",
        "Rot sind: red, green und blue",
    ],
)
def test_lists_in_their_usual_forms(answer: str) -> None:
    assert ask(ListScorer(), answer, LIST).value == 1, answer


def test_a_list_is_compared_by_its_metric() -> None:
    half = ask(ListScorer(), "red, yellow", LIST)
    assert half.value == pytest.approx(2 * 1 / (2 + 3))
    assert half.parts == pytest.approx(
        {"f1": 0.4, "precision": 0.5, "recall": 1 / 3, "exact": 0, "jaccard": 0.25}
    )
    assert (
        ask(ListScorer({"ordered": True, "metric": "exact"}), "blue, green, red", LIST).value == 0
    )
    assert ask(ListScorer({"ordered": True}), "blue, red, green", LIST).value == pytest.approx(
        2 / 3
    )
    assert ask(ListScorer({"metric": "exact"}), "red, red, green, blue", LIST).value == 0
    once = {"metric": "exact", "repeats": False}
    assert ask(ListScorer(once), "red, red, green, blue", LIST).value == 1
    assert ask(ListScorer({"metric": "exact"}), "none", []).value == 1
    assert ask(ListScorer({"metric": "exact"}), "1,000; 2.50", ["1000", "2.5"]).value == 1
    assert ask(ListScorer(), "", LIST).status == "unparsable"
    assert (
        ask(ListScorer({"metric": "exact"}), "红色、绿色和蓝色", ["红色", "绿色", "蓝色"]).value
        == 1
    )


def test_overlap_equals_sklearn_and_difflib_item_by_item() -> None:
    from sklearn.metrics import f1_score, jaccard_score, precision_score, recall_score

    names = sorted("abcdef")
    for seed in range(60):
        one = [n for i, n in enumerate(names) if seed >> i & 1] or ["a"]
        two = [n for i, n in enumerate(names) if (seed * 7 + 3) >> i & 1] or ["b"]
        ours = overlap(one, two, ordered=False)
        said = [[n in one for n in names]]
        right = [[n in two for n in names]]
        theirs = {
            "f1": f1_score(right[0], said[0], zero_division=0.0),
            "precision": precision_score(right[0], said[0], zero_division=0.0),
            "recall": recall_score(right[0], said[0], zero_division=0.0),
            "jaccard": jaccard_score(right[0], said[0], zero_division=0.0),
            "exact": float(said == right),
        }
        assert ours == pytest.approx(theirs), (one, two)


def test_a_target_may_be_a_pattern() -> None:
    matches = MatchesScorer()
    assert ask(matches, "The year is 1969.", r"\b19[67]\d\b").value == 1
    assert ask(matches, "The year is 1959.", r"\b19[67]\d\b").value == 0
    whole = MatchesScorer({"where": "whole", "ignore_case": True})
    assert ask(whole, " Paris, France ", "paris(, france)?").value == 1
    assert ask(whole, "It is Paris", "paris(, france)?").value == 0
    assert ask(MatchesScorer({"where": "start"}), "No, never", "(yes|no)", None).value == 0
    assert ask(MatchesScorer({"aliases": ["other"]}), "b", "^a$", {"other": ["^b$"]}).value == 1


@pytest.mark.parametrize("pattern", ["(", "a" * 10_001, "(?P<a>x)(?P<a>y)", "*"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"not a regular|characters"):
        compiled(pattern, 0)


CHOICE = AnswerSpec("label", ("A", "B", "C", "D"))
CITIES = {"options": ["Madrid", "Berlin", "Paris", "Rome"]}


@pytest.mark.parametrize(
    ("answer", "value", "status"),
    [
        ("D", 1, "scored"),
        ("The answer is (D).", 1, "scored"),
        ("Rome", 1, "scored"),
        ("It must be Rome, not Paris.", 1, "scored"),
        ("B. Berlin", 0, "scored"),
        ("Paris or Rome", 0, "unparsable"),
        ("Lisbon", 0, "unparsable"),
        ("E", 0, "unparsable"),
    ],
)
def test_a_choice_is_read_by_letter_or_text(answer: str, value: float, status: str) -> None:
    found = ask(ChoiceScorer(), answer, "D", CITIES, CHOICE)
    assert (found.value, found.status) == (value, status)


def test_a_choice_by_letter_alone_and_numbers_as_options() -> None:
    assert ask(ChoiceScorer({"texts": False}), "Rome", "D", CITIES, CHOICE).status == "unparsable"
    numbers = {"options": ["3", "4", "5"]}
    assert ask(ChoiceScorer(), "4", "B", numbers, CHOICE).value == 1
    assert ChoiceScorer().check(AnswerSpec("label", ("yes", "no"))) is not None


CHECKS = {
    "of": [
        {"scorer": "contains", "name": "names it", "weight": 3},
        {"scorer": "contains", "not": True, "name": "no excuse", "of": "any", "aliases": ["bad"]},
        {"scorer": "regex", "pattern": r"\.$", "name": "a sentence"},
    ]
}


def test_checks_weigh_and_declare_their_headline() -> None:
    columns = {"bad": ["sorry"]}
    one = ask(ChecksScorer(CHECKS), "Paris", "Paris", columns)
    assert one.parts == {"names it": 1, "no excuse": 0, "a sentence": 0}
    assert one.value == pytest.approx(3 / 5)
    for headline, value in (("all", 0), ("any", 1), ("names it", 1), ("no excuse", 0)):
        scorer = ChecksScorer({**CHECKS, "headline": headline})
        assert ask(scorer, "Paris", "Paris", columns).value == value, headline


def test_what_a_check_cannot_read_never_holds_by_not() -> None:
    inverted = ChecksScorer({"of": [{"scorer": "numeric", "not": True}]})
    assert ask(inverted, "no idea", "5").status == "unparsable"
    assert ask(inverted, "6", "5").value == 1
    assert ask(inverted, "5", "5").value == 0


def test_a_check_may_hold_from_a_score_on() -> None:
    scorer = ChecksScorer({"of": [{"scorer": "squad", "at_least": 0.5}]})
    assert ask(scorer, "the big red house", "red house").value == 1
    assert ask(scorer, "a big green red old house", "red").value == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"of": ["no_such"]}, "unknown scorer"),
        ({"of": ["judge"]}, "cannot stand inside"),
        ({"of": ["exact"], "headline": "some"}, "headline is one of"),
        ({"of": [{"scorer": "exact", "ignore_cas": True}]}, "unknown option"),
        ({"of": [{"scorer": "exact", "name": "x"}, {"scorer": "squad", "name": "x"}]}, "same name"),
        ({"of": []}, "at least 1"),
    ],
)
def test_checks_that_cannot_be_are_refused(options: dict[str, Any], words: str) -> None:
    from claimbench.errors import BenchError

    with pytest.raises(BenchError, match=words):
        ChecksScorer(options)


def test_checks_of_a_refused_answer_are_all_zero() -> None:
    call = Call("r", "c", "t", "1", 0, "a", 1, 0)
    record = CallRecord(call, "", Outcome.REFUSED, 0, 1)
    sample = Sample("1", {"bad": []}, "Paris", "1")
    (found,) = score_record(
        record, sample, Task("t", (), (), (), TEXT, (), 1), [ChecksScorer(CHECKS)]
    )
    assert (found.value, set(found.parts.values())) == (0, {0.0})


def test_a_stated_value_changes_nothing_where_another_is_asked_for() -> None:
    said = "It was ordered on 1 March 2026. Answer: 4 March 2026"
    assert ask(DateScorer({"which": "first"}), said, "2026-03-01").value == 1
    assert ask(DateScorer({"which": "only"}), said, "2026-03-04").status == "unparsable"
    assert ask(QuantityScorer({"which": "first"}), "3 km. Answer: 5 km", "3 km").value == 1
    assert ask(QuantityScorer({"which": "only"}), "3 km. Answer: 5 km", "5 km").status == (
        "unparsable"
    )
    assert ask(NumericScorer({"which": "first"}), "3. Answer: 5", 3).value == 1
    assert ask(NumericScorer({"which": "only"}), "3. Answer: 5", 5).status == "unparsable"
