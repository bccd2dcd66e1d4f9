"""A decision in plain sentences, built only from what is decided."""

from __future__ import annotations

import math
from collections.abc import Sequence

from claimbench import stats
from claimbench.decision.choose import Against, Decision, Month
from claimbench.decision.gates import Cell
from claimbench.decision.values import DOLLARS
from claimbench.decision.weights import Move
from claimbench.number_text.dollars import equal, told_apart, usd
from claimbench.types import Criterion

LEAST_YEAR = 0.005
"""Dollars a year below which two bills are the same."""
LEAST_LEAD = 0.05
"""Points below which no number of samples tells two totals apart."""
MOST_TIMES = 100
"""So many times the samples of the run are more than anybody would ask."""
HARDLY = "More samples would hardly settle it, another criterion or requirement may"
LEVEL = 1e-12
"""Values of a criterion that differ by less are the same."""


def headline(decision: Decision) -> str:
    """Return the one sentence that a buyer reads first."""
    if decision.outcome == "recommended" and decision.arm is not None:
        return f"Choose {decision.arm}: {_why(decision, decision.arm)}{_still_open(decision)}."
    if decision.outcome == "tied":
        return f"No recommendation yet: {_tie(decision)}{_still_open(decision)}."
    if decision.outcome == "alone":
        return f"No recommendation: {_alone(decision)}."
    if decision.outcome == "open":
        return f"No recommendation yet: {_open(decision)}."
    return f"No recommendation: {_missed(decision)}."


def _why(decision: Decision, arm: str) -> str:
    n = len(decision.spec.requirements)
    rivals = [name for name in decision.candidates if name != arm]
    if not rivals:
        return f"the only one of {len(decision.arms)} arms that meets {_all(n)}"
    nearest = min(rivals, key=lambda name: decision.leads[name].est)
    by = f"by {_lead(decision, nearest)}"
    others = len(rivals) - 1
    more = f", and by more over the other {others}" if others > 1 else ""
    more = f", and by more over {next(r for r in rivals if r != nearest)}" if others == 1 else more
    meets = f"it meets {_all(n)}, and " if n else ""
    return f"{meets}it has the highest total by your weights, {by}{more}"


def _lead(decision: Decision, rival: str) -> str:
    """Say by how many points the leading arm's total exceeds another's, with the interval."""
    found = decision.leads[rival]
    level = _level(1 - decision.alpha)
    return f"{_points(found.est)} over {rival} ({level}: {found.lo:.1f} to {found.hi:.1f})"


def settle_line(decision: Decision) -> str | None:
    """Say what would settle it where the weights do not separate the candidates: so many more
    samples, if the lead is what it was here; or that they are level.
    """
    totals = decision.totals
    if decision.outcome != "tied" or decision.otherwise is not None or totals is None:
        return None
    if not decision.leads or any(totals.total(arm) is None for arm in decision.candidates):
        return None
    rival = min(decision.leads, key=lambda name: decision.leads[name].est)
    lead = decision.leads[rival]
    if lead.est < LEAST_LEAD:
        return f"{HARDLY}: the totals of the first and of {rival} are level"
    widths = [max(one.hi - one.est, one.est - one.lo) / one.est for one in decision.leads.values()]
    n = min(totals.items_of(i) for i in range(len(totals.criteria)))
    more = math.ceil(n * (max(widths) ** 2 - 1))
    if more > MOST_TIMES * n:
        return f"{HARDLY}: the lead over {rival} is {_points(lead.est)}"
    return (
        f"About {max(more, 1):,} more samples would settle it, if the lead over {rival}"
        f" ({_points(lead.est)}) is right"
    )


def lead_lines(decision: Decision) -> list[str]:
    """Say by how much the leading arm's total exceeds each other candidate's, and which arm is at
    least as good as another on every criterion, and whether the data exclude that it is worse.
    """
    totals = decision.totals
    lines: list[str] = []
    if decision.leads and totals is not None:
        leader = next(arm for arm in decision.candidates if arm not in decision.leads)
        leads = [_lead(decision, rival) for rival in decision.leads]
        lines.append(f"The total of {leader} is higher by {_list(leads)}")
    for sure, said in ((True, "sure"), (False, "in this sample, not surely")):
        pairs = [one for one in decision.dominance if one.decided is sure]
        if pairs:
            told = _list([f"{one.arm} than {one.rival}" for one in pairs])
            lines.append(f"At least as good on every criterion, {said}: {told}")
    return lines


def _open_arms(decision: Decision) -> list[str]:
    """Return the measured arms that miss nothing and leave something open."""
    return [arm for arm in decision.arms if decision.state(arm) == "open"]


