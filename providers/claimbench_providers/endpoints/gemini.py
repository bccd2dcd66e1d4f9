"""Google's Gemini API (and, by ``base_url``, Vertex) on the core's transport: usage by class,
thoughts apart.

Options of an arm: ``headers``, ``extra_body`` (further fields), ``extra_config`` (fields of
``generationConfig``), ``omit``, ``structured`` (false: schemas are not
enforced; true: labels are too).

For Vertex set ``base_url: https://HOST/v1/projects/P/locations/L/publishers/google`` and
``api_key_env`` to a variable with an access token; it is then sent as a bearer token.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote

from claimbench.errors import MalformedStream
from claimbench.provider.contract import ProviderContext
from claimbench.provider.sent import Sent, call_seed
from claimbench.provider.usage import normalise_gemini
from claimbench.transport.client import Reply
from claimbench.types import (
    Arm,
    ConstraintKind,
    Delta,
    Event,
    Json,
    Meta,
    Request,
    ToolCall,
    UsageReport,
)
from claimbench_providers.arm_options import ArmOptions
from claimbench_providers.endpoints.carried import (
    Fragment,
    NotCarried,
    Parts,
    Writing,
    effort_fragment,
    merged,
    read_sent,
    tokens_of,
)
from claimbench_providers.endpoints.faults import error_chunk, error_in, is_filter_chunk
from claimbench_providers.endpoints.reading import ends
from claimbench_providers.endpoints.reading.bodies import word
from claimbench_providers.endpoints.reading.chunks import SEVERAL
from claimbench_providers.endpoints.reading.content import PassedOver, texts, unknown_shape
from claimbench_providers.endpoints.reading.ends import NO_END, End, done_of, end_of
from claimbench_providers.endpoints.reading.usages import UsageReports, with_tier
from claimbench_providers.endpoints.sending.additions import refuse_replacing
from claimbench_providers.endpoints.sse import Reader, SseEndpoint
from claimbench_providers.endpoints.tools import wire

BUDGET_OF = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}
"""Levels as thinking budgets of Gemini 2.5: Google's own mapping for its OpenAI-compatible API."""

WRITING = Writing(
    {
        "temperature": ("generationConfig", "temperature"),
        "top_p": ("generationConfig", "topP"),
        "seed": ("generationConfig", "seed"),
        "stop": ("generationConfig", "stopSequences"),
        "max_tokens": ("generationConfig", "maxOutputTokens"),
        "tools": ("tools",),
        "tool_choice": ("toolConfig",),
    },
    (
        "generationConfig.responseMimeType",
        "generationConfig.responseSchema",
        "generationConfig.responseJsonSchema",
    ),
)

FILTERED = ("OTHER", "LANGUAGE", "IMAGE_OTHER")
"""Google's own words for a refusal, beside those of the table of all protocols."""
FIELDS = (
    "candidates",
    "promptFeedback",
    "usageMetadata",
    "modelVersion",
    "responseId",
    "createTime",
)
SILENT_PARTS = frozenset(
    {
        "thoughtSignature",
        "executableCode",
        "codeExecutionResult",
        "inlineData",
        "fileData",
        "functionResponse",
        "thought",
    }
)
"""Parts that hold no words of the answer."""


def create(arm: Arm, context: ProviderContext) -> GeminiProvider:
    """The provider factory named in the entry points; checks options, opens nothing."""
    return GeminiProvider(arm, context)


def effort_gemini(effort: str, model: str) -> Fragment:
    """Write a reasoning effort as ``model`` takes it: levels from Gemini 3 on, budgets for 2.5."""
    budget = tokens_of(effort)
    if re.search(r"gemini-2\.5", model):
        if effort == "none":
            budget = 0
        elif budget is None:
            budget = BUDGET_OF.get(effort)
        if budget is None:
            raise NotCarried(f"{model} takes none, {', '.join(BUDGET_OF)} or a number of tokens")
        if budget == 0 and "pro" in model:
            raise NotCarried(f"{model} always thinks; its least is a number of tokens, 128")
        return _thinking({"thinkingBudget": budget})
    if re.search(r"gemini-(?:[3-9]|\d\d)", model):
        if budget is not None or effort not in BUDGET_OF:
            raise NotCarried(
                f"{model} takes {', '.join(BUDGET_OF)}, and cannot be told not to think"
            )
        if effort == "minimal" and "pro" in model:
            raise NotCarried(f"{model} has no level minimal; its least is low")
        return _thinking({"thinkingLevel": effort})
    raise NotCarried(f"{model} is not known to take a level or a budget")


