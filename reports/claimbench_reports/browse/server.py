"""The server of ``bench view``: routes, and a listener that slow clients cannot hold."""

from __future__ import annotations

import asyncio
import re
import socket
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from html import escape
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from claimbench.errors import BenchError, IntegrityError
from claimbench.privacy.visible import visible
from claimbench.store.catalogue.browsing import RunFilter
from claimbench.store.runs import moment
from claimbench_reports.browse.desk import Desk
from claimbench_reports.browse.guard import (
    LONG_ADDRESS,
    LONG_HEAD,
    MOST_HEAD,
    Guard,
    Keys,
    Refused,
    refusal,
)
from claimbench_reports.browse.links import ServerLinks
from claimbench_reports.browse.pages import Pages, RunPage, csp, patterns
from claimbench_reports.browse.shelf import MatrixFilter, RunIndex

RUNS_ON_A_PAGE = 25
HEAD_S = 10.0
"""How long the head of a request may take to arrive."""

MOST_CONNECTIONS = 64
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_PAGE_CSP = f"{csp(served=True)}; frame-ancestors 'none'"


class Site:
    """The pages as Starlette calls them; each in a thread, for they read files."""

    def __init__(self, desk: Desk, keys: Keys) -> None:
        self._desk = desk
        self._links = ServerLinks()
        self._pages = Pages(self._links, keys.csrf)
        # The first page is made once for nobody: templates are compiled while nobody waits
        self._pages.runs([], RunFilter())

    def app(self) -> Starlette:
        """Return the application, without its guard."""
        one = "/runs/{run}"
        routes = [
            Route("/", self._runs),
            Route("/compare", self._compare),
            Route(one, self._run),
            Route(f"{one}/progress.json", self._progress),
            Route(f"{one}/decision", self._decision),
            Route(f"{one}/report", self._report),
            Route(f"{one}/samples", self._samples),
            Route(f"{one}/samples/{{item}}", self._sample),
            Route(f"{one}/labels", self._labels),
            Route(f"{one}/labels", self._label, methods=["POST"]),
            Route(f"{one}/judge", self._judge, methods=["POST"]),
            Route(f"{one}/draw", self._draw, methods=["POST"]),
        ]
        handlers: Mapping[Any, Callable[..., Any]] = {
            HTTPException: self._http_error,
            BenchError: self._bench_error,
            sqlite3.Error: self._index_error,
            Exception: self._error,
        }
        found = Starlette(routes=routes, exception_handlers=handlers)
        found.router.redirect_slashes = False
        return found

    # --- pages ------------------------------------------------------------------------------------

    def _runs(self, request: Request) -> Response:
        query = request.query_params
        wanted = RunFilter(_text(query, "suite"), _day(_text(query, "since")), _text(query, "q"))
        wanted = replace(wanted, tag=_text(query, "tag"))
        before = _number(query.get("before"))
        lines, more = self._desk.lines(wanted, before, RUNS_ON_A_PAGE)
        next_url = ""
        if more is not None:
            kept = {"q": wanted.text, "suite": wanted.suite, "since": wanted.since}
            kept["tag"] = wanted.tag
            next_url = self._links.runs({**kept, "before": str(more)})
        return _html(self._pages.runs(lines, wanted, self._desk.suites(), next_url))

    def _run(self, request: Request) -> Response:
        with self._desk.page(_run_id(request)) as page:
            found = _there(page)
            run = found.run
            moves = run.status == "running" or found.standing.state.startswith("working")
            drawn = 0 if found.index is None else found.index.n_to_label()
            return _html(
                self._pages.run(
                    found,
                    progress_url=self._links.progress(run.run_id) if moves else "",
                    previous=self._desk.previous(run),
                    n_to_label=drawn,
                )
            )

    def _progress(self, request: Request) -> Response:
        with self._desk.page(_run_id(request)) as page:
            return JSONResponse(self._desk.progress(_there(page)))

    def _decision(self, request: Request) -> Response:
        with self._desk.page(_run_id(request)) as page:
            index = _judged(page)
            if index.facts["decision"] is None:
                raise HTTPException(404, "The suite of this run declares no decision.")
            return _html(self._pages.decision(_there(page)))

    def _report(self, request: Request) -> Response:
        """Serve the report as it was made with the index, in a box of its own: it runs its own
        script, by hash, and reaches nothing of this server.
        """
        with self._desk.page(_run_id(request)) as page:
            report = _judged(page).report()
            stale = _there(page).standing.stale
        html = report.html
        if stale:
            warned = f'<body>\n<p role="alert"><strong>{escape(stale)}</strong></p>'
            html = html.replace("<body>", warned, 1)
        rules = f"{report.policy}; frame-ancestors 'none'; sandbox allow-scripts"
        return HTMLResponse(html, headers={"content-security-policy": rules})

    def _samples(self, request: Request) -> Response:
        query = request.query_params
        with self._desk.page(_run_id(request)) as page:
            index = _judged(page)
            wanted = _matrix_filter(query, index)
            after = _number(query.get("after"))
            found = index.page(wanted, -1 if after is None else after)
            next_url = ""
            if found.more:
                kept = {name: _text(query, name) for name in ("show", "task", "slice", "outcome")}
                kept |= {"q": wanted.text, "after": str(found.rows[-1].item)}
                next_url = self._links.samples(_there(page).run.run_id, kept)
            return _html(self._pages.samples(_there(page), found, wanted, next_url=next_url))

    def _sample(self, request: Request) -> Response:
        item = _number(request.path_params["item"])
        with self._desk.page(_run_id(request)) as page:
            index = _judged(page)
            doc = None if item is None else index.sample(item)
            if doc is None or item is None:
                raise HTTPException(404, "There is no such sample in this run.")
            before, after = index.neighbours(item)
            return _html(self._pages.sample(_there(page), doc, before, after))

    def _compare(self, request: Request) -> Response:
        wanted = (_text(request.query_params, "a"), _text(request.query_params, "b"))
        problems = []
        for name in dict.fromkeys(wanted):
            if name and not _RUN_ID.fullmatch(name):
                problems.append(f"{visible(name)[:100]!r} is no run's id.")
        names = wanted if all(wanted) and not problems else ("-", "-")
        with self._desk.page(names[0]) as one, self._desk.page(names[1]) as other:
            for name, page in dict(zip(names, (one, other), strict=True)).items():
                if name == "-":
                    continue
                if page is None:
                    problems.append(f"There is no run {name}.")
                elif page.standing.tampered:
                    problems.append(f"Run {name} was changed after it was written.")
                elif page.standing.stale:
                    problems.append(f"Run {name}: {page.standing.stale}")
                elif page.index is None:
                    problems.append(f"Run {name} is not judged yet: open its page first.")
            sides = [page if page is not None and page.index else None for page in (one, other)]
            html = self._pages.compare(
                sides[0],
                sides[1],
                wanted,
                run_ids=self._desk.run_ids(),
                problems=problems,
                folder=self._desk.results,
            )
        return _html(html)

    # --- labels -----------------------------------------------------------------------------------

    def _labels(self, request: Request) -> Response:
        run_id = _run_id(request)
        with self._desk.page(run_id) as page:
            index = _judged(page)
            done = self._desk.labels(run_id)
            calls = index.drawn_calls()
            at = _number(request.query_params.get("at"))
            if at is None:
                left = (place for place, call in enumerate(calls) if call not in done)
                at = next(left, 0)
            one = index.to_label(at)
            if one is None and (calls or "at" in request.query_params):
                raise HTTPException(404, "There is no such answer to label.")
            n_done = sum(call in done for call in calls)
            judged = bool(index.origin["has_judge"])
            words = f"{n_done:,} of {len(calls):,} drawn answers are labelled; no arm is named."
            if not judged:
                words = "No model judged this run: labels correct a judge, and there is none."
            elif not calls:
                words = "No sample is drawn yet. The draw is random, kept, and the same for all."
            return _html(
                self._pages.labels(
                    _there(page),
                    words=words,
                    said=_there(page).standing.words or self._desk.draw_fault(run_id),
                    may_draw=judged and not calls,
                    one=one,
                    place=at,
                    n=len(calls),
                    label="" if one is None else done.get(one.call_id, ""),
                    n_labelled=n_done,
                )
            )

    def _label(self, request: Request) -> Response:
        run_id, form = _run_id(request), request.state.form
        with self._desk.page(run_id) as page:
            _judged(page)
        self._desk.save_label(run_id, form.get("call", ""), form.get("choice", ""))
        return _see(self._links.labels(run_id))

    def _judge(self, request: Request) -> Response:
        run_id = _run_id(request)
        if not self._desk.has(run_id):
            raise _no_such_run()
        self._desk.ask_to_judge(run_id)
        return _see(self._links.run(run_id))

    def _draw(self, request: Request) -> Response:
        with self._desk.page(_run_id(request)) as page:
            _judged(page)
            run_id = _there(page).run.run_id
        self._desk.ask_to_draw(run_id)
        return _see(self._links.run(run_id))

    # --- faults -----------------------------------------------------------------------------------

    def _http_error(self, request: Request, error: HTTPException) -> Response:
        words = {404: "There is no such page.", 405: "This page cannot be asked so."}
        told = self._removed(request) if error.status_code == 404 else ""
        if not told:
            said = error.detail.endswith(".")
            told = error.detail if said else words.get(error.status_code, "")
        html = self._pages.note("No such page", told or "This cannot be shown.")
        return _html(html, error.status_code, error.headers)

    def _removed(self, request: Request) -> str:
        """Return that the run of an address was removed, and when; "" for any other."""
        run_id = str(request.path_params.get("run", ""))
        utc = self._desk.removed_utc(run_id) if _RUN_ID.fullmatch(run_id) else ""
        return f"Run {run_id} was removed on {moment(utc)}." if utc else ""

    def _bench_error(self, request: Request, error: BenchError) -> Response:  # noqa: ARG002 - likewise
        tampered = isinstance(error, IntegrityError)
        title = "This database was changed" if tampered else "This cannot be done"
        html = self._pages.note(title, visible(str(error)), visible(error.hint or ""))
        return _html(html, 409)

    def _index_error(self, request: Request, error: sqlite3.Error) -> Response:  # noqa: ARG002 - likewise
        words = f"The index of this run cannot be read: {visible(str(error))}."
        hint = f"Delete {self._desk.folder}: it is made anew from the database."
        return _html(self._pages.note("This cannot be shown", words, visible(hint)), 409)

    def _error(self, request: Request, error: Exception) -> Response:  # noqa: ARG002 - likewise
        words = f"A bug in ClaimBench: {type(error).__name__}. The terminal says more."
        return _html(self._pages.note("This went wrong", words), 500)


