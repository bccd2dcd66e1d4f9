"""Settings of a suite that do nothing, each with its line: a reader would take them for facts."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from claimbench.errors import SuiteError
from claimbench.suite.document import Loc, YamlDocument, parse_yaml
from claimbench.types import Arm, Json, Suite


def idle_settings(suite: Suite) -> list[str]:
    """Return one line of text per setting that changes nothing, in the file's order.

    A suite without a file to look into (a stored one) has none.
    """
    try:
        document = parse_yaml(Path(suite.path).read_bytes(), suite.path)
    except (OSError, SuiteError):
        return []
    found = _IdleSettings(document, suite)
    found.look()
    return [f"{suite.path}:{line}: {text}" for line, text in sorted(found.told)]


BEFORE_A_RUN = (
    "sampling",
    "reasoning_effort",
    "answer_constraint",
    "tools",
    "tool_choice",
    "prompt",
    "few_shot",
)
"""Keys of ``allow`` of which it is known before a run whether two arms differ in them."""


def idle_allowances(suite: Suite, differing: Collection[str]) -> list[str]:
    """Return one line of text per key of ``allow`` in which no two arms of the suite differ.

    Args:
        suite: with a file to look into. One arm alone, or a suite that speaks of a baseline, is
            compared with other runs, whose settings nobody knows here: it has none.
        differing: the keys in which any two arms do.
    """
    elsewhere = "compare" in suite.options or any(
        "baseline:" in f"{claim.text} {claim.raw}" for claim in suite.claims
    )
    if len(suite.arms) < 2 or elsewhere:
        return []
    try:
        document = parse_yaml(Path(suite.path).read_bytes(), suite.path)
    except (OSError, SuiteError):
        return []
    wide = {key.partition(".")[0] for key in differing}
    found = []
    for index, key in enumerate(suite.allow):
        known = key.partition(".")[0] in BEFORE_A_RUN
        if known and key not in differing and key not in wide:
            line = document.line(("allow", index)) or 1
            found.append(
                f"{suite.path}:{line}: allow: {key} does nothing: no two arms of this suite differ"
                " in it"
            )
    return found


class _IdleSettings:
    """Collect (line, text) of what does nothing."""

    def __init__(self, document: YamlDocument, suite: Suite) -> None:
        self.told: list[tuple[int, str]] = []
        self._document = document
        self._suite = suite
        self._data: Any = document.data

    def look(self) -> None:
        """Look at every setting that another one can make idle."""
        suite = self._suite
        asked = ("arms", suite.arms), ("judges", suite.judges), ("simulated_users", suite.users)
        for section, arms in asked:
            stated = self._data.get(section) or ()
            for index, (arm, written) in enumerate(zip(arms, stated, strict=False)):
                if isinstance(written, dict):
                    self._arm(arm, written, (section, index))
        self._judge_keys()

    def _placing(self, arm: Arm, written: dict[str, Json], place: Loc) -> None:
        if self._suite.options.get("engine"):
            return
        for key in ("resources", "replicas"):
            if key in written:
                self._say(
                    (*place, key),
                    f"{place[0]}.{arm.name}.{key} does nothing without a cluster: `engine: ray`, or"
                    " bench run --engine ray",
                )

    def _say(self, loc: Loc, text: str) -> None:
        self.told.append((self._document.line(loc, key=True) or 1, text))

    def _arm(self, arm: Arm, written: dict[str, Json], place: Loc) -> None:
        load = self._suite.load
        name = f"{place[0]}.{arm.name}"
        if "concurrency" in written:
            here: Loc = (*place, "concurrency")
            if load.concurrency is not None:
                line = self._document.line(("load", "concurrency"))
                self._say(
                    here,
                    f"{name}.concurrency {arm.concurrency} does nothing: load.concurrency"
                    f" {load.concurrency} (line {line}) holds for every arm",
                )
        if arm.provider == "llama_cpp":
            if (load.concurrency or 1) > 1:
                self._say(
                    ("load", "concurrency"),
                    f"load.concurrency {load.concurrency} does nothing for {name}: llama_cpp"
                    " decodes one request at a time in this process",
                )
            for key in ("base_url", "api_key_env", "api_key_file", "api_key_keyring", "limits"):
                if key in written:
                    self._say(
                        (*place, key), f"{name}.{key} does nothing: llama_cpp asks no endpoint"
                    )
        elif "revision" in written:
            self._say(
                (*place, "revision"),
                f"{name}.revision does nothing: only llama_cpp checks it; name the snapshot in"
                " `model`",
            )
        self._placing(arm, written, place)
        self._omit(arm, written, place)
        self._structured(arm, written, place)
        self._utilisation(written, place, name)

    def _utilisation(self, written: dict[str, Json], place: Loc, name: str) -> None:
        """Say that a stated utilisation gives way to the one that follows from a volume."""
        cost = written.get("cost")
        host = cost.get("host") if isinstance(cost, dict) else None
        volume = self._data.get("volume")
        if volume is None or not isinstance(host, dict) or "utilisation" not in host:
            return
        line = self._document.line(("volume",), key=True)
        self._say(
            (*place, "cost", "host", "utilisation"),
            f"{name}.cost.host.utilisation {host['utilisation']} does nothing: it follows from"
            f" `volume` (line {line})",
        )

    def _omit(self, arm: Arm, written: dict[str, Json], place: Loc) -> None:
        omitted = arm.options.get("omit")
        if not isinstance(omitted, list):
            return
        loc: Loc = (*place, "omit") if "omit" in written else (*place, "options", "omit")
        values = {
            "temperature": arm.params.temperature,
            "top_p": arm.params.top_p,
            "seed": arm.params.seed,
            "reasoning_effort": arm.params.reasoning_effort,
            "stop": next((task.stop for task in self._suite.tasks if task.stop), None),
        }
        for name in omitted:
            if name in values and values[name] is None:
                self._say(
                    loc, f"{place[0]}.{arm.name}: omit: {name} does nothing: the suite sets none"
                )

    def _structured(self, arm: Arm, written: dict[str, Json], place: Loc) -> None:
        options = written.get("options")
        if not isinstance(options, dict) or "structured" not in options:
            return
        tasks = self._suite.tasks
        if not any(t.answer.constrain and t.answer.kind in ("label", "json") for t in tasks):
            self._say(
                (*place, "options", "structured"),
                f"{place[0]}.{arm.name}.options.structured does nothing: no task constrains its"
                " answers",
            )

    def _judge_keys(self) -> None:
        if self._suite.judges:
            return
        for index, key in enumerate(self._suite.allow):
            if key in ("judge_uncorrected", "self_judging"):
                self._say(("allow", index), f"allow: {key} does nothing: the suite has no judge")
