"""``genai-prices`` as a source: its entries become our :class:`~claimbench.pricing.model.Price`,
without its guesses.

What we do not take over, because each is a wrong number that looks measured:

* prefix, suffix and pattern matching of ids - ``claude-haiku-4-5-20990101`` is not a model; an id
  resolves by an exact name that the data lists, or not at all;
* a free offer's $0;
* daily windows applied to eras that the data lists before them (its own comments name this as a
  limit of its format);
* request contexts it does not know, which it ignores: here an unknown tier is an unknown price;
* an id without a seller resolving to whoever comes first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from importlib.metadata import version
from typing import Any

from claimbench.pricing.model import Era, Price, Rate, TokenRates, Variant, Window

RELEASED = {"0.2.3": "2026-11-10"}
"""Upload dates (PyPI) of releases, the date at which an entry without a date of its own was read.
"""

HELD = timedelta(days=365)
"""How long before it was read a price without a history is taken to have held."""

KEYS = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write_5m",
    "cache_write_5m_mtok": "cache_write_5m",
    "cache_write_1h_mtok": "cache_write_1h",
    "output_reasoning_mtok": "output_reasoning",
    "input_image_mtok": "image",
    "input_audio_mtok": "audio",
    "input_tool_mtok": "tool_use_input",
    "output_audio_mtok": "output_audio",
    "output_image_mtok": "output_image",
    "output_citation_mtok": "output_citation",
}
KEYS_PER_1000 = {
    "requests_kcount": "per_request",
    "web_searches_kcount": "web_search",
    "storage_searches_kcount": "storage_search",
    "social_searches_kcount": "social_search",
    "code_executions_kcount": "code_execution",
}
UNMEASURED = ("output_citation",)
"""Classes that are billed but that no usage report of ours carries: with such a rate, a bill cannot
be known.
"""

_HOST_ENDS = re.compile(r"([:/?].*)?")
_ZONE_THEN_END = re.compile(r"[a-z]{2,3}([:/?].*)?")
_COMPACT_DATE = re.compile(r"-(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$")


class GenaiPrices:
    """The installed ``genai-prices`` snapshot. Never fetches: prices change by installing another
    release.
    """

    def __init__(self) -> None:
        from genai_prices.data import providers  # 0.25 s; only when a price is wanted

        self.version = version("genai-prices")
        self._providers: dict[str, Any] = {p.id: p for p in providers}
        self._names: dict[str, dict[str, Any]] = {}

    @property
    def label(self) -> str:
        """Name and version, as cited."""
        return f"genai-prices {self.version}"

    def sellers(self) -> list[str]:
        """List the ids of all sellers."""
        return sorted(self._providers)

    def seller_of_url(self, base_url: str) -> str | None:
        """Return the seller whose API lives at that URL; None for any other host, localhost
        included.
        """
        for provider in self._providers.values():
            found = re.match(provider.api_pattern, base_url)
            # the data's patterns are prefixes; api.openai.com.example.org is not OpenAI
            if found is None:
                continue
            rest = _ZONE_THEN_END if found[0].endswith(".") else _HOST_ENDS
            if found[0].endswith("/") or rest.fullmatch(base_url[found.end() :]):
                return str(provider.id)
        return None

    def find(self, seller: str, name: str) -> Price | None:
        """Return the price of ``name`` at ``seller`` by an exact name that the data lists; None if
        it lists none.
        """
        found = self._exact(seller, name)
        if found is not None:
            return self._price(seller, found, seller)
        provider = self._providers.get(seller)
        for other in getattr(provider, "fallback_model_providers", None) or ():
            found = self._exact(other, name)
            if found is not None:
                return self._price(seller, found, other)
        return None

    def candidates(self, name: str, limit: int = 12) -> list[str]:
        """List sellers of that exact name, or of it behind a lab's prefix, as ``seller:model``."""
        hits = []
        for seller in self.sellers():
            for known, model in self._index(seller).items():
                if known == name or known.rsplit("/", 1)[-1] == name:
                    hits.append(f"{seller}:{model.id}")
                    break
        return hits[:limit]

    def names(self, seller: str | None = None) -> list[str]:
        """List every exact name, for suggestions."""
        sellers = [seller] if seller else self.sellers()
        return [n for s in sellers for n in self._index(s)]

    def _exact(self, seller: str, name: str) -> Any | None:
        index = self._index(seller)
        name = name.lower()
        if name in index:
            found = index[name]
            # "-latest" moves from model to model; only an entry of its own says when
            moved = name.endswith("-latest") and found.id.lower() != name
            return None if moved else found
        # gpt-5-20250807 and gpt-5-2025-08-07 are two spellings of one documented date, not a guess
        # at another
        dashed = _COMPACT_DATE.sub(r"-\1-\2-\3", name)
        return index.get(dashed)

    def _index(self, seller: str) -> dict[str, Any]:
        if seller not in self._names:
            index: dict[str, Any] = {}
            models = getattr(self._providers.get(seller), "models", ())
            for model in models:
                index.setdefault(model.id.lower(), model)
            for model in models:
                for literal in _literals(model.match):
                    index.setdefault(literal.lower(), model)
            self._names[seller] = index
        return self._names[seller]

    def _price(self, seller: str, model: Any, owner: str) -> Price:
        eras = _eras(model.prices)
        # genai-prices applies no context to a price borrowed from another seller, and neither do we
        variants = _variants(model.price_variants or ()) if owner == seller else ()
        notes = (
            []
            if owner == seller
            else [f"{seller} lists no price of its own; {owner}'s list price by the source's rule"]
        )
        if model.price_comments:
            notes.append(model.price_comments)
        if all(e.start is None for e in eras):
            notes.append("the source has no price history for this model")
        undated = all(e.start is None for e in eras)
        read = RELEASED.get(self.version)
        urls = self._providers[owner].pricing_urls or ()
        rates: list[TokenRates] = []
        for era in eras:
            rates += [era.rates, *(window.rates for window in era.windows)]
        billed = set().union(*rates)
        return Price(
            id=f"{self.label.replace(' ', '-')}:{seller}/{model.id}",
            model=model.id,
            provider=seller,
            eras=eras,
            variants=variants,
            source=f"{self.label}" + (f", from {urls[0]}" if urls else ""),
            dated=RELEASED.get(self.version),
            free=model.id.endswith(":free")
            or (any(rates) and not any(_positive(r) for r in rates)),
            needs=tuple(sorted(billed.intersection(UNMEASURED))),
            notes=tuple(notes),
            since=_midnight(date.fromisoformat(read)) - HELD if undated and read else None,
        )


