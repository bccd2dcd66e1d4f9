"""A price book of one's own on ``run``, ``plan``, ``prices show`` and ``prices check``; and ``check``
never says otherwise than ``plan``.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from claimbench.cli import _guarded

from .test_prices import suite

BOOK = """\
book: ours
prices:
  - id: ours:acme/big
    model: big
    provider: acme
    names: [big-1]
    source: contract 4711
    dated: 2026-11-01
    discount: 0.2
    variants:
      - {when: {processing: batch}, rates: {input: 1, output: 4}}
    eras:
      - {start: 2026-01-01, rates: {input: 2, output: 8, web_search: 0.01}}
  - id: ours:openai/gpt-5-mini
    model: gpt-5-mini
    provider: openai
    source: contract 4712
    dated: 2026-11-01
    eras:
      - {start: 2026-01-01, rates: {input: 0.2, output: 1.6}}
hosts: {llm.acme.example: acme}
"""


@pytest.fixture
def book(tmp_path: Path) -> str:
    (tmp_path / "ours.yaml").write_text(BOOK)
    return str(tmp_path / "ours.yaml")


def bench(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    code = _guarded(list(args))
    out, err = capsys.readouterr()
    return code, out, err


def test_show_reads_an_own_book(capsys: pytest.CaptureFixture[str], book: str) -> None:
    code, out, _ = bench(capsys, "prices", "show", "big-1", "--provider", "acme", "--book", book)
    assert code == 0
    assert "input: 1.6 USD" in out, "less the discount"
    assert "contract 4711" in out
    code, out, _ = bench(capsys, "prices", "show", "gpt-5-mini", "--book", book)
    assert "input: 0.2 USD" in out, "ahead of the installed ones"
    assert bench(capsys, "prices", "show", "big-1", "--provider", "acme")[0] == 3


def test_check_and_plan_read_an_own_book_by_seller_and_by_host(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, book: str
) -> None:
    path = suite(
        tmp_path,
        '{name: by-host, provider: compatible, model: big, base_url: "https://llm.acme.example/v1"}',
        "{name: by-name, provider: openai, model: x, cost: {list: {provider: acme, model: big, tier: batch}}}",
    )
    code, out, _ = bench(capsys, "prices", "check", path, "--book", book)
    assert code == 0, out
    assert "input: 1.6 USD" in out
    assert "input: 0.8 USD" in out
    code, out, _ = bench(capsys, "plan", path, "--book", book, "--json")
    assert code == 0
    assert all(arm["usd_typical"] for arm in json.loads(out)["arms"])
    assert bench(capsys, "prices", "check", path)[0] == 2


def test_a_book_that_is_wrong_is_one_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "bad.yaml").write_text(BOOK.replace("discount: 0.2", "discount: 1.5"))
    for command in (["prices", "show", "big", "--provider", "acme"],):
        code, _, err = bench(capsys, *command, "--book", str(tmp_path / "bad.yaml"))
        assert code == 3
        assert "below 1" in err
    code, _, err = bench(capsys, "prices", "show", "big", "--book", str(tmp_path / "none.yaml"))
    assert code == 3
    assert "cannot read" in err


def test_a_resumed_run_keeps_its_prices(capsys: pytest.CaptureFixture[str], book: str) -> None:
    code, _, err = bench(capsys, "run", "--resume", "latest", "--book", book)
    assert code == 3
    assert "keeps the prices" in err


COSTS = [
    "{list: {provider: deepseek, model: deepseek-chat}}",
    "{list: {provider: deepseek, model: deepseek-v4-pro}}",
    "{list: {provider: openai, model: gpt-4-turbo, tier: priority}}",
    "{list: {provider: openai, model: gpt-5-mini, tier: flex}}",
    "{list: {provider: openai, model: gpt-5-mini, context: {nothing: such}}}",
    "{list: {provider: alibaba, model: qwen-plus}}",
    "{list: {provider: perplexity, model: sonar-deep-research}}",
    "{price: {input: 2, output: 8}}",
    "{price: {input: 0, output: 0}}",
    "{price: {input: 2, output: 8, currency: CNY}}",
    "{price: {input: 2, output: 8, currency: EUR}, fx: [{currency: EUR, usd_per_unit: 1.16, dated: 2025-08-01, source: ECB}]}",
]  # fmt: skip


@pytest.mark.parametrize("cost", COSTS)
def test_check_and_plan_never_disagree(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, cost: str
) -> None:
    path = suite(tmp_path, f"{{name: a, provider: openai, model: m, cost: {cost}}}")
    code, out, _ = bench(capsys, "prices", "check", path, "--json")
    (checked,) = json.loads(out)["arms"]
    assert (code == 0) == checked["known"]
    _, out, _ = bench(capsys, "plan", path, "--json")
    (planned,) = json.loads(out)["arms"]
    assert (planned["usd_typical"] is not None) == checked["known"], (checked, planned)


def test_check_says_where_there_is_no_second_opinion(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = suite(
        tmp_path,
        "{name: a, provider: openai, model: x, cost: {list: {provider: volcengine, model: doubao-seed-evolving}}}",
    )
    _, out, _ = bench(capsys, "prices", "check", path)
    assert "no second opinion" in out
