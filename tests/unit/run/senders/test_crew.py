"""A crew of real processes: what they die of, what they cannot hand on, and when they hang."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from claimbench.errors import BenchError, ModelError, Network, RateLimited, ServerFault
from claimbench.provider.adapters import EndpointProvider
from claimbench.run.senders import crew as crews
from claimbench.run.senders import member as members
from claimbench.run.senders.crew import Crew
from claimbench.run.senders.frames import SenderSetup
from claimbench.run.senders.provider import SentProvider
from claimbench.types import Arm, Delta, Message, Request, SamplingParams
from claimbench_providers.models.context import node_context

REQUEST = Request(
    "c1", (Message("user", "hello"),), SamplingParams(), 8, timeout_s=0.2, connect_timeout_s=0.1
)


@pytest.fixture
def crew_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    """``crew_of(n, name=what it does, ...)``: a crew, and a provider for each arm."""
    here = str(Path(__file__).parent)
    monkeypatch.syspath_prepend(here)
    monkeypatch.setenv("PYTHONPATH", f"{here}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setattr(crews, "PAUSE_S", 0.01)
    monkeypatch.setattr(members, "CLOSE_S", 1.0)
    monkeypatch.setattr(crews, "CLOSE_S", 1.0)
    import odd_sender

    def made(n: int, **does: str) -> tuple[Crew, list[str], dict[str, SentProvider]]:
        arms = {name: Arm(name, "odd", "m", options={"does": what}) for name, what in does.items()}
        setup = SenderSetup(
            {name: (arm, odd_sender.create) for name, arm in arms.items()},
            node_context,
            str(tmp_path),
            False,
            1.0,
        )
        said: list[str] = []
        crew = Crew(n, setup, said.append)
        providers = {}
        for name, arm in arms.items():
            inner = EndpointProvider(odd_sender.create(arm, None))
            providers[name] = SentProvider(inner, name, crew)
        return crew, said, providers

    return made


async def answer(provider: SentProvider) -> str:
    parts = [one.text async for one in provider.stream(REQUEST) if isinstance(one, Delta)]
    return "".join(parts)


def children() -> set[int]:
    """Ids of the senders that this process has."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        for one in read(task / "children").split():
            if b"claimbench.run.senders.process" in read(Path(f"/proc/{one.decode()}/cmdline")):
                found.add(int(one))
    return found


