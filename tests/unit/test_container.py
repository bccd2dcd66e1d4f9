"""The Dockerfile, held against what an image should be. Nothing is built: no Docker is needed."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def instructions(text: str) -> list[tuple[str, str]]:
    """(keyword, the rest) of each instruction, continued lines joined."""
    joined = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE))
    lines = [line.strip() for line in joined.splitlines() if line.strip()]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def stages(text: str) -> dict[str, list[tuple[str, str]]]:
    """The instructions of each stage by its name, with those of the stage it is made from."""
    found: dict[str, list[tuple[str, str]]] = {}
    name = ""
    for keyword, rest in instructions(text):
        if keyword == "FROM":
            parts = rest.split()
            assert len(parts) == 3, rest
            assert parts[1] == "AS", rest
            name = parts[2]
            found[name] = [*found.get(parts[0], []), (keyword, rest)]
        elif name:
            found[name].append((keyword, rest))
    return found


STAGES = stages(TEXT)


def test_every_instruction_is_one_and_stages_come_from_a_pinned_base_or_each_other() -> None:
    known = {"ARG", "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "ENTRYPOINT", "CMD"}
    assert {keyword for keyword, _ in instructions(TEXT)} <= known
    (default,) = re.findall(r"^ARG PYTHON=(\S+)$", TEXT, re.MULTILINE)
    assert re.fullmatch(r"3\.1[1-9]-slim-[a-z]+", default), "pinned by minor version and release"
    for name, lines in STAGES.items():
        bases = [rest.split()[0] for keyword, rest in lines if keyword == "FROM"]
        for base in bases:
            assert base == "python:${PYTHON}" or base in STAGES, name
    classifiers = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f"Python :: {default.partition('-')[0]}" in classifiers


def test_the_last_stage_is_the_small_one() -> None:
    assert [*STAGES][-1] == "slim"
    assert not any("apt-get" in rest for _, rest in STAGES["slim"])


@pytest.mark.parametrize("name", ["slim", "local"])
def test_it_runs_as_nobody_in_particular_and_starts_bench(name: str) -> None:
    lines = STAGES[name]
    users = [rest for keyword, rest in lines if keyword == "USER"]
    assert users[-1].isdigit()
    assert int(users[-1]) >= 1000, "by number, so that a cluster can check it is not root"
    assert ("ENTRYPOINT", '["bench"]') in lines
    last_root = max((i for i, line in enumerate(lines) if line == ("USER", "root")), default=-1)
    last_user = max(i for i, (keyword, _) in enumerate(lines) if keyword == "USER")
    assert last_user > last_root


@pytest.mark.parametrize("name", STAGES)
def test_no_layer_keeps_what_only_the_build_needs(name: str) -> None:
    for keyword, rest in STAGES[name]:
        if keyword != "RUN":
            continue
        for part in rest.split("&&"):
            if re.search(r"\bpip install\b", part):
                assert "--no-cache-dir" in part, part
                assert "constraints.txt" in part or "build.txt" in part, f"not pinned: {part}"
        if "apt-get" in rest:
            assert "--no-install-recommends" in rest
            assert "rm -rf /var/lib/apt/lists/*" in rest
    assert "ADD " not in TEXT
    assert not re.search(r"https?://|curl |wget |--(?:extra-)?index[-]url|--trusted-host", TEXT)


def test_no_key_can_come_into_a_layer() -> None:
    assert not re.search(r"(?i)(?:ENV|ARG) \S*(?:key|token|secret|password)", TEXT)
    copied = [rest for keyword, rest in instructions(TEXT) if keyword == "COPY"]
    for rest in copied:
        words = rest.split()
        assert "." not in words[:-1], "the whole folder would be copied"
        if not words[0].startswith("--from="):
            for word in words[:-1]:
                assert (ROOT / word).exists(), word


def test_the_context_holds_what_is_copied_and_no_more() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    kept = {rule[1:] for rule in rules if rule.startswith("!")}
    copied: set[str] = set()
    for keyword, rest in instructions(TEXT):
        if keyword == "COPY" and not rest.startswith("--from="):
            copied |= set(rest.split()[:-1])
    assert kept == copied
    dropped = [rule for rule in rules if not rule.startswith("!")][1:]
    assert any(fnmatch("suites/.env", rule.replace("**/", "*")) for rule in dropped)


def test_what_builds_the_wheel_is_pinned() -> None:
    (pattern,) = re.findall(r"grep -E '([^']+)' constraints.txt", TEXT)
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = {line.partition("==")[0] for line in lines if re.search(pattern, line)}
    assert found == {"hatchling", "packaging", "pathspec", "pluggy", "trove-classifiers"}
