"""Doubles of the harness's own parts, for tests of ours and of plugins.

They stand in for what is slow or not repeatable in a test, and nothing the harness itself runs
imports them:

* :class:`SimulatedLoop`, :class:`LoopClock` and :func:`run_simulated`: an event loop and a clock on
  which hours of pauses, rate limits and retries pass in seconds, in the order that real time would
  give. For a provider that waits::

      def test_it_waits_for_a_minute():
          clock = LoopClock()

          async def main():
              await my_provider_under(clock).fetch()
              return clock.monotonic_ns()

          assert run_simulated(main()) >= 60e9

* :func:`tables_from_arrays`: the tables that claims, reports and
  exporters read, from plain arrays, one value per item. For an exporter or a statistic::

      items, calls = tables_from_arrays({"a": [1, 0, 1]}, usd={"a": [0.1, 0.2, 0.1]})

* :class:`claimbench.clock.FakeClock`, beside the protocol it fulfils: a clock that moves only when
  told to, for code that asks for the time and does not wait on a loop.

Providers that answer without a network are in ``claimbench_providers.scripted``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claimbench._lazy import lazy

if TYPE_CHECKING:
    from claimbench.testing.simulated import LoopClock, SimulatedLoop, run_simulated
    from claimbench.testing.tables import tables_from_arrays

__all__ = ["LoopClock", "SimulatedLoop", "run_simulated", "tables_from_arrays"]
__getattr__ = lazy(
    __name__,
    {
        "LoopClock": "simulated",
        "SimulatedLoop": "simulated",
        "run_simulated": "simulated",
        "tables_from_arrays": "tables",
    },
)
