"""The checklist as shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckView:
    """One point of the checklist: the answer, the section of the page that shows it (its id), and
    whether the run or its suite states one.
    """

    section: str
    question: str
    answer: str
    link: str
    stated: bool
