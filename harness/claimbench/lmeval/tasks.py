"""lm-eval's tasks inside a suite: its documents become samples, its metrics and filters decide the
score.

lm-eval is imported only by the functions here, which are called when a suite says ``lm_eval:``. A
sample holds the document and the requests that lm-eval makes of it, so that a stored run can be
scored again without the data set.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from claimbench.errors import PluginError
from claimbench.lmeval.metrics import fault_of, points_up
from claimbench.trust import Code, is_trusted
from claimbench.types import AnswerSpec, Json, Message, Sample, ScorerSpec, Task

INPUT_PAIRS = "lm_eval_pairs"
"""Key of a sample's input: [context, continuation] pairs whose log-probability is asked for."""
DOC_HASH = "lm_eval_doc_hash"
"""Key of a sample's metadata."""
DEFAULT_MAX_TOKENS = 256
"""lm-eval's own default for ``max_gen_toks``."""
HINT = "pip install 'claimbench[lm-eval]' (no torch is needed)"


class LmEvalFault(PluginError):
    """A task of lm-eval that cannot be run as stated."""


@dataclass(frozen=True, slots=True)
class LmEvalSpec:
    """What a suite says: ``source`` is a task's name, or the path of its YAML."""

    name: str
    source: str
    num_fewshot: int | None = None
    limit: int | None = None
    metric: str | None = None
    max_tokens: int | None = None
    higher_is_better: bool | None = None


def _require() -> None:
    if find_spec("lm_eval") is None:
        raise LmEvalFault("the suite names a task of lm-eval, which is not installed", hint=HINT)
    from claimbench.lmeval import patterns, templates

    templates.install()
    patterns.install()


FORMATS = frozenset({"json", "csv", "parquet", "arrow", "text", "xml", "pandas", "webdataset"})
"""What `datasets` reads from files that `data_files` name."""


def load_task(source: str, num_fewshot: int | None = None) -> Any:
    """Return lm-eval's task object with its data, from a name or a YAML file of one task.

    A file that would run Python is loaded only after consent (:mod:`claimbench.trust`); the tasks
    that come with lm-eval are as trusted as lm-eval.

    ``data_files`` in the YAML are relative to it where they exist there, else to the working folder
    as lm-eval has it.

    Raises:
        LmEvalFault: lm-eval is not installed, does not know the task, or cannot get its data.
    """
    _require()
    from lm_eval.tasks import TaskManager

    path = Path(source)
    try:
        spec: Any = _config_of(path) if path.suffix in (".yaml", ".yml") else source
        if num_fewshot is not None:
            spec = (
                {**spec, "num_fewshot": num_fewshot}
                if isinstance(spec, dict)
                else {"task": source, "num_fewshot": num_fewshot}
            )
        with redirect_stderr(io.StringIO()):  # progress bars; what goes wrong is raised
            found = TaskManager(
                include_defaults=not isinstance(spec, dict) or "dataset_path" not in spec
            ).load(spec)
    except LmEvalFault:
        raise
    except Exception as error:  # lm-eval and `datasets` raise anything
        raise LmEvalFault(
            f"lm-eval cannot load {source!r}: {type(error).__name__}: {error}"
        ) from error
    tasks = found["tasks"] if isinstance(found, Mapping) and "tasks" in found else found
    if not isinstance(tasks, Mapping) or len(tasks) != 1:
        names = ", ".join(list(tasks)[:8]) if isinstance(tasks, Mapping) else "?"
        raise LmEvalFault(
            f"{source!r} is a group of tasks, not one task", hint=f"name one of its tasks: {names}"
        )
    return next(iter(tasks.values()))


def code_in(path: Path) -> Code:
    """Return what a task file would run, without running it.

    Raises:
        LmEvalFault: it cannot be read.
    """
    _require()
    from claimbench.lmeval.code_in_tasks import TaskFileFault, code_of

    try:
        return code_of(path)
    except TaskFileFault as fault:
        raise LmEvalFault(f"lm-eval's task file cannot be read: {fault}") from None


def _config_of(path: Path) -> dict[str, Any]:
    from lm_eval.tasks._yaml_loader import load_yaml

    if not path.is_file():
        raise LmEvalFault(f"{path}: no such file")
    code = code_in(path)
    if code.runs and not is_trusted(code):
        raise LmEvalFault(
            f"{path.name} would run Python that came with the suite:"
            + "".join(f"\n    {what}" for what in code.runs),
            hint=(
                "read it; then agree with `bench trust SUITE` (kept until a file changes), or add"
                " --trust to this command"
            ),
        )
    config: dict[str, Any] = load_yaml(path)
    members = config.get("task")
    if "group" in config or isinstance(members, list):
        listed = members if isinstance(members, list) else [members]
        names = [str(m.get("task", m)) if isinstance(m, dict) else str(m) for m in listed if m]
        raise LmEvalFault(
            f"{path.name} is a group of tasks, not one task: each needs its own line, for its score"
            " is its own",
            hint=f"write one `- lm_eval: …` for each of: {', '.join(names[:12]) or 'its tasks'}",
        )
    kwargs = dict(config.get("dataset_kwargs") or {})
    _refuse_whole_folders(path, str(config.get("dataset_path") or ""), kwargs)
    if "data_files" in kwargs:
        kwargs["data_files"] = _beside(kwargs["data_files"], path.parent)
    return {**config, "dataset_kwargs": kwargs} if kwargs else config


