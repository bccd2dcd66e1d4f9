# ruff: noqa: E501 - tables of words
"""A sentence about downloads or a trending list -> what it asks; None where it is no such sentence
as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from claimbench.claims.language.adoption.ask import Ask, Bound, Listed, Who
from claimbench.claims.language.names import nearest
from claimbench.errors import ClaimError
from claimbench.number_text.in_words import UNITS
from claimbench.types.adoption import Families

_WORDS = (*UNITS[1:], "twenty")
NUMBERS = {word: number for number, word in enumerate(_WORDS, start=1)}
_N = rf"(?:{'|'.join(sorted(_WORDS, key=len, reverse=True))}|\d{{1,3}})"
_OPEN = r"(?:open(?:[- ](?:source|weights?))? )?(?:ai )?"
_LIST = r"(?P<list>trending|most[- ]downloaded|downloaded)"
_WINDOW = r"(?: (?P<window>this month|last month|per month|a month|monthly|in the (?:last|past) (?:30 days|month)|over the (?:last|past) (?:30 days|month)|of all time|all[- ]time|in total|ever|to date))?"
_HEAD = (
    rf"(?:the )?(?:(?:top[- ]?(?P<n>{_N})(?: most)?(?: {_LIST})?|(?P<n2>{_N}) (?:top(?: most)? |most[- ])?(?P<list2>trending|downloaded)|(?P<n3>{_N}) top))"
    rf" {_OPEN}(?:models|repositories|repos|spots|places|positions|slots|ones)(?P<by> by (?:monthly )?downloads)?{_WINDOW}"
)
_BOUND = r"(?:(?P<bound>at least|no fewer than|not fewer than|no less than|more than|over|fewer than|less than|under|at most|no more than|up to|only|just|exactly) )?"
_QUANT = rf"{_BOUND}(?P<k>{_N}|all(?: {_N})?|none|most|half|every one)"
_ARE = r"(?:are now|are all|are|were|is|was|come from|came from|comes from|belong to|belongs to|(?:are|were) (?:made|built|developed|published|released) (?:by|in)|(?:are|were) from|(?:are|were) by)"
_HOLD = r"(?:hold|holds|held|take|takes|took|occupy|occupies|occupied|have|has|had|make up|makes up|made up|fill|fills|filled|claim|claims|claimed|account for|accounts for|own|owns|are|were)"
_PART = r"(?:account for|accounts for|accounted for|make up|makes up|made up|have|has|had|hold|holds|held|represent|represents|get|gets|got|take|takes|took|receive|receives)"
_PCT = r"(?P<pct>\d{1,3}(?:\.\d+)?) ?(?:%|percent|per cent)"
_ALL = r"(?:all |the |total )*(?P<win2>monthly |all[- ]time )?(?:model )?downloads"
_SUM = r"(?:(?:in|by|on|in terms of) (?:the number of )?)?(?:total )?(?P<win2>monthly |30[- ]day |all[- ]time |cumulative )?downloads"
_AHEAD = r"(?:(?:has |have |had |just |now )*(?:overtook|overtaken|overtakes?|surpass(?:ed|es)?|pass(?:ed|es)|exceeded|exceeds|pulled ahead of|moved ahead of|outgrew|outgrown))"
_FIRST = r"(?:the )?(?:(?P<list>most[- ]downloaded)|(?:number one|number 1|no\.? ?1|#1|top)(?: (?P<list2>trending|downloaded))?)"
_THING = rf" {_OPEN}(?:model family|family of models|family|models|model|repository|lab|maker|developer|country)"

PATTERNS: tuple[tuple[str, str], ...] = (
    ("top_n", rf"{_QUANT} (?:out )?of {_HEAD} {_ARE} (?P<who>.+)"),
    ("top_n", rf"(?P<who>.+?) {_HOLD} {_QUANT} (?:out )?of {_HEAD}"),
    ("top_n", rf"(?P<who>.+?) {_HOLD} (?P<all>all) {_HEAD}"),
    ("top_n", rf"(?P<all>all)(?: of)? {_HEAD} {_ARE} (?P<who>.+)"),
    ("top_n", rf"{_HEAD} (?:are|were) (?P<all>all|exclusively|entirely) (?P<who>.+)"),
    ("most", rf"(?P<who>.+?) (?:is|are|was|were|became|has become|remains?) (?:now )?{_FIRST}{_THING}{_WINDOW}"),
    ("most", rf"{_FIRST}{_THING}{_WINDOW} (?:is|are|was|were) (?P<who>.+)"),
    ("most", rf"(?P<who>.+?) (?:is|are) (?:the )?(?P<list>most[- ]downloaded){_WINDOW}"),
    ("overtook", rf"(?P<who>.+?) {_AHEAD} (?P<rival>.+?) {_SUM}{_WINDOW}"),
    ("more", rf"(?P<who>.+?) (?:has|have|had|gets?|got|sees?) more (?P<win2>monthly |all[- ]time )?downloads than (?P<rival>.+?){_WINDOW}"),
    ("more", rf"(?P<who>.+?) (?:is|are|was|were) downloaded more(?: often| frequently)? than (?P<rival>.+?){_WINDOW}"),
    ("share", rf"(?P<who>.+?) {_PART} {_BOUND}{_PCT} of {_ALL}{_WINDOW}"),
    ("share", rf"{_BOUND}{_PCT} of {_ALL}{_WINDOW} {_ARE}(?: of| for)? (?P<who>.+)"),
    ("share", rf"{_BOUND}{_PCT} of {_ALL}{_WINDOW} (?:go|goes|went) to (?P<who>.+)"),
    ("share", rf"(?P<who>.+?)(?:'s|') share of {_ALL}{_WINDOW} (?:is|was) {_BOUND}{_PCT}"),
    ("share", rf"the share of (?P<who>.+?) in {_ALL}{_WINDOW} (?:is|was) {_BOUND}{_PCT}"),
    ("share", rf"(?P<who>.+?) {_PART} (?:the|a) (?P<majority>majority) of {_ALL}{_WINDOW}"),
    ("share", rf"(?P<who>.+?) {_PART} (?P<majority>most) {_ALL}{_WINDOW}"),
)  # fmt: skip
"""Kind, and the whole sentence; the first that fits decides."""

_BOUNDS: dict[str, Bound] = {
    "at least": "at_least", "no fewer than": "at_least", "not fewer than": "at_least", "no less than": "at_least",
    "more than": "more_than", "over": "more_than", "fewer than": "less_than", "less than": "less_than", "under": "less_than",
    "at most": "at_most", "no more than": "at_most", "up to": "at_most",
    "only": "exactly", "just": "exactly", "exactly": "exactly",
}  # fmt: skip
_PLACE = re.compile(
    r"(?:,? (?:on|at|in) (?:the )?(?:hugging ?face|hf)(?:'s)?(?: (?:hub|model hub|trending list))?|,? on the (?:model )?hub)"
)
_EMPTY = re.compile(
    r"^(?:currently|today|right now|now|at the moment|at present|as of today),? |,? (?:currently|today|right now|now|at the moment|at present)$"
)
_ABOUT = re.compile(r"\btrending\b|\bdownload(?:s|ed)?\b|\btop[- ]?" + _N + r"\b", re.IGNORECASE)
_ONE = re.compile(
    r"(?:open )?(?:models? )?(?:of|from|by|in)? ?(?:one|a single|the same) (?P<what>country|lab|company|maker|developer)"
)
_WRAP = re.compile(
    r"^(?:the )?(?:open(?:[- ](?:source|weights?))? )?(?:(?:ai )?models? )?(?:(?:made|built|developed) )?(?:of|from|by|in)? ?(?P<name>.+?)(?: (?:ai )?(?:open(?:[- ](?:source|weights?))? )?(?:models?|ones|labs?|companies|family|repositories|makers))?$"
)


class Impossible(ClaimError):
    """A sentence that cannot be true as it stands, whatever a list shows."""


def is_about_adoption(text: str) -> bool:
    """Tell whether a sentence speaks of downloads, trending or a top list."""
    return _ABOUT.search(text) is not None


def read_adoption(text: str, table: Families, repositories: Collection[str]) -> Ask | None:
    """Read a sentence wholly.

    Args:
        text: as published.
        table: who made what.
        repositories: those of the snapshots.

    Raises:
        ClaimError: a name that neither the table nor the snapshots have, or a number that cannot be.
    """
    simple = _simple(text)
    for kind, pattern in PATTERNS:
        found = re.fullmatch(pattern, simple)
        if found is None:
            continue
        said = {name: value for name, value in found.groupdict().items() if value is not None}
        listed = _listed(kind, said)
        if listed is None:
            continue
        who = _who(said["who"], table, repositories, text)
        if kind == "top_n":
            return _top(said, who, listed, text)
        if who.level == "one":
            raise ClaimError(f"cannot read {text!r}: it does not say whose", hint=_KNOWN)
        if kind == "share":
            bound = _BOUNDS[said["bound"]] if "bound" in said else "stated"
            if "majority" in said:
                return Ask("share", who, listed, share=0.5, bound="more_than")
            share = float(said["pct"]) / 100
            if share > 1:
                raise Impossible(f"{said['pct']}% of all downloads is more than all of them")
            digits = len(said["pct"].partition(".")[2])
            return Ask(
                "share", who, listed, share=share, half=0.5 / 10 ** (digits + 2), bound=bound
            )
        if kind == "most":
            return Ask("most", who, listed)
        rival = _who(said["rival"], table, repositories, text)
        if rival == who:
            raise ClaimError(f"{who.name} is compared with itself in {text!r}")
        if rival.level != who.level:
            raise ClaimError(
                f"{who.name} is a {who.level}, {rival.name} a {rival.level}: they are not compared",
                hint="name two repositories, two families, two labs or two countries",
            )
        return Ask("overtook" if kind == "overtook" else "more", who, listed, rival)
    return None


_KNOWN = 'such as "four of the top five trending models are Chinese", "Qwen overtook Llama in downloads", "Qwen is the most downloaded family", "Chinese models account for more than 40% of downloads"'


def _simple(text: str) -> str:
    """One spelling: lower case, plain quotes, blanks; without the hub's name and the present day."""
    simple = text.replace("\u2019", "'").replace("\u2018", "'").replace("\u00a0", " ").lower()
    simple = " ".join(simple.split()).strip(' .!"\u201c\u201d')
    simple = _PLACE.sub("", simple)
    return _EMPTY.sub("", _EMPTY.sub("", simple)).strip()


