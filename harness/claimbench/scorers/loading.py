"""Scorers by name, through the entry points ``claimbench.scorers``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module

from claimbench.error_words import did_you_mean, one_of
from claimbench.errors import PluginError
from claimbench.plugins import SCORERS, installed
from claimbench.scorers.base import Scorer, ScorerFactory
from claimbench.types import ScorerSpec

_OURS = {
    "python": "claimbench.scorers.own_code.scorer:PythonScorer",
    "final_state": "claimbench.scorers.tools.final_state:FinalStateScorer",
    "pairwise": "claimbench.scorers.preference:PairwiseScorer",
    "tool_call": "claimbench.scorers.tools.scorer:ToolCallScorer",
}
"""Scorers that no plugin may replace: they run code after consent, read more than a text, or have
calls of their own planned with the run.
"""


def names() -> tuple[str, ...]:
    """Return the names of the installed scorers; nothing is imported."""
    return tuple(sorted({*installed(SCORERS), *_OURS}))


def load(
    specs: Sequence[ScorerSpec | str], factories: Mapping[str, ScorerFactory] | None = None
) -> tuple[Scorer, ...]:
    """Make the scorers of a task, in order.

    Args:
        specs: Names, or specs with options.
        factories: Used instead of the installed ones where they hold the name.

    Raises:
        PluginError: An unknown name (with the nearest), or a plugin that cannot be imported.
        ScorerOptionError: Options the scorer does not take.
    """
    made = []
    for spec in specs:
        full = ScorerSpec(spec) if isinstance(spec, str) else spec
        made.append(_make(full, factories or {}))
    return tuple(made)


def _make(spec: ScorerSpec, factories: Mapping[str, ScorerFactory]) -> Scorer:
    factory = factories.get(spec.name)
    return (factory or _import(spec.name, factories))(spec.options)


def _import(name: str, factories: Mapping[str, ScorerFactory]) -> ScorerFactory:
    if name in _OURS:
        module, _, made = _OURS[name].partition(":")
        ours: ScorerFactory = getattr(import_module(module), made)
        return ours
    plugins = installed(SCORERS)
    if name not in plugins:
        known = sorted({*plugins, *factories, *_OURS})
        raise PluginError(
            f"unknown scorer '{name}'{did_you_mean(name, known)}", hint=f"known: {one_of(known)}"
        )
    point = plugins[name]
    try:
        factory: ScorerFactory = point.load()
    except (ImportError, AttributeError) as exc:
        raise PluginError(f"the scorer '{name}' ({point.value}) cannot be imported: {exc}") from exc
    return factory
