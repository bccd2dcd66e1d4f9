"""What a sentence about adoption asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["repository", "family", "lab", "country", "one"]
Kind = Literal["top_n", "most", "more", "overtook", "share"]
Listed = Literal["trending", "downloads", "downloads_30d", "downloads_all"]
Bound = Literal["exactly", "stated", "at_least", "at_most", "more_than", "less_than"]


@dataclass(frozen=True, slots=True)
class Who:
    """Whom a sentence speaks of: a repository, a family, a lab, a country, or (level "one") any
    single lab or country, ``name`` says which.
    """

    level: Level
    name: str


@dataclass(frozen=True, slots=True)
class Ask:
    """One sentence, read.

    ``k`` of the first ``n`` rows; ``share`` of all downloads, rounded as it is written: by at most
    ``half`` of its last digit. ``bound`` "stated" is a bare number: exactly so many, which "at
    least" has to agree with.
    """

    kind: Kind
    who: Who
    listed: Listed
    rival: Who | None = None
    k: int = 0
    n: int = 0
    share: float = 0.0
    half: float = 0.0
    bound: Bound = "stated"
