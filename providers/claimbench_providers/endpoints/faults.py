"""Turn what an endpoint says when it refuses or breaks off into our errors: HTTP statuses, error
objects, headers.

Shared by every protocol; pure functions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, cast
from urllib.parse import urljoin, urlsplit

from claimbench.errors import (
    Auth,
    BadRequest,
    ConnectTimeout,
    ContextOverflow,
    IncompleteStream,
    Network,
    ProviderError,
    RateLimited,
    ServerFault,
    Timeout,
)
from claimbench.types import Json

_OVERFLOW = re.compile(
    r"context.?(?:length|window|size)|maximum.{0,20}(?:context|tokens)|prompt is too long|too many"
    r" (?:input )?tokens",
    re.IGNORECASE,
)
_FILTERED = re.compile(
    r"content.?(?:filter|policy|management)|policy_violation|bio_policy|data_inspection_failed|safety",
    re.IGNORECASE,
)
_MODERATED = re.compile(
    r"content.?filter|content.?moderation|requires? moderation|data_inspection_failed"
    r"|\b(?:prompts?|inputs?|messages?|contents?)\b.{0,60}"
    r"\b(?:flagged|moderat\w*|prohibited|unsafe|violat\w*)",
    re.IGNORECASE,
)
"""Words with which a refusal of one prompt stands under a status that else is about the key."""
_ABOUT_ALL = re.compile(
    r"\b(?:accounts?|keys?|organi[sz]ations?|projects?|billing)\b", re.IGNORECASE
)
"""Words of a refusal that is not about the prompt: every further one would meet it."""
_STATUS_OF = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "insufficient_quota": 429,
    "billing_hard_limit_reached": 429,
    "context_length_exceeded": 400,
    "content_filter": 400,
    "content_policy_violation": 400,
    "data_inspection_failed": 400,
    "invalid_prompt": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "badrequesterror": 400,
    "invalid_request_error": 400,
    "overloaded_error": 529,
    "resource_exhausted": 429,
    "unavailable": 503,
}
"""Codes of error objects inside a stream, where no status says what they mean; any other is the
server's fault.
"""


_WORDS_IN = (
    "message",
    "detail",
    "details",
    "msg",
    "error_message",
    "error_msg",
    "errorMessage",
    "err_msg",
    "error_description",
    "status_msg",
    "description",
    "reason",
    "title",
    "error",
    "errors",
    "fault",
    "exception",
)
"""Where servers put the words of an error, the usual place first."""
_CODES_IN = ("code", "error_code", "errorCode", "status_code", "statusCode", "status", "type")
_ALONE = frozenset(_WORDS_IN) - {"reason", "description", "title", "details"}
"""Fields that make a message an error where it has nothing of an answer."""


def error_in(message: Mapping[str, Any]) -> Json:
    """Return the error in a message that holds nothing of an answer; None where it is none.

    Servers put errors into a 200 in many shapes: an object or a string under ``error``, an object
    that says that it is an error, a bare ``detail`` or ``message``, or a status beside empty
    choices.
    """
    error = message.get("error")
    if error:
        beside = {key: message[key] for key in _CODES_IN if key in message}
        if isinstance(error, Mapping):
            return {**beside, **error}
        if isinstance(error, str):
            return {**beside, "message": error}
        return dict(message)
    if message.get("object") == "error" or message.get("type") == "error":
        return dict(message)
    base = message.get("base_resp")
    if base is not None and isinstance(base, Mapping) and base.get("status_code") not in (None, 0):
        return dict(base)
    if message.get("choices"):
        return None
    alone = not _ALONE.isdisjoint(message) and any(message.get(name) for name in _ALONE)
    return dict(message) if alone or message.get("success") is False else None


def is_filter_chunk(error: Json) -> bool:
    """Tell whether an error object inside a stream means that a content filter refused the
    prompt.
    """
    status = _status_in(error)
    return status is not None and is_filtered(status, {"error": error})


def _status_in(error: Json) -> int | None:
    _, code = _error_text({"error": error})
    return int(code) if code.isdigit() and len(code) < 5 else _STATUS_OF.get(code.lower())


def error_chunk(error: Json) -> ProviderError:
    """Return the fault in an error object that came inside a stream with status 200."""
    message, _ = _error_text({"error": error})
    status = _status_in(error)
    if status is not None and 400 <= status < 600:
        return fault(status, {"error": error}, {})
    return ServerFault(f"the server sent an error inside the stream: {message}", http_status=200)


def says(words: str) -> ProviderError | None:
    """Return the fault in what a server wrote outside of its messages; None where it wrote
    nothing.
    """
    if not words:
        return None
    return ServerFault(f"the server sent no answer but: {words}", http_status=200)


def fault(
    status: int, body: Json, headers: Mapping[str, str], asked: str | None = None
) -> ProviderError:
    """Return our error for an HTTP status before the answer began; such requests are not billed.

    ``is_filtered`` tells the one kind of 400 that is an answer rather than a fault. ``asked``: the
    address that the request went to.
    """
    message, code = _error_text(body)
    if 300 <= status < 400:
        return _redirected(status, headers, asked)
    said = f"HTTP {status}: {message}"
    if status in (401, 403):
        return Auth(
            said, hint="check the key and what it may use", http_status=status, billable="no"
        )
    if status == 402 or (
        status == 429 and code in {"insufficient_quota", "billing_hard_limit_reached"}
    ):
        return Auth(said, hint="the account has no credit left", http_status=status, billable="no")
    if status == 429:
        return RateLimited(
            said, http_status=status, retry_after_s=retry_after(headers), billable="no"
        )
    if status in (400, 413, 422) and (
        code == "context_length_exceeded" or _OVERFLOW.search(message)
    ):
        return ContextOverflow(
            said, hint="shorten the prompt or lower max_tokens", http_status=status, billable="no"
        )
    if status in (408, 409, 425) or status >= 500:
        return ServerFault(
            said, http_status=status, retry_after_s=retry_after(headers), billable="no"
        )
    hint = _not_found(asked) if status in (404, 405) else None
    if status == 400 and re.search(
        r"unsupported|unknown|unrecognized|not support", message, re.IGNORECASE
    ):
        hint = "leave a parameter out with `omit: [NAME]`"
    return BadRequest(said, hint=hint, http_status=status, billable="no")


def is_filtered(status: int, body: Json) -> bool:
    """Tell whether a 400, or a 403 that says so, means that a content filter refused the prompt:
    the model's behaviour, not a broken request.
    """
    message, code = _error_text(body)
    if status in (403, 422, 451):
        about_prompt = _MODERATED.search(message) or _MODERATED.search(code)
        return about_prompt is not None and not _ABOUT_ALL.search(message)
    if status != 400:
        return False
    if code == "invalid_prompt":  # OpenAI's word for a prompt that breaks its usage policy
        return bool(re.search(r"flagged|policy", message, re.IGNORECASE))
    return bool(_FILTERED.search(code) or (code == "" and _FILTERED.search(message)))


def _redirected(status: int, headers: Mapping[str, str], asked: str | None) -> BadRequest:
    """Return the fault of a redirect, which is never followed: key and prompts were meant for the
    address in the suite.
    """
    found = {name.lower(): value for name, value in headers.items()}
    to = _joined(asked or "", found.get("location"))
    said = f"HTTP {status}: the server "
    hint = "redirects are not followed, for the key and the prompts would go there"
    if to is None:
        said += "redirects without saying where (its Location is missing, or no address)"
        said += f", from {_shown(asked)}" if asked else ""
    else:
        said += "redirects to another address: "
        said += f"from {_shown(asked)} " if asked else ""
        said += f"to {_shown(to)}"
        hint += f"; if that place is right, give it as base_url ({_base_of(to)})"
    return BadRequest(said, hint=hint, http_status=status, billable="no")


def _joined(asked: str, where: str | None) -> str | None:
    """Return the address that a Location names; None where it names none."""
    if where is None:
        return None
    try:
        to = urljoin(asked, where)
        return to if urlsplit(to).netloc else None
    except ValueError:
        return None


_ENDING = re.compile(
    r"/(?:chat/completions|completions|responses|v1/messages|messages|models/[^/]+)/?$"
)
"""What protocols add to a base address."""


def _base_of(address: str) -> str:
    return _ENDING.sub("", _shown(address))


def _shown(address: str) -> str:
    """Return an address without what may be secret in it (user, query, fragment), controls as
    escapes.
    """
    parts = urlsplit(address)
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in shown)[:300]


def _not_found(asked: str | None) -> str:
    """Return what may be wrong where an address gives 404 or 405, by the usual mistakes."""
    model = "is the model's name right, and does this endpoint serve it?"
    if asked is None:
        return model
    place = urlsplit(asked)
    path = _ENDING.sub("", place.path)
    if re.search(r"/(?:chat/completions|responses|messages)\b", place.query):
        usual = "base_url holds a `?`, behind which the path of the request was lost"
    elif re.search(r"/chat/completions$", path):
        usual = "base_url should end before /chat/completions"
    elif "/v1/v1/" in place.path:
        usual = "base_url has /v1 twice"
    elif path in ("", "/"):
        usual = f"Most servers want /v1 at its end, base_url: {_base_of(asked).rstrip('/')}/v1"
    else:
        usual = f"Or does base_url want another path than {path}?"
    return f"asked was {_shown(asked)}; {model} {usual}"


def _error_text(body: Json) -> tuple[str, str]:
    """Return the words and the code of an error, of whatever shape."""
    error = body.get("error") or body if isinstance(body, Mapping) else body
    if isinstance(error, list) and len(error) == 1:
        error = error[0]
    if isinstance(error, Mapping):
        error = cast("Mapping[str, Any]", error)
        codes = (error.get(key) for key in _CODES_IN)
        code = next((str(c) for c in codes if c and not isinstance(c, Mapping | list)), "")
        return _words(error)[:500], code
    return (str(error)[:500] if error else "no message"), ""


def _words(value: Any, depth: int = 0) -> str:
    """Return the server's own words in an error object; the object where it has none."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and depth < 5:
        for key in _WORDS_IN:
            if value.get(key) and value[key] is not True:
                return _words(value[key], depth + 1)
    if isinstance(value, list) and value and depth < 5:
        return "; ".join(_words(item, depth + 1) for item in value[:5])
    return str(dict(value)) if isinstance(value, Mapping) else str(value)


