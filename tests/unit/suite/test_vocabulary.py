"""The suite checks names that modules above it own; the lists must not drift apart."""

from __future__ import annotations

from claimbench.claims import fields, gate
from claimbench.evaluation import thresholds
from claimbench.suite.purpose.metrics import METRICS, THRESHOLD_METRICS
from claimbench.suite.schema import COMPARABILITY_KEYS


def test_claim_metrics_are_those_the_parser_knows() -> None:
    assert set(METRICS) == set(fields.METRICS)


def test_threshold_metrics_are_those_check_computes() -> None:
    assert set(THRESHOLD_METRICS) == set(thresholds.METRICS)


def test_allow_takes_what_the_gate_may_accept() -> None:
    keys = {
        gate.ALLOWED_AS.get(key, key)
        for key in (
            *gate.MUST_MATCH,
            *gate.MUST_MATCH_LATENCY,
            *gate.LIMITS,
            *gate.ASKED,
            gate.NODE_TYPE,
        )
    }
    assert set(COMPARABILITY_KEYS) == keys - gate.NEVER_ALLOWED
