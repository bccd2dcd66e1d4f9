"""``http``: a whole system behind an address of its own - retrieval, tools and prompts included.

The arm's ``base_url`` is the whole address; ``options`` say the rest:

* ``method`` (POST), ``headers`` (``{key}`` stands for the key, which the suite names and never
  holds), ``query`` and ``body``: JSON whose texts are templates
  (:mod:`claimbench_providers.endpoints.http.template`);
* ``response``: paths (:mod:`claimbench_providers.endpoints.http.paths`) to the ``answer``, or to
  the ``delta`` in each event of a stream, and where the system says them to ``citations``,
  ``usage``, ``cost`` (dollars of this request), ``model``, ``id``, ``finish`` and ``error``;
* ``no_key``: an address beyond this machine that asks for none;
* ``omit``: parameters of the suite that the system cannot take.

A system that gives no tokens is priced by ``cost: {price: {per_request: ...}}``. Stamps, redirects
and refusals are those of every endpoint on the core's transport
(:mod:`claimbench_providers.endpoints.sse`).
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from claimbench.errors import BadRequest, PluginError
from claimbench.provider.contract import ProviderContext
from claimbench.provider.sent import OMISSIBLE, Sent, asked
from claimbench.transport.client import Reply, Timeouts
from claimbench.types import Arm, ConstraintKind, Json, Meta, Request
from claimbench_providers import hosts, keys
from claimbench_providers.arm_options import ArmOptions
from claimbench_providers.endpoints.chat_wire import no_continuations
from claimbench_providers.endpoints.http.responses import MappedReader, read_response
from claimbench_providers.endpoints.http.template import (
    PARAMETERS,
    RequestTemplate,
    context_of,
    read_template,
)
from claimbench_providers.endpoints.sse import Reader, SseEndpoint, as_json
from claimbench_providers.stop_text import TextStream

OPTIONS = ("method", "headers", "query", "body", "response", "omit", "no_key")
METHODS = ("POST", "GET", "PUT", "PATCH")
KEY = "{key}"
_SECRET_NAME = re.compile(
    r"(?i)authorization|(?:^|[-_])(?:key|token|secret|cookie|password)|apikey"
)


def create(arm: Arm, context: ProviderContext) -> HttpProvider:
    """The provider factory named in the entry points; checks options, opens nothing."""
    if arm.base_url is None:
        raise PluginError(
            f"arm {arm.name!r}: provider http needs a base_url: the whole address of the system",
            hint="base_url: https://desk.example/api/answer",
        )
    return HttpProvider(arm, context)


class HttpProvider(SseEndpoint):
    """See the module."""

    ends_with_body = True

    def __init__(self, arm: Arm, context: ProviderContext) -> None:
        super().__init__(arm, context)
        self._url = arm.base_url or ""
        if not re.match(r"(?i)https?://[^/\s]", self._url) or urlsplit(self._url).fragment:
            raise PluginError(
                f"arm {arm.name!r}: base_url {self._url!r} is not an address",
                hint="it looks like https://host/path",
                option="base_url",
            )
        options = ArmOptions(arm, OPTIONS)
        self.method = options.text("method", "POST", choices=METHODS) or "POST"
        self._headers = {name: str(value) for name, value in options.mapping("headers").items()}
        self._no_key = options.flag("no_key", False)
        self._omit = options.omitted()
        self._template = _template(arm, options, self.method, self._omit)
        self._paths = read_response(arm, options.mapping("response"))
        self._check_headers()

    def _check_headers(self) -> None:
        """Refuse a key that is written instead of named, and a place for one that is none."""
        for name, value in self._headers.items():
            if _SECRET_NAME.search(name) and KEY not in value:
                raise PluginError(
                    f"arm {self._arm.name!r}: options.headers.{name} holds what is sent as a"
                    " secret",
                    hint=f'name the key by api_key_env, and write "{KEY}" in its place',
                    option="headers",
                )
        if self._no_key and any(KEY in value for value in self._headers.values()):
            raise PluginError(
                f"arm {self._arm.name!r}: options.headers asks for a key, and no_key says there is"
                " none",
                option="no_key",
            )

    def address(self) -> str:
        """The arm's whole address; the query of a request is added as it is sent."""
        return self._url

    def missing(self) -> str | None:
        """Say why the arm cannot run here: a key that is not set or not named."""
        if self._no_key:
            offline = self._context.offline and not hosts.is_local(self._url)
            return "the run is offline" if offline else None
        found = keys.why_missing(self._arm, self._context, self._url, None)
        wants = any(KEY in value for value in self._headers.values())
        if found is None and wants and keys.key_of(self._arm, self._context, None) is None:
            return f"api_key_env is not given, and a header holds {KEY}"
        if found is not None and "api_key_env is not given" in found:
            return f"{found}; a system that asks for none: options: {{no_key: true}}"
        return found

    def key(self) -> str | None:
        """The key; None for a system that needs none."""
        if self._no_key:
            return None
        if why := self.missing():
            raise PluginError(f"arm {self._arm.name!r} cannot run: {why}")
        return keys.key_of(self._arm, self._context, None)

    def headers(self, key: str | None) -> dict[str, str]:
        """The arm's headers with the key in its place; a bearer token where none names one."""
        sent = {name: value.replace(KEY, key or "") for name, value in self._headers.items()}
        if key is not None and not any(KEY in value for value in self._headers.values()):
            sent = {"Authorization": f"Bearer {key}", **sent}
        if "delta" not in self._paths.paths and not any(n.lower() == "accept" for n in sent):
            sent["Accept"] = "application/json"
        return sent

    def constraint(self, request: Request) -> ConstraintKind:
        """A schema or labels count as enforced only where the request hands them over."""
        if request.labels:
            return "json_schema" if "labels" in self._template.reads else "none"
        wanted = request.answer_schema is not None and "schema" in self._template.reads
        return "json_schema" if wanted else "none"

    def sent(self, request: Request) -> Sent:
        """Say what goes out by what the template reads.

        Raises:
            PluginError: the template fails on this request.
        """
        try:
            self._template.body_for(request)
            self._template.query_for(request)
        except BadRequest as error:
            columns = ", ".join(list(request.row)[:20]) or "none"
            hint = f"{error.hint}; columns of row: {columns}"
            raise PluginError(error.message, hint=hint, option="body") from None
        wanted = asked(request)
        carried = {PARAMETERS[name] for name in self._template.reads if name in PARAMETERS}
        values: dict[str, Json] = {name: value for name, value in wanted.items() if name in carried}
        values["answer_constraint"] = self.constraint(request)
        refused = {
            name: f"the request template does not read it ({{{{ {name} | tojson }}}})"
            for name in wanted
            if name in OMISSIBLE and name not in carried and name not in self._omit
        }
        for name in ("tools", "tool_choice"):
            if name in wanted and name not in carried:
                refused[name] = "a whole system behind HTTP is offered no tools"
        here: tuple[str, ...] = ()
        if "stop" in wanted and "stop" not in values and "stop" in self._omit:
            values["stop"] = wanted["stop"]
            here = ("stop",)
        return Sent(
            values=values,
            added=self._left_out(request),
            refused=refused,
            omitted=tuple(n for n in wanted if n in self._omit and n not in carried),
            here=here,
        )

    def _left_out(self, request: Request) -> dict[str, Json]:
        """Return what other arms are told and this one is not: system turns and examples."""
        if self._template.reads & {"messages", "transcript"}:
            return {}
        told = context_of(request, self._arm.model)
        turns: Any = told["messages"]
        read_row_only = "prompt" not in self._template.reads
        left = len(turns) - (0 if read_row_only else 1)
        if told["system"] is not None and "system" in self._template.reads:
            left -= sum(turn["role"] == "system" for turn in turns)
        return {"turns_left_out": left} if left > 0 else {}

    def details(self) -> dict[str, Json]:
        """Describe how requests go out and answers are read; no key stands in it."""
        return {
            "protocol": "http",
            "method": self.method,
            "body": self._template.body,
            "query": dict(self._template.query),
            "response": self._paths.described,
            "parameters_omitted": list(self._omit),
        }

    def body(self, request: Request) -> dict[str, Json]:
        """The request as JSON; see :meth:`RequestTemplate.body_for`."""
        made: Any = self._template.body_for(request)
        return made if isinstance(made, dict) else {"": made}

    async def _send(self, request: Request) -> Reply:
        if self._client is None or self._target is None:
            raise PluginError(f"arm {self._arm.name!r} is not started")
        no_continuations(request)
        made = self._template.body_for(request)
        data = b"" if made is None else as_json(made)
        target = self._target
        query = self._template.query_for(request)
        if query:
            mark = "&" if urlsplit(self._url).query else "?"
            target = self._client.target(
                f"{self._url}{mark}{query}", self.sent_headers(), self.method
            )
        timeouts = Timeouts(total_s=request.timeout_s, connect_s=request.connect_timeout_s)
        return await self._client.send(target, data, timeouts)

    def reader(self, request: Request, meta: Meta) -> Reader:
        """A reader by the arm's paths; cuts at stop strings that are not handed over."""
        cut = None
        if request.stop and "stop" not in self._template.reads:
            cut = TextStream(request.stop)
        return MappedReader(self._paths, meta, cut)


def _template(arm: Arm, options: ArmOptions, method: str, omit: tuple[str, ...]) -> RequestTemplate:
    body: Json = dict(options.mapping("body")) if options.has("body") else None
    if method == "GET" and body is not None:
        raise PluginError(
            f"arm {arm.name!r}: a GET has no body", hint="use options.query", option="body"
        )
    return read_template(arm.name, arm.model, body, options.mapping("query"), omit)
