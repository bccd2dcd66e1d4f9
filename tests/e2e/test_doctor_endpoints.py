"""``bench doctor --suite``: keys, reachability, models and one call, against servers that others
and we wrote.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llmock.testing import LLMockServer

from claimbench_providers.endpoints.check import list_address, model_ids

from .conftest import Said, Vendor
from .money_vendor import installed

Bench = Callable[..., Said]
CANARY = "sk-doctor-canary-0815-abcdef"
SUITE = """\
name: s
version: 1-0
tasks:
  - name: t
    dataset: {path: rows.csv, target: y}
    prompt: [{user: "{{ x }}"}]
    answer: {type: text}
    scorers: [exact]
    max_tokens: 8
arms:
"""


def write(folder: Path, *arms: dict[str, Any]) -> str:
    (folder / "rows.csv").write_text("x,y\nticket #7,a\n")
    (folder / "s.yaml").write_text(SUITE + "".join(f"  - {json.dumps(arm)}\n" for arm in arms))
    return str(folder / "s.yaml")


def checks(said: Said) -> dict[str, dict[str, Any]]:
    return {
        check["name"]: check
        for check in said.json["checks"]
        if check["name"].split()[0] in ("arm", "call")
    }


def test_models_are_found_by_every_protocol_and_a_call_is_measured(
    tmp_path: Path, bench: Bench
) -> None:
    price = {"price": {"input": 1, "output": 4, "source": "t", "dated": "2026-01-01"}}
    with LLMockServer() as server:
        chat, root = server.base_url("openai"), server.base_url("openai").removesuffix("/v1")
        key = {"api_key_env": "GOOD_KEY"}
        suite = write(
            tmp_path,
            {
                "name": "chat",
                "provider": "compatible",
                "model": "gpt-4o",
                "base_url": chat,
                "cost": price,
                **key,
            },
            {"name": "sdk", "provider": "openai", "model": "gpt-4o-mimi", "base_url": chat, **key},
            {
                "name": "claude",
                "provider": "anthropic",
                "model": "claude-opus-4-6",
                "base_url": f"{root}/anthropic",
                **key,
            },
            {
                "name": "gemini",
                "provider": "gemini",
                "model": "gemini-2.5-pro",
                "base_url": f"{root}/gemini",
                **key,
            },
        )
        asked = bench("doctor", "--suite", suite, "--json")
        called = bench(
            "doctor", "--suite", suite, "--call", "--set", "arms.sdk.model=gpt-4o", "--json"
        )
    found = checks(asked)
    assert asked.code == 0
    assert set(found) == {"arm chat", "arm sdk", "arm claude", "arm gemini"}
    for name, model in (
        ("chat", "gpt-4o"),
        ("claude", "claude-opus-4-6"),
        ("gemini", "gemini-2.5-pro"),
    ):
        assert found[f"arm {name}"]["standing"] == "ok"
        assert found[f"arm {name}"]["finding"].startswith(f"reached, key taken, {model} is one of")
    assert found["arm sdk"]["standing"] == "warning"
    assert "did you mean 'gpt-4o-mini'?" in found["arm sdk"]["finding"]
    calls = {name: check for name, check in checks(called).items() if name.startswith("call")}
    assert len(calls) == 4
    for name, check in calls.items():
        assert check["standing"] == "ok", (name, check)
        assert "TTFT" in check["finding"]
        assert "E2E" in check["finding"]
        assert "tokens in" in check["finding"]
    assert "$0.0000" in calls["call chat"]["finding"]
    assert "(by sdk)" in calls["call sdk"]["finding"]


def test_without_a_key_nothing_is_asked_and_the_exit_is_clean(tmp_path: Path, bench: Bench) -> None:
    suite = write(
        tmp_path,
        {"name": "gpt", "provider": "openai", "model": "gpt-5-mini"},
        {"name": "claude", "provider": "anthropic", "model": "claude-opus-4-6"},
        {
            "name": "file",
            "provider": "deepseek",
            "model": "deepseek-chat",
            "api_key_file": "nowhere.txt",
        },
        {"name": "own", "provider": "compatible", "model": "m", "serve": {"command": "x {port}"}},
        {"name": "local", "provider": "llama_cpp", "model": "smollm2-135m-instruct-q4_1"},
    )
    said = bench("doctor", "--suite", suite, "--call", "--json")
    assert said.code == 0, said.err
    found = checks(said)
    assert found["arm gpt"]["finding"] == "not asked: OPENAI_API_KEY is not set"
    assert found["arm claude"]["finding"] == "not asked: ANTHROPIC_API_KEY is not set"
    assert "nowhere.txt is not there" in found["arm file"]["finding"]
    assert "started, and checked, by a run" in found["arm own"]["finding"]
    assert found["arm local"]["finding"].startswith(("runs in this process", "smollm2"))
    assert not [name for name in found if name.startswith("call")]


def test_a_refused_key_and_a_silent_address_are_errors_that_show_no_key(
    tmp_path: Path, bench: Bench, vendor: Vendor
) -> None:
    vendor.status, vendor.message = 401, f"Incorrect API key provided: {CANARY}"
    key = {"api_key_env": "GOOD_KEY", "provider": "compatible", "model": "m"}
    suite = write(
        tmp_path,
        {"name": "refused", "base_url": vendor.url, **key},
        {"name": "silent", "base_url": "http://127.0.0.1:9/v1", **key},
    )
    said = bench("doctor", "--suite", suite, "--call", "--json", env={"GOOD_KEY": CANARY})
    assert said.code == 3
    found = checks(said)
    assert found["arm refused"]["standing"] == "error"
    assert (
        "refuses the key: HTTP 401: Incorrect API key provided: [key masked]"
        in found["arm refused"]["finding"]
    )
    assert "cannot be reached" in found["arm silent"]["finding"]
    assert not [name for name in found if name.startswith("call")]
    assert CANARY not in said.out + said.err


def test_a_server_without_a_list_can_still_be_called(tmp_path: Path, bench: Bench) -> None:
    command = [sys.executable, "-m", "claimbench_providers.scripted.server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = json.loads(server.stdout.readline())["port"]
        try:
            arm = {
                "name": "own",
                "provider": "compatible",
                "model": "m",
                "base_url": f"http://127.0.0.1:{port}/v1",
            }
            suite = write(
                tmp_path,
                {**arm, "options": {"extra_body": {"script": {"text": "a", "ttft_s": 0.05}}}},
            )
            said = bench("doctor", "--suite", suite, "--call", "--json")
        finally:
            server.terminate()
    found = checks(said)
    assert said.code == 0, said.err
    assert found["arm own"]["standing"] == "warning"
    assert "answers, with no list of models: HTTP 404" in found["arm own"]["finding"]
    assert found["call own"]["finding"].startswith("ok: TTFT ")
    assert "2 tokens in, 1 tokens out, dollars unknown" in found["call own"]["finding"]


def test_options_that_need_a_suite_say_so(bench: Bench) -> None:
    said = bench("doctor", "--call")
    assert said.code == 3
    assert "need --suite" in said.err


QUICK = """
from claimbench.run import calibrate
calibrate.PACE.update(ttft_s=0.02, gap_s=0.002, chunks=4)
"""
"""The calibration's usual calls at every concurrency, to short answers that come fast."""