def _refuse_whole_folders(path: Path, data: str, kwargs: Mapping[str, Any]) -> None:
    """Refuse data that `datasets` would look for in a whole folder which is not the task's: all of
    the working folder where only a format is named, or any folder of this machine.
    """
    if data in FORMATS and not (kwargs.get("data_files") or kwargs.get("data_dir")):
        raise LmEvalFault(
            f"{path.name}: dataset_path {data!r} is a format, and no data_files are named: every"
            " file below the working folder would be searched for some",
            hint="dataset_kwargs: {data_files: {test: FILE}}",
        )
    for folder in (data, str(kwargs.get("data_dir") or "")):
        where = Path(folder)
        if folder and where.is_dir():
            home, own = path.parent.resolve(), where.resolve()
            if own != home and home not in own.parents:
                raise LmEvalFault(
                    f"{path.name}: the data would be all of the folder {folder!r}, which is not"
                    " below the task's own",
                    hint="dataset_path: json, dataset_kwargs: {data_files: {test: FILE}}",
                )


def _beside(files: Any, folder: Path) -> Any:
    if isinstance(files, Mapping):
        return {key: _beside(value, folder) for key, value in files.items()}
    if isinstance(files, list):
        return [_beside(value, folder) for value in files]
    return str(folder / files) if (folder / str(files)).is_file() else files


def expand(spec: LmEvalSpec) -> Task:
    """Make our task of lm-eval's: one sample per document.

    Raises:
        LmEvalFault: see :func:`load_task`; also code to be executed, pictures, repeats, or no score
            from 0 to 1.
    """
    theirs = load_task(spec.source, spec.num_fewshot)
    config = theirs.config
    unfit = {
        "runs code that a model wrote": getattr(theirs, "UNSAFE_CODE", False),
        "needs pictures or sound": getattr(theirs, "MULTIMODAL", False),
        f"asks each document {config.repeats} times (use epochs)": (config.repeats or 1) > 1,
    }
    for what, is_so in unfit.items():
        if is_so:
            raise LmEvalFault(f"lm-eval's task {spec.source!r} {what}: ClaimBench does not")
    try:
        with redirect_stderr(io.StringIO()):  # progress bars
            theirs.build_all_requests(limit=spec.limit, rank=0, world_size=1)
    except Exception as error:  # lm-eval, its templates and its data raise anything
        what = f"{type(error).__name__}: {error}"
        raise LmEvalFault(f"lm-eval cannot make the requests of {spec.source!r}: {what}") from error
    by_doc: dict[int, list[Any]] = {}
    for instance in theirs.instances:
        by_doc.setdefault(int(instance.doc_id), []).append(instance)
    if not by_doc:
        raise LmEvalFault(f"lm-eval's task {spec.source!r} has no documents")
    kind = str(config.output_type)
    samples = tuple(
        _document_sample(theirs, doc_id, instances, kind)
        for doc_id, instances in sorted(by_doc.items())
    )
    gen = next(iter(by_doc.values()))[0].args[1] if kind == "generate_until" else {}
    metric = spec.metric or _metric_names(config)[0]
    options = {"task": spec.source, "metric": metric, "config": stored_config(theirs)}
    upward = points_up(theirs, metric, spec.higher_is_better)
    unfit_metric = fault_of(theirs, metric, by_doc, score_doc, upward=upward)
    if unfit_metric is not None:
        why, hint = unfit_metric
        raise LmEvalFault(f"lm-eval's task {spec.source!r} cannot be judged: {why}", hint=hint)
    if not upward:
        options["higher_is_better"] = False
    return Task(
        name=spec.name,
        samples=samples,
        prompt=(Message("user", "{{ context }}"),),
        few_shot=(),
        answer=AnswerSpec("text", constrain=False),
        scorers=(ScorerSpec("lm_eval", options),),
        max_tokens=spec.max_tokens or int(gen.get("max_gen_toks") or DEFAULT_MAX_TOKENS),
        stop=_until(gen.get("until")),
    )


def _until(given: Any) -> tuple[str, ...]:
    texts = [given] if isinstance(given, str) else list(given or ())
    return tuple(text for text in texts if text)


def _metric_names(config: Any) -> list[str]:
    listed = [m["metric"] for m in config.metric_list or () if isinstance(m.get("metric"), str)]
    return listed or ["acc" if config.output_type == "multiple_choice" else "exact_match"]


