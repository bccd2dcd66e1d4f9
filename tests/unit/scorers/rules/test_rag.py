"""The scorer rag against tables worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from claimbench.scorers.base import ScorerOptionError
from claimbench.scorers.rules.abstention import abstains
from claimbench.scorers.rules.citations import agreement, cited, cited_in_field
from claimbench.scorers.rules.rag import RagScorer, holds, passages_of
from claimbench.types import AnswerSpec, Message, Sample, Task

DOCS = {
    "doc-1": "Boarding closes 20 minutes before departure at every port.",
    "doc-2": "Dogs travel for 9 euros and stay on deck 5.",
    "doc-3": "The night ferry leaves at 22:15 from pier 4.",
}
TASK = Task("qa", (), (Message("user", "{{ q }}"),), (), AnswerSpec("text"), (), 64)


def sample(target: Any, gold: list[str], **more: Any) -> Sample:
    return Sample("s1", {"q": "?", "docs": DOCS, "gold": gold, **more}, target, "s1")


def rag(**options: Any) -> RagScorer:
    return RagScorer({"gold": "gold", "passages": "docs", **options})


# answer, right, gold -> (answer, wrong_abstain, precision, recall, f1, supported), by hand
BY_HAND = [
    ("22:15 [doc-3]", "22:15", ["doc-3"], (1, 0, 1, 1, 1, 1)),
    ("It leaves at 22:15 (source: doc-3).", "22:15", ["doc-3"], (1, 0, 1, 1, 1, 1)),
    ("At 22:15 [3]", "22:15", ["doc-3"], (1, 0, 1, 1, 1, 1)),
    ("At 22:15 [1][3]", "22:15", ["doc-3"], (1, 0, 0.5, 1, 2 / 3, 1)),
    ("At 22:15 [1-3]", "22:15", ["doc-3"], (1, 0, 1 / 3, 1, 0.5, 1)),
    ("At 22:15 [doc-1]", "22:15", ["doc-3"], (1, 0, 0, 0, 0, 0)),
    ("At 22:15.", "22:15", ["doc-3"], (1, 0, 0, 0, 0, 0)),
    ("At 22:45 [doc-3]", "22:15", ["doc-3"], (0, 0, 1, 1, 1, 0)),
    ("The passages do not say. [doc-3]", "22:15", ["doc-3"], (0, 1, 0, 0, 0, 0)),
    ("9 euros [doc-2], and it leaves at 22:15 [doc-3]", "22:15", ["doc-2", "doc-3"],
     (1, 0, 1, 1, 1, 1)),
    ("At 22:15 [doc-3]", "22:15", ["doc-2", "doc-3"], (1, 0, 1, 0.5, 2 / 3, 1)),
    ("At 22:15 [doc-3, doc-9]", "22:15", ["doc-3"], (1, 0, 0.5, 1, 2 / 3, 1)),
    ('{"answer": "22:15", "citations": ["doc-3"]}', "22:15", ["doc-3"], (1, 0, 1, 1, 1, 1)),
    ('{"answer": null, "citations": []}', "22:15", ["doc-3"], (0, 1, 0, 0, 0, 0)),
    ("It is not 22:15. [doc-3]", "22:15", ["doc-3"], (0, 0, 1, 1, 1, 0)),
]  # fmt: skip
NAMES = (
    "answer", "wrong_abstain", "citation_precision", "citation_recall", "citation_f1", "supported",
)  # fmt: skip


@pytest.mark.parametrize(("text", "right", "gold", "wanted"), BY_HAND)
def test_an_answerable_row(text: str, right: str, gold: list[str], wanted: tuple[float]) -> None:
    found = rag().score("c", text, sample(right, gold), TASK)
    assert tuple(found.parts[name] for name in NAMES) == pytest.approx(wanted)
    assert found.value == found.parts["answer"]
    assert tuple(found.parts) == rag().part_names(sample(right, gold), TASK)


@pytest.mark.parametrize(("text", "abstained"), [
    ("unanswerable", True),
    ("The passages do not say which day.", True),
    ("I don't know.", True),
    ("This is not mentioned in the text.", True),
    ("Cannot be determined from the passages [doc-1]", True),
    ("Das steht nicht im Text.", True),
    ("Les passages ne précisent pas le jour.", True),
    ('{"answer": null}', True),
    ("On Mondays [doc-1]", False),
    ("The passages do not say, but it is probably Monday.", False),
    ("It is not stated. However, I would guess that it leaves on Monday.", False),
    ("Monday", False),
])  # fmt: skip
def test_an_unanswerable_row(text: str, abstained: bool) -> None:
    found = rag().score("c", text, sample("unanswerable", []), TASK)
    assert found.parts == {
        "answer": float(abstained),
        "correct_abstain": float(abstained),
        "hallucinated_answer": float(not abstained),
    }


def test_an_abstention_that_asks_for_more_is_one() -> None:
    assert abstains("The documents do not mention it, but please contact the port office.")
    assert abstains("Sorry, the guide does not say; however, I cannot guess.")
    assert not abstains("Dogs are not allowed on deck 4.")
    assert not abstains("No, boarding closes 20 minutes before.")
    assert abstains("No clue, sorry.", ("no clue",))


@pytest.mark.parametrize(("text", "style", "names", "rest"), [
    ("a [doc-1] b", "auto", ("doc-1",), "a b"),
    ("a [DOC-1]", "auto", ("doc-1",), "a"),
    ("a 【2】", "auto", ("doc-2",), "a"),
    ("a [^1]", "auto", ("doc-1",), "a"),
    ("a (sources: doc-1 and doc-2)", "auto", ("doc-1", "doc-2"), "a"),
    ("a\nSource: doc-3", "auto", ("doc-3",), "a"),
    ("a\nSources: [1], [2]", "auto", ("doc-1", "doc-2"), "a"),
    ("a (Quelle: doc-2)", "auto", ("doc-2",), "a"),
    ("a [passage 2]", "auto", ("doc-2",), "a"),
    ("a [sic] b", "auto", (), "a [sic] b"),
    ("a [see](http://x.example/1)", "auto", (), "a [see](http://x.example/1)"),
    ("a [doc-1] (source: doc-2)", "brackets", ("doc-1",), "a (source: doc-2)"),
    ("a [doc-1] (source: doc-2)", "source", ("doc-2",), "a [doc-1]"),
])  # fmt: skip
def test_what_is_a_citation(text: str, style: Any, names: tuple[str, ...], rest: str) -> None:
    found = cited(text, tuple(DOCS), style)
    assert found.names == names
    assert " ".join(found.text.split()) == rest


def test_numbers_are_names_where_passages_are_called_by_numbers() -> None:
    assert cited("x [2]", ("2", "1")).names == ("2",)
    assert cited("x [2]", ("b", "a")).names == ("a",)
    assert cited("x [7]", ("b", "a")).names == ("7",)
    assert cited_in_field([1, {"id": "b"}, None], ("a", "b")) == ("a", "b")
    assert cited_in_field("a", ("a",)) == ("a",)


def test_agreement_is_that_of_two_sets() -> None:
    assert agreement(["a", "b"], ["b", "c", "d"]) == pytest.approx((1 / 2, 1 / 3, 0.4))
    assert agreement([], ["a"]) == (0, 0, 0)


def test_who_repeats_the_passages_has_not_answered() -> None:
    found = rag().score("c", " ".join(DOCS.values()) * 4, sample("22:15", ["doc-3"]), TASK)
    assert found.status == "unparsable"
    assert found.value == 0


def test_headlines() -> None:
    row = sample("22:15", ["doc-3"])
    wrong = "At 22:15 [doc-1]"
    assert rag(headline="answer").score("c", wrong, row, TASK).value == 1
    assert rag(headline="supported").score("c", wrong, row, TASK).value == 0
    assert rag(headline="citation_f1").score("c", "22:15 [1][3]", row, TASK).value == (
        pytest.approx(2 / 3)
    )
    no = sample("unanswerable", [])
    assert rag(headline="citation_f1").score("c", "unanswerable", no, TASK).value == 1


def test_a_target_of_json_says_its_passages() -> None:
    row = Sample("s", {"q": "?"}, {"answer": "22:15", "citations": ["a"]}, "s")
    found = RagScorer({}).score("c", '{"answer": "22:15", "citations": ["a", "b"]}', row, TASK)
    assert found.parts["citation_precision"] == 0.5
    assert "supported" not in found.parts
    none = Sample("s", {"q": "?"}, {"answer": None, "citations": []}, "s")
    assert RagScorer({}).score("c", '{"answer": null}', none, TASK).value == 1


@pytest.mark.parametrize(("row", "said"), [
    (sample("22:15", []), "without a passage in 'gold'"),
    (sample("22:15", ["doc-8"]), "no passage 'doc-8'"),
    (sample("22:15", ["doc-1"]), "no gold passage holds the answer"),
    (sample("unanswerable", ["doc-1"]), "names doc-1"),
    (Sample("s", {"q": "?", "gold": []}, "x", "s"), "no column 'docs'"),
])  # fmt: skip
def test_rows_that_cannot_be_judged_are_found_before_the_run(row: Sample, said: str) -> None:
    assert said in str(rag().check_sample(row))


def test_rows_that_can_be_judged_pass() -> None:
    assert rag().check_sample(sample("22:15", ["doc-3"])) is None
    assert rag().check_sample(sample("unanswerable", [])) is None


def test_passages_in_every_shape() -> None:
    assert passages_of('{"a": "x"}', "p") == {"a": "x"}
    assert passages_of([{"id": 1, "text": "x"}], "p") == {"1": "x"}
    assert passages_of(["x", "y"], "p") == {"1": "x", "2": "y"}
    for wrong in ([], {}, "x", [{"text": "x"}], [{"id": 1, "text": "x"}, {"id": 1, "text": "y"}]):
        with pytest.raises(ValueError, match="'p'"):
            passages_of(wrong, "p")


def test_options_that_are_none() -> None:
    with pytest.raises(ScorerOptionError, match="unknown option 'golds'"):
        RagScorer({"golds": "x"})
    with pytest.raises(ScorerOptionError, match="headline"):
        RagScorer({"headline": "f1"})
    assert "label" in str(RagScorer({}).check(AnswerSpec("label", ("a", "b"))))


@pytest.mark.parametrize(("text", "wanted", "held"), [
    ("Opened honey cannot be returned.", "opened honey", True),
    ("Refunds are not possible after 30 days.", "30 days", True),
    ("The ferry does not sail on Christmas.", "Christmas", True),
    ("It is never closed except on Christmas.", "Christmas", True),
    ("Lost passes are not replaced.", "not replaced", True),
    ("It isn't 22:15, it is 22:45.", "22:15", False),
    ("Not Tuesday.", "Tuesday", False),
    ("The answer is not the blue one.", "blue", False),
    ("22:15 is wrong.", "22:15", False),
    ("At 122:15 or so", "22:15", False),
])  # fmt: skip
def test_a_denial_is_of_the_value_itself(text: str, wanted: str, held: bool) -> None:
    assert holds(text, wanted) is held


@pytest.mark.parametrize(("text", "abstained"), [
    ("It's not in the passages.", True),
    ("Sorry, the passages do not say.", True),
    ("Based on the given text, there is no mention of a car.", True),
    ("The answer is 12, the passages do not give a reason.", False),
    ("John Smith. The passages do not say why.", False),
    ("12; this is not explained, the text does not mention more.", False),
])  # fmt: skip
def test_an_answer_before_an_abstention_is_an_answer(text: str, abstained: bool) -> None:
    assert abstains(text) is abstained
