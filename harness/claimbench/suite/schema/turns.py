"""The turns of a prompt, as a suite file writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from claimbench.suite.schema.base import Strict


class RoleTurn(Strict):
    """One chat turn."""

    role: Literal["system", "user", "assistant"]
    content: str = Field(min_length=1)
    """Jinja2 template."""


class SystemTurn(Strict):
    """What the model is told before anything else."""

    system: str = Field(min_length=1)
    """Jinja2 template. Keep it free of the sample's variables: then its computation is shared by
    all samples.
    """


class UserTurn(Strict):
    """What the user says."""

    user: str = Field(min_length=1)
    """Jinja2 template; `{{ name }}` is a column, `{{ labels | join(', ') }}` the task's labels."""


class AssistantTurn(Strict):
    """What the model is made to have said."""

    assistant: str = Field(min_length=1)
    """Jinja2 template."""


class OwnTurns(Strict):
    """A conversation of each sample's own: turns of different roles and numbers."""

    turns: str = Field(pattern=r"^[A-Za-z_]\w*$")
    """Column (or variable) that holds the turns: a list of {role, content}, the user's last."""


class ConversationTurns(Strict):
    """A conversation that is held: the user's turns are asked one after the other, and the model's
    own answers stand between them.
    """

    conversation: str = Field(pattern=r"^[A-Za-z_]\w*$")
    """Column (or variable) that holds the user's turns: a list of texts, or of {user, target}. Each
    turn is a call of its own. The last entry of the prompt."""


_KINDS = ("system", "assistant", "turns", "conversation")


def _turn_kind(value: Any) -> str:
    if isinstance(value, RoleTurn) or (
        isinstance(value, Mapping) and ("role" in value or "content" in value)
    ):
        return "role"
    if isinstance(value, Mapping):
        return next((kind for kind in _KINDS if kind in value), "user")
    return next((kind for kind in _KINDS if hasattr(value, kind)), "user")


Turn = Annotated[
    Annotated[RoleTurn, Tag("role")]
    | Annotated[SystemTurn, Tag("system")]
    | Annotated[UserTurn, Tag("user")]
    | Annotated[AssistantTurn, Tag("assistant")]
    | Annotated[OwnTurns, Tag("turns")]
    | Annotated[ConversationTurns, Tag("conversation")],
    Discriminator(_turn_kind),
]
