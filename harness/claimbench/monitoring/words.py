"""A comparison in plain sentences: what held, by how much, and what else moved."""

from __future__ import annotations

import math
from collections.abc import Sequence

from claimbench.claims.other_runs import baseline_arm
from claimbench.claims.words import explain_reason, level_text
from claimbench.monitoring.types import (
    BillMove,
    Comparison,
    Drift,
    Flips,
    Judged,
    Lens,
    Pairing,
    Step,
)
from claimbench.number_text.dollars import usd

STATE_WORDS = {
    "held": "held",
    "regressed": "regressed",
    "undecided": "undecided",
    "not_comparable": "not comparable",
}
TIMES = {"ttft": "time to first token", "tpot": "time per output token", "e2e": "end-to-end time"}
WARNINGS = frozenset({"tail_guard", "tail_dominated", "denominator_near_zero"})
"""Reasons that explain a width, not a state."""
LENS_WORDS = {
    "answers": "the answers",
    "scores": "the scores",
    "lengths": "the lengths of answers",
    "model and fingerprint": "the model and fingerprint named",
}


def measure_name(metric: str) -> str:
    """Return what a measure is called: "p95 end-to-end time"."""
    time, _, percentile = metric.partition("_p")
    return f"p{percentile} {TIMES[time]}" if percentile and time in TIMES else metric


def headline(comparison: Comparison) -> str:
    """Say in one sentence how the newest run stands to the baseline."""
    step = comparison.last
    of = f"{step.run.run_id} against {comparison.base.run_id}"
    judged = step.judged
    if not judged:
        return f"Undecided: nothing was judged of {of}."
    total = len(judged)
    held = sum(one.state == "held" for one in judged)
    worse = [one for one in judged if one.state == "regressed"]
    if worse:
        names = ", ".join(f"{measure_name(one.metric)} of {one.arm}" for one in worse)
        return f"Regressed: {names}, beyond the margin; {of}."
    if all(one.state == "not_comparable" for one in judged):
        return f"Not comparable: {'; '.join(dict.fromkeys(map(_why, judged)))}; {of}."
    if held == total:
        what = "the one measure" if total == 1 else f"all {total} measures"
        return f"Held: {what} within the margin; {of}."
    open_worse = [one for one in judged if one.state == "undecided" and shown_worse(one)]
    tail = "".join(f", {measure_name(one.metric)} of {one.arm} worse" for one in open_worse)
    apart = sum(one.state == "not_comparable" for one in judged)
    tail += f", {apart} not comparable" if apart else ""
    return f"Undecided: {held} of {total} measures held, none regressed{tail}; {of}."


def shown_worse(one: Judged) -> bool:
    """Say whether the interval lies wholly on the bad side of "no change"."""
    if one.low is None or one.high is None or not math.isfinite(one.high - one.low):
        return False
    return one.high < 0.0 if one.is_points else one.low > 1.0


def arm_sentences(step: Step) -> tuple[str, ...]:
    """Say of each arm how every measure stands: "beta-mini: accuracy held (...); dollars ..."."""
    bills = {move.arm: move for move in step.bills}
    arms = dict.fromkeys(one.arm for one in step.judged)
    notes = {pair.new: pair.note for pair in step.pairing.arms if pair.note}
    said: list[str] = []
    for arm in arms:
        mine = [one for one in step.judged if one.arm == arm]
        alone = {one.reasons for one in mine if one.state == "not_comparable"}
        if len(alone) == 1 and all(one.state == "not_comparable" for one in mine):
            text = f"not comparable: {_why(mine[0])}"
        else:
            text = "; ".join(judged_words(one, bills.get(arm)) for one in mine)
        name = f"{arm} ({notes[arm]})" if arm in notes else arm
        said.append(f"{name}: {text}.")
    return tuple(said)


def judged_words(one: Judged, move: BillMove | None = None) -> str:
    """Say one measure: "accuracy held (−0.4 points, 95% interval −1.9 to +1.1, margin 2)"."""
    name, state = measure_name(one.metric), STATE_WORDS[one.state]
    if one.state == "not_comparable":
        text = f"{name} {state}: {_why(one)}"
    else:
        text = f"{name} {state} ({moved(one)})"
        if one.window:
            text += f" {one.window}"
        if one.state == "undecided":
            text += f": {_open(one)}"
    if one.metric == "dollars" and move is not None:
        text += bill_words(move)
    return text


