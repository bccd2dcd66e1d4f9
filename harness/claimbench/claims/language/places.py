"""Where and how something is said: tasks, slices, percentiles; and the state of a reading."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from claimbench.claims.language.amounts import Amount
from claimbench.claims.language.chunks import Chunk
from claimbench.claims.language.statements import Statement, quantile, twin_of
from claimbench.errors import ClaimError


@dataclass
class Clause:
    """Hold one clause: its subjects, their dimension, and what was said of them."""

    subjects: list[int] = field(default_factory=list)
    dim: str = ""
    quantile: float | None = None
    neither: bool = False
    statements: list[Statement] = field(default_factory=list)


class PlaceReader:
    """Hold what was read so far, and read the words that say where and how."""

    def __init__(self, chunks: Sequence[Chunk], amounts: Sequence[Amount]) -> None:
        self.chunks = list(chunks)
        self.amounts = amounts
        self.clauses = [Clause()]
        self.led: list[int] = []
        self.unlike: list[int] = []
        self.collect: list[int] | None = None
        self.pending: str | None = None
        self.negation: str | None = None
        self.modifier: str | None = None
        self.before: dict[str, object] = {}
        self.last: Statement | None = None
        self.at = 0

    @property
    def clause(self) -> Clause:
        """Return the clause that is being read."""
        return self.clauses[-1]

    def _before(self) -> Chunk | None:
        return self.chunks[self.at - 1] if self.at else None

    def _next(self, step: int = 1) -> Chunk | None:
        place = self.at + step
        return self.chunks[place] if place < len(self.chunks) else None

    def _always(self, chunk: Chunk) -> None:
        self._scope_word(chunk, "every")

    def _sometimes(self, chunk: Chunk) -> None:
        self._scope_word(chunk, "sometimes")

    def _every(self, chunk: Chunk) -> None:
        self._scope_word(chunk, "every")

    def _most(self, chunk: Chunk) -> None:
        self._scope_word(chunk, "most")

    def _scope_word(self, chunk: Chunk, modifier: str) -> None:
        if self.negation:
            raise ClaimError(f"{self.negation!r} with {chunk.text!r} has more than one meaning")
        if self.last is None or (
            self._before() is not None and self.chunks[self.at - 1].kind in {"verb", "and", "but"}
        ):
            self.modifier = modifier
        else:
            for statement in self._chain(chunk):
                if statement.modifier not in {None, modifier} or statement.negated:
                    raise ClaimError(f"{chunk.text!r} does not go with the rest of its part")
                statement.modifier = modifier

    def _count(self, chunk: Chunk) -> None:
        found = chunk.match.groupdict()
        if found.get("kf"):
            value = self.amounts[int(found["kf"])].value
            pair = (value.numerator, value.denominator)
        else:
            pair = (
                int(self.amounts[int(found["k"])].value),
                int(self.amounts[int(found["of"])].value),
            )
        if not 0 < pair[0] <= pair[1]:
            raise ClaimError(f"{chunk.text!r} is no count")
        if self.last is None:
            self.modifier = "count"
            self.before["count"] = pair
            return
        for statement in self._chain(chunk):
            statement.modifier = "count"
            statement.count = pair

    def _task(self, chunk: Chunk) -> None:
        tasks = tuple(int(n) for n in re.findall(r"⟦t(\d+)⟧", chunk.match["tasks"]))
        if self.negation and self.last is not None and self.last.tasks:
            self._denied_there(tasks)
            return
        if self.last is None:
            self.before["tasks"] = tasks
            return
        for statement in self._chain(chunk):
            if statement.tasks:
                raise ClaimError(f"{chunk.text!r} names a second task for one part")
            statement.tasks = tasks

    def _denied_there(self, tasks: tuple[int, ...]) -> None:
        """Read "on t1 but not on t2": the same statement, denied for another task."""
        assert self.last is not None  # noqa: S101  the caller has looked
        twin = twin_of(self.last)
        twin.negated = not twin.negated
        twin.tasks = tasks
        self.negation = None
        self.clause.statements.append(twin)
        self.last = twin

    def _slice(self, chunk: Chunk) -> None:
        if self.last is None:
            self.before["slice"] = int(chunk.match["slice"])
            return
        for statement in self._chain(chunk):
            statement.slice = int(chunk.match["slice"])

    def _chain(self, chunk: Chunk) -> list[Statement]:
        """The statements that a place at the end of a part speaks of; refuse where that is open."""
        last = self.clause.statements[-1] if self.clause.statements else self.last
        if last is None:
            return []
        chain = [last]
        for earlier in reversed(self.clause.statements[:-1]):
            if chain[-1].attach:
                chain.append(earlier)
                continue
            if (
                not (earlier.tasks or earlier.slice is not None or earlier.modifier)
                and not earlier.theirs
            ):
                raise ClaimError(
                    f"{chunk.text!r} may mean the last part or all of them",
                    hint="say it with each part, or in a claim of its own",
                )
            break
        return chain

    def _quantile(self, chunk: Chunk) -> None:
        p = quantile(chunk.match)
        if self.last is None or self._coming():
            self.before["quantile"] = p
        elif self.last.dim not in {"time", "rate"}:
            raise ClaimError(f"{chunk.text!r}: only times have percentiles")
        elif self.last.quantile not in {None, p}:
            raise ClaimError("two percentiles for one time")
        else:
            self.last.quantile = p

    def _coming(self) -> bool:
        """Tell whether the words here lead to a statement that is still to come."""
        before = self._before()
        return (
            before is not None
            and before.kind in {"and", "but", "comma", "verb"}
            and any(c.kind == "said" for c in self.chunks[self.at + 1 :])
        )

    def _ttft(self, chunk: Chunk) -> None:
        self._metric(chunk, "ttft")

    def _e2e(self, chunk: Chunk) -> None:
        self._metric(chunk, "e2e")

    def _metric(self, chunk: Chunk, metric: str) -> None:
        if self.last is None or self._coming():
            self.before["metric"] = metric
        elif self.last.dim != "time":
            raise ClaimError(f"{chunk.text!r} belongs to no time")
        else:
            self.last.metric = metric

    def _per_token(self, chunk: Chunk) -> None:
        if self.last is not None and self.last.dim == "time":
            self.last.metric = "tpot"
        else:
            self._cost_reading(chunk, "list_price")

    def _list_price(self, chunk: Chunk) -> None:
        self._cost_reading(chunk, "list_price")

    def _per_request(self, chunk: Chunk) -> None:
        if self.last is not None and self.last.dim == "time":
            return
        self._cost_reading(chunk, "per_request")

    def _per_correct(self, chunk: Chunk) -> None:
        self._cost_reading(chunk, "per_correct")

    def _cost_reading(self, chunk: Chunk, reading: str) -> None:
        if self.last is None and self.clause.dim == "cost":
            self.before["reading"] = reading
        elif self.last is None or self.last.dim != "cost":
            raise ClaimError(f"{chunk.text!r} belongs to no cost")
        else:
            self.last.reading = reading
