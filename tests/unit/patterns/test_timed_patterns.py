"""Patterns and answers of strangers: every search ends."""

from __future__ import annotations

import random
import re

import pytest
import regex

from claimbench.patterns import timed
from claimbench.patterns.machine import Search
from claimbench.patterns.program import TooLarge, compiled
from claimbench.patterns.timed import PatternTooLong, TimedPattern
from claimbench.scorers.options import ScorerOptionError
from claimbench.scorers.score_record import LONGEST_ANSWER, score_record
from claimbench.scorers.several.checks import ChecksScorer
from claimbench.scorers.text import ExactScorer, RegexScorer
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


COSTLY = r"^(\w+\s?)+\1$"  # what a group caught decides, so nothing is kept of a failure
COSTLY_TEXT = "a" * 34 + "!"


@pytest.mark.parametrize(("pattern", "answer"), HOSTILE.items(), ids=list(HOSTILE))
def test_each_search_ends_with_what_it_would_find(
    pattern: str, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timed, "SEARCH_S", 0.02)
    scorers = (RegexScorer({"pattern": pattern}), MatchesScorer())
    right = re.sub(r"[!bc]$|$", "", answer)[:4] + "xxxxb;"  # short: Python's own search ends
    for said in (answer, right, answer, answer, answer, right):
        for score in score_record(record(said), Sample("s", {}, pattern, "s"), task(), scorers):
            assert "too long" not in score.explanation
            if said == right and score.scorer == "matches":
                assert score.value == float(bool(re.search(pattern, right, re.MULTILINE)))


@pytest.mark.parametrize(("pattern", "answer"), HOSTILE.items(), ids=list(HOSTILE))
@pytest.mark.parametrize("most", [0, 1, 1000])
def test_what_is_found_depends_on_no_time_and_no_other_answer(
    pattern: str, answer: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [answer, answer + "b", answer[:9], "aaab", "x y;", answer * 3]
    monkeypatch.setattr(timed, "SEARCH_S", 0.02)
    monkeypatch.setattr(timed, "MOST_TIMEOUTS", most)

    def of(order: list[str]) -> dict[str, list[tuple[int, int]]]:
        each = TimedPattern(pattern)
        return {text: [m.span() for m in each.finditer(text)] for text in order}

    assert of(texts) == of(texts[::-1])
    alone = {text: Search(compiled(pattern, 0), text, 10**7).every() for text in texts}
    assert of(texts) == {text: [m.span() for m in found] for text, found in alone.items()}


def test_answers_after_slow_ones_are_read_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timed, "SEARCH_S", 0.01)
    monkeypatch.setattr(timed, "SHORT_SEARCH_S", 1e-6)
    scorer = RegexScorer({"pattern": r"^(?:\w+\s?)+: ([A-D])$"})
    answers = ["a" * 60 + "!"] * 5 + ["so it is: B", "many words " * 200 + "end: B", "so: C"]
    sample = Sample("s", {}, "B", "s")

    def scores(order: list[str]) -> list[tuple[str, float | None]]:
        told = [score_record(record(each), sample, task(), [scorer])[0] for each in order]
        return sorted((each, score.value) for each, score in zip(order, told, strict=True))

    first = scores(answers)
    assert first == scores(answers[::-1])
    assert [value for _, value in first].count(1.0) == 2


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (COSTLY, COSTLY_TEXT),
        (r"^(\w+\s?)+(?(1)!!|x)$", COSTLY_TEXT),
        (r"(a*)*(a*)*\2b", "a" * 40),
        (r"(?P<n>(?:x+x+)+)(?P=n)y", "x" * 40),
    ],
)
def test_what_takes_too_many_steps_does_so_always(
    pattern: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timed, "MOST_STEPS", 20_000)
    each = TimedPattern(pattern)
    said = set()
    for _ in range(5):
        with pytest.raises(PatternTooLong) as caught:
            each.search(text)
        said.add(str(caught.value))
    assert len(said) == 1
    assert each.search("a" * 4 + "!!b" + "x" * 5) is None or each.groups


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?:(?:\w{0,200}\s?){0,200}){1,9}$",
        r"(?:(?:a|aa){0,3000}){0,50}$",
        r"(?:(?:a|b?a){1,150}){1,150}$",
    ],
)
def test_a_pattern_too_large_to_count_is_bounded_by_time(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timed, "LONG_SEARCH_S", 0.05)
    with pytest.raises(TooLarge):
        compiled(pattern, 0)
    with pytest.raises(PatternTooLong, match="too long"):
        TimedPattern(pattern).search("a" * 60 + "!b")


@pytest.mark.parametrize(
    "pattern",
    [r"((?:){9999}){9999}", r"(a{9999}){9999}", r"((a{99}){9999}){999}", r"(?:()){99999}"],
)
def test_a_pattern_that_would_compile_for_ever_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="repeats too much"):
        TimedPattern(pattern)
    with pytest.raises(ScorerOptionError, match="repeats too much"):
        RegexScorer({"pattern": pattern})


@pytest.mark.parametrize(
    "pattern", [r".{0,65535}x", r".{30000}|x", r"(\d,){0,9999}x", r"(\w){7000}|x"]
)
def test_honest_repeats_are_read(pattern: str) -> None:
    assert TimedPattern(pattern).search("x")


def test_a_search_takes_steps_in_proportion_to_its_text() -> None:
    for pattern, answer in HOSTILE.items():
        program = compiled(pattern, 0)
        if program.linear:
            for times in (1, 10, 40):
                text = answer * times
                search = Search(program, text, 10**9)
                list(search.every())
                assert search.steps <= program.weight * (len(text) + 1) + 50, pattern


