"""Whose a key is: which variables hold secrets, and which hosts may be sent a well-known one.

A suite comes from a party to the dispute, and may name any variable and any host. A key that is
known to belong to one vendor is not sent to another.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

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

_ALSO = {
    "AZURE_OPENAI_API_KEY": (
        "openai.azure.com",
        "services.ai.azure.com",
        "cognitiveservices.azure.com",
    ),
    "VERTEX_ACCESS_TOKEN": ("googleapis.com",),
    "GEMINI_API_KEY": ("googleapis.com",),
    "GOOGLE_API_KEY": ("googleapis.com",),
    "AWS_BEARER_TOKEN_BEDROCK": ("amazonaws.com", "amazonaws.com.cn"),
    "COHERE_API_KEY": ("cohere.com", "cohere.ai"),
    "HF_TOKEN": ("huggingface.co", "endpoints.huggingface.cloud"),
    "DASHSCOPE_API_KEY": ("aliyuncs.com",),
}
"""Variable -> domains of its vendor beside those above."""
_HERE = ("127.0.0.1", "localhost", "::1")
_NEVER = frozenset(
    [
        "AWS_SECRET_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SESSION_TOKEN",
        "AZURE_CLIENT_SECRET",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GITHUB_TOKEN",
        "GH_TOKEN",
        "GITHUB_PAT",
        "GITLAB_TOKEN",
        "CI_JOB_TOKEN",
        "NPM_TOKEN",
        "NODE_AUTH_TOKEN",
        "PYPI_TOKEN",
        "TWINE_PASSWORD",
        "UV_PUBLISH_TOKEN",
        "CARGO_REGISTRY_TOKEN",
        "DOCKER_PASSWORD",
        "DOCKERHUB_TOKEN",
        "SLACK_TOKEN",
        "SLACK_BOT_TOKEN",
        "STRIPE_SECRET_KEY",
        "STRIPE_API_KEY",
        "DATABASE_URL",
        "PGPASSWORD",
        "MYSQL_PWD",
        "REDIS_URL",
        "SECRET_KEY",
        "KAGGLE_KEY",
        "WANDB_API_KEY",
        "SENTRY_AUTH_TOKEN",
        "TWILIO_AUTH_TOKEN",
        "SENDGRID_API_KEY",
        "VAULT_TOKEN",
        "HEROKU_API_KEY",
        "CLOUDFLARE_API_TOKEN",
        "DIGITALOCEAN_ACCESS_TOKEN",
        "SSH_PRIVATE_KEY",
        "GPG_PRIVATE_KEY",
        "NOTION_TOKEN",
        "LINEAR_API_KEY",
        "JIRA_API_TOKEN",
    ]
)
"""Variables of other services, which no endpoint of a model has a use for."""


MIN_SECRET = 8
"""Shorter values of secret-looking variables are not masked: replacing "1" everywhere would destroy
the figures.
"""
_SECRET_NAME = re.compile(
    r"(API_?KEY|_KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$|^(API_?KEY|TOKEN|SECRET|PASSWORD)",
    re.IGNORECASE,
)


def looks_secret(name: str) -> bool:
    """Return whether a variable of this name usually holds a secret."""
    return _SECRET_NAME.search(name) is not None


def owners(variable: str) -> tuple[str, ...] | None:
    """Return the domains that a variable's value may be sent to; empty: none; None: it is not
    known whose it is.
    """
    if variable in _NEVER:
        return ()
    hosts = [host for host, name in KEY_VARIABLES.items() if name == variable]
    found = (*hosts, *_ALSO.get(variable, ()))
    return found or None


def may_be_sent(variable: str, url: str) -> bool:
    """Return whether a suite may name ``variable`` for the host of ``url``: its vendor's hosts, or
    this machine, where a proxy of one's own may want it; but no secret of another service.
    """
    here = (urlsplit(url).hostname or "") in _HERE
    return is_owner(variable, url) or (here and owners(variable) != ())


def is_owner(variable: str, url: str) -> bool:
    """Return whether the host of ``url`` is its vendor's, or nobody knows whose it is."""
    known = owners(variable)
    host = (urlsplit(url).hostname or "").rstrip(".")
    return known is None or any(host == one or host.endswith(f".{one}") for one in known)


def exposed_vendor(url: str) -> str | None:
    """Return the host of a plain-http address of a known vendor, all of which answer over https."""
    parts = urlsplit(url)
    domains = {one for several in _ALSO.values() for one in several} | set(KEY_VARIABLES)
    host = (parts.hostname or "").rstrip(".")
    known = any(host == one or host.endswith(f".{one}") for one in domains)
    return host if known and parts.scheme == "http" else None
