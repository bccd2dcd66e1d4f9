"""What variants of one arm show beside the claims: how many answers a quantisation changes, and how
far the wording of a prompt moves an accuracy.
"""

from __future__ import annotations

import difflib
import statistics
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from claimbench import stats
from claimbench.number_text.plain import is_unspaced
from claimbench.scorers.base import visible
from claimbench.stats import Interval
from claimbench.stats.two_way import over_wordings, over_wordings_ci
from claimbench.tables.types import CallTable, ItemTable
from claimbench.types import Arm, CallRecord, Outcome, Suite, said_of

FEWEST = 20
"""Items below which nothing is said."""


def variant_lines(
    suite: Suite,
    items: ItemTable,
    calls: CallTable,
    changed: Mapping[str, tuple[Interval, Interval]],
) -> list[str]:
    """Say what the variants of each arm show; empty for a suite without variants.

    ``changed``: by quantisation, what :func:`changed_answers` found, where it found anything.
    """
    lines: list[str] = []
    for base, arms in families_of(suite.arms).items():
        lines += _wording_lines(base, arms, items, suite)
        lines += [
            _changed_line(base, arm.name, items, changed[arm.name]) + _speed(base, arm.name, calls)
            for arm in arms
            if arm.name in changed
        ]
    return lines


def families_of(arms: Sequence[Arm]) -> dict[str, tuple[Arm, ...]]:
    """Map each arm that has variants to itself and them, in the suite's order."""
    found: dict[str, list[Arm]] = {}
    for arm in arms:
        if arm.variant is not None:
            found.setdefault(arm.variant.base, []).append(arm)
    own = {arm.name: arm for arm in arms}
    return {base: (own[base], *mine) for base, mine in found.items() if base in own}


Texts = Mapping[tuple[str, str], str]
"""(arm, item) -> the first epoch's answer, its calls of tools among it, without thoughts."""
SAID = frozenset({Outcome.OK, Outcome.EMPTY, Outcome.REFUSED, Outcome.TRUNCATED})
"""What a model said to the end, or to the tokens it has: who runs on to them has changed, too."""


def texts_of(records: Iterable[CallRecord]) -> Texts:
    """Return the answers of the first epoch."""
    return {
        (r.call.arm, f"{r.call.task}/{r.call.sample_id}"): said_of(
            visible(r.text).strip(), r.tool_calls
        )
        for r in records
        if r.call.epoch == 0 and r.outcome in SAID
    }


def units(text: str) -> list[str]:
    """Return the words of a text where blanks part them, and the signs of scripts without blanks
    (Chinese, Japanese, Thai ...), each with the marks that stand on it.
    """
    found: list[str] = []
    for word in text.split():
        before = ""
        for char in word:
            kind = _kind(char)
            if before and (kind == "mark" or (kind == "word" and before == "word")):
                found[-1] += char
            else:
                found.append(char)
                before = kind
    return found


def _kind(char: str) -> str:
    if unicodedata.category(char).startswith("M"):
        return "mark"
    return "sign" if is_unspaced(char) else "word"


def changed_answers(
    base: str, arm: Arm, items: ItemTable, texts: Texts, alpha: float
) -> tuple[Interval, Interval] | None:
    """Return on what share of items an arm answers something else than ``base``, and how alike the
    answers are, unit by unit (:func:`units`); None below :data:`FEWEST` items with both answers.
    """
    changed: list[float] = []
    alike: list[float] = []
    cluster: list[str] = []
    for item, group in zip(items.items, items.cluster.tolist(), strict=True):
        one, two = texts.get((base, item)), texts.get((arm.name, item))
        if one is None or two is None:
            continue
        changed.append(float(one != two))
        alike.append(difflib.SequenceMatcher(None, units(one), units(two), False).ratio())
        cluster.append(group)
    if len(changed) < FEWEST:
        return None
    found = stats.accuracy_ci(np.array(changed), stats.cluster_codes(cluster), alpha=alpha)
    words = stats.mean_ci(np.array(alike), stats.cluster_codes(cluster), alpha)
    return found, replace(words, lo=max(words.lo, 0.0), hi=min(words.hi, 1.0))  # NaN stays


def _changed_line(base: str, arm: str, items: ItemTable, told: tuple[Interval, Interval]) -> str:
    """Say on what share of items a quantisation answers something else, and how alike the answers
    are word by word.
    """
    found, mean = told
    a, b = items.arms[base].score, items.arms[arm].score
    both = ~np.isnan(a) & ~np.isnan(b)
    moved = f"; right or wrong changed on {float((a[both] != b[both]).mean()):.1%}"
    return (
        f"{arm} answers otherwise than {base} on {found.est or 0.0:.1%}"
        f" [{found.lo:.1%}, {found.hi:.1%}] of {found.n:,} items{moved if both.any() else ''};"
        f" the words of both agree to {mean.est or 0.0:.1%} [{mean.lo:.1%}, {mean.hi:.1%}]."
    )


def _speed(base: str, name: str, calls: CallTable) -> str:
    """Say the median time per output token of both, where both are known."""
    medians = []
    for arm in (base, name):
        rows = calls.arms.get(arm)
        known = [] if rows is None else rows.tpot_s[np.isfinite(rows.tpot_s)].tolist()
        if len(known) < FEWEST:
            return ""
        medians.append(statistics.median(known))
    return f" Median time per output token: {medians[1]:.4g} s, against {medians[0]:.4g} s."


def _wording_lines(base: str, arms: Sequence[Arm], items: ItemTable, suite: Suite) -> list[str]:
    """Say an arm's accuracy over all wordings of a task's prompt, their spread in the interval."""
    wordings = [
        arm for arm in arms if arm.variant is None or set(arm.variant.factors) == {"prompt"}
    ]
    lines: list[str] = []
    for task in suite.tasks:
        asked = [
            arm.name
            for arm in wordings
            if arm.variant is None or not arm.variant.tasks or task.name in arm.variant.tasks
        ]
        mine = items.task == task.name
        if len(asked) < 2 or not mine.any():
            continue
        table = np.stack([items.arms[name].score[mine] for name in asked], axis=1)
        known = table[~np.isnan(table)]
        if len(known) == 0 or known.min() < 0 or known.max() > 1:
            continue
        found = over_wordings(table, items.cluster[mine])
        if found is None or found.n < FEWEST:
            continue
        ends = over_wordings_ci(found, suite.alpha)
        text = (
            f"{base} over {found.n_wordings} wordings of {task.name}: {found.mean:.1%}"
            f" [{ends.lo:.1%}, {ends.hi:.1%}], wordings as a random effect (their accuracies have a"
            f" standard deviation of {100 * found.spread:.2g} points)"
        )
        if found.n_wordings == 2:
            text += "; two wordings hardly show their spread: three or more narrow the interval"
        lines.append(f"{text}.")
    return lines
