"""A scorer beside the suite, end to end: consent, its scores in the run, nothing run afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Said

Bench = Callable[..., Said]
SOURCE = """\
from pathlib import Path

def score(answer, target, row):
    return answer.strip().casefold() == target
"""


@pytest.fixture
def beside(desk: Path) -> Path:
    """The desk's suite, scored by a file beside it."""
    own = "scorers: [{name: python, file: my_scorer.py, binary: true}]"
    desk.write_text(desk.read_text().replace("scorers: [label]", own))
    (desk.parent / "my_scorer.py").write_text(SOURCE)
    return desk


def test_a_script_runs_after_consent_alone_and_its_scores_stay(
    bench: Bench, beside: Path, tmp_path: Path
) -> None:
    home = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    assert bench("validate", str(beside), env=home).code == 0
    refused = bench("run", str(beside), "--limit", "24", env=home)
    assert refused.code != 0
    assert "my_scorer.py: score()" in refused.err
    assert "bench trust" in refused.err
    listed = bench("trust", str(beside), "--yes", env=home)
    assert "my_scorer.py: score()" in listed.out
    run = bench("run", str(beside), "--limit", "24", env=home)
    assert "48 answers scored by Python beside the suite" in run.err
    (tmp_path / "my_scorer.py").unlink()
    (tmp_path / "config" / "claimbench" / "trusted.json").unlink()
    again = bench("check", "--json", env=home)
    assert again.json["verdicts"]
    exported = bench("export", env=home)
    assert '"value": 1' in exported.out or '"score": 1' in exported.out, exported.out[:600]


def test_a_changed_script_is_asked_for_again(bench: Bench, beside: Path, tmp_path: Path) -> None:
    home = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    bench("trust", str(beside), "--yes", env=home)
    (tmp_path / "my_scorer.py").write_text(SOURCE + "\n# another\n")
    assert "bench trust" in bench("run", str(beside), "--limit", "8", env=home).err


def test_validate_names_the_line_of_a_missing_function(bench: Bench, beside: Path) -> None:
    (beside.parent / "my_scorer.py").write_text("def scores(answer, target): ...\n")
    said = bench("validate", str(beside))
    assert said.code != 0
    assert "no function 'score'" in said.err + said.out
    assert "desk.yaml:10" in said.err + said.out
