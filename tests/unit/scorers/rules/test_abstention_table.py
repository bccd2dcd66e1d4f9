"""Honest abstentions, hedges and denials, in the languages of docs/scorers.md."""

from __future__ import annotations

import pytest

from claimbench.scorers.rules.rag import RagScorer
from claimbench.types import AnswerSpec, Message, Sample, Task

DOCS = {
    "p1": "The last ferry leaves at 19:50. Пароход отходит в 19:50. 末班船は19:50発。",
    "p2": "Boarding closes 15 minutes before departure.",
    "p3": "Bicycles cost 6 crowns. The harbour office is in Oslo.",
    "p4": "The crossing takes 55 minutes. The ferry does not sail on Christmas.",
}
TASK = Task("qa", (), (Message("user", "{{ q }}"),), (), AnswerSpec("text"), (), 64)
SCORER = RagScorer({"gold": "gold", "passages": "docs"})

HONEST = """
unanswerable
Unanswerable.
UNANSWERABLE [p2]
**Unanswerable**
N/A
Not stated [p1]
Not mentioned in the passages.
I don't know.
I don't know, sorry.
I do not know the answer.
Sorry, I don't know. The passages do not say.
The passages do not say.
The passages do not say when it leaves.
The passages do not say when it leaves [p1].
The passages do not say when, where or how.
The passages do not say whether the ferry, the bus or the train leaves first.
I cannot tell from these passages; please ask the harbour office.
I cannot tell from these passages. Please contact the harbour office.
I cannot answer that from the given passages.
I can't answer this: the passages do not mention it.
Unfortunately, the passages do not contain this information.
Unfortunately, this cannot be determined from the text provided.
Based on the passages, there is no information about the first ferry.
There is no information about that in the passages.
There is no mention of the first ferry in the passages [p1][p2].
The fare for dogs is not mentioned.
The fare for dogs is not given in any of the passages.
The first departure is not specified.
None of the passages says when the first ferry leaves.
None of the passages mentions it. They only describe the last ferry.
The passages only give the last ferry, not the first; the answer is not stated.
The passages mention bicycles and boarding. They do not mention dogs.
I have read all four passages. None of them mentions dogs.
You asked about dogs. The passages do not say anything about them.
Unknown: the passages do not cover it.
Unanswerable, because the passages do not mention the first ferry.
Unanswerable from the passages.
Unanswerable (the passages do not say).
Not enough information to answer.
It is unknown.
The answer is not in the passages.
The text is silent on this.
Nothing in the passages says when it leaves.
It's not clear from the text. Let me know if you have more information.
I couldn't find this in the passages, but the harbour office can be contacted. Ask there.
The documents do not mention it, but please contact the port office.
Sorry, the guide does not say; however, I cannot guess.
Die Passagen sagen das nicht.
Das steht nicht im Text.
Aus den Passagen geht nicht hervor, wann die erste Fähre fährt.
Die Frage lässt sich anhand der Texte nicht beantworten.
Je ne peux pas répondre à cette question à partir des passages.
No se puede responder con los pasajes dados.
La respuesta no está en los pasajes.
There isn't enough information in the passages to answer the question.
Looking at p1, p2, p3 and p4, none of them answers this question.
I looked at [p1] and [p3]; neither says it.
This is missing from the passages.
The passages lack that information.
I cannot determine that. The passages cover boarding, bicycles and the crossing time.
Das wird in den Texten nicht erwähnt.
Leider enthalten die Passagen dazu keine Angaben.
Unbekannt.
Dazu gibt es keine Angabe in den Passagen. Bitte fragen Sie das Hafenbüro.
Les passages ne le disent pas.
Les passages ne précisent pas le jour.
Ce n'est pas indiqué dans les passages.
Je ne sais pas.
Aucune information à ce sujet dans les textes.
Los pasajes no lo dicen.
No se menciona en los pasajes.
No lo sé.
Lo siento, los textos no contienen esa información.
No hay información sobre eso en los pasajes.
I passaggi non lo dicono.
Non lo so.
Non è indicato nei testi.
As passagens não dizem isso.
Não é mencionado no texto.
De passages zeggen dat niet.
Dat staat niet in de tekst.
В тексте об этом не говорится.
В отрывках это не указано.
Не указано.
文中没有说明。
文章没有提到这一点。
无法回答。
文中には書かれていません。
本文に記載がありません。
わかりません。
لا تذكر النصوص ذلك.
غير مذكور في النص.
""".strip().split("\n")

