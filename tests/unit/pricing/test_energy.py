"""Energy: measured only where a meter was read, modelled said as such, nothing invented where
codecarbon is absent.
"""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from types import SimpleNamespace

import pytest

from claimbench.pricing.energy import Energy, EnergyMeter, with_energy
from claimbench.pricing.hosts import parse_host


class CPU:
    def __init__(self, mode):
        self._mode = mode


class GPU:
    pass


class RAM:
    pass


def meter(hardware, cpu=0.002, gpu=0.0, ram=0.001, seconds=3600.0):
    data = SimpleNamespace(
        cpu_energy=cpu,
        gpu_energy=gpu,
        ram_energy=ram,
        energy_consumed=cpu + gpu + ram,
        duration=seconds,
    )
    tracker = SimpleNamespace(
        _hardware=hardware, start=lambda: None, stop=lambda: None, final_emissions_data=data
    )
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
    host = parse_host(
        {"purchase_usd": 1000, "lifetime_years": 2, "watts": 100, "usd_per_kwh": 0.2}, "h"
    )
    modelled = with_energy(host, meter([RAM(), CPU("cpu_load")], cpu=0.03, ram=0.02))
    assert (modelled.watts, modelled.watts_source) == (Decimal("50.0"), "modelled")
    assert modelled.parts_per_hour["energy"] == Decimal("0.01")
    assert any("modelled by codecarbon" in note for note in modelled.notes)
    assert with_energy(host, Energy(None, None, "unavailable", {}, "")) == host
    rented = parse_host({"usd_per_hour": 1}, "h")
    assert with_energy(rented, meter([RAM()])) == rented


METERED = """
import json, os, sys, time, warnings
warnings.simplefilter("error")
asked, written = [], []
def hook(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        asked.append(str(arguments))
    if event == "open" and isinstance(arguments[0], str) and set(arguments[1] or "") & set("wax"):
        written.append(str(arguments[0]))
from claimbench.pricing.energy import EnergyMeter
sys.addaudithook(hook)
meter = EnergyMeter()
meter.start()
time.sleep(1.5)
got = meter.stop()
print(json.dumps([got.source, got.kwh, got.seconds, list(got.parts), asked, written, os.listdir()]))
"""


def test_the_real_tracker_meters_and_asks_nobody(tmp_path):
    (tmp_path / ".codecarbon.config").write_text("[codecarbon]\nsave_to_api = true\napi_key = x\n")
    done = subprocess.run(
        [sys.executable, "-c", METERED],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    source, kwh, seconds, parts, asked, written, files = json.loads(done.stdout)
    assert source in ("measured", "modelled")
    assert kwh > 0
    assert seconds > 1
    assert "ram" in parts
    assert asked == []
    assert [name for name in written if not name.startswith("/dev/")] == []
    assert files == [".codecarbon.config"]
