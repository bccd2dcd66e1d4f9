"""Which part of ``make test`` runs a test: none is left out for where it stands."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"


@pytest.fixture(scope="module")
def selection() -> ModuleType:
    spec = importlib.util.spec_from_file_location("selection", TESTS / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def marked(selection: ModuleType, place: str, *marks: str) -> list[str]:
    """The marks that a test gets at a place below ``tests``."""
    given: list[str] = []
    item: Any = SimpleNamespace(
        path=TESTS / place,
        nodeid=place,
        iter_markers=lambda: [SimpleNamespace(name=mark) for mark in marks],
        add_marker=given.append,
    )
    selection.pytest_collection_modifyitems([item])
    return given


@pytest.mark.parametrize("mark", ["alone", "gpu"])
@pytest.mark.parametrize("folder", ["unit/machine", "reports", "stats", "benchmarks"])
def test_a_test_that_the_part_alone_would_not_find_is_refused(
    selection: ModuleType, mark: str, folder: str
) -> None:
    with pytest.raises(pytest.UsageError, match="does not look there"):
        marked(selection, f"{folder}/test_a.py", mark)
    assert marked(selection, "contract/test_a.py", mark) == []
    assert marked(selection, f"{folder}/test_a.py") in (["beside"], ["beside", "quick"])


def test_the_part_alone_looks_where_conftest_says(selection: ModuleType) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    found = re.search(r'-m "\((?P<marks>[\w ]+)\) and not long" (?P<folders>[\w/ ]+);?', makefile)
    assert found is not None
    folders = re.findall(r"tests/\w+", found["folders"])
    assert set(found["marks"].split(" or ")) == selection.PART_ALONE
    assert folders == [home.relative_to(ROOT).as_posix() for home in selection.HOMES_ALONE]
