"""``rag``: answers from passages, judged by rules: right, abstained where nothing can be said,
cited, and held by what is cited.

An answer is right if it holds one of the right answers as whole words and does not deny it. Rows
whose target is ``unanswerable`` (or null in JSON) are right if the answer abstains
(:mod:`claimbench.scorers.rules.abstention`). Citations are read by
:mod:`claimbench.scorers.rules.citations`. Parts, each only on the rows where it means something:

==================== ============ =====================================================
part                 rows         1 if
==================== ============ =====================================================
answer               all          the answer is right, or rightly abstained
correct_abstain      unanswerable it abstains
hallucinated_answer  unanswerable it answers all the same (lower is better)
wrong_abstain        answerable   it abstains although the passages say it (lower is better)
citation_precision   gold known   share of the cited passages that are gold
citation_recall      gold known   share of the gold passages that are cited
citation_f1          gold known   the harmonic mean of both
supported            passages     it is right and a passage it cites holds the answer
==================== ============ =====================================================
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from claimbench.number_text.plain import typographic
from claimbench.scorers.base import brief, scored, squeeze, unparsable, visible
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.scorers.reading.answers import as_text, parts_of
from claimbench.scorers.reading.json_text import read_object
from claimbench.scorers.reading.words import occurrences, strict_words
from claimbench.scorers.rules.abstention import VALUE, abstains
from claimbench.scorers.rules.citations import Format, agreement, cited, cited_in_field
from claimbench.scorers.rules.denied_values import said_plainly, value_denied
from claimbench.types import AnswerSpec, Json, Sample, Score, Task


class RagOptions(ScorerOptions):
    """Options of ``rag``."""

    headline: Literal["answer", "citation_f1", "supported"] = "answer"
    """What the score is; the others are parts. Rows without it are scored by `answer`."""
    gold: str | None = None
    """Column with the names of the passages that hold the answer: a list, or texts parted by the
    separator."""
    passages: str | None = None
    """Column with the passages: {name: text}, or a list of {id, text}."""
    aliases: list[str] = Field(default_factory=list)
    """Columns with further right answers: lists, or texts parted by the separator."""
    separator: str = Field(default="|", min_length=1)
    """What parts several texts in one cell."""
    unanswerable: str = Field(default="unanswerable", min_length=1)
    """The target of rows that the passages do not answer."""
    abstain: list[str] = Field(default_factory=list)
    """Further words by which an answer abstains."""
    citations: Format = "auto"
    """How passages are cited: brackets ([1], [doc-3]), source ((source: X)), json (a field), or
    auto: whichever is there."""
    answer_field: str = Field(default="answer", min_length=1)
    """Field of a JSON answer with the answer; null: it abstains."""
    citation_field: str = Field(default="citations", min_length=1)
    """Field of a JSON answer with the cited passages."""
    longest: int = Field(default=80, ge=1)
    """Words; a longer answer is unparsable: who repeats the passages has not answered."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a sample wants: ``answers`` empty for an unanswerable row; None: not known."""

    answers: tuple[str, ...]
    gold: tuple[str, ...] | None
    passages: Mapping[str, str] | None

    @property
    def answerable(self) -> bool:
        """Return whether the passages answer it."""
        return bool(self.answers)


