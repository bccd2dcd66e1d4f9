"""``bench reprice`` on a stored run: costs and verdicts side by side, nothing measured again, parts
adding up.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from claimbench.cli import _guarded
from claimbench.cli.books import price_book
from claimbench.evaluation.evaluate import evaluate
from claimbench.evaluation.stored import read_run
from claimbench.plan.order import make_plan
from claimbench.pricing.frozen import freeze_suite
from claimbench.store.results import ResultsStore
from claimbench.suite.load import load_suite, suite_to_json
from claimbench.types import Attempt, CallRecord, Manifest, Outcome, Timing, Usage

SUITE = """name: tiny
version: 1-0
description: a local arm against two API arms
tasks:
  - name: t
    dataset: {path: d.jsonl, target: label}
    prompt: [{user: "{{ text }}"}]
    answer: {type: label, labels: [a, b], constrain: false}
    scorers: [label]
    max_tokens: 4
arms:
  - {name: own, provider: llama_cpp, model: m.gguf, device: cpu, cost: {host: {usd_per_hour: 0.2, utilisation: 0.5}}}
  - {name: ds, provider: openai, model: deepseek-flash, base_url: "https://api.deepseek.com"}
  - {name: gpt, provider: openai, model: gpt-5-mini}
  - {name: odd, provider: openai, model: nobody-sells-this}
claims:
  - {id: cheaper, claim: "90% cheaper than gpt", arm: own, than: gpt}
  - {id: odd, claim: "90% cheaper than gpt", arm: odd, than: gpt}
