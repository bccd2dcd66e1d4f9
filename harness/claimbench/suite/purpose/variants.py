"""``variants:`` of a suite -> further arms, before anything else is checked: names, claims, limits
and budgets can then speak of them as of any arm.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from claimbench.error_words import did_you_mean, one_of
from claimbench.suite.dialogue.conversations import ROLE
from claimbench.suite.document import Loc, YamlDocument
from claimbench.suite.schema import ArmModel, SuiteModel, TaskModel
from claimbench.suite.schema.variants import VariantsModel
from claimbench.suite.templates import check_template, message_of
from claimbench.types import Arm, ClaimSpec, Json, Message, Task, VariantSpec

FACTORS = (
    "quantisation",
    "prompt",
    "few_shot",
    "temperature",
    "top_p",
    "reasoning_effort",
    "max_tokens",
)
"""What can be varied, in the order in which names say it."""
_SAMPLING = ("temperature", "top_p", "reasoning_effort")
_EVERY = re.compile(
    r"^\s*(?:every|each|all) variants? of (?P<base>.+?)"
    r" (?P<verb>is|are|has|have|costs?|wins?|answers?|makes?)\b",
    re.IGNORECASE,
)
MOST_ARMS = 200


@dataclass(frozen=True)
class Variants:
    """What the arms that were made are: by name, and the place of their entry in the file."""

    specs: Mapping[str, VariantSpec]
    places: Mapping[str, Loc]

    def attach(self, document: YamlDocument, arms: Sequence[Arm]) -> tuple[Arm, ...]:
        """Give the arms what makes them variants, and the lines of the entries that state it."""
        made = []
        for arm in arms:
            spec = self.specs.get(arm.name)
            if spec is not None:
                place = self.places[arm.name]
                lines = dict(arm.option_lines)
                for factor in spec.factors:
                    line = document.line((*place, factor), key=True)
                    if line is not None:
                        key = f"sampling.{factor}" if factor in _SAMPLING else factor
                        lines[key] = line
                arm = replace(arm, variant=spec, line=document.line(place), option_lines=lines)
            made.append(arm)
        return tuple(made)

    def of(self, base: str) -> tuple[str, ...]:
        """Return the names of an arm's variants."""
        return tuple(name for name, spec in self.specs.items() if spec.base == base)


def with_variants(document: YamlDocument, model: SuiteModel) -> tuple[SuiteModel, Variants]:
    """Return the suite's model with an arm for each variant.

    Raises:
        SuiteError: an unknown arm, an entry that varies nothing, a value that stands twice or is
            the arm's own, two variants of one name, or too many arms; with the line.
    """
    known = {arm.name: arm for arm in model.arms}
    arms = list(model.arms)
    specs: dict[str, VariantSpec] = {}
    places: dict[str, Loc] = {}
    for index, entry in enumerate(model.variants):
        place: Loc = ("variants", index)
        factors = _factors(document, entry, place)
        for name in entry.of:
            if name not in known:
                message = f"variants of the unknown arm {name!r}{did_you_mean(name, list(known))}"
                hint = f"arms of this suite: {one_of(list(known))}"
                raise document.error((*place, "of"), message, hint=hint)
            for values in product(*factors.values()):
                chosen = dict(zip(factors, values, strict=True))
                made, spec = _variant(document, known[name], entry, chosen, place)
                if made.name in {arm.name for arm in arms}:
                    raise document.error(
                        place, f"two arms would be called {made.name!r}", hint="drop one of them"
                    )
                if len(arms) >= MOST_ARMS:
                    raise document.error(place, f"variants make more than {MOST_ARMS} arms")
                _alias(document, ("arms", len(arms)), place)
                arms.append(made)
                specs[made.name] = spec
                places[made.name] = place
    if not specs:
        return model, Variants({}, {})
    return model.model_copy(update={"arms": arms}), Variants(specs, places)


def _alias(document: YamlDocument, loc: Loc, place: Loc) -> None:
    """Let errors about a made arm name the line of the entry that made it."""
    if place in document.places:
        document.places[loc] = document.places[place]


def _factors(document: YamlDocument, entry: VariantsModel, place: Loc) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for factor in FACTORS:
        values = getattr(entry, factor)
        if values is None:
            continue
        listed = list(values)
        twice = next((value for value in listed if listed.count(value) > 1), None)
        if twice is not None:
            raise document.error((*place, factor), f"variants.{factor}: {twice!r} stands twice")
        found[factor] = listed
    if not found:
        hint = f"give one of {', '.join(FACTORS)} with its values"
        raise document.error(place, "the entry varies nothing", hint=hint)
    if entry.tasks is not None and entry.prompt is None:
        raise document.error((*place, "tasks"), "`tasks` belongs to `prompt:`")
    limits: tuple[tuple[str, Any, Any], ...] = (
        ("temperature", 0, 5),
        ("top_p", 0, 1),
        ("max_tokens", 1, 1_000_000),
        ("few_shot", 0, 10_000),
    )
    for factor, least, most in limits:
        for number, value in enumerate(found.get(factor, ())):
            if not least <= value <= most:
                message = f"variants.{factor}: {value!r} is not between {least} and {most}"
                raise document.error((*place, factor, number), message)
    return found


