"""Servers that a run starts for its arms: started, health-checked, warmed up, stopped; their logs
lie with the run.

Nothing outlives the run: see :mod:`claimbench.provider.server_watcher`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from pathlib import Path

from claimbench.errors import ModelError, ProviderError
from claimbench.provider import server_watcher as serve_watch
from claimbench.provider.contract import ArmProvider
from claimbench.provider.device import Device
from claimbench.provider.sent import Sent, sent_by
from claimbench.provider.served_environment import environment_for, not_there
from claimbench.types import (
    Arm,
    ArmFacts,
    ConstraintKind,
    Event,
    Json,
    Message,
    Request,
    SamplingParams,
    ServeSpec,
)

POLL_S = 0.1
STOP_S = serve_watch.GRACE_S + 5
ENDED_S = 1.0
"""How long to wait for the news that a server has ended, once a connection to it was lost."""
SHOWN_LINES = 12


def free_port() -> int:
    """Return a port on loopback that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


MODEL_PATH = "{model_path}"


def filled(text: str, arm: Arm, port: int, model_path: str | None = None) -> str:
    """Return ``text`` with ``{port}``, ``{model}``, ``{model_path}`` and ``{python}`` put in; other
    braces stay (JSON arguments).
    """
    if model_path is not None:
        text = text.replace(MODEL_PATH, model_path)
    for name, value in (("port", str(port)), ("model", arm.model), ("python", sys.executable)):
        text = text.replace("{" + name + "}", value)
    return text


def served(arm: Arm, port: int) -> Arm:
    """Return the arm with the address of its server; ``http://127.0.0.1:PORT/v1`` unless it says
    otherwise.
    """
    return replace(arm, base_url=filled(arm.base_url or "http://127.0.0.1:{port}/v1", arm, port))


