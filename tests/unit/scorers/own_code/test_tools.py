"""A suite's function in place of tools: what it may give."""

from __future__ import annotations

import contextlib

import pytest

from claimbench.scorers.own_code.tools import Answered, ToolFails, ToolProcess, answered_of
from claimbench.types import Json, Simulator, SimulatorScript, ToolCall

NESTS = """
def answer(name, arguments, state):
    value = []
    for _ in range(arguments["depth"]):
        value = [value]
    return (value, state) if name == "result" else ("done", value)
"""


def ask(name: str, depth: int) -> Answered:
    script = SimulatorScript("tools.py", "answer", NESTS, max_result=20_000)
    call = ToolCall(name, f'{{"depth": {depth}}}')
    with contextlib.closing(ToolProcess(Simulator((), 4, script=script))) as process:
        return process.answer([call], {}, {}, {name})


@pytest.mark.parametrize("name", ["result", "state"])
@pytest.mark.parametrize("depth", [600, 900, 940, 980, 3000])
def test_what_nests_too_deeply_is_refused_in_words(name: str, depth: int) -> None:
    with pytest.raises(ToolFails, match=r"deep|recursion"):
        ask(name, depth)


@pytest.mark.parametrize("name", ["result", "state"])
def test_what_nests_less_is_kept(name: str) -> None:
    found = ask(name, 400)
    value: Json = found.results[0] if name == "result" else found.state
    for _ in range(400):
        assert isinstance(value, list)
        (value,) = value
    assert value == []
    assert answered_of(found.as_text()) == found
