"""What the run asks of a provider: a plugin that says nothing of it gets an endpoint's defaults."""

from __future__ import annotations

from typing import Any

from claimbench.clock import FakeClock
from claimbench.provider import ArmProvider, InProcessProvider, Provider
from claimbench.provider.adapters import as_provider
from claimbench.provider.device import Device
from claimbench.types import ArmFacts, Delta, Done, Message, Request, SamplingParams
from claimbench_providers.scripted.provider import ScriptedEngine


class Echo:
    """A plugin as the documented protocol asks for it."""

    stamp_source = "sdk"
    traffic: dict[str, Any] = {}  # noqa: RUF012 - a plugin may say more than it must
    closed = False

    def missing(self) -> str | None:
        return None

    def constraint(self, request: Request) -> str:
        return "none"

    async def start(self) -> ArmFacts:
        return ArmFacts(model_returned="echo-1")

    async def stream(self, request: Request) -> Any:
        yield Delta(request.messages[-1].content)
        yield Done("stop")

    async def close(self) -> None:
        self.closed = True


async def test_a_plugin_without_the_runs_members_gets_an_endpoints_defaults() -> None:
    echo = Echo()
    plugin: Any = echo
    made = as_provider(plugin, Device("unused"), FakeClock())
    assert (isinstance(plugin, Provider), isinstance(plugin, ArmProvider)) == (True, False)
    assert isinstance(made, ArmProvider)
    assert (made.device, made.lanes_ahead, made.remote) == (None, 0, True)
    assert await made.ended() is None
    assert (await made.start()).model_returned == "echo-1"
    request = Request("c", (Message("user", "hi"),), SamplingParams(), 8)
    assert [event async for event in made.stream(request)] == [Delta("hi"), Done("stop")]
    await made.close()
    assert echo.closed


def test_what_else_a_plugin_says_is_asked_of_it() -> None:
    echo: Any = Echo()
    made = as_provider(echo, None, FakeClock())
    assert made.stamp_source == "sdk"
    assert getattr(made, "traffic", None) is echo.traffic
    assert getattr(made, "keeps_timeouts", False) is False


def test_a_provider_that_says_all_of_it_passes_unchanged() -> None:
    plugin: Any = Echo()
    made = as_provider(plugin, None, FakeClock())
    assert as_provider(made, None, FakeClock()) is made


def test_an_engine_gets_its_device_and_prepares_one_call_ahead() -> None:
    engine, device = ScriptedEngine(), Device("cpu")
    assert isinstance(engine, InProcessProvider)
    made = as_provider(engine, device, FakeClock())
    assert (made.device, made.lanes_ahead, made.remote) == (device, 1, False)
    device.close()
