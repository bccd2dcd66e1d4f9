"""Requests and replies of RFC 3161."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest

from claimbench.evidence.timestamp import request, stamped_at

OPENSSL = shutil.which("openssl")
SETTINGS = """
[tsa]
default_tsa = one
[one]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
[req]
distinguished_name = dn
[dn]
[ext]
extendedKeyUsage = critical,timeStamping
"""


def test_a_request_is_the_bytes_of_the_standard() -> None:
    import hashlib

    digest = hashlib.sha256(b"abc").hexdigest()
    want = f"30390201013031300d060960864801650304020105000420{digest}0101ff"
    assert request(b"abc").hex() == want


@pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")
def test_a_reply_of_openssl_is_read(tmp_path: Path) -> None:
    def openssl(*words: str) -> None:
        done = subprocess.run(
            ["openssl", *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    (tmp_path / "s.cnf").write_text(SETTINGS)
    (tmp_path / "serial").write_text("01\n")
    (tmp_path / "q").write_bytes(request(b"a plan"))
    openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "k",
        "-out",
        "c",
        "-days",
        "2",
        "-subj",
        "/CN=test",
        "-config",
        "s.cnf",
        "-extensions",
        "ext",
    )
    openssl(
        "ts",
        "-reply",
        "-queryfile",
        "q",
        "-signer",
        "c",
        "-inkey",
        "k",
        "-out",
        "r",
        "-config",
        "s.cnf",
        "-section",
        "one",
    )
    reply = (tmp_path / "r").read_bytes()
    text = base64.b64encode(reply).decode()
    moment = stamped_at(text, b"a plan")
    assert moment is not None
    assert moment.startswith("20")
    assert moment.endswith("Z")
    assert stamped_at(text, b"another plan") is None
    for end in range(0, len(reply), 97):
        assert stamped_at(base64.b64encode(reply[:end]).decode(), b"a plan") in (None, moment)


@pytest.mark.parametrize("reply", ["", "?", "AAAA", base64.b64encode(b"\x30\x84\xff" * 9).decode()])
def test_what_is_no_reply_says_nothing(reply: str) -> None:
    assert stamped_at(reply, b"x") is None
