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
_WORDS = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "insufficient_quota": 429,
    "billing_hard_limit_reached": 429,
    "context_length_exceeded": 400,
    "invalid_prompt": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
}
"""Codes of error objects inside a stream, where no status says what they mean; any other is the
server's fault.
"""


def error_chunk(error: Json) -> ProviderError:
    """The fault in an error object that came inside a stream with status 200."""
    message, code = _error_text({"error": error})
    status = int(code) if code.isdigit() else _WORDS.get(code)
    if status is not None and 400 <= status < 600:
        return fault(status, {"error": error}, {})
    return ServerFault(f"the server sent an error inside the stream: {message}", http_status=200)


def fault(
    status: int, body: Json, headers: Mapping[str, str], asked: str | None = None
) -> ProviderError:
    """Our error for an HTTP status before the answer began; such requests are not billed.

    ``asked`` is the address that was asked, for hints.

    ``is_filtered`` tells the one kind of 400 that is an answer rather than a fault.
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
    hint = _not_found(asked) if status == 404 else None
    if status == 400 and re.search(
        r"unsupported|unknown|unrecognized|not support", message, re.IGNORECASE
    ):
        hint = "leave a parameter out with `omit: [NAME]`"
    return BadRequest(said, hint=hint, http_status=status, billable="no")


def _redirected(status: int, headers: Mapping[str, str], asked: str | None) -> BadRequest:
    """The fault of a redirect, which is never followed: key and prompts were meant for the address
    in the suite.
    """
    found = {name.lower(): value for name, value in headers.items()}
    where = found.get("location")
    to = "nowhere (no Location)" if where is None else _shown(urljoin(asked or "", where))
    base = None
    if where is not None:
        moved = _shown(urljoin(asked or "", where))
        for ending in ENDINGS:
            moved = moved.removesuffix(ending)
        base = f"; if that is right: base_url: {moved}"
    return BadRequest(
        f"HTTP {status}: {_shown(asked)} redirects to {to}",
        hint=f"redirects are not followed, for the key and the prompts would go there{base or ''}",
        http_status=status,
        billable="no",
    )


ENDINGS = ("/chat/completions", "/responses", "/v1/messages")
"""What protocols add to a base address."""


def _not_found(asked: str | None) -> str:
    """What may be wrong where an address gives 404."""
    model = "is the model's name right, and does this endpoint serve it?"
    if asked is None:
        return model
    place = urlsplit(asked)
    path = place.path
    for ending in ENDINGS:
        path = path.removesuffix(ending)
    where = f"asked was {_shown(asked)}; {model}"
    if path in ("", "/"):
        base = f"{place.scheme}://{place.netloc.rpartition('@')[2]}"
        return f"{where} Most servers want base_url: {base}/v1"
    return f"{where} Or does base_url want another path than {path}?"


def _shown(address: str | None) -> str:
    """An address without what may be secret in it: user, query, fragment; controls as escapes."""
    if not address:
        return "the address"
    place = urlsplit(address)
    shown = f"{place.scheme}://{place.netloc.rpartition('@')[2]}{place.path}"
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in shown)[:300]


def is_filtered(status: int, body: Json) -> bool:
    """Tell whether a 400 means that a content filter refused the prompt: the model's behaviour, not
    a broken request.
    """
    message, code = _error_text(body)
    if status != 400:
        return False
    if code == "invalid_prompt":  # OpenAI's word for a prompt that breaks its usage policy
        return bool(re.search(r"flagged|policy", message, re.IGNORECASE))
    return bool(_FILTERED.search(code) or (code == "" and _FILTERED.search(message)))


def _error_text(body: Json) -> tuple[str, str]:
    error = body.get("error", body) if isinstance(body, Mapping) else body
    if isinstance(error, Mapping):
        error = cast("Mapping[str, Any]", error)
        message = error.get("message") or error.get("detail") or str(dict(error))
        return str(message)[:500], str(error.get("code") or error.get("type") or "")
    return (str(error)[:500] if error else "no message"), ""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from ``retry-after-ms`` or ``retry-after`` (seconds, or a date against the
    reply's own date).
    """
    found = {name.lower(): value for name, value in headers.items()}
    try:
        if "retry-after-ms" in found:
            return max(0.0, float(found["retry-after-ms"]) / 1000)
        value = found.get("retry-after")
        if value is None:
            return None
        if re.fullmatch(r"\s*\d+(\.\d+)?\s*", value):
            return float(value)
        gap = parsedate_to_datetime(value) - parsedate_to_datetime(found["date"])
        return max(0.0, gap.total_seconds())
    except (ValueError, TypeError, KeyError):
        return None


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
