"""Votes on pairs of answers: ``question_id, model_a, model_b, winner``, as MT-bench's human
judgements and LMArena's battles are published (CSV, TSV, JSON Lines, Excel, Parquet).

Each question and model becomes an answer, each row a vote. A rater whose name is a model's is a
judge; everybody else is a person. Where the file holds conversations, lengths are known too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from claimbench.error_words import one_of, show
from claimbench.importers.imported import (
    Imported,
    ImportedArm,
    ImportedCall,
    ImportedSample,
    ImportedVote,
    ImportFault,
    ImportOptions,
)
from claimbench.importers.json_values import digest
from claimbench.suite.datasets import read_table
from claimbench.suite.table import DataRow, ReadOptions
from claimbench.types import PAIRWISE, Json

KIND = "pairwise"
_ROLES = {
    "question": ("question_id", "qid", "prompt_id", "id", "conversation_id"),
    "model_a": ("model_a", "model_1", "left_model"),
    "model_b": ("model_b", "model_2", "right_model"),
    "winner": ("winner", "vote", "preference"),
    "judge": ("judge", "rater", "annotator", "annotator_id", "user", "user_id"),
    "turn": ("turn",),
}
_NEEDED = ("question", "model_a", "model_b")
_WINNERS = {
    "model_a": 1.0, "a": 1.0, "left": 1.0, "model_1": 1.0, "model_b": 0.0, "b": 0.0, "right": 0.0,
    "model_2": 0.0, "tie": 0.5, "draw": 0.5, "both_bad": 0.5, "bothbad": 0.5, "tie (bothbad)": 0.5,
    "tie (both bad)": 0.5, "tie (inconsistent)": 0.5,
}  # fmt: skip
_MODEL = re.compile(
    r"(?i)(?:gpt|o[1-9]\b|claude|gemini|llama|mi[sx]tral|qwen|deepseek|command-|grok|phi-|gemma|judgelm|prometheus|pandalm)"
)


def is_row(first: Mapping[str, Json]) -> bool:
    """Tell a record of a vote by its columns."""
    names = {str(name).strip().lower() for name in first}
    voted = "winner" in names or {"winner_model_a", "winner_model_b"} <= names
    return {"model_a", "model_b"} <= names and voted


def read(path: Path, options: ImportOptions) -> Imported:
    """Read a file of votes.

    Raises:
        ImportFault: a column is missing, or a row that is no vote; with its line.
    """
    table = read_table(path, ReadOptions(wide=True, nan_is_null=True))
    columns = _columns(path, table.columns, options.columns)
    task = options.task or path.name.partition(".")[0]
    several_turns = len({_text(row, columns.get("turn")) for row in table.rows}) > 1
    samples: dict[str, ImportedSample] = {}
    answers: dict[tuple[str, str], ImportedCall] = {}
    votes: list[ImportedVote] = []
    for row in table.rows:
        where = f"{path}, line {row.line}"
        question = _needed(where, row, columns["question"])
        one, two = (_needed(where, row, columns[name]) for name in ("model_a", "model_b"))
        if one == two:
            raise ImportFault(f"{where}: both answers are of {one!r}", hint="a pair has two models")
        turn = _text(row, columns.get("turn")) if several_turns else ""
        sample = f"{question} turn {turn}" if turn else question
        shown = _said(row, "conversation_a", "user", turn)
        samples.setdefault(sample, ImportedSample(task, sample, shown, None, question))
        for model, column in ((one, "conversation_a"), (two, "conversation_b")):
            text = _said(row, column, "assistant", turn)
            answers.setdefault((sample, model), ImportedCall(model, task, sample, 0, {}, text=text))
        rater = _rater(row, columns.get("judge"))
        share = _share(where, row, columns, (one, two))
        votes.append(
            ImportedVote(task, sample, one, two, rater, _MODEL.match(rater) is None, share)
        )
    if not votes:
        raise ImportFault(f"{path}: the file holds no vote")
    models = list(dict.fromkeys(model for vote in votes for model in (vote.one, vote.two)))
    raters = {vote.rater for vote in votes}
    judges = sorted({vote.rater for vote in votes if not vote.is_person})
    who = f"{len(raters) - len(judges):,} people" if len(raters) > len(judges) else "no people"
    also = f" and the judges {one_of(judges)}" if judges else ""
    return Imported(
        KIND,
        tuple(ImportedArm(name, KIND, name, path.name) for name in models),
        tuple(samples.values()),
        tuple(answers.values()),
        notes=(
            f"{len(votes):,} votes on pairs by {who}{also}; ties count half",
            *_without_votes(path.name, answers, votes),
        ),
        metrics={task: PAIRWISE},
        files={path.name: digest(path.read_bytes().hex())},
        votes=tuple(votes),
    )


def _without_votes(
    name: str, answers: Iterable[tuple[str, str]], votes: Sequence[ImportedVote]
) -> list[str]:
    """Say how many pairs of answers to one question the file holds without a vote on them."""
    of_sample: dict[str, list[str]] = {}
    for sample, model in answers:
        of_sample.setdefault(sample, []).append(model)
    voted = {(vote.sample_id, frozenset((vote.one, vote.two))) for vote in votes}
    pairs = sum(len(models) * (len(models) - 1) // 2 for models in of_sample.values())
    left = pairs - len(voted)
    if not left:
        return []
    return [
        f"{name}: on {left:,} of {pairs:,} pairs of answers to the same question nobody voted; they"
        " are left out, and if they were not left out at random, the share of wins is wrong"
    ]


def _columns(
    path: Path, columns: tuple[str, ...], stated: Mapping[str, tuple[str, ...]]
) -> dict[str, str]:
    unknown = [role for role in stated if role not in _ROLES]
    if unknown:
        raise ImportFault(f"--column {unknown[0]}=: votes have the roles {', '.join(_ROLES)}")
    lower = {name.strip().lower(): name for name in columns}
    found: dict[str, str] = {}
    for role, names in _ROLES.items():
        wanted = stated.get(role)
        if wanted:
            if wanted[0] not in columns:
                raise ImportFault(
                    f"{path}: no column {wanted[0]!r}", hint=f"it has: {one_of(columns)}"
                )
            found[role] = wanted[0]
            continue
        known = next((lower[name] for name in names if name in lower), None)
        if known is not None:
            found[role] = known
    missing = [role for role in _NEEDED if role not in found]
    if "winner" not in found and "winner_model_a" not in lower:
        missing.append("winner")
    if missing:
        raise ImportFault(
            f"{path}: no column for {', '.join(missing)}",
            hint=f"it has: {one_of(columns)}; name it with --column {missing[0]}=COLUMN",
        )
    return found


def _text(row: DataRow, column: str | None) -> str:
    value = None if column is None else row.values.get(column)
    return "" if value is None else str(value).strip()


def _needed(where: str, row: DataRow, column: str) -> str:
    text = _text(row, column)
    if not text:
        raise ImportFault(f"{where}: the column {column!r} is empty")
    return text


def _rater(row: DataRow, column: str | None) -> str:
    """Return who voted; of a judge's list (its model and its prompt) the model."""
    text = _text(row, column)
    found = re.match(r"\[\s*['\"]([^'\"]+)['\"]", text)
    return found[1] if found else text or "people"


