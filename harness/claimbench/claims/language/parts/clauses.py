"""Chunks -> statements: who, against whom, what, where. An order that no rule knows is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence

from claimbench.claims.language.amounts import Amount
from claimbench.claims.language.parts.chunks import Chunk
from claimbench.claims.language.parts.inheriting import inherit_measures, inherit_places
from claimbench.claims.language.parts.places import Clause
from claimbench.claims.language.parts.pronouns import TAKES_OBJECT, without_pronouns
from claimbench.claims.language.parts.saying import CONJUNCTIONS, LASTING, SaidReader, either_or
from claimbench.claims.language.parts.statements import (
    REST,
    Statement,
    Unread,
    as_kind,
    denied,
)
from claimbench.errors import ClaimError

_OPENERS = frozenset(
    {"verb", "said", "not", "neither", "never", "always", "which", "dim", "sometimes", "hedge"}
)

_PAST = r"(?:was|were|had|did|cost|beat|outdid|overtook|\w+ed)\b"


def read(chunks: Sequence[Chunk], amounts: Sequence[Amount]) -> list[Statement]:
    """Put chunks together.

    Raises:
        Unread: words that nothing consumed.
        ClaimError: words that are known, in an order or a company that is not.
    """
    return _Reader(without_pronouns(chunks), amounts).run()


class _Reader(SaidReader):
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
            or (before.kind == "said" and re.search(TAKES_OBJECT, before.text.strip()))
            or (
                before.kind in {"and", "or", "comma"} and self.collect is not None and after is None
            )
        ):
            place = "object"
        elif (
            (before is None or before.kind in CONJUNCTIONS)
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
        if self.last is not None and re.match(r"(?:all|every|each)\b", chunk.text):
            self.last.joined += " and"

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
            if self.collect is self.led and before is not None and before.kind == "comma":
                raise ClaimError("it is not clear which arms are compared with which")
            self.collect.append(arm)
        elif self._inverted() or (not self.clause.statements and not self.clause.subjects):
            self.collect = self.clause.subjects
            self.clause.subjects.append(arm)
        elif self.last is not None and before is not None and before.kind in CONJUNCTIONS:
            self.clauses.append(Clause([arm]))
            self.collect = self.clause.subjects
        else:
            raise ClaimError("it is not clear which part of the sentence an arm belongs to")

    def _joins_arms(self, before: Chunk | None) -> None:
        """Note the word between two rivals; "or" between subjects would be another claim."""
        if before is None or before.kind not in {"and", "or", "comma"} or self.collect is None:
            return
        if before.kind == "or" and self.collect is self.clause.subjects:
            raise either_or()
        if self.last is not None and self.collect is self.last.theirs:
            if before.kind == "or" and "than" not in self.last.joined and not self.last.negated:
                raise either_or()
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
        return bool(self.last is not None and re.search(TAKES_OBJECT, self.last.text.strip()))

    def _compare(self, chunk: Chunk) -> None:
        before = self._before()
        earlier = self.chunks[self.at - 2] if self.at > 1 else None
        again = before is not None and before.kind in CONJUNCTIONS and earlier is not None
        lists = (
            again
            and earlier is not None
            and earlier.kind in {"arm", "rest", "said", "comma", "poss"}
        )
        if self.last is not None and self.last.theirs and before is not None and not lists:
            raise ClaimError(f"{chunk.text!r} compares a second time in one part of the sentence")
        if self.last is not None and before is not None and again:
            self._again(chunk, before)
            self.last.joined += f" {before.kind}"
        elif self.last is not None:
            self.last.joined = ""
        if self.last is not None:
            self.last.joined += f" {chunk.text}"
        self.pending = "compare"

    def _again(self, chunk: Chunk, before: Chunk) -> None:
        """Refuse "not cheaper than beta but than gamma" and "and versus gamma it is fast"."""
        if before.kind == "but":
            raise ClaimError(
                f"{before.text.strip()} {chunk.text!r}: what holds there, and what is denied?",
                hint='say the whole of it: "not cheaper than beta, but cheaper than gamma"',
            )
        following = self._next(2)
        if following is not None and following.kind == "comma":
            following = self._next(3)
        attached = following is not None and following.rule is not None and following.rule.attach
        if following is not None and following.kind in {"verb", "said"} and not attached:
            raise ClaimError(
                f"{chunk.text!r}: said of what stands before it, or of what follows?",
                hint="write two sentences instead",
            )

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
        self._one_time(chunk)

    def _one_time(self, tail: Chunk) -> None:
        """Refuse "is cheaper than beta was": a run measures both arms at one time."""
        past = tail.text in {"was", "did"}
        verbs = [c.text for c in self.chunks[: self.at] if c.kind in {"verb", "said"}]
        agrees = any(re.match(_PAST, verb) for verb in verbs)
        if past != agrees and (past or any(re.match(r"was|were|did|had", verb) for verb in verbs)):
            raise ClaimError(
                f"{tail.text!r}: one arm now against another as it was is not measured",
                hint="say both of one time",
            )

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
        self.each_time = chunk.text
        self.modifier = "every"

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
        several = len(statement.theirs) > 1 or REST in statement.theirs
        if statement.negated and several and all_of and "or" not in joined:
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
        unused = set(self.before) - LASTING
        if unused:
            raise ClaimError(f"what is said at the end belongs to nothing ({', '.join(unused)})")
        for clause in self.clauses:
            if not clause.statements and (clause.dim or clause.subjects):
                raise ClaimError("nothing is said of one part of the sentence")
            several = [s.theirs for s in clause.statements if s.theirs]
            shared = several[0] if several else []
            earlier = next((s.theirs for s in out if s.theirs), [])
            inherit_places(clause.statements)
            inherit_measures(clause, out)
            for statement in clause.statements:
                statement.ours = list(clause.subjects or (out[-1].ours if out else []))
                absolute = statement.way in {"level", "bare", "bill"}
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
                    if any(theirs != shared for theirs in several):
                        raise ClaimError(f"{statement.text!r}: compared with which of the rivals?")
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
