"""Patterns and answers of strangers: every search ends."""

from __future__ import annotations

import re

import pytest

from claimbench.scorers import timed_patterns
from claimbench.scorers.score_record import LONGEST_ANSWER, score_record
from claimbench.scorers.several.checks import ChecksScorer
from claimbench.scorers.text import ExactScorer, RegexScorer
from claimbench.scorers.timed_patterns import PatternTooLong, TimedPattern
from claimbench.scorers.typed.patterns import MatchesScorer
from claimbench.types import AnswerSpec, Call, CallRecord, Outcome, Sample, Task

HOSTILE = {
    r"^(\w+\s?)+$": "a" * 34 + "!",
    r"(a+)+$": "a" * 40 + "b",
    r"(a|aa)+$": "a" * 60 + "b",
    r"(.*a){25}x": "a" * 60,
    r"(x+x+)+y": "x" * 50,
    r"(?=(a+)+b)c": "a" * 50,
    r"([^,]*,?)*;": "a,b" * 40,
}


def record(text: str) -> CallRecord:
    return CallRecord(Call("r", "c", "t", "s", 0, "a", 0, 0), text, Outcome.OK, "stop", 1)


def task() -> Task:
    return Task("t", (), (), (), AnswerSpec("text"), (), 1)


@pytest.mark.parametrize(("pattern", "answer"), HOSTILE.items(), ids=list(HOSTILE))
def test_each_search_ends_and_an_answer_that_stops_it_scores_0(
    pattern: str, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timed_patterns, "SEARCH_S", 0.2)
    scorers = (RegexScorer({"pattern": pattern}), MatchesScorer())
    for _ in range(5):  # the fourth is not tried
        for score in score_record(record(answer), Sample("s", {}, pattern, "s"), task(), scorers):
            assert score.status in ("scored", "unparsable")
            if score.value == 0 and "too long" in score.explanation:
                assert score.status == "unparsable"  # paid for, so never out of the count


def test_a_pattern_that_needs_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timed_patterns, "SEARCH_S", 0.01)
    pattern = TimedPattern(r"(.*a){25}x")
    said = []
    for _ in range(5):
        with pytest.raises(PatternTooLong) as caught:
            pattern.search("a" * 2000)
        said.append(str(caught.value))
    assert "3 times" not in said[2]
    assert said[3] == said[4]
    assert "3 times" in said[3]
    assert pattern.search("a" * 26 + "x")  # the others are read all the same


def test_a_target_that_stops_its_own_search_is_the_rows_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timed_patterns, "SEARCH_S", 0.1)
    sample = Sample("s", {}, "b" + "a" * 60 + "!", "s")
    (score,) = score_record(
        record("b"), sample, task(), [RegexScorer({"pattern": r"^(b(?:a|aa)*)$"})]
    )
    assert (score.status, score.value) == ("unscored", None)
    assert "the target" in score.explanation


def test_one_check_that_an_answer_stops_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timed_patterns, "SEARCH_S", 0.1)
    checks = ChecksScorer(
        {
            "of": [
                {"scorer": "regex", "name": "slow", "pattern": r"^(a|aa)+$"},
                {"scorer": "regex", "name": "quick", "pattern": "!"},
            ]
        }
    )
    (score,) = score_record(record("a" * 60 + "!"), Sample("s", {}, "a", "s"), task(), [checks])
    assert (score.value, dict(score.parts)) == (0.5, {"slow": 0.0, "quick": 1.0})


def test_an_answer_without_end_is_unparsable() -> None:
    long = record("a" * (LONGEST_ANSWER + 1))
    (score,) = score_record(long, Sample("s", {}, "a", "s"), task(), [ExactScorer()])
    assert (score.status, score.value) == ("unparsable", 0.0)
    assert score.explanation.startswith("too long: 2,000,001 characters")


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\b\d+\b", "a 12 b ١٢ c"), (r"^\w+$", "one\nzwei\nпять"), (r"(?i)straße", "STRASSE Straße"),
        (r"(?P<n>\d)(?:x|y)", "1x2y"), (r"a.c", "abc a\nc"), (r"[\u4e00-\u9fff]+", "答案是四"),
        (r"(?<!\d)\d{2}(?!\d)", "1 12 123"), (r"x*", "xx"), (r"\Aab|cd\Z", "ab cd"),
    ],
)  # fmt: skip
def test_patterns_mean_what_they_mean_to_python(pattern: str, text: str) -> None:
    for flags in (0, re.MULTILINE, re.IGNORECASE, re.MULTILINE | re.IGNORECASE):
        ours, theirs = TimedPattern(pattern, flags), re.compile(pattern, flags)
        found = [(m.span(), m.groups()) for m in ours.finditer(text)]
        assert found == [(m.span(), m.groups()) for m in theirs.finditer(text)]
        assert bool(ours.search(text)) == bool(theirs.search(text))
        assert bool(ours.fullmatch(text)) == bool(theirs.fullmatch(text))
        assert bool(ours.match(text)) == bool(theirs.match(text))
