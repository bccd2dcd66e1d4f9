"""The masks of a suite's tasks, made before any row is read; what is wrong with them is an error at its line."""

from __future__ import annotations

from dataclasses import replace

from claimbench.errors import PluginError
from claimbench.masking import Finder, Masking
from claimbench.samples import mask_loc
from claimbench.suite_lm_model import LmEvalTaskModel
from claimbench.suite_mask import mask_of
from claimbench.suite_model import SuiteModel
from claimbench.suite_yaml import Loc, YamlDocument
from claimbench.types import MaskSpec


def task_maskings(document: YamlDocument, model: SuiteModel) -> list[Masking | None]:
    """One mask per task, None where nothing is to be masked; tasks with the same mask share its finder.

    Raises:
        SuiteError: presidio or a model is not installed, an entity that nothing finds, or a task of lm-eval.
    """
    finders: dict[MaskSpec, Finder] = {}
    maskings: list[Masking | None] = []
    for index, task in enumerate(model.tasks):
        loc: Loc = ("tasks", index)
        where = mask_loc(document, loc)
        if isinstance(task, LmEvalTaskModel):
            if model.mask is not None:
                message = f"mask: task '{task.name}' is lm-eval's, whose prompts cannot be masked"
                raise document.error(loc, message, hint="give each of your own tasks its own `mask:` instead")
            maskings.append(None)
            continue
        spec = mask_of(task.mask if task.mask is not None else model.mask)
        if spec is None:
            maskings.append(None)
            continue
        kind = replace(spec, columns=None)
        if kind not in finders:
            finders[kind] = _finder(document, where, kind)
        maskings.append(Masking(spec, finders[kind]))
    return maskings


def _finder(document: YamlDocument, loc: Loc, spec: MaskSpec) -> Finder:
    try:
        return Finder(spec)
    except PluginError as fault:
        quoted = fault.message.partition("'")[2].partition("'")[0]
        line = document.line_of(loc, quoted) if quoted else document.line(loc, key=True)
        raise document.error(loc, fault.message, hint=fault.hint, line=line) from None
