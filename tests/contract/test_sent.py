"""Declared is sent, or refused: for every provider and parameter, on the wire."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from claimbench.claims import gate
from claimbench.cli.common import provider_factories
from claimbench.clock import SystemClock
from claimbench.errors import BadRequest, ModelError, PluginError, ProviderError
from claimbench.provider.contract import ProviderContext
from claimbench.provider.sent import OMISSIBLE, PARAMETERS, Sent, sent_by
from claimbench.run.arms import check_arms, requests_by_group
from claimbench.suite.idle_settings import idle_settings
from claimbench.suite.load import load_suite
from claimbench.types import Arm, Json, Meta, ServeSpec, ToolSpec
from claimbench_providers import hosts
from claimbench_providers.endpoints import known
from claimbench_providers.endpoints.known import examples, provider_of, request_with
from claimbench_providers.endpoints.sending.efforts import effort_in
from claimbench_providers.endpoints.vendors import catalogue, completed
from claimbench_providers.llama.chat import effort_variables
from claimbench_providers.models.context import provider_context

from .events import events_of

VALUES: dict[str, tuple[Any, ...]] = {
    "temperature": (0.2, 0.7),
    "top_p": (0.5, 0.9),
    "seed": (7, 11),
    "stop": (("x",), ("y",)),
    "reasoning_effort": ("low", "high", "none", "2048", "4096"),
    "answer_constraint": (True, None),
    "max_tokens": (4097, 4098),
    "tools": (known.TOOLS, (ToolSpec("other", "Another one."),)),
    "tool_choice": ("required", "none", "look_up"),
}
ENDPOINTS = [one for one in examples() if one.arm.provider != "llama_cpp"]


def ids(one: known.Example) -> str:
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


@pytest.fixture
def all_hosts_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every name be one of this machine's, so that an arm keeps the host that it is sent to."""
    found = socket.getaddrinfo

    def here(host: Any, *more: Any, **named: Any) -> Any:
        return found("127.0.0.1", *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")


def with_its_host(wire: Wire, arm: Arm) -> Arm:
    """Return the arm with its own host in its address, at the server's port."""
    vendor = catalogue().get(arm.provider)
    whole = arm if vendor is None else completed(arm, vendor)
    if arm.provider == "bedrock":
        extra: Json = {
            "aws_bedrock_runtime_endpoint": wire.url.removesuffix("/v1"),
            "aws_region_name": "us-east-1",
        }
        return replace(arm, options={**arm.options, "extra": extra})
    if arm.provider == "litellm":
        return replace(arm, base_url=wire.url)
    place = urlsplit(whole.base_url or hosts.OPENAI_URL)
    port = urlsplit(wire.url).port
    moved = place._replace(scheme="http", netloc=f"{place.hostname}:{port}")
    return replace(arm, base_url=moved.geturl())


def at(wire: Wire, arm: Arm, folder: Path, *, its_host: bool = False) -> Any:
    """Return the arm's provider with the server's address in the place of its own, or with the
    server behind its own host.
    """
    from claimbench_providers.endpoints import compatible, litellm, openai_sdk, vendors
    from claimbench_providers.endpoints.http import provider as http

    factories: dict[str, Any] = {
        "openai": openai_sdk.create,
        "compatible": compatible.create,
        "litellm": litellm.create,
        "http": http.create,
    }
    context = ProviderContext(SystemClock(), {**os.environ, "KEY": "k"}, folder, folder)
    moved = with_its_host(wire, arm) if its_host else replace(arm, base_url=wire.url)
    here = replace(moved, api_key_env="KEY")
    return factories.get(arm.provider, vendors.create)(here, context)


async def body_of(provider: Any, wire: Wire, **values: Any) -> dict[str, Json]:
    """Ask once; the body that arrived."""
    wire.bodies.clear()
    with contextlib.suppress(ProviderError):
        async for _ in provider.stream(request_with(**values)):
            pass
    assert len(wire.bodies) == 1
    return wire.bodies[0]


@pytest.mark.usefixtures("all_hosts_here")
@pytest.mark.parametrize("one", ENDPOINTS, ids=ids)
async def test_what_is_declared_is_sent_or_refused(
    one: known.Example, wire: Wire, tmp_path: Path
) -> None:
    provider, listed = at(wire, one.arm, tmp_path, its_host=True), provider_of(one.arm)
    await provider.start()
    try:
        nothing = await body_of(provider, wire)
        offered = await body_of(provider, wire, tools=known.TOOLS)
        for parameter in PARAMETERS:
            bare = offered if parameter == "tool_choice" else nothing
            sent: list[dict[str, Json]] = []
            for value in VALUES[parameter]:
                said: Sent = provider.sent(request_with(**{parameter: value}))
                told: Sent = listed.sent(request_with(**{parameter: value}))
                assert (said.values, said.refused) == (told.values, told.refused)
                body = await body_of(provider, wire, **{parameter: value})
                if parameter == "answer_constraint":
                    enforced = value and said.values[parameter] != "none"
                    assert (body != bare) == bool(enforced)
                elif parameter in said.refused:
                    assert body == bare, (parameter, value)
                    assert parameter not in said.values or parameter in said.here
                elif said.values.get(parameter) not in (None, "none") or value == "none":
                    assert body != bare, (parameter, value)
                    sent.append(body)
            assert all(a != b for a in sent for b in sent if a is not b), parameter
    finally:
        await provider.close()


@pytest.mark.parametrize("one", ENDPOINTS, ids=ids)
def test_what_an_arm_omits_is_not_sent_and_no_error(one: known.Example) -> None:
    for parameter in OMISSIBLE:
        said = known.without(one.arm, parameter)
        assert said.omitted == (parameter,)
        assert parameter not in said.refused
        assert parameter not in said.values or parameter in said.here


@pytest.mark.parametrize("one", examples(), ids=ids)
def test_nothing_goes_out_that_nobody_asked_for(one: known.Example) -> None:
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
    rows = {row["provider"]: row for row in known.parameter_matrix()}
    assert rows["anthropic, claude-haiku-4-5"]["seed"] == "refused"
    assert rows["openai, gpt-5.4-mini"]["temperature"] == "sent with effort none"
    assert rows["openai, gpt-5-mini"]["stop"] == "refused; with omit cut here"


SUITES = sorted((Path(__file__).parents[2] / "suites").glob("*.yaml"))


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_every_two_arms_of_a_shipped_suite_are_comparable_or_the_suite_says_why(path: Path) -> None:
    suite = load_suite(path)
    factories = provider_factories([arm.provider for arm in suite.asked])
    providers = check_arms(suite, factories, provider_context(suite))
    profiles: dict[str, dict[str, Json]] = {}
    for arm in suite.arms:
        requests = requests_by_group(suite, arm)
        told = {task: sent_by(providers[arm.name], one) for task, one in requests.items()}
        profiles[arm.name] = {
            "sent": {task: said.as_json() for task, said in told.items() if said is not None}
        }
        assert set(told) == {task.name for task in suite.tasks}
        if arm.provider == "http":  # a whole system is sent what its template reads
            continue
        assert all(said is not None and "temperature" in said.values for said in told.values())
        assert all(said is not None and not said.added for said in told.values())
    tasks = [task.name for task in suite.tasks]
    differing = set()
    for one, two in combinations(profiles, 2):
        for kind in ("accuracy", "cost", "latency"):
            found = gate._sent_differently(kind, (one, profiles[one]), (two, profiles[two]), tasks)
            differing |= {key for key, _ in found}
    gate_keys = {key for key in suite.allow if key in gate.COMPARED_AS_SENT or "sampling" in key}
    assert differing == gate_keys, "what the suite allows is what differs, no more and no less"
    assert idle_settings(suite) == []


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
async def test_every_arm_of_a_shipped_suite_is_sent_what_it_says(
    path: Path, wire: Wire, tmp_path: Path
) -> None:
    suite = load_suite(path)
    for arm in suite.arms:
        if arm.provider in ("llama_cpp", "http"):
            continue
        provider = at(wire, arm, tmp_path)
        await provider.start()
        try:
            for request in requests_by_group(suite, arm).values():
                wire.bodies.clear()
                with contextlib.suppress(ProviderError):
                    async for _ in provider.stream(request):
                        pass
                (body,) = wire.bodies
                config = body.get("generationConfig", body)
                assert config["temperature"] == 0, arm.name
                asked_effort = arm.params.reasoning_effort
                assert provider.sent(request).values["reasoning_effort"] == asked_effort
                assert effort_in(body) == asked_effort, arm.name
                assert "seed" not in config
        finally:
            await provider.close()


@pytest.mark.parametrize("kind", ["openai", "compatible", "anthropic", "gemini"])
@pytest.mark.parametrize("location", ["/v2/chat/completions", "https://other.example/v1/x?key=s"])
async def test_a_redirect_is_a_fault_that_says_where(
    kind: str, location: str, tmp_path: Path
) -> None:
    async def away(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=307, headers={"Location": location})

    asked: list[str] = []
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", away)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    place = Wire(url=f"http://127.0.0.1:{runner.addresses[0][1]}/v1")
    provider = at(place, Arm("a", kind, "m"), tmp_path)
    events, fault = await events_of(provider, request_with())
    await runner.cleanup()
    assert all(isinstance(event, Meta) for event in events)
    assert isinstance(fault, BadRequest)
    assert len(asked) == 1, "a redirect was followed"
    said = f"{fault.message} {fault.hint}"
    assert "redirects to" in said
    assert "not followed" in said
    assert "key=s" not in said
    assert location.partition("?")[0] in said


@pytest.mark.parametrize(("base", "path"), [
    ("/v1", "/v1/chat/completions"),
    ("/v1/", "/v1/chat/completions"),
    ("", "/chat/completions"),
    ("/v1?api-version=2024-10-21", "/v1/chat/completions?api-version=2024-10-21"),
])  # fmt: skip
@pytest.mark.parametrize("kind", ["openai", "compatible"])
async def test_forms_of_base_url(kind: str, base: str, path: str, tmp_path: Path) -> None:
    async def none(request: web.Request) -> web.Response:
        asked.append(request.path_qs)
        return web.json_response({"error": {"message": "no such path"}}, status=404)

    asked: list[str] = []
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", none)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    root = f"http://127.0.0.1:{runner.addresses[0][1]}"
    provider = at(Wire(url=root + base), Arm("a", kind, "m"), tmp_path)
    events, fault = await events_of(provider, request_with())
    await runner.cleanup()
    assert all(isinstance(event, Meta) for event in events)
    assert isinstance(fault, BadRequest)
    assert asked == [path]
    assert f"asked was {root}{path.partition('?')[0]}" in str(fault.hint)
    if not base:
        assert f"base_url: {root}/v1" in str(fault.hint)


OLLAMA = ServeSpec(("ollama", "serve"), "http://127.0.0.1:{port}/api/version", 9, 1, {})
VLLM = ServeSpec(("/opt/bin/vllm", "serve", "m"), "http://127.0.0.1:{port}/health", 9, 1, {})


@pytest.mark.parametrize(("base", "serve", "field"), [
    ("http://localhost:11434/v1", None, "reasoning_effort"),
    ("http://127.0.0.1:9/v1", OLLAMA, "reasoning_effort"),
    ("http://127.0.0.1:9/v1", VLLM, "chat_template_kwargs"),
    ("http://127.0.0.1:8000/v1", None, "chat_template_kwargs"),
    ("https://models.example:11434/v1", None, "reasoning_effort"),
])  # fmt: skip
def test_a_local_server_is_told_an_effort_as_its_program_takes_it(
    base: str, serve: ServeSpec | None, field: str
) -> None:
    arm = Arm("a", "compatible", "m", base_url=base, serve=serve)
    body = provider_of(arm)._endpoint.dialect.body(request_with(reasoning_effort="none"))
    assert field in body
    assert {"reasoning_effort", "chat_template_kwargs"} & {*body} == {field}


@pytest.mark.parametrize(("model", "effort", "taken"), [
    ("grok-4.3", "none", True),
    ("grok-4.3", "low", True),
    ("grok-4.7", "high", True),
    ("grok-3-mini", "low", True),
    ("grok-3-mini", "none", False),
    ("grok-4.3", "minimal", False),
    ("grok-4.3", "2048", False),
    ("grok-4", "low", False),
    ("grok-4-1-fast-reasoning", "none", False),
    ("grok-4.20-0309-reasoning", "low", False),
    ("grok-code-fast-1", "low", False),
])  # fmt: skip
def test_xais_models_are_told_an_effort_only_where_they_take_one(
    model: str, effort: str, taken: bool
) -> None:
    here = provider_of(Arm("a", "xai", model)).sent(request_with(reasoning_effort=effort))
    there = provider_of(Arm("a", "openai", model, base_url="https://eu-west-1.api.x.ai/v1"))
    for said in (here, there.sent(request_with(reasoning_effort=effort))):
        assert ("reasoning_effort" not in said.refused) is taken
        assert ("reasoning_effort" in said.values) is taken


@pytest.mark.parametrize(("model", "refused"), [
    ("grok-4", True), ("grok-4-fast-reasoning", True), ("grok-4-fast-non-reasoning", False),
    ("grok-4.3", False), ("grok-3", False),
])  # fmt: skip
def test_xais_reasoning_models_refuse_stop_texts(model: str, refused: bool) -> None:
    said = provider_of(Arm("a", "xai", model)).sent(request_with(stop=("x",)))
    assert ("stop" in said.refused) is refused
