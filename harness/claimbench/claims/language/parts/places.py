"""Where and how something is said: tasks, slices, percentiles; and the state of a reading."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from claimbench.claims.language.amounts import Amount
from claimbench.claims.language.parts.chunks import Chunk
from claimbench.claims.language.parts.statements import (
    REST,
    Statement,
    metric_of,
    quantile,
    twin_of,
    two_measures,
)
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
        self.each_time = ""
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
        self.each_time = chunk.text
        self._scope_word(chunk, "every")
        if self.last is not None and self.modifier is None:
            self._not_each_time(self.last)

    def _not_each_time(self, statement: Statement) -> None:
        """Refuse "always under 2 s": no sample shows every request."""
        word = self.each_time
        self.each_time = ""
        if word and statement.dim == "time" and statement.way == "level":
            raise ClaimError(
                f"{word!r} of a time: no sample shows every request",
                hint='name a percentile, such as "99% of requests"',
            )

    def _sometimes(self, chunk: Chunk) -> None:
        self._scope_word(chunk, "sometimes")
        if chunk.text in {"often", "frequently", "routinely", "regularly", "in many cases"}:
            self._hedge(chunk)

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
            amount = self.amounts[int(found["kf"])]
            pair = (amount.value.numerator, amount.value.denominator)
        else:
            amount = self.amounts[int(found["k"])]
            pair = (
                int(amount.value),
                int(self.amounts[int(found["of"])].value) if found.get("of") else 0,
            )
        more = amount.bound == ">"
        if amount.bound not in {None, ">=", ">"} or amount.high is not None:
            raise ClaimError(
                f"{amount.text!r} with {chunk.text!r}: at most so many tasks cannot be tested",
                hint='say it of the rival, or "in at least 4 of 5 tasks"',
            )
        share = (*pair, more) if found.get("kf") else None
        if share is None:
            pair = (pair[0] + more, pair[1])
        if not pair[0] > 0 or (pair[1] and pair[0] > pair[1]):
            raise ClaimError(f"{chunk.text!r} is no count")
        if self.last is None:
            self.modifier = "count"
            self.before["count"] = pair
            self.before["share_of_tasks"] = share
            return
        for statement in self._chain(chunk):
            statement.modifier = "count"
            statement.count = pair
            statement.share_of_tasks = share

    def _task(self, chunk: Chunk) -> None:
        tasks = tuple(int(n) for n in re.findall(r"⟦t(\d+)⟧", chunk.match["tasks"]))
        if self.negation and self.last is not None and self.last.tasks:
            self._denied_there(tasks)
            return
        self._not_there(chunk)
        if self.last is None:
            self._note("tasks", tasks, chunk)
            return
        for statement in self._chain(chunk):
            if statement.tasks:
                raise ClaimError(f"{chunk.text!r} names a second task for one part")
            statement.tasks = tasks

    def _note(self, key: str, value: object, chunk: Chunk) -> None:
        """Keep a place for the statement to come; a second one would take the first away."""
        if self.before.get(key) not in {None, value}:
            raise ClaimError(
                f"{chunk.text!r}: a second place for one part", hint="write one claim for each"
            )
        self.before[key] = value

    def _not_there(self, chunk: Chunk) -> None:
        """Refuse "not on t1 but on t2": what is denied there is not said yet."""
        before = self._before()
        if self.negation and before is not None and before.kind == "not":
            raise ClaimError(
                f"{self.negation} {chunk.text!r}: what is denied comes later",
                hint="say first where it holds, or write one claim for each",
            )

    def _denied_there(self, tasks: tuple[int, ...]) -> None:
        """Read "on t1 but not on t2": the same statement, denied for another task."""
        assert self.last is not None  # noqa: S101  the caller has looked
        twin = twin_of(self.last)
        twin.negated = not twin.negated
        twin.tasks = tasks
        self.negation = None
        self.clause.statements.append(twin)
        self.last = twin

    def _hedge(self, chunk: Chunk) -> None:
        """Note a word without an amount; a denial of it would mean something else."""
        if self.negation:
            raise ClaimError(f"{self.negation!r} with {chunk.text!r} has more than one meaning")
        if self.last is None or self._coming():
            found = self.before.get("hedges", ())
            assert isinstance(found, tuple)  # noqa: S101  only this method writes it
            self.before["hedges"] = (*found, chunk.text)
        else:
            self.last.hedges = (*self.last.hedges, chunk.text)

    def _except(self, chunk: Chunk) -> None:
        """Leave an arm out of "all others" or of a superlative."""
        last = self.last
        before = self._before()
        after_all = before is not None and before.kind in {"rest", "said", "except"}
        if last is None or not after_all or (last.way != "best" and REST not in last.theirs):
            raise ClaimError(f"{chunk.text!r}: an exception to what?")
        last.but.append(int(chunk.match["arm"]))

    def _mutual(self, chunk: Chunk) -> None:
        if self.last is None or self.last.way not in {"same", "as", "equal", "near"}:
            raise ClaimError(f"{chunk.text!r}: who is compared with whom?")
        self.pending = None
        self.last.mutual = True

    def _with_arm(self, chunk: Chunk) -> None:
        """Read "latency is lower with alpha": the quantity came first, whose it is comes now."""
        if self.clause.subjects or not self.clause.dim:
            raise ClaimError(f"{chunk.text!r} stands where it cannot be read")
        self.clause.subjects.append(int(chunk.match["arm"]))

    def _slice(self, chunk: Chunk) -> None:
        found = int(chunk.match["slice"])
        self._not_there(chunk)
        if self.last is None:
            self._note("slice", found, chunk)
            return
        for statement in self._chain(chunk):
            if statement.slice not in {None, found}:
                raise ClaimError(f"{chunk.text!r} names a second slice for one part")
            statement.slice = found

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
            self._not_there(chunk)
            self._note("quantile", p, chunk)
            before = self._before()
            if before is not None and before.kind == "poss" and not self.clause.dim:
                self.clause.dim = "time"
            if chunk.text.startswith("typical"):
                self.before["typically"] = chunk.text
        elif self.last.share is not None:
            raise ClaimError(f"{chunk.text!r}: a share of the requests is a percentile already")
        elif self._denied_at(chunk, p) or self._also_at(p):
            return
        elif self.last.dim not in {"time", "rate"}:
            raise ClaimError(f"{chunk.text!r}: only times have percentiles")
        elif self.last.quantile not in {None, p}:
            raise ClaimError("two percentiles for one time")
        else:
            self.last.quantile = p
            self.last.led = not self.last.theirs

    def _denied_at(self, chunk: Chunk, p: float | None) -> bool:
        """Read "at p50 but not at p95": the same statement, denied for another percentile."""
        if not self.negation or self.last is None or self.last.dim not in {"time", "rate"}:
            return False
        if self.last.quantile is None:
            self._not_there(chunk)
        twin = twin_of(self.last)
        twin.negated = not twin.negated
        twin.quantile = p
        self.negation = None
        self.clause.statements.append(twin)
        self.last = twin
        return True

    def _also_at(self, p: float | None) -> bool:
        """Read "at p50 and p95": the same statement for another percentile."""
        joined = self.at > 1 and self.chunks[self.at - 1].kind == "and"
        if not joined or self.chunks[self.at - 2].kind != "quantile" or self.last is None:
            return False
        twin = twin_of(self.last)
        twin.quantile = p
        self.clause.statements.append(twin)
        self.last = twin
        return True

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
            self._not_there(chunk)
            self._note("metric", metric, chunk)
        elif self.last.dim != "time":
            raise ClaimError(f"{chunk.text!r} belongs to no time")
        elif (self.last.metric or metric_of(self.last.text)) not in {None, metric}:
            raise two_measures(chunk.text)
        else:
            self.last.metric = metric
            self.last.led = not self.last.theirs

    def _per_token(self, chunk: Chunk) -> None:
        if self.last is not None and self.last.dim == "time":
            self._metric(chunk, "tpot")
            self._time_of_many(chunk)
        elif re.search(r"input|output|prompt", chunk.text):
            raise ClaimError(
                f"{chunk.text!r}: list prices are compared for input and output together",
                hint="leave the side out, or state a limit in dollars for it",
            )
        else:
            self._cost_reading(chunk, "list_price")

    def _things(self, chunk: Chunk) -> Fraction:
        """Return how many tokens or requests a time or a price is said of."""
        found = chunk.match.groupdict()
        if found.get("mtok"):
            return Fraction(10**6)
        return self.amounts[int(found["things"] or 0)].value if found.get("things") else Fraction(1)

    def _time_of_many(self, chunk: Chunk) -> None:
        """Read "2 s per 1,000 tokens" as 2 ms per token; a ratio is the same for all."""
        last = self.last
        if re.search("input", chunk.text):
            raise ClaimError(
                f"{chunk.text!r}: no time of an input token is measured",
                hint="state the time to first token, or the time per output token",
            )
        if last is None or last.way != "level" or last.amount is None:
            return
        many = self._things(chunk)
        high = None if last.amount.high is None else last.amount.high / many
        last.amount = replace(last.amount, value=last.amount.value / many, high=high)

    def _list_price(self, chunk: Chunk) -> None:
        self._cost_reading(chunk, "list_price")

    def _per_request(self, chunk: Chunk) -> None:
        if self.last is not None and self.last.dim == "time":
            if self._things(chunk) != 1:
                raise ClaimError(
                    f"{chunk.text!r}: the time of one request is judged, and not of many",
                    hint='state the time of one, such as "p95 latency under 2 s"',
                )
            return
        self._cost_reading(chunk, "per_request")

    def _per_correct(self, chunk: Chunk) -> None:
        self._cost_reading(chunk, "per_correct")

    def _cost_reading(self, chunk: Chunk, reading: str) -> None:
        coming = self._next() is not None and self._next().kind in {"said", "noun"}  # type: ignore[union-attr]
        if self.last is None and (self.clause.dim == "cost" or coming):
            self._not_there(chunk)
            self._note("reading", reading, chunk)
        elif self.last is None or self.last.dim != "cost":
            raise ClaimError(f"{chunk.text!r} belongs to no cost")
        elif self.last.reading not in {None, reading} or (
            self.last.way == "level" and reading != "list_price"
        ):
            raise two_measures(chunk.text)
        else:
            self.last.reading = reading
            self.last.led = not self.last.theirs
