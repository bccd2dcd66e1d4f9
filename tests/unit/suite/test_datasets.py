"""Files with samples: every format, the traps real files set, and errors with the right line."""

from __future__ import annotations

import csv
import datetime
import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimbench.errors import SuiteError
from claimbench.suite.datasets import ReadOptions, Table, read_table


def read(tmp_path: Path, raw: str | bytes, name: str = "data.csv", **options: Any) -> Table:
    file = tmp_path / name
    file.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    return read_table(file, ReadOptions(**options))


def fails(tmp_path: Path, raw: str | bytes, name: str = "data.csv", **options: Any) -> SuiteError:
    with pytest.raises(SuiteError) as caught:
        read(tmp_path, raw, name, **options)
    assert Path(caught.value.path).name == name
    return caught.value


def values(table: Table) -> list[tuple[object, ...]]:
    return [tuple(row.values.values()) for row in table.rows]


# -- CSV ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["|---|---|", "| :--- | ---: |", "|:-:|:-:|", "|-|-|"])
def test_the_rule_of_a_markdown_table_is_no_row(tmp_path: Path, rule: str) -> None:
    table = read(tmp_path, f"| text | label |\n{rule}\n| one | a |\n| two | b |\n| - | a |\n")
    assert [str(row.values["text"]).strip() for row in table.rows] == ["one", "two", "-"]
    assert any("Markdown" in note for note in table.notes)


def test_quoted_commas_and_newlines_keep_their_lines(tmp_path: Path) -> None:
    table = read(tmp_path, 'text,label\n"one, two",a\n"three\nfour\n",b\n\n"say ""hi""",c\n')
    assert values(table) == [("one, two", "a"), ("three\nfour\n", "b"), ('say "hi"', "c")]
    assert [row.line for row in table.rows] == [2, 3, 7]


@pytest.mark.parametrize(
    ("delimiter", "name"),
    [("\t", "data.csv"), (";", "data.csv"), ("|", "data.csv"), ("\t", "data.tsv")],
)
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str, name: str) -> None:
    raw = f"id{delimiter}query{delimiter}class\n0{delimiter}chair, red{delimiter}Beds; Sofas\n1{delimiter}a, b, c{delimiter}x\n"
    table = read(
        tmp_path, raw.replace("Beds; Sofas", "Beds" if delimiter == ";" else "Beds; Sofas"), name
    )
    assert table.columns == ("id", "query", "class")
    assert table.rows[0].values["query"] == "chair, red"
    assert table.delimiter == delimiter


def test_a_single_column_with_commas_is_not_split(tmp_path: Path) -> None:
    assert read(tmp_path, "text\nhello\nworld\n").columns == ("text",)
    error = fails(tmp_path, "text\nhello, world\n")
    assert error.line == 2
    assert "2 fields where the header has 1" in error.message


def test_bom_and_crlf(tmp_path: Path) -> None:
    table = read(tmp_path, "\ufefftext,label\r\nx,a\r\n")
    assert table.columns == ("text", "label")
    assert values(table) == [("x", "a")]


def test_utf16_as_excel_writes_unicode_text(tmp_path: Path) -> None:
    table = read(tmp_path, "text\tlabel\r\nGrüße\ta\r\n".encode("utf-16"))
    assert values(table) == [("Grüße", "a")]


def test_cp1252_is_an_error_that_names_the_byte_and_the_way_out(tmp_path: Path) -> None:
    raw = "text,label\nok,a\nca\u00e9 \u20ac5,b\n".encode("cp1252")
    error = fails(tmp_path, raw)
    assert error.line == 3
    assert "byte 0xe9 at position 3 of the line" in error.message
    assert "encoding: cp1252" in (error.hint or "")
    assert values(read(tmp_path, raw, encoding="cp1252"))[1] == ("ca\u00e9 \u20ac5", "b")


def test_a_wrong_encoding_is_named(tmp_path: Path) -> None:
    assert (
        "unknown encoding 'cp1522'; did you mean 'cp1252'?"
        in fails(tmp_path, "a,b\n", encoding="cp1522").message
    )
    error = fails(tmp_path, b"a,b\nx,\x81\n", encoding="cp1252")
    assert error.line == 2
    assert "not cp1252: byte 0x81" in error.message


@pytest.mark.parametrize(("raw", "line", "part"), [
    ("text,label\nx,a\ny\n", 3, "1 fields where the header has 2 (read with the delimiter comma)"),
    ("text,label\nx,a,b\n", 2, "3 fields where the header has 2"),
    ("text,text\nx,a\n", 1, "two columns are named 'text' (columns 1 and 2)"),
    ('text,label\n"x,a\n', 2, "not CSV: unexpected end of data"),
    ('text,label\nx,a\n"x"y,a\n', 3, "not CSV"),
])  # fmt: skip
def test_csv_that_is_not_regular(tmp_path: Path, raw: str, line: int, part: str) -> None:
    error = fails(tmp_path, raw)
    assert (error.line, part in error.message) == (line, True), str(error)


def test_an_unnamed_column_is_called_after_its_position(tmp_path: Path) -> None:
    assert read(tmp_path, ",text\n0,x\n").columns == ("column_1", "text")


def test_a_field_longer_than_the_module_s_limit(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    table = read(tmp_path, f"text,label\n{'x' * 200_000},a\n")
    assert len(str(table.rows[0].values["text"])) == 200_000
    assert csv.field_size_limit() == before


def test_limit_reads_the_first_rows(tmp_path: Path) -> None:
    assert len(read(tmp_path, "text,label\n" + "x,a\n" * 10, limit=3).rows) == 3


_CELL = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\x00"), min_size=1, max_size=12
).filter(str.strip)