def _literals(clause: Any) -> Iterator[str]:
    """Yield the names that a match rule spells out; a prefix counts as the name it spells, never as
    what it would match.
    """
    for attribute in ("equals", "starts_with"):
        if hasattr(clause, attribute):
            yield getattr(clause, attribute).rstrip("-")
    for part in getattr(clause, "or_", None) or ():
        yield from _literals(part)


def _eras(prices: Any) -> tuple[Era, ...]:
    """Return dated prices in force order. The data's rule: the last listed that is active wins."""
    if not isinstance(prices, list):
        return (Era(None, _rates(prices)),)
    eras: list[Era] = []
    for conditional in prices:
        constraint, rates = conditional.constraint, _rates(conditional.prices)
        if hasattr(constraint, "start_time"):
            window = Window(_utc_time(constraint.start_time), _utc_time(constraint.end_time), rates)
            if eras:  # a window belongs to the era it is listed after, not to those before
                last = eras.pop()
                eras.append(Era(last.start, last.rates, (*last.windows, window)))
            continue
        start = _midnight(constraint.start_date) if constraint is not None else None
        eras = [e for e in eras if start is not None and (e.start is None or e.start < start)]
        eras.append(Era(start, rates))
    return tuple(eras)


def _variants(variants: Sequence[Any]) -> tuple[Variant, ...]:
    # a variant bound to hours of the day does not exist in the data; one that appears is left out,
    # hence unknown
    found: list[Variant] = []
    for variant in variants:
        start = None
        if variant.constraint is not None:
            if not hasattr(variant.constraint, "start_date"):
                continue
            start = _midnight(variant.constraint.start_date)
        found.append(Variant(dict(variant.when), _rates(variant.prices), start))
    return tuple(found)


def _rates(prices: Any) -> dict[str, Rate]:
    rates: dict[str, Rate] = {}
    for key, value in vars(prices).items():
        if value is None:
            continue
        if key in KEYS:
            rates[KEYS[key]] = _rate(value, Decimal(1))
        elif key in KEYS_PER_1000:
            rates[KEYS_PER_1000[key]] = _rate(value, Decimal(1000))
    return rates


def _rate(value: Any, per: Decimal) -> Rate:
    if isinstance(value, Decimal):
        return Rate(value / per)
    return Rate(value.base / per, tuple((t.start, t.price / per) for t in value.tiers))


def _positive(rates: Mapping[str, Rate]) -> bool:
    return any(r.base > 0 or any(t > 0 for _, t in r.tiers) for r in rates.values())


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _utc_time(value: time) -> time:
    if value.tzinfo is None:
        return value
    return datetime.combine(date(1970, 1, 2), value).astimezone(UTC).time()
