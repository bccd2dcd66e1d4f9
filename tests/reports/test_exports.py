"""JSON, XLSX, CSV, JUnit, Markdown, console: the same figures, no live formula, no key."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import openpyxl
import pytest
from rich.console import Console

from claimbench.privacy.redact import Redactor
from claimbench_reports.formats import exports
from claimbench_reports.formats.console import plain_summary, print_summary
from claimbench_reports.formats.html import render_html
from claimbench_reports.formats.index import render_index
from claimbench_reports.formats.schema import report_schema
from claimbench_reports.formats.xlsx import write_xlsx
from claimbench_reports.view.build import build_view
from claimbench_reports.view.inputs import EarlierRun, ReportData
from claimbench_reports.view.types import VIEW_SCHEMA, View


@pytest.fixture(scope="module")
def view(data: ReportData) -> View:
    return build_view(data, Redactor())


@pytest.fixture(scope="module")
def book(view: View, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("xlsx") / "report.xlsx"
    write_xlsx(view, path)
    return path


class Shown(HTMLParser):
    """``data-fig`` -> text shown, and ``data-v`` of its cell."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.cells: dict[str, str] = {}
        self._cell = ""
        self._id: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = dict(attrs)
        if tag == "td":
            self._cell = a.get("data-v") or ""
        if (name := a.get("data-fig")) is not None:
            self._id = name
            self.found[name] = ""
            if self._cell:
                self.cells[name] = self._cell

    def handle_endtag(self, tag: str) -> None:
        self._id = None
        if tag == "td":
            self._cell = ""

    def handle_data(self, data: str) -> None:
        if self._id is not None:
            self.found[self._id] += data


def figures_in(node: object) -> dict[str, dict[str, object]]:
    """Every figure of a parsed report.json by id."""
    found: dict[str, dict[str, object]] = {}
    if isinstance(node, dict):
        if {"id", "value", "text", "unit"} <= node.keys():
            found[str(node["id"])] = node
        for inner in node.values():
            found |= figures_in(inner)
    elif isinstance(node, list):
        for inner in node:
            found |= figures_in(inner)
    return found


def same(cell: object, value: object) -> bool:
    """Equal up to the 16 digits that a workbook keeps."""
    if cell is None or value is None:
        return cell is value
    return math.isclose(float(str(cell)), float(str(value)), rel_tol=1e-14)


def test_same_can_fail() -> None:
    assert same(0.4555555555555555, 0.45555555555555555)
    assert not same(0.45555, 0.45556)
    assert not same(None, 0)


def test_every_figure_in_the_html_is_the_same_in_json_and_xlsx(view: View, book: Path) -> None:
    shown = Shown(render_html(view))
    in_json = figures_in(json.loads(exports.view_json(view)))
    sheet = openpyxl.load_workbook(book)["Figures"]
    in_xlsx = {str(row[0]): row for row in sheet.iter_rows(min_row=2, values_only=True)}
    assert len(shown.found) > 300
    for name, text in shown.found.items():
        assert in_json[name]["text"] == text, name
        assert in_xlsx[name][2] == text, name
        assert same(in_xlsx[name][1], in_json[name]["value"]), name
    for name, value in shown.cells.items():
        assert float(value) == in_json[name]["value"], name


def test_comparison_sheet_holds_the_full_numbers(view: View, book: Path) -> None:
    sheet = openpyxl.load_workbook(book)["Comparison"]
    rows = list(sheet.iter_rows(values_only=True))
    heads = list(rows[0])
    for arm, row in zip(view.arms, rows[1:], strict=True):
        quality = arm.get("quality")
        assert row[0] == arm.arm
        if quality is not None:
            assert same(row[heads.index("Quality")], quality.value)


