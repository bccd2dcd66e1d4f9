"""A suite file -> :class:`~claimbench.types.Suite`, with samples loaded; every error names file and
line.

The steps: bytes -> YAML with lines -> ``--set`` -> pydantic models -> checks across the file ->
tasks with their data -> the frozen domain object and its hashes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from claimbench.errors import BenchError
from claimbench.plugins import PROVIDERS, installed
from claimbench.pricing.arms import IN_PROCESS, resolve_arm
from claimbench.pricing.price_lists.book import PriceBook
from claimbench.scorers import ScorerFactory
from claimbench.suite.adoption.alone import MEASURED_KEYS, model_of
from claimbench.suite.adoption.kept import adoption_json, read_adoption
from claimbench.suite.checks import SuiteChecker, written_arms
from claimbench.suite.codec import measured_sha256, suite_from_json, suite_to_json
from claimbench.suite.datasets import read_limited
from claimbench.suite.document import Loc, YamlDocument, apply_override, parse_yaml
from claimbench.suite.purpose.compare import check_compared
from claimbench.suite.purpose.decision import DecisionBuilder
from claimbench.suite.purpose.judges import JudgeChecker
from claimbench.suite.purpose.route_text import route_json
from claimbench.suite.purpose.routes import RouteChecker, check_stop
from claimbench.suite.purpose.users import UserChecker
from claimbench.suite.purpose.variants import check_variants, expanded_claims, with_variants
from claimbench.suite.purpose.volume import check_volume
from claimbench.suite.schema import ArmModel, ClaimModel, SamplingModel, SuiteModel
from claimbench.suite.schema.compare import compare_json
from claimbench.suite.schema.errors import first_error
from claimbench.suite.schema.run import limits_of, resources_of, serve_of
from claimbench.suite.schema.tasks import LmEvalTaskModel
from claimbench.suite.schema.volume import volume_json
from claimbench.suite.tasks import TaskBuilder, task_maskings
from claimbench.suite.tasks_lm_eval import LmEvalBuilder
from claimbench.types import (
    Arm,
    BudgetSpec,
    ClaimSpec,
    ErrorPolicy,
    Json,
    LoadSpec,
    SamplingParams,
    Suite,
    Task,
)

__all__ = ["json_schema", "load_suite", "measured_sha256", "suite_from_json", "suite_to_json"]

SCHEMA_ID = "claimbench-suite-1"
_MOST_BYTES = 32 * 2**20
_NAMED_LISTS = {
    "tasks": "name",
    "arms": "name",
    "judges": "name",
    "simulated_users": "name",
    "claims": "id",
    "routes": "name",
}


def load_suite(
    path: str | Path,
    *,
    allow_outside: bool = False,
    overrides: Sequence[str] = (),
    providers: Collection[str] | None = None,
    scorers: Mapping[str, ScorerFactory] | None = None,
) -> Suite:
    """Load and check a suite with its data.

    Args:
        path: The YAML file.
        allow_outside: Whether paths in the suite may leave its folder.
        overrides: ``--set`` texts, ``KEY.KEY=VALUE``; lists of named things are addressed by name.
        providers: Provider names that exist; default: the installed entry points.
        scorers: Scorer factories by name that come before the installed entry points.

    Raises:
        SuiteError: The first mistake found: file, line, what was seen, the nearest valid name.
    """
    file = Path(path)
    raw = read_limited(file, str(path), most=_MOST_BYTES, missing=_similar_suites(file))
    document = parse_yaml(raw, str(path))
    for text in overrides:
        apply_override(document, text, _NAMED_LISTS)
    try:
        model = model_of(document.data).model_validate(document.data)
    except ValidationError as exc:
        raise first_error(exc, document) from None
    model, variants = with_variants(document, model)
    known = providers if providers is not None else installed(PROVIDERS)
    SuiteChecker(document, model, known, file.parent, allow_outside).check()
    _check_concurrency(document, model)
    _check_gpus(document, model)
    tasks = _tasks(document, model, allow_outside, scorers or {})
    check_variants(document, model, tasks)
    suite = _assemble(
        document, model, tasks, hashlib.sha256(raw).hexdigest(), tuple(overrides), allow_outside
    )
    if not variants.specs:
        return suite
    arms = variants.attach(document, suite.arms)
    claims = expanded_claims(suite.claims, variants, [arm.name for arm in arms])
    return replace(suite, arms=arms, claims=claims)


def suite_without_tasks(path: Path) -> Suite:
    """Return a suite with its arms and judges, as :func:`load_suite` does, and no task: nothing
    that a task may run is needed to say whom a run would ask and what it would start.
    """
    raw = read_limited(path, str(path), most=_MOST_BYTES, missing=_similar_suites(path))
    document = parse_yaml(raw, str(path))
    try:
        model = model_of(document.data).model_validate(document.data)
    except ValidationError as exc:
        raise first_error(exc, document) from None
    model, _ = with_variants(document, model)
    SuiteChecker(document, model, installed(PROVIDERS), path.parent, True).check()
    bare = model.model_copy(
        update={
            "judges": [],
            "simulated_users": [],
            "decision": None,
            "volume": None,
            "compare": None,
            "routes": [],
            "adoption": None,
        }
    )
    suite = _assemble(document, bare, (), hashlib.sha256(raw).hexdigest(), (), True)
    sampling = _sampling(model.sampling)
    judges = _arms(document, "judges", model.judges, sampling)
    users = _arms(document, "simulated_users", model.simulated_users, sampling)
    return replace(suite, judges=judges, users=users)


def json_schema() -> dict[str, Json]:
    """Return the JSON Schema of suite files, with help texts; published as
    ``docs/suite.schema.json``.
    """
    schema = dict(SuiteModel.model_json_schema())
    needed = [name for name in schema.pop("required") if name not in ("tasks", "arms")]
    bare = [{"required": [name]} for name in MEASURED_KEYS]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **_untitled(schema),
        "required": needed,
        # snapshots alone measure nothing, and need neither
        "if": {
            "required": ["adoption"],
            "properties": {"adoption": {"not": {"type": "null"}}},
            "not": {"anyOf": bare},
        },
        "then": {},
        "else": {"required": ["tasks", "arms"]},
    }


def _untitled(node: Any, inside_properties: bool = False) -> Any:
    """Drop the titles pydantic makes from field names: editors would show them instead of the help
    texts.
    """
    if isinstance(node, dict):
        return {
            key: _untitled(value, key in ("properties", "$defs") and not inside_properties)
            for key, value in node.items()
            if inside_properties or not (key == "title" and isinstance(value, str))
        }
    return [_untitled(item) for item in node] if isinstance(node, list) else node


def _similar_suites(file: Path) -> str | None:
    found = sorted(p.name for p in file.parent.glob("*.y*ml")) if file.parent.is_dir() else []
    return f"suites in {file.parent}: {', '.join(found[:8])}" if found else None


def _tasks(
    document: YamlDocument,
    model: SuiteModel,
    allow_outside: bool,
    scorers: Mapping[str, ScorerFactory],
) -> tuple[Task, ...]:
    """Build the tasks with their rows, in the order of the file."""
    folder = Path(document.path).parent
    tasks = []
    for index, (task, masking) in enumerate(
        zip(model.tasks, task_maskings(document, model), strict=True)
    ):
        builder: LmEvalBuilder | TaskBuilder
        if isinstance(task, LmEvalTaskModel):
            builder = LmEvalBuilder(document, index, task, model.arms, folder, allow_outside)
        else:
            builder = TaskBuilder(document, index, task, folder, allow_outside, scorers, masking)
        tasks.append(builder.build())
    return tuple(tasks)


def _assemble(
    document: YamlDocument,
    model: SuiteModel,
    tasks: tuple[Task, ...],
    file_sha256: str,
    overrides: tuple[str, ...],
    allow_outside: bool,
) -> Suite:
    sampling = _sampling(model.sampling)
    arms = _arms(document, "arms", model.arms, sampling)
    judges = _arms(document, "judges", model.judges, sampling)
    JudgeChecker(document, tasks, arms, judges, tuple(model.allow)).check()
    users = _arms(document, "simulated_users", model.simulated_users, sampling)
    UserChecker(document, tasks, (*arms, *judges), users).check()
    decision = None
    if model.decision is not None:
        compared = [arm.name for arm in arms] + [route.name for route in model.routes]
        names = compared, [task.name for task in tasks]
        folder = Path(document.path).parent
        decision = DecisionBuilder(document, *names, folder, allow_outside).build(model.decision)
    options: dict[str, Json] = {}
    if model.about is not None:
        options["about"] = model.about.model_dump(exclude_none=True)
    if model.slo:
        options["slo"] = dict(model.slo)
    if model.volume is not None:
        check_volume(document, model.volume, {arm.name: "host" in arm.cost_model for arm in arms})
        options["volume"] = volume_json(model.volume)
    if model.compare is not None:
        check_compared(document, model.compare, [arm.name for arm in arms])
        options["compare"] = compare_json(model.compare)
    if model.engine is not None and model.engine.name != "local":
        options["engine"] = model.engine.model_dump()
    if model.adoption is not None:
        place = Path(document.path).parent
        found = read_adoption(document, model.adoption, place, allow_outside)
        options["adoption"] = adoption_json(found)
    if model.routes:
        asked = tuple(arm.name for arm in arms)
        taken = (*asked, *(one.name for one in (*judges, *users)))
        folder = Path(document.path).parent
        checker = RouteChecker(
            document, tasks, asked, taken, folder, allow_outside, epochs=model.epochs
        )
        routes = checker.check(model.routes)
        check_stop(document, routes, model.stop)
        options["routes"] = [route_json(route) for route in routes]
    if model.order.limit_by != "cluster":
        options["limit_by"] = model.order.limit_by
    if overrides:
        options["overrides"] = list(overrides)
    return Suite(
        name=model.name,
        version=model.version,
        description=model.description,
        path=document.path,
        tasks=tasks,
        arms=arms,
        sampling=sampling,
        epochs=model.epochs,
        order_seed=model.order.seed,
        load=_load(model),
        budget=BudgetSpec(model.budget.max_cost_usd, dict(model.budget.per_arm_usd)),
        claims=_claims(document, model.claims),
        decision=decision,
        errors=ErrorPolicy(**model.errors.model_dump()),
        margin=model.margin,
        alpha=model.alpha,
        population=model.population,
        stop=model.stop,
        allow=tuple(model.allow),
        thresholds={metric: dict(bounds) for metric, bounds in model.thresholds.items()},
        file_sha256=file_sha256,
        measured_sha256=measured_sha256(tasks, sampling, model.epochs, judges, users),
        options=options,
        judges=judges,
        users=users,
    )


def _sampling(model: SamplingModel, base: SamplingParams | None = None) -> SamplingParams:
    """Build sampling parameters; those an arm states itself override the suite's, an explicit null
    included.
    """
    stated = model.model_dump(exclude_unset=True)
    if base is None:
        return SamplingParams(**stated)
    inherited = {
        name: getattr(base, name) for name in ("temperature", "top_p", "seed", "reasoning_effort")
    }
    return SamplingParams(**(inherited | stated))


def _load(model: SuiteModel) -> LoadSpec:
    load = model.load
    return LoadSpec(
        load.mode,
        load.concurrency,
        load.arrivals,
        load.rate_per_s,
        tuple(load.trace_s),
        load.warmup_calls,
        load.cold_cache,
        load.senders,
    )


def _arms(
    document: YamlDocument, key: str, models: Sequence[ArmModel], sampling: SamplingParams
) -> tuple[Arm, ...]:
    """Build the arms (or the judges) under ``key``, each with the lines where it is stated."""
    arms = []
    for index, model in enumerate(models):
        place: Loc = (key, index)
        lines = {name: document.line((*place, "options", name)) for name in model.options}
        for name in ("omit", "base_url", "concurrency"):
            if name in model.model_fields_set:
                lines[name] = document.line((*place, name), key=True)
        for name in model.sampling.model_fields_set:
            lines[f"sampling.{name}"] = document.line((*place, "sampling", name))
        arm = replace(
            _arm(model, sampling),
            line=document.line(place),
            option_lines={name: line for name, line in lines.items() if line is not None},
        )
        _check_cost(document, place, arm)
        arms.append(arm)
    return tuple(arms)


def _check_concurrency(document: YamlDocument, model: SuiteModel) -> None:
    """Raise where an engine in this process is asked for several requests at once: it decodes one
    at a time, and would be measured as if it did more.
    """
    for section, arms in written_arms(model):
        for index, arm in enumerate(arms):
            if arm.provider in IN_PROCESS and arm.concurrency > 1:
                raise document.error(
                    (section, index, "concurrency"),
                    f"{section}.{arm.name}.concurrency is {arm.concurrency}, and {arm.provider}"
                    " decodes one request at a time in this process",
                    hint=(
                        "leave it out, or serve the model (provider: compatible, serve: {engine:"
                        " llama_server}) and let the server take several at once"
                    ),
                )


def _check_gpus(document: YamlDocument, model: SuiteModel) -> None:
    """Raise where an engine is given a GPU and told to put nothing on it."""
    for section, arms in written_arms(model):
        for index, arm in enumerate(arms):
            given = arm.resources is not None and arm.resources.gpus > 0
            if given and arm.provider in IN_PROCESS and not arm.options.get("n_gpu_layers"):
                raise document.error(
                    (section, index, "resources"),
                    f"{section}.{arm.name}.resources gives each engine a GPU, and"
                    " options.n_gpu_layers is 0: the model would run on the processor beside it",
                    hint="options: {n_gpu_layers: -1} puts all layers on the GPU",
                )


def _arm(model: ArmModel, sampling: SamplingParams) -> Arm:
    device = model.device
    if device is None and model.provider == "llama_cpp":
        device = "gpu0" if model.options.get("n_gpu_layers") else "cpu"
    return Arm(
        name=model.name,
        provider=model.provider,
        model=model.model,
        revision=model.revision,
        weights=model.weights,
        lab=model.lab,
        params=_sampling(model.sampling, sampling),
        cost_model=dict(model.cost),
        concurrency=model.concurrency,
        device=device,
        base_url=model.base_url,
        api_key_env=model.api_key_env,
        options=_options(model),
        limits=limits_of(model.limits),
        serve=serve_of(model.serve),
        api_key_file=model.api_key_file,
        api_key_keyring=model.api_key_keyring,
        resources=resources_of(model.resources),
        replicas=0 if model.replicas == "auto" else model.replicas,
    )


def _options(model: ArmModel) -> dict[str, Json]:
    """Return the provider's options; what the arm omits is one of them."""
    options = dict(model.options)
    if model.omit:
        stated = options.get("omit") or []
        options["omit"] = [*stated, *model.omit] if isinstance(stated, list) else stated
    return options