"""
STARTED = datetime(2026, 11, 16, 2, 30, tzinfo=UTC)  # a Monday, DeepSeek's peak hours
SECOND = 1_000_000_000


class Fixed:
    def monotonic_ns(self):
        return 0

    def utc(self):
        return STARTED


def store_run(folder, n):
    (folder / "d.jsonl").write_text(
        "".join(json.dumps({"text": f"x{i}", "label": "a"}) + "\n" for i in range(n))
    )
    (folder / "s.yaml").write_text(SUITE)
    suite = load_suite(folder / "s.yaml")
    book = freeze_suite(suite, price_book(), STARTED)
    run_id = "20261116T023000Z-abcdef"
    plan = make_plan(suite, run_id, [arm.name for arm in suite.arms])
    manifest = Manifest(
        run_id=run_id,
        schema=1,
        created_utc=STARTED.isoformat(),
        tool_version="0",
        suite_name=suite.name,
        suite_version=suite.version,
        suite_path=suite.path,
        file_sha256=suite.file_sha256,
        measured_sha256=suite.measured_sha256,
        plan_sha256="",
        price_book_sha256=book.sha256,
        suite=suite_to_json(suite),
        arms_run=tuple(a.name for a in suite.arms),
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
    with ResultsStore.open(folder / "results") as store:
        store.create_run(manifest, plan.calls)
        session = store.start_session(run_id, clock=Fixed(), host={})
        origin = session.monotonic_origin_ns
        with store.writer(run_id) as writer:
            for k, call in enumerate(plan.calls):
                sent = origin + k * SECOND // 100
                stamps = (sent + 10_000_000,)
                timing = Timing(
                    None,
                    sent,
                    sent,
                    stamps[0],
                    stamps[0],
                    stamps,
                    sent + SECOND // 100,
                    "in_process",
                )
                usage = Usage(
                    input_fresh=100 + call.position % 7, output_visible=1, output_reasoning=0
                )
                writer.attempt(
                    Attempt(
                        call.id, 1, session.n, timing, Outcome.OK, 200, usage, None, None, "yes"
                    )
                )
                writer.record(CallRecord(call, "a", Outcome.OK, "stop", 1))
        store.end_session(run_id, session.n, "finished", {})
    return folder / "results"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return store_run(tmp_path_factory.mktemp("run"), 60)


def bench(capsys, *args):
    code = _guarded(["reprice", *args])
    out, err = capsys.readouterr()
    return code, out, err


def repriced(capsys, results, *args):
    code, out, err = bench(capsys, "--results", str(results), "--json", *args)
    assert code in (0, 1, 2), err
    return json.loads(out), code


def usd(cell):
    return Decimal(cell["usd"])


def test_as_of_another_day_at_its_own_hour(capsys, results):
    data, _ = repriced(capsys, results, "--as-of", "2026-11-15")  # Sunday: off-peak
    arms = data["arms"]
    assert usd(arms["ds"]["old"]) == 2 * usd(arms["ds"]["new"])
    assert usd(arms["gpt"]["old"]) == usd(arms["gpt"]["new"])
    assert usd(arms["own"]["old"]) == usd(arms["own"]["new"])


def test_parts_add_up_to_the_last_digit_and_unknown_is_null(capsys, results):
    data, _ = repriced(capsys, results, "--book", "installed")
    for name, sides in data["arms"].items():
        for cell in sides.values():
            if name == "odd":
                assert cell["usd"] is None
                assert "no price for" in cell["why_unknown"]
                continue
            assert sum(map(Decimal, cell["components"].values())) == usd(cell)
            assert float(cell["usd_per_1000"]) * 60 == pytest.approx(float(usd(cell)) * 1000)


def test_single_rates_flip_a_verdict(capsys, results):
    data, _ = repriced(capsys, results, "--price", "gpt.output=0.01", "--price", "gpt.input=0.01")
    verdict = next(v for v in data["verdicts"] if v["claim"] == "cheaper")
    assert (verdict["old"]["status"], verdict["new"]["status"]) == ("supported", "refuted")
    assert verdict["changed"] is True


def test_an_unknown_price_is_not_comparable_until_one_is_given(capsys, results):
    data, _ = repriced(capsys, results, "--price", "odd.input=0.001", "--price", "odd.output=0.001")
    verdict = next(v for v in data["verdicts"] if v["claim"] == "odd")
    assert verdict["old"]["status"] == "not_comparable"
    assert any(reason.startswith("price_unknown") for reason in verdict["old"]["reasons"])
    assert verdict["new"]["status"] == "supported"


def test_another_book(capsys, results, tmp_path):
    (tmp_path / "b.yaml").write_text(
        "book: mine\nprices:\n  - {id: mine, model: gpt-5-mini, provider: openai, source: s, dated:"
        " 2026-01-01, eras: [{start: 2026-01-01, rates: {input: 9, output: 9}}]}\n"
    )
    data, _ = repriced(capsys, results, "--book", str(tmp_path / "b.yaml"))
    assert data["arms"]["gpt"]["new"]["price_id"] == "mine@2026-01-01"


def test_text_shows_both_sides(capsys, results):
    code, out, _ = bench(capsys, "--results", str(results), "--price", "own.usd_per_hour=4")
    assert code == 1
    assert "own: $0.001111 -> $0.022222" in out
    assert "odd: unknown -> unknown" in out
    assert "claim cheaper: supported -> refuted" in out


def test_nothing_is_written(capsys, results):
    before = (results / "bench.db").read_bytes()
    repriced(capsys, results, "--as-of", "2026-11-15")
    assert (results / "bench.db").read_bytes() == before


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "nothing to change"),
        (["--as-of", "May"], "not a date"),
        (["--price", "gtp.output=1"], "did you mean 'gpt'"),
        (["--price", "gpt.watts=1"], "an API arm has no watts"),
        (["--book", "missing.yaml"], "cannot read the price book"),
        (["--book", "missing.json"], "cannot read the price book"),
        (["nosuchrun", "--as-of", "2026-01-01"], "nosuchrun"),
    ],
)
def test_bad_input(capsys, results, args, message):
    code, _, err = bench(capsys, *args, "--results", str(results))
    assert code == 3
    assert message in err


def test_what_no_price_can_change_is_taken_over(results):
    """Repricing keeps scores, times and tokens and gives exactly the tables that building them anew
    gives.
    """
    import dataclasses

    import numpy as np

    with ResultsStore.open(results, create=False, read_only=True) as store:
        stored = read_run(store, store.resolve_run("latest"))
    old = evaluate(stored)
    day = date(2026, 11, 15)
    quick, fresh = evaluate(stored, as_of=day, like=old), evaluate(stored, as_of=day)
    for one, two in ((quick.items, fresh.items), (quick.calls, fresh.calls)):
        for arm, rows in one.arms.items():
            for field in dataclasses.fields(rows):
                mine, theirs = getattr(rows, field.name), getattr(two.arms[arm], field.name)
                if isinstance(mine, np.ndarray):
                    np.testing.assert_array_equal(mine, theirs, field.name)
                elif field.name != "chunk_gaps_s":
                    assert mine == theirs, field.name
    assert [v.status for v in quick.verdicts] == [v.status for v in fresh.verdicts]
    assert quick.items.arms["ds"].usd.sum() < old.items.arms["ds"].usd.sum()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("b.yaml", "book: x\nprices: &a [*a]\n"),
        ("b.yaml", "book: x\nprices: [[]]\n"),
        ("b.yaml", "book: x\nprices: 5\n"),
        ("b.yaml", "book: x\naliases: [{provider: p}]\n"),
        ("b.yaml", "book: x\nnot_sold: {a: b}\n"),
        ("b.yaml", "book: x\nfx: [{currency: EUR, usd_per_unit: x}]\n"),
        (
            "b.yaml",
            "book: x\nprices: [{id: a, model: m, provider: p, source: s, dated: d, eras: 5}]\n",
        ),
        ("b.yaml", "5\n"),
        ("b.json", "[" * 100_000),
        ("b.json", "[]"),
        ("b.json", '{"schema": 1, "arms": {"alpha": 5}}'),
        ("b.json", '{"schema": 1, "arms": []}'),
        ("b.json", "5"),
    ],
)
def test_a_book_of_another_form_is_refused_in_words(tmp_path: Path, name: str, text: str) -> None:
    from claimbench.cli.books import prices_from
    from claimbench.errors import BenchError
    from claimbench.suite.load import suite_without_tasks

    (tmp_path / "s.yaml").write_text(
        "name: s\nversion: 1-0\n"
        "tasks:\n  - {name: t, dataset: {path: r.csv, target: t}, prompt: [{user: x}],"
        " answer: {type: text}, scorers: [exact]}\n"
        "arms: [{name: alpha, provider: openai, model: m}]\n"
    )
    (tmp_path / name).write_text(text)
    with pytest.raises(BenchError, match=name):
        prices_from(tmp_path / name, suite_without_tasks(tmp_path / "s.yaml"))


def test_a_book_that_never_ends_is_refused(tmp_path: Path) -> None:
    from claimbench.errors import BenchError
    from claimbench.pricing.price_lists.book import read_books

    (tmp_path / "b.yaml").symlink_to("/dev/zero")
    with pytest.raises(BenchError, match="no regular file"):
        read_books([tmp_path / "b.yaml"])
