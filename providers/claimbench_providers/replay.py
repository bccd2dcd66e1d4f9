"""The answers of a stored run once more, without a model: for other scorers, prices or claims at no
cost.

Options of an arm:

===========  =======================================================================================
``run``      the stored run: its id, the beginning of it, or ``latest``
``results``  the results folder, from the suite's folder on; default ``results``
``arm``      whose answers; default: the arm's own name
===========  =======================================================================================

An answer is found by what was asked: the same messages with the same seed. Each is marked
``replayed``: it has no latency, it is one copy and not a new draw, and its dollars are what it
would have cost (the usage and, on a machine of one's own, the machine time on record). Only the
final attempt of a stored call is replayed, a stored fault as a fault.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from claimbench.errors import BadRequest, Network, PluginError, Timeout
from claimbench.evaluation.stored import read_run
from claimbench.plan.prompts import render
from claimbench.plan.turns import Turns
from claimbench.pricing.hosts import REPLAYED_BUSY, busy_shares
from claimbench.provider.contract import ProviderContext
from claimbench.store.results import ResultsStore
from claimbench.types import (
    Arm,
    ArmFacts,
    Attempt,
    CallRecord,
    ConstraintKind,
    Delta,
    Done,
    Event,
    Message,
    Meta,
    Outcome,
    Request,
    StampSource,
    UsageReport,
)
from claimbench_providers.arm_options import ArmOptions

OPTIONS = ("run", "results", "arm")

Asked = tuple[tuple[Message, ...], int | None]
"""Messages and seed of a request."""


def create(arm: Arm, context: ProviderContext) -> ReplayProvider:
    """The provider factory named in the entry points; checks options, opens nothing."""
    return ReplayProvider(arm, context)


@dataclass(frozen=True, slots=True)
class StoredCall:
    """One stored call: its record, its final attempt, and its share of machine seconds."""

    record: CallRecord
    attempt: Attempt
    busy_s: float


class ReplayProvider:
    """A :class:`~claimbench.provider.contract.Provider` over a results folder."""

    stamp_source: StampSource = "reported"

    def __init__(self, arm: Arm, context: ProviderContext) -> None:
        options = ArmOptions(arm, OPTIONS)
        self._arm = arm
        self._run = options.text("run")
        if not self._run:
            raise PluginError(
                f"arm {arm.name!r}: which run is replayed?",
                hint="options: {run: ID}, or run: latest; see bench list",
            )
        self._folder = (context.suite_dir / Path(options.text("results") or "results")).resolve()
        self._source = options.text("arm") or arm.name
        self._answers: Mapping[Asked, StoredCall] | None = None
        self._constraint: ConstraintKind = "none"

    @property
    def traffic(self) -> Mapping[str, object]:
        """Nothing is sent anywhere."""
        return {}

    def missing(self) -> str | None:
        """Nothing is needed but the stored run, and a missing one is an error."""
        return None

    def constraint(self, request: Request) -> ConstraintKind:  # noqa: ARG002 - the protocol's
        """Return how the stored run enforced the answers."""
        return self._constraint

    def goes_to(self) -> None:
        """Return None: nothing is asked."""
        return

    async def start(self) -> ArmFacts:
        """Read the stored run.

        Raises:
            PluginError: the run has no such arm.
            StoreError: there is no such run.
        """
        with ResultsStore.open(self._folder, create=False, read_only=True) as store:
            run_id = store.resolve_run(None if self._run == "latest" else self._run)
            stored = read_run(store, run_id)
        if self._source not in stored.manifest.arms_run:
            raise PluginError(
                f"arm {self._arm.name!r}: run {run_id} has no measured arm {self._source!r}",
                hint=f"it measured: {', '.join(stored.manifest.arms_run)}",
            )
        facts = stored.manifest.arm_facts.get(self._source) or {}
        details = facts.get("details") or {}
        known = details.get("answer_constraint")
        self._constraint = known if known in ("grammar", "json_schema") else "none"
        calls = {
            record.call.id: record for record in stored.records if record.call.arm == self._source
        }
        mine = [a for a in stored.attempts if a.call_id in calls]
        busy = _busy(mine)
        tasks = {task.name: task for task in stored.suite.tasks}
        samples = {(task.name, s.id): s for task in stored.suite.tasks for s in task.samples}
        final = {(a.call_id, a.number): (a, s) for a, s in zip(mine, busy, strict=True)}
        turns = Turns(stored.suite, stored.records)
        answers: dict[Asked, StoredCall] = {}
        for record in calls.values():
            found = final.get((record.call.id, record.attempt))
            if found is not None and record.provenance == "measured":
                call = record.call
                earlier = [one.text for one in turns.earlier(call) or ()]
                asked = render(tasks[call.task], samples[call.task, call.sample_id], earlier)
                answers[asked, call.seed] = StoredCall(record, *found)
        self._answers = answers
        return ArmFacts(
            model_returned=facts.get("model_returned"),
            model_sha256=facts.get("model_sha256"),
            details={"replayed_run": run_id, "replayed_arm": self._source},
        )

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        """Yield the stored answer; see :class:`~claimbench.provider.contract.Provider`."""
        if self._answers is None:
            raise PluginError(f"arm {self._arm.name!r} is not started")
        yield Meta(provenance="replayed")
        stored = self._answers.get((request.messages, request.seed))
        if stored is None:
            raise BadRequest(
                "the stored run was not asked this",
                hint=(
                    "prompts, samples and seed must be those of the stored run, and `load:"
                    " cold_cache` left out"
                ),
                billable="no",
            )
        record, attempt = stored.record, stored.attempt
        yield Meta(
            http_status=attempt.http_status,
            model_returned=attempt.model_returned,
            fingerprint=attempt.fingerprint,
            request_id=attempt.request_id,
            provenance="replayed",
        )
        if record.outcome is Outcome.MODEL_TIMEOUT:
            raise Timeout("the stored call ran into its timeout", billable=attempt.billable)
        if record.outcome.missing:
            raise Network(
                f"the stored call failed: {record.error or record.outcome.value}",
                billable=attempt.billable,
            )
        if record.reasoning:
            yield Delta(record.reasoning, "reasoning")
        yield Delta(record.text)
        for tool in record.tool_calls:
            yield tool
        if attempt.usage is not None:
            yield UsageReport(attempt.usage, attempt.usage_raw, attempt.billed_usd)
        refused = record.outcome is Outcome.REFUSED
        yield Done(record.finish_reason, refusal=refused, timings={REPLAYED_BUSY: stored.busy_s})

    async def close(self) -> None:
        """Forget the answers; idempotent."""
        self._answers = None


def _busy(attempts: list[Attempt]) -> list[float]:
    """Machine seconds of each attempt, shared where several were served at once; sessions do not
    overlap.
    """
    shares = [0.0] * len(attempts)
    for session in {a.session for a in attempts}:
        members = [i for i, a in enumerate(attempts) if a.session == session]
        spans = [(attempts[i].timing.sent_ns, attempts[i].timing.ended_ns) for i in members]
        for i, share in zip(members, busy_shares(spans), strict=True):
            shares[i] = share
    return shares
