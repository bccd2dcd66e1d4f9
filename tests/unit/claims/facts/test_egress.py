"""Claims that data stay: read, and decided by what a run counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from claimbench.claims.facts.egress import Seen, decided, egress_seen, says_data_stay
from claimbench.claims.language.say import read_as
from claimbench.claims.parse import parse_claim
from claimbench.claims.types import ClaimContext
from claimbench.claims.verdicts import decide_claims
from claimbench.errors import ClaimError
from claimbench.testing.tables import tables_from_arrays
from claimbench.types import Arm, ClaimSpec, ServeSpec, Suite

ARMS = (
    Arm("local", "llama_cpp", "m"),
    Arm("far", "openai", "m"),
    Arm("near", "compatible", "m", base_url="http://127.0.0.1:8000/v1"),
)


@pytest.mark.parametrize("text", [
    "user data never leaves its own machines",
    "data is never shared",
    "Customer data is never shared with third parties.",
    "no user data leaves the company's own servers",
    "local keeps all user data on its own machines",
    "it never sends user data to third parties",
    "data doesn't leave our servers",
])  # fmt: skip
def test_sentences_that_say_that_data_stay(text: str) -> None:
    assert says_data_stay(text)


@pytest.mark.parametrize("text", [
    "user data is never shared and it is 90% cheaper",
    "data never leaves the platform undecided",
    "it never fails",
    "the data are better",
])  # fmt: skip
def test_sentences_that_say_more_or_something_else(text: str) -> None:
    assert not says_data_stay(text)


def parsed(text: str, **raw: Any) -> Any:
    return parse_claim(ClaimSpec("c", text, None, raw), ARMS, ())


def test_the_arm_is_named_or_asked_for() -> None:
    assert parsed("local keeps all user data on its own machines").treatments == ("local",)
    assert parsed("data is never shared", arm="far").treatments == ("far",)
    assert "stay on this machine" in read_as(parsed("data is never shared", arm="far"))
    with pytest.raises(ClaimError, match="which arm"):
        parsed("data is never shared")
    with pytest.raises(ClaimError, match="no comparison"):
        parsed("data is never shared", arm="far", than="local")


def rows(names: tuple[str, ...] = (), **hosts: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"process": {"connections": {}, "names": dict.fromkeys(names, 1)}}
    for arm, counted in hosts.items():
        sent = None
        if counted is not None:
            sent = {host: {"bytes_sent": n} for host, n in counted.items()}
        library = "the sockets of llama.cpp's C library (it opens none that we know of)"
        unseen = library if arm == "local" else "the SDK that carries them"
        hidden = None if counted is not None else unseen
        made[f"arm/{arm}"] = {"hosts": sent, "unwatched": hidden}
    return made


def seen(session: dict[str, Any], arms: tuple[Arm, ...] = ARMS) -> dict[str, Seen]:
    from claimbench.types import BudgetSpec, ErrorPolicy, LoadSpec, SamplingParams

    suite = Suite(
        "s",
        "1-0",
        "",
        "",
        (),
        arms,
        SamplingParams(),
        1,
        1,
        LoadSpec(),
        BudgetSpec(),
        (),
        ErrorPolicy(),
        0.03,
        0.05,
        "super",
        "never",
        (),
        {},
        "",
        "",
    )
    return egress_seen(suite, {"1": session})


def test_a_model_in_this_process_sends_nothing() -> None:
    found = seen(rows(local=None))["local"]
    assert found.status == "supported"
    assert "not watched" in found.told


def test_a_host_that_no_arm_explains_leaves_it_open() -> None:
    found = seen(rows(("telemetry.example",), local=None))["local"]
    assert found.status == "inconclusive"
    assert "telemetry.example" in found.told
    both = seen(rows(("api.example",), local=None, far={"api.example:443": 9}))
    assert both["local"].status == "supported"
    assert both["far"].status == "refuted"
    assert "9 bytes went to api.example:443" in both["far"].told


@pytest.mark.parametrize(("hosts", "status", "words"), [
    ({"127.0.0.1:8000": 7}, "inconclusive", "what the server there sends on is not seen"),
    ({"10.0.0.5:80": 7}, "inconclusive", "whose machine that is"),
    ({"10.0.0.5:80": 7, "8.8.8.8:443": 1}, "refuted", "8.8.8.8"),
    (None, "inconclusive", "not counted"),
    ({}, "inconclusive", "not counted"),
])  # fmt: skip
def test_what_endpoints_show(hosts: Any, status: str, words: str) -> None:
    found = seen(rows(near=hosts))["near"]
    assert (found.status, words in found.told) == (status, True)


def test_a_started_server_and_a_killed_session_leave_it_open() -> None:
    served = replace(ARMS[2], serve=ServeSpec(("x",)))
    assert seen(rows(near={"127.0.0.1:1": 3}), (served,))["near"].status == "inconclusive"
    from claimbench.types import BudgetSpec, ErrorPolicy, LoadSpec, SamplingParams

    suite = Suite(
        "s",
        "1-0",
        "",
        "",
        (),
        ARMS[:1],
        SamplingParams(),
        1,
        1,
        LoadSpec(),
        BudgetSpec(),
        (),
        ErrorPolicy(),
        0.03,
        0.05,
        "super",
        "never",
        (),
        {},
        "",
        "",
    )
    found = egress_seen(suite, {"1": rows(local=None), "2": {}})
    assert "session 2 was killed" in found["local"].told


def test_verdicts_say_what_was_seen() -> None:
    items, calls = tables_from_arrays({"local": [1.0] * 30, "far": [1.0] * 30})
    context = ClaimContext(
        egress={"local": Seen("supported", "in process"), "far": Seen("refuted", "9 bytes left")}
    )
    claims = [
        parsed("data is never shared", arm="local"),
        parsed("data is never shared", arm="far"),
        parsed("data is never shared", arm=["local", "far"]),
        parsed("data is never shared", arm="near"),
    ]
    found = decide_claims(claims, items, calls, context)
    assert [v.status for v in found] == ["supported", "refuted", "refuted", "not_comparable"]
    assert "9 bytes left" in found[1].sentence
    assert "nothing was counted for near" in found[3].sentence
    assert decided(claims[0], {})[0] == "not_comparable"
