"""What stands behind the figures: assumptions, limits in words, prices, provenance, history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np

from claimbench.claims.looks.stopping import stopped_by_rule
from claimbench.packed import columns
from claimbench.privacy.masking import in_words
from claimbench.privacy.redact import Redactor
from claimbench.privacy.visible import visible
from claimbench.types import Json, Task
from claimbench_reports.view.arms import is_measured
from claimbench_reports.view.clock import clocks
from claimbench_reports.view.format import UNKNOWN, excerpt, figure, percent, plain, usd
from claimbench_reports.view.inputs import EarlierRun, PriceFact, ReportData
from claimbench_reports.view.types import Fact, Group, PriceView, RunView
from claimbench_reports.view.words import STATUS


def assumptions(data: ReportData, redact: Redactor) -> tuple[Fact, ...]:
    """List what was assumed rather than measured, each with its source."""
    suite = data.suite
    facts = [
        Fact(
            "Margin for \u201cas good as\u201d",
            f"{100 * suite.margin:g} percentage points",
            "suite, set before the run",
        ),
        Fact("Confidence level", f"{100 * (1 - suite.alpha):g}%, two-sided", "suite"),
        Fact(
            "Items stand for",
            (
                "themselves only (a named benchmark)"
                if suite.population == "fixed"
                else "a larger population like them"
            ),
            "suite",
        ),
        Fact(
            "Sampling",
            _params(suite.sampling.temperature, suite.sampling.top_p, suite.sampling.seed),
            "suite",
        ),
        Fact("Load", _load(data), "suite"),
        Fact(
            "Retries",
            f"up to {suite.errors.max_retries}, timeout {suite.errors.timeout_s:g} s",
            "suite",
        ),
    ]
    for arm in suite.arms:
        facts += _host_facts(arm.name, arm.cost_model)
        if arm.params != suite.sampling and is_measured(data, arm.name):
            facts.append(
                Fact(
                    f"Sampling of {arm.name}",
                    _params(arm.params.temperature, arm.params.top_p, arm.params.seed),
                )
            )
    if suite.allow:
        facts.append(Fact("Differences accepted", ", ".join(suite.allow), "suite"))
    for task in suite.tasks:
        facts += _task_facts(task, redact)
    return tuple(_clean(f, redact) for f in facts)


def _task_facts(task: Task, redact: Redactor) -> list[Fact]:
    """Return the prompt of a task and, where a model scores it, what that judge goes by."""
    prompt = " / ".join(f"{m.role}: {m.content}" for m in task.prompt)
    shown = excerpt(redact.transcript(prompt), 1500).text
    facts = [Fact(f"Prompt of task {task.name}", shown, "suite")]
    judge = task.judge
    if judge is not None:
        choices = judge.choices.items()
        worth = ", ".join(f"{choice} = {value:g}" for choice, value in choices)
        rubric = excerpt(judge.rubric, 1500).text
        words = f"{judge.by}: {rubric} ({worth})"
        facts.append(Fact(f"Judge of task {task.name}", words, "suite"))
    return facts


def _clean(fact: Fact, redact: Redactor) -> Fact:
    name, value, source = (visible(redact.mask(x)) for x in (fact.name, fact.value, fact.source))
    return Fact(name, value, source)


def _params(temperature: float | None, top_p: float | None, seed: int | None) -> str:
    known = {"temperature": temperature, "top_p": top_p, "seed": seed}
    return ", ".join(f"{k} {v:g}" for k, v in known.items() if v is not None) or "provider defaults"


def _load(data: ReportData) -> str:
    load = data.suite.load
    words = {
        "run": "; caches cold: a unique line per run before every prompt",
        "call": "; caches cold: a unique line per item before every prompt",
        None: "",
    }
    return _arrivals(data) + words[load.cold_cache]


def _arrivals(data: ReportData) -> str:
    load = data.suite.load
    if load.mode == "open":
        return f"open loop, {load.arrivals} arrivals" + (
            f" at {load.rate_per_s:g}/s" if load.rate_per_s else ""
        )
    return (
        f"closed loop, concurrency {load.concurrency}"
        if load.concurrency
        else "closed loop, concurrency of each arm"
    )


def _host_facts(arm: str, cost: Mapping[str, Json]) -> list[Fact]:
    host = cost.get("host")
    if not isinstance(host, Mapping):
        return []
    source = ", ".join(str(host[k]) for k in ("source", "dated") if host.get(k))
    facts = []
    if (rate := _as_number(host.get("usd_per_hour"))) is not None:
        facts.append(Fact(f"Host price of {arm}", f"{usd(rate)} per hour", source))
    if (share := _as_number(host.get("utilisation"))) is not None:
        facts.append(
            Fact(
                f"Utilisation of {arm}", f"{percent(share)} (assumed, never measured here)", source
            )
        )
    told = ("usd_per_hour", "utilisation", "source", "dated")
    for key, value in host.items():
        if key == "nodes" and isinstance(value, Mapping):
            facts += [_node_fact(arm, name, stated, source) for name, stated in value.items()]
        elif key not in told and value is not None:
            facts.append(Fact(f"{key.replace('_', ' ')} of {arm}", str(value), source))
    return facts


def _node_fact(arm: str, node_type: str, stated: Json, source: str) -> Fact:
    """Return what a kind of node costs: an amount per hour, or its figures."""
    name = visible(f"Host price of {arm} on {node_type}")
    if not isinstance(stated, Mapping):
        rate = _as_number(stated)
        return Fact(name, str(stated) if rate is None else f"{usd(rate)} per hour", source)
    rate = _as_number(stated.get("usd_per_hour"))
    figures = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in stated.items())
    own = ", ".join(str(stated[key]) for key in ("source", "dated") if stated.get(key))
    shown = figures if rate is None else f"{usd(rate)} per hour"
    return Fact(name, visible(shown), visible(own) or source)


def _as_number(value: Json) -> float | None:
    try:
        return None if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def limits(data: ReportData) -> tuple[str, ...]:
    """Say what the numbers do not cover, derived from the run itself."""
    found: list[str] = []
    m, s = data.manifest, data.suite
    n = data.counted
    if n.finished < n.planned and not stopped_by_rule(data.looks):
        split = f" ({n.split})" if n.split else ""
        found.append(
            f"The run is not complete: {n.finished:,} of {n.planned:,} planned calls are"
            f" finished{split}."
        )
    if data.n_not_judged:
        found.append(f"{data.n_not_judged:,} answers were not judged and have no score.")
    if m.limit is not None:
        found.append(f"Limited to {m.limit:,} samples per task; the suite holds more.")
    if m.arms_not_run:
        found.append(
            f"Not measured: {', '.join(m.arms_not_run)}. Nothing here says anything about them."
        )
    if s.load.mode == "closed":
        found.append(
            "Closed-loop load: latencies are service times at the stated concurrency. They do not"
            " show waiting under the traffic of a busy hour."
        )
    if any(a.device and is_measured(data, a.name) for a in s.arms):
        found.append(
            "Local arms were timed on the host named under provenance; other hardware gives other"
            " times and costs."
        )
    if s.epochs == 1:
        found.append(
            "Each sample was asked once per arm; variation between repeated answers is not"
            " separated."
        )
    clusters, items = len(np.unique(data.items.cluster)), len(data.items.items)
    if clusters < items:
        found.append(
            f"{items:,} items in {clusters:,} independent groups; intervals count groups, not"
            " items."
        )
    if len(data.sessions) < 3 and any(not a.device and is_measured(data, a.name) for a in s.arms):
        found.append(
            "Endpoints were measured in fewer than three sessions; their speed varies with the"
            " hour."
        )
    for arm, rows in data.calls.arms.items():
        sources = sorted(set(rows.stamp_source.tolist()) - {""})
        if "sdk" in sources:
            found.append(
                f"{arm}: times were taken as the SDK handed events over, not at the socket."
            )
        cached = int(rows.cached.sum()) if len(rows.item) else 0
        if cached:
            found.append(f"{arm}: {cached:,} replayed or cached answers are left out of latency.")
    if data.resent:
        ended = set(columns(data.records, "call.id"))
        ended.update(columns(data.judge_records, "call.id"))
        again = sum(call_id in ended for call_id in data.resent)
        found.append(
            f"{len(data.resent):,} calls were in flight when a process ended: nobody knows whether"
            " they are billed, so each counts as a bill between 0 and what was reserved for it."
            f" {again:,} of them were sent again on resume."
        )
    found.append(
        f"One suite, \u201c{s.name}\u201d {s.version}: a verdict holds for requests like these, not"
        " for every use."
    )
    return tuple(visible(x) for x in found)


def privacy(data: ReportData, redact: Redactor) -> tuple[Fact, ...]:
    """Say where prompts went, by arm, and what was masked in them, by task."""
    arms = {arm.name for arm in data.suite.asked}
    facts = [
        Fact(
            f"Prompts of {who}" if who in arms else who.capitalize(),
            text,
            "as far as this process could see",
        )
        for who, text in data.privacy
    ]
    for task in data.suite.tasks:
        masked = in_words(task)
        if masked is not None and task.masked is not None:
            facts.append(
                Fact(f"Masked before sending, task {task.name}", masked, task.masked.library)
            )
    return tuple(_clean(f, redact) for f in facts)


def price_views(data: ReportData, redact: Redactor) -> tuple[PriceView, ...]:
    """Return the price sheet."""
    views = []
    for i, price in enumerate(data.prices):
        dollars = figure(
            f"price.{i}.{price.arm}.{price.component}",
            None if price.usd is None else float(price.usd),
            "usd",
            unknown=_no_price(price),
        )
        view = PriceView(
            visible(price.arm),
            visible(price.component),
            dollars,
            visible(price.unit),
            visible(redact.mask(price.source or "not stated")),
            visible(price.dated or "not dated"),
            visible(price.price_id or ""),
            visible(redact.mask(price.note or "")),
        )
        views.append(view)
    return tuple(views)


def _no_price(price: PriceFact) -> str:
    """A line that states no price at all (a utilisation) is not an unknown price."""
    return UNKNOWN if price.unit or price.component == "price" else "\u2014"


WHOLE = (
    "chained by hashes and sealed; verified before this was written. Not shown by any hash: a"
    " rewrite of the whole file, rows and hashes alike, by who owns it"
)
"""What the hashes of a run say, and what they cannot (docs/security.md)."""


def provenance(data: ReportData, redact: Redactor) -> tuple[Group, ...]:
    """Return facts in groups: manifest, hashes, versions, host, sessions, models, calibration."""
    m = data.manifest
    run = {
        "run": m.run_id,
        "created": m.created_utc,
        "tool": f"claimbench {m.tool_version}",
        "suite": f"{m.suite_name} {m.suite_version} ({m.suite_path})",
        "suite file sha256": m.file_sha256,
        "measured sha256": m.measured_sha256,
        "plan sha256": m.plan_sha256,
        "price book sha256": m.price_book_sha256,
        "order seed": m.seed,
        "sample limit": m.limit,
        "stored rows": WHOLE,
    }
    groups = [("Run", run), ("Code", m.git), ("Host", m.host)]
    who = {judge.name: "Judge" for judge in data.suite.judges}
    who |= {user.name: "Simulated user" for user in data.suite.users}
    groups += [
        (
            f"{who.get(name, 'Arm')} {name}",
            facts if isinstance(facts, Mapping) else {},
        )
        for name, facts in m.arm_facts.items()
    ]
    groups += clocks(data)
    for s in data.sessions:
        facts = {
            "started": s.started_utc,
            "ended": s.ended_utc,
            "end": s.end_reason,
            "event loop lag (ms)": dict(s.loop_lag_ms),
            "calibration": dict(s.calibration),
        }
        groups.append((f"Session {s.n}", facts))
    if data.calibration:
        groups.append(("Calibration", data.calibration))
    if data.looks:
        looks = {
            f"look {k.k} of {k.looks_planned}": f"{k.items} items: {k.decision}" for k in data.looks
        }
        groups.append(("Looks", looks))
    groups.append(("Packages", m.packages))
    return tuple(
        Group(visible(title), tuple(_flat(redact.json(facts)))) for title, facts in groups if facts
    )


def _flat(value: Json, prefix: str = "", depth: int = 0) -> list[Fact]:
    lines: list[Fact] = []
    for key, inner in value.items():
        name = f"{prefix}{key}"
        if isinstance(inner, Mapping) and depth < 3:
            lines += _flat(inner, f"{name} \u203a ", depth + 1)
        elif _is_rows(inner) and depth < 3:
            rows = {f"{name} {number}": row for number, row in enumerate(inner[:MOST_ROWS], 1)}
            lines += _flat(rows, "", depth)
            if len(inner) > MOST_ROWS:
                lines.append(Fact(visible(name), f"{len(inner)} in all"))
        elif inner is not None and inner != "" and inner != []:
            shown = plain(inner) if isinstance(inner, float) else str(inner)
            lines.append(Fact(visible(name), excerpt(shown, 500).text))
    return lines


MOST_ROWS = 20
"""Rows of a list of facts (the engines of a cluster) that are shown."""


def _is_rows(value: Json) -> bool:
    return isinstance(value, list | tuple) and any(isinstance(row, Mapping) for row in value)


def history(data: ReportData, redact: Redactor) -> tuple[RunView, ...]:
    """Return earlier runs, in the order given."""
    return tuple(run_view(e, redact) for e in data.earlier)


def run_view(run: EarlierRun, redact: Redactor) -> RunView:
    """Return one line of history. A report's path is shown only if it is a relative one, so that no
    scheme can hide in it.
    """
    words = {True: "same requests", False: "other requests: not comparable", None: ""}
    report = run.report or ""
    return RunView(
        run.run_id,
        short_date(run.created_utc),
        visible(redact.mask(run.suite)),
        visible(run.status),
        f"{run.n_finished:,} of {run.n_planned:,}",
        words[run.comparable],
        tuple(Fact(visible(k), STATUS.get(v, visible(v))) for k, v in run.verdicts.items()),
        report if ":" not in report and not report.startswith(("/", "\\")) else "",
    )


def short_date(stamp: str) -> str:
    """Shorten a stamp: ``2026-11-22T04:05:06.1+00:00`` -> ``2026-11-22 04:05 UTC``; anything else
    unchanged.
    """
    try:
        return datetime.fromisoformat(stamp).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return visible(stamp)