def _check_cost(document: YamlDocument, place: Loc, arm: Arm) -> None:
    """Raise unless the arm's ``cost`` can be read (an empty book: no price is looked up here)."""
    try:
        resolve_arm(arm, PriceBook(use_genai=False))
    except BenchError as exc:
        loc = _named_in(exc.message, arm.cost_model, (*place, "cost"))
        raise document.error(
            loc, exc.message, hint=exc.hint, line=document.line(loc, key=True)
        ) from None


def _named_in(message: str, node: Json, loc: Loc) -> Loc:
    """Return the place of the deepest key below ``node`` (at ``loc``) that a message names."""
    while isinstance(node, dict):
        named = [key for key in node if re.search(rf"[.'\"]{re.escape(str(key))}\b", message)]
        if not named:
            break
        loc = (*loc, named[-1])
        node = node[named[-1]]
    return loc


def _claims(document: YamlDocument, models: Iterable[ClaimModel]) -> tuple[ClaimSpec, ...]:
    """Build the claims; an id is made from the text where none is given, and numbered where it
    repeats.
    """
    models = list(models)
    taken = {model.id for model in models if model.id is not None}
    claims: list[ClaimSpec] = []
    for index, model in enumerate(models):
        raw = model.model_dump(exclude_unset=True, exclude={"claim", "id", "source"})
        name = model.id or _fresh(
            _slug(model.claim or " ".join(str(value) for value in raw.values())), taken
        )
        taken.add(name)
        claims.append(
            ClaimSpec(name, model.claim or "", model.source, raw, document.line(("claims", index)))
        )
    return tuple(claims)


def _slug(text: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", text.lower().replace("%", " percent ")).strip("-")
    return words[:60].rstrip("-") or "claim"


def _fresh(name: str, taken: Collection[str | None]) -> str:
    number, fresh = 1, name
    while fresh in taken:
        number += 1
        fresh = f"{name}-{number}"
    return fresh
