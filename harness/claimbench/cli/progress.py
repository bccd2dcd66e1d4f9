"""What a person sees while a run goes on: a live table in a terminal, plain lines elsewhere
(``--json``: on stderr).
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, TextIO

from claimbench.cli.streams import drawn
from claimbench.privacy.visible import visible

if TYPE_CHECKING:
    from rich.table import Table

    from claimbench.clock import Clock
    from claimbench.run.progress import ArmProgress, Progress

PLAIN_EVERY_S = 10.0
LIVE_EVERY_S = 0.25


def dollars(amount: Decimal) -> str:
    """Show an amount with as many decimals as it needs to be told from zero."""
    if amount == 0:
        return "$0.00"
    return f"${amount:.2f}" if amount >= 1 else f"${amount:.{min(8, 3 - amount.adjusted())}f}"


def _spent(known: Decimal, unpriced: int) -> str:
    """Show dollars spent; a sum of which nothing is known is unknown, not $0.00."""
    if not unpriced:
        return dollars(known)
    return f"{dollars(known)} + unknown" if known else "unknown dollars"


def duration(seconds: float) -> str:
    """Show seconds as ``45 s``, ``3:05 min`` or ``2:10 h``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d} min"
    return f"{minutes // 60}:{minutes % 60:02d} h"


def _left(arm: ArmProgress, elapsed_s: float) -> str:
    if arm.stopped is not None:
        return "stopped"
    if arm.done == 0 or elapsed_s <= 0:
        return "-"
    return (
        "done"
        if arm.done >= arm.planned
        else duration((arm.planned - arm.done) * elapsed_s / arm.done)
    )


def line(progress: Progress, now_ns: int) -> str:
    """Return the state in one plain line."""
    elapsed_s = (now_ns - progress.started_ns) / 1e9
    spent = sum((arm.spent_usd for arm in progress.arms.values()), Decimal(0))
    if progress.planned == 0:
        return "nothing left to send: every planned call is finished"
    cost = _spent(spent, sum(arm.unpriced for arm in progress.arms.values()))
    errors = sum(arm.errors for arm in progress.arms.values())
    rate = progress.done / elapsed_s if elapsed_s > 0 else 0.0
    waiting = max(
        (arm.planned - arm.done for arm in progress.arms.values() if arm.stopped is None), default=0
    )
    if progress.done >= progress.planned:
        return (
            f"{progress.done}/{progress.planned} calls  {rate:.1f}/s  {cost} in all "
            f" {errors} errors  done in {duration(elapsed_s)}"
        )
    left = "time left unknown yet"
    if progress.done:
        left = f"about {duration(waiting * elapsed_s * len(progress.arms) / progress.done)} left"
    return (
        f"{progress.done}/{progress.planned} calls  {rate:.1f}/s  {cost} so far  {errors}"
        f" errors  {left}"
    )


def _table(progress: Progress, now_ns: int) -> Table:
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    elapsed_s = (now_ns - progress.started_ns) / 1e9
    table = Table(box=None, pad_edge=False)
    for column, justify in (
        ("arm", "left"),
        ("", "left"),
        ("done", "right"),
        ("per s", "right"),
        ("dollars", "right"),
    ):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]  # rich's literal
    table.add_column("errors", justify="right")
    table.add_column("left", justify="right")
    for name, arm in progress.arms.items():
        bar = ProgressBar(total=max(1, arm.planned), completed=arm.done, width=24)
        spent = _spent(arm.spent_usd, arm.unpriced)
        rate = f"{arm.done / elapsed_s:.1f}" if elapsed_s > 0 else "-"
        left = _left(arm, elapsed_s)
        errors = str(arm.errors) + (f" ({arm.retries} retried)" if arm.retries else "")
        table.add_row(visible(name), bar, f"{arm.done}/{arm.planned}", rate, spent, errors, left)
    return table


@contextlib.asynccontextmanager
async def shown(
    progress: Progress, clock: Clock, out: TextIO, notes_said: set[str]
) -> AsyncIterator[None]:
    """Show ``progress`` on ``out`` until the block ends; notes are printed once, as they come, into
    ``notes_said``.
    """
    with _painter(progress, clock, out, notes_said) as paint:
        task = asyncio.ensure_future(
            _repeat(paint, LIVE_EVERY_S if out.isatty() else PLAIN_EVERY_S)
        )
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            paint()


async def _repeat(paint: Painter, every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        paint()


class Painter:
    """Draws the present state; ``live`` is rich's display, or None for plain lines."""

    def __init__(
        self,
        progress: Progress,
        clock: Clock,
        out: TextIO,
        live: object | None,
        notes_said: set[str],
    ) -> None:
        self._progress = progress
        self._clock = clock
        self._out = out
        self._live = live
        self._notes_said = notes_said
        self._last = ""

    def __call__(self) -> None:
        """Draw, and print notes that are new."""
        for note in self._progress.notes:
            if note.text not in self._notes_said:
                self._print(f"note: {note.text}")
                self._notes_said.add(note.text)
        now = self._clock.monotonic_ns()
        if self._live is not None:
            self._live.update(_table(self._progress, now), refresh=True)  # type: ignore[attr-defined]  # rich.live.Live
            return
        text = line(self._progress, now)
        if text != self._last:
            self._print(text)
        self._last = text

    def _print(self, text: str) -> None:
        if self._live is not None:
            self._live.console.print(visible(text), markup=False)  # type: ignore[attr-defined]  # rich.live.Live
        else:
            print(text, file=self._out, flush=True)


@contextlib.contextmanager
def _painter(
    progress: Progress, clock: Clock, out: TextIO, notes_said: set[str]
) -> Iterator[Painter]:
    if not out.isatty():
        yield Painter(progress, clock, out, None, notes_said)
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(file=drawn(out)), auto_refresh=False) as live:
        yield Painter(progress, clock, out, live, notes_said)


def stderr() -> TextIO:
    """Return where progress goes: standard output stays free for results."""
    return sys.stderr
