"""The prices of a run, frozen as text with its hash; later figures come from them alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from claimbench.errors import BenchError, IntegrityError
from claimbench.pricing.arms import ArmPrice, resolve_arm
from claimbench.pricing.asked import Asked
from claimbench.pricing.hosts import host_to_json, parse_host, parse_training, training_to_json
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.pricing.price_lists.codec import (
    fx_from_json,
    fx_to_json,
    price_from_json,
    price_to_json,
)
from claimbench.types import Json, Suite

SCHEMA = 1
"""Version of the frozen book. History: 1 = first."""


@dataclass(frozen=True, slots=True)
class FrozenBook:
    """The prices used in a run, as text, with its hash. Costs after the run come from here and
    nowhere else.
    """

    text: str
    sha256: str


def freeze_suite(suite: Suite, book: PriceBook, at_utc: datetime) -> FrozenBook:
    """Resolve every arm and judge of ``suite`` and freeze the entries used, with their whole
    history.
    """
    sources = ["suite"]
    prices = [resolve_arm(arm, book) for arm in suite.asked]
    if (
        any(p.price is not None and p.price.id.startswith("genai-prices") for p in prices)
        and book.genai is not None
    ):
        sources.append(book.genai.label)
    return freeze(prices, at_utc, sources)


def freeze(prices: Sequence[ArmPrice], at_utc: datetime, sources: Sequence[str] = ()) -> FrozenBook:
    """Freeze arm prices: JSON text and its SHA-256."""
    content = {
        "schema": SCHEMA,
        "frozen_utc": at_utc.astimezone(UTC).isoformat(timespec="seconds"),
        "sources": list(sources),
        "arms": {p.arm: _arm_to_json(p) for p in prices},
    }
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1)
    return FrozenBook(text, hashlib.sha256(text.encode()).hexdigest())


def thaw(text: str, sha256: str | None = None) -> dict[str, ArmPrice]:
    """Read a frozen book: arm -> price.

    Raises:
        IntegrityError: the text is not what its hash says.
        BenchError: written by a newer version.
    """
    if sha256 is not None and hashlib.sha256(text.encode()).hexdigest() != sha256:
        raise IntegrityError(
            "the frozen price book does not match its hash",
            hint="Restore it from the run's bundle.",
        )
    content = json.loads(text)
    if content.get("schema") != SCHEMA:
        raise BenchError(
            f"price book of schema {content.get('schema')!r}; this version reads {SCHEMA}"
        )
    return {name: _arm_from_json(name, data) for name, data in content["arms"].items()}


def _arm_to_json(price: ArmPrice) -> dict[str, Json]:
    asked = {key: value for key, value in asdict(price.asked).items() if value is not None}
    return {
        "basis": price.basis,
        "price": None if price.price is None else price_to_json(price.price),
        "host": None if price.host is None else host_to_json(price.host),
        "tier": price.tier,
        "context": None if price.context is None else dict(price.context),
        "training": None if price.training is None else training_to_json(price.training),
        "fx": [fx_to_json(r) for r in price.fx],
        "why_unknown": price.why_unknown,
        "candidates": list(price.candidates),
        **({"asked": asked} if asked else {}),
    }


def _arm_from_json(name: str, data: Mapping[str, Any]) -> ArmPrice:
    where = f"price book: {name}"
    return ArmPrice(
        arm=name,
        basis=data["basis"],
        price=None if data["price"] is None else price_from_json(data["price"]),
        host=None if data["host"] is None else parse_host(data["host"], where),
        tier=str(data["tier"]),
        context=None if data["context"] is None else _words(data["context"]),
        training=None if data["training"] is None else parse_training(data["training"], where),
        fx=tuple(fx_from_json(r) for r in data["fx"]),
        why_unknown=None if data["why_unknown"] is None else str(data["why_unknown"]),
        candidates=tuple(map(str, data["candidates"])),
        asked=Asked(**_words(data.get("asked", {}))),
    )


def _words(given: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in dict(given).items()}
