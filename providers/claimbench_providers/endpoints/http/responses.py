"""What an ``http`` arm's system answers -> events, by the paths that the suite gives."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from claimbench.errors import MalformedStream, PluginError, visible
from claimbench.types import Arm, Delta, Done, Event, Json, Meta, Usage, UsageReport
from claimbench_providers.endpoints.faults import error_chunk, error_in, is_filter_chunk
from claimbench_providers.endpoints.http.paths import Path, PathError, read_path, shape
from claimbench_providers.endpoints.reading.bodies import word
from claimbench_providers.endpoints.reading.ends import NO_END, End, done_of, end_of
from claimbench_providers.stop_text import TextStream

PATHS = ("answer", "delta", "citations", "cost", "model", "id", "finish", "error")
USAGE = ("input", "output", "cached", "reasoning")
MOST_TOKENS = 10**12
MOST_USD = Decimal(10**6)


class ResponsePaths:
    """Where an answer's parts stand. ``paths``: by name; ``usage``: by kind of token."""

    def __init__(
        self, paths: Mapping[str, Path], usage: Mapping[str, Path], described: Mapping[str, Json]
    ) -> None:
        self.paths = paths
        self.usage = usage
        self.described = dict(described)

    def first(self, name: str, data: Any) -> Any:
        """Return the first value of a part; None where there is none."""
        path = self.paths.get(name)
        return None if path is None else path.first(data)


def read_response(arm: Arm, stated: Mapping[str, Json]) -> ResponsePaths:
    """Read ``options.response``.

    Raises:
        PluginError: a name that is no part, a path that is none, or no way to the answer.
    """

    def wrong(what: str, hint: str | None = None) -> PluginError:
        return PluginError(
            f"arm {arm.name!r}: options.response{what}", hint=hint, option="response"
        )

    known = (*PATHS, "usage")
    paths: dict[str, Path] = {}
    usage: dict[str, Path] = {}
    for name, value in stated.items():
        if name not in known:
            raise wrong(f": there is no part {name!r}", f"parts: {', '.join(known)}")
        if name == "usage":
            if not isinstance(value, Mapping) or not set(value) <= set(USAGE):
                raise wrong(".usage is a mapping of paths", f"of {', '.join(USAGE)}")
            if {"input", "output"} - set(value):
                raise wrong(".usage needs input and output", "half a count bills nothing")
        parts = value.items() if isinstance(value, Mapping) else [("", value)]
        for kind, text in parts:
            try:
                read = read_path(text) if isinstance(text, str) else None
            except PathError as error:
                raise wrong(f".{name}: {error}") from None
            if read is None:
                raise wrong(f".{name} is {value!r}, but must be a path")
            if kind:
                usage[kind] = read
            else:
                paths[name] = read
    if not paths.keys() & {"answer", "delta"}:
        raise wrong(
            " does not say where the answer stands",
            "response: {answer: result.text}, or {delta: choices[0].delta.content} for a stream",
        )
    return ResponsePaths(paths, usage, stated)


