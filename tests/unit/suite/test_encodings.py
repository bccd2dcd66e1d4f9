"""Files in other encodings: read where the bytes prove it, else one error that asks; never
mojibake.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from claimbench.errors import SuiteError
from claimbench.init.columns import read_source
from claimbench.suite.datasets import ReadOptions, Table, read_table

TEXTS = {
    "russian": "Мне дважды списали деньги",
    "chinese": "我的包裹没有到",
    "traditional": "我的包裹沒有到達",
    "japanese": "荷物が届きません",
    "polish": "Źle policzona opłata",
    "czech": "Příliš žluťoučký kůň",
    "hungarian": "Hol van a csomagom, őszintén űr",
    "greek": "Πού είναι το δέμα μου",
    "korean": "배송이 안 왔어요",
    "turkish": "Kargom nerede şimdi ığüş",
    "german": "Die Lieferung fehlt für mich, Größe",
    "french": "Où est mon colis déjà payé",
    "portuguese": "Não recebi as informações",
}


def written(tmp_path: Path, text: str, encoding: str) -> Path:
    path = tmp_path / "t.csv"
    rows = "".join(f'"{text} {i}",x\n' for i in range(9))
    path.write_bytes(("text,team\n" + rows).encode(encoding))
    return path


def read(path: Path) -> Table:
    return read_source(path, ReadOptions(), [])[0]


@pytest.mark.parametrize(
    ("language", "encoding"),
    [
        ("german", "cp1252"),
        ("french", "cp1252"),
        ("portuguese", "cp1252"),
        ("russian", "utf-16"),
        ("russian", "utf-16-le"),
        ("chinese", "utf-16-be"),
        ("german", "utf-16-be"),
        ("german", "utf-32"),
        ("japanese", "utf-8-sig"),
    ],
)
def test_what_the_bytes_prove_is_read(tmp_path: Path, language: str, encoding: str) -> None:
    table = read(written(tmp_path, TEXTS[language], encoding))
    assert table.rows[0].values["text"] == f"{TEXTS[language]} 0"


@pytest.mark.parametrize(
    ("language", "encoding"),
    [
        ("russian", "cp1251"),
        ("russian", "koi8-r"),
        ("chinese", "gbk"),
        ("traditional", "big5"),
        ("japanese", "cp932"),
        ("polish", "cp1250"),
        ("czech", "cp1250"),
        ("hungarian", "cp1250"),
        ("greek", "cp1253"),
        ("korean", "euc-kr"),
        ("turkish", "cp1254"),
    ],
)
def test_everything_else_asks_with_a_line_that_proves_it(
    tmp_path: Path, language: str, encoding: str
) -> None:
    path = written(tmp_path, TEXTS[language], encoding)
    with pytest.raises(SuiteError, match="not UTF-8") as error:
        read(path)
    hint = error.value.hint or ""
    assert TEXTS[language].split()[-1] in hint, "one of the candidates reads right"
    assert "--encoding" in hint
    table = read_table(path, ReadOptions(encoding=encoding))
    assert table.rows[0].values["text"] == f"{TEXTS[language]} 0"


@pytest.mark.parametrize("first", ["sep=;\n", "sep=;\r\n", '"sep=;"\n', "SEP=;\n"])
def test_a_first_line_that_names_the_delimiter(tmp_path: Path, first: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(f"{first}text;team\na, b;x\n".encode())
    table = read_table(path)
    assert table.columns == ("text", "team")
    assert table.rows[0].values == {"text": "a, b", "team": "x"}
    assert table.rows[0].line == 3


def workbook(tmp_path: Path, rows: list[list[object]], formats: dict[str, str]) -> Path:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for cell, number_format in formats.items():
        sheet[cell].number_format = number_format
    sheet.row_dimensions[3].hidden = True
    path = tmp_path / "t.xlsx"
    book.save(path)
    return path


def raw_texts(path: Path, change: tuple[bytes, bytes]) -> None:
    """Change the shared texts of a workbook, as other programs write them."""
    before = path.read_bytes()
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(before)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            new.writestr(info.filename, old.read(info).replace(*change))
    path.write_bytes(out.getvalue())


@pytest.mark.parametrize(
    ("escaped", "plain"),
    [
        (b"one_x000D_\ntwo", "one\ntwo"),
        (b"one_x0009_two", "one\ttwo"),
        (b"snake_x005F_x000D_case", "snake_x000D_case"),
        (b"max_xtra", "max_xtra"),
    ],
)
def test_escapes_of_workbooks(tmp_path: Path, escaped: bytes, plain: str) -> None:
    path = workbook(tmp_path, [["text", "team"], ["MARK", "x"], ["b", "y"]], {})
    raw_texts(path, (b"MARK", escaped))
    assert read_table(path).rows[0].values["text"] == plain


def test_formats_of_zeros_and_hidden_rows(tmp_path: Path) -> None:
    rows: list[list[object]] = [["zip", "n", "share"], [1067, 7, 0.5], [10115, 8, 0.25]]
    path = workbook(tmp_path, rows, {"A2": "00000", "A3": "00000", "B2": "0", "C2": "0.00"})
    table = read_table(path)
    assert [row.values["zip"] for row in table.rows] == ["01067", "10115"]
    assert [row.values["n"] for row in table.rows] == [7, 8]
    assert [row.values["share"] for row in table.rows] == [0.5, 0.25]
    assert any("1 hidden row is read" in note and "row 3" in note for note in table.notes)


def test_a_workbook_that_explodes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workbook(tmp_path, [["text", "team"], ["a", "x"]], {})
    monkeypatch.setattr("claimbench.suite.workbooks.MOST_UNPACKED", 100)
    with pytest.raises(SuiteError, match="unpacks to"):
        read_table(path)
