"""Claims, readings and reasons in plain English, for a buyer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from claimbench.claims.beside.reasons import ACCEPTED, FLAGS_BESIDE, REASONS_BESIDE
from claimbench.claims.facts.settling import settling
from claimbench.claims.language.say import read_as
from claimbench.claims.preference.words import PREFERENCE_MEANS, PREFERENCE_REASONS, WON
from claimbench.claims.readings.runaways import CONDITION
from claimbench.claims.types import Leaf, Question
from claimbench.types import Claim, Estimate, Reading, Reason, reason_codes

if TYPE_CHECKING:
    from claimbench.claims.types import Finding

UNDER = "under the harness's reading"
LEAD: Mapping[str, str] = {
    "supported": "Supported",
    "refuted": "Refuted",
    "inconclusive": "Inconclusive",
    "not_comparable": "Not comparable",
    "n/a": "Not formed",
}
REASONS: Mapping[str, str] = {
    "absent_items": "items that another arm has are missing in an arm, and count as failed calls",
    "allowed_": "a difference between the arms that the suite accepts",
    "arm_not_measured": "the arm was not run",
    "autocorrelated": (
        "calls near in time were alike for too long; a longer run or more sessions would tell"
    ),
    "arm_stopped": "every further call of the arm would have failed the same way",
    "billing_unknown": (
        "some bills are known only within bounds, and the verdict differs between them"
    ),
    "bill_unknown": "an arm's bill at the stated volume is not known",
    "cap_unknown": "the largest bill of a request is not known",
    "cached_excluded": "answers from a cache have no latency of this run",
    "conditional_on_utilisation": "conditional on utilisation, which is not stated",
    "client_limited": "the harness itself was too busy to time the answers",
    "cost_basis_missing": "the arm's dollars are 0 because its hardware is not counted",
    "cost_missing": "too many requests have no known dollars",
    "currency": "the arms' prices are in different currencies",
    "declared_after": "declared after the data were seen",
    "denominator_near_zero": "the baseline cannot be told from 0, so the ratio has no interval",
    "denominator_zero": "the baseline is 0, so there is no ratio",
    "depends_on_reading": "the readings of the sentence do not agree",
    "deterministic_given_prices": "every request cost the same, so nothing varies but the prices",
    "different_windows": "two runs: what the machine and the network did then is in the difference",
    "equal_inputs": "items with the same input count as one group",
    "exact_on_fixed_items": "fixed items and no sampling noise: the number is exact",
    "dominant_cluster": "one group holds more than a quarter of the items",
    "few_clusters": "fewer than 12 independent groups of items",
    **REASONS_BESIDE,
    "few_common_samples": "the runs have too few samples in common",
    "fixed_needs_epochs": "with a fixed population, noise needs at least two epochs",
    "infeasible": "arithmetic rules it out, given the baseline's accuracy",
    "instrument_error": "the harness's own timing error could decide it",
    "quality_is": "what is called accuracy here is no share of right answers but another mean",
    "effort_no_effect": "different reasoning efforts, the same reasoning tokens",
    "human_labels_only": (
        "people's labels alone, too few or too dependent to correct the judge's scores with"
    ),
    "judge_corrected": "the judge's scores, corrected by people's labels of a random sample (PPI)",
    "judge_uncorrected": (
        "scored by a model as judge; people have to label a sample first (bench labels)"
    ),
    "missing_sensitive": "the missing calls could overturn it",
    "multiplicity": "not decided once all claims of the report are counted (Holm)",
    "multiplicity_measures": "not decided once all arms and measures of this comparison are counted"
    " (Holm)",
    "multiplicity_parts": "not decided once all parts of the claim are counted (Holm)",
    "not_at_its_level": "its p-value is above the level that the looks leave",
    "n_too_small": "too few items or independent groups for any verdict",
    "no_valid_data": "no call gave a usable measurement",
    "no_amount_stated": "the words state no amount that could be reached",
    "no_common_items": "no item was answered by both arms, so nothing can be paired",
    "no_items": "no item belongs to the claim",
    "no_sampling_error": "arithmetic on prices, nothing was sampled",
    "no_slices": 'there is nothing to look through for "up to" or "sometimes"',
    "not_a_model_measurement": "no run of models can measure it",
    "not_interleaved": "the arms were not measured at the same times",
    "not_testable_as_stated": "it states no limit that could be tested",
    "price_unknown": "no price is known",
    "quantile_not_estimable": "too few independent calls for this percentile",
    "short_blocks": "time blocks shorter than a minute",
    "joined_blocks": "calls near in time were alike, so longer stretches count as one",
    "single_session": "not measured in three sessions at different hours",
    "volume_missing": "a bill depends on how much is asked, and no volume is stated",
    "window_unknown": "the times of the calls, and so the window that it speaks of, are not known",
    "not_formed": "the reading cannot be formed",
    "some_not_comparable": "not every arm of the class could be compared",
    "stopped_at_look": "the run stopped early; intervals and p-values allow for the looks",
    "too_many_missing": "more than 5% of an arm's calls have no result",
    "unseen_runaways": (
        "requests that run to their cap, fewer than the sample excludes, could overturn it"
    ),
    "tail_unbounded": (
        "the largest bill of a request is not known, and a few as large as the largest seen, fewer"
        " than the sample excludes, could overturn it"
    ),
    "tail_dominated": "one request carries more than a tenth of the dollars",
    "test_disagrees": (
        "one of few groups carries the sum: outside its interval the test does not reject either"
    ),
    "tail_guard": "a wider level, because few requests carry most of the sum",
    **PREFERENCE_REASONS,
}

BOUNDS = "bounds"
"""Method of an interval that spans what nobody stated, sampling error at both ends included."""


def explain_reason(reason: Reason) -> str:
    """Say a reason or flag in words, with its detail; a gate key names itself."""
    code, detail = reason.code, reason.detail
    if code.startswith("allowed_"):
        key = code.removeprefix("allowed_")
        if key in ACCEPTED:
            return f"accepted by the suite: {ACCEPTED[key]} ({detail})"
        return f"accepted difference in {key}: {detail}"
    meaning = REASONS.get(code)
    if meaning is None:
        told = f"{code} differs: {detail}" if detail else code
        return detail if code.startswith("egress_") else told  # a fact says itself
    return f"{meaning} ({detail})" if detail else meaning


def number(value: float | None, scale: str, *, signed: bool = False, figures: int = 3) -> str:
    """Show a number of a reading: ratios and shares in %, points, dollars, seconds."""
    if value is None:
        return "unknown"
    if math.isinf(value):
        return "unbounded"
    plus = "+" if signed and value > 0 else ""
    if scale == "points":
        return f"{plus}{_digits(100 * value, figures)}"
    if scale == "usd":
        return f"{'-' if value < 0 else ''}${_digits(abs(value), figures)}"
    if scale == "seconds":
        return f"{_digits(value, figures)} s"
    return f"{_digits(100 * value, figures)}%"


def _digits(value: float, figures: int = 3) -> str:
    """``figures`` significant digits, never an exponent, no trailing zeros after the point."""
    if value == 0:
        return "0"
    places = max(0, figures - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{min(places, 8)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


MOST_FIGURES = 6
"""Digits that are shown to tell the ends of an interval apart; ends alike in all are one number."""


def interval_text(estimate: Estimate, scale: str) -> str:
    """Show an interval with its level: ``(95% interval 6.2% to 8.3%)``."""
    unit = " points" if scale == "points" else ""
    signed = scale == "points"
    ends = (estimate.low, estimate.high)
    for figures in range(3, MOST_FIGURES + 1):
        low, high = (number(end, scale, signed=signed, figures=figures) for end in ends)
        if low != high:
            break
    level = level_text(estimate.level)
    if {low, high} == {"unbounded"}:
        return f"({level} interval: no bounds)"
    if estimate.method == "arithmetic":
        return f"({low} to {high} from input to output tokens)"
    if low == high:
        return f"({level} interval: exactly {number(estimate.low, scale, signed=signed)}{unit})"
    return f"({level} interval {low} to {high}{unit})"


def level_text(level: float) -> str:
    """Show a level so that no interval is called certain: two digits of what it leaves open."""
    left = 100 * (1 - level)
    if left <= 0:
        return "100%"
    decimals = max(0, 1 - math.floor(math.log10(left)))
    text = f"{100 - left:.{decimals}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"


def needed_text(question: Question) -> str:
    """Say what the reading had to show."""
    scale = question.scale
    unit = " points" if scale == "points" else ""
    if question.window is not None:
        low, high = question.window
        if question.side == "outside":
            ends = (number(low, scale, figures=4), number(high, scale, figures=4))
            return f"needed: below {ends[0]} or above {ends[1]}{unit}"
        return f"needed: {number(low, scale, figures=4)} to {number(high, scale, figures=4)}{unit}"
    word = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}[question.side]
    ways = {
        "time_cut": "needed if it means less time",
        "rate_up": "needed if it means more speed",
        "time_up": "needed if it means more time",
        "rate_down": "needed if it means less speed",
    }
    needed = ways.get(question.name.split(".")[-1], "needed")
    return f"{needed}: {word} {number(question.threshold, scale, figures=4)}{unit}"


def finding(question: Question, estimate: Estimate, ours: str, theirs: str | None) -> str:
    """Say what was found, without the verdict."""
    value = number(estimate.value, question.scale)
    against = f" against {theirs}" if theirs else ""
    if estimate.method == BOUNDS:
        return f"{question.label} of {ours}{against} are known only within bounds"
    if estimate.value is None:
        return f"no single value exists for {question.label} of {ours}{against}"
    if question.scale == "points":
        if estimate.value == 0:
            return f"{ours} is exactly as {question.words[0]} as {theirs}"
        word = question.words[1 if estimate.value > 0 else 2]
        shown = number(abs(estimate.value), "points")
        unit = "point" if shown == "1" else "points"
        return f"{ours} is {shown} {unit} {word} than {theirs}"
    if question.name in WON:
        return f"{ours} wins {value} of its comparisons with {theirs}{WON[question.name]}"
    if question.scale == "share":
        return f"{ours} {question.words[3].format(value)}"
    if question.scale == "usd":
        if question.name.startswith("usd_per_") or question.name in {"saves", "pays_back"}:
            rival = "" if question.name.startswith("usd_per_") else against
            return f"{ours}'s {question.label}{rival} are {value}"
        if question.name == "list_price":
            return f"{ours}'s {question.label} is {value}"
        return f"{ours} costs {value} per 1,000 {_served(question)}"
    if question.scale == "seconds":
        return f"{ours}'s {question.label} is {value} {UNDER}"
    phrases = {
        "per_request": f"{ours} costs {value} of {theirs} per request",
        "per_correct": f"{ours} costs {value} of {theirs} per correct answer",
        "list_price": f"{ours}'s list price per token is {value} of {theirs}'s",
        "relative": f"{ours}'s accuracy is {value} of {theirs}'s",
        "error_reduction": f"{ours} makes {value} of {theirs}'s errors",
    }
    return (
        phrases.get(question.name) or f"{ours}'s {question.label} is {value} of {theirs}'s {UNDER}"
    )


def _served(question: Question) -> str:
    return "correct answers" if question.name == "per_1k_correct" else "requests"


def reading_sentence(question: Question, reading: Reading, leaf: Leaf, told: str = "") -> str:
    """Say one reading in a sentence: status, finding, interval, what was needed, and why not if
    not.

    ``told``: what has to be read with the number (answered requests, unseen runaways).
    """
    if reading.status == "n/a" or reading.estimate is None:
        return f"Not formed: {question.label} ({question.not_formed})."
    where = f" {leaf.where}" if leaf.where else ""
    if question.window_of_time:
        where += f", {question.window_of_time}"
    said = finding(question, reading.estimate, leaf.ours, leaf.theirs)
    text = (
        f"{LEAD[reading.status]}: {said}{where} {interval_text(reading.estimate, question.scale)}"
    )
    text += f"; {told}" if told else ""
    text += f"; {needed_text(question)}"
    if reading.infeasible:
        return f"{text}: impossible, given {leaf.theirs}'s accuracy."
    why = [explain_reason(r) for r in reading.reasons if r.code != "tail_guard"]
    if question.difference:
        why.append(f"the difference is {question.difference}")
    return text + (f" ({'; '.join(why)})." if why else ".")


def more_text(reading: Reading) -> str:
    """Say what would settle an inconclusive reading, in samples, dollars and hours."""
    if reading.n_more is None:
        return ""
    expected, bad = reading.n_more
    if expected <= 0 and math.isinf(bad):
        return " More samples may settle it, or never, because the estimate is so close."
    if math.isinf(expected):
        return " The estimate sits on the threshold: more samples may never resolve it."
    to = settling(reading)
    settle = "would settle it against the claim" if to == "against" else "would settle it"
    if to == "least":
        text = f" At least about {max(expected, 1):,.0f} more samples are needed for any verdict"
    elif expected <= 0:
        text = f" Up to about {bad:,.0f} more samples {settle}"
    else:
        text = f" About {expected:,.0f} more samples {settle}"
        if math.isinf(bad):
            text += " if the estimate is right; in the bad case it never resolves"
        elif bad > expected:
            text += f" if the estimate is right, {bad:,.0f} in the bad case"
    text += _groups_more(reading, expected)
    cost = []
    if reading.dollars_more is not None:
        cost.append(_span("$", reading.dollars_more, ""))
    if reading.hours_more is not None:
        low, high = reading.hours_more
        cost.append(
            _time(low) if math.isinf(high) or low == high else f"{_time(low)} to {_time(high)}"
        )
    return text + (f" ({', '.join(cost)})" if cost else "") + "."


def _groups_more(reading: Reading, items: float) -> str:
    """Say how many groups so many items are, where items come in groups."""
    estimate = reading.estimate
    if estimate is None or not 1 < estimate.n_clusters < estimate.n or items <= 0:
        return ""
    groups = math.ceil(items * estimate.n_clusters / estimate.n)
    return f", in about {groups:,.0f} more group{'s' if groups > 1 else ''} of items"


def _time(hours: float) -> str:
    """Hours in the unit a person would use."""
    for size, unit in ((24.0, "days"), (1.0, "hours"), (1 / 60, "min")):
        if hours >= 2 * size:
            return f"{_digits(hours / size, 2)} {unit}"
    return f"{max(1.0, math.ceil(3600 * hours)):.0f} s"


def _span(before: str, pair: tuple[float, float], after: str) -> str:
    low, high = pair
    if math.isinf(high) or low == high:
        return f"{before}{_digits(low)}{after}"
    return f"{before}{_digits(low)} to {before}{_digits(high)}{after}"


def without_status(sentence: str) -> str:
    """Return a reading's sentence without the status that leads it."""
    return sentence.split(": ", 1)[-1]


