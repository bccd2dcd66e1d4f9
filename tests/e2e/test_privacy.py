"""Where prompts and keys go: nowhere but to the suite's endpoints."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claimbench.privacy.egress import (
    ConnectionCounter,
    EgressRefused,
    endpoints,
    is_here,
    over_sessions,
    said,
    unwatched,
)
from claimbench.store.results import ResultsStore
from claimbench.types import (
    Arm,
    BudgetSpec,
    ErrorPolicy,
    LoadSpec,
    SamplingParams,
    ServeSpec,
    Suite,
)

from .conftest import Said, Vendor

Bench = Callable[..., Said]
CANARY = "sk-canary-0815-privacy-QWERTZ"


def test_bytes_and_hosts_are_counted_per_arm_and_stored(
    desk: Path, bench: Bench, vendor: Vendor
) -> None:
    desk.write_text(desk.read_text().replace("provider: openai", "provider: compatible"))
    ended = bench("run", str(desk), "--offline", "--json", "--limit", "20")
    assert "good: no bytes to other machines seen; not watched: what 127.0.0.1:" in ended.err
    with ResultsStore.open(desk.parent / "results", create=False, read_only=True) as store:
        rows = store.derived(ended.json["run"], "egress", "1", dict)
    host = vendor.url.split("/")[2]
    traffic = rows["arm/good"]["hosts"][host]
    assert traffic["requests"] == 20
    assert traffic["bytes_sent"] > 20 * 200
    assert rows["process"] == {"connections": {}, "names": {}, "refused": {}}


def test_an_sdk_arm_claims_nothing(desk: Path, bench: Bench) -> None:
    ended = bench("run", str(desk), "--limit", "5", "--arm", "good")
    assert "0 bytes left" not in ended.err
    assert "good: bytes not counted; not watched: the SDK that carries them" in ended.err


GUARDED = """
import socket, sys
from claimbench.privacy.egress import ConnectionCounter as Watch
watch = Watch(only={"allowed.invalid"}); watch.install()
def attempt(work):
    try:
        work()
    except Exception as error:
        return type(error).__name__
    return "went"
def connect(address):
    with socket.socket() as sock:
        sock.settimeout(0.2)
        sock.connect(address)
server = socket.create_server(("127.0.0.1", 0))
seen = [
    attempt(lambda: socket.getaddrinfo("tracker.invalid", 443)),
    attempt(lambda: connect(("192.0.2.1", 443))),
    attempt(lambda: connect(server.getsockname())),
    attempt(lambda: socket.getaddrinfo("allowed.invalid", 443)),
]
watch.stop()
seen.append(sorted(watch.refused))
print(seen)
"""


def test_offline_refuses_every_host_but_the_suites() -> None:
    done = subprocess.run(
        [sys.executable, "-c", GUARDED], capture_output=True, text=True, check=True, timeout=60
    )
    found = done.stdout.strip()
    assert found.startswith("['EgressRefused', 'EgressRefused', 'went', 'gaierror'")
    assert "['192.0.2.1', 'tracker.invalid']" in found


def test_a_watch_counts_what_leaves_and_not_what_stays() -> None:
    watch = ConnectionCounter()
    watch._on = True
    watch._hook("socket.connect", (None, ("203.0.113.7", 443)))
    watch._hook("socket.connect", (None, ("127.0.0.1", 80)))
    watch._hook("socket.connect", (None, "/run/a.sock"))
    watch._hook("socket.getaddrinfo", ("api.example", 443))
    watch._hook("open", ("x",))
    assert dict(watch.connections) == {"203.0.113.7:443": 1}
    assert dict(watch.names) == {"api.example": 1}


def test_lines_for_people_claim_only_what_was_watched() -> None:
    def traffic(host: str) -> dict[str, object]:
        return {host: {"bytes_sent": 1234, "bytes_received": 9, "requests": 1}}

    here, away = traffic("127.0.0.1:8000"), traffic("api.example:443")
    assert said("a", {"hosts": here, "unwatched": None}) == (
        "a: no bytes to other machines seen; not watched: what 127.0.0.1:8000 on this machine sends"
        " on"
    )
    assert said("a", {"hosts": {}, "unwatched": None}) == "a: 0 bytes left this machine"
    assert said("a", {"hosts": away, "unwatched": None}) == "a: 1,234 bytes sent to api.example:443"
    child = unwatched(Arm("a", "compatible", "m", serve=ServeSpec(("x",))))
    assert "0 bytes left" not in said("a", {"hosts": here, "unwatched": child})
    assert "not watched: the server" in said("a", {"hosts": here, "unwatched": child})
    assert "not watched: the sockets of llama.cpp" in said(
        "a", {"hosts": None, "unwatched": unwatched(Arm("a", "llama_cpp", "m"))}
    )


def test_sessions_of_a_run_are_said_together() -> None:
    def rows(host: str, n: int, hidden: str | None = None) -> dict[str, object]:
        arm = {"hosts": {host: {"bytes_sent": n}}, "unwatched": hidden}
        return {"arm/a": arm, "process": {"names": {"api.example": 1}}}

    here, away = rows("127.0.0.1:80", 5), rows("api.example:443", 1000)
    looked_up = ("names looked up by the whole process", "api.example")
    both = {"1": here, "2": away, "3": away}
    passed_on = "not watched: what 127.0.0.1:80 on this machine sends on"
    sent = f"2,000 bytes sent to api.example:443; {passed_on}"
    assert over_sessions(["a"], both) == [("a", sent), looked_up]
    seen = f"no bytes to other machines seen; {passed_on}"
    assert over_sessions(["a"], {"1": here}) == [("a", seen), looked_up]
    killed = over_sessions(["a"], {"1": here, "2": {}})
    assert killed[0] == (
        "a",
        (
            "no bytes to other machines seen; not watched: session 2, which was killed before it"
            " could count, what 127.0.0.1:80 on this machine sends on"
        ),
    )
    assert over_sessions(["a"], {"1": {}}) == []


async def test_what_left_is_kept_when_the_run_ends_by_an_error(tmp_path: Path) -> None:
    from types import SimpleNamespace

    from claimbench.cli.watching import watched
    from claimbench.machine.manifest import bare_manifest
    from claimbench.run.arms import Arms
    from claimbench_reports.collect.data import privacy_lines

    sent = SimpleNamespace(bytes_sent=4711, bytes_received=1, requests=1)
    one, judge = (
        SimpleNamespace(traffic={f"{name}.example:443": sent}) for name in ("api", "judge")
    )
    arms = Arms({"a": one}, {}, {}, {}, {"j": judge})  # type: ignore[dict-item]
    suite = Suite(
        "s",
        "1-0",
        "",
        "s.yaml",
        (),
        (Arm("a", "compatible", "m", base_url="https://api.example/v1"),),
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
        "f",
        "m",
        judges=(Arm("j", "compatible", "m", base_url="https://judge.example/v1"),),
    )
    with ResultsStore.open(tmp_path) as store:
        begun: list[str] = []

        async def work() -> Any:
            store.create_run(bare_manifest("r", "a", "2026-01-01T00:00:00+00:00"), [])
            begun.append("r")
            store.start_session("r", host={})
            raise RuntimeError("the disk is full")

        with pytest.raises(RuntimeError, match="disk"):
            await watched(work(), suite, arms, store, False, begun)
        assert privacy_lines(store, "r", ["a", "j"])[:2] == [
            ("a", "4,711 bytes sent to api.example:443"),
            ("j", "4,711 bytes sent to judge.example:443"),
        ]


def test_endpoints_are_hosts_and_proxies() -> None:
    environ = {"HTTPS_PROXY": "http://user:pw@proxy.example:3128"}
    assert endpoints(["https://api.example/v1", None, "http://127.0.0.1:1/v1"], environ) == {
        "api.example",
        "127.0.0.1",
        "proxy.example",
    }
    assert is_here("::1")
    assert not is_here("10.0.0.1")
    assert issubclass(EgressRefused, Exception)
    assert socket.gethostname() is not None


ECHO = (
    f"Incorrect API key provided: {CANARY} (Authorization: Bearer {CANARY},"
    f" https://host/v1?key={CANARY}&alt=sse)"
)


FAKE_KEYRING = f"""
from keyring.backend import KeyringBackend

