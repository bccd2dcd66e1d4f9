"""Every error that ClaimBench raises on purpose.

::

    BenchError                      exit 3   usage, suite or environment
    |- SuiteError(path, line)       exit 3
    |- ClaimError                   exit 3
    |- PluginError                  exit 3
    |- ModelError                   exit 3   a model cannot be found, fetched or loaded
    |- StoreError                   exit 3
    |  `- SchemaTooNew
    |- IntegrityError               exit 5   a hash that does not match, a tampered store
    |- RunIncomplete                exit 4
    `- ProviderError                becomes an Outcome, never ends a run
       |- Auth  RateLimited(retry_after)  Timeout  ConnectTimeout  Network
       `- BadRequest  ContextOverflow  ServerFault  IncompleteStream  MalformedStream

A message says what failed, where, what was seen and what to do. Exit codes when several apply: 3,
5, 4, 1, 2, 0 - the first of this order wins (docs/architecture.md).
"""

from __future__ import annotations

import unicodedata

from claimbench.types import Outcome

EXIT_OK = 0
EXIT_REFUTED = 1
EXIT_UNDECIDED = 2
EXIT_USAGE = 3
EXIT_INCOMPLETE = 4
EXIT_INTEGRITY = 5
EXIT_ORDER = (EXIT_USAGE, EXIT_INTEGRITY, EXIT_INCOMPLETE, EXIT_REFUTED, EXIT_UNDECIDED, EXIT_OK)


MOST_WORDS = 2_000
"""Characters of a server's words that an error holds, at most."""
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that only turn the direction of those beside them."""


def visible(text: str) -> str:
    """Return ``text`` with everything a terminal would obey written as an escape, and shortened.

    Control characters, marks that turn the direction of writing, line separators and half
    surrogate pairs: a server's words are shown, never carried out.
    """
    short = text[:MOST_WORDS]
    if short.isascii() and short.isprintable():
        return short
    return "".join(_shown(char) for char in short)


def _shown(char: str) -> str:
    if char in _BIDI or unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp"):
        return char.encode("unicode_escape").decode("ascii")
    return char


class BenchError(Exception):
    """Root of all our errors; ``hint`` says what to do and is printed on a line of its own."""

    exit_code = EXIT_USAGE

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class SuiteError(BenchError):
    """A mistake in a suite or its data; prints as ``path:line: message``."""

    def __init__(
        self, message: str, *, path: str, line: int | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.path = path
        self.line = line

    def __str__(self) -> str:
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{place}: {self.message}"


class ClaimError(BenchError):
    """A claim that cannot be read or is not testable as stated."""


class PluginError(BenchError):
    """An entry point that is missing, broken or of the wrong kind; or an arm that it cannot serve
    as written.

    ``option``: the arm's option at fault, so that the suite's line can be named.
    """

    def __init__(self, message: str, *, hint: str | None = None, option: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.option = option


class ModelError(BenchError):
    """A local model that cannot be found, fetched or loaded."""


class StoreError(BenchError):
    """The results database cannot be used as asked."""


class SchemaTooNew(StoreError):
    """The database was written by a newer ClaimBench."""


class IntegrityError(BenchError):
    """Something is not what its hash says."""

    exit_code = EXIT_INTEGRITY


class RunIncomplete(BenchError):
    """A run ended before its plan did."""

    exit_code = EXIT_INCOMPLETE


class ProviderError(BenchError):
    """A fault of one attempt. ``billable``: whether the provider may have charged for it.

    Its message may hold a server's words, so that control characters in it are made visible.
    """

    outcome = Outcome.SERVER_FAULT
    lasting = False
    """Asking again would give the same, and be paid again."""

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        http_status: int | None = None,
        retry_after_s: float | None = None,
        billable: str = "unknown",
    ) -> None:
        super().__init__(visible(message), hint=None if hint is None else visible(hint))
        self.http_status = http_status
        self.retry_after_s = retry_after_s
        self.billable = billable


class Auth(ProviderError):
    """The key is missing, wrong or not allowed (401, 403)."""

    outcome = Outcome.AUTH


class RateLimited(ProviderError):
    """Too many requests (429); ``retry_after_s`` if the provider said when."""

    outcome = Outcome.RATE_LIMITED


class Timeout(ProviderError):
    """The model took longer than the suite allows."""

    outcome = Outcome.MODEL_TIMEOUT


class ConnectTimeout(ProviderError):
    """No connection within the connect timeout."""

    outcome = Outcome.CONNECT_TIMEOUT


class Network(ProviderError):
    """The connection failed or broke before the answer began."""

    outcome = Outcome.NETWORK


class BadRequest(ProviderError):
    """The provider does not accept the request (400, 404, 422)."""

    outcome = Outcome.BAD_REQUEST


class ContextOverflow(ProviderError):
    """Prompt plus max_tokens do not fit the model's context."""

    outcome = Outcome.CONTEXT_OVERFLOW


class ServerFault(ProviderError):
    """The provider failed (5xx, or an error event inside a 200)."""

    outcome = Outcome.SERVER_FAULT


class IncompleteStream(ProviderError):
    """The stream ended without a finish reason."""

    outcome = Outcome.INCOMPLETE_STREAM


class MalformedStream(ProviderError):
    """The stream is not what the protocol says, or its usage contradicts itself."""

    outcome = Outcome.MALFORMED_STREAM


class UnknownShape(MalformedStream):
    """The answer came, in a shape that is not known: another would come in the same."""

    lasting = True


def why_unreadable(error: BaseException) -> str:
    """Return why a reader gave up, in words of what it read: what Python calls the fault, and the
    values of the reader's own code, tell nobody what is wrong with it.
    """
    if isinstance(error, KeyError) and error.args:
        return f"{str(error.args[0])[:60]!r} is missing"
    for kind, words in _FORMS:
        if isinstance(error, kind):
            return words
    return str(error) or "it is not of the form that it has to have"


_FORMS: tuple[tuple[type[BaseException], str], ...] = (
    (RecursionError, "nested too deeply to read"),
    (IndexError, "a list is shorter than it has to be"),
    (AttributeError, "a value is of another kind than it has to be"),
    (TypeError, "a value is of another kind than it has to be"),
    (ArithmeticError, "a number is none that can be reckoned with"),
    (AssertionError, "a value is not what it has to be"),
)
