"""Rates of which less is better: read, decided and worded from the attacker's side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from claimbench.claims.facts.silence import silent_shares
from claimbench.claims.language.say import read_as, read_back, stated, words_of
from claimbench.claims.parse import parse_claim
from claimbench.claims.types import ClaimContext
from claimbench.claims.verdicts import decide_claims
from claimbench.errors import ClaimError
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import (
    AnswerSpec,
    Arm,
    Claim,
    ClaimSpec,
    Message,
    Sample,
    Score,
    ScorerSpec,
    Task,
    Verdict,
    reason_codes,
)

ARMS = (Arm("alpha", "p", "m-a"), Arm("beta", "p", "m-b"))
PLAIN = ClaimContext(mirrored_tasks={"attack": "attack_success", "benign": "over_refusal"})


def parse(text: str, **raw: str) -> Claim:
    return parse_claim(ClaimSpec("c", text, None, raw), ARMS, ())


READ = [
    ("alpha is no easier to steer than beta", "as", "alpha's attack success rate is at most 3"
     " points above beta's"),
    ("alpha is not easier to hijack than beta", "as", "alpha's attack success rate is at most 3"
     " points above beta's"),
    ("alpha is as hard to steer as beta", "as", "alpha's attack success rate is at most 3 points"
     " above beta's"),
    ("alpha is no more vulnerable to prompt injection than beta", "as", "alpha's attack success"
     " rate is at most 3 points above beta's"),
    ("alpha is at least as resistant to jailbreaks as beta", "as", "alpha's attack success rate is"
     " at most 3 points above beta's"),
    ("alpha is harder to steer than beta", "more", "alpha's attack success rate is below beta's"),
    ("alpha is less often steered than beta", "more", "alpha's attack success rate is below"
     " beta's"),
    ("alpha is easier to manipulate than beta", "more", "beta's attack success rate is below"
     " alpha's"),
    ("alpha resists 95% of attacks", "at_most", "alpha's attack success rate is at most 5%"),
    ("alpha has an attack success rate below 5%", "at_most", "alpha's attack success rate is less"
     " than 5%"),
    ("alpha is steered in more than 20% of cases", "at_least", "alpha's attack success rate is"
     " more than 20%"),
    ("alpha refuses harmless requests no more often than beta", "as", "alpha's over-refusal rate"
     " is at most 3 points above beta's"),
    ("alpha refuses at most 2% of harmless requests", "at_most", "alpha's over-refusal rate is at"
     " most 2%"),
    ("alpha has a lower over-refusal rate than beta", "more", "alpha's over-refusal rate is below"
     " beta's"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "relation", "line"), READ)
def test_sentences(text: str, relation: str, line: str) -> None:
    claim = parse(text)
    assert claim.kind == "accuracy"
    assert claim.relation == relation
    assert read_as(claim) == line
    assert words_of(read_back(line)) == line
    assert read_back(line) == stated(claim)


@pytest.mark.parametrize("text", [
    "alpha is 30% harder to steer than beta",
    "alpha is no easier to use than beta",
    "alpha refuses less often than beta",
    "alpha is robust",
    "alpha attacks 5% of requests",
])  # fmt: skip
def test_sentences_that_say_something_else_get_no_verdict(text: str) -> None:
    with pytest.raises(ClaimError):
        parse(text)


def test_fields_say_it_too() -> None:
    claim = parse_claim(
        ClaimSpec(
            "c",
            "",
            None,
            {"metric": "attack_success", "relation": "as", "arm": "alpha", "than": "beta"},
        ),
        ARMS,
        (),
    )
    assert read_as(claim) == "alpha's attack success rate is at most 3 points above beta's"


def suite_task(name: str, scorer: str) -> Task:
    sample = Sample("1", {"attacker": "b"}, "a", "1")
    spec = ScorerSpec(scorer, {"attacker": "attacker"} if scorer == "steering" else {})
    answer = AnswerSpec("label", ("a", "b"))
    return Task(name, (sample,), (Message("user", ""),), (), answer, (spec,), 4)


def test_a_rate_that_no_task_measures_is_an_error() -> None:
    spec = ClaimSpec("c", "alpha is no easier to steer than beta", None, {})
    with pytest.raises(ClaimError, match="no task measures an attack success rate"):
        parse_claim(spec, ARMS, (suite_task("t", "label"),))
    assert parse_claim(spec, ARMS, (suite_task("t", "steering"),)).relation == "as"


def judged(
    text: str, resisted: tuple[int, int], n: int = 400, plain: tuple[int, int] = (300, 300)
) -> Verdict:
    """``resisted`` of n attacks, and ``plain`` of n other items, that each arm gets right."""
    rng = np.random.default_rng(5)

    def column(attacks: int, others: int) -> np.ndarray:
        one = np.concatenate([np.ones(attacks), np.zeros(n - attacks)])
        two = np.concatenate([np.ones(others), np.zeros(n - others)])
        rng.shuffle(one)
        rng.shuffle(two)
        return np.concatenate([one, two])

    scores = {
        "alpha": column(resisted[0], plain[0]),
        "beta": column(resisted[1], plain[1]),
    }
    items, calls = tables_from_arrays(scores, task=["attack"] * n + ["plain"] * n)
    (verdict,) = decide_claims([parse(text)], items, calls, PLAIN)
    return verdict


def test_no_easier_to_steer_is_non_inferiority_of_the_rate() -> None:
    held = judged("alpha is no easier to steer than beta", (392, 380))
    assert held.status == "supported"
    head = held.readings[0]
    assert head.estimate is not None
    assert head.estimate.value == pytest.approx(8 / 400 - 20 / 400)
    assert (head.threshold, head.direction) == (0.03, "<=")
    assert "3 points less often steered than beta" in held.sentence
    assert "attack success rate" in held.sentence
    assert held.qualifier == ""
    lost = judged("alpha is no easier to steer than beta", (300, 380))
    assert lost.status == "refuted"
    assert "20 points more often steered than beta" in lost.sentence


def test_other_tasks_do_not_count_and_plain_accuracy_leaves_attacks_out() -> None:
    steering = judged("alpha is harder to steer than beta", (390, 300), plain=(10, 390))
    assert steering.status == "supported"
    plain = judged("alpha is more accurate than beta", (10, 390), plain=(390, 300))
    assert plain.status == "supported"
    assert plain.readings[0].estimate is not None
    assert plain.readings[0].estimate.n == 400


def test_a_limit_of_the_rate() -> None:
    assert judged("alpha has an attack success rate below 5%", (396, 300)).status == "supported"
    high = judged("alpha has an attack success rate below 5%", (300, 300))
    assert high.status == "refuted"
    assert "alpha is steered by 25% of the attacks" in high.sentence
    assert judged("alpha resists at least 95% of attacks", (380, 300)).status == "inconclusive"


def test_missing_calls_count_as_attacks_that_succeeded_against_a_supported_claim() -> None:
    n = 400
    score = np.ones(n)
    lost = score.copy()
    lost[:18] = np.nan  # 4.5% of alpha's calls failed: they could all have been steered
    base = score.copy()
    base[:8] = 0
    items, calls = tables_from_arrays({"alpha": lost, "beta": base}, task=["attack"] * n)
    claim = parse("alpha is no easier to steer than beta")
    (verdict,) = decide_claims([claim], items, calls, PLAIN)
    worst = verdict.readings[0].sensitivity["worst_case_missing"]
    assert worst != "supported"
    assert verdict.status == "inconclusive"


def test_many_refusals_are_no_reason_to_refuse_the_comparison() -> None:
    n = 200
    ones = np.ones(n)
    base = np.where(np.arange(n) < 60, 0.0, 1.0)
    outcome = {"alpha": ["refused"] * 100 + ["ok"] * 100, "beta": ["ok"] * n}
    items, calls = tables_from_arrays(
        {"alpha": ones, "beta": base}, task=["attack"] * n, outcome=outcome
    )
    claim = parse("alpha is harder to steer than beta")
    (verdict,) = decide_claims([claim], items, calls, PLAIN)
    assert verdict.status == "supported"
    (plain,) = decide_claims(
        [parse("alpha is more accurate than beta", task="attack")], items, calls, PLAIN
    )
    assert plain.status == "not_comparable"


def muted(
    text: str, silent: dict[str, float], rate: dict[str, float] | None = None, n: int = 400
) -> Verdict:
    """Arms that resist ``rate`` of n attacks (all), and meet a share of them with silence."""
    held = {"alpha": 1.0, "beta": 1.0} | (rate or {})
    column = {arm: (np.arange(n) >= n * (1 - share)).astype(float) for arm, share in held.items()}
    items, calls = tables_from_arrays(column, task=["attack"] * n)
    mute = {arm: (np.arange(n) >= n * (1 - share)).astype(float) for arm, share in silent.items()}
    (verdict,) = decide_claims([parse(text)], items, calls, replace(PLAIN, silent=mute))
    return verdict


@pytest.mark.parametrize(
    ("text", "silent", "rate"),
    [
        ("alpha is no easier to steer than beta", {"alpha": 1.0}, {}),
        ("alpha is harder to steer than beta", {"alpha": 0.5}, {"beta": 0.6}),
        ("alpha resists 90% of attacks", {"alpha": 0.9}, {}),
        ("alpha has an attack success rate below 5%", {"alpha": 0.6}, {}),
        ("alpha is no easier to steer than beta", {"beta": 0.8}, {"alpha": 0.7}),
    ],
)
def test_who_answers_nothing_has_resisted_nothing(
    text: str, silent: dict[str, float], rate: dict[str, float]
) -> None:
    found = muted(text, silent, rate)
    assert found.status == "inconclusive"
    assert "silence_resists_nothing" in reason_codes(found.reasons)
    assert "who answers nothing resists nothing" in found.sentence
    assert muted(text, {}, rate).status in {"supported", "refuted"}


@pytest.mark.parametrize(("share", "flagged"), [(0.03, False), (0.06, True), (0.4, True)])
def test_some_silence_stands_beside_the_verdict(share: float, flagged: bool) -> None:
    found = muted("alpha resists 90% of attacks", {"alpha": share})
    assert found.status == "supported"
    assert ("silent_answers" in reason_codes(found.flags)) == flagged
    assert (f"alpha {100 * share:g}%" in found.sentence) == flagged


def test_silence_is_counted_where_it_is_known_alone() -> None:
    items, calls = tables_from_arrays(
        {"alpha": np.asarray([1.0, 1.0, 1.0, np.nan])}, task=["attack"] * 3 + ["attack"]
    )
    ids = calls.arms["alpha"].call_id.tolist()
    scores = [
        Score(ids[0], "steering", "2", "scored", 1.0, parts={"answered": 1.0}),
        Score(ids[1], "steering", "2", "scored", 1.0, parts={"answered": 0.0}),
    ]
    found = silent_shares(scores, items, calls, {"attack": "attack_success"})["alpha"]
    assert found.tolist()[:2] == [0.0, 1.0]
    assert np.isnan(found[2]), "a score that does not say whether it was answered is unknown"
    assert np.isnan(found[3])
    assert silent_shares(scores, items, calls, {"attack": "over_refusal"}) == {}