class TimedHead(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it; a connection whose request's head does not arrive in time is
    closed, and a head that is too long gets its answer however it arrives.
    """

    _deadline: asyncio.TimerHandle | None = None
    _head = b""
    _refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take bytes; the wait goes on until they are a whole head."""
        if self._refused:
            # Read on until the other side ends or time is over: closed now, the answer is lost
            return
        if self._idle():
            self._head += data
            if len(self._head) > MOST_HEAD and not _END_OF_HEAD.search(self._head):
                self._refuse()
                return
        super().data_received(data)
        if not self._idle():
            self._head = b""
            self._stop()
        elif self._deadline is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop()
        super().connection_lost(exc)

    def _idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _refuse(self) -> None:
        """Answer a head of which too much came and whose end did not."""
        in_address = b"\n" not in self._head.lstrip(b"\r\n")
        refused = Refused(414, LONG_ADDRESS) if in_address else Refused(431, LONG_HEAD)
        self._refused = True
        self._head = b""
        self.transport.write(refusal(refused))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        if self._deadline is None:
            self._wait()

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(HEAD_S, self.transport.close)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0: any that is free.

    Raises:
        BenchError: the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(MOST_CONNECTIONS)
    except OSError as error:
        made.close()
        raise BenchError(
            f"{host} port {port} cannot be listened on: {error.strerror or error}",
            hint="choose another with --port, or leave it out for any free one",
        ) from error
    return made


def hosts_of(host: str, port: int) -> tuple[str, ...]:
    """Return what the header Host may say of a server at ``host`` and ``port``."""
    shown = f"[{host}]" if ":" in host else host
    names = [f"{shown.lower()}:{port}"]
    if host in ("127.0.0.1", "::1"):
        names.append(f"localhost:{port}")
    if port == 80:
        names += [name.removesuffix(":80") for name in names]
    return tuple(names)


def serve(desk: Desk, keys: Keys, made: socket.socket, hosts: tuple[str, ...]) -> None:
    """Answer requests until the process is told to end (Ctrl-C)."""
    config = uvicorn.Config(
        Guard(Site(desk, keys).app(), keys, hosts),
        http=TimedHead,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=2,
        # Above what one read brings: what is too long is refused by TimedHead, with an answer
        h11_max_incomplete_event_size=1 << 20,
    )
    uvicorn.Server(config).run(sockets=[made])


# --- what an address says -------------------------------------------------------------------------


def _run_id(request: Request) -> str:
    run_id = str(request.path_params["run"])
    if not _RUN_ID.fullmatch(run_id):
        raise HTTPException(404, "There is no such run.")
    return run_id


def _there(page: RunPage | None) -> RunPage:
    if page is None:
        raise _no_such_run()
    return page


def _no_such_run() -> HTTPException:
    return HTTPException(404, "There is no such run.")


def _judged(page: RunPage | None) -> RunIndex:
    found = _there(page)
    if found.standing.tampered:
        raise HTTPException(409, "This database was changed after it was written: see the run.")
    if found.index is None:
        raise HTTPException(409, "This run is not judged yet: open the run's page.")
    return found.index


def _matrix_filter(query: Mapping[str, str], index: RunIndex) -> MatrixFilter:
    """Return the filter that an address asks for; what is no filter of this run is left out."""
    matrix = index.facts["matrix"]
    task = _number(query.get("task"))
    pattern = _text(query, "show")
    if pattern not in {value for value, _ in patterns(matrix["arms"])}:
        pattern = ""
    name, _, value = query.get("slice", "").partition("=")
    at = _number(name)
    outcome = _text(query, "outcome")
    return MatrixFilter(
        task=task if task is not None and task < len(matrix["tasks"]) else None,
        slice=(at, value) if at is not None and at < len(matrix["slices"]) else None,
        outcome=outcome if outcome in index.outcomes() else "",
        pattern=pattern,
        text=_text(query, "q"),
    )


def _text(query: Mapping[str, str], name: str) -> str:
    """Return a text of the address: no NUL, no half of a character, no more than a person types."""
    value = query.get(name, "").replace("\0", "")[:200].strip()
    return value.encode("utf-8", "ignore").decode()


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and _NUMBER.fullmatch(text) else None


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


def _html(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return HTMLResponse(
        text.encode("utf-8", "replace"),
        status,
        headers={**(headers or {}), "content-security-policy": _PAGE_CSP},
    )


def _see(path: str) -> Response:
    return RedirectResponse(path, status_code=303)
