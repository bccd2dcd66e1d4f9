"""What a run may spend: its limits, kept from session to session, and what earlier ones have spent.

The limits are part of the run. They are stored in its manifest and again with each session; a
session that goes on keeps them unless the command names others (``--max-cost``, ``--set budget``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from claimbench.errors import BenchError
from claimbench.limits.budget import Budget
from claimbench.packed import columns
from claimbench.pricing.calls import sent_utc
from claimbench.pricing.money import Money
from claimbench.pricing.run import Pricing
from claimbench.run.progress import Open
from claimbench.run.records import counted
from claimbench.store.results import ResultsStore
from claimbench.types import (
    Arm,
    Attempt,
    BudgetSpec,
    Call,
    Intent,
    Json,
    Manifest,
    Note,
    NoteKind,
    Session,
    Suite,
)

LIMITS = "limits"
"""Kind of the derived rows that hold a session's limits, by the session's number."""
OPTION = "--max-cost"


@dataclass(frozen=True, slots=True)
class Earlier:
    """Hold what earlier sessions left: dollars by arm, and the worst ratio of bill to bound.
    ``more``: dollars in ``spent`` above what vendors say they charged.
    """

    spent: Mapping[str, Decimal]
    worst: Mapping[str, Decimal]
    more: Decimal = Decimal(0)
    charged: Decimal = Decimal(0)
    """Dollars that were surely charged, machines paid by the hour among them; ``spent`` has none of
    those, and bounds of unknown bills too.
    """
    open: Open = field(default_factory=Open)
    """The attempts that ended and whose bill nobody knows."""
    in_doubt: tuple[Intent, ...] = ()
    """Attempts that were in flight when a session died, of arms that bill, whose calls are sent
    again.
    """


@dataclass(frozen=True, slots=True)
class Limits:
    """Hold the limits of a session, and what is to be said of arms to which none applies."""

    spec: BudgetSpec
    notes: Sequence[Note] = ()


def spec_to_json(spec: BudgetSpec) -> dict[str, Json]:
    """Write limits for the manifest or a session's row."""
    return {
        "max_cost_usd": None if spec.max_cost_usd is None else str(spec.max_cost_usd),
        "per_arm_usd": {arm: str(usd) for arm, usd in spec.per_arm_usd.items()},
    }


def spec_from_json(data: Mapping[str, Any]) -> BudgetSpec:
    """Read what :func:`spec_to_json` writes."""
    most = data.get("max_cost_usd")
    arms = {arm: Decimal(str(usd)) for arm, usd in (data.get("per_arm_usd") or {}).items()}
    return BudgetSpec(None if most is None else Decimal(str(most)), arms)


def new_limits(suite: Suite, max_cost_usd: Decimal | None) -> BudgetSpec:
    """Return the limits of a new run: the command's, else the suite's."""
    if max_cost_usd is None:
        return suite.budget
    return replace(suite.budget, max_cost_usd=max_cost_usd)


def kept_limits(store: ResultsStore, manifest: Manifest) -> BudgetSpec:
    """Return the limits under which a run was last worked on."""
    for key in sorted(store.derived_keys(manifest.run_id, LIMITS), key=int, reverse=True):
        rows = store.derived(manifest.run_id, LIMITS, key, dict)
        if "budget" in rows:
            return spec_from_json(rows["budget"])
    stated = manifest.options.get("budget")
    if isinstance(stated, Mapping):
        return spec_from_json(stated)
    return _limits_of_old(manifest)


def _limits_of_old(manifest: Manifest) -> BudgetSpec:
    """Return the limits of a run that an earlier version made: its suite's, and what its command
    line said.
    """
    budget = manifest.suite.get("budget")
    spec = spec_from_json(budget if isinstance(budget, Mapping) else {})
    argv = [str(word) for word in manifest.options.get("argv") or ()]
    for at, word in enumerate(argv):
        name, equals, value = word.partition("=")
        if name == OPTION:
            value = value if equals else (argv[at + 1] if at + 1 < len(argv) else "")
            try:
                spec = replace(spec, max_cost_usd=Decimal(value.lstrip("$")))
            except ArithmeticError:
                continue
    return spec