def accepted_text(flags: Sequence[Reason]) -> str:
    """Say which differences between the arms the suite accepts; empty where there are none."""
    told: list[str] = []
    for flag in flags:
        key = flag.code.removeprefix("allowed_")
        if key != flag.code and key not in ACCEPTED and flag.detail not in told:
            told.append(flag.detail)
    return f" The suite accepts that {'; that '.join(told)}." if told else ""


def declared_text(claim: Claim, flags: Sequence[Reason]) -> str:
    """Say that a claim was typed after the data were seen, and how many were judged on them before.

    Empty where it was declared before.
    """
    if claim.declared != "after":
        return ""
    told = next((f.detail for f in flags if f.code == "declared_after" and f.detail), "")
    return f" (Declared after the data were seen{': ' if told else ''}{told}.)"


def verdict_sentence(claim: Claim, outcome: Finding) -> str:
    """Say what was found and whether the claim as published holds: the sentence at the top."""
    after = accepted_text(outcome.flags)
    after += declared_text(claim, outcome.flags)
    quoted = f'"{claim.text or claim.id}"'
    asked = read_as(claim)
    if outcome.status == "not_comparable":
        why = "; ".join(explain_reason(r) for r in outcome.reasons)
        return f"Not comparable: {quoted} cannot be judged: {why}.{after}"
    head = next((r for r in outcome.readings if r.name == outcome.headline), None)
    depends = "depends_on_reading" in reason_codes(outcome.reasons)
    if head is None and outcome.status == "inconclusive" and not depends:
        why = "; ".join(explain_reason(r) for r in outcome.reasons)
        return (
            f"Inconclusive: {quoted} is not settled: {why or 'no reading could be tested'}.{after}"
        )
    body = (
        without_status(head.sentence.split("; needed")[0])
        if head
        else f"{quoted} has no tested reading"
    )
    if outcome.status in {"supported", "refuted"}:
        holds = "it holds" if outcome.status == "supported" else "it does not hold"
        holds += " on that condition" if CONDITION in body else ""
        extra = f" ({outcome.qualifier})" if outcome.qualifier else ""
        strict = _strict_text(head, outcome.status)
        if outcome.window:
            extra += " in that time" if outcome.window in body else f" {outcome.window}"
        notes = _notes(outcome.flags, body)
        return (
            f"{LEAD[outcome.status]}: {body}, so {holds} that {asked}{extra}.{strict}{notes}{after}"
        )
    if depends:
        return f"Inconclusive: {_depends(outcome, quoted)}{after}"
    why = "; ".join(explain_reason(r) for r in outcome.reasons if r.code != "tail_guard")
    tail = f": {why}" if why else ""
    return (
        f"Inconclusive: {body}; that does not settle whether {asked}{tail}."
        f"{_strict_text(head, 'inconclusive')}{more_text(head) if head else ''}"
        f"{_notes(outcome.flags, body + why, EXPLAINS)}{after}"
    )


