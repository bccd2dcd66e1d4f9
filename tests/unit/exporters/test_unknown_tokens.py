"""Tokens that nobody told stay unknown in other tools' files and out of them; a 0 stays a 0."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from claimbench.exporters import every_eval_ever, inspect_log
from claimbench.importers.inspect_spending import Spending
from claimbench.importers.inspect_spending import usage_of as inspect_usage
from claimbench.importers.tables import table
from claimbench.importers.tools.every_eval_ever import usage_of as eee_usage
from claimbench.importers.tools.promptfoo import usage_of as promptfoo_usage
from claimbench.suite.files.traffic import langfuse, litellm
from claimbench.suite.files.traffic.requests import tokens
from claimbench.types import Usage

PARTS = ("cache_read", "cache_write_5m", "output_reasoning")
PLAIN = Usage(input_fresh=80, output_visible=9)
TOOLS: dict[str, tuple[Callable[[Usage], Any], Callable[[Any], Usage | None]]] = {
    "inspect": (inspect_log._inspect_usage, inspect_usage),
    "every-eval-ever": (every_eval_ever._usage, eee_usage),
}


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize(
    "usage",
    [
        PLAIN,
        Usage(input_fresh=80, cache_read=0, output_visible=9),
        Usage(input_fresh=80, cache_write_5m=0, output_visible=9),
        Usage(input_fresh=80, cache_read=20, cache_write_5m=7, output_visible=9),
        Usage(input_fresh=80, output_visible=9, output_reasoning=0),
        Usage(input_fresh=80, cache_read=20, output_visible=9, output_reasoning=4),
    ],
)
def test_usage_comes_back_as_it_was(tool: str, usage: Usage) -> None:
    out, back = TOOLS[tool]
    assert back(out(usage)) == usage


def test_inspects_file_holds_no_kind_that_is_unknown_and_every_token_of_the_input() -> None:
    assert set(inspect_log._inspect_usage(PLAIN)) == {
        "input_tokens",
        "output_tokens",
        "total_tokens",
    }
    odd = Usage(input_fresh=80, cache_write_1h=5, output_visible=9, audio=3, tool_use_input=2)
    assert inspect_log._inspect_usage(odd) == {
        "input_tokens": 85,
        "output_tokens": 9,
        "total_tokens": 99,
        "input_tokens_cache_write": 5,
    }


def row(usage: Usage | None) -> Any:
    return SimpleNamespace(final=SimpleNamespace(usage=usage))


def test_a_sum_leaves_out_the_kinds_that_one_call_leaves_unknown() -> None:
    telling = Usage(input_fresh=80, cache_read=20, output_visible=9)
    assert inspect_log._sum_usage([row(telling), row(PLAIN)]) == {
        "input_tokens": 160,
        "output_tokens": 18,
        "total_tokens": 198,
    }
    assert inspect_log._sum_usage([row(telling), row(telling)])["input_tokens_cache_read"] == 40
    assert inspect_log._sum_usage([row(telling), row(None)]) == {}
    assert inspect_log._sum_usage([]) == {}


def test_reasoning_that_one_of_a_samples_calls_does_not_tell_is_unknown() -> None:
    def event(**more: int) -> dict[str, Any]:
        usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15, **more}
        return {"event": "model", "model": "m", "output": {"usage": usage}}

    def spent(*events: dict[str, Any]) -> Usage | None:
        return Spending({}, "m").on({"events": list(events)})

    both = spent(event(reasoning_tokens=2), event(reasoning_tokens=0))
    one = spent(event(reasoning_tokens=2), event())
    assert both is not None
    assert one is not None
    assert (both.output_reasoning, both.output_total) == (2, 10)
    assert (one.output_reasoning, one.output_total) == (None, 10)


SILENT: dict[str, Callable[[], Usage | None]] = {
    "inspect": lambda: inspect_usage({"input_tokens": 80, "output_tokens": 9}),
    "every-eval-ever": lambda: eee_usage({"input_tokens": 80, "output_tokens": 9}),
    "promptfoo": lambda: promptfoo_usage({"prompt": 80, "completion": 9}),
    "traffic": lambda: tokens(80, 9),
    "litellm": lambda: litellm._usage({"prompt_tokens": 80, "completion_tokens": 9}, {}),
    "langfuse": lambda: langfuse._usage({"usage": {"input": 80, "output": 9, "total": 89}}),
    "rows": lambda: table._usage(
        SimpleNamespace(roles=SimpleNamespace(own=True)),  # type: ignore[arg-type]
        SimpleNamespace(values={"usage": {"input_fresh": 80, "output_visible": 9}}),  # type: ignore[arg-type]
    ),
}


@pytest.mark.parametrize("tool", SILENT)
def test_what_a_file_does_not_tell_is_unknown(tool: str) -> None:
    assert SILENT[tool]() == PLAIN


def test_what_a_log_tells_as_none_is_none() -> None:
    told = {
        "prompt_tokens_details": {"cached_tokens": 0},
        "cache_creation_input_tokens": 0,
        "completion_tokens_details": {"reasoning_tokens": 0},
    }
    usage = litellm._usage(
        {"prompt_tokens": 80, "completion_tokens": 9}, {"additional_usage_values": told}
    )
    assert usage is not None
    assert [getattr(usage, part) for part in PARTS] == [0, 0, 0]


def test_rows_of_ours_bring_back_every_kind_of_token() -> None:
    told = {
        "input_fresh": 80,
        "output_visible": 9,
        "image": 5,
        "audio": 3,
        "tool_use_input": 2,
        "fees": {"web_search": 1},
        "source": "tokenizer",
    }
    usage = table._usage(
        SimpleNamespace(roles=SimpleNamespace(own=True)),  # type: ignore[arg-type]
        SimpleNamespace(values={"usage": told}),  # type: ignore[arg-type]
    )
    assert usage == Usage(
        input_fresh=80,
        output_visible=9,
        image=5,
        audio=3,
        tool_use_input=2,
        fees=(("web_search", 1),),
        source="tokenizer",
    )
