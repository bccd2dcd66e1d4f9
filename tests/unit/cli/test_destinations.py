"""Where prompts go and what is started, in lines that nobody can forge."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from claimbench.cli.destinations import STARTED, Destination, destinations, is_loopback, one_line
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.suite.load import suite_without_tasks
from claimbench.types import Arm, ServeSpec, Suite


class To:
    def __init__(self, address: str | None) -> None:
        self._address = address

    def goes_to(self) -> str | None:
        return self._address


SUITE = """\
name: s
version: 1-0
tasks:
  - {name: t, dataset: {path: r.csv, target: t}, prompt: [{user: x}], answer: {type: text}, scorers: [exact]}
arms: [{name: a, provider: compatible, model: m, base_url: "http://127.0.0.1:1/v1"}]
"""


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    (tmp_path / "s.yaml").write_text(SUITE)
    return suite_without_tasks(tmp_path / "s.yaml")


def going(suite: Suite, address: str | None, serve: ServeSpec | None = None) -> Destination:
    arm = Arm("a", "compatible", "m", serve=serve)
    at = dataclasses.replace(suite, arms=(arm,))
    return destinations(at, {"a": To(address)}, PriceBook(use_genai=False))[0]


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://api.openai.com/v1", "api.openai.com"),
        ("https://me@evil.example/v1", "evil.example"),
        ("http://127.0.0.1@evil.example/v1", "evil.example"),
        ("https://\u0430pi.openai.com/v1", "xn--pi-6kc.openai.com"),
        ("https://b\u00fccher.example/v1", "xn--bcher-kva.example"),
        ("http://127.0.0.1:8/v1", "127.0.0.1:8"),
        (None, None),
    ],
)
def test_the_host_is_the_one_that_is_asked(
    suite: Suite, address: str | None, host: str | None
) -> None:
    assert going(suite, address).host == host


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("localhost.evil.example", False),
        ("2130706433", False),
        ("", False),
    ],
)
def test_loopback_alone_is_this_machine(host: str, here: bool) -> None:
    assert is_loopback(host) is here


def test_a_command_is_shown_whole_on_one_line(suite: Suite) -> None:
    spec = ServeSpec(
        ("bash", "-c", "evil\n  b: fine\x1b[2K\r\u202e"),
        env={"LD_PRELOAD": "./e.so\n", "HF_TOKEN": "from_environment"},
        health="http://elsewhere.example/\nx",
    )
    one = going(suite, "http://127.0.0.1:1/v1", spec)
    assert one.host == STARTED
    assert one.starting == (
        "a: starts: bash -c 'evil\\n  b: fine\\x1b[2K\\r\\u202e' (sets LD_PRELOAD=./e.so\\n; given"
        " from your environment: HF_TOKEN; asks http://elsewhere.example/\\nx whether it is ready)"
    )


def test_a_server_that_listens_elsewhere_is_not_called_started_here(suite: Suite) -> None:
    one = going(suite, "http://elsewhere.example/v1", ServeSpec(("true",)))
    assert one.host == "elsewhere.example"
    assert "leave this machine" in one.leaves


@pytest.mark.parametrize("text", ["plain words", "日本", "a'b"])
def test_what_can_be_printed_stays(text: str) -> None:
    assert one_line(text) == text


@pytest.mark.parametrize(
    ("address", "open_way"),
    [
        ("http://api.example/v1", True),
        ("HTTP://api.example:8443/v1", True),
        ("http://10.0.0.7:8000/v1", True),
        ("http://[2001:db8::1]/v1", True),
        ("https://api.example/v1", False),
        ("http://127.0.0.1:8/v1", False),
        ("http://[::1]:8/v1", False),
        ("http://localhost:8/v1", False),
        (None, False),
    ],
)
def test_a_way_that_others_can_read_is_said(
    suite: Suite, address: str | None, open_way: bool
) -> None:
    found = going(suite, address)
    assert found.unencrypted is open_way
    assert ("UNENCRYPTED" in found.line) is open_way
    keyed = dataclasses.replace(found, key="SOME_KEY")
    assert ("prompts and key can be read" in keyed.going) is open_way


def test_consent_to_an_encrypted_way_is_none_to_an_open_one(suite: Suite) -> None:
    from claimbench.cli.consent import asked_for

    (safe,) = asked_for(suite, [going(suite, "https://api.example/v1")])
    (bare,) = asked_for(suite, [going(suite, "http://api.example/v1")])
    assert safe.code != bare.code
    assert "UNENCRYPTED" in bare.line
