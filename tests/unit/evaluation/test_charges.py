"""What a vendor says it charged is the word of a party: no verdict stands on it alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from claimbench.clock import FakeClock
from claimbench.evaluation.dollars.charges import _Sums, any_charged
from claimbench.evaluation.evaluate import Evaluation, evaluate
from claimbench.evaluation.lines.charge_lines import charge_lines
from claimbench.evaluation.stored import StoredRun, read_run
from claimbench.evaluation.thresholds import METRICS
from claimbench.importers.detect import read_files
from claimbench.importers.imported import ImportOptions
from claimbench.importers.imported_run import build_run
from claimbench.importers.stored_run import store_run
from claimbench.packed import Packed
from claimbench.pricing.arms import ArmPrice, resolve_arm
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.store.results import ResultsStore
from claimbench.tables.priced import Charges
from claimbench.types import Attempt, ClaimSpec, Cost, Verdict, reason_codes

N = 60
GOOD = {"input": 1, "output": 10}
"""$0.002 a request."""
HALF = {"input": 0.5, "output": 5}
"""$0.001: neither claim holds."""
TWENTIETH = {"input": 0.05, "output": 0.5}
"""$0.0001: both hold."""
EACH = {"per_request": 0.001}
CLAIMS = ("cheap is 90% cheaper than good", "cheap costs under $0.50 per 1,000 requests")
Said = Callable[[int], str | None]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    """A run of 1,000 tokens in and 100 out, whose vendors say nothing."""
    folder = tmp_path_factory.mktemp("charges")
    table = folder / "t.csv"
    rows = (f"s{i},{arm},1,1000,100\n" for i in range(N) for arm in ("cheap", "good"))
    table.write_text("id,model,score,input_tokens,output_tokens\n" + "".join(rows))
    run = build_run(
        read_files([table], ImportOptions()),
        name="import",
        claims=[ClaimSpec(f"c{i}", text, None, {}) for i, text in enumerate(CLAIMS)],
        book=PriceBook(use_genai=False),
        clock=FakeClock(datetime(2026, 1, 2, tzinfo=UTC)),
    )
    with ResultsStore.open(folder / "results") as store:
        return read_run(store, store_run(store, run))


def priced(stored: StoredRun, cheap: dict[str, float]) -> dict[str, ArmPrice]:
    book = PriceBook(use_genai=False)
    return {
        arm.name: resolve_arm(
            replace(arm, cost_model={"price": GOOD if arm.name == "good" else cheap}), book
        )
        for arm in stored.suite.arms
    }


def judged(stored: StoredRun, price: dict[str, float], **said: Said) -> Evaluation:
    """Judge the run as if its vendors had said that of each call."""
    arm_of = {call.id: (call.arm, int(call.sample_id.removeprefix("s"))) for call in stored.calls}

    def charged(attempt: Attempt) -> Attempt:
        arm, number = arm_of[attempt.call_id]
        usd = said[arm](number) if arm in said else None
        if usd is not None and usd.startswith("at most "):
            bound = Decimal(usd.removeprefix("at most "))
            return replace(attempt, usage=None, billed_usd=Decimal("1e-9"), reserved_usd=bound)
        return attempt if usd is None else replace(attempt, billed_usd=Decimal(usd))

    attempts = tuple(map(charged, stored.attempts))
    return evaluate(replace(stored, attempts=attempts), prices=priced(stored, price))


def always(usd: str) -> Said:
    return lambda _number: usd


def codes_of(verdict: Verdict) -> set[str]:
    codes = reason_codes(verdict.flags) | reason_codes(verdict.reasons)
    codes |= {code for one in verdict.readings for code in reason_codes(one.reasons)}
    return {code.removeprefix("charges_") for code in codes if code.startswith("charges_")}


TABLE: list[tuple[dict[str, float], dict[str, Said], str, str, set[str]]] = [
    (HALF, {}, "refuted", "refuted", set()),
    (TWENTIETH, {}, "supported", "supported", set()),
    # far below the prices, in favour of the claim
    (HALF, {"cheap": always("1e-9")}, "inconclusive", "inconclusive", {"differ", "decide"}),
    (EACH, {"cheap": always("1e-9")}, "inconclusive", "inconclusive", {"differ", "decide"}),
    (HALF, {"cheap": always("0.000101")}, "inconclusive", "inconclusive", {"differ", "decide"}),
    (TWENTIETH, {"cheap": always("1e-9")}, "supported", "supported", {"differ"}),
    # not far, and yet what turns it
    ({"input": 0.11, "output": 1.4}, {"cheap": always("0.0002")}, "inconclusive", "supported", {"decide"}),
    # the rival's, far above; one of many
    (HALF, {"good": always("0.5")}, "inconclusive", "refuted", {"differ", "decide"}),
    (HALF, {"good": lambda n: "9" if n == 7 else "0.002"}, "inconclusive", "refuted", {"differ"}),
    (TWENTIETH, {"cheap": lambda n: "9" if n == 7 else "0.0001"}, "inconclusive", "inconclusive", {"differ"}),
    # against the claim
    (TWENTIETH, {"cheap": always("0.01")}, "inconclusive", "inconclusive", {"differ", "decide"}),
    (HALF, {"cheap": always("0.01")}, "refuted", "refuted", {"differ"}),
    # nothing, or $0: the prices stand in
    (HALF, {"cheap": always("0")}, "refuted", "refuted", {"silent"}),
    (HALF, {"cheap": lambda n: "0" if n % 2 else "0.001"}, "refuted", "refuted", {"silent"}),
    (HALF, {"cheap": lambda n: None if n % 2 else "0.001"}, "refuted", "refuted", {"silent"}),
    # a charge, and no tokens to check it by
    (HALF, {"cheap": always("at most 0.004")}, "inconclusive", "inconclusive", {"decide"}),
    (TWENTIETH, {"cheap": lambda n: "at most 0.0002" if n == 7 else "0.0001"}, "supported", "supported", set()),
    # as the prices say, or nearly
    (HALF, {"cheap": always("0.0009"), "good": always("0.0019")}, "refuted", "refuted", set()),
    (TWENTIETH, {"cheap": always("0.00011")}, "supported", "supported", set()),
]  # fmt: skip


@pytest.mark.parametrize(("cheap", "said", "ratio", "limit", "codes"), TABLE)
def test_no_verdict_stands_on_a_charge_alone(
    stored: StoredRun,
    cheap: dict[str, float],
    said: dict[str, Said],
    ratio: str,
    limit: str,
    codes: set[str],
) -> None:
    found = judged(stored, cheap, **said)
    relative, absolute = found.verdicts
    reading = relative.readings[0]
    assert reading.name == "per_request"
    assert (reading.status, absolute.status) == (ratio, limit), (relative, absolute)
    assert codes_of(relative) | codes_of(absolute) == codes
    if "differ" in codes:
        assert " stated, " in relative.sentence
        assert " at its prices" in relative.sentence
        assert " stated, " in reading.sentence
        assert any("far from its prices" in line for line in charge_lines(found.context.charges))


def test_a_charge_that_nothing_can_check_is_said_beside_the_verdict(stored: StoredRun) -> None:
    found = judged(stored, {"input": 0, "output": 0}, cheap=always("0.0001"))
    relative = found.verdicts[0]
    assert relative.status == "supported"
    assert codes_of(relative) == {"unchecked"}
    assert "cheap's dollars are as stated with its answers" in relative.sentence
    (line,) = charge_lines(found.context.charges)
    assert "no price is at hand to hold them against" in line


def test_a_limit_is_not_kept_by_a_charge_alone(stored: StoredRun) -> None:
    _, figure = METRICS["usd_per_1k"]
    for usd, mean in (("1e-9", 1.0), ("0.005", 5.0)):
        found = judged(stored, HALF, cheap=always(usd))
        arm = found.items.arms["cheap"], found.calls.arms["cheap"]
        assert figure(*arm) == pytest.approx(mean)


@pytest.mark.parametrize(
    ("said", "differ"),
    [
        (Charges(1.0, 1.9, 10), False),
        (Charges(1.0, 2.0, 10), True),
        (Charges(2.0, 1.0, 10), True),
        (Charges(1.0, 0.0, 10), True),
        (Charges(10.0, 10.4, 100, far=1, apart=0.5), False),
        (Charges(10.0, 10.4, 100, far=1, apart=0.6), True),
        (Charges(unchecked=5), False),
        (Charges(silent=5), False),
    ],
)
def test_what_is_far(said: Charges, differ: bool) -> None:
    assert said.differ is differ


def test_dollars_stay_as_stated_and_the_tables_hold_both(stored: StoredRun) -> None:
    found = judged(stored, HALF, cheap=always("1e-9"))
    rows = found.items.arms["cheap"]
    assert rows.usd == pytest.approx(1e-9)
    assert rows.priced is not None
    assert rows.priced == pytest.approx(0.001)
    assert found.items.arms["good"].priced is None
    again = evaluate(found.stored, prices=priced(stored, TWENTIETH), like=found)
    assert again.items.arms["cheap"].priced == pytest.approx(0.0001)
    silent = evaluate(stored, prices=priced(stored, HALF), like=found)
    assert silent.items.arms["cheap"].priced is None


def test_whether_anything_was_charged_is_asked_without_making_a_row(
    stored: StoredRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = list(stored.attempts)
    free = Packed.of(Attempt, [replace(attempts[0], billed_usd=Decimal(0))])
    monkeypatch.setattr("claimbench.packed.nested_values", None)
    assert not any_charged(stored.attempts, ())
    assert any_charged(stored.attempts, free)


def test_answers_without_a_charge_count_at_prices_only_where_there_are_some() -> None:
    sums = _Sums()
    sums.add(Decimal("0.1"), Cost(Decimal("0.1"), basis="billed"))
    sums.add(None, Cost(None, why_unknown="no price"))
    assert sums.done().silent == 0
    sums.add(None, Cost(Decimal("0.1"), basis="list_price"))
    assert sums.done().silent == 1
