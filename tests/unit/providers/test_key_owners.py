from __future__ import annotations

from pathlib import Path

import pytest

from claimbench.clock import SystemClock
from claimbench.provider.contract import ProviderContext
from claimbench.provider.key_owners import KEY_VARIABLES, exposed_vendor, is_owner
from claimbench.types import Arm
from claimbench_providers import keys


@pytest.mark.parametrize(("host", "variable"), KEY_VARIABLES.items())
def test_each_vendor_is_sent_its_own_key(host: str, variable: str) -> None:
    assert is_owner(variable, f"https://{host}/v1")
    assert not is_owner(variable, f"https://{host}.example/v1")
    assert not is_owner(variable, f"https://example/{host}/v1")
    assert not is_owner(variable, f"https://{host}@example.org/v1")


@pytest.mark.parametrize(
    "url", ["https://stranger.example/v1", "http://127.0.0.1:9/v1", "http://gpu-box:8000/v1"]
)
def test_the_usual_key_goes_to_no_stranger(url: str) -> None:
    context = ProviderContext(
        clock=SystemClock(),
        environ={"ANTHROPIC_API_KEY": "sk-ant-canary"},
        models_dir=Path(),
        suite_dir=Path(),
    )
    arm = Arm("a", "anthropic", "m", base_url=url)
    if "stranger" in url:
        why = keys.why_missing(arm, context, url, "ANTHROPIC_API_KEY")
        assert why == "api_key_env is not given, and no key variable is known for stranger.example"
    else:
        assert keys.required_key(arm, context, url, "ANTHROPIC_API_KEY") is None
    own = "https://api.anthropic.com"
    assert keys.required_key(arm, context, own, "ANTHROPIC_API_KEY") == "sk-ant-canary"


@pytest.mark.parametrize(
    "host", [*KEY_VARIABLES, "mine.openai.azure.com", "API.OpenAI.com.", "us.googleapis.com"]
)
def test_a_vendor_is_not_asked_over_plain_http(host: str) -> None:
    assert exposed_vendor(f"http://{host}/v1") == host.rstrip(".").lower()
    assert exposed_vendor(f"HTTP://{host}:80/v1") is not None
    assert exposed_vendor(f"https://{host}/v1") is None


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "gpu-box", "10.0.0.5", "api.openai.com.example"]
)
def test_other_hosts_may_be(host: str) -> None:
    assert exposed_vendor(f"http://{host}/v1") is None
