"""How many of a list's first rows can be whose, over all that the file leaves open: rows that tie,
rows without a value, rows of nobody known, and rows that a way of counting may leave out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from claimbench.claims.beside.counting import Place
from claimbench.types.adoption import HubModel

Mine = Callable[[HubModel], bool | None]


def count_first(places: Sequence[Place], n: int, mine: Mine) -> tuple[int, int]:
    """Return the least and the most of the first ``n`` rows that are whose; exact."""
    ends: list[tuple[int, int]] = []
    for groups in _groupings(places):
        low = _least(groups, n, lambda model: mine(model) is True)
        high = n - _least(groups, n, lambda model: mine(model) is False)
        ends.append((low, high))
    return min(low for low, _ in ends), max(high for _, high in ends)


def within_reach(places: Sequence[Place], n: int) -> list[Place]:
    """Return the rows that may be among the first ``n``: those up to the tie with the n-th row that
    is surely counted. The others, most of a long list, can turn nothing.
    """
    reach = 0
    for groups in _groupings(places):
        sure = end = 0
        for group in groups:
            if sure >= n:
                break
            sure += sum(not place.doubtful for place in group)
            end += len(group)
        reach = max(reach, end)
    return list(places[:reach])


def without_ties(places: Sequence[Place]) -> list[Place]:
    """Return the rows as they stand."""
    return [replace(place, value=None) for place in places]


def without_doubt(places: Sequence[Place]) -> list[Place]:
    """Return the rows with all counted."""
    return [replace(place, doubtful=False) for place in places]


def _groupings(places: Sequence[Place]) -> list[list[list[Place]]]:
    """Return the rows in groups that tie. A row without a value, in a list that has values, may tie
    with the group above it or with the one below it.
    """
    if all(place.value is None for place in places):
        return [[[place] for place in places]]
    if all(place.value is not None for place in places):
        return [_grouped(places, [place.value for place in places])]
    above = _filled([place.value for place in places])
    below = _filled([place.value for place in reversed(places)])[::-1]
    return [_grouped(places, above), _grouped(places, below)]


def _filled(values: Sequence[float | None]) -> list[float | None]:
    found: list[float | None] = []
    last: float | None = None
    for value in values:
        last = last if value is None else value
        found.append(last)
    return found


def _grouped(places: Sequence[Place], values: Sequence[float | None]) -> list[list[Place]]:
    groups: list[list[Place]] = []
    last: float | None = None
    for place, value in zip(places, values, strict=True):
        if groups and value == last:
            groups[-1].append(place)
        else:
            groups.append([place])
        last = value
    return groups


def _least(groups: Sequence[Sequence[Place]], n: int, is_one: Callable[[HubModel], bool]) -> int:
    """Return the least of the first ``n`` rows that are of a kind: those of the kind stand last in
    their group, and a doubtful row is counted or left out, whichever gives less.

    ``least[k]``: the least of the kind among the first k rows counted so far.
    """
    least: dict[int, int] = {0: 0}
    for group in groups:
        for place in sorted(group, key=lambda one: is_one(one.model)):
            found: dict[int, int] = {}
            for k, count in least.items():
                if k == n or place.doubtful:
                    found[k] = min(found.get(k, count), count)
                if k < n:
                    more = count + is_one(place.model)
                    found[k + 1] = min(found.get(k + 1, more), more)
            least = found
    return least[n]
