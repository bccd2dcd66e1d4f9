"""Templates of a suite file, checked before the first row: errors name the line inside the file."""

from __future__ import annotations

import re
from collections.abc import Collection

from jinja2._identifier import pattern as name_re

from claimbench.error_words import did_you_mean, one_of
from claimbench.plan import prompts
from claimbench.suite.document import Loc, YamlDocument
from claimbench.suite.schema.turns import (
    AssistantTurn,
    ConversationTurns,
    OwnTurns,
    RoleTurn,
    SystemTurn,
    UserTurn,
)
from claimbench.types import Message

_RESERVED = frozenset(
    {
        # Functions that templates have
        "dict",
        "namespace",
        "range",
        "and",
        "or",
        "not",
        "if",
        "else",
        "elif",
        "in",
        "is",
        "true",
        "false",
        "none",
        "True",
        "False",
        "None",
    }
)


def identifier(column: str) -> str:
    """Return a column's name as a template variable: ``Ticket text`` -> ``Ticket_text``, ``2nd`` ->
    ``_2nd``.

    A character must be good in a name for Python and for Jinja2, which know different versions of
    Unicode.
    """
    spelled = ""
    for char in column.strip():
        usable = f"_{char}".isidentifier() and name_re.fullmatch(f"_{char}")
        spelled += char if usable else "_"
    name = re.sub("_+", "_", spelled).strip("_") or "_"
    if not name[0].isidentifier():
        return f"_{name}"
    return f"{name}_" if name in _RESERVED else name


def message_of(
    turn: RoleTurn | SystemTurn | UserTurn | AssistantTurn | OwnTurns | ConversationTurns,
) -> Message:
    """Return a turn of a prompt as the core knows it."""
    if isinstance(turn, ConversationTurns):
        return Message("conversation", prompts.own_source(turn.conversation))
    if isinstance(turn, OwnTurns):
        return Message("turns", prompts.own_source(turn.turns))
    if isinstance(turn, RoleTurn):
        return Message(turn.role, turn.content)
    if isinstance(turn, SystemTurn):
        return Message("system", turn.system)
    if isinstance(turn, AssistantTurn):
        return Message("assistant", turn.assistant)
    return Message("user", turn.user)


def check_template(
    document: YamlDocument, loc: Loc, source: str, known: Collection[str]
) -> frozenset[str]:
    """Return the names that the template at ``loc`` reads.

    Raises:
        SuiteError: a template that cannot be parsed, or a name that is not ``known``.
    """
    fault = prompts.check_syntax(source)
    if fault is not None:
        line = document.template_line(loc, fault[1])
        raise document.error(loc, f"the template is broken: {fault[0]}", line=line)
    read = prompts.variables(source)
    for name in sorted(read - set(known)):
        message = f"undefined template variable '{name}'{did_you_mean(name, known)}"
        line = document.line_of(loc, name)
        raise document.error(
            loc, message, line=line, hint=f"variables: {one_of(sorted(known), 30)}"
        )
    return read
