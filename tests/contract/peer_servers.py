"""Servers that nobody here wrote, on loopback: ``llama_cpp.server`` with a model, and the LiteLLM
proxy in front of it.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

PEERS = Path(sys.prefix) / "peers/bin"
DIRECT = urllib.request.build_opener(
    urllib.request.ProxyHandler({})
)  # whatever proxy this machine has


def free_port() -> int:
    """A port of loopback that nobody listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str], ready: str, log: Path, environ: Mapping[str, str]
) -> Iterator[None]:
    """A server until it answers at ``ready``; ended with its log in the error if it does not."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, env=dict(environ), cwd=log.parent
        )
    try:
        deadline = time.monotonic() + 240
        while True:
            try:
                with DIRECT.open(ready, timeout=5):
                    break
            except OSError:
                alive = process.poll() is None and time.monotonic() < deadline
                assert alive, log.read_text(errors="replace")[-3000:]
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def serving(model: Path, alias: str, folder: Path, *, n_ctx: int) -> Iterator[str]:
    """llama-cpp-python's own server with a model; its address."""
    port = free_port()
    options = {"model_alias": alias, "host": "127.0.0.1", "port": port, "n_ctx": n_ctx}
    options |= {
        "n_threads": 1,
        "n_threads_batch": 1,
    }  # threads that wait for one another crawl on a busy machine
    options |= {
        "interrupt_requests": "false"
    }  # else a request ends the stream of the one before it
    flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    command = [
        sys.executable,
        "-m",
        "llama_cpp.server",
        "--model",
        str(model),
        "--flash_attn",
        "true",
        *flags,
    ]
    url = f"http://127.0.0.1:{port}/v1"
    with running(command, url + "/models", folder / "server.log", os.environ):
        yield url


@contextmanager
def proxying(behind: Mapping[str, str], folder: Path) -> Iterator[str]:
    """The LiteLLM proxy in front of servers, by the names of their models; no name is looked up and
    nothing but loopback can be reached.
    """
    if not (PEERS / "litellm").is_file():
        pytest.skip("the LiteLLM proxy is not installed: make peers")
    port = free_port()
    # `lm_studio` is LiteLLM's name for a server of chat completions and nothing more: it then
    # translates.
    models = [
        {
            "model_name": name,
            "litellm_params": {"model": f"lm_studio/{name}", "api_base": url, "api_key": "none"},
        }
        for name, url in behind.items()
    ]
    config = {
        "model_list": models,
        "litellm_settings": {"telemetry": False, "num_retries": 0, "drop_params": True},
        "router_settings": {"num_retries": 0, "disable_cooldowns": True},
    }
    (folder / "config.yaml").write_text(json.dumps(config))
    nowhere = "http://127.0.0.1:9"
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "HTTP_PROXY": nowhere,
        "HTTPS_PROXY": nowhere,
        "NO_PROXY": "127.0.0.1,localhost",
    }
    command = [
        str(PEERS / "litellm"),
        "--config",
        "config.yaml",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    url = f"http://127.0.0.1:{port}"
    with running(
        [*command, "--telemetry", "False"],
        url + "/health/liveliness",
        folder / "proxy.log",
        environ,
    ):
        yield url
