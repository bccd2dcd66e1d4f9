"""Where an answer states its value, and which lines and notes beside it state something else.

"Answer: 42" is the answer whatever is said behind it, as with labels
(:mod:`claimbench.scorers.reading.cues`). How sure a model is, a source in brackets and an
explanation under a bare value are no values of the answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

Place = tuple[int, int]
"""Begin and end of a value in a text."""

_NOUNS = (
    "answer|ans|antwort|antwoord|réponse|respuesta|resposta|risposta|ответ|відповідь|odpowiedź"
    "|odpověď|odpoveď|cevap|yanıt|svar|vastaus|válasz|răspuns(?:ul)?|απάντηση|đáp án|đáp số"
    "|câu trả lời|jawaban|الإجابة|الاجابة|الجواب|התשובה|תשובה|پاسخ|جواب|उत्तर|जवाब|উত্তর"
    "|பதில்|정답|답변|답"
)
_COPULAS = (
    "is|was|ist|lautet|wäre|est|es|sería|é|è|sarà|seria|это|jest|to|är|er|on|là|adalah|هي|هو|היא"
    "|הוא|है|은|는"
)
_CUE = re.compile(
    rf"(?<!\w)(?:{_NOUNS})(?:[은는이가])?(?: [^\W\d]+){{0,2}}? ?[*_]*"
    rf"(?: ?[:：=—]| (?:{_COPULAS})(?!\w) ?:?|(?<=[은는]))"
    r"|(?:答案|答え|回答|解答|正解|คำตอบ)(?:应该是|應該是|应为|應為|是|为|為|は|คือ)? ?[*_]*[:：]?",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"[^\w\n+=.-]*(?:(?:about|approximately|roughly|exactly|around|etwa|ungefähr|circa|genau"
    r"|environ|aproximadamente|circa|около|примерно|约|約)[^\w\n+=-]*)?[-+$€£]?\Z",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"[*_`$\"'”»)\]]*(?: ?[^\W\d_][\w/²³°%]*){0,2}[*_`$\"'”»]*\s*"
    r"(?:\Z|\n|[.;!?。；！？।](?:\W|\Z)|[。，]|,\s*(?!(?:and|or|und|oder|et|ou|y|o|e|и|или)\b)[^\W\d]"
    r"|[(\[（【]|[—–-] [^\W\d])"
)
_TAKES_BACK = re.compile(
    r"(?<!\w)(?:wait|actually|correction|corrected|sorry|mistake|scratch that|let me|instead"
    r"|recheck|recalculat\w+|moment|korrektur|stattdessen|attendez|espera|подожди\w*|исправ\w+)"
    r"(?!\w)|等等|更正|訂正|잠깐",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"\n|[.!?](?=\s|\Z)|[。！？।]")
_SURE = re.compile(
    r"^[\W_]*(?:my )?(?:confidence|certainty|probability of being correct|konfidenz|sicherheit"
    r"|confiance|confianza|confiança|fiducia|уверенность|pewność|güven|置信度|信心|確信度|자신감|신뢰도"
    r"|الثقة|ביטחון|विश्वास)(?: (?:level|score|rating))?[\W_]{0,4}[:：=].*$",
    re.IGNORECASE | re.MULTILINE,
)
_EXPLAINED = re.compile(
    r"\n[\W_]*(?:explanation|reason(?:ing)?|rationale|justification|note|notes|source|sources"
    r"|references?|because|here'?s why|working|calculation|steps|erklärung|begründung|hinweis"
    r"|quelle|rechnung|explication|raison|justification|source|remarque|explicación|razón|nota"
    r"|fuente|explicação|justificativa|fonte|spiegazione|motivo|uitleg|toelichting|bron"
    r"|объяснение|пояснение|обоснование|источник|wyjaśnienie|uzasadnienie|źródło|açıklama"
    r"|giải thích|penjelasan|解释|解釋|说明|說明|理由|解説|説明|설명|이유"
    r"|الشرح|التفسير|السبب|הסבר|स्पष्टीकरण|व्याख्या"
    r"|คำอธิบาย|เหตุผล)[*_]*\s*[:：]",
    re.IGNORECASE,
)
_CHECKED = re.compile(
    r"\n[\W_]*(?:check(?:ing)?|verification|verify(?:ing)?|double[- ]check|probe|vérification"
    r"|comprobación"
    r"|verifica|verificação|controle|проверка|перевірка|sprawdzenie|验证|驗證|检验|検算|검산)[*_]*\s*[:：].*\Z",
    re.IGNORECASE | re.DOTALL,
)
_CITED = re.compile(
    r"\[\^?\d{1,3}\]:.*$|\[\^?\d{1,3}(?:[,–-] ?\d{1,3})*\]|【[^】]{0,40}】", re.MULTILINE
)
_ASIDE = re.compile(r"[^()\n]*")
_KEEPS = re.compile(r"[=≈~]|(?<!\w)(?:or|exact\w*|precise\w*|i\.e\.?|that is)(?!\w)", re.IGNORECASE)


def stated(places: Sequence[Place], text: str) -> list[int]:
    """Return which values of a text may be its answer, as their indices.

    All of them where the text neither states an answer nor has notes beside it.

    Args:
        places: where values stand, in order.
        text: the text in which they stand.
    """
    every = _beside_notes(list(range(len(places))), places, text)
    cues = [cue for cue in _CUE.finditer(text) if any(places[i][0] >= cue.end() for i in every)]
    if not cues:
        return every
    cue = cues[-1]
    after = [index for index in every if places[index][0] >= cue.end()]
    first = after[0]
    start, end = places[first]
    if _TAKES_BACK.search(text, end) or not _LEAD.fullmatch(text[cue.end() : start]):
        return every
    if _ENDS.match(text, end):
        return [first]
    last = _SENTENCE_END.search(text, end)
    return [index for index in after if last is None or places[index][0] < last.start()]


def without_explanation(text: str) -> str:
    """Return text without the lines that explain its answer, or say how sure it is."""
    shown = _SURE.sub("", text)
    explained = _EXPLAINED.search(shown)
    return shown if explained is None else shown[: explained.start()]


def _beside_notes(every: list[int], places: Sequence[Place], text: str) -> list[int]:
    """Leave out values in notes, as long as others remain."""
    notes = [
        found.span() for pattern in (_SURE, _CITED, _CHECKED) for found in pattern.finditer(text)
    ]
    explained = _EXPLAINED.search(text)
    if explained is not None and "\n" not in text[: explained.start()].strip():
        notes.append((explained.start(), len(text)))
    kept = [index for index in every if not _within(places[index], notes)] or every
    asides = [span for index in kept if (span := _note_behind(index, places, text)) is not None]
    return [index for index in kept if not _within(places[index], asides)] or kept


def _within(place: Place, spans: Sequence[Place]) -> bool:
    return any(start <= place[0] and place[1] <= end for start, end in spans)


def _note_behind(index: int, places: Sequence[Place], text: str) -> Place | None:
    """Return the brackets behind a value, at the end of the answer, that say something beside it:
    12 eggs (3 boxes of 4); not those of another spelling: twelve dozen (144).
    """
    start, end = places[index]
    if re.search(r"[-+*/×÷·=<>] ?\Z", text[max(0, start - 2) : start]):
        return None
    opened = re.compile(r"[*_]*(?: ?[^\W\d_]+){0,2}[*_]* ?\(").match(text, end)
    if opened is None:
        return None
    inside = _ASIDE.match(text, opened.end())
    if inside is None or not re.match(r"\)[\s.。!*_]*\Z", text[inside.end() :]):
        return None
    if not re.search(r"[^\W\d_]{2,}", inside.group()) or _KEEPS.search(inside.group()):
        return None
    return opened.end(), inside.end()
