"""The bill of a run as its files show it: arm or judge -> component -> dollars, ``total`` among
them.
"""

from __future__ import annotations

import json
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import openpyxl


class Shown(HTMLParser):
    """Figure id -> the text shown in the report."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._id: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name = dict(attrs).get("data-fig")
        if name:
            self._id, self.found[name] = name, ""

    def handle_endtag(self, tag: str) -> None:
        self._id = None

    def handle_data(self, data: str) -> None:
        if self._id:
            self.found[self._id] += data


def bills_of_html(path: Path, kind: str = "bill") -> dict[str, dict[str, Decimal]]:
    """As the report shows them; ``kind``: bill (the arms'), or judge_bill."""
    bills: dict[str, dict[str, Decimal]] = {}
    for name, text in Shown(path.read_text(encoding="utf-8")).found.items():
        if name.startswith(f"{kind}.") and not name.endswith((".calls", ".unknown")):
            _, arm, part = name.split(".", 2)
            bills.setdefault(arm, {})[part] = Decimal(
                text.replace("$", "").replace(",", "").replace("\u2212", "-")
            )
    return bills


def bills_of_xlsx(path: Path, sheet: str = "Bill") -> dict[str, dict[str, Decimal]]:
    """As the workbook's sheet holds them."""
    bills: dict[str, dict[str, Decimal]] = {}
    for arm, part, usd, *_ in openpyxl.load_workbook(path)[sheet].iter_rows(
        min_row=2, values_only=True
    ):
        bills.setdefault(str(arm), {})[str(part).replace(" ", "_")] = Decimal(str(usd))
    return bills


def bills_of_json(path: Path, kind: str = "bill") -> dict[str, dict[str, Decimal]]:
    """As the JSON export holds them."""
    bills = {}
    for bill in json.loads(path.read_text(), parse_float=Decimal, parse_int=Decimal)[kind]:
        parts = {p["component"].replace(" ", "_"): p["usd"]["value"] for p in bill["parts"]}
        bills[bill["arm"]] = {**parts, "total": bill["total"]["value"]}
    return bills
