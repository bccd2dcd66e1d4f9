"""`requirements.lock` holds the versions of `constraints.txt`, each with hashes, and no registry."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
DEMO = (ROOT / "requirements-demo.lock").read_text()


def name_of(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()


def test_the_lock_has_the_versions_of_the_constraints_with_hashes() -> None:
    locked = {
        name_of(name): (version, re.findall(r"--hash=sha256:[0-9a-f]{64}", rest))
        for name, version, rest in re.findall(
            r"^([\w.-]+)==(\S+)([^\n]*(?:\n    --hash[^\n]*)*)", LOCK, re.MULTILINE
        )
    }
    pinned = [
        line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if line
    ]
    for name, version in pinned:
        found, hashes = locked[name_of(name)]
        assert found == version, f"{name}: run `make lock`"
        assert hashes, name
    assert len(locked) < len(pinned) + 10


def test_the_lock_names_no_registry_and_nothing_without_a_hash() -> None:
    assert "://" not in LOCK
    assert not re.search(r"^--(?!hash)", LOCK, re.MULTILINE)
    for line in LOCK.splitlines():
        assert line.endswith("\\") or line.lstrip().startswith("--hash"), line


def test_the_lock_of_the_demo_is_a_part_of_the_other_without_what_tests_need() -> None:
    def blocks(text: str) -> dict[str, tuple[str, list[str]]]:
        found = re.findall(r"^([\w.-]+)==(\S+)([^\n]*(?:\n    --hash[^\n]*)*)", text, re.MULTILINE)
        return {
            name_of(name): (version, sorted(re.findall(r"--hash=(sha256:[0-9a-f]{64})", rest)))
            for name, version, rest in found
        }

    demo, whole = blocks(DEMO), blocks(LOCK)
    assert {name: block for name, block in demo.items() if whole.get(name) != block} == {}
    assert {"llama-cpp-python", "numpy", "hatchling", "editables"} <= set(demo)
    assert not {"pytest", "mypy", "ruff", "playwright", "torch", "boto3", "litellm"} & set(demo)
    assert len(demo) < 90
    assert "://" not in DEMO
