"""A decision in plain sentences, built only from what is decided."""

from __future__ import annotations

import math
from collections.abc import Sequence

from claimbench.decision.choose import Against, Decision, Month
from claimbench.decision.gates import Cell
from claimbench.decision.weights import Move


def headline(decision: Decision) -> str:
    """Return the one sentence that a buyer reads first."""
    if decision.outcome == "recommended" and decision.arm is not None:
        return f"Choose {decision.arm}: {_why(decision, decision.arm)}."
    if decision.outcome == "tied":
        return f"No recommendation yet: {_tie(decision)}."
    if decision.outcome == "open":
        return f"No recommendation yet: {_open(decision)}."
    return f"No recommendation: {_missed(decision)}."


def _why(decision: Decision, arm: str) -> str:
    n = len(decision.spec.requirements)
    rivals = [name for name in decision.candidates if name != arm]
    if not rivals:
        others = len(decision.arms) - 1
        if n == 0:
            return "it is the only arm that was measured"
        alone = f"the only one of {others + 1} arms that" if others else "it"
        return f"{alone} meets {_all(n)}"
    leads = [f"{_points(decision.leads[name].est)} over {name}" for name in rivals]
    meets = f"it meets {_all(n)}, and " if n else ""
    return f"{meets}it has the highest total by your weights, by {_list(leads)}"


def _all(n: int) -> str:
    return "the one requirement" if n == 1 else f"all {n} requirements"


def _tie(decision: Decision) -> str:
    names = _list(decision.candidates)
    both = "both meet" if len(decision.candidates) == 2 else "all meet"
    n = len(decision.spec.requirements)
    meets = f"{names} {both} {_all(n)}" if n else f"{names} were measured"
    if not decision.spec.criteria:
        return f"{meets}; no criteria are declared that would choose between them"
    unknown = [name for name in decision.candidates if name in decision.why_no_total]
    if unknown:
        return f"{meets}; {unknown[0]} has no total ({decision.why_no_total[unknown[0]]})"
    return f"{meets}; your weights do not separate them on these data{_cheaper(decision)}"


def _cheaper(decision: Decision) -> str:
    """Name the cheapest of the candidates, where that is decided against the incumbent only."""
    known: list[tuple[float, str]] = []
    for name in decision.candidates:
        ratio = _dollar_ratio(decision, name)
        if ratio is None:
            return ""
        known.append((ratio, name))
    if len({ratio for ratio, _ in known}) < 2:
        return ""
    return f" ({min(known)[1]} costs least per request)"


def _dollar_ratio(decision: Decision, name: str) -> float | None:
    if name == decision.spec.incumbent:
        return 1.0
    against = decision.against.get(name)
    return None if against is None or against.dollars is None else against.dollars.est


def _open(decision: Decision) -> str:
    nearest = nearest_arm(decision)
    if nearest is None:
        return "no arm meets every requirement"
    cells = decision.of(nearest, "open")
    names = _list([cell.requirement for cell in cells])
    run = "" if nearest in decision.arms else f" (not run: {decision.not_run.get(nearest, '')})"
    return f"no arm meets every requirement; nearest is {nearest}{run}, open: {names}"


def _missed(decision: Decision) -> str:
    if not decision.arms:
        return "no arm was measured"
    parts = []
    for arm in decision.arms:
        names = [cell.requirement for cell in decision.of(arm, "missed")]
        parts.append(f"{arm} misses {_list(names)}")
    return "each arm misses a requirement (" + "; ".join(parts) + ")"


def nearest_arm(decision: Decision) -> str | None:
    """Return the arm that misses nothing and leaves the least open, measured ones first."""
    order = [*decision.arms, *decision.not_run]
    could = [arm for arm in order if decision.state(arm) == "open"]
    if not could:
        return None
    return min(could, key=lambda arm: (arm not in decision.arms, len(decision.of(arm, "open"))))


