"""DeepEval: a test run as it is kept (``test_run_*.json``, ``.deepeval/.latest_run_full.json``, or
``.latest_test_run.json`` with the run under ``testRunData``).

``pass`` is whether all metrics of a test case passed; its share is DeepEval's pass rate. ``cost``
is what the evaluation's own model cost, so it is left alone; ``tokenCost`` and ``completionTime``
are the tested model's, where the person filled them in.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from claimbench.importers import json_values
from claimbench.importers.gather import Answer, Found, gathered
from claimbench.importers.imported import Imported, ImportedArm, ImportFault, ImportOptions
from claimbench.importers.json_values import (
    as_list,
    dollars,
    get,
    mapping,
    number,
    seconds,
    text_of,
    whole,
)
from claimbench.types import Json

KIND = "deepeval"
PASSED = "pass"
_MODEL_KEYS = ("model", "Model", "model_name", "llm", "LLM")


def _run(value: Json) -> dict[str, Json]:
    told = mapping(value)
    return mapping(told["testRunData"]) if "testRunData" in told else told


def is_run(value: Json) -> bool:
    """Recognise a test run."""
    run = _run(value)
    cases = run.get("testCases")
    talks = run.get("conversationalTestCases")
    listed = [c for several in (cases, talks) if isinstance(several, list) for c in several]
    return bool(listed) and "metricsData" in mapping(listed[0])


def read(path: Path, options: ImportOptions) -> Imported:
    """Read one test run; raises ImportFault."""
    run = _run(json_values.load_json(path, json_values.read_bytes(path)))
    settings = mapping(run.get("hyperparameters"))
    model = next((str(settings[key]) for key in _MODEL_KEYS if settings.get(key)), path.stem)
    task = options.task or str(run.get("datasetAlias") or run.get("identifier") or path.stem)
    arm = ImportedArm(model.rpartition("/")[2], "deepeval", model, path.name)
    answers = []
    for key in ("testCases", "conversationalTestCases"):
        listed = run.get(key)
        for i, case in enumerate(listed if isinstance(listed, list) else []):
            answers.append(_answer(path, mapping(case), arm.name, task, i))
    items = {answer.item for answer in answers}
    if len(items) < len(answers):
        raise ImportFault(f"{path}: two test cases have the same place or name")
    stated: dict[str, float] = {}
    passed, failed = whole(run.get("testPassed")), whole(run.get("testFailed"))
    if passed is not None and failed is not None and passed + failed:
        stated[PASSED] = passed / (passed + failed)
    for entry in as_list(run.get("metricsScores")):
        scores = [s for s in map(number, as_list(get(entry, "scores"))) if s is not None]
        if scores:
            stated[str(get(entry, "metric"))] = sum(scores) / len(scores)
    found = Found(
        KIND,
        [path],
        [arm],
        answers,
        {(arm.name, task): stated},
        lambda _task, metric: False if metric == PASSED else _points_down(run, metric),
        (PASSED,),
    )
    return gathered(found, options)


def _points_down(run: Mapping[str, Json], name: str) -> bool | None:
    """Tell whether a metric's threshold is a highest value, as for hallucination and bias: by what
    succeeded on which side of it. None where the results do not show it.
    """
    above = below = 0
    for case in as_list(run.get("testCases")):
        for metric in as_list(get(case, "metricsData")):
            score, threshold = number(get(metric, "score")), number(get(metric, "threshold"))
            success = get(metric, "success")
            if get(metric, "name") != name or score is None or threshold is None:
                continue
            if score != threshold and isinstance(success, bool):
                fits = (score > threshold) == success
                above += fits
                below += not fits
    return None if above == below == 0 or (above and below) else below > 0


def _answer(path: Path, case: Mapping[str, Json], arm: str, task: str, i: int) -> Answer:
    if "metricsData" not in case:
        raise ImportFault(f"{path}: test case {i + 1} has no metricsData: it was not evaluated")
    scores: dict[str, float] = {}
    judges: dict[str, str] = {}
    reasons, faults = [], []
    for metric in as_list(case.get("metricsData")):
        name, score = str(get(metric, "name")), number(get(metric, "score"))
        if get(metric, "error"):
            faults.append(f"{name}: {get(metric, 'error')}")
        elif score is not None:
            scores[name] = score
            if by := get(metric, "evaluationModel"):
                judges[name] = f"{name} by {by}"
        if get(metric, "reason"):
            reasons.append(f"{name}: {get(metric, 'reason')}")
    passed = case.get("success")
    if isinstance(passed, bool) and not faults:
        scores[PASSED] = float(passed)
        if judges:
            judges[PASSED] = "; ".join(judges.values())
    turns = case.get("turns")
    talk = (
        [f"{get(t, 'role')}: {get(t, 'content')}" for t in turns] if isinstance(turns, list) else []
    )
    order = whole(case.get("order"))
    return Answer(
        arm,
        task,
        str(i if order is None else order),
        scores,
        shown=text_of(case.get("input") or case.get("scenario") or ""),
        target=case.get("expectedOutput", case.get("expectedOutcome")),
        text=text_of(case.get("actualOutput") or "\n".join(talk)),
        error="; ".join(faults) or None,
        usd=dollars(case.get("tokenCost")),
        latency_s=seconds(case.get("completionTime")),
        explanation="; ".join(reasons),
        judge=judges,
    )
