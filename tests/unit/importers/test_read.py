"""Files of other tools -> what is in them; nothing made up."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from claimbench.cli.commands.importing import import_command
from claimbench.importers.detect import kind_of, read_files
from claimbench.importers.imported import Aggregate, ImportFault, ImportOptions, mean_and_stderr
from claimbench.importers.imported_run import describe

Write = Callable[[str, Any], Path]
PLAIN = ImportOptions()


def test_lm_eval_pairs_results_with_their_samples_and_gives_its_standard_error(
    tmp_path: Path, peers: SimpleNamespace
) -> None:
    results = peers.lm_eval(tmp_path / "a", "one", [1, 0, 1, 1, 0] * 8)
    found = read_files([results], PLAIN)
    assert found.kind == "lm-eval"
    assert [arm.name for arm in found.arms] == ["one"]
    assert found.metrics == {"toy": "acc,none"}, "bleu_max is beyond 1 and no score of ours"
    (aggregate,) = found.aggregates
    by_hand = math.sqrt((24 * 0.16 + 16 * 0.36) / 39 / 40)
    assert aggregate.value == pytest.approx(0.6)
    assert aggregate.stderr == pytest.approx(by_hand, rel=1e-12)
    assert aggregate.n == 40
    assert not any("results file says" in note for note in found.notes)
    assert found.calls[1].scores == {"acc": 0.0}
    assert found.calls[1].usage is None


def test_lm_eval_says_when_samples_and_results_disagree(
    tmp_path: Path, peers: SimpleNamespace
) -> None:
    results = peers.lm_eval(tmp_path / "a", "one", [1, 0, 1, 1])
    data = json.loads(results.read_text())
    data["results"]["toy"]["acc_stderr,none"] *= math.sqrt(3 / 4)  # as if divided by n
    data["results"]["toy"]["acc,none"] = 0.5
    results.write_text(json.dumps(data))
    notes = " ".join(read_files([results], PLAIN).notes)
    assert "the samples give acc,none 0.75, the results file says 0.5" in notes
    assert "standard error" in notes


@pytest.mark.parametrize("counted", [True, False])
def test_a_score_without_n_has_no_interval(
    tmp_path: Path, peers: SimpleNamespace, counted: bool
) -> None:
    results = peers.lm_eval(tmp_path / "a", "one", [1, 0] * 20, n_samples=counted)
    next(results.parent.glob("samples_*")).unlink()
    found = read_files([results], PLAIN)
    aggregate = next(a for a in found.aggregates if a.metric == "acc,none")
    assert not found.calls
    assert aggregate.n == (40 if counted else None)
    assert (aggregate.interval() is not None) is counted
    told = describe(aggregate)
    assert ("95% by the standard error that the file states" in told) is counted


def test_a_score_whose_answers_are_read_leaves_the_interval_to_the_report(
    tmp_path: Path, peers: SimpleNamespace
) -> None:
    file = peers.lm_eval(tmp_path / "a", "one", [1, 0] * 20)
    printed = CliRunner().invoke(import_command, [str(file), "--results", str(tmp_path / "r")])
    assert "one: toy acc,none 0.5 (n 40), standard error 0.0800641" in printed.output
    assert "0.3431" not in printed.output  # 0.5 - 1.96 standard errors
    again = [str(file), "--results", str(tmp_path / "r2"), "--json"]
    found = json.loads(CliRunner().invoke(import_command, again).stdout)["aggregates"]
    assert [(a["n"], a["interval"]) for a in found if a["metric"] == "acc,none"] == [(40, None)]


@pytest.mark.parametrize(
    ("n", "stderr"), [(None, 0.1), (1, 0.1), (19, 0.1), (100, None), (100, 0.0)], ids=str
)
def test_no_interval_without_its_grounds(n: int | None, stderr: float | None) -> None:
    assert Aggregate("a", "t", "m", 0.5, stderr, n).interval() is None
    assert Aggregate("a", "t", "m", 0.5, 0.1, 20).interval() is not None


def test_inspect_in_json_and_both_zips_is_the_same(
    tmp_path: Path, peers: SimpleNamespace, written: Write
) -> None:
    log = peers.inspect(["C", "I", "C"])
    plain = read_files([written("log.json", log)], PLAIN)
    assert plain.aggregates[0].value == pytest.approx(0.667, abs=5e-4)
    assert plain.aggregates[0].stderr == pytest.approx(0.333, abs=5e-4)
    assert plain.aggregates[0].n == 3
    assert sum(c.usage.input_total or 0 for c in plain.calls if c.usage) == 192
    assert sum(c.usage.output_total or 0 for c in plain.calls if c.usage) == 6
    assert plain.samples[0].shown == "statement 0", "attachments are resolved"
    assert plain.arms[0].params.temperature == 0
    for zstd in (False, True):
        zipped = read_files([peers.eval_zip(tmp_path / f"log{zstd:d}.eval", log, zstd=zstd)], PLAIN)
        assert zipped.calls == plain.calls
        assert zipped.aggregates == plain.aggregates


def test_zstandard_without_its_package_says_what_to_install(
    tmp_path: Path, peers: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = peers.eval_zip(tmp_path / "log.eval", peers.inspect(["C"]), zstd=True)
    monkeypatch.setitem(__import__("sys").modules, "zstandard", None)
    with pytest.raises(ImportFault, match="Zstandard") as fault:
        read_files([path], PLAIN)
    assert "pip install zstandard" in (fault.value.hint or "")


def test_inspect_faults_are_missing_and_cancelled_runs_are_said(
    peers: SimpleNamespace, written: Write
) -> None:
    log = peers.inspect(["C", "I", "C"], status="cancelled")
    log["samples"][1] |= {"error": {"message": "rate limit"}, "scores": {}}
    found = read_files([written("log.json", log)], PLAIN)
    assert [c.error for c in found.calls] == [None, "rate limit", None]
    assert any("cancelled" in note for note in found.notes)
    assert found.aggregates[0].n == 2


@pytest.mark.parametrize("wanted", [None, "match"])
@pytest.mark.parametrize("order", [("a.json", "b.json"), ("b.json", "a.json")])
def test_a_log_in_which_every_answer_failed_is_an_arm_without_a_result(
    peers: SimpleNamespace, written: Write, order: tuple[str, str], wanted: str | None
) -> None:
    down = peers.inspect(["C", "I"], model="other/down")
    for sample in down["samples"]:
        sample |= {"error": {"message": "connection refused"}, "scores": {}}
    logs = {"a.json": peers.inspect(["C", "I"]), "b.json": down}
    found = read_files([written(name, logs[name]) for name in order], ImportOptions(metric=wanted))
    assert found.metrics == {"popularity": "match"}
    errors = {call.arm: call.error for call in found.calls}
    assert errors == {"gpt-4o-mini": None, "down": "connection refused"}


def test_a_log_of_answers_without_scores_is_not_one_beside_another(
    peers: SimpleNamespace, written: Write
) -> None:
    bare = peers.inspect(["C", "I"], model="other/bare")
    for sample in bare["samples"]:
        sample["scores"] = {}
    files = [written("a.json", peers.inspect(["C", "I"])), written("b.json", bare)]
    with pytest.raises(ImportFault, match="another by 'not scored'"):
        read_files(files, PLAIN)


def test_inspect_usage_where_the_cache_stands_beside_the_input(
    peers: SimpleNamespace, written: Write
) -> None:
    log = peers.inspect(["C", "C"])
    beside = {
        "input_tokens": 10,
        "output_tokens": 5,
        "total_tokens": 115,
        "input_tokens_cache_read": 100,
    }
    inside = {
        "input_tokens": 110,
        "output_tokens": 5,
        "total_tokens": 115,
        "input_tokens_cache_read": 100,
        "reasoning_tokens": 3,
    }
    for sample, usage in zip(log["samples"], (beside, inside), strict=True):
        sample["model_usage"] = {"openai/gpt-4o-mini": usage}
    one, two = (c.usage for c in read_files([written("log.json", log)], PLAIN).calls)
    assert one is not None
    assert two is not None
    assert (one.input_fresh, one.cache_read, one.input_total) == (10, 100, 110)
    assert (two.input_fresh, two.cache_read, two.output_visible, two.output_reasoning) == (
        10,
        100,
        2,
        3,
    )


def test_promptfoo_counts_passes_tokens_and_arms(peers: SimpleNamespace, written: Write) -> None:
    passes = {
        "openai:chat:gpt-4o-mini": [True, True, False],
        "openai:chat:gpt-4.1-mini": [True, False, True],
    }
    output = peers.promptfoo(passes)
    found = read_files([written("out.json", output)], PLAIN)
    assert [a.name for a in found.arms] == ["gpt-4o-mini", "gpt-4.1-mini"]
    assert sum(c.scores["pass"] for c in found.calls) == 4
    assert sum(c.usage.input_total or 0 for c in found.calls if c.usage) == 54
    lines = "\n".join(json.dumps(row) for row in output["results"]["results"])
    by_line = read_files([written("out.jsonl", lines)], ImportOptions(task="out"))
    assert [c.scores for c in by_line.calls] == [c.scores for c in found.calls]
    assert (
        read_files([written("b.json", output)], ImportOptions(metric="score"))
        .calls[0]
        .scores["score"]
        == 0.75
    )


def test_a_cached_promptfoo_answer_has_no_bill_and_no_latency(
    peers: SimpleNamespace, written: Write
) -> None:
    cached = {"output": "4", "cached": True, "tokenUsage": {"total": 13, "cached": 13}}
    output = peers.promptfoo({"openai:chat:gpt-4o-mini": [True]}, response=cached)
    found = read_files([written("out.json", output)], PLAIN)
    assert found.calls[0].usage is None
    assert found.calls[0].latency_s is None
    assert any("cache" in note for note in found.notes)


def test_the_cost_of_promptfoo_is_no_charge_and_that_is_said(
    peers: SimpleNamespace, written: Write
) -> None:
    output = peers.promptfoo({"openai:chat:gpt-4o-mini": [True, True]}, cost=0.01)
    found = read_files([written("out.json", output)], PLAIN)
    assert {call.billed_usd for call in found.calls} == {None}
    assert any("the cost of 2 of 2 results is not read" in note for note in found.notes)
    output = peers.promptfoo({"openai:chat:gpt-4o-mini": [True, True]}, cost=0)
    found = read_files([written("free.json", output)], PLAIN)
    assert not any("is not read" in note for note in found.notes)


def test_a_promptfoo_error_is_missing_not_wrong(peers: SimpleNamespace, written: Write) -> None:
    output = peers.promptfoo(
        {"openai:chat:gpt-4o-mini": [False]}, failureReason=2, error="API error: 500"
    )
    assert read_files([written("out.json", output)], PLAIN).calls[0].error == "API error: 500"


TABLE = """model,question_id,question,correct,cost,prompt_tokens,completion_tokens,latency_ms,lang
one,1,q1,1,0.002,10,5,120,de
one,2,q2,0,0,0,,0,en
two,1,q1,true,,12,5,80,de
two,2,q2,FALSE,$0.01,12,5,80,en
"""


def test_a_table_of_answers(written: Write) -> None:
    options = ImportOptions(columns={"slice": ("lang",)})
    found = read_files([written("t.csv", TABLE)], options)
    assert [c.scores["correct"] for c in found.calls] == [1, 0, 1, 0]
    assert [c.billed_usd for c in found.calls] == [Decimal("0.002"), None, None, Decimal("0.01")]
    assert found.calls[1].usage is None
    assert found.calls[1].latency_s is None
    assert found.calls[0].latency_s == pytest.approx(0.12)
    assert found.samples[0].slices == {"lang": "de"}
    assert any("unknown, not as free" in note for note in found.notes)
    assert any("item=question_id" in note for note in found.notes), "what was guessed is said"


def test_a_leaderboard_has_neither_items_nor_intervals(written: Write) -> None:
    found = read_files([written("board.csv", "model,score,cost\none,0.81,0.0\ntwo,0.85,\n")], PLAIN)
    assert not found.calls
    assert [a.usd for a in found.aggregates] == [None, None]
    assert all(a.interval() is None for a in found.aggregates)
    assert any("2 costs are 0 or empty" in note for note in found.notes)


def test_equal_answers_score_where_a_table_has_no_score(written: Write) -> None:
    found = read_files([written("t.csv", "id,answer,gold\n1, Paris,paris\n2,Rome,Bern\n")], PLAIN)
    assert [c.scores["equal to the target"] for c in found.calls] == [1.0, 0.0]


@pytest.mark.parametrize(
    ("name", "text", "options", "message"),
    [
        ("a.csv", "model,item,x\n", PLAIN, "no rows"),
        ("a.csv", "model,item,x\na,1,2\n", PLAIN, "which column is the score"),
        (
            "a.csv",
            "model,item,score\na,1,85\n",
            PLAIN,
            r"a\.csv:2: the score '85' is not between 0 and 1",
        ),
        ("a.csv", "model,item,score\na,1,good\n", PLAIN, "is no number: 'good'"),
        ("a.csv", "model,item,score\na,1,1\na,1,0\n", PLAIN, "answers the item '1' twice"),
        ("a.csv", "model,score\na,1\na,0\n", PLAIN, "which column names the item"),
        (
            "a.csv",
            "m,s\na,1\n",
            ImportOptions(columns={"skore": ("s",)}),
            "no such role; did you mean 'score'",
        ),
        (
            "a.csv",
            "m,acc\na,1\n",
            ImportOptions(columns={"score": ("acd",)}),
            "no column 'acd'; did you mean 'acc'",
        ),
        ("a.json", "{}", PLAIN, "which tool wrote it"),
        ("a.json", '{"results": [', PLAIN, r"a\.json:1: not JSON"),
        ("a.jsonl", '{"doc_id": 1, "resps": []}\n[1]\n', PLAIN, r"a\.jsonl:2: not a JSON object"),
        ("a.eval", "no zip", PLAIN, r"a\.eval:1: not JSON"),
    ],
)
def test_bad_files_say_what_is_wrong(
    written: Write, name: str, text: str, options: ImportOptions, message: str
) -> None:
    with pytest.raises(ImportFault, match=message):
        read_files([written(name, text)], options)


def test_several_kinds_at_once_are_refused(peers: SimpleNamespace, written: Write) -> None:
    files = [written("a.csv", TABLE), written("b.json", peers.inspect(["C"]))]
    with pytest.raises(ImportFault, match="several kinds"):
        read_files(files, PLAIN)


def test_an_unknown_metric_is_named_with_its_neighbour(
    peers: SimpleNamespace, written: Write
) -> None:
    with pytest.raises(ImportFault, match="no scorer 'mach'; did you mean 'match'"):
        read_files([written("b.json", peers.inspect(["C"]))], ImportOptions(metric="mach"))


def test_a_zip_that_is_no_log(tmp_path: Path) -> None:
    path = tmp_path / "a.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.txt", "hello")
    with pytest.raises(ImportFault, match="no log of Inspect"):
        read_files([path], PLAIN)


def test_kinds_by_contents(tmp_path: Path, peers: SimpleNamespace, written: Write) -> None:
    results = peers.lm_eval(tmp_path / "a", "one", [1, 0])
    samples = next(results.parent.glob("samples_*"))
    assert [kind_of(p) for p in (results, samples, written("t.csv", TABLE))] == [
        "lm-eval",
        "lm-eval",
        "csv",
    ]


def test_the_standard_error_of_one_value_is_unknown() -> None:
    assert mean_and_stderr([1.0]) == (1.0, None)
    assert mean_and_stderr([0.0, 1.0]) == (0.5, pytest.approx(0.5))
