"""Whether a value of an answer from passages is denied: "It never leaves at 19:50".

Narrower than what labels and numbers use (:mod:`claimbench.scorers.reading.negation`): sentences of
documents are full of "not", and a right answer may say that something cannot be or is not done
("opened honey cannot be returned"). What the passage itself says without a denial cannot be right
with one.
"""

from __future__ import annotations

import re

from claimbench.number_text.plain import typographic
from claimbench.scorers.reading.negation import denied_before, rejected_behind
from claimbench.scorers.reading.words import occurrences, strict_words

_BEFORE = re.compile(
    r"(?:\b(?:is|are|was|were|it's|that's)(?: not|n't)|\bnot|\bnever|\b(?:ist|sind|war) nicht"
    r"|\bnicht|\bn'est pas|\bpas|\bjamais|\bno es|\bnunca|\bmai|\bnon è|\bnão é|\bniet|\bне"
    r"|\bникогда"
    r"|ليس|不是|并非|並非"
    r"|\b(?:anything|everything|any time|all) but|other than|rather than|instead of|alles außer)"
    r"(?: (?:the|a|an|der|die|das|le|la|el|il|o|het|at|on|in|to|um|am|bei|à|a las|alle|às|om|в)"
    r"){0,2}[ \"'*]*\Z"
)
_BEHIND = re.compile(
    r"[ \"'*]*(?:(?:is|are|was|ist|est|es|è|é) (?:not|nicht|niet) (?:the |a |my |die |het )?"
    r"(?:right |correct |true |richtige )?(?:right|correct|true|answer|one|time|value|case|reply"
    r"|richtig|antwort|juist|antwoord)\b|(?:isn't|wasn't) (?:the |a )?(?:right|correct|true|answer"
    r"|one|time|value)\b|(?:is|was|ist|est|es|would be) (?:wrong|false|incorrect|untrue|falsch|faux"
    r"|fausse|fals[oa]|incorrect[oe]|a mistake|an error)"
    r"|n'est pas (?:la|le|juste|correct|bon)|no es (?:la|el|correct)|non è (?:la|il|corrett|giust)"
    r"|não é (?:a|o|corret|cert)|неверно|не (?:ответ|верно)|是错|是錯|不对|不對|不正确|不正確"
    r"|ではあり?ま?せ?な?い?ん?|じゃない|は間違い|は誤り)"
)
_THAT = re.compile(
    r"\b(?:(?:it|that)(?:'s| is) (?:false|wrong|untrue|incorrect|not (?:true|right|correct|the case"
    r"|so|as if))|(?:false|wrong|untrue|incorrect) (?:that|to say)|no truth in|denies? that"
    r"|i (?:do not|don't) (?:think|believe)|i doubt|es (?:ist|stimmt) (?:falsch|nicht)"
    r"|(?:il est|c'est) faux|ce n'est pas (?:vrai|le cas)|es falso|no es (?:cierto|verdad)"
    r"|è falso|non è vero|é falso|não é verdade|неверно|неправда)\b[^,;:.!?\n]{0,60}\Z"
)
_VERB = re.compile(
    r"(?:\b(?:do(?:es)?|did|will|would|can|could|shall|should|may|must|has|have|had|is|are|was"
    r"|were)"
    r" not\b|\bcannot\b|\b\w+n't\b|\bnever\b|\bno longer\b|\bnicht\b|\bnie(?:mals)?\b|\bkein\w*\b"
    r"|\bne\b[^,;:.!?\n]{1,25}\b(?:pas|jamais|plus)\b|\bn'\w+ (?:pas|jamais|plus)\b"
    r"|\b(?:no|nunca|jamás) (?:se )?\w+|\bnon \w+|\bnão \w+|\bniet\b|\bnooit\b|\bне\b|\bникогда\b"
    r"|(?<!\w)(?:لا|لن|ليس) )"
    r"(?P<between>[^,;:.!?\n]{0,40})\Z"
)
_NO_DOUBT = re.compile(
    r"\b(?:no doubt|no question|without (?:a |any )?(?:doubt|question)|not only|not just"
    r"|no later than"
    r"|no earlier than|no other than|zweifellos|kein zweifel|sans (?:aucun )?doute|sin duda"
    r"|senza dubbio|sem dúvida)\b"
)
_UNSPACED = re.compile(r"(?:不会在|不會在|不在|没有在|并不|不)[^，。；！？\n]{0,6}\Z")
_UNSPACED_BEHIND = re.compile(r"[^，。、；！？\n]{0,8}(?:ません|ない(?!と)|ぬ(?=。|\Z))")
_OTHERWISE = re.compile(
    r"\b(?:but|except|only|until|before|after|within|for|than|later|earlier|unless|instead|more"
    r"|less"
    r"|over|above|below|under|longer|aber|sondern|außer|erst|vor|nach|bis|mais|sauf|avant|après"
    r"|pero|sino|salvo|antes|después|hasta|ma|prima|dopo|mas|maar|voor|na|но|до|после|а)\b"
)
_PLACES = re.compile(
    r"\b(?:at|on|to|from|in|is|be|um|am|ab|à|aux?|a|las?|alle|às|om|в|of|cost|costs|take|takes)"
    r"[ \"'*]*\Z"
)
_NEGATION = re.compile(
    r"\b(?:not?|never|none|cannot|without|nicht|kein\w*|nie|pas|jamais|aucune?|nunca|non|não|niet"
    r"|geen|не|нет|except|closed|only|nur)\b|n't\b|不|没|無|无|ない|ません|لا|ليس"
)


def value_denied(text: str, start: int, end: int, *, plainly: bool = False) -> bool:
    """Return whether the value at a place is denied as the answer.

    Args:
        text: the answer without case.
        start: where the value begins.
        end: where it ends.
        plainly: the passage says the value without a denial, so that every denial of a verb before
            it ("the ferry does not leave at 19:50") denies it; else only those of values with a
            digit, which no rule of documents is about.
    """
    near = _NO_DOUBT.sub(" ", text[max(0, start - 80) : start])
    if _BEFORE.search(near) or _THAT.search(near):
        return True
    if _BEHIND.match(text, end) or rejected_behind(end, text):
        return True
    digit = any(c.isdigit() for c in text[start:end])
    if digit and denied_before(start, text):
        return not _OTHERWISE.search(re.split(r"[,;:.!?\n]", near)[-1])
    verb = _VERB.search(near)
    if verb is not None and not _OTHERWISE.search(verb["between"]):
        return plainly or (digit and _PLACES.search(near) is not None)
    unspaced = _UNSPACED.search(near) or _UNSPACED_BEHIND.match(text, end)
    return unspaced is not None and (plainly or digit)


def said_plainly(form: str, passage: str) -> bool:
    """Return whether a passage says a value, and nowhere in a clause with a denial before it."""
    words = strict_words(typographic(passage))
    places = list(occurrences(form, words, percent=True))
    if not places:
        return False
    for start, end in places:
        clause = re.split(r"[;:.!?\n]", words.folded[max(0, start - 80) : start])[-1]
        behind = re.split(r"[;:.!?\n。]", words.folded[end : end + 60])[0]
        if _NEGATION.search(clause) or _NEGATION.search(behind):
            return False
    return True
