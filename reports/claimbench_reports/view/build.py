"""Domain -> view: the one place where a stored run becomes words and rounded numbers."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from itertools import chain

from claimbench.claims.looks.stopping import stopped_by_rule
from claimbench.evidence.registration import standing
from claimbench.pricing.bill import least, spent
from claimbench.privacy.redact import Redactor
from claimbench.privacy.visible import visible
from claimbench_reports.view import about, arms, claims, samples
from claimbench_reports.view import series as curves
from claimbench_reports.view.beside.routes import beside_view
from claimbench_reports.view.bill import bill_views, judge_bill_views
from claimbench_reports.view.buying.decision import decision_view
from claimbench_reports.view.buying.outlook import outlook_view
from claimbench_reports.view.buying.what_if import what_if_view
from claimbench_reports.view.checks.checklist import checklist
from claimbench_reports.view.format import Figure, figure, usd
from claimbench_reports.view.inputs import ReportData
from claimbench_reports.view.types import VIEW_SCHEMA, VerdictView, View
from claimbench_reports.view.verdicts.best import mark_best
from claimbench_reports.view.verdicts.remedies import run_facts
from claimbench_reports.view.words import METHODS, STATUS

PROFILE_WORDS = {
    "full": "transcripts shown, keys masked",
    "hashed": "transcripts hashed, keys masked",
    "none": "transcripts withheld, keys masked",
}


def build_view(data: ReportData, redact: Redactor) -> View:
    """Return everything a report shows, from one run; every foreign text passes through ``redact``
    here and nowhere else.

    Pure: the same data and redactor give the same view. Costs one pass over the records, attempts
    and scores plus the intervals; no model, network or file is touched.
    """

    def clean(text: str) -> str:
        return visible(redact.mask(text))

    m = data.manifest
    verdicts = claims.verdict_views(data.verdicts, redact, run_facts(data))
    disagreements, disagreements_note = samples.disagreement_views(data, redact)
    transcripts, transcripts_note = samples.transcript_views(data, redact)
    slices, slices_note = arms.slice_views(data)
    counts = _run_counts(data)
    registered = standing(m, data.suite, data.sessions, data.attempts, data.looks, data.others)
    return View(
        schema=VIEW_SCHEMA,
        title=clean(f"{m.suite_name} {m.suite_version}"),
        run_id=m.run_id,
        created=about.short_date(m.created_utc),
        suite=clean(m.suite_name),
        description=clean(data.suite.description),
        redaction=PROFILE_WORDS[redact.profile],
        complete=_complete(data),
        summary=_summary(verdicts),
        counts=counts,
        warnings=tuple(clean(w) for w in data.warnings),
        decision=decision_view(
            data.decision,
            len(data.items.items),
            m.created_utc,
            clean,
            data.verdicts,
            run_facts(data),
        ),
        verdicts=verdicts,
        scopes=tuple(arms.scopes(data)),
        arms=mark_best(arms.arm_views(data, redact), data),
        differences=arms.difference_views(data),
        slices=slices,
        slices_note=slices_note,
        findings=tuple(clean(f) for f in data.findings),
        series=curves.series(data),
        cost_parts=curves.cost_parts(data),
        bill=bill_views(data),
        judge_bill=judge_bill_views(data),
        break_even=curves.break_even_views(data),
        tornado=curves.tornado_views(data),
        outlook=outlook_view(data),
        what_if=what_if_view(data),
        disagreements=disagreements,
        disagreements_note=disagreements_note,
        transcripts=transcripts,
        transcripts_note=transcripts_note,
        assumptions=about.assumptions(data, redact),
        limits=about.limits(data),
        privacy=about.privacy(data, redact),
        methods=METHODS,
        prices=about.price_views(data, redact),
        provenance=about.provenance(data, redact),
        history=about.history(data, redact),
        registered=clean(f"{registered.line} {registered.beside}".strip()),
        checklist=checklist(data, registered, clean),
        beside=beside_view(data, clean),
    )


def _complete(data: ReportData) -> bool:
    """Return whether every planned call is finished, answered and, where it has to be, judged."""
    n = data.counted
    whole = n.finished >= n.planned or stopped_by_rule(data.looks)
    return whole and not data.n_not_judged and data.missing is None


def _run_counts(data: ReportData) -> tuple[Figure, ...]:
    rows = data.calls.arms.values()
    whole = spent(chain(data.costs.values(), data.judge_costs.values()))
    notes = [whole.note] if whole.note else []
    in_all = None if whole.usd is None else float(whole.usd)
    users = {user.name for user in data.suite.users}
    apart: dict[str, list[Decimal]] = {}
    asked = {record.call.id: record.call.arm for record in data.judge_records}
    for call_id, cost in data.judge_costs.items():  # calls that were cut off count here too
        if cost.amount is not None or least(cost) > 0:
            name = asked.get(call_id) or data.unfinished.get(call_id, "")
            who = "simulated users" if name in users else "judges"
            apart.setdefault(who, []).append(least(cost))
    notes += [f"{usd(float(sum(usds)))} of it for {who}" for who, usds in apart.items()]
    return (
        figure("run.planned", data.counted.planned, "count"),
        # not the rows of the tables: an episode is one there, a route adds some, a warm-up has none
        figure("run.finished", data.counted.finished, "count", note=data.counted.split),
        figure("run.attempts", len(data.attempts), "count"),
        figure("run.items", len(data.items.items), "count"),
        figure("run.arms_measured", sum(len(r.item) > 0 for r in rows), "count"),
        figure("run.usd", in_all, "usd", note="; ".join(notes)),
    )


def _summary(verdicts: tuple[VerdictView, ...]) -> str:
    """``4 claims: 1 supported, 2 inconclusive, 1 not comparable.``"""
    if not verdicts:
        return "The suite states no claims."
    tally = Counter(v.status for v in verdicts)
    parts = [f"{tally[s]} {STATUS[s].lower()}" for s in STATUS if tally[s]]
    return f"{len(verdicts)} claim{'s' if len(verdicts) != 1 else ''}: {', '.join(parts)}."
