"""Runs of ours in the formats of other tools: Inspect's log (``.json``), lm-eval's results and
samples, and Every Eval Ever's log and instances.

Only what those formats have a place for is written; what they have none for (verdicts, outcomes,
prices) stays here.
"""

from __future__ import annotations

import json
from pathlib import Path

from claimbench.errors import BenchError
from claimbench.evaluation.evaluate import Evaluation
from claimbench.exporters.every_eval_ever import every_eval_ever_files
from claimbench.exporters.inspect_log import inspect_files
from claimbench.exporters.lm_eval import lm_eval_files
from claimbench.exporters.rows import rows_by_arm
from claimbench.privacy.redact import Redactor

_WRITERS = {
    "inspect": (inspect_files, 1),
    "lm-eval": (lm_eval_files, 2),
    "every-eval-ever": (every_eval_ever_files, 2),
}
TOOLS = tuple(_WRITERS)
_NEED_SCORES = ("lm-eval", "every-eval-ever")


def export_run(
    evaluation: Evaluation,
    tool: str,
    folder: Path,
    *,
    arm: str | None = None,
    redact: Redactor | None = None,
) -> list[Path]:
    """Write a run's files for ``tool`` (of :data:`TOOLS`) into ``folder`` and return their paths.

    Inspect gets one log per arm and task; lm-eval one folder per arm with a results file and one
    samples file per task; Every Eval Ever one folder per arm with a log and its instances. Keys are
    masked in every text, and transcripts leave as ``redact`` says (default: in full).

    Raises:
        ValueError: an unknown tool.
        BenchError: a run without scores, where the tool's files need them.
    """
    if tool not in TOOLS:
        raise ValueError(f"no exporter for {tool!r}; there are {', '.join(TOOLS)}")
    redact = redact or Redactor()
    rows = rows_by_arm(evaluation, redact)
    writer, indent = _WRITERS[tool]
    unscored = [task.name for task in evaluation.stored.suite.tasks if not task.scorers]
    if unscored and tool in _NEED_SCORES:
        raise BenchError(
            f"{unscored[0]}: nothing is scored, and files of {tool} are of scores",
            hint="--to inspect, --format csv or --format jsonl hold answers, dollars and times",
        )
    written: list[Path] = []
    for one in evaluation.stored.suite.arms:
        if arm not in (None, one.name) or one.name not in rows:
            continue
        for name, content in writer(evaluation, one, rows[one.name]):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, list):
                lines = [json.dumps(redact.json(line), ensure_ascii=False) for line in content]
                path.write_text("\n".join(lines) + "\n", encoding="utf-8")
            else:
                path.write_text(
                    json.dumps(redact.json(content), ensure_ascii=False, indent=indent),
                    encoding="utf-8",
                )
            written.append(path)
    return written


__all__ = ["TOOLS", "export_run"]
