"""Where a price comes from, and which entry an arm's model id names.

Sources in order: the suite's own price (a contract), our own dated YAML books, the installed
``genai-prices`` snapshot. An id resolves by an exact or documented name at a known seller, or not
at all: an unknown price is a reason with the candidates beside it, never $0 and never the nearest
match.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from functools import cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from claimbench.errors import BenchError, why_unreadable
from claimbench.pricing.model import FxRate, Price, Variant, scaled
from claimbench.pricing.price_lists.codec import fx_from_json, price_from_json, variant_from_json
from claimbench.pricing.price_lists.genai import GenaiPrices
from claimbench.pricing.price_lists.regions import HOSTS, foreign
from claimbench.pricing.stated.values import day_of, read_amount

SELLER_ALIASES = {
    "xai": "x-ai",
    "gemini": "google",
    "vertex_ai": "google",
    "vertex": "google",
    "google_ai_studio": "google",
    "bedrock": "aws",
    "amazon-bedrock": "aws",
    "moonshot": "moonshotai",
    "kimi": "moonshotai",
    "together_ai": "together",
    "together-ai": "together",
    "fireworks_ai": "fireworks",
    "azure_openai": "azure",
    "mistralai": "mistral",
    "z-ai": "zai",
    "dashscope": "alibaba",
    "qwen": "alibaba",
    "bailian": "alibaba",
    "ark": "volcengine",
    "doubao": "volcengine",
    "bytedance": "volcengine",
    "qianfan": "baidu",
    "ernie": "baidu",
    "cohere_chat": "cohere",
    "claude": "anthropic",
    "x.ai": "x-ai",
}
"""Spellings of sellers that users and other tools write."""

LABS = (
    (r"claude-", "anthropic"),
    (r"gpt-(?!oss)|chatgpt-|o[134](-|$)|codex-|text-embedding-|davinci|babbage", "openai"),
    (r"gemini-", "google"),
    (r"deepseek-(?!r1-distill|llm|coder|moe|vl|math)", "deepseek"),
    (r"(open-)?(mistral|mixtral)-|(min|mag)istral-|(code|dev)stral-|(pix|vox)tral-", "mistral"),
    (r"kimi-|moonshot-", "moonshotai"),
    (r"grok-", "x-ai"),
    (r"command-", "cohere"),
    (r"minimax-", "minimax"),
    (r"glm-", "zai"),
    (r"sonar(-|$)", "perplexity"),
    (r"qwen-|qwen\d|qwq-|qvq-", "alibaba"),
    (r"doubao-", "volcengine"),
    (r"(dola-)?seed-\d", "byteplus"),
    (r"amazon\.nova|(us|eu|apac|jp|ca|au|global)\.(amazon|anthropic|meta)\.", "aws"),
    (r"ernie-", "baidu"),
    (r"muse-", "meta"),
)
"""Model family -> the seller that is its lab's own API, for ids without a provider."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """A price, or why there is none and which ids were near."""

    price: Price | None
    why_unknown: str | None = None
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnBook:
    """The content of our own YAML books, in file order."""

    prices: Mapping[tuple[str, str], Price]
    aliases: Mapping[tuple[str, str], str]
    not_sold: Mapping[tuple[str, str], str]
    fx: tuple[FxRate, ...]
    unsure: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Names of which sources disagree what they stand for, with what they say."""
    since: Mapping[tuple[str, str], tuple[datetime, str]] = field(default_factory=dict)
    """When a model came, and who says so; a source without history states its price for ever."""
    tiers: Mapping[tuple[str, str], tuple[Variant, ...]] = field(default_factory=dict)
    """Batch, flex and priority rates of models whose own source lists none."""
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Host of an endpoint -> its seller."""


BOOK_KEYS = frozenset(
    {
        "book",
        "about",
        "shared",
        "prices",
        "aliases",
        "not_sold",
        "fx",
        "unsure",
        "since",
        "tiers",
        "hosts",
    }
)
"""What a book may hold."""


