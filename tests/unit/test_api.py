from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import claimbench
from claimbench.clock import FakeClock
from claimbench.errors import BenchError, StoreError
from claimbench.plan.order import make_plan
from claimbench.pricing.frozen import freeze_suite
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.store.results import ResultsStore
from claimbench.suite.codec import suite_to_json
from claimbench.suite.load import load_suite
from claimbench.types import Attempt, Call, CallRecord, Manifest, Outcome, Suite, Timing, Usage

RUN = "20260101T000000Z-aaaaaa"
N = 60
CANARY = "canary-0123456789-abcdefghij"
SUITE = """
name: toy
version: 1-0
sampling: {temperature: 0}
tasks:
  - name: route
    dataset: {path: rows.jsonl, id: id, target: intent}
    prompt: [{user: "{{ text }}"}]
    answer: {type: label, labels: [refund, other]}
    scorers: [label]
    max_tokens: 4
arms:
  - {name: cheap, provider: openai, model: m-1, cost: {price: {input: 1, output: 2, source: quote, dated: 2026-01-01}}}
  - {name: dear, provider: openai, model: m-2, cost: {price: {input: 10, output: 20, source: quote, dated: 2026-01-01}}}
claims:
  - {id: cheaper, claim: "80% cheaper than dear", arm: cheap, than: dear, reading: per_request}
"""


def answer(call: Call) -> tuple[Attempt, CallRecord]:
    """The cheap arm answers half as fast, and wrong on every fourth sample."""
    n = int(call.sample_id[1:])
    text = "other" if call.arm == "cheap" and n % 4 == 0 else "refund"
    slow = 2 if call.arm == "cheap" else 1
    sent = 2_000_000_000 + n * 1_000_000_000
    stamps = (sent + slow * 100_000_000, sent + slow * 200_000_000)
    timing = Timing(None, sent, sent, stamps[0], stamps[0], stamps, stamps[1], "transport")
    usage = Usage(input_fresh=100 + n, output_visible=2)
    attempt = Attempt(call.id, 1, 1, timing, Outcome.OK, 200, usage, None, None, "yes")
    return attempt, CallRecord(call, text, Outcome.OK, "stop", 1)


def manifest_of(suite: Suite, run_id: str) -> Manifest:
    book = freeze_suite(suite, PriceBook(use_genai=False), FakeClock().utc())
    return Manifest(
        run_id=run_id,
        schema=1,
        created_utc="2026-01-01T00:00:00+00:00",
        tool_version="0",
        suite_name=suite.name,
        suite_version=suite.version,
        suite_path=suite.path,
        file_sha256=suite.file_sha256,
        measured_sha256=suite.measured_sha256,
        plan_sha256="",
        price_book_sha256=book.sha256,
        suite=suite_to_json(suite),
        arms_run=("cheap", "dear"),
        arms_not_run={},
        arm_facts={},
        limit=None,
        claims=tuple({"id": c.id, "text": c.text, "raw": dict(c.raw)} for c in suite.claims),
        git={},
        packages={},
        host={},
        seed=42,
        options={"price_book": book.text},
    )


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("api")
    rows = [
        {"id": f"s{i}", "text": f"money back {i} {CANARY}", "intent": "refund"} for i in range(N)
    ]
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "toy.yaml").write_text(SUITE)
    suite = load_suite(folder / "toy.yaml", providers=["openai"])
    calls = make_plan(suite, RUN, ["cheap", "dear"]).calls
    with ResultsStore.open(folder / "results") as store:
        store.create_run(manifest_of(suite, RUN), calls)
        store.start_session(RUN, host={}, clock=FakeClock())
        with store.lock_run(RUN), store.writer(RUN) as writer:
            for call in calls[:-1]:  # the last call was not finished
                attempt, record = answer(call)
                writer.attempt(attempt)
                writer.record(record)
    return folder / "results"


