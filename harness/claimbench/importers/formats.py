"""The table of formats: how each kind of file is recognised by its contents, and who reads it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from claimbench.errors import SuiteError
from claimbench.importers import (
    inspect_log,
    json_values,
    lm_eval,
)
from claimbench.importers.imported import Imported, ImportFault, ImportOptions
from claimbench.importers.logs import arms, load_tests
from claimbench.importers.tools import (
    deepeval,
    evalscope,
    every_eval_ever,
    helm,
    lighteval,
    lm_eval_old,
    openai_evals,
    pairwise,
    promptfoo,
    router_bench,
    tau2,
)
from claimbench.suite.datasets import read_table
from claimbench.suite.files.traffic import langfuse, litellm, openrouter, otel
from claimbench.suite.files.traffic.read import log_of
from claimbench.suite.files.values import mapping
from claimbench.suite.table import ReadOptions
from claimbench.types import Json

_TABLES = (".csv", ".tsv", ".tab", ".xlsx", ".xlsm", ".txt", ".gz", ".parquet", ".log")
_LINES = (".jsonl", ".ndjson")


class Given:
    """One file to recognise: its parts are parsed when first asked for, and once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def is_table(self) -> bool:
        """Tell a file of columns by its suffix."""
        return self.path.suffix.lower() in _TABLES

    @property
    def is_lines(self) -> bool:
        """Tell JSON Lines by its suffix."""
        return self.path.suffix.lower() in _LINES

    @cached_property
    def is_archive(self) -> bool:
        """Tell a ZIP that is no workbook."""
        return self.path.suffix.lower() == ".eval" or (
            not self.is_table and zipfile.is_zipfile(self.path)
        )

    @cached_property
    def document(self) -> Json:
        """Return the parsed document of a JSON file; None for a file of another form.

        Raises:
            ImportFault: a ``.json`` that is none.
        """
        if self.is_table or self.is_lines or self.is_archive:
            return None
        return json_values.load_json(self.path, json_values.read_bytes(self.path))

    @cached_property
    def stacked(self) -> Json:
        """Return the first of several JSON objects that stand one after the other in a file."""
        if self.is_table or self.is_archive:
            return None
        return _first_object(json_values.read_bytes(self.path))

    @cached_property
    def first(self) -> dict[str, Json]:
        """Return the first record: of JSON Lines, of a table, of a list in a document."""
        if self.is_lines:
            return self._first_line()
        if self.is_table:
            return self._first_row()
        value = self.document
        for key in ("data", "logs", "observations"):
            if isinstance(value, dict) and isinstance(value.get(key), list):
                value = value[key]
        if isinstance(value, list):
            value = value[0] if value else None
        return mapping(value)

    def _first_line(self) -> dict[str, Json]:
        raw = json_values.read_bytes(self.path)
        line = next((line for line in raw.split(b"\n") if line.strip()), b"{}")
        try:
            return mapping(json.loads(line))
        except (ValueError, RecursionError):
            return {}

    def _first_row(self) -> dict[str, Json]:
        try:
            table = read_table(self.path, ReadOptions(wide=True, limit=1, nan_is_null=True))
        except SuiteError:
            return {}  # the reader says what is wrong with it
        return table.rows[0].values if table.rows else {}


