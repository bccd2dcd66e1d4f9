"""Brackets without end are one error that names the file, whoever reads it; never a word of our own
stack.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claimbench.errors import BenchError, why_unreadable
from claimbench.evidence.registration import read_registration
from claimbench.evidence.values import NotCanonical, read_json
from claimbench.importers.detect import read_files
from claimbench.importers.imported import ImportOptions
from claimbench.lmeval.code_in_tasks import TaskFileFault, code_of
from claimbench.pricing.price_lists.book import read_books
from claimbench.store.configured import configured_place
from claimbench.suite.adoption.families import read_families
from claimbench.suite.datasets import read_table
from claimbench.suite.document import parse_yaml

DEEP = 3000
"""Brackets in JSON, whose reader goes deeper than that of YAML."""
DEEP_YAML = 500


def imported(path: Path) -> Any:
    return read_files([path], ImportOptions())


def configured(path: Path) -> Any:
    return configured_place({"XDG_CONFIG_HOME": str(path.parents[1])})


READERS: list[tuple[str, str, Callable[[Path], Any]]] = [
    ("s.yaml", "{}", lambda path: parse_yaml(path.read_bytes(), str(path))),
    ("s.yaml", "name: x\ntasks: {}\n", lambda path: parse_yaml(path.read_bytes(), str(path))),
    ("rows.jsonl", '{{"id": 1, "text": {}}}\n', read_table),
    ("rows.jsonl", '{{"id": 1}}\n{}\n', read_table),
    ("book.yaml", "{}", lambda path: read_books([path])),
    ("book.yaml", "book: x\nprices: {}", lambda path: read_books([path])),
    ("book.json", "{}", lambda path: read_books([path])),
    ("families.yaml", "families: {}", lambda path: read_families(path, str(path))),
    ("log.json", "{}", imported),
    ("log.jsonl", '{{"a": 1}}\n{}\n', imported),
    ("registered.json", "{}", read_registration),
    ("tasks.yaml", "{}", code_of),
    ("claimbench/config.toml", "results = {}", configured),
]


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize(("name", "text", "read"), READERS)
def test_deep_brackets_are_one_error_with_their_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    text: str,
    read: Callable[[Path], Any],
    closed: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    depth = DEEP if "json" in name else DEEP_YAML
    path.write_text(text.format("[" * depth + "]" * depth * closed))
    with pytest.raises((BenchError, TaskFileFault)) as caught:
        read(path)
    assert path.name in str(caught.value)
    assert "recursion" not in str(caught.value).lower()
    assert len(str(caught.value)) < 500


def test_values_without_a_file_say_it_too() -> None:
    with pytest.raises(NotCanonical, match="nested too deeply"):
        read_json("[" * DEEP)
    assert why_unreadable(RecursionError("maximum recursion depth")) == "nested too deeply to read"
    assert why_unreadable(ValueError("line 3")) == "line 3"
