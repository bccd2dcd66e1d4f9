"""A second opinion on list prices: litellm's map, where litellm is installed.

The map is read as a file; litellm itself is never imported (that takes seconds and fetches the map
over the network unless ``LITELLM_LOCAL_MODEL_COST_MAP=True``). It has no history: compare present
prices only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from claimbench.errors import BenchError, why_unreadable
from claimbench.pricing.arms import ArmPrice
from claimbench.pricing.model import Price, UnknownPrice

MAP_FILE = "model_prices_and_context_window_backup.json"
TOLERANCE = Decimal("0.01")
"""Differences up to 1 % are rounding in one of the sources."""

SELLERS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "google": "gemini",
    "deepseek": "deepseek",
    "x-ai": "xai",
    "mistral": "mistral",
    "moonshotai": "moonshot",
    "cohere": "cohere_chat",
    "groq": "groq",
    "azure": "azure",
    "openrouter": "openrouter",
    "together": "together_ai",
    "fireworks": "fireworks_ai",
    "perplexity": "perplexity",
    "cerebras": "cerebras",
    "alibaba": "dashscope",
    "volcengine": "volcengine",
    "zai": "zai",
    "minimax": "minimax",
    "aws": "bedrock",
    "byteplus": "byteplus",
    "meta": "meta_llama",
    "novita": "novita",
    "ovhcloud": "ovhcloud",
    "github-copilot": "github_copilot",
}
"""Our seller -> litellm's provider."""

FIELDS = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write_5m": "cache_creation_input_token_cost",
    "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
    "output_reasoning": "output_cost_per_reasoning_token",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """Two sources, one price class, more than 1 % apart. Dollars per million tokens."""

    seller: str
    model: str
    rate: str
    ours: Decimal
    theirs: Decimal
    our_source: str
    their_source: str
    note: str = ""

    @property
    def ratio(self) -> Decimal | None:
        """Theirs over ours; None if ours is 0."""
        return None if self.ours == 0 else self.theirs / self.ours


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """litellm's map, as text and label."""

    label: str
    entries: Mapping[str, Any]

    def differences(
        self, price: Price, name: str, at_utc: datetime
    ) -> tuple[Difference, ...] | None:
        """Compare ``price`` with the entry for ``name`` at the same seller, class by class.

        Returns:
            Differences over :data:`TOLERANCE`; None if the map has no such entry, or either side
            has no dollar price at that moment. A class that only one side lists is no difference.
        """
        entry = self.find_asked(price, name)
        if entry is None or price.currency != "USD":
            return None
        try:
            rates = price.rates_at(at_utc)
        except UnknownPrice:
            return None
        found = []
        hours = (
            "depends on the hour; litellm keeps one price" if price.era_at(at_utc).windows else ""
        )
        for rate, field in FIELDS.items():
            value = entry.get(field)
            if rate not in rates or not isinstance(value, int | float) or isinstance(value, bool):
                continue
            ours, theirs = rates[rate].base * price.factor, Decimal(str(value)) * 1_000_000
            if abs(ours - theirs) > TOLERANCE * max(ours, theirs):
                found.append(
                    Difference(
                        price.provider,
                        price.model,
                        rate,
                        ours,
                        theirs,
                        price.source,
                        self.label,
                        hours,
                    )
                )
        return tuple(found)

    def find_asked(self, price: Price, name: str) -> Mapping[str, Any] | None:
        """Return the map's entry for the name that is asked for, else for the model that it stands
        for; the latter not where the name moves from model to model.
        """
        found = self.find(price.provider, name)
        if found is None and not name.endswith("-latest"):
            found = self.find(price.provider, price.model)
        return found

    def find(self, seller: str, name: str) -> Mapping[str, Any] | None:
        """Return the map's entry for ``name`` at ``seller``, by exact key."""
        theirs = SELLERS.get(seller)
        if theirs is None:
            return None
        for key in (f"{theirs}/{name}", name, f"{theirs}/{name.lower()}", name.lower()):
            entry = self.entries.get(key)
            if isinstance(entry, Mapping) and str(entry.get("litellm_provider", "")).startswith(
                theirs
            ):
                return entry
        return None


def load_second_opinion(path: Path | None = None) -> SecondOpinion | None:
    """Read litellm's map from ``path``, or from the installed package; None if litellm is not
    installed.

    Raises:
        BenchError: ``path`` cannot be read or is no such map.
    """
    label = "litellm's map"
    if path is None:
        from importlib.metadata import PackageNotFoundError, version
        from importlib.util import find_spec

        found = find_spec("litellm")
        if found is None or not found.submodule_search_locations:
            return None
        path = Path(found.submodule_search_locations[0]) / MAP_FILE
        try:
            label = f"litellm {version('litellm')}"
        except PackageNotFoundError:
            label = "litellm (unknown version)"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BenchError(f"{path}: cannot read litellm's price map: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        why = why_unreadable(error)
        raise BenchError(f"{path}: not litellm's price map: {why}") from error
    if not isinstance(entries, Mapping):
        raise BenchError(f"{path}: not litellm's price map")
    return SecondOpinion(label, entries)


def compare_all(
    prices: Sequence[tuple[str, Price]], second: SecondOpinion, at_utc: datetime
) -> tuple[list[Difference], int]:
    """Compare (name, price) pairs.

    Returns:
        All differences, and how many prices both sources had.
    """
    found: list[Difference] = []
    compared = 0
    for name, price in prices:
        differences = second.differences(price, name, at_utc)
        if differences is not None:
            compared += 1
            found += differences
    return found, compared


def warnings_for(
    prices: Mapping[str, ArmPrice], at_utc: datetime, second: SecondOpinion | None
) -> list[str]:
    """Say, arm by arm, where the second opinion differs; both numbers. Empty without one."""
    found = []
    for name, arm in prices.items():
        if second is None or arm.price is None or arm.price.id.startswith(("suite:", "override:")):
            continue
        for d in second.differences(arm.price, arm.price.asked_name, at_utc) or ():
            note = f" ({d.note})" if d.note else ""
            found.append(
                f"{name}: two sources differ on the {d.rate} price per million tokens:"
                f" ${d.ours.normalize():f} ({d.our_source}), used here, and"
                f" ${d.theirs.normalize():f} ({d.their_source}){note}."
            )
    return found
