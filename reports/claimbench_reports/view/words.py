"""Fixed wording of the reports: column heads, status words, what each code means, and the method of
each metric.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from claimbench.claims.words import explain_reason
from claimbench.types import Reason
from claimbench_reports.view.types import ArmView, Method, Word

STATUS = {
    "supported": "Supported",
    "refuted": "Refuted",
    "inconclusive": "Inconclusive",
    "not_comparable": "Not comparable",
    "n/a": "Cannot be formed",
}
DIRECTION = {">=": "at least", ">": "more than", "<=": "at most", "<": "less than"}
SIGN = {
    "supported": "\u2713",
    "refuted": "\u2717",
    "inconclusive": "?",
    "not_comparable": "\u2014",
    "n/a": "\u00b7",
}

COLUMNS: tuple[tuple[str, str, str, str], ...] = (
    ("quality", "Quality", "percent", "mean score over items"),
    ("usd_1k", "$ per 1k requests", "usd", "all attempts of a request included"),
    ("usd_1k_correct", "$ per 1k correct", "usd", "dollars divided by quality"),
    ("ttft_p50", "TTFT p50", "seconds", "sent to first content"),
    ("ttft_p95", "TTFT p95", "seconds", "sent to first content"),
    ("e2e_p50", "E2E p50", "seconds", "sent to end"),
    ("e2e_p95", "E2E p95", "seconds", "sent to end"),
    ("e2e_p99", "E2E p99", "seconds", "sent to end"),
    ("tpot_p50", "TPOT p50", "seconds", "time per output token after the first"),
    (
        "output_speed",
        "Output speed",
        "tokens_per_s",
        "tokens after the first over the time they took",
    ),
    ("throughput", "Throughput", "per_hour", "requests per busy hour at the concurrency used"),
    ("break_even", "Break-even", "per_hour", "requests per hour from which the host is cheaper"),
    ("n_items", "Items", "count", "items with a score"),
    ("tokens_in", "Tokens in", "plain", "mean per request"),
    ("tokens_out", "Tokens out", "plain", "mean per request, reasoning included"),
    ("cache_share", "Prefix cache", "percent", "share of input tokens read from a cache"),
    ("n_missing", "Missing", "count", "calls without a score: faults, and turns behind them"),
    ("n_retried", "Retried", "count", "calls asked more than once; times: the last attempt's"),
    ("n_refused", "Refused", "count", "scored 0"),
    ("n_truncated", "Truncated", "count", "scored 0"),
    ("n_unparsable", "Unparsable", "count", "scored 0"),
    ("n_empty", "Empty", "count", "nothing was said: answered, scored 0"),
    (
        "n_not_asked",
        "Not asked",
        "count",
        "turns of a conversation that the arm itself had ended: scored 0",
    ),
    ("n_timeout", "Timed out", "count", "scored 0, latency infinite"),
)
"""Compare table: column id, head, unit, what it is."""

ENDS = ("n_refused", "n_truncated", "n_unparsable", "n_empty", "n_not_asked", "n_timeout")
"""Columns of how calls ended otherwise than with an answer to score."""
AT_TIMES = ("n_retried", *ENDS)
"""Columns that short tables show where an arm has such calls."""


def shown_columns(arms: Sequence[ArmView], columns: Sequence[str]) -> tuple[str, ...]:
    """Return ``columns`` of a short table and, of :data:`AT_TIMES`, those that an arm has calls
    of.
    """
    found = list(columns)
    for column in AT_TIMES:
        figures = [arm.get(column) for arm in arms]
        if any(figure is not None and figure.value for figure in figures):
            found.append(column)
    return tuple(found)


def ends_of(arms: Sequence[ArmView]) -> list[str]:
    """Say how many calls of each arm ended otherwise than with an answer to score; of arms that
    have such.
    """
    return _counts_of(arms, ("n_missing", *ENDS))


def retried_of(arms: Sequence[ArmView]) -> list[str]:
    """Say how many calls of each arm were asked more than once; of arms that have such."""
    return _counts_of(arms, ("n_retried",))


def _counts_of(arms: Sequence[ArmView], columns: Sequence[str]) -> list[str]:
    heads = {column: head.lower() for column, head, _, _ in COLUMNS}
    found = []
    for arm in arms:
        figures = {column: arm.get(column) for column in columns}
        told = [f"{f.text} {heads[c]}" for c, f in figures.items() if f is not None and f.value]
        if told:
            found.append(f"{arm.arm}: {', '.join(told)}")
    return found


FIVE: tuple[tuple[str, str, bool], ...] = (
    ("quality", "Quality", True),
    ("usd_1k", "$ per 1,000 requests", False),
    ("usd_1k_correct", "$ per 1,000 correct", False),
    ("e2e_p50", "Typical time", False),
    ("e2e_p95", "Slow time", False),
)
"""The columns of the comparison that everybody reads: column id, head, more is better."""

GLOSSARY: Mapping[str, str] = {
    "Quality": "The share of answers that are right: the mean score over all samples. Refused,"
    " empty and cut answers count as wrong; calls that failed on the network do not count.",
    "$ per 1,000 requests": "Dollars for 1,000 requests like these at the prices of the run's day,"
    " retries included.",
    "$ per 1,000 correct": "Dollars for 1,000 right answers: the dollars of a request over the"
    " share of right ones.",
    "Typical time": "Half of the requests were answered within this time, from sending to the end"
    " of the answer.",
    "Slow time": "19 of 20 requests were answered within this time; one of 20 took longer.",
    "interval": "Where the true value lies, given that only some samples were measured; it is"
    " wrong in at most the stated share of cases.",
    "Supported": "The whole interval lies on the side that was claimed.",
    "Refuted": "The whole interval lies on the other side.",
    "Inconclusive": "The interval holds values on both sides, or something forbids a verdict: the"
    " data do not decide it.",
    "Not comparable": "The arms were not measured, or not under the same conditions, so no verdict"
    " is given.",
    "Cannot be formed": "This meaning of the claim has no number in this run.",
    "best": "Every other measured arm is decided to be worse, with all pairs counted.",
    "arm": "One model at one vendor or on one machine, with its settings.",
    "rounding": "A claimed 80% may have been 79.5%, rounded; the verdict allows for it.",
}
"""Words of the first screens, each in plain words."""

DIFFERENCES: tuple[tuple[str, str, str], ...] = (
    ("quality", "Quality", "points"),
    ("usd", "$ per request", "ratio"),
    ("usd_correct", "$ per correct", "ratio"),
    ("ttft_p50", "TTFT p50", "ratio"),
    ("e2e_p50", "E2E p50", "ratio"),
    ("e2e_p95", "E2E p95", "ratio"),
)


def word(reason: Reason) -> Word:
    """Return a reason or flag of the claim checker with its meaning, detail included.

    Unknown codes are spelt out.
    """
    meaning = explain_reason(reason)
    spelt = reason.code.replace("_", " ")
    return Word(reason.code, spelt if meaning == reason.code else meaning)


METHODS: tuple[Method, ...] = (
    Method(
        "Quality",
        "mean over items of the headline score; epochs of one item are averaged first. Refused,"
        " empty, truncated, unparsable and timed-out answers score 0; faults of network or server"
        " are missing",
        "share",
        "Wilson interval with effective n from a delete-one-cluster jackknife",
        "Others drop refusals and parse errors, or count server faults as wrong",
    ),
    Method(
        "Difference in quality",
        "mean(A) \u2212 mean(B) on the items both answered",
        "percentage points",
        "delete-one-cluster jackknife, t with G\u22121 degrees of freedom, 4 half-weight"
        " pseudo-items, widened by the Wilson bound on unseen disagreements",
        "Most harnesses compare two intervals by eye, or run an unpaired test on paired data",
    ),
    Method(
        "$ per 1,000 requests",
        "1000 \u00d7 mean dollars per request; a request's dollars include every attempt that was"
        " charged",
        "US dollars",
        "hull of t and Hall's skewness-corrected t; 99.5% level where few requests dominate",
        "Others price successful calls only, or show an unknown price as $0",
    ),
    Method(
        "Host cost of a local arm",
        "host $ per hour \u00d7 busy seconds / (3600 \u00d7 utilisation)",
        "US dollars",
        "busy time measured; utilisation is an assumption, listed above",
        "Vendors quote 100% utilisation",
    ),
    Method(
        "$ per 1,000 correct",
        "$ per 1,000 requests / quality",
        "US dollars",
        "jackknife of the logarithm, t with G\u22121 degrees of freedom",
        "Rarely reported elsewhere",
    ),
    Method(
        "Cost ratio",
        "mean $ of A / mean $ of B, never the mean of ratios",
        "factor",
        "Fieller and Hall's T, hull of both",
        "Elsewhere a bare division",
    ),
    Method(
        "TTFT",
        "sent \u2192 first content with something to see, reasoning included",
        "seconds",
        "order-statistic interval with effective n",
        "vLLM, GuideLLM and AIPerf measure the same; the first answer token (without reasoning) is"
        " kept apart here and in AIPerf (TTFO) and GuideLLM (TTFOT); Artificial Analysis shows a"
        " median over 72 hours",
    ),
    Method(
        "TPOT",
        "(E2E \u2212 TTFT) / (output tokens \u2212 1), undefined below 2 tokens; tokens from the"
        " provider's usage",
        "seconds per token",
        "order-statistic interval with effective n",
        "vLLM: the same. GuideLLM divides (last token \u2212 start) by n, so the first token"
        " counts. MLPerf: mean interval between all tokens",
    ),
    Method(
        "Chunk gap",
        "time between two chunks; equals inter-token latency only where a chunk is one token",
        "seconds",
        "stored raw, not shown as ITL",
        "vLLM pools every chunk gap as ITL; GuideLLM's ITL is vLLM's TPOT; AIPerf has both",
    ),
    Method(
        "E2E",
        "sent \u2192 end of the answer, for the attempt that ended the call; a model timeout counts"
        " as infinite at its rank",
        "seconds",
        "order-statistic interval with effective n; cluster = the coarser of item group and time"
        " block",
        "Most leave failed requests out; harness caches and retries are often counted as model"
        " time",
    ),
    Method(
        "Output speed",
        "sum(output tokens \u2212 1) / sum(E2E \u2212 TTFT)",
        "tokens per second",
        "ratio of sums, jackknife of the logarithm",
        "llmperf counts every model's tokens with one Llama tokenizer",
    ),
    Method(
        "Throughput",
        "concurrency \u00d7 3600 / mean busy seconds of a request",
        "requests per hour",
        "jackknife of the logarithm over time blocks; the rate at the concurrency used, not a"
        " capacity limit",
        "Load generators report the offered or the peak rate",
    ),
    Method(
        "Break-even",
        "host $ per hour / ($ per request at the endpoint \u2212 marginal $ per local request)",
        "requests per hour",
        "feasible only below the measured throughput",
        "No other harness ties it to the throughput of the same run",
    ),
    Method(
        "Too few samples",
        "a percentile p is bounded on both sides from log(\u03b1/2)/log(max(p, 1\u2212p)) effective"
        " rows: p50 6, p95 72, p99 368 at 95%",
        "rows",
        "exact binomial ranks",
        "Below about 100 requests a p99 is the maximum, and is shown as a p99",
    ),
    Method(
        "Verdict",
        "read off the displayed two-sided interval: wholly on the claim's side = supported, wholly"
        " on the other = refuted, else inconclusive; several claims: Holm over the list frozen"
        " before the run",
        "",
        "at most 2.5% wrong in each direction for one claim at the 95% level",
        "No other harness gives verdicts on claims",
    ),
)
