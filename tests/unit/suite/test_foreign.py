"""Files that are not what their name says, and JSON as programs write tables."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from claimbench.errors import SuiteError
from claimbench.suite.datasets import ReadOptions, Table, read_table

WIDE = ReadOptions(wide=True, header=None)
ROWS = [{"text": f"mail {i} of many", "label": "cash" if i % 3 else "card"} for i in range(9)]
PAGE = "<!DOCTYPE html>\n<html><head><title>Sign in &amp; go</title></head><body></body></html>"


def read(tmp_path: Path, name: str, content: str | bytes) -> Table:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, WIDE)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("d.csv", PAGE, "an HTML page called 'Sign in & go'"),
        ("d.xlsx", PAGE, "an HTML page"),
        ("d.jsonl", "\ufeff  <html lang=de>", "an HTML page"),
        ("d.json", "<!-- saved -->\n<html>", "an HTML page"),
        ("d.parquet", PAGE, "an HTML page"),
        ("d.xls", "<table><tr><td>a</td></tr></table>", "an HTML page"),
        ("d.xls", b"\xd0\xcf\x11\xe0\xa1\xb1" + bytes(99), "an old Office file"),
        ("d.csv", b"%PDF-1.7 x", "a PDF"),
        ("d.csv", b"{\\rtf1 text,label}", "RTF"),
        ("d.csv", b"SQLite format 3\0" + bytes(9), "an SQLite database"),
        ("d.csv", b"PK\x03\x04" + bytes(99), "a ZIP archive or a workbook"),
        ("d.json", gzip.compress(b"[]", mtime=0), "compressed by gzip"),
        ("d.csv", b"PAR1" + bytes(99), "a Parquet file"),
        ("d.csv", b"\x80\x04\x95" + bytes(9), "a pickle of Python, which is never read"),
        ("d.xml", "<?xml version='1.0'?><rows/>", "XML"),
        ("d.csv", "<?xml version='1.0'?>\n<Workbook/>", "XML"),
    ],
)
def test_another_kind_of_file_is_named(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    with pytest.raises(SuiteError) as fault:
        read(tmp_path, name, content)
    assert message in fault.value.message
    assert fault.value.hint


def test_zero_bytes_are_no_text(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="zero bytes"):
        read(tmp_path, "d.csv", bytes(50))


@pytest.mark.parametrize("text", ["html,label\n<html>,a\n", "text,label\n%PDF-,a\n"])
def test_tables_about_such_files_are_tables(tmp_path: Path, text: str) -> None:
    assert len(read(tmp_path, "d.csv", text).rows) == 1


JSONL = "".join(json.dumps(row) + "\n" for row in ROWS)
FENCED = [
    ("d.jsonl", f"```jsonl\n{JSONL}```\n", 2),
    ("d.jsonl", f"Here you are:\n\n```\n{JSONL}```\nBye.\n", 4),
    ("d.json", f"~~~json\n{json.dumps(ROWS, indent=1)}\n~~~", 1),
    (
        "d.csv",
        "```csv\ntext,label\n" + "".join(f"mail {i} of many,x{i}\n" for i in range(9)) + "```",
        3,
    ),
]


@pytest.mark.parametrize(("name", "content", "line"), FENCED)
def test_a_markdown_fence_around_a_file_is_no_part_of_it(
    tmp_path: Path, name: str, content: str, line: int
) -> None:
    table = read(tmp_path, name, content)
    assert [row.values["text"] for row in table.rows] == [row["text"] for row in ROWS]
    assert table.rows[0].line == line
    assert any("Markdown fence" in note for note in table.notes)


@pytest.mark.parametrize(
    "document",
    [
        {k: {str(i): row[k] for i, row in enumerate(ROWS)} for k in ("text", "label")},
        {"columns": ["text", "label"], "index": [], "data": [list(r.values()) for r in ROWS]},
        {"schema": {"fields": [{"name": "text"}]}, "data": ROWS},
        {
            "features": [{"name": "label", "type": {"names": ["card", "cash"]}}],
            "rows": [
                {"row_idx": i, "row": {**row, "label": int(row["label"] == "cash")}}
                for i, row in enumerate(ROWS)
            ],
        },
    ],
    ids=["columns", "split", "table", "viewer"],
)
def test_json_as_data_frames_and_viewers_write_it(tmp_path: Path, document: Any) -> None:
    rows = [row.values for row in read(tmp_path, "d.json", json.dumps(document)).rows]
    assert rows == ROWS


def test_objects_one_after_the_other_over_several_lines(tmp_path: Path) -> None:
    table = read(tmp_path, "d.json", "\n".join(json.dumps(row, indent=2) for row in ROWS))
    assert [row.values for row in table.rows] == ROWS
    assert [row.line for row in table.rows[:2]] == [1, 5]


def test_lists_without_names_keep_their_first_row(tmp_path: Path) -> None:
    document = [[f"please play song {i}", "music" if i % 2 else "stop"] for i in range(9)]
    table = read(tmp_path, "d.json", json.dumps(document))
    assert len(table.rows) == 9
    assert table.columns == ("column_1", "column_2")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[{'a': 1}]", "json.dumps"),
        ('[{"a": 1},]', "comma before the closing bracket"),
        ('[{"a": 1,}]', "comma before the closing bracket"),
        ('[{"a": True}]', "json.dumps"),
        ('[{"a": 1}, // x\n{"a": 2}]', "no comments"),
        ('[{"a": 1}, {"a"', "ends in the middle"),
    ],
)
def test_what_is_nearly_json_is_said(tmp_path: Path, text: str, hint: str) -> None:
    with pytest.raises(SuiteError, match="not JSON") as fault:
        read(tmp_path, "d.json", text)
    assert hint in (fault.value.hint or "")
