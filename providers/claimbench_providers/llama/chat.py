"""Chat messages to the prompt a GGUF model was trained on, by the Jinja template in its
metadata.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from claimbench.errors import BadRequest, ModelError
from claimbench.types import Json, Message, Request, ToolSpec, ToolTurn
from claimbench_providers.llama.tools import template_message, template_tools

FIXED_DATE = "2026-01-01"
"""What templates that print today's date are given, so that a run repeated tomorrow sends the same
prompt.
"""


class ChatTemplate:
    """A compiled template, rendered in Jinja's immutable sandbox: model files come from
    strangers.
    """

    def __init__(
        self,
        source: str,
        *,
        bos: str,
        eos: str,
        origin: str,
        extra: Mapping[str, Json] | None = None,
    ) -> None:
        from jinja2.sandbox import ImmutableSandboxedEnvironment
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        from claimbench.template_process import UNREADABLE, syntax_fault

        # The settings of Hugging Face's apply_chat_template, which these templates are written for.
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[Jinja2ChatFormatter.IgnoreGenerationTags, "jinja2.ext.loopcontrols"],
        )
        environment.filters["tojson"] = _tojson
        environment.globals["raise_exception"] = _refuse
        environment.globals["strftime_now"] = _strftime
        self.origin = origin
        self.source = source
        self.sha256 = hashlib.sha256(source.encode()).hexdigest()
        self.dated = "strftime_now" in source
        self._variables = {"bos_token": bos, "eos_token": eos, **(extra or {})}
        try:
            self._template = environment.from_string(source)
        except UNREADABLE as error:
            message, line = syntax_fault(error)
            raise ModelError(
                f"the chat template ({origin}) cannot be read: line {line}: {message}"
            ) from error

    def render(self, messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> str:
        """The prompt, with the opening of the assistant's turn; ``tools``: for a template that
        reads them.

        Raises:
            BadRequest: the template refuses the messages (many know no system role) or fails on
                them.
        """
        import jinja2

        turns = [template_message(m) for m in messages]
        try:
            return self._template.render(
                messages=turns,
                add_generation_prompt=True,
                tools=template_tools(tools) or None,
                **self._variables,
            )
        except (
            jinja2.TemplateError,
            ArithmeticError,
            AttributeError,
            LookupError,
            RecursionError,
            TypeError,
            ValueError,
        ) as error:
            roles = ", ".join(m.role for m in messages)
            raise BadRequest(
                f"the model's chat template refuses these messages ({roles}): {error}",
                hint=(
                    "put the system text into the first user turn, or name another template in"
                    " `options`"
                ),
                billable="no",
            ) from error

    def render_apart(
        self,
        messages: Sequence[Message],
        control_texts: re.Pattern[str] | None,
        tools: Sequence[ToolSpec] = (),
    ) -> tuple[str, str]:
        """Return the prompt, and the mark that stands inside every spelling of a control token that
        came with the contents; empty where none did.

        Only what the template itself writes may become a control token: a row that spells one is
        text. The mark is a character that no text may hold; it is taken out after the template's
        own tokens have been found.
        """
        contents = [message.content for message in messages]
        for message in messages:
            if isinstance(message, ToolTurn):
                contents += [call.arguments for call in message.calls]
        if control_texts is None or not any(control_texts.search(text) for text in contents):
            return self.render(messages, tools), ""
        mark = next(c for c in _NONCHARACTERS if not any(c in text for text in contents))

        def broken(found: re.Match[str]) -> str:
            return found.group()[0] + mark + found.group()[1:]

        apart: list[Message] = []
        for message in messages:
            whole = replace(message, content=control_texts.sub(broken, message.content))
            if isinstance(whole, ToolTurn):
                calls = [
                    replace(call, arguments=control_texts.sub(broken, call.arguments))
                    for call in whole.calls
                ]
                whole = replace(whole, calls=tuple(calls))
            apart.append(whole)
        return self.render(apart, tools), mark


_NONCHARACTERS = [chr(code) for code in range(0xFDD0, 0xFDF0)]


def template_source(
    choice: str, metadata: Mapping[str, str], suite_dir: Path, model: str
) -> tuple[str, str] | None:
    """The template's text and where it comes from; None for plain completion.

    Args:
        choice: ``gguf``, ``none`` or a file with a Jinja template (relative to the suite).
        metadata: the model's metadata.
        suite_dir: folder of the suite file.
        model: the model's name, for the error.

    Raises:
        ModelError: the GGUF holds no template, or the file cannot be read.
    """
    if choice == "none":
        return None
    if choice == "gguf":
        source = metadata.get("tokenizer.chat_template")
        if not source:
            raise ModelError(
                f"{model} holds no chat template",
                hint=(
                    "for a base model set `options: {chat_template: none}`; else give a Jinja file"
                    " there"
                ),
            )
        return source, "gguf"
    path = suite_dir / choice
    try:
        return path.read_text(encoding="utf-8"), choice
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"options.chat_template: cannot read {path}: {error}",
            hint="it may be `gguf`, `none` or a Jinja file",
        ) from error


def told_to_template(
    request: Request, omit: Collection[str], variables: Mapping[str, Json]
) -> tuple[str | None, dict[str, Json]]:
    """Return the reasoning effort that a template is told, and what else it is by the arm's own
    variables, by their names.

    Args:
        request: says the declared effort.
        omit: what the arm leaves out of it.
        variables: the arm's own; they outrank what the effort says.
    """
    declared = None if "reasoning_effort" in omit else request.params.reasoning_effort
    own, thinks = variables.get("reasoning_effort"), variables.get("enable_thinking")
    effort = declared if own is None else str(own)
    if effort is None and thinks is not None:
        effort = "on" if thinks else "none"
    elif thinks is not None and bool(thinks) is (effort == "none"):
        effort = f"{effort}, with enable_thinking {json.dumps(thinks)}"
    others = {
        f"template_vars.{name}": value
        for name, value in variables.items()
        if name not in ("reasoning_effort", "enable_thinking")
    }
    return effort, others


def effort_variables(effort: str, source: str | None, model: str) -> dict[str, Json]:
    """Return the template variables that say a reasoning effort.

    A variable that the template does not read would change nothing, so that the effort could not be
    said to be sent.

    Args:
        effort: a word, ``none``, or a number of tokens.
        source: the template's text; None for plain completion.
        model: the model's name, for the error.

    Raises:
        ModelError: the template has no variable for it.
    """
    text = source or ""
    if effort == "none":
        if "enable_thinking" in text:
            return {"enable_thinking": False}
        if not re.search(r"think|reasoning", text):
            return {}  # a model that does not reason has nothing to switch off
    elif effort.isdecimal():
        if "thinking_budget" in text:
            return {"thinking_budget": int(effort)}
    elif "reasoning_effort" in text:
        switch = {"enable_thinking": True} if "enable_thinking" in text else {}
        return {**switch, "reasoning_effort": effort}
    has = "reads enable_thinking, so say none" if "enable_thinking" in text else "reads none"
    raise ModelError(
        f"reasoning_effort {effort!r} cannot reach {model}: its chat template has no variable for"
        f" it ({has})",
        hint="give the arm `omit: [reasoning_effort]`, or say it in options.template_vars",
    )


def plain_prompt(messages: Sequence[Message]) -> str:
    """Messages as one text for a base model: the turns' contents, a blank line between them, no
    roles.
    """
    return "\n\n".join(m.content for m in messages)


def _tojson(
    value: Any, ensure_ascii: bool = False, indent: int | None = None, **options: Any
) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, **options)


def _refuse(message: str) -> str:
    raise ValueError(message)


def _strftime(form: str) -> str:
    from datetime import date

    return date.fromisoformat(FIXED_DATE).strftime(form)
