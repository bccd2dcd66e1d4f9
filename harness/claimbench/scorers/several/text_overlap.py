"""``text_overlap``: chrF, BLEU or ROUGE of an answer against its references, by
sacrebleu and rouge-score.

The score is that of one answer (sacrebleu's sentence score, from 0 to 1), so that a mean over items
is no corpus BLEU. It is a quality of its own name, never a share of right answers. Both packages
are imported when the first answer is scored: pip install 'claimbench[text-metrics]'.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, Literal

from pydantic import Field

from claimbench.scorers.base import ScorerOptionError, brief, scored, visible
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.scorers.reading.answers import right_answers
from claimbench.types import Json, Sample, Score, Task

Metric = Literal["chrf", "chrf++", "bleu", "rouge1", "rouge2", "rougeL", "rougeLsum"]
HINT = "pip install 'claimbench[text-metrics]'"


class TextOverlapOptions(ScorerOptions):
    """Options of ``text_overlap``."""

    metric: Metric = "chrf"
    """chrf: characters, fits every language. chrf++: with words. bleu: sentence BLEU, exponential
    smoothing, effective order. rouge1, rouge2, rougeL, rougeLsum: F1, for texts in the letters a to
    z alone."""
    aliases: list[str] = Field(default_factory=list)
    """Columns with further references: lists, or texts parted by the separator."""
    separator: str = Field(default="|", min_length=1)
    """What parts several references in one cell."""
    ignore_case: bool = False
    """For chrf and bleu: compare without case. ROUGE always does."""
    tokenize: Literal["13a", "zh", "intl", "char", "none"] = "13a"
    """For bleu: sacrebleu's tokenizer. zh for Chinese; char for scripts without blanks."""
    stem: bool = False
    """For ROUGE: Porter's stems, of English words."""


class TextOverlapScorer:
    """How much of the reference's text an answer shares, from 0 to 1."""

    name = "text_overlap"
    version = "1"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self._options = read_options(TextOverlapOptions, options or {}, self.name)
        package = "rouge_score" if self._options.metric.startswith("rouge") else "sacrebleu"
        if find_spec(package) is None:
            raise ScorerOptionError(
                f"scorer text_overlap: {self._options.metric} needs {package}, which is not"
                f" installed: {HINT}",
                option="metric" if "metric" in (options or {}) else None,
            )

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:  # noqa: ARG002 - the protocol's
        """See :class:`claimbench.scorers.base.Scorer`; raises ValueError for a reference in which
        ROUGE sees no word.
        """
        answer = visible(text).strip()
        references = right_answers(sample, self._options.aliases, self._options.separator)
        metric = self._options.metric
        if metric.startswith("rouge"):
            value = self._rouge(answer, references)
        else:
            maker = _bleu if metric == "bleu" else _chrf
            made = maker(metric, self._options.ignore_case, self._options.tokenize)
            value = made.sentence_score(answer, references).score / 100
        why = f"{metric} of {brief(answer, 40)} against {brief(references[0], 40)}"
        return scored(self, call_id, min(max(value, 0.0), 1.0), why)

    def _rouge(self, answer: str, references: list[str]) -> float:
        kind = self._options.metric
        for each in references:
            if each.strip() and not any(char.isascii() and char.isalnum() for char in each):
                raise ValueError(
                    f"rouge-score reads the letters a to z and digits alone, and {brief(each)} has"
                    " none: take chrf"
                )
        scorer = _rouge_of(kind, self._options.stem)
        return max(float(scorer.score(each, answer)[kind].fmeasure) for each in references)


@lru_cache(maxsize=16)
def _chrf(metric: str, lowercase: bool, _tokenize: str) -> Any:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF(word_order=2 if metric == "chrf++" else 0, lowercase=lowercase)


@lru_cache(maxsize=16)
def _bleu(_metric: str, lowercase: bool, tokenize: str) -> Any:
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(lowercase=lowercase, tokenize=tokenize, effective_order=True)


@lru_cache(maxsize=16)
def _rouge_of(kind: str, stem: bool) -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer([kind], use_stemmer=stem)