def moved(one: Judged) -> str:
    """Say by how much, with interval and margin."""
    margin = f"margin {margin_words(one)}"
    change = change_words(one)
    return f"{change}, {margin}" if change else margin


def margin_words(one: Judged) -> str:
    """Say the margin: points bare, as in "margin 2"; a rise in percent."""
    return f"{_digits(100 * one.margin)}{'' if one.is_points else '%'}"


def change_words(one: Judged) -> str:
    """Say by how much, with interval; empty where nothing was measured."""
    if one.value is None and one.low is None:
        return ""
    unit = " points" if one.is_points else "%"
    value = "no estimate" if one.value is None else shift(one.value, one.is_points) + unit
    level = f"{level_text(one.level)} interval"
    low, high = (shift(end, one.is_points) for end in (one.low, one.high))
    if low == high and low != "unbounded":
        step = "0.1" if "." in low else "1"
        return f"{value}, {level} narrower than {step}{unit}"
    percent = "" if one.is_points or "unbounded" in (low, high) else "%"
    return f"{value}, {level} {low} to {high}{percent}"


def shift(value: float | None, points: bool) -> str:
    """Show a difference of scores in points, a ratio as a rise in percent; signed."""
    if value is None or not math.isfinite(value):
        return "unbounded"
    number = 100 * value if points else 100 * (value - 1)
    return signed(number)


def signed(number: float) -> str:
    """Show a number with its sign: one decimal, three significant digits at least below 1."""
    digits = f"{abs(number):.1f}" if abs(number) < 100 else f"{abs(number):,.0f}"
    if float(digits.replace(",", "")) == 0:
        small = f"{abs(number):.1g}"
        return "0.0" if abs(number) < 0.005 else ("+" if number > 0 else "−") + small
    return ("+" if number > 0 else "−") + digits


def _digits(number: float) -> str:
    return f"{number:.4g}"


def _why(one: Judged) -> str:
    told = [explain_reason(reason) for reason in one.reasons if reason.code not in WARNINGS]
    name = baseline_arm(one.arm)
    return "; ".join(text.replace(name, f"{one.arm} in BASE") for text in told) or "no reason given"


def _open(one: Judged) -> str:
    """Say why a measure is undecided, and what its interval does say."""
    reasons = [reason for reason in one.reasons if reason.code not in WARNINGS]
    if reasons:
        return _why(one)
    if one.low is None or one.high is None or not math.isfinite(one.high - one.low):
        return "too little was measured"
    if not shown_worse(one):
        return "the interval holds the margin"
    beyond = one.value is not None and (
        one.value < -one.margin if one.is_points else one.value > 1 + one.margin
    )
    if beyond:
        return "worse than BASE (no change is excluded), beyond the margin not yet shown"
    return "worse, and whether by more than the margin is open"


def bill_words(move: BillMove) -> str:
    """Say what moved the dollars: ": prices +20%, tokens −2%"."""
    if move.prices is None or move.tokens is None:
        return f" (prices and tokens not told apart: {move.why})" if move.why else ""
    what = "time on the machine" if move.on_machine else "tokens"
    return f": prices {shift(move.prices, False)}%, {what} {shift(move.tokens, False)}%"


def bill_lines(move: BillMove) -> str:
    """Say the dollars themselves, per 1,000 requests."""
    if move.base_usd is None or move.new_usd is None:
        return f"{move.arm}: unknown ({move.why})"
    text = f"{move.arm}: {usd(1000 * move.base_usd)} in BASE, {usd(1000 * move.new_usd)} in NEW"
    if move.new_at_base_prices is not None:
        text += f", {usd(1000 * move.new_at_base_prices)} for NEW's tokens at BASE's prices"
    tokens = [
        f"{pair[0]:,.4g} to {pair[1]:,.4g} {word} tokens a call"
        for pair, word in ((move.tokens_in, "input"), (move.tokens_out, "output"))
        if pair is not None
    ]
    return "; ".join([text, *tokens])


