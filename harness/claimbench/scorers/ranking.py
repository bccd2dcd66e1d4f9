"""``ranking``: an answer that orders candidates, against their relevance grades; NDCG@k or
reciprocal rank.

The target is an object ``{candidate: grade}``, or a list of the relevant candidates. The answer is
read as a JSON list of candidates, else as their names (or ids) in order of first appearance. A
candidate named twice counts where it first stands; a name in a JSON list that is no candidate takes
a place and gains nothing; candidates left out gain nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from claimbench.number_text import parse_number
from claimbench.number_text.plain import folded
from claimbench.scorers.base import brief, outermost_names, scored, squeeze, unparsable, visible
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.stats.agreement import ndcg, reciprocal_rank
from claimbench.types import Json, Sample, Score, Task


class RankingOptions(ScorerOptions):
    """Options of ``ranking``."""

    metric: Literal["ndcg", "mrr"] = "ndcg"
    """What the score is; the other is a part."""
    k: int | None = Field(default=10, ge=1)
    """Only the first k places count; null: all."""
    relevant_from: float = Field(default=1, gt=0)
    """The grade from which a candidate counts as relevant, for mrr."""
    candidates: str | None = None
    """Column with the list of candidates, where the target names only the relevant ones."""


class RankingScorer:
    """NDCG@k (gain 2^grade - 1) or reciprocal rank of the answer's order; both are parts."""

    name = "ranking"
    version = "2"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self._options = read_options(RankingOptions, options or {}, self.name)

    def part_names(self, sample: Sample, task: Task) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """Return both metrics."""
        return ("ndcg", "mrr")

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:  # noqa: ARG002 - likewise
        """See :class:`claimbench.scorers.base.Scorer`; raises ValueError where nothing is
        relevant.
        """
        grades = self._grades(sample)
        order = read_order(visible(text), list(grades))
        if not any(name in grades for name in order):
            return unparsable(
                self, call_id, f"names no candidate: {brief(text)}", {"ndcg": 0.0, "mrr": 0.0}
            )
        ranked = [grades.get(name, 0.0) for name in order]
        value = ndcg(ranked, list(grades.values()), self._options.k)
        if value is None:
            raise ValueError(
                "no candidate of this sample is relevant, so no order is better than another"
            )
        parts = {
            "ndcg": value,
            "mrr": reciprocal_rank(ranked[: self._options.k], self._options.relevant_from),
        }
        left = len(grades) - sum(name in grades for name in order)
        shown = ", ".join(order[:5]) + (" …" if len(order) > 5 else "")
        return scored(
            self,
            call_id,
            parts[self._options.metric],
            f"order {shown}" + (f"; {left} left out" if left else ""),
            parts,
        )

    def _grades(self, sample: Sample) -> dict[str, float]:
        target = _value(sample.target)
        grades: dict[str, float] = {}
        if self._options.candidates is not None:
            listed = _value(sample.input.get(self._options.candidates))
            grades = {str(name): 0.0 for name in listed or ()}
        if isinstance(target, list):
            return grades | {str(name): 1.0 for name in target}
        if not isinstance(target, dict) or not target:
            raise ValueError(
                f"the target {brief(target)} is neither {{candidate: grade}} nor a list of"
                " candidates"
            )
        for name, given in target.items():
            grade = parse_number(given)
            if grade is None or grade < 0:
                raise ValueError(f"the grade of {name} is {given!r}; grades are numbers from 0")
            grades[str(name)] = float(grade)
        return grades


def _value(value: Json) -> Json:
    """Read a cell that holds JSON, as tables without types do."""
    return (
        json.loads(value) if isinstance(value, str) and value.lstrip()[:1] in ("[", "{") else value
    )


def read_order(text: str, candidates: Sequence[str]) -> list[str]:
    """Return the order that an answer gives, each name once; a JSON list in it is taken whole."""
    found = re.search(r"\[[^\[\]]*\]", text)
    if found is not None:
        try:
            listed = json.loads(found.group())
        except ValueError:
            listed = None
        if isinstance(listed, list) and listed and all(isinstance(x, str | int) for x in listed):
            spelled = {folded(squeeze(name)): name for name in candidates}
            return list(dict.fromkeys(spelled.get(folded(squeeze(str(x))), str(x)) for x in listed))
    answer = folded(squeeze(text))
    spans: list[tuple[int, int, str]] = []
    for name in candidates:
        form = re.escape(folded(squeeze(name)))
        spans += [(m.start(), m.end(), name) for m in re.finditer(rf"(?<!\w){form}(?!\w)", answer)]
    return outermost_names(spans)
