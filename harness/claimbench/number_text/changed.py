r"""Words and signs beside a number that make another one of it: twice 42, half of 42, 42 squared,
sin(42), 42x, 42‰.

Whoever meets one has to take the number for unread, as what it comes to is not worked out here.
"""

from __future__ import annotations

import re

_MULTIPLES = (
    "twice|double|triple|treble|quadruple|quintuple|thrice|half|(?:a|one)[ -](?:half|third|quarter"
    r"|fifth|tenth)|(?:two|three)[ -](?:thirds|quarters|fifths)|(?:the )?(?:double|triple|half"
    r"|square"
    r"|cube|inverse|reciprocal|opposite|negative|negation|factorial|logarithm|log|sine|cosine"
    r"|tangent"
    r"|(?:square|cube|cubic|\w+th) root|root|successor|predecessor|multiples?|factors?|divisors?)"
    # de nl
    "|doppelt|das doppelte|das dreifache|dreifache|verdoppelt|die hälfte|halb|ein (?:drittel"
    "|viertel"
    "|fünftel|zehntel)|die (?:quadrat|kubik)?wurzel|(?:quadrat|kubik)?wurzel|das quadrat"
    "|het dubbele|het drievoudige|dubbel|de helft|de wortel|(?:vierkants)?wortel|het kwadraat"
    "|een (?:derde|kwart|tiende)"
    # fr es it pt ro ca
    "|le (?:double|triple|quart|tiers|carré|cube)|la moitié|la racine(?: carrée| cubique)?"
    "|el (?:doble|triple|cuadrado|cubo)|la mitad|la raíz(?: cuadrada| cúbica)?|un (?:tercio|cuarto)"
    r"|il (?:doppio|triplo|quadrato|cubo)|la metà|la radice(?: quadrata| cubica)?|un terzo"
    "|o (?:dobro|triplo|quadrado|cubo)|(?:a )?metade|a raiz(?: quadrada| cúbica)?|um (?:terço"
    "|quarto)"
    "|dublul|triplul|jumătate|rădăcina pătrată|el doble|la meitat"
    # sv da no fi et
    "|dubbla|dubbelt|hälften|kvadratroten|det dobbelte|dobbelt|halvdelen|kvadratroden|halvparten"
    "|kaksi kertaa|kolme kertaa|kaksinkertainen|puolet|neliöjuuri|kaks korda|pool"
    # pl cs sk hr hu
    "|dwukrotność|trzykrotność|podwojone|połowa|połowę|pierwiastek(?: kwadratowy)?|kwadrat"
    "|dvojnásobek|trojnásobek|polovina|odmocnina|dvojnásobok|polovica|dvostruko|kétszer|háromszor"
    "|fele|négyzetgyök"
    # ru uk bg el tr
    "|удвоенное|дважды|трижды|вдвое больше|половина|треть|четверть|(?:квадратный "
    "|кубический )?корень"
    "|квадрат|куб|двічі|подвоєне|половину|квадратний корінь|два пъти|половината"
    "|διπλάσιο|το διπλάσιο|το μισό|τετραγωνική ρίζα|iki katı|yarısı|iki kere|üç kere"
    # vi id ar he fa hi
    "|gấp đôi|một nửa|nửa|căn bậc hai|hai lần|dua kali|tiga kali|setengah|separuh|akar"
    "|ضعف|نصف|ربع|ثلث|جذر|الجذر التربيعي|פעמיים|כפול|חצי|שורש|دو برابر|نیمی|दो गुना|दोगुना|आधा"
)
_OF = (
    r"(?: (?:of|from|the|as (?:much|many|large|big|high) as|von|der|aus|van|de|di|da|do|del|du|dal"
    r"|d'"
    r"|av|af|z|ze|od|от|из|з|від|на|του|của|dari|من|של|از|,|number|value|zahl))*"
)
_TIMES = (
    r"times|zwei?mal|dreimal|viermal|fünfmal|zehnmal|mal|fois|veces|volte|vezes|keer|gånger|gange"
    r"|ganger|razy|krát|раза?|разів|рази|пъти|φορές|kere|kat|lần|kali|multiplied by|divided by"
    r"|increased by|decreased by|geteilt durch|multipliziert mit|divisé par|multiplié par"
    r"|dividido (?:por|entre)|multiplicado por|diviso(?: per)?|moltiplicato per|gedeeld door"
    r"|delat med|gånger|умножить на|делить на|разделить на|podzielone przez|modulo|mod"
    r"|to the power(?: of)?|raised to(?: the power of)?|hoch|elevado a|elevato a|в степени"
)
_THAN = (
    r"(?:(?:one|two|three|four|five|ten|\d+|much|far|slightly) (?:more|less|fewer|greater|smaller)"
    r" than|\d+ (?:less|plus|subtracted from|added to|short of|away from))"
)
_FUNCTION = (
    r"\\?(?:a(?:rc)?)?(?:sin|cos|tan|cot|sec|csc|sinh|cosh|tanh)|\\?(?:log(?:_?\{?\d*\}?)|ln|lg|exp"
    r"|sqrt|cbrt|floor|ceil|gamma|det)|[fgh]"
)
_BEFORE = re.compile(
    rf"(?<![^\W\d_])(?:(?:{_MULTIPLES}){_OF}|{_TIMES}|{_THAN})[ *_`]+(?:about |exactly )?[$€£¥]?\Z"
    rf"|(?<![^\W_])(?:{_FUNCTION}) ?[({{] ?\Z|(?<![^\W_])\\?(?:sin|cos|tan|log|ln|lg|exp|sqrt) \Z"
    r"|(?:≠|!=|=/=|/=|<>|\\neq?(?![A-Za-z])|\\not ?=) ?[$€£*_]*\Z",
    re.IGNORECASE,
)
_HALVES = (
    r"and (?:a|one|three|two)[ -](?:half|halves|thirds?|quarters?|fifths?|tenths?|eighths?)"
    r"|point (?:zero|one|two|three|four|five|six|seven|eight|nine|\d)|(?:und )?einhalb"
    r"|und ein (?:halb\w*|drittel|viertel)|et dem[ie]+|et (?:un )?(?:quart|tiers)|y medi[oa]"
    r"|y un (?:cuarto|tercio)|e mezz[oa]|e un (?:quarto|terzo)|e mei[oa]|e um (?:quarto|terço)"
    r"|en een (?:half|halve|kwart)|och en (?:halv|kvart)|og en (?:halv|kvart)|i pół|a půl|a pol"
    r"|с половиной|с четвертью|з половиною|и половина|și jumătate|és fél|ja puoli|και (?:μισό|μισή)"
    r"|buçuk|rưỡi|setengah|ونصف|وربع|וחצי|ורבע|و نیم"
)
_DONE_TO = (
    r"squared|cubed|halved|doubled|tripled|factorial|times (?:\d|as|more|larger|greater|bigger"
    r"|the (?:size|number|amount|value))|percent(?:age)? points? more"
    r"|to the (?:power|\w+th)|(?:is )?divided by|multiplied by"
    r"|hundredths?|thousandths?|tenths?|millionths?"
    r"|zum quadrat|im quadrat|quadriert|hoch (?:zwei|drei|\d)|zehntel|hundertstel|tausendstel"
    r"|au carré|au cube|dixièmes?|centièmes?|millièmes?|al cuadrado|al cubo|décimas?|centésim[oa]s?"
    r"|al quadrato|decimi|centesimi|ao quadrado|ao cubo|décim[oa]s?|in het kwadraat|i kvadrat"
    r"|в квадрате|в кубе|десятых|сотых|тысячных|у квадраті|do kwadratu|na druhou|dziesiątych"
    r"|setin\w*|na kvadrat|τετράγωνο|karesi|bình phương|kuadrat|تربيع|בריבוע|वर्ग"
    r"|per ?mille?|promille?|pro mille|promile|промилле|проміле|por mil|pour mille|billions"
    r"|trillions"
    r"|score and"
)
_AFTER = re.compile(
    rf"[*_`]*(?:[ -](?:{_HALVES}|{_DONE_TO})(?![^\W_])|(?:einhalb|½)(?![^\W_])"
    r"| ?[‰‱]|(?:[ijxz]|[xy]{2})(?![^\W_]|[-'’. ]?\d)| ?[!](?=[=+*/]|\\)"
    r"| ?(?:的|の)(?:一半|半分|[两兩二三四五六七八九十]倍|平方|立方|倒数)"
    r"| ?[两兩二三四五六七八九十]倍"
    r"|의 ?(?:절반|두 ?배|세 ?배|제곱)|(?: का| की| के) (?:आधा|दोगुना|वर्ग)"
    r"|'[^\W\d]{1,4} (?:yarısı|iki katı"
    r"|karesi))",
    re.IGNORECASE,
)
_LOOK = 48


def is_changed(start: int, end: int, text: str) -> bool:
    """Return whether what stands beside a number makes another one of it.

    Args:
        start: where the number begins in the text, sign and currency included.
        end: where it ends.
        text: by :func:`claimbench.number_text.normal_text`.
    """
    if _BEFORE.search(text[max(0, start - _LOOK) : start]) is not None:
        return True
    return _AFTER.match(text, end) is not None
