"""Options of an arm: the way out that an error offers is open."""

from __future__ import annotations

import pytest

from claimbench.errors import PluginError
from claimbench.types import Arm
from claimbench_providers.arm_options import ArmOptions
from claimbench_providers.endpoints.chat import OPTIONS as ENDPOINT_OPTIONS
from claimbench_providers.llama.options import OPTIONS as LLAMA_OPTIONS


def arm(**options: object) -> Arm:
    return Arm("mine", "openai", "big-1", options=options)


@pytest.mark.parametrize("known", [ENDPOINT_OPTIONS, LLAMA_OPTIONS])
def test_accept_model_is_an_option_of_every_provider(known: tuple[str, ...]) -> None:
    assert ArmOptions(arm(accept_model=["big-1-0925"]), known).texts("accept_model") == (
        "big-1-0925",
    )


def test_accept_model_is_a_list() -> None:
    with pytest.raises(
        PluginError, match=r"options\.accept_model is 'big-1-0925', but must be a list of texts"
    ):
        ArmOptions(arm(accept_model="big-1-0925"), ENDPOINT_OPTIONS)


def test_an_unknown_option_names_the_nearest() -> None:
    with pytest.raises(PluginError, match="did you mean `accept_model`"):
        ArmOptions(arm(accept_models=["x"]), ENDPOINT_OPTIONS)