def test_formulas_of_the_summary_are_live_and_right(view: View, book: Path) -> None:
    live = openpyxl.load_workbook(book)["Summary"]
    shown = openpyxl.load_workbook(book, data_only=True)["Summary"]
    formulas = {
        c.coordinate: c.value for row in live.iter_rows() for c in row if c.data_type == "f"
    }
    measured = [a for a in view.arms if a.measured and a.scope == "all tasks"]
    assert len(formulas) == 4 * len(measured)
    assert all(str(x).startswith("=") for x in formulas.values())
    first = min(int(at[1:]) for at in formulas)
    for i, arm in enumerate(measured):
        usd, quality = arm.get("usd_1k"), arm.get("quality")
        assert usd is not None
        assert usd.value is not None
        assert quality is not None
        assert quality.value is not None
        row = [shown.cell(first + i, c).value for c in range(1, 7)]
        month = usd.value * 100_000 / 1000
        wanted = [usd.value, month, 12 * month, usd.value / quality.value, month / quality.value]
        assert row[0] == arm.arm
        assert row[1:] == pytest.approx(wanted)


def test_the_workbook_opens_on_a_summary_and_prints_on_few_pages(view: View, book: Path) -> None:
    loaded = openpyxl.load_workbook(book)
    assert loaded.sheetnames[0] == "Summary"
    printed = [s for s in loaded if s.sheet_state == "visible"]
    assert len(printed) <= 6
    for sheet in printed:
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 1)
    words = " ".join(str(c.value) for row in loaded["Summary"].iter_rows() for c in row if c.value)
    for v in view.verdicts:
        assert v.claim in words
        assert v.who in words
        assert v.status_text in words
    assert "api-absent (ABSENT_API_KEY is not set)" in words


def test_ends_of_intervals_have_the_format_of_their_number(book: Path) -> None:
    sheet = openpyxl.load_workbook(book)["Verdicts"]
    heads = [c.value for c in sheet[1]]
    seen = set()
    for row in sheet.iter_rows(min_row=2):
        measured, low = row[heads.index("Measured")], row[heads.index("Low")]
        if isinstance(measured.value, float) and isinstance(low.value, float):
            assert low.number_format == measured.number_format
            seen.add(measured.number_format)
    assert any("%" in shown for shown in seen)
    assert sheet.auto_filter.ref
    assert len(sheet.conditional_formatting) >= 2


def test_values_of_formulas_survive_hostile_names(hostile: ReportData, tmp_path: Path) -> None:
    from dataclasses import replace

    view = build_view(hostile, Redactor())
    named = replace(view, arms=tuple(replace(a, arm=f'=1+1&<"{a.arm}') for a in view.arms))
    path = tmp_path / "named.xlsx"
    write_xlsx(named, path)
    shown = openpyxl.load_workbook(path, data_only=True)["Summary"]
    live = openpyxl.load_workbook(path)["Summary"]
    for row in live.iter_rows():
        for cell in row:
            if cell.data_type == "f":
                assert isinstance(shown[cell.coordinate].value, float)
    texts = [c.value for row in live.iter_rows() for c in row if str(c.value).startswith("=1+1&<")]
    assert texts


def test_no_foreign_cell_is_a_formula(hostile: ReportData, tmp_path: Path) -> None:
    path = tmp_path / "hostile.xlsx"
    write_xlsx(build_view(hostile, Redactor()), path)
    loaded = openpyxl.load_workbook(path)
    texts = []
    for sheet in loaded:
        for row in sheet.iter_rows():
            for cell in row:
                if sheet.title != "Summary":
                    assert cell.data_type != "f", (sheet.title, cell.coordinate)
                if isinstance(cell.value, str):
                    texts.append(cell.value)
                    if cell.value.startswith(("=HYPER", "+1", "-2", "@SUM")):
                        assert cell.quotePrefix
    assert any(t.startswith("=HYPERLINK") for t in texts)


def test_csv_cells_cannot_run(hostile: ReportData) -> None:
    out = io.StringIO(newline="")
    exports.write_csv(hostile, Redactor(), out)
    old = csv.field_size_limit(2_000_000)
    rows = list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))
    csv.field_size_limit(old)
    assert len(rows) == len(hostile.records)
    for row in rows:
        for value in row.values():
            assert not value.startswith(exports.DANGEROUS), value
    assert any(row["text"].startswith("'=HYPERLINK") for row in rows)
    assert any(len(row["text"]) == 1_000_000 for row in rows)  # whole texts are here


