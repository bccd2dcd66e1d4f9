"""``bench init``: models as a person names them -> the arms of a suite."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from claimbench.store.place import in_home


@dataclass(frozen=True, slots=True)
class ArmPlan:
    """One arm to write."""

    name: str
    provider: str
    model: str
    omit: tuple[str, ...] = ()
    """Parameters of the suite that its endpoint does not take."""


NEEDS_ADDRESS = ("compatible", "azure", "vertex")
"""Providers that have no address of their own."""

Refused = Callable[[str, str], Sequence[str]]
"""(provider, model) -> the parameters of a new suite that cannot be sent there."""


def takes_all(provider: str, model: str) -> Sequence[str]:  # noqa: ARG001 - the kind's
    """Refuse nothing."""
    return ()


@dataclass(frozen=True, slots=True)
class NamedModels:
    """Models as a person names them, and who knows what their endpoints take."""

    names: tuple[str, ...]
    refused: Refused = takes_all


def arm_plans(
    models: Sequence[str], refused: Refused = takes_all
) -> tuple[tuple[ArmPlan, ...], list[str]]:
    """Make arms of catalogue ids, ``.gguf`` paths and ``provider:model``; notes say what each needs
    to run.
    """
    arms: list[ArmPlan] = []
    notes: list[str] = []
    for model in models:
        provider, colon, rest = model.partition(":")
        if model.lower().endswith(".gguf"):
            file = in_home(model).resolve()
            arms.append(ArmPlan(file.stem, "llama_cpp", str(file)))
            notes.append(
                f"{file.name} lies outside the suite's folder: run with --allow-outside, or copy it"
                " there"
            )
        elif colon and re.fullmatch(r"[a-z_]+", provider):
            omit = tuple(refused(provider, rest))
            arms.append(ArmPlan(rest.replace("/", "-"), provider, rest, omit))
            if omit:
                notes.append(
                    f"the arm {rest} is not sent {', '.join(omit)}, which it does not take"
                )
            if provider in NEEDS_ADDRESS:
                notes.append(f"the arm {rest}: change its base_url to where your server listens")
            if provider == "openai":
                notes.append(
                    f"the arm {rest} needs OPENAI_API_KEY; without it the arm is skipped and"
                    " said so"
                )
        else:
            arms.append(
                ArmPlan(
                    re.sub(r"[-.](q\d\w*|f16|bf16)$", "", model, flags=re.I), "llama_cpp", model
                )
            )
    names = [arm.name for arm in arms]
    unique = []
    for number, arm in enumerate(arms, start=1):
        name = arm.name if names.count(arm.name) == 1 else f"{arm.name}-{number}"
        unique.append(replace(arm, name=name))
    return tuple(unique), notes
