"""What a server gives back of a key is in no attempt; what merely looks like one may be an answer."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from claimbench.errors import SuiteError
from claimbench.privacy.key_guard import KeyGuard
from claimbench.privacy.redact import MASK
from claimbench.provider.attempt import CollectedAnswer, Tried
from claimbench.suite.load import load_suite
from claimbench.types import Attempt, Done, Meta, Outcome, Timing, ToolCall
from claimbench_providers.endpoints.known_keys import guard_of, known_secrets

KEY = "my-own-endpoint-key/0815+x"
GUARD = KeyGuard(secrets=("another-secret-1",), keys=(KEY, "short"))


def tried(text: str = "", error: str | None = None, **more: object) -> Tried:
    timing = Timing(None, 1, 2, None, None, (), 3, "transport")
    attempt = Attempt("c", 1, 1, timing, Outcome.OK, 200, None, None, None, "yes", error=error)
    return Tried(replace(attempt, **more), CollectedAnswer(parts=[text]), None)


def test_errors_lose_every_secret_and_every_shape() -> None:
    said = (
        f"Incorrect key {KEY} or another-secret-1 at https://h/v1?key=abcdef123 (Bearer"
        " abcdefgh12345678)"
    )
    error = GUARD.clean(tried(error=said)).attempt.error
    assert error == f"Incorrect key {MASK} or {MASK} at https://h/v1?key={MASK} (Bearer {MASK})"


@pytest.mark.parametrize(
    "form",
    [KEY, "my-own-endpoint-key%2F0815%2Bx", base64.b64encode(KEY.encode()).decode().rstrip("=")],
)
def test_answers_lose_the_arms_own_key_in_every_form(form: str) -> None:
    answer = GUARD.clean(
        tried(f"you sent {form}", request_id=f"r-{form}", usage_raw={"for": [form]})
    )
    assert form not in answer.answer.text
    assert form not in str(answer.attempt)


def test_reasoning_and_tool_calls_too() -> None:
    one = tried("billing")
    one.answer.reasoning_parts.append(KEY)
    one.answer.tool_calls.append(ToolCall("f", f'{{"k": "{KEY}"}}'))
    clean = GUARD.clean(one)
    assert clean.answer.reasoning == MASK
    assert clean.answer.tool_calls[0].arguments == f'{{"k": "{MASK}"}}'
    assert clean.answer.text == "billing"


def test_an_answer_is_left_alone_unless_the_key_is_in_it() -> None:
    one = tried(
        "short words such as sk-abcdefghijklmnopqrstuvwxyz are answers; another-secret-1 too"
    )
    assert GUARD.clean(one) is one
    assert KeyGuard().clean(one) is one
    assert repr(GUARD) == "KeyGuard()"


FIELDS = ("model_returned", "fingerprint", "request_id", "usage_raw")


@pytest.mark.parametrize("name", FIELDS)
def test_no_field_of_an_attempt_keeps_it(name: str) -> None:
    clean = GUARD.clean(tried(**{name: {KEY: [KEY]} if name == "usage_raw" else f"x {KEY}"}))
    assert KEY not in str(clean)


@pytest.mark.parametrize("event", [Done(KEY), Meta(200, KEY), Meta(200, None, f"fp-{KEY}")])
def test_no_event_of_an_answer_keeps_it(event: Done | Meta) -> None:
    one = tried("billing")
    one.answer.take(event, 5)
    clean = GUARD.clean(one)
    assert KEY not in str(clean)
    assert clean.answer.text == "billing"


def test_a_tool_calls_name_and_id_too() -> None:
    one = tried()
    one.answer.tool_calls.append(ToolCall(f"f_{KEY}", "{}"))
    assert KEY not in str(GUARD.clean(one))


@pytest.mark.parametrize("before", ["", "x", "xy", "user:", "Basic: a longer name "])
@pytest.mark.parametrize("after", ["", "y", "yz", ":more"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_shows_it_at_no_offset(
    before: str, after: str, encode: Callable[[bytes], bytes]
) -> None:
    given = encode(f"{before}{KEY}{after}".encode()).decode()
    clean = GUARD.clean(tried(f"header {given}")).answer.text
    assert MASK in clean
    left = clean.replace("header ", "").split(MASK)
    assert all(len(part) <= len(given) - len(KEY) for part in left)


def test_hexadecimal_too() -> None:
    for given in (KEY.encode().hex(), KEY.encode().hex().upper()):
        assert GUARD.clean(tried(given)).answer.text == MASK


SUITE = """\
name: s
version: 1-0
tasks:
  - name: t
    dataset: {{path: r.csv, target: y}}
    prompt: [{{user: "{{{{ x }}}}"}}]
    answer: {{type: text}}
    scorers: [exact]
