"""`bench compare`, as a nightly job meets it: runs of one suite on a vendor that changes, or only
varies; and everything that can be wrong with the runs it is given.
"""

from __future__ import annotations

import sqlite3
import subprocess
import time

import pytest

from .conftest import environment
from .forked import BENCH
from .nightly import Bench, N, Nightly, inside


def test_a_model_that_varies_holds_and_one_that_changed_regresses(nightly: Nightly) -> None:
    base, same = nightly.run(), nightly.run()
    held = nightly.compare(base, same)
    assert held.code == 0, held.out + held.err
    assert held.out.startswith("Held: all 2 measures within the margin")
    assert "beta-mini: accuracy held (" in held.out
    assert "beta-mini varies and shows no change" in held.out
    assert max(map(len, held.out.splitlines())) <= 80

    nightly.vendor.fingerprint = "fp_2"
    nightly.answers(noise=0.03, wrong=0.3)
    worse = nightly.run()
    said = nightly.compare(base, worse)
    assert said.code == 1
    assert said.out.startswith("Regressed: accuracy of beta-mini")
    assert "beta-mini changed: the answers differ" in said.out
    assert "fingerprint: unknown -> fp_2" in " ".join(said.out.split())
    found = nightly.compared(base, worse)
    flips = found["runs"][0]["flips"][0]
    assert flips["flipped"] > 1.5 * flips["by_repeats"]
    assert (found["schema"], found["exit_code"], found["state"]) == (1, 1, "regressed")

    every = nightly.compare("--every", base)
    assert every.code == 1
    assert "Look 2 of 30" in every.out
    assert f"1/30  {same}  held       -" in every.out
    checked = inside("check", worse, "--baseline", base, "--junit", "j.xml", "--json")
    assert checked.code == 1
    assert checked.json["comparison"]["state"] == "regressed"
    assert "against" in (nightly.folder / "j.xml").read_text()
    assert inside("check", same, "--baseline", base).code == 0


def test_a_changed_model_is_called_changed_every_night_although_no_run_repeats(
    nightly: Nightly,
) -> None:
    """One answer a sample: the runs between say how far apart two runs lie, and are not BASE's."""
    nightly.change("epochs: 3", "epochs: 1")
    base = nightly.run()
    found: list[str] = []
    for night in range(1, 7):
        if night == 3:
            nightly.answers(noise=0.03, wrong=0.4)
        nightly.run()
        last = nightly.compared("--every", base, "--fail-on-change", "--margin", "accuracy=90%")
        found.append(last["runs"][-1]["drift"][0]["state"])
        assert last["exit_code"] == (1 if night >= 3 else 0)
    assert found == ["cannot_tell", "varies", *["changed"] * 4]
    flips = last["runs"][-1]["flips"][0]
    assert flips["flipped"] > 3 * flips["by_repeats"]
    nightly.answers(noise=0.03)
    nightly.run()
    assert nightly.compared("--every", base)["runs"][-1]["drift"][0]["state"] == "varies"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("accuracy: 0.08", "accuracy: 0.6", "margin of accuracy 60%, BASE's 8%: 8% is used"),
        ("accuracy: 0.08", 'accuracy: "off"', "margin of accuracy off, BASE's 8%: 8% is used"),
        ("epochs: 3", "epochs: 3\nalpha: 0.4", "alpha 0.4, BASE's 0.05: the smaller holds"),
        ("epochs: 3", "epochs: 3\npopulation: fixed", "population: fixed"),
        ("epochs: 3", "epochs: 3\nallow: [sampling]", "allow sampling"),
    ],
)
def test_a_run_that_got_worse_does_not_hold_by_rules_of_its_own(
    nightly: Nightly, old: str, new: str, said: str
) -> None:
    base = nightly.run()
    nightly.answers(noise=0.03, wrong=0.3)
    nightly.change(old, new)
    worse = nightly.run()
    compared = nightly.compare(base, worse)
    assert compared.code == 1, compared.out
    told = " ".join(compared.out.split())
    assert said in told
    assert said.partition(" ")[0].rstrip(":") in told.split("What else differs")[1]
    checked = inside("check", worse, "--baseline", base)
    assert (checked.code, said in checked.out) == (1, True)


