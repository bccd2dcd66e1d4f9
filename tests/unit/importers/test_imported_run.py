"""Imported results as runs: paired verdicts, prices, and reasons where something is missing."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from claimbench.cli.books import price_book
from claimbench.clock import FakeClock
from claimbench.evaluation.evaluate import Evaluation, evaluate
from claimbench.evaluation.stored import read_run
from claimbench.importers.detect import read_files
from claimbench.importers.imported import ImportOptions
from claimbench.importers.imported_run import build_run
from claimbench.importers.stored_run import store_run
from claimbench.store.results import ResultsStore
from claimbench.types import ClaimSpec

Write = Callable[[str, Any], Path]


def judged(tmp_path: Path, files: Sequence[Path], *claims: str) -> Evaluation:
    """Import files, store the run, and judge claims on what was stored."""
    specs = [ClaimSpec(f"c{i}", text, None, {}) for i, text in enumerate(claims)]
    clock = FakeClock(datetime(2026, 1, 2, tzinfo=UTC))
    run = build_run(
        read_files(files, ImportOptions()),
        name="import",
        claims=specs,
        book=price_book(),
        clock=clock,
    )
    with ResultsStore.open(tmp_path / "results") as store:
        run_id = store_run(store, run)
        store.verify(run_id)
        return evaluate(read_run(store, run_id))


def test_two_lm_eval_runs_on_the_same_items_get_a_paired_verdict(
    tmp_path: Path, peers: SimpleNamespace
) -> None:
    base = peers.coin(400, 0.5, 1)
    better = [max(b, c) for b, c in zip(base, peers.coin(400, 0.3, 2), strict=True)]
    files = [
        peers.lm_eval(tmp_path / "a", "old", base),
        peers.lm_eval(tmp_path / "b", "new", better),
    ]
    found = judged(tmp_path, files, "new is more accurate than old", "new is 90% cheaper than old")
    more, cheaper = found.verdicts
    assert more.status == "supported"
    estimate = more.readings[0].estimate
    assert estimate is not None
    assert estimate.value == pytest.approx(np.mean(better) - np.mean(base))
    assert estimate.n == 400
    assert cheaper.status == "not_comparable"
    assert any(reason.code == "price_unknown" for reason in cheaper.reasons)
    assert {r.provenance for r in found.stored.records} == {"imported"}


def test_other_prompts_are_another_measurement(tmp_path: Path, peers: SimpleNamespace) -> None:
    scores = peers.coin(100, 0.5, 1)
    files = [
        peers.lm_eval(tmp_path / "a", "old", scores),
        peers.lm_eval(tmp_path / "b", "new", scores, prompt="Please: Q{}"),
    ]
    (verdict,) = judged(tmp_path, files, "new is as accurate as old").verdicts
    assert verdict.status == "not_comparable"
    assert "100 of 100 prompts differ" in " ".join(map(str, verdict.reasons))


def test_an_arm_without_items_is_not_comparable_and_says_why(
    tmp_path: Path, peers: SimpleNamespace
) -> None:
    files = [
        peers.lm_eval(tmp_path / "a", "old", [1, 0] * 20),
        peers.lm_eval(tmp_path / "b", "new", [1, 1] * 20),
    ]
    next(files[1].parent.glob("samples_*")).unlink()
    found = judged(tmp_path, files, "new is more accurate than old")
    assert found.verdicts[0].status == "not_comparable"
    reason = " ".join(map(str, found.verdicts[0].reasons))
    assert "no per-item results" in reason
    assert "does not say over how many items" in reason


def test_hundred_percent_cheaper_on_a_cost_of_zero_is_refused(
    tmp_path: Path, written: Write
) -> None:
    rows = "".join(f"free,{i},1,0.0\npaid,{i},1,0.01\n" for i in range(50))
    found = judged(
        tmp_path,
        [written("t.csv", "model,id,score,usd\n" + rows)],
        "free is 100% cheaper than paid",
    )
    assert found.verdicts[0].status == "not_comparable"
    assert np.isnan(found.items.arms["free"].usd).all()
    assert found.items.arms["paid"].usd == pytest.approx(0.01)
    board = written("board.csv", "model,score,cost\nfree,0.81,0\npaid,0.85,0.01\n")
    assert (
        judged(tmp_path / "b", [board], "free is 100% cheaper than paid").verdicts[0].status
        == "not_comparable"
    )


def test_tokens_are_priced_by_the_book_of_that_day(
    tmp_path: Path, peers: SimpleNamespace, written: Write
) -> None:
    found = judged(tmp_path, [written("log.json", peers.inspect(["C", "I", "C"]))])
    # gpt-4o-mini: $0.15 and $0.60 per million tokens; 64 in and 2 out
    assert found.items.arms["gpt-4o-mini"].usd == pytest.approx(64 * 0.15e-6 + 2 * 0.6e-6)
    assert found.items.arms["gpt-4o-mini"].score.tolist() == [1, 0, 1]
    assert found.stored.sessions[0].started_utc.startswith("2025-05-13T00:28:13"), (
        "prices are of the tool's own run"
    )


def test_latency_of_one_file_is_known_and_not_compared_over_files(
    tmp_path: Path, peers: SimpleNamespace, written: Write
) -> None:
    one = written("one.json", peers.inspect(["C", "I"] * 20))
    two = written("two.json", peers.inspect(["C", "C"] * 20, model="openai/gpt-4.1-mini"))
    found = judged(tmp_path, [one, two], "gpt-4o-mini is 50% faster than gpt-4.1-mini")
    assert found.items.arms["gpt-4o-mini"].mean_e2e_s == pytest.approx(0.5)
    assert np.isnan(found.calls.arms["gpt-4o-mini"].ttft_s).all()
    assert np.isnan(found.calls.arms["gpt-4o-mini"].sent_utc_s).all(), "no send time is made up"
    assert found.verdicts[0].status == "not_comparable"
    assert any("client_host" in str(reason) for reason in found.verdicts[0].reasons)


def test_unknown_seconds_are_not_zero(
    tmp_path: Path, peers: SimpleNamespace, written: Write
) -> None:
    log = peers.inspect(["C", "I"])
    for sample in log["samples"]:
        del sample["output"]["time"]
    found = judged(tmp_path, [written("log.json", log)])
    rows = found.calls.arms["gpt-4o-mini"]
    assert np.isnan(rows.e2e_s).all()
    assert np.isnan(rows.busy_s).all()
    assert rows.n_in.tolist() == [64, 64]


def test_other_sampling_is_not_comparable(
    tmp_path: Path, peers: SimpleNamespace, written: Write
) -> None:
    hot = {"steps": [{"solver": "generate", "params": {}}], "config": {"temperature": 1.0}}
    one = written("one.json", peers.inspect(["C", "I"] * 20))
    two = written("two.json", peers.inspect(["C", "C"] * 20, model="openai/gpt-4.1-mini", plan=hot))
    (verdict,) = judged(
        tmp_path, [one, two], "gpt-4.1-mini is more accurate than gpt-4o-mini"
    ).verdicts
    assert verdict.status == "not_comparable"
    assert "sampling is temperature=1.0 for gpt-4.1-mini and temperature=0.0" in " ".join(
        map(str, verdict.reasons)
    )


def test_faults_are_missing(tmp_path: Path, peers: SimpleNamespace, written: Write) -> None:
    log = peers.inspect(["C", "I", "C"])
    log["samples"][1] |= {"error": {"message": "rate limit"}, "scores": {}}
    found = judged(tmp_path, [written("log.json", log)])
    assert np.isnan(found.items.arms["gpt-4o-mini"].score[1])
    assert found.items.arms["gpt-4o-mini"].n_errors.tolist() == [0, 1, 0]


def test_epochs_of_a_table_are_averaged(tmp_path: Path, written: Write) -> None:
    text = "model,id,score,epoch\n" + "".join(
        f"m,{i},{(i + e) % 2},{e}\n" for i in range(4) for e in range(2)
    )
    found = judged(tmp_path, [written("t.csv", text)])
    assert found.items.arms["m"].score.tolist() == [0.5] * 4
    assert found.items.arms["m"].n_epochs.tolist() == [2] * 4


def test_the_command_stores_judges_and_prints(
    tmp_path: Path, peers: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    from claimbench.cli import main

    base = peers.coin(200, 0.5, 1)
    files = [str(peers.lm_eval(tmp_path / n, n, base)) for n in ("old", "new")]
    results = str(tmp_path / "results")
    with pytest.raises(SystemExit) as done:
        main(
            [
                "import",
                *files,
                "--results",
                results,
                "--claim",
                "new is as accurate as old",
                "--json",
            ]
        )
    assert done.value.code == 0
    said = json.loads(capsys.readouterr().out)
    assert said["aggregates"][0]["n"] == 200
    assert Path(said["report"]).exists()
    assert "Imported" in Path(said["report"]).read_text()
    with pytest.raises(SystemExit) as checked:
        main(["check", "--results", results])
    assert checked.value.code == 0
    with pytest.raises(SystemExit) as bad:
        main(["import", files[0], "--results", results, "--claim", "nobody is as accurate as old"])
    assert bad.value.code == 3
    with ResultsStore.open(tmp_path / "results") as store:
        assert len(store.runs()) == 1, "a claim that cannot be read leaves no run behind"


def test_claims_typed_at_an_import_are_late_and_their_number_is_seen(
    tmp_path: Path, peers: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    from claimbench.cli import main

    base = peers.coin(200, 0.5, 1)
    files = [str(peers.lm_eval(tmp_path / n, n, base)) for n in ("old", "new")]
    results = str(tmp_path / "results")
    for claim in ("new is as accurate as old", "new matches old"):
        with pytest.raises(SystemExit):
            main(["import", *files, "--results", results, "--claim", claim, "--no-report"])
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["check", "--results", results, "--json"])
    verdict = json.loads(capsys.readouterr().out)["verdicts"][0]
    assert verdict["claim"]["declared"] == "after"
    assert "1 claim was judged on these files before" in " ".join(verdict["flags"])
    assert verdict["read_as"] == "new's accuracy is at most 3 points below old's"
    with pytest.raises(SystemExit):
        main(["check", "--results", results])
    assert "Read as: new's accuracy is at most 3 points below old's." in capsys.readouterr().out
