"""Chunks -> statements: who, against whom, what, where. An order that no rule knows is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.amounts import Amount
from claimbench.claims.language.chunks import Chunk
from claimbench.claims.language.predicates import Rule
from claimbench.errors import ClaimError

REST = -1
"""Stands for every arm that the sentence does not speak of."""
_OPENERS = frozenset(
    {"verb", "said", "not", "neither", "never", "always", "which", "dim", "sometimes"}
)
_TAKES_OBJECT = re.compile(
    r"(?:\b(?:what|as|with|to|than|of|by|from|behind|above|below|ahead of|on|over|under|for"
    r"|against|short of)"
    rf"|\b{words.BEAT}|\b{words.MATCH}|\btrails?|\bleads?|\bunderperforms?|\bundercuts?)$"
)
_CONJUNCTIONS = frozenset({"and", "or", "but", "comma"})


@dataclass
class Statement:
    """One thing said of its subjects. Arms are numbers of mentions; ``task`` and ``slice`` too."""

    rule: Rule
    text: str
    dim: str
    way: str
    sign: int
    amount: Amount | None = None
    share: Amount | None = None
    ours: list[int] = field(default_factory=list)
    theirs: list[int] = field(default_factory=list)
    swap: bool = False
    negated: bool = False
    attach: bool = False
    per: str | None = None
    metric: str | None = None
    quantile: float | None = None
    reading: str | None = None
    modifier: str | None = None
    count: tuple[int, int] | None = None
    tasks: tuple[int, ...] = ()
    slice: int | None = None
    degree: str | None = None
    own_dim: bool = False
    clause: int = 0


@dataclass
class _Clause:
    subjects: list[int] = field(default_factory=list)
    dim: str = ""
    quantile: float | None = None
    neither: bool = False
    statements: list[Statement] = field(default_factory=list)


class Unread(Exception):
    """Words that no rule consumed, their place (subject, object, elsewhere) and span."""

    def __init__(self, text: str, place: str, span: tuple[int, int] = (0, 0)) -> None:
        super().__init__(text)
        self.text = text
        self.place = place
        self.span = span


def read(chunks: Sequence[Chunk], amounts: Sequence[Amount]) -> list[Statement]:
    """Put chunks together.

    Raises:
        Unread: words that nothing consumed.
        ClaimError: words that are known, in an order or a company that is not.
    """
    return _Reader(chunks, amounts).run()


class _Reader:
    """One pass over the chunks, left to right."""

    def __init__(self, chunks: Sequence[Chunk], amounts: Sequence[Amount]) -> None:
        self.chunks = list(chunks)
        self.amounts = amounts
        self.clauses = [_Clause()]
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
    def clause(self) -> _Clause:
        return self.clauses[-1]

    def run(self) -> list[Statement]:
        for at, chunk in enumerate(self.chunks):
            self.at = at
            if chunk.kind == "unread":
                self._unread()
            handler = getattr(self, f"_{chunk.kind}", None)
            if handler is not None:
                handler(chunk)
        if self.negation or self.pending == "compare":
            raise ClaimError(f"the sentence breaks off after {self.chunks[-1].text!r}")
        if self.modifier:
            raise ClaimError(f"{self.modifier!r} says nothing where it stands")
        return self._finished()

    def _before(self) -> Chunk | None:
        return self.chunks[self.at - 1] if self.at else None

    def _next(self, step: int = 1) -> Chunk | None:
        place = self.at + step
        return self.chunks[place] if place < len(self.chunks) else None

    def _unread(self) -> None:
        """Collect the run of unread words here and say where it stands."""
        end = self.at
        while end < len(self.chunks) and self._in_run(self.chunks[end]):
            end += 1
        last = self.chunks[end - 1]
        span = (self.chunks[self.at].start, last.start + len(last.text))
        run = " ".join(c.text for c in self.chunks[self.at : end])
        before = self._before()
        after = self.chunks[end] if end < len(self.chunks) else None
        place = "elsewhere"
        if before is not None and (
            before.kind in {"compare", "unlike"}
            or (before.kind == "said" and _TAKES_OBJECT.search(before.text.strip()))
            or (
                before.kind in {"and", "or", "comma"} and self.collect is not None and after is None
            )
        ):
            place = "object"
        elif (
            (before is None or before.kind in _CONJUNCTIONS)
            and after is not None
            and after.kind in _OPENERS
        ):
            place = "subject"
        raise Unread(run, place, span)

    def _in_run(self, chunk: Chunk) -> bool:
        number = chunk.kind == "said" and re.fullmatch(r"<[nd]\d+>", chunk.text) is not None
        return chunk.kind == "unread" or number

    # names ------------------------------------------------------------------------------------

    def _arm(self, chunk: Chunk) -> None:
        self._named(int(chunk.match["arm"]))

    def _rest(self, chunk: Chunk) -> None:
        if chunk.text == "the rival" and self.last is None and self.pending != "compare":
            raise Unread(chunk.text, "subject", (chunk.start, chunk.start + len(chunk.text)))
        if self.pending != "compare" and not (self.last and self._takes_object()):
            raise ClaimError(f"{chunk.text!r} stands where no comparison is")
        self._named(REST)

    def _named(self, arm: int) -> None:
        before = self._before()
        following = self._next()
        if following is not None and following.kind == "poss":
            following = self._next(2)
        opens = following is not None and following.kind in _OPENERS
        if self.pending in {"compare", "unlike"}:
            target = self.unlike if self.pending == "unlike" else self._objects()
            self.pending = None
            self.collect = target
            target.append(arm)
        elif (
            self.last is not None
            and before is not None
            and before.kind == "said"
            and self._takes_object()
        ):
            self.collect = self.last.theirs
            self.last.theirs.append(arm)
        elif self.collect is not None and self._continues(opens):
            self.collect.append(arm)
        elif self._inverted() or (not self.clause.statements and not self.clause.subjects):
            self.collect = self.clause.subjects
            self.clause.subjects.append(arm)
        elif self.last is not None and before is not None and before.kind in _CONJUNCTIONS:
            self.clauses.append(_Clause([arm]))
            self.collect = self.clause.subjects
        else:
            raise ClaimError("it is not clear which part of the sentence an arm belongs to")

    def _continues(self, opens: bool) -> bool:
        """Tell whether an arm continues a list of arms; ``opens``: something is said of it."""
        before = self._before()
        if before is None or before.kind not in {"and", "or", "comma"}:
            return False
        return not opens or (self.last is None and self.collect is self.clause.subjects)

    def _inverted(self) -> bool:
        """Tell whether the subject stands at the end: "the cheapest is gamma"."""
        before = self._before()
        last = self.last
        return (
            last is not None
            and last.way == "best"
            and not self.clause.subjects
            and before is not None
            and before.kind in {"verb", "tail"}
        )

    def _objects(self) -> list[int]:
        return self.led if self.last is None else self.last.theirs

    def _takes_object(self) -> bool:
        return bool(self.last is not None and _TAKES_OBJECT.search(self.last.text.strip()))

    def _compare(self, chunk: Chunk) -> None:
        del chunk
        self.pending = "compare"

    def _unlike(self, chunk: Chunk) -> None:
        del chunk
        self.pending = "unlike"

    def _poss(self, chunk: Chunk) -> None:
        before = self._before()
        if before is None or before.kind not in {"arm", "said"}:
            raise ClaimError(f"{chunk.text!r} belongs to no arm")

    def _tail(self, chunk: Chunk) -> None:
        if self.last is None:
            raise ClaimError(f"nothing stands before {chunk.text!r} that it could end")

    def _verb(self, chunk: Chunk) -> None:
        before = self._before()
        if before is not None and self.last is not None and before.kind in {"arm", "poss"}:
            if self.collect is self.clause.subjects:
                return
            raise ClaimError(f"it is not clear whom {chunk.text!r} is said of")

    def _which(self, chunk: Chunk) -> None:
        if self.clause.statements or not self.clause.subjects:
            raise ClaimError(
                f"it is not clear whom {chunk.text!r} means", hint="write two sentences instead"
            )

    # dimensions -------------------------------------------------------------------------------

    def _dim(self, chunk: Chunk) -> None:
        dim = _dim_of(chunk.match)
        if self.collect is self.clause.subjects and not self.clause.statements:
            self.clause.dim = dim
            self.clause.quantile = quantile(chunk.match)
            _metric_words(chunk.text, self.before)
            return
        if self.last is None or dim != self.last.dim:
            raise ClaimError(f"{chunk.text.strip()!r} is compared with something else")

    def _dim_of(self, chunk: Chunk) -> None:
        if self.clause.statements or self.clause.subjects:
            if self.last is not None and _dim_of(chunk.match) == self.last.dim:
                self.pending = "compare"
                return
            raise ClaimError(f"{chunk.text!r} stands where it cannot be read")
        self.clause.dim = _dim_of(chunk.match)
        self.clause.quantile = quantile(chunk.match)
        _metric_words(chunk.text, self.before)

    def _in_dim(self, chunk: Chunk) -> None:
        dim = _dim_of(chunk.match)
        if self.last is None or not _same_side(dim, self.last.dim):
            raise ClaimError(f"{chunk.text!r} does not fit what is compared")

    # what is said -----------------------------------------------------------------------------

    def _not(self, chunk: Chunk) -> None:
        if self.negation or self.clause.neither:
            raise ClaimError("two negations in one part of a sentence")
        self.negation = chunk.text

    def _neither(self, chunk: Chunk) -> None:
        self._not(chunk)
        self.negation = None
        self.clause.neither = True

    def _nor(self, chunk: Chunk) -> None:
        if not self.clause.neither:
            raise ClaimError(f"{chunk.text!r} without neither")
        chunk_before = self.chunks[self.at - 1]
        if chunk_before.kind == "arm" and self.collect is self.clause.subjects:
            following = self._next()
            if following is not None and following.kind == "arm":
                self.clause.subjects.append(int(following.match["arm"]))
                self.chunks[self.at + 1] = _as(following, "consumed")

    def _never(self, chunk: Chunk) -> None:
        self._not(chunk)
        self.modifier = "every"

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
        twin = _twin(self.last)
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
        return before is not None and before.kind in {"and", "but", "comma", "verb"} and any(
            c.kind == "said" for c in self.chunks[self.at + 1 :]
        )  # fmt: skip

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

    def _by_amount(self, chunk: Chunk) -> None:
        last = self.last
        if last is None or last.way != "comp" or last.amount is not None:
            raise ClaimError(f"{chunk.text!r} has nothing to measure")
        last.amount = self.amounts[int(chunk.match["q"])]

    def _rival(self, chunk: Chunk) -> None:
        last = self.last
        if last is None or last.way != "level" or last.dim != "acc":
            raise ClaimError(f"{chunk.text!r} stands where no accuracy is stated")
        amount = self.amounts[int(chunk.match["q"])]
        self.clauses.append(_Clause([int(chunk.match["arm"])]))
        made = Statement(last.rule, chunk.text, "acc", "level", -1, amount)
        self.clause.statements.append(made)
        made.tasks = last.tasks

    def _said(self, chunk: Chunk) -> None:
        rule = chunk.rule
        assert rule is not None  # noqa: S101  chunks of this kind have one
        found = chunk.match.groupdict()
        clause = self.clause
        amount = self.amounts[int(found["q"])] if found.get("q") else None
        way = rule.way
        dim = rule.dim or clause.dim
        if way == "share" and amount is not None and (amount.bound == "within" or not dim):
            way = "near"
            dim = dim or "acc"
        if not dim:
            raise ClaimError(
                f"{chunk.text!r}: of what?", hint='such as "30% lower cost" or "30% more accurate"'
            )
        limit_of = self._limit_of(rule)
        if limit_of is None:
            self._check_place(chunk, rule)
        made = Statement(
            rule, chunk.text, dim, way, rule.sign, amount, swap=rule.swap, attach=rule.attach
        )
        made.own_dim = not rule.dim
        made.clause = len(self.clauses) - 1
        if clause.dim and rule.dim and not rule.attach and not _same_side(clause.dim, rule.dim):
            raise ClaimError(f"{chunk.text!r} is not said of {clause.dim}")
        if found.get("s"):
            made.share = self.amounts[int(found["s"])]
        if found.get("obj"):
            made.theirs += [int(n) for n in re.findall(r"⟦a(\d+)⟧", found["obj"])]
        if found.get("per") is not None:
            made.per = self._per(found)
        made.degree = found.get("deg")
        made.quantile = quantile(chunk.match) if "p" in found else None
        made.quantile = made.quantile or clause.quantile
        made.negated = bool(self.negation) or clause.neither
        self.negation = None
        made.modifier = self.modifier
        self.modifier = None
        for key in ("tasks", "slice", "quantile", "metric", "reading", "count"):
            if key in self.before and not getattr(made, key):
                setattr(made, key, self.before[key])
        kept = {k: v for k, v in self.before.items() if k in {"tasks", "slice", "count"}}
        self.before = kept
        self._negation_is_plain(made)
        if limit_of is not None:
            made.metric = made.metric or limit_of.metric
            made.quantile = made.quantile or limit_of.quantile
            made.negated = made.negated or limit_of.negated
            clause.statements.remove(limit_of)
        clause.statements.append(made)
        self.last = made
        self.collect = made.theirs if made.theirs else None

    def _limit_of(self, rule: Rule) -> Statement | None:
        """Return the bare adjective that this limit belongs to: "fast (ttft p95 under 2 s)"."""
        last = self.last
        before = self._before()
        joined = before is not None and before.kind in _CONJUNCTIONS
        sides = {"err": "acc", "rate": "time"}
        if last is None or last.way != "bare" or rule.way != "level" or joined:
            return None
        return last if sides.get(rule.dim, rule.dim) == last.dim else None

    def _per(self, found: dict[str, str | None]) -> str:
        text = found["per"] or ""
        count = found.get("count")
        number = int(self.amounts[int(count)].value) if count else None
        if number is None:
            number = (
                1000
                if re.match(r"thousand|1k", text)
                else 10**6
                if text.startswith("million")
                else 1
            )
        kind = (
            "correct"
            if re.search("correct|right", text)
            else "token"
            if "token" in text
            else "request"
        )
        side = next((s for s in ("input", "output", "prompt", "completion") if s in text), "")
        return f"{number} {kind} {side}".strip()

    def _check_place(self, chunk: Chunk, rule: Rule) -> None:
        before = self._before()
        here = self.clause
        if self.last is None or not here.statements or before is None:
            return
        if before.kind in _CONJUNCTIONS or rule.attach:
            return
        if before.kind in {
            "verb",
            "neither",
            "nor",
            "not",
            "sometimes",
            "never",
            "always",
            "quantile",
            "ttft",
        }:
            return
        raise ClaimError(f"{chunk.text!r} follows {before.text!r} without a word that joins them")

    def _negation_is_plain(self, made: Statement) -> None:
        """Refuse where one negation may reach over two things said."""
        earlier = self.clause.statements
        if not earlier or self.clause.neither:
            return
        last = earlier[-1]
        before = self._before()
        own_verb = before is not None and before.kind in {"verb", "not", "never"}
        joined = any(c.kind == "but" for c in self.chunks[max(self.at - 3, 0) : self.at])
        if last.negated and not made.negated and not own_verb and not joined:
            raise ClaimError(
                "it is not clear how far the negation reaches",
                hint="write one claim for each thing that is denied",
            )

    # the end ----------------------------------------------------------------------------------

    def _finished(self) -> list[Statement]:
        out: list[Statement] = []
        led_used = not self.led
        first = self.clauses[0]
        leads = bool(first.statements) and all(s.attach for s in first.statements)
        if leads and not first.subjects and len(self.clauses) > 1:
            first.subjects = list(self.clauses[1].subjects)
        for clause in self.clauses:
            shared = next((s.theirs for s in clause.statements if s.theirs), [])
            earlier = next((s.theirs for s in out if s.theirs), [])
            for statement in clause.statements:
                statement.ours = list(clause.subjects or (out[-1].ours if out else []))
                absolute = statement.way in {"level", "bare"}
                if absolute and statement.theirs:
                    raise ClaimError(f"{statement.text!r} compares with nobody, and an arm follows")
                if not absolute and not statement.theirs and statement.way != "best":
                    found = self.led or shared or [a for a in earlier if a not in statement.ours]
                    statement.theirs = list(found)
                    led_used = led_used or bool(self.led)
                out.append(statement)
        if not led_used:
            raise ClaimError("the sentence compares, but nothing in it is compared")
        if not out:
            raise Unread(" ".join(c.text for c in self.chunks), "elsewhere")
        if self.unlike:
            out += _denied(out, self.unlike)
        return out


def _denied(said: Sequence[Statement], arms: Sequence[int]) -> list[Statement]:
    """What "unlike gamma" adds: the same is not true of gamma."""
    out = []
    for statement in said:
        twin = _twin(statement)
        twin.ours = list(arms)
        twin.negated = not statement.negated
        out.append(twin)
    if len(said) > 1:
        raise ClaimError('"unlike" with several parts', hint="write one claim for each part")
    return out


def _twin(statement: Statement) -> Statement:
    twin = replace(statement)
    twin.ours = list(statement.ours)
    twin.theirs = list(statement.theirs)
    return twin


def _as(chunk: Chunk, kind: str) -> Chunk:
    return Chunk(kind, chunk.text, chunk.start, chunk.match, chunk.rule)


def _dim_of(match: re.Match[str]) -> str:
    found = match.groupdict()
    return next(dim for dim in words.NOUNS if found.get(dim))


def _same_side(one: str, other: str) -> bool:
    return one == other or {one, other} == {"time", "rate"}


def quantile(match: re.Match[str]) -> float | None:
    """Give the percentile that a chunk names: p95, 95th percentile, median; None without."""
    found = match.groupdict()
    digits = found.get("p") or found.get("pth")
    if digits:
        return float(digits) / 100
    return 0.5 if found.get("median") else None


def _metric_words(text: str, before: dict[str, object]) -> None:
    metric = metric_of(text)
    if metric is not None:
        before["metric"] = metric


def metric_of(text: str) -> str | None:
    """Give the time that words name: ttft, tpot or e2e; None for "latency"."""
    if re.search(r"ttft|first token", text):
        return "ttft"
    if re.search(r"tpot|per (?:output )?token|inter[- ]token", text):
        return "tpot"
    return "e2e" if re.search(r"e2e|end[- ]to[- ]end", text) else None
