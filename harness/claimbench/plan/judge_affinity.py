"""Judges that may favour an arm: those of the arm's own model, or of its lab.

Models prefer answers like their own. A suite with such a judge is refused unless it allows it, and
the verdicts then print it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from claimbench.model_ids import base_id
from claimbench.types import Arm, Suite

_QUANTISED = re.compile(r"[-.]?(?:i?q[2-8](?:[_-][0-9a-z]+)*|fp?16|bf16|f32|int[48]|awq|gptq|fp8)$")


def judges_like(suite: Suite) -> dict[str, str]:
    """Map each arm that a judge of the suite may favour to the reason; empty for judges of other
    models and labs than the arms'.
    """
    found: dict[str, str] = {}
    for judge in suite.judges:
        found |= judges_like_of(judge, suite.arms)
    return found


def user_lines(suite: Suite) -> list[str]:
    """Say who plays the user in which tasks, how it is asked, and which arms are of its kind."""
    lines = []
    for user in suite.users:
        tasks = ", ".join(
            t.name for t in suite.tasks if t.user is not None and t.user.by == user.name
        )
        known = {"temperature": user.params.temperature, "seed": user.params.seed}
        stated = [f"{key} {value:g}" for key, value in known.items() if value is not None]
        how = ", ".join([user.model, *stated])
        line = f"simulated user {user.name} ({how}) plays the user of {tasks}, for every arm alike"
        alike = judges_like_of(user, suite.arms, "simulated user").values()
        lines.append("; ".join([line, *(f"{why}: models suit their like" for why in alike)]))
    return lines


def kinds_of_judges(judges: Iterable[Arm]) -> dict[str, frozenset[str]]:
    """Map each judge's name to what it is: its model and the labs known of it. Judges that
    share any of these are one voice.
    """
    return {
        judge.name: frozenset(
            {f"model {_weights(judge.model)}", *(f"lab {lab}" for lab in _labs(judge))}
        )
        for judge in judges
    }


def judges_like_of(judge: Arm, arms: Iterable[Arm], who: str = "judge") -> dict[str, str]:
    """Map each arm that ``judge`` may favour to the reason: it is the same model (however
    quantised), or of the same lab. ``who``: what the judge is called in it.

    A lab is known where the suite states it, or by the name of a model that its lab sells itself.
    """
    found: dict[str, str] = {}
    for arm in arms:
        if _weights(judge.model) == _weights(arm.model):
            found[arm.name] = f"the {who} {judge.name} is the model of arm {arm.name}"
        elif shared := _labs(judge) & _labs(arm):
            found[arm.name] = f"the {who} {judge.name} and arm {arm.name} are both of {min(shared)}"
    return found


def _weights(model: str) -> str:
    """Return a model's name without host, date, quantisation and punctuation: two names of the
    same weights become equal.
    """
    return re.sub(r"[^a-z0-9]", "", _QUANTISED.sub("", base_id(model)))


def _labs(arm: Arm) -> set[str]:
    """Return the labs that an arm's model is known to be of, in lower case."""
    from claimbench.pricing.price_lists.book import (
        LABS,  # a report of a run without judges does not need it
    )

    model = base_id(arm.model)
    labs = [] if arm.lab is None else [arm.lab]
    for pattern, lab in LABS:
        if re.match(pattern, model):
            labs.append(lab)
            break
    return {lab.casefold() for lab in labs}
