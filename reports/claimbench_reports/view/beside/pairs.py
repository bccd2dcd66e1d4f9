"""Comparisons in pairs, in words and rounded numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from claimbench.claims.preference.questions import MOST_FLIPS
from claimbench.evaluation.preference.tables import (
    PANEL,
    JudgeBill,
    JudgeTally,
    PairTable,
    Tally,
    TaskPairs,
)
from claimbench_reports.view.beside.types import (
    JudgeBillView,
    PairsView,
    PairView,
    StrengthView,
    TallyView,
)
from claimbench_reports.view.format import figure
from claimbench_reports.view.measure import from_interval

Clean = Callable[[str], str]


def pairs_views(tables: Sequence[TaskPairs], clean: Clean) -> tuple[PairsView, ...]:
    """Return each task's comparisons as shown; ``clean`` masks foreign text."""
    return tuple(_task(table, clean) for table in tables)


def _task(table: TaskPairs, clean: Clean) -> PairsView:
    at = f"pairs.{table.task}"
    strengths: list[StrengthView] = []
    if table.strengths is not None:
        found = table.strengths
        for arm, chance in sorted(found.chance.items(), key=lambda one: -one[1]):
            low, high = found.low[arm], found.high[arm]
            why = "" if low is not None and high is not None else "too few groups for an interval"
            shown = figure(f"{at}.strength.{arm}", chance, "percent", low=low, high=high, note=why)
            strengths.append(StrengthView(clean(arm), shown))
    return PairsView(
        task=clean(table.task),
        pairs=tuple(_pair(f"{at}.{pair.one}.{pair.two}", pair, clean) for pair in table.pairs),
        strengths=tuple(strengths),
        strengths_by="judges" if table.by_judges else "people",
        bills=tuple(_bill(at, bill, clean) for bill in table.bills),
    )


def _pair(at: str, pair: PairTable, clean: Clean) -> PairView:
    tallies: list[TallyView] = []
    alone = pair.judges[0].tally.n if len(pair.judges) == 1 else None
    if pair.by_rule or (pair.judges and pair.panel.n != alone):  # else they are the one judge
        with_rules = alone is not None and pair.panel.n > alone
        who = "the judge, with rules" if with_rules else "all judges together"
        tallies.append(_tally(f"{at}.{PANEL}", pair.panel, who))
    tallies += [_judge(f"{at}.judge.{one.tally.who}", one, clean) for one in pair.judges]
    if pair.people is not None:
        tallies.append(_tally(f"{at}.people", pair.people, "people"))
    strata = [
        _tally(f"{at}.length.{number}", stratum, clean(stratum.who))
        for number, stratum in enumerate(pair.strata)
    ]
    notes: list[str] = []
    if pair.by_rule:
        notes.append(f"{pair.by_rule:,} decided without a judge (no answer, or one text twice)")
    if pair.no_word:
        notes.append(f"{pair.no_word:,} of {pair.n:,} lack some judge's word and count nowhere")
    unstable = [
        clean(one.tally.who)
        for one in pair.judges
        if one.seen and one.flips / one.seen > MOST_FLIPS
    ]
    if unstable:
        notes.append(
            f"the word of {' and '.join(unstable)} changed with the order on more than"
            f" {MOST_FLIPS:.0%} of the pairs: judges decide nothing here"
        )
    equal = None
    if pair.equal_length is not None:
        equal = from_interval(f"{at}.equal_length", pair.equal_length, "percent")
    return PairView(
        clean(pair.one), clean(pair.two), tuple(tallies), tuple(strata), equal, tuple(notes)
    )


def _judge(at: str, one: JudgeTally, clean: Clean) -> TallyView:
    shown = _tally(at, one.tally, clean(one.tally.who))
    if not one.seen:
        return shown
    return replace(
        shown,
        seen=figure(f"{at}.seen", one.seen, "count"),
        flips=figure(
            f"{at}.flips", one.flips / one.seen, "percent", note=f"{one.flips:,} of {one.seen:,}"
        ),
        firsts=figure(f"{at}.firsts", one.firsts / (2 * one.seen), "percent"),
    )


def _tally(at: str, tally: Tally, who: str) -> TallyView:
    return TallyView(
        who,
        figure(f"{at}.n", tally.n, "count"),
        figure(f"{at}.wins", tally.wins, "count"),
        figure(f"{at}.ties", tally.ties, "count"),
        figure(f"{at}.losses", tally.losses, "count"),
        figure(f"{at}.rate", None, "percent")
        if tally.rate is None
        else from_interval(f"{at}.rate", tally.rate, "percent"),
    )


def _bill(at: str, bill: JudgeBill, clean: Clean) -> JudgeBillView:
    usd = None if bill.usd is None else float(bill.usd)
    note = (
        f"{bill.unknown:,} calls of unknown cost" if bill.unknown and bill.usd is not None else ""
    )
    return JudgeBillView(
        clean(bill.judge),
        figure(f"{at}.bill.{bill.judge}.calls", bill.calls, "count"),
        figure(f"{at}.bill.{bill.judge}.usd", usd, "usd", note=note),
    )
