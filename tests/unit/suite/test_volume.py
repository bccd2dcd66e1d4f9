"""``volume:`` of a suite and ``--volume``: what is read, and what is refused, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from claimbench.economics.volume.stated import OneOff, SharedPrefix, volume_of
from claimbench.errors import BenchError, SuiteError
from claimbench.suite.codec import suite_from_json, suite_to_json
from claimbench.suite.load import load_suite
from claimbench.suite.purpose.volume import with_volume
from claimbench.types import Suite

SUITE = """\
name: desk
version: 1-0
tasks:
  - name: t
    dataset: {path: d.csv, id: id, target: a}
    prompt: [{user: "{{ q }}"}]
    answer: {type: label, labels: ["yes", "no"], constrain: false}
    scorers: [label]
arms:
  - {name: gpt, provider: compatible, model: m, base_url: "http://127.0.0.1:9/v1"}
  - {name: own, provider: compatible, model: m, base_url: "http://127.0.0.1:8/v1", cost: {host: {usd_per_hour: 2.5}}}
volume:
"""
FX = "fx: [{currency: EUR, usd_per_unit: 1.1, dated: 2026-11-01, source: ECB}]"
FULL = """\
  requests_per_month: {low: 1500000, base: 2000000, high: 4000000}
  growth_per_year: 0.2
  peak_factor: 6
  months: 24
  hours_per_month: 200
  spare_machines: 1
  discount_rate: 0.08
  currency: EUR
  fx: [{currency: EUR, usd_per_unit: 1.1, dated: 2026-11-01, source: ECB}]
  arms:
    gpt:
      one_off_usd: {integration: 5000, migration: {usd: 200, month: 3}}
      tiers: [{above_requests: 1000000, discount: 0.1}]
      commitment: {discount: 0.2, usd_per_month: 1000}
      cache: {prefix_tokens: 1000, ttl_s: 600}
      batch_share: 0.3
      price_path: {change_per_year: -0.3, dated: 2026-11-01, source: a guess}
    own: {capacity_per_hour: 218500, scales_to_zero: true, commitment: {discount: 0.4, machines: 2}}