# {} is the answer
HEDGES = r"""
unanswerable. {}
unanswerable. {} [p1]
unanswerable\n\nIt leaves at {} [p1]
unanswerable\n{}
unanswerable: {}
unanswerable; {}
unanswerable / {}
unanswerable/{}
unanswerable - {}
unanswerable – {}
unanswerable -> {}
unanswerable | {}
unanswerable, {}
unanswerable {}
unanswerable ({})
unanswerable [{}]
unanswerable, but {}
unanswerable or {}
unanswerable because it is {}
unanswerable, i.e. {}
unanswerable and {}
unanswerable + {}
{} (unanswerable)
Sorry, {}. The passages do not say.
I cannot say anything else than {}
It's {}. Not stated in the passages, though.
Unanswerable. The answer is {}.
{} / unanswerable
{}. Unanswerable.
{} [p1]. The passages do not say.
{}; the passages do not say
{}, or unanswerable
It leaves at {}. The passages do not say.
It leaves at {} [p1]; I don't know.
The last ferry of the whole day leaves the pier at {} [p1]. The passages do not say more.
There is no information about that in the passages; the answer is {}
There is no information about that. {}
I cannot answer that: it is {}
I cannot answer that. It is {} [p1].
The passages do not say. It is {} [p1].
The passages do not say; {}.
The passages do not say, {}.
The passages do not say, but it is probably {}.
The passages do not say... {}
The passages do not say. Probably {}.
The passages do not say when. My guess is {}.
The passages do not say when it leaves, it is {}.
The passages do not say, so {}.
The passages do not say. Passage p1 suggests {}.
Not stated. {}
Not mentioned: {}
I don't know, {}
I don't know. {}?
I don't know but {}
I do not know; I would say {}
Unknown ({})
Unknown = {}
N/A. {}
N/A ({})
No answer. However, {}
Not enough information. Likely {}.
Die Passagen sagen das nicht. {}
Die Passagen sagen das nicht, aber es ist {}.
Das steht nicht im Text; vermutlich {}.
Unbekannt. Es ist {}.
Les passages ne le disent pas. C'est {}.
Les passages ne le disent pas, mais c'est {}.
Je ne sais pas : {}
Los pasajes no lo dicen. Es {}.
Los pasajes no lo dicen, pero es {}.
No lo sé, {}
I passaggi non lo dicono, ma è {}.
Non lo so. {}
As passagens não dizem. {}
De passages zeggen dat niet, maar het is {}.
В тексте об этом не говорится, но {}.
Не указано. {}
文中没有说明。{}
文中没有说明，但是 {}
文中には書かれていませんが、{}
わかりません。{}
لا تذكر النصوص ذلك. {}
""".strip().split("\n")

DENIALS = """
The ferry never leaves at 19:50 [p1]
19:50 is not the answer
Never 19:50
It is false that it leaves at 19:50
It does not leave at 19:50 [p1]
It doesn't leave at 19:50.
It won't leave at 19:50 [p1]
It is not 19:50
It isn't 19:50
19:50 is wrong
19:50 is incorrect [p1]
No, not 19:50
I doubt that it leaves at 19:50
I don't think it is 19:50
It is not true that the ferry leaves at 19:50.
It is not the case that it leaves at 19:50
Anything but 19:50
There is no ferry at 19:50
Nicht um 19:50
Die Fähre fährt nie um 19:50
Sie fährt nicht um 19:50 [p1]
19:50 ist falsch
Elle ne part pas à 19:50
Elle ne part jamais à 19:50 [p1]
No sale a las 19:50
Nunca a las 19:50
Es falso que salga a las 19:50
Non parte alle 19:50
Não sai às 19:50
Hij vertrekt niet om 19:50
Он не отходит в 19:50
不是19:50
19:50ではありません
""".strip().split("\n")

AFFIRMED = """
19:50 [p1]
[19:50] [p1]
[19:50][p1]
It leaves at 19:50, not at 18:00 [p1]
It does not leave at 18:00 but at 19:50
It is not 06:40 but 19:50 [p1]
Not before 19:50
It never leaves later than 19:50
The ferry doesn't leave until 19:50
No doubt at 19:50
Es ist nicht 18:00, sondern 19:50
В 19:50 [p1]
末班船は19:50発です [p1]
""".strip().split("\n")


def score(text: str, right: str, gold: list[str]) -> float | None:
    row = Sample("s1", {"q": "?", "docs": DOCS, "gold": gold}, right, "s1")
    return SCORER.score("c", text.replace(r"\n", "\n"), row, TASK).value


def test_the_tables_are_large_enough() -> None:
    assert len(set(HONEST)) >= 60
    assert len(set(HEDGES)) >= 60


@pytest.mark.parametrize("text", HONEST)
def test_an_honest_abstention_is_right_only_where_nothing_says_it(text: str) -> None:
    assert score(text, "unanswerable", []) == 1
    assert score(text, "19:50", ["p1"]) == 0


@pytest.mark.parametrize("value", ["20:30", "7 crowns", "Bergen", "on Mondays"])
@pytest.mark.parametrize("text", HEDGES)
def test_a_hedge_is_no_abstention(text: str, value: str) -> None:
    assert score(text.replace("{}", value), "unanswerable", []) == 0


SAID = [text for text in HEDGES if "[{}]" not in text]
"""A time in brackets beside a word may be a citation; it is never paid twice, see above."""


@pytest.mark.parametrize("text", SAID)
def test_a_hedge_is_judged_by_what_it_says(text: str) -> None:
    assert score(text.replace("{}", "19:50"), "19:50", ["p1"]) == 1
    assert score(text.replace("{}", "20:30"), "19:50", ["p1"]) == 0


@pytest.mark.parametrize("text", DENIALS)
def test_a_denial_is_never_right(text: str) -> None:
    assert score(text, "19:50", ["p1"]) == 0


@pytest.mark.parametrize("text", AFFIRMED)
def test_what_denies_another_value_or_bounds_it_stays_right(text: str) -> None:
    assert score(text, "19:50", ["p1"]) == 1


@pytest.mark.parametrize("text", ["The ferry does not sail on Christmas [p4].", "Christmas"])
def test_what_the_passage_denies_the_answer_may(text: str) -> None:
    assert score(text, "Christmas", ["p4"]) == 1
