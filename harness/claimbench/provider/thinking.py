"""Part the thinking that a model wrote into its text from its answer, by the marks of all common
families.

An endpoint that does not part them sends the marks as text. The answer is what follows the last
closing mark, with or without an opening one: some templates open the thinking in the prompt. Text
that was opened and never closed is thinking throughout.
"""

from __future__ import annotations

import re

_PAIRS = (
    (r"<think(?:\s[^<>]*)?>", r"</think\s*>"),
    (r"<thinking(?:\s[^<>]*)?>", r"</thinking\s*>"),
    (r"<thought>", r"</thought>"),
    (r"<seed:think>", r"</seed:think>"),
    (r"<mm:think>", r"</mm:think>"),
    (r"<longcat_think>", r"</longcat_think>"),
    (r"\[THINK\]", r"\[/THINK\]"),
    (r"◁think▷", r"◁/think▷"),
    (r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),
    (r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),
    (r"<\|thinking\|>", r"<\|/thinking\|>"),
    (r"<\|think\|>", r"<\|/think\|>"),
    (r"<\|channel>thought\b", r"<channel\|>"),
    (r"<unused94>thought\b", r"<unused95>"),
    (r"<\|inner_prefix\|>", r"<\|inner_suffix\|>"),
    (r"\[unused16\]", r"\[unused17\]"),
)
"""Opening and closing marks: Qwen, DeepSeek and most others; Claude-like; Gemma; Seed; MiniMax;
LongCat; Mistral; Kimi; OpenThinker; Cohere; GLM; MedGemma; Apertus; openPangu.
"""
_ONLY_AS_PAIR = (
    (r"<reasoning>", r"</reasoning>"),
    (r"<reason>", r"</reason>"),
    (r"<analysis>", r"</analysis>"),
    (r"<reflection>", r"</reflection>"),
    (r"<scratch_?pad>", r"</scratch_?pad>"),
    (r"<cot>", r"</cot>"),
    (r"<thoughts>", r"</thoughts>"),
    (r"<internal_thoughts?>", r"</internal_thoughts?>"),
    (r"<inner_monologue>", r"</inner_monologue>"),
    (r"<chain_of_thought>", r"</chain_of_thought>"),
    (r"<thought_process>", r"</thought_process>"),
    (r"<reasoning_process>", r"</reasoning_process>"),
    (r"""<details\s[^<>]*type=["']?reasoning\b[^<>]*>""", r"</details>"),
    (r"Here(?:'s| is) my thought process:", r"Here(?:'s| is) my response:"),
)
"""Marks that are also names of fields that a prompt may ask for: read only where the text begins
with them.
"""
_OPEN = re.compile(
    r"\s*(?:" + "|".join(opening for opening, _ in (*_PAIRS, *_ONLY_AS_PAIR)) + ")", re.IGNORECASE
)
_CLOSE = re.compile("|".join(closing for _, closing in _PAIRS), re.IGNORECASE)
_FINAL = re.compile(
    r"(?:<\|start\|>assistant\s*)?<\|channel\|>\s*final\b(?:[^<]|<\|constrain\|>)*<\|message\|>"
    r"|<\|begin\|>assistant\s*<\|content\|>"
    r"|<\|END_THINKING\|>\s*<\|START_RESPONSE\|>"
    r"|<\|begin_of_solution\|>"
)
"""Where the answer begins in formats that name it."""
_HARMONY = re.compile(r"\s*(?:<\|start\|>assistant\s*)?<\|channel\|>\s*(?:analysis|commentary)\b")
_BARE_HARMONY = re.compile(r"\s*analysis(?=\S).*?assistantfinal(?:\s*)", re.DOTALL)
"""The same format where a server dropped its control tokens and kept their words."""
_END_MARK = re.compile(
    r"(?:<\|(?:return|end|call|flush|END_RESPONSE|end_of_solution|endoftext|im_end)\|>\s*)+\Z"
)
_QUOTES = frozenset("`'\"“”‘’«»")
_COULD_HOLD = re.compile(r"[<\[◁]|assistantfinal|my thought process:")


def part(text: str) -> tuple[str, str]:
    """Return (thinking, answer) of what a model wrote; thinking is empty where there is no mark.

    A mark in quotes or backticks is spoken of, not set.
    """
    if _COULD_HOLD.search(text) is None:
        return "", text
    at = _answer_at(text)
    if at is None:
        return "", text
    begin, end = at
    answer = text[end:].lstrip() if begin is not None else ""
    thinking = text if begin is None else text[:begin]
    if begin is not None:
        answer = _END_MARK.sub("", answer)
    return _unmarked(thinking), answer


def _answer_at(text: str) -> tuple[int | None, int] | None:
    """Return where the thinking ends and the answer begins; (None, 0) where all is thinking, None
    where nothing is.
    """
    finals = [m for m in _FINAL.finditer(text) if not _quoted(text, m)]
    if finals:
        return finals[-1].start(), finals[-1].end()
    if _HARMONY.match(text):
        return None, 0
    bare = _BARE_HARMONY.match(text)
    if bare is not None:
        return bare.end() - len("assistantfinal"), bare.end()
    closings = [m for m in _CLOSE.finditer(text) if not _quoted(text, m)]
    if closings:
        return closings[-1].start(), closings[-1].end()
    opening = _OPEN.match(text)
    if opening is None:
        return None
    for begin, end in _ONLY_AS_PAIR:
        if re.fullmatch(r"\s*" + begin, opening.group(), re.IGNORECASE):
            closed = list(re.finditer(end, text, re.IGNORECASE))
            return (closed[-1].start(), closed[-1].end()) if closed else None
    return None, 0


def _quoted(text: str, mark: re.Match[str]) -> bool:
    before, after = text[: mark.start()][-1:], text[mark.end() :][:1]
    return before in _QUOTES and after in _QUOTES and bool(before) and bool(after)


def _unmarked(thinking: str) -> str:
    """Return the thinking without the mark that opened it."""
    opening = _OPEN.match(thinking) or re.match(
        r"\s*(?:<\|start\|>assistant\s*)?<\|channel\|>\s*\w+\s*<\|message\|>", thinking
    )
    return (thinking[opening.end() :] if opening else thinking).strip()
