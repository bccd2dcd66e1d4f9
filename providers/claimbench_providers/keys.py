"""Find an arm's key: environment, file or keyring. A key is returned to the adapter and
stored nowhere.
"""

from __future__ import annotations

from pathlib import Path

from claimbench.errors import PluginError
from claimbench.provider.contract import ProviderContext
from claimbench.provider.key_owners import is_owner
from claimbench.store.place import in_home
from claimbench.types import Arm
from claimbench_providers import hosts


def why_missing(arm: Arm, context: ProviderContext, url: str, usual: str | None) -> str | None:
    """Say why an arm that sends to ``url`` cannot run, or None: no network, no key, or no word on
    where the key is.

    Args:
        arm: says where its key is, if it says so.
        context: the run's.
        url: where requests go; an endpoint on this machine needs no key unless the arm names one.
        usual: the variable that usually holds the key; None: no such variable is known.
    """
    usual = _usual(url, usual)
    local = hosts.is_local(url)
    if context.offline and not local:
        return "the run is offline"
    if not (arm.api_key_env or arm.api_key_file or arm.api_key_keyring):
        if local:
            return None
        if usual is None:
            return (
                f"api_key_env is not given, and no key variable is known for {hosts.host_of(url)}"
            )
    return key_missing(arm, context, usual)


def required_key(arm: Arm, context: ProviderContext, url: str, usual: str | None) -> str | None:
    """The key; None for an endpoint that needs none.

    Raises:
        PluginError: the arm cannot run here (:func:`why_missing`), or its file or keyring holds no
            key.
    """
    if why := why_missing(arm, context, url, usual):
        raise PluginError(f"arm {arm.name!r} cannot run: {why}")
    return key_of(arm, context, _usual(url, usual))


def key_name(arm: Arm, context: ProviderContext, url: str, usual: str | None) -> str | None:
    """Return what the key is called that goes to ``url``, never the key; None: none goes."""
    if arm.api_key_file is not None:
        return f"in the file {arm.api_key_file}"
    if arm.api_key_keyring is not None:
        return f"{arm.api_key_keyring} of the keyring"
    variable = arm.api_key_env or _usual(url, usual)
    return variable if variable is not None and context.environ.get(variable) else None


def _usual(url: str, variable: str | None) -> str | None:
    """Return the usual variable where the host is its vendor's: a suite may name any address."""
    return variable if variable is not None and is_owner(variable, url) else None


def key_missing(arm: Arm, context: ProviderContext, usual: str | None) -> str | None:
    """Say why the arm's key cannot be had, or None; without I/O beyond looking whether a file is
    there.
    """
    if arm.api_key_file is not None:
        path = _path(arm.api_key_file, context)
        return None if path.is_file() else f"the key file {arm.api_key_file} is not there"
    if arm.api_key_keyring is not None:
        from importlib.util import find_spec

        return (
            None
            if find_spec("keyring")
            else "keyring is not installed: pip install 'claimbench[keyring]'"
        )
    variable = arm.api_key_env or usual
    if variable is None or context.environ.get(variable):
        return None
    return f"{variable} is not set"


def key_of(arm: Arm, context: ProviderContext, usual: str | None) -> str | None:
    """The key, without blanks at its ends; None for an arm that has none.

    Raises:
        PluginError: the file or the keyring does not hold one line with a key.
    """
    if arm.api_key_file is not None:
        try:
            key = _path(arm.api_key_file, context).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = type(error).__name__  # a decoding error would show the file's bytes
            raise PluginError(
                f"arm {arm.name!r}: the key file {arm.api_key_file} cannot be read: {why}"
            ) from None
        if not key or len(key.split()) != 1:
            raise PluginError(
                f"arm {arm.name!r}: the key file {arm.api_key_file} does not hold one key and"
                " nothing else"
            )
        return key
    if arm.api_key_keyring is not None:
        import keyring

        service, _, user = arm.api_key_keyring.partition("/")
        found = keyring.get_password(service, user)
        if not found:
            raise PluginError(
                f"arm {arm.name!r}: the keyring has no password of {user!r} for {service!r}"
            )
        return str(found)
    variable = arm.api_key_env or usual
    return context.environ.get(variable) if variable else None


def _path(name: str, context: ProviderContext) -> Path:
    return context.suite_dir / in_home(name)
