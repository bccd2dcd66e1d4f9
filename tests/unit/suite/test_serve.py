"""Servers by recipe: what an engine's name stands for, and what replaces its parts."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from claimbench.provider.served import filled
from claimbench.suite.schema.run import ServeModel, serve_of
from claimbench.types import Arm, ServeSpec


def spec(**given: object) -> ServeSpec:
    found = serve_of(ServeModel.model_validate(given))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("engine", "begins", "health"),
    [
        ("llama_server", ("llama-server", "--model", "{model_path}"), "/health"),
        ("vllm", ("vllm", "serve", "{model}"), "/health"),
        ("sglang", ("{python}", "-m", "sglang.launch_server", "--model-path"), "/health"),
        ("ollama", ("ollama", "serve"), "/api/version"),
    ],
)
def test_recipes(engine: str, begins: tuple[str, ...], health: str) -> None:
    found = spec(engine=engine)
    assert found.command[: len(begins)] == begins
    assert found.health == "http://127.0.0.1:{port}" + health
    everything = " ".join([*found.command, *found.env.values()])
    assert "{port}" in everything
    assert "127.0.0.1" in everything


def test_what_is_given_replaces_the_recipes_parts() -> None:
    found = spec(engine="vllm", args=["--max-model-len", "4096"], env={"A": "b"})
    assert found.command[-2:] == ("--max-model-len", "4096")
    assert found.env == {"A": "b"}
    own = spec(engine="ollama", command="my-ollama {port}", health="http://127.0.0.1:{port}/up")
    assert own.command == ("my-ollama", "{port}")
    assert own.health.endswith("/up")
    assert "OLLAMA_HOST" in own.env


def test_something_must_be_started() -> None:
    with pytest.raises(ValidationError, match="llama_server"):
        ServeModel.model_validate({})
    with pytest.raises(ValidationError):
        ServeModel.model_validate({"engine": "tgi"})
    with pytest.raises(ValidationError, match="model_path"):
        ServeModel.model_validate({"command": "x {modelpath} {model_file}"})


def test_the_models_file_is_put_in() -> None:
    arm = Arm("a", "compatible", "smol")
    assert filled("{model_path}:{model}:{port}", arm, 7, "/m/x.gguf") == "/m/x.gguf:smol:7"
