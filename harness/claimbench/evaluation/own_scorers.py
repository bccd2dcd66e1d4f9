"""Runs the scorers beside a suite once over a run's answers, and keeps what they gave.

Only ``bench run`` comes here, after consent. Every other command reads the kept scores.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from claimbench.errors import BenchError
from claimbench.plan.simulated.talks import as_read, is_talk
from claimbench.scorers import load
from claimbench.scorers.own_code.process import ScorerProcess
from claimbench.scorers.own_code.scorer import PYTHON, PythonScorer
from claimbench.scorers.own_code.tools import script_file
from claimbench.store.results import ResultsStore
from claimbench.suite.codec import suite_from_json
from claimbench.trust import is_trusted
from claimbench.types import CallRecord, Outcome, Score, Suite, Task

KIND = "own score"
"""Kind of the derived rows: call id -> its score; their key says by which script."""


def require_consent(suite: Suite) -> None:
    """Refuse a suite whose scorers and tools nobody agreed to run; nothing has been sent yet.

    Raises:
        BenchError: it names what would run.
    """
    scripts = [one.script for task in suite.tasks for one in own_scorers(task)]
    simulators = [task.simulator for task in suite.tasks if task.simulator is not None]
    scripts += [script_file(one.script) for one in simulators if one.script is not None]
    asked = [script for script in scripts if not is_trusted(script.code)]
    if asked:
        listed = "".join(f"\n    {what}" for script in asked for what in script.code.runs)
        raise BenchError(
            f"the suite would run Python that came with it:{listed}",
            hint=(
                "read it; then agree with `bench trust SUITE` (kept until a file changes), or add"
                " --trust to this command"
            ),
        )


def own_scorers(task: Task) -> list[PythonScorer]:
    """Return a task's scorers that are scripts; none of a run whose texts were taken out, theirs
    among them.
    """
    specs = [spec for spec in task.scorers if spec.name == PYTHON and spec.options]
    return [one for one in load(specs) if isinstance(one, PythonScorer)]


def score_answers(store: ResultsStore, run_id: str) -> int:
    """Ask each script for the answers of a run that it has not scored; return how many it was.

    A script that nobody agreed to is not asked: its answers stay unscored.
    """
    suite = suite_from_json(store.manifest(run_id).suite)
    asked = 0
    for task in suite.tasks:
        for scorer in own_scorers(task):
            if is_trusted(scorer.script.code):
                asked += _score_task(store, run_id, suite, task, scorer)
    return asked


def _score_task(
    store: ResultsStore, run_id: str, suite: Suite, task: Task, scorer: PythonScorer
) -> int:
    known = stored_scores(store, run_id, task, scorer)
    samples = {sample.id: sample for sample in task.samples}
    found: dict[str, Score] = {}
    read: Iterable[CallRecord] = store.records(run_id)
    if is_talk(task):
        every = list(read)
        read = as_read(suite, [one for one in every if one.call.role == "subject"], every)
    with ScorerProcess(scorer.script, scorer.options.seconds) as process:
        for record in read:
            call = record.call
            if call.task != task.name or call.id in known or not _is_answer(record):
                continue
            found[call.id] = scorer.judge(process, call.id, record.text, samples[call.sample_id])
    store.save_derived(run_id, KIND, _key(task, scorer), found)
    return len(found)


def _is_answer(record: CallRecord) -> bool:
    return record.call.role == "subject" and record.outcome is Outcome.OK


def stored_scores(
    store: ResultsStore, run_id: str, task: Task, scorer: PythonScorer
) -> Mapping[str, Score]:
    """Return what a script gave in a run, by call."""
    return store.derived(run_id, KIND, _key(task, scorer), Score)


def all_stored(store: ResultsStore, run_id: str, suite: Suite) -> Mapping[str, Mapping[str, Score]]:
    """Return what the scripts of a suite gave in a run: task -> call -> score."""
    return {
        task.name: stored_scores(store, run_id, task, scorer)
        for task in suite.tasks
        for scorer in own_scorers(task)
    }


def _key(task: Task, scorer: PythonScorer) -> str:
    return f"{task.name} {scorer.key}"
