"""Faults of PostgreSQL and of the way to it, in words, each with what to do."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from claimbench.errors import StoreError

_RESUME = "continue with bench run --resume once it is"
_SAFE = "what was committed before is safe"
_LOST_STATES = ("08", "57P")
"""SQLSTATEs of a connection that is gone: connection exceptions, and a server that shuts down."""
_LOST = frozenset({"25P03", "57P05"})

_BY_STATE: tuple[tuple[str, str, str | None], ...] = (
    (
        "28P01",
        "the server refuses the password",
        "PGPASSWORD, ~/.pgpass or the keyring hold another",
    ),
    ("28", "the server refuses this user", "ask for access (pg_hba.conf), or name another user"),
    ("3D000", "there is no such database", "make it: createdb NAME; or correct --results"),
    (
        "53100",
        f"the server's disk is full; {_SAFE}",
        f"free space on the server, and {_RESUME} free",
    ),
    ("53200", f"the server is out of memory; {_SAFE}", f"give it some, and {_RESUME} well"),
    (
        "53300",
        "the server takes no more connections",
        "wait, end others (each run needs 3), or raise max_connections",
    ),
    ("53", f"the server is short of something; {_SAFE}", f"mend it, and {_RESUME} well"),
    (
        "25006",
        "the server takes no writes: it is a standby, or was made one",
        "name the one that leads, or add target_session_attrs=read-write; then bench run --resume",
    ),
    (
        "25P03",
        f"the server ended a transaction that had been idle for too long; {_SAFE}",
        "continue with bench run --resume; raise idle_in_transaction_session_timeout if it recurs",
    ),
    (
        "57P05",
        f"the server ended a connection that had been idle for too long; {_SAFE}",
        "continue with bench run --resume; raise idle_session_timeout if it recurs",
    ),
    (
        "57P03",
        "the server is starting, stopping or recovering",
        "try again in a moment",
    ),
    ("57P", f"the server was stopped, or ended the connection; {_SAFE}", f"{_RESUME} back"),
    (
        "57014",
        f"a statement took longer than the server or we allow; {_SAFE}",
        "look for locks (pg_stat_activity) and at statement_timeout",
    ),
    (
        "55P03",
        "another process keeps its rows locked",
        "wait for it to end; pg_stat_activity shows it",
    ),
    ("40", f"the server undid the transaction for the sake of others; {_SAFE}", "try again"),
    (
        "42501",
        "this user may not do that",
        "a role with the rights: bench results roles prints the SQL (reader, writer, auditor)",
    ),
    ("08", f"the connection was lost; {_SAFE}", f"{_RESUME} reachable"),
    ("XX", f"the server reports damage of its own; {_SAFE}", "ask whoever keeps the server"),
    ("58", f"the server's disk or files are at fault; {_SAFE}", "ask whoever keeps the server"),
)
_WORDS_LOST = (
    "server closed the connection",
    "connection is closed",
    "the connection is lost",
    "connection not open",
    "terminating connection",
    "could not receive data",
    "could not send data",
    "consuming input failed",
    "sending query failed",
    "sending query and params failed",
    "SSL connection has been closed",
    "SSL SYSCALL error",
    "discarding closed connection",
)
_BY_WORDS: tuple[tuple[str, str, str | None], ...] = (
    (
        "no password supplied",
        "the server wants a password",
        "give it by PGPASSWORD, ~/.pgpass, or: keyring set claimbench:postgresql"
        " USER@HOST:PORT/DATABASE",
    ),
    (
        "password authentication failed",
        "the server refuses the password",
        "PGPASSWORD, ~/.pgpass or the keyring hold another",
    ),
    (
        "no encryption",
        "the server takes no unencrypted connection from here",
        "sslmode=verify-full, with sslrootcert=FILE; or ask for access (pg_hba.conf)",
    ),
    ("no pg_hba.conf entry", "the server refuses this user from here", "ask for access"),
    ("too many clients", "the server takes no more connections", "wait, or end others"),
    (
        "too many connections for",
        "the server takes no more connections for this database or user",
        "wait, end others (each run needs 3), or raise its CONNECTION LIMIT",
    ),
    (
        "remaining connection slots",
        "the server takes no more connections",
        "wait, end others (each run needs 3), or raise max_connections",
    ),
    (
        "read-write mode during recovery",
        "the server takes no writes: it is a standby, or was made one",
        "name the one that leads, or add target_session_attrs=read-write",
    ),
    (
        "session is read-only",
        "no server of the URL takes writes",
        "name the one that leads; a reader leaves target_session_attrs out",
    ),
    (
        "could not translate host name",
        "the server's name is not known",
        "correct the host in --results, or the network",
    ),
    (
        "failed to resolve host",
        "the server's name is not known",
        "correct the host in --results, or the network",
    ),
    (
        "connection refused",
        "nothing listens there",
        "start the server, or correct host and port in --results",
    ),
    (
        "valid client certificate",
        "the server wants a certificate of yours",
        "sslcert=FILE and sslkey=FILE name it and its key",
    ),
    (
        "certificate authentication failed",
        "the server refuses your certificate for this user",
        "name the user that it was made for, or another with sslcert=FILE and sslkey=FILE",
    ),
    (
        "private key file",
        "the file of sslkey is not there, or may be read by others",
        "name it with sslkey=FILE; chmod 600 FILE",
    ),
    (
        "does not match host name",
        "the server's certificate is for another host",
        "name the host as its certificate does; never turn the check off on a network",
    ),
    (
        "root certificate file",
        "the file of sslrootcert is not there",
        "sslrootcert=FILE names the CA's certificate, sslrootcert=system those of this machine",
    ),
    ("certificate", "the server's certificate is not accepted", "sslrootcert=FILE names the CA's"),
    (
        "does not support SSL",
        "the server speaks no TLS, and sslmode asks for it",
        "have the server set up with a certificate, or use sslmode=disable on a trusted network",
    ),
    ("sslmode", "the option sslmode is not right", "sslmode=verify-full, with sslrootcert=FILE"),
    ("timeout", "the server does not answer", "look at the network, host and port"),
    ("does not exist", "there is no such database or user", "make it, or correct --results"),
    ("starting up", "the server is starting", "try again in a moment"),
    ("shutting down", "the server is stopping", "try again in a moment"),
)


def is_lost(error: BaseException) -> bool:
    """Say whether an error means that the connection is gone: nobody knows whether what was asked
    last was done.
    """
    if isinstance(error, StoreError) and error.__cause__ is not None:
        error = error.__cause__
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    state = str(getattr(cause, "sqlstate", None) or "")
    if state:
        return state.startswith(_LOST_STATES) or state in _LOST
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    text = str(cause)
    return any(words in text for words in _WORDS_LOST)


def explain(cause: BaseException, place: str) -> StoreError:
    """Return the :class:`StoreError` for an error of psycopg met at ``place``."""
    state = str(getattr(cause, "sqlstate", None) or "")
    text = _text_of(cause)
    if state == "42501" and text.startswith("could not "):
        state = "58030"  # of the server's own files, not of the user
    if state.startswith("23"):
        return StoreError(f"{place}: the row is refused: {text}", hint=_constraint_hint(text))
    if "NUL" in text and "0x00" in text:
        return StoreError(
            f"{place}: a name holds a NUL character, which PostgreSQL cannot keep",
            hint="take it out of the sample's id, or of the arm's or task's name",
        )
    for known, message, hint in _BY_STATE if state else ():
        if state.startswith(known):
            return StoreError(f"{place}: {message} (PostgreSQL: {text})", hint=hint)
    for words, message, hint in _BY_WORDS if not state else ():
        if words.lower() in str(cause).lower():
            return StoreError(f"{place}: {message} (PostgreSQL: {text})", hint=hint)
    if is_lost(cause):
        return StoreError(
            f"{place}: the connection was lost; {_SAFE} (PostgreSQL: {text})",
            hint=f"{_RESUME} reachable",
        )
    return StoreError(f"{place}: {text}", hint="bench doctor --results URL looks at the server")


def _text_of(cause: BaseException) -> str:
    """Return an error's own words on one line; DETAIL and CONTEXT may hold rows."""
    primary = getattr(getattr(cause, "diag", None), "message_primary", None)
    text = str(primary or cause).strip()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "; ".join(lines[:3])[:400] or type(cause).__name__


def _constraint_hint(text: str) -> str | None:
    if "append-only" in text:
        return "raw measurements are never changed; make a new run"
    if "UNIQUE" in text or "unique" in text:
        return "this call was recorded already: are two processes working on one run?"
    if "foreign key" in text:
        return "its run, session or planned call is not in the database"
    return None
