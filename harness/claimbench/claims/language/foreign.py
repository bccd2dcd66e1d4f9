# ruff: noqa: E501 - tables of words
"""The ten commonest forms in German, French, Spanish and Chinese: a table of sentences for each.

A sentence matches as a whole or not at all, so nothing of it is left unread. ``A`` and ``B`` stand
for arms, ``Q`` for an amount with an optional bound in that language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from claimbench.claims.language.amounts import Amount
from claimbench.claims.language.predicates import Rule
from claimbench.claims.language.statements import Statement

_A = r"(?:the )?⟦a(?P<ours>\d+)⟧"
_B = r"(?:the )?⟦a(?P<theirs>\d+)⟧"


@dataclass(frozen=True, slots=True)
class Language:
    """Words of one language: bounds, factors, and the forms (pattern, dimension, way, sign)."""

    name: str
    bounds: tuple[tuple[str, str], ...]
    factors: tuple[tuple[str, Fraction], ...]
    times: str
    forms: tuple[tuple[str, str, str, int], ...]
    negation: str


_HALF = Fraction(1, 2)
GERMAN = Language(
    "German",
    ((r"mindestens|wenigstens", ">="), (r"mehr als|über", ">"), (r"höchstens|maximal", "<="), (r"weniger als|unter", "<"),
     (r"rund|etwa|ungefähr|circa|ca\.|fast|knapp", "about"), (r"bis zu", "up_to")),
    ((r"doppelt|zweimal", Fraction(2)), (r"dreimal", Fraction(3)), (r"fünfmal", Fraction(5)), (r"zehnmal", Fraction(10)), (r"halb", _HALF), (r"die hälfte", _HALF), (r"ein drittel", Fraction(1, 3)), (r"ein viertel", Fraction(1, 4)),
     (r"ein fünftel", Fraction(1, 5)), (r"ein zehntel", Fraction(1, 10))),
    r" ?-?(?:mal|fach)",
    (
        (r"A IST (?:um )?Q (?:günstiger|billiger|preiswerter|kostengünstiger) als B", "cost", "comp", -1),
        (r"im vergleich zu B ist A (?:um )?Q (?:günstiger|billiger)", "cost", "comp", -1),
        (r"A kostet Q weniger als B", "cost", "comp", -1),
        (r"A (?:IST )?NEG ?(?:günstiger|billiger|preiswerter|kostengünstiger) als B", "cost", "comp", -1),
        (r"A (?:IST )?NEG ?(?:teurer) als B", "cost", "comp", 1),
        (r"A IST Q teurer als B", "cost", "comp", 1),
        (r"A kostet (?:nur )?Q (?:von |dessen, was |so viel wie |des preises von )B(?: kostet)?", "cost", "share", 0),
        (r"A IST Q so teuer wie B", "cost", "share", 0),
        (r"A IST (?:um )?Q schneller als B", "time", "comp", -1),
        (r"A IST Q so schnell wie B", "time", "times_as", -1),
        (r"A (?:IST )?NEG ?schneller als B", "time", "comp", -1),
        (r"A (?:IST )?NEG ?langsamer als B", "time", "comp", 1),
        (r"A IST (?:um )?Q (?:genauer|besser|präziser|treffsicherer) als B", "acc", "comp", 1),
        (r"A (?:IST )?NEG ?(?:genauer|besser|präziser|treffsicherer) als B", "acc", "comp", 1),
        (r"A (?:IST )?NEG ?(?:ungenauer|schlechter) als B", "acc", "comp", -1),
        (r"A IST NEG ?(?:genauso|ebenso|so) (?:gut|genau|präzise) wie B", "acc", "as", 1),
        (r"A (?:hat|erreicht) eine (?:genauigkeit|trefferquote) von Q", "acc", "level", 1),
        (r"A (?:hat|erreicht) Q (?:genauigkeit|trefferquote)", "acc", "level", 1),
        (r"A IST Q genau", "acc", "level", 1),
        (r"A IST am (?:günstigsten|billigsten)", "cost", "best", -1),
        (r"A IST am schnellsten", "time", "best", -1),
        (r"A IST am (?:genauesten|besten)", "acc", "best", 1),
    ),
    r"nicht",
)  # fmt: skip
FRENCH = Language(
    "French",
    ((r"au moins", ">="), (r"plus de", ">"), (r"au plus|au maximum", "<="), (r"moins de", "<"),
     (r"environ|à peu près|presque", "about"), (r"jusqu'à", "up_to")),
    ((r"deux fois", Fraction(2)), (r"trois fois", Fraction(3)), (r"quatre fois", Fraction(4)), (r"cinq fois", Fraction(5)), (r"dix fois", Fraction(10)), (r"la moitié", _HALF), (r"un tiers", Fraction(1, 3)),
     (r"un quart", Fraction(1, 4)), (r"un cinquième", Fraction(1, 5)), (r"un dixième", Fraction(1, 10))),
    r" fois",
    (
        (r"A IST Q (?:moins (?:cher|chère|coûteux|coûteuse|onéreux)|meilleur marché) que B", "cost", "comp", -1),
        (r"A IST moins (?:cher|chère|coûteux|coûteuse) que B de Q", "cost", "comp", -1),
        (r"A IST moins (?:cher|chère|coûteux) de Q que B", "cost", "comp", -1),
        (r"A coûte Q (?:de )?moins(?: cher)? que B", "cost", "comp", -1),
        (r"A IST NEG ?moins (?:cher|chère|coûteux|coûteuse) que B", "cost", "comp", -1),
        (r"A IST NEG ?plus (?:cher|chère|coûteux|coûteuse) que B", "cost", "comp", 1),
        (r"A IST Q plus (?:cher|chère|coûteux) que B", "cost", "comp", 1),
        (r"A coûte Q (?:du|de) prix de B", "cost", "share", 0),
        (r"A IST à Q du prix de B", "cost", "share", 0),
        (r"A IST Q plus rapide que B", "time", "comp", -1),
        (r"A IST NEG ?plus rapide que B", "time", "comp", -1),
        (r"A IST NEG ?(?:plus lent|plus lente|moins rapide) que B", "time", "comp", 1),
        (r"A IST Q (?:plus précis|plus précise|meilleur|meilleure) que B", "acc", "comp", 1),
        (r"A IST NEG ?(?:plus précis|plus précise|meilleur|meilleure) que B", "acc", "comp", 1),
        (r"A IST NEG ?(?:moins précis|moins précise|moins bon|moins bonne|pire) que B", "acc", "comp", -1),
        (r"A IST NEG ?aussi (?:précis|précise|bon|bonne) que B", "acc", "as", 1),
        (r"A (?:a|atteint) une précision (?:de |d')?Q", "acc", "level", 1),
        (r"A (?:a|atteint) Q de précision", "acc", "level", 1),
        (r"A IST (?:le|la) moins (?:cher|chère)", "cost", "best", -1),
        (r"A IST (?:le|la) plus rapide", "time", "best", -1),
        (r"A IST (?:le|la) (?:plus précis|plus précise|meilleur|meilleure)", "acc", "best", 1),
    ),
    r"pas",
)  # fmt: skip
SPANISH = Language(
    "Spanish",
    ((r"al menos|como mínimo|por lo menos", ">="), (r"más de(?:l)?(?: un)?", ">"), (r"como máximo|a lo sumo", "<="), (r"menos de(?:l)?(?: un)?", "<"),
     (r"alrededor de(?: un)?|aproximadamente|cerca de(?: un)?|casi", "about"), (r"hasta", "up_to")),
    ((r"dos veces", Fraction(2)), (r"el doble", Fraction(2)), (r"tres veces", Fraction(3)), (r"cuatro veces", Fraction(4)), (r"cinco veces", Fraction(5)), (r"diez veces", Fraction(10)), (r"la mitad", _HALF),
     (r"un tercio", Fraction(1, 3)), (r"una? cuart[oa](?: parte)?", Fraction(1, 4)), (r"una quinta parte", Fraction(1, 5)), (r"una décima parte", Fraction(1, 10))),
    r" veces",
    (
        (r"A IST Q (?:más (?:barat[oa]|económic[oa])|menos (?:car[oa]|costos[oa])) que B", "cost", "comp", -1),
        (r"A cuesta Q menos que B", "cost", "comp", -1),
        (r"A NEG ?IST (?:más (?:barat[oa]|económic[oa])|menos car[oa]) que B", "cost", "comp", -1),
        (r"A NEG ?IST (?:más car[oa]|más costos[oa]) que B", "cost", "comp", 1),
        (r"A IST Q más car[oa] que B", "cost", "comp", 1),
        (r"A cuesta Q (?:de lo que cuesta |del precio de |que )B", "cost", "share", 0),
        (r"A IST Q más rápid[oa] que B", "time", "comp", -1),
        (r"A NEG ?IST más rápid[oa] que B", "time", "comp", -1),
        (r"A NEG ?IST (?:más lent[oa]|menos rápid[oa]) que B", "time", "comp", 1),
        (r"A IST Q (?:más precis[oa]|mejor) que B", "acc", "comp", 1),
        (r"A NEG ?IST (?:más precis[oa]|más exact[oa]|mejor) que B", "acc", "comp", 1),
        (r"A NEG ?IST (?:menos precis[oa]|peor) que B", "acc", "comp", -1),
        (r"A NEG ?IST tan (?:precis[oa]|buen[oa]|exact[oa]) como B", "acc", "as", 1),
        (r"A (?:tiene|alcanza) una (?:precisión|exactitud) (?:de |del )?Q", "acc", "level", 1),
        (r"A (?:tiene|alcanza) Q de (?:precisión|exactitud)", "acc", "level", 1),
        (r"A IST (?:el|la) más (?:barat[oa]|económic[oa])", "cost", "best", -1),
        (r"A IST (?:el|la) más rápid[oa]", "time", "best", -1),
        (r"A IST (?:el|la) (?:más precis[oa]|mejor)", "acc", "best", 1),
    ),
    r"no",
)  # fmt: skip
CHINESE = Language(
    "Chinese",
    ((r"至少|不低于", ">="), (r"超过|高于", ">"), (r"最多|不超过", "<="), (r"低于|不到", "<"), (r"大约|约|近", "about"), (r"高达|最多可达", "up_to")),
    ((r"一半", _HALF), (r"十分之一", Fraction(1, 10)), (r"五分之一", Fraction(1, 5)), (r"四分之一", Fraction(1, 4)), (r"三分之一", Fraction(1, 3)),
     (r"两倍", Fraction(2))),
    r" ?倍",
    (
        (r"A 比 B (?:便宜|成本低|价格低) ?Q", "cost", "comp", -1),
        (r"A NEG ?比 B (?:更便宜|便宜|更低廉)", "cost", "comp", -1),
        (r"A NEG ?比 B (?:更贵|贵|更昂贵)", "cost", "comp", 1),
        (r"A 比 B 贵 ?Q", "cost", "comp", 1),
        (r"A 的?(?:成本|价格|费用)(?:是|仅为|只有|为) B (?:的)? ?Q", "cost", "share", 0),
        (r"A 比 B (?:快|提速) ?Q", "time", "comp", -1),
        (r"A NEG ?比 B (?:更快|快)", "time", "comp", -1),
        (r"A NEG ?比 B (?:更慢|慢)", "time", "comp", 1),
        (r"A 比 B (?:准确|准确率高|好) ?Q", "acc", "comp", 1),
        (r"A NEG ?比 B (?:更准确|更好|更准|好)", "acc", "comp", 1),
        (r"A NEG ?比 B (?:更差|差)", "acc", "comp", -1),
        (r"A (?:和|与|跟) B (?:一样|同样)(?:准确|好|准)", "acc", "as", 1),
        (r"A 的?(?:准确率|正确率|精度)(?:为|是|达到|达)? ?Q", "acc", "level", 1),
        (r"A (?:是)?最便宜的?", "cost", "best", -1),
        (r"A (?:是)?最快的?", "time", "best", -1),
        (r"A (?:是)?最(?:准确|好)的?", "acc", "best", 1),
    ),
    r"(?:不|并不|没有)",
)  # fmt: skip
LANGUAGES = (GERMAN, FRENCH, SPANISH, CHINESE)
_IS = {
    "German": "(?:ist|sind|war)",
    "French": "(?:n'|ne )?(?:est|sont)",
    "Spanish": "(?:es|son)(?: un)?",
    "Chinese": "",
}


def read_foreign(text: str, amounts: list[Amount]) -> Statement | None:
    """Read a sentence in one of the languages; ``text`` has marks, and no English bounds were taken.

    Returns:
        The statement, or None where no form matches as a whole.
    """
    text = text.strip(" .!。").replace("。", "")
    for language in LANGUAGES:
        for form, dim, way, sign in language.forms:
            match = _pattern(language, form).fullmatch(text)
            if match is not None:
                made = _statement(language, match, amounts, (dim, way, sign))
                if made is not None:
                    return made
    return None


def _pattern(language: Language, form: str) -> re.Pattern[str]:
    bounds = "|".join(f"(?P<b{i}>{word})" for i, (word, _) in enumerate(language.bounds))
    factors = "|".join(f"(?P<f{i}>{word})" for i, (word, _) in enumerate(language.factors))
    amount = rf"(?:(?:{bounds}) ?)?(?:un |d')?(?:<(?P<qk>[poxfn])(?P<q>\d+)>(?P<times>{language.times})?|{factors})"
    parts = re.split(r"(\bA\b|\bB\b|\bQ\b|\bNEG\b|\bIST\b)", form)
    table = {
        "A": _A,
        "B": _B,
        "Q": amount,
        "NEG": f"(?P<neg>{language.negation})?",
        "IST": _IS[language.name],
    }
    return re.compile("".join(table.get(p, p) for p in parts))


def _statement(
    language: Language, match: re.Match[str], amounts: list[Amount], what: tuple[str, str, int]
) -> Statement | None:
    dim, way, sign = what
    found = match.groupdict()
    amount: Amount | None = None
    if found.get("q"):
        amount = amounts[int(found["q"])]
        if amount.kind == "n":
            if not found.get("times"):
                return None
            amount = replace(amount, kind="x")
        elif found.get("times"):
            return None
    for i, (_, value) in enumerate(language.factors):
        if found.get(f"f{i}"):
            amount = Amount("x" if value > 1 else "f", value)
    for i, (_, bound) in enumerate(language.bounds):
        if found.get(f"b{i}") and amount is not None:
            half = amount.half if bound in {"about", "up_to"} else Fraction(0)
            amount = replace(amount, bound=bound, half=half)  # type: ignore[arg-type]
    rule = Rule("", dim, way, sign)
    made = Statement(rule, match[0], dim, way, sign, amount)
    made.ours = [int(found["ours"])]
    made.theirs = [int(found["theirs"])] if found.get("theirs") else []
    made.negated = bool(found.get("neg"))
    return made
