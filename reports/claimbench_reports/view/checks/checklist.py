"""The practices of NIST AI 800-2, point by point, answered from what a run holds.

The draft "Practices for Automated Benchmark Evaluations of Language Models" (January 2026) orders
them in three sections; the points here are our reading of them, and no statement of conformity.
An answer is a fact of this run, or what the suite's ``about`` says and no run can know; where there
is none, it says how to state it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from claimbench.evidence.registration import Standing
from claimbench.packed import columns
from claimbench.types import Suite
from claimbench_reports.view.checks.types import CheckView
from claimbench_reports.view.inputs import ReportData

DEFINE = "Objectives and benchmark"
RUN = "Protocol and run"
REPORT = "Analysis and report"
Answer = tuple[str, str]
"""What the run says, and the id of the section of the page that shows it."""


def checklist(
    data: ReportData, registered: Standing, clean: Callable[[str], str]
) -> tuple[CheckView, ...]:
    """Return every point with its answer; ``registered``: how the run stands to its registration;
    ``clean`` masks and makes visible what others wrote.
    """
    return tuple(
        CheckView(section, question, clean(text), link, stated)
        for section, question, text, link, stated in _points(data, registered)
    )


def _points(data: ReportData, registered: Standing) -> Iterator[tuple[str, str, str, str, bool]]:
    about = data.suite.options.get("about") or {}

    def told(key: str, also: str = "") -> tuple[str, str, bool]:
        words = about.get(key)
        if not words:
            how = f"Not stated: write `about: {{{key}: ...}}` in the suite."
            return (f"{also} {how}" if also else how), "assumptions", False
        text = "; ".join(words) if isinstance(words, list) else str(words)
        return (f"{also} {text}" if also else text), "assumptions", True

    yield DEFINE, "What decision is the evaluation for?", *_objective(data, told)
    yield DEFINE, "Which requests do the samples stand for?", *told("population", _stands(data))
    yield DEFINE, "How were the samples drawn?", *told("sample", _sample(data))
    yield DEFINE, "Can a model have seen them before?", *told("contamination")
    yield DEFINE, "Were claims and margins fixed beforehand?", *_fixed(registered)
    for question, (text, link) in _protocol(data):
        yield RUN, question, text, link, True
    for question, (text, link) in _analysis(data):
        yield REPORT, question, text, link, True
    yield REPORT, "What is not claimed?", *told("not_claimed", _not_claimed(data))


def _objective(
    data: ReportData, told: Callable[..., tuple[str, str, bool]]
) -> tuple[str, str, bool]:
    if data.decision is None:
        return told("objective")
    names = ", ".join(one.name for one in data.decision.spec.criteria) or "none"
    n = len(data.decision.spec.requirements)
    text, _, _ = told("objective")
    also = f" {text}" if "objective" in (data.suite.options.get("about") or {}) else ""
    return f"The suite states {n} requirements and the criteria {names}.{also}", "decision", True


def _stands(data: ReportData) -> str:
    if data.suite.population == "fixed":
        return "Themselves alone: intervals cover repeated runs of these samples."
    return "More like them: intervals cover other samples of the same kind."


def _sample(data: ReportData) -> str:
    items, clusters = len(data.items.items), len(np.unique(data.items.cluster))
    groups = "" if clusters == items else f" in {clusters:,} independent groups"
    tasks = len(data.suite.tasks)
    of_all = sum(len(task.samples) for task in data.suite.tasks)
    part = f", of {of_all:,} in the suite" if of_all != items else ""
    word = "task" if tasks == 1 else "tasks"
    return f"{items:,} items{groups}{part}, {tasks} {word}, in an order drawn by a recorded seed."


def _fixed(found: Standing) -> tuple[str, str, bool]:
    if found.state == "none":
        how = "Not stated: bench plan SUITE --register FILE fixes them before the first call."
        return how, "provenance", False
    who = f" ({found.details[-1]})" if found.details else ""
    text = f"{found.line}{who} {found.beside}".strip()
    return text, "provenance", found.state == "fixed"


def _protocol(data: ReportData) -> Iterator[tuple[str, Answer]]:
    suite, m = data.suite, data.manifest
    prompts = (
        "Every arm got the same requests; prompts, examples, answer spaces and scorers are in the"
        f" measured hash {m.measured_sha256[:12]}."
    )
    yield "Did all get the same requests?", (prompts, "assumptions")
    scorers = ", ".join(
        f"{task.name}: {', '.join(spec.name for spec in task.scorers) or 'none'}"
        for task in suite.tasks
    )
    yield "How is an answer scored?", (f"Scorers by task: {scorers}.", "methods")
    yield "With which settings, and how often?", (_settings(suite), "assumptions")
    accepted = ", ".join(suite.allow)
    allowed = f"Differences accepted: {accepted}." if accepted else "None accepted."
    yield "Which differences between arms were accepted?", (allowed, "verdicts")
    yield "What ran, where and when?", (_where(data), "provenance")
    yield "What failed?", (_failed(data), "compare")


def _settings(suite: Suite) -> str:
    params = suite.sampling
    stated = {
        "temperature": params.temperature,
        "top_p": params.top_p,
        "seed": params.seed,
        "effort": params.reasoning_effort,
    }
    said = [
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in stated.items()
        if value is not None
    ]
    asked = "once" if suite.epochs == 1 else f"{suite.epochs} times"
    words = ", ".join(said) or "the providers’ defaults"
    return f"{words[:1].upper()}{words[1:]}; each sample was asked {asked} per arm."


def _where(data: ReportData) -> str:
    m = data.manifest
    n = len(data.sessions)
    sessions = "one session" if n == 1 else f"{n} sessions"
    not_run = f" Not run: {', '.join(m.arms_not_run)}." if m.arms_not_run else ""
    ran = ", ".join(m.arms_run) or "none"
    return (
        f"Arms {ran}, by claimbench {m.tool_version}, in {sessions} from"
        f" {m.created_utc[:16]}.{not_run}"
    )


def _failed(data: ReportData) -> str:
    n = data.counted
    missing = sum(outcome.missing for outcome in columns(data.records, "outcome"))
    open_ = max(n.planned - n.finished, 0)
    return (
        f"{missing:,} of {n.finished_of_arms:,} finished calls of arms have no answer and no score;"
        f" {open_:,} of {n.planned:,} planned calls are not finished. An answer that is"
        " empty, refused, cut or late scores 0."
    )


def _analysis(data: ReportData) -> Iterator[tuple[str, Answer]]:
    suite = data.suite
    level = 100 * (1 - suite.alpha)
    unit = (
        "groups of items" if len(np.unique(data.items.cluster)) < len(data.items.items) else "items"
    )
    text = f"Intervals of {level:g}%, by {unit}; arms are compared on the same items."
    yield "How sure are the figures?", (text, "compare")
    n = len(data.verdicts)
    several = f" {n} claims were judged; Holm's correction covers them together." if n > 1 else ""
    margin = f"“As good as” means within {100 * suite.margin:g} points.{several}"
    yield "How are arms compared?", (margin, "verdicts")
    looks = (
        f"{len(data.looks)} interim looks, paid for in the level."
        if data.looks
        else "No interim look was taken."
    )
    yield "Was the run watched while it went?", (looks, "provenance")
    yield (
        "Can somebody else check it?",
        (
            "Rows are chained and sealed. `bench bundle` writes them into one file, from which"
            " `bench verify` makes every figure anew.",
            "provenance",
        ),
    )


def _not_claimed(data: ReportData) -> str:
    tallied = [verdict for verdict in data.verdicts if verdict.status in _OPEN]
    open_ = (
        f"{len(tallied)} of {len(data.verdicts)} claims are open or not comparable. "
        if tallied
        else ""
    )
    return f"{open_}Verdicts hold for requests like these alone (“What the numbers do not cover”)."


_OPEN = ("inconclusive", "not_comparable")