def _still_open(decision: Decision) -> str:
    """Name the arms that could still meet everything, with what each leaves open."""
    arms = _open_arms(decision)
    if not arms:
        return ""
    of: dict[tuple[str, ...], list[str]] = {}
    for arm in arms:
        names = tuple(cell.requirement for cell in decision.of(arm, "open"))
        of.setdefault(names, []).append(arm)
    parts = [f"{', '.join(who)} on {_list(names)}" for names, who in of.items()]
    verb = "is" if len(arms) == 1 else "are"
    return f"; {len(arms)} more {verb} still open ({'; '.join(parts)})"


def _alone(decision: Decision) -> str:
    n = len(decision.spec.requirements)
    meets = f" and meets {_all(n)}" if n else ""
    return f"{decision.arms[0]} alone was measured{meets}; there is nothing to choose between"


def _all(n: int) -> str:
    return "the one requirement" if n == 1 else f"all {n} requirements"


def _tie(decision: Decision) -> str:
    if decision.otherwise is not None:
        usual, other = decision.otherwise.words
        told = f" ({decision.otherwise.told})" if decision.otherwise.told else ""
        return (
            f"{usual} it would be {decision.otherwise.arm},"
            f" {other} {decision.otherwise.other or 'no arm'}{told}"
        )
    names = _list(decision.candidates)
    both = "both meet" if len(decision.candidates) == 2 else "all meet"
    n = len(decision.spec.requirements)
    meets = f"{names} {both} {_all(n)}" if n else f"{names} were measured"
    if not decision.spec.criteria:
        return f"{meets}; no criteria are declared that would choose between them"
    unknown = [name for name in decision.candidates if name in decision.why_no_total]
    if unknown:
        return f"{meets}; {_no_total(decision, unknown)}"
    return f"{meets}; your weights do not separate them on these data{_cheaper(decision)}"


def _no_total(decision: Decision, unknown: Sequence[str]) -> str:
    """Name every candidate without a total, with what is not known of each."""
    of: dict[str, list[str]] = {}
    for name in unknown:
        of.setdefault(decision.why_no_total[name], []).append(name)
    if len(unknown) == len(decision.candidates) and len(of) == 1:
        return f"no arm has a total ({next(iter(of))})"
    parts = [
        f"{_list(names)} {'has' if len(names) == 1 else 'have'} no total ({why})"
        for why, names in of.items()
    ]
    return _list(parts)


def items_line(decision: Decision, n_items: int) -> str:
    """Say which samples each criterion is over; empty where each is over all ``n_items``."""
    totals = decision.totals
    if totals is None:
        return ""
    over = [totals.items_of(i) for i in range(len(totals.criteria))]
    if all(n == n_items for n in over):
        return ""
    compared = decision.candidates
    all_arms = "all arms" if compared in ((), decision.arms) else _list(compared)
    parts = []
    for criterion, n in zip(totals.criteria, over, strict=True):
        parts.append(f"{criterion.name} on {_over(criterion, n, all_arms)}")
    bills = any(one.month is not None for one in decision.against.values())
    own = "; dollars a month against the incumbent on all of an arm's requests" if bills else ""
    return f"{'; '.join(parts)}{own}"


def _over(criterion: Criterion, n: int, all_arms: str) -> str:
    if criterion.metric == "accuracy":
        return f"the {n:,} samples that {all_arms} have a score of"
    if criterion.metric in DOLLARS:
        return f"the {n:,} samples that {all_arms} answered or charged for"
    if criterion.metric.endswith("_s"):
        return f"the {n:,} samples that {all_arms} were timed on"
    return f"the {n:,} samples that {all_arms} were asked"


def _cheaper(decision: Decision) -> str:
    """Name the candidate that costs least: a month where bills are known, else a request, against
    the incumbent; nobody where one is not known.
    """
    billed = any(one.month is not None or one.was is not None for one in decision.against.values())
    dollars_of = _month_usd if billed else _dollar_ratio
    known: list[tuple[float, str]] = []
    for name in decision.candidates:
        dollars = dollars_of(decision, name)
        if dollars is None:
            return ""
        known.append((dollars, name))
    if len({dollars for dollars, _ in known}) < 2:
        return ""
    return f" ({min(known)[1]} costs least {'a month' if billed else 'per request'})"


