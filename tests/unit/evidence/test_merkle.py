"""The tree of RFC 6962: known roots, and against its recursive definition."""

from __future__ import annotations

import hashlib

import pytest

from claimbench.evidence.merkle import leaf_hash, root_hash

# Test vectors of certificate transparency's reference implementation
INPUTS = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


@pytest.mark.parametrize("n", ROOTS)
def test_known_roots(n: int) -> None:
    leaves = [leaf_hash(bytes.fromhex(text)) for text in INPUTS[:n]]
    assert root_hash(leaves).hex() == ROOTS[n]


def by_definition(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + by_definition(leaves[:k]) + by_definition(leaves[k:])).digest()


@pytest.mark.parametrize("n", [1, 2, 3, 5, 6, 7, 9, 31, 32, 33, 100])
def test_every_size_is_split_as_defined(n: int) -> None:
    leaves = [leaf_hash(str(i).encode()) for i in range(n)]
    assert root_hash(leaves) == by_definition(leaves)


def test_a_leaf_is_no_node() -> None:
    a, b = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(a + b) != root_hash([a, b])
