"""When bytes reached this machine: the kernel's own receive times, put on the monotonic line.

Linux notes the arrival of every segment (``SO_TIMESTAMPING``, software) and hands the time of the
*last* segment of a read over with it. It is right to about 0.1 ms however late the program reads;
where several segments were merged into one read it is the last one's, hence an upper bound for the
earlier ones. Elsewhere the time at which the read returned stands in, and the stamp's source says
so.

A stamp goes back to the read's own time where the kernel's is missing, lies in the future (the wall
clock was set back) or before the last byte or the sending (it was set forward).
"""

from __future__ import annotations

import platform
import socket
import struct
import sys
import time
from collections.abc import Sequence

_SO_TIMESTAMPING = 37
_RX_SOFTWARE, _REPORT_SOFTWARE = 1 << 3, 1 << 4
_MACHINES = frozenset(
    {"x86_64", "aarch64", "arm64", "armv7l", "ppc64le", "s390x", "riscv64", "i686"}
)
"""Where the option has the number above; alpha, mips, parisc and sparc number their options
otherwise.
"""
_TIMESPEC = struct.Struct("@qq" if struct.calcsize("P") == 8 else "@ll")
ANCILLARY_BYTES = 128
CLOSE_NS, TRIES = 20_000, 8
"""Two clocks count as read together within so many ns; on a busy machine that takes some tries."""

Ancillary = Sequence[tuple[int, int, bytes]]


def enable(sock: socket.socket) -> bool:
    """Ask for the kernel's receive times on a TCP socket; False where there are none."""
    if sys.platform != "linux" or platform.machine() not in _MACHINES:
        return False
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPING, _RX_SOFTWARE | _REPORT_SOFTWARE)
    except OSError:
        return False
    return True


def arrival_ns(ancillary: Ancillary, now_ns: int) -> int | None:
    """Return the monotonic time at which the bytes of a read arrived; None if the kernel said
    nothing.

    The kernel speaks real time, so the age of the stamp (real now - stamp) is taken off the
    monotonic now; both clocks are read here, so their offset is fresh for every read, and together,
    so that a process that had to wait between them takes no earlier arrival for it. An age below
    zero means the wall clock was set back: then the stamp is of no use. A forward step is caught by
    the caller, who knows when the request left. ``now_ns``: when the read returned; no stamp is
    later.
    """
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPING and len(data) >= _TIMESPEC.size:
            seconds, nanos = _TIMESPEC.unpack_from(data)
            if seconds == 0:
                return None
            monotonic_ns, real_ns = _both_clocks()
            age = real_ns - (seconds * 1_000_000_000 + nanos)
            return min(monotonic_ns - age, now_ns) if age >= 0 else None
    return None


def _both_clocks() -> tuple[int, int]:
    """Return monotonic and real time of one moment: the closest of a few readings."""
    closest, found = sys.maxsize, (0, 0)
    for _ in range(TRIES):
        before = time.monotonic_ns()
        real = time.time_ns()
        apart = time.monotonic_ns() - before
        if apart < closest:
            closest, found = apart, (before + apart // 2, real)
        if apart <= CLOSE_NS:
            break
    return found