class ManagedServer:
    """Start, watch and end one server process."""

    def __init__(
        self, arm: Arm, spec: ServeSpec, port: int, log: Path, model_path: str | None = None
    ) -> None:
        self.command = [filled(word, arm, port, model_path) for word in spec.command]
        self._env = {name: filled(value, arm, port, model_path) for name, value in spec.env.items()}
        self.log = log
        self._name = arm.name
        self._keys = () if arm.api_key_env is None else (arm.api_key_env,)
        self._spec = spec
        self._health = filled(spec.health, arm, port)
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> float:
        """Start it and wait until it is healthy; gives the seconds that took.

        Raises:
            ModelError: it cannot be started, ended, or was not ready in time; with the end of its
                log.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        self._process = subprocess.Popen(  # noqa: ASYNC220 - starting takes milliseconds
            [sys.executable, "-I", str(Path(serve_watch.__file__)), str(self.log), *self.command],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self._environment(),
            start_new_session=True,
        )
        try:
            while not await asyncio.to_thread(_healthy, self._health):
                if self._process.poll() is not None:
                    raise self._failed(f"{_how(self._process.returncode)} before it was ready")
                if time.monotonic() - began > self._spec.ready_within_s:
                    raise self._failed(
                        f"was not ready within {self._spec.ready_within_s:g} s ({self._health})"
                    )
                await asyncio.sleep(POLL_S)
        except BaseException:
            await self.stop()
            raise
        return time.monotonic() - began

    def _environment(self) -> dict[str, str]:
        return environment_for(self._env, os.environ, self._keys)

    def _failed(self, what: str) -> ModelError:
        lines = (
            self.log.read_text(errors="replace").splitlines()[-SHOWN_LINES:]
            if self.log.exists()
            else []
        )
        said = "\n    ".join(lines) or "(nothing)"
        return ModelError(
            f"arm {self._name}: its server {what}", hint=f"it said ({self.log}):\n    {said}"
        )

    async def ended(self) -> str | None:
        """Return how the server ended by itself, None if it still runs after ``ENDED_S``.

        This goes into the report; what the server said stays in its log, which may hold prompts.
        """
        process, deadline = self._process, time.monotonic() + ENDED_S
        while process is not None and process.poll() is None and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(POLL_S)  # a thread per call in flight would wait for threads
        if process is None or process.returncode is None:
            return None
        return f"its server {_how(process.returncode)}; what it said is in {self.log}"

    async def stop(self) -> None:
        """End it and everything it started; idempotent."""
        process = self._process
        self._process = None
        if process is None:
            return
        assert process.stdin is not None  # noqa: S101 - asked for above
        process.stdin.close()
        try:
            await asyncio.to_thread(process.wait, STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()  # the server goes with its watcher
            await asyncio.to_thread(process.wait)


def _how(code: int) -> str:
    """Say what became of a server whose watcher ended with ``code``: above 128, killed by that
    signal, as in a shell.
    """
    if code < 0:
        return f"was ended because the process that watches it was killed by {_signal_name(-code)}"
    if code <= 128:
        return f"ended with code {code}"
    why = " (often by the system, for lack of memory)" if code - 128 == signal.SIGKILL else ""
    return f"was killed by {_signal_name(code - 128)}{why}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _healthy(url: str) -> bool:
    if not url.lower().startswith(("http://", "https://")):
        return False  # a run that was stored before suites were checked for it
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


class ServedProvider:
    """Start and end the server of a provider with it.

    ``log_folder`` is set before ``start``, once the run has a folder.
    """

    lanes_ahead = 0
    remote = True

    def __init__(
        self,
        inner: ArmProvider,
        arm: Arm,
        spec: ServeSpec,
        port: int,
        device: Device | None,
        find_model: Callable[[str], Path] | None = None,
    ) -> None:
        self._inner = inner
        self._find_model = find_model
        self._model_path: str | None = None
        self._arm = arm
        self._spec = spec
        self._port = port
        self._server: ManagedServer | None = None
        self.device = device
        self.log_folder: Path | None = None
        self.stamp_source = inner.stamp_source

    @property
    def traffic(self) -> Mapping[str, object]:
        """Return the inner provider's."""
        return getattr(self._inner, "traffic", {})

    def let_send(self, wrap: Callable[[ArmProvider, Arm], ArmProvider]) -> None:
        """Put what sends in its place before the provider of the arm as it is served."""
        self._inner = wrap(self._inner, served(self._arm, self._port))

    def missing(self) -> str | None:
        """Return why the arm cannot run here: its program is not installed, or what the provider
        lacks.
        """
        program = filled(self._spec.command[0], self._arm, self._port)
        if shutil.which(program) is None:
            return f"{program} is not installed (serve: command)"
        if why := not_there(self._spec.env, os.environ):
            return why
        if any(MODEL_PATH in word for word in (*self._spec.command, *self._spec.env.values())):
            if self._find_model is None:
                return f"{MODEL_PATH} is not known here"
            try:
                self._model_path = str(self._find_model(self._arm.model))
            except ModelError as error:
                return error.message + ("" if error.hint is None else f" ({error.hint})")
        return self._inner.missing()

    def constraint(self, request: Request) -> ConstraintKind:
        """See :class:`~claimbench.provider.contract.Provider`."""
        return self._inner.constraint(request)

    def sent(self, request: Request) -> Sent | None:
        """Return what the inner provider sends; None for one that does not say."""
        return sent_by(self._inner, request)

    async def start(self) -> ArmFacts:
        """Start the server, wait for its health, open connections, warm it up."""
        folder = self.log_folder or Path.cwd()
        log = folder / f"{self._arm.name}.server.log"
        server = ManagedServer(self._arm, self._spec, self._port, log, self._model_path)
        self._server = server
        seconds = await server.start()
        facts = await self._inner.start()
        about: dict[str, Json] = {
            "command": list(self._spec.command),
            "log": server.log.name,
            "warmup": await self._warm_up(),
        }
        return replace(facts, load_seconds=seconds, details={**facts.details, "served": about})

    async def _warm_up(self) -> dict[str, Json]:
        """Send requests that are not measured: a server's first ones compile, allocate and read
        files.
        """
        request = Request(
            "warm-up", (Message("user", "Say hello."),), SamplingParams(temperature=0.0), 8
        )
        seconds: list[float] = []
        for _ in range(self._spec.warmup):
            began = time.monotonic()
            try:
                async with asyncio.timeout(self._spec.ready_within_s):
                    async for _event in self._inner.stream(request):
                        pass
            except (ProviderError, TimeoutError) as error:
                return {"seconds": seconds, "failed": str(error) or "no end in time"}
            seconds.append(round(time.monotonic() - began, 3))
        return {"seconds": seconds}

    def stream(self, request: Request) -> AsyncIterator[Event]:
        """See :class:`~claimbench.provider.contract.Provider`."""
        return self._inner.stream(request)

    async def ended(self) -> str | None:
        """See :meth:`ManagedServer.ended`; asked when a connection was lost."""
        how = await self._server.ended() if self._server is not None else None
        return how if how is not None else await self._inner.ended()

    async def close(self) -> None:
        """Close the connections and end the server; idempotent."""
        server = self._server
        self._server = None
        try:
            with contextlib.suppress(ProviderError):
                await self._inner.close()
        finally:
            if server is not None:
                await server.stop()