def variant_name(base: str, chosen: Mapping[str, Json]) -> str:
    """Return the name of a variant: ``alpha@temperature=0.7,max_tokens=64``."""
    said = ",".join(f"{factor}={_shown(value)}" for factor, value in chosen.items())
    return f"{base}@{said}"


def _shown(value: Json) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _variant(
    document: YamlDocument,
    base: ArmModel,
    entry: VariantsModel,
    chosen: Mapping[str, Json],
    place: Loc,
) -> tuple[ArmModel, VariantSpec]:
    """Make one arm of another."""
    changed: dict[str, Any] = {"name": variant_name(base.name, chosen)}
    sampling = {name: chosen[name] for name in _SAMPLING if name in chosen}
    omitted = [name for name in sampling if name in base.omit]
    if omitted:
        message = f"the arm {base.name} omits {omitted[0]}, so it cannot be varied"
        raise document.error((*place, omitted[0]), message, hint="take it out of the arm's `omit:`")
    if sampling:
        stated = {**base.sampling.model_dump(exclude_unset=True), **sampling}
        changed["sampling"] = type(base.sampling).model_validate(stated)
    if "quantisation" in chosen and entry.quantisation is not None:
        changed["model"] = entry.quantisation[str(chosen["quantisation"])]
    prompt: tuple[Message, ...] = ()
    if "prompt" in chosen and entry.prompt is not None:
        prompt = tuple(message_of(turn) for turn in entry.prompt[str(chosen["prompt"])])
    spec = VariantSpec(
        base.name,
        dict(chosen),
        chosen.get("max_tokens"),
        chosen.get("few_shot"),
        prompt,
        tuple(entry.tasks or ()),
    )
    return base.model_copy(update=changed), spec


def check_variants(document: YamlDocument, model: SuiteModel, tasks: Sequence[Task]) -> None:
    """Check the wordings and numbers of examples against the tasks they are for.

    Raises:
        SuiteError: an unknown task, a template that reads what the rows do not have, a wording that
            does not end with the user, more examples than a task has; with the line.
    """
    names = [task.name for task in tasks]
    own = {task.name for task in model.tasks if isinstance(task, TaskModel)}
    for index, entry in enumerate(model.variants):
        place: Loc = ("variants", index)
        for name in entry.tasks or ():
            if name not in names:
                raise document.error(
                    (*place, "tasks"), f"unknown task {name!r}{did_you_mean(name, names)}"
                )
        most = max(entry.few_shot or [0])
        for task in tasks:
            if entry.few_shot is not None and most > len(task.few_shot):
                message = (
                    f"{most} examples are asked for, and task {task.name} has {len(task.few_shot)}"
                )
                raise document.error((*place, "few_shot"), message)
        for wording, turns in (entry.prompt or {}).items():
            here: Loc = (*place, "prompt", wording)
            messages = [message_of(turn) for turn in turns]
            if messages[-1].role not in ("user", "turns", ROLE):
                raise document.error(
                    here, f"the last turn is the {messages[-1].role}'s, not the user's"
                )
            for task in tasks:
                if task.name in own and (entry.tasks is None or task.name in entry.tasks):
                    _check_conversation(document, here, messages, task)
                    known = {*task.samples[0].input, "labels"}
                    for number, turn in enumerate(messages):
                        check_template(document, (*here, number), turn.content, known)


def _check_conversation(
    document: YamlDocument, place: Loc, messages: Sequence[Message], task: Task
) -> None:
    """Raise unless a wording holds the task's own conversation, or none where the task has none."""
    held = [turn for turn in task.prompt if turn.role == ROLE]
    if [turn for turn in messages if turn.role == ROLE] == held and (
        not held or messages[-1] == held[0]
    ):
        return
    if held:
        what = f"the task {task.name} holds a conversation, with which its wordings end too"
    else:
        what = f"the task {task.name} holds no conversation, and neither do its wordings"
    hint = "give the same `- conversation: COLUMN` as the task, as the last entry of the wording"
    raise document.error(
        place, what, hint=hint if held else "`tasks:` says which the wording is for"
    )


def expanded_claims(
    claims: Sequence[ClaimSpec], variants: Variants, arms: Sequence[str]
) -> tuple[ClaimSpec, ...]:
    """Return the claims, one for each variant of those about "every variant of X"; Holm counts
    them all.
    """
    made: list[ClaimSpec] = []
    for claim in claims:
        found = _EVERY.match(claim.text)
        if found is None or found["base"] not in arms:
            made.append(claim)
            continue
        named = variants.of(found["base"])
        if not named:
            made.append(claim)
            continue
        verb = {"are": "is", "have": "has"}.get(found["verb"].lower(), found["verb"])
        rest = claim.text[found.end() :]
        for number, name in enumerate(named, start=1):
            text = f"{name} {verb}{rest}"
            made.append(replace(claim, id=f"{claim.id}.{number}", text=text))
    return tuple(made)