def test_jsonl_has_one_object_per_finished_call(data: ReportData) -> None:
    out = io.StringIO()
    exports.write_jsonl(data, Redactor(), out)
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [r["id"] for r in rows] == [r.call.id for r in data.records]
    ok = next(r for r in rows if r["outcome"] == "ok" and r["arm"] == "api-large")
    assert set(ok) == {*exports.CSV_FIELDS, "usage"}
    assert ok["cost_basis"] == "list_price"
    assert ok["e2e_ms"] > ok["ttft_ms"] > 0
    assert ok["input_tokens"] == 100
    late = next(r for r in rows if r["outcome"] == "model_timeout")
    assert late["e2e_ms"] is None


def test_lone_surrogates_can_be_written(hostile: ReportData) -> None:
    for row in exports.call_rows(hostile, Redactor()):
        json.dumps(row, ensure_ascii=False).encode("utf-8")


def test_report_json_follows_the_published_schema(view: View) -> None:
    schema = report_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    loaded = json.loads(exports.view_json(view))
    jsonschema.validate(loaded, schema)
    published = Path(__file__).parents[2] / "docs" / "report.schema.json"
    assert json.loads(published.read_text(encoding="utf-8")) == schema
    del loaded["verdicts"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(loaded, schema)


KEYS = {5: "28b0d7161d2e980f"}
"""SHA-256 over the keys of each version of report.json since 5."""


def test_keys_of_the_report_change_with_its_number_alone() -> None:
    kinds = report_schema()["$defs"]
    keys = sorted(f"{kind}.{key}" for kind, of in kinds.items() for key in of["properties"])
    found = hashlib.sha256("\n".join(keys).encode()).hexdigest()[:16]
    assert KEYS.get(VIEW_SCHEMA) == found, (
        "keys of report.json changed: after a release raise VIEW_SCHEMA; name them in its history"
        " and in docs/report.md, and state the hash here"
    )
    rows = Path(__file__).parents[2].joinpath("docs", "report.md").read_text(encoding="utf-8")
    assert f"\n| {VIEW_SCHEMA} | " in rows
    newest = {"pairs", "quantisations", "turns"}
    assert newest <= set(kinds["BesideView"]["properties"])


def test_junit(view: View) -> None:
    text = exports.junit_xml(
        view, {"accuracy of smol-local": "0.50 is below 0.60", "accuracy of coder-local": None}
    )
    suite = ET.fromstring(text)[0]
    assert suite.attrib["tests"] == "6"
    assert suite.attrib["failures"] == "2"
    assert suite.attrib["skipped"] == "2"
    by_name = {case.attrib["name"]: case for case in suite}
    assert by_name["Twice as fast"].find("failure") is not None
    assert by_name["Twice as fast"].attrib["classname"] == "support.claims.coder-local"
    assert by_name["90% cheaper than GPT"].find("failure") is None
    assert by_name["accuracy of smol-local"].find("failure") is not None


def test_junit_of_hostile_texts_is_well_formed(hostile: ReportData) -> None:
    ET.fromstring(exports.junit_xml(build_view(hostile, Redactor()), {"\u0000<x>&": "\ud800"}))


def test_markdown(view: View) -> None:
    text = exports.markdown(view)
    assert "| ✓ | 90% cheaper than GPT | **Supported** | coder-local against api-large |" in text
    assert "Declared after the data were seen" in text
    assert "&#60;b&#62;closed" in text
    assert "Not run: api-absent (ABSENT&#95;API&#95;KEY is not set)" in text
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in table)


def test_console_plain_and_terminal(view: View) -> None:
    out = io.StringIO()
    print_summary(view, "results/r1/report.html", file=out)
    assert out.getvalue() == plain_summary(view, "results/r1/report.html")
    assert "\x1b" not in out.getvalue()
    assert out.getvalue().rstrip().endswith("report: results/r1/report.html")
    assert "SUPPORTED" in out.getvalue()
    drawn = io.StringIO()
    print_summary(view, "report.html", console=Console(file=drawn, force_terminal=True, width=140))
    assert "coder-local" in drawn.getvalue()
    assert "not run" in drawn.getvalue()


def test_console_does_not_read_markup(hostile: ReportData) -> None:
    from dataclasses import replace

    view = replace(
        build_view(hostile, Redactor()),
        warnings=("[bold red]x[/] [link=http://x.example]y[/link]",),
    )
    drawn = io.StringIO()
    print_summary(view, console=Console(file=drawn, force_terminal=True, width=140))
    assert "[bold red]x[/]" in drawn.getvalue()


