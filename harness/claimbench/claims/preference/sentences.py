# ruff: noqa: E501 - tables of words
"""Sentences about preference -> a claim: "preferred over X", "people prefer A to B", "wins 60% of
head-to-heads against X".

A sentence is read wholly or not at all: what this module does not know it leaves to the grammar of
the other claims, which names the words that nothing consumed. Names, tasks, slices and amounts are
marked by the same hands as there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from claimbench.claims.fields import named_arms, once
from claimbench.claims.language.amounts import Amount, find_amounts
from claimbench.claims.language.meanings.effects import half_of
from claimbench.claims.language.names import nearest
from claimbench.claims.language.normal import light, plain
from claimbench.claims.language.scope import Names, mask
from claimbench.errors import ClaimError
from claimbench.types import Arm, Claim, ClaimSpec, Task

Sides = tuple[tuple[str, ...], tuple[str, ...]]
Fill = Callable[..., Sides]
_WORK = r"(?:'s? (?:answers?|responses?|outputs?|repl(?:y|ies)|writing|drafts?|texts?)|'s?(?= |$))?"
_ARM = rf"⟦a\d+⟧{_WORK}"
_ARMS = rf"{_ARM}(?:(?:, and |, | and ){_ARM})*"
_REST = r"(?:(?:every|any|all|each)(?: of)?(?: the)? others?(?: models?| arms?)?|the (?:rest|others|competition))"
_FREE = r"(?!(?:is|are|people|users|most|the|a|an|wins?|judges)\b)[\w@][\w.:/@+-]*(?: [\w@][\w.:/@+-]*){0,3}?"
_PEOPLE = (
    r"(?:(?:most|more|the|our|of|real|blind|human|expert|paying) )*(?:people|humans?|users|customers|raters|annotators"
    r"|readers|evaluators|reviewers|experts|voters|testers|graders|agents|everyone|everybody)"
)
_JUDGES = r"(?:(?:most|the|our|llm|model|ai|independent|both|all) )*judges"
_OVER = r"(?:over|to|than|against|above|versus|vs\.?|compared (?:to|with)|rather than|instead of)"
_BE = r"(?:is|are|was|were|gets|got|remains|has been|have been)"
_DEGREE = (
    r"(?:clearly|strongly|consistently|generally|usually|often|overall|widely|also|more often)"
)
_UNITS = (
    r"(?:(?:its|the|all|our|blind|direct|pairwise|their|these) )*"
    r"(?:head[- ]?to[- ]?heads?(?: (?:comparisons?|match-?ups?|matches|battles|duels|evaluations?|tests?))?"
    r"|(?:side[- ]by[- ]side )?(?:comparisons?|evaluations?|tests?)|match-?ups?|matches|battles|duels"
    r"|side[- ]by[- ]sides?|pairs|pairings|votes)"
)
_TIMES = rf"(?:{_UNITS}|(?:all )?cases|the time|times)"
"""What may be counted where a sentence says "preferred" already."""
_AMOUNT = r"<[pf]\d+>"
_MOST = r"(?:the majority|a majority|most|more than half)"


@dataclass
class _Said:
    """What a sentence says so far; arms, tasks and slices are marks or free names."""

    relation: str = "preferred"
    ours: str | None = None
    theirs: str | None = None
    amount: int | None = None
    people: bool = False
    negated: bool = False
    rest: bool = False
    task: int | None = None
    slice: int | None = None
    degrees: list[str] = field(default_factory=list)


def preference_claim(
    base: Claim,
    spec: ClaimSpec,
    arms: Sequence[Arm],
    tasks: Sequence[Task],
    fill: Fill,
    rest: Callable[[ClaimSpec], Claim],
) -> Claim | None:
    """Read a claim about preference; None where the text is not one.

    Args:
        base: the claim with what its fields and the suite say.
        spec: text and fields; ``arm`` and ``than`` stand over the text's names.
        arms: whose names are known; empty: names are kept as written.
        tasks: whose names and slices are known.
        fill: completes the two sides, or says what is missing.
        rest: reads a part of a compound sentence that is no preference.

    Raises:
        ClaimError: a preference that cannot be tested as stated, or arms that are not there.
    """
    text = spec.text.strip()
    if not re.search(
        r"prefer|chose|choose|\bpick|favou?r|\bwin|\bwon\b|\bbeats?\b|head[- ]?to",
        text,
        re.IGNORECASE,
    ):
        return None
    whole = _read(base, spec, text, arms, tasks, fill)
    if whole is not None:
        return whole
    for mark in re.finditer(r",? and (?:is )?|,? but (?:is )?|, |; | while ", text):
        pieces = text[: mark.start()], text[mark.end() :]
        for mine, other in (pieces, pieces[::-1]):
            found = _read(base, spec, mine.rstrip(". "), arms, tasks, _lenient(fill))
            if found is None:
                continue
            made = _joined(base, spec, found, other, mine == pieces[0], rest)
            if made is not None:
                return made
    return None


def _lenient(fill: Fill) -> Fill:
    def filled(*given: object, **more: object) -> Sides:
        try:
            return fill(*given, **more)
        except ClaimError:
            ours, theirs = given[0], given[1]
            return (tuple(ours), tuple(theirs))  # type: ignore[arg-type]

    return filled


def _joined(
    base: Claim,
    spec: ClaimSpec,
    found: Claim,
    other: str,
    comes_first: bool,
    rest: Callable[[ClaimSpec], Claim],
) -> Claim | None:
    """Join a preference with another statement about the same arms."""
    raw = {
        key: value for key, value in spec.raw.items() if key in {"arm", "than", "task", "margin"}
    }
    if found.treatments and "arm" not in raw:
        raw["arm"] = list(found.treatments)
    if found.baselines and "than" not in raw:
        raw["than"] = list(found.baselines)
    try:
        second = rest(replace(spec, text=other, raw=raw, line=None))
    except ClaimError:
        return None
    ours = found.treatments or second.treatments
    theirs = found.baselines or second.baselines
    if not ours or not theirs:
        return None
    found = replace(found, treatments=ours, baselines=theirs)
    parts: tuple[Claim, ...] = (found, second) if comes_first else (second, found)
    inner = second.parts if second.kind == "compound" else ()
    if inner:
        parts = (found, *inner) if comes_first else (*inner, found)
    named_parts = tuple(replace(p, id=f"{base.id}.{i + 1}") for i, p in enumerate(parts))
    return replace(
        base,
        kind="compound",
        metric="several",
        relation="all",
        treatments=tuple(dict.fromkeys(t for p in named_parts for t in p.treatments)),
        baselines=tuple(dict.fromkeys(b for p in named_parts for b in p.baselines)),
        parts=named_parts,
    )


def _read(
    base: Claim,
    spec: ClaimSpec,
    text: str,
    arms: Sequence[Arm],
    tasks: Sequence[Task],
    fill: Fill,
) -> Claim | None:
    masked, names = mask(light(text), arms, tasks)
    marked, amounts = find_amounts(plain(masked))
    simple = re.sub(r"\s+", " ", marked).strip(" .!")
    said = _parse(simple, free=not arms)
    if said is None:
        if arms:
            _refuse_unknown(_parse(simple, free=True), arms)
        return None
    made = _claim(base, said, names, amounts, text)
    raw = spec.raw
    known = {arm.name for arm in arms}
    given = {key: named_arms(raw.get(key), known, key) for key in ("arm", "than")}
    ours = given["arm"] or _named(said.ours, names)
    theirs = given["than"] or _named(said.theirs, names)
    ours, theirs = fill(ours, theirs, False, said.rest, arms)
    if raw.get("reading") is not None:
        made = replace(made, reading=str(raw["reading"]))
    return replace(made, treatments=ours, baselines=theirs)


def _refuse_unknown(said: _Said | None, arms: Sequence[Arm]) -> None:
    """Name the arm that a sentence speaks of and the suite does not have."""
    for side in () if said is None else (said.ours, said.theirs):
        if side is not None and "⟦" not in side:
            name = re.sub(rf"{_WORK}$", "", side)
            known = [arm.name for arm in arms]
            raise ClaimError(
                f"no arm is called {name!r}{nearest(name, known)}",
                hint="use the arm's name in the text, or set `arm:` and `than:`",
            )


def _named(side: str | None, names: Names) -> tuple[str, ...]:
    if side is None:
        return ()
    found = re.findall(r"⟦a(\d+)⟧", side)
    if not found:
        return (re.sub(rf"{_WORK}$", "", side),)
    return tuple(dict.fromkeys(name for number in found for name in names.arms[int(number)]))


def _claim(base: Claim, said: _Said, names: Names, amounts: Sequence[Amount], text: str) -> Claim:
    made = replace(
        base,
        text=text,
        kind="preference",
        metric="win_rate_people" if said.people else "win_rate",
        relation=said.relation,
        negated=said.negated,
        untested=tuple(said.degrees),
    )
    if said.task is not None:
        made = replace(made, task=once(made.task, names.tasks[said.task], "task"))
    if said.slice is not None:
        made = replace(made, slice=once(made.slice, names.slices[said.slice], "slice"))
    if said.amount is None:
        return made
    amount = amounts[said.amount]
    if amount.bound in {"up_to", "down_to", "just_over", "just_under", "only"}:
        raise ClaimError(
            f"{amount.text!r} in {text!r} does not say how many at least",
            hint='state one limit: "wins at least 60% of head-to-heads"',
        )
    if not 0 <= amount.value <= 1:
        raise ClaimError(f"{amount.text!r} is no share of comparisons", hint="0% to 100%")
    return replace(
        made,
        relation="wins",
        threshold=float(amount.value),
        quoted_precision=float(half_of(amount)),
        bound="max" if amount.bound in {"<=", "<", "within"} else "min",
        strict=amount.bound in {">", "<"},
        upper=None if amount.high is None else float(amount.high),
        modifier="about" if amount.bound == "about" else made.modifier,
    )


def _parse(text: str, *, free: bool) -> _Said | None:
    """Read a marked sentence wholly; None where words are left over."""
    arm = rf"(?:{_ARMS}|{_FREE}{_WORK})" if free else _ARMS
    for pattern, made in _HEADS:
        head = re.match(pattern.replace(_HERE, arm), text)
        if head is None:
            continue
        said = made(head)
        if said is not None and _tail(text[head.end() :], said, arm):
            return said
    return None


def _number(mark: str | None) -> int | None:
    return None if mark is None else int(re.sub(r"\D", "", mark))


def _preferred(head: re.Match[str]) -> _Said:
    found = head.groupdict()
    said = _Said("preferred", found.get("ours"), None, _number(found.get("share")))
    said.people = found.get("people") is not None
    said.negated = bool(found.get("not"))
    if found.get("degree") in {"clearly", "strongly", "consistently", "widely"}:
        said.degrees.append(str(found["degree"]))
    return said


def _as(head: re.Match[str]) -> _Said:
    found = head.groupdict()
    said = _Said("as", found.get("ours"), found.get("theirs"))
    said.negated = bool(found.get("not"))
    return said


def _wins(head: re.Match[str]) -> _Said:
    found = head.groupdict()
    return _Said("preferred", found.get("ours"), found.get("theirs"), _number(found.get("share")))


def _tail(text: str, said: _Said, arm: str) -> bool:
    """Read what follows the head, in any order; return whether nothing is left."""
    steps: list[tuple[str, Callable[[re.Match[str]], bool]]] = [
        (
            rf" by (?:(?P<share>{_AMOUNT}) of )?(?P<people>{_PEOPLE})(?=$| |,)",
            lambda m: _who(m, said),
        ),
        (rf" (?:by|according to) (?P<judges>{_JUDGES})(?=$| |,)", lambda m: _who(m, said)),
        (rf" (?:in |by |on )?(?P<share>{_AMOUNT}) of {_TIMES}(?=$| |,)", lambda m: _share(m, said)),
        (rf" (?:in|on|by) {_MOST} of {_TIMES}(?=$| |,)", _nothing_more),
        (rf" (?:in|on) {_UNITS}(?=$| |,)", _nothing_more),
        (r" (?:on|in|for|at) (?:the )?⟦t(?P<task>\d+)⟧", lambda m: _set(m, said, "task")),
        (r" (?:on|in|for) (?:the )?⟦s(?P<slice>\d+)⟧", lambda m: _set(m, said, "slice")),
        (rf",? ?{_OVER} {_REST}(?=$| |,)", lambda m: _all_others(m, said)),
        (rf",? ?{_OVER} (?P<theirs>{arm})(?=$| |,)", lambda m: _rival(m, said)),
        (r" (?:overall|in general|on average)(?=$| |,)", _nothing_more),
    ]
    left = text
    while left.strip(" ,"):
        for pattern, take in steps:
            match = re.match(pattern, left)
            if match is not None and take(match):
                left = left[match.end() :]
                break
        else:
            return False
    return True


def _nothing_more(_match: re.Match[str]) -> bool:
    return True


def _who(match: re.Match[str], said: _Said) -> bool:
    found = match.groupdict()
    said.people = said.people or found.get("people") is not None
    return found.get("share") is None or _share(match, said)


def _share(match: re.Match[str], said: _Said) -> bool:
    if said.amount is not None:
        return False
    said.amount = _number(match["share"])
    return True


def _rival(match: re.Match[str], said: _Said) -> bool:
    if said.theirs is not None:
        return False
    said.theirs = match["theirs"]
    return True


def _all_others(_match: re.Match[str], said: _Said) -> bool:
    if said.theirs is not None or said.rest:
        return False
    said.rest = True
    return True


def _set(match: re.Match[str], said: _Said, name: str) -> bool:
    if getattr(said, name) is not None:
        return False
    setattr(said, name, int(match[name]))
    return True


_HERE = "%ARM%"
"""Where the name of an arm may stand in :data:`_HEADS`."""
_DEGREES = rf"(?:(?P<degree>{_DEGREE}) )?"
_WHO = rf"(?:(?P<share>{_AMOUNT}) of )?(?:(?P<people>{_PEOPLE})|(?P<judges>{_JUDGES}))"
_END = r"(?=$| |,)"
_HEADS: list[tuple[str, Callable[[re.Match[str]], _Said | None]]] = [
    (rf"(?:(?P<ours>{_HERE}) )?(?:{_BE} )?(?P<not>not )?{_DEGREES}(?:the )?preferred{_END}", _preferred),
    (rf"(?:(?P<ours>{_HERE}) )?(?:{_BE} )?(?P<not>not )?(?:at least )?as (?:often )?preferred as (?P<theirs>{_HERE}){_END}", _as),
    (rf"{_WHO} (?:would )?{_DEGREES}(?:prefer(?:red|s)?|chose|choose|picked|pick|favou?r(?:ed)?) (?P<ours>{_HERE}){_END}", _preferred),
    (rf"(?:(?P<ours>{_HERE}) )?(?:wins?|won|winning) (?:in )?(?:(?P<share>{_AMOUNT})|(?P<most>{_MOST})) of {_UNITS}{_END}", _wins),
    (rf"(?:(?P<ours>{_HERE}) )?(?:wins?|won|winning) (?:(?P<most>{_MOST})|more)(?: {_UNITS})?{_END}", _wins),
    (rf"(?:(?P<ours>{_HERE}) )?(?:wins?|won|winning) (?:in )?{_UNITS}{_END}", _wins),
    (rf"(?:(?P<ours>{_HERE}) )?(?:beats?|defeats?|wins? against) (?P<theirs>{_HERE}) (?:in |on |at )?(?:(?:(?P<share>{_AMOUNT})|{_MOST}) of )?{_UNITS}{_END}", _wins),
    (rf"(?:(?P<ours>{_HERE}) )?(?:has|had|have|with|at|achieves?|reaches|gets|scores) (?:an? |the )?(?P<share>{_AMOUNT}) (?:head[- ]?to[- ]?head )?win[- ]?rate{_END}", _wins),
    (rf"(?:(?P<ours>{_HERE}) )?(?:has|had|have|with|at|achieves?|reaches|gets|scores) (?:an? |the )?(?:head[- ]?to[- ]?head )?win[- ]?rate of (?P<share>{_AMOUNT}){_END}", _wins),
    (rf"(?:(?P<ours>{_HERE})(?:'s?)? )?(?:head[- ]?to[- ]?head )?win[- ]?rate (?:{_OVER} (?P<theirs>{_HERE}) )?(?:is|was|of) (?P<share>{_AMOUNT}){_END}", _wins),
]  # fmt: skip
