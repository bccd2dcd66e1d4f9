"""Every way of stating usage that is on record, through ``bench run``: the bill is exact, or unknown
with a range that holds it; and no usage costs an answer or a second request.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal

import pytest

from claimbench.evaluation.evaluate import Evaluation, evaluate
from claimbench.evaluation.stored import read_run
from claimbench.store.results import ResultsStore

from . import forked
from .conftest import environment
from .usage_shapes import SHAPES, Shape, serve

CALLS = 2
HEAD = """\
name: shapes
version: 1-0
errors: {max_retries: 2, backoff_s: 0.01, timeout_s: 20}
tasks:
  - name: t
    dataset: {path: d.jsonl, id: id, target: a}
    prompt: [{user: "{{ q }} Answer yes or no."}]
    answer: {type: label, labels: ["yes", "no"], constrain: false}
    scorers: [label]
    max_tokens: 20
arms:
"""
PRICE = (
    "{input: 1, output: 4, cache_read: 0.1, cache_write_5m: 1.25, cache_write_1h: 2,"
    " source: by hand, dated: 2026-11-01}"
)


def arm_line(shape: Shape, url: str) -> str:
    provider = {"messages": "anthropic", "gemini": "gemini"}.get(shape.protocol, "compatible")
    more = ", options: {api: responses}" if shape.protocol == "responses" else ""
    path = "" if provider == "anthropic" else ("/v1beta" if provider == "gemini" else "/v1")
    return (
        f'  - {{name: {shape.name}, provider: {provider}, model: m, base_url: "{url}/{shape.name}'
        f'{path}", concurrency: 2, cost: {{price: {PRICE}}}{more}}}\n'
    )


@pytest.fixture(scope="module")
def measured(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Evaluation, list[str]]]:
    folder = tmp_path_factory.mktemp("shapes")
    rows = [{"id": f"r{n}", "q": f"Is {n} a number?", "a": "yes"} for n in range(CALLS)]
    (folder / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for url, log in serve():
        (folder / "s.yaml").write_text(HEAD + "".join(arm_line(s, url) for s in SHAPES))
        keys = dict.fromkeys(
            ("ANTHROPIC_API_KEY", "GEMINI_API_KEY"), "a-key-of-the-test-0123456789"
        )
        words = ["run", "s.yaml", "--results", "r", "--no-report"]
        done = forked.run(words, cwd=folder, env=environment(keys))
        assert done.returncode in (0, 4), done.stderr
        with ResultsStore.open(folder / "r", create=False, read_only=True) as store:
            yield evaluate(read_run(store, store.resolve_run(None))), log


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_bill_is_exact_or_unknown_with_a_range_that_holds_it(
    measured: tuple[Evaluation, list[str]], shape: Shape
) -> None:
    evaluation, log = measured
    mine = [record for record in evaluation.stored.records if record.call.arm == shape.name]
    assert [record.outcome.value for record in mine] == ["ok"] * CALLS, "no usage costs an answer"
    assert log.count(shape.name) == CALLS, "nor is anything asked twice for its sake"
    truth = Decimal(str(shape.micro)) / 1_000_000
    for record in mine:
        cost = evaluation.costs.calls[record.call.id]
        if shape.exact:
            assert cost.amount == truth, cost.why_unknown
            continue
        assert cost.amount is None
        assert cost.why_unknown
        assert cost.low is not None
        assert cost.high is not None
        assert cost.low <= truth <= cost.high


def test_every_shape_has_a_name_of_its_own() -> None:
    assert len({shape.name for shape in SHAPES}) == len(SHAPES)
