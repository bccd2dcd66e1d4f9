"""A provider that follows a script: for tests of ours and of plugins, and for ``bench doctor``.
Never for a result.

It is not an entry point, so no suite can name it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field

from claimbench.errors import ProviderError
from claimbench.provider.contract import ContinuationScore
from claimbench.types import (
    ArmFacts,
    ConstraintKind,
    Delta,
    Done,
    Event,
    Meta,
    Request,
    StampSource,
    Usage,
    UsageReport,
)

Fault = ProviderError | Exception | None


def echo(request: Request) -> str:
    """Answer with the last message."""
    return request.messages[-1].content if request.messages else request.prompt or ""


@dataclass
class ScriptedArm:
    """Say what happens: ``answer`` to a request, ``fault`` of its n-th try (from 1), pacing in
    seconds, usage.
    """

    answer: Callable[[Request], str] = echo
    fault: Callable[[Request, int], Fault] = lambda _request, _number: None
    finish_reason: str | None = "stop"
    ttft_s: float = 0.0
    gap_s: float = 0.0
    chunks: int = 1
    usage: Callable[[Request, str], Usage | None] = lambda request, text: Usage(
        input_fresh=sum(len(m.content.split()) for m in request.messages),
        output_visible=max(1, len(text.split())),
    )
    model_returned: str | None = None
    sent: list[str] = field(default_factory=list)
    tries: Counter[str] = field(default_factory=Counter)

    def next_try(self, request: Request) -> Fault:
        """Note a send; the fault it meets, if any."""
        self.sent.append(request.call_id)
        self.tries[request.call_id] += 1
        return self.fault(request, self.tries[request.call_id])

    def events(self, request: Request) -> list[Event]:
        """The events of a regular answer, pacing apart."""
        text = self.answer(request)
        size = max(1, -(-len(text) // self.chunks))
        pieces: list[Event] = [Delta(text[i : i + size]) for i in range(0, len(text), size)]
        usage = self.usage(request, text)
        tail: list[Event] = [] if usage is None else [UsageReport(usage, {"scripted": True})]
        end: list[Event] = [] if self.finish_reason is None else [Done(self.finish_reason)]
        return [*pieces, *tail, *end]


class ScriptedProvider:
    """An endpoint that follows a :class:`ScriptedArm`."""

    stamp_source: StampSource = "sdk"

    def __init__(self, script: ScriptedArm | None = None, missing: str | None = None) -> None:
        self.script = script or ScriptedArm()
        self._missing = missing
        self.open = False

    def missing(self) -> str | None:
        """See :class:`claimbench.provider.contract.Provider`."""
        return self._missing

    def constraint(self, request: Request) -> ConstraintKind:  # noqa: ARG002 - the protocol's
        """See :class:`claimbench.provider.contract.Provider`."""
        return "none"

    async def start(self) -> ArmFacts:
        """See :class:`claimbench.provider.contract.Provider`."""
        self.open = True
        return ArmFacts(details={"scripted": True})

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        """Follow the script."""
        fault = self.script.next_try(request)
        if fault is not None:
            raise fault
        yield Meta(http_status=200, model_returned=self.script.model_returned)
        for index, event in enumerate(self.script.events(request)):
            await asyncio.sleep(self.script.ttft_s if index == 0 else self.script.gap_s)
            yield event

    async def close(self) -> None:
        """See :class:`claimbench.provider.contract.Provider`."""
        self.open = False


class ScriptedEngine:
    """The same script as an in-process engine."""

    def __init__(self, script: ScriptedArm | None = None) -> None:
        self.script = script or ScriptedArm()
        self.running = 0
        self.most_running = 0

    def missing(self) -> str | None:
        """See :class:`claimbench.provider.contract.InProcessProvider`."""
        return None

    def constraint(self, request: Request) -> ConstraintKind:  # noqa: ARG002 - the protocol's
        """See :class:`claimbench.provider.contract.InProcessProvider`."""
        return "none"

    def load(self) -> ArmFacts:
        """See :class:`claimbench.provider.contract.InProcessProvider`."""
        return ArmFacts(model_sha256="scripted", details={"scripted": True})

    def generate(self, request: Request) -> Iterator[Event]:
        """Follow the script; counts how many attempts run at once."""
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            fault = self.script.next_try(request)
            if fault is not None:
                raise fault
            yield from self.script.events(request)
        finally:
            self.running -= 1

    def loglikelihood(self, prefix: str, continuations: Sequence[str]) -> list[ContinuationScore]:
        """Not scripted."""
        raise NotImplementedError("the scripted engine has no log-probabilities")

    def unload(self) -> None:
        """See :class:`claimbench.provider.contract.InProcessProvider`."""
