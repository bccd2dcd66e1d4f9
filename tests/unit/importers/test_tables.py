"""Tables of other tools: what their cells mean, in the spellings that people and programs use."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from claimbench.clock import FakeClock
from claimbench.errors import BenchError
from claimbench.evaluation.evaluate import Evaluation, evaluate
from claimbench.evaluation.stored import read_run
from claimbench.importers.detect import read_files
from claimbench.importers.direction import lower_is_better
from claimbench.importers.imported import ImportFault, ImportOptions
from claimbench.importers.imported_run import build_run
from claimbench.importers.stored_run import store_run
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.store.results import ResultsStore
from claimbench.types import ClaimSpec

Write = Callable[[str, Any], Path]
PLAIN = ImportOptions()


def judged(
    tmp_path: Path,
    files: list[Path],
    claim: str,
    options: ImportOptions = PLAIN,
    allow: tuple[str, ...] = (),
) -> Evaluation:
    run = build_run(
        read_files(files, options),
        name="t",
        claims=[ClaimSpec("c", claim, None, {})],
        book=PriceBook(),
        clock=FakeClock(datetime(2026, 1, 2, tzinfo=UTC)),
        allow=allow,
    )
    with ResultsStore.open(tmp_path / "results") as store:
        run_id = store_run(store, run)
        store.verify(run_id)
        assert [info.status for info in store.runs()] == ["complete"]
        return evaluate(read_run(store, run_id))


def scores(path: Path, options: ImportOptions = PLAIN) -> list[float | None]:
    return [next(iter(c.scores.values()), None) for c in read_files([path], options).calls]


@pytest.mark.parametrize(
    "cell",
    ["", "None", "False", "false", "0", "0.0", "null", "nan", "NaN", "[]", "{}", "no", "N/A"],
)
def test_no_fault_in_any_of_its_spellings(written: Write, cell: str) -> None:
    found = read_files([written("t.csv", f"id,model,correct,error\n0,a,1,{cell}\n")], PLAIN)
    assert found.calls[0].error is None
    assert found.aggregates[0].value == 1


@pytest.mark.parametrize("value", [None, False, 0, 0.0, "", [], {}])
def test_no_fault_in_json(written: Write, value: object) -> None:
    line = json.dumps({"id": 0, "model": "a", "score": 1, "error": value})
    assert read_files([written("t.jsonl", line)], PLAIN).calls[0].error is None


@pytest.mark.parametrize(
    ("cell", "said"),
    [("True", "an error, without words"), ("timeout", "timeout"), ("1", "an error")],
)
def test_a_fault_is_missing_whatever_its_score(written: Write, cell: str, said: str) -> None:
    text = f"id,model,correct,error\n0,a,0,{cell}\n1,a,1,\n"
    found = read_files([written("t.csv", text)], PLAIN)
    assert said in (found.calls[0].error or "")
    assert found.aggregates[0].value == 1
    assert found.aggregates[0].n == 1


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (["PASS", "FAIL"], [1, 0]),
        (["yes", "No"], [1, 0]),
        (["TRUE", "false"], [1, 0]),
        (["correct", "Incorrect"], [1, 0]),
        (["✓", "✗"], [1, 0]),
        (["85%", "7 %"], [0.85, 0.07]),
        (["85,5 %", "0 %"], [0.855, 0]),
        (["0,5", "1,0"], [0.5, 1]),
        (["0,125", "1"], [0.125, 1]),
        (["0.5", "1"], [0.5, 1]),
        (["1", "nan"], [1, None]),
        (["0", "N/A"], [0, None]),
    ],
    ids=str,
)
def test_scores_in_words_per_cent_and_with_commas(
    written: Write, cells: list[str], wanted: list[float | None]
) -> None:
    rows = "".join(f"{i};a;{cell}\n" for i, cell in enumerate(cells))
    assert scores(written("t.csv", "id;model;score\n" + rows)) == wanted


@pytest.mark.parametrize(
    ("cells", "scale", "wanted"),
    [
        ([1, 3, 5], None, [0, 0.5, 1]),
        ([0, 5, 10], None, [0, 0.5, 1]),
        ([2, 3, 4], "1..5", [0.25, 0.5, 0.75]),
        ([1, 2, 2], "2..1", [1, 0, 0]),
        ([40, 85, 100], "100", [0.4, 0.85, 1]),
        ([1, 4, 7], "1..7", [0, 0.5, 1]),
    ],
    ids=str,
)
def test_rating_scales_by_their_ends(
    written: Write, cells: list[int], scale: str | None, wanted: list[float]
) -> None:
    rows = "".join(f"{i},a,{cell}\n" for i, cell in enumerate(cells))
    path = written("t.csv", "id,model,score\n" + rows)
    assert scores(path, ImportOptions(scale=scale)) == wanted
    if scale is None:
        assert any("state them: --scale" in note for note in read_files([path], PLAIN).notes)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("id,score\n0,85%\n1,0.5\n", PLAIN, r"t\.csv:3: a plain score .* beside per cent"),
        ("id;score\n0;0,5\n1;0.5\n", PLAIN, "comma on line 2 .* point on line 3"),
        ("id,score\n0,6\n", ImportOptions(scale="1..5"), r"t\.csv:2: .* not between 1 and 5"),
        ("id,score\n0,6\n", ImportOptions(scale="x"), "--scale x"),
        ("id,score\n0,6\n", ImportOptions(scale="3..3"), "--scale 3..3"),
    ],
)
def test_scores_that_cannot_be_read_one_way(
    written: Write, text: str, options: ImportOptions, message: str
) -> None:
    with pytest.raises(ImportFault, match=message):
        read_files([written("t.csv", text)], options)


@pytest.mark.parametrize("first", ["0", 0, 0.0])
def test_ids_count_from_0(written: Write, first: object) -> None:
    lines = [json.dumps({"id": i, "model": "a", "score": 1}) for i in (first, 1)]
    found = read_files([written("t.jsonl", "\n".join(lines))], PLAIN)
    assert [sample.id for sample in found.samples] == ["0", "1"]


@pytest.mark.parametrize(
    "names", [("gpt.csv", "claude.csv"), ("run_a.jsonl", "run_b.jsonl"), ("x.csv", "y.json")]
)
def test_files_of_one_model_each_pair_by_item(
    tmp_path: Path, written: Write, names: tuple[str, str]
) -> None:
    files = []
    for number, name in enumerate(names):
        rows = [{"id": i, "score": int(i % 10 < 9 - 6 * number)} for i in range(80)]
        text = "\n".join(json.dumps(row) for row in rows)
        if name.endswith(".csv"):
            text = "id,score\n" + "".join(f"{row['id']},{row['score']}\n" for row in rows)
        elif name.endswith(".json"):
            text = json.dumps(rows)
        files.append(written(name, text))
    one, two = (Path(name).stem for name in names)
    found = judged(tmp_path, files, f"{one} is more accurate than {two}")
    assert found.verdicts[0].status == "supported"
    assert found.verdicts[0].readings[0].estimate is not None
    assert found.verdicts[0].readings[0].estimate.n == 80


def test_files_on_other_items_stay_apart(written: Write) -> None:
    files = [
        written("math.csv", "id,score\nm1,1\nm2,0\n"),
        written("geo.csv", "id,score\ng1,1\ng2,0\n"),
    ]
    assert set(read_files(files, PLAIN).metrics) == {"math", "geo"}


@pytest.mark.parametrize(
    ("answers", "targets", "wanted"),
    [
        ("ABCD", "0123", [1, 1, 1, 1]),
        ("ABCD" * 9, "1234" * 9, [1] * 36),
        ("ABDD", "0123", [1, 1, 0, 1]),
        ("0123", "ABCD", [1, 1, 1, 1]),
        (["(A)", "b.", "C)"], "ABD", [1, 1, 0]),
        (["yes", "no", "Yes"], ["true", "false", "false"], [1, 1, 0]),
    ],
    ids=str,
)
def test_letters_against_positions_are_noticed(
    written: Write, answers: Any, targets: Any, wanted: list[int]
) -> None:
    rows = "".join(f"{i},{a},{t}\n" for i, (a, t) in enumerate(zip(answers, targets, strict=True)))
    assert scores(written("t.csv", "id,answer,target\n" + rows)) == wanted


def test_answers_that_can_never_equal_a_target_are_refused(written: Write) -> None:
    rows = "".join(
        f"{i},{'ja' if i % 2 else 'nein'},{'ok' if i % 2 else 'bad'}\n" for i in range(20)
    )
    with pytest.raises(ImportFault, match="no answer can equal a target") as fault:
        read_files([written("t.csv", "id,answer,target\n" + rows)], PLAIN)
    assert "--column score=NAME" in (fault.value.hint or "")


def test_a_list_of_right_answers(written: Write) -> None:
    lines = [
        json.dumps({"id": i, "answer": a, "target": ["4", "four"]}) for i, a in enumerate("45")
    ]
    assert scores(written("t.jsonl", "\n".join(lines))) == [1, 0]


@pytest.mark.parametrize("column", ["", ",question"])
def test_a_table_is_judged_with_and_without_inputs(
    tmp_path: Path, written: Write, column: str
) -> None:
    rows = []
    for i in range(60):
        shown = f",q{i}" if column else ""
        rows += [f"{i},a,{int(i % 10 < 8)}{shown}", f"{i},b,{int(i % 10 < 3)}{shown}"]
    path = written("t.csv", f"id,model,correct{column}\n" + "\n".join(rows) + "\n")
    found = judged(tmp_path, [path], "a is more accurate than b")
    assert found.verdicts[0].status == "supported"
    assert len(set(found.items.cluster)) == 60


@pytest.mark.parametrize(
    "name", ["error_rate", "wer", "toxicity", "brier_score", "hallucinationRate"]
)
def test_a_metric_where_lower_is_better_is_judged_as_its_complement(
    tmp_path: Path, written: Write, name: str
) -> None:
    rows = "".join(f"{i},good,{0.1}\n{i},bad,{0.8}\n" for i in range(40))
    path = written("t.csv", f"id,model,{name}\n" + rows)
    options = ImportOptions(columns={"score": (name,)})
    found = read_files([path], options)
    assert found.metrics == {"t": f"1 - {name}"}
    assert any(f"lower {name} is better" in note for note in found.notes)
    assert found.aggregates[0].value == pytest.approx(0.9)


@pytest.mark.parametrize(
    "name", ["accuracy", "error_free", "no_errors", "score", "non_toxic", "bleu"]
)
def test_metrics_where_higher_is_better(name: str) -> None:
    assert not lower_is_better(name)


@pytest.mark.parametrize("told", [True, False])
def test_lm_evals_own_word_on_direction(tmp_path: Path, peers: SimpleNamespace, told: bool) -> None:
    results = peers.lm_eval(tmp_path / "a", "one", [1, 0, 0, 0] * 10)
    data = json.loads(results.read_text())
    data["higher_is_better"] = {"toy": {"acc": told}}
    results.write_text(json.dumps(data))
    found = read_files([results], PLAIN)
    assert found.metrics == {"toy": "acc,none" if told else "1 - acc,none"}
    assert found.aggregates[0].value == pytest.approx(0.25 if told else 0.75)
    assert not any("results file says" in note for note in found.notes)


def test_a_direction_that_a_column_tells(written: Write) -> None:
    rows = [{"id": i, "model": "a", "score": 0.2, "lower_is_better": True} for i in range(3)]
    path = written("t.jsonl", "\n".join(map(json.dumps, rows)))
    assert scores(path) == pytest.approx([0.8] * 3)


@pytest.mark.parametrize(
    "document",
    [
        [{"id": 0, "model": "a", "evaluation": {"score": 1}}],
        {"results": [{"id": 0, "model": "a", "evaluation": {"score": 1}}], "tool": "x"},
        {"data": {"rows": [{"id": 0, "model": "a", "evaluation": {"score": 1}}]}},
    ],
    ids=["list", "inside", "deeper"],
)
def test_nested_records_are_a_table(written: Write, document: Any) -> None:
    found = read_files([written("t.json", document)], PLAIN)
    assert found.calls[0].scores == {"evaluation.score": 1}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"a": 1}, "no list of records"),
        ([1, 2], "no list of records"),
        ({"one": [{"x": 1}], "two": [{"x": 1}]}, "2 lists of records"),
    ],
    ids=["object", "numbers", "two"],
)
def test_an_unknown_kind_gets_a_hint_that_leads_on(
    written: Write, document: Any, said: str
) -> None:
    with pytest.raises(BenchError, match=said) as fault:
        read_files([written("t.json", document)], PLAIN)
    assert "--from" not in (fault.value.hint or "")
    assert "--records" in (fault.value.hint or "") or "--column" in (fault.value.hint or "")


def test_records_that_are_named(written: Write) -> None:
    document = {"one": [{"x": 1}], "two": [{"id": 0, "score": 1}]}
    found = read_files([written("t.json", document)], ImportOptions(records="two"))
    assert found.calls[0].scores == {"score": 1}


def test_an_imported_run_can_allow_a_difference(
    tmp_path: Path, peers: SimpleNamespace, written: Write
) -> None:
    files = []
    for number, model in enumerate(("openai/one", "openai/two")):
        log = peers.inspect(["C", "I"] * 40, model=model)
        log["plan"]["config"]["temperature"] = float(number)
        files.append(written(f"{number}.json", log))
    claim = "one is as accurate as two"
    assert judged(tmp_path / "a", files, claim).verdicts[0].status == "not_comparable"
    allowed = judged(tmp_path / "b", files, claim, allow=("sampling",)).verdicts[0]
    assert allowed.status != "not_comparable"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("long.jsonl", '{"id": 1, "score": ' + "9" * 5000 + "}", "long.jsonl"),
        ("deep.json", "[" * 100_000, "nested too deeply"),
        ("cut.jsonl", '{"id": 1, "score": 1}\n{"id": 2, "sco', r"cut\.jsonl.*not JSON"),
        ("mixed.jsonl", '{"id": 1, "score": 1}\n[1]\n', "expected a JSON object"),
        ("empty.csv", "", "no rows"),
        ("pic.csv", "\x89PNG\r\n\x1a\n\x00\x00", "pic.csv"),
    ],
)
def test_broken_files_are_one_error(written: Write, name: str, content: str, message: str) -> None:
    with pytest.raises(BenchError) as fault:
        read_files([written(name, content)], PLAIN)
    import re

    assert re.search(message, str(fault.value))


def test_a_fault_while_storing_leaves_nothing(
    tmp_path: Path, written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = build_run(
        read_files([written("t.csv", "id,model,score\n0,a,1\n1,a,0\n")], PLAIN),
        name="t",
        claims=(),
        book=PriceBook(),
        clock=FakeClock(datetime(2026, 1, 2, tzinfo=UTC)),
    )
    from claimbench.store import whole_run as stored

    with ResultsStore.open(tmp_path / "results") as store:
        monkeypatch.setattr(stored, "chained_rows", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            store_run(store, run)
        assert store.runs() == []


@pytest.mark.parametrize(
    ("name", "values"),
    [("wer", (0.25, 0.5)), ("hallucination", (1, 0)), ("is_wrong", (1, 0)), ("errors", (1, 0))],
)
def test_a_column_called_by_what_went_wrong_is_a_score_that_points_down(
    written: Write, name: str, values: tuple[float, float]
) -> None:
    lines = [f"i{i},m,{values[i % 2]}" for i in range(10)]
    path = written("d.csv", "\n".join([f"item,model,{name}", *lines]) + "\n")
    found = read_files([path], PLAIN)
    assert found.metrics == {"d": f"1 - {name}"}
    assert [next(iter(c.scores.values())) for c in found.calls[:2]] == [1 - v for v in values]


@pytest.mark.parametrize(
    ("head", "row", "columns"),
    [
        ("item,old,new", "{i},1,0", {}),
        ("question,old,new", "q{i},0.5,0.25", {}),
        ("item,text,a,b,old,new", "{i},t,3,4,1,0", {"score": ("old", "new")}),
        ("item,target,old,new", "{i},yes,yes,no", {"answer": ("old", "new")}),
    ],
)
def test_a_wide_table_has_one_arm_a_column(
    written: Write, head: str, row: str, columns: dict[str, tuple[str, ...]]
) -> None:
    lines = [row.format(i=i) for i in range(12)]
    path = written("w.csv", "\n".join([head, *lines]) + "\n")
    found = read_files([path], ImportOptions(columns=columns))
    assert [arm.name for arm in found.arms] == ["old", "new"]
    assert len(found.samples) == 12
    one, other = (a.value for a in found.aggregates)
    assert one > other


def test_a_measure_without_a_unit_is_said_to_be_unread(written: Write) -> None:
    lines = [f"i{i},m,1,{i}" for i in range(10)]
    path = written("d.csv", "\n".join(["item,model,score,latency", *lines]) + "\n")
    note = next(note for note in read_files([path], PLAIN).notes if "not read" in note)
    assert "latency_s=latency" in note
    stated = ImportOptions(columns={"latency_ms": ("latency",)})
    found = read_files([path], stated)
    assert found.calls[5].latency_s == 0.005
    assert not any("not read" in note for note in found.notes)


@pytest.mark.parametrize(
    "name", ["Total", "Average", "**Mean**", "Gesamt", "Итого", "平均", "Moyenne"]
)
def test_a_row_that_sums_up_is_no_item(written: Write, name: str) -> None:
    table = f"item,model,score\n1,x,1\n2,x,0\n3,x,1\n{name},x,0.667\n"
    found = read_files([written("sums.csv", table)], PLAIN)
    assert [call.sample_id for call in found.calls] == ["1", "2", "3"]
    assert any("left out as no items" in note for note in found.notes)


def test_sums_are_left_out_of_wide_tables_and_of_each_model(written: Write) -> None:
    wide = written("wide.csv", "item,x,y\n1,1,0\n2,0,1\n3,1,1\nAverage,0.667,0.667\n")
    assert len(read_files([wide], PLAIN).calls) == 6
    each = "item,model,score\n1,x,1\n2,x,0\nTotal,x,0.5\n1,y,1\n2,y,1\nTotal,y,1\n"
    assert len(read_files([written("each.csv", each)], PLAIN).calls) == 4


def test_an_item_called_like_a_sum_further_up_is_one(written: Write) -> None:
    table = "item,model,score\n1,x,1\ntotal,x,0\n3,x,1\n"
    assert scores(written("items.csv", table)) == [1.0, 0.0, 1.0]


@pytest.mark.parametrize("cells", [("x", "", "x"), ("", "x", "x"), ("x", "x", " ")])
def test_an_answer_of_no_model_is_an_error(written: Write, cells: tuple[str, ...]) -> None:
    rows = "".join(f"{number},{model},1\n" for number, model in enumerate(cells, start=1))
    with pytest.raises(ImportFault, match=r":\d: no model \(column 'model' is empty\)"):
        read_files([written("merged.csv", f"item,model,score\n{rows}")], PLAIN)


@pytest.mark.parametrize(
    "name",
    ["Average", "avg score", "Durchschnitt", "平均", "Macro Avg", "std", "Gesamt (%)", "Best"],
)
def test_a_column_that_sums_models_up_is_no_model(written: Write, name: str) -> None:
    lines = "".join(f"{i},{i % 2},1,{(1 + i % 2) / 2}\n" for i in range(6))
    found = read_files([written("w.csv", f"item,gpt,llama,{name}\n{lines}")], PLAIN)
    assert [arm.name for arm in found.arms] == ["gpt", "llama"]
    assert any(f"left out as no models: {name}" in note for note in found.notes)
