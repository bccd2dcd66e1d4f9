"""Which arms a sentence speaks of: names, model ids, and the classes "open" and "closed"."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from claimbench.errors import ClaimError
from claimbench.types import Arm

_NOUN = r"(?:models?|ones|llms?|rivals?|competitors?|alternatives?|systems?)"
_OPEN = rf"(?:the )?(?:best |leading |top )?open(?:[- ](?:weights?|source))? {_NOUN}"
_CLOSED = (
    r"(?:the )?(?:best |leading |top )?(?:closed|proprietary|commercial)(?:[-"
    rf" ](?:weights?|source))? {_NOUN}"
)
_PRONOUNS = frozenset(
    {
        "it",
        "this",
        "they",
        "we",
        "this model",
        "the model",
        "our model",
        "model",
        "a model",
        "there",
    }
)
_MASK = re.compile(r"⟦(\w+)⟧")


@dataclass(frozen=True, slots=True)
class Mention:
    """Arms meant at one place of the masked text. ``group`` is "open" or "closed" for a class, else
    None.
    """

    start: int
    end: int
    arms: tuple[str, ...]
    group: str | None = None


def nearest(name: str, known: Sequence[str]) -> str:
    """Say what the nearest known name is: ``", did you mean 'x'?"`` or ``"; known: a, b"``."""
    lower = {k.lower(): k for k in known}
    close = difflib.get_close_matches(name.lower(), list(lower), n=1, cutoff=0.5)
    return (
        f", did you mean {lower[close[0]]!r}?"
        if close
        else f"; known: {', '.join(known) or 'none'}"
    )


def mask(text: str, arms: Sequence[Arm]) -> tuple[str, list[Mention]]:
    """Replace names of arms and classes in a normalised text by marks that no pattern reads.

    An arm is known by its name and, where only one arm has it, by its model id (last path part);
    spaces, hyphens and underscores are alike.
    """
    spoken: dict[str, tuple[str, ...]] = {}
    for arm in arms:
        spoken.setdefault(arm.name.lower(), (arm.name,))
    for arm in arms:
        model = arm.model.rsplit("/", 1)[-1].lower().removesuffix(".gguf")
        owners = tuple(a.name for a in arms if a.model == arm.model)
        spoken.setdefault(model, owners)
    entries: list[tuple[str, tuple[str, ...], str | None]] = [
        (_flexible(name), owners, None)
        for name, owners in sorted(spoken.items(), key=lambda x: -len(x[0]))
    ]
    entries.append((_OPEN, tuple(a.name for a in arms if a.weights == "open"), "open"))
    entries.append((_CLOSED, tuple(a.name for a in arms if a.weights == "proprietary"), "closed"))
    for i, (pattern, _, _) in enumerate(entries):
        text = re.sub(rf"(?<![\w.⟦-])(?:{pattern})(?![\w⟧]|[-.]\w)", f"⟦{i}⟧", text)
    mentions = []
    for match in _MASK.finditer(text):
        _, owners, group = entries[int(match[1])]
        if len(owners) > 1 and group is None:
            raise ClaimError(
                f"the model id in {text!r} belongs to several arms: {', '.join(owners)}",
                hint="name the arm instead, or set `arm:` and `than:`",
            )
        mentions.append(Mention(match.start(), match.end(), owners, group))
    return text, mentions


def _flexible(name: str) -> str:
    return re.sub(r"(?:\\[-_ ]|[-_ ])+", "[-_ ]?", re.escape(name))


def unknown_subject(masked: str, end: int) -> str | None:
    """Return the subject of the sentence, if it names something that is no arm.

    ``end`` = start of the first predicate.
    """
    match = re.match(
        r"((?:[\w.:/+-]+ ){1,4}?)(?:is|are|was|costs?|has|have|runs?|answers?|can)\b",
        masked[:end] + " ",
    )
    if match is None:
        return None
    subject = match[1].strip()
    return (
        None
        if subject in _PRONOUNS or subject.startswith(("our ", "the ", "its ", "their "))
        else subject
    )


def unknown_object(masked: str, start: int, end: int) -> str | None:
    """Return the thing that the sentence compares with, if that is no arm.

    ``start``/``end`` delimit the first predicate: the name follows "than", "vs", "price of", or the
    predicate itself where that ends in a word that takes an object ("as good as", "caught up with",
    "beats").
    """
    name = r"(?:the )?([^\s,;()⟦]+)"
    tail = masked[end:]
    match = re.search(
        rf"\b(?:than|versus|vs\.?|compared (?:with|to)|(?:price|cost|bill) of)\s+{name}", tail
    )
    if match is None and _TAKES_OBJECT.search(masked[start:end]):
        match = re.match(rf"\s*(?:of )?{name}", tail)
    if match is None:
        match = re.search(rf"\bcompared (?:with|to)\s+{name}", masked[:start])
    return None if match is None else match[1].rstrip(".!?'\"") or None


_TAKES_OBJECT = re.compile(
    r"(?:\bas|\bwith|\bto|\bthan|\bwhat|\bof|surpass\w*|beats?|outperform\w*|exceeds?|overtakes?|match\w*|equals?)$"
)