def flip_words(one: Flips) -> str:
    """Say how many samples flipped, beside those that repeats alone would flip."""
    text = (
        f"{one.arm}: {_count(one.flipped)} of {one.n:,} samples flip"
        f" ({_count(one.worse)} worse, {_count(one.better)} better)"
    )
    if one.by_repeats is None:
        return f"{text}; what repeats alone would flip is not known (epochs: 2 would tell)"
    return f"{text}; repeats alone would flip {_count(one.by_repeats)}"


def _count(number: float) -> str:
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.1f}"


def drift_words(one: Drift) -> str:
    """Say whether a model changed or varies, with the evidence."""
    if one.state == "cannot_tell":
        return (
            f"{one.arm}: cannot tell a changed model from one that varies: one answer a sample in"
            " each run (epochs: 2, or runs between, would tell)"
        )
    of = f" ({one.repeats})" if one.repeats else ""
    if one.state == "same":
        where = " between BASE and NEW" if one.between else of
        return f"{one.arm} is the same: no answer differs{where}"
    if one.state == "varies":
        first = max(one.lenses, key=lambda lens: lens.observed > 0)
        return f"{one.arm} varies and shows no change: {lens_words(first, one.between)}{of}"
    shifted = [lens_words(lens, one.between) for lens in one.lenses if lens.shifted]
    evidence = [*one.moved, *shifted]
    return f"{one.arm} changed: {'; '.join(evidence)}{of}"


def lens_words(lens: Lens, between: int = 0) -> str:
    """Say what one lens saw; ``between``: how many runs between stand in for repeats."""
    what = LENS_WORDS.get(lens.name, lens.name)
    p = f"p {'< 0.001' if lens.p_holm < 0.001 else f'{lens.p_holm:.2g}'}"
    if lens.name in ("answers", "model and fingerprint"):
        if between:
            return (
                f"{what} differ between BASE and NEW in {100 * lens.observed:.1f}% of samples,"
                f" between any two of the runs in {100 * lens.expected:.1f}% ({p})"
            )
        return (
            f"{what} differ between the runs in {100 * lens.observed:.1f}% of pairs, repeats alone"
            f" give {100 * lens.expected:.1f}% ({p})"
        )
    alone = "between any two of the runs" if between else "by repeats alone"
    return (
        f"{what} lie {lens.observed:.3g} apart between {'BASE and NEW' if between else 'the runs'},"
        f" {alone} {lens.expected:.3g} ({p})"
    )


def pairing_words(pairing: Pairing) -> tuple[str, ...]:
    """Say what is compared: samples in common, and what is left out."""
    n = len(pairing.items)
    out: list[str] = []
    parts = [
        f"{count:,} {what}"
        for count, what in (
            (pairing.only_base, "only in BASE"),
            (pairing.only_new, "only in NEW"),
            (pairing.changed, "asked otherwise"),
        )
        if count
    ]
    if parts or pairing.tasks:
        left = f"; left out: {', '.join(parts)}" if parts else ""
        out.append(f"Compared on {n:,} samples in both runs ({100 * pairing.share:.0f}%){left}.")
    out += [f"Task {task} is not compared: {why}." for task, why in pairing.tasks.items()]
    out += [f"{arm}: {why}." for arm, why in pairing.apart.items()]
    return tuple(out)


def look_words(step: Step) -> str:
    """Say which look of how many this is, and what it may spend."""
    level = level_text(1 - step.alpha)
    parted = " (half of what may err for measures, half for changed models)" if step.parted else ""
    if step.looks == 1:
        return (
            f"One comparison at {level}{parted}. A job that repeats it cries wolf: state"
            " compare.runs in the suite, or use --every."
        )
    return f"Look {step.look} of {step.looks} of this series, at {level} together{parted}."


def series_rows(steps: Sequence[Step]) -> list[tuple[str, str, str, str]]:
    """Return per run: look, id, state, and the arms whose model changed."""
    return [
        (
            f"{step.look}/{step.looks}",
            step.run.run_id,
            STATE_WORDS[step.state],
            ", ".join(step.changed) or "-",
        )
        for step in steps
    ]
