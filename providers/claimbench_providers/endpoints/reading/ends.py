"""Say what an endpoint's finish reason means: one closed table for all protocols.

A reason is an end, a cut or a fault; a word that is in no row is an end that is *said*, and a
value that is no reason ("" in every piece, null, "unspecified") is none at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from claimbench.errors import IncompleteStream, ServerFault, visible
from claimbench.types import Done

Kind = Literal["none", "end", "fault", "unknown"]

_STOP = (
    "stop stopped stop_token stop_word stop_str stop_sequence eos eos_token eos_reached eot eod"
    " end_turn end_of_turn end_of_text endoftext end complete completed done finished finish"
    " finish_reason_stop turn_complete"
)
_LENGTH = (
    "length max_tokens max_token max_output_tokens max_completion_tokens max_new_tokens max_length"
    " model_length token_limit token_limit_reached limit limit_reached truncated incomplete"
    " context_length context_length_exceeded context_window context_window_exceeded"
    " model_context_window_exceeded context_full finish_reason_max_tokens pause_turn"
    " repetition repetition_detected repetition_truncation"
)
_FILTER = (
    "content_filter content_filtered contentfilter filtered filter safety refusal refused"
    " recitation blocklist blocked prohibited_content spii image_safety image_prohibited_content"
    " image_recitation sensitive sensitive_content moderation policy"
    " content_policy"
    " error_toxic guardrail guardrails guardrail_intervened model_armor"
)
_TOOLS = (
    "tool_calls tool_call tool_use function_call function_calls malformed_function_call"
    " unexpected_tool_call too_many_tool_calls malformed_tool_use"
)
_FAULTS = (
    "error errored failed failure fault server_error internal_error internal_server_error"
    " model_error exception insufficient_system_resource network_error abort aborted cancel"
    " cancelled canceled client_disconnect disconnected interrupted timeout timed_out time_limit"
    " deadline_exceeded shutdown overloaded unavailable rate_limit rate_limited error_limit"
    " engine_error upstream_error out_of_memory oom preempted user_cancel malformed_response"
    " missing_thought_signature"
)
_NONE = " null none nil undefined unspecified finish_reason_unspecified not_finished in_progress"

ENDS: Mapping[str, str] = {
    word: meaning
    for words, meaning in (
        (_STOP, "stop"),
        (_LENGTH, "length"),
        (_FILTER, "content_filter"),
        (_TOOLS, "tool_calls"),
    )
    for word in words.split()
}
"""A reason in lower case with underscores -> what our records say."""
FAULTS = frozenset(_FAULTS.split())
NO_REASONS = frozenset(["", *_NONE.split()])

NO_REASON = "ends its answers without a finish reason; they are taken as whole"


@dataclass(frozen=True, slots=True)
class End:
    """Hold what a finish reason means.

    ``reason``: as records say it; None where there is none. ``said``: as the endpoint wrote it.
    """

    kind: Kind
    reason: str | None
    said: str = ""

    @property
    def remark(self) -> str | None:
        """Return what is to be said of it, once per arm."""
        if self.kind == "unknown":
            return f"ends answers with {self.said!r}, a reason that is not known; taken as an end"
        return None


NO_END = End("none", None)
FILTERED = End("end", "content_filter", "content_filter")


def end_of(reason: Any) -> End:
    """Return what ``reason`` means: a word, or an object with a ``type`` or ``reason``."""
    if isinstance(reason, Mapping):
        reason = reason.get("type") or reason.get("reason")
    if reason is None or reason is False:
        return NO_END
    return _end_of(str(reason))


@lru_cache(maxsize=64)
def _end_of(reason: str) -> End:
    said = visible(reason)[:80]
    word = re.sub(r"[\s\-.]+", "_", reason.strip()).lower()
    if word in NO_REASONS:
        return NO_END
    if word in FAULTS:
        return End("fault", word, said)
    known = ENDS.get(word)
    return End("unknown", said, said) if known is None else End("end", known, said)


class LastReason:
    """The finish reason that stands at the end of an answer.

    Some servers write a reason into every chunk: one that text comes after was none. Another than
    those is believed, and so is one in a chunk of its own, unless text came after such a one too.
    """

    def __init__(self) -> None:
        self.latest = NO_END
        self._early: set[str] = set()
        self._written = False
        self._alone = False
        self._alone_was_none = False
        self._believed = True

    @property
    def end(self) -> End:
        """Return the end of the answer as far as it came; a fault that was named is one in any
        case.
        """
        if self._believed or self.latest.kind == "fault":
            return self.latest
        return NO_END

    def wrote(self) -> None:
        """Note that a chunk holds a piece of the answer: no reason before it was one."""
        if self.latest.kind != "none":
            self._early.add(self.latest.said or str(self.latest.reason))
            self._alone_was_none = self._alone_was_none or (self._alone and self._written)
            self._believed = False
        self._written = True

    def say(self, end: End, *, alone: bool) -> None:
        """Take a reason; ``alone``: its chunk holds no piece of the answer."""
        if end.kind == "none":
            return
        self.latest = end
        self._alone = alone
        if not self._believed:
            new = (end.said or str(end.reason)) not in self._early
            self._believed = new or (alone and not self._alone_was_none)


def done_of(
    end: End,
    whole: bool,
    said: Iterable[str | None],
    received_ns: int | None,
    wanted: str = "a finish reason",
    *,
    refused: bool = False,
) -> Done:
    """Return the end of an answer.

    Args:
        end: what its finish reason means.
        whole: the protocol's last word came, or the body is one value.
        said: what is to be said of it; None: nothing.
        received_ns: its stamp.
        wanted: what an answer without an end lacks.
        refused: the model refused in words of its own.

    Raises:
        IncompleteStream: there is neither a reason nor a last word.
        ServerFault: the reason says that the server gave up.
    """
    if end.kind == "none" and not whole:
        raise IncompleteStream(f"the stream ended without {wanted}")
    if end.kind == "fault":
        raise ServerFault(f"the server broke off: {end.said}", http_status=200)
    remarks = (end.remark, NO_REASON if end.kind == "none" else None, *said)
    return Done(
        end.reason,
        refusal=refused or end.reason == "content_filter",
        received_ns=received_ns,
        remarks=tuple(remark for remark in remarks if remark is not None),
    )
