"""RouterBench: the stored records of a routing paper, a table with one row per prompt and three
columns per model: its score (named as the model), ``MODEL|model_response`` and
``MODEL|total_cost``.

``eval_name`` is the task; ``oracle_model_to_route_to`` is not read, for routes are made anew. The
published file is a pickle, which could run code: it is read after it was saved as CSV or JSON Lines
(``pandas.read_pickle(FILE).to_csv(...)``).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from claimbench.importers.gather import Answer, Found, gathered
from claimbench.importers.imported import Imported, ImportedArm, ImportFault, ImportOptions
from claimbench.suite.datasets import read_table
from claimbench.suite.files.values import dollars
from claimbench.suite.table import ReadOptions
from claimbench.types import Json

KIND = "router-bench"
COST, RESPONSE = "|total_cost", "|model_response"
SCORE = "score"
_GRADED = re.compile(r"mt[-_]?bench", re.I)
"""Sets of questions whose answers a model grades."""


def models_of(row: Mapping[str, Json]) -> list[str]:
    """Return the models that a row has scores and dollars of."""
    return [name for name in row if "|" not in name and f"{name}{COST}" in row]


def is_row(row: Mapping[str, Json]) -> bool:
    """Recognise a row: a model's score beside its dollars."""
    return bool(models_of(row)) and "sample_id" in row


def read(path: Path, options: ImportOptions) -> Imported:
    """Read one table; raises ImportFault with the line of a bad cell."""
    table = read_table(path, ReadOptions(wide=True, nan_is_null=True), shown=str(path))
    if not table.rows or not is_row(table.rows[0].values):
        raise ImportFault(
            f"{path}: not RouterBench's records",
            hint="columns: sample_id, prompt, eval_name, and MODEL, MODEL|model_response,"
            " MODEL|total_cost for each model",
        )
    models = models_of(table.rows[0].values)
    short = [model.rpartition("/")[2] for model in models]
    names = short if len(set(short)) == len(short) else models
    arms = [
        ImportedArm(name, "router-bench", model, path.name)
        for name, model in zip(names, models, strict=True)
    ]
    answers: list[Answer] = []
    for row in table.rows:
        item = row.values.get("sample_id")
        if item is None or item == "":
            raise ImportFault(f"{path}:{row.line}: the row has no sample_id")
        task = options.task or str(row.values.get("eval_name") or "router-bench")
        for name, model in zip(names, models, strict=True):
            score = _score(row.values.get(model), f"{path}:{row.line}: {model}")
            cost = row.values.get(f"{model}{COST}")
            answers.append(
                Answer(
                    name,
                    task,
                    str(item),
                    {} if score is None else {SCORE: score},
                    shown=_text(row.values.get("prompt")),
                    text=_text(row.values.get(f"{model}{RESPONSE}")),
                    error="the file gives no score" if score is None else None,
                    judge={SCORE: task} if _GRADED.search(task) else {},
                    usd=_dollars(cost, f"{path}:{row.line}: {model}{COST}"),
                )
            )
    found = Found(KIND, [path], arms, answers, preferred=(SCORE,))
    return gathered(found, options)


def _score(value: Json, where: str) -> float | None:
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return float(value.lower() == "true")
    try:
        score = float(value)
    except (OverflowError, TypeError, ValueError):
        score = math.nan
    if not 0 <= score <= 1:
        raise ImportFault(f"{where}: the score {value!r} is no number from 0 to 1")
    return score


def _dollars(value: Json, where: str) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except (OverflowError, TypeError, ValueError):
        number = math.nan
    if not number >= 0 or math.isinf(number):
        raise ImportFault(f"{where}: {value!r} is no amount of dollars")
    return dollars(value)  # 0 is how tools write "not measured"


def _text(value: Json) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)