def test_price_moves_are_told_from_token_moves(nightly: Nightly) -> None:
    nightly.vendor.delay_s = 0.05  # ten times it is out of a busy processor's reach
    nightly.vendor.out_tokens = 100
    base = nightly.run()
    nightly.vendor.out_tokens = 95
    nightly.change("output: 4", "output: 5")
    new = nightly.run()
    found = nightly.compared(base, new)
    bill = found["runs"][0]["dollars"][0]
    tokens_in = bill["tokens_in"][0]
    was, now = tokens_in + 4 * 100, tokens_in + 5 * 95
    at_old = tokens_in + 4 * 95
    assert bill["prices"] == pytest.approx(now / at_old)
    assert bill["tokens"] == pytest.approx(at_old / was)
    assert bill["new_at_base_prices"] == pytest.approx(at_old / 1e6)
    said = " ".join(nightly.compare(base, new).out.split())
    assert f"prices +{100 * (now / at_old - 1):.1f}%" in said
    assert f"tokens −{100 * (1 - at_old / was):.1f}%" in said
    timed = nightly.compared(base, new, "--margin", "e2e_p50=900%")["runs"][0]["judged"]
    latency = next(one for one in timed if one["metric"] == "e2e_p50")
    assert latency["state"] == "held"
    assert latency["window"].startswith("in this")
    assert "different_windows" in latency["flags"]
    dollars = next(one for one in found["runs"][0]["judged"] if one["metric"] == "dollars")
    assert dollars["state"] == "regressed"


def test_a_claim_may_name_a_run(nightly: Nightly) -> None:
    nightly.vendor.out_tokens = 100
    base = nightly.run()
    nightly.change("input: 1, output: 4", "input: 0.5, output: 2")
    nightly.change('"beta-mini is at least 10% accurate"', '"30% cheaper than baseline:beta-mini"')
    nightly.change("claims:\n  - {id: level,", "claims:\n  - {id: level, arm: beta-mini,")
    nightly.change("compare:\n", f"compare:\n  baseline: {base}\n")
    nightly.run()
    checked = inside("check")
    assert (checked.code, checked.out.split()[0]) == (0, "supported"), checked.out + checked.err
    for command in (("show",), ("report",), ("reprice", "--price", "beta-mini.output=4")):
        done = inside(*command)
        assert done.code in (0, 1, 2), (command, done.err)
    assert "baseline:beta-mini" in inside("show").out
    nightly.change(base, "20200101T000000Z-nobody")
    said = nightly.bench("run", str(nightly.path), "--json", "--yes")
    assert said.code == 2
    assert "cannot be read" in said.json["verdicts"][0]["sentence"]
    for command in (("plan", str(nightly.path)), ("validate", str(nightly.path)), ("report",)):
        done = inside(*command)
        assert done.code in (0, 2), (command, done.err)


def test_samples_that_changed_are_left_out_and_too_few_are_refused(nightly: Nightly) -> None:
    base = nightly.run()
    nightly.rows(range(10, N + 10))
    new = nightly.run()
    found = nightly.compared(base, new)["runs"][0]
    assert (found["samples"]["common"], found["samples"]["only_new"]) == (N - 10, 10)
    assert {one["state"] for one in found["judged"]} == {"held"}
    nightly.rows(range(60, N + 60))
    other = nightly.run()
    said = nightly.compare(base, other)
    assert said.code == 2
    assert "too few samples in common" in said.out
    nightly.change('user: "', 'user: "Please route: ')
    prompted = nightly.run()
    assert "prompt differs" in " ".join(nightly.compare(other, prompted).out.split())


