"""Sentences of a comparison, in all states, and its files: nothing of a server becomes markup."""

from __future__ import annotations

from dataclasses import replace

import pytest

from claimbench.cli.commands.compare import CODES
from claimbench.monitoring import words
from claimbench.monitoring.as_json import cleaned, comparison_json
from claimbench.monitoring.types import (
    BillMove,
    Comparison,
    Difference,
    Drift,
    Flips,
    Judged,
    Lens,
    Margins,
    PairedArm,
    Pairing,
    RunRef,
    Settings,
    Step,
)
from claimbench.types import Reason
from claimbench_reports.formats.comparison.html import comparison_html
from claimbench_reports.formats.comparison.markdown import comparison_markdown
from claimbench_reports.formats.comparison.text import comparison_lines

EVIL = "<img src=x onerror=alert(1)>|`@all` [x](http://evil.example) www.evil.example \x1b[2J\n# H"
RUN = RunRef("run-2", "2026-11-29T02:00:00+00:00", "s 1-0", True, 10, 10)
BASE = replace(RUN, run_id="run-1")
HELD = Judged("arm", "accuracy", 0.02, "held", -0.004, -0.019, 0.011, 0.95, 0.9, 0.896, 400)
DOLLARS = Judged("arm", "dollars", 0.1, "regressed", 1.176, 1.171, 1.18, 0.95, 0.01, 0.01176, 400)
MOVE = BillMove("arm", 0.01, 0.01176, 0.0098, 400)
SLOW = Judged(
    "arm", "e2e_p95", 0.2, "undecided", 1.3, 1.1, 1.5, 0.95, 1.0, 1.3, 400, window="in this window"
)
STEP = Step(
    RUN,
    2,
    30,
    0.002,
    Pairing((PairedArm("arm", "arm"),), ("t/a",), 1, 0, 2, {"u": "prompt differs"}, 0.9, {}),
    (Difference("fingerprint", "arm", "a", "b"),),
    (HELD, DOLLARS, SLOW),
    (MOVE,),
    (Flips("arm", 400, 12, 19, 29.4, (("t/a", 1.0, 0.0),)),),
    (Drift("arm", "changed", (Lens("answers", 0.3, 0.1, 400, 0.0001, 0.0002, True),), "3 each", (), 0.998),),
)  # fmt: skip
COMPARISON = Comparison(BASE, Settings(Margins(None, None, None)), (replace(STEP, look=1), STEP))


def test_an_arm_is_told_measure_by_measure() -> None:
    (said,) = words.arm_sentences(STEP)
    assert said == (
        "arm: accuracy held (−0.4 points, 95% interval −1.9 to +1.1, margin 2); dollars regressed"
        " (+17.6%, 95% interval +17.1 to +18.0%, margin 10%): prices +20.0%, tokens −2.0%; p95"
        " end-to-end time undecided (+30.0%, 95% interval +10.0 to +50.0%, margin 20%) in this"
        " window: worse than BASE (no change is excluded), beyond the margin not yet shown."
    )
    assert words.headline(COMPARISON).startswith("Regressed: dollars of arm, beyond the margin;")


@pytest.mark.parametrize(
    ("judged", "lead"),
    [
        ((HELD,), "Held: the one measure"),
        ((HELD, HELD), "Held: all 2 measures"),
        ((HELD, SLOW), "Undecided: 1 of 2 measures held"),
        ((), "Undecided: nothing was judged"),
    ],
)
def test_the_first_sentence_says_how_it_stands(judged: tuple[Judged, ...], lead: str) -> None:
    step = replace(STEP, judged=judged)
    assert words.headline(replace(COMPARISON, steps=(step,))).startswith(lead)


APART = replace(
    HELD,
    state="not_comparable",
    value=None,
    low=None,
    high=None,
    reasons=(Reason("few_common_samples", "0 samples, 0% of all, needed 80%"),),
)
DROPPED = replace(HELD, state="undecided", value=-0.24, low=-0.37, high=-0.099, margin=0.1)


