"""What an arm adds to its requests by itself: fields that would replace what the suite declares are
refused, headers are told.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping

from claimbench.errors import PluginError
from claimbench.provider.key_owners import looks_secret
from claimbench.types import Arm, Json

_MODEL = ("the arm's model", "write it as the arm's `model:` (its price: `cost.list`)")
_PROMPT = ("the task's prompt", "write it in the task's `prompt:`, which every arm is sent")
DECLARED: Mapping[str, tuple[str, str]] = {
    "model": _MODEL,
    "messages": _PROMPT,
    "input": _PROMPT,
    "contents": _PROMPT,
    "system": _PROMPT,
    "systemInstruction": _PROMPT,
    "system_instruction": _PROMPT,
}
"""Fields that hold what a suite declares -> what that is, and where it is to be written."""

NO_PARAMETERS = (
    *DECLARED,
    "stream",
    "stream_options",
    "store",
    "user",
    "metadata",
    "include",
    "reasoning.summary",
    "safety_identifier",
    "context_length_exceeded_behavior",
    "num_retries",
    "max_retries",
    "timeout",
)
"""Fields that hold what the suite declares for every arm alike, or say how an answer travels; the
latter change neither it nor its price.
"""

NO_MATTER = frozenset(
    {
        "accept",
        "accept-encoding",
        "appid",
        "authorization",
        "connection",
        "content-type",
        "cookie",
        "host",
        "http-referer",
        "openai-organization",
        "openai-project",
        "origin",
        "proxy-authorization",
        "referer",
        "traceparent",
        "user-agent",
        "x-client-request-id",
        "x-goog-user-project",
        "x-request-id",
        "x-title",
    }
)
"""Headers that say who asks; they change neither an answer nor its price."""

LONGEST = 80


def refuse_replacing(
    arm: Arm, option: str, fields: Mapping[str, Json], also: Mapping[str, tuple[str, str]] = {}
) -> None:
    """Refuse fields of an option that would stand in the place of what the suite declares: two arms
    would then be asked different things, and be compared as if they were not.

    Args:
        arm: whose option it is.
        option: its name.
        fields: what it adds to every request.
        also: further fields of this provider, as in :data:`DECLARED`.

    Raises:
        PluginError: one of them does; it names the field and where to write it.
    """
    for name in fields:
        what, instead = also.get(name) or DECLARED.get(name) or ("", "")
        if what:
            raise PluginError(
                f"arm {arm.name!r}: options.{option}.{name} would replace {what} for it alone",
                hint=instead,
                option=option.partition(".")[0],
            )


def headers_told(headers: Mapping[str, str]) -> dict[str, Json]:
    """Return an arm's own headers that can change answers or dollars, by the names that the gate
    tells; who asks, and keys, are not among them.
    """
    return {
        f"headers.{name.lower()}": value
        for name, value in headers.items()
        if name.lower() not in NO_MATTER and not looks_secret(name.replace("-", "_"))
    }


def constraint_said(kind: str, fields: Collection[str], given: Mapping[str, Json]) -> str:
    """Return how an answer's space is enforced, with what the arm itself says of it.

    Args:
        kind: what the provider does.
        fields: names of the body's fields that carry an answer's space.
        given: what the arm adds, by the dotted names of its fields.
    """
    own = [f"{name} {_short(given[name])}" for name in sorted(fields) if name in given]
    return f"{kind}, with {' and '.join(own)}" if own else kind


def opened(fields: Mapping[str, Json], holders: Collection[str]) -> dict[str, Json]:
    """Return fields by name, those of ``holders`` one by one by their dotted names."""
    found: dict[str, Json] = {}
    for name, value in fields.items():
        if name in holders and isinstance(value, Mapping):
            found |= {f"{name}.{inner}": held for inner, held in value.items()}
        else:
            found[name] = value
    return found


def _short(value: Json) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    if len(text) <= LONGEST:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "replace"))
    return f"{text[:LONGEST]}... ({digest.hexdigest()[:12]})"
