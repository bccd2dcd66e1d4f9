"""The loop with judges after it: what the arms answered is judged before anybody looks at the
run.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from claimbench.plan.judges import JudgeRequests
from claimbench.plan.pairs import by_rule
from claimbench.run.loop import Runner
from claimbench.run.progress import Progress
from claimbench.store.results import ResultsStore, RunWriter
from claimbench.types import Call, CallRecord, Outcome


class JudgedRunner:
    """Run calls and have them judged as soon as they are through: the same loop, budget and rows
    for both.

    ``retried``: ids of calls to ask again although they have a record.
    """

    def __init__(
        self,
        runner: Runner,
        requests: JudgeRequests,
        calls: Sequence[Call],
        store: ResultsStore,
        writer: RunWriter,
        retried: Collection[str] = (),
    ) -> None:
        self._runner = runner
        self._requests = requests
        self._store = store
        self._writer = writer
        self._calls = [call for call in calls if call.role == "judge"]
        self._retried = set(retried)

    async def run(self, calls: Sequence[Call]) -> Progress:
        """Run the arms' ``calls``, then the judges' calls on every finished answer that was not
        judged yet.
        """
        progress = await self._runner.run(calls)
        if progress.ended is None:
            progress = await self._runner.run(self._due())
        return progress

    def stop(self, reason: str) -> None:
        """Start nothing more, of arms or judges."""
        self._runner.stop(reason)

    def _due(self) -> list[Call]:
        """Return the judges' calls that can be sent now; those that have nothing to judge are
        recorded as not asked.
        """
        self._writer.flush()
        records: dict[str, CallRecord] = {}
        for run_id in {call.run_id for call in self._calls}:
            for record in self._store.records(run_id):
                records[record.call.id] = record
        read = self._requests.as_read(records.values())
        due: list[Call] = []
        for call in self._calls:
            about = [read.get(one) for one in self._requests.judged_in(call)]
            subjects = [record for record in about if record is not None]
            recorded = call.id in records
            if len(subjects) < len(about) or (recorded and call.id not in self._retried):
                continue
            why = _why_not_asked(subjects)
            if why is None:
                for subject in subjects:
                    self._requests.answers[subject.call.id] = subject.said
                due.append(call)
            elif not recorded:
                error = f"not asked: {why}"
                self._writer.record(CallRecord(call, "", Outcome.CANCELLED, None, 0, error=error))
        self._retried.difference_update(call.id for call in due)  # once in a session
        # A store that cannot keep these must not be found out after the judge was paid
        self._writer.flush()
        return due


def _why_not_asked(subjects: Sequence[CallRecord]) -> str | None:
    """Say why a judge has nothing to say of one answer, or of two; None where it is asked."""
    if len(subjects) == 1:
        outcome = subjects[0].outcome
        return None if outcome is Outcome.OK else f"there is no answer to judge ({outcome.value})"
    decided = by_rule(subjects[0], subjects[1])
    return None if decided is None else decided[1]