EXPLAINS = FLAGS_BESIDE | {"absent_items", "few_clusters", "equal_inputs", "quality_is"}
"""Flags that say why so much data decide nothing."""
CHANGES_USE = EXPLAINS | {
    "failed_calls",
    "calls_not_made",
    "turns_not_asked",
    "empty_answers",
    "silent_answers",
    "single_session",
    "tail_dominated",
    "cap_unknown",
    "different_windows",
}
"""Flags that change what a verdict may be used for: they stand in its sentence."""


def _notes(flags: Sequence[Reason], body: str, codes: frozenset[str] = CHANGES_USE) -> str:
    """Say the flags that change how a verdict may be used, unless ``body`` says them already."""
    said = [
        explain_reason(flag)
        for flag in flags
        if flag.code in codes and not (flag.detail and flag.detail in body)
    ]
    return f" Note: {'; '.join(said)}." if said else ""


def _strict_text(head: Reading | None, status: str) -> str:
    """Say the verdict on the number as quoted, where rounding changes it."""
    strict = None if head is None else head.sensitivity.get("strict_threshold")
    if strict is None or strict == status:
        return ""
    return f" By the number as quoted, without rounding: {strict}."


def _depends(outcome: Finding, quoted: str) -> str:
    def named(status: str) -> str:
        return ", ".join(_means(r.name) for r in outcome.readings if r.status == status)

    yes, no, open_ = named("supported"), named("refuted"), named("inconclusive")
    text = f"{quoted} is {'true only' if yes else 'false'} if it means {yes or no}"
    text += f"; it is false if it means {no}" if yes and no else ""
    text += f"; undecided if it means {open_}" if open_ else ""
    return f"{text}.{_notes(outcome.flags, quoted, EXPLAINS)}"


