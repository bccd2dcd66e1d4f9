"""Ask an endpoint of itself before a run: whether it answers, whether it takes the key, which
models it lists.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from claimbench.errors import BenchError
from claimbench.provider.contract import InProcessProvider, Provider, ProviderContext
from claimbench.transport.client import HttpClient, Limits, Timeouts
from claimbench.types import Arm
from claimbench_providers.endpoints import compatible
from claimbench_providers.endpoints.faults import fault
from claimbench_providers.endpoints.http.provider import HttpProvider
from claimbench_providers.endpoints.openai_sdk import OpenAIProvider
from claimbench_providers.endpoints.sse import SseEndpoint

_LISTS = (
    (r"/(?:chat/completions|completions|responses)$", "/models"),
    (r"/messages$", "/models?limit=1000"),
    (r"/models/[^/]+:streamGenerateContent.*$", "/models?pageSize=1000"),
)
"""The end of the address that requests go to -> where the same protocol lists its models."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a GET of the list of models gave; ``problem``: None if there was a list, ``status``:
    None without reply.
    """

    url: str
    status: int | None
    ids: tuple[str, ...]
    problem: str | None


def list_address(address: str) -> str | None:
    """Return where the models are listed, by the address that requests go to; None for a protocol
    without such a list.
    """
    for pattern, path in _LISTS:
        if re.search(pattern, address):
            return re.sub(pattern, path, address)
    return None


async def listed(
    arm: Arm,
    provider: Provider | InProcessProvider,
    context: ProviderContext,
    timeout_s: float = 20.0,
) -> Listing | None:
    """Ask the arm's endpoint for its models; None where its protocol has no list. The key is sent,
    no prompt is.
    """
    if isinstance(provider, HttpProvider):  # whose address says nothing of a protocol
        return None
    if isinstance(provider, OpenAIProvider):
        provider = compatible.create(arm, context)
    url = list_address(provider.address()) if isinstance(provider, SseEndpoint) else None
    if url is None or not isinstance(provider, SseEndpoint):
        return None
    client = HttpClient(context.environ, limits=Limits())
    try:
        headers = {
            "Accept": "application/json",
            "User-Agent": "claimbench",
            **provider.headers(provider.key()),
        }
        target = client.target(url, headers, method="GET")
        reply = await client.send(target, b"", Timeouts(total_s=timeout_s, connect_s=timeout_s))
    except BenchError as error:
        return Listing(url, None, (), error.message)
    finally:
        await client.close()
    if reply.status == 0 or (reply.fault is not None and not reply.body):
        return Listing(url, None, (), str(reply.fault or "no response"))
    try:
        body: Any = json.loads(reply.body)
    except (ValueError, RecursionError):
        body = reply.body[:200].decode("utf-8", "replace")
    if reply.status != 200:
        return Listing(url, reply.status, (), fault(reply.status, body, reply.headers).message)
    ids = model_ids(body)
    return Listing(url, 200, ids, None if ids else "the reply lists no models")


def model_ids(body: Any) -> tuple[str, ...]:
    """The ids in a list of models, as OpenAI, Anthropic (``data``), Google or Ollama (``models``)
    write it.
    """
    rows = body.get("data") or body.get("models") or () if isinstance(body, dict) else body
    names = (
        [row.get("id") or row.get("name") for row in rows if isinstance(row, dict)]
        if isinstance(rows, list)
        else []
    )
    return tuple(name.removeprefix("models/") for name in names if isinstance(name, str))
