r"""``label``: which of the task's labels does the answer name?

Reading, in this order, after Unicode's compatibility form, case folding, and signs and blanks taken
as one blank:

1. the whole answer is a label, or what stands in its last ``\boxed{}`` or ``<answer>`` is;
2. one label ends a clause behind a word that announces it ("The answer is B.", "答案：B");
3. one label occurs in the answer as whole words of its script (``lost_card`` in "a lost card"); a
   label inside a longer one that also occurs does not count, nor does a negated one ("not
   billing"). Several different labels, or none, are ``unparsable``.

Labels that are also words (IT, US, May, A, I, No) count inside a sentence only as written, and a
sign of a script without blanks (是) only as a clause or announced.

Labels that are numbers are also read by value: "5" names 5.0.

Where every label begins or ends with punctuation (``(A)``, ``(B)``) it is looked for as written
first, so that "(B) a film" is not read as two. Labels that lose their difference with their
punctuation (``c`` and ``c++``) keep it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache, partial

from claimbench.number_text import parse_number, read_numbers
from claimbench.number_text.latex import boxed, without_latex
from claimbench.number_text.plain import folded, is_unspaced, is_word
from claimbench.scorers.base import brief, outermost, scored, squeeze, unparsable, visible
from claimbench.scorers.reading.answers import right_answers
from claimbench.scorers.reading.common import is_common, is_mention
from claimbench.scorers.reading.cues import told
from claimbench.scorers.reading.flags import flagged, refused
from claimbench.scorers.reading.negation import affirmed
from claimbench.scorers.reading.scales import without_scale
from claimbench.scorers.reading.words import QUESTION, Words, loose_words, occurrences, strict_words
from claimbench.types import AnswerSpec, Json, Sample, Score, Task


class LabelScorer:
    """1 if the answer names the target, 0 if it names another label."""

    name = "label"
    version = "7"

    def __init__(self, options: Mapping[str, Json] | None = None) -> None:
        self._search = True
        self._aliases: tuple[str, ...] = ()
        self._separator = "|"
        self._which = "only"
        if options:
            from claimbench.scorers.options import LabelOptions, read_options

            read = read_options(LabelOptions, options, self.name)
            self._search = read.search
            self._aliases = tuple(read.aliases)
            self._separator = read.separator
            self._which = read.which

    def check(self, answer: AnswerSpec) -> str | None:
        """Refuse an answer space without labels."""
        return (
            None
            if answer.kind == "label"
            else f"the scorer label needs answers of type label, not {answer.kind}"
        )

    def score(self, call_id: str, text: str, sample: Sample, task: Task) -> Score:
        """See :class:`claimbench.scorers.base.Scorer`."""
        found = _read(text, task.answer.labels, self._search)
        if len(found) > 1 and self._which != "only":
            found = found[:1] if self._which == "first" else found[-1:]
        if len(found) != 1:
            what = f"names {len(found)} labels ({', '.join(found)})" if found else "names no label"
            return unparsable(self, call_id, f"{brief(text)} {what}")
        right = right_answers(sample, self._aliases, self._separator)
        why = f"read as {found[0]}; right is {' or '.join(right)}"
        return scored(self, call_id, float(found[0] in right), why)

    def read(self, text: str, labels: tuple[str, ...]) -> tuple[str, ...]:
        """Return the labels that ``text`` names, in order of first appearance; one means it could
        be read.
        """
        return _read(text, labels, self._search)


_ANSWERED_NO = re.compile(
    r"(?:no|nope|not|never|nein|nicht|nee|non|não|нет|ні|nie|hayır|لا|לא|नहीं|không)(?!\w)"
    r"|不|否|いいえ|違|아니|ไม่"
)
"""What a model says behind a label that it asked about."""


@lru_cache(maxsize=4096)
def _read(text: str, labels: tuple[str, ...], search: bool) -> tuple[str, ...]:
    """Return what an answer is read as; models that classify give the same few again and again."""
    strict, loose = _forms(labels)
    shown = _of_highest(visible(text), labels)
    parts = _parts(shown) if search else [shown]
    for part in parts:
        for forms, words in _readings(part, strict, loose):
            whole = [label for label, form in forms.items() if form == words.folded]
            if whole and squeeze(part).casefold() == whole[0].casefold():
                return tuple(whole)
            if whole:
                return _without_refused(part, tuple(whole), strict, loose)
    if search:
        for part in parts:
            for forms, words in _readings(part, strict, loose):
                found = _search(forms, words)
                if len(found) > 1:
                    ticked = flagged(part, partial(_whole_label, strict=strict, loose=loose))
                    found = tuple(ticked) if ticked is not None and len(ticked) == 1 else found
                if found:
                    return _without_refused(part, found, strict, loose)
    return _by_value(shown, labels)


_NOT = (
    "not",
    "non",
    "no",
    "nicht",
    "kein",
    "keine",
    "pas",
    "não",
    "niet",
    "geen",
    "не",
    "nie",
    "inte",
)


def _without_refused(
    text: str, found: tuple[str, ...], strict: Mapping[str, str], loose: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the labels found but those of which the answer says "no", or else the label that is
    the opposite: not spam for "spam: no".
    """
    forms = loose or strict
    denied = refused(
        text,
        partial(_label_at_end, strict=strict, loose=loose),
        partial(_whole_label, strict=strict, loose=loose),
        1 / len(forms),
    )
    kept = tuple(label for label in found if label not in denied)
    if kept or not denied:
        return kept
    negated = {f"{word} {forms[label]}" for label in denied for word in _NOT}
    opposite = [label for label, form in forms.items() if form in negated and label not in denied]
    return tuple(opposite) if len(opposite) == 1 else ()