def test_index_page(data: ReportData) -> None:
    text = render_index(data.earlier)
    assert "20261120-1" in text
    assert "no report written" in text
    assert "All runs" in text
    assert "javascript:" not in render_index([_with_report("javascript:alert(1)")])
    assert 'href="../a/report.html"' in render_index([_with_report("../a/report.html")])


def _with_report(path: str) -> EarlierRun:
    return EarlierRun("a", "2026-11-20T00:00:00+00:00", "s 1-0", "complete", 1, 1, None, {}, path)


@pytest.mark.parametrize("profile", ["full", "hashed", "none"])
def test_no_artifact_holds_the_canary(
    data: ReportData, canary: str, tmp_path: Path, profile: str
) -> None:
    redact = Redactor(profile)  # type: ignore[arg-type]
    made = build_view(data, redact)
    write_xlsx(made, tmp_path / "r.xlsx")
    table, lines = io.StringIO(), io.StringIO()
    exports.write_csv(data, redact, table)
    exports.write_jsonl(data, redact, lines)
    texts = {
        "html": render_html(made),
        "json": exports.view_json(made),
        "md": exports.markdown(made),
        "junit": exports.junit_xml(made),
        "console": plain_summary(made),
        "csv": table.getvalue(),
        "jsonl": lines.getvalue(),
        "index": render_index(data.earlier, redact),
    }
    with zipfile.ZipFile(tmp_path / "r.xlsx") as book:
        texts |= {name: book.read(name).decode("utf-8", "replace") for name in book.namelist()}
    for name, text in texts.items():
        assert canary not in text, name
        assert canary[3:20] not in text, name


def test_the_canary_is_in_the_run(data: ReportData, canary: str) -> None:
    """Or the test above would prove nothing."""
    assert any(canary in (r.error or "") for r in data.records)
    assert canary in json.dumps(data.manifest.host)


def test_parquet_without_pyarrow_is_one_clear_error(
    data: ReportData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    from claimbench.errors import BenchError

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(BenchError, match="pyarrow") as raised:
        exports.write_parquet(data, Redactor(), tmp_path / "x.parquet")
    assert raised.value.hint is not None


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_a_narrow_terminal_cuts_no_name_and_no_number(view: View, width: int) -> None:
    drawn = io.StringIO()
    print_summary(view, console=Console(file=drawn, force_terminal=True, width=width))
    text = drawn.getvalue()
    rows = [line for line in text.splitlines() if "\u2513" in line or "\u2518" in line]
    assert len(rows) == 2, "the table's right border is on the screen"
    assert "\u2026" not in text
    for arm in (a for a in view.arms if a.scope == "all tasks"):
        quality = arm.get("quality")
        assert arm.arm in text
        assert quality is None or quality.text in text
    assert ("not shown for want of room" in text) == (width < 140)


def test_the_console_names_the_arm_what_to_do_and_the_page_of_all_runs(view: View) -> None:
    text = plain_summary(view, "results/r1/report.html", "results/index.html")
    assert "SUPPORTED       coder-local: 90% cheaper than GPT - " in text
    assert "export ABSENT_API_KEY=..." in text
    assert text.index("all runs: results/index.html") < text.index("report: results/r1")


def test_a_claim_about_no_arm_has_no_empty_subject_before_it(view: View) -> None:
    bare = replace(view.verdicts[0], claim="four of five are ours", arm="", against="", parts=())
    made = replace(view, verdicts=(bare, *view.verdicts[1:]))
    (line,) = [one for one in plain_summary(made).splitlines() if "four of five" in one]
    assert line[16:].startswith("four of five are ours - ")
    out = io.StringIO()
    print_summary(made, console=Console(file=out, force_terminal=True, width=200))
    assert " : \u201cfour of five" not in out.getvalue()
    assert "four of five are ours\u201d" in out.getvalue()
    (row,) = [one for one in exports.markdown(made).splitlines() if "four of five" in one]
    assert "| - |" in row
    page = render_html(made)
    assert '<p class="who"></p>' not in page
    assert '<td data-l="About"></td>' not in page
