"""Where results are: a folder or file of this machine, or a PostgreSQL database by its URL.

A URL never holds a password: libpq finds one in ``PGPASSWORD`` or ``~/.pgpass``, and we ask the
keyring. So a place may be shown, logged and stored as it is.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote

from claimbench.errors import StoreError


def in_home(name: str) -> Path:
    """Return a path whose ``~`` or ``~USER`` stands for that home; where there is no such user, the
    path as it is.
    """
    return Path(os.path.expanduser(name))  # noqa: PTH111 - that of Path raises RuntimeError


SCHEMES = ("postgresql://", "postgres://")
LOCAL_FOLDER = Path("results")
"""Where a run's reports and other files go if its rows are in a database with a URL."""

_PASSED_ON = frozenset(
    {
        "channel_binding",
        "connect_timeout",
        "gssencmode",
        "host",
        "krbsrvname",
        "passfile",
        "port",
        "require_auth",
        "sslcert",
        "sslcrl",
        "sslkey",
        "sslmode",
        "sslnegotiation",
        "sslrootcert",
        "target_session_attrs",
        "user",
    }
)
"""Options of libpq that a URL may name. None of them can change what is stored."""
_SECRET = frozenset({"password", "sslpassword"})
_LIKE_PASSWORD = re.compile(r"[^/@?#]*:(?![0-9]*(?:[/,?#]|$))[^@]*@")
_EXAMPLE = "postgresql://USER@HOST:5432/DATABASE?sslmode=verify-full"
_OTHER_WAYS = (
    "give it by the environment (PGPASSWORD), a line of ~/.pgpass"
    " (HOST:PORT:DATABASE:USER:PASSWORD), or the keyring: keyring set claimbench:postgresql"
    " USER@HOST:PORT/DATABASE"
)


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """A PostgreSQL database. ``hosts``: (host, port) of each server that may hold it; an empty host
    is libpq's default. ``options``: of libpq, such as ``sslmode``.
    """

    hosts: tuple[tuple[str, str], ...]
    database: str
    user: str = ""
    options: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        who = f"{quote(self.user, safe='')}@" if self.user else ""
        shown = [
            (f"[{host}]" if ":" in host else quote(host, safe="")) + (f":{port}" if port else "")
            for host, port in self.hosts
        ]
        query = "&".join(f"{name}={quote(value, safe='/:.-_')}" for name, value in self.options)
        end = f"?{query}" if query else ""
        return f"postgresql://{who}{','.join(shown)}/{quote(self.database, safe='')}{end}"

    @property
    def arguments(self) -> Mapping[str, str]:
        """Return what libpq is given: host, port, dbname, user, and the options."""
        given = dict(self.options)
        host = ",".join(host for host, _ in self.hosts)
        port = ",".join(port or "5432" for _, port in self.hosts)
        if host.strip(","):
            given.setdefault("host", host)
        if any(port for _, port in self.hosts):
            given.setdefault("port", port)
        if self.database:
            given["dbname"] = self.database
        if self.user:
            given["user"] = self.user
        return given

    @property
    def is_local(self) -> bool:
        """Say whether every server is this machine: a loopback address or a socket of it."""
        named = dict(self.options).get("host")
        hosts = named.split(",") if named else [host for host, _ in self.hosts]
        return all(_is_loopback(host) for host in hosts)


Place = Path | DatabaseUrl
"""A folder that holds bench.db, the file itself, or a database by its URL."""


def is_url(text: str) -> bool:
    """Say whether ``text`` is meant as the URL of a database."""
    return text.lower().startswith(SCHEMES)


