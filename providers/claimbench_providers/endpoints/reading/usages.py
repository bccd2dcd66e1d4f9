"""Read the usage of an answer without ever failing the answer for it.

A usage object that contradicts itself, or reports that do not grow, is unknown: the answer stands,
the object is kept as it came, and what is wrong with it is said once per arm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from claimbench.errors import MalformedStream
from claimbench.provider.token_floor import LONG_WORDS, least_tokens
from claimbench.provider.usage import UNKNOWN, billed_usd
from claimbench.types import Json, Usage, UsageReport
from claimbench_providers.endpoints.reading.content import SHAPE_ERRORS

MOST_REPORTS = 64
"""Reports kept of a stream whose reports contradict each other."""
ODD_KINDS = (*SHAPE_ERRORS, ArithmeticError)
"""Beside those of any message: amounts with which nothing can be computed."""
MOST_TOKENS = 10**15
"""A count above it is none."""
_INPUT = ("prompt_tokens", "input_tokens", "promptTokenCount")
_OUTPUT = ("completion_tokens", "output_tokens", "candidatesTokenCount")


class UsageReports:
    """Collect the usage reports of one stream: the last one counts, unless they do not add up.

    Reports are cumulative. One whose counts are smaller than an earlier one's, or whose output
    grows by less than the text that came since the first, counts a piece alone: how much the whole
    was is then unknown.
    """

    def __init__(self) -> None:
        self.last: Json = None
        self.received_ns: int | None = None
        self._reports: list[Json] = []
        self._most = [0, 0]
        self._first_output: int | None = None
        self._since_first: list[str] = []
        self._odd: str | None = None
        self._texts = 0
        self._stuck = 0
        self._no_object = False

    def text_came(self, text: str = "") -> None:
        """Note that a piece of the answer came; ``text``: its words, where each piece may bring a
        report.
        """
        self._texts += 1
        if self._first_output is not None:
            self._since_first.append(text)

    def take(self, usage: Any, received_ns: int | None) -> None:
        """Keep one report."""
        self._no_object = self._no_object or isinstance(usage, list | str)
        if not usage or (self.last is not None and _says_nothing(usage)):
            return
        if len(self._reports) < MOST_REPORTS:
            self._reports.append(usage)
        self.last = usage
        self.received_ns = received_ns
        if isinstance(usage, Mapping):
            self._compare([_first(usage, _INPUT), _first(usage, _OUTPUT)])
        self._texts = 0

    def _compare(self, counts: list[int | None]) -> None:
        output = counts[1]
        if output is not None and output > 0 and len(self._reports) > 1 and self._texts:
            self._stuck = self._stuck + 1 if output == self._most[1] else 0
        for at, count in enumerate(counts):
            if count is None or count < 0:
                continue
            if count < self._most[at]:
                self._odd = "its later reports are smaller than its earlier ones"
            self._most[at] = max(self._most[at], count)
        if self._first_output is None:
            self._first_output = output

    def _falls_short(self) -> bool:
        """Tell whether the output grew by less than the text that came since the first report can
        have tokens: one a word, but for a word that had begun before; in long texts, where a token
        may hold several words, the fewest that any tokenizer has.
        """
        if self._first_output is None or len(self._reports) < 2:
            return False
        grown = self._most[1] - self._first_output
        text = "".join(self._since_first)
        words = len(text.split())
        if grown and not text[:1].isspace():
            words -= 1
        few = words if words < LONG_WORDS else 0
        return max(few, least_tokens(text)) > grown

    def report(
        self,
        normalise: Callable[[Json], Usage],
        *,
        whole: bool,
        tier: Json = None,
    ) -> tuple[UsageReport | None, str | None]:
        """Return the usage to store, and what is to be said of it.

        Args:
            normalise: puts one report into buckets.
            whole: the answer came to its end, be it a fault that the server names. Reports of one
                that broke off count a part of what is billed: how much the whole was is unknown.
            tier: the tier of service that stands beside the usage.
        """
        if self.last is None:
            said = "usage that cannot be relied on: usage is not an object"
            return None, said if self._no_object and whole else None
        if not whole:
            return UsageReport(UNKNOWN, with_tier(self.last, tier), None, self.received_ns), None
        odd = self._odd
        if odd is None and (self._stuck >= 2 or self._falls_short()):
            odd = "its reports do not grow with the answer"
        raw: Json = self.last if odd is None else {"reports": list(self._reports)}
        usage = UNKNOWN
        if odd is None:
            try:
                usage = normalise(self.last)
            except MalformedStream as error:
                odd = error.message.partition("; raw usage")[0]
            except ODD_KINDS as error:
                odd = f"a field of another kind than the protocol says ({error})"
        billed = None
        try:
            billed = billed_usd(self.last) if isinstance(self.last, Mapping) else None
        except MalformedStream as error:
            odd = odd or error.message.partition("; raw usage")[0]
        except ODD_KINDS as error:
            odd = odd or f"a charge of another kind than the protocol says ({error})"
        remark = None if odd is None else f"usage that cannot be relied on: {odd}"
        return UsageReport(usage, with_tier(raw, tier), billed, self.received_ns), remark


def with_tier(usage: Json, tier: Json) -> Json:
    """Return the usage as it came, and the tier that was served: OpenAI says it beside the usage,
    and bills by it.
    """
    if not isinstance(tier, str) or not isinstance(usage, Mapping) or "service_tier" in usage:
        return usage
    return {**usage, "service_tier": tier}


def _says_nothing(usage: Any) -> bool:
    """Return True if every count is 0: gateways send that where they did not count."""
    return isinstance(usage, Mapping) and not any(
        _first(usage, names) for names in (_INPUT, _OUTPUT, ("total_tokens", "totalTokenCount"))
    )


def _first(usage: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    for name in names:
        value = usage.get(name)
        if type(value) is int and -MOST_TOKENS < value < MOST_TOKENS:  # as nearly all are
            return value
        if isinstance(value, str) and value.strip().isdigit() and len(value) < 16:
            value = int(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and value == value:
            return int(value) if abs(value) < MOST_TOKENS else None
    return None
