"""Personal data in a row -> placeholders, once, as the rows are loaded: every arm is sent the same
masked text.

presidio's pattern recognisers find what has a form (addresses, numbers with check digits); names
and places are found by a spaCy model, where the suite names an installed one. Nothing is downloaded
and nothing is asked of a network: the recogniser of e-mail addresses, whose check of the domain
would fetch a list, is used without that check, so that addresses at private domains are masked too.

Within a row the same value always becomes the same placeholder (``<EMAIL_ADDRESS_1>``). What
overlaps becomes one placeholder for all of it, named after the surest finding. Whatever is stored
of a row is what is left after masking.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from claimbench.error_words import did_you_mean, one_of
from claimbench.errors import PluginError
from claimbench.types import Json, Masked, MaskSpec, Task

INSTALL = "pip install 'claimbench[mask]'"
NAMED = {
    "PERSON": "PERSON",
    "PER": "PERSON",
    "GPE": "LOCATION",
    "LOC": "LOCATION",
    "FAC": "LOCATION",
    "LOCATION": "LOCATION",
    "ORG": "ORGANIZATION",
    "ORGANIZATION": "ORGANIZATION",
    "NORP": "NRP",
    "NRP": "NRP",
}
"""Labels of spaCy models -> presidio's names of entities."""
_EMAIL = r"""(?:"[^"\n]+"|[^\s@<>()\[\],;:"]+)@[\w-]+(?:\.[\w-]+)+"""
_FEWEST_DIGITS = 6  # no telephone number is shorter; looking for them is the slowest part


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """One finding: ``text[start:end]`` is an ``entity``, by a score between 0 and 1."""

    start: int
    end: int
    entity: str
    score: float


Find = Callable[[str], Iterable[Found]]


def in_words(task: Task) -> str | None:
    """Say what was masked in a task's rows, to end a sentence; None if nothing was looked for."""
    masked = task.masked
    if masked is None:
        return None
    kinds = ", ".join(f"{n:,} {entity}" for entity, n in masked.counts.items()) or "nothing found"
    where = "" if masked.spec.columns is None else f" in {', '.join(masked.spec.columns)}"
    rows = len(task.samples) + len(task.few_shot)
    return (
        f"{kinds} in {masked.rows:,} of {rows:,} rows (looked for{where}:"
        f" {', '.join(masked.spec.entities)})"
    )


def available() -> bool:
    """Return whether presidio is installed; it is not imported."""
    return find_spec("presidio_analyzer") is not None


class Finder:
    """Finds a spec's entities in texts. Making one imports presidio (and spaCy), which takes a
    second or two.

    Raises:
        PluginError: presidio is not installed, no recogniser knows an entity, or the spaCy model is
            not there.
    """

    def __init__(self, spec: MaskSpec) -> None:
        if not available():
            raise PluginError("mask: presidio is not installed", hint=INSTALL)
        from importlib.metadata import version

        self.library = f"presidio-analyzer {version('presidio-analyzer')}"
        self._least = spec.min_score
        known = _recognisers(spec.phone_regions)
        named = [entity for entity in spec.entities if entity in NAMED.values()]
        for entity in spec.entities:
            if entity not in known and entity not in named:
                names = sorted({*known, *NAMED.values()})
                raise PluginError(
                    f"mask: nothing finds '{entity}'{did_you_mean(entity, names)}",
                    hint=f"known: {one_of(names, 100)}",
                )
        self._finds: list[Find] = [known[entity] for entity in spec.entities if entity in known]
        if named:
            self._finds.append(_names(spec.model, named))

    def find(self, text: str) -> list[Found]:
        """Return the findings in order, nothing overlapping."""
        every: list[Found] = []
        for find in self._finds:
            every.extend(one for one in find(text) if one.score >= self._least)
        every.sort()
        merged: list[list[Found]] = []
        end = -1
        for one in every:
            if one.start < end:
                merged[-1].append(one)
            else:
                merged.append([one])
            end = max(end, one.end)
        return [_together(group) for group in merged]


def _together(group: list[Found]) -> Found:
    """Return findings that overlap as one: all that any of them covers."""
    best = max(group, key=lambda one: (one.score, one.end - one.start, -one.start))
    return Found(
        min(one.start for one in group), max(one.end for one in group), best.entity, best.score
    )


def _recognisers(regions: tuple[str, ...]) -> dict[str, Find]:
    """Return, by entity, the finder of presidio's recognisers that know it, without their
    languages' context words.
    """
    from presidio_analyzer import Pattern, PatternRecognizer, predefined_recognizers

    kinds = [kind for kind in vars(predefined_recognizers).values() if isinstance(kind, type)]
    checked = predefined_recognizers.EmailRecognizer
    made: list[Any] = [
        kind() for kind in kinds if issubclass(kind, PatternRecognizer) and kind is not checked
    ]
    made.append(PatternRecognizer("EMAIL_ADDRESS", patterns=[Pattern("e-mail", _EMAIL, 0.5)]))
    found: dict[str, list[Any]] = {}
    for recogniser in made:
        for entity in recogniser.supported_entities:
            found.setdefault(entity, []).append(recogniser)
    finds = {entity: _by(entity, tuple(recognisers)) for entity, recognisers in found.items()}
    phone = predefined_recognizers.PhoneRecognizer
    national = phone(supported_regions=_known_regions(regions)) if regions else phone()
    every = _by("PHONE_NUMBER", (national,))
    finds["PHONE_NUMBER"] = lambda text: (
        every(text) if sum(map(str.isdigit, text)) >= _FEWEST_DIGITS else ()
    )
    return finds