class RagScorer:
    """See the module."""

    name = "rag"
    version = "2"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self._options = read_options(RagOptions, options or {}, self.name)

    def check(self, answer: AnswerSpec) -> str | None:
        """Refuse answers that are neither texts nor JSON."""
        if answer.kind in ("text", "json"):
            return None
        return f"the scorer rag needs answers of type text or json, not {answer.kind}"

    def check_sample(self, sample: Sample) -> str | None:
        """Say what a row lacks for this scorer, or None."""
        try:
            row = self._row(sample)
        except ValueError as error:
            return f"scorer rag: {error}"
        if row.answerable and self._options.gold is not None and not row.gold:
            return f"scorer rag: an answerable row without a passage in '{self._options.gold}'"
        if not row.answerable and row.gold:
            return (
                f"scorer rag: the row is {self._options.unanswerable}, and '{self._options.gold}'"
                f" names {', '.join(row.gold)}"
            )
        if row.passages is not None:
            lacking = [name for name in row.gold or () if name not in row.passages]
            if lacking:
                return f"scorer rag: there is no passage {lacking[0]!r} in this row"
            if row.answerable and row.gold:
                texts = [row.passages[name] for name in row.gold]
                if not any(holds_any(text, row.answers, denials=False) for text in texts):
                    return (
                        f"scorer rag: no gold passage holds the answer {brief(row.answers[0])};"
                        " give its words in a column of `aliases`, or leave `passages` out"
                    )
        return None

    def part_names(self, sample: Sample, task: Task) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """Return the parts that mean something for this row."""
        return self._names(self._row(sample))

    def _names(self, row: Row) -> tuple[str, ...]:
        if not row.answerable:
            return ("answer", "correct_abstain", "hallucinated_answer")
        names = ["answer", "wrong_abstain"]
        if row.gold is not None:
            names += ["citation_precision", "citation_recall", "citation_f1"]
        if row.passages is not None:
            names.append("supported")
        return tuple(names)

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:  # noqa: ARG002 - the protocol's
        """See :class:`claimbench.scorers.base.Scorer`; raises ValueError for a row without what
        the options name.
        """
        row = self._row(sample)
        known = tuple(row.passages or row.gold or ())
        answer, names, silent = self._read(visible(text), known)
        zeros = dict.fromkeys(self._names(row), 0.0)
        if len(answer.split()) > self._options.longest:
            why = f"{len(answer.split())} words, above {self._options.longest}: no answer"
            return unparsable(self, call_id, why, zeros)
        masked = _masked(answer, row.answers, known)
        abstained = silent or abstains(masked, self._options.abstain)
        source = [(row.passages or {}).get(name, "") for name in row.gold or ()]
        right = not abstained and holds_any(answer, row.answers, source=source)
        parts = dict(zeros)
        if not row.answerable:
            parts["answer"] = parts["correct_abstain"] = float(abstained)
            parts["hallucinated_answer"] = float(not abstained)
            why = f"{'abstains' if abstained else 'answers'}: {brief(answer)}; nothing says it"
            return scored(self, call_id, parts["answer"], why, parts)
        parts["answer"] = float(right)
        parts["wrong_abstain"] = float(abstained)
        if row.gold is not None and not abstained:
            found = agreement(names, row.gold)
            parts["citation_precision"] = found[0]
            parts["citation_recall"] = found[1]
            parts["citation_f1"] = found[2]
        if row.passages is not None:
            texts = [row.passages[name] for name in names if name in row.passages]
            held = any(holds_any(one, row.answers, denials=False) for one in texts)
            parts["supported"] = float(right and held)
        value = parts.get(self._options.headline, parts["answer"])
        read = "abstains" if abstained else ("right" if right else "not right")
        cites = ", ".join(names) or "nothing"
        why = f"{read}: {brief(answer)}; right is {brief(row.answers[0])}; cites {cites}"
        return scored(self, call_id, value, why, parts)

    def _read(self, text: str, known: tuple[str, ...]) -> tuple[str, tuple[str, ...], bool]:
        """Return an answer's words, the passages it cites, and whether it is null in JSON."""
        options = self._options
        made, _ = read_object(text)
        if made is not None and options.answer_field in made:
            value = made[options.answer_field]
            said = "" if value is None else value if isinstance(value, str) else json.dumps(value)
            listed = cited_in_field(made.get(options.citation_field), known)
            inside = cited(said, known) if options.citations != "json" else None
            names = (*listed, *(inside.names if inside is not None else ()))
            words = said if inside is None else inside.text
            return squeeze(words), tuple(dict.fromkeys(names)), not said.strip()
        if options.citations == "json":
            return squeeze(text), (), not text.strip()
        found = cited(text, known, options.citations)
        return squeeze(found.text), found.names, False

    def _row(self, sample: Sample) -> Row:
        options = self._options
        target = sample.target
        named: Json = None
        if isinstance(target, Mapping):
            if options.answer_field not in target:
                raise ValueError(f"the target has no field '{options.answer_field}'")
            named = target.get(options.citation_field)
            target = target[options.answer_field]
        texts = [as_text(one) for one in (target if isinstance(target, list) else [target])]
        nothing = target is None or target == [] or texts == [options.unanswerable]
        answers: tuple[str, ...] = ()
        if not nothing:
            for column in options.aliases:
                texts += parts_of(_column(sample, column), options.separator)
            answers = tuple(dict.fromkeys(one for one in texts if one.strip()))
            if not answers:
                raise ValueError("the row has no right answer")
        gold: tuple[str, ...] | None = None
        if options.gold is not None:
            gold = tuple(parts_of(_column(sample, options.gold), options.separator))
        elif named is not None:
            gold = tuple(parts_of(named, options.separator))
        passages = None
        if options.passages is not None:
            passages = passages_of(_column(sample, options.passages), options.passages)
        return Row(answers, gold, passages)