def _first_object(raw: bytes) -> Json:
    text = raw.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return value


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file. ``read`` takes all files of it that were named; a list of results, each
    one file's or several that belong together.
    """

    kind: str
    tool: str
    knows: Callable[[Given], bool]
    read: Callable[[Sequence[Path], ImportOptions], list[Imported]]
    pairs_by_name: bool = False
    """Files of one model each pair by item although their names differ."""


def _each(
    read: Callable[[Path, ImportOptions], Imported],
) -> Callable[[Sequence[Path], ImportOptions], list[Imported]]:
    def all_of(paths: Sequence[Path], options: ImportOptions) -> list[Imported]:
        return [read(path, options) for path in paths]

    return all_of


def _lm_eval(paths: Sequence[Path], options: ImportOptions) -> list[Imported]:
    return [lm_eval.read(one, samples, options) for one, samples in lm_eval.sort_files(paths)]


def _knows_log(name: str) -> Callable[[Given], bool]:
    def knows(given: Given) -> bool:
        try:
            first = given.first or mapping(given.document)
        except ImportFault:
            first = mapping(given.stacked)
        log = log_of(first) or log_of(mapping(given.stacked))
        return log is not None and log.name == name

    return knows


FORMATS: tuple[Format, ...] = (
    Format(
        lm_eval.KIND,
        "lm-eval",
        lambda g: lm_eval.is_sample(g.first) if g.is_lines else lm_eval.is_results(g.document),
        _lm_eval,
    ),
    Format(
        inspect_log.KIND,
        "Inspect",
        lambda g: g.is_archive or inspect_log.is_log(g.document),
        _each(inspect_log.read),
    ),
    Format(
        promptfoo.KIND,
        "promptfoo",
        lambda g: promptfoo.is_row(g.first) if g.is_lines else promptfoo.is_output(g.document),
        _each(promptfoo.read),
        True,
    ),
    Format(
        every_eval_ever.KIND,
        "Every Eval Ever",
        lambda g: every_eval_ever.is_sample(g.first) or every_eval_ever.is_log(g.document),
        every_eval_ever.read_files,
    ),
    Format(
        evalscope.KIND,
        "EvalScope",
        lambda g: (
            evalscope.is_review(g.first)
            or evalscope.is_old_review(g.first)
            or evalscope.is_prediction(g.first)
            or evalscope.is_report(g.document)
        ),
        _each(evalscope.read),
    ),
    Format(
        deepeval.KIND,
        "DeepEval",
        lambda g: deepeval.is_run(g.document),
        _each(deepeval.read),
        True,
    ),
    Format(helm.KIND, "HELM", lambda g: helm.is_stats(g.document), _each(helm.read)),
    Format(
        lighteval.KIND,
        "lighteval",
        lambda g: lighteval.is_detail(g.first) or lighteval.is_results(g.document),
        _each(lighteval.read),
    ),
    Format(
        openai_evals.KIND,
        "OpenAI evals",
        lambda g: g.is_lines and openai_evals.is_spec(g.first),
        _each(openai_evals.read),
    ),
    Format(tau2.KIND, "tau2", lambda g: tau2.is_results(g.document), _each(tau2.read)),
    Format(
        lm_eval_old.KIND,
        "lm-eval before 0.4",
        lambda g: lm_eval_old.is_results(g.document),
        _each(lm_eval_old.read),
    ),
    Format(
        router_bench.KIND,
        "RouterBench",
        lambda g: router_bench.is_row(g.first),
        _each(router_bench.read),
    ),
    Format(
        load_tests.VLLM,
        "vllm bench serve",
        lambda g: load_tests.is_vllm(g.document),
        _each(load_tests.read_vllm),
    ),
    Format(
        load_tests.GUIDELLM,
        "GuideLLM",
        lambda g: load_tests.is_guidellm(g.document),
        _each(load_tests.read_guidellm),
    ),
    Format(
        load_tests.AIPERF,
        "AIPerf",
        lambda g: load_tests.is_aiperf(g.first) or load_tests.is_aiperf_summary(g.document),
        _each(load_tests.read_aiperf),
    ),
    Format(
        pairwise.KIND, "votes on pairs", lambda g: pairwise.is_row(g.first), _each(pairwise.read)
    ),
    Format(litellm.NAME, "LiteLLM", _knows_log(litellm.NAME), _each(arms.read)),
    Format(openrouter.NAME, "OpenRouter", _knows_log(openrouter.NAME), _each(arms.read)),
    Format(otel.NAME, "OpenTelemetry", _knows_log(otel.NAME), _each(arms.read)),
    Format(langfuse.NAME, "Langfuse", _knows_log(langfuse.NAME), _each(arms.read)),
)
"""The order matters where a file of one kind would also do for another: the narrower first."""
