"""What stands around a model in an episode: a table or a function in place of tools, a model in
place of the user.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from claimbench.types.base import Json


@dataclass(frozen=True, slots=True)
class SimulatedCall:
    """One row of a tool simulator: what a call of ``name`` gives (``result``) and changes
    (``sets``: dotted path of the state -> value), if its ``arguments`` are as named (None: any) and
    the state is as ``when`` says.
    """

    name: str
    arguments: Mapping[str, Json] | None = None
    result: Json = None
    sets: Mapping[str, Json] = field(default_factory=dict)
    when: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SimulatorScript:
    """A function of a file beside the suite that answers calls of tools, by its ``source``.

    ``seconds``: longest time for one call; ``max_result``: longest result, characters;
    ``takes_row``: the function takes the row as its fourth argument.
    """

    file: str
    function: str
    source: str
    seconds: float = 10.0
    max_result: int = 4000
    takes_row: bool = False


@dataclass(frozen=True, slots=True)
class Simulator:
    """What stands in for a task's tools: a table, or a ``script``; ``otherwise`` is given where no
    row of the table fits, or no such tool is offered.

    ``max_steps``: calls of the model in one episode; one that still calls tools then has failed.
    """

    table: tuple[SimulatedCall, ...]
    max_steps: int
    state: Json = None
    otherwise: Json = None
    script: SimulatorScript | None = None


@dataclass(frozen=True, slots=True)
class UserSpec:
    """Who says the user's turns of a task after the first: ``by`` names it among the suite's users.

    ``prompt`` is the Jinja2 source of what it is told, the row's goal in it; ``stop``: what it says
    to end the conversation; ``max_turns``: turns of the user in all, the first included;
    ``max_tokens``: the longest of its turns.
    """

    by: str
    prompt: str
    stop: str
    max_turns: int
    max_tokens: int
