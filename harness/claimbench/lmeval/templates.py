"""lm-eval's templates in a sandbox: theirs are rendered where anything can be reached.

:func:`install` puts the sandbox in place of lm-eval's environment. Templates give the same texts;
one that could run for ever is rendered by :mod:`claimbench.template_process`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import BaseLoader, StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from claimbench.template_process import (
    UNREADABLE,
    TemplateHangs,
    TemplateProcess,
    TemplateRaises,
    is_plain,
    serve_templates,
    syntax_fault,
)

_PROCESS = TemplateProcess("claimbench.lmeval.templates")


def install() -> None:
    """Let lm-eval render with the sandbox, from here on."""
    from lm_eval import utils

    utils.env = _environment()
    utils.apply_template = apply_template


def apply_template(template: str, doc: Mapping[str, Any]) -> str:
    """Render one template with a document's fields, as lm-eval's function of this name.

    Raises:
        ValueError: it fails, or takes longer or more memory than is allowed.
    """
    try:
        rendered = _rendered if _is_plain(template) else _PROCESS.render
        return rendered(template, doc)
    except (TemplateHangs, TemplateRaises) as error:
        raise ValueError(f"a template of the task fails: {error}") from None
    except UNREADABLE as error:
        message, _ = syntax_fault(error)
        raise ValueError(f"a template of the task cannot be read: {message}") from None


def serve() -> None:
    """Work as the process that renders templates for another."""
    serve_templates(_rendered)


@lru_cache(maxsize=1)
def _environment() -> ImmutableSandboxedEnvironment:
    # As lm-eval's own, but for the sandbox; not optimised: see claimbench.plan.prompts
    environment = ImmutableSandboxedEnvironment(
        loader=BaseLoader(),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        optimized=False,
    )
    environment.filters["regex_replace"] = _regex_replace
    return environment


def _regex_replace(text: str, pattern: str, new: str, count: int = 0) -> str:
    return re.sub(pattern, new, text, count=count)


@lru_cache(maxsize=256)
def _compile(source: str) -> Template:
    return _environment().from_string(source)


@lru_cache(maxsize=256)
def _is_plain(source: str) -> bool:
    return is_plain(_environment().parse(source))


def _rendered(source: str, context: Mapping[str, Any]) -> str:
    try:
        return _compile(source).render(**context)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - a template may raise anything its operators can
        raise TemplateRaises(f"{type(error).__name__}: {error}", undefined=False) from None
