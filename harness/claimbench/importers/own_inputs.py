"""What an item of our own exports was asked: texts that are empty or were withheld say nothing of
it, and are equal to no other's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from claimbench.importers.json_values import as_list, get, text_of
from claimbench.privacy.redact import WITHHELD
from claimbench.types import Json


def untold(value: Json) -> bool:
    """Tell a text that is empty, or stands for one that was withheld."""
    return isinstance(value, str) and value.strip() in ("", WITHHELD)


def own_input(turns: Sequence[str]) -> str:
    """Return the turns of a prompt of ours as one text; empty where the last one, which holds the
    item, is not told.
    """
    return "" if not turns or untold(turns[-1]) else "\n".join(turns)


def own_chat(text: str) -> str:
    """Return the same of turns that are kept as the JSON of a chat; another text as it is."""
    try:
        turns = as_list(json.loads(text))
    except ValueError:
        turns = []
    contents = [text_of(get(turn, "content") or "") for turn in turns]
    return own_input(contents or [text])
