"""The environment of a server that a run starts: what programs need, and what the suite names.

The command comes from a party to the dispute, the environment from the user, who keeps keys in it.
So no key, and nothing whose use is not known, is handed on unless ``serve.env`` names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from claimbench.provider.key_owners import MIN_SECRET, looks_secret

FROM_ENVIRONMENT = "from_environment"
"""A value in ``serve.env`` that stands for the user's own value of that variable; the run stores
this word alone.
"""
_PROGRAMS_NEED = """
    PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TERM TMPDIR TMP TEMP COLUMNS LINES
    LD_LIBRARY_PATH DYLD_LIBRARY_PATH DYLD_FALLBACK_LIBRARY_PATH LIBRARY_PATH
    VIRTUAL_ENV PYTHONPATH PYTHONHOME PYTHONUNBUFFERED PYTHONNOUSERSITE PYTHONUTF8
    CONDA_PREFIX CONDA_DEFAULT_ENV
    SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE
    HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY http_proxy https_proxy no_proxy all_proxy
    HF_HOME HF_HUB_CACHE HF_HUB_OFFLINE HF_HUB_DISABLE_XET HF_HUB_ENABLE_HF_TRANSFER HF_ENDPOINT
    HF_DATASETS_CACHE HUGGINGFACE_HUB_CACHE TRANSFORMERS_CACHE TRANSFORMERS_OFFLINE
    MODELSCOPE_CACHE TOKENIZERS_PARALLELISM
    GPU_DEVICE_ORDINAL MESA_SHADER_CACHE_DIR CC CXX CPATH
    """
"""Variables that programs need to be found, to speak the user's language, to find models that are
on this machine, and to reach the network as it is set up here.
"""
_KEPT = frozenset(_PROGRAMS_NEED.split())
_KEPT_FAMILIES = re.compile(
    r"(LC|XDG|CUDA|NVIDIA|NCCL|HIP|HSA|ROCR|ROCM|AMD|MIOPEN|ZE|SYCL|ONEAPI|ONEDNN|VK|METAL|GGML"
    r"|OMP|MKL|OPENBLAS|BLIS|KMP|GOMP|GOTO|TORCH|TORCHINDUCTOR|PYTORCH|TRITON|INDUCTOR"
    r"|LLAMA|LLAMA_ARG|VLLM|SGLANG|SGL|OLLAMA|FLASHINFER|LMCACHE|RAY|UV)_[A-Z0-9_]+"
)
"""Settings of accelerators, of numeric libraries, and of the engines that `serve:` knows."""
_ADDRESS_WITH_PASSWORD = re.compile(r"//[^/\s]*@")


def taken(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names in ``env`` (``serve.env``) whose values are the user's own."""
    return tuple(name for name, value in env.items() if value == FROM_ENVIRONMENT)


def not_there(env: Mapping[str, str], environ: Mapping[str, str]) -> str | None:
    """Return why ``env`` cannot be filled from ``environ``; None if it can."""
    absent = [name for name in taken(env) if name not in environ]
    if not absent:
        return None
    return f"{', '.join(absent)} {'is' if len(absent) == 1 else 'are'} not set (serve: env)"


def environment_for(
    env: Mapping[str, str], environ: Mapping[str, str], keys: Iterable[str] = ()
) -> dict[str, str]:
    """Return the environment of a server.

    Args:
        env: of the suite, its places filled in; :data:`FROM_ENVIRONMENT` takes the user's value.
        environ: the user's.
        keys: names of variables that hold keys, whatever they are called.
    """
    named = set(keys)
    secrets = [
        value.strip()
        for name, value in environ.items()
        if (name in named or (looks_secret(name) and name not in _KEPT))
        and len(value.strip()) >= MIN_SECRET
    ]

    def is_needed(name: str, value: str) -> bool:
        usual = name in _KEPT or (_KEPT_FAMILIES.fullmatch(name) and not looks_secret(name))
        if not usual or name in named or _ADDRESS_WITH_PASSWORD.search(value):
            return False
        return not any(secret in value for secret in secrets)

    kept = {name: value for name, value in environ.items() if is_needed(name, value)}
    own = {
        name: environ.get(name, "") if value == FROM_ENVIRONMENT else value
        for name, value in env.items()
    }
    return kept | own
