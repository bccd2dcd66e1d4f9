"""A small measured run for tests of bundles: two arms on the loopback vendors, one claim of each
kind.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from . import forked
from .conftest import LABELS, SUITE, Said, Vendor, _serve, environment

ABOUT = "about: {contamination: written today, not_claimed: [that it is fast]}\n"


def ran(folder: Path, *words: object, **more: str) -> Said:
    """Run ``bench`` in a folder, with ``more`` in its environment."""
    done = forked.run(
        words,
        cwd=folder,
        env=environment(more),
        timeout=240,
    )
    return Said(done.returncode, done.stdout, done.stderr)


@contextmanager
def desk_in(folder: Path, tickets: int = 36, change: Callable[[str], str] = str) -> Iterator[Path]:
    """Give the suite in ``folder`` while its servers run."""
    first, second = _serve(Vendor()), _serve(Vendor(right=50))
    good, cheap = next(first), next(second)
    rows = [
        {
            "id": f"t{i}",
            "text": f"ticket #{i} please help",
            "team": LABELS[i % 3],
            "person": f"p{i // 2}",
        }
        for i in range(tickets)
    ]
    (folder / "tickets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    text = SUITE.format(good=good.url, cheap=cheap.url)
    (folder / "desk.yaml").write_text(change(text) + ABOUT)
    try:
        yield folder / "desk.yaml"
    finally:
        for server in (first, second):
            next(server, None)
