"""Say what is known of endpoints by their host: which environment variable holds the key, and
whether one is needed.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

OPENAI_URL = "https://api.openai.com/v1"

KEY_VARIABLES = {
    "api.openai.com": "OPENAI_API_KEY",
    "api.anthropic.com": "ANTHROPIC_API_KEY",
    "generativelanguage.googleapis.com": "GEMINI_API_KEY",
    "api.deepseek.com": "DEEPSEEK_API_KEY",
    "dashscope.aliyuncs.com": "DASHSCOPE_API_KEY",
    "dashscope-intl.aliyuncs.com": "DASHSCOPE_API_KEY",
    "dashscope-us.aliyuncs.com": "DASHSCOPE_API_KEY",
    "api.moonshot.ai": "MOONSHOT_API_KEY",
    "api.moonshot.cn": "MOONSHOT_API_KEY",
    "ark.cn-beijing.volces.com": "ARK_API_KEY",
    "ark.ap-southeast.bytepluses.com": "ARK_API_KEY",
    "qianfan.baidubce.com": "QIANFAN_API_KEY",
    "open.bigmodel.cn": "ZHIPUAI_API_KEY",
    "api.mistral.ai": "MISTRAL_API_KEY",
    "api.x.ai": "XAI_API_KEY",
    "api.groq.com": "GROQ_API_KEY",
    "api.together.ai": "TOGETHER_API_KEY",
    "api.together.xyz": "TOGETHER_API_KEY",
    "api.fireworks.ai": "FIREWORKS_API_KEY",
    "api.cerebras.ai": "CEREBRAS_API_KEY",
    "integrate.api.nvidia.com": "NVIDIA_API_KEY",
    "openrouter.ai": "OPENROUTER_API_KEY",
    "router.huggingface.co": "HF_TOKEN",
}
"""Host -> the variable that its vendor's documentation names."""


def key_variable(base_url: str | None) -> str | None:
    """The usual key variable of an endpoint; None for a host that is not known."""
    return KEY_VARIABLES.get(host_of(base_url))


def host_of(base_url: str | None) -> str:
    """The host name of an endpoint, OpenAI's by default."""
    return urlsplit(base_url or OPENAI_URL).hostname or ""


def port_of(base_url: str) -> int | None:
    """The port that an address states; None where it states none, or no number that is one."""
    try:
        return urlsplit(base_url).port
    except ValueError:
        return None


def is_local(base_url: str | None) -> bool:
    """Tell whether the endpoint is on this machine or a private network, where a key is often not
    used.
    """
    host = host_of(base_url)
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host  # a bare name, as in a container network
    return address.is_private or address.is_loopback
