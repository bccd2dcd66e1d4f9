"""Columns of scores by the words in their names, in the languages in which people keep tables."""

from __future__ import annotations

import re
from collections.abc import Sequence

_ALL = """
    score scores scored correct correctness accuracy accurate acc match matches matched em f1
    pass passed passrate rating ratings grade graded verdict result judge judged judgement judgment
    quality success succeeded successful points similarity faithfulness faithful relevance relevancy
    helpfulness groundedness grounded win won resolved solved reward mark marks bleu rouge meteor
    chrf bertscore comet evaluation thumbs right precision recall
    genauigkeit bewertung korrekt korrektheit richtig richtigkeit punkte punktzahl ergebnis treffer
    trefferquote qualität urteil erfolg note schulnote zensur známka
    correcte réussi réussie réussite exactitude précision évaluation justesse résultat
    correcto correcta acierto aciertos exactitud precisión puntuación puntaje nota calificación
    evaluación resultado éxito
    corretto corretta accuratezza punteggio voto valutazione risultato esito
    correto correta acerto acertos acurácia pontuação avaliação
    juist nauwkeurigheid beoordeling cijfer resultaat poprawne poprawność ocena trafność wynik
    правильно верно точность оценка балл результат doğru doğruluk puan değerlendirme sonuç
"""
_OTHER = """
    answer response id count n total time latency cost tokens model date comment comments reason
    explanation feedback notes text label expected threshold weight max maximum possible
"""
_BESIDE = """
    exact strict flexible prefix quasi mean avg average human llm judge answer context overall
    final macro micro top is was rate the of l 1 2 k
"""
WORDS = frozenset(_ALL.split())
_SIGNS = re.compile(
    "正确|准确|得分|评分|分数|正解|正答|正確|評価|スコア|点数|정답|정확|점수|평가|صحيح|الدقة|تقييم|सही|अंक"
)
_PREFIXES = re.compile(r"(rouge|bleu|chrf|acc|f1|gpt\d*score)[\dlsw]*\Z")
_OTHERS = frozenset(_OTHER.split())
_ADJECTIVES = frozenset(_BESIDE.split())
GRADES = re.compile(r"(^|[\W_])(note|schulnote|zensur|známka)n?([\W_]|$)", re.I)
"""Names of school grades, of which 1 is the best in some countries and the worst in others."""


def may_be_score(column: str) -> bool:
    """Tell by a column's name whether it may hold scores: a word for them, and none for what else
    stands beside answers (``correct answer``, ``pass threshold``).
    """
    words = _words(column)
    if words & _OTHERS:
        return False
    return bool(words & WORDS) or _named_metric(words) or bool(_SIGNS.search(column))


def metrics_of_one(columns: Sequence[str]) -> bool:
    """Tell columns of several metrics of one model (``exact_match``, ``f1``) from columns of one
    metric of several models (``gpt-4_score``, ``llama_score``), by what their names say beside it.
    """
    if not any(may_be_score(column) for column in columns):
        return False
    rest = []
    for column in columns:
        words = {word for word in _words(column) if not _PREFIXES.match(word)}
        rest.append(frozenset(words - WORDS - _ADJECTIVES))
    return not all(rest) or len(set(rest)) < len(rest)


def words_beside_scores(column: str) -> frozenset[str]:
    """Return the words of a column's name that are none for scores: ``mean accuracy`` has mean."""
    return frozenset(_words(column) - WORDS)


def _words(column: str) -> set[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column.rpartition(".")[2])
    return {word for word in re.split(r"[\W_]+", spaced.casefold()) if word}


def _named_metric(words: set[str]) -> bool:
    return any(_PREFIXES.match(word) for word in words)
