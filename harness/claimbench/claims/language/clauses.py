"""Chunks -> statements: who, against whom, what, where. An order that no rule knows is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.amounts import Amount
from claimbench.claims.language.chunks import Chunk
from claimbench.claims.language.places import Clause, PlaceReader
from claimbench.claims.language.predicates import Rule
from claimbench.claims.language.statements import (
    REST,
    Statement,
    Unread,
    as_kind,
    denied,
    dim_named,
    note_metric,
    quantile,
    same_side,
)
from claimbench.errors import ClaimError

_OPENERS = frozenset(
    {"verb", "said", "not", "neither", "never", "always", "which", "dim", "sometimes"}
)
_TAKES_OBJECT = re.compile(
    r"(?:\b(?:what|as|with|to|than|of|by|from|behind|above|below|ahead of|on|over|under|for"
    r"|against|short of)"
    rf"|\b{words.BEAT}|\b{words.MATCH}|\btrails?|\bleads?|\bunderperforms?|\bundercuts?)$"
)
_CONJUNCTIONS = frozenset({"and", "or", "but", "comma"})


def read(chunks: Sequence[Chunk], amounts: Sequence[Amount]) -> list[Statement]:
    """Put chunks together.

    Raises:
        Unread: words that nothing consumed.
        ClaimError: words that are known, in an order or a company that is not.
    """
    return _Reader(chunks, amounts).run()


class _Reader(PlaceReader):
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
        dim = dim_named(chunk.match)
        if self.collect is self.clause.subjects and not self.clause.statements:
            self.clause.dim = dim
            self.clause.quantile = quantile(chunk.match)
            note_metric(chunk.text, self.before)
            return
        if self.last is None or dim != self.last.dim:
            raise ClaimError(f"{chunk.text.strip()!r} is compared with something else")

    def _dim_of(self, chunk: Chunk) -> None:
        if self.clause.statements or self.clause.subjects:
            if self.last is not None and dim_named(chunk.match) == self.last.dim:
                self.pending = "compare"
                return
            raise ClaimError(f"{chunk.text!r} stands where it cannot be read")
        self.clause.dim = dim_named(chunk.match)
        self.clause.quantile = quantile(chunk.match)
        note_metric(chunk.text, self.before)

    def _in_dim(self, chunk: Chunk) -> None:
        dim = dim_named(chunk.match)
        if self.last is None or not same_side(dim, self.last.dim):
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
                self.chunks[self.at + 1] = as_kind(following, "consumed")

    def _never(self, chunk: Chunk) -> None:
        self._not(chunk)
        self.modifier = "every"

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
        self.clauses.append(Clause([int(chunk.match["arm"])]))
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
        if clause.dim and rule.dim and not rule.attach and not same_side(clause.dim, rule.dim):
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
            out += denied(out, self.unlike)
        return out
