"""Tables of one column a model: each model has its own times, dollars and tokens or none, no
measure is a model, and which column is the score is asked where it cannot be told.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from claimbench.importers.imported import Imported, ImportedCall, ImportFault, ImportOptions
from claimbench.importers.tables.table import read

N = 12
BOTH = ImportOptions(columns={"score": ("gpt", "llama")})


def imported(
    tmp_path: Path, header: str, cells: Callable[[int], str], options: ImportOptions | None = None
) -> Imported:
    path = tmp_path / "t.csv"
    path.write_text("\n".join([header, *(f"{i},{cells(i)}" for i in range(N))]) + "\n", "utf-8")
    return read([path], options or ImportOptions())[0]


def first(found: Imported, arm: str) -> ImportedCall:
    return next(call for call in found.calls if call.arm == arm)


def scores_of_two(i: int) -> str:
    return f"{i % 2},{int(i % 3 > 0)}"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("gpt_latency_ms", "llama_latency_ms"),
        ("latency_ms_gpt", "latency_ms_llama"),
        ("gpt latency (ms)", "llama latency (ms)"),
        ("gpt.latency_ms", "llama.latency_ms"),
        ("latency_ms.gpt", "latency_ms.llama"),
        ("gptLatencyMs", "llamaLatencyMs"),
        ("latency_gpt_ms", "latency_llama_ms"),
        ("GPT Dauer [ms]", "Llama Dauer [ms]"),
        ("gpt_response_time_ms", "llama_total_time_ms"),
    ],
)
@pytest.mark.parametrize("options", [ImportOptions(), BOTH])
def test_each_model_has_its_own_times(
    tmp_path: Path, one: str, other: str, options: ImportOptions
) -> None:
    found = imported(
        tmp_path, f"id,gpt,llama,{one},{other}", lambda i: f"{scores_of_two(i)},3000,400", options
    )
    assert [arm.name for arm in found.arms] == ["gpt", "llama"]
    assert {call.latency_s for call in found.calls if call.arm == "gpt"} == {3.0}
    assert {call.latency_s for call in found.calls if call.arm == "llama"} == {0.4}


def test_units_may_differ_and_what_a_model_does_not_have_is_unknown(tmp_path: Path) -> None:
    header = "id,gpt,llama,gpt_latency_s,llama_latency_ms,llama_ttft_ms,llama_usd,gpt cost (USD)"
    found = imported(tmp_path, header, lambda i: f"{scores_of_two(i)},3.5,400,90,0.002,0.03")
    gpt, llama = first(found, "gpt"), first(found, "llama")
    assert (gpt.latency_s, gpt.ttft_s, gpt.billed_usd) == (3.5, None, Decimal("0.03"))
    assert (llama.latency_s, llama.ttft_s, llama.billed_usd) == (0.4, 0.09, Decimal("0.002"))


def test_tokens_of_a_model_are_read_where_both_counts_are_there(tmp_path: Path) -> None:
    header = "id,gpt,llama,gpt.input_tokens,gpt.output_tokens,llama_output_tokens"
    found = imported(tmp_path, header, lambda i: f"{scores_of_two(i)},100,20,30")
    usage = first(found, "gpt").usage
    assert usage is not None
    assert (usage.input_fresh, usage.output_visible) == (100, 20)
    assert first(found, "llama").usage is None
    assert any("not read: llama_output_tokens" in note for note in found.notes)


@pytest.mark.parametrize(
    "measure",
    [
        *("cost_usd", "confidence", "Kosten", "time_s", "seconds", "latency", "cost", "Konfidenz"),
        *("probability", "temperature", "tokens", "Preis (EUR)", "dauer_s", "logprob"),
    ],
)
def test_a_measure_is_never_a_model(tmp_path: Path, measure: str) -> None:
    header = f"id,gpt,llama,gpt {measure},llama {measure}"
    found = imported(tmp_path, header, lambda i: f"{scores_of_two(i)},0.9,0.8")
    assert [arm.name for arm in found.arms] == ["gpt", "llama"]
    assert any(f"gpt {measure}" in note for note in found.notes)


def test_scores_called_by_model_and_metric_find_their_measures(tmp_path: Path) -> None:
    header = "id,gpt-4_correct,gpt-4-mini_correct,gpt4_cost_usd,gpt-4-mini_cost_usd"
    found = imported(tmp_path, header, lambda i: f"{scores_of_two(i)},0.02,0.001")
    assert first(found, "gpt-4_correct").billed_usd == Decimal("0.02")
    assert first(found, "gpt-4-mini_correct").billed_usd == Decimal("0.001")


@pytest.mark.parametrize("measure", ["latency_ms", "gpt_mini_latency_ms", "mean_latency_ms_gpt"])
def test_a_measure_of_no_model_is_given_to_none_and_said(tmp_path: Path, measure: str) -> None:
    found = imported(tmp_path, f"id,gpt,llama,{measure}", lambda i: f"{scores_of_two(i)},300")
    assert {call.latency_s for call in found.calls} == {None}
    assert any(f"not read: {measure}: no model's" in note for note in found.notes)


def test_stating_the_unit_of_a_models_measure_works(tmp_path: Path) -> None:
    header = "id,gpt,llama,gpt_latency,llama_latency"

    def cells(i: int) -> str:
        return f"{scores_of_two(i)},3000,400"

    found = imported(tmp_path, header, cells)
    assert {call.latency_s for call in found.calls} == {None}
    assert any("--column latency_s=gpt_latency (roles" in note for note in found.notes)
    one = ImportOptions(columns={"latency_ms": ("gpt_latency",)})
    found = imported(tmp_path, header, cells, one)
    assert first(found, "gpt").latency_s == 3.0
    assert first(found, "llama").latency_s is None
    both = ImportOptions(columns={"latency_ms": ("llama_latency", "gpt_latency")})
    found = imported(tmp_path, header, cells, both)
    assert (first(found, "gpt").latency_s, first(found, "llama").latency_s) == (3.0, 0.4)


def test_measures_that_name_no_model_are_stated_in_the_models_order(tmp_path: Path) -> None:
    header = "id,gpt,llama,t1_ms,t2_ms"

    def cells(i: int) -> str:
        return f"{scores_of_two(i)},3000,400"

    stated = ImportOptions(columns={**BOTH.columns, "latency_ms": ("t1_ms", "t2_ms")})
    found = imported(tmp_path, header, cells, stated)
    assert (first(found, "gpt").latency_s, first(found, "llama").latency_s) == (3.0, 0.4)
    alone = ImportOptions(columns={**BOTH.columns, "latency_ms": ("t1_ms",)})
    with pytest.raises(ImportFault, match="of which model is it") as fault:
        imported(tmp_path, header, cells, alone)
    assert "rename it (gpt_latency_ms)" in (fault.value.hint or "")
    renamed = header.replace("t1_ms", "gpt_latency_ms")
    assert first(imported(tmp_path, renamed, cells, BOTH), "gpt").latency_s == 3.0


def test_two_times_of_one_model_are_asked_for(tmp_path: Path) -> None:
    header = "id,gpt,llama,gpt_latency_ms,gpt_total_time_s"
    found = imported(tmp_path, header, lambda i: f"{scores_of_two(i)},3000,3.5")
    assert first(found, "gpt").latency_s is None
    assert any("which of them is gpt's latency" in note for note in found.notes)
    stated = ImportOptions(columns={"latency_ms": ("gpt_latency_ms",)})
    found = imported(tmp_path, header, lambda i: f"{scores_of_two(i)},3000,3.5", stated)
    assert first(found, "gpt").latency_s == 3.0


def test_times_and_costs_are_checked_by_the_columns_of_the_file(tmp_path: Path) -> None:
    header = "id,gpt,llama,gpt_latency_s,llama_latency_ms"
    with pytest.raises(ImportFault, match="'gpt_latency_s' are above") as fault:
        imported(tmp_path, header, lambda i: f"{scores_of_two(i)},3000,400")
    assert "--column latency_ms=gpt_latency_s" in (fault.value.hint or "")
    stated = ImportOptions(columns={"latency_ms": ("gpt_latency_s",)})
    found = imported(tmp_path, header, lambda i: f"{scores_of_two(i)},3000,400", stated)
    assert first(found, "gpt").latency_s == 3.0
    header = "id,gpt,llama,gpt_cost,llama_cost"
    found = imported(tmp_path, header, lambda i: f"{scores_of_two(i)},0.1 €,0.2")
    assert first(found, "gpt").billed_usd is None
    assert first(found, "llama").billed_usd == Decimal("0.2")
    assert any("costs of gpt in €" in note for note in found.notes)


@pytest.mark.parametrize(
    ("header", "cells", "asked"),
    [
        ("id,model,passed_strict,passed_lenient,hallucination", "m,1,1,0.3", "passed_strict"),
        ("id,correct_strict,correct_lenient,hallucination", "1,1,0.3", "correct_strict"),
        ("id,gpt_score,llama_score,gpt_error", "1,0,1", "gpt_score, llama_score"),
        ("id,gpt,llama,similarity,temperature", "1,0,0.9,0", "similarity, gpt, llama"),
        ("id,gpt,llama,hallucination", "1,0,0.9", "hallucination, gpt, llama"),
        ("id,model,wer,cer", "m,0.2,0.1", "wer, cer"),
        ("id,gpt.correct,llama.correct,gpt.hallucination", "1,0,0.2", "gpt.correct, llama.correct"),
        ("id,gpt,llama,gpt certain,llama certain", "1,0,0.9,0.8", ""),
        ("id,gpt_wer,llama_wer", "0.2,0.1", "gpt_wer, llama_wer"),
    ],
)
def test_of_several_that_could_be_the_score_one_is_asked_for(
    tmp_path: Path, header: str, cells: str, asked: str
) -> None:
    with pytest.raises(ImportFault, match=f"which of {asked}" if asked else "which column"):
        imported(tmp_path, header, lambda _: cells)


def test_a_stated_metric_of_which_lower_is_better_is_judged_the_right_way_up(
    tmp_path: Path,
) -> None:
    stated = ImportOptions(columns={"score": ("gpt_wer", "llama_wer")})
    found = imported(tmp_path, "id,gpt_wer,llama_wer", lambda _: "0.2,0.1", stated)
    assert first(found, "gpt_wer").scores == {"1 - wer": 0.8}
    assert first(found, "llama_wer").scores == {"1 - wer": 0.9}
    mixed = ImportOptions(columns={"score": ("gpt_wer", "llama_acc")})
    with pytest.raises(ImportFault, match="not one metric"):
        imported(tmp_path, "id,gpt_wer,llama_acc", lambda _: "0.2,0.1", mixed)


def test_answers_and_faults_of_each_model_are_its_own(tmp_path: Path) -> None:
    header = "id,expected,gpt_answer,gpt_correct,llama_answer,llama_correct,llama_error"
    found = imported(tmp_path, header, lambda i: f"A,A,1,B,0,{'time-out' if i == 4 else ''}")
    gpt, llama = first(found, "gpt_correct"), first(found, "llama_correct")
    assert (gpt.text, llama.text) == ("A", "B")
    assert [call.error for call in found.calls if call.error] == ["time-out"]


@pytest.mark.parametrize("columns", ["gpt_latency_ms,llama_latency_ms", "judge_latency_ms"])
def test_times_of_others_are_not_the_rows_own(tmp_path: Path, columns: str) -> None:
    cells = ",".join("300" for _ in columns.split(","))
    found = imported(tmp_path, f"id,model,score,{columns}", lambda _: f"m,1,{cells}")
    assert {call.latency_s for call in found.calls} == {None}
    assert any("not read" in note for note in found.notes)


def test_two_columns_for_one_role_of_a_long_table_are_refused(tmp_path: Path) -> None:
    stated = ImportOptions(columns={"latency_ms": ("a_ms", "b_ms")})
    with pytest.raises(ImportFault, match="latency_ms is stated as a_ms, b_ms"):
        imported(tmp_path, "id,model,score,a_ms,b_ms", lambda _: "m,1,300,400", stated)
