"""Quantisations of an arm: size, memory, speed, and what their answers changed."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from claimbench.evaluation.variants import FEWEST, Texts, changed_answers, families_of, texts_of
from claimbench.stats import Interval
from claimbench.tables.types import CallTable, ItemTable
from claimbench.types import Arm, CallRecord, Json, Suite


@dataclass(frozen=True)
class Quantised:
    """One arm of a family. None: not known, or fewer than 20 items.

    ``file_bytes``: of the model's files; ``memory_bytes``: the most that loading it added to its
    process; ``tokens_per_s``: median over calls of output tokens by second; ``changed``: the share
    of items on which it answers something else than the base, and ``words``: how far the answers'
    words agree (both None for the base itself).
    """

    arm: str
    quantisation: str
    file_bytes: int | None
    memory_bytes: int | None
    tokens_per_s: float | None
    changed: Interval | None = None
    words: Interval | None = None


@dataclass(frozen=True)
class Quantisations:
    """An arm and its quantisations, itself first; only those that were run."""

    base: str
    rows: tuple[Quantised, ...]


def changed_by_arm(
    families: Iterable[Quantisations],
) -> dict[str, tuple[Interval, Interval]]:
    """Return, by quantisation, how many answers it changes and how alike the words are."""
    return {
        row.arm: (row.changed, row.words)
        for family in families
        for row in family.rows
        if row.changed is not None and row.words is not None
    }


def quantisations(
    suite: Suite,
    items: ItemTable,
    calls: CallTable,
    records: Iterable[CallRecord],
    facts: Mapping[str, Json],
) -> tuple[Quantisations, ...]:
    """Return the families of quantisations of a run; ``facts``: what providers said of each arm."""
    families: dict[str, list[Arm]] = {}
    for base, arms in families_of(suite.arms).items():
        mine = [
            arm
            for arm in arms
            if arm.name in items.arms
            and (arm.variant is None or set(arm.variant.factors) == {"quantisation"})
        ]
        if any(arm.variant is not None for arm in mine):
            families[base] = mine
    if not families:
        return ()
    texts = texts_of(records)
    return tuple(
        Quantisations(
            base,
            tuple(_row(base, arm, items, calls, texts, facts, suite.alpha) for arm in arms),
        )
        for base, arms in families.items()
    )


def _row(
    base: str,
    arm: Arm,
    items: ItemTable,
    calls: CallTable,
    texts: Texts,
    facts: Mapping[str, Json],
    alpha: float,
) -> Quantised:
    details = (facts.get(arm.name) or {}).get("details") or {}
    compared = None
    if arm.name != base:
        compared = changed_answers(base, arm, items, texts, alpha)
    value = None if arm.variant is None else arm.variant.factors.get("quantisation")
    return Quantised(
        arm=arm.name,
        quantisation=f"as given: {arm.model}" if value is None else str(value),
        file_bytes=_whole(details.get("file_bytes")),
        memory_bytes=_whole(details.get("peak_resident_bytes")),
        tokens_per_s=_speed(arm.name, calls),
        changed=None if compared is None else compared[0],
        words=None if compared is None else compared[1],
    )


def _whole(value: Json) -> int | None:
    known = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return int(value) if known else None


def _speed(arm: str, calls: CallTable) -> float | None:
    rows = calls.arms.get(arm)
    if rows is None:
        return None
    known = rows.tpot_s[np.isfinite(rows.tpot_s) & (rows.tpot_s > 0)]
    return 1 / statistics.median(known.tolist()) if len(known) >= FEWEST else None
