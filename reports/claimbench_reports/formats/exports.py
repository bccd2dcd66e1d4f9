"""View and run -> machine files: JSON, CSV, JSON Lines, JUnit XML, Markdown, Parquet.

``report.json`` is the view itself (schema: docs/report.schema.json), so its figures are those of
the HTML. The rows of CSV, JSON Lines and Parquet are the finished calls with whole texts, redacted
by the same profile.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO
from xml.etree import ElementTree as ET

import numpy as np

from claimbench.errors import BenchError
from claimbench.packed import columns
from claimbench.plan.prompts import render
from claimbench.pricing.told import dollar_fields
from claimbench.privacy.redact import Redactor
from claimbench.privacy.visible import visible
from claimbench.tables import timing as tm
from claimbench.tables.in_order import ScoresOfCalls, TriesOfCalls
from claimbench.tables.waits import from_opening
from claimbench.types import CallRecord, Cost, Json
from claimbench_reports.view.arms import ALL, base_notes
from claimbench_reports.view.inputs import ReportData
from claimbench_reports.view.types import VerdictView, View
from claimbench_reports.view.words import COLUMNS, SIGN, shown_columns

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""A text cell that begins with one of these is a formula to a spreadsheet."""
CSV_FIELDS = (
    "id",
    "task",
    "arm",
    "sample_id",
    "epoch",
    "input",
    "target",
    "outcome",
    "attempts",
    "text",
    "score",
    "score_status",
    "scores",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "cost_basis",
    "price_id",
    "cost_usd_low",
    "cost_usd_high",
    "at_prices_usd",
    "at_prices_usd_low",
    "at_prices_usd_high",
    "ttft_ms",
    "e2e_ms",
    "cluster",
    "block",
    "provenance",
    "error",
    "judge_usd",
    "judged_by",
    "wait_ms",
)


