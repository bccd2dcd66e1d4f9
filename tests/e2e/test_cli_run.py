"""`bench run` and what comes after it, as a user meets them: processes, exit codes, files."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import claimbench
from claimbench.errors import StoreError
from claimbench.store.results import ResultsStore

from .conftest import Said, Vendor, environment
from .forked import BENCH

Bench = Callable[..., Said]


def finished_calls(results: Path) -> int:
    try:
        with ResultsStore.open(results, create=False, read_only=True) as store:
            return len(store.finished(store.resolve_run("latest")))
    except StoreError:  # no database or no run yet
        return 0


def test_a_run_ends_with_verdicts_a_report_and_one_json_object(
    desk: Path, bench: Bench, vendor: Vendor
) -> None:
    said = bench("run", str(desk), "--json")
    assert said.code == 1, said.err  # a claim is refuted
    result = said.json
    verdicts = {v["claim"]["id"]: v["status"] for v in result["verdicts"]}
    assert verdicts == {"cheaper": "supported", "as-good": "refuted"}
    assert Path(desk.parent / result["report"]).stat().st_size > 10_000
    assert len(vendor.asked) == 120
    assert "240/240" in said.err


def test_show_check_list_export_speak_of_the_same_run(desk: Path, bench: Bench) -> None:
    run = bench("run", str(desk), "--json", "--no-report").json["run"]
    assert bench("list", "--json").json["runs"][0]["run_id"] == run
    assert bench("show", run[:12], "--json").json["run"] == run
    check = bench("check", "--json", "--junit", "junit.xml")
    assert check.code == 1
    assert check.json["complete"] is True
    assert "as accurate as good" in (desk.parent / "junit.xml").read_text()
    rows = [json.loads(line) for line in bench("export", run, "--format", "jsonl").out.splitlines()]
    assert len(rows) == 240
    wanted = {
        "id",
        "arm",
        "sample_id",
        "epoch",
        "outcome",
        "attempts",
        "text",
        "scores",
        "usage",
        "cost_usd",
    }
    assert wanted | {"cost_basis", "ttft_ms", "e2e_ms"} <= set(rows[0])
    total = sum(row["cost_usd"] for row in rows if row["arm"] == "good")
    tokens = sum(row["usage"]["input_fresh"] for row in rows if row["arm"] == "good")
    assert total == pytest.approx((tokens * 1 + 120 * 2 * 4) / 1e6)


def test_a_dash_is_standard_output_of_an_export(desk: Path, bench: Bench) -> None:
    bench("run", str(desk), "--no-report")
    before = set(desk.parent.iterdir())
    assert bench("export", "--output", "-").out == bench("export").out
    assert bench("export", "--format", "md", "--output", "-").out.startswith("## ClaimBench")
    book = subprocess.run(
        [*BENCH, "export", "--format", "xlsx", "--output", "-"],
        cwd=desk.parent,
        env=environment(),
        capture_output=True,
        check=True,
    )
    with zipfile.ZipFile(io.BytesIO(book.stdout)) as sheets:
        assert "xl/workbook.xml" in sheets.namelist()
    refused = bench("export", "--to", "inspect", "--output", "-")
    assert (refused.code, "several files" in refused.err) == (3, True), refused
    refused = bench("report", "--output", "-")
    assert refused.code == 3
    assert "bench export --format html --output -" in refused.err
    assert set(desk.parent.iterdir()) == before, "no file of that name is left"


def test_frames_in_python(desk: Path, bench: Bench) -> None:
    bench("run", str(desk), "--no-report")
    run = claimbench.open_run(desk.parent / "results")
    assert len(run.calls()) == len(run.attempts()) == 240
    assert set(run.items().arm) == {"good", "cheap"}
    assert set(run.verdicts().status) <= {
        "supported",
        "refuted",
        "inconclusive",
        "not_comparable",
        "n/a",
    }


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_kill_9_and_resume_leaves_exactly_one_record_per_call(
    desk: Path, bench: Bench, vendor: Vendor, rival: Vendor, share: float
) -> None:
    vendor.hold_after = rival.hold_after = round(share * 120)
    results = desk.parent / "results"
    with subprocess.Popen(
        [*BENCH, "run", str(desk)],
        cwd=desk.parent,
        env=environment(),
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as process:
        deadline = time.monotonic() + 60
        while finished_calls(results) < share * 240 and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    vendor.hold_after = rival.hold_after = None
    committed = finished_calls(results)
    assert share * 240 <= committed < 240
    before = Counter(vendor.asked + [f"r{t}" for t in rival.asked])
    said = bench("run", "--resume", "latest", "--json")
    assert said.code in (1, 2), said.err
    with ResultsStore.open(results, create=False, read_only=True) as store:
        run = said.json["run"]
        records = Counter(record.call.id for record in store.records(run, replaced=True))
        assert len(records) == 240
        assert set(records.values()) == {1}
        assert len(store.sessions(run)) == 2
        in_flight = store.unfinished_intents(run)
        store.verify(run)
    again = Counter(vendor.asked + [f"r{t}" for t in rival.asked])
    repeated = {text for text, count in again.items() if count > 1}
    assert len(repeated) <= len(in_flight) <= 8
    assert sum(again.values()) - sum(before.values()) >= 240 - committed
    if in_flight:
        assert "sent again" in said.err


def test_ctrl_c_ends_cleanly_with_a_partial_report(
    desk: Path, vendor: Vendor, rival: Vendor
) -> None:
    vendor.delay_s = rival.delay_s = 0.2
    results = desk.parent / "results"
    with subprocess.Popen(
        [*BENCH, "run", str(desk), "--json"],
        cwd=desk.parent,
        env=environment(),
        text=True,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        while finished_calls(results) < 30:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 4, err
    result = json.loads(out)
    assert "Ctrl-C" in result["incomplete"]
    assert (desk.parent / result["report"]).exists()
    assert "--resume" in err


def test_two_processes_on_one_run_the_second_stops(
    desk: Path, bench: Bench, vendor: Vendor, rival: Vendor
) -> None:
    vendor.delay_s = rival.delay_s = 1.0  # the first goes on until the second has looked
    with subprocess.Popen(
        [*BENCH, "run", str(desk)],
        cwd=desk.parent,
        env=environment(),
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as process:
        while finished_calls(desk.parent / "results") < 5:
            time.sleep(0.02)
        second = bench("run", "--resume", "latest")
        vendor.delay_s = rival.delay_s = 0.0
        assert process.wait(60) in (1, 2)
    assert second.code == 3
    assert str(process.pid) in second.err


def test_an_arm_without_a_key_is_not_run_and_its_claims_are_not_comparable(
    desk: Path, bench: Bench
) -> None:
    said = bench("run", str(desk), "--json", env={"GOOD_KEY": ""})
    assert said.code == 2
    assert "GOOD_KEY is not set" in said.err
    for verdict in said.json["verdicts"]:
        assert verdict["status"] == "not_comparable"
        assert any("arm_not_measured" in reason for reason in verdict["reasons"])
    cheaper = next(v for v in said.json["verdicts"] if v["claim"]["id"] == "cheaper")
    assert cheaper["projected"]["label"] == "projected, not measured"


def test_a_refused_key_and_a_dead_endpoint_are_said_and_end_incomplete(
    desk: Path, bench: Bench, vendor: Vendor
) -> None:
    vendor.status = 401
    said = bench("run", str(desk), "--set", "arms.cheap.base_url=http://127.0.0.1:9/v1", "--json")
    assert said.code == 4
    assert "good" in said.json["incomplete"]
    assert "cheap" in said.json["incomplete"]
    assert "auth" in said.err
    assert len(vendor.asked) < 10


def test_another_model_than_asked_for_is_said(desk: Path, bench: Bench, vendor: Vendor) -> None:
    vendor.model = "someone-elses-7b"
    said = bench("run", str(desk), "--json")
    assert said.code == 4
    assert "someone-elses-7b" in (said.err + said.out)


def test_resume_after_the_suite_changed_names_the_difference(desk: Path, bench: Bench) -> None:
    bench("run", str(desk), "--limit", "10", "--no-report")
    desk.write_text(desk.read_text().replace("One label.", "One word."))
    said = bench("run", "--resume", "latest")
    assert said.code == 5
    assert "prompts" in said.err


def test_resume_after_an_arm_changed_names_the_difference(desk: Path, bench: Bench) -> None:
    bench("run", str(desk), "--limit", "10", "--no-report")
    desk.write_text(desk.read_text().replace("small-1", "small-2"))
    said = bench("run", "--resume", "latest")
    assert said.code == 5
    assert "'small-1' -> 'small-2'" in said.err


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["run", "nowhere.yaml"], 3, "nowhere.yaml"),
        (["run"], 3, "which suite"),
        (["run", "desk.yaml", "--max-cost", "0"], 3, "--max-cost 0"),
        (["run", "desk.yaml", "--max-cost", "lots"], 3, "not an amount"),
        (["run", "desk.yaml", "--arm", "godo"], 3, "did you mean 'good'"),
        (["run", "desk.yaml", "--limit", "0"], 3, "'--limit': 0"),
        (["run", "desk.yaml", "--set", "arms.god.model=x"], 3, "good"),
        (["run", "desk.yaml", "--resume", "zzz"], 3, "no runs yet"),
        (["show"], 3, "run a suite first"),
        (["rnu"], 3, "Did you mean 'run'"),
    ],
)
def test_bad_input_is_one_clear_error(
    desk: Path, bench: Bench, args: list[str], code: int, says: str
) -> None:
    assert desk.exists()
    said = bench(*args)
    assert said.code == code
    assert says in said.err
    assert "Traceback" not in said.err


def test_a_budget_is_never_exceeded(desk: Path, bench: Bench) -> None:
    said = bench("run", str(desk), "--max-cost", "0.002", "--json", "--no-report")
    assert said.code == 4
    assert "budget" in said.json["incomplete"]
    rows = [json.loads(line) for line in bench("export").out.splitlines()]
    assert 0 < sum(row["cost_usd"] for row in rows) <= 0.002


def test_dry_run_sends_nothing(desk: Path, bench: Bench, vendor: Vendor) -> None:
    said = bench("run", str(desk), "--dry-run")
    assert said.code == 0
    assert vendor.asked == []
    assert "$" in said.out


def test_stopping_when_decided_uses_fewer_calls_and_says_so(
    desk: Path, bench: Bench, vendor: Vendor
) -> None:
    said = bench("run", str(desk), "--until-decided", "--json")
    assert said.code == 1, said.err
    assert len(vendor.asked) < 120
    assert "look" in said.err


def test_a_key_is_in_no_artifact(desk: Path, bench: Bench, vendor: Vendor) -> None:
    said = bench("run", str(desk), "--json")
    assert any("canary-4711" in key for key in vendor.keys)
    assert "canary-4711" not in said.out + said.err
    for path in (desk.parent / "results").rglob("*"):
        if path.is_file():
            assert b"canary-4711" not in path.read_bytes(), path
