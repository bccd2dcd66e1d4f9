"""What a person sees while a run goes on: a live table in a terminal, plain lines elsewhere
(``--json``: on stderr).
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, TextIO

from claimbench.cli.quality import AT_ONCE
from claimbench.cli.streams import drawn
from claimbench.privacy.visible import visible
from claimbench.run.progress import ArmProgress, Open

if TYPE_CHECKING:
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    from claimbench.cli.quality import QualitySoFar
    from claimbench.clock import Clock
    from claimbench.run.progress import Progress

PLAIN_EVERY_S = 10.0
LIVE_EVERY_S = 0.25
PLAIN_AT_ONCE = 100
"""Answers looked at for each plain line."""
ETA_FROM = 5
"""Finished calls from which the time left is said."""
BAR = 24
ZERO = Decimal(0)


def dollars(amount: Decimal) -> str:
    """Show an amount with as many decimals as it needs to be told from zero."""
    if amount == 0:
        return "$0.00"
    return f"${amount:.2f}" if amount >= 1 else f"${amount:.{min(8, 3 - amount.adjusted())}f}"


def _spent(known: Decimal, more: Open) -> str:
    """Show dollars spent; a sum of which nothing is known is unknown, not $0.00."""
    if not more.n:
        return dollars(known)
    return f"{dollars(known)} + unknown" if known else "unknown dollars"


def _in_all(known: Decimal, more: Open, in_flight: int = 0) -> str:
    """Show dollars spent, with what bounds those that nobody knows, and of how many attempts."""
    if not more.n or (more.at_most is None and not in_flight):
        return _spent(known, more)
    most = "unknown" if more.at_most is None else f"at most {dollars(more.at_most)}"
    if more.n == in_flight:
        which = f"{in_flight} calls in flight and sent again"
    else:
        which = f"{more.n} requests whose bill nobody knows"
        which += f" ({in_flight} in flight and sent again)" if in_flight else ""
    return f"{dollars(known)} + {most} for {which}"


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
    if arm.done >= arm.planned:
        return "done" if arm.planned else "-"
    if arm.done < ETA_FROM or elapsed_s <= 0:
        return "-"
    return duration((arm.planned - arm.done) * elapsed_s / arm.done)


def _all_left(progress: Progress, elapsed_s: float) -> str:
    """Return the time that is left, of the arm that has most to do; empty before a few calls say
    it.
    """
    if progress.done < ETA_FROM:
        return ""
    going = [arm for arm in progress.arms.values() if arm.stopped is None]
    waiting = max((arm.planned - arm.done for arm in going), default=0)
    return duration(waiting * elapsed_s * len(progress.arms) / progress.done)


def line(progress: Progress, now_ns: int, quality: QualitySoFar | None = None) -> str:
    """Return the state in one plain line."""
    elapsed_s = (now_ns - progress.started_ns) / 1e9
    spent = sum((arm.spent_usd for arm in progress.arms.values()), ZERO)
    if progress.planned == 0:
        return "nothing left to send: every planned call is finished"
    unsaid = _open(progress)
    cost = _spent(spent, unsaid)
    errors = sum(arm.errors for arm in progress.arms.values())
    rate = progress.done / elapsed_s if elapsed_s > 0 else 0.0
    more = _more(progress, quality)
    if progress.done >= progress.planned:
        own = _in_all(spent, unsaid)
        money = f"{own} in all" if progress.earlier_usd is None else _of_run(progress, cost)
        return (
            f"{progress.done}/{progress.planned} calls  {rate:.1f}/s  {money} "
            f" {errors} errors  done in {duration(elapsed_s)}{more}"
        )
    left = _all_left(progress, elapsed_s)
    said = f"about {left} left" if left else "time left unknown yet"
    return (
        f"{progress.done}/{progress.planned} calls  {rate:.1f}/s  {cost} so far  {errors}"
        f" errors  {said}{more}"
    )


def _of_run(progress: Progress, cost: str) -> str:
    """Tell this session's dollars from the run's, and what bills that nobody knows may add."""
    arms = progress.arms.values()
    spent = sum((arm.spent_usd for arm in arms), progress.earlier_usd or ZERO)
    more = progress.earlier_open.and_also([_open(progress)])
    return f"this session {cost}, the run {_in_all(spent, more, progress.in_flight)}"


def _open(progress: Progress) -> Open:
    """Return this session's attempts whose bill nobody knows."""
    return Open().and_also(arm.open for arm in progress.arms.values())


def _dearer(progress: Progress) -> str:
    """Say what counts against a limit where it is more than vendors say they charged."""
    charged = sum((arm.spent_usd for arm in progress.arms.values()), progress.earlier_usd or ZERO)
    counts = charged + progress.more_usd
    if dollars(counts) == dollars(charged):
        return ""
    return f"  {dollars(counts)} counts against limits: prices say more than was charged"


def _more(progress: Progress, quality: QualitySoFar | None) -> str:
    """Return what is left of a budget and the quality so far, where either is known."""
    left = progress.left_usd()
    over, behind = progress.not_asked - progress.cut_off, progress.cut_off
    text = f"  {over:,} turns or steps not asked, for theirs had ended" if over else ""
    text += f"  {behind:,} turns or steps not asked behind a fault" if behind else ""
    text += _dearer(progress)
    held = progress.held_back()
    text += f"  {visible(held)}" if held else ""
    text += "" if left is None else f"  {dollars(left)} of the budget left"
    # a share of the few answers that were looked at is no result of a run that is over
    going = progress.done < progress.planned
    shares = (
        []
        if quality is None or not going
        else [f"{visible(a)} {quality.of(a)} of {quality.seen(a):,}" for a in quality.arms]
    )
    return text + (f"  right so far: {', '.join(shares)}" if shares else "")


