"""The request of an ``http`` arm: JSON and query whose texts are sandboxed templates.

A text that is one ``{{ … | tojson }}`` becomes that JSON value, and a field whose value is then
null is left out: a parameter that the suite does not set is not sent. Every other text stays a
text. What a template reads says which of a suite's parameters go out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from claimbench.errors import BadRequest, PluginError
from claimbench.plan import prompts
from claimbench.provider.sent import call_seed
from claimbench.template_process import TemplateHangs, TemplateRaises
from claimbench.types import Json, Request

ASKED = ("prompt", "system", "messages", "transcript", "row")
"""What a template reads of the question."""
PARAMETERS: Mapping[str, str] = {
    "temperature": "temperature",
    "top_p": "top_p",
    "seed": "seed",
    "stop": "stop",
    "reasoning_effort": "reasoning_effort",
    "max_tokens": "max_tokens",
    "schema": "answer_constraint",
    "labels": "answer_constraint",
}
"""Variable of a template -> the suite's parameter that goes out with it."""
VARIABLES = (*ASKED, *PARAMETERS, "model")
_VALUE = re.compile(r"\s*\{\{(?:(?!\}\}).)*\|\s*tojson\s*\}\}\s*\Z", re.DOTALL)
_LEFT_OUT = object()


def context_of(request: Request, model: str) -> dict[str, Json]:
    """Return what templates can read of one request."""
    turns = [{"role": m.role, "content": m.content} for m in request.messages]
    if request.prompt is not None:
        turns = [{"role": "user", "content": request.prompt}]
    users = [turn["content"] for turn in turns if turn["role"] == "user"]
    params = request.params
    return {
        "prompt": users[-1] if users else "",
        "system": "\n\n".join(t["content"] for t in turns if t["role"] == "system") or None,
        "messages": turns,
        "transcript": "\n\n".join(f"{t['role']}: {t['content']}" for t in turns),
        "row": dict(request.row),
        "temperature": params.temperature,
        "top_p": params.top_p,
        "seed": call_seed(request),
        "stop": list(request.stop) or None,
        "reasoning_effort": params.reasoning_effort,
        "max_tokens": request.max_tokens,
        "schema": None if request.answer_schema is None else dict(request.answer_schema),
        "labels": list(request.labels) or None,
        "model": model,
    }


@dataclass(frozen=True, slots=True)
class RequestTemplate:
    """The body and the query of an arm's requests.

    ``reads``: the variables that they use; those of ``omit`` are none of them, and read as null.
    """

    arm: str
    model: str
    body: Json
    query: Mapping[str, Json]
    reads: frozenset[str]
    omit: frozenset[str] = frozenset()

    def body_for(self, request: Request) -> Json:
        """Return the body of one request; None for an arm that sends none.

        Raises:
            BadRequest: a template that fails on this request.
        """
        if self.body is None:
            return None
        return self._filled(self.body, self._context(request), "body")

    def query_for(self, request: Request) -> str:
        """Return the query of one request, encoded; raises as :meth:`body_for` does."""
        filled = self._filled(dict(self.query), self._context(request), "query")
        pairs: list[tuple[str, str]] = []
        for name, value in filled.items():
            for one in value if isinstance(value, list) else [value]:
                pairs.append((name, one if isinstance(one, str) else json.dumps(one)))
        return urlencode(pairs)

    def _context(self, request: Request) -> dict[str, Json]:
        return context_of(request, self.model) | dict.fromkeys(self.omit)

    def _filled(self, value: Json, context: Mapping[str, Json], where: str) -> Any:
        if isinstance(value, str):
            return self._text(value, context, where)
        if isinstance(value, Mapping):
            whole = {}
            for name, inner in value.items():
                made = self._filled(inner, context, f"{where}.{name}")
                if made is not _LEFT_OUT:
                    whole[name] = made
            return whole
        if isinstance(value, list):
            made_all = [self._filled(one, context, f"{where}[{i}]") for i, one in enumerate(value)]
            return [one for one in made_all if one is not _LEFT_OUT]
        return value

    def _text(self, source: str, context: Mapping[str, Json], where: str) -> Any:
        if "{" not in source:
            return source
        try:
            text = prompts.render_text(source, context)
        except TemplateHangs as error:
            raise self._broken(where, f"is refused: {error}") from None
        except TemplateRaises as error:
            raise self._broken(where, f"fails: {error}") from None
        if _VALUE.match(source) is None:
            return text
        value = json.loads(text)
        return _LEFT_OUT if value is None else value

    def _broken(self, where: str, why: str) -> BadRequest:
        return BadRequest(
            f"arm {self.arm!r}: the request template {where} {why}",
            hint=f"variables: {', '.join(VARIABLES)}",
            billable="no",
        )


def read_template(
    arm: str, model: str, body: Json, query: Mapping[str, Json], omit: Sequence[str] = ()
) -> RequestTemplate:
    """Check the texts of a request before anything is sent.

    Raises:
        PluginError: a template that cannot be parsed, reads what there is not, or nothing of the
            question.
    """
    reads: set[str] = set()
    for where, source in [*_texts(body, "body"), *_texts(dict(query), "query")]:
        option = where.partition(".")[0].partition("[")[0]
        fault = prompts.check_syntax(source)
        if fault is not None:
            raise PluginError(
                f"arm {arm!r}: options.{where}: the template is broken: {fault[0]}", option=option
            )
        for name in sorted(prompts.variables(source)):
            if name not in VARIABLES:
                raise PluginError(
                    f"arm {arm!r}: options.{where}: undefined template variable {name!r}",
                    hint=f"variables: {', '.join(VARIABLES)}; a column of the data: row.{name}",
                    option=option,
                )
            reads.add(name)
    if not reads & set(ASKED):
        raise PluginError(
            f"arm {arm!r}: the request holds nothing of the question: neither options.body nor"
            " options.query reads it",
            hint='body: {question: "{{ prompt }}"}, or messages: "{{ messages | tojson }}"',
            option="body",
        )
    left_out = frozenset(name for name in omit if name in PARAMETERS)
    return RequestTemplate(arm, model, body, query, frozenset(reads) - left_out, left_out)


def _texts(value: Json, where: str) -> list[tuple[str, str]]:
    """List the texts in a JSON value with their places."""
    if isinstance(value, str):
        return [(where, value)]
    found: list[tuple[str, str]] = []
    if isinstance(value, Mapping):
        for name, inner in value.items():
            found += _texts(inner, f"{where}.{name}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            found += _texts(inner, f"{where}[{i}]")
    return found