@pytest.mark.parametrize(
    ("judged", "state", "lead"),
    [
        ((APART, APART), "not_comparable", "Not comparable: the runs have too few samples in common"),
        ((APART, HELD), "undecided", "Undecided: 1 of 2 measures held, none regressed, 1 not comp"),
        ((APART, DOLLARS), "regressed", "Regressed: dollars of arm"),
        ((DROPPED, HELD), "undecided", "Undecided: 1 of 2 measures held, none regressed, accuracy of arm worse;"),
        ((SLOW,), "undecided", "Undecided: 0 of 1 measures held, none regressed, p95 end-to-end time of arm worse;"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_or_got_worse_is_said_first(
    judged: tuple[Judged, ...], state: str, lead: str
) -> None:
    step = replace(STEP, judged=judged)
    assert step.state == state
    found = replace(COMPARISON, steps=(step,))
    assert words.headline(found).startswith(lead)
    assert CODES[step.state] == {"regressed": 1}.get(state, 2)


@pytest.mark.parametrize(
    ("judged", "said"),
    [
        (DROPPED, "worse than BASE (no change is excluded), beyond the margin not yet shown"),
        (replace(SLOW, value=1.15), "worse, and whether by more than the margin is open"),
        (SLOW, "worse than BASE (no change is excluded), beyond the margin not yet shown"),
        (replace(DROPPED, high=0.01), "the interval holds the margin"),
        (replace(DROPPED, low=None), "too little was measured"),
        (replace(HELD, state="undecided", reasons=(Reason("multiplicity_measures", "decided alone"),)),
         "once all arms and measures of this comparison are counted (Holm)"),
    ],
)  # fmt: skip
def test_an_open_measure_says_what_is_open(judged: Judged, said: str) -> None:
    assert said in words.judged_words(judged)
    assert "claims of the report" not in words.judged_words(judged)


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        (1.0, 1.0, 1.0, "0.0%, 95% interval narrower than 0.1%, margin"),
        (1.0, 1 - 1e-10, 1 + 1e-10, "0.0%, 95% interval narrower than 0.1%, margin"),
        (1.3, 1.3 - 1e-10, 1.3, "+30.0%, 95% interval narrower than 0.1%, margin"),
        (21.0, 21.0, 21.0, "+2,000%, 95% interval narrower than 1%, margin"),
        (1.0, 0.95, 1.05, "interval −5.0 to +5.0%"),
    ],
)
def test_ends_that_look_alike_are_not_shown_twice(
    value: float, low: float, high: float, said: str
) -> None:
    assert said in words.moved(replace(DOLLARS, value=value, low=low, high=high))


def test_an_unknown_number_is_never_zero() -> None:
    lost = replace(
        DOLLARS,
        state="not_comparable",
        value=None,
        low=None,
        high=None,
        base=None,
        new=None,
        reasons=(Reason("price_unknown", "arm"),),
    )
    step = replace(STEP, judged=(lost,), bills=(BillMove("arm", None, 0.01, None, 0, "no price"),))
    text = "\n".join(comparison_lines(replace(COMPARISON, steps=(step,))))
    assert "arm: unknown (no price)" in text
    assert "$0" not in text
    found = comparison_json(replace(COMPARISON, steps=(step,)), 2)
    assert found["runs"][0]["judged"][0]["value"] is None


def test_drift_is_told_with_its_evidence() -> None:
    (changed,) = STEP.drifts
    assert "arm changed: the answers differ between the runs in 30.0% of pairs" in (
        words.drift_words(changed)
    )
    calm = replace(changed.lenses[0], observed=0.11, p_holm=0.4, shifted=False)
    varies = words.drift_words(replace(changed, state="varies", lenses=(calm,)))
    assert varies.startswith("arm varies and shows no change")
    assert "epochs: 2" in words.drift_words(replace(changed, state="cannot_tell", lenses=()))
    assert words.drift_words(replace(changed, state="same")).startswith("arm is the same")


def test_text_keeps_80_columns_whatever_the_names_are() -> None:
    name = "a" * 200
    step = replace(STEP, judged=tuple(replace(one, arm=name) for one in STEP.judged))
    for comparison in (COMPARISON, replace(COMPARISON, steps=(step, step))):
        assert max(map(len, comparison_lines(comparison))) <= 80


def test_a_server_s_words_are_no_markup_anywhere() -> None:
    step = replace(
        STEP,
        judged=(replace(HELD, arm=EVIL),),
        differences=(Difference("fingerprint", EVIL, EVIL, EVIL),),
        drifts=(replace(STEP.drifts[0], moved=(EVIL,), arm=EVIL),),
        flips=(replace(STEP.flips[0], arm=EVIL, samples=((EVIL, 0.0, 1.0),)),),
        notes=(EVIL,),
    )
    hostile = replace(COMPARISON, steps=(step,), skipped={EVIL: EVIL})
    page = comparison_html(hostile)
    assert "<img src=x" not in page
    assert page.count("<script>") == 1
    text = comparison_markdown(hostile)
    assert "@all" not in text
    assert "http://evil" not in text
    assert "www.evil" not in text
    assert "\n# H" not in text
    assert "\\<img" in text
    shown = cleaned(hostile, lambda word: word.replace("\x1b", "?"))
    assert not any("\x1b" in line for line in comparison_lines(shown))
    assert EVIL in hostile.skipped


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (STEP, "Look 2 of 30 of this series, at 99.8% together."),
        (replace(STEP, parted=True), "half for changed models"),
        (replace(STEP, looks=1, alpha=0.05), "One comparison at 95%. A job that repeats it cries"),
        (replace(STEP, looks=1, parted=True), "half for changed models). A job"),
    ],
)
def test_a_look_says_what_it_may_spend(step: Step, said: str) -> None:
    assert said in words.look_words(step)
    assert said in " ".join(" ".join(comparison_lines(replace(COMPARISON, steps=(step,)))).split())
