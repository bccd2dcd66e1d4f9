"""Lists inside one statement: "lower latency and cost", "on accuracy and speed"."""

from __future__ import annotations

import re
from dataclasses import replace

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.amounts import Amount
from claimbench.claims.language.parts.chunks import Chunk
from claimbench.claims.language.parts.places import Clause, PlaceReader
from claimbench.claims.language.parts.statements import (
    Statement,
    dim_named,
    metric_of,
    note_metric,
    note_reading,
    per_what,
    quantile,
    same_measure,
    same_side,
    twin_of,
    two_measures,
)
from claimbench.errors import ClaimError

_ENDS_WITH_NOUN = rf"(?:{'|'.join(f'(?:{n})' for n in words.NOUNS.values())})(?: of)?$"
_GENERAL = (
    rf"{words.BEAT}|{words.MATCH}|better|superior(?: to)?|worse|inferior(?: to)?|stronger|weaker"
    r"|leads?|ahead of|as good(?: as)?|on (?:a )?par with|best|trails?|behind"
)
"""Words that can be said of any quantity, for good or bad."""
_JUDGED = rf"\b(?:{words.GOOD}|{words.BAD}|best|worst)\b|improv|enhanc"
"""Words after which each quantity of a list goes its own good or bad way."""
LITERAL = r"exceed|surpass|\btop|overt"
"""Verbs that say more of a quantity, good or bad: a cost that exceeds another is higher."""
_NOUN_VERBS = {"cost": "cost", "costs": "cost", "scores": "acc", "score": "acc"}
_GOOD_WAY = {"acc": 1, "err": -1, "cost": -1, "time": -1, "rate": 1}
_OTHER_SIDE = {"<=": ">=", ">=": "<="}


