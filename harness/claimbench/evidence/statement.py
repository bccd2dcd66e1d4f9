"""What a bundle says of itself, and who says it: an in-toto Statement in a DSSE envelope.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md and
https://github.com/secure-systems-lab/dsse/blob/master/protocol.md. Signatures are Ed25519 over the
pre-authentication encoding (PAE) of the payload. ``cryptography`` is imported where a key is used.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claimbench.errors import BenchError
from claimbench.evidence.values import NotCanonical, canonical, pretty, read_json
from claimbench.types import Json

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
_MOST_KEY_BYTES = 16_384


def pae(payload: bytes, kind: str = PAYLOAD_TYPE) -> bytes:
    """Return what is signed: ``DSSEv1 LEN(type) type LEN(body) body``, of DSSE's protocol."""
    plain = kind.encode()
    return b"DSSEv1 %d %s %d %s" % (len(plain), plain, len(payload), payload)


def statement(
    predicate_type: str, predicate: Mapping[str, Json], subjects: Mapping[str, bytes]
) -> bytes:
    """Return an in-toto Statement over ``subjects`` (name -> content), in canonical JSON."""
    listed: list[Json] = []
    for name in sorted(subjects):
        digest = hashlib.sha256(subjects[name]).hexdigest()
        listed.append({"name": name, "digest": {"sha256": digest}})
    return canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": listed,
            "predicateType": predicate_type,
            "predicate": dict(predicate),
        }
    ).encode("ascii")


def sealed(payload: bytes, key: Ed25519PrivateKey | None) -> bytes:
    """Return the DSSE envelope of a payload: signed with ``key``, or with no signature."""
    signatures: list[Json] = []
    if key is not None:
        signed = base64.b64encode(key.sign(pae(payload))).decode("ascii")
        signatures.append({"keyid": key_id(key.public_key()), "sig": signed})
    return pretty(
        {
            "payloadType": PAYLOAD_TYPE,
            "payload": base64.b64encode(payload).decode("ascii"),
            "signatures": signatures,
        }
    )


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope as read: the statement's bytes and value, and (key id, signature) pairs."""

    payload: bytes
    statement: Mapping[str, Any]
    signatures: tuple[tuple[str, bytes], ...]

    def signed_by(self, key: Ed25519PublicKey) -> bool:
        """Say whether one of the signatures is this key's over this payload."""
        from cryptography.exceptions import InvalidSignature

        message = pae(self.payload)
        for _, signature in self.signatures:
            with suppress(InvalidSignature):
                key.verify(signature, message)
                return True
        return False


def open_envelope(data: bytes, predicate_type: str) -> Envelope:
    """Read an envelope that holds a Statement of ``predicate_type``.

    Raises:
        ValueError: it is none, in words.
    """
    outer = read_json(data)
    if not isinstance(outer, dict) or set(outer) != {"payloadType", "payload", "signatures"}:
        raise NotCanonical("is no DSSE envelope (payloadType, payload, signatures)")
    if outer["payloadType"] != PAYLOAD_TYPE:
        raise NotCanonical(f"holds {outer['payloadType']!r:.60}, not {PAYLOAD_TYPE}")
    payload = _decoded(outer["payload"])
    inner = read_json(payload)
    if not isinstance(inner, dict) or canonical(inner).encode("ascii") != payload:
        raise NotCanonical("its statement is not written as ClaimBench writes it")
    if set(inner) != {"_type", "subject", "predicateType", "predicate"}:
        raise NotCanonical("holds no in-toto Statement")
    if inner["_type"] != STATEMENT_TYPE or inner["predicateType"] != predicate_type:
        raise NotCanonical(f"is a {inner['predicateType']!r:.80}, not a {predicate_type}")
    found: list[tuple[str, bytes]] = []
    listed = outer["signatures"]
    if not isinstance(listed, list):
        raise NotCanonical("its signatures are no list")
    for one in listed:
        if not isinstance(one, dict) or set(one) != {"keyid", "sig"}:
            raise NotCanonical("a signature is not of the form keyid, sig")
        found.append((str(one["keyid"]), _decoded(one["sig"])))
    if pretty(outer) != data:
        raise NotCanonical("is not written as ClaimBench writes it")
    return Envelope(payload, inner, tuple(found))


def _decoded(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise NotCanonical("holds what is no base64") from None


# --- keys -----------------------------------------------------------------------------------------


def key_id(key: Ed25519PublicKey) -> str:
    """Return the name of a key: the SHA-256 of its 32 bytes, in hex."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


def new_key(path: Path) -> Path:
    """Make a signing key: ``path`` (PEM, not encrypted, for its owner alone) and ``path``.pub;
    return the latter.

    Raises:
        BenchError: one of the files is there already, or cannot be written.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    public = path.with_name(f"{path.name}.pub")
    private_bytes = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public_bytes = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    kept = "a key is never overwritten"
    for file in (path, public):
        if file.exists() or file.is_symlink():
            raise _is_there(file, kept)
    write_new(path, private_bytes, kept=kept, mode=0o600)
    write_new(public, public_bytes, kept=kept)
    return public


def _is_there(path: Path, kept: str) -> BenchError:
    return BenchError(f"{path}: is there already; {kept}", hint="name another file")


def write_new(path: Path, data: bytes, *, kept: str, mode: int = 0o644) -> None:
    """Write a file that is not there yet.

    Raises:
        BenchError: it is there already, and ``kept`` says why it stays, or it cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
    except FileExistsError:
        raise _is_there(path, kept) from None
    except OSError as error:
        raise BenchError(f"{path}: cannot be written: {error.strerror}") from error


def read_private(path: Path) -> Ed25519PrivateKey:
    """Read a signing key.

    Raises:
        BenchError: the file is no Ed25519 private key in PEM without a passphrase.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    data = _key_bytes(path)
    key = None
    with suppress(ValueError, TypeError, UnsupportedAlgorithm):
        key = serialization.load_pem_private_key(data, None)
    if not isinstance(key, Ed25519PrivateKey):
        raise BenchError(
            f"{path}: is no Ed25519 private key (PEM, without a passphrase)",
            hint="bench bundle --new-key PATH makes one",
        )
    return key


def read_public(path: Path) -> Ed25519PublicKey:
    """Read the public half of a signing key.

    Raises:
        BenchError: the file is no Ed25519 public key in PEM.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    data = _key_bytes(path)
    if b"PRIVATE KEY" in data:
        raise BenchError(
            f"{path}: is a private key; whoever verifies needs the public one alone",
            hint=f"name {path}.pub",
        )
    key = None
    with suppress(ValueError, TypeError, UnsupportedAlgorithm):
        key = serialization.load_pem_public_key(data)
    if not isinstance(key, Ed25519PublicKey):
        raise BenchError(
            f"{path}: is no Ed25519 public key (PEM)",
            hint="it stands beside the private one, as PATH.pub",
        )
    return key


def _key_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_KEY_BYTES)
    except OSError as error:
        raise BenchError(f"{path}: the key cannot be read: {error.strerror}") from error
