"""``bench init``: a person's own file -> a suite that runs as it is, and says in comments what was
assumed.

The rows a suite needs are copied beside it as JSONL: the suite then depends on no encoding, formula
or column order, and holds no column that nobody asked for.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from claimbench.errors import SuiteError
from claimbench.init.annotations import annotated
from claimbench.init.answer import (
    ALIASES,
    AnswerPlan,
    choose_examples,
    decide,
    mute_labels,
)
from claimbench.init.arms import ArmPlan, NamedModels, arm_plans
from claimbench.init.chats import Chat, chat_column, first_turns, unrolled
from claimbench.init.choices import ASKED, RIGHT, unused_options, with_choices
from claimbench.init.columns import (
    ProposedRoles,
    UsableRow,
    clean,
    draw,
    find_roles,
    oddities,
    plain,
    without_answer,
)
from claimbench.init.flags import with_flags
from claimbench.init.guess import guess_columns, refuse_preferences, refuse_tokens
from claimbench.init.personal_data import ENTITIES, LIMITS, describe, masked, scan
from claimbench.init.sources import HUB, read_any
from claimbench.init.suite_text import JUDGE, SuitePlan, mask_block, write_suite
from claimbench.init.traffic import ID, Draw, TrafficFile, traffic_table
from claimbench.privacy import masking
from claimbench.suite.datasets import ReadOptions, Table
from claimbench.suite.files.traffic.read import log_of
from claimbench.suite.templates import identifier
from claimbench.types import Json

DEFAULT_MODELS = ("smollm2-135m-instruct-q4_1", "qwen2.5-coder-0.5b-instruct-q4_k_m")
MAX_ROWS = 500


@dataclass(frozen=True, slots=True)
class StatedColumns:
    """The columns that a person names; what is left out is found in the file.

    ``inputs`` are what the model sees, ``target`` is the right answer, ``id`` is unique, and rows
    of one ``cluster`` depend on each other. ``first_option`` is the position, 0 or 1, that a
    multiple choice's first option has in the column of answers.
    """

    inputs: tuple[str, ...] = ()
    target: str | None = None
    id: str | None = None
    cluster: str | None = None
    first_option: int | None = None


@dataclass(frozen=True, slots=True)
class InitProposal:
    """A suite ready to be written: ``suite_file`` and ``files`` are paths relative to the output
    folder.
    """

    name: str
    suite_file: str
    yaml_text: str
    files: Mapping[str, str]
    notes: tuple[str, ...]
    kind: str
    n_rows: int
    n_examples: int
    private: str | None = None
    """What looks like personal data and was not masked; None: nothing does."""


def _named(models: Sequence[str] | NamedModels) -> NamedModels:
    return models if isinstance(models, NamedModels) else NamedModels(tuple(models))


def _arms_of(models: Sequence[str] | NamedModels) -> tuple[tuple[ArmPlan, ...], list[str]]:
    named = _named(models)
    return arm_plans(named.names or DEFAULT_MODELS, named.refused)


def propose_suite(
    path: str | Path | TrafficFile,
    columns: StatedColumns = StatedColumns(),
    *,
    models: Sequence[str] | NamedModels = (),
    name: str | None = None,
    options: ReadOptions | None = None,
    max_rows: int = MAX_ROWS,
    seed: int = 42,
    mask: bool = False,
) -> InitProposal:
    """Propose a suite for a CSV, TSV, XLSX or JSONL file, a chat log, or a data set of the Hugging
    Face hub.

    Args:
        path: The person's file, ``hf:NAME[:CONFIG][@SPLIT]``, or a log of production traffic.
        columns: Those that are stated; default: found by name, the row's number as id, no cluster.
        models: Catalogue ids, paths of .gguf files, or ``provider:model``; default: the two of the
            catalogue.
        name: Of the suite; default: from the file's name.
        options: How to read the file.
        max_rows: Measure at most this many rows, drawn by ``seed``.
        seed: Of the draw of rows and examples.
        mask: Replace what looks like personal data in the inputs
            (:mod:`claimbench.init.personal_data`).

    Raises:
        SuiteError: A file that cannot be read, a column it does not have, fewer than two usable
            rows.
    """
    file = _file_of(path)
    wanted = [*columns.inputs, *([] if columns.target is None else [columns.target])]
    asked = replace(options or ReadOptions(header=None), wide=True, nan_is_null=True)
    if asked.header is None and any(not re.fullmatch(r"column_\d+", name) for name in wanted):
        asked = replace(asked, header=True)  # a person who names columns has read their names
    if isinstance(path, TrafficFile):
        notes: list[str] = []
        table = traffic_table(file, asked, Draw(max_rows, seed, mask, path.incumbent), notes)
        columns = StatedColumns(id=ID)
        wanted = []
    else:
        table, notes = read_any(path, asked, wanted)
        _check_no_traffic(table, wanted)
        table = annotated(table, wanted, notes)
        if not wanted:
            refuse_preferences(table)
            refuse_tokens(table)
            table = first_turns(with_flags(table, notes) or table, notes)
    chat = _chat(table, wanted, notes)
    if chat is not None:
        table, inputs, target = chat.table, chat.inputs, columns.target or chat.target
    else:
        chosen = None if wanted else with_choices(table, seed, notes, columns.first_option)
        table = chosen or table
        inputs, target = ((ASKED,), RIGHT) if chosen else _inputs_and_target(table, columns, notes)
        if not chosen:
            inputs = _with_options(table, inputs, target, bool(columns.inputs), notes)
    roles = find_roles(table, inputs, target, columns.id, columns.cluster)
    items, dropped = clean(table, roles)
    _check_ids(items, roles, table.path)
    found, line = scan(items, roles.inputs)
    if found and mask:
        items = masked(items, roles.inputs)
        notes.append(
            f"masked in the inputs: {', '.join(f'{n} {kind}' for kind, n in found.most_common())}"
            f" ({LIMITS})"
        )
    private = describe(found, line) if found and not mask else None
    if private is not None:
        notes.append(f"{private}; --mask replaces it")
    items, unanswered = without_answer(items, roles.target)
    plan, items, joined = decide(items, table.path, roles.target, roles.inputs)
    notes += [*dropped, *unanswered, *joined, *oddities(items, plan.kind == "label")]
    notes += mute_labels(plan)
    # production shows no examples, so a chat log is measured without
    examples, measured = ([], items) if chat is not None else choose_examples(items, plan, seed)
    measured, sampled = _draw_rows(measured, max_rows, seed)
    notes += sampled
    if len(measured) < 20:
        notes.append(
            f"{len(measured)} rows are too few for a verdict; 100 to 500 decide most claims"
        )
    arms, arm_notes = _arms_of(models)
    suite = SuitePlan(
        name=slug(name or _stem(file)),
        source=file.name,
        roles=roles,
        answer=plan,
        arms=arms,
        variables={column: identifier(column) for column in roles.inputs},
        notes=tuple(notes),
        seed=seed,
        n_rows=len(measured),
        n_examples=len(examples),
        longest=_longest([*measured, *examples], roles),
        most_common=_most_common(measured),
        id_key=_id_key(roles, plan),
        big_clusters=len(measured) > 4 * len({item.cluster for item in measured}),
        turns=chat.roles if chat is not None else (),
        system=chat.system if chat is not None else None,
        judge_omit=tuple(_named(models).refused(*JUDGE)),
        sometimes=_sometimes([*measured, *examples], roles),
    )
    files = {f"{suite.name}/samples.jsonl": _jsonl(measured, suite)}
    if examples:
        files[f"{suite.name}/examples.jsonl"] = _jsonl(examples, suite)
    suite = replace(suite, mask=_mask_of(found, suite, mask))
    return InitProposal(
        name=suite.name,
        suite_file=f"{suite.name}.yaml",
        yaml_text=write_suite(suite),
        files=files,
        notes=(*notes, *arm_notes),
        kind=plan.kind,
        n_rows=len(measured),
        n_examples=len(examples),
        private=private,
    )


def _check_no_traffic(table: Table, wanted: Sequence[str]) -> None:
    """Refuse a log of traffic that is taken for a data set: its fields would become targets."""
    log = log_of(table.rows[0].values) if table.rows and not wanted else None
    if log is not None:
        raise SuiteError(
            f"a log of {log.tool}, not a data set: which field is the right answer?",
            path=table.path,
            line=table.rows[0].line,
            hint=(
                "make a suite of its requests with bench init --from-traffic LOG, judge its dollars"
                " and times with bench import, or name columns with --input and --target"
            ),
        )


def _file_of(path: str | Path | TrafficFile) -> Path:
    """Return the file whose name a suite gets when none is stated."""
    if isinstance(path, TrafficFile):
        return path.path
    text = str(path)
    return Path(text.removeprefix(HUB).replace("/", "-") if text.startswith(HUB) else text)


def _stem(file: Path) -> str:
    return Path(file.stem).stem if file.suffix.lower() == ".gz" else file.stem


def _chat(table: Table, wanted: Sequence[str], notes: list[str]) -> Chat | None:
    """Return the table's conversations taken apart; None where it holds none, or where a person
    names columns beside them.
    """
    column = chat_column(table)
    if column is None or (set(wanted) - {column}) & set(table.columns):
        return None
    return unrolled(table, column, notes)


def _mask_of(found: Counter[str], suite: SuitePlan, asked: bool) -> str:
    """Return the suite's ``mask:``.

    In force, where it can work, it finds what the patterns that masked the rows did not.
    """
    if not found:
        return ""
    active = asked and masking.available() and suite.answer.kind in ("label", "number")
    return mask_block(
        [ENTITIES[kind] for kind, _ in found.most_common()], suite.roles.inputs, active=active
    )


def _inputs_and_target(
    table: Table, stated: StatedColumns, notes: list[str]
) -> tuple[tuple[str, ...], str]:
    """Fill in the columns that were not stated, and note it."""
    if stated.inputs and stated.target is not None:
        return stated.inputs, stated.target
    if not {*stated.inputs, *filter(None, [stated.target])} <= set(table.columns):
        return stated.inputs, stated.target or stated.inputs[0]  # find_roles names what is missing
    inputs, target = guess_columns(table, stated.inputs, stated.target)
    notes.append(
        f"columns found: input {', '.join(inputs)}, target {target}; --input and --target decide"
    )
    return inputs, target


def _with_options(
    table: Table, inputs: tuple[str, ...], target: str, stated: bool, notes: list[str]
) -> tuple[str, ...]:
    """Show options that could not be taken apart beside the question, where the person did not say
    what is shown; else say that they are not.
    """
    unused = unused_options(table, (*inputs, target))
    if not unused:
        return inputs
    named = ", ".join(unused)
    if stated:
        notes.append(f"the column {named} is not shown to the model: add --input {unused[0]}")
        return inputs
    notes.append(f"the column {named} is shown beside the question, as it is")
    return (*inputs, *unused)


def _longest(items: Sequence[UsableRow], roles: ProposedRoles) -> int:
    """Return the most characters that the inputs of one row have together."""
    lengths = []
    for item in items:
        lengths.append(sum(len(plain(item.values.get(column))) for column in roles.inputs))
    return max(lengths)


def _sometimes(items: Sequence[UsableRow], roles: ProposedRoles) -> tuple[str, ...]:
    """Return the inputs that are empty in some rows (Alpaca's ``input``), of several."""
    if len(roles.inputs) < 2:
        return ()
    found = []
    for column in roles.inputs:
        if any(not plain(item.values.get(column)) for item in items):
            found.append(column)
    return tuple(found)


def write_proposal(proposal: InitProposal, folder: str | Path, *, force: bool = False) -> Path:
    """Write the proposal under ``folder`` and return the suite's path; existing files are kept
    unless ``force``.
    """
    home = Path(folder)
    contents = {proposal.suite_file: proposal.yaml_text, **proposal.files}
    if not force:
        for relative in contents:
            if (home / relative).exists():
                raise SuiteError(
                    "the file exists",
                    path=str(home / relative),
                    hint="pass --force, or another --output",
                )
    for relative, text in contents.items():
        target = home / relative
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
        except OSError as exc:
            raise SuiteError(
                f"cannot be written: {exc.strerror or exc}", path=str(target)
            ) from None
    return home / proposal.suite_file


def slug(text: str) -> str:
    """Return a name for files and suites."""
    return (
        re.sub(r"[^\w.-]+", "-", text.strip().lower(), flags=re.ASCII).strip("-.")[:60] or "suite"
    )


def _check_ids(items: Sequence[UsableRow], roles: ProposedRoles, path: str) -> None:
    seen: dict[str, int] = {}
    for item in items:
        if item.id in seen or not item.id:
            what = (
                f"duplicate id '{item.id}' (first on line {seen[item.id]})"
                if item.id
                else f"empty id in '{roles.id}'"
            )
            raise SuiteError(
                what, path=path, line=item.line, hint="leave --id out to number the rows"
            )
        seen[item.id] = item.line


def _draw_rows(
    items: list[UsableRow], max_rows: int, seed: int
) -> tuple[list[UsableRow], list[str]]:
    """Draw ``max_rows`` rows; files are often sorted by label, so the first ones would be no
    sample.
    """
    if len(items) <= max_rows:
        return items, []
    drawn = {item.id for item in sorted(items, key=lambda item: draw(seed, item.id))[:max_rows]}
    kept = [item for item in items if item.id in drawn]
    return kept, [
        f"{max_rows} of {len(items)} rows drawn at random (seed {seed}); --max-rows takes more"
    ]


def _most_common(items: Sequence[UsableRow]) -> tuple[str, float]:
    texts = [plain(item.target) for item in items]
    best = max(sorted(set(texts)), key=texts.count)
    return best, texts.count(best) / len(texts)


def _id_key(roles: ProposedRoles, plan: AnswerPlan) -> str:
    """Return the key of the sample id in the copied rows: the person's column, or a new one that is
    not taken.
    """
    if roles.id is not None:
        return roles.id
    taken = {
        *roles.inputs,
        roles.target,
        roles.cluster,
        *roles.slices,
        *(["worked_answer"] if plan.worked else []),
    }
    return next(key for key in ("id", "row", "row_number", "sample_id") if key not in taken)


def _jsonl(items: Sequence[UsableRow], suite: SuitePlan) -> str:
    roles = suite.roles
    keep = [*roles.inputs, *roles.slices]
    if any(ALIASES in item.values for item in items):
        keep.append(ALIASES)
    lines = []
    for item in items:
        row: dict[str, Json] = {suite.id_key: item.id}
        row |= {name: item.values.get(name) for name in keep}
        if roles.cluster is not None:
            row[roles.cluster] = item.cluster
        if suite.answer.worked:
            row["worked_answer"] = item.values["worked_answer"]
        row[roles.target] = item.target
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    return "".join(lines)


__all__ = [
    "DEFAULT_MODELS",
    "ArmPlan",
    "InitProposal",
    "StatedColumns",
    "TrafficFile",
    "propose_suite",
    "slug",
    "write_proposal",
]