def view_json(view: View) -> str:
    """Return ``report.json``: the view, floats in full, no NaN or infinity."""
    return json.dumps(asdict(view), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def call_rows(data: ReportData, redact: Redactor) -> Iterator[dict[str, Json]]:
    """Yield one object per finished call, in stored order; ``attempts`` counts, ``scores`` is by
    scorer.

    ``cost_usd_low`` and ``cost_usd_high`` bound a bill that is not known whole. ``at_prices_usd``
    (or its bounds) is what a call whose vendor says what it charged (``cost_basis``: billed) comes
    to at the prices; empty where no price can be held against that charge. ``input`` is the last
    turn of the prompt, without instructions and examples; ``target`` is text. ``cluster`` and
    ``block`` (stretch of time) are the groups that the intervals treat as one unit of evidence.
    ``judge_usd`` is what asking a model for the score cost; it is not in ``cost_usd``.
    ``judged_by`` is the model that gave ``score`` as a judge, null where none did.
    ``wait_ms`` is the time from the first send of the call, or from where it began to open a
    connection of its own, so that it is longer than ``e2e_ms`` where the call was asked more than
    once or waited for a connection. A step of an episode is a row with its own tokens,
    dollars and times; the score stands on the first one's.
    """
    scores = ScoresOfCalls(data.scores)
    scored = {t.name for t in data.suite.tasks if t.scorers}
    headline = {t.name: t.scorers[0].name for t in data.suite.tasks if t.scorers}
    judges = {t.name: t.judged_by for t in data.suite.tasks}
    times = _Times(data)
    asked = _Asked(data, redact)
    for record in data.records:
        call, cost = record.call, data.costs.get(record.call.id)
        found = scores.of(call.id) if call.task in scored else ()
        mine = {s.scorer: s for s in found}
        first = mine.get(headline.get(call.task, ""))
        ttft, e2e, n_in, n_out, n = times.of(record)
        wait = times.wait(record)
        cluster, block = times.groups(record)
        row: dict[str, Json] = {
            "id": call.id,
            "task": call.task,
            "arm": call.arm,
            "sample_id": redact.mask(call.sample_id),
            "epoch": call.epoch,
            **asked.of(call.task, call.sample_id),
            "outcome": record.outcome.value,
            "attempts": n,
            "text": redact.transcript(record.said),
            "score": None if first is None else first.value,
            "score_status": None if first is None else first.status,
            "scores": {k: s.value for k, s in mine.items()},
            "input_tokens": n_in,
            "output_tokens": n_out,
            **_cost_fields(cost, data.at_prices.get(call.id)),
            "ttft_ms": ttft,
            "e2e_ms": e2e,
            "cluster": None if cluster is None else redact.mask(cluster),
            "block": block,
            "provenance": record.provenance,
            "error": _error(record, redact),
            "judge_usd": next(
                (float(s.judge_cost_usd) for s in mine.values() if s.judge_cost_usd is not None),
                None,
            ),
            "judged_by": judges.get(call.task),
            "wait_ms": wait,
        }
        yield _sound(row)


MOST_ASKED = 20_000
"""Samples whose texts are kept as shown: arms and epochs ask for the same again."""


class _Asked:
    """What each sample asked and expected, as the profile lets transcripts out; made once each."""

    def __init__(self, data: ReportData, redact: Redactor) -> None:
        self._tasks = {task.name: task for task in data.suite.tasks}
        self._samples = {(t.name, s.id): s for t in data.suite.tasks for s in t.samples}
        self._redact = redact
        self._made: dict[tuple[str, str], dict[str, Json]] = {}

    def of(self, task: str, sample_id: str) -> dict[str, Json]:
        """Return ``input`` and ``target`` of a sample; null where the run does not hold it."""
        key = (task, sample_id)
        if key not in self._made:
            if len(self._made) >= MOST_ASKED:
                self._made.clear()
            self._made[key] = self._make(key)
        return self._made[key]

    def _make(self, key: tuple[str, str]) -> dict[str, Json]:
        sample = self._samples.get(key)
        if sample is None:
            return {"input": None, "target": None}
        turns = render(self._tasks[key[0]], sample)
        target = sample.target
        if target is not None and not isinstance(target, str):
            target = json.dumps(target, ensure_ascii=False)
        return {
            "input": self._redact.transcript(turns[-1].content if turns else ""),
            "target": self._redact.transcript(target),
        }


def _error(record: CallRecord, redact: Redactor) -> str | None:
    """An error may quote the request, so it follows the profile of transcripts too."""
    return redact.transcript(record.error)


def _cost_fields(cost: Cost | None, at_prices: Cost | None) -> dict[str, Json]:
    told = dollar_fields(cost, at_prices)
    found = {k: float(v) if isinstance(v, Decimal) else v for k, v in told.items()}
    return {**found, "price_id": None if cost is None else cost.price_id}


Measured = tuple[float | None, float | None, int | None, int | None, int | None]


class _Times:
    """Call -> times and tokens, read once from the call table.

    The table holds an episode as one call; a step's own figures are those of its own attempts, so
    that the rows of an episode sum up to it.
    """

    def __init__(self, data: ReportData) -> None:
        self._steps: dict[tuple[str, str], str] = {}
        for task in data.suite.tasks:
            for sample in task.samples if task.steps else ():
                if sample.turn is not None:
                    self._steps[task.name, sample.id] = sample.turn.conversation
        self._tries = TriesOfCalls(data.attempts) if self._steps else None
        self._whole: dict[tuple[str, str, str, int], str] = {}
        if self._steps:
            shown = {str(c) for rows in data.calls.arms.values() for c in rows.call_id.tolist()}
            for record in data.records:
                if record.call.id in shown:
                    self._whole[self._episode(record)] = record.call.id
        self._waits = {arm: from_opening(rows).e2e_s for arm, rows in data.calls.arms.items()}
        self._arms: dict[str, tuple[dict[str, int], Any]] = {
            arm: ({str(c): i for i, c in enumerate(rows.call_id.tolist())}, rows)
            for arm, rows in data.calls.arms.items()
        }

    def _episode(self, record: CallRecord) -> tuple[str, str, str, int]:
        call = record.call
        conversation = self._steps.get((call.task, call.sample_id), "")
        return call.arm, call.task, conversation, call.epoch

    def _of_step(self, record: CallRecord, tries: TriesOfCalls) -> Measured:
        mine = tries.of(record.call.id)
        last = next((one for one in mine if one.number == record.attempt), None)
        if last is None:
            return None, None, None, None, len(mine)
        ttft, e2e = tm.ttft_s(last.timing), tm.e2e_s(last.timing)
        if record.outcome.missing:
            ttft, e2e = None, math.nan
        usage = last.usage
        return (
            None if ttft is None else _milliseconds(np.float64(ttft)),
            _milliseconds(np.float64(e2e)),
            None if usage is None else usage.input_total,
            None if usage is None else usage.output_total,
            len(mine),
        )

    def of(self, record: CallRecord) -> Measured:
        """Return times in ms, tokens and attempts of a call, each None if unknown."""
        call = record.call
        if self._tries is not None and (call.task, call.sample_id) in self._steps:
            return self._of_step(record, self._tries)
        index, rows = self._arms.get(call.arm, ({}, None))
        at = index.get(call.id)
        if at is None:
            return None, None, None, None, None
        ttft, e2e = _milliseconds(rows.ttft_s[at]), _milliseconds(rows.e2e_s[at])
        return ttft, e2e, _whole(rows.n_in[at]), _whole(rows.n_out[at]), int(rows.n_attempts[at])

    def wait(self, record: CallRecord) -> float | None:
        """Return the milliseconds from the first send of a call, or the opening of its connection
        before that, to its end; None if unknown.
        """
        call = record.call
        if self._tries is not None and (call.task, call.sample_id) in self._steps:
            mine = [one for one in self._tries.of(call.id) if one.number <= record.attempt]
            if not mine or record.outcome.missing or mine[0].session != mine[-1].session:
                return None
            whole_ns = mine[-1].timing.ended_ns - mine[0].timing.sent_ns
            opened = tm.opened_s(mine[0].timing) or 0.0
            return _milliseconds(np.float64(whole_ns / tm.NS_PER_S + opened))
        index, _ = self._arms.get(call.arm, ({}, None))
        at = index.get(call.id)
        return None if at is None else _milliseconds(self._waits[call.arm][at])

    def groups(self, record: CallRecord) -> tuple[str | None, int | None]:
        """Return cluster and time block of a call, a step's those of its episode; None where it is
        not in the table.
        """
        call = record.call
        index, rows = self._arms.get(call.arm, ({}, None))
        stepped = (call.task, call.sample_id) in self._steps
        at = index.get(self._whole.get(self._episode(record), "") if stepped else call.id)
        return (
            (None, None)
            if at is None or rows is None
            else (rows.text("cluster", at), int(rows.block[at]))
        )


def _milliseconds(seconds: np.float64) -> float | None:
    return round(1000 * float(seconds), 6) if math.isfinite(seconds) else None


def _whole(tokens: np.float64) -> int | None:
    return int(tokens) if math.isfinite(tokens) else None


def safe_cell(value: Json) -> Json:
    """Return a text that a spreadsheet would run with an apostrophe before it; controls made
    visible; the rest unchanged.
    """
    if not isinstance(value, str):
        return value
    text = visible(value)
    return "'" + text if value.startswith(DANGEROUS) or text.startswith(DANGEROUS) else text


def write_csv(data: ReportData, redact: Redactor, out: TextIO) -> None:
    """Write the calls as CSV (RFC 4180); open ``out`` with ``newline=""``, encoding utf-8-sig where
    Excel shall read it.
    """
    writer = csv.writer(out)
    writer.writerow(CSV_FIELDS)
    for row in call_rows(data, redact):
        row["scores"] = json.dumps(row["scores"], ensure_ascii=False)
        writer.writerow([safe_cell(row[k]) for k in CSV_FIELDS])


def write_jsonl(data: ReportData, redact: Redactor, out: TextIO) -> None:
    """Write the calls as JSON Lines, with the final attempt's token buckets (``usage``, null =
    unknown) beside the totals.
    """
    tries = TriesOfCalls(data.attempts)
    rows = zip(call_rows(data, redact), columns(data.records, "attempt"), strict=True)
    for row, number in rows:
        mine = [a for a in tries.of(str(row["id"])) if a.number == number]
        usage = mine[-1].usage if mine else None
        row["usage"] = (
            None
            if usage is None or usage.source == "unknown"
            else {**asdict(usage), "fees": dict(usage.fees)}
        )
        out.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")


def _sound(row: Mapping[str, Json]) -> dict[str, Json]:
    """Lone surrogates cannot be written as UTF-8; they become visible."""
    return {
        k: v.encode("utf-8", "replace").decode() if isinstance(v, str) else v
        for k, v in row.items()
    }


def write_parquet(data: ReportData, redact: Redactor, path: Path) -> None:
    """Write the calls as Parquet.

    Raises:
        BenchError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise BenchError(
            "Parquet needs pyarrow, which is not installed",
            hint="pip install 'claimbench[parquet]'",
        ) from None
    rows = []
    for row in call_rows(data, redact):
        row["scores"] = json.dumps(row["scores"], ensure_ascii=False)
        rows.append(row)
    pq.write_table(pa.Table.from_pylist(rows), path)


def junit_xml(view: View, thresholds: Mapping[str, str | None] | None = None) -> str:
    """Return claims as test cases: refuted fails, inconclusive and not comparable are skipped with
    the reason.

    Args:
        view: the run.
        thresholds: further cases by name (``bench check``): None = met, else what was missed.
    """
    checks = dict(thresholds or {})
    failures = sum(v.status == "refuted" for v in view.verdicts) + sum(
        t is not None for t in checks.values()
    )
    skipped = sum(v.status in ("inconclusive", "not_comparable") for v in view.verdicts)
    total = len(view.verdicts) + len(checks)
    suite = ET.Element(
        "testsuite",
        name=f"claimbench {view.title}",
        tests=str(total),
        failures=str(failures),
        skipped=str(skipped),
        errors="0",
        id=view.run_id,
    )
    for v in view.verdicts:
        group = f"{view.suite}.claims.{v.arm}" if v.arm else f"{view.suite}.claims"
        case = ET.SubElement(suite, "testcase", classname=group, name=v.claim)
        if v.status == "refuted":
            ET.SubElement(case, "failure", message=v.in_full, type="refuted").text = _details(v)
        elif v.status != "supported":
            ET.SubElement(case, "skipped", message=f"{v.status_text}: {v.in_full}")
        else:
            ET.SubElement(case, "system-out").text = v.in_full
    for name, missed in checks.items():
        case = ET.SubElement(
            suite, "testcase", classname=f"{view.suite}.thresholds", name=visible(name)
        )
        if missed is not None:
            ET.SubElement(
                case, "failure", message=visible(missed), type="threshold"
            ).text = visible(missed)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def junit(view: View) -> str:
    """Return :func:`junit_xml` of the claims alone."""
    return junit_xml(view)


def _details(v: VerdictView) -> str:
    lines = [
        f"{r.name}: {r.status_text}"
        + (f", {r.estimate.text} ({r.estimate.interval})" if r.estimate else "")
        for r in v.readings
    ]
    return "\n".join(lines)


LATE = "Declared after the data were seen"
MARKDOWN_COLUMNS = ("quality", "usd_1k", "usd_1k_correct", "ttft_p50", "e2e_p50", "e2e_p95")


def markdown(view: View) -> str:
    """Return a summary for a pull request: verdicts, the comparison, what was not measured."""
    lines = [
        f"## ClaimBench: {_md(view.title)}",
        "",
        f"{_md(view.summary)} Run `{view.run_id}`.",
        "",
    ]
    if view.verdicts:
        lines += ["| | Claim | Verdict | About | In one sentence |", "|---|---|---|---|---|"]
        for v in view.verdicts:
            late = any(f.code == "declared_after" for f in v.flags) and LATE not in v.in_full
            sentence = _md(v.in_full) + (f" *{LATE}.*" if late else "")
            lines.append(
                f"| {SIGN[v.status]} | {_md(v.claim)} | **{v.status_text}** | {_md(v.who) or '-'} |"
                f" {sentence} |"
            )
    heads = {id_: head for id_, head, _, _ in COLUMNS}
    measured = [a for a in view.arms if a.scope == ALL and a.measured]
    columns = shown_columns(measured, MARKDOWN_COLUMNS)
    lines += [
        "",
        "| Arm | " + " | ".join(heads[c] for c in columns) + " |",
        "|---" * (1 + len(columns)) + "|",
    ]
    for arm in measured:
        cells = []
        for column in columns:
            f = arm.get(column)
            cells.append(
                "" if f is None else f.text + (f"<br><sub>{f.interval}</sub>" if f.interval else "")
            )
        lines.append(f"| {_md(arm.arm)} | " + " | ".join(cells) + " |")
    lines.append("")
    lines += [f"- {_md(said)}" for said in base_notes(view.arms)]
    lines += [f"- Not run: {_md(a.arm)} ({_md(a.why_not)})" for a in view.arms if not a.measured]
    lines += [f"- {_md(w)}" for w in view.warnings]
    return "\n".join(lines).rstrip() + "\n"


def _md(text: str) -> str:
    """Foreign text inside a Markdown table cell: no markup, no row breaks."""
    return " ".join(text.split()).translate(_MD)


_MD = str.maketrans({sign: f"&#{ord(sign)};" for sign in "\\`*_[]<>|#!@&"})