LONGEST_RETRY_S = 30 * 86_400.0
"""The longest wait that is believed: what names a longer one names none."""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait, from ``retry-after-ms`` or ``retry-after`` (seconds, or a date
    against the reply's own date). None where nothing sensible is said: no number, a negative one,
    or one above :data:`LONGEST_RETRY_S`.
    """
    found = {name.lower(): value for name, value in headers.items()}
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        seconds = _seconds(found.get(name), found.get("date"), scale)
        if seconds is not None:
            return seconds
    return None


def _seconds(value: str | None, date: str | None, scale: float) -> float | None:
    if value is None:
        return None
    try:
        seconds = float(value) / scale
    except ValueError:
        try:
            gap = parsedate_to_datetime(value) - parsedate_to_datetime(date or "")
            seconds = max(0.0, gap.total_seconds())
        except (ValueError, TypeError, OverflowError, IndexError):
            return None
    return seconds if 0 <= seconds <= LONGEST_RETRY_S else None


def rate_limits(headers: Mapping[str, str]) -> dict[str, str]:
    """The rate-limit headers of a reply, names in lower case."""
    return {
        k.lower(): v
        for k, v in headers.items()
        if "ratelimit" in k.lower() or k.lower() == "retry-after"
    }


def of_http_library(error: BaseException) -> bool:
    """Tell whether an exception comes from below an SDK: from its HTTP library, whose module its
    versions changed.
    """
    return type(error).__module__.split(".")[0] in {
        "httpx",
        "httpx2",
        "httpcore",
        "httpcore2",
        "h11",
    }


def connection_fault(error: BaseException, *, began: bool) -> ProviderError:
    """Sort a fault of the connection by the HTTP library's class names, which its versions kept."""
    name, text = type(error).__name__, str(error) or type(error).__name__
    if name == "ConnectTimeout":
        return ConnectTimeout(f"no connection in time: {text}", billable="no")
    if "Timeout" in name:
        return Timeout(f"no answer in time: {name}", billable="unknown")
    if name in {"ConnectError", "UnsupportedProtocol", "InvalidURL", "LocalProtocolError"}:
        return Network(
            f"no connection: {text}",
            hint="is the server running, and base_url right?",
            billable="no",
        )
    if began:
        return IncompleteStream(
            f"the connection broke while the answer came: {text}", billable="unknown"
        )
    return Network(f"the connection failed before the answer began: {text}", billable="unknown")