def _means(name: str) -> str:
    """Say what a reading means; in a claim of several parts the part stands before it."""
    part, colon, own = name.rpartition(": ")
    return part + colon + MEANS.get(own, own)


MEANS: Mapping[str, str] = {
    "relative": "accuracy relative to the rival's",
    "points": "percentage points",
    "error_reduction": "fewer errors",
    **PREFERENCE_MEANS,
    "per_request": "dollars per request",
    "per_correct": "dollars per correct answer",
    "list_price": "list price per token",
    "ttft": "time to first token",
    "tpot": "time per output token",
    "e2e": "end-to-end time",
    **{
        f"{m}.{tier}": f"{t} of the {tier} tier"
        for m, t in (("ttft", "time to first token"), ("tpot", "time per output token"))
        for tier in ("server", "interactive")
    },
    **{
        f"{m}.time_cut": f"less {t}"
        for m, t in (
            ("ttft", "time to first token"),
            ("tpot", "time per output token"),
            ("e2e", "end-to-end time"),
        )
    },
    **{
        f"{m}.rate_up": f"more speed in {t}"
        for m, t in (
            ("ttft", "time to first token"),
            ("tpot", "output tokens"),
            ("e2e", "whole answers"),
        )
    },
    **{
        f"{m}.{way}": f"{word} in {t}"
        for way, word in (("time_up", "more time"), ("rate_down", "less speed"))
        for m, t in (
            ("ttft", "time to first token"),
            ("tpot", "output tokens"),
            ("e2e", "whole answers"),
        )
    },
}
