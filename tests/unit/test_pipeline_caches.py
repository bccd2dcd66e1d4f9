"""The example pipelines keep what they measured, whatever a night's job ended with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

CI = Path(__file__).parents[2] / "docs" / "ci"


def saved_by_github(steps: list[dict[str, Any]], *, failed: bool) -> Iterator[tuple[str, str]]:
    """Give (path, key) of each cache that steps save after a job that failed, or did not.

    ``actions/cache`` saves in a post step of ``success()``; ``actions/cache/save`` is a step, which
    runs after a failed one only if it says so.
    """
    for step in steps:
        action = str(step.get("uses", "")).partition("@")[0]
        if action == "actions/cache" and not failed:
            yield step["with"]["path"], step["with"]["key"]
        always = str(step.get("if", "")).startswith("always()")
        if action == "actions/cache/save" and (always or not failed):
            yield step["with"]["path"], step["with"]["key"]


def saved_by_gitlab(caches: list[dict[str, Any]], *, failed: bool) -> Iterator[tuple[str, str]]:
    """Give (path, key) of each cache that a job saves: by default only one that did not fail."""
    for cache in caches:
        if cache.get("when", "on_success") in ("always", "on_failure" if failed else "on_success"):
            for path in cache["paths"]:
                yield path, cache["key"]


def read(name: str) -> Any:
    return YAML(typ="safe").load((CI / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("failed", [False, True])
@pytest.mark.parametrize("path", ["results", "~/.cache/claimbench/models"])
def test_github_saves_under_the_key_that_it_restores(path: str, failed: bool) -> None:
    steps = read("github.yml")["jobs"]["claims"]["steps"]
    (restored,) = [
        (at, step["with"]["key"])
        for at, step in enumerate(steps)
        if "actions/cache" in step.get("uses", "") and "restore-keys" in step["with"]
        if step["with"]["path"] == path
    ]
    assert list(saved_by_github(steps, failed=failed)).count((path, restored[1])) == 1
    measured = [at for at, step in enumerate(steps) if step.get("id") == "claims"]
    assert restored[0] < measured[0]


def test_github_has_a_new_key_for_each_attempt_of_a_job() -> None:
    steps = read("github.yml")["jobs"]["claims"]["steps"]
    (key,) = [key for path, key in saved_by_github(steps, failed=True) if path == "results"]
    assert "github.run_id" in key
    assert "github.run_attempt" in key


@pytest.mark.parametrize("failed", [False, True])
@pytest.mark.parametrize("path", ["results/", ".claimbench-cache/"])
def test_gitlab_saves_each_cache(path: str, failed: bool) -> None:
    caches = read("gitlab.yml")["claims"]["cache"]
    assert [one for one, _ in saved_by_gitlab(caches, failed=failed)].count(path) == 1


def test_what_saves_after_a_green_job_alone_is_told_apart() -> None:
    plain = {"uses": "actions/cache@0", "with": {"path": "results", "key": "k"}}
    late = {"uses": "actions/cache/save@0", "with": {"path": "results", "key": "k"}}
    assert list(saved_by_github([plain, late], failed=True)) == []
    assert len(list(saved_by_github([plain, late], failed=False))) == 2
    assert list(saved_by_gitlab([{"key": "k", "paths": ["results/"]}], failed=True)) == []