def _share(where: str, row: DataRow, columns: Mapping[str, str], models: tuple[str, str]) -> float:
    """Return the share of the win that the row's first model got."""
    if "winner" not in columns:
        flags = [_text(row, name) for name in ("winner_model_a", "winner_model_b", "winner_tie")]
        won = [flag in ("1", "1.0", "true", "True") for flag in flags]
        if sum(won) != 1:
            raise ImportFault(f"{where}: one of winner_model_a, _b and _tie is 1; got {flags}")
        return (1.0, 0.0, 0.5)[won.index(True)]
    text = _text(row, columns["winner"])
    if text in models:
        return 1.0 if text == models[0] else 0.0
    share = _WINNERS.get(text.lower())
    if share is None:
        raise ImportFault(
            f"{where}: the winner is {show(text)}",
            hint="model_a, model_b, tie, tie (bothbad), or one of the row's two models",
        )
    return share


def _said(row: DataRow, column: str, role: str, turn: str) -> str:
    """Return what a conversation's role said last, or in the turn of the row; empty where the file
    holds no conversation that can be read.
    """
    value = row.values.get(column)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return ""
    if not isinstance(value, list):
        return ""
    said = [
        str(one.get("content") or "")
        for one in value
        if isinstance(one, Mapping) and one.get("role") == role
    ]
    if turn.isdigit() and 0 < int(turn) <= len(said):
        return said[int(turn) - 1]
    return said[-1] if said else ""
