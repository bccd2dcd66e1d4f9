"""Keys in what a suite says of a server: refused, for the suite is stored with every run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from claimbench.privacy.redact import Redactor
from claimbench.provider.key_owners import MIN_SECRET, looks_secret, owners
from claimbench.provider.served_environment import FROM_ENVIRONMENT
from claimbench.suite.schema.run import ServeModel

_SECRET_OPTION = re.compile(r"--?[a-z-]*(api-?key|token|password|passwd|secret)", re.IGNORECASE)
_SECRET_WORD = re.compile(
    r"(^|_)(SECRETS?|PASSWORD|PASSWD|PASSPHRASE|PWD|CREDENTIALS?|API_?KEY|ACCESS_?KEY|AUTH|BEARER)(_|$)",
    re.IGNORECASE,
)
_STAND_INS = frozenset(("not-needed", "no-key-needed", "placeholder", "anything", "localhost"))
"""What is written where a program wants a key and does not check it; shorter ones need no list."""
_REVOKE = "if this was a key, revoke it"


class SecretPlace(NamedTuple):
    """Where below ``serve`` something stands that must not, what is wrong, and what to do."""

    loc: tuple[str | int, ...]
    message: str
    hint: str


def secret_place(serve: ServeModel) -> SecretPlace | None:
    """Return the first place with a key, or with the name of one that no server is given."""
    return next(_in_env(serve), None) or next(_in_words(serve), None)


def _in_env(serve: ServeModel) -> Iterator[SecretPlace]:
    for name, value in serve.env.items():
        if value == FROM_ENVIRONMENT:
            if owners(name) == ():
                yield SecretPlace(
                    ("env", name),
                    f"{name} is a secret of another service, which no suite's server is given",
                    "if the server needs it, start the server yourself and write its base_url",
                )
        elif _is_masked(value) or (_is_secret_name(name) and _is_literal(value)):
            yield SecretPlace(
                ("env", name),
                f"serve.env.{name} holds what looks like a key (not shown); it would be stored",
                f"write {name}: {FROM_ENVIRONMENT}, and set {name} where bench runs; {_REVOKE}",
            )


def _in_words(serve: ServeModel) -> Iterator[SecretPlace]:
    for key in ("command", "args"):
        words = getattr(serve, key) or []
        for index, word in enumerate(words):
            option, equals, value = word.partition("=")
            before = words[index - 1] if index else ""
            said = (equals and _SECRET_OPTION.fullmatch(option) and _is_literal(value)) or (
                _SECRET_OPTION.fullmatch(before) and _is_literal(word)
            )
            if said or _is_masked(word):
                yield SecretPlace(
                    (key, index),
                    f"serve.{key} holds what looks like a key (not shown); it would be stored",
                    "give it in a variable instead (env: {NAME: "
                    + FROM_ENVIRONMENT
                    + "}); "
                    + _REVOKE,
                )
    if serve.health is not None and _is_masked(serve.health):
        yield SecretPlace(("health",), "serve.health holds what looks like a key", _REVOKE)


def _is_secret_name(name: str) -> bool:
    return looks_secret(name) or _SECRET_WORD.search(name) is not None


def _is_masked(text: str) -> bool:
    return Redactor().mask(text) != text


def _is_literal(value: str) -> bool:
    return (
        len(value.strip()) >= MIN_SECRET
        and value.strip().lower() not in _STAND_INS
        and not value.startswith(("-", "{", "$", "/", "./"))
    )