def resumed_limits(
    suite: Suite, kept: BudgetSpec, max_cost_usd: Decimal | None, overrides: Sequence[str] = ()
) -> tuple[BudgetSpec, list[str]]:
    """Return the limits of a session that goes on with a run, and what to say of them.

    Those of the run stay, unless this command names others: ``--max-cost``, or ``--set`` of the
    suite's budget.
    """
    named = any(text.partition("=")[0].strip().startswith("budget") for text in overrides)
    spec = suite.budget if named else kept
    if max_cost_usd is not None:
        spec = replace(spec, max_cost_usd=max_cost_usd)
    said: list[str] = []
    if spec.max_cost_usd is not None and max_cost_usd is None and not named:
        said.append(f"note: the run's limit of ${spec.max_cost_usd} holds on ({OPTION} changes it)")
        if suite.budget.max_cost_usd not in (None, spec.max_cost_usd):
            said.append(f"  the suite's budget says ${suite.budget.max_cost_usd} now")
    return spec, said


def refuse_unknown_cost(
    pricing: Pricing, arms: Mapping[str, Arm], spec: BudgetSpec, *, allowed: bool
) -> list[Note]:
    """Refuse arms that could cost dollars nobody can bound; where that is allowed, say to which no
    limit applies.

    Without a limit only an unknown price is refused; with one, also a request whose body does not
    bound its bill.

    Raises:
        BenchError: there are such arms, and unknown cost is not allowed.
    """
    limited = spec.max_cost_usd is not None or bool(spec.per_arm_usd)
    unknown: dict[str, str] = {}
    for name, arm in arms.items():
        why = pricing.unpriced.get(name) or pricing.why_open(arm, limited)
        if why is not None:
            unknown[name] = why
    if not unknown:
        return []
    listed = "; ".join(f"{name}: {why}" for name, why in unknown.items())
    if not allowed:
        raise BenchError(
            f"what a run would cost is unknown: {listed}",
            hint=(
                "give the arm a price in the suite (cost: price:), or run with --allow-unknown-cost"
            ),
        )
    if not limited:
        return []
    return [
        Note(NoteKind.LIMIT, f"no limit applies to {name}: {why}", name)
        for name, why in unknown.items()
    ]


def spending(
    store: ResultsStore,
    run_id: str,
    calls: Sequence[Call],
    again: Iterable[Intent],
    arms: Mapping[str, Arm],
    money: Money,
) -> tuple[Earlier, dict[str, int]]:
    """Return what earlier sessions spent, and the attempt numbers that they used, by call.

    Both come from one reading of their attempts, which are let go: of a long run they are many.
    """
    sessions = {session.n: session for session in store.sessions(run_id)}
    if not sessions:  # nothing was sent yet
        return Earlier({}, {}), {}
    owner: dict[str, str] = dict(columns(calls, "id", "arm"))
    spent: dict[str, Decimal] = {}
    worst = _stored_worst(store, run_id)
    before: dict[str, int] = {}
    more, surely, unsaid = Decimal(0), Decimal(0), Open()
    for attempt in store.attempts(run_id):
        before[attempt.call_id] = max(before.get(attempt.call_id, 0), attempt.number)
        arm = owner[attempt.call_id]
        if arm not in arms:
            continue
        if not money.bills(arms[arm]):
            shown = money.cost(arms[arm], attempt)
            if shown is None:
                unsaid.add(attempt.reserved_usd)
            else:
                surely += shown
            continue
        shown, cost = _costs_then(money, arms[arm], attempt, sessions.get(attempt.session))
        if shown is not None and cost is not None:
            more += cost - shown
        charged = cost if cost is not None else attempt.reserved_usd
        if shown is None:
            unsaid.add(charged)
        else:
            surely += shown
        if charged is not None:
            spent[arm] = spent.get(arm, Decimal(0)) + charged
        if cost is not None and attempt.reserved_usd:
            ratio = cost / attempt.reserved_usd
            if ratio > 1:
                worst[arm] = max(ratio, worst.get(arm, Decimal(1)))
    in_doubt: list[Intent] = []
    for intent in again:
        before[intent.call_id] = max(before.get(intent.call_id, 0), intent.attempt_number)
        arm = owner[intent.call_id]
        if intent.reserved_usd is not None:
            spent[arm] = spent.get(arm, Decimal(0)) + intent.reserved_usd
        if arm in arms and money.bills(arms[arm]):
            in_doubt.append(intent)
    return Earlier(spent, worst, more, surely, unsaid, tuple(in_doubt)), before


