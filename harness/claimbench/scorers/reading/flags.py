"""Answers that go through all labels and say of each whether it applies: "price: yes", "[x] price",
``{"price": true}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from claimbench.number_text.plain import plain

_YES = (
    "yes|true|right|correct|richtig|juste|exact|correct[ao]|corrett[ao]|верно|правильно|正确|正確|正しい"
    "|맞음|정답|true|1|y|x|applies|ja|wahr|oui|vrai|sí|si|verdadero|sim|sì|vero|да|так|tak|evet|ano|kyllä"
    "|igen|da|ναι|نعم|כן|हाँ|हां|はい|是|有|예|네|có|ya|ใช่|✅|✓|✔|☑|✔️"
)
_NO = (
    "no|false|wrong|incorrect|falsch|inexact|incorrect[ao]|sbagliat[ao]|errad[ao]|неверно|неправильно"
    "|错误|錯誤|错|間違い|誤り|틀림|오답|0|n|does not apply|not applicable|n/a|nein|falsch|nee"
    "|non|faux|falso|não|нет|ні|nie"
    "|hayır|ne|ei|nem|nu|όχι|لا|לא|नहीं|いいえ|否|不是|无|無|아니요|아니오|không|tidak|ไม่|ไม่ใช่|❌|✗|✘|☐|×"
)
_WORD = re.compile(
    rf"\s*(?P<name>[^:=?：\n|]{{1,80}}?)\s*(?:[:=?：|→]|\s[-–—]\s|\s(?=[✅❌✓✗✔✘]))+\s*[*_`\"']*"
    rf"(?:(?P<yes>{_YES})|(?P<no>{_NO}))[*_`\"'.]*\s*(?:\(.*\)|[,–—-] .*)?\Z",
    re.IGNORECASE,
)
_BOX = re.compile(
    r"\s*(?:\[(?P<box>[ xX✓✔]?)\]|(?P<sign>[☐☑☒✅❌✓✗✔✘]))\s*(?P<name>.{1,80}?)[.,;]?\s*\Z"
)
_SIGN_NO = "❌✗✘✖×☐👎🚫⛔"
_BETWEEN = r"[*_`\"'\s)\]}]*(?:[:=：|→?？]|\s[-–—]\s)[\s*_`\"'(:=|]*"
_ENDED = (
    r"(?=[*_`\"'\s]*(?:\Z|[\n,;.!。，；|})\]–—]|\s-\s)"
    r"|\s(?:because|since|as|weil|denn|parce|porque|потому)(?!\w))"
)
_NO_BEHIND = rf"{_NO}|nope|nej|nei|hayir|falsk|falso|vals|fałsz|ложь|yanlış|偽|假"
_DENIES = re.compile(
    rf"{_BETWEEN}(?:(?P<word>{_NO_BEHIND})(?!\w)"
    rf"|(?P<number>\d{{1,3}}(?:[.,]\d+)?) ?(?P<percent>[%％]?)){_ENDED}"
    rf"|[*_`\"'\s)\]}}]*(?:[:=：|→] ?)?(?P<after>[{_SIGN_NO}])\ufe0f?"
    r"(?=[\s.,;*_|]*(?:\Z|[\n,;|]|\s\w))",
    re.IGNORECASE,
)
_MARKED_NO = re.compile(
    rf"(?:\A|\n|[,;])[\s>*•-]*(?:[{_SIGN_NO}]\ufe0f?|\[ ?\])\s*(?P<name>[^\n,;]{{1,80}})"
    r"|~~(?P<struck>[^~\n]{1,80})~~"
)
_PARTS = re.compile(r"\n|[;,]\s+|(?<=[^\s])\s+(?=[☐☑☒])|(?<=[✅❌✓✗✔✘])\s+(?=[^\W\d])")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_TICKED = frozenset("xX✓✔☑☒✅")


def flagged(text: str, name_of: Callable[[str], str | None]) -> set[str] | None:
    """Return the labels that an answer says to apply, of those it goes through one by one.

    Args:
        text: the answer.
        name_of: the label that a short text is, or None.

    Returns:
        None where the answer does not say yes or no of every label that it names, two at least.
    """
    found: dict[str, bool] = {}
    for part in _PARTS.split(plain(text)):
        said = _said(_BULLET.sub("", part).strip(" *_`\"'|"))
        if said is None:
            if name_of(part) is not None:
                return None
            continue
        label = name_of(said[0])
        if label is None:
            continue
        if found.get(label, said[1]) != said[1]:
            return None
        found[label] = said[1]
    return {label for label, applies in found.items() if applies} if len(found) > 1 else None


def _said(part: str) -> tuple[str, bool] | None:
    if box := _BOX.match(part):
        mark = box.group("sign") or box.group("box")
        return box.group("name"), mark in _TICKED and mark != ""
    if word := _WORD.match(part):
        return word.group("name"), word.group("yes") is not None
    return None


def flagged_keys(
    value: Mapping[str, object], name_of: Callable[[str], str | None]
) -> set[str] | None:
    """Return the labels whose value in a JSON object is true, 1 or "yes"; None where a key is no
    label or a value says neither yes nor no.
    """
    found: set[str] = set()
    for key, one in value.items():
        label = name_of(key)
        yes = re.fullmatch(_YES, str(one), re.IGNORECASE)
        if label is None or not (yes or re.fullmatch(_NO, str(one), re.IGNORECASE)):
            return None
        if yes:
            found.add(label)
    return found if value else None


def refused(
    text: str,
    ends_with: Callable[[str], str | None],
    name_of: Callable[[str], str | None],
    chance: float,
) -> set[str]:
    """Return the labels of which an answer says that they do not apply: "spam: no", "spam ❌".

    Args:
        text: the answer.
        ends_with: the label with which a short text ends, or None.
        name_of: the label that a short text is, or None.
        chance: the probability of which a label that is less likely does not apply.
    """
    shown = plain(text)
    found: set[str] = set()
    for marked in _MARKED_NO.finditer(shown):
        label = name_of(marked.group("name") or marked.group("struck"))
        if label is not None:
            found.add(label)
    for said in _DENIES.finditer(shown):
        line = re.split(r"[:=：\n|{},;→]", shown[max(0, said.start() - 80) : said.start()])[-1]
        if said.group("after") and _BOX.match(line):
            continue
        label = ends_with(line)
        if label is None or (said.group("number") and not _is_unlikely(said, chance)):
            continue
        if not (said.group("after") or sum(map(str.isalpha, label)) > 1):
            continue  # "B: No" is option B with its text
        found.add(label)
    return found


def _is_unlikely(said: re.Match[str], chance: float) -> bool:
    value = float(said.group("number").replace(",", "."))
    if said.group("percent"):
        return value / 100 < chance
    return value < chance
