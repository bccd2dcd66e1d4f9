"""Reads a ZIP file of a stranger, in bounded memory, and accepts only the form that ClaimBench
writes.

ZIP says most things twice (a header before each member, a directory at the end), and programs
differ in which they believe. Here both must say the same, byte by byte, and the file must hold
nothing else: no byte before, between or after. Names, sizes and methods are checked before
anything is unpacked.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from claimbench.errors import IntegrityError
from claimbench.evidence.archive import (
    BEST_RATIO,
    CENTRAL,
    CENTRAL_SIGN,
    DATE,
    DEFLATED,
    END,
    END_SIGN,
    LOCAL,
    LOCAL_SIGN,
    MADE_BY,
    MODE,
    MOST_BYTES,
    MOST_MEMBERS,
    NEEDS,
    STORED,
    TIME,
)

_NAME = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_LONGEST_NAME = 300
_TAIL = 1 << 20
_SHARED = ("version", "flags", "method", "time", "date", "checksum", "packed size", "size")
HINT = "do not use this file as evidence; ask for the one that was made"


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    shared: tuple[int, ...]
    """The eight fields that directory and header share."""
    offset: int

    @property
    def method(self) -> int:
        return self.shared[2]

    @property
    def checksum(self) -> int:
        return self.shared[5]

    @property
    def packed(self) -> int:
        return self.shared[6]

    @property
    def size(self) -> int:
        return self.shared[7]


def holds_member(path: Path, name: str) -> bool:
    """Say whether a file looks like a ZIP file whose directory names ``name``; False where it
    cannot be read.
    """
    try:
        with path.open("rb") as file:
            if file.read(4) != LOCAL_SIGN:
                return False
            file.seek(-min(_TAIL, path.stat().st_size), os.SEEK_END)
            return name.encode("ascii") in file.read(_TAIL)
    except OSError:
        return False


def read_zip(path: Path) -> tuple[bytes, dict[str, bytes]]:
    """Return the bytes of the file and its members, unpacked.

    Raises:
        IntegrityError: it is not a ZIP file as ClaimBench writes it; the member and what is wrong
            with it are named.
    """
    try:
        if not path.is_file():
            raise _fault(path, "is no regular file" if path.exists() else "is not there")
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise _fault(path, f"is larger than any bundle ({size >> 20} MiB)")
        data = path.read_bytes()
    except OSError as error:
        raise _fault(path, f"cannot be read: {error.strerror}") from error
    entries = list(_directory(path, data))
    return data, {entry.name: _unpacked(path, data, entry) for entry in entries}


def _fault(path: Path, what: str) -> IntegrityError:
    return IntegrityError(f"{path}: {what}", hint=HINT)


def _directory(path: Path, data: bytes) -> Iterator[_Entry]:
    """Read the directory at the end; check it against the header of each member and against the
    file's length.
    """
    if data[:4] not in (LOCAL_SIGN, END_SIGN):
        where = "has bytes before its first member" if LOCAL_SIGN in data else "is no ZIP file"
        raise _fault(path, where)
    at = len(data) - END.size
    if at < 0 or data[at : at + 4] != END_SIGN:
        raise _fault(
            path, "does not end as a bundle does: cut short, or with a comment or bytes after"
        )
    _, disk, first, here, n, length, start, comment = END.unpack_from(data, at)
    if disk or first or comment or here != n:
        raise _fault(path, "its end record is not as ClaimBench writes it (disks or comment)")
    if n == 0xFFFF or start == 0xFFFFFFFF or length == 0xFFFFFFFF:
        raise _fault(path, "says that it is a ZIP64 file, which no bundle is")
    if n > MOST_MEMBERS or start + length != at:
        raise _fault(path, "its directory does not lie where its end record says")
    total, offset, place, before = 0, 0, start, ""
    for _ in range(n):
        entry, place = _central(path, data, place, at)
        if entry.name <= before:
            how = "comes twice" if entry.name == before else "is not in order of name"
            raise _fault(path, f"{entry.name}: {how}")
        if entry.offset != offset:
            raise _fault(path, f"{entry.name}: begins elsewhere than where the one before it ends")
        offset = _local(path, data, entry, start)
        total += entry.size
        if total > MOST_BYTES:
            raise _fault(path, f"{entry.name}: unpacks to more than {MOST_BYTES >> 20} MiB")
        before = entry.name
        yield entry
    if place != at or offset != start:
        raise _fault(path, "holds bytes that belong to no member")


def _central(path: Path, data: bytes, place: int, end: int) -> tuple[_Entry, int]:
    """Read one entry of the directory; return it and where the next one begins."""
    if place + CENTRAL.size > end or data[place : place + 4] != CENTRAL_SIGN:
        raise _fault(path, "its directory is damaged")
    fields = CENTRAL.unpack_from(data, place)
    _, made_by, *shared = fields[:10]
    length, extra, comment, disk, inner, mode, offset = fields[10:]
    begins = place + CENTRAL.size
    raw = data[begins : begins + length]
    if begins + length > end or len(raw) > _LONGEST_NAME or not _NAME.fullmatch(raw):
        raise _fault(path, f"a member is called {raw[:80]!r}, which no bundle's is")
    name = raw.decode("ascii")
    if mode != MODE or made_by != MADE_BY:
        raise _fault(path, f"{name}: is no plain file (a link, a folder, or of another system)")
    if extra or comment or disk or inner:
        raise _fault(path, f"{name}: has extra fields or a comment")
    version, flags, method, time, date, _, packed, size = shared
    if flags & 1:
        raise _fault(path, f"{name}: is encrypted")
    if flags or version != NEEDS or (time, date) != (TIME, DATE):
        raise _fault(path, f"{name}: its flags, version or time are not as ClaimBench writes them")
    if 0xFFFFFFFF in (packed, size, offset):
        raise _fault(path, f"{name}: says that it is ZIP64, which no bundle is")
    if method not in (STORED, DEFLATED) or (method == STORED and packed != size):
        raise _fault(path, f"{name}: is packed by another method, or its sizes disagree")
    if method == DEFLATED and size > BEST_RATIO * packed:
        raise _fault(path, f"{name}: {packed} bytes would unpack to {size}: a bomb")
    return _Entry(name, tuple(shared), offset), begins + length


def _local(path: Path, data: bytes, entry: _Entry, limit: int) -> int:
    """Compare the header before a member with the directory; return where the next one begins."""
    begins = entry.offset + LOCAL.size
    if begins > limit or data[entry.offset : entry.offset + 4] != LOCAL_SIGN:
        raise _fault(path, f"{entry.name}: there is no header where the directory says")
    _, *fields = LOCAL.unpack_from(data, entry.offset)
    shared, (length, extra) = fields[:8], fields[8:]
    for what, here, there in zip(_SHARED, shared, entry.shared, strict=True):
        if here != there:
            raise _fault(path, f"{entry.name}: header and directory differ in its {what}")
    name = data[begins : begins + length]
    if extra or name != entry.name.encode("ascii"):
        raise _fault(path, f"{entry.name}: header and directory differ in its name or extra fields")
    ends: int = begins + length + entry.packed
    if ends > limit:
        raise _fault(path, f"{entry.name}: reaches beyond the members")
    return ends


def _unpacked(path: Path, data: bytes, entry: _Entry) -> bytes:
    begins = entry.offset + LOCAL.size + len(entry.name)
    packed = data[begins : begins + entry.packed]
    if entry.method == STORED:
        content = packed
    else:
        reader = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            content = reader.decompress(packed, entry.size + 1)
        except zlib.error as error:
            raise _fault(path, f"{entry.name}: cannot be unpacked ({error})") from error
        if len(content) != entry.size or not reader.eof or reader.unused_data:
            raise _fault(path, f"{entry.name}: does not unpack to the {entry.size} bytes it states")
    if zlib.crc32(content) != entry.checksum:
        raise _fault(path, f"{entry.name}: its checksum is wrong")
    return content