"""


def load(tmp_path: Path, volume: str) -> Suite:
    (tmp_path / "d.csv").write_text("id,q,a\n1,x,yes\n")
    path = tmp_path / "s.yaml"
    path.write_text(SUITE + volume)
    return load_suite(path, providers={"compatible"})


def test_everything_that_is_stated_is_read_and_kept_with_the_suite(tmp_path: Path) -> None:
    suite = load(tmp_path, FULL)
    volume = volume_of(suite)
    assert volume is not None
    assert (volume.low, volume.requests, volume.high) == (1.5e6, 2e6, 4e6)
    assert (volume.growth, volume.peak_factor, volume.months) == (0.2, 6, 24)
    assert not volume.assumed_peak
    gpt, own = volume.terms("gpt"), volume.terms("own")
    assert gpt.one_off == (OneOff("integration", 5000), OneOff("migration", 200, 3))
    assert gpt.tiers == ((1e6, 0.1),)
    assert gpt.cache == SharedPrefix(1000, 600)
    assert (gpt.price_change, gpt.assumed) == (-0.3, "2026-11-01, a guess")
    assert own.capacity_per_hour == 218_500
    assert own.commitment is not None
    assert own.commitment.machines == 2
    assert volume_of(suite_from_json(suite_to_json(suite))) == volume


def test_one_key_is_enough_and_the_rest_is_said_to_be_assumed(tmp_path: Path) -> None:
    volume = volume_of(load(tmp_path, "  requests_per_month: 2000000\n"))
    assert volume is not None
    assert (volume.requests, volume.months, volume.assumed_peak) == (2e6, 36, True)


@pytest.mark.parametrize(
    ("volume", "said"),
    [
        ("  requests_per_month: 0\n", "at least 1"),
        ("  requests_per_month: -5\n", "at least 1"),
        ("  peak_factor: 4\n", "has no 'requests_per_month'"),
        ("  requests_per_month: many\n", "expected a number"),
        ("  requests_per_month: {low: 3, base: 2, high: 4}\n", "low <= base <= high"),
        ("  requests_per_month: 1.0e20\n", "out of range"),
        ("  requests_per_month: 5\n  growth_per_year: 500\n", "out of range"),
        ("  requests_per_month: 5\n  months: 0\n", "out of range"),
        ("  requests_per_month: 5\n  currency: EUR\n", "no exchange rate is stated"),
        ("  requests_per_month: 5\n  currency: euro\n", "three capitals"),
        (f"  requests_per_month: 5\n  currency: CHF\n  {FX}\n", "CHF"),
        ("  requests_per_month: 5\n  fx: [{currency: EUR}]\n", "an exchange rate needs"),
        ("  requests_per_month: 5\n  peek_factor: 4\n", "peak_factor"),
        ("  requests_per_month: 5\n  arms: {gpt: {discuont: 0.1}}\n", "did you mean 'discount'"),
        ("  requests_per_month: 5\n  arms: {gtp: {discount: 0.1}}\n", "unknown arm 'gtp'"),
        ("  requests_per_month: 5\n  arms: {gpt: {scales_to_zero: true}}\n", "a term of machines"),
        ("  requests_per_month: 5\n  arms: {gpt: {capacity_per_hour: 5}}\n", "a term of machines"),
        ("  requests_per_month: 5\n  arms: {own: {batch_share: 0.5}}\n", "a term of endpoints"),
        ("  requests_per_month: 5\n  arms: {own: {free_usd_per_month: 5}}\n", "term of endpoints"),
        ("  requests_per_month: 5\n  arms: {gpt: {discount: 1.5}}\n", "less than 1"),
        ("  requests_per_month: 5\n  arms: {gpt: {one_off_usd: {x: -1}}}\n", "at least 0"),
        (
            "  requests_per_month: 5\n  arms: {gpt: {commitment: {discount: 0.1}}}\n",
            "usd_per_month",
        ),
        (
            "  requests_per_month: 5\n  arms: {own: {commitment: {discount: 0.1, usd_per_month: 5}}}\n",
            "machines",
        ),
        (
            "  requests_per_month: 5\n  arms: {gpt: {tiers: [{above_requests: 9, discount: 0.1},"
            " {above_requests: 3, discount: 0.2}]}}\n",
            "smaller first",
        ),
        (
            "  requests_per_month: 5\n  arms: {gpt: {price_path: {change_per_year: -1}}}\n",
            "more than -1",
        ),
        (
            "  requests_per_month: 5\n  arms: {gpt: {price_path: {change_per_year: 0.1, dated:"
            " soon}}}\n",
            "dates are written",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path: Path, volume: str, said: str) -> None:
    with pytest.raises(SuiteError, match=said) as error:
        load(tmp_path, volume)
    assert error.value.line is not None
    assert error.value.line >= 12


@pytest.mark.parametrize(
    ("text", "requests", "months"),
    [
        ("2M", 2e6, 36),
        ("2,000,000", 2e6, 36),
        ("1.5k", 1500, 36),
        ("3e6", 3e6, 36),
        ("requests_per_month=2M,months=12", 2e6, 12),
        ("2M, months=12", 2e6, 12),
    ],
)
def test_a_volume_is_stated_on_the_command_line(
    tmp_path: Path, text: str, requests: float, months: int
) -> None:
    suite = load(tmp_path, "  requests_per_month: 7\n")
    volume = volume_of(with_volume(suite, text))
    assert volume is not None
    assert (volume.requests, volume.months) == (requests, months)
    assert with_volume(suite, None) is suite


def test_the_command_line_overrides_only_what_it_says(tmp_path: Path) -> None:
    volume = volume_of(with_volume(load(tmp_path, FULL), "months=6"))
    assert volume is not None
    assert (volume.months, volume.requests, volume.peak_factor) == (6, 2e6, 6)
    assert volume.terms("own").capacity_per_hour == 218_500


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0", "greater than or equal to 1"),
        ("-2M", "greater than or equal to 1"),
        ("", "a value is missing"),
        ("lots", "valid number"),
        ("2M,peek_factor=3", "did you mean 'peak_factor'"),
        ("2M,months=1.5", "valid integer"),
        ("2M,currency=EUR", "no exchange rate"),
        ("nan", "requests_per_month"),
        ("2M,months=", "a value is missing"),
    ],
)
def test_a_command_line_that_cannot_be_is_one_error(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BenchError, match=said) as error:
        with_volume(load(tmp_path, "  requests_per_month: 7\n"), text)
    assert error.value.hint
