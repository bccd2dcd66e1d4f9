"""A stranger's 500 rows to a finished report: `bench init`, `bench run`, `bench report`, nothing
edited in between.
"""

from __future__ import annotations

import csv
import json
import random
import re
from pathlib import Path

import pytest

from . import forked

TEMPLATES = {
    "billing": (
        "I was charged twice for {o}",
        "the invoice for {o} is wrong",
        "please refund {o}",
        "a fee on {o}?",
    ),
    "delivery": (
        "{o} has not arrived after {n} days",
        "where is my parcel with {o}",
        "{o} went to my old address",
    ),
    "tech": (
        "the app crashes when I open {o}",
        "I cannot log in to track {o}",
        "the website shows an error for {o}",
    ),
    "praise": ("thanks, {o} is wonderful", "fast service with {o}", "I love {o}, well done"),
}
SHARES = ["billing"] * 9 + ["delivery"] * 6 + ["tech"] * 4 + ["praise"]
THINGS = (
    "a lamp",
    "two chairs",
    "the blue rug",
    "order 4411",
    "my desk",
    "a shelf",
    "the kettle",
    "a sofa bed",
)
HEAD = ["message", "category", "channel"]


def tickets() -> list[list[str]]:
    """500 rows as they come out of a help desk: unbalanced, copied, contradictory, three with an
    e-mail address.
    """
    draw = random.Random(7)
    rows = []
    while len(rows) < 470:
        label = draw.choice(SHARES)
        text = draw.choice(TEMPLATES[label]).format(o=draw.choice(THINGS), n=draw.randint(3, 20))
        text = f"{draw.choice(('', 'Hello, ', 'Hi! '))}{text}, customer {draw.randint(100, 99999)}."
        rows.append([text, label, draw.choice(("web", "mail", "phone"))])
    rows += [list(draw.choice(rows[:300])) for _ in range(20)]
    for _ in range(7):
        text, label, channel = draw.choice(rows[300:470])
        rows.append([text, draw.choice([other for other in TEMPLATES if other != label]), channel])
    rows += [
        [f"refund to anna.k{i}@example.com, I was charged twice", "billing", "mail"]
        for i in range(3)
    ]
    draw.shuffle(rows)
    assert len(rows) == 500
    return rows


def write(folder: Path, kind: str) -> Path:
    """The same rows in one of the formats that people have."""
    path, rows = folder / f"tickets.{kind}", tickets()
    if kind == "xlsx":
        from openpyxl import Workbook

        book = Workbook()
        for row in [HEAD, *rows]:
            book.active.append(row)
        book.save(path)
    elif kind == "jsonl":
        path.write_text(
            "".join(json.dumps(dict(zip(HEAD, row, strict=True))) + "\n" for row in rows)
        )
    else:
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter="\t" if kind == "tsv" else ",").writerows([HEAD, *rows])
    return path


def bench(folder: Path, *arguments: str, timeout: float = 280) -> tuple[int, str]:
    done = forked.run(arguments, cwd=folder, timeout=timeout)
    assert done.returncode <= 2, done.stderr[-3000:]
    return done.returncode, done.stdout


def test_every_format_gives_the_same_rows(tmp_path: Path) -> None:
    found = {}
    for kind in ("csv", "tsv", "xlsx", "jsonl"):
        folder = tmp_path / kind
        folder.mkdir()
        bench(folder, "init", write(folder, kind).name)
        made = folder / "suites" / "tickets"
        text = (made / "tickets.yaml").read_text()
        assert "conflicting targets" in text
        found[kind] = [
            json.loads(line)
            for line in (made / "tickets" / "samples.jsonl").read_text().splitlines()
        ]
    assert len(found["csv"]) > 480
    # a JSON Lines file has no line of column names, so its rows are numbered from one line above
    texts = {
        kind: [(row["message"], row["category"]) for row in rows] for kind, rows in found.items()
    }
    assert texts["csv"] == texts["tsv"] == texts["xlsx"]
    assert {text for text, _ in texts["jsonl"]} <= {row[0] for row in tickets()}


@pytest.mark.alone
@pytest.mark.model
@pytest.mark.slow
@pytest.mark.parametrize(
    "limit",
    [
        pytest.param(6, id="a first look"),
        pytest.param(None, id="all rows", marks=[pytest.mark.long, pytest.mark.timeout(3600)]),
    ],
)
def test_one_command_each_and_no_edit(tmp_path: Path, limit: int | None) -> None:
    write(tmp_path, "csv")
    _, said = bench(tmp_path, "init", "tickets.csv")
    for part in (
        "possible personal data: 3 EMAIL",
        "copies count as one cluster",
        "conflicting targets",
    ):
        assert part in said
    assert "next: bench run suites/tickets/tickets.yaml" in said
    limited = () if limit is None else ("--limit", str(limit))
    bench(tmp_path, "run", "suites/tickets/tickets.yaml", *limited, timeout=3400)
    _, planned = bench(tmp_path, "plan", "suites/tickets/tickets.yaml", "--pilot", "latest")
    assert re.search(r"495 calls, .*; about \$.*, about \d[\d:]* (s|min|h)", planned), (
        "how long all rows would take"
    )
    _, said = bench(tmp_path, "report")
    path = Path(said.strip().splitlines()[-1])
    report = (tmp_path / path).read_text(encoding="utf-8")
    assert report.startswith("<!DOCTYPE html>") or report.startswith("<!doctype html>")
    assert "as accurate as qwen2.5-coder-0.5b-instruct" in report
    _, exported = bench(tmp_path, "export", "--format", "jsonl")
    rows = [json.loads(line) for line in exported.splitlines()]
    measured = len((tmp_path / "suites/tickets/tickets/samples.jsonl").read_text().splitlines())
    assert len(rows) == 2 * (limit or measured)
    assert {row["outcome"] for row in rows} <= {"ok", "truncated", "empty"}
