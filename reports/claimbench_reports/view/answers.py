"""A sample as a page shows it: what was asked, what is right, what each arm answered."""

from __future__ import annotations

from dataclasses import dataclass

from claimbench_reports.view.format import Figure, Text


@dataclass(frozen=True, slots=True)
class AnswerView:
    """What one arm answered to one sample (first epoch unless said)."""

    arm: str
    outcome: str
    score: Figure
    answer: Text
    explanation: str
    e2e: Figure
    usd: Figure
    call_id: str
    attempts: int


@dataclass(frozen=True, slots=True)
class SampleView:
    """One sample with every arm's answer. ``kind`` says why it is here."""

    id: str
    task: str
    kind: str
    slices: str
    input: tuple[tuple[str, Text], ...]
    target: Text
    answers: tuple[AnswerView, ...]