def _table(
    progress: Progress, now_ns: int, quality: QualitySoFar | None = None, width: int = 120
) -> Table:
    """Return a row for each arm and one for all of them, ``width`` columns wide at most.

    Names are never cut: on a narrow terminal the bars and the rates go first, then long names are
    broken into lines.
    """
    from rich.table import Table
    from rich.text import Text

    elapsed_s = (now_ns - progress.started_ns) / 1e9
    going = progress.done < progress.planned  # see _more
    known = quality if going else None
    shares = {} if known is None else {name: known.of(name) for name in progress.arms}
    rows = [
        _row(visible(name), arm, elapsed_s, shares.get(name, ""))
        for name, arm in progress.arms.items()
    ]
    rows.append(_total(progress, elapsed_s))
    heads = ("arm", "", "done", "per s", "dollars", "right", "errors", "left")
    hidden = {"right"} if not any(shares.values()) else set()
    for drop in (set(), {""}, {"", "per s"}, {"", "per s", "right"}):
        kept = [i for i, head in enumerate(heads) if head not in hidden | drop]
        if _width(rows, heads, kept) <= width:
            break
    table = Table(box=None, pad_edge=False)
    for i in kept:
        table.add_column(
            heads[i],
            justify="left" if i < 2 else "right",
            no_wrap=i > 0,
            overflow="fold" if i == 0 else "ellipsis",
        )
    for row in rows:
        last = row is rows[-1]
        cells = [row[i] for i in kept]
        table.add_row(*cells, style="bold" if last else "")
    left = progress.left_usd()
    below = [progress.held_back()]
    if left is not None:
        below.append(f"{dollars(left)} of the budget left{_dearer(progress)}")
    if any(below):
        table.caption = Text("\n".join(visible(text) for text in below if text))
        table.caption_justify = "left"
    return table


Row = tuple["str | ProgressBar", ...]


def _row(name: str, arm: ArmProgress, elapsed_s: float, share: str) -> Row:
    from rich.progress_bar import ProgressBar

    return (
        name,
        ProgressBar(total=max(1, arm.planned), completed=arm.done, width=BAR),
        f"{arm.done}/{arm.planned}",
        f"{arm.done / elapsed_s:.1f}" if elapsed_s > 0 else "-",
        _spent(arm.spent_usd, arm.open),
        share,
        str(arm.errors) + (f" ({arm.retries} retried)" if arm.retries else ""),
        _left(arm, elapsed_s),
    )


def _total(progress: Progress, elapsed_s: float) -> Row:
    """Return the row of all arms together."""
    arms = progress.arms.values()
    whole = ArmProgress(
        progress.planned,
        progress.done,
        sum(arm.errors for arm in arms),
        sum(arm.retries for arm in arms),
        sum((arm.spent_usd for arm in arms), ZERO),
        _open(progress),
    )
    row = _row("all", whole, elapsed_s, "")
    over = progress.done >= progress.planned
    return (*row[:-1], "done" if over else _all_left(progress, elapsed_s) or "-")


def _width(rows: Sequence[Row], heads: Sequence[str], kept: Sequence[int]) -> int:
    """Return how wide the table is with these columns, two blanks between them."""
    from rich.cells import cell_len

    widths = []
    for i in kept:
        found = [row[i] for row in rows]
        cells = [cell_len(cell) if isinstance(cell, str) else BAR for cell in found]
        widths.append(max([cell_len(heads[i]), *cells]))
    return sum(widths) + 2 * (len(kept) - 1)


@contextlib.asynccontextmanager
async def shown(
    progress: Progress,
    clock: Clock,
    out: TextIO,
    notes_said: set[str],
    quality: QualitySoFar | None = None,
) -> AsyncIterator[None]:
    """Show ``progress`` on ``out`` until the block ends; notes are printed once, as they come, into
    ``notes_said``. ``quality`` looks at the answers meanwhile.
    """
    with _painter(progress, clock, out, notes_said, quality) as paint:
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
        quality: QualitySoFar | None = None,
    ) -> None:
        self._progress = progress
        self._clock = clock
        self._out = out
        self._live = live
        self._notes_said = notes_said
        self._quality = quality
        self._last = ""

    def __call__(self) -> None:
        """Draw, and print notes that are new."""
        for note in self._progress.notes:
            if note.text not in self._notes_said:
                self._print(f"note: {note.text}")
                self._notes_said.add(note.text)
        now = self._clock.monotonic_ns()
        if self._quality is not None:
            self._quality.take(self._progress, AT_ONCE if self._live is not None else PLAIN_AT_ONCE)
        if self._live is not None:
            width = self._live.console.width  # type: ignore[attr-defined]  # rich.live.Live
            table = _table(self._progress, now, self._quality, width)
            self._live.update(table, refresh=True)  # type: ignore[attr-defined]  # likewise
            return
        text = line(self._progress, now, self._quality)
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
    progress: Progress,
    clock: Clock,
    out: TextIO,
    notes_said: set[str],
    quality: QualitySoFar | None,
) -> Iterator[Painter]:
    if not out.isatty():
        yield Painter(progress, clock, out, None, notes_said, quality)
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(file=drawn(out)), auto_refresh=False) as live:
        yield Painter(progress, clock, out, live, notes_said, quality)


def stderr() -> TextIO:
    """Return where progress goes: standard output stays free for results."""
    return sys.stderr
