"""Keys never leave; transcripts leave as the profile says."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from claimbench.errors import BenchError
from claimbench.privacy.redact import MASK, WITHHELD, Redactor, check_profile, secrets_in

KEYS = (
    "sk-proj-abcdEFGH0123456789",
    "sk-ant-api03-abcdEFGH0123456789-xyz",
    "AIzaSyA0123456789abcdefghijklmnopqrstuvw",
    "ghp_abcdefghijklmnopqrstuvwxyz012345",
    "hf_abcdefghijklmnopqrstuvwx",
    "gsk_abcdefghijklmnopqrstuvwx",
    "AKIAABCDEFGHIJKLMNOP",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "around",
    ["{}", "key={} and more", '{{"authorization": "Bearer {}"}}', "https://x.test/?key={}&b=1"],
)
def test_keys_are_masked_by_their_shape(key: str, around: str) -> None:
    shown = Redactor().mask(around.format(key))
    assert key not in shown
    assert MASK in shown


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abc.def-ghi_jkl0",
        "authorization=Basic dXNlcjpwYXNzd29yZA==",
        "https://user:hunter2hunter2@example.com/v1",
        '"x-api-key": "0123456789abcdef"',
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\n-----END PRIVATE KEY-----",
    ],
)
def test_places_where_keys_stand(text: str) -> None:
    shown = Redactor().mask(text)
    for secret in (
        "abc.def-ghi_jkl0",
        "dXNlcjpwYXNzd29yZA",
        "hunter2hunter2",
        "0123456789abcdef",
        "MIIEvQIBADAN",
    ):
        assert secret not in shown


@pytest.mark.parametrize(
    "text",
    [
        "The risk-averse task-oriented desk-bound clerk asked.",
        "A basic understanding of bearer instruments is enough.",
        "Order 4711 costs $12.30, e-mail me at a@b.example, see https://example.com/a:b",
        (
            "tokens: 123456789, sha256"
            " e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        ),
    ],
)
def test_words_survive(text: str) -> None:
    assert Redactor().mask(text) == text


def test_known_values_are_masked_however_they_are_written() -> None:
    secret = 'cañary/"key"+7777'
    redact = Redactor(secrets=(secret,))
    forms = [
        secret,
        json.dumps(secret),
        quote(secret, safe=""),
        base64.b64encode(secret.encode()).decode(),
    ]
    for form in forms:
        assert redact.mask(f"before {form} after").count(MASK) == 1


def test_secrets_in_takes_secret_names_and_named_ones_but_no_short_values() -> None:
    env = {
        "OPENAI_API_KEY": "a" * 20,
        "HF_TOKEN": "b" * 20,
        "MINE": "c" * 20,
        "HOME": "/home/x",
        "N_TOKEN": "1",
    }
    assert set(secrets_in(env, ["MINE"])) == {"a" * 20, "b" * 20, "c" * 20}


def test_profiles() -> None:
    text = "my order sk-proj-abcdEFGH0123456789"
    assert Redactor("full").transcript(text) == f"my order {MASK}"
    hashed = Redactor("hashed").transcript(text)
    assert hashed is not None
    assert hashed.startswith("sha256:")
    assert "order" not in hashed
    assert hashed == Redactor("hashed").transcript(text)
    assert hashed != Redactor("hashed").transcript(text + ".")
    assert Redactor("none").transcript(text) == WITHHELD
    assert Redactor("none").transcript(None) is None
    with pytest.raises(BenchError, match="half"):
        check_profile("half")


def test_json_masks_header_fields_and_every_string() -> None:
    shown = Redactor().json(
        {"headers": {"Authorization": "whatever"}, "list": ["Bearer abcdefghijkl0"], "n": 3}
    )
    assert shown == {"headers": {"Authorization": MASK}, "list": [f"Bearer {MASK}"], "n": 3}
