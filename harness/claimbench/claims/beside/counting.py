"""Exact arithmetic on one snapshot in one way of counting: who has how many downloads, and who
stands in the first rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise, product

from claimbench.claims.language.adoption.ask import Who
from claimbench.suite.adoption.families import family_of, publishers
from claimbench.suite.adoption.snapshots import value_of
from claimbench.types.adoption import Adoption, Family, HubModel, Order, Snapshot

WINDOWS = ("30 days", "all time")
COUNTS = ("own", "+ fine-tunes", "+ quantisations")
WITH = ("with", "without")
EMBEDDINGS = frozenset({"feature-extraction", "sentence-similarity"})
OTHER_TASKS = frozenset(
    {
        "any-to-any",
        "audio-classification",
        "automatic-speech-recognition",
        "depth-estimation",
        "fill-mask",
        "image-classification",
        "image-segmentation",
        "image-text-to-text",
        "image-to-image",
        "image-to-text",
        "image-to-video",
        "object-detection",
        "question-answering",
        "summarization",
        "text-classification",
        "text-generation",
        "text-ranking",
        "text-to-audio",
        "text-to-image",
        "text-to-speech",
        "text-to-video",
        "token-classification",
        "translation",
        "zero-shot-classification",
    }
)
"""The hub repeats a model's task among its tags: these say that it is none of embeddings."""
UNKNOWN = "unknown"
Span = tuple[float, float]
_AT = {
    "own": frozenset[str](),
    "+ fine-tunes": frozenset({"finetune", "adapter", "merge"}),
    "+ quantisations": frozenset({"finetune", "adapter", "merge", "quantized"}),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A row in its place: by what value, and whether this way of counting may leave it out."""

    model: HubModel
    value: float | None
    doubtful: bool


@dataclass(frozen=True, slots=True)
class Way:
    """One way of counting."""

    window: str
    count: str
    embeddings: str
    local_formats: str

    @property
    def name(self) -> str:
        """Return it in words."""
        said = [self.window] if self.window else []
        said += [self.count, f"{self.embeddings} embeddings"]
        return ", ".join((*said, f"{self.local_formats} local formats"))

    @property
    def order(self) -> Order:
        """Return the list that it counts in."""
        return {"": "trending", "all time": "downloads_all"}.get(self.window, "downloads")  # type: ignore[return-value]


class NotKnown(Exception):
    """A figure that the snapshots do not give. ``absent``: they hold no such column or list at
    all; ``further``: another snapshot may give it.
    """

    def __init__(
        self, code: str, detail: str, *, absent: bool = False, further: bool = False
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.absent = absent
        self.further = further or absent


def ways(listed: str, adoption: Adoption) -> list[Way]:
    """Return the ways of counting that have to agree."""
    stated = adoption.readings
    windows: tuple[str, ...] = ("",)
    if listed == "downloads":
        windows = stated.get("window", WINDOWS)
    elif listed != "trending":
        windows = ("30 days",) if listed == "downloads_30d" else ("all time",)
    found = product(
        windows,
        stated.get("count", COUNTS),
        stated.get("embeddings", WITH),
        stated.get("local_formats", WITH),
    )
    return [Way(*one) for one in found]


class Counter:
    """One snapshot, counted in one way. What a row does not tell is taken both ways: ``models`` are
    the rows that this way may count, ``doubtful`` (by id) those that it may not, with the reason.
    """

    def __init__(self, snapshot: Snapshot, way: Way, adoption: Adoption) -> None:
        self._snapshot = snapshot
        self._way = way
        self._orgs = adoption.families.orgs
        self._of_org = publishers(adoption.families)
        self._by_id = {model.id.lower(): model for model in snapshot.models}
        self.doubtful: dict[str, NotKnown] = {}
        self.models = self._kept()
        self._spans: dict[str, Span] = {}

    def _kept(self) -> list[HubModel]:
        """Return the rows that this way counts, or may count."""
        rows = list(self._snapshot.models)
        if self._way.embeddings == "without":
            told = [(model, is_embedding(model)) for model in rows]
            code, what = "embeddings_unknown", "whether {} is a model of embeddings"
            rows = self._left(told, code, what)
        if self._way.local_formats == "without":
            if not any(model.tags for model in self._snapshot.models):
                detail = f"{self._where()} tells the format of no row"
                raise NotKnown("format_unknown", detail, absent=True)
            told = [(model, is_local(model)) for model in rows]
            rows = self._left(told, "format_unknown", "the format of {}")
        return rows

    def _left(
        self, told: Sequence[tuple[HubModel, bool | None]], code: str, what: str
    ) -> list[HubModel]:
        """Return the rows that are not surely left out."""
        if told and all(out is None for _, out in told):
            detail = f"{self._where()} does not tell {what.format('any row')}"
            raise NotKnown(code, detail, absent=True)
        for model, out in told:
            if out is None:
                detail = f"{self._where()} does not tell {what.format(model.id)}"
                self.doubtful.setdefault(model.id, NotKnown(code, detail))
        return [model for model, out in told if not out]

    def _where(self) -> str:
        return f"{self._snapshot.name} ({self._snapshot.date})"

    def span(self, model: HubModel) -> Span:
        """Return the least and the most downloads that a row can have: in a list that is sorted by
        them a missing count lies between its neighbours'.

        Raises:
            NotKnown: no row has these counts.
        """
        if not self._spans:
            self._spans = self._all_spans()
        return self._spans[model.id]

    def _all_spans(self) -> dict[str, Span]:
        ever = self._way.window == "all time"
        rows = self._snapshot.models
        values = [m.downloads_all if ever else m.downloads for m in rows]
        if all(value is None for value in values):
            what = self._way.window or "30 days"
            detail = f"{self._where()} has no downloads of {what} for any row"
            raise NotKnown("counts_unknown", detail, absent=True)
        found: dict[str, Span] = {}
        ordered = self._snapshot.order == self._way.order
        above = list(accumulate((math.inf if v is None else v for v in values), min))
        below = list(accumulate((0 if v is None else v for v in reversed(values)), max))[::-1]
        for at, (model, value) in enumerate(zip(rows, values, strict=True)):
            if value is not None:
                found[model.id] = (value, value)
                continue
            low: float = (model.downloads or 0) if ever else 0
            high = math.inf
            if not ever and model.downloads_all is not None:
                high = model.downloads_all
            if ordered:
                high = min(high, above[at])
                low = max(low, below[at])
            found[model.id] = (low, max(low, high))
        return found

    def gaps(self, models: Sequence[HubModel]) -> NotKnown | None:
        """Return what the file does not tell of any of these rows, or None."""
        for model in models:
            if model.id in self.doubtful:
                return self.doubtful[model.id]
        for model in models:
            if self._way.window and self.span(model)[0] != self.span(model)[1]:
                detail = f"{self._where()} has no downloads of {self._way.window} for {model.id}"
                return NotKnown("counts_unknown", detail)
        return None

    def belongs(self, model: HubModel, who: Who) -> bool | None:
        """Tell whether a repository is whose; None where the table and the file do not say."""
        if who.level == "repository":
            if model.id.lower() == who.name.lower():
                return True
            if self._silent(model):
                return None
            return self._derives(model, frozenset({who.name.lower()}), set())
        families = self._families(model)
        if families is not None:
            return any(_matches(one, who) for one in families)
        if self._silent(model):
            return None
        seat = self._seat(model)
        if who.level == "country":
            return None if seat in (None, UNKNOWN) else seat == who.name
        if any(_matches(one, who) for one in self._roots(model, set())):
            return False  # another's copy or tune, which this way does not count
        return False if self._seat(model) is not None or model.base else None

    def _silent(self, model: HubModel) -> bool:
        """Tell whether a row may be made from another's model, which this way counts, and the file
        does not say.
        """
        told = bool(model.tags or model.base) or family_of(model.id, self._of_org) is not None
        return bool(_AT[self._way.count]) and not told

    def _derives(self, model: HubModel, roots: frozenset[str], seen: set[str]) -> bool:
        """Tell whether a repository is made from one of ``roots`` by steps that this way counts."""
        counted = _AT[self._way.count]
        for relation, base in model.base:
            if relation not in counted or base.lower() in seen:
                continue
            if base.lower() in roots:
                return True
            further = self._by_id.get(base.lower())
            if further is not None and self._derives(further, roots, seen | {base.lower()}):
                return True
        return False

    def _families(self, model: HubModel) -> list[Family] | None:
        """Return the families that a repository counts for; None where it counts for none that the
        table has.
        """
        own = family_of(model.id, self._of_org)
        if own is not None:
            return [own]
        counted = _AT[self._way.count]
        if not any(relation in counted for relation, _ in model.base):
            return None
        found = self._roots(model, set(), counted)
        return found or None

    def _roots(
        self, model: HubModel, seen: set[str], counted: frozenset[str] | None = None
    ) -> list[Family]:
        """Return the families at the root of what a repository is made from."""
        found: list[Family] = []
        for relation, base in model.base:
            key = base.lower()
            if key in seen or (counted is not None and relation not in counted):
                continue
            family = family_of(base, self._of_org)
            further = self._by_id.get(key)
            if family is not None:
                found.append(family)
            elif further is not None:
                found += self._roots(further, seen | {key}, counted)
        return found

    def _seat(self, model: HubModel) -> str | None:
        return self._orgs.get(model.id.partition("/")[0].lower())

    def entity(self, model: HubModel, level: str) -> str | None:
        """Return whose a repository is on a level: the family's, lab's or country's name, or its
        owner's where the table has none (None for a country).
        """
        if level == "repository":
            return model.id
        families = self._families(model)
        if families is not None:
            one = families[0]
            return {"family": one.name, "lab": one.lab}.get(level, one.country)
        if self._silent(model):
            return None
        if level == "country":
            seat = self._seat(model)
            return None if seat in (None, UNKNOWN) else seat
        return model.id.partition("/")[0]

    def first(self, n: int) -> list[Place]:
        """Return the rows that the first ``n`` are taken from, in their order.

        Raises:
            NotKnown: the list is of another order, or shorter.
        """
        rows = self._sorted()
        sure = sum(model.id not in self.doubtful for model in rows)
        if sure < n <= len(rows):
            raise next(self.doubtful[m.id] for m in rows if m.id in self.doubtful)
        if len(rows) < n:
            left = len(self._snapshot.models) - len(rows)
            out = f", {left} left out by this way of counting" if left else ""
            raise NotKnown(
                "snapshot_partial", f"{self._where()} has {len(rows)} rows, {n} are asked{out}"
            )
        values = [value_of(model, self._way.order) for model in rows]
        return [
            Place(model, value, model.id in self.doubtful)
            for model, value in zip(rows, values, strict=True)
        ]

    def _sorted(self) -> list[HubModel]:
        order = self._way.order
        if self._snapshot.order == order:
            return self.models
        values = [value_of(model, order) for model in self._snapshot.models]
        known = [value for value in values if value is not None]
        gap = next(
            (m for m, v in zip(self._snapshot.models, values, strict=True) if v is None), None
        )
        falls = len(known) > 1 and all(a >= b for a, b in pairwise(known)) and known[0] > known[-1]
        if known and gap is not None and (self._snapshot.complete or falls):
            raise NotKnown("counts_unknown", f"{self._where()} has no {order} of {gap.id}")
        if known and self._snapshot.complete:
            return sorted(self.models, key=lambda m: -(value_of(m, order) or 0.0))
        raise NotKnown("no_snapshot", f"{self._where()} is no list by {order}", absent=True)

    def total(self, who: Who) -> Span:
        """Return the least and the most downloads that are whose.

        Raises:
            NotKnown: the file is the head of a list, and a sum needs all of it.
        """
        if who.level == "repository" and self._way.count == "own":
            return self._alone(who)
        self._whole_file(f"the downloads of {who.name} beyond it are not known")
        low: float = 0
        high: float = 0
        for model in self.models:
            mine = self.belongs(model, who)
            if mine is not False:
                least, most = self.span(model)
                high += most
                low += least if mine and model.id not in self.doubtful else 0
        return low, high

    def _whole_file(self, lacks: str) -> None:
        if not self._snapshot.complete:
            detail = f"{self._where()} is the head of a list: {lacks}"
            raise NotKnown("snapshot_partial", detail, further=True)

    def _alone(self, who: Who) -> Span:
        for model in self.models:
            if model.id.lower() == who.name.lower():
                if model.id in self.doubtful:
                    raise self.doubtful[model.id]
                return self.span(model)
        if self._snapshot.complete:
            raise NotKnown("not_in_snapshot", f"{who.name} is not in {self._where()}")
        if self._snapshot.order != self._way.order or not self.models:
            raise NotKnown("not_in_snapshot", f"{who.name} is not in {self._where()}", further=True)
        return 0, self.span(self._snapshot.models[-1])[1]

    def others(self, who: Who) -> tuple[str, Span, float]:
        """Return the largest other of ``who``'s level, what the largest has at least and at most,
        and the most downloads of nobody known.
        """
        self._whole_file("sums need all of it")
        sums: dict[str, Span] = {}
        nobody: float = 0
        for model in self.models:
            name = self.entity(model, who.level)
            least, most = self.span(model)
            least = 0 if model.id in self.doubtful else least
            if name is None:
                nobody += most
            elif name.lower() != who.name.lower():
                low, high = sums.get(name, (0, 0))
                sums[name] = (low + least, high + most)
        top = max(sums, key=lambda name: sums[name], default="")
        least = max((low for low, _ in sums.values()), default=0)
        return top, (least, max((high for _, high in sums.values()), default=0)), nobody

    def share(self, who: Who) -> tuple[Span, Span, Span]:
        """Return the least and the most of three: whose share of all downloads, whose downloads,
        all downloads.
        """
        filtered = "without" in (self._way.embeddings, self._way.local_formats)
        ever = self._way.window == "all time"
        stated = self._snapshot.total_all if ever else self._snapshot.total
        low, high = self.total(who)
        if stated is not None and not filtered:
            self._contradict(who, low, stated)
            if high > stated and self.gaps(self.models) is None:
                self._contradict(who, high, stated)
            return (low / stated, min(1.0, high / stated)), (low, high), (stated, stated)
        self._whole_file("and the hub's own sum is not stated")
        others: Span = (0, 0)
        whole: Span = (0, 0)
        for model in self.models:
            mine = self.belongs(model, who)
            least, most = self.span(model)
            least = 0 if model.id in self.doubtful else least
            whole = (whole[0] + least, whole[1] + most)
            if not mine:
                others = (others[0] + (least if mine is False else 0), others[1] + most)
        self._contradict(who, low, whole[1])
        ends = (part_of(low, others[1]), part_of(high, others[0]))
        return ends, (low, high), whole

    def _contradict(self, who: Who, part: float, whole: float) -> None:
        if whole <= 0 or part > whole:
            detail = f"{who.name} has {part:,} of {whole:,} downloads in all"
            raise NotKnown("totals_contradict", detail)


def part_of(mine: float, others: float) -> float:
    """Return a part's share of itself and the others; without end is all."""
    if math.isinf(mine):
        return 1.0
    return mine / (mine + others) if mine + others > 0 else 0.0


def _matches(family: Family, who: Who) -> bool:
    name = {"family": family.name, "lab": family.lab, "country": family.country}.get(who.level, "")
    return name.lower() == who.name.lower()


def is_embedding(model: HubModel) -> bool | None:
    """Tell a model of embeddings by the hub's task or tags; None where neither says."""
    tags = {tag.lower() for tag in model.tags}
    if model.task in EMBEDDINGS or tags & EMBEDDINGS or "sentence-transformers" in tags:
        return True
    return False if model.task is not None or tags & OTHER_TASKS else None


def is_local(model: HubModel) -> bool | None:
    """Tell a repository in a format of local engines (GGUF, MLX); None where nothing says."""
    tags = {tag.lower() for tag in model.tags}
    name = model.id.lower()
    owner = name.partition("/")[0]
    if tags & {"gguf", "mlx"} or name.endswith(("-gguf", "_gguf")) or owner == "mlx-community":
        return True
    return False if tags else None