arms:
  - {{name: a, provider: compatible, model: m, {arm}}}
"""


@pytest.mark.parametrize(
    ("arm", "key"),
    [
        ('base_url: "https://host/v1?key=abcdef123456"', "base_url"),
        ('base_url: "https://user:pass1234@host/v1"', "base_url"),
        ('options: {headers: {Authorization: "Bearer abcdef1234567890"}}', "options"),
        ('options: {headers: {x-api-key: "abc"}}', "options"),
        ("options: {extra_body: {user: sk-abcdefghijklmnopqrstuvwxyz}}", "options"),
    ],
)
def test_a_key_in_a_suite_is_refused_and_not_shown(tmp_path: Path, arm: str, key: str) -> None:
    (tmp_path / "r.csv").write_text("x,y\na,b\n")
    (tmp_path / "s.yaml").write_text(SUITE.format(arm=arm))
    with pytest.raises(SuiteError) as caught:
        load_suite(tmp_path / "s.yaml", providers=("compatible",))
    assert f"arms.a.{key} holds what looks like a key (not shown)" in str(caught.value)
    assert "abc" not in str(caught.value)
    assert caught.value.line == 10


@pytest.mark.parametrize(
    "arm",
    [
        'base_url: "https://host.openai.azure.com/openai/v1?api-version=2026-01-01"',
        (
            "options: {headers: {X-Title: my bench, OpenAI-Organization: org-123}, extra_body:"
            " {cache_salt: abc}}"
        ),
        "options: {n_ctx: 4096, token_parameter: max_tokens}",
    ],
)
def test_what_is_no_key_stays(tmp_path: Path, arm: str) -> None:
    (tmp_path / "r.csv").write_text("x,y\na,b\n")
    (tmp_path / "s.yaml").write_text(SUITE.format(arm=arm))
    assert load_suite(tmp_path / "s.yaml", providers=("compatible",)).arms


@pytest.mark.parametrize(
    ("arm", "variable"),
    [
        ("provider: gemini", "GEMINI_API_KEY"),
        ("provider: anthropic", "ANTHROPIC_API_KEY"),
        ("provider: deepseek", "DEEPSEEK_API_KEY"),
        ('provider: compatible, base_url: "https://api.mistral.ai/v1"', "MISTRAL_API_KEY"),
        (
            'provider: compatible, base_url: "https://host/v1", api_key_env: MY_OWN_PLACE',
            "MY_OWN_PLACE",
        ),
        ('provider: compatible, base_url: "https://host/v1", api_key_file: key.txt', None),
    ],
)
def test_the_key_of_an_arm_is_known_wherever_it_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arm: str, variable: str | None
) -> None:
    (tmp_path / "r.csv").write_text("x,y\na,b\n")
    (tmp_path / "key.txt").write_text(f"{KEY}\n")
    if variable is not None:
        monkeypatch.setenv(variable, KEY)
    (tmp_path / "s.yaml").write_text(
        SUITE.format(arm="X: Y").replace("provider: compatible, model: m, X: Y", f"model: m, {arm}")
    )
    suite = load_suite(tmp_path / "s.yaml")
    assert KEY in known_secrets(suite)
    assert guard_of(suite, ["a"]).keys == (KEY,)
    assert guard_of(suite, []).keys == ()
    assert KEY not in str(guard_of(suite, ["a"]).clean(tried(KEY, error=KEY)))