def _thinking(config: Fragment) -> Fragment:
    return {"generationConfig": {"thinkingConfig": config}}


class GeminiProvider(SseEndpoint):
    """See the module."""

    usual_url = "https://generativelanguage.googleapis.com/v1beta"
    usual_key = "GEMINI_API_KEY"

    def __init__(self, arm: Arm, context: ProviderContext) -> None:
        super().__init__(arm, context)
        options = ArmOptions(
            arm, ("headers", "extra_body", "extra_config", "omit", "structured", "accept_model")
        )
        self._headers = {name: str(value) for name, value in options.mapping("headers").items()}
        self._extra = dict(options.mapping("extra_body"))
        self._config = dict(options.mapping("extra_config"))
        refuse_replacing(arm, "extra_body", self._extra)
        self._omit = options.omitted()
        self._structured = options.flag("structured", False) if options.has("structured") else None

    def address(self) -> str:
        """``models/MODEL:streamGenerateContent`` as server-sent events."""
        base = self._url if re.search(r"/v\d", self._url) else f"{self._url}/v1beta"
        return f"{base}/models/{quote(self._arm.model, safe='-._')}:streamGenerateContent?alt=sse"

    def headers(self, key: str | None) -> dict[str, str]:
        """The key: of the Gemini API as its own header, of Vertex as a bearer token."""
        if key is None:
            return self._headers
        vertex = "/projects/" in self._url
        return (
            {"Authorization": f"Bearer {key}"} if vertex else {"x-goog-api-key": key}
        ) | self._headers

    def constraint(self, request: Request) -> ConstraintKind:
        """As in the openai provider: schemas unless ``structured`` is false, labels only if it is
        true.
        """
        if request.answer_schema is not None and not request.labels:
            return "none" if self._structured is False else "json_schema"
        return "json_schema" if request.labels and self._structured else "none"

    def body(self, request: Request) -> dict[str, Json]:
        """The request; roles are user and model, the system turn stands apart."""
        spoken = [message for message in request.messages if message.role != "system"]
        turns = wire.gemini_contents(spoken, self._arm.model)
        if request.prompt is not None:
            turns = [{"role": "user", "parts": [{"text": request.prompt}]}]
        fields: dict[str, tuple[str, Json]] = {
            "max_tokens": ("maxOutputTokens", request.max_tokens),
            "temperature": ("temperature", request.params.temperature),
            "top_p": ("topP", request.params.top_p),
            "seed": ("seed", call_seed(request)),
            "stop": ("stopSequences", list(request.stop) or None),
        }
        config: dict[str, Json] = {
            wire: value
            for name, (wire, value) in fields.items()
            if value is not None and name not in self._omit
        }
        if self.constraint(request) == "json_schema":
            if request.labels:
                enum = {"type": "STRING", "enum": list(request.labels)}
                space: dict[str, Json] = {
                    "responseMimeType": "text/x.enum",
                    "responseSchema": enum,
                }
            else:
                space = {
                    "responseMimeType": "application/json",
                    "responseJsonSchema": request.answer_schema,
                }
            config |= space
        body: dict[str, Json] = {"contents": turns, "generationConfig": config}
        body |= wire.gemini_tools(request)
        body = merged(body, self._effort(request)[0])
        body = merged(body, {"generationConfig": self._config})
        system = "\n\n".join(m.content for m in request.messages if m.role == "system")
        if system:
            body["systemInstruction"] = {"parts": [{"text": system}]}
        return merged(body, self._extra)

    def _effort(self, request: Request) -> tuple[Fragment, str | None]:
        return effort_fragment(effort_gemini, request, self._arm.model, self._omit)

    def sent(self, request: Request) -> Sent:
        """See :class:`~claimbench.provider.sent.SaysSent`."""
        effort, why = self._effort(request)
        parts = Parts(
            effort,
            partial(effort_gemini, model=self._arm.model),
            wire.gemini_tools(request),
            merged({"generationConfig": self._config}, self._extra),
            self._headers,
        )
        return read_sent(
            self.body(request),
            request,
            WRITING,
            parts,
            constraint=self.constraint(request),
            refused={} if why is None else {"reasoning_effort": why},
            omit=self._omit,
        )

    def _events(self, reply: Reply, request: Request) -> Iterator[Event]:
        """Add the tier that was served, which a header says, to the usage."""
        tier = reply.headers.get("x-gemini-service-tier")
        for event in super()._events(reply, request):
            if isinstance(event, UsageReport):
                event = replace(event, raw=with_tier(event.raw, tier))
            yield event

    def reader(self, request: Request, meta: Meta) -> Reader:  # noqa: ARG002 - the protocol's
        """A reader of GenerateContentResponse objects."""
        return GeminiReader(meta)