def test_frames_of_a_run_agree_with_what_was_stored(results: Path) -> None:
    run = claimbench.open_run(results)
    calls, attempts, items = run.calls(), run.attempts(), run.items()
    assert (len(calls), len(attempts), len(items)) == (2 * N - 1, 2 * N - 1, 2 * N)
    cheap = calls[calls.arm == "cheap"].set_index("sample_id")
    assert cheap.loc["s4", "text"] == "other"
    assert cheap.loc["s4", "score"] == 0
    assert cheap.loc["s5", "score"] == 1
    assert cheap.loc["s5", "ttft_s"] == pytest.approx(0.2)
    assert cheap.loc["s5", "usd"] == pytest.approx((105 * 1 + 2 * 2) / 1e6)
    assert set(calls.task) == {"route"}
    assert items.score.isna().sum() == 1
    assert attempts.outcome.unique().tolist() == ["ok"]
    assert run.verify() == 1 + 2 * (2 * N - 1)


def test_verdicts_name_the_claim_and_its_figures(results: Path) -> None:
    run = claimbench.open_run(results)
    verdict = run.verdicts().iloc[0]
    assert (verdict.claim, verdict.part_of) == ("cheaper", None)
    assert verdict.status == run.evaluation.verdicts[0].status == "supported"
    assert verdict.text == "80% cheaper than dear"
    assert verdict.low <= verdict.value <= verdict.high
    assert verdict.sentence


@pytest.mark.parametrize("place", ["", "bench.db", RUN])
def test_a_run_is_found_from_every_place(results: Path, place: str) -> None:
    for name in (None, RUN, RUN[:9]):
        run = claimbench.open_run(str(results / place), name)
        assert run.id == RUN
        assert run.manifest.suite["name"] == run.manifest.suite_name == "toy"
    assert run.stored.manifest.suite == {}
    assert RUN in repr(run)


def test_no_results_and_no_run(results: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no results database"):
        claimbench.open_run(tmp_path)
    with pytest.raises(StoreError, match="no run '1999'"):
        claimbench.open_run(results, "1999")
    with pytest.raises(AttributeError, match="no attribute 'open_ruin'"):
        claimbench.open_ruin  # noqa: B018  # the access is what is tested


@pytest.mark.parametrize("profile", ["full", "hashed", "none"])
def test_a_report_written_from_python_is_the_one_that_bench_writes(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    """Byte by byte, with the keys of the environment masked: this one stands in every prompt."""
    from click.testing import CliRunner

    from claimbench.cli import group

    monkeypatch.setenv("TOY_API_KEY", CANARY)
    run = claimbench.open_run(results)
    assert CANARY in str(run.stored.suite.tasks[0].samples[0].input)
    bench = CliRunner()
    by_bench = {ending: tmp_path / f"bench.{ending}" for ending in ("html", "json")}
    commands = (
        ["report", "--output", str(by_bench["html"])],
        ["export", "--format", "json", "--output", str(by_bench["json"])],
    )
    for command in commands:
        order = [*command, "--results", str(results), "--redact", profile]
        done = bench.invoke(group(), order, catch_exceptions=False, standalone_mode=False)
        assert done.return_value == 0, done.output
    for ending, expected in by_bench.items():
        written = run.report(str(tmp_path / f"python.{ending}"), profile=profile)
        assert written == tmp_path / f"python.{ending}"
        assert written.read_bytes() == expected.read_bytes()
        assert CANARY not in written.read_text()
        assert ("money back" in written.read_text()) == (profile == "full")
    assert not (results / RUN / "report.html").exists()


def test_a_report_of_another_kind_or_profile_is_refused(results: Path, tmp_path: Path) -> None:
    run = claimbench.open_run(results)
    with pytest.raises(BenchError, match=r"no report has the ending '\.pdf'") as error:
        run.report(tmp_path / "report.pdf")
    assert error.value.hint == "name a file with one of: .html, .htm, .json"
    with pytest.raises(BenchError, match="unknown redaction profile 'some'"):
        run.report(tmp_path / "report.html", profile="some")
    assert list(tmp_path.iterdir()) == []


def test_importing_claimbench_loads_nothing_heavy() -> None:
    code = (
        "import sys, claimbench; claimbench.__version__\nprint([m for m in ('pandas', 'numpy',"
        " 'sqlalchemy', 'claimbench.api') if m in sys.modules])\nclaimbench.open_run; print([m for"
        " m in ('pandas', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n[]\n"


def test_importing_the_reports_loads_nothing_heavy() -> None:
    code = (
        "import sys, claimbench_reports\nprint([m for m in ('numpy', 'jinja2', 'matplotlib',"
        " 'claimbench_reports.collect') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