def place_of(text: str | Path) -> Place:
    """Return the place that ``text`` names.

    Raises:
        StoreError: it is a URL with a password, of another kind of database, or that cannot be
            read. The message never holds the password.
    """
    if isinstance(text, Path):
        return text
    if is_url(text):
        return _url(text)
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", text)
    if scheme is not None:
        raise StoreError(
            f"results cannot be kept at {scheme[1]}://...: no such kind of database is known",
            hint=f"name a folder, or {_EXAMPLE}",
        )
    mangled = re.match(r"(postgres(?:ql)?)(?::/?[^/]|//)", text, re.IGNORECASE)
    if mangled is not None and not os.path.exists(text):  # noqa: PTH110 - a name may be too long
        raise StoreError(
            f"results at {mangled[1]}...: the URL of a database begins with postgresql://",
            hint=f"write {_EXAMPLE}",
        )
    return Path(text)


def folder_of(place: Place) -> Path:
    """Return the folder for reports and other files of the runs of an open database: the one it
    lies in, or ``./results`` where it has a URL.
    """
    return LOCAL_FOLDER if isinstance(place, DatabaseUrl) else place.parent


def page_name(url: DatabaseUrl) -> str:
    """Return a part of a file's name that tells databases apart."""
    shown = re.sub(r"[^A-Za-z0-9]+", "-", f"{url.hosts[0][0]}-{url.database}").strip("-")[:40]
    return f"{shown or 'database'}-{hashlib.sha256(str(url).encode()).hexdigest()[:8]}"


def is_there(place: Place) -> bool:
    """Say whether there can be something: a folder or file that exists, or any URL."""
    return isinstance(place, DatabaseUrl) or place.exists()


def _url(text: str) -> DatabaseUrl:
    rest = text.partition("://")[2]
    rest, _, query = rest.partition("?")
    # A password may hold '/' or '@': what stands before the last '@' is the user's part
    who, at, where = rest.rpartition("@")
    if ":" in unquote(who) or _LIKE_PASSWORD.match(text.partition("://")[2]):
        raise _password_in_url()
    address, _, database = where.partition("/")
    options = _options(query)
    if "#" in text or "/" in database:
        raise StoreError(f"the URL of the results has something after the database: {_EXAMPLE}")
    user = unquote(who) if at else ""
    found = dict(options)
    hosts = tuple(_host(part) for part in address.split(","))
    name = unquote(database)
    if not name:
        raise StoreError("the URL of the results names no database", hint=f"for example {_EXAMPLE}")
    for what in (user, name, *found.values(), *(host for host, _ in hosts)):
        if not what.isprintable():
            raise StoreError("the URL of the results holds a character that cannot be printed")
    user = found.pop("user", user)
    return DatabaseUrl(hosts, name, user, tuple(sorted(found.items())))


def _password_in_url() -> StoreError:
    return StoreError(
        "the URL of the results holds a password, which would end in logs, the shell's history"
        " and the list of processes",
        hint=f"leave it out and {_OTHER_WAYS}",
    )


def _options(query: str) -> list[tuple[str, str]]:
    options = parse_qsl(query, keep_blank_values=True)
    for name, value in options:
        if (name == "user" and ":" in value) or (name == "host" and "@" in value):
            raise _password_in_url()
        if name in _SECRET:
            raise StoreError(
                f"the URL of the results holds a secret ({name})",
                hint=f"leave it out and {_OTHER_WAYS}",
            )
        if name not in _PASSED_ON:
            # With an @ behind it, it may be the rest of a password with a question mark in it
            shown = "an option" if "@" in query else f"the option {name!r:.60}"
            raise StoreError(
                f"the URL of the results has {shown} that is not passed on",
                hint=f"known: {', '.join(sorted(_PASSED_ON))}",
            )
    return options


def _host(part: str) -> tuple[str, str]:
    found = re.fullmatch(r"(\[[^\]]*\]|[^:\[\]]*)(?::([0-9]*))?", part)
    if found is None or (found[2] and not 0 < int(found[2]) < 65536):
        raise StoreError(
            f"the URL of the results has no host and port at {part!r:.80}",
            hint=f"for example {_EXAMPLE}",
        )
    return unquote(found[1].strip("[]")), found[2] or ""


def _is_loopback(host: str) -> bool:
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
