"""Checks across a suite file that need no data: names, references, plugins, and settings that
contradict each other.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from claimbench.error_words import did_you_mean, one_of, show
from claimbench.errors import SuiteError
from claimbench.privacy.redact import Redactor
from claimbench.provider.key_owners import exposed_vendor, is_owner, may_be_sent, owners
from claimbench.stats.epochs import needed_epochs
from claimbench.store.place import in_home
from claimbench.suite.document import Loc, YamlDocument
from claimbench.suite.paths import resolve_inside
from claimbench.suite.purpose.metrics import METRICS, THRESHOLD_METRICS
from claimbench.suite.schema import (
    AnswerModel,
    ArmModel,
    ClaimModel,
    ConversationTurns,
    SuiteModel,
    TaskModel,
)
from claimbench.suite.schema.serve_secrets import secret_place
from claimbench.types import Json

_FILE_OPTIONS = (".gguf", ".jinja", ".j2", ".safetensors", ".gbnf")


def written_arms(model: SuiteModel) -> tuple[tuple[str, Sequence[ArmModel]], ...]:
    """Return whoever a suite asks, by the section that it is written in."""
    return (
        ("arms", model.arms),
        ("judges", model.judges),
        ("simulated_users", model.simulated_users),
    )


@dataclass(frozen=True)
class SuiteChecker:
    """Raises :class:`SuiteError` at the first contradiction, in the order of the file's
    sections.
    """

    document: YamlDocument
    model: SuiteModel
    providers: Collection[str]
    folder: Path
    allow_outside: bool

    def check(self) -> None:
        """Run every check."""
        self._unique("tasks", [task.name for task in self.model.tasks], "two tasks are")
        self._unique("arms", [arm.name for arm in self.model.arms], "two arms are")
        self._unique("claims", [claim.id for claim in self.model.claims], "two claims have the id")
        self._check_load()
        for index, task in enumerate(self.model.tasks):
            if isinstance(task, TaskModel):
                self._check_task(task, ("tasks", index))
        for section, entries in written_arms(self.model):
            for index, arm in enumerate(entries):
                self._check_arm(arm, (section, index))
        for index, claim in enumerate(self.model.claims):
            self._check_claim(claim, ("claims", index))
        arms = [arm.name for arm in self.model.arms]
        compared = [*arms, *(route.name for route in self.model.routes)]
        for name in self.model.budget.per_arm_usd:
            self._known(
                name,
                [one.name for _, entries in written_arms(self.model) for one in entries],
                ("budget", "per_arm_usd", name),
                "arm",
                key=True,
            )
        for metric, bounds in self.model.thresholds.items():
            self._known(
                metric, THRESHOLD_METRICS, ("thresholds", metric), "threshold metric", key=True
            )
            for name in bounds:
                self._known(name, compared, ("thresholds", metric, name), "arm", key=True)
        for name in self.model.slo:
            self._known(name, ("ttft_s", "tpot_s", "e2e_s"), ("slo", name), "limit", key=True)

    def _fail(
        self, loc: Loc, message: str, hint: str | None = None, *, key: bool = False
    ) -> SuiteError:
        return self.document.error(loc, message, hint=hint, line=self.document.line(loc, key=key))

    def _known(
        self, name: str, known: Iterable[str], loc: Loc, what: str, *, key: bool = False
    ) -> None:
        names = list(known)
        if name not in names:
            message = f"unknown {what} '{name}'{did_you_mean(name, names)}"
            raise self._fail(loc, message, f"known: {one_of(names)}", key=key)

    def _unique(self, section: str, names: Sequence[str | None], what: str) -> None:
        key = "id" if section == "claims" else "name"
        seen: dict[str, int] = {}
        for index, name in enumerate(names):
            if name is None:
                continue
            if name in seen:
                first = self.document.line((section, seen[name], key))
                raise self._fail(
                    (section, index, key),
                    f"{what} named '{name}' (first on line {first})".replace("id named", "id"),
                )
            seen[name] = index

    def _check_load(self) -> None:
        load = self.model.load
        if load.mode == "closed":
            for key in ("rate_per_s", "arrivals", "trace_s"):
                if key in load.model_fields_set:
                    raise self._fail(
                        ("load", key), f"load.{key} belongs to `mode: open`; this load is closed"
                    )
            return
        if load.concurrency is not None:
            raise self._fail(
                ("load", "concurrency"),
                "load.concurrency belongs to `mode: closed`; this load is open",
            )
        if load.arrivals == "trace":
            if not load.trace_s:
                raise self._fail(("load",), "load.arrivals is trace, and there is no load.trace_s")
            if load.trace_s != sorted(load.trace_s) or load.trace_s[0] < 0:
                raise self._fail(("load", "trace_s"), "load.trace_s must rise from 0 or more")
        elif load.rate_per_s is None:
            raise self._fail(
                ("load",), "an open load needs load.rate_per_s", "e.g. `rate_per_s: 2`"
            )

    def _check_task(self, task: TaskModel, loc: Loc) -> None:
        data = task.dataset
        where = (*loc, "dataset")
        if len(data.target) > 1 and task.answer.type != "json":
            raise self._fail(
                (*where, "target"),
                f"several target columns need answers of type json, not {task.answer.type}",
            )
        held = any(isinstance(turn, ConversationTurns) for turn in task.prompt)
        stepped = task.simulator is not None or task.simulated_user is not None
        if stepped and self.model.stop == "when_decided":
            raise self._fail(
                ("stop",),
                f"task '{task.name}' works in steps, whose number no look can count on",
                "stop: never",
            )
        held = held or stepped
        if held and self.model.load.mode == "open":
            raise self._fail(
                ("load", "mode"),
                f"task '{task.name}' holds conversations, and an open load sends by the clock: a"
                " turn waits for the answer before it",
                "load: {mode: closed}",
            )
        if not data.target and not held:
            raise self._fail((*where, "target"), "the target names no column")
        if data.target_pattern is not None:
            self._check_pattern(data.target_pattern, (*where, "target_pattern"))
        for variable in data.columns:
            if not variable.isidentifier():
                raise self._fail(
                    (*where, "columns", variable),
                    f"'{variable}' cannot be a template variable",
                    key=True,
                )
        self._check_answer(task.answer, (*loc, "answer"))
        if task.reduce is not None and needed_epochs(task.reduce) > self.model.epochs:
            raise self._fail(
                (*loc, "reduce"),
                f"{task.reduce} needs {needed_epochs(task.reduce)} epochs, and the suite has"
                f" {self.model.epochs}",
                f"epochs: {needed_epochs(task.reduce)}",
            )
        names = [scorer.name for scorer in task.scorers]
        for index, name in enumerate(names):
            if names.index(name) != index:
                raise self._fail((*loc, "scorers", index), f"the scorer '{name}' stands twice")

    def _check_pattern(self, pattern: str, loc: Loc) -> None:
        try:
            re.compile(pattern)
        except re.error as exc:
            raise self._fail(loc, f"not a regular expression: {exc}") from None

    def _check_answer(self, answer: AnswerModel, loc: Loc) -> None:
        if answer.type == "label":
            if len(answer.labels) < 2:
                raise self._fail(
                    (*loc, "labels"),
                    f"answers of type label need two labels or more, got {len(answer.labels)}",
                )
            self._check_labels(answer.labels, (*loc, "labels"))
        elif answer.labels:
            raise self._fail(
                (*loc, "labels"),
                f"labels belong to `type: label`; this answer's type is {answer.type}",
                key=True,
            )
        has_schema = answer.schema_ is not None or answer.schema_file is not None
        if answer.schema_ is not None and answer.schema_file is not None:
            raise self._fail(
                (*loc, "schema_file"), "both schema and schema_file are given", "keep one of them"
            )
        if answer.type == "json" and not has_schema and answer.constrain is not False:
            raise self._fail(
                loc,
                "answers of type json need schema or schema_file",
                "or state `constrain: false`",
            )
        if answer.type != "json" and has_schema:
            key = "schema" if answer.schema_ is not None else "schema_file"
            raise self._fail(
                (*loc, key),
                f"{key} belongs to `type: json`; this answer's type is {answer.type}",
                key=True,
            )
        if answer.type in ("number", "text") and answer.constrain:
            raise self._fail(
                (*loc, "constrain"), f"answers of type {answer.type} cannot be constrained"
            )

    def _check_labels(self, labels: Sequence[str], loc: Loc) -> None:
        seen: dict[str, str] = {}
        for index, label in enumerate(labels):
            if label != label.strip():
                raise self._fail((*loc, index), f"the label {show(label)} has blanks at its ends")
            folded = label.casefold()
            if folded in seen:
                raise self._fail(
                    (*loc, index),
                    f"the labels {show(seen[folded])} and {show(label)} differ in case at most",
                )
            seen[folded] = label

    def _check_arm(self, arm: ArmModel, loc: Loc) -> None:
        self._known(arm.provider, sorted(self.providers), (*loc, "provider"), "provider")
        if arm.api_key_env is not None and not re.fullmatch(
            r"[A-Za-z_][A-Za-z0-9_]*", arm.api_key_env
        ):
            raise self._fail(
                (*loc, "api_key_env"),
                f"{loc[0]}.{arm.name}.api_key_env is not the name of an environment variable (not"
                " shown: it may be a key)",
                "write the variable's name, e.g. OPENAI_API_KEY; if this was a key, revoke it",
            )
        if "{port}" in (arm.base_url or "") and arm.serve is None:
            raise self._fail(
                (*loc, "base_url"), "{port} stands for the port of a server that `serve:` starts"
            )
        if arm.base_url is not None:
            self._check_address(arm.base_url, (*loc, "base_url"))
        self._check_no_key(arm, loc)
        self._check_key_owner(arm, loc)
        keys = [
            key
            for key in ("api_key_env", "api_key_file", "api_key_keyring")
            if getattr(arm, key) is not None
        ]
        if (host := exposed_vendor(arm.base_url or "")) is not None:
            why = f"{host} over plain http: anybody on the way could read prompts and the key"
            raise self._fail((*loc, "base_url"), why, "write https:// instead of http://")
        if len(keys) > 1:
            raise self._fail(
                (*loc, keys[1]),
                f"arm {arm.name!r} has {' and '.join(keys)}; one place is enough",
                key=True,
            )
        if arm.serve is not None and arm.provider == "llama_cpp":
            raise self._fail(
                (*loc, "serve"),
                "llama_cpp runs in this process and needs no server",
                "for a server choose provider: compatible",
                key=True,
            )
        if arm.serve is not None and (found := secret_place(arm.serve)) is not None:
            place = (*loc, "serve", *found.loc)
            while self.document.line(place, key=True) is None and place != loc:
                place = place[:-1]  # a command of one line has no line for each word
            raise self._fail(place, found.message, found.hint, key=True)
        if arm.model.lower().endswith(".gguf"):
            self._path(arm.model, (*loc, "model"))
        self._check_option_paths(arm.options, (*loc, "options"))

    def _check_address(self, address: str, loc: Loc) -> None:
        if address != address.strip():
            raise self._fail(
                loc,
                f"base_url {show(address)} has blanks at its ends",
                f"cut them: base_url: {address.strip()}",
            )
        if re.match(r"(?i)https?://[^\s/]", address):
            self._check_url(address, loc)
            return
        hint = None
        if re.match(r"[A-Za-z0-9.\[\]:-]+(:\d+)?(/|$)", address) and "://" not in address:
            hint = f"with its scheme: base_url: http://{address} (or https://)"
        raise self._fail(
            loc, f"base_url {show(address)} does not start with http:// or https://", hint
        )

    def _check_url(self, address: str, loc: Loc) -> None:
        """Refuse what no client could connect to, or would write into the head of a request."""
        odd = next((char for char in address if char.isspace() or not char.isprintable()), None)
        if odd is not None:
            raise self._fail(loc, f"base_url {show(address)} holds U+{ord(odd):04X}")
        try:
            parts = urlsplit(address.replace("{port}", "1"))
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise self._fail(loc, f"base_url {show(address)} is no address: {error}") from None
        if not host or port == 0:
            raise self._fail(loc, f"base_url {show(address)} names no {'port' if host else 'host'}")

    def _check_key_owner(self, arm: ArmModel, loc: Loc) -> None:
        """Refuse to send one vendor's key to another's host, or a file from elsewhere as a key."""
        if arm.api_key_file is not None:
            self._path(str(in_home(arm.api_key_file)), (*loc, "api_key_file"))
        if arm.api_key_env is None or (arm.base_url is None and arm.serve is None):
            return
        address = (arm.base_url or "http://127.0.0.1/").replace("{port}", "1")
        host = urlsplit(address).hostname or ""
        # A server that the suite itself starts may listen at any address of this machine.
        starts = any(one.serve is not None for _, arms in written_arms(self.model) for one in arms)
        may = is_owner if starts else may_be_sent
        if may(arm.api_key_env, address):
            return
        if arm.allow_key_on is not None and arm.allow_key_on.lower() == host:
            return
        known = owners(arm.api_key_env)
        whose = f"the key of {known[0]}" if known else "a secret of another service"
        raise self._fail(
            (*loc, "api_key_env"),
            f"{arm.api_key_env} is {whose}, and would be sent to {host}",
            f"keep the key of {host} in a variable of its own, or state: allow_key_on: {host}",
        )

    def _check_no_key(self, arm: ArmModel, loc: Loc) -> None:
        """A key in an address or an option would be stored with the suite and shown wherever the
        suite is.
        """
        redactor = Redactor()
        for key, value in (("base_url", arm.base_url), ("options", arm.options)):
            if redactor.json(value) != value:
                raise self._fail(
                    (*loc, key),
                    f"{loc[0]}.{arm.name}.{key} holds what looks like a key (not shown)",
                    "name its place by api_key_env, api_key_file or api_key_keyring; if it was a"
                    " key, revoke it",
                    key=True,
                )

    def _check_option_paths(self, node: Json, loc: Loc) -> None:
        """Hold files that a provider would open to the same rule as data: inside the folder."""
        items = (
            node.items()
            if isinstance(node, dict)
            else enumerate(node)
            if isinstance(node, list)
            else ()
        )
        for key, value in items:
            if (
                isinstance(value, str)
                and value.lower().endswith(_FILE_OPTIONS)
                and "\n" not in value
            ):
                self._path(value, (*loc, key))
            self._check_option_paths(value, (*loc, key))

    def _path(self, value: str, loc: Loc) -> None:
        resolve_inside(self.document, loc, value, self.folder, self.allow_outside, must_exist=False)

    def _check_claim(self, claim: ClaimModel, loc: Loc) -> None:
        if claim.claim is None and claim.kind is None:
            raise self._fail(loc, "the claim has neither a text (`claim:`) nor a `kind:`")
        arms = [a.name for a in self.model.arms] + [r.name for r in self.model.routes]
        for key, names in (("arm", claim.arm), ("than", claim.than)):
            if names is not None and not names:
                raise self._fail((*loc, key), f"`{key}` names no arm", "name one, or leave it out")
            for index, name in enumerate(names or ()):
                self._known(name, arms, (*loc, key, index), "arm")
        both = set(claim.arm or ()) & set(claim.than or ())
        if both:
            raise self._fail((*loc, "than"), f"the claim compares '{min(both)}' with itself")
        tasks = [task.name for task in self.model.tasks]
        if claim.task is not None:
            self._known(claim.task, tasks, (*loc, "task"), "task")
        if claim.metric is not None:
            self._known(claim.metric, METRICS, (*loc, "metric"), "metric")
        if claim.slice is not None:
            found: set[str] = set()
            for task in self.model.tasks:
                if claim.task in (None, task.name):
                    found.update(
                        task.dataset.slices if isinstance(task, TaskModel) else task.slices
                    )
            columns = sorted(found)
            if len(claim.slice) != 1:
                raise self._fail(
                    (*loc, "slice"), f"a claim is about one slice, got {len(claim.slice)}"
                )
            for column in claim.slice:
                self._known(column, columns, (*loc, "slice", column), "slice column", key=True)
