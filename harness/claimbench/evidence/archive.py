"""Writes ZIP files that come out the same, byte by byte, wherever the same members go in.

Only what every unpacker knows: stored or deflated members, one after the other in order of name,
no comment, no extra fields, no flags, one fixed date. :mod:`claimbench.evidence.unzip` accepts
exactly this form and nothing else.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

from claimbench.errors import BenchError

MANIFEST = "manifest.dsse.json"
"""The member by which a ZIP file is known as a bundle of ours."""

LOCAL = struct.Struct("<4sHHHHHIIIHH")
CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
END = struct.Struct("<4sHHHHIIH")
LOCAL_SIGN, CENTRAL_SIGN, END_SIGN = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
STORED, DEFLATED = 0, 8
NEEDS = 20
"""Version of the ZIP specification that an unpacker needs: 2.0."""
MADE_BY = 3 << 8 | NEEDS
"""Unix, so that the mode below counts."""
MODE = 0o100644 << 16
TIME, DATE = 0, 1 << 5 | 1
"""1 January 1980, midnight: the first moment that ZIP knows."""
LEVEL = 6
MOST_BYTES = 1 << 30
"""Bytes of all members together, unpacked: what a reader must be able to hold."""
MOST_MEMBERS = 4_000
BEST_RATIO = 200
"""A member is stored as it is where deflating would shrink it more than this: no honest bundle
looks like a bomb.
"""


def zip_bytes(members: Mapping[str, bytes]) -> bytes:
    """Return a ZIP file of ``members`` (name -> content), in order of name.

    Raises:
        BenchError: more than a reader would take.
    """
    total = sum(map(len, members.values()))
    if total > MOST_BYTES or len(members) > MOST_MEMBERS:
        raise BenchError(
            f"a bundle holds at most {MOST_BYTES >> 20} MiB in {MOST_MEMBERS} files; this run has"
            f" {total >> 20} MiB in {len(members)}",
            hint="bench export --format jsonl writes the calls of larger runs",
        )
    body = bytearray()
    directory = bytearray()
    for name in sorted(members):
        content = members[name]
        method, packed = _packed(content)
        plain = name.encode("ascii")
        shared = (NEEDS, 0, method, TIME, DATE, zlib.crc32(content), len(packed), len(content))
        directory += CENTRAL.pack(
            CENTRAL_SIGN, MADE_BY, *shared, len(plain), 0, 0, 0, 0, MODE, len(body)
        )
        directory += plain
        body += LOCAL.pack(LOCAL_SIGN, *shared, len(plain), 0)
        body += plain
        body += packed
    n = len(members)
    end = END.pack(END_SIGN, 0, 0, n, n, len(directory), len(body), 0)
    return bytes(body + directory + end)


def _packed(content: bytes) -> tuple[int, bytes]:
    maker = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = maker.compress(content) + maker.flush()
    if len(packed) >= len(content) or len(content) > BEST_RATIO * len(packed):
        return STORED, content
    return DEFLATED, packed
