"""How much memory a model takes while it is loaded: with files in place of the kernel's."""

from __future__ import annotations

from pathlib import Path

import pytest

from claimbench.types import ArmFacts
from claimbench_providers.llama import resident
from claimbench_providers.llama.resident import Meter


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models that other tests loaded or freed are not this process's here."""
    monkeypatch.setattr(resident, "_STATE", {"loads": 0, "running": 0, "freed": 0})


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "clear_refs").touch()
    holds(tmp_path, 100, 100)
    return tmp_path


def holds(proc: Path, now_kb: int, peak_kb: int) -> None:
    lines = ("Name:\tbench", f"VmHWM:\t{peak_kb:8d} kB", f"VmRSS:\t{now_kb:8d} kB")
    (proc / "status").write_text("\n".join(lines) + "\n", encoding="ascii")


def test_the_growth_to_the_highest_mark_is_told_beside_the_size_of_the_files(proc: Path) -> None:
    meter = Meter(proc)
    assert (proc / "clear_refs").read_text() == "5"  # the mark begins anew
    holds(proc, 300, 500)
    facts = meter.told(ArmFacts(details={"engine": "llama"}), 7)
    assert facts.details == {
        "engine": "llama",
        "file_bytes": 7,
        "peak_resident_bytes": 400 * 1024,
    }


def test_a_second_model_is_measured_once_the_first_is_loaded(proc: Path) -> None:
    first = Meter(proc)
    holds(proc, 300, 300)
    assert first.peak_bytes() == 200 * 1024
    second = Meter(proc)
    holds(proc, 350, 350)
    assert second.peak_bytes() == 50 * 1024


def test_models_loaded_at_the_same_time_are_not_told_apart(proc: Path) -> None:
    first, second = Meter(proc), Meter(proc)
    holds(proc, 500, 500)
    assert first.peak_bytes() is None
    assert second.peak_bytes() is None


def test_a_load_that_ended_twice_leaves_the_next_one_alone(proc: Path) -> None:
    first = Meter(proc)
    first.peak_bytes()
    first.peak_bytes()
    running, other = Meter(proc), Meter(proc)
    holds(proc, 500, 500)
    assert running.peak_bytes() is None
    assert other.peak_bytes() is None


@pytest.mark.parametrize("freed_before", [True, False])
def test_nothing_is_known_where_a_model_was_freed(proc: Path, freed_before: bool) -> None:
    if freed_before:
        resident.freed()
    meter = Meter(proc)
    if not freed_before:
        resident.freed()
    holds(proc, 500, 500)
    assert meter.peak_bytes() is None


def test_no_growth_is_no_size_of_nothing(proc: Path) -> None:
    assert Meter(proc).peak_bytes() is None


@pytest.mark.parametrize("missing", ["clear_refs", "status"])
def test_nothing_is_known_without_the_kernels_files(proc: Path, missing: str) -> None:
    (proc / missing).unlink()
    (proc / missing).mkdir()  # neither to be written nor to be read
    meter = Meter(proc)
    if missing != "status":
        holds(proc, 500, 500)
    assert meter.told(ArmFacts(), 7).details == {"file_bytes": 7, "peak_resident_bytes": None}


def test_nothing_is_known_of_a_system_without_them(tmp_path: Path) -> None:
    assert Meter(tmp_path / "nowhere").peak_bytes() is None
