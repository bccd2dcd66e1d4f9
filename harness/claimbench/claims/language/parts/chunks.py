# ruff: noqa: E501 - tables of words
"""A text of marks -> chunks that cover it wholly; what no table knows becomes a chunk ``unread``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.tables.pieces import ITEMS, PER, P, Q, Rule
from claimbench.claims.language.tables.table import rules_for

_NOUN = "|".join(f"(?P<{dim}>{noun})" for dim, noun in words.NOUNS.items())
_P = P.replace("typical)", "typical(?:ly)?)")
_MORE = r"(?: input| output| prompt)?"
_TASKS = r"(?:(?:evaluated |tested |measured |reported )?(?:tasks?|benchmarks?|categories|datasets?|workloads?|tests?|evaluations?|evals?))"
_COUNTED = rf"(?: single| individual)?(?: one)?(?: of (?:the|our|these))?(?: <n\d+>)?(?: different)? {_TASKS}"
_THINGS = r"(?: (?:tasks?|benchmarks?|items?|questions?|inputs?|texts?|tickets?|requests?|samples?|problems?|data|set|workloads?))?"

_AMOUNT = r"<(?P<qk>[poxfudn])(?P<q>\d+)>"
_RATE = r"(?: rates?)?"
_PER_SECOND = r"(?:output )?(?:tokens? ?(?:per|/|a) ?(?:s|sec|second)|t/s|tok/s|tps)"

TABLES: tuple[tuple[str, str], ...] = (
    ("arm", r"·?(?:the |either |both )?⟦a(?P<arm>\d+)⟧"),
    ("mutual", r"(?:as |than |with |to )?(?:each other|one another)"),
    ("except", r"(?:,? ?but|except(?: for)?|other than|apart from|aside from|besides|excluding|with the exception of|save) (?:the )?⟦a(?P<arm>\d+)⟧(?= ?(?:$|[.,;!]))"),
    ("rest", r"(?:all(?: comers)?|everyone(?: else)?|everybody(?: else)?|every model|anyone else|everything(?: else)?|anything else|the field)(?= ?(?:$|[.,;!]| on | in | for | by | but | except | save | other than | apart from ))"),
    ("rest", r"(?:(?:all|any|every|each|either) )?(?:of )?(?:the |its |our )?(?:other|others|rest|rivals?|competitors?|alternatives?|competition)"
             r"(?: (?:models?|systems?|arms?|one|ones))?(?: (?:tested|measured|here))?"),
    ("rest", r"(?:all |any |the )?(?:(?:leading|best|top|major|popular) )?(?:off-the-shelf|third-party) (?:models?|ones|llms?|systems?)"),
    ("rival", rf"(?:{words.VERSUS}) {_AMOUNT}(?: accuracy| errors?{_RATE}| latency| {_PER_SECOND}| {PER})? (?:for|by|of|from|with|on|at) ⟦a(?P<arm>\d+)⟧"),
    ("rival", rf"(?:{words.VERSUS}) ⟦a(?P<arm>\d+)⟧(?:'s?)?(?: at| with| costs?| scores?| takes)? {_AMOUNT}(?: accuracy| {_PER_SECOND}| {PER})?(?! (?:{words.LESS}|{words.MORE}|cheaper|better|faster|of))"),
    ("by_amount", rf"by (?:a margin of )?{Q}"),
    ("hedge", rf"(?:{words.HEDGES})"),
    ("compare", rf"(?:when )?(?:{words.COMPARE})(?: that of| those of| what)?"),
    ("as", r"as(?= (?:the )?⟦)"),
    ("unlike", r"unlike"),
    ("both", r"both"),
    ("this", r"(?:this|that (?:model|system|llm|one))"),
    ("dim", rf"'s? (?:{_P}? ?)(?:{_NOUN})(?: times?)?"),
    ("dim_of", rf"(?:the )?(?:{_P} )?(?:{_NOUN}) of"),
    ("poss", r"'s?(?= |$|[.,;)])"),
    ("tail", r"(?:does|do|is|are|costs?|charges|has|did|was|takes|needs|scores)(?= ?(?:$|[.,;)]| and | but ))"),
    ("verb", rf"(?:{words.BE}|(?:{words.HAVE}){words.WORK}?|comes? (?:in|out)|compares?)"),
    ("not", r"without (?:being|getting|becoming)"),
    ("not", r"(?:not(?! only| just| merely| all| every| always)|can not|no longer|fails? to|failed to|unable to)"),
    ("not", r"no(?= (?:less|more|cheaper|better|worse|faster|slower|higher|lower|dearer|pricier|costlier|quicker|smarter))"),
    ("neither", r"neither"),
    ("nor", r"(?:and |, )?nor"),
    ("never", r"never"),
    ("always", r"(?:always|consistently|in every case|in all cases|every time|across the board)"),
    ("sometimes", r"(?:sometimes|(?<!less )(?<!more )(?<!as )(?:often|frequently|regularly)|routinely|in many cases|in some cases|occasionally|in certain cases|can(?: be)?(?= ))"),
    ("sometimes", rf"(?:on|in|for) (?:some|certain)(?: of the)? (?:{_TASKS}|\w+s)"),
    ("count", rf"(?:on|in|for) (?:at least )?<n(?P<k>\d+)>(?: or more)?(?: of the)? {_TASKS}"),
    ("every", rf"(?:on|in|across|for|over|at) (?:every|each|all|both){_COUNTED}"),
    ("every", r"(?:on|in|across|for|over) (?:all|both|each|every one) of (?:them|the tasks|the benchmarks)"),
    ("count", rf"(?:on|in|across|for) <n(?P<k>\d+)> (?:out of|of|in) (?:the |our )?<n(?P<of>\d+)> {_TASKS}"),
    ("count", r"(?:on|in|for) <[pf](?P<kf>\d+)>(?: of)?(?: the)? " + _TASKS),
    ("portion", rf"(?:for|in|on|at) <(?P<sk>[pf])(?P<s>\d+)> (?:of )?{ITEMS}"),
    ("most", rf"(?:on|in|across|for) (?:most|a majority|the majority)(?: of)?(?: the)? {_TASKS}"),
    ("task", rf"(?:on|for|in|at|with|across|over) (?:the |both )?(?P<tasks>⟦t\d+⟧(?:(?:, and |, | and )⟦t\d+⟧)*){_THINGS}"),
    ("slice", rf"(?:on|for|in|with) (?:the )?⟦s(?P<slice>\d+)⟧{_THINGS}"),
    ("quantile", rf"(?:(?:at|for|in|on|by) )?(?:the )?{_P}(?! (?:latency|response))"),
    ("quantile", rf"(?:at|for|in|on)? ?(?:the )?{_P}"),
    ("ttft", r"(?:to|until|in|on|for|by)? ?(?:receive |produce |return |generate |emit |get )?(?:the )?(?:ttft|(?:time to )?(?:the )?first[- ]token)(?: \(ttft\))?"),
    ("per_token", r"(?:per|for each|by)[- ](?:output[- ]|input[- ])?token|per (?:<n(?P<things>\d+)>|(?P<mtok>million)) (?:input |output )?tokens|inter[- ]token"),
    ("e2e", r"(?:end[- ]to[- ]end|e2e|for whole answers|in total time|in response time)"),
    ("list_price", r"(?:in|by|at|on) list prices?|per[- ]token(?= (?:rates?|prices?|costs?|pricing))"),
    ("per_request", r"(?:per|for each|for every|a) (?:request|call|query|answer|prompt)|per <n(?P<things>\d+)> (?:requests|calls|queries|answers|prompts)"),
    ("per_correct", r"(?:per|for each|for every) (?:correct|right|solved) (?:answer|task|problem)"),
    ("in_dim", rf"(?:in|on|for|in terms of|when it comes to|at) (?:the |both )?(?:{_NOUN})"),
    ("noun", rf"(?:the |its |their )?(?:{_P} )?(?:{_NOUN})"),
    ("with_arm", r"(?:with|using|on|for|under|from) (?:the )?⟦a(?P<arm>\d+)⟧"),
    ("which", r"(?:which|that|who)(?= )"),
    ("and", r"(?:,? ?and|,? ?as well as|,? plus|;|\. |\.$| - )(?: at the same time)?"),
    ("or", r",? ?or"),
    ("but", r",? ?(?:but|yet|while|whereas|although|though|however|despite being|and yet)(?: also| still| is still)?"),
    ("comma", r","),
)  # fmt: skip


_NEEDS: dict[str, tuple[str, ...]] = {
    "mutual": ("other",), "except": ("but", "except", "other", "apart", "aside", "beside", "exclu", "save"),
    "rest": ("other", "rest", "rival", "competit", "alternative", "all", "every", "anyone", "field", "off-the-shelf", "third-party"),
    "rival": ("versus", "compar", "relative", "against", "over", "next"), "by_amount": ("by ",), "portion": ("for ", "in ", "on ", "at "),
    "unlike": ("unlike",), "both": ("both",), "this": ("this", "that"), "neither": ("neither",), "nor": ("nor",), "never": ("never",), "always": ("always", "consist", "every", "all cases", "across"),
    "sometimes": ("some", "often", "frequent", "routinely", "regularly", "cases", "occasion", "can", "certain"), "count": ("<n", "<f", "<p"),
    "every": ("every", "each", "all", "both"), "most": ("most", "majority"), "task": ("⟦t",), "slice": ("⟦s",), "quantile": ("p", "median", "typical"),
    "ttft": ("ttft", "first"), "per_token": ("token",), "e2e": ("end", "e2e", "whole", "total", "response"), "list_price": ("list", "token"),
    "per_request": ("request", "call", "query", "answer", "prompt", "quer"), "per_correct": ("per ", "for "),
    "dim_of": words.ALL_STEMS, "dim": ("'",), "in_dim": words.ALL_STEMS, "noun": words.ALL_STEMS, "poss": ("'",), "with_arm": ("with", "using", "on", "for", "under", "from"),
    "which": ("which", "that", "who"), "but": ("but", "yet", "wh", "though", "however", "despite"), "or": ("or",), "comma": (",",), "as": ("as",),
    "not": ("not", "no", "without", "fail", "unable"),
}  # fmt: skip
"""What every match of a kind holds one of: a row is compiled only for a text that has it."""


def _may_match(kind: str, text: str) -> bool:
    needs = _NEEDS.get(kind)
    return needs is None or any(need in text for need in needs)


@cache
def _compiled(kind: str, pattern: str) -> re.Pattern[str]:
    """Compile a row at the first sentence: most commands read none."""
    edge = "" if kind in {"and", "comma"} else r"(?![\w⟦<])"
    return re.compile(f"(?:{pattern}){edge}")


_FILL = re.compile(
    "(?:"
    + "|".join(re.escape(f) for f in sorted(words.FILLERS, key=len, reverse=True) if f[0].isalpha())
    + r")(?![\w])|(?:only|just|merely)(?= (?:<|as |half|the same|equally|slightly|marginally|below|above|behind))|[,:()\"'!-]"
)
_LAST_ALSO = re.compile(r"also(?= ?(?:$|[.,;)]|·?(?:the )?⟦))")
_WORD = re.compile(r"[^\s,;()\"⟦<]+?(?=[.!?]*(?:[\s,;()\"]|$))|<[a-z]\d+>|⟦[a-z]\d+⟧|\S")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of the text: what it is, and for predicates which rule matched."""

    kind: str
    text: str
    start: int
    match: re.Match[str]
    rule: Rule | None = None


