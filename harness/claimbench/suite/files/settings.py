"""Settings of a generation that files of other tools state, beside those that every tool has: a
budget for thinking, stop texts, penalties, a system prompt. Two arms that differ in one were not
asked the same way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from claimbench.suite.files.values import get, mapping
from claimbench.types import Json

_NAMES = """
    topk topa minp typicalp tfs tfsz mirostat mirostattau mirostateta dosample numbeams bestof
    frequencypenalty presencepenalty repetitionpenalty repeatpenalty lengthpenalty norepeatngramsize
    stop stops stopseqs stopsequences stoptext until n numchoices candidatecount choicecount
    logitbias system systemmessage systemprompt systeminstruction instructions responseformat
    responseschema responsemimetype outputformat jsonschema jsonmode guidedjson guidedchoice
    guidedregex guidedgrammar guideddecoding grammar format tools toolchoice toolconfig
    paralleltoolcalls functions functioncall internaltools reasoning reasoningtokens
    reasoningmaxtokens reasoningbudget reasoninghistory thinking thinkingbudget thinkingbudgettokens
    thinkingconfig thinkinglevel thinktokens maxthinkingtokens budgettokens includethoughts
    enablethinking chattemplatekwargs chattemplateargs chattemplate enablereasoning effort
    outputconfig verbosity text extrabody passthrough maxgentoks mintokens minlength truncation
    modalities
"""
_GENERATION = frozenset(_NAMES.split())
"""Names of settings that bear on an answer, without case and signs between words."""
_ELSEWHERE = "temperature topp seed reasoningeffort maxtokens maxcompletiontokens maxoutputtokens"
_COMPARED_ELSEWHERE = frozenset(_ELSEWHERE.split())
_INSIDE = ("generationConfig", "generation_config", "inferenceConfig")
"""Objects that hold settings as their vendor has them."""


def is_generation(name: str) -> bool:
    """Tell whether a setting of that name bears on an answer."""
    return _plain(name) in _GENERATION


def stated_settings(given: Json) -> dict[str, Json]:
    """Return the settings of a configuration that bear on an answer and are compared by no name of
    their own; null and what is empty states none.
    """
    found: dict[str, Json] = {}
    for name, value in mapping(given).items():
        if name in _INSIDE:
            found |= stated_settings(value)
        elif is_generation(name) and (value := without_effort(name, value)) not in _NOTHING:
            found[_plain(name)] = value
    return found


def all_settings(given: Json, but: frozenset[str]) -> dict[str, Json]:
    """Return every setting of a configuration whose names are known, without those ``but`` and
    those that are compared by a name of their own.
    """
    found: dict[str, Json] = {}
    for name, value in mapping(given).items():
        known = name in but or _plain(name) in _COMPARED_ELSEWHERE
        if not known and value not in _NOTHING:
            found[_plain(name)] = value
    return found


def stated_effort(given: Json) -> str | None:
    """Return the effort that a configuration asks for, by its own name or inside ``reasoning``."""
    told = mapping(given)
    for value in (told.get("reasoning_effort"), get(told, "reasoning", "effort")):
        if isinstance(value, str) and value:
            return value
    return None


def without_effort(name: str, value: Json) -> Json:
    """Return a setting without the effort in it, which is compared by its own name."""
    if _plain(name) == "reasoning" and isinstance(value, Mapping):
        return {key: inner for key, inner in value.items() if key != "effort"}
    return value


_NOTHING: tuple[Json, ...] = (None, "", [], {})


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()