def _costs_then(
    money: Money, arm: Arm, attempt: Attempt, session: Session | None
) -> tuple[Decimal | None, Decimal | None]:
    """Return what is shown of an attempt and what limits count for it, both at the moment it was
    sent: a later hour may be a cheaper one.
    """
    if money.cost_then is None or session is None:
        shown = money.cost(arm, attempt)
        return shown, counted(attempt, shown, money.at_prices(arm, attempt, None))
    moment: datetime = sent_utc(attempt, session)
    shown = money.cost_then(arm, attempt, moment)
    return shown, counted(attempt, shown, money.at_prices(arm, attempt, moment))


def _stored_worst(store: ResultsStore, run_id: str) -> dict[str, Decimal]:
    worst: dict[str, Decimal] = {}
    for key in store.derived_keys(run_id, LIMITS):
        rows = store.derived(run_id, LIMITS, key, dict)
        for arm, ratio in rows.get("worst", {}).items():
            worst[arm] = max(Decimal(str(ratio)), worst.get(arm, Decimal(1)))
    return worst


def save_limits(store: ResultsStore, run_id: str, session: int, spec: BudgetSpec) -> None:
    """Store the limits of a session as it begins."""
    store.save_derived(run_id, LIMITS, str(session), {"budget": spec_to_json(spec)})


def save_worst(store: ResultsStore, run_id: str, session: int, budget: Budget) -> None:
    """Store how far bills went beyond their bounds, for sessions to come."""
    if budget.worst:
        ratios = {arm: str(ratio) for arm, ratio in budget.worst.items()}
        store.save_derived(run_id, LIMITS, str(session), {"worst": ratios})


def spending_notes(budget: Budget) -> list[Note]:
    """Say, once per arm, what was billed above its reservation, and whether a limit was passed."""
    notes: list[Note] = []
    for arm in dict.fromkeys(one.arm for one in budget.overruns):
        mine = [one for one in budget.overruns if one.arm == arm]
        dearest = max(mine, key=lambda one: one.billed / one.reserved if one.reserved else 0)
        text = f"{arm} billed ${dearest.billed} where at most ${dearest.reserved} was reserved"
        if len(mine) > 1:
            text += f", and more than was reserved for {len(mine)} requests in all"
        if budget.limited and arm in budget.worst:
            text += f"; it is reserved {budget.worst[arm].normalize():f} times as much since"
        notes.append(Note(NoteKind.OVERRUN, text, arm))
    if budget.total is not None and budget.spent_usd > budget.total:
        text = (
            f"the limit of ${budget.total} was passed: ${budget.spent_usd} is spent, as bills were"
            " above what was reserved for their requests"
        )
        notes.append(Note(NoteKind.OVERRUN, text))
    for arm in sorted(budget.held_back):
        text = (
            f"{arm}: the limit let fewer requests fly at once than the arm's concurrency; its"
            " latencies are those of a lighter load"
        )
        notes.append(Note(NoteKind.LIMIT, text, arm))
    return notes
