"""An engine in this process that answers by a rule and takes as long as it is told: a plugin for
tests of clusters, whose engines are killed.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence

from claimbench.provider import ContinuationScore, InProcessProvider, ProviderContext
from claimbench.types import Arm, ArmFacts, Delta, Done, Event, Request, Usage, UsageReport


def answer(text: str) -> str:
    return "yes" if hashlib.sha256(text.encode()).digest()[0] % 2 else "no"


class Paced:
    def __init__(self, arm: Arm) -> None:
        self.seconds = float(str(arm.options.get("seconds", 0.01)))
        self.told_to_stop = False

    def missing(self) -> str | None:
        return None

    def constraint(self, request: Request) -> str:
        return "none"

    def load(self) -> ArmFacts:
        return ArmFacts(model_returned="paced", model_sha256="paced-1")

    def share_prefix(self, key: str, requests: Sequence[Request]) -> int:
        return len(requests)

    def interrupt(self) -> None:
        self.told_to_stop = True

    def generate(self, request: Request) -> Iterator[Event]:
        self.told_to_stop = False
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            if self.told_to_stop:
                raise RuntimeError("told to stop")
            time.sleep(0.005)
        yield Delta(answer(request.messages[-1].content))
        yield UsageReport(Usage(input_fresh=3, output_visible=1))
        yield Done("stop")

    def loglikelihood(self, prefix: str, continuations: Sequence[str]) -> list[ContinuationScore]:
        raise NotImplementedError

    def unload(self) -> None:
        pass


def create(arm: Arm, context: ProviderContext) -> InProcessProvider:
    return Paced(arm)
