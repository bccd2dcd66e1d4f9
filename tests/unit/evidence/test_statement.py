"""DSSE envelopes and Ed25519 keys."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from claimbench.errors import BenchError
from claimbench.evidence.statement import (
    new_key,
    open_envelope,
    pae,
    read_private,
    read_public,
    sealed,
    statement,
)
from claimbench.evidence.values import pretty

KIND = "urn:test:1"


def test_the_encoding_is_that_of_the_protocol() -> None:
    want = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert pae(b"hello world", "http://example.com/HelloWorld") == want


def test_a_signature_is_over_the_encoding_and_by_one_key() -> None:
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    data = sealed(statement(KIND, {"a": 1}, {"m": b"x"}), key)
    envelope = open_envelope(data, KIND)
    assert envelope.signed_by(key.public_key())
    assert not envelope.signed_by(other.public_key())
    outer = json.loads(data)
    key.public_key().verify(
        base64.b64decode(outer["signatures"][0]["sig"]), pae(base64.b64decode(outer["payload"]))
    )


def test_an_unsigned_envelope_is_signed_by_nobody() -> None:
    envelope = open_envelope(sealed(statement(KIND, {}, {}), None), KIND)
    assert not envelope.signed_by(Ed25519PrivateKey.generate().public_key())


def test_another_payload_is_not_what_was_signed() -> None:
    key = Ed25519PrivateKey.generate()
    outer = json.loads(sealed(statement(KIND, {"a": 1}, {}), key))
    outer["payload"] = base64.b64encode(statement(KIND, {"a": 2}, {})).decode()
    assert not open_envelope(pretty(outer), KIND).signed_by(key.public_key())


def changed(**fields: Any) -> bytes:
    return pretty({**json.loads(sealed(statement(KIND, {}, {}), None)), **fields})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        changed(payloadType="text/plain"),
        changed(payload="?"),
        changed(payload=base64.b64encode(b"{}").decode()),
        changed(payload=base64.b64encode(b'{"a": 1}').decode()),
        changed(payload=base64.b64encode(statement("urn:other", {}, {})).decode()),
        changed(signatures={}),
        changed(signatures=[{"sig": "AA=="}]),
        changed(signatures=[{"keyid": "x", "sig": 3}]),
        changed(extra=1),
        sealed(statement(KIND, {}, {}), None) + b" ",
    ],
)
def test_what_is_no_envelope_is_refused(data: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        open_envelope(data, KIND)


def test_keys_come_back(tmp_path: Path) -> None:
    public = new_key(tmp_path / "k")
    ours = read_private(tmp_path / "k").public_key()
    assert ours.public_bytes_raw() == read_public(public).public_bytes_raw()


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.pub").write_text("mine")
    (tmp_path / "b").symlink_to(tmp_path / "nowhere")
    for name in ("a", "b"):
        with pytest.raises(BenchError, match="never overwritten"):
            new_key(tmp_path / name)
    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "nowhere").exists()


def test_keys_of_another_kind_are_refused(tmp_path: Path) -> None:
    other = generate_private_key(SECP256R1())
    encrypted = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"x"),
    )
    plain = other.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    for data in (encrypted, plain, b"", b"\x00" * 50):
        (tmp_path / "k").write_bytes(data)
        with pytest.raises(BenchError, match="no Ed25519 private key"):
            read_private(tmp_path / "k")
    (tmp_path / "p").write_bytes(
        other.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    with pytest.raises(BenchError, match="no Ed25519 public key"):
        read_public(tmp_path / "p")
