"""TLS to a real server: who is believed, and what is said of those who are not."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from claimbench.cli.proof.database import check_database
from claimbench.errors import StoreError
from claimbench.store.place import place_of
from claimbench.store.results import ResultsStore
from claimbench.types import Call

RUN = "20260101T000000Z-aaaaaa"
ASKS_FOR_TLS = bytes.fromhex("0000000804d2162f")


class Authority:
    """A CA of our own, by openssl."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.crt, self._key = folder, folder / f"{name}.crt", folder / f"{name}.key"
        self._openssl(
            "req", "-x509", *self._new(self._key), "-subj", f"/CN={name}", "-out", self.crt
        )

    def signed(self, name: str, subject: str, host: str = "", days: str = "2") -> tuple[Path, Path]:
        """A certificate for ``host``, and its key."""
        crt, key, asked = (self.folder / f"{name}.{end}" for end in ("crt", "key", "csr"))
        self._openssl("req", *self._new(key), "-subj", f"/CN={subject}", "-out", asked)
        names = self.folder / f"{name}.ext"
        names.write_text(f"subjectAltName=DNS:{host}\n" if host else "")
        ours = ["-CA", self.crt, "-CAkey", self._key, "-CAcreateserial", "-extfile", names]
        self._openssl("x509", "-req", "-in", asked, *ours, "-days", days, "-out", crt)
        key.chmod(0o600)
        return crt, key

    def _new(self, key: Path) -> list[object]:
        return [
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-keyout",
            key,
        ]

    def _openssl(self, *words: object) -> None:
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Between:
    """Somebody on the way who answers for the server that it speaks no TLS."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.heard: list[bytes] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if client.recv(8) == ASKS_FOR_TLS:
                    client.sendall(b"N")
                threading.Thread(target=self._listen, args=(client,), daemon=True).start()

    def _listen(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            while data := client.recv(65536):
                self.heard.append(data)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"), "ours")


@pytest.fixture(scope="module")
def secured(new_postgres: Callable[..., Any], authority: Authority) -> Any:
    """A server with a certificate for localhost, which takes nothing unencrypted; ``known`` is let
    in by a certificate alone.
    """
    server = new_postgres()
    server.sql("CREATE ROLE known LOGIN")
    crt, key = authority.signed("server", "localhost", "localhost")
    for name, source in (("s.crt", crt), ("s.key", key), ("ca.crt", authority.crt)):
        path = server.data / name
        path.write_bytes(source.read_bytes())
        path.chmod(0o600)
        server.give(path)
    server.settings.update(ssl="on", ssl_cert_file="s.crt", ssl_key_file="s.key")
    server.settings["ssl_ca_file"] = "ca.crt"
    server.hba = "hostssl all known 127.0.0.1/32 cert\nhostssl all all 127.0.0.1/32 trust\n"
    server.restart()
    return server


def url(
    server: Any, host: str, user: str = "tester", database: str = "postgres", **more: Any
) -> Any:
    query = "&".join(f"{name}={value}" for name, value in more.items())
    return place_of(f"postgresql://{user}@{host}:{server.port}/{database}?{query}")


def test_verify_full_is_kept_through_a_whole_run_and_over_a_cut(
    secured: Any, authority: Authority, make: Any
) -> None:
    place = url(secured, "localhost", sslmode="verify-full", sslrootcert=authority.crt)
    calls: list[Call] = make.calls(4)
    with ResultsStore.open(place) as store:
        store.create_run(make.manifest(), calls)
        with store.lock_run(RUN), store.writer(RUN) as writer:
            writer.record(make.record(calls[0])).result(30)
            with ResultsStore.open(place, read_only=True) as other, other.engine.connect() as line:
                seen = line.exec_driver_sql(
                    "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
                    " WHERE application_name LIKE 'bench%%'"
                ).fetchall()
                assert len(seen) >= 3
                assert all(encrypted for (encrypted,) in seen)
                line.exec_driver_sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name LIKE 'bench%%' AND pid <> pg_backend_pid()"
                    " AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')"
                )
            writer.record(make.record(calls[1])).result(60)
        assert store.finished(RUN) == {calls[0].id, calls[1].id}
        store.verify(RUN)
    found = {check.name: check for check in check_database(place)}
    assert found["database TLS"].standing == "ok"
    assert "TLSv1" in found["database TLS"].finding


REFUSED = {
    "another CA": ("localhost", "verify-full", "other.crt", "certificate is not accepted"),
    "another CA, any host": ("localhost", "verify-ca", "other.crt", "certificate is not accepted"),
    "another host": ("127.0.0.1", "verify-full", "ours.crt", "certificate is for another host"),
    "no CA's file": ("localhost", "verify-full", "none.crt", "the file of sslrootcert is not there"),
    "unencrypted": ("localhost", "disable", "ours.crt", "takes no unencrypted connection"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_server_that_is_not_the_one_is_refused_in_words(
    secured: Any, authority: Authority, name: str
) -> None:
    host, mode, ca, words = REFUSED[name]
    Authority(authority.folder, "other")
    place = url(secured, host, sslmode=mode, sslrootcert=authority.folder / ca)
    with pytest.raises(StoreError, match=words) as info:
        ResultsStore.open(place, create=False, read_only=True)
    assert info.value.hint


def test_another_host_is_let_in_only_where_nobody_asked_for_the_host(
    secured: Any, authority: Authority
) -> None:
    place = url(secured, "127.0.0.1", sslmode="verify-ca", sslrootcert=authority.crt)
    ResultsStore.open(place, create=False, read_only=True).close()


def test_a_certificate_whose_time_is_over_is_refused(secured: Any, authority: Authority) -> None:
    kept = (secured.data / "s.crt").read_bytes(), (secured.data / "s.key").read_bytes()
    crt, key = authority.signed("past", "localhost", "localhost", days="0")
    (secured.data / "s.crt").write_bytes(crt.read_bytes())
    (secured.data / "s.key").write_bytes(key.read_bytes())
    try:
        secured.restart()
        place = url(secured, "localhost", sslmode="verify-full", sslrootcert=authority.crt)
        with pytest.raises(StoreError, match="certificate is not accepted"):
            ResultsStore.open(place, create=False, read_only=True)
    finally:
        (secured.data / "s.crt").write_bytes(kept[0])
        (secured.data / "s.key").write_bytes(kept[1])
        secured.restart()


def test_a_user_without_the_certificate_that_is_asked_for_is_told_so(
    secured: Any, authority: Authority
) -> None:
    crt, key = authority.signed("known", "known")
    other, of_other = authority.signed("stranger", "stranger")
    root = {"sslmode": "verify-full", "sslrootcert": authority.crt}
    with pytest.raises(StoreError, match="wants a certificate of yours") as info:
        ResultsStore.open(url(secured, "localhost", "known", **root), read_only=True)
    assert "sslcert=FILE" in str(info.value.hint)
    secured.sql("ALTER ROLE known SUPERUSER")  # to read the tables that are there
    place = url(secured, "localhost", "known", **root, sslcert=crt, sslkey=key)
    ResultsStore.open(place).close()
    strangers = url(secured, "localhost", "known", **root, sslcert=other, sslkey=of_other)
    with pytest.raises(StoreError, match="refuses your certificate for this user"):
        ResultsStore.open(strangers, create=False, read_only=True)
    key.chmod(0o644)
    with pytest.raises(StoreError, match="may be read by others") as info:
        ResultsStore.open(place, create=False, read_only=True)
    assert "chmod 600" in str(info.value.hint)


@pytest.fixture
def between(secured: Any) -> Iterator[Between]:
    made = Between(secured.port)
    yield made
    made.close()


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_nobody_on_the_way_can_talk_us_out_of_tls(
    between: Between, authority: Authority, mode: str
) -> None:
    place = url(between, "localhost", sslmode=mode, sslrootcert=authority.crt)
    with pytest.raises(StoreError, match="speaks no TLS"):
        ResultsStore.open(place, create=False, read_only=True)
    assert b"".join(between.heard) == b"", "not even the user's name was said"
