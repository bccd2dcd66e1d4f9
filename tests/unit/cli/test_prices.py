"""``bench prices show | diff | check``: exit codes, sources, candidates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from claimbench.cli import _guarded

SUITE = """name: tiny
version: 1-0
description: two arms
tasks:
  - name: t
    dataset: {path: d.jsonl, target: label}
    prompt: [{user: "{{ text }}"}]
    answer: {type: label, labels: [a, b]}
    scorers: [label]
    max_tokens: 4
arms:
"""


def bench(capsys, *args):
    code = _guarded(list(args))
    out, err = capsys.readouterr()
    return code, out, err


def suite(tmp_path, *arms):
    (tmp_path / "d.jsonl").write_text('{"text": "x", "label": "a"}\n')
    path = tmp_path / "s.yaml"
    path.write_text(SUITE + "".join(f"  - {a}\n" for a in arms))
    return str(path)


def test_show_names_source_and_date(capsys):
    code, out, _ = bench(capsys, "prices", "show", "o3", "--as-of", "2025-05-20")
    assert code == 0
    assert "output: 40 USD per million tokens" in out
    assert "from 2025-06-10" in out
    assert "genai-prices" in out


def test_show_json_keeps_every_digit(capsys):
    code, out, _ = bench(capsys, "prices", "show", "qwen3-max", "--json")
    data = json.loads(out)
    assert code == 0
    assert data["rates"]["input"] == {"base": "1.2", "above": {"32000": "2.4", "128000": "3"}}
    assert data["entry"]["source"].startswith("https://")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["gpt-5-mini-2099-01-01"], "gpt-5-mini-2025-08-07"),
        (["gpt-oss-120b"], "groq:openai/gpt-oss-120b"),
        (["gpt-5-mini", "--provider", "opnai"], "openai"),
        (["deepseek-flash", "--as-of", "2026-01-01"], "no price before 2026-09-10"),
        (["gpt-5-mini", "--as-of", "soon"], "2026-05-01"),
    ],
)
def test_show_unknown_is_an_error_with_candidates(capsys, args, message):
    code, out, err = bench(capsys, "prices", "show", *args)
    assert code == 3
    assert out == ""
    assert message in err


def test_diff_lists_both_numbers(capsys, tmp_path):
    theirs = {
        "gpt-5-mini": {
            "litellm_provider": "openai",
            "input_cost_per_token": 2.5e-7,
            "output_cost_per_token": 1.9e-6,
        },
        "gpt-5": {
            "litellm_provider": "openai",
            "input_cost_per_token": 1.251e-6,
            "output_cost_per_token": 1e-5,
        },
        "deepseek/deepseek-flash": {"litellm_provider": "deepseek", "input_cost_per_token": 9e-7},
    }
    path = tmp_path / "map.json"
    path.write_text(json.dumps(theirs))
    code, out, _ = bench(capsys, "prices", "diff", "--map", str(path))
    assert code == 2
    assert "openai/gpt-5-mini output: ours $2, litellm's map $1.9 per million" in out
    assert "gpt-5 " not in out  # 0.08 % apart
    assert "depends on the hour" in out
    assert "3 prices in both sources, 2 rates differ" in out
    code, out, _ = bench(capsys, "prices", "diff", "gpt-5", "--map", str(path), "--json")
    assert (code, json.loads(out)["differences"]) == (0, [])


def test_diff_needs_a_second_source(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    code, _, err = bench(capsys, "prices", "diff")
    assert code == 3
    assert "claimbench[litellm]" in err
    for text in ("[1]", "{"):
        (tmp_path / "m.json").write_text(text)
        code, _, err = bench(capsys, "prices", "diff", "--map", str(tmp_path / "m.json"))
        assert code == 3
        assert "not litellm's price map" in err


def test_check_suite(capsys, tmp_path):
    good = suite(
        tmp_path,
        "{name: gpt, provider: openai, model: gpt-5-mini}",
        "{name: own, provider: llama_cpp, model: m.gguf, device: cpu,"
        " cost: {host: {usd_per_hour: 0.2, utilisation: 0.5, source: page, dated: 2026-11-01}}}",
    )
    code, out, err = bench(capsys, "prices", "check", good)
    assert code == 0, err
    assert "gpt: genai-prices" in out
    assert "own: $0.2 per hour at utilisation 0.5 (page, 2026-11-01)" in out


def test_check_says_what_is_unknown(capsys, tmp_path):
    path = suite(
        tmp_path,
        "{name: free, provider: llama_cpp, model: m.gguf, device: cpu}",
        "{name: odd, provider: openai, model: gpt-5-mini-2099-01-01}",
        "{name: flex, provider: openai, model: claude-haiku-4-5, base_url: 'https://api.anthropic.com/v1/',"
        " cost: {list: {tier: flex}}}",
    )
    code, out, _ = bench(capsys, "prices", "check", path)
    assert code == 2
    assert "free: unknown: no cost stated for a local arm" in out
    assert "odd: unknown: no price for" in out
    assert "candidates: gpt-5-mini-2025-08-07" in out
    assert "flex: unknown" in out
    code, out, _ = bench(capsys, "prices", "check", path, "--json")
    assert [row["known"] for row in json.loads(out)["arms"]] == [False, False, False]


def test_bundled_books_are_found_beside_the_providers():
    from claimbench.cli.books import bundled_books

    names = [Path(p).name for p in bundled_books()]
    assert names == sorted(names)
    written, collected = [n for n in names if n.endswith("yaml")], names
    assert written == ["aliases.yaml", "alibaba.yaml", "deepseek.yaml"]
    assert {"bedrock.json", "first_sold.json", "qwen.json", "tiers.json"} <= set(collected)


def test_second_opinion_becomes_a_warning_with_both_numbers():
    from datetime import UTC, datetime

    from claimbench.cli.books import price_book
    from claimbench.pricing.arms import resolve_arm
    from claimbench.pricing.price_lists.second_opinion import SecondOpinion, warnings_for
    from claimbench.types import Arm

    entry = {
        "litellm_provider": "openai",
        "input_cost_per_token": 5e-7,
        "output_cost_per_token": 2e-6,
    }
    arms = {
        "gpt": Arm("gpt", "openai", "gpt-5-mini"),
        "own": Arm("own", "openai", "gpt-5-mini", cost_model={"price": {"input": 9, "output": 9}}),
    }
    prices = {name: resolve_arm(arm, price_book()) for name, arm in arms.items()}
    moment = datetime(2026, 11, 16, tzinfo=UTC)
    said = warnings_for(prices, moment, SecondOpinion("litellm 1.0", {"gpt-5-mini": entry}))
    assert len(said) == 1
    assert "$0.25 (genai-prices" in said[0]
    assert "$0.5 (litellm 1.0)" in said[0]
    assert warnings_for(prices, moment, None) == []
