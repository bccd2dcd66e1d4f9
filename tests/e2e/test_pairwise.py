"""Comparisons in pairs, end to end: calls, dollars, resume, people's labels, imports, verdicts."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest

from .conftest import Said, _serve
from .pair_vendor import SHOWN, PairVendor, drafts_suite

Bench = Callable[..., Said]


@pytest.fixture
def writers() -> Iterator[PairVendor]:
    yield from _serve(PairVendor(out_tokens=40))  # type: ignore[misc]


def drafts(folder: Path, vendor: PairVendor, *claims: str, gamma: bool = False) -> str:
    text, rows = drafts_suite(vendor.url, claims, gamma=gamma, items=40)
    (folder / "drafts.yaml").write_text(text)
    (folder / "rows.jsonl").write_text(rows)
    return "drafts.yaml"


def planned(folder: Path) -> dict[str, int]:
    with sqlite3.connect(folder / "results" / "bench.db") as connection:
        bodies = [json.loads(row[0]) for row in connection.execute("select body from calls")]
    found: dict[str, int] = {}
    for body in bodies:
        found[body["role"]] = found.get(body["role"], 0) + 1
    return found


def test_pairs_are_judged_in_both_orders_and_billed_apart(
    bench: Bench, tmp_path: Path, writers: PairVendor
) -> None:
    writers.silent_on = {"beta": frozenset({3, 4})}
    suite = drafts(
        tmp_path, writers, "alpha is preferred over beta", "alpha is more accurate than beta"
    )
    run = bench("run", suite, "--json")
    assert run.code in (1, 2, 3), run.err
    assert planned(tmp_path) == {"subject": 80, "judge": 160}
    asked = [SHOWN.search(text) for text in writers.asked]
    shown = [found for found in asked if found is not None]
    assert len(shown) == 38 * 2 * 2, "two drafts were empty: nobody was asked about them"
    orders = [re.search(r"of (\w+),", found["first"])[1] for found in shown]  # type: ignore[index]
    assert orders.count("alpha") == orders.count("beta")
    verdicts = run.json["verdicts"]
    assert [verdict["status"] for verdict in verdicts] == ["supported", "not_comparable"]
    assert "2 decided without a judge" in verdicts[0]["sentence"]
    bench("export", "--format", "json", "--output", "out.json")
    figures = json.loads((tmp_path / "out.json").read_text())
    assert {bill["arm"] for bill in figures["judge_bill"]} == {"north", "south"}
    assert any("alpha won against beta" in line for line in figures["findings"])
    asked_before = len(writers.asked)
    again = bench("run", suite, "--resume", "latest", "--json")
    assert again.code == run.code, again.err
    assert len(writers.asked) == asked_before, "nothing is judged or paid twice"


def test_three_arms_have_tables_of_their_own(
    bench: Bench, tmp_path: Path, writers: PairVendor
) -> None:
    suite = drafts(tmp_path, writers, "alpha is preferred over beta", gamma=True)
    run = bench("run", suite, "--json")
    assert run.code in (0, 1, 2, 3), run.err
    for kind in ("json", "xlsx", "html"):
        said = bench("export", "--format", kind, "--output", f"out.{kind}")
        assert said.code == 0, said.err
    figures = json.loads((tmp_path / "out.json").read_text())
    (task,) = figures["beside"]["pairs"]
    assert [(p["one"], p["two"]) for p in task["pairs"]] == [
        ("alpha", "beta"),
        ("alpha", "gamma"),
        ("beta", "gamma"),
    ]
    for pair in task["pairs"]:
        assert [t["who"] for t in pair["tallies"]] == ["all judges together", "north", "south"]
        for t in pair["tallies"]:
            won, tied, lost, n = (t[k]["value"] for k in ("wins", "ties", "losses", "n"))
            assert won + tied + lost == n == 40
            if t["who"] != "all judges together":  # its mean of two words has quarters
                assert t["rate"]["value"] == pytest.approx((won + tied / 2) / n)
                assert t["seen"]["value"] == 40
        assert sum(s["n"]["value"] for s in pair["strata"]) == 40
    assert task["strengths_by"] == "judges"
    assert {s["arm"] for s in task["strengths"]} == {"alpha", "beta", "gamma"}
    assert {bill["judge"]: bill["calls"]["value"] for bill in task["bills"]} == {
        "north": 240,
        "south": 240,
    }
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    rows = list(book["Pairs"].iter_rows(values_only=True))
    assert {row[3] for row in rows[1:]} >= {"all judges together", "north", "of similar length"}
    page = (tmp_path / "out.html").read_text()
    assert 'id="pairs"' in page
    assert "alpha against gamma" in page


def test_judges_with_habits_decide_nothing_that_is_not_there(
    bench: Bench, tmp_path: Path, writers: PairVendor
) -> None:
    writers.edge = 0.5
    writers.first_place = 0.6
    run = bench("run", drafts(tmp_path, writers, "alpha is preferred over beta"), "--json")
    (verdict,) = run.json["verdicts"]
    assert verdict["status"] == "inconclusive"
    assert any(reason.startswith("unstable_judges") for reason in verdict["reasons"])


def test_people_label_pairs_without_names(
    bench: Bench, tmp_path: Path, writers: PairVendor
) -> None:
    suite = drafts(tmp_path, writers, "people prefer alpha over beta")
    first = bench("run", suite, "--json")
    assert any(
        reason.startswith("people_needed") for reason in first.json["verdicts"][0]["reasons"]
    )
    exported = bench("labels", "export", "--items", "40", "--output", "pairs.csv")
    assert exported.code == 0, exported.err
    with (tmp_path / "pairs.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 40
    starts = [re.search(r"of (\w+),", row["answer"])[1] for row in rows]  # type: ignore[index]
    assert 8 <= starts.count("alpha") <= 32, "which answer stands first is drawn"
    for row in rows:
        worth = [int(found) for found in re.findall(r"worth (\d+)", row["answer"])]
        row["label"] = "first" if worth[0] > worth[1] else "second"
    with (tmp_path / "labelled.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    assert bench("labels", "import", "labelled.csv").code == 0
    checked = bench("check", "--json")
    assert checked.json["verdicts"][0]["status"] == "supported", checked.out
    rows[0]["label"] = "alpha"
    with (tmp_path / "wrong.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    wrong = bench("labels", "import", "wrong.csv")
    assert wrong.code != 0
    assert "line 2: 'alpha' is no choice of the judge" in wrong.err


def test_variants_of_an_arm_are_run_and_compared(
    bench: Bench, tmp_path: Path, writers: PairVendor
) -> None:
    text, rows = drafts_suite(writers.url, (), items=40)
    text = re.sub(r"scorers: .*", "scorers: [contains]", text)
    text = text[: text.index("judges:")].replace("cluster: person", "cluster: person")
    text += (
        'variants:\n  - {of: alpha, temperature: [0.7]}\n  - {of: alpha, prompt: {terse: [{user: "Short: {{ text }}"}]}}\n'
        "claims:\n  - {id: same, claim: every variant of alpha is as accurate as alpha}\n"
    )
    (tmp_path / "drafts.yaml").write_text(text)
    (tmp_path / "rows.jsonl").write_text(rows.replace('"-"', '"worth 7"'))
    plan = bench("plan", "drafts.yaml")
    assert "alpha@temperature=0.7: 40 calls" in plan.out, plan.err
    run = bench("run", "drafts.yaml", "--json")
    verdicts = {verdict["claim"]["id"]: verdict for verdict in run.json["verdicts"]}
    assert set(verdicts) == {"same.1", "same.2"}
    assert any(flag.startswith("allowed_sampling") for flag in verdicts["same.1"]["flags"])
    assert not any(flag.startswith("allowed_sampling") for flag in verdicts["same.2"]["flags"])
    assert any('"Short: draft' in body for body in writers.bodies)
    bench("export", "--format", "json", "--output", "out.json")
    findings = json.loads((tmp_path / "out.json").read_text())["findings"]
    assert any("alpha over 2 wordings" in line for line in findings)
