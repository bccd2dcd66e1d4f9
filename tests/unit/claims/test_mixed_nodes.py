"""A time of an arm is judged only where one kind of node worked on it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from claimbench.claims.parse import parse_claim
from claimbench.claims.types import ClaimContext
from claimbench.claims.verdicts import decide_claims
from claimbench.evaluation.thresholds import Missed, missed_thresholds
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import Arm, ClaimSpec, Verdict

N = 240
ARMS = (Arm("A", "p", "ma"), Arm("B", "p", "mb"))
NOISE = np.random.default_rng(7).lognormal(0, 0.2, N)
SENT = 1_795_942_800.0 + np.arange(N) * 3.75


def column(*kinds: str) -> Any:
    return np.asarray([kinds[i % len(kinds)] for i in range(N)])


def tables(one: Any, two: Any = None, source: str = "in_process") -> Any:
    """Arms A and B; ``one``, ``two``: on which kinds of node; ``source``: of B's stamps."""
    return tables_from_arrays(
        {"A": np.ones(N), "B": np.ones(N)},
        ttft_s={"A": 0.2 * NOISE, "B": 0.5 * NOISE[::-1]},
        e2e_s={"A": 0.9 * NOISE, "B": 2.5 * NOISE[::-1]},
        sent_utc_s={"A": SENT, "B": SENT + 1},
        calls={
            "A": {"node_type": one, "stamp_source": column("in_process")},
            "B": {"node_type": two, "stamp_source": column(source)},
        },
    )


def judged(text: str, *given: Any, allow: tuple[str, ...] = (), **fields: Any) -> Verdict:
    claim = parse_claim(ClaimSpec("c", text, None, fields), ARMS, ())
    context = ClaimContext(allow=frozenset(allow))
    return decide_claims([claim], *tables(*given), context)[0]


def codes(verdict: Verdict) -> tuple[list[str], list[str]]:
    return (
        [one.code for one in verdict.reasons if "node_type" in one.code],
        [one.code for one in verdict.flags if "node_type" in one.code],
    )


MIXED = column("h100", "a10")
CLAIMS: list[tuple[str, dict[str, Any], tuple[Any, ...]]] = [
    ("e2e p95 under 2 s", {"arm": "A"}, (MIXED,)),
    ("time to first token p50 under 2 s", {"arm": "A"}, (MIXED,)),
    ("A is fast", {}, (MIXED,)),
    ("e2e p95 under 2 s", {"arm": "A"}, (column("h100", "h100", "l4", "a10"),)),
    ("A is faster than B", {"metric": "e2e"}, (MIXED, None, "transport")),  # B: an endpoint
    ("B is slower than A", {"metric": "ttft"}, (MIXED, column(""), "transport")),
]


@pytest.mark.parametrize(("text", "fields", "given"), CLAIMS)
def test_times_of_a_mixture_are_not_judged_unless_allowed(
    text: str, fields: dict[str, Any], given: tuple[Any, ...]
) -> None:
    found = judged(text, *given, **fields)
    assert (found.status, codes(found)) == ("not_comparable", (["node_type"], []))
    assert "to allow it: `allow: [node_type]`" in found.reasons[0].detail
    allowed = judged(text, *given, allow=("node_type",), **fields)
    assert allowed.status != "not_comparable"
    assert codes(allowed) == ([], ["allowed_node_type"])


@pytest.mark.parametrize("kinds", [column("h100"), column(""), None, column("h100", "")])
def test_one_kind_of_node_or_none_is_judged(kinds: Any) -> None:
    for text, fields, given in CLAIMS:
        found = judged(text, kinds, *given[1:], **fields)
        assert found.status != "not_comparable"
        assert codes(found) == ([], [])


@pytest.mark.parametrize("text", ["A is at least 80% accurate", "A is as accurate as B"])
def test_what_is_no_time_is_judged_over_all_nodes(text: str) -> None:
    found = judged(text, MIXED, None, "transport")
    assert found.status != "not_comparable"
    assert codes(found) == ([], [])


def missed(kinds: Any, thresholds: Any, allow: tuple[str, ...] = ()) -> tuple[Missed, ...]:
    items, calls = tables(kinds)
    suite = SimpleNamespace(arms=ARMS, thresholds=thresholds)
    manifest = SimpleNamespace(arms_run=("A", "B"))
    evaluation: Any = SimpleNamespace(
        items=items,
        calls=calls,
        context=ClaimContext(allow=frozenset(allow)),
        stored=SimpleNamespace(suite=suite, manifest=manifest),
    )
    return missed_thresholds(evaluation)


@pytest.mark.parametrize("metric", ["ttft_p50_s", "ttft_p95_s", "e2e_p50_s", "e2e_p95_s"])
def test_no_threshold_on_a_time_is_kept_by_a_mixture(metric: str) -> None:
    limits = {metric: {"A": 60}}
    assert missed(column("h100"), limits) == ()
    assert missed(MIXED, limits, allow=("node_type",)) == ()
    (one,) = missed(MIXED, limits)
    assert (one.metric, one.arm) == (metric, "A")
    assert one.why.startswith("not judged over nodes of several kinds (a10, h100)")


def test_a_threshold_on_no_time_is_kept_over_all_nodes() -> None:
    assert missed(MIXED, {"accuracy": {"A": 0.9}, "error_share": {"A": 0.1}}) == ()
