"""Every golden vector that concerns stats or sequential, asserted at the tolerance that the file
states.

COVERED_HERE lists the ids; the verdict words and dollar vectors are asserted beside claims and
pricing, which list theirs in their own golden tests. ``test_every_vector_is_claimed`` adds up the
lists.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claimbench import stats
from claimbench.stats import sequential

GOLDEN = Path(__file__).parents[2] / "golden" / "claims_golden.json"
VECTORS: dict[str, dict[str, Any]] = {v["id"]: v for v in json.loads(GOLDEN.read_text())["vectors"]}

COVERED_HERE = frozenset(
    vector
    for vector in VECTORS
    if re.match(
        r"(ACC|MEAN|DIFF|RATIO|TIES|ALLFAIL|CLAIM|Q|OBF|LDOBF|FUTILITY|EPROC|PPI|FIXED|N-MORE|POWER|HOLM|HDR)\b",
        vector,
    )
    or vector
    in {"COST-fieller", "COST-hull-p-R0.1", "COST-hull-p-R0.15", "COST-hull-ci", "COST-per-correct"}
    or vector == "COST-zero-baseline"
)
COVERED_ELSEWHERE = {
    "COST-zero-arm": "../claims/test_verdicts_golden.py",
    "USD-openai": "../economics/test_what_if.py",
    "USD-anthropic": "../economics/test_what_if.py",
    "USD-gemini": "../economics/test_what_if.py",
    "USD-owned-rate": "../economics/test_what_if.py",
    "USD-local-1k": "../economics/test_what_if.py",
    "USD-break-even": "../economics/test_what_if.py",
}
"""Vector -> the test file in this folder that asserts it (verdict words, dollars)."""


def ids(prefix: str) -> list[str]:
    return [v for v in VECTORS if v.startswith(prefix)]


def close(name: str, **found: float) -> None:
    expected, tol = VECTORS[name]["expected"], VECTORS[name]["tol"]
    for key, value in found.items():
        want = math.inf if expected[key] == "inf" else expected[key]
        assert value == pytest.approx(want, abs=tol), (name, key)


def column(name: str, key: str) -> np.ndarray:
    return np.asarray(VECTORS[name]["input"][key], dtype=float)


def pairs(vector: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Items of a 2x2 table n11, n10 (A only), n01 (B only), n00."""
    counts = [vector["input"][k] for k in ("n11", "n10", "n01", "n00")]
    return np.repeat([1.0, 1.0, 0.0, 0.0], counts), np.repeat([1.0, 0.0, 1.0, 0.0], counts)


def test_every_vector_is_claimed() -> None:
    assert COVERED_HERE | set(COVERED_ELSEWHERE) == set(VECTORS)
    assert not COVERED_HERE & set(COVERED_ELSEWHERE)
    assert len(VECTORS) == 71
    for name, file in COVERED_ELSEWHERE.items():
        assert f'"{name}"' in (Path(__file__).parent / file).read_text(), (name, file)


@pytest.mark.parametrize("name", ids("ACC-wilson"))
def test_wilson(name: str) -> None:
    given = VECTORS[name]["input"]
    x = np.zeros(given["n"])
    x[: given["correct"]] = 1
    found = stats.accuracy_ci(x)
    close(name, est=found.est, lo=found.lo, hi=found.hi)
    assert found.method == "wilson"


def test_clustered_accuracy() -> None:
    name = "ACC-clustered-D1a"
    found = stats.accuracy_ci(column(name, "a"), VECTORS[name]["input"]["cluster"])
    close(name, est=found.est, lo=found.lo, hi=found.hi, n_eff=found.n_eff)


def test_unequal_epochs_weigh_items_equally() -> None:
    name = "ACC-unequal-epochs"
    epochs = VECTORS[name]["input"]["a_epochs"]
    draws = np.array([len(e) for e in epochs])
    found = stats.accuracy_ci(
        [np.mean(e) for e in epochs], VECTORS[name]["input"]["cluster"], draws
    )
    close(name, est=found.est, lo=found.lo, hi=found.hi, n_eff=found.n_eff)


def test_contrast_t() -> None:
    name = "MEAN-contrast-t"
    pm = stats.paired_means(column(name, "a"), column(name, "b"))
    found = stats.linear_ci(pm, (1.0, -0.1))
    close(name, lo=found.lo, hi=found.hi)


