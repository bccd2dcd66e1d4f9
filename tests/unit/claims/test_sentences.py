"""Sentences as vendors, papers and requests for proposals write them, with their right readings.

``tests/golden/claim_sentences.tsv`` was written by hand after such texts (arms are called alpha, beta
and gamma in them), ``claim_sentences_found.tsv`` holds sentences found on vendors' pages, in papers'
abstracts, model cards, news and requests for proposals, with the names replaced and where each was
found; readings were written before any was tried. ``claim_sentences_kinds.tsv`` holds kinds of
sentences that were once misread, with others of their kind. A reading is written as in :func:`shown`; ``refused`` is a
sentence that must not get a verdict, ``evidence X`` one that no run can judge.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from claimbench.claims.fields import ABSOLUTE
from claimbench.claims.language import foreign, lexicon
from claimbench.claims.language.parts import chunks
from claimbench.claims.language.say import read_as, read_back, stated, words_of
from claimbench.claims.language.tables.pieces import Rule
from claimbench.claims.parse import explain_text, parse_claim
from claimbench.errors import ClaimError
from claimbench.types import AnswerSpec, Arm, Claim, ClaimSpec, Message, Sample, Task

GOLDEN = Path(__file__).parents[2] / "golden"
FILES = ("claim_sentences.tsv", "claim_sentences_found.tsv", "claim_sentences_kinds.tsv")
ARMS = (
    Arm("alpha", "p", "model-alpha", weights="open"),
    Arm("beta", "p", "model-beta", weights="proprietary"),
    Arm("gamma", "p", "model-gamma", weights="open"),
)
TASKS = tuple(
    Task(
        name,
        (Sample("1", {}, "x", "1", {"language": "German"}),),
        (Message("user", ""),),
        (),
        AnswerSpec("label"),
        (),
        4,
    )
    for name in ("t1", "t2")
)
EVIDENCE = {
    "ranking": "ranking",
    "counts": "dated counts",
    "usage": "usage survey",
    "preference": "comparisons in pairs",
    "uptime": "availability record",
    "capacity": "capacity measurement",
    "training": "technical report",
    "energy": "metered",
    "bill": "the bill before and after",
}
MODIFIERS = {"sometimes": "some", "count": "count", "vague": ""}


def rows() -> list[tuple[str, str]]:
    out = []
    for name in FILES:
        with (GOLDEN / name).open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            out += [(row["sentence"], row["reading"]) for row in table]
    return out


def parse(text: str) -> Claim:
    return parse_claim(ClaimSpec("c", text, None, {}), ARMS, TASKS)


def shown(claim: Claim) -> str:
    """Write a reading: kind, relation, threshold, flags, arms; parts joined by " & "."""
    if claim.kind == "compound":
        return " & ".join(shown(part) for part in claim.parts)
    if claim.kind == "class_level":
        return f"class {shown(claim.parts[0])}"
    absolute = claim.relation in ABSOLUTE
    relation = claim.relation
    if claim.modifier == "vague":
        relation = "vague"
    if absolute and claim.threshold is None:
        relation = "open"
    said = [claim.kind, relation]
    if claim.threshold is not None:
        said.append(f"{claim.threshold:g}")
    if claim.upper is not None:
        said.append(f"upper={claim.upper:g}")
    said.append(">".join(",".join(side) for side in (claim.treatments, claim.baselines) if side))
    said += _flags(claim)
    return " ".join(said)


def _flags(claim: Claim) -> list[str]:
    out = []
    conceding = claim.bound == "max" and claim.relation in {"less_by", "more_by"}
    plain = claim.relation in {*ABSOLUTE, "near"} or claim.threshold is None
    half = claim.quoted_precision or 0.0
    if not plain and not claim.strict and claim.upper is None and not conceding and half == 0:
        out.append("exact")
    if half and (half != 0.005 or conceding) and claim.modifier != "about":
        out.append(f"h={half:g}")
    flags = {"max": claim.bound == "max", "strict": claim.strict, "neg": claim.negated}
    flags["untested"] = bool(claim.untested)
    out += [name for name, there in flags.items() if there]
    if claim.modifier == "count" and claim.count is not None:
        out.append(f"count={claim.count[0]}/{claim.count[1]}")
    elif claim.modifier:
        out.append(MODIFIERS.get(claim.modifier, claim.modifier))
    if claim.reading:
        out.append(f"reading={claim.reading}")
    if claim.task:
        out.append(f"task={claim.task}")
    if claim.slice:
        out.append(f"slice={claim.slice[1].lower()}")
    if claim.kind == "latency":
        out.append(f"p{100 * (claim.quantile or 0):g}")
        out += [f"metric={claim.metric}"] if claim.metric != "latency" else []
    if claim.metric == "win_rate_people":
        out.append("people")
    if claim.metric == "usd_per_correct":
        out.append("percorrect")
    if claim.metric in {"usd_per_month", "usd_per_year"} and claim.relation != "pays_back":
        out.append(claim.metric.removeprefix("usd_per_"))
    if claim.metric.startswith("usd_per_mtok"):
        out.append(f"mtok={claim.metric.removeprefix('usd_per_mtok').strip('_')}")
    return [flag for flag in out if flag]


def same(one: str, other: str) -> bool:
    """Tell whether two readings say the same, whatever the order of their flags."""
    return [sorted(p.split()) for p in one.split(" & ")] == [
        sorted(p.split()) for p in other.split(" & ")
    ]


@pytest.mark.parametrize(("sentence", "reading"), rows())
def test_reading(sentence: str, reading: str) -> None:
    if reading == "refused":
        with pytest.raises(ClaimError):
            parse(sentence)
        return
    claim = parse(sentence)
    if reading.startswith("evidence "):
        assert claim.kind == "not_measurable"
        assert EVIDENCE[reading.split()[1]] in (claim.note or "")
        return
    assert same(shown(claim), reading), shown(claim)
    for part in claim.parts if claim.kind == "compound" else (claim,):
        assert read_back(words_of(stated(part))) == stated(part)


def test_most_sentences_that_state_something_testable_are_understood() -> None:
    table = rows()
    testable = [sentence for sentence, reading in table if reading != "refused"]
    assert len(table) >= 300
    understood = 0
    for sentence in testable:
        try:
            parse(sentence)
        except ClaimError:
            continue
        understood += 1
    assert understood >= 0.85 * len(testable)


def test_what_is_left_out_beforehand_could_not_have_matched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rules are tried only for sentences that have their words: it must change no reading."""
    sample = rows()[::9]
    with_less = [told(sentence) for sentence, _ in sample]
    monkeypatch.setattr(Rule, "may_match", lambda *_: True)
    monkeypatch.setattr(chunks, "_NEEDS", {})
    monkeypatch.setattr(lexicon, "NOUN_STEMS", dict.fromkeys(lexicon.NOUN_STEMS, ("",)))
    assert [told(sentence) for sentence, _ in sample] == with_less


