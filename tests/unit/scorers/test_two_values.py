"""Answers that leave two values, in many languages, and those that have one after all: each row was
written from the language, not from the code.
"""

from __future__ import annotations

from typing import Any

import pytest

from claimbench.scorers import load
from claimbench.types import AnswerSpec, Sample, ScorerSpec, Task

KINDS = {"numeric": "number", "graded": "label", "choice": "label", "label": "label"}


def score(name: str, answer: str, target: Any, **options: Any) -> float | None:
    labels = {
        "graded": ("1", "2", "3", "4", "5"),
        "choice": ("A", "B", "C"),
        "label": ("billing", "tech"),
    }
    spec = AnswerSpec(KINDS.get(name, "text"), labels.get(name, ()))  # type: ignore[arg-type]
    (scorer,) = load([ScorerSpec(name, options)])
    row = {"options": ["Paris", "Rome", "Oslo"]}
    task = Task("t", (), (), (), spec, (), 16)
    return scorer.score("c", answer, Sample("1", row, target, "1"), task).value


@pytest.mark.parametrize(
    "answer",
    [
        "4 or 6 March 2026", "either 4 or 6 March 2026", "Answer: 4 to 6 March 2026",
        "**4 to 6 March 2026**", "4th and 6th March 2026", "The 4th to 6th of March 2026",
        "4 March or 6 March 2026", "March 4 or March 6, 2026", "4. und 6. März 2026",
        "4 oder 6 März 2026", "du 4 au 6 mars 2026", "le 4 ou le 6 mars 2026",
        "del 4 al 6 de marzo de 2026", "4 al 6 marzo 2026", "4 a 6 de março de 2026",
        "4 и 6 марта 2026", "4 lub 6 marca 2026", "4 ve 6 Mart 2026", "4 veya 6 Mart 2026",
        "4 Mart 2026 ve 6 Mart 2026", "4 με 6 Μαρτίου 2026", "4 ή 6 Μαρτίου 2026",
        "4 से 6 मार्च 2026", "4 या 6 मार्च 2026", "من 4 إلى 6 مارس 2026", "4 أو 6 مارس 2026",
        "4 ถึง 6 มีนาคม 2569", "4 หรือ 6 มีนาคม 2569", "4 hoặc 6 tháng 3 năm 2026",
        "2026年3月6日〜8日", "2026年3月6日から8日", "2026年3月6日または8日", "2026年3月6日或8日",
        "2026년 3월 6일~8일", "2026년 3월 6일 또는 8일", "6 March 2026 or 8 March",
    ],
)  # fmt: skip
def test_a_period_or_two_days_are_no_day(answer: str) -> None:
    assert score("date", answer, "2026-03-06") == 0


@pytest.mark.parametrize(
    "answer",
    [
        "It is on 6 March 2026.", "moved from 4 to 6 March 2026", "on 6 March 2026 at 4 pm",
        "The 2 tickets are for 6 March 2026", "Flight 4 is on 6 March 2026",
        "6 March 2026, 4 days later", "section 4: 6 March 2026", "2026年3月6日",
        "6. März 2026 und 2 Tage später", "6 March 2026 (4 guests)",
    ],
)  # fmt: skip
def test_a_number_beside_a_date_is_no_second_day(answer: str) -> None:
    assert score("date", answer, "2026-03-06") == 1


@pytest.mark.parametrize("answer", ["March to May 2026", "March or May 2026", "mars à mai 2026"])
def test_two_months_are_no_month(answer: str) -> None:
    assert score("date", answer, "2026-05") == 0


@pytest.mark.parametrize(
    "answer",
    [
        "42 or 43", "42 หรือ 43", "42 ή 43", "42 또는 43", "42または43", "42 ถึง 43", "42 με 43",
        "từ 42 đến 43", "من 42 إلى 43", "42 ile 43 arası", "42 hadi 43", "42 au 43", "42 veya 43",
        "42 lub 43", "42 hoặc 43", "42 tai 43", "42 vagy 43", "42 या 43", "between 42 and 43",
    ],
)  # fmt: skip
def test_two_numbers_are_no_number(answer: str) -> None:
    assert score("numeric", answer, 43) == 0


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("1 million 250 thousand", 1_250_000), ("1 миллион 250 тысяч", 1_250_000),
        ("1 millón 250 mil", 1_250_000), ("1 milion 250 tysięcy", 1_250_000),
        ("1 milyon 250 bin", 1_250_000), ("1 triệu 250 nghìn", 1_250_000),
        ("1 ล้าน 250 พัน", 1_250_000), ("1 مليون و250 ألف", 1_250_000),
        ("1 lakh 20 thousand", 120_000), ("1 लाख 50 हजार", 150_000),
        ("2 करोड़ 50 लाख", 25_000_000), ("4 тысячи 200", 4200), ("4 हजार 200", 4200),
        ("4 thousand 200 people", 4200), ("1 bin 250", 1250), ("2 vạn 5 nghìn", 25_000),
        ("1億2千万", 120_000_000), ("1억 2천만", 120_000_000), ("3万5千", 35_000),
        ("12 million", 12_000_000),
    ],
)  # fmt: skip
def test_parts_of_a_large_number_are_added(answer: str, value: int) -> None:
    assert score("numeric", answer, value) == 1