def test_epochs_may_differ_and_arms_may_be_renamed(nightly: Nightly) -> None:
    base = nightly.run()
    nightly.change("epochs: 3", "epochs: 2")
    nightly.change("name: beta-mini", "name: beta-2")
    nightly.change("beta-mini is", "beta-2 is")
    new = nightly.run()
    found = nightly.compared(base, new)["runs"][0]
    assert found["arms"] == [
        {
            "new": "beta-2",
            "old": "beta-mini",
            "note": "called beta-mini in BASE; the same model at the same address",
        }
    ]
    assert {one["key"] for one in found["differences"]} >= {"epochs"}
    assert {one["state"] for one in found["judged"]} == {"held"}
    assert nightly.compare(base, new, "--arm", "beta-2=beta-mini").code == 0
    wrong = nightly.compare(base, new, "--arm", "beta-2=beta-nimi")
    assert (wrong.code, "did you mean 'beta-mini'" in wrong.err) == (3, True)


def test_runs_lie_in_other_folders_and_files_are_written(nightly: Nightly) -> None:
    nightly.vendor.model = "mini-2026-01-01"
    base = nightly.run()
    (nightly.folder / "results").rename(nightly.folder / "old")
    nightly.vendor.model = "mini-2026-06-01"
    nightly.vendor.fingerprint = "<script>alert(1)</script>|`x`\x1b[2J"
    new = nightly.run()
    done = nightly.compare("old", "latest", "--output", "c.html", "--output", "c.md")
    assert done.code == 0, done.out + done.err
    assert "changed: the endpoint named mini-2026-01-01, and now mini-2026-06-01" in " ".join(
        done.out.split()
    )
    assert "\x1b" not in done.out
    page = (nightly.folder / "c.html").read_text()
    assert "Content-Security-Policy" in page
    assert "<script>alert(1)" not in page
    assert base in page
    assert "<script>alert" not in (nightly.folder / "c.md").read_text()
    assert nightly.compare(f"old/{base}", f"results/{new}").code == 0
    assert nightly.compare("old", "latest", "--fail-on-change").code == 1


