"""The table by which the longest test modules start first: true to the tree, and how it is made."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def slowest() -> ModuleType:
    spec = importlib.util.spec_from_file_location("slowest", ROOT / ".ci" / "slowest.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_line_names_a_module_that_is_there_the_longest_first() -> None:
    lines = (ROOT / "tests" / "slowest.txt").read_text(encoding="utf-8").splitlines()
    seconds = [int(line.split()[0]) for line in lines]
    assert len(lines) > 20
    assert seconds == sorted(seconds, reverse=True)
    assert [line for line in lines if not (ROOT / "tests" / line.split()[1]).is_file()] == []


def test_it_is_made_of_the_reports_of_a_run(
    slowest: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [
        ("tests.e2e.test_a", 3.0),
        ("tests.unit.b.test_b", 4.9),
        ("tests.e2e.test_a", 2.6),
        ("tests.stats.test_c", 7.2),
        ("tests.stats.test_c.TestPower", 1.1),
        ("tests.stats.test_c.TestPower.TestOfTwo", 1.0),
    ]
    tags = [f'<testcase classname="{name}" name="x" time="{time}"/>' for name, time in cases]
    reports = []
    for number, part in enumerate((tags[:2], tags[2:])):
        reports.append(tmp_path / f"junit-{number}.xml")
        reports[-1].write_text(f"<testsuites><testsuite>{''.join(part)}</testsuite></testsuites>")
    monkeypatch.setattr(slowest, "TESTS", tmp_path)
    assert slowest.main([str(path) for path in reports]) == 0
    assert (tmp_path / "slowest.txt").read_text() == "9 stats/test_c.py\n6 e2e/test_a.py\n"
