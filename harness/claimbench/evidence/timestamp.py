"""Time stamps of RFC 3161: a request over a file, and what a reply says of when it was seen.

Nothing is sent: a person hands the request to an authority (``curl --data-binary @FILE.tsq``). Of
the reply the hash and the time are read. Its signature is not checked, for the certificate inside
is of whoever made it; ``openssl ts -verify`` asks with a certificate that one trusts.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from datetime import datetime

_SHA256 = bytes.fromhex("300d06096086480165030402010500")
"""AlgorithmIdentifier of SHA-256, with parameters NULL."""
_TST_INFO = bytes.fromhex("060b2a864886f70d0109100104")
"""Object identifier id-ct-TSTInfo: what follows it in a reply is what was signed."""
_SEQUENCE, _OCTETS, _INTEGER, _TIME, _OID, _BOOLEAN = 0x30, 0x04, 0x02, 0x18, 0x06, 0x01
MOST_BYTES = 64 << 10


def request(data: bytes) -> bytes:
    """Return a TimeStampReq (DER) over the SHA-256 of ``data`` that asks for the certificate."""
    imprint = _node(_SEQUENCE, _SHA256 + _node(_OCTETS, hashlib.sha256(data).digest()))
    return _node(_SEQUENCE, _node(_INTEGER, b"\x01") + imprint + _node(_BOOLEAN, b"\xff"))


def stamped_at(reply: str, data: bytes) -> str | None:
    """Return when a reply (base64 of a TimeStampResp) says that ``data`` was seen, in UTC; None
    where it is no reply, or one about something else.
    """
    try:
        der = base64.b64decode(reply, validate=True)
        at = der.index(_TST_INFO) + len(_TST_INFO)
        ((_, wrapped),) = _some(der[at:], 1)
        ((_, octets),) = _some(wrapped, 1)
        ((_, info),) = _some(octets, 1)
        parts = list(_nodes(info))
        kinds = [kind for kind, _ in parts[:5]]
        if kinds != [_INTEGER, _OID, _SEQUENCE, _INTEGER, _TIME]:
            return None
        (_, algorithm), (_, seen) = _some(parts[2][1], 2)
        if _node(_SEQUENCE, algorithm) not in (_SHA256, _node(_SEQUENCE, _SHA256[2:13])):
            return None
        text = parts[4][1].decode("ascii")
    except (binascii.Error, ValueError, UnicodeError):
        return None
    if seen != hashlib.sha256(data).digest() or not text[:14].isdigit() or text[-1:] != "Z":
        return None
    moment = f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:{text[12:14]}Z"
    return moment if _is_a_time(moment) else None


def _is_a_time(moment: str) -> bool:
    try:
        datetime.fromisoformat(moment)
    except ValueError:
        return False
    return True


def _node(kind: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([kind, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([kind, 0x80 | len(length)]) + length + content


def _some(data: bytes, n: int) -> list[tuple[int, bytes]]:
    """Return the first ``n`` nodes; ValueError if there are fewer."""
    found = []
    for node in _nodes(data):
        found.append(node)
        if len(found) == n:
            return found
    raise ValueError("a node is missing")


def _nodes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (tag, content) of the DER nodes in ``data``.

    Raises:
        ValueError: one reaches beyond its end.
    """
    at = 0
    while at + 2 <= len(data):
        kind, size = data[at], data[at + 1]
        at += 2
        if size & 0x80:
            more = size & 0x7F
            size = int.from_bytes(data[at : at + more], "big")
            at += more
        if at + size > len(data):
            raise ValueError("a node reaches beyond its end")
        yield kind, data[at : at + size]
        at += size