def test_a_run_that_is_still_going_is_said_and_no_night_of_a_series(nightly: Nightly) -> None:
    base = nightly.run()
    nightly.vendor.delay_s = 0.5
    command = [*BENCH, "run", str(nightly.path), "--no-report", "--yes"]
    going = subprocess.Popen(
        command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while len(nightly.vendor.asked) < 3 * N + 40:
            time.sleep(0.1)
        said = nightly.compare(base, "latest")
        assert said.code == 4
        assert "NEW is not complete" in " ".join(said.out.split())
        assert going.poll() is None
        every = nightly.compare("--every", base)
        assert (every.code, "left out" in every.err) == (3, True)
    finally:
        going.kill()
        going.wait()


def test_calls_that_failed_for_good_are_faults_of_every_command_that_judges(
    nightly: Nightly,
) -> None:
    base = nightly.run()
    nightly.vendor.down = lambda number: number in (7, 55)
    ended = nightly.bench("run", str(nightly.path), "--no-report", "--json", "--yes")
    assert ended.code == 4
    new = ended.json["run"]
    for resumed in (False, True):
        if resumed:
            nightly.bench("run", "--resume", new, "--no-report", "--yes")
        for words in (("check", new), ("check", new, "--baseline", base), ("compare", base, new)):
            said = inside(*words)
            assert (said.code, "beta-mini: 6 calls failed" in said.out) == (4, True), said
        asked = inside("check", new, "--json").json
        assert (asked["complete"], asked["incomplete"]) == (False, "beta-mini: 6 calls failed")
    nightly.vendor.down = lambda _number: False
    assert (
        nightly.bench("run", "--resume", new, "--no-report", "--yes", "--retry-missing").code == 0
    )
    assert inside("check", new).code == 0


def test_what_cannot_be_compared_says_why(nightly: Nightly) -> None:
    base = nightly.run()
    for words, code, told in (
        ((base, base), 3, "is the baseline itself"),
        ((base,), 3, "nothing came after it"),
        ((), 3, "which run is the baseline?"),
        ((base, "nobody"), 3, "there is no run 'nobody'"),
        ((base, "latest", "--margin", "acuracy=2%"), 3, "did you mean 'accuracy'"),
        ((base, "latest", "--margin", "accuracy=nan"), 3, "a margin lies above 0"),
        ((base, "latest", "--output", "nowhere/x.md"), 3, "there is no folder nowhere"),
        ((base, "latest", "--output", "x.pdf"), 3, "nothing is written with the ending '.pdf'"),
        (("--every", base), 3, "no complete run of nightly came after"),
    ):
        said = nightly.compare(*words)
        assert said.code == code, (words, said.out, said.err)
        assert told in said.err, (words, said.err)


def test_an_incomplete_run_is_compared_and_said_and_a_tampered_one_is_not(
    nightly: Nightly,
) -> None:
    base = nightly.run()
    nightly.vendor.down = lambda number: number >= 60
    stopped = nightly.bench("run", str(nightly.path), "--no-report", "--json", "--yes")
    new = stopped.json["run"]
    nightly.vendor.down = lambda _number: False
    said = nightly.compare(base, new)
    assert said.code == 4
    assert said.out.startswith("Undecided")
    good = nightly.run()
    database = nightly.folder / "results" / "bench.db"
    with sqlite3.connect(database) as connection:
        connection.execute("drop trigger if exists records_append_only")
        names = [
            row[0]
            for row in connection.execute("select name from sqlite_master where type='trigger'")
        ]
        for name in names:
            connection.execute(f'drop trigger "{name}"')
        connection.execute(
            "update records set body = replace(body, 'billing', 'delivery') where run_id = ?",
            (good,),
        )
    connection.close()
    assert nightly.compare(base, good).code == 5


# --- the run before -------------------------------------------------------------------------------


def test_the_first_night_has_no_run_before_and_the_claims_decide_alone(nightly: Nightly) -> None:
    usable = ("check", "--baseline", "previous", "--before", str(nightly.path))
    said = inside(*usable)
    assert (said.code, said.out.strip()) == (
        0,
        "there is no complete run of nightly: nothing to compare with yet",
    )
    first = nightly.run("--limit", "60")
    alone, night = inside("check", "--json"), inside("check", "--baseline", "previous", "--json")
    assert night.code == alone.code == 0
    assert night.json["comparison"] is None
    assert f"before {first}" in night.json["no_comparison"]
    assert nightly.compare("previous").code == 3
    assert first in inside(*usable).out


def test_previous_is_the_newest_complete_run_of_the_suite_before_the_one_looked_at(
    nightly: Nightly, bench: Bench
) -> None:
    first, second = nightly.run("--limit", "60"), nightly.run("--limit", "60")
    stopped = bench("run", str(nightly.path), "--no-report", "--yes", "--max-cost", "0.00001")
    assert stopped.code == 4
    nightly.change("name: nightly", "name: other")
    nightly.run("--limit", "60")
    nightly.change("name: other", "name: nightly")
    third = nightly.run("--limit", "60")
    for run, before in ((third, second), (second, first)):
        said = inside("check", run, "--baseline", "previous", "--json")
        assert said.json["comparison"]["base"]["run_id"] == before
        assert nightly.compared("previous", run)["base"]["run_id"] == before
    assert nightly.compared("previous")["base"]["run_id"] == second
    nightly.change("margins: {", "baseline: previous\n  margins: {")
    fourth = nightly.run("--limit", "60")
    assert nightly.compared()["base"]["run_id"] == third
    assert nightly.compare(fourth, fourth).code == 3


def test_a_baseline_that_cannot_serve_is_refused_before_and_after_measuring(
    nightly: Nightly,
) -> None:
    nightly.run("--limit", "60")
    asked = len(nightly.vendor.asked)
    before = ("--before", str(nightly.path))
    for words, says in (
        (("--baseline", "latest", *before), "the latest run will be the one"),
        (("--baseline", "nope", *before), "no run 'nope'"),
        (before, "looks at a baseline"),
        (("latest", "--baseline", "previous", *before), "looks at a baseline"),
        (("--baseline", "latest"), "compared with itself"),
    ):
        said = inside("check", *words)
        assert said.code == 3
        assert says in said.err
    nightly.change("beta-mini, provider", "gamma, provider")
    nightly.change("beta-mini is at", "gamma is at")
    said = inside("check", "--baseline", "2", *before)
    assert "has no arm of nightly" in said.err
    assert len(nightly.vendor.asked) == asked
