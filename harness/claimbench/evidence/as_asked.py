"""Whether a stored run is the one that somebody would measure now: the same plan, of the same arms.

What counts is what a registration fixes (:func:`claimbench.evidence.registration.fixed`).
"""

from __future__ import annotations

from collections.abc import Sequence

from claimbench.evidence.registration import changes, fixed
from claimbench.run.arms import NOT_ASKED
from claimbench.suite.codec import suite_from_json
from claimbench.types import Manifest, Suite

_SET = "overrides"
"""Option of a suite with what was set of it, as it was written: what came of that is compared."""


def not_as_asked(
    manifest: Manifest, suite: Suite, *, arms: Sequence[str], limit: int | None, book: str | None
) -> list[str]:
    """Return how a stored run differs from what would be measured now, in words; empty where it is
    that.

    Args:
        manifest: of the run.
        suite: as its file reads now, with what is set of it.
        arms: the arms that are asked; empty: all.
        limit: how many samples of each task; None: all.
        book: text of the price book frozen now; None: prices are those of the run.
    """
    then = suite_from_json(manifest.suite)
    kept = str(manifest.options["price_book"])
    same = _taken(suite, limit) == _taken(suite, manifest.limit)
    before = fixed(then, kept, manifest.limit)
    now = fixed(suite, kept if book is None else book, manifest.limit if same else limit)
    for plan in (before, now):
        plan.pop(_SET, None)
    found = changes(before, now)
    left_out = [name for name, why in manifest.arms_not_run.items() if why == NOT_ASKED]
    wanted = {arm.name for arm in suite.arms if not arms or arm.name in arms}
    found += [f"arm {name} was not asked" for name in left_out if name in wanted]
    return found + [
        f"arm {arm.name} was asked too"
        for arm in then.arms
        if arm.name not in wanted and arm.name not in left_out
    ]


def _taken(suite: Suite, limit: int | None) -> dict[str, int]:
    """Return how many samples of each task a limit lets through."""
    sizes = {task.name: len(task.samples) for task in suite.tasks}
    return {name: size if limit is None else min(size, limit) for name, size in sizes.items()}
