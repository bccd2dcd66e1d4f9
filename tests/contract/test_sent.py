"""Declared is sent, or refused: for every provider and parameter, on the wire."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from claimbench.clock import SystemClock
from claimbench.errors import BenchError, ModelError, PluginError, ProviderError
from claimbench.provider.contract import ProviderContext
from claimbench.provider.sent import OMISSIBLE, PARAMETERS, Sent
from claimbench.types import Arm, Json
from claimbench_providers.endpoints import matrix
from claimbench_providers.endpoints.matrix import examples, provider_of, request_with
from claimbench_providers.llama.chat import effort_variables

VALUES: dict[str, tuple[Any, ...]] = {
    "temperature": (0.2, 0.7),
    "top_p": (0.5, 0.9),
    "seed": (7, 11),
    "stop": (("x",), ("y",)),
    "reasoning_effort": ("low", "high", "none", "2048", "4096"),
    "answer_constraint": (True, None),
    "max_tokens": (4097, 4098),
}
ENDPOINTS = [one for one in examples() if one.arm.provider != "llama_cpp"]
NO_KEYS = {"litellm", "bedrock"}


def ids(one: matrix.Example) -> str:
    return one.title


@dataclass
class Wire:
    """A server that refuses everything and keeps what it was sent."""

    url: str = ""
    bodies: list[dict[str, Json]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.json())
        return web.json_response({"error": {"message": "no"}}, status=400)


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    made = Wire()
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", made.handle)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        return runner

    def work() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(start())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(10)
    yield made
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


def at(wire: Wire, arm: Arm, folder: Path) -> Any:
    """Return the arm's provider with the server's address in the place of its own."""
    import os

    from claimbench_providers.endpoints import compatible, litellm, openai_sdk, vendors

    factories: dict[str, Any] = {
        "openai": openai_sdk.create,
        "compatible": compatible.create,
        "litellm": litellm.create,
    }
    context = ProviderContext(SystemClock(), {**os.environ, "KEY": "k"}, folder, folder)
    here = replace(arm, base_url=wire.url, api_key_env="KEY")
    return factories.get(arm.provider, vendors.create)(here, context)


async def body_of(provider: Any, wire: Wire, **values: Any) -> dict[str, Json]:
    """Ask once; the body that arrived."""
    wire.bodies.clear()
    with contextlib.suppress(ProviderError):
        async for _ in provider.stream(request_with(**values)):
            pass
    assert len(wire.bodies) == 1
    return wire.bodies[0]


@pytest.mark.parametrize("one", [e for e in ENDPOINTS if e.arm.provider != "bedrock"], ids=ids)
async def test_what_is_declared_is_sent_or_refused(
    one: matrix.Example, wire: Wire, tmp_path: Path
) -> None:
    provider = at(wire, one.arm, tmp_path)
    await provider.start()
    try:
        bare = await body_of(provider, wire)
        for parameter in PARAMETERS:
            sent: list[dict[str, Json]] = []
            for value in VALUES[parameter]:
                said: Sent = provider.sent(request_with(**{parameter: value}))
                if one.arm.provider == "litellm" and parameter == "reasoning_effort":
                    continue  # litellm refuses it itself for this model, before anything is sent
                body = await body_of(provider, wire, **{parameter: value})
                if parameter in said.refused:
                    assert body == bare, (parameter, value)
                    assert parameter not in said.values or parameter in said.here
                elif said.values.get(parameter) not in (None, "none") or value == "none":
                    assert body != bare or parameter == "answer_constraint", (parameter, value)
                    sent.append(body)
            assert all(a != b for a in sent for b in sent if a is not b), parameter
    finally:
        await provider.close()


@pytest.mark.parametrize("one", ENDPOINTS, ids=ids)
def test_what_an_arm_omits_is_not_sent_and_no_error(one: matrix.Example) -> None:
    for parameter in OMISSIBLE:
        said = matrix.without(one.arm, parameter)
        assert said.omitted == (parameter,)
        assert parameter not in said.refused
        assert parameter not in said.values or parameter in said.here


@pytest.mark.parametrize("one", examples(), ids=ids)
def test_nothing_goes_out_that_nobody_asked_for(one: matrix.Example) -> None:
    said = provider_of(one.arm).sent(request_with())
    assert set(said.values) == {"max_tokens", "answer_constraint"}
    assert said.added == {}
    assert said.refused == {}


@pytest.mark.parametrize(("extra", "effort"), [
    ({"thinking": {"type": "disabled"}}, "none"),
    ({"enable_thinking": False}, "none"),
    ({"chat_template_kwargs": {"enable_thinking": False}}, "none"),
    ({"chat_template_kwargs": {"reasoning_effort": "high"}}, "high"),
    ({"reasoning": {"effort": "low"}}, "low"),
    ({"thinking_budget": 512}, "512"),
])  # fmt: skip
def test_an_effort_in_extra_body_is_read_as_one(extra: dict[str, Json], effort: str) -> None:
    arm = Arm(
        "a", "compatible", "m", base_url="https://x.example/v1", options={"extra_body": extra}
    )
    said = provider_of(arm).sent(request_with())
    assert said.values["reasoning_effort"] == effort
    assert said.added == {}


def test_what_extra_body_overrides_is_what_is_said_to_be_sent() -> None:
    options: dict[str, Json] = {"extra_body": {"temperature": 0.9, "top_k": 3, "user": "me"}}
    arm = Arm("a", "compatible", "m", base_url="https://x.example/v1", options=options)
    said = provider_of(arm).sent(request_with(temperature=0.0, seed=7))
    assert said.values["temperature"] == 0.9
    assert said.added == {"top_k": 3}


def test_an_anthropic_budget_must_fit_the_answer_and_forbids_a_temperature() -> None:
    arm = Arm("a", "anthropic", "claude-haiku-4-5")
    short = provider_of(arm).sent(request_with(reasoning_effort="2048", max_tokens=100))
    assert "must be above a budget" in short.refused["reasoning_effort"]
    warm = provider_of(arm).sent(request_with(reasoning_effort="2048", temperature=0.0))
    assert "no temperature but 1" in warm.refused["temperature"]
    both = provider_of(arm).sent(request_with(temperature=0.0, top_p=0.9))
    assert both.refused == {"top_p": "claude-haiku-4-5 refuses it beside temperature"}


def test_hosts_are_known_whatever_the_provider_is_called() -> None:
    compat = Arm("a", "openai", "claude-haiku-4-5", base_url="https://api.anthropic.com/v1/")
    said = provider_of(compat).sent(request_with(seed=7, reasoning_effort="low"))
    assert set(said.refused) == {"seed", "reasoning_effort"}
    assert provider_of(compat).constraint(request_with(answer_constraint=True)) == "none"
    deepseek = Arm("a", "openai", "deepseek-v4-flash", base_url="https://api.deepseek.com")
    thinks = provider_of(deepseek).sent(request_with(temperature=0.0))
    assert "say reasoning_effort: none" in thinks.refused["temperature"]
    still = provider_of(deepseek).sent(request_with(temperature=0.0, reasoning_effort="none"))
    assert still.refused == {}
    assert still.values["temperature"] == 0.0


@pytest.mark.parametrize(("effort", "template", "variables"), [
    ("none", "{% if enable_thinking %}", {"enable_thinking": False}),
    ("none", "{{ messages }}", {}),
    ("low", "{{ reasoning_effort }}", {"reasoning_effort": "low"}),
    ("high", "{{ reasoning_effort }}{{ enable_thinking }}",
     {"reasoning_effort": "high", "enable_thinking": True}),
    ("512", "{{ thinking_budget }}", {"thinking_budget": 512}),
])  # fmt: skip
def test_an_effort_reaches_a_local_template(
    effort: str, template: str, variables: dict[str, Json]
) -> None:
    assert effort_variables(effort, template, "m") == variables


@pytest.mark.parametrize(("effort", "template"), [
    ("low", "{{ messages }}"),
    ("low", "{{ enable_thinking }}"),
    ("none", "<think>{{ messages }}"),
    ("512", "{{ reasoning_effort }}"),
    ("low", None),
])  # fmt: skip
def test_an_effort_that_no_template_reads_is_an_error(effort: str, template: str | None) -> None:
    with pytest.raises(ModelError) as error:
        effort_variables(effort, template, "m")
    assert "omit: [reasoning_effort]" in str(error.value.hint)


def test_llama_cpp_says_what_the_engine_is_told() -> None:
    options: dict[str, Json] = {"top_k": 5, "min_p": 0.1}
    said = provider_of(Arm("a", "llama_cpp", "x.gguf", options=options)).sent(
        request_with(temperature=0.3, seed=5, stop=("x",))
    )
    assert said.values["temperature"] == 0.3
    assert (said.values["seed"], said.values["stop"]) == (5, ["x"])
    assert said.added == {"top_k": 5, "min_p": 0.1}
    with pytest.raises(PluginError, match="does nothing here"):
        provider_of(Arm("a", "llama_cpp", "x.gguf", options={"omit": ["seed"]}))


def test_the_table_says_what_the_providers_do() -> None:
    rows = {row["provider"]: row for row in matrix.parameter_matrix()}
    assert rows["anthropic, claude-haiku-4-5"]["seed"] == "refused"
    assert rows["openai, gpt-5.4-mini"]["temperature"] == "sent with effort none"
    assert rows["openai, gpt-5-mini"]["stop"] == "refused; with omit cut here"
    assert issubclass(PluginError, BenchError)
