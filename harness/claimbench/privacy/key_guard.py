"""Keys that a server gives back never reach a record: errors may quote a header or an address,
answers echo them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from claimbench.privacy.redact import Redactor, forms
from claimbench.provider.attempt import Tried

LONG_ENOUGH = 16
"""Only keys of this length are masked in answers: a shorter one could be a word that a model has
every right to say.
"""


@dataclass(frozen=True, slots=True)
class KeyGuard:
    """Cleans attempts before they are stored.

    ``secrets``: exact values that no error may show, beside whatever has the shape of a key.
    ``keys``: those of the run's own arms, which nothing else of an attempt may hold either.
    """

    secrets: tuple[str, ...] = field(default=(), repr=False)
    keys: tuple[str, ...] = field(default=(), repr=False)
    _forms: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        long = [key for key in self.keys if len(key) >= LONG_ENOUGH]
        object.__setattr__(self, "_forms", frozenset(form for key in long for form in forms(key)))

    def clean(self, tried: Tried) -> Tried:
        """Return the attempt without any key; the very same where it holds none."""
        attempt = tried.attempt
        if attempt.error is not None:
            error = Redactor("full", (*self.secrets, *self.keys)).mask(attempt.error)
            tried = replace(tried, attempt=replace(attempt, error=error))
        if not self._forms or not self._echoed(tried):
            return tried
        # only exact values here: what merely looks like a key may be the answer
        exact = Redactor(
            "full", tuple(key for key in self.keys if len(key) >= LONG_ENOUGH), shapes=False
        )
        changes: dict[str, Any] = {
            name: exact.json(getattr(tried.attempt, name))
            for name in ("model_returned", "fingerprint", "request_id", "usage_raw")
        }
        answer = tried.answer
        cleaned = replace(
            answer,
            parts=[exact.mask(answer.text)],
            reasoning_parts=[exact.mask(answer.reasoning)],
            tool_calls=[
                replace(call, name=exact.mask(call.name), arguments=exact.mask(call.arguments))
                for call in answer.tool_calls
            ],
        )
        return replace(tried, attempt=replace(tried.attempt, **changes), answer=cleaned)

    def _echoed(self, tried: Tried) -> bool:
        attempt, answer = tried.attempt, tried.answer
        texts = (
            answer.text,
            answer.reasoning,
            attempt.model_returned,
            attempt.fingerprint,
            attempt.request_id,
        )
        every = [text for text in texts if text]
        if attempt.usage_raw is not None:
            every.append(repr(attempt.usage_raw))
        every += [part for call in answer.tool_calls for part in (call.name, call.arguments)]
        return any(form in text for text in every for form in self._forms)
