"""No key stands in what a suite says of a server: refused at its line, never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from claimbench.errors import SuiteError
from claimbench.suite.load import load_suite, suite_without_tasks

SUITE = """\
name: s
version: 1-0
tasks:
  - name: route
    dataset: {{path: rows.csv, target: team}}
    prompt: [{{user: "{{{{ text }}}}"}}]
    answer: {{type: label, labels: [a, b]}}
    scorers: [label]
arms:
  - name: own
    provider: compatible
    model: m
    {more}
    serve:
      command: {command}
      env:
        FIRST: "1"
        {env}
"""


def write(
    folder: Path, env: str = "B: c", command: str = "[x, '{port}']", more: str = "concurrency: 1"
) -> Path:
    (folder / "rows.csv").write_text("text,team\none,a\ntwo,b\n")
    path = folder / "s.yaml"
    path.write_text(SUITE.format(env=env, command=command, more=more))
    return path


def refused(path: Path) -> SuiteError:
    with pytest.raises(SuiteError) as caught:
        load_suite(path, providers=("compatible",))
    return caught.value


@pytest.mark.parametrize(
    "env",
    [
        "HF_TOKEN: hf_abcdefghijklmnopqrstuv123456",
        "HF_TOKEN: canary-of-no-known-shape",
        "PLAIN_SECRET_X: canary-value-12345",
        "VLLM_API_KEY: canary-value-12345",
        "DB_PASSWORD: canary-value-12345",
        "X_AUTH: canary-value-12345",
        "NOTE: sk-canary0123456789abcdef",
        "PROXY: 'http://me:canaryword@proxy:8080'",
        "AWS_ACCESS_KEY_ID: AKIACANARY0123456789",
    ],
)
def test_a_key_in_env_is_refused_at_its_line_and_not_shown(tmp_path: Path, env: str) -> None:
    error = refused(write(tmp_path, env))
    assert error.line == 18
    assert "looks like a key (not shown)" in error.message
    assert "canary" not in f"{error} {error.hint}".lower()
    assert "from_environment" in (error.hint or "")


@pytest.mark.parametrize(
    "command",
    [
        "vllm serve --api-key canary-value-12345",
        "vllm serve --api-key=canary-value-12345",
        "[x, --hf-token, canary-value-12345]",
        "[bash, -c, 'TOKEN=sk-canary0123456789abcdef exec x']",
        "[x, --db-password, canary-value-12345]",
    ],
)
def test_a_key_in_a_command_is_refused(tmp_path: Path, command: str) -> None:
    error = refused(write(tmp_path, command=command))
    assert error.line == 15
    assert "canary" not in f"{error} {error.hint}".lower()


@pytest.mark.parametrize(
    "env",
    [
        "HF_TOKEN: from_environment",
        "VLLM_API_KEY: EMPTY",
        "OPENAI_API_KEY: none",
        "LLAMA_API_KEY: not-needed",
        "TOKENIZERS_PARALLELISM: 'false'",
        "OLLAMA_HOST: '127.0.0.1:{port}'",
        "KEY_FILE: /run/secrets/key",
    ],
)
def test_names_stand_ins_and_settings_pass(tmp_path: Path, env: str) -> None:
    path = write(tmp_path, env, "[x, --max-num-batched-tokens, '8192000000', --api-key, none]")
    assert load_suite(path, providers=("compatible",)).arms[0].serve is not None


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "NPM_TOKEN"])
def test_secrets_of_other_services_are_not_taken_from_the_environment(
    tmp_path: Path, name: str
) -> None:
    error = refused(write(tmp_path, f"{name}: from_environment"))
    assert name in error.message
    assert error.line == 18


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GROQ_API_KEY"])
@pytest.mark.parametrize("of_the_served_arm", [True, False])
def test_a_vendors_key_is_not_sent_to_a_server_that_the_suite_starts(
    tmp_path: Path, name: str, of_the_served_arm: bool
) -> None:
    if of_the_served_arm:
        path = write(tmp_path, more=f"api_key_env: {name}")
    else:  # another arm's address on this machine may be the server's
        path = write(tmp_path)
        address = "base_url: 'http://127.0.0.1:99/v1'"
        arm = f"{{name: two, provider: compatible, model: m, api_key_env: {name}, {address}}}"
        path.write_text(f"{path.read_text()}  - {arm}\n")
    assert name in refused(path).message


def test_a_suite_is_read_without_its_tasks(tmp_path: Path) -> None:
    path = write(tmp_path)
    (tmp_path / "rows.csv").unlink()
    suite = suite_without_tasks(path)
    assert [arm.name for arm in suite.asked] == ["own"]
    assert suite.tasks == ()