class GeminiReader:
    """Read the events of one stream of GenerateContentResponse objects; usage is cumulative, the
    last one counts.
    """

    def __init__(self, meta: Meta) -> None:
        self._meta = meta
        self._announced = False
        self._reports = UsageReports()
        self._end = NO_END
        self._marked = False
        self._answered = False
        self._several = False
        self._end_ns: int | None = None
        self._passed = PassedOver()
        self._tools: list[ToolCall] = []

    @property
    def complete(self) -> bool:
        """Tell whether the answer has come to a regular end."""
        return self._end.kind in ("end", "unknown") or (self._marked and self._answered)

    def marked(self) -> None:
        """Note that the body is whole."""
        self._marked = True

    def read(self, event: str, data: Mapping[str, Any], received_ns: int) -> Iterator[Event]:  # noqa: ARG002
        """Yield the events of one object.

        Raises:
            ProviderError: an error, or an object that is no response.
        """
        if "candidates" not in data and (error := error_in(data)) is not None:
            if self.complete or not is_filter_chunk(error):
                raise error_chunk(error)
            self._end = ends.FILTERED
            self._end_ns = received_ns
            return
        if not any(name in data for name in FIELDS):
            if data.get("error"):
                raise error_chunk(data["error"])
            raise MalformedStream(f"an object without candidates: {str(dict(data))[:200]}")
        if not self._announced:
            self._announced = True
            yield replace(
                self._meta,
                model_returned=word(data.get("modelVersion")),
                request_id=word(data.get("responseId")) or self._meta.request_id,
                received_ns=received_ns,
            )
        blocked = (data.get("promptFeedback") or {}).get("blockReason")
        if blocked:
            self._end = End("end", "content_filter", str(blocked))
            self._end_ns = received_ns
        candidates = [one for one in data.get("candidates") or () if one is not None]
        self._several = self._several or len(candidates) > 1
        for candidate in candidates:
            if not isinstance(candidate, Mapping):
                raise unknown_shape(candidate)
            if (candidate.get("index") or 0) == 0:
                yield from self._candidate(candidate, received_ns)
                break
        self._reports.take(data.get("usageMetadata"), received_ns)

    def _candidate(self, candidate: Mapping[str, Any], received_ns: int) -> Iterator[Event]:
        content = candidate.get("content") or {}
        parts = content.get("parts") or () if isinstance(content, Mapping) else (content,)
        for part in parts:
            call = part.get("functionCall") if isinstance(part, Mapping) else None
            if call:
                self._tools.append(
                    ToolCall(
                        word(call.get("name")) or "",
                        json.dumps(call.get("args") or {}),
                        word(call.get("id")),
                        received_ns,
                    )
                )
            elif isinstance(part, Mapping) and "text" not in part and SILENT_PARTS & set(part):
                continue
            else:
                yield from self._texts(part, received_ns)
        reason = candidate.get("finishReason")
        end = End("end", "content_filter", reason) if reason in FILTERED else end_of(reason)
        if end.kind != "none":
            self._end = end
            self._end_ns = received_ns

    def _texts(self, part: Any, received_ns: int) -> Iterator[Event]:
        for text, kind in texts(part, passed=self._passed):
            self._reports.text_came()
            self._end_ns = received_ns
            self._answered = self._answered or (kind == "answer" and bool(text.strip()))
            yield Delta(text, kind, received_ns)

    def finish(self) -> Iterator[Event]:
        """Yield tool calls, usage, Done.

        Raises:
            IncompleteStream: there is no finish reason, and the body is not one value.
            ServerFault: the finish reason says that the server gave up.
        """
        yield from self._tools
        usage, said = self._reports.report(
            normalise_gemini, whole=self._marked or self._end.kind != "none"
        )
        if usage is not None:
            yield usage
        end = self._end
        if self._tools and end.reason == "stop":
            end = replace(end, reason="tool_calls")
        answered = self._answered or bool(self._tools)
        passed = self._passed.remark(end, answered=answered)
        remarks = (said, SEVERAL if self._several else None, passed)
        yield done_of(end, self._marked and answered, remarks, self._end_ns)