@pytest.mark.slow
def test_calibrating_keeps_what_it_measured(bench: Bench, tmp_path: Path) -> None:
    quick = installed(tmp_path / "site", {"sitecustomize.py": QUICK})
    said = bench("doctor", "--calibrate", "--json", env=quick, timeout=280)
    assert said.code == 0, said.err
    assert said.json["calibration"]["load"] == {"ttft_s": 0.02, "gap_s": 0.002, "chunks": 4}
    errors = said.json["calibration"]["errors"]
    assert {"kernel", "sdk"} & set(errors)
    assert {level for levels in errors.values() for level in levels} == {"1", "8", "32", "128"}
    for levels in errors.values():
        for level, row in levels.items():
            assert row["n"] == max(20, 3 * int(level))
            # No stamp agrees with another clock reading to 100 ns on all of so many calls: nought
            # would mean that a clock was held against itself.
            for kind in ("ttft", "e2e"):
                assert row[f"{kind}_p99_ms"] > 0
                if row["n"] < 100:  # the 99th percentile is the largest
                    assert abs(row[f"{kind}_mean_ms"]) <= row[f"{kind}_p99_ms"]
    again = bench("doctor", "--json")
    assert again.json["calibration"] == said.json["calibration"]
    (check,) = (check for check in again.json["checks"] if check["name"] == "calibration")
    assert check["standing"] == "ok"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://h/v1/chat/completions", "https://h/v1/models"),
        ("https://h/v1/responses", "https://h/v1/models"),
        ("https://api.anthropic.com/v1/messages", "https://api.anthropic.com/v1/models?limit=1000"),
        (
            "https://g/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
            "https://g/v1beta/models?pageSize=1000",
        ),
        ("https://h/v1/score", None),
    ],
)
def test_where_models_are_listed(address: str, expected: str | None) -> None:
    assert list_address(address) == expected


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ({"data": [{"id": "a"}, {"id": "b"}]}, ("a", "b")),
        ({"models": [{"name": "models/g"}, {"name": "o"}]}, ("g", "o")),
        ([{"id": "a"}, "odd", {"id": None}], ("a",)),
        ({"error": "no"}, ()),
        ("text", ()),
        (None, ()),
    ],
)
def test_model_ids(body: Any, ids: tuple[str, ...]) -> None:
    assert model_ids(body) == ids