def _listed(kind: str, said: dict[str, str]) -> Listed | None:
    """Return what list or sum is meant; None where the sentence does not say."""
    window = (said.get("window", "") + said.get("win2", "")).strip()
    words = " ".join(said.get(name, "") for name in ("list", "list2", "by"))
    if "trending" in words:
        return None if window or "download" in words else "trending"
    if kind in ("top_n", "most") and "download" not in words:
        return None
    if not window:
        return "downloads"
    ever = ("all time", "all-time", "total", "ever", "to date", "cumulative")
    return "downloads_all" if any(word in window for word in ever) else "downloads_30d"


def _top(said: dict[str, str], who: Who, listed: Listed, text: str) -> Ask:
    n = _number(said.get("n") or said.get("n2") or said.get("n3") or "")
    word = said.get("k", "all")
    bound: Bound = _BOUNDS[said["bound"]] if "bound" in said else "stated"
    if word.startswith("all ") and _number(word[4:]) != n:
        raise ClaimError(f"cannot read {text!r}: {word} of {n}", hint="k of the top n")
    if word.startswith("all") or word == "every one" or "all" in said:
        k, bound = n, "at_least"
    elif word == "none":
        k, bound = 0, "at_most"
    elif word == "most":
        k, bound = n // 2 + 1, "at_least"
    elif word == "half":
        if n % 2:
            raise ClaimError(f"cannot read {text!r}: half of {n} is no whole number")
        k = n // 2
    else:
        k = _number(word)
    if not n >= 1 or k > n:
        raise Impossible(f"cannot read {text!r}: {k} of {n} cannot be", hint="k of the top n")
    return Ask("top_n", who, listed, k=k, n=n, bound=bound)


