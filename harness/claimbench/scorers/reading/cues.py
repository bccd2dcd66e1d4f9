"""Where an answer says which part of it is the answer: "Answer: B", "答案是B", "The team is IT."""

from __future__ import annotations

import re
from collections.abc import Mapping

from claimbench.number_text.plain import is_unspaced
from claimbench.scorers.reading.words import QUESTION, Words

_NOUNS = (
    "answer label category class choice option intent sentiment team topic result prediction"
    " classification verdict conclusion department output response grade rating score priority"
    " antwort kategorie klasse ergebnis stimmung abteilung lösung wahl bewertung"
    " antwoord categorie klasse réponse catégorie étiquette résultat sentiment classe équipe choix"
    " respuesta categoría etiqueta resultado clase opción sentimiento equipo resposta categoria"
    " etiqueta rótulo classe opção sentimento equipe risposta categoria etichetta risultato classe"
    " ответ категория класс метка результат вариант відповідь odpowiedź kategoria etykieta wynik"
    " cevap yanıt kategori etiket sonuç svar đáp_án câu_trả_lời nhãn jawaban kategori label"
    " الإجابة الاجابة الجواب التصنيف الفئة النتيجة القسم התשובה תשובה הקטגוריה קטגוריה התווית סיווג"
    " پاسخ جواب दल उत्तर जवाब श्रेणी वर्ग लेबल परिणाम भावना 정답 답 답변 분류 카테고리 라벨 결과 감정"
)
_COPULAS = (
    "is be are would_be should_be ist lautet wäre is est es sería é è sarebbe seria это является to"
    " jest är er là adalah هي هو היא הוא היא है 은 는"
)
_FILLERS = (
    "the a an option choice category label class team answer letter die der das den le la el il o"
    " option antwort thus therefore clearly most_likely probably"
)


def _of(words: str) -> str:
    return "|".join(sorted({re.escape(word.replace("_", " ")) for word in words.split()}))


_CUE = re.compile(
    rf"(?:(?<!\w)(?:{_of(_NOUNS)})(?:[은는이가])?(?: (?:{_of(_COPULAS)}))?"
    r"|答案|答え|回答|解答|正解|类别|類別|分类|分類|标签|標籤|标签|ラベル|カテゴリー?|结果|結果|結論|结论|选择|選擇|应选|應選|选项|情感|情绪|คำตอบ(?:ที่ถูก(?:ต้อง)?)?|หมวดหมู่|ประเภท|ป้ายกำกับ|ຄຳຕອບ|ចម្លើយ|အဖြေ)"
    r"(?:应该是|應該是|应为|應為|是|为|為|は|คือ|ได้แก่|ແມ່ນ|គឺ|မှာ)?"
    rf"(?: (?:{_of(_FILLERS)}))* ?\Z"
)
_SINGLE = re.compile(r"(?:(?<![不就])[是为為选選]|คือ|は)\Z")
_TAIL = re.compile(
    r" ?(?:です|である|だ|になります|と思います|입니다|이다|예요|이에요|임|है|ครับ|ค่ะ|了|的)?\Z"
)
_LONGEST_CUE = 120


def told(words: Words, spans: list[tuple[int, int, str]]) -> list[str]:
    """Return the labels, each once, that follow a word such as "answer" and end their clause."""
    found: dict[str, None] = {}
    starts = {start: end for start, end, _ in spans}
    for start, end, name in spans:
        _, last = words.clause(start, end)
        tail = words.folded[end : min(last, end + 20)]
        if words.kind_at(last) == QUESTION or len(tail) == 20 or not _TAIL.match(tail):
            continue
        if _goes_on(words, last, starts):
            continue
        before = words.folded[max(0, start - _LONGEST_CUE) : start]
        if _CUE.search(before) or (_is_one_sign(words, start, end) and _SINGLE.search(before)):
            found[name] = None
    return list(found)


def _goes_on(words: Words, last: int, starts: Mapping[int, int]) -> bool:
    """Return whether another label stands alone behind the clause: "Answer: B, C"."""
    following = starts.get(last + 1)
    return following is not None and words.clause(last + 1, following)[1] == following


def _is_one_sign(words: Words, start: int, end: int) -> bool:
    return end - start == 1 and is_unspaced(words.folded[start])
