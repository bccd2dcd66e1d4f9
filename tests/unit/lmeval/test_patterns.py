"""lm-eval's own filters and metrics search a stranger's answers with a stranger's patterns: each
search ends, and finds what lm-eval finds.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval")

from claimbench.lmeval import patterns
from claimbench.lmeval.tasks import LmEvalSpec, expand, filtered_answers
from claimbench.patterns import timed
from claimbench.scorers.lm_eval import LmEvalScorer
from claimbench.scorers.score_record import score_record
from claimbench.types import Call, CallRecord, Outcome, Score, Task

HOSTILE = r"^(\w+\s?)+$"
ANSWER = "a" * 34 + "!"

FILTERS = {
    "regex": [{"function": "regex", "regex_pattern": HOSTILE}],
    "multi_choice_regex": [{"function": "multi_choice_regex", "regex_pattern": HOSTILE}],
    "what multi_choice_regex ignores": [
        {
            "function": "multi_choice_regex",
            "regex_pattern": "no such",
            "regexes_to_ignore": [HOSTILE],
        }
    ],
    "after another": [
        {"function": "lowercase"},
        {"function": "regex", "regex_pattern": r"(a|aa)+$"},
    ],
}

PLAIN = [
    {"function": "regex", "regex_pattern": r"#### (\-?[0-9\.\,]+)"},
    {"function": "regex", "regex_pattern": r"(-?[$0-9.,]{2,})|(-?[0-9]+)", "group_select": -1},
    {"function": "regex", "regex_pattern": r"(?i)answer is \(?([A-D])\)?", "fallback": "none"},
    {
        "function": "multi_choice_regex",
        "regex_pattern": r"(\([A-Z]\))",
        "ignore_case": True,
        "ignore_punctuation": True,
        "regexes_to_ignore": [r"[\$%]", "the "],
    },
    {"function": "format_span"},
    {"function": "regex_pos"},
]
SAID = [
    "so #### 1,234. the end",
    "The answer is (B), or 12",
    "Four: the 4$",
    "('a', 'B') x",
    "",
    "C",
]


@pytest.fixture(autouse=True)
def theirs_again() -> Iterator[None]:
    """Leave lm-eval as it was."""
    modules = [importlib.import_module(name) for name in patterns._SEARCHING]
    before = [vars(module).get("re") for module in modules]
    yield
    for module, was in zip(modules, before, strict=True):
        if was is not None:
            module.re = was  # type: ignore[attr-defined]


def expanded(folder: Path, filters: list[dict[str, Any]], **more: Any) -> Task:
    rows = [{"q": "q", "a": "a", "choices": ["Four", "five", "12"]}]
    (folder / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    metric = {"metric": "exact_match", "aggregation": "mean", "higher_is_better": True, **more}
    config = {
        "task": "ours",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": "test.jsonl"}},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": "{{q}}",
        "doc_to_target": "{{a}}",
        "metric_list": [metric],
        "generation_kwargs": {"until": ["\n"]},
        "filter_list": [
            {"name": "ours", "filter": [*filters, {"function": "take_first"}]},
        ],
    }
    path = folder / "task.yaml"
    path.write_text(json.dumps(config))
    return expand(LmEvalSpec(name="t", source=str(path)))


def scored(task: Task, answer: str) -> Score:
    record = CallRecord(Call("r", "c", "t", "s", 0, "a", 0, 0), answer, Outcome.OK, "stop", 1)
    (score,) = score_record(record, task.samples[0], task, [LmEvalScorer(task.scorers[0].options)])
    return score


@pytest.mark.parametrize("filters", FILTERS.values(), ids=FILTERS)
def test_a_filters_search_ends(
    filters: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timed, "SEARCH_S", 0.02)
    task = expanded(tmp_path, filters)
    assert scored(task, ANSWER).status == "scored"
    assert scored(task, "a" * 60 + "b").status == "scored"


@pytest.mark.parametrize("pattern", [HOSTILE, r"(a|aa)+$", r"(x+x+)+y"])
def test_a_metrics_search_ends(
    pattern: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timed, "SEARCH_S", 0.02)
    task = expanded(tmp_path, [], regexes_to_ignore=[pattern, "b+$"])
    said, target = (re.sub("b+$", "", re.sub(pattern, "", text)) for text in ("ab", "a"))
    assert scored(task, "ab").value == float(said == target)
    assert scored(task, "x" * 60 + ANSWER).value == 0.0


def test_what_takes_too_many_steps_is_unparsable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = expanded(tmp_path, [{"function": "regex", "regex_pattern": r"^(\w+\s?)+\1$"}])
    monkeypatch.setattr(timed, "MOST_STEPS", 20_000)
    score = scored(task, ANSWER)
    assert (score.status, score.value) == ("unparsable", 0.0)
    assert "too long" in score.explanation


@pytest.mark.parametrize("number", range(len(PLAIN)))
def test_filters_leave_what_lm_eval_leaves(number: int, tmp_path: Path) -> None:
    from lm_eval.filters import build_filter_ensemble

    class Filtered:
        OUTPUT_TYPE = "generate_until"

        def __init__(self) -> None:
            given = dict(PLAIN[number])
            self._filters = [build_filter_ensemble("f", [(given.pop("function"), given)])]

    doc = {"choices": ["Four", "five", "12"]}
    found = {}
    for who in ("theirs", "ours"):
        if who == "ours":
            patterns.install()
        else:
            for name in patterns._SEARCHING:
                monkey = importlib.import_module(name)
                if hasattr(monkey, "re"):
                    monkey.re = re  # type: ignore[attr-defined]
        found[who] = [list(filtered_answers(Filtered(), doc, [said])["f"][0]) for said in SAID]
    assert found["ours"] == found["theirs"]


def test_what_stands_for_re_is_re_in_all_else() -> None:
    ours = patterns.EndingSearches()
    assert ours.escape("a.b") == re.escape("a.b")
    assert ours.split(r"\s+", "a b") == ["a", "b"]
    for flags in (0, re.IGNORECASE, re.MULTILINE):
        for pattern, text in ((r"^b(.)", "a\nbc\nBd"), (r"(a)(b)?", "abAa"), (r"x*", "axx")):
            assert ours.findall(pattern, text, flags) == re.findall(pattern, text, flags)
            assert ours.sub(pattern, "-", text, flags=flags) == re.sub(
                pattern, "-", text, flags=flags
            )
            for one in ("search", "match"):
                found = getattr(ours, one)(pattern, text, flags)
                wanted = getattr(re, one)(pattern, text, flags)
                assert (found and found.span()) == (wanted and wanted.span())
