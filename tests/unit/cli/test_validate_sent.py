"""What `bench validate` and `bench plan` say of what is sent, where it goes, and what does nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from claimbench.cli import main

SUITE = """\
name: t
version: 1-0
sampling: {temperature: 0, seed: 7}
load: {mode: closed, concurrency: 2}
tasks:
  - name: route
    dataset: {path: rows.csv, id: id, target: team}
    prompt: [{user: "{{ text }}"}]
    answer: {type: label, labels: [a, b]}
    scorers: [label]
    stop: ["END"]
arms:
"""
ROWS = "id,text,team\n1,one,a\n2,two,b\n"


def write(folder: Path, arms: str, text: str = SUITE) -> Path:
    (folder / "rows.csv").write_text(ROWS)
    path = folder / "s.yaml"
    path.write_text(text + arms)
    return path


def bench(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    try:
        main(list(arguments))
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    shown = capsys.readouterr()
    return code, shown.out + shown.err


@pytest.mark.parametrize(("arm", "line", "said"), [
    ("{name: x, provider: anthropic, model: claude-haiku-4-5}", 13,
     "cannot be sent seed 7: the Messages API takes no seed"),
    ("{name: x, provider: deepseek, model: deepseek-chat}", 13, "cannot be sent seed 7"),
    ("{name: x, provider: bedrock, model: bedrock/m}", 13, "cannot be sent seed 7"),
    ("{name: x, provider: openai, model: gpt-4.1, options: {api: responses}}", 13, "Responses API"),
    ("{name: x, provider: openai, model: gpt-5-mini}", 13, "cannot be sent temperature 0.0"),
    ("{name: x, provider: openai, model: o4-mini, omit: temperature}", 13,
     "cannot be sent stop ['END']"),
    ("{name: x, provider: gemini, model: gemini-3.1-pro, sampling: {reasoning_effort: none}}", 13,
     "cannot be sent reasoning_effort 'none'"),
    ("{name: x, provider: compatible, model: m}", 13, "needs a base_url"),
    ("{name: x, provider: anthropic, model: claude-haiku-4-5, omit: seed, options: {extra_body:"
     " {system: be brief}}}", 13, "extra_body.system would replace the task's prompt"),
    ("{name: x, provider: litellm, model: openai/m, options: {extra: {api_base: 'https://x.y'}}}",
     13, "extra.api_base would replace the arm's address"),
])  # fmt: skip
def test_what_cannot_be_sent_is_an_error_at_its_line(
    arm: str, line: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, f"  - {arm}\n")
    for command in ("validate", "plan", "run"):
        code, shown = bench(command, str(path), capsys=capsys)
        assert code != 0
        assert f"s.yaml:{line}:" in shown
        assert said in shown
        assert "Traceback" not in shown


def test_an_arms_own_sampling_is_the_line_that_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arm = (
        "  - name: x\n    provider: anthropic\n    model: claude-haiku-4-5\n    omit: [seed]\n"
        "    sampling:\n      reasoning_effort: low\n"
    )
    code, shown = bench("validate", str(write(tmp_path, arm)), capsys=capsys)
    assert code != 0
    assert "s.yaml:18:" in shown
    assert "a number of tokens" in shown


def test_what_is_omitted_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arms = (
        "  - {name: x, provider: anthropic, model: claude-haiku-4-5, omit: [seed]}\n"
        "  - {name: y, provider: openai, model: o4-mini, omit: [temperature, stop]}\n"
        "  - {name: z, provider: openai, model: o4-mini, options: {omit: [temperature, stop]}}\n"
    )
    code, shown = bench("validate", str(write(tmp_path, arms)), capsys=capsys)
    assert code == 0, shown
    assert "x: prompts go to api.anthropic.com; rows and examples leave this machine" in shown
    assert "dollars: unknown" in shown or "genai-prices" in shown


def test_plan_and_validate_say_where_prompts_go(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arms = (
        "  - {name: here, provider: compatible, model: m, base_url: 'http://127.0.0.1:9/v1'}\n"
        "  - {name: own, provider: llama_cpp, model: m.gguf, cost: {host: {usd_per_hour: 1,"
        " utilisation: 1, source: t, dated: 2026-01-01}}}\n"
        "  - {name: far, provider: compatible, model: m, base_url: 'https://x.example/v1'}\n"
    )
    path = write(tmp_path, arms)
    code, shown = bench("validate", str(path), "--json", capsys=capsys)
    going = {row["arm"]: row for row in json.loads(shown)["destinations"]}
    assert code == 0
    assert going["here"]["host"] == "127.0.0.1:9"
    assert going["own"]["host"] is None
    assert going["own"]["leaves"] == "nothing leaves this machine"
    by_the_run = "nothing leaves this machine by the run; what that server sends on is not seen"
    assert going["here"]["leaves"] == by_the_run
    assert going["far"]["host"] == "x.example"
    code, shown = bench("plan", str(path), capsys=capsys)
    assert code == 0
    assert "own: prompts stay in this process; nothing leaves this machine" in shown


@pytest.mark.parametrize(("arm", "said"), [
    ("base_url: 'http://127.0.0.1:9/v1', concurrency: 4", "load.concurrency 2 (line 4) holds"),
    ("base_url: 'http://127.0.0.1:9/v1', revision: abc", "revision does nothing"),
    ("base_url: 'http://127.0.0.1:9/v1', omit: [top_p]", "the suite sets none"),
])  # fmt: skip
def test_what_does_nothing_is_said_with_its_line(
    arm: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, f"  - {{name: x, provider: compatible, model: m, {arm}}}\n")
    code, shown = bench("validate", str(path), capsys=capsys)
    assert code == 0
    assert "warning: " in shown
    assert "s.yaml:13: arms.x" in shown
    assert said in shown


@pytest.mark.parametrize(("address", "said"), [
    ("127.0.0.1:8000/v1", "with its scheme: base_url: http://127.0.0.1:8000/v1"),
    (" http://127.0.0.1:8000/v1", "has blanks at its ends"),
    ("http://127.0.0.1:8000/v1/chat/completions", "cut it: base_url: http://127.0.0.1:8000/v1"),
    ("http://127.0.0.1:8000/v1/responses/", "base_url ends in /responses"),
    ("ftp://127.0.0.1/v1", "does not start with http"),
])  # fmt: skip
def test_an_address_that_cannot_be_one_says_what_to_write(
    address: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arm = f"  - {{name: x, provider: compatible, model: m, base_url: '{address}'}}\n"
    code, shown = bench("validate", str(write(tmp_path, arm)), capsys=capsys)
    assert code != 0
    assert "s.yaml:13" in shown
    assert said in shown


@pytest.mark.parametrize("limit", ["0", "-1", "x"])
@pytest.mark.parametrize("command", ["run", "plan", "sweep"])
def test_a_limit_below_one_is_refused_before_anything_starts(
    command: str, limit: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arm = "  - {name: x, provider: compatible, model: m, base_url: 'http://127.0.0.1:9/v1'}\n"
    path = write(tmp_path, arm)
    results = tmp_path / "results"
    arguments = [command, str(path), "--limit", limit]
    code, shown = bench(*arguments, capsys=capsys)
    assert code != 0
    assert "--limit" in shown
    assert not results.exists()


@pytest.mark.parametrize(("allow", "fine"), [
    ("sampling.temperature", True),
    ("sampling", True),
    ("sampling.", False),
    ("samplng", False),
])  # fmt: skip
def test_allow_takes_one_parameter(
    allow: str, fine: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arm = "  - {name: x, provider: compatible, model: m, base_url: 'http://127.0.0.1:9/v1'}\n"
    path = write(tmp_path, arm, SUITE.replace("tasks:", f"allow: [{allow}]\ntasks:", 1))
    code, shown = bench("validate", str(path), capsys=capsys)
    assert (code == 0) is fine, shown
    if not fine:
        assert "sampling.PARAMETER" in shown


def test_init_writes_an_address_to_change_and_what_is_not_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "tickets.csv"
    data.write_text("text,team\n" + "".join(f"message {i},{'ab'[i % 2]}\n" for i in range(60)))
    out = tmp_path / "suite"
    models = ["compatible:foo", "anthropic:claude-haiku-4-5", "openai:gpt-5-mini", "azure:mine"]
    named = [word for model in models for word in ("--model", model)]
    code, shown = bench(
        "init",
        str(data),
        "--output",
        str(out),
        "--no-mask",
        "--input",
        "text",
        "--target",
        "team",
        *named,
        capsys=capsys,
    )
    assert code == 0, shown
    (path,) = out.glob("*.yaml")
    text = path.read_text()
    assert text.count("base_url: http://127.0.0.1:8000/v1  # CHANGE: ") == 2
    assert "omit: [seed]" in text
    assert "omit: [temperature]" in text
    code, shown = bench("validate", str(path), capsys=capsys)
    assert code == 0, shown


TWO_ARMS = (
    "  - {name: x, provider: compatible, model: m, base_url: 'https://x.example/v1'%s}\n"
    "  - {name: y, provider: compatible, model: n, base_url: 'https://x.example/v1'%s}\n"
)


@pytest.mark.parametrize(("allow", "one", "two", "idle"), [
    ("[sampling.top_k]", "", "", ["sampling.top_k"]),
    ("[sampling.top_k]", ", options: {extra_body: {top_k: 3}}", "", []),
    ("[sampling]", "", "", ["sampling"]),
    ("[sampling]", ", omit: seed", "", []),
    ("[sampling.seed, sampling.top_p]", ", omit: seed", "", ["sampling.top_p"]),
    ("[reasoning_effort]", "", "", ["reasoning_effort"]),
    ("[reasoning_effort]", ", sampling: {reasoning_effort: low}", "", []),
    ("[sampling]", ", sampling: {reasoning_effort: low}", "", ["sampling"]),
    ("[reasoning_effort]", ", options: {extra_body: {thinking: {type: disabled}}}", "", []),
    ("[answer_constraint]", ", options: {structured: true}", "", []),
    ("[answer_constraint]", ", options: {structured: true}", ", options: {structured: true}",
     ["answer_constraint"]),
    ("[few_shot, prompt]", "", "", ["few_shot", "prompt"]),
    ("[cache_share, truncation, refusal, load, client_host]", "", "", []),
])  # fmt: skip
def test_an_allowance_of_what_no_two_arms_differ_in_is_said(
    allow: str,
    one: str,
    two: str,
    idle: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = write(tmp_path, TWO_ARMS % (one, two) + f"allow: {allow}\n")
    code, shown = bench("validate", str(path), "--json", capsys=capsys)
    assert code == 0, shown
    told = [one for one in json.loads(shown)["warnings"] if "allow:" in one]
    assert [text.partition("allow: ")[2].split(" ")[0] for text in told] == idle
    assert all("s.yaml:15: allow:" in text for text in told)


def test_one_arm_may_allow_what_it_is_compared_with_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arms = TWO_ARMS.splitlines()[0] % "" + "\nallow: [sampling.top_k]\n"
    code, shown = bench("validate", str(write(tmp_path, arms)), capsys=capsys)
    assert (code, "does nothing" in shown) == (0, False)


def test_variants_that_differ_make_an_allowance_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arms = TWO_ARMS.splitlines()[0] % "" + (
        "\nvariants:\n  - {of: x, temperature: [0, 0.7]}\nallow: [sampling.temperature, few_shot]\n"
    )
    code, shown = bench("validate", str(write(tmp_path, arms)), capsys=capsys)
    assert code == 0, shown
    assert "allow: few_shot does nothing" in shown
    assert "sampling.temperature does nothing" not in shown