class Fake(KeyringBackend):
    priority = 1.0

    def get_password(self, service, username):
        return "{CANARY}" if (service, username) == ("vendor", "me") else None

    def set_password(self, service, username, password):
        raise NotImplementedError

    def delete_password(self, service, username):
        raise NotImplementedError
"""


@pytest.mark.parametrize("where", ["env", "file", "keyring"])
@pytest.mark.parametrize("status", [200, 401, 500])
def test_a_canary_key_is_in_no_artifact(
    desk: Path, bench: Bench, vendor: Vendor, where: str, status: int
) -> None:
    vendor.status, vendor.message = status, ECHO
    text = desk.read_text().replace("provider: openai", "provider: compatible")
    env = {"GOOD_KEY": CANARY}
    if where == "file":
        (desk.parent / "key.txt").write_text(CANARY + "\n")
        text, env = (
            text.replace("api_key_env: GOOD_KEY", "api_key_file: key.txt"),
            {"GOOD_KEY": "unused-value"},
        )
    if where == "keyring":
        (desk.parent / "fake_keyring.py").write_text(FAKE_KEYRING)
        env = {
            "GOOD_KEY": "unused-value",
            "PYTHON_KEYRING_BACKEND": "fake_keyring.Fake",
            "PYTHONPATH": ".",
        }
        text = text.replace("api_key_env: GOOD_KEY", "api_key_keyring: vendor/me")
    desk.write_text(text)
    said_ = bench("run", str(desk), "--limit", "4", env=env)
    if status != 200:
        with ResultsStore.open(desk.parent / "results", create=False, read_only=True) as store:
            (run,) = store.runs()
            errors = [attempt.error for attempt in store.attempts(run.run_id) if attempt.error]
        assert any("Incorrect API key provided: [key masked]" in error for error in errors)
    outputs = [said_.out, said_.err]
    if status == 200:
        assert vendor.keys == {f"Bearer {CANARY}"}
        for form in ("jsonl", "csv", "json"):
            more = bench("export", "--format", form, env=env)
            outputs += [more.out, more.err]
    forms = {
        CANARY,
        json.dumps(CANARY)[1:-1],
        base64.b64encode(CANARY.encode()).decode().rstrip("="),
    }
    for form in forms:
        assert all(form not in output for output in outputs)
        for path in (desk.parent / "results").rglob("*"):
            assert not path.is_file() or form.encode() not in path.read_bytes(), path


def test_what_an_sdk_passes_on_of_a_key_is_in_no_artifact(
    desk: Path, bench: Bench, vendor: Vendor
) -> None:
    vendor.status, vendor.message = 401, ECHO
    ended = bench("run", str(desk), "--limit", "4", "--arm", "good", env={"GOOD_KEY": CANARY})
    assert "Incorrect API key provided: [key masked]" in ended.err
    assert CANARY not in ended.out + ended.err
    for path in (desk.parent / "results").rglob("*"):
        assert not path.is_file() or CANARY.encode() not in path.read_bytes(), path
