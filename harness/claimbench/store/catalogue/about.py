"""What people say about a run: tags, a note, whose it is. Kept as derived rows, under the seal
(:mod:`claimbench.store.notes` stores it).

It decides nothing, and changes no figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from claimbench.errors import BenchError, StoreError

KIND = "about"
"""Kind of the derived rows."""
KEY = "run"
_MOST = {"tag": 64, "note": 2_000, "owner": 200}
_MOST_TAGS = 32


@dataclass(frozen=True, slots=True)
class About:
    """Words about a run; ``tags`` in the order of the alphabet, ``note`` and ``owner`` may be
    empty.
    """

    tags: tuple[str, ...] = ()
    note: str = ""
    owner: str = ""

    def __bool__(self) -> bool:
        """Say whether anything was said."""
        return bool(self.tags or self.note or self.owner)


def about_of(tags: Iterable[str] = (), note: str | None = None, owner: str | None = None) -> About:
    """Return what was given, checked: before a run spends anything.

    Raises:
        BenchError: an empty or overlong text, one with control characters, or too many tags.
    """
    checked = tuple(sorted({_checked("tag", tag) for tag in tags}))
    if len(checked) > _MOST_TAGS:
        raise BenchError(f"{len(checked)} tags: a run takes at most {_MOST_TAGS}")
    return About(
        checked,
        "" if note is None else _checked("note", note),
        "" if owner is None else _checked("owner", owner),
    )


def _checked(what: str, text: str) -> str:
    said = text.strip()
    if not said:
        raise BenchError(f"--{what} {text!r}: nothing is said", hint=f"leave --{what} out")
    if len(said) > _MOST[what]:
        raise BenchError(f"--{what}: {len(said)} characters; at most {_MOST[what]} are kept")
    if what == "tag" and any(sign.isspace() or sign == "," for sign in said):
        raise BenchError(
            f"--tag {said!r}: a tag is one word", hint="repeat --tag; longer words go to --note"
        )
    for sign in said:
        if not (sign.isprintable() or (sign == "\n" and what == "note")):
            raise BenchError(f"--{what} {said!r}: {sign!r} is no printable character")
    return said


def about_of_rows(rows: Mapping[str, object], run_id: str) -> About:
    """Return what stored rows, by their ids, say about a run.

    Raises:
        StoreError: it is not what this version writes.
    """
    tags, note, owner = rows.get("tags", []), rows.get("note", ""), rows.get("owner", "")
    texts = [*tags, note, owner] if isinstance(tags, list) else [None]
    if not all(isinstance(text, str) for text in texts):
        raise StoreError(
            f"run {run_id}: what is said about it is of no known kind",
            hint="it was written by a newer ClaimBench: update",
        )
    return About(tuple(str(tag) for tag in texts[:-2]), str(note), str(owner))