def told(sentence: str) -> str:
    try:
        claim = parse(sentence)
    except ClaimError:
        return "refused"
    return claim.note or "" if claim.kind == "not_measurable" else shown(claim)


@pytest.mark.parametrize("language", [foreign.GERMAN, foreign.FRENCH, foreign.SPANISH])
def test_no_english_sentence_is_tried_in_another_language(language: foreign.Language) -> None:
    english = [s for s, _ in rows() if s.isascii() and " is " in s]
    assert len(english) > 100
    assert [s for s in english for mark in language.marks if mark in f" {s.lower()} "] == []


@pytest.mark.parametrize(
    "language", [foreign.GERMAN, foreign.FRENCH, foreign.SPANISH, foreign.CHINESE]
)
def test_every_form_of_a_language_is_a_pattern(language: foreign.Language) -> None:
    for form, *_ in language.forms:
        assert foreign._pattern(language.name, form).groups >= 1


@pytest.mark.parametrize(("sentence", "start"), [
    ("A is 90% cheaper than B", "A's dollars per request are at most 10% of B's"),
    ("X's accuracy is 5 points higher than Y's", "X's accuracy is at least 5 points above Y's"),
    ("A beats B and C", "A's accuracy is above B's and C's (each)"),
    ("A model is cheaper than B", "the model's dollars per request are below B's"),
    ("open models have caught up with closed ones", "at least one of open models: its accuracy"),
])  # fmt: skip
def test_letters_and_classes_stand_for_models_where_none_is_known(
    sentence: str, start: str
) -> None:
    assert read_as(explain_text(sentence)).startswith(start)


def test_read_as_says_arms_quantity_threshold_and_rounding() -> None:
    assert read_as(parse("alpha is 90% cheaper than beta")).startswith(
        "alpha's dollars per request are at most 10% of beta's (10.5% with rounding)"
    )
    assert read_as(parse("alpha is better than beta on t1")) == (
        "alpha's accuracy is above beta's [on task t1]"
    )
    assert "needed: " in read_as(parse("alpha is the most downloaded model"))


def test_unread_words_are_named_with_the_nearest_sentences() -> None:
    with pytest.raises(ClaimError, match="cannot test 'if'") as caught:
        parse("alpha is cheaper than beta if cached")
    assert caught.value.hint
    with pytest.raises(ClaimError, match="not understood: 'gladly'") as caught:
        parse("alpha is 90% cheaper than beta gladly")
    assert "A is 90% cheaper than B" in (caught.value.hint or "")
