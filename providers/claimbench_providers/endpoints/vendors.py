"""Vendors by name: ``provider: deepseek`` in a suite is a dated catalogue entry on one of our
protocols.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from importlib import import_module
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal, cast

from claimbench.errors import PluginError
from claimbench.provider.contract import InProcessProvider, Provider, ProviderContext
from claimbench.types import Arm, Json

Status = Literal["live", "stand-in", "untested"]


@dataclass(frozen=True, slots=True)
class Vendor:
    """One catalogue entry. ``status``: what its working rests on; ``options``: defaults of the
    arm's.

    ``checked``: the day on which the facts were read at ``source``; None where they are from
    elsewhere. ``apis``: what an arm's option ``api`` may say.
    """

    name: str
    title: str
    protocol: str
    base_url: str | None
    key: str | None
    status: Status
    source: str
    dated: str
    checked: date | None = None
    apis: tuple[str, ...] = ("chat",)
    options: Mapping[str, Json] = field(default_factory=dict)
    note: str | None = None


@cache
def catalogue() -> Mapping[str, Vendor]:
    """The catalogue that ships with the package, by name; read once."""
    from ruamel.yaml import YAML

    text = (
        files("claimbench_providers").joinpath("catalog/providers.yaml").read_text(encoding="utf-8")
    )
    data: dict[str, Any] = YAML(typ="safe").load(text)
    rows = ({**row, "apis": tuple(row.get("apis", ("chat",)))} for row in data["providers"])
    return MappingProxyType({row["name"]: Vendor(dated=str(data["dated"]), **row) for row in rows})


def completed(arm: Arm, vendor: Vendor) -> Arm:
    """The arm with what the catalogue knows and the suite does not say.

    Raises:
        PluginError: the vendor has no address of its own and the arm gives none, or not the API
            that is asked for.
    """
    api = arm.options.get("api")
    if api == "responses" and vendor.protocol == "compatible" and api not in vendor.apis:
        raise PluginError(
            f"arm {arm.name!r}: {vendor.title} has no Responses API that is known of",
            hint=(
                "leave `api` out; if it has one by now: provider: compatible, with its base_url and"
                " api_key_env"
            ),
        )
    base_url = arm.base_url or vendor.base_url
    if base_url is None and vendor.protocol != "litellm":
        raise PluginError(
            f"arm {arm.name!r}: provider {vendor.name} needs a base_url", hint=vendor.note
        )
    return replace(
        arm,
        base_url=base_url,
        api_key_env=arm.api_key_env or (None if vendor.protocol == "litellm" else vendor.key),
        options={**vendor.options, **arm.options},
    )


def create(arm: Arm, context: ProviderContext) -> Provider | InProcessProvider:
    """The factory named in the entry points of every catalogue entry."""
    vendor = catalogue().get(arm.provider)
    if vendor is None:
        raise PluginError(
            f"arm {arm.name!r}: {arm.provider!r} is not in the catalogue of providers"
        )
    module = import_module(f"claimbench_providers.endpoints.{vendor.protocol}")
    factory = cast("Callable[[Arm, ProviderContext], Provider | InProcessProvider]", module.create)
    return factory(completed(arm, vendor), context)