def _label_at_end(text: str, strict: Mapping[str, str], loose: Mapping[str, str]) -> str | None:
    """Return the longest label with which a short text ends, or None."""
    for forms, words in _readings(text, strict, loose):
        ends = [
            (len(form), label)
            for label, form in forms.items()
            if any(end == len(words.folded) for _, end in occurrences(form, words))
        ]
        if ends:
            return max(ends)[1]
    return None


def _whole_label(text: str, strict: Mapping[str, str], loose: Mapping[str, str]) -> str | None:
    """Return the label that a short text is as a whole, or None."""
    for forms, words in _readings(text, strict, loose):
        for label, form in forms.items():
            if form == words.folded:
                return label
    return None


def _by_value(text: str, labels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the label that has the value of an answer's only number: 5.0 for "5"."""
    values = [parse_number(label) for label in labels]
    if None in values or len(set(values)) < len(labels):
        return ()
    numbers = read_numbers(text)
    if len(numbers) != 1 or numbers[0].percent or numbers[0].value not in values:
        return ()
    return (labels[values.index(numbers[0].value)],)


def _readings(
    text: str, strict: Mapping[str, str], loose: Mapping[str, str]
) -> list[tuple[Mapping[str, str], Words]]:
    found: list[tuple[Mapping[str, str], Words]] = []
    if strict:
        found.append((strict, strict_words(text)))
    if loose:
        found.append((loose, loose_words(text)))
    return found


def _parts(text: str) -> list[str]:
    """Return an answer and, before it, what it marks as its answer."""
    marked = boxed(text)
    if marked is None:
        pieces = re.split(r"</answer>", text, flags=re.IGNORECASE)
        tail = re.split(r"<answer>", pieces[-2], flags=re.IGNORECASE) if len(pieces) > 1 else [""]
        marked = tail[-1] if len(tail) > 1 else None
    return [text] if marked is None else [text, without_latex(marked)]


def _of_highest(text: str, labels: tuple[str, ...]) -> str:
    """Return text with "4/5" and "4 out of 5" as 4 where labels are grades up to 5."""
    if not all(label.strip().isdecimal() for label in labels):
        return text
    highest = max(labels, key=int).strip()
    text = without_scale(text, min(labels, key=int).strip(), highest)
    return re.sub(
        rf"(?<![\d/.,])(\d+)(?: ?/ ?| (?:out of|of|von|sur|de|su|из) ){highest}(?![\d/]|[.,]\d)",
        r"\1",
        text,
    )


@lru_cache(maxsize=64)
def _forms(labels: tuple[str, ...]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """How labels may be written: label -> strict form, label -> loose form; empty where that
    reading is not used.

    The loose one (words only) is used unless it makes two labels one; the strict one where signs at
    the ends of a label may matter, or the loose one cannot be used.
    """
    strict = {label: folded(squeeze(label)) for label in labels}
    loose = {label: loose_words(label).folded for label in labels}
    if not (all(loose.values()) and len(set(loose.values())) == len(labels)):
        return strict, {}
    signs = all(not (is_word(form[0]) and is_word(form[-1])) for form in strict.values())
    return (strict if signs else {}), loose


def all_named(text: str, labels: tuple[str, ...]) -> tuple[str, ...]:
    """Return every label that an answer names and does not negate."""
    strict, loose = _forms(labels)
    for forms, words in _readings(text, strict, loose):
        spans = outermost(_places(forms, words))
        sure = affirmed([span for span in spans if _counts(span, words)], words)
        if sure:
            found = tuple(dict.fromkeys(name for _, _, name in sure))
            return _without_refused(text, found, strict, loose)
    return ()


def _places(forms: Mapping[str, str], words: Words) -> list[tuple[int, int, str]]:
    return [(*span, label) for label, form in forms.items() for span in occurrences(form, words)]


def _search(forms: Mapping[str, str], words: Words) -> tuple[str, ...]:
    spans = outermost(_places(forms, words))
    announced = told(words, spans)
    certain = [span for span in spans if _counts(span, words)]
    sure = affirmed(certain, words)
    if len(announced) == 1:
        denied = {name for _, _, name in certain} - {name for _, _, name in sure}
        if announced[0] not in denied:
            corrected = _corrected(sure, words)
            return tuple(announced) if corrected is None else corrected
    stated = [span for span in sure if not _is_asked(span, words)]
    if sure and not stated and _ANSWERED_NO.match(words.folded, _after(sure[-1], words)):
        return ()
    return tuple(dict.fromkeys(name for _, _, name in stated or sure))


_TAKEN_BACK = re.compile(
    r"(?:(?:no|oh|ah|hmm) )*(?:wait|hold on|actually|correction|corrected(?: answer)?|sorry"
    r"|apologies|oops"
    r"|scratch that|on second thoughts?|edit|update|my mistake|i made a mistake|i was wrong"
    r"|i meant|let me"
    r"|korrektur|berichtigung|moment|entschuldigung|tatsächlich|attend(?:ez|s)|pardon|en fait"
    r"|erreur"
    r"|espera|perdón|corrección|en realidad|aspetta|correzione|anzi|scusa|correção|desculpe"
    r"|na verdade"
    r"|wacht|correctie|eigenlijk|подожди(?:те)?|стоп|исправление|поправка|на самом деле|извините"
    r"|виправлення|вибачте|czekaj|poprawka|korekta|przepraszam|bekle|düzeltme|aslında|vänta"
    r"|rättelse"
    r"|förlåt|vent|rettelse|oprava|počkat|počkej|javítás|korjaus|corecție|διόρθωση|انتظر|تصحيح"
    r"|عفوا|רגע|תיקון"
    r"|रुको|रुकिए|सुधार|khoan|đính chính|xin lỗi|tunggu|koreksi|maaf|ralat)(?!\w)"
    r"|等等|等一下|更正|纠正|不对|不對|抱歉|订正|訂正|待って|すみません|잠깐|정정|죄송|เดี๋ยว|แก้ไข"
)


def _corrected(sure: list[tuple[int, int, str]], words: Words) -> tuple[str, ...] | None:
    """Return what an answer names once it took back what it had announced; None where it did not:
    "Answer: A. Wait, it is B.".

    A label inside a clause ("Wait, B is near it") leaves all that are named.
    """
    for place in reversed([border + 1 for border in words.hard]):
        if place >= len(words.folded) or not _TAKEN_BACK.match(words.folded, place):
            continue
        behind = [span for span in sure if span[0] > place]
        names = tuple(dict.fromkeys(name for _, _, name in behind))
        if not names or all(span[0] > place for span in sure):
            continue
        last = behind[-1]
        tail = words.folded[last[1] : words.clause(last[0], last[1])[1]]
        if len(names) == 1 and not tail.strip():
            return names
        return tuple(dict.fromkeys(name for _, _, name in sure))
    return None


def _after(span: tuple[int, int, str], words: Words) -> int:
    return words.sentence(span[0], span[1])[1] + 1


def _is_asked(span: tuple[int, int, str], words: Words) -> bool:
    return words.kind_at(words.sentence(span[0], span[1])[1]) == QUESTION


def _counts(span: tuple[int, int, str], words: Words) -> bool:
    """Return whether a label at its place is meant, not the word that is spelt like it."""
    start, end, label = span
    if end - start == 1 and is_unspaced(words.folded[start]):
        return words.clause(start, end) == (start, end)
    return not is_common(words.folded[start:end]) or is_mention(start, end, label, words)
