# ruff: noqa: E501 - tables of words
"""French."""

from __future__ import annotations

from fractions import Fraction

from claimbench.claims.language.foreign.language import Language

_DEAR = r"(?:cher|chère|chers|chères|coûteux|coûteuse|onéreux|onéreuse)"
_CHEAP = rf"(?:moins {_DEAR}|meilleur marché|plus abordable|plus économique)"
_GOOD = r"(?:plus précis(?:e)?|meilleur(?:e)?|plus performante?|plus exacte?)"
_BAD = r"(?:moins précis(?:e)?|moins bon(?:ne)?|pire|moins performante?)"
_OF_COST = r"(?:du prix de|du coût de|de ce que coûte|des coûts de)"
_TIME = r"(?:la |sa )?(?:latence|temps de réponse)"

FRENCH = Language(
    "French",
    (" est ", "n'est ", " sont ", "coûte", "précision", " surpasse ", "égale", "dépass", "rédui", "répond", " offre ", " fait ", " commet ", "d'erreur", "taux d'erreur", " bat ", "devance"),
    ((r"au moins", ">="), (r"plus de", ">"), (r"au plus|au maximum", "<="), (r"moins de", "<"),
     (r"(?:un peu|légèrement|à peine|juste) (?:plus de|au-dessus de)", "just_over"), (r"(?:un peu|légèrement|à peine|juste) (?:moins de|en dessous de)", "just_under"),
     (r"environ|à peu près|presque|près de|quasiment", "about"), (r"jusqu'à", "up_to"), (r"seulement|uniquement", "only")),
    ((r"ou plus", ">="),),
    ((r"deux fois", Fraction(2)), (r"la moitié", Fraction(1, 2)), (r"(?:un|le) tiers", Fraction(1, 3)), (r"(?:un|le) quart", Fraction(1, 4)),
     (r"(?:un|le) cinquième", Fraction(1, 5)), (r"(?:un|le) dixième", Fraction(1, 10)), (r"deux tiers", Fraction(2, 3)), (r"(?:trois|3) quarts", Fraction(3, 4))),
    (("trois", 3), ("quatre", 4), ("cinq", 5), ("six", 6), ("sept", 7), ("huit", 8), ("neuf", 9), ("dix", 10), ("douze", 12), ("vingt", 20), ("trente", 30),
     ("quarante", 40), ("cinquante", 50), ("soixante", 60), ("quatre-vingt-dix", 90), ("quatre-vingts?", 80), ("cent", 100)),
    r" fois",
    r"(?:n'|ne )?(?:est|sont|était)",
    r"pas",
    r"(?:beaucoup|bien|nettement|largement|sensiblement|légèrement)",
    r",? (?:et|mais|tout en|en)(?: est| étant)? |, ",
    (("A est ", " que B"), ("A ", ""), ("A ", " que B"), ("A est ", ""), ("A ", " par rapport à B"), ("", " que B")),
    r"aussi bien|même|également|aujourd'hui|toutefois",
    (
        (rf"A IST Q {_CHEAP} que B", "cost", "comp", -1),
        (rf"A IST {_CHEAP} que B de Q", "cost", "comp", -1),
        (rf"A IST {_CHEAP} de Q que B", "cost", "comp", -1),
        (r"A coûte Q (?:de )?moins(?: cher)? que B", "cost", "comp", -1),
        (r"A coûte Q (?:de )?plus(?: cher)? que B", "cost", "comp", 1),
        (r"A (?:ne )?coûte NEG ?DEG ?moins(?: cher)? que B", "cost", "comp", -1),
        (r"A (?:ne )?coûte NEG ?DEG ?plus(?: cher)? que B", "cost", "comp", 1),
        (rf"A IST NEG ?DEG ?{_CHEAP} que B", "cost", "comp", -1),
        (rf"A IST NEG ?DEG ?plus {_DEAR} que B", "cost", "comp", 1),
        (rf"A IST Q plus {_DEAR} que B", "cost", "comp", 1),
        (rf"A coûte Q {_OF_COST} B", "cost", "share", 0),
        (rf"A IST à Q {_OF_COST} B", "cost", "share", 0),
        (r"A coûte Q moins", "cost", "comp", -1),
        (rf"A IST NEG ?aussi {_DEAR} que B", "cost", "as", 1),
        (r"A (?:réduit|réduisant) les coûts de Q par rapport à B", "cost", "comp", -1),
        (r"A coûte U (?:pour|par) N requêtes", "cost", "level", -1),
        (r"A IST Q plus rapide que B", "time", "comp", -1),
        (r"A IST Q plus lente? que B", "time", "comp", 1),
        (r"A IST NEG ?DEG ?plus rapide que B", "time", "comp", -1),
        (r"A IST NEG ?DEG ?(?:plus lente?|moins rapide) que B", "time", "comp", 1),
        (r"A IST NEG ?aussi rapide que B", "time", "as", -1),
        (rf"A (?:réduit|réduisant) {_TIME} de Q par rapport à B", "named", "comp", -1),
        (rf"A (?:réduit|réduisant) de Q {_TIME} par rapport à B", "named", "comp", -1),
        (rf"A (?:réduit|réduisant) de moitié {_TIME}(?: (?:par rapport à|de) B)?", "named", "half", -1),
        (r"A (?:réduit|réduisant) de moitié les coûts(?: (?:par rapport à|de) B)?", "cost", "half", -1),
        (r"A répond en D", "time", "level", -1),
        (r"A répond à S des requêtes en D", "time", "level", -1),
        (rf"A IST Q {_GOOD} que B", "acc", "comp", 1),
        (rf"A IST NEG ?DEG ?{_GOOD} que B", "acc", "comp", 1),
        (rf"A IST NEG ?DEG ?{_BAD} que B", "acc", "comp", -1),
        (rf"A IST Q {_BAD} que B", "acc", "comp", -1),
        (r"A (?:surpasse|dépasse|devance|bat)(?: NEG)? B(?: de Q)?", "acc", "comp", 1),
        (r"A IST NEG ?DEG ?supérieure? à B", "acc", "comp", 1),
        (r"A IST NEG ?DEG ?inférieure? à B", "acc", "comp", -1),
        (r"A offre de meilleure?s (?:performances|résultats) que B", "acc", "comp", 1),
        (r"A (?:surpasse ou égale|égale ou surpasse|égale ou dépasse) B", "acc", "caught", 1),
        (r"A IST (?:presque |au moins )?NEG ?aussi (?:précis|précise|bon|bonne|performante?) que B", "acc", "as", 1),
        (r"A (?:égale|IST à égalité avec) B", "acc", "equal", 1),
        (r"A atteint Q de la (?:précision|qualité) de B", "acc", "share", 1),
        (r"A (?:fait|commet) Q d'erreurs (?:de|en) moins que B", "err", "comp", -1),
        (r"A (?:fait|commet) (?:NEG )?DEG ?moins d'erreurs que B", "err", "comp", -1),
        (r"A a un taux d'erreur de Q", "err", "level", -1),
        (r"A (?:a|atteint) une précision (?:de |d')?Q", "acc", "level", 1),
        (r"A (?:a|atteint) Q de précision", "acc", "level", 1),
        (r"A IST NEG ?précise? à Q", "acc", "level", 1),
        (r"A IST NEG ?(?:le|la) moins (?:cher|chère)", "cost", "best", -1),
        (r"A IST NEG ?(?:le|la) plus rapide", "time", "best", -1),
        (r"A IST NEG ?(?:le|la) (?:plus précis|plus précise|meilleur|meilleure)", "acc", "best", 1),
    ),
)  # fmt: skip
