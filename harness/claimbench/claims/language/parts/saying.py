"""What is said: one chunk of a predicate with what stood before it -> a statement."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.amounts import Amount, Bound
from claimbench.claims.language.parts.bare_amounts import settle_amount
from claimbench.claims.language.parts.chunks import Chunk
from claimbench.claims.language.parts.lists import LITERAL, ListReader, turn
from claimbench.claims.language.parts.pronouns import is_apposition
from claimbench.claims.language.parts.statements import (
    Statement,
    metric_of,
    per_what,
    quantile,
    reading_of,
    same_side,
    two_measures,
)
from claimbench.claims.language.tables.pieces import Rule
from claimbench.errors import ClaimError

CONJUNCTIONS = frozenset({"and", "or", "but", "comma"})
LASTING = frozenset({"tasks", "slice", "count", "share_of_tasks"})
"""What may stand at the head of a sentence for all of its statements."""
_TAKEN = ("tasks", "slice", "quantile", "metric", "reading", "count", "share_of_tasks", "hedges")
_MEASURES = frozenset({"quantile", "metric", "reading"})
_BEFORE_SAID = frozenset(
    {"verb", "neither", "nor", "not", "sometimes", "never", "always", "quantile", "ttft"}
)
"""After these a predicate needs no word that joins it."""
_VERBS_ONLY = rf"(?:{words.BEAT}|{words.MATCH}|{words.EQUAL})"
_MULTIPLES = {"half": Fraction(1, 2), "double": Fraction(2), "triple": Fraction(3)}
_BOUND_WORDS: dict[str, Bound] = {
    "more than": ">", "over": ">", "at least": ">=", "nearly": "about", "almost": "about",
    "roughly": "about", "about": "about",
}  # fmt: skip


def either_or() -> ClaimError:
    """Make the refusal of two statements of which one has to hold."""
    return ClaimError(
        '"or" between two statements cannot be judged as one claim',
        hint="write one claim for each of them",
    )


def _multiple(way: str, more: str) -> Amount:
    """Read "more than halves" as less than half, "more than doubles" as more than twice."""
    bound = _BOUND_WORDS.get(more.strip())
    if way == "half":
        bound = {">": "<", ">=": "<="}.get(bound or "", bound)  # type: ignore[assignment]
    value = _MULTIPLES[way]
    return Amount("f" if value < 1 else "x", value, Fraction(0), None, bound)


def _at_least_as(made: Statement) -> None:
    """Read "at least as cheap" without slack: not dearer. Of accuracy it is "as good as"."""
    made.way = "as"
    if made.dim not in {"cost", "time"}:
        return
    if made.negated:
        raise ClaimError("the denial of this has more than one meaning", hint="say what holds")
    made.way = "comp"
    made.sign = -made.sign
    made.negated = True


def _settle(made: Statement, rule: Rule) -> None:
    """Give the ways that mean another one their meaning: "better" of a cost, "no more than"."""
    if rule.way == "level" and not rule.sign:
        made.sign = 1 if made.dim in {"acc", "rate"} else -1
    elif rule.way == "good":
        made.way = "comp"
        made.sign = rule.sign * (-1 if made.dim in words.FALLING else 1)
    elif rule.way == "nomore":
        if made.negated:
            raise ClaimError("two negations in one part of a sentence")
        made.way = "comp"
        made.negated = True
    elif rule.way == "atleast":
        _at_least_as(made)


def _arms(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"⟦a(\d+)⟧", text)]


class SaidReader(ListReader):
    """Read the chunks that say something."""

    def _said(self, chunk: Chunk) -> None:
        rule = chunk.rule
        assert rule is not None  # noqa: S101  chunks of this kind have one
        found = chunk.match.groupdict()
        self._no_or()
        limit_of = self._limit_of(rule)
        if limit_of is None:
            self._check_place(chunk, rule)
        made = self._stated(chunk, rule, found)
        settle_amount(made, self.last, self._before_not(), self.clause.dim)
        self._subject_fits(chunk, rule, made)
        self._mentions(made, found)
        made.quantile = quantile(chunk.match) if "p" in found else None
        self._one_measure(made)
        made.quantile = made.quantile or self.clause.quantile
        self._deny(chunk, made)
        made.modifier = self.modifier
        self.modifier = None
        self._take_before(made)
        _settle(made, rule)
        self._not_each_time(made)
        self._negation_is_plain(made)
        self._no_field(made)
        if limit_of is not None:
            made.metric = made.metric or limit_of.metric
            made.quantile = made.quantile or limit_of.quantile
            made.negated = made.negated or limit_of.negated
            self.clause.statements.remove(limit_of)
        self.clause.statements.append(made)
        self.last = made
        self.collect = made.theirs if made.theirs else None

    def _stated(self, chunk: Chunk, rule: Rule, found: Mapping[str, str | None]) -> Statement:
        """Return what a chunk says: of which quantity, in which way, by how much."""
        amount = self.amounts[int(found["q"] or 0)] if found.get("q") else None
        way = rule.way
        dim = rule.dim or self.clause.dim or self._dim_meant(way, amount)
        if way == "share" and amount is not None and (amount.bound == "within" or not dim):
            way = "near"
            dim = dim or "acc"
        more = (found.get("more") or "").strip()
        if way == "triple" or (way in _MULTIPLES and more):
            amount = _multiple(way, more)
            way = "share"
        elif more and amount is not None and amount.bound is None:
            amount = replace(amount, bound=_BOUND_WORDS[more])
        if not dim:
            raise ClaimError(
                f"{chunk.text!r}: of what?",
                hint='say it: "30% lower cost", "30% fewer errors", "30% less time"',
            )
        made = Statement(
            rule, chunk.text, dim, way, rule.sign, amount, swap=rule.swap, attach=rule.attach
        )
        made.own_dim = not rule.dim and bool(self.clause.dim)
        made.clause = len(self.clauses) - 1
        made.degree = found.get("deg")
        return made

    def _before_not(self) -> Chunk | None:
        """Return the chunk before the one that is read, and before a "not" there."""
        before = self._before()
        denied = before is not None and before.kind == "not" and self.at > 1
        return self.chunks[self.at - 2] if denied else before

    def _subject_fits(self, chunk: Chunk, rule: Rule, made: Statement) -> None:
        """Refuse what is not said of the subject's quantity; "better" goes its way."""
        dim = self.clause.dim
        if not dim or not rule.dim or same_side(dim, rule.dim) or rule.attach:
            return
        if not self._general(made):
            raise ClaimError(f"{chunk.text!r} is not said of {dim}")
        if re.search(LITERAL, chunk.text):
            made.dim = dim
        else:
            turn(made, dim, chunk.text)

    def _mentions(self, made: Statement, found: Mapping[str, str | None]) -> None:
        """Take the share of requests, the arms and the unit that the words of a chunk name."""
        subject = found.get("subj")
        rivals = found.get("obj")
        if found.get("s"):
            made.share = self.amounts[int(found["s"] or 0)]
        if subject:
            self.clause.subjects += _arms(subject)
        if rivals:
            if " or " in rivals:
                raise either_or()
            made.joined = "and" if re.search(r" and |, ", rivals) else ""
            made.theirs += _arms(rivals)
        if found.get("per") is not None:
            made.per = per_what(found, self.amounts)
        period = found.get("period") or found.get("unit")
        if period is not None:
            made.per = "month" if "mo" in period else "year"

    def _deny(self, chunk: Chunk, made: Statement) -> None:
        """Lay a negation over a statement."""
        made.negated = bool(self.negation) or self.clause.neither
        made.denial = self.negation or ""
        if made.negated and made.amount is not None and made.amount.bound == "only":
            raise ClaimError(f"{self.negation!r} with 'only' has more than one meaning")
        last = self.last
        elliptic = last is not None and last.way == made.way == "level" and last.dim == made.dim
        if made.negated and elliptic and last is not None and last.amount and made.amount:
            more = last.amount.bound in {">", ">="} and made.amount.bound is None
            if more and made.dim in words.FALLING:  # "exceeds 1 s but not 2 s"
                made.amount = replace(made.amount, bound=last.amount.bound)
        before = self._before()
        if before is not None and before.kind == "poss" and re.match(_VERBS_ONLY, chunk.text):
            raise ClaimError(f"{before.text!r} belongs to nothing")
        self.negation = None

    def _take_before(self, made: Statement) -> None:
        """Lay over a statement what stood before it."""
        typically = self.before.pop("typically", None)
        if typically is not None and made.dim not in {"time", "rate"}:
            self.before.pop("quantile", None)
            made.hedges = (str(typically),)
        for key in _TAKEN:
            if key in self.before and not getattr(made, key):
                made.led = made.led or key in _MEASURES
                setattr(made, key, self.before[key])
        self.before = {k: v for k, v in self.before.items() if k in LASTING}

    def _no_field(self, made: Statement) -> None:
        """Refuse "the cheapest model with an accuracy above 90%": the best of which models?"""
        before = self._before()
        last = self.last
        joined = before is not None and before.kind in CONJUNCTIONS
        if last is not None and last.way == "best" and not joined:
            raise ClaimError(
                f"{made.text!r}: the best of those only, or the best that also is so?",
                hint='name the rivals, or write "and" between two statements',
            )

    def _one_measure(self, made: Statement) -> None:
        """Refuse a predicate that names another percentile, time or price than its subject.

        "its p95 latency is half the median latency of beta"; after "and" it is one more quantity.
        """
        before = self._before()
        if before is not None and before.kind in CONJUNCTIONS:
            return
        of_subject = bool(self.clause.dim)
        subjects = {
            "quantile": self.clause.quantile or self.before.get("quantile"),
            "metric": self.before.get("metric"),
            "reading": self.before.get("reading"),
        }
        own = {
            "quantile": made.quantile,
            "metric": metric_of(made.text),
            "reading": reading_of(made.text),
        }
        compares = made.way not in {"level", "bare"}
        vague = (
            of_subject and compares
        )  # a plain "price" may be the one that the rival's words name
        for key, named in own.items():
            other = subjects[key]
            if named is not None and (
                other not in {None, named} or (other is None and vague and key != "reading")
            ):
                raise two_measures(made.text)
        noun = made.dim == "time" and re.search(words.NOUNS["time"], made.text)
        if compares and noun and own["metric"] is None and subjects["metric"] in {"ttft", "tpot"}:
            raise two_measures(made.text)

    def _no_or(self) -> None:
        """Refuse "or" before a statement: what holds if one of two does is no claim here."""
        for chunk in reversed(self.chunks[: self.at]):
            if chunk.kind == "or":
                raise either_or()
            if chunk.kind not in {"verb", "not", "quantile"}:
                return

    def _dim_meant(self, way: str, amount: Amount | None) -> str:
        """Return what an amount without a quantity means: points are accuracy, else as before."""
        if amount is not None and amount.kind == "o" and way == "comp":
            return "acc"
        following = self._next()
        if way == "level":
            earlier = self.clauses[-2].statements if len(self.clauses) > 1 else []
            if earlier and earlier[-1].way == "level" and not self.clause.statements:
                return earlier[-1].dim
            rivals = following is not None and following.kind == "rival"
            if rivals and amount is not None and amount.kind == "p":
                return "acc"
        last = self.last
        return last.dim if last is not None and last.way == way == "comp" and not amount else ""

    def _limit_of(self, rule: Rule) -> Statement | None:
        """Return the bare adjective that this limit belongs to: "fast (ttft p95 under 2 s)"."""
        last = self.last
        before = self._before()
        joined = before is not None and before.kind in CONJUNCTIONS
        sides = {"err": "acc", "rate": "time"}
        if last is None or last.way != "bare" or rule.way != "level" or joined:
            return None
        return last if sides.get(rule.dim, rule.dim) == last.dim else None

    def _check_place(self, chunk: Chunk, rule: Rule) -> None:
        before = self._before()
        here = self.clause
        if self.last is None or not here.statements or before is None:
            return
        if self.last.theirs and is_apposition(before, chunk):
            raise ClaimError(
                f"{chunk.text!r} may be said of the rival before it",
                hint='join it with "and", or name the arm that it is said of',
            )
        if before.kind in CONJUNCTIONS or rule.attach:
            return
        if before.kind in _BEFORE_SAID:
            return
        raise ClaimError(f"{chunk.text!r} follows {before.text!r} without a word that joins them")

    def _negation_is_plain(self, made: Statement) -> None:
        """Refuse where one negation may reach over two things said."""
        earlier = self.clause.statements
        if not earlier or self.clause.neither:
            return
        last = earlier[-1]
        if last.denial == "no":  # "no worse and cheaper": it denies the one word behind it
            return
        before = self._before()
        own_verb = before is not None and before.kind in {"verb", "not", "never"}
        joined = any(c.kind == "but" for c in self.chunks[max(self.at - 3, 0) : self.at])
        if last.negated and not made.negated and not own_verb and not joined:
            raise ClaimError(
                "it is not clear how far the negation reaches",
                hint="write one claim for each thing that is denied",
            )