def _month_usd(decision: Decision, name: str) -> float | None:
    if name == decision.spec.incumbent:
        found = next((one.was for one in decision.against.values() if one.was is not None), None)
    else:
        against = decision.against.get(name)
        found = None if against is None else against.month
    return None if found is None else found.usd


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
    run = "" if nearest in decision.arms else f" (not judged: {decision.not_run.get(nearest, '')})"
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
    level = _level(1 - decision.alpha)
    bill = _bill(against, incumbent)
    dollars = _dollars(against, incumbent, level) if bill is None else bill
    return [line for line in (dollars, _score(against, incumbent, level)) if line]


def _level(level: float) -> str:
    return f"{100 * level:.4g}%"


def _bill(against: Against, incumbent: str) -> str | None:
    mine, theirs = against.month, against.was
    if mine is None or theirs is None:
        return None
    return (
        f"{_usd(mine)} a month instead of {_usd(theirs)} of {incumbent}"
        f"{_year(against.year)} ({mine.rests_on})"
    )


def _year(saved: stats.Interval | None) -> str:
    """Say what is saved in the first twelve months, with what comes once."""
    if saved is None or saved.est is None or not math.isfinite(saved.est):
        return ""
    if abs(saved.est) < LEAST_YEAR and not saved.lo < saved.hi:
        return ", as much in a year"
    show = told_apart(usd, saved.lo, saved.hi)

    def gap(dollars: float) -> str:
        return f"{show(abs(dollars))} {'more' if dollars < 0 else 'less'}"

    said = f", {gap(saved.est)} a year"
    if not (math.isfinite(saved.lo) and math.isfinite(saved.hi)) or equal(saved.lo, saved.hi):
        return said
    level = _level(saved.level)
    ends = saved.lo, saved.hi
    if saved.est < 0 and saved.hi <= 0:
        ends = saved.hi, saved.lo
    if min(ends) < 0 < max(ends):
        return f"{said} ({level}: {gap(ends[0])} to {gap(ends[1])})"
    return f"{said} ({level}: {show(abs(ends[0]))} to {show(abs(ends[1]))})"


def _usd(month: Month) -> str:
    show = told_apart(usd, month.low, month.high)
    if month.low is None or month.high is None or equal(month.low, month.high):
        return show(month.usd)
    return f"{show(month.usd)} ({_level(month.level)}: {show(month.low)} to {show(month.high)})"


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


def _score(against: Against, incumbent: str, level: str) -> str | None:
    found = against.accuracy
    if found is None or found.est is None or not found.bounded:
        return None
    return (
        f"accuracy {100 * found.est:+.1f} points against {incumbent} ({level}:"
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
    """Say under how many of all weights the leading arm wins; of arms that are worth the same on
    every criterion, that they are level.
    """
    totals = decision.totals
    if not decision.wins or totals is None:
        return None
    if _all_level(decision):
        return f"{_list(list(decision.wins))} have the same total under all weights"
    leader = decision.arm or max(decision.wins, key=lambda arm: totals.total(arm) or 0.0)
    return f"{leader} has the highest total under {100 * decision.wins[leader]:.0f}% of all weights"


def move_line(decision: Decision) -> str | None:
    """Say the smallest change of weights that changes the winner."""
    if not decision.wins or _all_level(decision):
        return None
    move = decision.move
    if move is None:
        led = "the winner" if decision.arm else "which arm has the highest total"
        return f"no change of weights changes {led}"
    if not move.taken:
        return f"{move.rival} is level with it"
    return f"to draw level, {move.rival} needs {_moved(move)}"


def _all_level(decision: Decision) -> bool:
    """Tell whether all candidates are worth the same on every criterion."""
    totals = decision.totals
    if totals is None:
        return False
    first, *others = (totals.values(arm) for arm in decision.wins)
    return first is not None and all(
        other is not None and max(abs(a - b) for a, b in zip(first, other, strict=True)) < LEVEL
        for other in others
    )


def _moved(move: Move) -> str:
    parts = [f"{_weight(part)} points of weight from {name}" for name, part in move.taken]
    return f"{_list(parts)} moved to {move.given_to}"


def _weight(share: float) -> str:
    points = 100 * share
    return f"{points:.0f}" if points >= 1 else f"{points:.2g}"


def _points(points: float) -> str:
    return f"{points:.1f} points"


def _share(share: float) -> str:
    """Return a share as a percentage with as many digits as it takes to tell it from the ends.

    Dearer by more than all of the rival's dollars is a share above 1.
    """
    percent = 100 * share
    left = 100 - percent
    digits = 1 if not 0 <= left <= 0.1 else min(4, 1 + math.ceil(-math.log10(left + 1e-9)))
    return f"{percent:.{max(digits, 1)}f}%"


def _signed(share: float) -> str:
    return f"{100 * share:+.1f}%"


def _list(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