def _document_sample(theirs: Any, doc_id: int, instances: Sequence[Any], kind: str) -> Sample:
    instances = sorted(instances, key=lambda i: i.idx)
    doc = _as_json(instances[0].doc)
    row: dict[str, Json] = {"doc": doc, "context": ""}
    if kind == "generate_until":
        row["context"] = str(instances[0].args[0])
    elif kind == "loglikelihood_rolling":
        row[INPUT_PAIRS] = [["", str(i.args[0])] for i in instances]
    else:
        row[INPUT_PAIRS] = [[str(i.args[0]), str(i.args[1])] for i in instances]
        row["context"] = row[INPUT_PAIRS][0][0]
    target = theirs.doc_to_target(instances[0].doc)
    return Sample(
        str(doc_id), row, _as_json(target), str(doc_id), {}, {DOC_HASH: _doc_hash(instances[0].doc)}
    )


def _doc_hash(doc: Any) -> str:
    """lm-eval's hash of a document; the order of its keys counts, which JSON of ours does not
    keep.
    """
    from lm_eval.utils import handle_non_serializable, hash_string

    text = json.dumps(doc, indent=2, default=handle_non_serializable, ensure_ascii=False)
    return str(hash_string(text))


def _as_json(value: Any) -> Json:
    """Return a document as JSON values; dates and arrays as their text."""
    return json.loads(
        json.dumps(value, default=lambda v: v.tolist() if hasattr(v, "tolist") else str(v))
    )


def stored_config(theirs: Any) -> Json:
    """Return the task's configuration if it is plain data; None where it holds Python functions."""
    given = {k: v for k, v in vars(theirs.config).items() if v is not None}
    given["fewshot_config"] = None
    given.pop("process_docs", None)
    try:
        plain = json.loads(json.dumps(given))
    except TypeError:
        return None
    return {k: v for k, v in plain.items() if v is not None}


def scoring_task(source: str, config: Json, doc: Json) -> Any:
    """Return a task object that scores: from its stored configuration, without its data set, or
    loaded again.
    """
    _require()
    if not isinstance(config, dict):
        path = Path(source)
        if path.suffix in (".yaml", ".yml") and not code_in(path).runs:
            # Only what holds functions is stored without its configuration
            raise LmEvalFault(f"the stored run names {source!r}, which is not the task it measured")
        return load_task(source)
    from claimbench.lmeval.code_in_tasks import code_of_config

    code = code_of_config(config)
    if code:
        raise LmEvalFault(f"the stored task {source!r} would run code: {'; '.join(code)}")
    import datasets
    from lm_eval.api.task import ConfigurableTask

    class Stored(ConfigurableTask):  # type: ignore[misc]
        """The task with one document in place of its data set."""

        def download(self, dataset_kwargs: Any = None, **kwargs: Any) -> None:  # noqa: ARG002 - lm-eval's signature
            split = (
                self.config.test_split or self.config.validation_split or self.config.training_split
            )
            rows = datasets.Dataset.from_list([doc])
            names = (
                split,
                self.config.training_split,
                self.config.validation_split,
                self.config.fewshot_split,
            )
            self.dataset = {name: rows for name in names if name}

    return Stored(config=dict(config))


def score_doc(theirs: Any, doc: Json, results: Sequence[Any]) -> dict[str, float]:
    """Apply lm-eval's filters and metrics to one document's answers; ``metric,filter`` -> value.

    Perplexities, which have no scale, become the mean probability per byte or word:
    ``exp(log-likelihood / length)``.
    """
    found: dict[str, float] = {}
    for name_of_filter, answers in filtered_answers(theirs, doc, results).items():
        for name, value in theirs.process_results(doc, answers).items():
            if theirs.OUTPUT_TYPE == "loglikelihood_rolling" and isinstance(value, tuple):
                value = math.exp(value[0] / value[1]) if value[1] else None
            if isinstance(value, bool | int | float) or hasattr(value, "item"):
                found[f"{name},{name_of_filter}"] = float(value)
    return found


def filtered_answers(theirs: Any, doc: Json, results: Sequence[Any]) -> dict[str, list[Any]]:
    """Apply lm-eval's filters to one document's answers; filter -> what it leaves of each
    answer.
    """
    from lm_eval.api.instance import Instance

    kind = theirs.OUTPUT_TYPE
    request = "loglikelihood" if kind == "multiple_choice" else kind
    instances = [
        Instance(request, doc, ("", ""), i, ("", 0, 1), resps=[r]) for i, r in enumerate(results)
    ]
    found: dict[str, list[Any]] = {}
    for ensemble in theirs._filters:
        ensemble.apply(instances)
        found[ensemble.name] = [i.filtered_resps[ensemble.name] for i in instances]
    return found
