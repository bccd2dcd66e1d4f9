"""Names of what claims and thresholds may be about."""

from __future__ import annotations

METRICS = (
    "accuracy",
    "cost",
    "usd",
    "usd_per_correct",
    "usd_per_month",
    "usd_per_year",
    "usd_per_mtok",
    "usd_per_mtok_input",
    "usd_per_mtok_output",
    "latency",
    "ttft",
    "tpot",
    "e2e",
    "win_rate",
    "win_rate_people",
    "attack_success",
    "over_refusal",
)
"""What structured claims may be about; the same as ``claims.fields.METRICS``, which stands above
this module.
"""

THRESHOLD_METRICS = (
    "accuracy",
    "usd_per_1k",
    "ttft_p50_s",
    "ttft_p95_s",
    "e2e_p50_s",
    "e2e_p95_s",
    "error_share",
)
"""What `bench check` can hold an arm to; as in ``evaluation.thresholds``, likewise above."""