def cut(text: str) -> list[Chunk]:
    """Cut a text of marks into chunks, the longest first at each place; spaces are dropped."""
    out: list[Chunk] = []
    rules = rules_for(text)
    rows = [row for row in TABLES if _may_match(row[0], text)]
    at = 0
    while at < len(text):
        if text[at] == " ":
            at += 1
            continue
        chunk = _longest(text, at, rules, rows)
        out.append(chunk)
        at += max(len(chunk.text), 1)
    return [c for c in out if c.kind != "filler"]


def _longest(text: str, at: int, rules: Sequence[Rule], rows: Sequence[tuple[str, str]]) -> Chunk:
    best: Chunk | None = None
    for rule in rules:
        match = rule.pattern.match(text, at)
        if match is not None and (best is None or match.end() - at > len(best.text)):
            best = Chunk("said", match[0], at, match, rule)
    for kind, pattern in rows:
        match = _compiled(kind, pattern).match(text, at)
        if (
            match is not None
            and match.end() > at
            and (best is None or match.end() - at > len(best.text))
        ):
            best = Chunk(kind, match[0], at, match)
    match = _FILL.match(text, at)
    if match is not None and (best is None or match.end() - at > len(best.text)):
        kind = "unread" if _LAST_ALSO.match(text, at) else "filler"
        best = Chunk(kind, match[0], at, match)
    if best is not None:
        return best
    match = _WORD.match(text, at)
    assert match is not None  # noqa: S101  the last alternative takes anything
    kind = "filler" if match[0] in {".", "!", "?"} else "unread"
    return Chunk(kind, match[0], at, match)