def _number(word: str) -> int:
    return NUMBERS.get(word) or int(word)


def _who(text: str, table: Families, repositories: Collection[str], sentence: str) -> Who:
    """Resolve whom a piece of a sentence names."""
    text = text.strip(" ,\"'")
    one = _ONE.fullmatch(text)
    if one is not None:
        return Who("one", "country" if one["what"] == "country" else "lab")
    wrapped = _WRAP.match(text)
    inner = text if wrapped is None else wrapped["name"]
    tries = [text, inner, inner.removeprefix("the ")]
    for name in dict.fromkeys(tries):
        found = _named(name, table, repositories)
        if found is not None:
            return found
    known = [one.name for one in table.families] + sorted(set(table.adjectives.values()))
    raise ClaimError(
        f"cannot read {sentence!r}: {inner!r} is no repository of the snapshots, and no family, lab"
        f" or country of the table{nearest(inner, known)}",
        hint="write it as the table does, or give a table of your own: adoption: {families: FILE}",
    )


def _named(name: str, table: Families, repositories: Collection[str]) -> Who | None:
    lower = name.lower()
    country = table.adjectives.get(lower) or _same(lower, _countries(table))
    if country is not None:
        return Who("country", country)
    full = _same(lower, repositories)
    if full is not None:
        return Who("repository", full)
    tails = [one for one in repositories if one.lower().rpartition("/")[2] == lower]
    if len(tails) == 1:
        return Who("repository", tails[0])
    if len(tails) > 1:
        raise ClaimError(f"{name!r} may be {' or '.join(sorted(tails))}", hint="write OWNER/NAME")
    for family in table.families:
        if lower in {one.lower() for one in (family.name, *family.also)}:
            return Who("family", family.name)
    lab = _same(lower, {family.lab for family in table.families})
    return None if lab is None else Who("lab", lab)


def _same(lower: str, names: Iterable[str]) -> str | None:
    return next((name for name in names if name.lower() == lower), None)


def _countries(table: Families) -> set[str]:
    stated = {family.country for family in table.families} | set(table.adjectives.values())
    return stated | {country for country in table.orgs.values() if country != "unknown"}
