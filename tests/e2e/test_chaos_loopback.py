"""Two thousand calls over real sockets to a server in its own process that faults a fifth of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from claimbench.evaluation.evaluate import Evaluation, evaluate
from claimbench.evaluation.stored import read_run
from claimbench.store.results import ResultsStore
from claimbench.types import Attempt, Outcome

from .chaos_server import LABELS, STUCK, answer
from .conftest import Said

Bench = Callable[..., Said]
N = 1000
SERVER = Path(__file__).with_name("chaos_server.py")
RATES = {"a": (Decimal(1), Decimal(4)), "b": (Decimal(2), Decimal(8))}
SUITE = """\
name: chaos
version: 1-0
errors: {{max_retries: 2, backoff_s: 0.01, backoff_max_s: 0.1, timeout_s: 6, stop_arm_after: 100}}
order: {{seed: 135}}  # asks the stuck ticket nearly last: sooner, the key's adaptive limit lets all others wait for it
tasks:
  - name: route
    dataset: {{path: rows.csv, target: team, id: id}}
    prompt: [{{user: "{{{{ text }}}}"}}]
    answer: {{type: label, labels: [billing, delivery, tech], constrain: false}}
    scorers: [label]
    max_tokens: 8
arms:
  - {{name: a, provider: compatible, model: m1, base_url: "{url}", concurrency: 24,
     cost: {{price: {{input: 1, output: 4, source: t, dated: 2026-01-01}}}}}}
  - {{name: b, provider: compatible, model: m2, base_url: "{url}", concurrency: 8,
     cost: {{price: {{input: 2, output: 8, source: t, dated: 2026-01-01}}}}}}
claims: [{{claim: "b is as accurate as a"}}]
"""


@contextmanager
def chaos_server(share: float) -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, str(SERVER), str(share)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        port = json.loads(child.stdout.readline())["port"]
        try:
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            child.terminate()


def measured(folder: Path, bench: Bench, share: float) -> tuple[Evaluation, Said]:
    folder.mkdir()
    rows = [f"t{i},ticket #{i},{LABELS[i % 3]}" for i in range(N)]
    (folder / "rows.csv").write_text("id,text,team\n" + "\n".join(rows) + "\n")
    with chaos_server(share) as url:
        (folder / "chaos.yaml").write_text(SUITE.format(url=url))
        said = bench(
            "run", str(folder / "chaos.yaml"), "--results", str(folder / "results"), timeout=280
        )
    with ResultsStore.open(folder / "results", create=False, read_only=True) as store:
        (run,) = store.runs()
        store.verify(run.run_id)
        return evaluate(read_run(store, run.run_id)), said


def stated(attempt: Attempt) -> bool:
    """Whether the server said what the attempt took."""
    return attempt.usage is not None and attempt.usage.source != "unknown"


@pytest.mark.slow
def test_two_thousand_calls_with_a_fifth_of_faults_over_loopback(
    tmp_path: Path, bench: Bench
) -> None:
    calm, calm_said = measured(tmp_path / "calm", bench, 0.0)
    assert calm_said.code in (0, 1, 2), calm_said.err
    found, said = measured(tmp_path / "chaos", bench, 0.2)
    records, attempts = found.stored.records, found.stored.attempts

    # It ended by itself, and says so: calls that met three faults in a row are missing, nothing
    # else is.
    assert said.code == 4, said.err
    assert "calls failed" in said.err
    assert Counter(Counter(r.call.id for r in records).values()) == {1: 2 * N}
    last = {a.call_id: a for a in attempts}
    assert all(
        r.outcome is last[r.call.id].outcome and r.attempt == last[r.call.id].number
        for r in records
    )
    faulty = sum(not a.outcome.answered for a in attempts)
    assert 0.16 < faulty / len(attempts) < 0.24
    assert {a.outcome for a in attempts} >= {
        Outcome.RATE_LIMITED,
        Outcome.SERVER_FAULT,
        Outcome.INCOMPLETE_STREAM,
        Outcome.MALFORMED_STREAM,
        Outcome.EMPTY,
        Outcome.REFUSED,
        Outcome.TRUNCATED,
        Outcome.MODEL_TIMEOUT,
        Outcome.OK,
    }
    missing = [r for r in records if r.outcome.missing]
    assert 0 < len(missing) < 60

    # No answer was made of a fault: call by call, what was answered is what the calm run was
    # answered.
    before = {(r.call.arm, r.call.sample_id): r for r in calm.stored.records}
    assert len(before) == 2 * N
    assert all(r.outcome.answered for r in before.values())
    for record in records:
        if record.outcome.answered:
            same = before[record.call.arm, record.call.sample_id]
            number = int(record.call.sample_id[1:])
            assert (record.outcome, record.text) == (
                same.outcome,
                same.text,
            ) or number % STUCK == STUCK - 1
            assert record.outcome is not Outcome.OK or record.text == answer(number)

    # Accuracy on the answered calls equals the calm run's on the same calls.
    for arm in ("a", "b"):
        items, same_items = found.items.arms[arm], calm.items.arms[arm]
        assert found.items.items == calm.items.items
        scored = items.score == items.score
        assert int(scored.sum()) == N - int(items.n_missing.sum())
        assert items.score[scored].mean() == same_items.score[scored].mean()

    # No dollar twice: a call costs its attempts' tokens, each priced once, those of a fault that
    # states them too; what nobody can know makes a call unknown.
    owner = {r.call.id: r.call.arm for r in records}
    assert len({(a.call_id, a.number) for a in attempts}) == len(attempts)
    paid = [a for a in attempts if stated(a)]
    assert max(Counter(a.call_id for a in paid if a.outcome.answered).values()) == 1
    assert {a.outcome for a in paid if a.outcome.missing} == {Outcome.SERVER_FAULT}
    want = dict.fromkeys(owner, Decimal(0))
    open_bills = [a for a in attempts if not stated(a) and a.billable != "no"]
    assert any(a.usage_raw for a in open_bills), "usage that contradicts itself is no bill"
    unknown = {a.call_id for a in open_bills}
    for attempt in paid:
        usage, (given, written) = attempt.usage, RATES[owner[attempt.call_id]]
        assert usage is not None
        want[attempt.call_id] += (
            given * (usage.input_total or 0) + written * (usage.output_total or 0)
        ) / 10**6
    costs = found.costs.calls
    assert {call for call, cost in costs.items() if cost.amount is None} == unknown
    assert {call: cost.amount for call, cost in costs.items() if cost.amount is not None} == {
        call: amount for call, amount in want.items() if call not in unknown
    }
    assert len(costs) == 2 * N
    assert sum(want.values()) > 0