@pytest.mark.parametrize("shape", ["unclustered", "clustered"])
def test_difference_and_ratio_of_scores(shape: str) -> None:
    name = f"DIFF-core-{shape}"
    given = VECTORS[name]["input"]
    pm = stats.paired_means(
        given["a"], given["b"], given["cluster"] if given["clustered"] else None, bounded=True
    )
    core = stats.linear_ci(pm)
    close(
        name,
        w=pm.w,
        df=pm.df,
        centre=pm.core_theta[0] - pm.core_theta[1],
        se=core.half_width / stats.t_crit(0.05, pm.df),
        lo=core.lo,
        hi=core.hi,
    )
    ratio = stats.fieller_ci(pm)
    close(f"RATIO-core-{shape}", lo=ratio.lo, hi=ratio.hi)
    final = stats.paired_ci(pm)
    assert pm.guard01 is not None
    assert pm.guard10 is not None
    close(
        f"DIFF-final-{shape}",
        est=final.est,
        delta01=pm.guard01.upper(0.05) - pm.guard01.mean,
        delta10=pm.guard10.upper(0.05) - pm.guard10.mean,
        lo=final.lo,
        hi=final.hi,
    )


@pytest.mark.parametrize("name", ids("TIES") + ids("ALLFAIL"))
def test_ties_have_width(name: str) -> None:
    expected, n = VECTORS[name]["expected"], VECTORS[name]["input"]["n"]
    level = 1.0 if name.startswith("TIES") else 0.0
    pm = stats.paired_means(np.full(n, level), np.full(n, level), bounded=True)
    found = stats.paired_ci(pm)
    close(name, est=found.est, lo=found.lo, hi=found.hi)
    if level:
        assert stats.verdict(found.lo, found.hi, 1e-12, ">=") == expected["superiority"]
        for margin in (0.05, 0.02):
            key = f"NI_{margin}".replace(".", "_")
            assert stats.verdict(found.lo, found.hi, -margin, ">=") == expected[key]
    else:
        ratio = stats.ratio_ci(pm)
        assert ratio.est is None
        assert ratio.reasons == ("denominator_zero",)
        assert stats.verdict(ratio.lo, ratio.hi, 1.3, ">=") == expected["relative_claim"]


def test_thirty_percent_more_accurate_three_readings() -> None:
    name = "CLAIM-30pct-more-accurate"
    expected = VECTORS[name]["expected"]
    pm = stats.paired_means(*pairs(VECTORS[name]), bounded=True)
    relative, diff, errors = stats.ratio_ci(pm), stats.paired_ci(pm), stats.error_ratio_ci(pm)
    for found, key in ((relative, "relative_ratio"), (diff, "diff"), (errors, "error_ratio")):
        assert [found.est, found.lo, found.hi] == pytest.approx(expected[key], abs=1e-6)
    assert stats.verdict(relative.lo, relative.hi, 1.3, ">=") == expected["relative"]
    assert stats.verdict(diff.lo, diff.hi, 0.3, ">=") == expected["percentage_points"]
    assert stats.verdict(errors.lo, errors.hi, 0.7, "<=") == expected["error_reduction"]


def test_infeasible_readings() -> None:
    vector = VECTORS["CLAIM-30pct-infeasible"]
    a, b = pairs(vector)
    pm = stats.paired_means(a, b, bounded=True)
    noted = re.findall(r"\(([\d., -]+)\)", vector["note"])
    found = (stats.ratio_ci(pm), stats.paired_ci(pm), stats.error_ratio_ci(pm))
    for interval, text in zip(found, noted, strict=True):
        assert [interval.est, interval.lo, interval.hi] == pytest.approx(
            [float(x) for x in text.split(",")], abs=5.1e-5
        )
    lower = stats.accuracy_ci(b).lo
    assert (1.3 * lower <= 1) == vector["expected"]["feasible_relative"]
    assert (lower + 0.3 <= 1) == vector["expected"]["feasible_pp"]
    assert (
        stats.verdict(found[2].lo, found[2].hi, 0.7, "<=") == vector["expected"]["error_reduction"]
    )


@pytest.mark.parametrize("name", [*ids("CLAIM-NI"), "CLAIM-surpassed"])
def test_non_inferiority(name: str) -> None:
    vector = VECTORS[name]
    found = stats.paired_ci(stats.paired_means(*pairs(vector), bounded=True))
    p = stats.mcnemar_exact_p(vector["input"]["n10"], vector["input"]["n01"])
    close(name, est=found.est, lo=found.lo, hi=found.hi, mcnemar_exact_p=p)
    margin = vector["input"]["margin"]
    assert stats.verdict(found.lo, found.hi, -margin, ">=") == vector["expected"]["non_inferiority"]