def test_a_target_that_stops_its_own_search_is_the_rows_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timed, "MOST_STEPS", 20_000)
    sample = Sample("s", {}, "b" + COSTLY_TEXT, "s")
    (score,) = score_record(
        record("bb"), sample, task(), [RegexScorer({"pattern": r"^b((\w+\s?)+\2|b)$"})]
    )
    assert (score.status, score.value) == ("unscored", None)
    assert "the target" in score.explanation


@pytest.mark.parametrize("scorer", ["regex", "matches", "checks"])
def test_an_answer_that_takes_too_many_steps_is_unparsable(
    scorer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timed, "MOST_STEPS", 20_000)
    asked = {
        "regex": RegexScorer({"pattern": COSTLY}),
        "matches": MatchesScorer(),
        "checks": ChecksScorer(
            {
                "of": [
                    {"scorer": "regex", "name": "slow", "pattern": COSTLY},
                    {"scorer": "regex", "name": "quick", "pattern": "!"},
                ]
            }
        ),
    }[scorer]
    (score,) = score_record(record(COSTLY_TEXT), Sample("s", {}, COSTLY, "s"), task(), [asked])
    if scorer == "checks":  # one check that an answer stops leaves the others
        assert (score.value, dict(score.parts)) == (0.5, {"slow": 0.0, "quick": 1.0})
    else:  # paid for, so never out of the count
        assert (score.status, score.value) == ("unparsable", 0.0)
        assert "too long" in score.explanation


def test_an_answer_without_end_is_unparsable() -> None:
    long = record("a" * (LONGEST_ANSWER + 1))
    (score,) = score_record(long, Sample("s", {}, "a", "s"), task(), [ExactScorer()])
    assert (score.status, score.value) == ("unparsable", 0.0)
    assert score.explanation.startswith("too long: 2,000,001 characters")


MEANT = [
    (r"\b\d+\b", "a 12 b ١٢ c"), (r"^\w+$", "one\nzwei\nпять"), (r"(?i)straße", "STRASSE Straße"),
    (r"(?P<n>\d)(?:x|y)", "1x2y"), (r"a.c", "abc a\nc"), (r"[\u4e00-\u9fff]+", "答案是四"),
    (r"(?<!\d)\d{2}(?!\d)", "1 12 123"), (r"x*", "xx"), (r"\Aab|cd\Z", "ab cd"),
    (r"(\w)\1", "aab bb A a"), (r"(a)?b(?(1)c|d)", "abc bd abd bc"), (r"(?:|a)*b", "aab b"),
    (r"(a|b*)*c", "abbc cab"), (r"(?>a+)b|a", "aab aaa"), (r"a++a|a{2}+", "aaa"), (r"[^\W_]+?", "a_b"),
    (r"(?s:.)+?$", "a\nb\n"), (r"(?x) a  b # c", "ab"), (r"(a{2,}?){1,2}", "aaaaa"), (r"\B.", "ab c"),
    (r"(?=(a+))a\b", "aa a"), (r"(?a:\w+)é", "abé éé"), (r"(?:foo){e<=1}", "foo fo{e<=1} foo{e<=1}"),
    (r"[[:alpha:]]", "a:] l]"), (r"(?i)k", "K k K"), (r"(?i)(ß|ẞ)\1", "ßẞ"), (r"", "ab"), (r"\d*", "a1"),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(("pattern", "text"), MEANT)
def test_patterns_mean_what_they_mean_to_python(pattern: str, text: str) -> None:
    for flags in (0, re.MULTILINE, re.IGNORECASE, re.MULTILINE | re.IGNORECASE):
        ours, theirs = TimedPattern(pattern, flags), re.compile(pattern, flags)
        steps = Search(compiled(pattern, flags), text, 10**6)
        wanted = [(m.span(), m.groups()) for m in theirs.finditer(text)]
        assert [(m.span(), m.groups()) for m in ours.finditer(text)] == wanted
        assert [(m.span(), m.groups()) for m in steps.every()] == wanted
        assert bool(ours.search(text)) == bool(theirs.search(text))
        assert bool(ours.fullmatch(text)) == bool(theirs.fullmatch(text))
        whole = Search(compiled(pattern, flags), text, 10**6, whole=True)
        assert bool(whole.at(0)) == bool(theirs.fullmatch(text))
        assert bool(ours.match(text)) == bool(theirs.match(text))
        assert ours.findall(text) == theirs.findall(text)
        assert ours.replaced(text, "<>") == theirs.sub("<>", text)


def _random_pattern(draw: random.Random, depth: int) -> str:
    parts = []
    for _ in range(draw.randint(1, 3)):
        if depth and draw.random() < 0.5:
            inner = "|".join(
                _random_pattern(draw, depth - 1) for _ in range(draw.choice([1, 1, 2]))
            )
            part = draw.choice(["(", "(?:", "(?i:"]) + inner + ")"
        else:
            part = draw.choice(["a", "b", "ab", ".", r"\w", r"\s", "[^a]"])
        parts.append(part + draw.choice(["", "", "*", "+", "?", "*?", "+?", "{2}", "{1,3}"]))
    return "".join(parts)


@pytest.mark.parametrize("seed", range(6))
def test_steps_find_what_the_package_finds(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(60):
        pattern = _random_pattern(draw, 2)
        for _ in range(3):
            text = "".join(draw.choice("aabB \n") for _ in range(draw.randint(0, 8)))
            wanted = [m.span() for m in regex.compile(pattern, regex.VERSION0).finditer(text)]
            found = Search(compiled(pattern, 0), text, 10**6).every()
            assert [m.span() for m in found] == wanted, (pattern, text)
