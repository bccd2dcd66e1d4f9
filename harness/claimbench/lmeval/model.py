"""Our providers as a model of lm-eval: ``lm_eval.api.model.LM``, for lm-eval's own evaluator and
its plugins.

Suites do not need this: there ``lm_eval:`` makes samples, and the runner sends them with resume,
budget and claims (:mod:`claimbench.lmeval.tasks`). This is the other direction, and the proof that
both give the same scores. Importing this module imports lm-eval.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from lm_eval.api.model import LM

from claimbench.clock import Clock
from claimbench.errors import RunIncomplete
from claimbench.lmeval.tasks import DEFAULT_MAX_TOKENS
from claimbench.provider.adapters import as_provider
from claimbench.provider.attempt import Tried, try_once
from claimbench.provider.contract import InProcessProvider, Provider
from claimbench.types import Attempt, Intent, Message, Outcome, Request, SamplingParams

ANSWERED = (Outcome.OK, Outcome.EMPTY, Outcome.TRUNCATED)


class ProviderLM(LM):  # type: ignore[misc]
    """Answers lm-eval's requests by one provider; ``with`` starts it and closes both.

    ``attempts`` holds every attempt with its stamps and usage, in order.

    Args:
        provider: what a provider's ``create`` returns; its faults end the evaluation, for lm-eval
            would score them as wrong answers.
        clock: for the stamps.
        params: sampling; lm-eval's own ``temperature`` in a task's ``generation_kwargs`` comes
            first.
        on_attempt: called after each attempt, e.g. to store or price it.
    """

    def __init__(
        self,
        provider: Provider | InProcessProvider,
        clock: Clock,
        params: SamplingParams | None = None,
        *,
        timeout_s: float = 120.0,
        on_attempt: Callable[[Attempt], None] = lambda _attempt: None,
    ) -> None:
        super().__init__()
        self._provider = as_provider(provider, None, clock)
        self._clock = clock
        self._params = params or SamplingParams(temperature=0)
        self._timeout_s = timeout_s
        self._on_attempt = on_attempt
        self._loop = asyncio.new_event_loop()
        self.attempts: list[Attempt] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.run_until_complete(self._provider.close())
        self.close()

    def close(self) -> None:
        """Close the event loop alone; whoever called :meth:`start` closes the provider."""
        self._loop.close()

    def start(self) -> None:
        """Start the provider on this model's event loop."""
        self._loop.run_until_complete(self._provider.start())

    def generate_until(self, requests: Sequence[Any]) -> list[str]:
        """Answer one user turn per request, stopped at ``until``."""
        return [self._answer(self._chat(i, *r.args)) for i, r in enumerate(requests)]

    def loglikelihood(self, requests: Sequence[Any]) -> list[tuple[float, bool]]:
        """Return the natural-log probability of each continuation; those that share a context are
        asked together.
        """
        contexts: dict[str, list[int]] = {}
        for i, r in enumerate(requests):
            contexts.setdefault(str(r.args[0]), []).append(i)
        found: dict[int, tuple[float, bool]] = {}
        for context, places in contexts.items():
            pairs = tuple((context, str(requests[i].args[1])) for i in places)
            answers = json.loads(self._answer(self._pairs(places[0], pairs)))
            found.update(
                {i: (float(a[0]), bool(a[1])) for i, a in zip(places, answers, strict=True)}
            )
        return [found[i] for i in range(len(requests))]

    def loglikelihood_rolling(self, requests: Sequence[Any]) -> list[float]:
        """Return the natural-log probability of each whole text; a text longer than the context is
        an error, never cut.
        """
        texts = [(("", str(r.args[0])),) for r in requests]
        return [
            float(json.loads(self._answer(self._pairs(i, pair)))[0][0])
            for i, pair in enumerate(texts)
        ]

    def _chat(self, index: int, context: str, settings: dict[str, Any]) -> Request:
        until = settings.get("until") or ()
        stop = (until,) if isinstance(until, str) else tuple(until)
        given = settings.get("temperature")
        params = (
            self._params
            if given is None
            else SamplingParams(float(given), self._params.top_p, self._params.seed)
        )
        tokens = int(settings.get("max_gen_toks") or DEFAULT_MAX_TOKENS)
        stop = tuple(text for text in stop if text)
        return Request(
            f"lm-{index}",
            (Message("user", context),),
            params,
            tokens,
            stop=stop,
            timeout_s=self._timeout_s,
        )

    def _pairs(self, index: int, pairs: tuple[tuple[str, str], ...]) -> Request:
        message = (Message("user", pairs[0][0]),)
        return Request(
            f"lm-{index}", message, self._params, 1, continuations=pairs, timeout_s=self._timeout_s
        )

    def _answer(self, request: Request) -> str:
        tried = self._loop.run_until_complete(self._try(request))
        attempt = tried.attempt
        self.attempts.append(attempt)
        self._on_attempt(attempt)
        if attempt.outcome not in ANSWERED:
            raise RunIncomplete(
                f"{request.call_id}: {attempt.outcome}: {attempt.error or 'no answer'}"
            )
        return tried.answer.text

    async def _try(self, request: Request) -> Tried:
        intent = Intent(request.call_id, 1, 1, None, self._clock.utc().isoformat())
        return await try_once(
            self._provider,
            request,
            self._clock,
            intent=intent,
            queued_ns=self._clock.monotonic_ns(),
        )


__all__ = ["ProviderLM"]