def test_cost_fieller_and_hull() -> None:
    pm = stats.paired_means(column("COST-fieller", "a"), column("COST-fieller", "b"))
    found = stats.fieller_ci(pm)
    close("COST-fieller", est=found.est, lo=found.lo, hi=found.hi)
    plain, guarded = stats.ratio_ci_hull(pm, guard_tail=False), stats.ratio_ci_hull(pm)
    close("COST-hull-ci", lo=plain.lo, hi=plain.hi, lo995=guarded.lo, hi995=guarded.hi)
    assert guarded.level == pytest.approx(0.995)
    assert "tail_guard" in guarded.reasons
    strict = stats.verdict(guarded.lo, guarded.hi, 0.10, "<=")
    assert strict == VECTORS["COST-hull-ci"]["expected"]["verdict_strict"]


@pytest.mark.parametrize("name", ids("COST-hull-p"))
def test_cost_hull_p(name: str) -> None:
    pm = stats.paired_means(column(name, "a"), column(name, "b"))
    found = stats.hull_test(pm, (1.0, -VECTORS[name]["input"]["R0"]))
    close(name, t=found.t, hall_t=found.hall_t, p=found.p, sign=found.sign)


def test_zero_baseline_has_no_ratio_but_a_difference() -> None:
    a = column("COST-zero-baseline", "a")
    pm = stats.paired_means(a, np.zeros(len(a)))
    ratio = stats.ratio_ci_hull(pm)
    assert ratio.est is VECTORS["COST-zero-baseline"]["expected"]["ratio"]
    assert ratio.reasons[0] == VECTORS["COST-zero-baseline"]["expected"]["reason"]
    assert (ratio.lo, ratio.hi) == (-math.inf, math.inf)
    difference = stats.contrast_ci_hull(pm)
    assert difference.est == pytest.approx(a.mean())
    assert 0 < difference.lo < a.mean() < difference.hi


def test_cost_per_correct() -> None:
    name = "COST-per-correct"
    found = stats.cost_per_correct_ratio_ci(
        column(name, "cost_a"),
        column(name, "correct_a"),
        column(name, "cost_b"),
        column(name, "correct_b"),
    )
    close(name, est=found.est, lo=found.lo, hi=found.hi)


@pytest.mark.parametrize("name", ids("Q-order"))
def test_order_statistics(name: str) -> None:
    given = VECTORS[name]["input"]
    found = stats.quantile_ci(np.arange(1, given["n"] + 1), given["p"])
    close(name, lo=found.lo, hi=found.hi)


@pytest.mark.parametrize("name", ids("Q-min-n"))
def test_minimum_n(name: str) -> None:
    p = VECTORS[name]["input"]["p"]
    n = stats.min_n_quantile(p)
    close(name, n=n)
    assert stats.quantile_ci(np.arange(1.0, n + 1), p).bounded
    assert not stats.quantile_ci(np.arange(1.0, n), p).bounded


def test_quantile_ratio() -> None:
    name, a = "Q-ratio-p95", np.arange(1.0, 201.0)
    found = stats.quantile_ratio_ci(a, 2 * a + 5, 0.95)
    close(name, est=found.est, lo=found.lo, hi=found.hi)
    for key, threshold in (("faster", 1.0), ("time_cut_50", 0.5), ("rate_up_50", 1 / 1.5)):
        assert stats.verdict(found.lo, found.hi, threshold, "<=") == VECTORS[name]["expected"][key]


def test_quantiles_with_timeouts() -> None:
    x = np.concatenate([np.arange(1.0, 191.0), np.full(10, np.inf)])
    p95, p50 = stats.quantile_ci(x, 0.95), stats.quantile_ci(x, 0.5)
    close("Q-timeouts", lo=p95.lo, hi=p95.hi, p50_lo=p50.lo, p50_hi=p50.hi)


