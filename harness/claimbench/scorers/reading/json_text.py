"""A JSON object in an answer: in a code fence of any kind, or with text around it."""

from __future__ import annotations

import json
import re

from claimbench.types import Json

_FENCE = re.compile(r"^[ \t>]*(`{3,}|~{3,})[ \t]*([\w+.-]*)[ \t]*(.*)$")
_OBJECT = re.compile(r"\{\s*[\"}]")
_STRING = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_MARK = re.compile(r'["{}\[\]]')
_INVISIBLE_ENDS = "\ufeff\u200b\u200c\u200d\u2060\u200e\u200f"
_DEEPEST = 500


def read_object(text: str, *, first: bool = False) -> tuple[dict[str, Json] | None, str]:
    """Read an answer as a JSON object; returns it with a note, or None with the reason.

    The whole text, or else the last code fence that holds JSON, or else the last object in the
    text (``first``: the first of them). What is read must be strict JSON: no NaN, no duplicate key,
    no trailing comma.
    """
    text = text.strip().strip(_INVISIBLE_ENDS).strip()
    if not text.startswith(("{", "[")):
        inner, note = _inside(text, 0 if first else -1)
        if inner is not None:
            value, why = _load(inner)
            return value, note if value is not None else why
    value, why = _load(text)
    if value is None and text.startswith("{") and why.startswith("not JSON (Extra data"):
        objects = _objects(text)
        if objects:
            value, why = _load(objects[0 if first else -1])
            return value, "read from an object with text around it" if value is not None else why
    return value, why


def _inside(text: str, place: int) -> tuple[str | None, str]:
    fenced = [body for body in _fences(text) if body.lstrip().startswith(("{", "["))]
    if fenced:
        return fenced[place], "read from a code fence"
    objects = _objects(text)
    if objects:
        return objects[place], "read from an object with text around it"
    return None, ""


def _load(text: str) -> tuple[dict[str, Json] | None, str]:
    def pairs(items: list[tuple[str, Json]]) -> dict[str, Json]:
        if len(dict(items)) != len(items):
            raise ValueError("a duplicate key")
        return dict(items)

    def constant(word: str) -> Json:
        raise ValueError(f"{word} is not JSON")

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except json.JSONDecodeError as exc:
        return None, f"not JSON ({exc.msg} at character {exc.pos + 1})"
    except (ValueError, RecursionError) as exc:
        return None, f"not JSON ({exc})"
    if not isinstance(value, dict):
        return None, f"a JSON {type(value).__name__}, not an object"
    return value, ""


def _fences(text: str) -> list[str]:
    """Return the contents of code fences, by Markdown's rules: a fence ends with a line of as many
    of its signs or more, or on its own line; one that never ends holds the rest.
    """
    found: list[str] = []
    closing = ""
    body: list[str] = []
    for line in text.splitlines():
        if closing:
            bare = line.strip().lstrip("> ")
            if len(bare) >= len(closing) and not bare.strip(closing[0]):
                found.append("\n".join(body))
                closing = ""
            elif bare.endswith(closing) and bare[: -len(closing)].rstrip().endswith(("}", "]")):
                found.append("\n".join([*body, line.rstrip()[: -len(closing)]]))
                closing = ""
            else:
                body.append(line)
            continue
        opening = _FENCE.match(line)
        if opening is None:
            place = line.find("```")
            opening = _FENCE.match(line[place:]) if place > 0 else None
        if opening is None:
            continue
        signs, _, rest = opening.groups()
        end = rest.rfind(signs)
        if end >= 0:
            found.append(rest[:end])
            continue
        closing = signs
        body = [rest] if rest else []
    if closing:
        found.append("\n".join(body))
    return found


def _objects(text: str) -> list[str]:
    """Return the outermost objects in running text, braces and quotes paired, in one pass."""
    found: list[str] = []
    place = 0
    while (begin := _OBJECT.search(text, place)) is not None:
        end = _closing(text, begin.start())
        if end is None:
            break
        found.append(text[begin.start() : end])
        place = end
    return found


def _closing(text: str, start: int) -> int | None:
    depth = 0
    place = start
    while (mark := _MARK.search(text, place)) is not None:
        place = mark.end()
        sign = mark.group()
        if sign == '"':
            string = _STRING.match(text, place)
            if string is None:
                return None
            place = string.end()
            continue
        depth += 1 if sign in "{[" else -1
        if depth > _DEEPEST:
            return None
        if depth == 0:
            return place
    return None


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_ANSWER_KEYS = _words(
    "finalanswer answer ans finalresult result solution prediction response"
    " antwort endergebnis ergebnis lösung réponse résultat respuesta resultado resposta risposta"
    " risultato antwoord resultaat ответ результат odpowiedź wynik svar resultat cevap sonuç"
    " 答案 结果 結果 答え 回答 정답 답 결과 الإجابة الجواب תשובה उत्तर jawaban hasil"
)
"""Keys that hold an answer, folded, the surest first."""
_VALUE_KEYS = _words(
    "value output number date total wert datum zahl valeur nombre valor fecha número data valore"
    " значение дата число wartość 日期 日付 날짜"
)
"""Keys that hold one where no other of them stands beside it."""
_BESIDE_KEYS = _words(
    "confidence certainty unit units currency reasoning reason rationale explanation steps step"
    " thought thoughts thinking working calculation analysis justification id sicherheit konfidenz"
    " einheit begründung erklärung confiance unité explication confianza unidad explicación"
    " confiança unidade explicação fiducia unità spiegazione уверенность единица объяснение"
    " пояснение 置信度 单位 解释 信頼度 単位 説明 신뢰도 단위 설명"
)


def answer_in_object(text: str) -> str | None:
    """Return the answer that an object in an answer holds: 42 of ``{"answer": 42, "year": 2024}``.

    Returns:
        None where the answer is no object, or says more behind it; an empty text where several of
        its keys may hold the answer, or none does.
    """
    shown = text.strip()
    if "{" not in shown or re.search(r"\d", shown.rpartition("}")[2]):
        return None
    if shown.startswith("[") and shown.endswith("]"):
        shown = shown[1:-1].strip()
    value, _ = read_object(shown)
    if value is None:
        plainer = shown if '"' in shown else shown.replace("'", '"')
        value, _ = read_object(re.sub(r",(?=\s*\})", "", plainer))
    return None if not value else _answer_of(value)


def _answer_of(value: dict[str, Json]) -> str:
    keyed = {re.sub(r"[\W_]", "", key).casefold(): one for key, one in value.items()}
    for key in _ANSWER_KEYS:
        if key in keyed:
            return _as_answer(keyed[key])
    values = [keyed[key] for key in _VALUE_KEYS if key in keyed]
    if values:
        return _as_answer(values[0]) if len(values) == 1 else ""
    others = [_as_answer(one) for key, one in keyed.items() if key not in _BESIDE_KEYS]
    if len(others) > 1:
        others = [one for one in others if re.search(r"\d", one)]
    return others[0] if len(others) == 1 else ""


def _as_answer(value: Json) -> str:
    if isinstance(value, dict):
        return _answer_of(value)
    if isinstance(value, list):
        return _as_answer(value[0]) if len(value) == 1 else " ; ".join(map(str, value))
    return "" if value is None or isinstance(value, bool) else str(value)
