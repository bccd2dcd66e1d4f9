"""Energy: measured only where a meter was read, modelled said as such, nothing invented where codecarbon is absent."""

from __future__ import annotations

from decimal import Decimal
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

from claimbench.energy import Energy, EnergyMeter, with_energy
from claimbench.hostcost import parse_host


class CPU:
    def __init__(self, mode):
        self._mode = mode


class GPU:
    pass


class RAM:
    pass


def meter(hardware, cpu=0.002, gpu=0.0, ram=0.001, seconds=3600.0):
    data = SimpleNamespace(
        cpu_energy=cpu, gpu_energy=gpu, ram_energy=ram, energy_consumed=cpu + gpu + ram, duration=seconds
    )
    tracker = SimpleNamespace(_hardware=hardware, start=lambda: None, stop=lambda: None, final_emissions_data=data)
    made = EnergyMeter(lambda: tracker)
    made.start()
    return made.stop()


@pytest.mark.parametrize(
    ("hardware", "gpu", "source"),
    [
        ([RAM(), CPU("cpu_load")], 0.0, "modelled"),
        ([RAM(), CPU("constant")], 0.0, "modelled"),
        ([RAM(), CPU("intel_rapl")], 0.0, "measured"),
        ([RAM(), CPU("intel_rapl"), GPU()], 0.1, "measured"),
        ([RAM(), CPU("cpu_load"), GPU()], 0.1, "modelled"),
    ],
)
def test_source(hardware, gpu, source):
    got = meter(hardware, gpu=gpu)
    assert got.source == source
    assert got.watts == pytest.approx((0.003 + gpu) * 1000)
    assert "ram" in got.note
    assert got.parts["ram"][1] == "modelled"


def test_nothing_to_meter_with_is_unavailable_not_zero(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    absent = EnergyMeter()
    assert not absent.available
    absent.start()
    got = absent.stop()
    assert (got.kwh, got.watts, got.source) == (None, None, "unavailable")


def test_measured_watts_replace_stated_ones():
    host = parse_host({"purchase_usd": 1000, "lifetime_years": 2, "watts": 100, "usd_per_kwh": 0.2}, "h")
    modelled = with_energy(host, meter([RAM(), CPU("cpu_load")], cpu=0.03, ram=0.02))
    assert (modelled.watts, modelled.watts_source) == (Decimal("50.0"), "modelled")
    assert modelled.parts_per_hour["energy"] == Decimal("0.01")
    assert any("modelled by codecarbon" in note for note in modelled.notes)
    assert with_energy(host, Energy(None, None, "unavailable", {}, "")) == host
    rented = parse_host({"usd_per_hour": 1}, "h")
    assert with_energy(rented, meter([RAM()])) == rented


@pytest.mark.skipif(find_spec("codecarbon") is None, reason="codecarbon is not installed (the energy extra)")
def test_the_real_tracker():
    import time

    real = EnergyMeter()
    real.start()
    time.sleep(1.5)
    got = real.stop()
    assert got.source in ("measured", "modelled")
    assert got.kwh > 0
    assert got.seconds > 1
