"""``python``: the score that a function beside the suite gives.

The function is ``score(answer, target)`` or ``score(answer, target, row)`` and returns 0 or 1, a
number from 0 to 1, or None where an answer has no score. It runs once, at the end of a run, in a
process of its own (:mod:`claimbench.scorers.own_code.process`), after a person agreed; what it gave
is stored with the run, and every later command reads that and runs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from pydantic import Field, field_validator

from claimbench.scorers.base import scored, unparsable
from claimbench.scorers.options import ScorerOptions, read_options
from claimbench.scorers.own_code.process import ScorerFails, ScorerProcess, ScorerStopped
from claimbench.scorers.own_code.reading import ScorerFile
from claimbench.types import Json, Sample, Score, Task

PYTHON = "python"


class PythonOptions(ScorerOptions):
    """Options of ``python``."""

    file: str = Field(min_length=1)
    """A file of Python beside the suite, of at most 256 KiB. It is run alone: it imports what is
    installed, nothing beside it."""
    function: str = Field(default="score", min_length=1)
    """The function in it: (answer, target) or (answer, target, row)."""
    binary: bool = False
    """It gives 0 or 1 alone, so that its mean is an accuracy; true: anything else is an error."""
    seconds: float = Field(default=10.0, gt=0, le=600, allow_inf_nan=False)
    """Longest time for one answer."""
    source: str | None = None
    """The file's text: put in when the suite is loaded, and stored with the run."""
    sha256: str | None = None
    """Its hash: put in likewise."""
    takes_row: bool = False
    """Whether the function takes the row: put in likewise."""

    @field_validator("file")
    @classmethod
    def _is_python(cls, value: str) -> str:
        if not value.endswith(".py"):
            raise ValueError("a scorer's file ends in .py")
        return value


class PythonScorer:
    """Gives the stored score of each answer; :meth:`judge` asks the script."""

    name = PYTHON

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self.options = read_options(PythonOptions, options or {}, self.name)
        self._given: Mapping[str, Score] = {}

    @property
    def version(self) -> str:
        """Return the beginning of the script's hash, with what else decides a score."""
        kind = "-binary" if self.options.binary else ""
        return f"{(self.options.sha256 or 'unread')[:16]}{kind}"

    @property
    def key(self) -> str:
        """Return the key under which its scores are stored."""
        return f"{self.name} {self.options.sha256} {self.options.function} {self.options.binary}"

    @property
    def script(self) -> ScorerFile:
        """Return the script; raises ValueError where the suite was not loaded from its file."""
        read = self.options
        if read.source is None:
            raise ValueError(f"{read.file} has not been read")
        return ScorerFile(read.file, read.function, read.source, read.takes_row)

    def of_run(self, given: Mapping[str, Score]) -> PythonScorer:
        """Return this scorer with the scores that a run holds, by call."""
        other = PythonScorer(self.options.model_dump())
        other._given = given
        return other

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:  # noqa: ARG002 - the protocol's
        """Return what is stored; nothing is run."""
        found = self._given.get(call_id)
        if found is not None:
            return found
        why = (
            f"{self.options.file} has not scored this answer; `bench run --resume RUN` does, after"
            " consent"
        )
        return Score(call_id, self.name, self.version, "unscored", None, why)

    def judge(self, process: ScorerProcess, call_id: str, text: str, sample: Sample) -> Score:
        """Ask the script to score one answer; a fault leaves it unscored with its reason.

        Where the script had to be stopped it is asked once more with the row's own target as the
        answer: where it then answers, the answer was what it could not read (``unparsable``).
        """
        rest: list[Json] = [sample.target]
        if self.options.takes_row:
            rest.append(dict(sample.input))
        try:
            value = process.ask([text, *rest])
        except ScorerStopped as fault:
            if not _answers_the_target(process, sample.target, rest):
                return self._unscored(call_id, str(fault))
            why = f"{fault}; on the target as the answer it did not"
            return unparsable(self, call_id, why)
        except ScorerFails as fault:
            return self._unscored(call_id, str(fault))
        except (TypeError, ValueError) as error:
            return self._unscored(call_id, f"the row cannot be given to a script: {error}")
        return self._read(call_id, value)

    def _read(self, call_id: str, value: Json) -> Score:
        where = f"{self.options.file}: {self.options.function}()"
        if value is None:
            return self._unscored(call_id, f"{where} gave None: no score")
        if isinstance(value, dict):
            return self._unscored(call_id, f"{where} gave a {value.get('type')}, not a number")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not (math.isfinite(number) and 0 <= number <= 1):
            return self._unscored(call_id, f"{where} gave {value!r}; scores are from 0 to 1")
        if self.options.binary and number not in (0, 1):
            return self._unscored(call_id, f"{where} gave {value!r}, and is declared binary")
        return scored(self, call_id, number, f"{where}, sha256 {self.version}")

    def _unscored(self, call_id: str, why: str) -> Score:
        return Score(call_id, self.name, self.version, "unscored", None, why)


def _answers_the_target(process: ScorerProcess, target: Json, rest: list[Json]) -> bool:
    if not isinstance(target, str) or not target:
        return False
    try:
        process.ask([target, *rest])
    except ScorerFails:
        return False
    process.forgive()
    return True