class MappedReader:
    """Messages of one response -> events, by paths: one message of a whole body, or one an event.

    ``answer`` is what the last message that has it says; ``delta`` pieces come before it, and
    where both came the pieces are the answer.
    """

    def __init__(self, paths: ResponsePaths, meta: Meta, cut: TextStream | None) -> None:
        self._paths = paths
        self._meta = meta
        self._cut = cut
        self._announced = False
        self._pieces = False
        self._answer: Any = None
        self._has_answer = False
        self._cited: list[Any] = []
        self._usage: dict[str, Any] = {}
        self._raw: Json = None
        self._cost: Any = None
        self._end: End = NO_END
        self._seen = "nothing"
        self._whole = False
        self._last_ns: int | None = None

    @property
    def complete(self) -> bool:
        """Tell whether the answer has come to a regular end."""
        return self._end.kind in ("end", "unknown")

    def marked(self) -> None:
        """Note that the body is whole."""
        self._whole = True

    def read(self, event: str, data: Mapping[str, Any], received_ns: int) -> Iterable[Event]:
        """Events of one message.

        Raises:
            ServerFault, MalformedStream: the message is an error, or the answer no text.
        """
        self._last_ns = received_ns
        self._fault(event, data)
        self._seen = shape(data)
        yield from self._head(data, received_ns)
        piece = self._paths.first("delta", data)
        if piece is not None:
            yield from self._shown(text_of(piece, "delta"), received_ns)
            self._pieces = True
        path = self._paths.paths.get("answer")
        if path is not None:
            found = path.found(data)
            if found:
                self._answer = found if len(found) > 1 else found[0]
                self._has_answer = True
        self._note(data)

    def _fault(self, event: str, data: Mapping[str, Any]) -> None:
        said = self._paths.first("error", data)
        if said not in (None, False, "", [], {}):
            error: Json = said if isinstance(said, Mapping) else {"message": str(said)}
        elif event == "error":
            error = dict(data)
        else:
            named = any(path.found(data) for path in self._paths.paths.values())
            error = None if named else error_in(data)
        if error is None:
            return
        if is_filter_chunk(error):
            self._end = End("end", "content_filter", "content_filter")
            return
        raise error_chunk(error)

    def _head(self, data: Mapping[str, Any], received_ns: int) -> Iterator[Event]:
        if self._announced:
            return
        model = word(self._paths.first("model", data))
        own_id = self._paths.first("id", data)
        self._announced = True
        yield replace(
            self._meta,
            model_returned=model,
            request_id=str(own_id) if own_id is not None else self._meta.request_id,
            received_ns=received_ns,
        )

    def _note(self, data: Mapping[str, Any]) -> None:
        citations = self._paths.paths.get("citations")
        if citations is not None:
            for one in citations.found(data):
                self._cited += one if isinstance(one, list) else [one]
        counted = {k: path.first(data) for k, path in self._paths.usage.items()}
        if any(value is not None for value in counted.values()):
            self._usage = counted
        cost = self._paths.first("cost", data)
        if cost is not None:
            self._cost = cost
        end = end_of(self._paths.first("finish", data))
        if end.kind != "none":
            self._end = end

    def _shown(self, text: str, received_ns: int | None) -> Iterator[Event]:
        if not text:
            return
        if self._cut is None:
            yield Delta(text, "answer", received_ns)
        elif not self._cut.stopped:
            for shown in self._cut.push(text.encode("utf-8", "replace")):
                yield replace(shown, received_ns=received_ns)

    def finish(self) -> Iterator[Event]:
        """The last events: the whole answer, its sources, usage and cost, and the end.

        Raises:
            MalformedStream: nothing stands where the answer should; with what was there.
            IncompleteStream: the body broke off.
        """
        refused = self._end.reason == "content_filter"
        if self._whole and not (self._pieces or self._has_answer or refused):
            wanted = ", ".join(
                f"{name}: {self._paths.paths[name].text}"
                for name in ("answer", "delta")
                if name in self._paths.paths
            )
            raise MalformedStream(
                f"the answer is not where the suite says ({wanted}); the reply holds {self._seen}"
            )
        if self._has_answer and not self._pieces:
            yield from self._shown(text_of(self._answer, "answer"), self._last_ns)
        if self._cut is not None and not self._cut.stopped:
            for rest in self._cut.finish():
                yield replace(rest, received_ns=self._last_ns)
        names = list(dict.fromkeys(name for one in self._cited if (name := cited_id(one))))
        if names:
            said = " ".join(f"(source: {name})" for name in names)
            yield Delta(f"\n{said}", "answer", self._last_ns)
        remarks: list[str | None] = []
        report, odd = self._report()
        remarks.append(odd)
        if report is not None:
            yield report
        if self._end.kind == "none" and self._whole:
            yield Done("stop", received_ns=self._last_ns, remarks=tuple(r for r in remarks if r))
            return
        yield done_of(self._end, self._whole, remarks, self._last_ns)

    def _report(self) -> tuple[UsageReport | None, str | None]:
        """Return tokens and dollars as the system says them; what cannot be is unknown, and
        said.
        """
        if not self._usage and self._cost is None:
            return None, None
        odd: list[str] = []
        counts: dict[str, int | None] = {}
        for kind, value in self._usage.items():
            counts[kind] = count_of(value)
            if value is not None and counts[kind] is None:
                odd.append(f"usage.{kind} is {value!r}, which is no count")
        usage = usage_of(counts)
        if usage is None:
            odd.append("usage whose cached or reasoning tokens are more than all")
        billed = None if self._cost is None else dollars_of(self._cost)
        if self._cost is not None and billed is None:
            odd.append(f"cost is {self._cost!r}, which are no dollars")
        raw: Json = {**self._usage, **({} if self._cost is None else {"cost": self._cost})}
        remark = f"usage that cannot be relied on: {'; '.join(odd)}" if odd else None
        made = Usage(source="unknown") if usage is None else usage
        return UsageReport(made, json.loads(json.dumps(raw)), billed, self._last_ns), remark


def usage_of(counts: Mapping[str, int | None]) -> Usage | None:
    """Put counts into disjoint buckets: ``cached`` is part of the input, ``reasoning`` of the
    output. None where the parts are more than the whole.
    """
    whole_in = counts.get("input")
    whole_out = counts.get("output")
    if not whole_in or whole_out is None:  # no prompt has 0 tokens
        return Usage(source="unknown")
    cached = counts.get("cached")
    reasoning = counts.get("reasoning")
    if (cached or 0) > whole_in or (reasoning or 0) > whole_out:
        return None
    return Usage(
        input_fresh=whole_in - (cached or 0),
        cache_read=cached,
        output_visible=whole_out - (reasoning or 0),
        output_reasoning=reasoning,
    )


def count_of(value: Any) -> int | None:
    """Return a count of tokens; None where it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.strip().isdecimal() and len(value.strip()) < 13:
        value = int(value)
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return int(value) if whole and 0 <= value <= MOST_TOKENS else None


def dollars_of(value: Any) -> Decimal | None:
    """Return an amount of dollars as the system wrote it; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value).strip().removeprefix("$"))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount <= MOST_USD else None


def cited_id(one: Any) -> str:
    """Return the name of a cited passage: a text or number, or an object's id; "" for none."""
    if isinstance(one, Mapping):
        one = next(
            (one[k] for k in ("id", "doc_id", "source", "document", "url") if one.get(k)), ""
        )
    if isinstance(one, bool) or not isinstance(one, str | int):
        return ""
    return " ".join(visible(str(one)).replace("(", "[").replace(")", "]").split())[:200]


def text_of(value: Any, where: str) -> str:
    """Return an answer's text: a text, pieces of one, or any other JSON value as JSON.

    Null is no text: an answer that is empty.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return "".join(value) if where == "delta" else "\n".join(value)
    return json.dumps(value, ensure_ascii=False)
