"""`bench doctor`: checks of the machine; keys are named, never shown."""

from __future__ import annotations

from collections.abc import Callable

from .conftest import Said


def test_doctor_checks_the_machine_and_the_harness_itself(bench: Callable[..., Said]) -> None:
    said = bench("doctor", "--json", env={"OPENAI_API_KEY": "sk-doctor-canary-0815"})
    assert said.code == 0, said.err
    checks = {check["name"]: check for check in said.json["checks"]}
    assert checks["harness"]["standing"] == "ok"
    assert "300 of 300" in checks["harness"]["finding"]
    assert checks["key OPENAI_API_KEY"]["standing"] == "ok"
    assert checks["key ANTHROPIC_API_KEY"]["standing"] == "missing"
    assert "canary" not in said.out + said.err


def test_doctor_says_when_results_cannot_be_written(bench: Callable[..., Said]) -> None:
    said = bench("doctor", "--results", "/proc/nowhere/results")
    assert said.code == 3
    assert "--results" in said.out
