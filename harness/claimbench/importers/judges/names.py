"""Words by which metrics, scorers, assertions and columns say that a model gave the score."""

from __future__ import annotations

import re

_JUDGE = re.compile(
    r"judge|judgment"
    r"|model[\W_]*(?:as|based)?[\W_]*grade|(?:auto|model|llm|ai)[\W_]*(?:grader|rater|evaluator)"
    r"|llm[\W_]*(?:as|rubric|grade|eval|rating|scor|match)"
    r"|\bg[\W_]?eval\b|\bgeval|factuality\b|answer[\W_]relevan|closed[\W_]?qa"
    r"|(?:context|conversation)[\W_]*relevan|context[\W_](?:faithful|recall)|search[\W_]rubric"
    r"|agent[\W_]rubric|select[\W_]best|goal[\W_]success|nl[\W_]assertion",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"(?<![a-z])(?:human|humans|person|people|expert|experts|annotator|manual|crowd)(?![a-z])",
    re.IGNORECASE,
)


def says_judge(name: str) -> bool:
    """Tell whether a name says that a model scored (``judge_score``, ``model_graded_qa``,
    ``llm-rubric``); what names people (``human_judgement``) does not.
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return bool(_JUDGE.search(spaced)) and not _PERSON.search(spaced)


def says_person(text: str) -> bool:
    """Tell whether a name or a cell says that a person scored."""
    return bool(_PERSON.search(text))