@pytest.mark.parametrize("answer", ["5 million 2024", "mil 500", "a million 250 thousand"])
def test_parts_that_may_be_another_number_have_no_value(answer: str) -> None:
    for value in (2024, 500, 250_000):
        assert score("numeric", answer, value) == 0


@pytest.mark.parametrize(
    "answer",
    [
        "minus 3", "μείον 3", "mínusz 3", "mīnus 3", "mínus 3", "miinus 3", "منفی ۳", "trừ 3",
        "negatif 3", "negativo 3", "отрицательное 3", "αρνητικό 3", "음의 3", "负的3", "ujemne 3",
        "hasi 3", "3 degrees below zero", "3 Grad unter Null", "3 poniżej zera", "零下3度",
        "氷点下3度", "영하 3도",
    ],
)  # fmt: skip
def test_numbers_below_zero_are_negative(answer: str) -> None:
    assert (score("numeric", answer, -3), score("numeric", answer, 3)) == (1, 0)


@pytest.mark.parametrize(
    "answer",
    [
        "零下3℃", "氷点下3℃", "영하 3℃", "μείον 3 °C", "3 °C below zero", "3 °C unter Null",
        "3 °C sous zéro", "3 °C bajo cero", "3 °C ниже нуля", "3 °C poniżej zera",
        "sıfırın altında 3 °C", "शून्य से नीचे 3 °C",
    ],
)  # fmt: skip
def test_degrees_below_zero_are_negative(answer: str) -> None:
    assert (score("quantity", answer, "-3 °C"), score("quantity", answer, "3 °C")) == (1, 0)


@pytest.mark.parametrize(
    ("answer", "right", "part"),
    [
        ("1 saat 30 min", "90 min", "30 min"), ("1 saat 30 dk", "90 min", "30 min"),
        ("1 hodina 30 min", "90 min", "30 min"), ("1 oră 30 min", "90 min", "30 min"),
        ("1 ώρα 30 min", "90 min", "30 min"), ("1 óra 30 min", "90 min", "30 min"),
        ("1 tunti 30 min", "90 min", "30 min"), ("1 timme 30 min", "90 min", "30 min"),
        ("1 uur 30 min", "90 min", "30 min"), ("2 dakika 30 s", "150 s", "30 s"),
        ("5 kilometra 200 m", "5200 m", "200 m"), ("3 kilomet 500 m", "3500 m", "500 m"),
    ],
)  # fmt: skip
def test_units_of_further_languages_are_parts_too(answer: str, right: str, part: str) -> None:
    assert (score("quantity", answer, right), score("quantity", answer, part)) == (1, 0)


@pytest.mark.parametrize("answer", ["4 ile 6 km", "4 veya 6 km", "4 hoặc 6 km", "4 lub 6 km"])
def test_two_amounts_are_no_amount(answer: str) -> None:
    assert score("quantity", answer, "6 km") == 0


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("B", 1), ("A or B? B.", 1), ("B, not A or C", 1),
        ("A or B", 0), ("A veya B", 0), ("A lub B", 0), ("A hoặc B", 0), ("A ή B", 0),
        ("A или B", 0), ("A tai B", 0), ("A vagy B", 0), ("A หรือ B", 0),
        ("B είναι λάθος", 0), ("B si sahihi", 0), ("B yanlış", 0),
    ],
)  # fmt: skip
def test_two_options_and_a_denied_one_are_none(answer: str, value: int) -> None:
    assert score("choice", answer, "B") == value


@pytest.mark.parametrize(
    "answer",
    [
        "techではありえない",
        "tech일 리가 없다",
        "tech हो ही नहीं सकता",
        "tech olmadığı kesin",
        "siyo tech",
    ],
)
def test_a_denied_label_is_no_answer(answer: str) -> None:
    assert score("label", answer, "tech") == 0


def test_an_arabic_denial_takes_the_other_label_alone() -> None:
    assert score("label", "billing وليس tech", "billing") == 1
    assert score("label", "billing وليس tech", "tech") == 0


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("1", 1), ("Grade: 1", 1), ("1, since it is bad", 1), ("1/5", 1),
        ("1 2", 0), ("1, 2", 0), ("1 & 2", 0), ("Answer: 1\nAnswer: 2", 0), ("1.5", 0),
    ],
)  # fmt: skip
def test_one_grade_of_the_labels_is_a_grade(answer: str, value: int) -> None:
    assert score("graded", answer, "1") == value


def test_a_grade_between_two_labels_hedges_nothing() -> None:
    assert score("graded", "2.5", "2", metric="within_one") == 0


@pytest.mark.parametrize("answer", ["%50", "50%", "yüzde 50", "% 50"])
def test_a_percent_sign_may_stand_first(answer: str) -> None:
    assert score("numeric", answer, 0.5) == 1