class PriceBook:
    """All sources of list prices. Making one reads nothing; the first look-up loads the snapshot
    (0.25 s).

    Args:
        books: YAML files of our own entries, later files after earlier ones. An entry is never
            overwritten: two that claim the same name at the same seller are an error; a new price
            is a new era in the same entry.
        first: books that stand in for the others where both name a model (``bench reprice
            --book``).
        genai: the snapshot, or None for the installed one.
        use_genai: False leaves the snapshot out.
    """

    def __init__(
        self,
        books: Sequence[Path] = (),
        *,
        first: Sequence[Path] = (),
        genai: GenaiPrices | None = None,
        use_genai: bool = True,
    ) -> None:
        self._paths = tuple(books)
        self._first = tuple(first)
        self._given = genai
        self._use_genai = use_genai

    @cached_property
    def genai(self) -> GenaiPrices | None:
        """The genai-prices snapshot."""
        return (self._given or GenaiPrices()) if self._use_genai else None

    @cached_property
    def own(self) -> OwnBook:
        """Our own entries."""
        book = read_books(self._paths)
        if not self._first:
            return book
        top = read_books(self._first)
        return OwnBook(
            {**book.prices, **top.prices},
            {**book.aliases, **top.aliases},
            {k: why for k, why in {**book.not_sold, **top.not_sold}.items() if k not in top.prices},
            (*book.fx, *top.fx),
            {k: why for k, why in {**book.unsure, **top.unsure}.items() if k not in top.prices},
            {**book.since, **top.since},
            {**book.tiers, **top.tiers},
            {**book.hosts, **top.hosts},
        )

    @property
    def fx(self) -> tuple[FxRate, ...]:
        """Exchange rates of the own books."""
        return self.own.fx

    def sellers(self) -> set[str]:
        """Return every seller that any source knows."""
        known = {seller for seller, _ in self.own.prices} | set(HOSTS.values())
        return known | set(self.genai.sellers() if self.genai else ())

    def knows(self, seller: str) -> bool:
        """Return whether any source knows a seller under that name."""
        return SELLER_ALIASES.get(seller.lower(), seller.lower()) in self.sellers()

    def resolve(
        self, model: str, *, provider: str | None = None, base_url: str | None = None
    ) -> Resolution:
        """Find the price that ``model`` names.

        The seller is ``provider``, else the host of ``base_url``, else a seller written before a
        slash (``openrouter/...``), else the API of the model's own lab. Within it the name must be
        exact: its id, a spelling that the source lists, or a documented alias.
        """
        name = model.strip().lower().removeprefix("models/")
        if provider is not None:
            seller = SELLER_ALIASES.get(provider.lower(), provider.lower())
            if not self.knows(provider):
                close = difflib.get_close_matches(seller, sorted(self.sellers()), 3)
                return Resolution(None, f"no seller {provider!r} in the price book", tuple(close))
            return self._at(seller, name)
        if base_url is not None:
            host_seller = self._seller_of_url(base_url)
            if host_seller is None:
                host = urlsplit(base_url).hostname or base_url
                return Resolution(
                    None,
                    f"{host} is no seller in the price book; state cost.price or cost.host",
                    self._near(name),
                )
            elsewhere = foreign(urlsplit(base_url).hostname or "", name)
            if elsewhere is not None:
                return Resolution(None, elsewhere, self._near(name))
            return self._at(host_seller, name)
        prefix, _, rest = name.partition("/")
        if rest and SELLER_ALIASES.get(prefix, prefix) in self.sellers():
            return self._at(SELLER_ALIASES.get(prefix, prefix), name)
        lab = next((seller for pattern, seller in LABS if re.match(pattern, name)), None)
        if lab is None:
            near = self._near(name)
            return Resolution(
                None, f"{model!r} names no seller, and no lab sells it under that name", near
            )
        return self._at(lab, name)

    def _seller_of_url(self, base_url: str) -> str | None:
        host = urlsplit(base_url).hostname or ""
        if host in self.own.hosts:
            return self.own.hosts[host]
        if host in HOSTS:
            return HOSTS[host]
        return self.genai.seller_of_url(base_url) if self.genai else None

    def _at(self, seller: str, name: str) -> Resolution:
        prefix, _, rest = name.partition("/")
        own_prefix = bool(rest) and SELLER_ALIASES.get(prefix, prefix) == seller
        for candidate in (name, rest) if own_prefix else (name,):
            if (seller, candidate) in self.own.not_sold:
                why = self.own.not_sold[seller, candidate]
                return Resolution(
                    None,
                    f"{seller} does not sell {candidate}: {why}",
                    self._near(candidate, but=seller),
                )
            if (seller, candidate) in self.own.unsure:
                return Resolution(None, self.own.unsure[seller, candidate])
            found = self.own.prices.get((seller, candidate)) or self._genai_at(seller, candidate)
            if found is not None:
                return Resolution(self._completed(found, seller, candidate))
        short = rest if own_prefix else name
        return Resolution(
            None, f"no price for {short!r} at {seller}", self._near(short, seller=seller)
        )

    def _completed(self, price: Price, seller: str, name: str) -> Price:
        """Add what books say of a model beside its price: when it came, and other tiers."""
        known = self.own.since.get((seller, name)) or self.own.since.get(
            (seller, price.model.lower())
        )
        if known is not None and all(e.start is None for e in price.eras):
            price = replace(price, since=known[0])
        if name != price.model.lower():
            price = replace(price, asked=name)
        more = self.own.tiers.get((seller, name), ())
        more = tuple(v for v in more if not any(v.when == had.when for had in price.variants))
        return replace(price, variants=(*price.variants, *more)) if more else price

    def _genai_at(self, seller: str, name: str) -> Price | None:
        if self.genai is None:
            return None
        found = self.genai.find(seller, self.own.aliases.get((seller, name), name))
        # another spelling of a model that an own entry corrects means that entry too
        return found and self.own.prices.get((seller, found.model.lower()), found)

    def _near(
        self, name: str, *, seller: str | None = None, but: str | None = None
    ) -> tuple[str, ...]:
        """List the sellers of exactly that model, else the nearest names at the seller (or
        anywhere).
        """
        short = name.rsplit("/", 1)[-1]
        hits = [f"{s}:{n}" for s, n in self.own.prices if n == short]
        hits += self.genai.candidates(short) if self.genai else []
        hits = [h for h in dict.fromkeys(hits) if not (but and h.startswith(f"{but}:"))]
        if hits:
            return tuple(hits)
        pool = [n for s, n in self.own.prices if seller in (None, s)]
        pool += self.genai.names(seller) if self.genai else []
        return tuple(difflib.get_close_matches(short, pool, 3, 0.75))


