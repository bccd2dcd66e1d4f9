"""Before a run: whom prompts go to, with which key, and what is started; asked for once on a
terminal, listed elsewhere.
"""

from __future__ import annotations

import json
import os
import pty
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Said, Vendor, environment
from .forked import BENCH

Bench = Callable[..., Said]

SUITE = """\
name: stranger
version: 1-0
tasks:
  - name: route
    dataset: {path: rows.jsonl, target: team}
    prompt: [{user: "{{ text }}"}]
    answer: {type: label, labels: [billing, tech], constrain: false}
    scorers: [label]
arms:
  - name: own
    provider: compatible
    model: m
    cost: {host: {usd_per_hour: 1, source: test, dated: 2026-01-01}}
    serve: {command: ["{python}", write.py, seen], ready_within_s: 5, env: {TOLD: yes it was}}
"""


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    rows = [json.dumps({"text": f"ticket {i}", "team": "billing"}) for i in range(4)]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows) + "\n")
    (tmp_path / "write.py").write_text(
        "import os, sys\nopen(sys.argv[1], 'w').write(repr(sorted(os.environ.items())))\n"
    )
    path = tmp_path / "s.yaml"
    path.write_text(SUITE)
    return path


@pytest.fixture
def config(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path / "config")}


def on_a_terminal(folder: Path, answer: str, config: dict[str, str], *args: str) -> tuple[int, str]:
    """Run ``bench`` on a terminal of its own, answer its question, and return what it showed."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [*BENCH, *args],
        cwd=folder,
        env=environment(config),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    ) as process:
        os.close(slave)
        shown, answered, deadline = b"", False, time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                piece = os.read(master, 4096)
            except OSError:
                break
            if not piece:
                break
            shown += piece
            if b"Go on?" in shown and not answered:
                os.write(master, f"{answer}\n".encode())
                answered = True
        os.close(master)
        return process.wait(30), shown.decode()


def test_plan_and_validate_name_hosts_keys_and_commands(
    desk: Path, stranger: Path, bench: Bench
) -> None:
    for command in ("plan", "validate"):
        said = bench(command, desk.name)
        assert "good: prompts go to 127.0.0.1:" in said.out
        assert "; key: GOOD_KEY\n" in said.out
        assert "sk-test-canary" not in said.out + said.err
        said = bench(command, stranger.name)
        assert "own: starts: '{python}' write.py seen" in said.out
        assert not (stranger.parent / "seen").exists()
    going = bench("plan", stranger.name, "--json").json["destinations"]
    assert going[0]["starts"] == ["{python}", "write.py", "seen"]
    assert bench("plan", desk.name, "--json").json["destinations"][0]["key"] == "GOOD_KEY"


def test_a_run_in_a_script_lists_and_goes_on(desk: Path, bench: Bench) -> None:
    said = bench("run", desk.name, "--limit", "10", "--no-report")
    assert said.code == 0, said.err
    first = said.err.splitlines()
    assert first[0] == "before anything is sent or started:"
    assert first[1].startswith("  good: prompts go to 127.0.0.1:")
    assert first[1].endswith("with the key GOOD_KEY")
    assert first[2].endswith("with no key")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://models.example/v1", "own: prompts go to models.example with no key"),
        ("http://10.0.0.7:{port}/v1", "own: prompts go to 10.0.0.7:1 with no key"),
    ],
)
def test_a_started_server_elsewhere_is_not_called_here(
    stranger: Path, bench: Bench, url: str, said: str
) -> None:
    text = stranger.read_text().replace("    model: m\n", f"    model: m\n    base_url: {url}\n")
    stranger.write_text(text)
    shown = bench("plan", stranger.name).out
    assert said.replace(" with no key", "") in shown
    assert "nothing leaves this machine" not in shown


def test_required_consent_is_given_by_trust_and_ends_with_a_change(
    stranger: Path, bench: Bench, config: dict[str, str]
) -> None:
    strict = {**config, "BENCH_CONSENT": "required"}
    seen = stranger.parent / "seen"
    refused = bench("run", stranger.name, env=strict)
    assert refused.code == 3
    assert "bench trust s.yaml --yes" in refused.err
    assert not seen.exists()
    assert bench("trust", stranger.name, "--yes", env=config).code == 0
    assert not seen.exists()
    bench("run", stranger.name, env=strict)
    assert seen.exists()
    changes = {
        "the file that it names": lambda: (stranger.parent / "write.py").write_text("pass\n"),
        "its words": lambda: stranger.write_text(SUITE.replace("seen]", "seen, more]")),
        "its environment": lambda: stranger.write_text(SUITE.replace("yes it was", "no")),
    }
    for what, change in changes.items():
        bench("trust", stranger.name, "--yes", env=config)
        seen.unlink(missing_ok=True)
        change()
        assert bench("run", stranger.name, env=strict).code == 3, what
        assert not seen.exists(), what


def test_yes_keeps_the_consent_and_trust_does_not(
    stranger: Path, bench: Bench, config: dict[str, str]
) -> None:
    strict = {**config, "BENCH_CONSENT": "required"}
    seen = stranger.parent / "seen"
    bench("run", stranger.name, "--trust", env=strict)
    assert seen.exists()
    seen.unlink()
    assert bench("run", stranger.name, env=strict).code == 3
    assert not seen.exists()
    bench("run", stranger.name, "--yes", env=strict)
    assert seen.exists()
    seen.unlink()
    bench("run", stranger.name, env=strict)
    assert seen.exists()


def test_a_host_elsewhere_needs_consent_where_it_is_required(
    desk: Path, bench: Bench, config: dict[str, str]
) -> None:
    strict = {**config, "BENCH_CONSENT": "required"}
    text = desk.read_text()
    url = text.split('base_url: "')[1].split('"')[0]
    desk.write_text(text.replace(url, "https://models.example/v1", 1))
    for command in (["run"], ["sweep", "--arm", "good"], ["doctor", "--suite"]):
        said = bench(command[0], *command[1:], desk.name, env=strict)
        assert said.code == 3, command
        assert "prompts go to models.example with the key GOOD_KEY" in said.err, command
    desk.write_text(text)
    assert bench("run", desk.name, "--limit", "5", "--no-report", env=strict).code == 0


def test_a_wrong_word_for_consent_is_an_error(stranger: Path, bench: Bench) -> None:
    said = bench("run", stranger.name, env={"BENCH_CONSENT": "never"})
    assert said.code == 3
    assert "BENCH_CONSENT=never" in said.err


@pytest.mark.parametrize(("answer", "starts"), [("n", False), ("y", True)])
def test_a_terminal_is_asked_once(
    stranger: Path, config: dict[str, str], answer: str, starts: bool
) -> None:
    seen = stranger.parent / "seen"
    code, shown = on_a_terminal(stranger.parent, answer, config, "run", stranger.name)
    assert "new: own: starts: '{python}' write.py seen" in shown
    assert seen.exists() is starts
    if not starts:
        assert code == 3
        assert "nothing was sent or started" in shown
        return
    seen.unlink()
    _code, shown = on_a_terminal(stranger.parent, "n", config, "run", stranger.name)
    assert "Go on?" not in shown
    assert seen.exists()


def test_a_terminal_is_not_asked_about_hosts_of_this_machine(
    desk: Path, config: dict[str, str]
) -> None:
    code, shown = on_a_terminal(
        desk.parent, "n", config, "run", desk.name, "--limit", "5", "--no-report"
    )
    assert code == 0, shown
    assert "Go on?" not in shown


def test_a_started_server_gets_no_key_and_what_is_named(
    stranger: Path, bench: Bench, config: dict[str, str]
) -> None:
    stranger.write_text(SUITE.replace("env: {TOLD:", "env: {HF_TOKEN: from_environment, TOLD:"))
    canary = "hf_canary0123456789abcdef"
    keys = {"OPENAI_API_KEY": "sk-canary0123456789ab", "MY_TEAM": "canary-team", "HF_TOKEN": canary}
    env = {**config, **keys, "CUDA_VISIBLE_DEVICES": "7"}
    seen = stranger.parent / "seen"
    # A variable of one's own is not handed on unasked, in no surroundings.
    assert bench("run", stranger.name, env=env).code == 3
    assert not seen.exists()
    bench("run", stranger.name, "--yes", env=env)
    given = seen.read_text()
    assert f"('HF_TOKEN', '{canary}')" in given
    assert "('TOLD', 'yes it was')" in given
    assert "('CUDA_VISIBLE_DEVICES', '7')" in given
    assert "sk-canary" not in given
    assert "canary-team" not in given
    assert "GOOD_KEY" not in given
    for path in (stranger.parent / "results").rglob("*"):
        if path.is_file():
            assert canary.encode() not in path.read_bytes(), path
    del env["HF_TOKEN"]
    assert "HF_TOKEN is not set" in bench("run", stranger.name, "--yes", env=env).err


def test_a_command_that_only_a_database_states_needs_consent(
    stranger: Path, bench: Bench, config: dict[str, str], vendor: Vendor
) -> None:
    text = stranger.read_text()
    text += (
        f"  - {{name: other, provider: compatible, model: big-1, base_url: '{vendor.url}',"
        " cost: {host: {usd_per_hour: 1, source: test, dated: 2026-01-01}}}\n"
    )
    stranger.write_text(text)
    vendor.reply = lambda *_: "billing"  # type: ignore[method-assign]
    bench("run", stranger.name, env=config)
    with sqlite3.connect(stranger.parent / "results/bench.db") as db:
        assert db.execute("SELECT count(*) FROM runs").fetchone()[0] == 1
    stranger.unlink()
    seen = stranger.parent / "seen"
    seen.unlink()
    said = bench("run", "--resume", "latest", "--retry-missing", "--arm", "own", env=config)
    assert said.code == 3, said.err
    assert "--yes" in said.err
    assert not seen.exists()
