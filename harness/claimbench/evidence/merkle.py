"""One hash over many rows, in any of which one can be shown alone (RFC 6962, section 2.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

_LEAF, _NODE = b"\x00", b"\x01"


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf; its prefix keeps it from being taken for a node's."""
    return hashlib.sha256(_LEAF + data).digest()


def root_hash(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes in their order; of none, the hash of nothing.

    The tree of n leaves splits at the largest power of two below n. Whole subtrees are folded as
    they fill, so that memory grows with the logarithm of the leaves.
    """
    whole: list[tuple[int, bytes]] = []  # (leaves under it, hash), sizes falling
    for leaf in leaves:
        size, node = 1, leaf
        while whole and whole[-1][0] == size:
            _, left = whole.pop()
            node = _join(left, node)
            size *= 2
        whole.append((size, node))
    if not whole:
        return hashlib.sha256(b"").digest()
    _, node = whole.pop()
    while whole:
        _, left = whole.pop()
        node = _join(left, node)
    return node


def _join(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()
