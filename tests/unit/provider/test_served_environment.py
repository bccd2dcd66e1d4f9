"""What a server that a suite starts gets of the user's environment: what programs need, no key."""

from __future__ import annotations

import pytest

from claimbench.provider.served_environment import (
    FROM_ENVIRONMENT,
    environment_for,
    not_there,
    taken,
)

USER = {
    "PATH": "/usr/bin",
    "HOME": "/home/me",
    "LC_ALL": "de_DE.UTF-8",
    "CUDA_VISIBLE_DEVICES": "1",
    "HF_HOME": "/models",
    "VIRTUAL_ENV": "/venv",
    "LD_LIBRARY_PATH": "/cuda/lib64",
    "VLLM_LOGGING_LEVEL": "INFO",
    "OLLAMA_MODELS": "/ollama",
    "TOKENIZERS_PARALLELISM": "false",
}


def test_what_programs_and_engines_need_is_handed_on() -> None:
    assert environment_for({}, USER) == USER


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPENAI_API_KEY", "sk-0123456789abcdef"),
        ("HF_TOKEN", "hf_0123456789abcdef"),
        ("AWS_SECRET_ACCESS_KEY", "aws0123456789"),
        ("VLLM_API_KEY", "of-my-own-server"),
        ("LLAMA_API_KEY", "of-my-own-server"),
        ("MYTEAM", "whatever"),
        ("SSH_AUTH_SOCK", "/tmp/agent"),
        ("HTTPS_PROXY", "http://me:word@proxy:8080"),
        ("UV_INDEX_URL", "https://me:word@index.example/simple"),
        ("DATABASE_URL", "postgres://x"),
    ],
)
def test_keys_and_what_has_no_known_use_are_not_handed_on(name: str, value: str) -> None:
    assert environment_for({}, {**USER, name: value}) == USER


def test_a_key_under_a_harmless_name_is_not_handed_on() -> None:
    user = {**USER, "OPENAI_API_KEY": "sk-0123456789", "VLLM_NOTE": "see sk-0123456789"}
    assert environment_for({}, user) == USER
    assert environment_for({}, {**USER, "LLAMA_ARG_X": "longenough"}, ("LLAMA_ARG_X",)) == USER


def test_a_proxy_without_a_password_is_handed_on() -> None:
    user = {**USER, "https_proxy": "http://proxy:8080"}
    assert environment_for({}, user) == user


def test_what_the_suite_names_is_given_and_taken_by_name() -> None:
    env = {"A": "b", "HF_TOKEN": FROM_ENVIRONMENT, "PATH": "/mine"}
    found = environment_for(env, {**USER, "HF_TOKEN": "hf_secret"})
    assert found == {**USER, "A": "b", "HF_TOKEN": "hf_secret", "PATH": "/mine"}
    assert taken(env) == ("HF_TOKEN",)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("HF_TOKEN",), "HF_TOKEN is not set (serve: env)"),
        (("A", "PATH", "B"), "A, B are not set (serve: env)"),
        (("PATH",), None),
        ((), None),
    ],
)
def test_what_is_not_there_is_named(names: tuple[str, ...], said: str | None) -> None:
    assert not_there(dict.fromkeys(names, FROM_ENVIRONMENT), USER) == said
