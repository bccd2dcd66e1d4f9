"""The only way text leaves for an artifact: keys are always masked, transcripts follow a profile.

A profile says how much of the transcripts leaves:

* ``full`` - they are shown (keys are masked all the same);
* ``hashed`` - prompts, targets, answers and explanations become a SHA-256 prefix and a length, so
  that two equal texts can still be seen to be equal. A short answer can be guessed from its hash:
  this hides wording, it is not encryption;
* ``none`` - they are withheld altogether.

Masking is best effort against unknown keys (by their shape) and exact against known ones (the
values in the environment under names such as ``*_API_KEY``, also when JSON-, URL- or
base64-encoded).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args
from urllib.parse import quote, quote_plus

from claimbench.errors import BenchError
from claimbench.provider.key_owners import MIN_SECRET, looks_secret
from claimbench.types import Json

Profile = Literal["full", "hashed", "none"]
PROFILES: tuple[str, ...] = get_args(Profile)

MASK = "[key masked]"
WITHHELD = "[withheld]"
_SECRET_FIELD = re.compile(
    r"^(authorization|proxy-authorization|x-api-key|api[-_]?key|x-goog-api-key|access[-_]?token|refresh[-_]?token"
    r"|secret|client[-_]?secret|password|passwd|cookie|set-cookie)$",
    re.IGNORECASE,
)
# Shapes of keys by vendor, then the places where any key stands. Lengths are minimal ones, so that
# words survive.
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE if ignore_case else 0), replacement)
    for pattern, replacement, ignore_case in (
        (
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
            MASK,
            False,
        ),
        (r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_\-]{16,}", MASK, False),
        (r"(?<![A-Za-z0-9])AIza[0-9A-Za-z_\-]{30,}", MASK, False),
        (r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[0-9A-Z]{16}", MASK, False),
        (
            r"(?<![A-Za-z0-9])(?:gh[pousr]_|github_pat_|hf_|gsk_|xai-|pplx-|glpat-|nvapi-)[A-Za-z0-9_\-]{16,}",
            MASK,
            False,
        ),
        (
            r"(?<![A-Za-z0-9])(?:r8_|fw_|tgp_)(?=[A-Za-z0-9_\-]*[0-9])[A-Za-z0-9_\-]{16,}",
            MASK,
            False,
        ),
        (
            r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}",
            MASK,
            False,
        ),
        # A digit is asked for, or "basic understanding" would be a password.
        (
            r"\b(bearer|basic)(?:\s+|%20)(?=[A-Za-z._~+/\-]*[0-9])[A-Za-z0-9._~+/\-]{12,}=*",
            rf"\1 {MASK}",
            True,
        ),
        (r"(://[^/\s:@\"'<>]{1,64}:)[^/\s@\"'<>]{1,256}@", rf"\1{MASK}@", False),
        (
            r"([?&](?:key|api[-_]?key|token|access_token|sig|signature)=)[^&\s\"'<>]{6,}",
            rf"\1{MASK}",
            True,
        ),
        (
            r"([\"']?\b(?:authorization|x-api-key|x-goog-api-key|api[-_]?key|access[-_]?token|client[-_]?secret)\b[\"']?"
            r"\s*[:=]\s*[\"']?(?:bearer\s+|basic\s+)?)(?!\[key"
            r" masked|bearer\b|basic\b)[^\s\"',;}\[\]]{8,}",
            rf"\1{MASK}",
            True,
        ),
    )
)
# Every shape needs one of these somewhere; most texts have none and skip the expensive patterns.
_HINT = re.compile(
    r"sk-|AIza|AKIA|ASIA|gh[pousr]_|github_pat_|hf_|gsk_|xai-|pplx-|r8_|glpat-|fw_|tgp_|nvapi-|eyJ|PRIVATE"
    r" KEY|://"
    r"|bearer|basic|authorization|api|key=|token|sig|secret",
    re.IGNORECASE,
)


def secrets_in(environ: Mapping[str, str], names: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the values in ``environ`` that must never be written: those of secret-looking names,
    and of ``names``.
    """
    wanted = set(names)
    found = {v.strip() for k, v in environ.items() if k in wanted or looks_secret(k)}
    return tuple(sorted((v for v in found if len(v) >= MIN_SECRET), key=lambda v: (-len(v), v)))


def check_profile(name: str) -> Profile:
    """Return ``name`` as a profile, or raise one clear :class:`~claimbench.errors.BenchError`."""
    for profile in get_args(Profile):
        if name == profile:
            return profile  # type: ignore[no-any-return]
    raise BenchError(
        f"unknown redaction profile {name!r}", hint=f"use one of: {', '.join(PROFILES)}"
    )


@dataclass(frozen=True, slots=True)
class Redactor:
    """Masks keys in every text; shows, hashes or withholds transcripts as ``profile`` says.

    ``secrets`` are exact values (see :func:`secrets_in`); without ``shapes`` nothing else is
    masked. Pure otherwise: the same text always gives the same result.
    """

    profile: Profile = "full"
    secrets: tuple[str, ...] = ()
    shapes: bool = True

    def mask(self, text: str) -> str:
        """Return ``text`` with every key masked, whatever the profile. Use for anything that is not
        a transcript.
        """
        for secret in self.secrets:
            for form in forms(secret):
                if form in text:
                    text = text.replace(form, MASK)
        if not self.shapes or _HINT.search(text) is None:
            return text
        for pattern, replacement in _SHAPES:
            text = pattern.sub(replacement, text)
        return text

    def transcript(self, text: str | None) -> str | None:
        """Return a prompt, target, answer or explanation as the profile lets it out. None stays
        None, "" stays "".
        """
        if not text:
            return text
        if self.profile == "none":
            return WITHHELD
        if self.profile == "hashed":
            digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
            return f"sha256:{digest[:16]} ({len(text):,} characters)"
        return self.mask(text)

    def json(self, value: Json) -> Json:
        """Return a JSON value with every string masked and the values of header-like secret fields
        replaced.
        """
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, Mapping):
            found: dict[str, Json] = {}
            for key, inner in value.items():
                is_secret = _SECRET_FIELD.match(str(key)) and inner not in (None, "")
                found[self.mask(str(key))] = MASK if is_secret else self.json(inner)
            return found
        if isinstance(value, list | tuple):
            return [self.json(v) for v in value]
        return value


@lru_cache(maxsize=256)
def forms(secret: str) -> tuple[str, ...]:
    """Return a secret as it may stand in an artifact: plain, in JSON, in a URL, in hexadecimal, in
    base64 of either alphabet, wherever in the encoded text it begins (``user:key``).
    """
    found = {
        secret,
        json.dumps(secret)[1:-1],
        quote(secret, safe=""),
        quote_plus(secret),
        secret.encode().hex(),
        secret.encode().hex().upper(),
        base64.b64encode(secret.encode()).decode().rstrip("="),
    }
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found.add(_inner_base64(secret.encode(), offset, encode))
    return tuple(sorted(found, key=len, reverse=True))


def _inner_base64(secret: bytes, offset: int, encode: Callable[[bytes], bytes]) -> str:
    """Return the characters that stand for ``secret`` alone where ``offset`` bytes (mod 3) come
    before it: those at its ends depend on its neighbours too.
    """
    first = -(-offset * 8 // 6)
    last = (offset + len(secret)) * 8 // 6
    return encode(b"\0" * offset + secret).decode()[first:last]