def _column(sample: Sample, name: str) -> Json:
    if name not in sample.input:
        raise ValueError(f"there is no column '{name}'")
    return sample.input[name]


def passages_of(value: Json, column: str) -> dict[str, str]:
    """Read the passages of a row.

    Raises:
        ValueError: neither {name: text} nor a list of {id, text}, or a name that stands twice.
    """
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        value = json.loads(value)
    if isinstance(value, Mapping) and value and all(isinstance(v, str) for v in value.values()):
        return {str(name): str(text) for name, text in value.items()}
    found: dict[str, str] = {}
    for number, one in enumerate(value if isinstance(value, list) else (), start=1):
        if isinstance(one, str):
            one = {"id": number, "text": one}
        if not isinstance(one, Mapping) or "id" not in one or not isinstance(one.get("text"), str):
            break
        if str(one["id"]) in found:
            raise ValueError(f"two passages in '{column}' are called {one['id']!r}")
        found[str(one["id"])] = one["text"]
    else:
        if found:
            return found
    raise ValueError(f"'{column}' holds neither {{name: text}} nor a list of {{id, text}}")


def _masked(text: str, answers: Sequence[str], passages: Sequence[str]) -> str:
    """Return a text with its right answers replaced, so that "not included" as the right answer is
    no abstention, and with the names of passages as words ("none of p1 and p2 says it").
    """
    named = "|".join(re.escape(n) for n in passages if len(n) > 1 and not n.isdecimal())
    if named:
        text = re.sub(rf"(?<![\w-])(?:{named})(?![\w-])", "passages", text, flags=re.IGNORECASE)
    for one in sorted(answers, key=len, reverse=True):
        form = r"\s+".join(map(re.escape, one.split()))
        if form and abstains(one):
            text = re.sub(rf"(?<!\w){form}(?!\w)", VALUE, text, flags=re.IGNORECASE)
    return text


def holds(text: str, wanted: str, *, denials: bool = True, source: Sequence[str] = ()) -> bool:
    """Return whether a text holds an answer; see :func:`holds_any`."""
    return holds_any(text, (wanted,), denials=denials, source=source)


def holds_any(
    text: str, wanted: Iterable[str], *, denials: bool = True, source: Sequence[str] = ()
) -> bool:
    """Return whether a text holds one of several answers as whole words, without case.

    Args:
        text: the answer.
        wanted: the right answers.
        denials: an answer that is denied ("it is not 12") does not count.
        source: the passages that say it; where they deny the same value, so may the answer.
    """
    words = strict_words(re.sub(r"(?<=[^\W\d])/(?=\d)", " / ", typographic(text)))
    for one in wanted:
        form = strict_words(squeeze(typographic(one))).folded
        if not form:
            continue
        places = list(occurrences(form, words, percent=True))
        if places and not denials:
            return True
        plainly = bool(places) and any(said_plainly(form, passage) for passage in source)
        for start, end in places:
            if not value_denied(words.folded, start, end, plainly=plainly):
                return True
    return False