def read_books(paths: Iterable[Path]) -> OwnBook:
    """Read YAML books.

    Raises:
        BenchError: a file that is no book, an entry without source and date, eras out of order, or
            two entries for one name.
    """
    book = _Book()
    for path in paths:
        try:
            _add_book(path, book)
        except BenchError as error:
            if str(path) in error.message:
                raise
            raise BenchError(f"{path}: {error.message}", hint=error.hint) from None
        except OTHER_FORM as error:
            raise BenchError(
                f"{path}: an entry does not have the form of a price book's"
                f" ({why_unreadable(error)[:200]})",
                hint="Compare it with a book that is shipped: claimbench_providers/prices.",
            ) from None
    return OwnBook(
        book.prices,
        book.aliases,
        book.not_sold,
        tuple(book.fx),
        book.unsure,
        book.since,
        book.tiers,
        book.hosts,
    )


OTHER_FORM = (
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    ArithmeticError,
    RecursionError,
)
"""What reading raises where a value is of another kind than it should be, or holds itself."""
MOST_BYTES = 32 * 2**20
"""Of a price book; the largest that we know has less than one."""


@dataclass
class _Book:
    """Books as they are read, one after the other."""

    prices: dict[tuple[str, str], Price] = field(default_factory=dict)
    aliases: dict[tuple[str, str], str] = field(default_factory=dict)
    not_sold: dict[tuple[str, str], str] = field(default_factory=dict)
    fx: list[FxRate] = field(default_factory=list)
    unsure: dict[tuple[str, str], str] = field(default_factory=dict)
    since: dict[tuple[str, str], tuple[datetime, str]] = field(default_factory=dict)
    tiers: dict[tuple[str, str], tuple[Variant, ...]] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)


