"""The scripted server with a fifth of its attempts faulty; test_chaos_loopback.py starts it as a
process of its own.

Usage: python chaos_server.py SHARE. What a ticket's model does (answers rightly or wrongly,
refuses, says nothing, is cut off, takes for ever) depends on the ticket alone; which attempts meet
a fault depends on the ticket and on how often it was asked. ``GET /stats`` and ``GET /log`` as the
scripted server gives them.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

from claimbench_providers.scripted.replies import ScriptedReply
from claimbench_providers.scripted.server import Server, serve

LABELS = ("billing", "delivery", "tech")
FAULTS: tuple[dict[str, Any], ...] = (
    {"status": 429, "retry_after_s": 0.01},
    {"status": 500},
    {"close_after": 1},
    {"error_after": 1},
    {"torn_after": 1},
    {"framing": "short_length"},
    {"framing": "long_length"},
    {"finish_reason": "error"},
    {"finish_reason": "error", "usage": "absent"},
    {"finish_reason": "insufficient_system_resource", "usage": "contradictory"},
    {"finish_reason": "insufficient_system_resource", "usage": "absent"},
    {"finish_reason": None, "done": False, "usage": "absent"},
)
BEHAVIOUR: dict[int, dict[str, Any]] = {
    3: {"text": ""},
    4: {"refusal": "I cannot help with that."},
    5: {"finish_reason": "length"},
}
"""What one ticket in a hundred does, by its number modulo 100; the rest answers."""
STUCK = 1000
"""Every so many-th ticket (of the test's: the last) is answered byte by byte, which takes longer
than is allowed.
"""


def answer(number: int) -> str:
    """What the model says to a ticket: four times of five the right label."""
    return LABELS[number % 3] if number % 10 < 8 else LABELS[(number + 1) % 3]


class Chaos:
    """Request -> script; ``share`` of the attempts meet a fault."""

    def __init__(self, share: float) -> None:
        self.share = share
        self.asked: Counter[tuple[str, int]] = Counter()

    def script(self, request: Mapping[str, Any]) -> ScriptedReply:
        number = int(request["messages"][-1]["content"].split("#")[1])
        model = str(request["model"])
        self.asked[model, number] += 1
        drawn = hashlib.sha256(f"{model}/{number}/{self.asked[model, number]}".encode()).digest()
        behaviour: dict[str, Any] = {"text": answer(number), "chunks": 3} | BEHAVIOUR.get(
            number % 100, {}
        )
        if number % STUCK == STUCK - 1:
            behaviour |= {"trickle_s": 1.0}
        elif int.from_bytes(drawn[:4], "big") < self.share * 2**32:
            behaviour |= FAULTS[drawn[4] % len(FAULTS)]
        return ScriptedReply(**behaviour)


if __name__ == "__main__":
    asyncio.run(serve(0, Server(Chaos(float(sys.argv[1])).script)))