class ListReader(PlaceReader):
    """Read what adds a quantity or an arm to a statement that is already there."""

    def _dim(self, chunk: Chunk) -> None:
        dim = dim_named(chunk.match)
        if self.collect is self.clause.subjects and not self.clause.statements:
            self.clause.dim = dim
            self.clause.quantile = quantile(chunk.match)
            note_metric(chunk.text, self.before)
            note_reading(chunk.text, self.before)
            return
        last = self.last
        if last is not None and dim == last.dim:
            same_measure(last, chunk.text, quantile(chunk.match))
            return
        general = last is not None and self._general(last) and not re.search(LITERAL, last.text)
        if last is None or not general or not last.theirs:
            raise ClaimError(f"{chunk.text.strip()!r} is compared with something else")
        turn(last, dim, chunk.text.removeprefix("'s").strip())
        last.quantile = last.quantile or quantile(chunk.match)
        last.listed = "in"

    def _dim_of(self, chunk: Chunk) -> None:
        before = self._before()
        listed = before is not None and before.kind in {"and", "comma"} and self.last is not None
        if listed and self.last is not None and re.search(_ENDS_WITH_NOUN, self.last.text):
            self._named_dim(chunk, dim_named(chunk.match), quantile(chunk.match))
            self.pending = "compare"
            return
        if self.clause.statements or self.clause.subjects:
            if self.last is not None and dim_named(chunk.match) == self.last.dim:
                same_measure(self.last, chunk.text, quantile(chunk.match))
                self.pending = "compare"
                return
            raise ClaimError(f"{chunk.text!r} stands where it cannot be read")
        self.clause.dim = dim_named(chunk.match)
        self.clause.quantile = quantile(chunk.match)
        note_metric(chunk.text, self.before)
        note_reading(chunk.text, self.before)

    def _in_dim(self, chunk: Chunk) -> None:
        dim = dim_named(chunk.match)
        last = self.last
        if last is None:
            raise ClaimError(f"{chunk.text!r} does not fit what is compared")
        if self.negation and last.listed == "in":
            twin = twin_of(last)
            turn(twin, dim, chunk.text)
            twin.negated = not twin.negated
            self.negation = None
            self.clause.statements.append(twin)
            self.last = twin
            return
        if not same_side(dim, last.dim):
            if not self._general(last):
                raise ClaimError(f"{chunk.text!r} does not fit what is compared")
            last = self._one_more(last) if last.listed == "in" else last
            turn(last, dim, chunk.text)
        last.listed = "in"
        last.quantile = last.quantile or quantile(chunk.match)
        metric = metric_of(chunk.text)
        if metric is not None and last.dim == "time":
            if (last.metric or metric_of(last.text)) not in {None, metric}:
                raise two_measures(chunk.text)
            last.metric = metric

    def _one_more(self, statement: Statement) -> Statement:
        """Copy a statement for one more quantity: "better on accuracy and on cost"."""
        before = self._before()
        if before is None or before.kind not in {"and", "comma"}:
            raise ClaimError("two quantities for one comparison", hint='join them with "and"')
        if statement.negated:
            raise ClaimError("the denial of a list has more than one meaning")
        twin = twin_of(statement)
        self.clause.statements.append(twin)
        self.last = twin
        return twin

    def _general(self, statement: Statement) -> bool:
        """Tell whether a statement says good or bad of any quantity, and no points."""
        amount = statement.amount
        plain = amount is None or amount.kind != "o"
        text = re.sub(r"<\w+>|⟦\w+⟧|\bby\b", "", statement.text).strip()
        bare = re.sub(rf"^(?:{words.DEGREES}|the|even|still|just) ", "", text).strip()
        return plain and re.fullmatch(_GENERAL, bare) is not None

    def _noun(self, chunk: Chunk) -> None:
        self._named_dim(chunk, dim_named(chunk.match), quantile(chunk.match))

    def _named_dim(self, chunk: Chunk, dim: str, p: float | None) -> None:
        """Read a quantity without more: the subject, or one more of a list."""
        before = self._before()
        last = self.last
        if last is None and not self.clause.subjects and not self.clause.dim:
            self.clause.dim = dim
            self.clause.quantile = p
            note_metric(chunk.text, self.before)
            return
        joined = before is not None and before.kind in {"and", "comma", "but"}
        if last is None or not joined:
            raise ClaimError(f"{chunk.text!r} stands where it cannot be read")
        following = self._next()
        if following is not None and following.kind == "verb":
            self.clauses.append(Clause(list(self.clause.subjects), dim, p))
            note_metric(chunk.text, self.before)
            return
        twin = twin_of(last)
        if last.listed == "in" or re.search(_JUDGED, last.text):
            turn(twin, dim, chunk.text)
        elif re.search(_ENDS_WITH_NOUN, last.text) or last.listed:
            twin.dim = dim
            twin.text = re.sub(_ENDS_WITH_NOUN, "", last.text) + chunk.text
        elif last.way == "comp" and re.match(words.CUT, last.text):
            twin.dim = dim  # "cuts costs by 90% and latency by 85%"
            twin.text = chunk.text
        else:
            raise ClaimError(f"{chunk.text!r}: what is said of it?")
        twin.listed = "in" if last.listed == "in" else "and"
        twin.metric = None
        twin.quantile = p or (last.quantile if same_side(dim, last.dim) else None)
        note_metric(chunk.text, self.before)
        metric = self.before.pop("metric", None)
        twin.metric = metric if isinstance(metric, str) else None
        self.clause.statements.append(twin)
        self.last = twin
        self.collect = None

    def _is_noun(self, chunk: Chunk) -> bool:
        """Tell whether a word that is also a verb names a quantity: "latency and cost"."""
        before = self._before()
        following = self._next()
        joined = before is not None and before.kind in {"and", "comma"}
        ends = following is None or following.kind in {"by_amount", "compare", "and", "comma"}
        return chunk.text in _NOUN_VERBS and joined and ends and self.last is not None

    def _noun_verb(self, chunk: Chunk) -> None:
        self._named_dim(chunk, _NOUN_VERBS[chunk.text], None)

    def _by_amount(self, chunk: Chunk) -> None:
        last = self.last
        fresh = last is not None and last.listed == "and" and last.way == "comp"
        if last is None or last.way != "comp" or (last.amount is not None and not fresh):
            raise ClaimError(f"{chunk.text!r} has nothing to measure")
        last.amount = self.amounts[int(chunk.match["q"])]
        if last.listed:
            for earlier in self.clause.statements:
                if earlier.amount is None and earlier.way == "comp":
                    earlier.amount = last.amount
            last.listed = "done"

    def _rival(self, chunk: Chunk) -> None:
        """Read the rival's own amount: "92% accuracy versus 90% for beta"."""
        last = self.last
        if last is None or last.way != "level" or last.amount is None:
            raise ClaimError(f"{chunk.text!r} stands where nothing is stated of the first arm")
        amount = self.amounts[int(chunk.match["q"])]
        alike = {"p", "o", "f"}
        if amount.kind != last.amount.kind and not {amount.kind, last.amount.kind} <= alike:
            raise ClaimError(f"{chunk.text!r} is compared with something else")
        self.clauses.append(Clause([int(chunk.match["arm"])]))
        made = replace(last, ours=[], theirs=[], text=chunk.text, amount=amount)
        if last.dim == "acc":
            made.sign = -last.sign
        elif amount.bound is None:
            side = "<=" if last.dim == "rate" else ">="
            made.amount = replace(amount, bound=side)  # type: ignore[arg-type]
        if last.dim == "rate" and re.search(r"tok|tps|t/s", last.text):
            made.metric = "tpot"
        found = chunk.match.groupdict()
        if found.get("per"):
            made.per = per_what(found, self.amounts)
        if last.negated or not _is_ahead(last, last.amount, made, amount):
            raise ClaimError(
                f"{chunk.text!r}: by these figures the first arm is not the better one",
                hint="name the better one first, or write one claim for each arm",
            )
        self.clause.statements.append(made)

    def _portion(self, chunk: Chunk) -> None:
        """Read "in 95% of interactions" of a time as its percentile."""
        last = self.last
        if last is None or last.dim != "time" or last.way != "level" or last.share is not None:
            raise ClaimError(
                f"{chunk.text!r}: only a limit of time has a share of requests",
                hint='such as "answers 95% of requests in under 2 s"',
            )
        last.share = self.amounts[int(chunk.match["s"])]


def _is_ahead(one: Statement, ours: Amount, other: Statement, theirs: Amount) -> bool:
    """Tell whether the first of two stated amounts is the better one, per the same things."""
    count, kind = _per(one)
    other_count, other_kind = _per(other)
    if kind != other_kind:
        raise two_measures(other.text)
    if one.dim in words.FALLING:
        most = ours.value if ours.high is None else ours.high
        return most * other_count < theirs.value * count
    most = theirs.value if theirs.high is None else theirs.high
    return ours.value > most


def _per(statement: Statement) -> tuple[int, str]:
    """Return of how many things an amount is said, and of which."""
    count, _, kind = (statement.per or "1").partition(" ")
    return int(count), kind


def turn(statement: Statement, dim: str, text: str) -> None:
    """Say of another quantity that it is better or worse."""
    good = statement.sign * _GOOD_WAY[statement.dim]
    statement.dim = dim
    statement.sign = good * _GOOD_WAY[dim]
    statement.text = re.sub(r"^(?:in|on|for|at|in terms of|when it comes to) ", "", text)
