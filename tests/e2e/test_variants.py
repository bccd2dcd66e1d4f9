"""Wordings as variants, through ``bench``: a claim over all of them, and one line for each model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .conftest import Said
from .test_tools import verified

Bench = Callable[..., Said]
VARIANTS = """\
variants:
  - of: [good, cheap]
    prompt:
      kind: [{user: "Kindly say which team: {{ text }}"}]
      terse: [{user: "Team? {{ text }}"}]
"""
CLAIM = '  - {id: worded, claim: "cheap is at least 5% accurate over all wordings"}\n'
BOTH = '  - {id: both, claim: "good is as accurate as cheap, whatever the prompt"}\n'


def test_a_claim_over_wordings_is_judged_on_all_of_them(
    bench: Bench, desk: Path, tmp_path: Path
) -> None:
    desk.write_text(desk.read_text().rstrip() + "\n" + CLAIM + BOTH)
    refused = bench("validate", str(desk))
    assert refused.code == 3
    assert "cheap has one wording alone" in refused.err + refused.out
    desk.write_text(desk.read_text() + VARIANTS)
    assert bench("validate", str(desk)).code == 0
    done = bench("run", str(desk), "--json")
    assert done.code in (0, 1, 2), done.err
    verdicts = {verdict["claim"]["id"]: verdict for verdict in done.json["verdicts"]}
    worded = verdicts["worded"]
    assert worded["read_as"].startswith("cheap/wordings's accuracy is at least 5%")
    assert any(flag.startswith("over_wordings: 3 wordings") for flag in worded["flags"])
    assert worded["status"] == "supported", worded["sentence"]
    assert verdicts["both"]["readings"][0]["estimate"]["method"] == "items-and-wordings"
    page = (tmp_path / done.json["report"]).read_text()
    first, mark, _ = page.partition("<summary>More charts")
    assert mark
    assert "one line for each model" in first
    assert "prompt=kind: quality" in first, "the words beside the drawing name each variant"
    verified(bench)
