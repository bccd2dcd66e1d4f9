"""Sentences about turns of conversations -> claims whose arms are views.

What is said of turns is taken out of the sentence; the rest is read by the grammar of all claims,
which names the words that nothing consumed. A sentence of none of these forms is left to it whole:

* "as accurate in turn 5 as in turn 1": one arm, two of its turns;
* "keeps its accuracy over five turns": each later turn against the first, all must hold;
* "gets faster with each turn": each turn against the one before it, all must hold;
* "retains 95% of its accuracy over five turns": a share of what the arm itself did;
* "answers the third turn 30% faster than X", "as accurate as X in every turn": that turn of both;
* "costs half as much per turn", "per conversation": dollars of turns, or of whole conversations.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from claimbench.claims.fields import (
    ABSOLUTE,
    BILL_METRICS,
    BILLS,
    MIRRORED,
    named_arms,
    names_in,
    renamed,
)
from claimbench.claims.language.normal import light
from claimbench.claims.language.scope import mask
from claimbench.claims.language.sentences import Evidence, Part, read_sentence
from claimbench.claims.turns.known import Turns, leaves, number_of
from claimbench.claims.turns.phrases import (
    BOUNDS,
    EVERY,
    FIRST,
    HEADLESS,
    LATER,
    LOSES,
    OVER,
    OWN,
    OWN_SHARE,
    PER_TURN,
    PER_WHOLE,
    PROGRESS,
    SCOPES,
    STEADY,
    TALK,
    TURN,
    WITHIN,
)
from claimbench.claims.turns.views import View, views_of
from claimbench.claims.wordings.sentences import SUFFIX
from claimbench.errors import ClaimError
from claimbench.types import Arm, Claim, ClaimSpec, Task

Rest = Callable[..., Claim]
"""Reads a claim that speaks of no turns; ``arms``: those that may be named in it."""
AGAINST = r"\b(?:than|as|versus|vs)\b|\b(?:in|on|at|during|for|with)$"
"""What "gets faster with each turn" has none of: a rival, or a turn that it is said of."""
TWO_TURNS = (
    'of one arm write "A is faster in turn 5 than in turn 1", "A gets faster with each turn" or'
    ' "A retains 95% of its turn 1 accuracy in turn 5"'
)


def turn_claim(
    base: Claim, spec: ClaimSpec, arms: Sequence[Arm], tasks: Sequence[Task], rest: Rest
) -> Claim | None:
    """Read a claim about turns; None where the text is not one.

    Raises:
        ClaimError: it cannot be tested as stated, or the suite has no such turns.
    """
    text = " ".join(spec.text.replace("\u2019", "'").split())
    if not re.search(rf"\bturns?\b|\b{TALK}\b", text, re.IGNORECASE):
        return None
    some = re.search(rf"\bsome (?:of (?:the|its|their) )?(?:turns|{TALK})\b", text, re.IGNORECASE)
    if some is not None:
        raise ClaimError(
            f"{some[0]!r}: which ones?", hint='name the turn: "in turn 3", "in every turn"'
        )
    asked = _Asked(base, spec, text, tuple(arms), tuple(tasks), rest, Turns(tasks, base.task))
    own = (asked.steady, asked.own_share, asked.progress, asked.within)
    for read in (*own, asked.every, asked.scoped, asked.per_unit):
        found = read()
        if found is not None:
            return replace(found, text=base.text)
    return None


@dataclass(frozen=True)
class _Asked:
    """One sentence, and the forms that it may have; each gives None where it has not that one."""

    base: Claim
    spec: ClaimSpec
    text: str
    arms: tuple[Arm, ...]
    tasks: tuple[Task, ...]
    rest: Rest
    turns: Turns

    def _read(self, text: str, *more: str, alone: bool = False) -> Claim:
        """Read a sentence that speaks of no turns; ``more``: names that stand for turns in it,
        ``alone``: and no others.
        """
        named = tuple(Arm(name, "", name) for name in more)
        known = named if alone else (*self.arms, *named) if self.arms else ()
        clean = re.sub(r"\s+", " ", text).strip(" ,.;!")
        raw = self._raw() if alone else self.spec.raw
        spec = replace(self.spec, text=clean, raw=raw, line=None)
        try:
            made = self.rest(spec, arms=known)
        except ClaimError as error:
            said = error.message.removeprefix(f"claim {spec.id!r}: ")
            said = said.replace(LATER, "a later turn").replace(FIRST, "an earlier one")
            raise ClaimError(said, hint=error.hint) from None
        _check_kind(made)
        self._one_scope(made)
        return made

    def _read_arms(self, text: str, *, rival: bool = True) -> Claim:
        """Read a sentence about one turn, or unit, of each of its arms.

        ``rival``: a comparison has to say with whom. An arm that nobody named is never put in:
        "faster in turn 3" may mean faster than in others.
        """
        own = re.search(OWN, self.text, re.IGNORECASE)
        made = self._read(text)
        compared = any(leaf.baselines for leaf in leaves(made))
        if own is not None and compared:
            raise ClaimError(f"{own[0]!r}: of which turn, and compared with which?", hint=TWO_TURNS)
        if rival and compared and not self._says_rival(text):
            raise ClaimError(
                "compared with what: another arm, or other turns of the same one?",
                hint=f'name the arm, as in "than X in turn 3"; or {TWO_TURNS}',
            )
        return made

    def _says_rival(self, text: str) -> bool:
        """Tell whether each comparison of a sentence, or a field, says with whom: "the fastest" is
        so among arms, "fastest in turn 3" among its own turns too.
        """
        if self.spec.raw.get("than") is not None:
            return True
        clean = re.sub(r"\s+", " ", text).strip(" ,.;!")
        found = read_sentence(clean, self.arms, self.tasks, free_names=True)
        return not isinstance(found, Evidence) and all(_says_whom(part, clean) for part in found)

    def _one_scope(self, made: Claim) -> None:
        """Refuse a sentence in which something is said of a part of a part."""
        sides = {side for leaf in leaves(made) for side in (*leaf.treatments, *leaf.baselines)}
        worded = any(side.endswith(SUFFIX) for side in sides)
        if not worded and not views_of(sides):
            return
        said = [m[0].strip() for one in SCOPES for m in re.finditer(one, self.text, re.IGNORECASE)]
        whole = [one for one in dict.fromkeys(said) if sum(one in other for other in said) == 1]
        words = " and ".join(f"{one!r}" for one in whole)
        also = " and of all wordings" if worded else ""
        raise ClaimError(
            f"one sentence speaks of {words}{also}", hint="write one claim for each of them"
        )

    def steady(self) -> Claim | None:
        """Read "keeps its accuracy over five turns"."""
        for pattern, words in (*STEADY, (LOSES, "is {} less accurate than")):
            found = re.fullmatch(rf"{pattern},? {OVER}[ .!]*", self.text, re.IGNORECASE)
            arm = None if found is None else self._whose(found.groupdict().get("arm") or "")
            if found is None or arm is None:
                continue
            said = words.format(found.groupdict().get("amount"))
            return self._over(arm, f"{LATER} {said} {FIRST}", found["n"])
        return None

    def _over(self, arm: str, sentence: str, stated: str | None) -> Claim:
        """Read each turn after the first against it, up to so many or to the last there is."""
        last = self._last(stated)
        made = self._read_turns(sentence)
        numbers = range(2, last + 1)
        self.turns.check((1, *numbers), made, whole=stated is not None)
        kept = [n for n in numbers if self.turns.comparable(1, n, made)]
        later = tuple(View(arm, number).name for number in kept)
        return renamed(made, {LATER: later, FIRST: (View(arm, 1).name,)})

    def _last(self, stated: str | None) -> int:
        last = self.turns.last_of(number_of(stated) if stated else None)
        if last < 2:
            raise ClaimError("one turn cannot be compared with itself", hint="over two turns")
        return last

    def _read_turns(self, sentence: str) -> Claim:
        """Read a sentence about a later turn and an earlier one of one arm."""
        self._one_side()
        if self.base.modifier in {"up_to", "sometimes", "most", "best"}:
            raise ClaimError(
                f"modifier {self.base.modifier!r}: over several turns all of them must hold",
                hint='leave `modifier:` out, or name one turn: "in turn 5 as in turn 1"',
            )
        made = self._read(sentence, LATER, FIRST, alone=True)
        if made.parts or {*made.treatments, *made.baselines} != {LATER, FIRST}:
            raise ClaimError("turns are compared by one thing at a time", hint=TWO_TURNS)
        return made

    def own_share(self) -> Claim | None:
        """Read "retains 95% of its accuracy over five turns", or "of its turn 1 accuracy in turn
        5".
        """
        found = OWN_SHARE.fullmatch(self.text)
        arm = None if found is None else self._whose(found["arm"])
        if found is None or arm is None:
            return None
        sentence = f"{LATER} retains {found['amount']} of {FIRST}'s accuracy"
        first = self.turns.number(found["of"]) if found["of"] else None
        if found["over"] and first in {None, 1}:
            return self._over(arm, sentence, found["n"])
        if first is None or not found["turn"]:
            words = f"of its{found['of'] or ''} accuracy"
            raise ClaimError(f"{words!r}: which of its turns are compared?", hint=TWO_TURNS)
        later = self.turns.number(found["turn"])
        if later == first:
            raise ClaimError(f"turn {later} is compared with itself")
        made = self._read_turns(sentence)
        self.turns.check((later, first), made)
        return renamed(made, {LATER: (View(arm, later).name,), FIRST: (View(arm, first).name,)})

    def progress(self) -> Claim | None:
        """Read "gets faster with each turn": a part for each turn and the one before it."""
        found = next(filter(None, (one.fullmatch(self.text) for one in PROGRESS)), None)
        arm = None if found is None else self._whose(found["arm"])
        if found is None or arm is None or re.search(AGAINST, found["more"]):
            return None
        verb = found["verb"].lower()
        verb = verb if verb in {"is", "costs", "makes", "takes"} else "is"
        made = self._read_turns(f"{LATER} {verb} {found['more']} than {FIRST}")
        last = self._last(None)
        self.turns.check(range(1, last + 1), made)
        parts = []
        for number in range(2, last + 1):
            self.turns.check((number, number - 1), made)
            names = {LATER: (View(arm, number).name,), FIRST: (View(arm, number - 1).name,)}
            parts.append(replace(renamed(made, names), id=f"{self.base.id}.{number}"))
        return self._all(parts, (arm,), ())

    def _all(self, parts: Sequence[Claim], ours: Sequence[str], theirs: Sequence[str]) -> Claim:
        """Return the claim that all parts hold."""
        return replace(
            self.base,
            kind="compound",
            metric="several",
            relation="all",
            treatments=tuple(ours),
            baselines=tuple(theirs),
            parts=tuple(parts),
        )

    def within(self) -> Claim | None:
        """Read "as accurate in turn 5 as in turn 1"."""
        found = WITHIN.match(self.text)
        if found is None or re.search(rf"{TURN}", found["tail"], re.IGNORECASE):
            return None
        self._one_side()
        mentioned = re.search(TURN, self.text, re.IGNORECASE)
        assert mentioned is not None  # noqa: S101 - the pattern holds it
        later, first = self.turns.number(mentioned[0]), self.turns.number(found["second"])
        if later == first:
            raise ClaimError(f"turn {later} is compared with itself")
        head = re.sub(r"(?:'s|')\s*$", "", found["head"].rstrip())
        middle = found["middle"]
        if not head.strip(" ,"):
            middle = re.sub(r"^ (?:is|are|was|were) ", " ", middle)
        made = self._read(f"{head}{middle} {FIRST}{found['tail']}", FIRST)
        sides = {*made.treatments, *made.baselines}
        arm = next((name for name in sides if name != FIRST), None)
        if made.parts or FIRST not in sides or len(sides) != 2 or arm is None:
            raise ClaimError(
                "a comparison of two turns is of one arm",
                hint='such as "alpha is as accurate in turn 5 as in turn 1", one claim for each',
            )
        self.turns.check((later, first), made)
        return renamed(made, {arm: (View(arm, later).name,), FIRST: (View(arm, first).name,)})

    def every(self) -> Claim | None:
        """Read "as accurate as X in every turn": a part for each turn, all must hold."""
        if len(re.findall(EVERY, self.text, re.IGNORECASE)) != 1:
            return None
        if re.search(r"\$ ?\d|\b(?:costs?|cheaper|dollars?|price)\b", self.text, re.IGNORECASE):
            return None  # of dollars "each turn" is "per turn"
        made = self._read_arms(re.sub(EVERY, "", self.text, flags=re.IGNORECASE))
        last = self.turns.last_of(None)
        numbers = [n for n in range(1, last + 1) if self.turns.comparable(n, n, made)]
        self.turns.check(numbers[:1] or (1,), made)
        parts = []
        for number in numbers:
            one = _in_turn(made, number)
            parts.append(replace(one, id=f"{self.base.id}.{number}"))
        return self._all(parts, made.treatments, made.baselines)

    def scoped(self) -> Claim | None:
        """Read "30% faster than X in the third turn"."""
        found = list(re.finditer(TURN, self.text, re.IGNORECASE))
        if len(found) != 1:
            return None
        place = found[0]
        if re.search(rf"\b{BOUNDS}$", self.text[: place.start()].rstrip(), re.IGNORECASE):
            return None
        before = re.sub(r"(?:'s|')\s*$", "", self.text[: place.start()].rstrip())
        after = self.text[place.end() :]
        if before != self.text[: place.start()].rstrip():  # "alpha's third turn is ... than beta's"
            after = re.sub(r"(\w)(?:'s|')(?=[ .!]*$)", r"\1", after)
        made = self._read_arms(f"{before} {after}")
        number = self.turns.number(place[0])
        self.turns.check((number,), made)
        return _in_turn(made, number)

    def per_unit(self) -> Claim | None:
        """Read "costs half as much per conversation", or "per turn"."""
        for pattern, whole in ((PER_WHOLE, True), (PER_TURN, False)):
            if len(re.findall(pattern, self.text, re.IGNORECASE)) != 1:
                continue
            text = re.sub(pattern, "per request", self.text, flags=re.IGNORECASE)
            clean = HEADLESS.sub(r"\g<amount> \g<way> cost per request", text)
            changes = re.search(r"\b(?:gets?|getting|becom\w+|grow\w*)\b", clean, re.IGNORECASE)
            made = self._read_arms(clean, rival=not whole or changes is not None)
            unit = "conversation" if whole else "turn"
            for one in leaves(made):
                if (
                    one.kind != "cost"
                    or one.metric != "usd"
                    or one.reading not in {None, "per_request"}
                ):
                    raise ClaimError(
                        f"only dollars are judged per {unit}",
                        hint='name the turn: "in turn 3", "over five turns", "in every turn"',
                    )
            self.turns.check((1,), made)
            views = {arm: (View(arm, whole=whole).name,) for arm in names_in(made)}
            return renamed(_per_request(made), views)
        return None

    def _one_side(self) -> None:
        if self.spec.raw.get("than") is not None:
            raise ClaimError(
                "an arm's turn is compared with another of its own", hint="drop `than:`"
            )

    def _raw(self) -> dict[str, object]:
        return {key: value for key, value in self.spec.raw.items() if key not in {"arm", "than"}}

    def _whose(self, words: str) -> str | None:
        """Return the arm that a sentence or its field names, or the only one; None: the words are
        no name.
        """
        known = {arm.name for arm in self.arms}
        said = re.sub(r"^(?:it|the model)$", "", words.strip(" ,"), flags=re.IGNORECASE)
        if said:
            masked, names = mask(light(said), self.arms, self.tasks)
            mark = re.fullmatch(r"⟦a(\d+)⟧", masked.strip())
            if mark is not None and len(names.arms[int(mark[1])]) == 1:
                return names.arms[int(mark[1])][0]
            return said if not known and re.fullmatch(r"[\w.:@-]+", said) else None
        given = named_arms(self.spec.raw.get("arm"), known, "arm")
        if len(given) == 1 or (not given and len(known) == 1):
            return (*given, *known)[0]
        if not known:
            return "the model"
        hint = f"add `arm:`, one of {', '.join(sorted(known))}"
        raise ClaimError("which arm is it about?", hint=hint)


def _says_whom(part: Part, text: str) -> bool:
    if part.theirs or part.but or part.meaning.relation in ABSOLUTE:
        return True
    if part.meaning.modifier == "best":
        return " the " in text
    return part.rest or part.meaning.every_other


def _check_kind(claim: Claim) -> None:
    """Refuse what has no turns: preferences, bills, what no run measures."""
    for one in leaves(claim):
        bill = one.relation in BILLS or one.metric in BILL_METRICS
        on_list = one.reading == "list_price" or one.metric.startswith("usd_per_mtok")
        if (
            one.kind not in {"accuracy", "cost", "latency"}
            or bill
            or on_list
            or one.metric in MIRRORED
        ):
            raise ClaimError(
                "by turn only accuracy, dollars of requests and times are judged",
                hint="state it without the turn",
            )


def _in_turn(claim: Claim, number: int) -> Claim:
    """Return a claim whose arms are a turn of each."""
    return renamed(claim, {arm: (View(arm, number).name,) for arm in names_in(claim)})


def _per_request(claim: Claim) -> Claim:
    """Pin a comparison of dollars to those of requests: nothing else has that unit."""
    parts = tuple(map(_per_request, claim.parts))
    compared = claim.kind == "cost" and bool(claim.baselines)
    return replace(claim, parts=parts, reading="per_request" if compared else claim.reading)
