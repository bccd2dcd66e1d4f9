"""A run with charges, unknown dollars, failed calls, inputs and targets that nobody told, clusters
and a judge, sent through every format and back: figures, bases and unknowns are the same, and no
verdict is more decided.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from claimbench.cli.books import price_book
from claimbench.cli.commands.export import export_command
from claimbench.clock import FakeClock
from claimbench.evaluation.evaluate import Evaluation, evaluate
from claimbench.evaluation.stored import read_run
from claimbench.importers.detect import read_files
from claimbench.importers.imported import ImportOptions
from claimbench.importers.imported_run import build_run
from claimbench.importers.stored_run import store_run
from claimbench.pricing.told import ToldDollars, dollar_fields, read_dollars
from claimbench.store.results import ResultsStore
from claimbench.types import ClaimSpec, Cost, Json

N = 60
FORMATS = {"csv": ["--format", "csv"], "jsonl": ["--format", "jsonl"]}
TOOLS = {name: ["--to", name] for name in ("inspect", "lm-eval", "every-eval-ever")}
CLAIMS = (
    "good is 80% cheaper than charge",
    "good is 40% cheaper than open",
    "good costs under $0.6 per 1,000 requests",
    "charge is more accurate than good",
    "flaky costs under $1.2 per 1,000 requests",
    "flaky is cheaper than charge",
)
DOLLARS = ("usd", "usd_low", "usd_high", "priced", "priced_low", "priced_high")


def rows() -> list[dict[str, Json]]:
    """Our own rows: good and flaky at prices, charge with a vendor's word that its prices do not
    bear out, open with bills that are known within bounds.
    """
    made: list[dict[str, Json]] = []
    for item in range(N):
        wobble = 1 + (item * 7 % 11) / 50
        dollars: dict[str, dict[str, Json]] = {
            "good": {"cost_usd": 0.0004 * wobble, "cost_basis": "list_price"},
            "charge": {
                "cost_usd": 0.005 * wobble,
                "cost_basis": "billed",
                "at_prices_usd": 0.0006 * wobble,
            },
            "open": {"cost_usd": 0.0009 * wobble, "cost_basis": "list_price"},
            "flaky": {"cost_usd": 0.0008 * wobble, "cost_basis": "host_time"},
        }
        if item % 10 == 0:
            dollars["open"] = {
                "cost_basis": "list_price",
                "cost_usd_low": 0.0,
                "cost_usd_high": 0.004,
            }
        for place, (arm, told) in enumerate(dollars.items()):
            failed = arm == "flaky" and item % 20 == 3
            made.append(
                {
                    "arm": arm,
                    "task": "odd",
                    "sample_id": f"s{item}",
                    "epoch": 0,
                    "input": f"question {item}" if item < N // 2 else None,
                    "target": None if item % 2 else "yes",
                    "outcome": "server_fault" if failed else "ok",
                    "text": "" if failed else "yes",
                    "score": None if failed else float((item + place) % 5 > 0),
                    "score_status": None if failed else "scored",
                    "provenance": "measured",
                    "cluster": f"c{item // 2}",
                    "e2e_ms": None if failed else 400.0 + item,
                    "error": "boom" if failed else None,
                    "judged_by": "judge",
                    **told,
                    **({"cost_usd": 0.0, "cost_basis": "list_price"} if failed else {}),
                }
            )
    return made


def stored(folder: Path, files: list[Path]) -> Evaluation:
    claims = [ClaimSpec(f"claim-{n}", text, None, {}) for n, text in enumerate(CLAIMS)]
    run = build_run(
        read_files(files, ImportOptions()),
        name="x",
        claims=claims,
        book=price_book(),
        clock=FakeClock(datetime(2026, 1, 2, tzinfo=UTC)),
    )
    with ResultsStore.open(folder) as store:
        return evaluate(read_run(store, store_run(store, run)))


@pytest.fixture
def first(tmp_path: Path) -> Evaluation:
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows()), encoding="utf-8")
    return stored(tmp_path / "first", [path])


def exported(tmp_path: Path, form: str, *more: str) -> list[Path]:
    output = tmp_path / ("out" if form in TOOLS else f"run.{form}")
    given = [*(TOOLS | FORMATS)[form], "--results", str(tmp_path / "first"), "--output"]
    done = CliRunner().invoke(export_command, [*given, str(output), *more], standalone_mode=False)
    assert done.exception is None, done.output
    return sorted(p for p in output.rglob("*") if p.is_file()) if output.is_dir() else [output]


def test_what_the_first_run_says(first: Evaluation) -> None:
    by_text = {verdict.claim.text: verdict.status for verdict in first.verdicts}
    assert by_text["good is 80% cheaper than charge"] == "inconclusive"
    assert by_text["good costs under $0.6 per 1,000 requests"] == "supported"
    assert list(first.context.charges) == ["charge"]
    assert first.items.arms["flaky"].cost_why_unknown == ()
    assert first.items.arms["open"].cost_why_unknown


@pytest.mark.parametrize("form", [*FORMATS, *TOOLS])
@pytest.mark.parametrize("profile", ["full", "none"])
def test_nothing_is_more_decided(
    tmp_path: Path, first: Evaluation, form: str, profile: str
) -> None:
    again = stored(tmp_path / "second", exported(tmp_path, form, "--redact", profile))
    assert sorted(again.items.arms) == sorted(first.items.arms)
    assert len(set(again.items.cluster)) == len(set(first.items.cluster)) == N // 2
    for name, mine in first.items.arms.items():
        other = again.items.arms[name]
        assert other.score == pytest.approx(mine.score, nan_ok=True)
        assert other.cost_bases == mine.cost_bases
        assert bool(other.cost_why_unknown) == bool(mine.cost_why_unknown)
        for column in DOLLARS:
            before, after = getattr(mine, column), getattr(other, column)
            assert (before is None) == (after is None), (name, column)
            if before is not None:
                assert np.asarray(after) == pytest.approx(before, rel=1e-9, nan_ok=True)
    assert again.context.charges.keys() == first.context.charges.keys()
    assert again.context.charges["charge"] == first.context.charges["charge"]
    assert [v.status for v in again.verdicts] == [v.status for v in first.verdicts]
    (task,) = again.stored.suite.tasks
    assert task.judged_by == "judge"
    targets = {sample.id: sample.target for sample in task.samples}
    assert [targets[f"s{n}"] for n in range(1, N, 2)] == [None] * (N // 2)
    assert targets["s0"] == ("yes" if profile == "full" else None)


def test_dollars_are_read_as_what_they_were() -> None:
    one, two = Decimal("0.05"), Decimal("0.0085")
    listed = Cost(two, basis="list_price")
    open_ = Cost(None, basis="list_price", low=Decimal(0), high=two)
    billed = Cost(one, basis="billed")
    cases: list[tuple[Cost, Cost | None, Decimal | None, ToldDollars | None]] = [
        (listed, None, None, ToldDollars("list_price", two)),
        (open_, None, None, ToldDollars("list_price", None, Decimal(0), two)),
        (billed, listed, one, ToldDollars("list_price", two)),
        (billed, open_, one, ToldDollars("list_price", None, Decimal(0), two)),
        (billed, billed, one, None),
        (Cost(one, basis="list_price"), listed, one, ToldDollars("list_price", two)),
    ]
    for cost, at_prices, charge, told in cases:
        fields: dict[str, Json] = {
            name: str(value)
            for name, value in dollar_fields(cost, at_prices).items()
            if value is not None
        }
        assert read_dollars(fields, failed=False) == (charge, told), cost


def test_a_cost_without_a_basis_is_a_charge_that_nothing_checks() -> None:
    assert read_dollars({"cost_usd": "0.05"}, failed=False) == (Decimal("0.05"), None)
    assert read_dollars({"cost_usd": 0.05, "cost_basis": "so so"}, failed=False)[1] is None
    assert read_dollars({"cost_usd": 0, "cost_basis": "list_price"}, failed=False) == (
        None,
        ToldDollars("list_price"),
    )
    assert read_dollars({"cost_usd": "nan", "cost_basis": "billed"}, failed=True) == (None, None)


def test_a_failed_call_of_unknown_cost_leaves_the_dollars_of_requests_known(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    lines = [f"s{n},a,1,0.00{n % 7 + 1},0.5," for n in range(N)]
    lines += ["s99,a,,,0.5,boom"]
    head = "id,model,score,cost_usd,latency_s,error"
    path.write_text("\n".join([head, *lines]), encoding="utf-8")
    run = build_run(
        read_files([path], ImportOptions()),
        name="x",
        claims=(),
        book=price_book(),
        clock=FakeClock(datetime(2026, 1, 2, tzinfo=UTC)),
    )
    with ResultsStore.open(tmp_path / "other") as store:
        arm = evaluate(read_run(store, store_run(store, run))).items.arms["a"]
    assert np.isfinite(arm.usd).sum() == N
    assert arm.cost_why_unknown == ()