def _add_book(path: Path, book: _Book) -> None:
    """Add what one file says."""
    data = _read_yaml(path)
    unknown = set(data) - BOOK_KEYS
    if unknown:
        raise BenchError(f"{path}: unknown keys: {', '.join(sorted(map(str, unknown)))}")
    for entry in data.get("prices") or ():
        price = _entry(entry, path)
        for name in {price.model.lower(), *(str(n).lower() for n in entry.get("names") or ())}:
            key = (price.provider, name)
            if key in book.prices:
                raise BenchError(
                    f"{path}: {price.provider}/{name} already has an entry ({book.prices[key].id})",
                    hint=(
                        "Prices are never overwritten: add an era with its start to the entry"
                        " that exists."
                    ),
                )
            book.prices[key] = price
    for row in data.get("aliases") or ():
        called = str(row["provider"]), str(row["name"]).lower()
        book.aliases[called] = str(row["model"]).lower()
    for row in data.get("not_sold") or ():
        book.not_sold[str(row["provider"]), str(row["model"]).lower()] = str(row["why"])
    for row in data.get("unsure") or ():
        book.unsure[str(row["provider"]), str(row["model"]).lower()] = str(row["why"])
    for row in data.get("since") or ():
        for model, day in (row.get("models") or {}).items():
            came = datetime.combine(day_of(day), time(), tzinfo=UTC)
            book.since[str(row["provider"]), str(model).lower()] = (came, str(row["source"]))
    for host, seller in (data.get("hosts") or {}).items():
        book.hosts[str(host).lower()] = str(seller)
    for row in data.get("tiers") or ():
        key = (str(row["provider"]), str(row["model"]).lower())
        variant = variant_from_json(row, f"{path}: {row['model']}")
        book.tiers[key] = (*book.tiers.get(key, ()), variant)
    book.fx.extend(fx_from_json(row) for row in data.get("fx") or ())


def _entry(entry: Mapping[str, Any], path: Path) -> Price:
    where = f"{path}: entry {entry.get('id', entry.get('model'))!r}"
    missing = [
        k for k in ("id", "model", "provider", "source", "dated", "eras") if not entry.get(k)
    ]
    if missing:
        raise BenchError(
            f"{where} lacks {', '.join(missing)}",
            hint="A price without source and date is not evidence.",
        )
    price = price_from_json(entry)
    discount = read_amount(entry.get("discount", 0), f"{where}: discount")
    if discount >= 1:
        raise BenchError(f"{where}: discount is a share below 1, not {discount}")
    price = scaled(price, 1 - discount)
    starts = [e.start for e in price.eras]
    if any(s is None for s in starts):
        raise BenchError(f"{where}: every era of an own entry needs its start")
    known = [s for s in starts if s is not None]
    if known != sorted(set(known)):
        raise BenchError(f"{where}: eras must follow each other in time")
    return price


def _read_yaml(path: Path) -> Mapping[str, Any]:
    from ruamel.yaml.error import YAMLError

    try:
        if path.exists() and not (path.is_file() and path.stat().st_size <= MOST_BYTES):
            raise BenchError(f"{path}: no regular file, or too large for a price book")
        data = _parsed(path, path.read_bytes())
    except (ValueError, RecursionError) as err:
        raise BenchError(f"{path}: not a price book: {why_unreadable(err)}") from err
    except OSError as err:
        raise BenchError(f"{path}: cannot read the price book: {err.strerror}") from err
    except YAMLError as err:
        raise BenchError(f"{path}: not YAML: {err}") from err
    if not isinstance(data, Mapping) or "book" not in data:
        raise BenchError(
            f"{path}: not a price book", hint="A book begins with `book: NAME` and lists `prices:`."
        )
    return data


@lru_cache(maxsize=16)
def _parsed(path: Path, raw: bytes) -> Any:
    """Parse a book's bytes once, however many arms and readings ask for it: YAML of a few hundred
    lines takes longer than all of the rest that a price costs. Nobody changes what is returned.
    """
    from ruamel.yaml import YAML

    if path.suffix == ".json":
        return json.loads(raw.decode("utf-8"))
    stream = BytesIO(raw)
    stream.name = path  # what ruamel.yaml says where a line is no YAML
    return YAML(typ="safe").load(stream)
