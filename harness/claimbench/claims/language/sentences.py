"""A sentence -> statements with the names they speak of: the way in for ``claims.parse``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.amounts import Amount, find_amounts
from claimbench.claims.language.evidence import evidence_elsewhere
from claimbench.claims.language.foreign import read_foreign
from claimbench.claims.language.meanings.effects import Meaning
from claimbench.claims.language.meanings.meaning import mean
from claimbench.claims.language.names import nearest
from claimbench.claims.language.nearest import nearest_sentences
from claimbench.claims.language.normal import light, plain
from claimbench.claims.language.parts.chunks import cut
from claimbench.claims.language.parts.clauses import read
from claimbench.claims.language.parts.spread import spread
from claimbench.claims.language.parts.statements import REST, Statement, Unread
from claimbench.claims.language.scope import Names, mask
from claimbench.claims.language.tables.pieces import FENCE, fenced
from claimbench.claims.other_runs import HOW, speaks_of_time
from claimbench.errors import ClaimError
from claimbench.types import Arm, Task

MOST_NAMES = 6
"""Unknown names that a sentence may hold where names are taken as they are written."""


@dataclass
class Part:
    """One thing a sentence says, with names: ``rest`` = compared with every other arm."""

    meaning: Meaning
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    rest: bool
    group: bool
    tasks: tuple[str, ...]
    slice: tuple[str, str] | None
    count: tuple[int, int] | None
    text: str
    but: tuple[str, ...] = ()
    share_of_tasks: tuple[int, int, bool] | None = None


@dataclass
class Evidence:
    """A sentence that no run of models can judge."""

    needed: str


def read_sentence(
    text: str, arms: Sequence[Arm], tasks: Sequence[Task], *, free_names: bool
) -> list[Part] | Evidence:
    """Read a sentence wholly.

    Args:
        text: as published.
        arms: whose names are known.
        tasks: whose names and slices are known.
        free_names: take unknown names where arms stand as they are written (no suite, or the suite
            says elsewhere which arms are meant); else they are errors.

    Raises:
        ClaimError: words that nothing consumed (named, with the nearest sentences), unknown names,
            or a statement that cannot be tested.
    """
    masked, names = mask(light(text), arms, tasks)
    simple = plain(masked)
    always = evidence_elsewhere(text, readable=True)
    if always is not None:
        return Evidence(always)
    try:
        said, amounts = _statements(text, simple, names, arms, free_names)
    except ClaimError:
        readable = any(chunk.kind == "said" for chunk in cut(find_amounts(simple)[0]))
        other = evidence_elsewhere(text, readable=readable)
        if other is not None:
            return Evidence(other)
        raise
    try:
        return [_part(s, names, amounts) for s in said]
    except ClaimError as error:
        raise ClaimError(_restored(error.message, amounts, names), hint=error.hint) from None


def _statements(
    text: str, simple: str, names: Names, arms: Sequence[Arm], free_names: bool
) -> tuple[list[Statement], list[Amount]]:
    foreign = read_foreign(simple)
    if foreign is not None:
        unclear = re.search(r"(?<![\d.,])[1-9]\d{0,2},\d{3}(?![\d,.])", light(text))
        if unclear is not None and not re.search(r"[\u3400-\u9fff]", text):
            raise ClaimError(
                f"{unclear[0]!r} in {text!r} may be a decimal or thousands",
                hint="write 1,25 or 1250",
            )
        return foreign
    for pattern, instead in words.UNTESTABLE:
        found = re.search(pattern, simple)
        if found is not None:
            raise ClaimError(f"cannot test {found[0]!r} in {text!r}", hint=instead)
    marked, amounts = find_amounts(simple)
    try:
        texts = spread(marked, amounts)
    except ClaimError as error:
        why = _restored(error.message, amounts, names)
        raise ClaimError(f"cannot read {text!r}: {why}", hint=error.hint) from None
    said: list[Statement] = []
    means = re.search(r"\bon average\b", marked) is not None
    for one in texts:
        new = _read_marked(text, one, amounts, names, (arms, free_names))
        said += [statement for statement in new if statement not in said]
    if means and any(statement.dim == "time" for statement in said):
        raise ClaimError(
            f"cannot test 'on average' of a time in {text!r}",
            hint="averages of times are not judged, because one stalled call moves them:"
            " name a percentile, such as p50",
        )
    return _testable(said), amounts


def _read_marked(
    text: str,
    marked: str,
    amounts: list[Amount],
    names: Names,
    known_names: tuple[Sequence[Arm], bool],
) -> list[Statement]:
    """Read one text of marks; an unknown name becomes a new arm where names are free."""
    arms, free_names = known_names
    for _ in range(MOST_NAMES):
        try:
            marked = fenced(marked.replace(FENCE, ""))
            return read(cut(marked), amounts)
        except Unread as unread:
            run = _restored(unread.text, amounts, names)
            named = unread.place in {"subject", "object"} and not _is_amount(unread.text)
            if named and free_names:
                start, end = unread.span
                marked = marked[:start] + names.add((run,)) + marked[end:]
                continue
            if named:
                known = [a.name for a in arms]
                raise ClaimError(
                    f"no arm is called {run!r}{nearest(run, known)}",
                    hint=f"{_of_time(run)}use the arm's name in the text, or set `arm:` and"
                    f" `than:`; nearest to the sentence:\n{nearest_sentences(text)}",
                ) from None
            raise ClaimError(
                f"cannot read {text!r}: not understood: {run!r}",
                hint=f"{_of_time(run)}Nearest that would be understood:\n{nearest_sentences(text)}",
            ) from None
        except ClaimError as error:
            why = _restored(error.message, amounts, names)
            hint = f"{_of_time(text)}{error.hint or ''}"
            raise ClaimError(f"cannot read {text!r}: {why}", hint=hint or None) from None
    raise ClaimError(f"cannot read {text!r}: too many unknown names")


def _of_time(run: str) -> str:
    """Say how arms of another run are written, where words that were not understood speak of it."""
    return f"{HOW}\n" if speaks_of_time(run) else ""


def _testable(said: list[Statement]) -> list[Statement]:
    """Refuse a fraction that stands alone; beside another part it can at least be refuted."""
    if all(statement.way == "vague" for statement in said):
        raise ClaimError("a fraction is no amount", hint='say which, such as "a tenth of the cost"')
    return said


def _is_amount(run: str) -> bool:
    return re.fullmatch(r"(?:<[a-z]\d+> ?)+", run) is not None


def _restored(run: str, amounts: Sequence[Amount], names: Names) -> str:
    text = re.sub(r"<[a-z](\d+)>", lambda m: amounts[int(m[1])].text, run)
    text = re.sub(r"⟦t(\d+)⟧", lambda m: names.tasks[int(m[1])], text)
    text = re.sub(r"⟦s(\d+)⟧", lambda m: names.slices[int(m[1])][1], text)
    text = text.replace(FENCE, "")
    return re.sub(r"⟦a(\d+)⟧", lambda m: "/".join(names.arms[int(m[1])]), text)


def _part(said: Statement, names: Names, amounts: Sequence[Amount]) -> Part:
    groups = [names.groups[n] for n in said.ours if n != REST]

    def spelled(numbers: Sequence[int]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(a for n in numbers if n != REST for a in names.arms[n]))

    made = mean(said)
    return Part(
        made,
        spelled(said.ours),
        spelled(said.theirs),
        REST in said.theirs,
        any(groups),
        tuple(names.tasks[n] for n in said.tasks),
        None if said.slice is None else names.slices[said.slice],
        said.count,
        _restored(said.text, amounts, names),
        spelled(said.but),
        said.share_of_tasks,
    )
