"""Runs that are compared again and again: what each look may spend, and by whose rules claims about
``baseline:ARM`` are judged.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from claimbench.monitoring.compare import look_at

from .nightly import Nightly, inside

FEW = ("--limit", "30")
TESTED = "claims:\n  - {id: level,"
SIMPLE = "as accurate as baseline:beta-mini"
COMPOUND = "as accurate as baseline:beta-mini and as cheap as baseline:beta-mini"
CLAIM = '"beta-mini is at least 10% accurate"'


def judged(*words: str) -> Any:
    """The one verdict that `bench check` comes to."""
    (verdict,) = inside("check", *words, "--json").json["verdicts"]
    return verdict


def levels(verdict: Any) -> set[float]:
    """At which levels the intervals of a verdict and of its parts are shown."""
    found = {
        one["estimate"]["level"]
        for one in verdict["readings"]
        if one["estimate"] is not None and one["estimate"]["low"] is not None
    }
    return found.union(*(levels(part) for part in verdict["parts"]))


def claim_baseline(nightly: Nightly, text: str = SIMPLE) -> None:
    nightly.change(TESTED, "claims:\n  - {id: level, arm: beta-mini,")
    nightly.change(CLAIM, f'"{text}"')


# --- looks ----------------------------------------------------------------------------------------


def test_what_a_job_repeats_spends_alpha_over_its_runs(nightly: Nightly) -> None:
    """Whatever command it ends by; a comparison by hand has all of alpha, and says so."""
    base, *nights = (nightly.run(*FEW) for _ in range(4))
    third = look_at(3, 30, 0.05).alpha
    for words in (
        ("check", nights[2], "--baseline", base),
        ("check", nights[2], "--baseline", "previous"),
        ("compare", "--every", base),
        ("compare", base, nights[2], "--fail-on-change"),
        ("compare", "previous", nights[2], "--fail-on-change"),
        ("compare", base, nights[2], "--runs", "30"),
    ):
        told = " ".join(inside(*words).out.split())
        assert "Look 3 of 30 of this series, at 99." in told, (words, told)
    found = nightly.compared(base, nights[2], "--fail-on-change")["runs"][0]
    assert found["alpha"] == pytest.approx(third)
    assert found["drift"][0]["level"] == pytest.approx(1 - third / 2)
    assert min(one["level"] for one in found["judged"]) == pytest.approx(1 - third / 2)
    alone = nightly.compare(base, nights[2])
    assert "One comparison at 95%" in alone.out
    assert "cries wolf" in " ".join(alone.out.split())


def test_alpha_that_was_spent_does_not_come_back_with_a_removed_run(nightly: Nightly) -> None:
    base, *nights = (nightly.run(*FEW) for _ in range(4))
    for gone in (nights[1], nights[0]):
        assert nightly.bench("rm", gone, "--yes").code == 0
        for words in (
            ("check", nights[2], "--baseline", base),
            ("compare", "--every", base),
            ("compare", base, nights[2], "--fail-on-change"),
            ("check", nights[2], "--baseline", "previous"),
        ):
            assert "Look 3 of 30" in inside(*words).out, words


def test_a_claim_about_the_baseline_is_a_look_of_the_series(nightly: Nightly) -> None:
    base = nightly.run(*FEW)
    claim_baseline(nightly)
    nights = [nightly.run(*FEW) for _ in range(2)]
    for words, number in (
        ((nights[0], "--baseline", base), 1),
        ((nights[1], "--baseline", base), 2),
        ((nights[1], "--baseline", "previous"), 2),
    ):
        verdict = judged(*words)
        alpha = look_at(number, 30, 0.05).alpha
        assert verdict["claim"]["alpha"] == pytest.approx(alpha)
        assert levels(verdict) == {1 - alpha}
        assert f"spent_alpha: look {number} of 30" in verdict["flags"]
    nightly.change("compare:\n", "compare:\n  runs: 1\n")
    alone = [nightly.run(*FEW) for _ in range(2)]
    verdict = judged(alone[1], "--baseline", alone[0])
    assert (verdict["claim"]["alpha"], levels(verdict)) == (0.05, {0.95})
    verdict = judged(alone[1], "--baseline", base)
    assert "plans 1 runs, BASE's no number of: alpha is spent over 30" in verdict["sentence"]


# --- rules ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "old", "new", "said"),
    [
        (SIMPLE, "epochs: 3", "epochs: 3\nmargin: 0.6", "margin 60%, BASE's 3%: 3% is used"),
        (COMPOUND, "epochs: 3", "epochs: 3\nmargin: 0.6", "margin 60%, BASE's 3%: 3% is used"),
        (SIMPLE, "epochs: 3", "epochs: 3\nalpha: 0.4", "alpha 0.4, BASE's 0.05: the smaller holds"),
        (COMPOUND, "epochs: 3", "epochs: 3\npopulation: fixed", "population: fixed, BASE's not"),
        (SIMPLE, "epochs: 3", "epochs: 3\nallow: [sampling]", "allow sampling"),
        (SIMPLE, "runs: 7", "runs: 1", "plans 1 runs, BASE's 7"),
        (COMPOUND, ", cluster: shop", "", "what either ties stays together"),
    ],
)
def test_a_claim_about_the_baseline_is_judged_by_the_stricter_of_both_suites(
    nightly: Nightly, text: str, old: str, new: str, said: str
) -> None:
    nightly.change("id: id, target: team", "id: id, target: team, cluster: shop")
    nightly.change("compare:\n", "compare:\n  runs: 7\n")
    nightly.change("epochs: 3", "epochs: 3\npopulation: super")
    nightly.shops(5)
    base = nightly.run()
    nightly.change("\npopulation: super", "")
    claim_baseline(nightly, text)
    nightly.answers(noise=0.03, wrong=0.3)
    strict = judged(nightly.run(), "--baseline", base)
    nightly.change(old, new)
    loose = judged(nightly.run(), "--baseline", base)
    assert any(said in flag for one in (loose, *loose["parts"]) for flag in one["flags"])
    assert said in loose["sentence"]
    assert strict["status"] == loose["status"] == "refuted"
    for one, two in zip((strict, *strict["parts"]), (loose, *loose["parts"]), strict=True):
        assert not any(flag.startswith("baseline_rules") for flag in one["flags"])
        assert two["claim"]["margin"] == one["claim"]["margin"] == 0.03
        assert two["claim"]["population"] == "super"
        assert two["claim"]["alpha"] == pytest.approx(look_at(2, 7, 0.05).alpha)
        groups = [
            {r["estimate"]["n_clusters"] for r in v["readings"] if r["estimate"]}
            for v in (one, two)
        ]
        assert groups[0] == groups[1]


def test_a_claim_within_the_run_keeps_the_rules_of_its_suite(nightly: Nightly) -> None:
    base = nightly.run(*FEW)
    nightly.change("epochs: 3", "epochs: 3\nalpha: 0.2")
    nightly.change(
        "compare:\n", '  - {claim: "beta-mini is as accurate as baseline:beta-mini"}\ncompare:\n'
    )
    new = nightly.run(*FEW)
    own, other = inside("check", new, "--baseline", base, "--json").json["verdicts"]
    assert own["claim"]["alpha"] == 0.2
    assert not any(flag.startswith(("baseline_rules", "spent")) for flag in own["flags"])
    assert other["claim"]["alpha"] < 0.05


def test_a_margin_that_the_claim_states_is_its_own(nightly: Nightly) -> None:
    base = nightly.run(*FEW)
    claim_baseline(nightly)
    nightly.change("arm: beta-mini, claim", "arm: beta-mini, margin: 0.5, claim")
    assert judged(nightly.run(*FEW), "--baseline", base)["claim"]["margin"] == 0.5


# --- one baseline for all that judge --------------------------------------------------------------


def shown(*words: str) -> Any:
    said = inside(*words)
    assert said.code in (0, 1, 2), (words, said.err)
    return said


def test_every_command_that_shows_verdicts_takes_the_gate_s_baseline(nightly: Nightly) -> None:
    """The suite names none: without --baseline nothing can be said, with it they all agree."""
    nightly.vendor.out_tokens = 100
    nightly.run()
    claim_baseline(nightly, "30% cheaper than baseline:beta-mini")
    nightly.change("input: 1, output: 4", "input: 0.5, output: 2")
    for words in (("--baseline", "previous"), ()):
        nightly.run()
        night = ("latest", *words)
        gate = judged(*night)
        assert gate["status"] == ("supported" if words else "not_comparable")
        (verdict,) = shown("show", *night, "--json").json["verdicts"]
        assert verdict == gate
        figures = json.loads(shown("export", *night, "--format", "json").out)
        assert figures["verdicts"][0]["status"] == gate["status"]
        for kind in ("md", "junit", "html"):
            told = shown("export", *night, "--format", kind).out
            assert ("no baseline is named" in told) != bool(words), kind
        shown("report", *night, "--output", "page.html")
        page = (nightly.folder / "page.html").read_text()
        assert ("no baseline is named" in page) != bool(words)
        again = shown("reprice", *night, "--price", "beta-mini.output=2", "--json").out
        assert ("no baseline is named" in again) != bool(words)


@pytest.mark.parametrize(
    "words",
    [
        ("show",),
        ("report",),
        ("export", "--format", "md"),
        ("check",),
        ("reprice", "--volume", "9"),
    ],
)
def test_a_baseline_that_is_not_there_is_refused_and_none_before_is_said(
    nightly: Nightly, words: tuple[str, ...]
) -> None:
    claim_baseline(nightly)
    nightly.run(*FEW)
    said = inside(*words, "--baseline", "nobody")
    assert (said.code, "there is no run 'nobody'" in said.err) == (3, True)
    if words[0] != "report":
        none = inside(*words, "--baseline", "previous")
        assert none.code in (0, 2), none.err
        assert "there is no complete run of nightly before" in " ".join(none.out.split())
