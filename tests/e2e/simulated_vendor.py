"""A loopback vendor of desks that work on orders with tools and talk to users, and of the users."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from .conftest import Vendor

ORDERS = 4
USER = "customer-1"
STOP = "###STOP###"
NUMBER = re.compile(r"#(\d+)")

TOOLS_PY = """\
def answer(name, arguments, state):
    orders = dict(state["orders"])
    number = arguments["id"]
    if name == "get_order":
        return {"id": number, "status": orders.get(number, "pending")}, state
    orders[number] = "cancelled"
    return {"ok": True, "cancelled": len(orders)}, {"orders": orders}
"""
TOOLS = """\
    tools:
      - {name: get_order, parameters: {type: object, properties: {id: {type: string}}, required: [id]}}
      - {name: cancel, parameters: {type: object, properties: {id: {type: string}}, required: [id]}}
"""
SCRIPT = """\
    simulator: {python: tools.py, state: {orders: {}}, max_steps: 4}
    answer: {type: tool_call}
    scorers: [final_state]
"""
TABLE = """\
    simulator:
      state: {orders: {}}
      max_steps: 4
      table:
        - {name: get_order, result: {status: pending}}
        - {name: cancel, arguments: {id: W0}, result: {ok: true}, set: {orders.W0: cancelled}}
        - {name: cancel, arguments: {id: W1}, result: {ok: true}, set: {orders.W1: cancelled}}
        - {name: cancel, arguments: {id: W2}, result: {ok: true}, set: {orders.W2: cancelled}}
        - {name: cancel, arguments: {id: W3}, result: {ok: true}, set: {orders.W3: cancelled}}
    answer: {type: tool_call}
    scorers: [final_state]
"""
TALK = """\
    simulated_user: {by: customer, prompt: "You want to know when order #{{ n }} comes.", max_turns: 4}
    answer: {type: text}
    scorers: [contains]
"""
PLAYED = """\
simulated_users:
  - {{name: customer, provider: openai, model: customer-1, base_url: "{url}", concurrency: 4,
     sampling: {{temperature: 0, seed: 5}},
     cost: {{price: {{input: 2, output: 8, source: test, dated: 2026-01-01}}}}}}
"""
HEAD = """\
name: desk
version: 1-0
sampling: {{temperature: 0, seed: 1}}
errors: {{max_retries: 1, backoff_s: 0.01, timeout_s: 20, connect_timeout_s: 2}}
arms:
  - {{name: good, provider: openai, model: big-1, base_url: "{url}", concurrency: 3,
     cost: {{price: {{input: 1, output: 4, source: test, dated: 2026-01-01}}}}}}
  - {{name: cheap, provider: openai, model: small-1, base_url: "{url}", concurrency: 3,
     cost: {{price: {{input: 0.1, output: 0.4, source: test, dated: 2026-01-01}}}}}}
claims:
  - {{id: cheaper, claim: "80% cheaper than good", arm: cheap}}
"""


@dataclass
class SimulatedDesk(Vendor):
    """Calls tools where it is offered any, then says it is done; without, it answers a user who asks
    until the day is told: ``big-1`` tells it in its second turn, ``small-1`` in its third. Requests
    from ``hold_after`` on are held, and kept in ``held``.
    """

    held: list[str] = field(default_factory=list)
    user_status: int = 200
    counted: bool = False
    """Usage is that of the texts, at four bytes a token; else always 100 in and 10 out."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        messages = body["messages"]
        said_to_it = json.dumps(body, ensure_ascii=False, sort_keys=True)
        if self.hold_after is not None and len(self.bodies) >= self.hold_after:
            self.held.append(said_to_it)
            return await self.let_go()
        self.bodies.append(said_to_it)
        if body["model"] == USER and self.user_status != 200:
            fault = {"error": {"message": "refused by the test"}}
            return web.json_response(fault, status=self.user_status)
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        said = self.user_says(messages) if body["model"] == USER else self.desk_says(body)
        message, finish = said
        used = (100, 10)
        if self.counted:
            used = len(said_to_it) // 4, len(json.dumps(message)) // 4
        return web.json_response(
            {
                "id": "x",
                "object": "chat.completion",
                "model": body["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": finish}],
                "usage": {
                    "prompt_tokens": used[0],
                    "completion_tokens": used[1],
                    "total_tokens": sum(used),
                    **self.usage,
                },
            }
        )

    def user_says(self, messages: list[dict[str, Any]]) -> tuple[dict[str, Any], str]:
        told = messages[-1]["content"]
        number = NUMBER.findall(messages[0]["content"])[0]
        content = STOP if "comes on" in told else f"And when does order #{number} come?"
        return {"role": "assistant", "content": content}, "stop"

    def desk_says(self, body: dict[str, Any]) -> tuple[dict[str, Any], str]:
        messages = body["messages"]
        asked = [m["content"] for m in messages if m["role"] == "user"]
        number = NUMBER.findall(" ".join(asked))[0]
        if "tools" in body:
            done = sum(m["role"] == "tool" for m in messages)
            names = ["get_order", "cancel"] if body["model"] == "big-1" else ["get_order"]
            if done < len(names):
                function = {"name": names[done], "arguments": json.dumps({"id": f"W{number}"})}
                call = {"id": f"x{done}", "type": "function", "function": function}
                return {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"
            return {"role": "assistant", "content": "It is done."}, "stop"
        turns = len(asked)
        if turns >= (2 if body["model"] == "big-1" else 3):
            return {"role": "assistant", "content": f"Order {number} comes on day{number}."}, "stop"
        return {"role": "assistant", "content": "Which order, please?"}, "stop"


def rows(kind: str) -> str:
    """The rows of a suite: orders to cancel, or to ask about."""
    made = []
    for n in range(ORDERS):
        row: dict[str, Any] = {"id": f"o{n}", "n": n, "text": f"Please cancel order #{n} now"}
        if kind == "talk":
            row |= {"text": f"Hello, about order #{n}", "end": f"day{n}"}
        else:
            row["end"] = {"state": {f"orders.W{n}": "cancelled"}}
        made.append(json.dumps(row))
    return "".join(f"{row}\n" for row in made)


def suite(kind: str, url: str) -> str:
    """A suite of one task: ``table``, ``script``, ``talk`` or ``script with user``."""
    parts = {
        "table": TOOLS + TABLE,
        "script": TOOLS + SCRIPT,
        "talk": TALK,
        "script with user": TOOLS + SCRIPT + TALK.splitlines(keepends=True)[0],
    }
    task = f"""\
tasks:
  - name: orders
    dataset: {{path: rows.jsonl, id: id, target: end}}
    prompt: [{{system: "You are a desk."}}, {{user: "{{{{ text }}}}"}}]
    max_tokens: 64
{parts[kind]}"""
    played = PLAYED.format(url=url) if "user" in kind or kind == "talk" else ""
    return HEAD.format(url=url) + task + played