def against_lines(decision: Decision, arm: str) -> list[str]:
    """Return what an arm is against the incumbent, each figure with its interval."""
    against = decision.against.get(arm)
    incumbent = decision.spec.incumbent
    if against is None or incumbent is None:
        return []
    level = f"{100 * (1 - decision.alpha):.4g}%"
    bill = _bill(against, incumbent, level)
    dollars = _dollars(against, incumbent, level) if bill is None else bill
    return [line for line in (dollars, _score(against, level)) if line]


def _bill(against: Against, incumbent: str, level: str) -> str | None:
    mine, theirs = against.month, against.was
    if mine is None or theirs is None:
        return None
    return (
        f"{_usd(mine, level)} a month instead of {_usd(theirs, level)} of {incumbent}"
        f" ({mine.rests_on})"
    )


def _usd(month: Month, level: str) -> str:
    said = f"${month.usd:,.2f}" if month.usd < 100 else f"${month.usd:,.0f}"
    if month.low is None or month.high is None:
        return said
    ends = [f"${end:,.2f}" if end < 100 else f"${end:,.0f}" for end in (month.low, month.high)]
    return said if ends[0] == ends[1] == said else f"{said} ({level}: {ends[0]} to {ends[1]})"


def _dollars(against: Against, incumbent: str, level: str) -> str | None:
    found = against.dollars
    if found is None or found.est is None or not found.bounded:
        return None
    less, lo, hi = 1 - found.est, 1 - found.hi, 1 - found.lo
    if lo > 0:
        said = f"{_share(less)} cheaper per request than {incumbent}"
        ends = (lo, hi)
    elif hi < 0:
        said = f"{_share(-less)} dearer per request than {incumbent}"
        ends = (-hi, -lo)
    else:
        return (
            f"dollars per request: not told apart from {incumbent} ({_signed(-less)},"
            f" {level}: {_signed(-hi)} to {_signed(-lo)})"
        )
    return f"{said} ({level}: {_share(ends[0])} to {_share(ends[1])})"


def _score(against: Against, level: str) -> str | None:
    found = against.accuracy
    if found is None or found.est is None or not found.bounded:
        return None
    return (
        f"accuracy {100 * found.est:+.1f} points ({level}:"
        f" {100 * found.lo:+.1f} to {100 * found.hi:+.1f})"
    )


def unsettled(decision: Decision) -> list[Cell]:
    """Return the requirements still open of the measured arms that miss none."""
    found = []
    for arm in decision.arms:
        if decision.state(arm) == "open":
            found += decision.of(arm, "open")
    return found


def wins_line(decision: Decision) -> str | None:
    """Say under how many of all weights the leading arm wins."""
    if not decision.wins or decision.totals is None:
        return None
    totals = decision.totals
    leader = decision.arm or max(decision.wins, key=lambda arm: totals.total(arm) or 0.0)
    return f"{leader} has the highest total under {100 * decision.wins[leader]:.0f}% of all weights"


def move_line(decision: Decision) -> str | None:
    """Say the smallest change of weights that changes the winner."""
    if not decision.wins:
        return None
    move = decision.move
    if move is None:
        return "no change of weights changes the winner"
    if not move.taken:
        return f"{move.rival} is level with it"
    return f"to draw level, {move.rival} needs {_moved(move)}"


def _moved(move: Move) -> str:
    parts = [f"{_weight(part)} points of weight from {name}" for name, part in move.taken]
    return f"{_list(parts)} moved to {move.given_to}"


def _weight(share: float) -> str:
    points = 100 * share
    return f"{points:.0f}" if points >= 1 else f"{points:.2g}"


def _points(points: float) -> str:
    return f"{points:.1f} points"


def _share(share: float) -> str:
    """Return a share as a percentage with as many digits as it takes to tell it from the ends."""
    percent = 100 * share
    digits = 1 if abs(percent) < 99.9 else min(4, 1 + math.ceil(-math.log10(100 - percent + 1e-9)))
    return f"{percent:.{max(digits, 1)}f}%"


def _signed(share: float) -> str:
    return f"{100 * share:+.1f}%"


def _list(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
