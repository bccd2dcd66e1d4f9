"""What a comparison with an earlier run says beside the rest of a suite, checked."""

from __future__ import annotations

from collections.abc import Sequence

from claimbench.error_words import did_you_mean, one_of
from claimbench.suite.document import Loc, YamlDocument
from claimbench.suite.schema.compare import CompareModel


def check_compared(document: YamlDocument, model: CompareModel, arms: Sequence[str]) -> None:
    """Raise where ``compare.arms`` renames an arm that the suite does not have, or gives two arms
    one arm of the baseline.
    """
    olds = list(model.arms.values())
    for name, old in model.arms.items():
        place: Loc = ("compare", "arms", name)
        line = document.line(place, key=True)
        if name not in arms:
            message = f"compare.arms names the unknown arm {name!r}{did_you_mean(name, arms)}"
            hint = f"write {{new: old}}; arms of this suite: {one_of(arms)}"
            raise document.error(place, message, hint=hint, line=line)
        if olds.count(old) > 1:
            message = f"compare.arms compares several arms with the baseline's {old!r}"
            raise document.error(place, message, hint="one new arm for each old one", line=line)
