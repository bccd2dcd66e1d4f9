"""Bullets, boxes and numbers before the items of a list, as one plain bullet a line."""

from __future__ import annotations

import re

_TICKED = r"\[[xX✓✔√]\]|[☑✔✅✓🗹🗸☒]"
_OPEN = r"\[[  _]?\]|[☐⬜◻▢□]"
_CROSSED = r"[❌✗✘✖❎🚫]"
_SIGNS = r"[➤➔➜➢➣➡→⇒⇨⟶▶►▸▹▻»›❖◆◇■▪▫○◯⚫⚪★☆✦✧✱❥👉🔹🔸🔷🔶🔘🔵🔴🟢⮕∙·⁃◼◾]"
_COUNTED = r"[①-⑳⑴-⒇⒈-⒛Ⓐ-ⓩ❶-❿➀-➓㊀-㊉]|\d{1,2}\ufe0f?\u20e3"
_NAMED = (
    r"[(\[（【](?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5}|[а-яА-Я]|[一二三四五六七八九十]{1,3})[)\]）】]"
    r"(?=\s|[^\x00-\x7f])"
)
_PLAIN = r"(?:(?:[-*+•–]|\d{1,3}[.)])[ \t]+)?"
_VARIANT = r"\ufe0f?[ \t\u3000]*"
_LINE = re.compile(
    rf"[ \t]*{_PLAIN}(?:(?P<ticked>{_TICKED})|(?P<open>{_OPEN})|(?P<crossed>{_CROSSED})"
    rf"|{_SIGNS}|(?P<counted>{_COUNTED}|{_NAMED})){_VARIANT}(?P<item>\S.*)"
)
_INLINE = re.compile(rf"[ \t,;]*(?=(?:{_TICKED}|{_OPEN}|{_CROSSED}|[➤➔➜➢▶►❖◆👉🔹🔸])[^\n])")
_MARK = re.compile(rf"\s*(?:{_TICKED}|{_OPEN}|{_CROSSED}|[➤➔➜➢▶►❖◆👉🔹🔸])")


def with_plain_bullets(text: str) -> str:
    """Return a text whose bullets and boxes are hyphens: ``- [x] red``, ``☑ red``, ``➤ red``,
    ``(a) red`` and ``① red`` as ``- red``.

    Of boxes of which some are ticked, those count alone; crossed items beside others are left out.
    """
    if text.isascii() and "[" not in text and "(" not in text:
        return text
    if "\n" not in text.strip() and _MARK.match(text) and len(_INLINE.findall(text)) > 1:
        text = _INLINE.sub("\n", text).strip()
    lines = [(line, _LINE.fullmatch(line.rstrip())) for line in text.split("\n")]
    found = [match for _, match in lines if match is not None]
    ticked = any(match.group("ticked") for match in found)
    kept = [match for match in found if not match.group("crossed")]
    if not kept or (len(found) == 1 and len(text.strip().split("\n")) > 1):
        return text
    if len(lines) == 1 and found[0].group("counted"):
        return text  # (a) red (b) green
    plain: list[str] = []
    for line, match in lines:
        if match is None:
            plain.append(line)
        elif not match.group("crossed") and not (ticked and match.group("open")):
            plain.append(f"- {match.group('item')}")
    return "\n".join(plain)
