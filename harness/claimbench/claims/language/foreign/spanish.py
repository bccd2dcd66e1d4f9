# ruff: noqa: E501 - tables of words
"""Spanish."""

from __future__ import annotations

from fractions import Fraction

from claimbench.claims.language.foreign.language import Language

_CHEAP = r"(?:más (?:barat[oa]s?|económic[oa]s?|asequible)|menos (?:car[oa]s?|costos[oa]s?))"
_DEAR = r"(?:más (?:car[oa]s?|costos[oa]s?)|menos barat[oa])"
_GOOD = r"(?:más (?:precis[oa]|exact[oa])|mejor)"
_BAD = r"(?:menos (?:precis[oa]|exact[oa])|peor)"
_TIME = r"(?:latencia|el tiempo de respuesta|tiempo de respuesta)"

SPANISH = Language(
    "Spanish",
    (" es ", " son ", "cuesta", "tiene", "alcanza", "supera", "iguala", " costes ", "responde", "comete"),
    ((r"al menos|como mínimo|por lo menos", ">="), (r"más de(?:l)?(?: un)?", ">"), (r"como máximo|a lo sumo", "<="), (r"menos de(?:l)?(?: un)?", "<"),
     (r"(?:algo|(?:un )?poco|ligeramente|apenas) (?:más de(?:l)?|por encima de(?:l)?)(?: un)?", "just_over"), (r"(?:algo|(?:un )?poco|ligeramente|apenas) (?:menos de(?:l)?|por debajo de(?:l)?)(?: un)?", "just_under"),
     (r"alrededor de(?:l)?(?: un)?|aproximadamente|cerca de(?:l)?(?: un)?|casi(?: un)?", "about"), (r"hasta(?: un)?", "up_to"), (r"solo|sólo|solamente|únicamente", "only")),
    ((r"o más", ">="),),
    ((r"dos veces|el doble(?: de)?", Fraction(2)), (r"la mitad", Fraction(1, 2)), (r"un tercio", Fraction(1, 3)), (r"una? cuart[oa](?: parte)?", Fraction(1, 4)),
     (r"un quinto|una quinta parte", Fraction(1, 5)), (r"un décimo|una décima parte", Fraction(1, 10)), (r"dos tercios", Fraction(2, 3)), (r"(?:tres|3) cuartos", Fraction(3, 4))),
    (("tres", 3), ("cuatro", 4), ("cinco", 5), ("seis", 6), ("siete", 7), ("ocho", 8), ("nueve", 9), ("diez", 10), ("doce", 12), ("veinte", 20), ("treinta", 30),
     ("cuarenta", 40), ("cincuenta", 50), ("sesenta", 60), ("setenta", 70), ("ochenta", 80), ("noventa", 90), ("cien", 100)),
    r" veces",
    r"(?:es|son|era)(?: un)?",
    r"no",
    r"(?:mucho|bastante|significativamente|ligeramente|claramente)",
    r",? (?:y|e|pero|aunque)(?: es)? |, ",
    (("A es ", " que B"), ("A ", ""), ("A ", " que B"), ("A es ", ""), ("", " que B")),
    r"también|además|incluso|hoy",
    (
        (rf"A IST Q {_CHEAP} que B", "cost", "comp", -1),
        (r"A cuesta (?:un )?Q menos que B", "cost", "comp", -1),
        (r"A cuesta (?:un )?Q más que B", "cost", "comp", 1),
        (r"A NEG ?cuesta DEG ?menos que B", "cost", "comp", -1),
        (r"A NEG ?cuesta DEG ?más que B", "cost", "comp", 1),
        (rf"A NEG ?IST DEG ?{_CHEAP} que B", "cost", "comp", -1),
        (rf"A NEG ?IST DEG ?{_DEAR} que B", "cost", "comp", 1),
        (rf"A IST Q {_DEAR} que B", "cost", "comp", 1),
        (r"A cuesta (?:un )?Q (?:de lo que cuesta |del precio de |del coste de |que )B", "cost", "share", 0),
        (r"A tiene un (?:precio|coste|costo) (?:un )?Q (?:inferior|menor) (?:al de|que) B", "cost", "comp", -1),
        (r"A reduce (?:los )?(?:costes|costos) (?:en )?(?:un )?Q (?:frente a|respecto a|en comparación con) B", "cost", "comp", -1),
        (r"A cuesta lo mismo que B", "cost", "equal", 0),
        (r"A cuesta U por N solicitudes", "cost", "level", -1),
        (r"A IST Q más rápid[oa] que B", "time", "comp", -1),
        (r"A IST Q más lent[oa] que B", "time", "comp", 1),
        (r"A NEG ?IST DEG ?más rápid[oa] que B", "time", "comp", -1),
        (r"A NEG ?IST DEG ?(?:más lent[oa]|menos rápid[oa]) que B", "time", "comp", 1),
        (r"A NEG ?IST tan rápid[oa] como B", "time", "as", -1),
        (rf"A tiene (?:una )?(?:un )?Q menos {_TIME} que B", "named", "comp", -1),
        (rf"A tiene una {_TIME} (?:un )?Q (?:inferior|menor) (?:a la de|que) B", "named", "comp", -1),
        (r"A responde en D", "time", "level", -1),
        (r"A responde (?:al |el )?S de las (?:solicitudes|consultas|peticiones) en D", "time", "level", -1),
        (rf"A IST Q {_GOOD} que B", "acc", "comp", 1),
        (rf"A NEG ?IST DEG ?{_GOOD} que B", "acc", "comp", 1),
        (rf"A NEG ?IST DEG ?{_BAD} que B", "acc", "comp", -1),
        (rf"A IST Q {_BAD} que B", "acc", "comp", -1),
        (r"A NEG ?supera (?:a )?B(?: (?:por|en) (?:un )?Q)?", "acc", "comp", 1),
        (r"A NEG ?IST DEG ?superior a B", "acc", "comp", 1),
        (r"A NEG ?IST DEG ?inferior a B", "acc", "comp", -1),
        (r"A (?:iguala o supera|supera o iguala) (?:a )?B", "acc", "caught", 1),
        (r"A NEG ?IST (?:casi |al menos )?tan (?:precis[oa]|buen[oa]|exact[oa]) como B", "acc", "as", 1),
        (r"A NEG ?iguala (?:a )?B", "acc", "equal", 1),
        (r"A alcanza (?:un |el )?Q de la (?:precisión|exactitud|calidad) de B", "acc", "share", 1),
        (r"A comete (?:un )?Q menos (?:de )?errores que B", "err", "comp", -1),
        (r"A NEG ?comete DEG ?menos errores que B", "err", "comp", -1),
        (r"A tiene una tasa de error (?:de |del )?Q", "err", "level", -1),
        (r"A NEG ?(?:tiene|alcanza) una (?:precisión|exactitud) (?:de |del )?Q", "acc", "level", 1),
        (r"A NEG ?(?:tiene|alcanza) (?:un )?Q de (?:precisión|exactitud)", "acc", "level", 1),
        (r"A NEG ?IST (?:el|la) más (?:barat[oa]|económic[oa])", "cost", "best", -1),
        (r"A NEG ?IST (?:el|la) más rápid[oa]", "time", "best", -1),
        (r"A NEG ?IST (?:el|la) (?:más precis[oa]|mejor)", "acc", "best", 1),
    ),
)  # fmt: skip