def test_quantile_with_time_blocks() -> None:
    i = np.arange(200)
    found = stats.quantile_ci((i % 20) * 5 + (i // 20) * 40 + 1, 0.5, i // 20)
    close("Q-clustered", q=found.est, n_eff=found.n_eff, lo=found.lo, hi=found.hi)


def test_corrected_histograms_invent_samples() -> None:
    """What record_corrected_value does (add v - i, v - 2i, ... for each stall), at its rank
    floor(p*n + 1/2).
    """
    given, expected = (
        VECTORS["HDR-coordinated-omission"]["input"],
        VECTORS["HDR-coordinated-omission"]["expected"],
    )
    step = given["expected_interval_ms"]
    raw = np.r_[np.full(99, 10.0), 1000.0]
    corrected = np.sort(np.r_[raw, np.arange(1000 - step, step - 1, -step)])
    found = stats.quantile_ci(raw, 0.95)
    assert (found.est, found.n) == (expected["raw_p95"], expected["raw_count"])
    assert len(corrected) == expected["corrected_count"]
    assert corrected[int(0.95 * len(corrected) + 0.5) - 1] == expected["corrected_p95"]


def test_holm() -> None:
    vector = VECTORS["HOLM"]
    adjusted, rejected = stats.holm(vector["input"]["p"], vector["input"]["alpha"])
    assert adjusted == pytest.approx(vector["expected"]["adjusted"])
    assert rejected.tolist() == vector["expected"]["reject"]


@pytest.mark.parametrize("name", [v for v in ids("OBF-K") if v != "OBF-K5-alpha"])
def test_obf_constants(name: str) -> None:
    close(name, c=sequential.obf_constant(VECTORS[name]["input"]["K"]))


def test_obf_alpha_and_lan_demets() -> None:
    close(
        "OBF-K5-alpha",
        alpha=sequential.crossing_probability(VECTORS["OBF-K5-alpha"]["input"]["bounds"]),
    )
    found = sequential.lan_demets_obf(VECTORS["LDOBF-5"]["input"]["t"])
    assert found == pytest.approx(
        VECTORS["LDOBF-5"]["expected"]["bounds"], abs=VECTORS["LDOBF-5"]["tol"]
    )
    spent = sequential.crossing_by_look(
        VECTORS["LDOBF-5-spend"]["input"]["bounds"], sequential.equal_looks(5)
    )
    expected = VECTORS["LDOBF-5-spend"]["expected"]["alpha"]
    assert spent[1:] == pytest.approx(expected, abs=2e-7)
    assert [sequential.obf_spending(t) for t in (0.4, 0.6, 0.8, 1.0)] == pytest.approx(
        expected, abs=2e-7
    )


@pytest.mark.parametrize("name", ids("OBF-repeated-p"))
def test_repeated_p(name: str) -> None:
    given = VECTORS[name]["input"]
    close(name, p=sequential.repeated_p(given["z"], given["k"], given["K"]))


def test_futility() -> None:
    given = VECTORS["FUTILITY-cp"]["input"]
    close("FUTILITY-cp", cp=sequential.cond_power(given["z"], given["t"], given["zfinal"]))
    stop = sequential.futile(given["z"], given["t"], given["zfinal"], look=3)
    assert stop is VECTORS["FUTILITY-cp"]["expected"]["stop"]


def test_e_process() -> None:
    given = VECTORS["EPROC"]["input"]
    close("EPROC", e=float(sequential.e_process(given["z"], given["grid"], given["lo"])[-1]))


def test_judge_correction() -> None:
    name = "PPI-mean"
    given = VECTORS[name]["input"]
    rest = np.zeros(given["Yhat_unlabeled_n"])
    rest[: given["Yhat_unlabeled_ones"]] = 1
    found = stats.ppi_mean(given["Y"], given["Yhat"], rest)
    close(name, est=found.est, lo=found.lo, hi=found.hi)


def test_fixed_benchmark() -> None:
    name = "FIXED-benchmark"
    k = VECTORS[name]["input"]["K"]
    summary: list[np.ndarray] = []
    for arm in ("correct_a", "correct_b"):
        draws = [np.repeat([1.0, 0.0], [c, k - c]) for c in VECTORS[name]["input"][arm]]
        summary += [np.mean(draws, axis=1), np.var(draws, axis=1, ddof=1), np.full(len(draws), k)]
    found = stats.paired_ci(stats.fixed_means(*summary))
    close(name, est=found.est, se=found.half_width / stats.z_crit(0.05), lo=found.lo, hi=found.hi)


def test_n_more_and_power() -> None:
    given = VECTORS["N-MORE"]["input"]
    interval = stats.Interval(
        given["est"], given["lo"], given["hi"], 0.95, "given", given["n"], given["n"]
    )
    found = stats.n_more(interval, given["thr"])
    close("N-MORE", n_more=found.n_more)
    assert found.high is None, "it may never resolve"
    assert found.low is not None
    assert found.low < found.n_more
    given = VECTORS["POWER-paired"]["input"]
    close("POWER-paired", n=stats.items_needed_accuracy(given["gap"], given["disagree"]))
