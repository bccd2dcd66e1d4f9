"""A process that has ``bench`` imported, what is shipped parsed (price books, vendors, models), and
patterns of claims and templates of reports compiled, and forks one process for each command it is
sent, so that a test need not wait for hundreds of modules again. Run by tests/e2e/forked.py, never
by hand.

A command's process is a real one: its own streams (the three descriptors that come with the
order), working folder, environment, words, exit code and signals; it runs ``python -m
claimbench.cli`` from its first line and ends as Python ends (see :func:`end`). Only its imports are
done before.

Protocol, on a Unix socket: a byte with the descriptors, then one line of JSON; back come a line
with the process's id and, when it has ended, one with its code (negative: the signal). The server
ends when its standard input does.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import re
import runpy
import select
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

OWN = ("claimbench", "claimbench_providers", "claimbench_reports")
IMPORTED = (
    *("aiohttp.web", "anyio._backends._asyncio", "dateutil.parser", "jinja2.sandbox"),
    *("matplotlib.backends.backend_svg", "matplotlib.figure", "openai.lib.streaming.chat"),
    *("openai.resources.chat.completions.completions", "openai.pagination"),
    *("httpcore2", "rich.console", "scipy.special", "sqlalchemy.dialects.sqlite", "truststore"),
)
"""What commands import when they come to need it; one that is not here is imported there."""
APART = re.compile(r"\.(__main__|pytest_plugin|llama_cpp|lmeval\.model|node|.*ray.*)$")
"""Modules of ours that start or load what only few commands want."""


def prepare() -> None:
    """Import what commands need; what cannot be imported here is left to the command."""
    found = [*IMPORTED]
    for package in map(importlib.import_module, OWN):
        modules = pkgutil.walk_packages(package.__path__, f"{package.__name__}.", onerror=str)
        found += [module.name for module in modules if not APART.search(module.name)]
    for name in found:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    from claimbench.claims.parse import explain_text
    from claimbench.cli.books import bundled_books
    from claimbench.pricing.price_lists.book import read_books
    from claimbench_providers.endpoints.vendors import catalogue
    from claimbench_providers.models.catalogue import catalog
    from claimbench_reports.formats.html import environment

    read_books(bundled_books())  # kept by their bytes, so another book is read anew
    catalogue()
    catalog()
    for template in environment().list_templates(extensions=["j2"]):
        environment().get_template(template)
    explain_text("a is 90% cheaper than b")
    gc.collect()
    gc.freeze()


def received(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Return an order and its three descriptors."""
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile("r", encoding="utf-8") as lines:
        return json.loads(lines.readline()), streams


def next_order(listener: socket.socket) -> dict[str, Any] | None:
    """Serve: return an order in the process that is to carry it out, None when all is over."""
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    running: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([listener, 0, wake], [], [])
        if 0 in ready:
            return None
        if wake in ready:
            os.read(wake, 4096)
            for pid in list(running):
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    with contextlib.suppress(OSError), running.pop(pid) as asked:
                        asked.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
        if listener not in ready:
            continue
        connection, _ = listener.accept()
        order, streams = received(connection)
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
            for other in (listener, connection, *running.values()):
                other.close()
            for descriptor in (wake, woken, *streams):
                os.close(descriptor)
            return order
        for stream in streams:
            os.close(stream)
        running[pid] = connection
        connection.sendall(b"%d\n" % pid)


def main() -> None:
    """Serve on the socket that is named, then become a command or end."""
    sys.path.remove(str(Path(__file__).parent))
    listener = socket.socket(socket.AF_UNIX)
    prepare()
    listener.bind(sys.argv[1])
    listener.listen(16)
    os.write(1, b"ready\n")
    order = next_order(listener)
    if order is None:
        return
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    sys.path.insert(0, order["cwd"])
    sys.argv[1:] = order["words"]
    try:
        runpy.run_module("claimbench.cli", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if not isinstance(ended.code, int):
            raise
        end(ended.code)


def end(code: int) -> None:
    """End as Python does, threads, exit functions and streams in turn, but for taking the modules
    apart: that touches, and therefore copies, all that was imported, which takes longer than most
    commands.
    """
    threading._shutdown()  # type: ignore[attr-defined]  # what Python calls
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and not stream.closed:
                stream.flush()
    except (OSError, ValueError):
        sys.exit(code)  # Python says that something was lost, with a code of its own
    os._exit(code & 0xFF)


if __name__ == "__main__":
    main()
