"""The same real model behind servers that nobody here wrote, asked through every protocol: the same
answers and tokens.

``llama_cpp.server`` serves SmolLM2; the LiteLLM proxy stands in front of it with its OpenAI (chat
and Responses), Anthropic and Gemini faces. What a face cannot do is stated here, exactly
(``Face``), and in decision 10.
"""

from __future__ import annotations

import asyncio
import json
import os
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from claimbench.clock import SystemClock
from claimbench.errors import BadRequest, ContextOverflow, IncompleteStream, ServerFault
from claimbench.provider.contract import ProviderContext
from claimbench.types import (
    Arm,
    Delta,
    Done,
    Event,
    Json,
    Message,
    Meta,
    Request,
    SamplingParams,
    UsageReport,
)
from claimbench_providers.endpoints import anthropic, compatible, gemini, litellm
from claimbench_providers.endpoints import openai_sdk as openai

from .peer_servers import DIRECT, proxying, serving

pytestmark = [pytest.mark.model, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

PROMPTS = (
    (Message("user", "Count from one to ten in words."),),
    (Message("system", "You are helpful."), Message("user", "Name a colour.")),
    (Message("system", "Answer in German."), Message("user", "Say: größer, 日本!")),
)


def ask(messages: Sequence[Message]) -> Request:
    return Request(
        "c1",
        tuple(messages),
        SamplingParams(temperature=0.0, top_p=1.0),
        12,
        seed=7,
        timeout_s=120.0,
    )


# The servers


@pytest.fixture(scope="module")
def llama(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """llama-cpp-python's own server with the small model; its address."""
    with serving(small_model, "smol", tmp_path_factory.mktemp("llama"), n_ctx=512) as url:
        yield url


@pytest.fixture(scope="module")
def proxy(llama: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The LiteLLM proxy in front of it."""
    with proxying({"smol": llama}, tmp_path_factory.mktemp("proxy")) as url:
        yield url


# The faces


Tokens = tuple[int, int] | None


@dataclass(frozen=True)
class Face:
    """One way to the model, and what it does differently from the model in process.

    ``tokens``: "same", or what it says of each prompt's tokens (input, output) instead; None: it
    says nothing. ``finish``: the finish reason of an answer that used up its tokens.
    """

    server: str
    provider: ModuleType
    path: str = "/v1"
    model: str = "smol"
    options: Mapping[str, Json] = field(default_factory=dict)
    tokens: str | tuple[None, None, None] | tuple[int, int, int] = "same"
    finish: str = "length"


WHOLE: dict[str, Json] = {"extra_body": {"stream": False}}
RESPONSES: dict[str, Json] = {"api": "responses"}
SILENT = (None, None, None)  # llama_cpp.server gives no usage in a stream
GUESSED = (
    15,
    19,
    23,
)  # the proxy then counts itself, with another model's tokenizer: the input ...
GUESSED_LESS = (15, 11, 15)  # ... and here without the system turn


def guessed(text: str) -> int:
    """The proxy's own count of an answer; which words the model says differs by processor."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm as library

    return int(library.token_counter(model="gpt-3.5-turbo", text=text))


FACES = {
    "server, chat": Face("llama", compatible, tokens=SILENT),
    "server, chat by the SDK": Face("llama", openai, tokens=SILENT),
    "server, chat by litellm": Face("llama", litellm, model="openai/smol", tokens=SILENT),
    "server, chat not streamed": Face("llama", compatible, options=WHOLE),
    "proxy, chat": Face("proxy", compatible, tokens=GUESSED),
    "proxy, chat by the SDK": Face("proxy", openai, tokens=GUESSED),
    "proxy, chat not streamed": Face("proxy", compatible, options=WHOLE),
    # Its stream calls an answer that was cut short completed; not streamed it says the truth.
    "proxy, Responses": Face("proxy", compatible, options=RESPONSES, tokens=GUESSED, finish="stop"),
    "proxy, Responses not streamed": Face("proxy", compatible, options=RESPONSES | WHOLE),
    "proxy, Messages": Face("proxy", anthropic, path="", tokens=GUESSED_LESS),
    "proxy, Messages not streamed": Face("proxy", anthropic, path="", options=WHOLE),
    # It states 0 for every count of a stream, which is no count.
    "proxy, Gemini": Face("proxy", gemini, path="", tokens=SILENT),
}


async def events_of(
    face: Face, url: str, request: Request, model: str | None = None
) -> list[Event]:
    context = ProviderContext(SystemClock(), {}, Path(), Path())
    arm = Arm(
        "a",
        "any",
        model or face.model,
        base_url=url + face.path * (face.server == "proxy"),
        options=face.options,
    )
    provider = face.provider.create(arm, context)
    await provider.start()
    try:
        return [event async for event in provider.stream(request)]
    finally:
        await provider.close()


def told(events: Sequence[Event]) -> tuple[str, Tokens, str | None]:
    """Answer, tokens (input, output) and finish reason."""
    text = "".join(e.text for e in events if isinstance(e, Delta) and e.kind == "answer")
    usages = [e.usage for e in events if isinstance(e, UsageReport)]
    tokens = [(u.input_total, u.output_total) for u in usages if u.source != "unknown"]
    done = [e.finish_reason for e in events if isinstance(e, Done)]
    assert len(usages) <= 1
    assert len(done) == 1
    return text, tokens[0] if tokens else None, done[0]  # type: ignore[return-value]


@pytest.fixture(scope="module")
def truth(engine: Any) -> list[tuple[str, Tokens, str | None]]:
    """What the model says in process."""
    return [told(list(engine.generate(ask(messages)))) for messages in PROMPTS]


@pytest.fixture
def url_of(request: pytest.FixtureRequest) -> Callable[[Face], str]:
    return lambda face: str(request.getfixturevalue(face.server))


@pytest.mark.parametrize("name", FACES)
async def test_every_face_gives_the_answer_and_the_tokens_of_the_model_in_process(
    name: str, truth: list[tuple[str, Tokens, str | None]], url_of: Callable[[Face], str]
) -> None:
    face = FACES[name]
    url = url_of(face)
    assert [finish for _, _, finish in truth] == ["length"] * 3
    for place, messages in enumerate(PROMPTS):
        events = await events_of(face, url, ask(messages))
        text, tokens, finish = told(events)
        assert text == truth[place][0]
        if face.tokens == "same":
            want = truth[place][1]
        else:
            count = face.tokens[place]
            want = None if count is None else (count, guessed(text))
        assert tokens == want
        assert finish == face.finish
        metas = [e for e in events if isinstance(e, Meta)]
        assert {m.http_status for m in metas} == {200}
        if face.options.get("extra_body") != WHOLE["extra_body"]:
            assert sum(isinstance(e, Delta) for e in events) >= 8, (
                "an answer of 12 tokens comes in pieces"
            )


async def test_geminis_face_not_streamed_counts_right(
    proxy: str, truth: list[tuple[str, Tokens, str | None]]
) -> None:
    """Our adapter always streams; its reader is given the proxy's whole answer here."""
    body = {
        "contents": [{"role": "user", "parts": [{"text": PROMPTS[0][0].content}]}],
        "generationConfig": {"maxOutputTokens": 12, "temperature": 0, "seed": 7},
    }
    asked = urllib.request.Request(
        f"{proxy}/v1beta/models/smol:generateContent",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )

    def send() -> Any:
        with DIRECT.open(asked, timeout=120) as response:
            return json.load(response)

    reader = gemini.GeminiReader(Meta(http_status=200))
    events = list(reader.read("", await asyncio.to_thread(send), 1))
    assert told([*events, *reader.finish()]) == truth[0]


@pytest.mark.parametrize("name", FACES)
async def test_too_long_a_prompt(name: str, url_of: Callable[[Face], str]) -> None:
    """The server refuses it, but ends a stream without a word; of that the proxy makes an empty
    answer.
    """
    face = FACES[name]
    url, request = url_of(face), ask([Message("user", "word " * 2000)])
    if face.server == "proxy" and "not streamed" not in name:
        assert told(await events_of(face, url, request)) == ("", None, "stop")
        return
    with pytest.raises(ContextOverflow if "not streamed" in name else IncompleteStream):
        await events_of(face, url, request)


@pytest.mark.parametrize("name", [name for name, face in FACES.items() if face.server == "proxy"])
async def test_a_model_that_nobody_serves(name: str, url_of: Callable[[Face], str]) -> None:
    face = FACES[name]
    with pytest.raises(
        ServerFault if face.provider is gemini else BadRequest
    ):  # a bare 500 is what its Gemini face says
        await events_of(face, url_of(face), ask(PROMPTS[0]), model="nobody")
