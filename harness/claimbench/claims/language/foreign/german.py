# ruff: noqa: E501 - tables of words
"""German."""

from __future__ import annotations

from fractions import Fraction

from claimbench.claims.language.foreign.language import Language

_CHEAP = r"(?:günstiger|billiger|preiswerter|kostengünstiger|preisgünstiger)"
_FAST = r"(?:schneller|flotter)"
_GOOD = r"(?:genauer|besser|präziser|treffsicherer)"
_COSTS = r"(?:kosten|preise?|preis)"
_LATENCY = r"(?:latenz|latenzzeit|antwortzeit(?:en)?|verzögerung|wartezeit)"
_ERRORS = r"(?:fehlerquote|fehlerrate)"
_REQUESTS = r"(?:anfragen|fragen|aufgaben|fälle|anrufe)"

GERMAN = Language(
    "German",
    (" ist ", " sind ", " als ", " wie ", "kostet", " kosten ", " hat ", "erreicht", "übertr", "schlägt", "antwort", "schneid", " im vergleich", "latenz", "beantwort", "löst"),
    ((r"mindestens|wenigstens", ">="), (r"mehr als|über", ">"), (r"höchstens|maximal|nicht mehr als", "<="), (r"weniger als|unter", "<"),
     (r"(?:knapp|etwas|leicht|ein wenig|ein bisschen|geringfügig|gerade so|kaum) (?:über|mehr als)|gut", "just_over"),
     (r"(?:(?:nur )?(?:knapp|etwas|leicht|ein wenig|ein bisschen|geringfügig)|kaum) (?:unter|weniger als)|knapp", "just_under"),
     (r"rund|etwa|ungefähr|circa|ca\.|fast|nahezu|beinahe", "about"), (r"bis zu", "up_to"), (r"nur|lediglich", "only")),
    ((r"oder mehr", ">="),),
    ((r"doppelt|zweimal|das doppelte", Fraction(2)), (r"halb|die hälfte|der hälfte", Fraction(1, 2)), (r"(?:ein|einem|einen) drittel", Fraction(1, 3)),
     (r"(?:ein|einem|einen) viertel", Fraction(1, 4)), (r"(?:ein|einem|einen) fünftel", Fraction(1, 5)), (r"(?:ein|einem|einen) zehntel", Fraction(1, 10)),
     (r"(?:zwei|2) drittel", Fraction(2, 3)), (r"(?:drei|3) viertel", Fraction(3, 4)), (r"(?:eine )?größenordnung", Fraction(10))),
    (("zwei", 2), ("drei", 3), ("vier", 4), ("fünf", 5), ("sechs", 6), ("sieben", 7), ("acht", 8), ("neun", 9), ("zehn", 10), ("zwölf", 12), ("zwanzig", 20),
     ("dreißig", 30), ("vierzig", 40), ("fünfzig", 50), ("sechzig", 60), ("siebzig", 70), ("achtzig", 80), ("neunzig", 90), ("hundert", 100)),
    r" ?-?(?:mal|fach)",
    r"(?:ist|sind|war)",
    r"nicht",
    r"(?:viel|deutlich|wesentlich|erheblich|weit|klar|etwas|spürbar|signifikant)",
    r",? (?:und|aber|jedoch|sowie)(?: ist| dabei| dennoch| trotzdem| auch| zugleich)* |, ",
    (("A ist ", " als B"), ("A ", ""), ("A ", " als B"), ("A ist ", ""), ("", " als B")),
    r"dabei|dennoch|trotzdem|auch|zugleich|sogar|heute|jetzt|insgesamt",
    (
        (rf"A IST (?:um )?Q {_CHEAP} als B", "cost", "comp", -1),
        (rf"im vergleich zu B ist A (?:um )?Q {_CHEAP}", "cost", "comp", -1),
        (rf"verglichen mit B ist A (?:um )?Q {_CHEAP}", "cost", "comp", -1),
        (r"A kostet (?:um )?Q weniger als B", "cost", "comp", -1),
        (r"A kostet (?:um )?Q mehr als B", "cost", "comp", 1),
        (r"A kostet NEG ?DEG ?weniger als B", "cost", "comp", -1),
        (r"A kostet NEG ?DEG ?mehr als B", "cost", "comp", 1),
        (r"A spart Q (?:der kosten )?(?:gegenüber|im vergleich zu|verglichen mit) B", "cost", "comp", -1),
        (rf"A senkt die {_COSTS} gegenüber B um Q", "cost", "comp", -1),
        (rf"A senkt die {_COSTS} um Q gegenüber B", "cost", "comp", -1),
        (rf"A halbiert die {_COSTS} (?:von|gegenüber) B", "cost", "half", -1),
        (rf"die {_COSTS} von A (?:sind|ist|liegen|liegt) (?:um )?Q (?:niedriger|geringer|tiefer) als (?:die |der |das )?(?:von )?B", "cost", "comp", -1),
        (rf"die {_COSTS} von A (?:liegen|liegt) (?:um )?Q unter (?:denen|dem|der) von B", "cost", "comp", -1),
        (rf"A hat (?:um )?Q (?:niedrigere|geringere) {_COSTS} als B", "cost", "comp", -1),
        (rf"A (?:IST )?NEG ?DEG ?{_CHEAP} als B", "cost", "comp", -1),
        (r"A (?:IST )?NEG ?DEG ?teurer als B", "cost", "comp", 1),
        (r"A IST (?:um )?Q teurer als B", "cost", "comp", 1),
        (r"A kostet Q (?:von |dessen, was |so viel wie |des preises von |der kosten von )B(?: kostet)?", "cost", "share", 0),
        (r"A IST Q so teuer wie B", "cost", "share", 0),
        (r"A IST NEG ?(?:genauso|ebenso|so) (?:günstig|billig) wie B", "cost", "as", -1),
        (r"A kostet (?:genauso|ebenso|so) viel wie B", "cost", "equal", 0),
        (r"A kostet U (?:pro|je|für) N anfragen", "cost", "level", -1),
        (rf"A (?:IST|antwortet|arbeitet) (?:um )?Q {_FAST} als B", "time", "comp", -1),
        (r"A IST Q so schnell wie B", "time", "times_as", -1),
        (rf"A (?:IST |antwortet |arbeitet )?NEG ?DEG ?{_FAST} als B", "time", "comp", -1),
        (r"A (?:IST |antwortet |arbeitet )?NEG ?DEG ?langsamer als B", "time", "comp", 1),
        (r"A IST (?:um )?Q langsamer als B", "time", "comp", 1),
        (r"A IST NEG ?(?:genauso|ebenso|so) schnell wie B", "time", "as", -1),
        (rf"A hat (?:eine )?(?:um )?Q (?:niedrigere|geringere|kürzere) {_LATENCY} als B", "named", "comp", -1),
        (rf"die {_LATENCY} von A (?:ist|liegt) (?:um )?Q (?:niedriger|geringer|kürzer) als die von B", "named", "comp", -1),
        (rf"A (?:senkt|halbiert|verkürzt) die {_LATENCY} um Q gegenüber B", "named", "comp", -1),
        (r"A braucht Q weniger zeit als B", "named", "comp", -1),
        (r"A antwortet in D", "time", "level", -1),
        (rf"A beantwortet S der {_REQUESTS} in D", "time", "level", -1),
        (rf"A IST (?:um )?Q {_GOOD} als B", "acc", "comp", 1),
        (rf"A (?:IST )?NEG ?DEG ?{_GOOD} als B", "acc", "comp", 1),
        (r"A (?:IST )?NEG ?DEG ?(?:ungenauer|schlechter) als B", "acc", "comp", -1),
        (r"A IST (?:um )?Q (?:ungenauer|schlechter) als B", "acc", "comp", -1),
        (r"A (?:übertrifft|schlägt|überholt) B(?: um Q)?", "acc", "comp", 1),
        (r"A IST B NEG ?DEG ?überlegen", "acc", "comp", 1),
        (r"A IST B NEG ?DEG ?unterlegen", "acc", "comp", -1),
        (r"B wird von A (?:übertroffen|geschlagen)", "acc", "comp", 1),
        (r"A schneidet NEG ?DEG ?besser ab(?: als B)?", "acc", "comp", 1),
        (r"A schneidet NEG ?DEG ?besser als B ab", "acc", "comp", 1),
        (r"A schneidet NEG ?DEG ?schlechter ab(?: als B)?", "acc", "comp", -1),
        (r"A schneidet NEG ?DEG ?schlechter als B ab", "acc", "comp", -1),
        (r"A liegt Q vor B", "acc", "comp", 1),
        (r"A liegt Q hinter B", "acc", "comp", -1),
        (r"A IST NEG ?(?:fast |nahezu |beinahe |mindestens )?(?:genauso|ebenso|so|gleich) (?:gut|genau|präzise) wie B", "acc", "as", 1),
        (r"A (?:IST|liegt) NEG ?(?:gleichauf|auf augenhöhe) mit B", "acc", "same", 1),
        (r"A erreicht Q der (?:genauigkeit|qualität|leistung) von B", "acc", "share", 1),
        (r"A macht Q weniger fehler als B", "err", "comp", -1),
        (r"A macht Q so viele fehler wie B", "err", "share", 0),
        (r"A macht NEG ?DEG ?weniger fehler als B", "err", "comp", -1),
        (rf"die {_ERRORS} von A (?:ist|liegt) (?:um )?Q (?:niedriger|geringer) als die von B", "err", "comp", -1),
        (rf"A hat eine (?:um )?Q (?:niedrigere|geringere) {_ERRORS} als B", "err", "comp", -1),
        (rf"A hat eine {_ERRORS} von Q", "err", "level", -1),
        (r"A (?:hat|erreicht|erzielt) eine (?:genauigkeit|trefferquote) von Q", "acc", "level", 1),
        (r"A (?:hat|erreicht|erzielt) Q (?:genauigkeit|trefferquote)", "acc", "level", 1),
        (r"A IST NEG ?(?:zu )?Q genau", "acc", "level", 1),
        (rf"A (?:beantwortet|löst) Q der {_REQUESTS} (?:richtig|korrekt)", "acc", "level", 1),
        (r"A IST NEG ?(?:am (?:günstigsten|billigsten)|das (?:günstigste|billigste)(?: modell)?)", "cost", "best", -1),
        (r"A IST NEG ?(?:am schnellsten|das schnellste(?: modell)?)", "time", "best", -1),
        (r"A IST NEG ?(?:am (?:genauesten|besten)|das (?:genaueste|beste)(?: modell)?)", "acc", "best", 1),
    ),
)  # fmt: skip