@given(st.lists(st.tuples(_CELL, _CELL, _CELL), min_size=1, max_size=8), st.sampled_from(",;\t|"))
def test_what_csv_writes_we_read(rows: list[tuple[str, str, str]], delimiter: str) -> None:
    import tempfile

    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("a", "b", "c"), *rows])
    with tempfile.TemporaryDirectory() as folder:
        table = read(Path(folder), text.getvalue())
    assert values(table) == rows
    assert table.delimiter == delimiter


# -- JSONL -------------------------------------------------------------------------------------------------------------


def test_jsonl_keeps_values_and_skips_blank_lines(tmp_path: Path) -> None:
    rows = [{"a": 1, "b": None}, {"a": "x\u2028y", "c": [1, {"d": 2.5}]}]
    text = "\ufeff" + "\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\r\n"
    table = read(tmp_path, text, "data.jsonl")
    assert [row.values for row in table.rows] == rows
    assert table.columns == ("a", "b", "c")
    assert [row.line for row in table.rows] == [1, 3]


# -- XLSX --------------------------------------------------------------------------------------------------------------


def book(*sheets: tuple[str, list[list[Any]]]) -> bytes:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)  # type: ignore[arg-type]
    for title, rows in sheets:
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def test_xlsx_values(tmp_path: Path) -> None:
    day, moment = datetime.date(2026, 5, 1), datetime.datetime(2026, 5, 1, 9, 30)
    raw = book(
        (
            "Sheet1",
            [
                ["text", "n", "when", "ok", None],
                ["x", 3, day, True, None],
                [None] * 5,
                ["y", 2.5, moment, None, None],
            ],
        )
    )
    table = read(tmp_path, raw, "data.xlsx")
    assert table.columns == ("text", "n", "when", "ok")
    assert values(table) == [("x", 3, "2026-05-01", True), ("y", 2.5, "2026-05-01T09:30:00", None)]
    assert [row.line for row in table.rows] == [2, 4]


@pytest.mark.parametrize(
    ("cell", "part"),
    [
        ("=1+1", "cell Data!B3 holds the formula '=1+1'"),
        ("#N/A", "cell Data!B3 holds the error #N/A"),
    ],
)
def test_xlsx_formula_and_error_cells(tmp_path: Path, cell: str, part: str) -> None:
    raw = book(("Data", [["text", "label"], ["x", "a"], ["y", cell]]))
    error = fails(tmp_path, raw, "data.xlsx")
    assert (error.line, part in error.message) == (3, True), str(error)


def test_xlsx_array_formula(tmp_path: Path) -> None:
    from openpyxl.worksheet.formula import ArrayFormula

    workbook = openpyxl.load_workbook(io.BytesIO(book(("Data", [["text", "label"], ["x", "a"]]))))
    workbook["Data"]["B2"] = ArrayFormula("B2", "=SUM(A1:A2)")
    out = io.BytesIO()
    workbook.save(out)
    assert (
        "cell Data!B2 holds the formula '=SUM(A1:A2)'"
        in fails(tmp_path, out.getvalue(), "data.xlsx").message
    )


def test_xlsx_sheets(tmp_path: Path) -> None:
    rows = [["text", "label"], ["x", "a"]]
    raw = book(("Notes", []), ("May", rows), ("June", rows))
    error = fails(tmp_path, raw, "data.xlsx")
    assert "2 sheets hold data: May, June" in error.message
    assert "sheet: May" in (error.hint or "")
    assert len(read(tmp_path, raw, "data.xlsx", sheet="June").rows) == 1
    assert (
        "no sheet 'Jun'; did you mean 'June'?"
        in fails(tmp_path, raw, "data.xlsx", sheet="Jun").message
    )
    assert len(read(tmp_path, book(("Notes", []), ("May", rows)), "data.xlsx").rows) == 1


def test_xlsx_cell_without_a_column(tmp_path: Path) -> None:
    error = fails(tmp_path, book(("S", [["text"], ["x", "stray"]])), "data.xlsx")
    assert "cell S!B2 has no column name above it" in error.message


@pytest.mark.parametrize("raw", [b"", b"text,label\n", b"PK\x03\x04 broken"])
def test_xlsx_that_is_none(tmp_path: Path, raw: bytes) -> None:
    error = fails(tmp_path, raw, "data.xlsx")
    assert "not an XLSX workbook" in error.message


# -- the file itself ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("data.xls", "save the workbook as .xlsx"),
        ("data.json", "one JSON object per line"),
        ("data", "format: jsonl"),
    ],
)
def test_a_suffix_that_says_nothing(tmp_path: Path, name: str, hint: str) -> None:
    error = fails(tmp_path, "a,b\nx,y\n", name)
    assert "cannot tell the format" in error.message
    assert hint in (error.hint or "")
    assert len(read(tmp_path, "a,b\nx,y\n", name, format="csv").rows) == 1


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="cannot be read: No such file"):
        read_table(tmp_path / "none.csv")


def test_gzip_of_several_members_is_read_whole_and_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import gzip

    from claimbench.suite import datasets

    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"3,4\n"))
    assert [
        row.values["a"] for row in datasets.read_table(path, datasets.ReadOptions(wide=True)).rows
    ] == ["1", "3"]
    path.write_bytes(gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"3,4\n")[:-6])
    with pytest.raises(SuiteError, match="cut short"):
        datasets.read_table(path, datasets.ReadOptions(wide=True))
    monkeypatch.setattr(datasets, "MOST_BYTES", 1000)
    path.write_bytes(gzip.compress(b"a,b\n") + gzip.compress(b"1,2\n" * 10_000))
    with pytest.raises(SuiteError, match="unpacks to more than"):
        datasets.read_table(path, datasets.ReadOptions(wide=True))
