"""Electricity of a run, where something can tell: codecarbon as an optional extra
(``claimbench[energy]``).

A figure is *measured* only where a meter was read (RAPL, NVML, the vendor's power interface). A
virtual machine has none: codecarbon then estimates from the processor's name and its load, and that
figure is called *modelled* wherever it appears. Memory is always modelled. Nothing is sent or
fetched: the offline tracker runs without its network parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from claimbench.pricing.hosts import HostCost

EnergySource = Literal["measured", "modelled", "unavailable"]

METERED_CPU = ("intel_rapl", "intel_power_gadget", "windows_emi")
METERED_KINDS = ("GPU", "AppleSiliconChip", "Raspberry")
SAMPLE_S = 5


@dataclass(frozen=True, slots=True)
class Energy:
    """Electricity between start and stop, idle time included; None where nothing could tell.

    ``parts``: component -> (kWh, measured or modelled). ``source`` is ``measured`` if processor and
    GPU are; what is modelled even then (memory) is named in ``note``.
    """

    kwh: float | None
    seconds: float | None
    source: EnergySource
    parts: Mapping[str, tuple[float, EnergySource]]
    note: str

    @property
    def watts(self) -> float | None:
        """Mean watts over the time metered."""
        if self.kwh is None or not self.seconds:
            return None
        return self.kwh * 3_600_000 / self.seconds


class EnergyMeter:
    """Meters this machine from :meth:`start` to :meth:`stop`; one at a time.

    Args:
        tracker: makes a codecarbon tracker (for tests); None uses the installed package, or
            nothing.
    """

    def __init__(self, tracker: Callable[[], Any] | None = None) -> None:
        self._make = tracker or _codecarbon()
        self._tracker: Any = None

    @property
    def available(self) -> bool:
        """Whether there is anything to meter with."""
        return self._make is not None

    def start(self) -> None:
        """Begin. Does nothing where codecarbon is not installed."""
        if self._make is not None:
            self._tracker = self._make()
            self._tracker.start()

    def stop(self) -> Energy:
        """End, and say what was used and how that is known."""
        if self._tracker is None:
            return Energy(
                None, None, "unavailable", {}, "codecarbon is not installed (claimbench[energy])"
            )
        self._tracker.stop()
        data = getattr(self._tracker, "final_emissions_data", None)
        if data is None:
            return Energy(None, None, "unavailable", {}, "codecarbon found nothing to meter")
        sources = _sources(self._tracker)
        energies = {"cpu": data.cpu_energy, "gpu": data.gpu_energy, "ram": data.ram_energy}
        parts = {
            name: (float(kwh), sources.get(name, "modelled"))
            for name, kwh in energies.items()
            if kwh
        }
        metered = bool(parts) and all(
            source == "measured" for name, (_, source) in parts.items() if name != "ram"
        )
        modelled = [name for name, (_, source) in parts.items() if source == "modelled"]
        note = (
            f"modelled by codecarbon, no meter: {', '.join(modelled)}"
            if modelled
            else "read from meters"
        )
        return Energy(
            float(data.energy_consumed),
            float(data.duration),
            "measured" if metered else "modelled",
            parts,
            note,
        )


@contextmanager
def metered(
    wanted: bool, keep: Callable[[Energy], None], meter: Callable[[], EnergyMeter] = EnergyMeter
) -> Iterator[None]:
    """Meter the machine while the block runs and hand the result to ``keep``, also where nothing
    could be metered.

    Args:
        wanted: whether any price depends on it; a meter samples in a thread of its own, so none
            runs without need.
        keep: takes the result, also after an error in the block.
        meter: makes the meter.
    """
    if not wanted:
        yield
        return
    running = meter()
    running.start()
    try:
        yield
    finally:
        keep(running.stop())


def combined(sessions: Iterable[Energy]) -> Energy | None:
    """Add up the electricity of several sessions; None if none was asked to meter.

    Sessions that could tell nothing are left out; ``measured`` only if every other one was.
    """
    every = list(sessions)
    known = [e for e in every if e.kwh is not None and e.seconds]
    if not known:
        return every[0] if every else None
    names = dict.fromkeys(name for e in known for name in e.parts)
    parts: dict[str, tuple[float, EnergySource]] = {}
    for name in names:
        mine = [e.parts[name] for e in known if name in e.parts]
        sure: EnergySource = (
            "measured" if all(source == "measured" for _, source in mine) else "modelled"
        )
        parts[name] = (sum(kwh for kwh, _ in mine), sure)
    source: EnergySource = "measured" if all(e.source == "measured" for e in known) else "modelled"
    note = "; ".join(dict.fromkeys(e.note for e in known))
    return Energy(
        sum(e.kwh or 0.0 for e in known), sum(e.seconds or 0.0 for e in known), source, parts, note
    )


def with_energy(host: HostCost, energy: Energy) -> HostCost:
    """Return the host with the watts of this run in place of the stated ones, marked measured or
    modelled.

    A host without a price per kWh, or a run in which nothing could be metered, is returned as it
    is: rent already holds the electricity.
    """
    if energy.watts is None or energy.source == "unavailable" or host.usd_per_kwh is None:
        return host
    watts = Decimal(repr(round(energy.watts, 6)))
    return replace(host, watts=watts, watts_source=energy.source, notes=(*host.notes, energy.note))


def _sources(tracker: Any) -> dict[str, EnergySource]:
    """Return how codecarbon knows each component, from the hardware it set up."""
    found: dict[str, EnergySource] = {"ram": "modelled"}
    for part in getattr(tracker, "_hardware", ()):
        kind = type(part).__name__
        if kind == "CPU":
            found["cpu"] = "measured" if getattr(part, "_mode", None) in METERED_CPU else "modelled"
        elif kind in METERED_KINDS:
            found["gpu" if kind == "GPU" else "cpu"] = "measured"
    return found


def _codecarbon() -> Callable[[], Any] | None:
    from importlib.util import find_spec

    if find_spec("codecarbon") is None:
        return None

    def make() -> Any:
        import logging

        from codecarbon import OfflineEmissionsTracker

        logging.getLogger("codecarbon").setLevel(
            logging.CRITICAL
        )  # its constructor speaks before it reads log_level
        # The country only sets the CO2 factor, which is not used; without one codecarbon asks the
        # network.
        return OfflineEmissionsTracker(
            country_iso_code="USA",
            output_methods=[],  # whatever a configuration file says: no file, no service
            log_level="critical",
            measure_power_secs=SAMPLE_S,
            allow_multiple_runs=True,
        )

    return make
