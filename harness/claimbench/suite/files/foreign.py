"""Files that are not what their name says: told by their first bytes, before a reader makes rows of
them.
"""

from __future__ import annotations

import html
import re

from claimbench.errors import SuiteError

_HEAD = 4096
_HTML = re.compile(
    r"\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body|table|meta)\b", re.I | re.S
)
_TITLE = re.compile(r"<title[^>]*>\s*(.*?)\s*</title>", re.I | re.S)
_TABLE = re.compile(r"<t[rdh][\s>]", re.I)
_XML = re.compile(r"\s*<\?xml\b|\s*<(?:Workbook|rows|data|root|corpus)\b")
_SIGNATURES = (
    (b"%PDF-", "a PDF", "export the table it shows as CSV"),
    (b"{\\rtf", "a text of a word processor (RTF)", "save it as plain text or CSV"),
    (b"SQLite format 3\0", "an SQLite database", "export the table you mean as CSV or JSON Lines"),
    (b"\xd0\xcf\x11\xe0", "an old Office file (.xls)", "save the workbook as .xlsx"),
    (b"ARROW1", "an Arrow file", "save it as Parquet, or name the folder that `datasets` saved"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", "unpack it: zstd -d"),
    (b"BZh", "compressed by bzip2", "unpack it: bunzip2"),
    (b"\xfd7zXZ", "compressed by xz", "unpack it: unxz"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it, and name a file in it"),
    (b"Rar!", "a RAR archive", "unpack it, and name a file in it"),
    (b"\x89PNG", "a picture (PNG)", "give the table, not a picture of it"),
    (b"\xff\xd8\xff", "a picture (JPEG)", "give the table, not a picture of it"),
    (b"\x80\x04\x95", "a pickle of Python, which is never read", "save the rows as JSON or CSV"),
)
_BY_KIND = (
    (b"PK\x03\x04", "xlsx", "a ZIP archive or a workbook", "call it .xlsx if it is a workbook"),
    (b"PAR1", "parquet", "a Parquet file", "call it .parquet"),
    (b"\x1f\x8b", "gzip", "compressed by gzip", "call it .gz, or unpack it"),
)


def refuse_foreign(raw: bytes, kind: str | None, path: str) -> None:
    """Raise SuiteError for bytes that are another kind of file than ``kind``, with what they are.

    ``kind`` None: the suffix says nothing. Nothing is raised for what the readers know themselves.
    """
    for start, what, hint in _SIGNATURES:
        if raw.startswith(start):
            raise SuiteError(f"not a table: {what}", path=path, hint=hint)
    for start, own, what, hint in _BY_KIND:
        if raw.startswith(start) and kind not in (own, None):
            raise SuiteError(f"not {_article(kind)}: {what}", path=path, hint=hint)
    head = raw[:_HEAD].decode("utf-8", "replace").lstrip("\ufeff")
    if _HTML.match(head):
        raise _page(head, raw, path)
    if _XML.match(head) and kind != "xlsx":
        raise SuiteError(
            "not a table: XML",
            path=path,
            line=1,
            hint="open it in a spreadsheet program and save it as CSV or XLSX",
        )


def _page(head: str, raw: bytes, path: str) -> SuiteError:
    """Return the error for an HTML page: a table that a program called .xls, or a page that a
    browser or curl saved where a file was meant.
    """
    found = _TITLE.search(head)
    named = html.unescape(found.group(1))[:80] if found is not None and found.group(1) else ""
    said = f" called '{' '.join(named.split())}'" if named else ""
    if _TABLE.search(raw[: 64 * _HEAD].decode("utf-8", "replace")):
        hint = "a table inside it: open it in a spreadsheet program and save it as CSV or XLSX"
    else:
        hint = "a page to sign in, or of an error, was saved: download the file itself"
    return SuiteError(f"not a table: an HTML page{said}", path=path, line=1, hint=hint)


def _article(kind: str | None) -> str:
    named = {"csv": "CSV", "tsv": "TSV", "txt": "text", "json": "JSON", "jsonl": "JSON Lines"}
    known = named.get(kind or "", kind or "a table")
    return {"xlsx": "an XLSX workbook", "parquet": "a Parquet file"}.get(kind or "", known)


_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*[\w+-]*[ \t]*\r?$", re.M)


def without_fence(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the text of the only fenced block of Markdown, with blank lines where the rest stood
    (the lines keep their numbers), and a note; the text as it is where there is none or several.
    """
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start in ("{", "["):
        return text, ()
    marks = list(_FENCE.finditer(text))
    if len(marks) not in (1, 2) or (len(marks) == 1 and text[: marks[0].start()].strip()):
        return text, ()
    begins = marks[0].end()
    ends = marks[1].start() if len(marks) == 2 else len(text)
    inside = text[begins:ends]
    # a table may hold a fence in a cell: only a block that a file begins or ends with is a wrapping
    if text[: marks[0].start()].strip() and text[ends:].count("\n") > text[:ends].count("\n"):
        return text, ()
    if not inside.strip():
        return text, ()
    blank = "\n" * text.count("\n", 0, begins)
    line = text.count("\n", 0, marks[0].start()) + 1
    return blank + inside, (f"read what stands in the Markdown fence of line {line}",)
