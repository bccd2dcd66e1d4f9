"""Functions in place of tools: what they give, and what is said of one that gives no result."""

from __future__ import annotations

import pytest

from claimbench.scorers.own_code.tools import Answered, ToolFails, ToolProcess
from claimbench.types import Json, Simulator, SimulatorScript, ToolCall


def answered(body: str, *, seconds: float = 10.0, most: int = 4000) -> Answered:
    """Answer one call of a function with this body."""
    source = f"def answer(name, arguments, state):\n{body}\n"
    script = SimulatorScript("tools.py", "answer", source, seconds, most)
    process = ToolProcess(Simulator((), 4, {"n": 0}, script=script))
    try:
        return process.answer([ToolCall("get", '{"id": "W1"}')], {"n": 0}, {}, {"get"})
    finally:
        process.close()


@pytest.mark.parametrize(
    ("body", "result", "state"),
    [
        ("    return arguments['id'], state", "W1", {"n": 0}),
        ("    return {'by': name}, {'n': state['n'] + 1}", {"by": "get"}, {"n": 1}),
        ("    return None, state", None, {"n": 0}),
        ("    state['n'] = 7\n    return [1, 'a'], state", [1, "a"], {"n": 7}),
    ],
)
def test_a_function_gives_a_result_and_the_next_state(body: str, result: Json, state: Json) -> None:
    assert answered(body) == Answered((result,), (state != {"n": 0},), state)


def test_chance_is_the_same_each_time_it_is_asked() -> None:
    body = "    import random\n    return random.random(), state"
    assert answered(body) == answered(body)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("    return 1 / 0", r"tools\.py:2: ZeroDivisionError"),
        ("    raise KeyError(name)", r"tools\.py:2: KeyError: 'get'"),
        ("    import sys\n    sys.exit(0)", r"tools\.py:3: SystemExit"),
        ("    return state['none'], state", r"tools\.py:2: KeyError"),
    ],
)
def test_a_function_that_raises_is_named_with_its_line_and_the_call(body: str, said: str) -> None:
    with pytest.raises(ToolFails, match=said) as failed:
        answered(body)
    assert "it was asked for get" in str(failed.value)
    assert "W1" in str(failed.value)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("    return {1, 2}, state", "set is not JSON serializable"),
        ("    return float('nan'), state", "not JSON compliant"),
        ("    return b'x', state", "bytes is not JSON serializable"),
        ("    return 7", "gave 7, not a pair: result, state"),
        ("    return 'ok', state, 1", "not a pair: result, state"),
        ("    pass", "not a pair: result, state"),
        ("    return 'x' * 50, state", "a result of 50 characters, above max_result: 40"),
    ],
)
def test_what_is_no_result_and_state_in_json_is_refused(body: str, said: str) -> None:
    with pytest.raises(ToolFails, match=said) as failed:
        answered(body, most=40)
    assert "tools.py" in str(failed.value)


@pytest.mark.parametrize(
    "body",
    [
        "    import time\n    return time.time_ns(), state",
        "    import os\n    return os.urandom(8).hex(), state",
        "    import json\n    json.n = getattr(json, 'n', 0) + 1\n    return json.n, state",
        "    import uuid\n    return 'ok', {'n': str(uuid.uuid4())}",
    ],
)
def test_a_function_that_answers_the_same_call_in_two_ways_is_refused(body: str) -> None:
    with pytest.raises(ToolFails, match="two results for the same call and state") as failed:
        answered(body)
    assert "no clock and no chance" in str(failed.value)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("    while True: pass", "longer than 0.5 s"),
        ("    import time\n    time.sleep(60)", "longer than 0.5 s"),
        ("    import os\n    os._exit(3)", "its process ended"),
    ],
)
def test_a_function_that_takes_too_long_or_ends_its_process_is_stopped(
    body: str, said: str
) -> None:
    with pytest.raises(ToolFails, match=said):
        answered(body, seconds=0.5)
