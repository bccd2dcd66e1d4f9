"""A PostgreSQL server of the tests' own, on loopback, as an ordinary user; tests/conftest.py hands
it on.
"""

from __future__ import annotations

import contextlib
import grp
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ADMIN = "tester"
PASSWORD_USERS = "asks_password"
"""Users of this group have to give their password; all others are let in."""


def find_programs() -> Path | None:
    """The folder of initdb and pg_ctl: Debian keeps it out of PATH."""
    found = shutil.which("initdb")
    if found and shutil.which("pg_ctl"):
        return Path(found).resolve().parent
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name)
    )
    return next((path for path in reversed(folders) if (path / "initdb").exists()), None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PostgresServer:
    """One server; ``settings`` are lines of postgresql.conf, ``hba`` those of pg_hba.conf: of the
    next start. With ``leader`` it is a standby of that server, and has its rows.
    """

    def __init__(
        self,
        programs: Path,
        settings: Mapping[str, str] | None = None,
        leader: PostgresServer | None = None,
    ) -> None:
        self.programs = programs
        self.settings = {
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": "60",
            **(settings or {}),
        }
        self.root = Path(tempfile.mkdtemp(prefix="claimbench-pg-"))
        self.data = self.root / "data"
        self.port = _free_port()
        self.hba = (
            f"host all +{PASSWORD_USERS} 127.0.0.1/32 scram-sha-256\n"
            "host all all 127.0.0.1/32 trust\n"
            "host replication all 127.0.0.1/32 trust\n"
        )
        self._names = itertools.count(1)
        self._free: list[str] = []
        self._as: list[str] = []
        self._user: str | None = None
        if os.geteuid() == 0:  # the server refuses to be root
            user = next((name for name in ("postgres", "nobody") if _is_user(name)), "nobody")
            self._as = ["setpriv", f"--reuid={user}", f"--regid={_group(user)}", "--clear-groups"]
            self._user = user
        self.give(self.root)
        if leader is None:
            new = ["-U", ADMIN, "-A", "trust", "-E", "UTF8", "--no-sync"]
            self._run("initdb", "-D", self.data, *new)
        else:
            there = f"host=127.0.0.1 port={leader.port} user={ADMIN}"
            copied = ["-R", "-X", "stream", "-c", "fast", "--no-sync"]
            self._run("pg_basebackup", "-D", self.data, "-d", there, *copied)
        self.start()

    def give(self, path: Path) -> None:
        """Give a file or folder to the user that the server runs as."""
        if self._user is not None:
            shutil.chown(path, self._user, _group_name(self._user))

    def promote(self) -> None:
        """Make a standby the one that leads."""
        self._run("pg_ctl", "-D", self.data, "-w", "-t", "180", "promote")

    def _run(self, program: str, *args: object) -> str:
        done = subprocess.run(
            [*self._as, str(self.programs / program), *map(str, args)],
            cwd=self.root,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout}")
        return done.stdout

    def start(self) -> None:
        """Start, and wait until connections are taken."""
        (self.data / "pg_hba.conf").write_text(self.hba, encoding="utf-8")
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            **self.settings,
        }
        given = " ".join(f"-c {name}='{value}'" for name, value in options.items())
        log = self.root / "data" / "server.log"
        self._run("pg_ctl", "-D", self.data, "-w", "-t", "180", "-l", log, "-o", given, "start")

    def restart(self) -> None:
        """Start again, with what ``settings`` and ``hba`` say now."""
        self.stop()
        self.start()

    def stop(self, mode: str = "fast") -> None:
        with contextlib.suppress(RuntimeError):
            self._run("pg_ctl", "-D", self.data, "-w", "-t", "180", "-m", mode, "stop")

    def kill(self) -> None:
        """End every process of the server at once, as a crash of its machine would."""
        pid = int((self.data / "postmaster.pid").read_text().split()[0])
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True
        ).stdout.split()
        for one in (pid, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        until = time.monotonic() + 10
        while time.monotonic() < until and Path(f"/proc/{pid}").exists():
            time.sleep(0.02)
        with contextlib.suppress(FileNotFoundError):
            (self.data / "postmaster.pid").unlink()

    def url(self, database: str = "postgres", user: str = ADMIN, **options: str) -> str:
        query = "&".join(f"{name}={value}" for name, value in options.items())
        end = f"?{query}" if query else ""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}{end}"

    def connect(self, database: str = "postgres", user: str = ADMIN, **given: Any) -> Any:
        """A connection of psycopg, each statement committed by itself."""
        import psycopg

        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=user, dbname=database, autocommit=True, **given
        )

    def sql(self, *statements: str, database: str = "postgres") -> list[Any]:
        """Run statements as the owner; return the rows of the last."""
        with self.connect(database) as connection:
            for statement in statements:
                done = connection.execute(statement)
            return done.fetchall() if done.description else []

    def new_database(self) -> str:
        """Make an empty database and return its name."""
        if self._free:
            return self._free.pop()
        name = f"t{next(self._names)}"
        self.sql(f"CREATE DATABASE {name}")
        return name

    def release(self, name: str) -> None:
        """Empty a database that nobody uses any more, for the next test: making one takes longer."""
        import psycopg

        with contextlib.suppress(psycopg.Error):
            self.sql(
                "SET lock_timeout = '2s'",
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()",
                "DROP SCHEMA public CASCADE",
                "CREATE SCHEMA public",
                "GRANT USAGE ON SCHEMA public TO PUBLIC",
                database=name,
            )
            self._free.append(name)

    def close(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self.root, ignore_errors=True)


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _group(name: str) -> str:
    return str(pwd.getpwnam(name).pw_gid)


def _group_name(name: str) -> str:
    return grp.getgrgid(pwd.getpwnam(name).pw_gid).gr_name
