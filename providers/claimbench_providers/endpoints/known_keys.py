"""Keys of the environment, of files and of keyrings, so that no error, record or report shows
one.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from claimbench.privacy.key_guard import KeyGuard
    from claimbench.types import Arm, Suite

FINDS_ITS_OWN = ("litellm",)
"""Providers whose library looks for a key by itself where the arm names none."""


def known_secrets(suite: Suite) -> tuple[str, ...]:
    """What the environment and the suite's key files hold; keyrings are not asked, for they may ask
    a person.
    """
    from claimbench.privacy.redact import secrets_in

    names = [arm.api_key_env for arm in suite.asked if arm.api_key_env]
    files = _keys((arm for arm in suite.asked if arm.api_key_file is not None), suite)
    return tuple(dict.fromkeys((*secrets_in(os.environ, names), *files)))


def guard_of(suite: Suite, arms: Iterable[str]) -> KeyGuard:
    """What keeps the keys of the arms (and judges) that run out of the records."""
    from claimbench.privacy.key_guard import KeyGuard

    wanted = set(arms)
    return KeyGuard(
        known_secrets(suite), _keys((arm for arm in suite.asked if arm.name in wanted), suite)
    )


def key_names(suite: Suite, providers: Mapping[str, object]) -> dict[str, str]:
    """Return what the key is called that each arm or judge would send, by arm; one that sends none
    is left out. No key is read.
    """
    from claimbench_providers import hosts, keys
    from claimbench_providers.endpoints.known import known_providers
    from claimbench_providers.models.context import provider_context

    usual = {row["name"]: row["key"] for row in known_providers()}
    context = provider_context(suite)
    found = {}
    for arm in suite.asked:
        goes_to = getattr(providers.get(arm.name), "goes_to", None)
        address = goes_to() if callable(goes_to) else None
        if address is None and arm.api_key_env is None:
            continue
        url = str(address or "")
        name = keys.key_name(arm, context, url, usual.get(arm.provider) or hosts.key_variable(url))
        if name is None and arm.provider in FINDS_ITS_OWN:
            name = f"that {arm.provider} finds in your environment, if there is one"
        if name is not None:
            found[arm.name] = name
    return found


def _keys(arms: Iterable[Arm], suite: Suite) -> tuple[str, ...]:
    from claimbench.errors import BenchError
    from claimbench_providers import hosts, keys
    from claimbench_providers.endpoints.known import known_providers
    from claimbench_providers.models.context import provider_context

    usual = {row["name"]: row["key"] for row in known_providers()}
    context = provider_context(suite)
    found = []
    for arm in arms:
        with contextlib.suppress(BenchError):  # a key that cannot be read is not sent either
            found.append(
                keys.key_of(
                    arm, context, usual.get(arm.provider) or hosts.key_variable(arm.base_url)
                )
            )
    return tuple(sorted({key for key in found if key}, key=lambda key: (-len(key), key)))