def read(path: Path) -> bytes:
    """A file of a thread or process; nothing where it has ended meanwhile."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


async def until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 - of processes, which set no event
        await asyncio.sleep(0.005)


def run(work: Awaitable[None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(120):
            await work

    asyncio.run(bounded())
    assert not children(), "senders are left"


def test_an_arm_that_does_not_start_leaves_the_others_theirs(crew_of: Any) -> None:
    async def work() -> None:
        _, said, providers = crew_of(2, bad="does not start", good="answers")
        with pytest.raises(ModelError, match="the model is not there"):
            await providers["bad"].start()
        await providers["bad"].close()
        assert (await providers["good"].start()).model_returned == "odd-1"
        assert await answer(providers["good"]) == "c1: yes"
        await providers["good"].close()
        assert said == []

    run(work())


def test_an_arm_that_does_not_start_is_not_asked_of_a_sender_that_comes_later(
    crew_of: Any,
) -> None:
    async def work() -> None:
        crew, said, providers = crew_of(1, good="answers", bad="does not start")
        await providers["good"].start()
        with pytest.raises(ModelError, match="the model is not there"):
            await providers["bad"].start()
        (there,) = children()
        os.kill(there, signal.SIGKILL)
        await until(lambda: bool(said))
        assert said == [
            "a sender was lost (killed by SIGKILL); calls in flight there, sent again: 0"
        ]
        assert await answer(providers["good"]) == "c1: yes"
        for one in providers.values():
            await one.close()
        assert crew.uncounted == 1
        assert providers["good"].unwatched == "a sender that was lost"

    run(work())


def test_senders_that_die_at_their_start_are_one_error_with_their_last_words(
    crew_of: Any,
) -> None:
    async def work() -> None:
        _, said, providers = crew_of(3, arm="dies at its start")
        with pytest.raises(BenchError) as info:
            await providers["arm"].start()
        assert str(info.value).startswith(
            "3 senders cannot be started: exit code 3: no license for "
        )
        assert "sk-proj" not in str(info.value)
        assert "ulimit" in str(info.value.hint)
        assert said == []
        await providers["arm"].close()

    run(work())


def test_a_sender_that_a_signal_ends_leaves_its_last_words_too(crew_of: Any) -> None:
    async def work() -> None:
        _, _, providers = crew_of(1, arm="aborts at its start")
        with pytest.raises(BenchError) as info:
            await providers["arm"].start()
        assert str(info.value) == (
            "1 senders cannot be started: killed by SIGABRT: libodd: assertion failed"
        )
        await providers["arm"].close()

    run(work())


def test_facts_that_cannot_be_handed_on_are_an_error_of_the_start(crew_of: Any) -> None:
    async def work() -> None:
        _, said, providers = crew_of(2, odd="odd facts", good="answers")
        with pytest.raises(ModelError, match="bug: what it said of itself cannot be handed on"):
            await providers["odd"].start()
        await providers["odd"].close()
        await providers["good"].start()
        assert await answer(providers["good"]) == "c1: yes"
        await providers["good"].close()
        assert said == []

    run(work())


def test_bytes_that_cannot_be_handed_on_are_not_counted(crew_of: Any) -> None:
    async def work() -> None:
        crew, _, providers = crew_of(1, arm="odd traffic")
        await providers["arm"].start()
        assert await answer(providers["arm"]) == "c1: yes"
        await providers["arm"].close()
        assert (crew.told, crew.uncounted) == ([], 1)

    run(work())


def test_calls_that_kill_their_sender_end_the_arm_after_a_few(crew_of: Any) -> None:
    async def work() -> None:
        crew, said, providers = crew_of(2, arm="dies")
        await providers["arm"].start()
        faults = []
        while crew.why_ended is None:
            with pytest.raises(Network) as info:
                await answer(providers["arm"])
            faults.append(info.value)
        assert {one.billable for one in faults} == {"unknown"}
        assert len(faults) == 2 * crews.MOST_TRIES
        assert (
            said.count("a sender was lost (exit code 7); calls in flight there, sent again: 1")
            == 10
        )
        with pytest.raises(Network, match="no sender is left: exit code 7") as info:
            await answer(providers["arm"])
        assert info.value.billable == "no"
        assert await providers["arm"].ended() == "no sender is left: exit code 7"
        await providers["arm"].close()

    run(work())


def test_what_cannot_be_handed_on_is_a_fault_and_no_wait_without_end(crew_of: Any) -> None:
    async def work() -> None:
        _, _, providers = crew_of(1, fault="odd fault", values="odd values", good="answers")
        for one in providers.values():
            await one.start()
        with pytest.raises(RateLimited, match="slow down") as info:
            await answer(providers["fault"])
        assert info.value.retry_after_s == 2.5
        with pytest.raises(ServerFault, match="provider bug: what it gave cannot be handed on"):
            await answer(providers["values"])
        assert await answer(providers["good"]) == "c1: yes"
        for one in providers.values():
            await one.close()

    run(work())


@pytest.mark.parametrize("does", ["blocks", "is stopped"])
def test_a_sender_that_hangs_is_ended_and_replaced(
    crew_of: Any, monkeypatch: pytest.MonkeyPatch, does: str
) -> None:
    monkeypatch.setattr(crews, "GRACE_S", 1.0)
    monkeypatch.setattr(crews, "LOOK_S", 0.2)

    async def work() -> None:
        _, said, providers = crew_of(1, arm=does, good="answers")
        for one in providers.values():
            await one.start()
        before = children()
        if does == "is stopped":
            os.kill(next(iter(before)), signal.SIGSTOP)
        with pytest.raises(Network, match="it hung, and was ended"):
            await answer(providers["arm"])
        assert await answer(providers["good"]) == "c1: yes"
        assert children().isdisjoint(before)
        assert len(said) == 1
        for one in providers.values():
            await one.close()

    run(work())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_senders_that_die_or_hang_while_they_end_are_uncounted(
    crew_of: Any, number: signal.Signals
) -> None:
    async def work() -> None:
        crew, said, providers = crew_of(3, arm="answers")
        await providers["arm"].start()
        assert await answer(providers["arm"]) == "c1: yes"
        first, *_ = sorted(children())
        os.kill(first, number)
        await providers["arm"].close()
        assert len(crew.told) == 2
        assert crew.uncounted == 1
        assert said == []

    run(work())


def test_a_start_that_is_given_up_leaves_no_process(crew_of: Any) -> None:
    async def work() -> None:
        _, _, providers = crew_of(3, arm="answers")
        opening = asyncio.ensure_future(providers["arm"].start())
        await until(lambda: len(children()) >= 2)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await providers["arm"].close()

    run(work())
