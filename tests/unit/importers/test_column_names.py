"""Tables as people call their columns: the score is found, read the right way up, and amounts that
cannot be are said.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from claimbench.importers.imported import Imported, ImportFault, ImportOptions
from claimbench.importers.tables.table import read

N = 12


def imported(
    tmp_path: Path, header: str, row: Callable[[int], str], options: ImportOptions | None = None
) -> Imported:
    path = tmp_path / "t.csv"
    path.write_text("\n".join([header, *(row(i) for i in range(N))]) + "\n", encoding="utf-8")
    return read([path], options or ImportOptions())[0]


def scores(found: Imported) -> list[float]:
    return [next(iter(call.scores.values())) for call in found.calls]


@pytest.mark.parametrize(
    ("column", "yes", "no"),
    [
        ("Is Correct?", "True", "False"),
        ("Is correct", "ja", "nein"),
        ("korrekt", "1", "0"),
        ("Korrekt?", "richtig", "falsch"),
        ("Ergebnis", "bestanden", "nicht bestanden"),
        ("exact_match", "1", "0"),
        ("EM", "1.0", "0.0"),
        ("réussi", "oui", "non"),
        ("correcto", "sí", "no"),
        ("corretto", "sì", "no"),
        ("correto", "sim", "não"),
        ("правильно", "да", "нет"),
        ("是否正确", "是", "否"),
        ("正解", "○", "×"),
        ("정답 여부", "네", "아니오"),
        ("Success?", "yes", "no"),
        ("resolved", "✅", "❌"),
        ("thumbs up", "👍", "👎"),
        ("won", "true", "false"),
        ("evaluation.correctness", "1", "0"),
    ],
)
def test_a_column_of_right_and_wrong_is_found(
    tmp_path: Path, column: str, yes: str, no: str
) -> None:
    found = imported(tmp_path, f"id,model,{column}", lambda i: f"{i},m,{yes if i % 3 else no}")
    assert scores(found) == [float(i % 3 > 0) for i in range(N)]


@pytest.mark.parametrize(
    "column",
    [
        "Genauigkeit",
        "pass_rate",
        "f1",
        "F1 score",
        "rougeL",
        "bleu",
        "quality",
        "mean_score",
        "Note",
    ],
)
def test_a_column_of_shares_is_found(tmp_path: Path, column: str) -> None:
    found = imported(tmp_path, f"id,model,{column}", lambda i: f"{i},m,0.{i % 9}")
    assert scores(found) == pytest.approx([(i % 9) / 10 for i in range(N)])


@pytest.mark.parametrize("column", ["rating", "Bewertung", "judge_score", "llm_judge", "Punktzahl"])
def test_a_column_of_ratings_is_found_and_its_ends_are_said(tmp_path: Path, column: str) -> None:
    found = imported(tmp_path, f"id,model,{column}", lambda i: f"{i},m,{1 + i % 5}")
    assert scores(found) == [(i % 5) / 4 for i in range(N)]
    assert any("state them: --scale 1..5" in note for note in found.notes)


@pytest.mark.parametrize(
    "column",
    [
        *("wer", "WER", "CER", "brier", "Brier score", "toxicity", "toxicity_score", "error rate"),
        *("hallucination_rate", "Fehlerrate", "Fehlerquote", "Halluzinationsrate", "taux d'erreur"),
        *("tasa de errores", "tasso di errore", "taxa de erro", "foutpercentage", "ошибки"),
        *("错误率", "誤り率", "오류율", "不正解", "rmse", "score_wer"),
    ],
)
@pytest.mark.parametrize("percent", [False, True])
def test_lower_is_better_by_name_is_never_judged_upside_down(
    tmp_path: Path, column: str, percent: bool
) -> None:
    def row(i: int) -> str:
        return f"{i},m,{i * 10 % 90} %" if percent else f"{i},m,{i * 10 % 90 / 100}"

    found = imported(tmp_path, f"id,model,{column}", row)
    assert scores(found) == pytest.approx([1 - i * 10 % 90 / 100 for i in range(N)])
    assert any("is better" in note for note in found.notes)


@pytest.mark.parametrize("column", ["fehlerfrei", "error-free", "ohne Fehler", "no hallucination"])
def test_what_turns_a_bad_word_round_is_higher_better(tmp_path: Path, column: str) -> None:
    options = ImportOptions(columns={"score": (column,)})
    found = imported(tmp_path, f"id,model,{column}", lambda i: f"{i},m,{i % 2}", options)
    assert scores(found) == [float(i % 2) for i in range(N)]


@pytest.mark.parametrize("column", ["perplexity", "wer", "edit_distance"])
def test_lower_is_better_beyond_1_asks_for_the_scale(tmp_path: Path, column: str) -> None:
    with pytest.raises(ImportFault, match=f"lower {column} is better") as fault:
        imported(tmp_path, f"id,model,{column}", lambda i: f"{i},m,{i}.5")
    assert "the worst first" in (fault.value.hint or "")
    options = ImportOptions(columns={"score": (column,)}, scale="20..0")
    found = imported(tmp_path, f"id,model,{column}", lambda i: f"{i},m,{i}.5", options)
    assert scores(found) == pytest.approx([1 - (i + 0.5) / 20 for i in range(N)])


@pytest.mark.parametrize("column", ["Note", "Schulnote", "Note (1-6)"])
def test_school_grades_are_asked_for(tmp_path: Path, column: str) -> None:
    with pytest.raises(ImportFault, match="is 1 the best"):
        imported(tmp_path, f"id,model,{column}", lambda i: f"{i},m,{1 + i % 6}")
    options = ImportOptions(scale="6..1")
    found = imported(tmp_path, f"id,model,{column}", lambda i: f"{i},m,{1 + i % 6}", options)
    assert scores(found) == pytest.approx([1 - (i % 6) / 5 for i in range(N)])


@pytest.mark.parametrize(
    "columns", ["exact_match,f1", "context_precision,context_recall", "rouge1,rougeL", "bleu,chrf"]
)
def test_several_metrics_are_no_models(tmp_path: Path, columns: str) -> None:
    with pytest.raises(ImportFault, match=r"which of .* is the score"):
        imported(tmp_path, f"id,{columns}", lambda i: f"{i},{i % 2},{(i + 1) % 2}")


@pytest.mark.parametrize("columns", ["gpt-4_score,llama_score", "old,new", "correct_a,correct_b"])
def test_one_metric_of_several_models_is_a_wide_table(tmp_path: Path, columns: str) -> None:
    found = imported(tmp_path, f"id,{columns}", lambda i: f"{i},{i % 2},{(i + 1) % 2}")
    assert [arm.name for arm in found.arms] == columns.split(",")


def test_a_judged_column_comes_before_equality(tmp_path: Path) -> None:
    header = "id,model,answer,target,Is Correct?"
    found = imported(tmp_path, header, lambda i: f"{i},m,a,b,{i % 2}")
    assert set(found.metrics.values()) == {"Is Correct?"}


def test_a_table_in_german(tmp_path: Path) -> None:
    header = "Nr,Modell,Frage,Antwort,Korrekt,Dauer (s),Kosten (USD)"
    row = "{},m,wie {},so,{},1.5,0.01"
    found = imported(tmp_path, header, lambda i: row.format(i, i, "ja" if i % 2 else "nein"))
    call = found.calls[1]
    assert (call.arm, call.sample_id, call.latency_s) == ("m", "1", 1.5)
    assert str(call.billed_usd) == "0.01"


@pytest.mark.parametrize(
    ("column", "value", "seconds"),
    [
        ("Latency (ms)", 1500, 1.5),
        ("response_time_ms", 1500, 1.5),
        ("time_s", 1.5, 1.5),
        ("elapsed [s]", 1.5, 1.5),
        ("latency", 1.5, None),
        ("time (min)", 1.5, None),
    ],
)
def test_times_are_read_where_the_name_has_the_unit(
    tmp_path: Path, column: str, value: float, seconds: float | None
) -> None:
    found = imported(tmp_path, f"id,model,score,{column}", lambda i: f"{i},m,1,{value}")
    assert found.calls[0].latency_s == seconds
    if seconds is None:
        assert any(f"not read: {column}" in note for note in found.notes)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("latency_s", 1200, "are they milliseconds"),
        ("ttft_s", 900, "are they milliseconds"),
        ("latency_ms", 1.2, "are they seconds"),
    ],
)
def test_times_in_another_unit_are_asked_for(
    tmp_path: Path, column: str, value: float, words: str
) -> None:
    with pytest.raises(ImportFault, match=words):
        imported(tmp_path, f"id,model,score,{column}", lambda i: f"{i},m,1,{value}")
    options = ImportOptions(columns={column: (column,)})
    assert imported(tmp_path, f"id,model,score,{column}", lambda i: f"{i},m,1,{value}", options)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("latency_s", "-1", "below 0"),
        ("latency_s", "0", "of 0"),
        ("ttft_ms", "-20", "below 0"),
        ("cost", "-0.01", "below 0"),
        ("prompt_tokens", "-5", "below 0"),
        ("completion_tokens", "3.5", "no count"),
    ],
)
def test_amounts_that_cannot_be_are_said_unknown(
    tmp_path: Path, column: str, value: str, words: str
) -> None:
    usual = "20" if "tokens" in column or "ms" in column else "1.5"
    found = imported(
        tmp_path, f"id,model,score,{column}", lambda i: f"{i},m,1,{value if i == 4 else usual}"
    )
    said = [note for note in found.notes if words in note]
    assert len(said) == 1
    assert column in said[0]
    assert "line 6" in said[0]
    call = found.calls[4]
    assert call.latency_s is None
    assert call.ttft_s is None
    assert call.billed_usd is None
    assert call.usage is None


@pytest.mark.parametrize("currency", ["EUR", "€", "cny"])
def test_costs_in_another_currency_are_not_read_as_dollars(tmp_path: Path, currency: str) -> None:
    header = "id,model,score,cost,currency"
    found = imported(tmp_path, header, lambda i: f"{i},m,1,0.5,{currency}")
    assert found.calls[0].billed_usd is None
    assert any(f"costs in {currency} are not read" in note for note in found.notes)
    assert imported(tmp_path, header, lambda i: f"{i},m,1,0.5,usd").calls[0].billed_usd


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("€0.01", "€"),
        ("£0.01", "£"),
        ("0.01 €", "€"),
        ("EUR 0.01", "EUR"),
        ("¥0.01", "¥"),
        ("₹0.01", "₹"),
        ("0.01 CHF", "CHF"),
        ("CA$0.01", "CA$"),
        ("R$ 0.01", "R$"),
        ("$0.01 AUD", "$AUD"),
        ("0.01 zł", "zł"),
        ("0.01元", "元"),
        ("Rs. 0.01", "RS"),
        ("0.01 Euro", "EURO"),
        ("5¢", "¢"),
        ("5 cents", "CENTS"),
        ("1.5%", "%"),
    ],
)
@pytest.mark.parametrize("column", ["cost", "cost_usd", "Cost (USD)"])
def test_a_currency_in_the_cells_is_not_read_as_dollars_and_is_said(
    tmp_path: Path, cell: str, said: str, column: str
) -> None:
    found = imported(tmp_path, f"id,model,score,{column}", lambda i: f"{i},m,1,{cell}")
    assert all(call.billed_usd is None for call in found.calls)
    assert any(f"costs in {said} are not read" in note for note in found.notes)


def test_one_row_in_another_currency_makes_all_costs_unknown(tmp_path: Path) -> None:
    found = imported(
        tmp_path, "id,model,score,cost", lambda i: f"{i},m,1,{'€' if i == 3 else '$'}0.01"
    )
    assert all(call.billed_usd is None for call in found.calls)


def test_costs_stated_by_hand_are_checked_for_their_currency_too(tmp_path: Path) -> None:
    options = ImportOptions(columns={"usd": ("paid",)})
    found = imported(tmp_path, "id,model,score,paid", lambda i: f"{i},m,1,0.01 EUR", options)
    assert all(call.billed_usd is None for call in found.calls)


@pytest.mark.parametrize("header", ["cost.amount,cost.currency", "cost,Billing Currency"])
def test_a_column_of_currencies_is_found_inside_a_record(tmp_path: Path, header: str) -> None:
    options = ImportOptions(columns={"usd": (header.partition(",")[0],)})
    found = imported(tmp_path, f"id,model,score,{header}", lambda i: f"{i},m,1,0.01,GBP", options)
    assert all(call.billed_usd is None for call in found.calls)


@pytest.mark.parametrize(
    ("cell", "usd"),
    [
        ("$0.01", "0.01"),
        ("0.01 $", "0.01"),
        ("US$0.01", "0.01"),
        ("USD 0.01", "0.01"),
        ("$0.01 USD", "0.01"),
        ("＄0.01", "0.01"),
        ("1e-2", "0.01"),
        ("$1.2k", "1200"),
    ],
)
def test_dollars_stay_dollars_however_they_are_marked(tmp_path: Path, cell: str, usd: str) -> None:
    found = imported(tmp_path, "id,model,score,cost", lambda i: f"{i},m,1,{cell}")
    assert {call.billed_usd for call in found.calls} == {Decimal(usd)}
