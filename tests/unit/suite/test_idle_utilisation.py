"""A utilisation that a stated volume overrules is said, with both lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from claimbench.suite.idle_settings import idle_settings
from claimbench.suite.load import suite_without_tasks

SUITE = """\
name: s
version: 1-0
tasks:
  - {name: t, dataset: {path: r.csv, target: t}, prompt: [{user: x}], answer: {type: text}, scorers: [exact]}
arms:
  - name: a
    provider: compatible
    model: m
    base_url: "http://127.0.0.1:1/v1"
    cost: {host: {usd_per_hour: 1, HOST}}
VOLUME
"""
VOLUME = "volume: {requests_per_month: 1000}"


@pytest.mark.parametrize(
    ("host", "volume", "told"),
    [
        ("utilisation: 0.5", VOLUME, True),
        ("utilisation: 1", VOLUME, True),
        ("utilisation: 0.5", "", False),
        ("dated: 2026-11-01", VOLUME, False),
    ],
)
def test_a_utilisation_beside_a_volume_is_said(
    tmp_path: Path, host: str, volume: str, told: bool
) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(SUITE.replace("HOST", host).replace("VOLUME", volume))
    said = idle_settings(suite_without_tasks(path))
    assert len(said) == told
    if told:
        assert said[0].startswith(f"{path}:10:")
        assert "it follows from `volume` (line 11)" in said[0]
