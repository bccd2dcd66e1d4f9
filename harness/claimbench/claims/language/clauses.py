"""Chunks -> statements: who, against whom, what, where. An order that no rule knows is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.amounts import Amount, Bound
from claimbench.claims.language.chunks import Chunk
from claimbench.claims.language.lists import LITERAL, ListReader, turn
from claimbench.claims.language.places import Clause
from claimbench.claims.language.statements import (
    REST,
    Statement,
    Unread,
    as_kind,
    denied,
    per_what,
    quantile,
    same_side,
)
from claimbench.claims.language.tables.pieces import Rule
from claimbench.errors import ClaimError

_OPENERS = frozenset(
    {"verb", "said", "not", "neither", "never", "always", "which", "dim", "sometimes", "hedge"}
)
_TAKES_OBJECT = re.compile(
    r"(?:\b(?:what|as|with|to|than|of|by|from|behind|above|below|ahead of|on|over|under|for"
    r"|against|short of)"
    rf"|\b{words.BEAT}|\b{words.MATCH}|\b{words.EQUAL}|\b{words.OR_BETTER}|\btrail(?:s|ing)?|\blead(?:s|ing)?"
    r"|\bunderperform(?:s|ed|ing)?|\bundercut(?:s|ting)?)$"
)
_CONJUNCTIONS = frozenset({"and", "or", "but", "comma"})


_VERBS_ONLY = rf"(?:{words.BEAT}|{words.MATCH}|{words.EQUAL})"
_MULTIPLES = {"half": Fraction(1, 2), "double": Fraction(2), "triple": Fraction(3)}
_BOUND_WORDS: dict[str, Bound] = {
    "more than": ">", "over": ">", "at least": ">=", "nearly": "about", "almost": "about",
    "roughly": "about", "about": "about",
}  # fmt: skip


def _either_or() -> ClaimError:
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


def read(chunks: Sequence[Chunk], amounts: Sequence[Amount]) -> list[Statement]:
    """Put chunks together.

    Raises:
        Unread: words that nothing consumed.
        ClaimError: words that are known, in an order or a company that is not.
    """
    return _Reader(chunks, amounts).run()


class _Reader(ListReader):
    """One pass over the chunks, left to right."""

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
        self._joins_arms(before)
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
            self.clauses.append(Clause([arm]))
            self.collect = self.clause.subjects
        else:
            raise ClaimError("it is not clear which part of the sentence an arm belongs to")

    def _joins_arms(self, before: Chunk | None) -> None:
        """Note the word between two rivals; "or" between subjects would be another claim."""
        if before is None or before.kind not in {"and", "or", "comma"} or self.collect is None:
            return
        if before.kind == "or" and self.collect is self.clause.subjects:
            raise _either_or()
        if self.last is not None and self.collect is self.last.theirs:
            if before.kind == "or" and "than" not in self.last.joined and not self.last.negated:
                raise _either_or()
            self.last.joined += f" {before.kind}"

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
        before = self._before()
        if (
            self.last is not None
            and self.last.theirs
            and before is not None
            and before.kind == "arm"
        ):
            raise ClaimError(f"{chunk.text!r} compares a second time in one part of the sentence")
        if self.last is not None:
            self.last.joined = chunk.text
        self.pending = "compare"

    def _as(self, chunk: Chunk) -> None:
        """Read the second "as" of "half as much per correct answer as beta"."""
        before = self._before()
        between = {"per_correct", "per_request", "per_token", "list_price", "quantile", "task"}
        halves = self.last is not None and re.search(r"\bas \w+$", self.last.text) is not None
        if before is None or before.kind not in between or not halves:
            raise Unread(chunk.text, "elsewhere", (chunk.start, chunk.start + len(chunk.text)))
        self.pending = "compare"

    def _unlike(self, chunk: Chunk) -> None:
        del chunk
        self.pending = "unlike"

    def _poss(self, chunk: Chunk) -> None:
        before = self._before()
        if before is None or before.kind not in {"arm", "said"}:
            raise ClaimError(f"{chunk.text!r} belongs to no arm")

    def _tail(self, chunk: Chunk) -> None:
        if self._is_noun(chunk):
            self._noun_verb(chunk)
            return
        before = self._before()
        ends = {"arm", "rest", "poss", "task", "quantile", "mutual"}
        if self.last is None or before is None or before.kind not in ends:
            raise ClaimError(f"nothing stands before {chunk.text!r} that it could end")

    def _verb(self, chunk: Chunk) -> None:
        if self._is_noun(chunk):
            self._noun_verb(chunk)
            return
        before = self._before()
        following = self._next()
        if self.last is None and following is not None and following.kind in {"and", "but"}:
            raise ClaimError(f"{chunk.text!r} states nothing that could be tested")
        if before is not None and self.last is not None and before.kind in {"arm", "poss"}:
            if self.collect is self.clause.subjects:
                return
            raise ClaimError(f"it is not clear whom {chunk.text!r} is said of")

    def _which(self, chunk: Chunk) -> None:
        if self.clause.statements or not self.clause.subjects:
            raise ClaimError(
                f"it is not clear whom {chunk.text!r} means", hint="write two sentences instead"
            )

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
                self.chunks[self.at + 1] = as_kind(following, "consumed")

    def _never(self, chunk: Chunk) -> None:
        self._not(chunk)
        self.modifier = "every"

    def _said(self, chunk: Chunk) -> None:
        rule = chunk.rule
        assert rule is not None  # noqa: S101  chunks of this kind have one
        found = chunk.match.groupdict()
        clause = self.clause
        self._no_or()
        amount = self.amounts[int(found["q"])] if found.get("q") else None
        way = rule.way
        dim = rule.dim or clause.dim or self._dim_meant(way, amount)
        if way == "share" and amount is not None and (amount.bound == "within" or not dim):
            way = "near"
            dim = dim or "acc"
        if way == "triple" or (way in _MULTIPLES and found.get("more")):
            amount = _multiple(way, found.get("more") or "")
            way = "share"
        elif found.get("more") and amount is not None and amount.bound is None:
            amount = replace(amount, bound=_BOUND_WORDS[(found["more"] or "").strip()])
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
        made.own_dim = not rule.dim and bool(clause.dim)
        made.clause = len(self.clauses) - 1
        elsewhere = clause.dim and rule.dim and not same_side(clause.dim, rule.dim)
        if elsewhere and not rule.attach and self._general(made):
            if LITERAL.search(chunk.text):
                made.dim = clause.dim
            else:
                turn(made, clause.dim, chunk.text)
        elif elsewhere and not rule.attach:
            raise ClaimError(f"{chunk.text!r} is not said of {clause.dim}")
        if found.get("s"):
            made.share = self.amounts[int(found["s"])]
        if found.get("subj"):
            clause.subjects += [int(n) for n in re.findall(r"⟦a(\d+)⟧", found["subj"] or "")]
        if found.get("obj"):
            if " or " in (found["obj"] or ""):
                raise _either_or()
            made.joined = "and" if re.search(r" and |, ", found["obj"] or "") else ""
            made.theirs += [int(n) for n in re.findall(r"⟦a(\d+)⟧", found["obj"])]
        if found.get("per") is not None:
            made.per = per_what(found, self.amounts)
        made.degree = found.get("deg")
        made.quantile = quantile(chunk.match) if "p" in found else None
        made.quantile = made.quantile or clause.quantile
        made.negated = bool(self.negation) or clause.neither
        made.denial = self.negation or ""
        if made.negated and amount is not None and amount.bound == "only":
            raise ClaimError(f"{self.negation!r} with 'only' has more than one meaning")
        before = self._before()
        if before is not None and before.kind == "poss" and re.match(_VERBS_ONLY, chunk.text):
            raise ClaimError(f"{before.text!r} belongs to nothing")
        self.negation = None
        made.modifier = self.modifier
        self.modifier = None
        self._take_before(made)
        if way == "level" and not rule.sign:
            made.sign = 1 if dim in {"acc", "rate"} else -1
        if way == "good":
            made.way = "comp"
            made.sign = rule.sign * (-1 if dim in words.FALLING else 1)
        if way == "nomore":
            if made.negated:
                raise ClaimError("two negations in one part of a sentence")
            made.way = "comp"
            made.negated = True
        if way == "atleast":
            _at_least_as(made)
        self._negation_is_plain(made)
        if limit_of is not None:
            made.metric = made.metric or limit_of.metric
            made.quantile = made.quantile or limit_of.quantile
            made.negated = made.negated or limit_of.negated
            clause.statements.remove(limit_of)
        clause.statements.append(made)
        self.last = made
        self.collect = made.theirs if made.theirs else None

    def _take_before(self, made: Statement) -> None:
        """Lay over a statement what stood before it."""
        keys = (
            "tasks",
            "slice",
            "quantile",
            "metric",
            "reading",
            "count",
            "share_of_tasks",
            "hedges",
        )
        typically = self.before.pop("typically", None)
        if typically is not None and made.dim not in {"time", "rate"}:
            self.before.pop("quantile", None)
            made.hedges = (str(typically),)
        for key in keys:
            if key in self.before and not getattr(made, key):
                setattr(made, key, self.before[key])
        lasting = {"tasks", "slice", "count", "share_of_tasks"}
        self.before = {k: v for k, v in self.before.items() if k in lasting}

    def _no_or(self) -> None:
        """Refuse "or" before a statement: what holds if one of two does is no claim here."""
        for chunk in reversed(self.chunks[: self.at]):
            if chunk.kind == "or":
                raise _either_or()
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
        joined = before is not None and before.kind in _CONJUNCTIONS
        sides = {"err": "acc", "rate": "time"}
        if last is None or last.way != "bare" or rule.way != "level" or joined:
            return None
        return last if sides.get(rule.dim, rule.dim) == last.dim else None

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

    def _among_themselves(self, statement: Statement) -> None:
        """Compare two subjects with each other where nobody else is named."""
        alike = statement.way in {"same", "as", "equal", "near"}
        alone = not statement.theirs and not self.led and alike and len(statement.ours) > 1
        if not (statement.mutual or alone):
            return
        if len(statement.ours) != 2 or statement.theirs:
            raise ClaimError(
                "who is compared with whom?", hint="name two arms, or write two claims"
            )
        statement.theirs = [statement.ours[1]]
        statement.ours = [statement.ours[0]]
        if statement.way in {"same", "as"}:
            statement.way = "equal"

    def _denies_each(self, statement: Statement) -> None:
        """Refuse "not better than A and B": than neither, or than not both?"""
        joined = statement.joined.split()
        all_of = "and" in joined or "comma" in joined
        if statement.negated and len(statement.theirs) > 1 and all_of and "or" not in joined:
            raise ClaimError(
                "the denial of a comparison with several has more than one meaning",
                hint='say "than A or B", or write one claim for each',
            )

    # the end ----------------------------------------------------------------------------------

    def _finished(self) -> list[Statement]:
        out: list[Statement] = []
        led_used = not self.led
        first = self.clauses[0]
        leads = bool(first.statements) and all(s.attach for s in first.statements)
        if leads and not first.subjects and len(self.clauses) > 1:
            first.subjects = list(self.clauses[1].subjects)
        unused = set(self.before) - {"tasks", "slice", "count", "share_of_tasks"}
        if unused:
            raise ClaimError(f"what is said at the end belongs to nothing ({', '.join(unused)})")
        for clause in self.clauses:
            if not clause.statements and (clause.dim or clause.subjects):
                raise ClaimError("nothing is said of one part of the sentence")
            shared = next((s.theirs for s in clause.statements if s.theirs), [])
            earlier = next((s.theirs for s in out if s.theirs), [])
            for statement in clause.statements:
                statement.ours = list(clause.subjects or (out[-1].ours if out else []))
                absolute = statement.way in {"level", "bare"}
                if absolute and statement.swap and statement.theirs and not clause.subjects:
                    statement.ours = statement.theirs
                    statement.theirs = []
                    statement.swap = False
                if not (shared or earlier):
                    self._among_themselves(statement)
                self._denies_each(statement)
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
            out += denied(out, self.unlike)
        return out