def _by(entity: str, recognisers: tuple[Any, ...]) -> Find:
    def find(text: str) -> list[Found]:
        results = [
            one for recogniser in recognisers for one in recogniser.analyze(text, [entity], None)
        ]
        return [Found(one.start, one.end, entity, one.score) for one in results]

    return find


def _known_regions(regions: tuple[str, ...]) -> tuple[str, ...]:
    import phonenumbers

    known = phonenumbers.SUPPORTED_REGIONS
    for region in regions:
        if region not in known:
            raise PluginError(
                f"mask: no country '{region}'{did_you_mean(region, known)}",
                hint="two letters, as in CH",
            )
    return regions


def _names(model: str | None, entities: list[str]) -> Find:
    """Make a finder of names by a spaCy model that is already here."""
    listed = " and ".join(entities)
    if model is None:
        raise PluginError(
            f"mask: {listed} cannot be found by patterns, and `model` names no spaCy model",
            hint=(
                "install one (python -m spacy download en_core_web_sm) and write `model:"
                " en_core_web_sm`"
            ),
        )
    import spacy

    try:
        language = spacy.load(model)
    except OSError as error:
        raise PluginError(
            f"mask: the spaCy model '{model}' cannot be loaded: {str(error).partition('.')[0]}",
            hint=f"python -m spacy download {model}, or leave {listed} out",
        ) from None

    def find(text: str) -> list[Found]:
        labels = ((span, NAMED.get(span.label_)) for span in language(text).ents)
        return [
            Found(span.start_char, span.end_char, name, 0.85)
            for span, name in labels
            if name in entities
        ]

    return find


@dataclass
class Masking:
    """Masks the rows of one task and counts what was masked; ``masked`` says it for the records."""

    spec: MaskSpec
    finder: Finder
    counts: Counter[str] = field(default_factory=Counter)
    rows: int = 0

    def covers(self, column: str) -> bool:
        """Return whether a column is masked."""
        return self.spec.columns is None or column in self.spec.columns

    def row(self) -> RowMask:
        """Return a mask for one more row."""
        return RowMask(self)

    def masked(self) -> Masked:
        """Return what was masked in the rows so far."""
        return Masked(
            self.spec, dict(sorted((+self.counts).items())), self.rows, self.finder.library
        )


class RowMask:
    """Masks one row's values: the same value gets the same placeholder wherever it stands in the
    row.
    """

    def __init__(self, task: Masking) -> None:
        self._task = task
        self._names: dict[tuple[str, str], str] = {}
        self._per_entity: Counter[str] = Counter()
        self._counted = True

    def inputs(
        self, variables: Mapping[str, str], values: Mapping[str, Json], sent: Collection[str]
    ) -> dict[str, Json]:
        """Return, by template variable, its column's value, masked where the spec covers the
        column.

        All are masked, for all are stored; counted is what stands in the variables that are
        ``sent``.
        """
        masked: dict[str, Json] = {}  # by column: two variables may name one
        for counted in (True, False):
            self._counted = counted
            for name, column in variables.items():
                if column in values and column not in masked and (name in sent) is counted:
                    masked[column] = (
                        self.value(values[column]) if self._task.covers(column) else values[column]
                    )
            if counted and self._names:
                self._task.rows += 1
        return {name: masked[column] for name, column in variables.items() if column in masked}

    def value(self, value: Json) -> Json:
        """Return a JSON value with its texts masked, keys included; a number only if all of it is
        personal (a card).
        """
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Mapping):
            return {self._text(str(key)): self.value(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner) for inner in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            written = f"{value:.0f}" if float(value).is_integer() else repr(value)
            changed = self._text(written)
            return value if changed == written else changed
        return value

    def _text(self, text: str) -> str:
        parts: list[str] = []
        at = 0
        for one in self._task.finder.find(text):
            parts += [
                text[at : one.start],
                self._placeholder(one.entity, text[one.start : one.end]),
            ]
            at = one.end
        return "".join(parts) + text[at:]

    def _placeholder(self, entity: str, text: str) -> str:
        self._task.counts[entity] += self._counted
        key = (entity, text.casefold())
        if key not in self._names:
            self._per_entity[entity] += 1
            self._names[key] = f"<{entity}_{self._per_entity[entity]}>"
        return self._names[key]

    def key(self, column: str | None, text: str) -> str:
        """Return an id, cluster or slice, which is stored but not sent: unchanged, or a hash if
        anything personal is in it.

        A hash keeps rows of one person together. It can be guessed by whoever has the person's
        data.
        """
        if column is None or not self._task.covers(column) or not self._task.finder.find(text):
            return text
        return f"masked-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"

    def left_in(self, value: Json, *, sent: bool) -> str | None:
        """Name the entity that a target would give away: one masked in this row or, if it is
        ``sent``, any; else None.
        """
        for text in _texts(value):
            folded = text.casefold()
            for entity, masked in self._names:
                if masked in folded:
                    return entity
            found = self._task.finder.find(text) if sent else []
            if found:
                return found[0].entity
        return None


def _texts(value: Json) -> Iterable[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif value is not None:
        yield str(value)
