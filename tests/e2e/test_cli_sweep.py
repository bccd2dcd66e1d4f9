"""`bench sweep`: one arm at rising concurrencies, every level a stored run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .conftest import Said, Vendor

Bench = Callable[..., Said]


def test_levels_rise_and_are_stored(desk: Path, bench: Bench, rival: Vendor) -> None:
    rival.delay_s = 0.05
    desk.write_text(desk.read_text() + "slo: {ttft_s: 10}\n")
    said = bench(
        "sweep",
        "desk.yaml",
        "--arm",
        "cheap",
        "--concurrency",
        "1,4",
        "--limit",
        "12",
        "--all-levels",
        "--json",
    )
    assert said.code == 0, said.err
    one, four = said.json["levels"]
    assert (one["concurrency"], one["n"], one["failed"]) == (1, 12, 0)
    assert (four["concurrency"], four["n"], four["failed"]) == (4, 12, 0)
    assert 0.05 <= one["ttft_s"]["p50"] <= one["e2e_s"]["p50"]
    assert one["per_s"] <= 1 / 0.05  # one at a time cannot be faster than the endpoint's own delay
    assert one["good_share"] == 1.0
    assert said.json["knee"] in (1, 4)
    assert said.json["stopped"] is None
    runs = bench("list", "--json").json["runs"]
    assert len(runs) == 2
    assert len(rival.asked) == 24


def test_a_stranger_reads_the_table(desk: Path, bench: Bench) -> None:
    said = bench(
        "sweep",
        "desk.yaml",
        "--arm",
        "cheap",
        "--concurrency",
        "1,2",
        "--limit",
        "6",
        "--all-levels",
    )
    assert said.code == 0, said.err
    head, *levels, knee, least = said.out.strip().splitlines()
    assert head.split()[:3] == ["in", "flight", "calls"]
    assert [line.split()[0] for line in levels] == ["1", "2"]
    assert knee.startswith("knee: ")
    assert least.startswith("cheapest level (no slo is stated): ")


def test_an_arm_that_never_answers_ends_the_sweep(desk: Path, bench: Bench, rival: Vendor) -> None:
    rival.status = 500
    said = bench(
        "sweep", "desk.yaml", "--arm", "cheap", "--concurrency", "1,2", "--limit", "3", "--json"
    )
    assert said.code == 4, said.err
    assert said.json["levels"] == []
    assert "1 in flight" in said.json["stopped"]


def test_concurrencies_must_rise(desk: Path, bench: Bench) -> None:
    said = bench("sweep", str(desk), "--arm", "cheap", "--concurrency", "4,2")
    assert said.code == 3
    assert "not a rising list" in said.err
    unknown = bench("sweep", str(desk), "--arm", "chaep", "--limit", "2")
    assert unknown.code == 3
    assert "cheap" in unknown.err
    assert unknown.out == ""
