"""Lists that an answer does not give in full: "red, green, etc.", "such as red", "red or green".

An answer that says that there are more items, leaves open which of them it means, or names only
what does not belong ("all but red") is no list that could be compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_MORE = (
    r"etc|et cetera|&c|and so on|and so forth|and (?:many )?(?:more|others)|among (?:many )?others"
    r"|and (?:the )?(?:like|rest)|to name a few|usw|u\. ?a|u\. ?s\. ?w|u\. ?v\. ?m"
    r"|und so weiter|und mehr"
    r"|und andere|und weitere|unter anderem|et autres|et bien d'autres|entre autres"
    r"|et ainsi de suite"
    r"|et plus|etcétera|y otros|y otras|y más|y demás|entre otros|entre otras"
    r"|y así sucesivamente|ecc"
    r"|eccetera|e altri|e altre|e così via|tra gli altri|e outros|e outras|e mais|entre outros"
    r"|e assim por diante|enz|enzovoort|e\. ?d|en zo verder|en meer|en andere|osv|o\. ?s\. ?v"
    r"|m\. ?m|m\. ?v"
    r"|och så vidare|med flera|og så videre|med mere|itd|itp|i inne|i tak dalej|m\. ?in|atd|apod|aj"
    r"|a další|a tak dále|a podobne|stb|és így tovább|és mások|ș\. ?a\. ?m\. ?d|și altele"
    r"|și așa mai departe|jne|ynnä muuta|ja muut|ja muita|и т\. ?д|и т\. ?п|и др|и прочее"
    r"|и прочие|и пр"
    r"|и другие|и так далее|тощо|і т\. ?д|та ін|та інші|і так далі|і інші|и т\. ?н|и други|itd"
    r"|i drugi"
    r"|κ\. ?λ\.? ?π|κλπ|κ\. ?ά|κτλ|κ\. ?τ\. ?λ|και άλλα|και ούτω καθεξής|v\.? ?b|vs|vesaire"
    r"|ve benzeri"
    r"|ve diğerleri"
    r"|ve daha fazlası|gibi|v\. ?v|vân vân|và nhiều hơn nữa|dll|dsb|dst|dan lain-lain|dan lainnya"
    r"|dan seterusnya|إلخ|الخ|وغيرها|وغيره|وما إلى ذلك|وما شابه|וכו'?|וכד'?|ועוד|וכן הלאה|ואחרים"
    r"|و غیره|وغیره|و غیرہ|وغیرہ|آदि|आदि|इत्यादि|वगैरह|वग़ैरह|और अन्य|ইত্যাদি|প্রভৃতি|প্রমুখ"
    r"|முதலியன|போன்றவை|మొదలైనవి|వగైరా|वगैरे|ወዘተ|და ა\. ?შ|և այլն"
)
_MORE_UNSPACED = (
    r"等等|等|之类|之類|等其他|以及其他|などなど|など|等々|その他|ほか|ฯลฯ|เป็นต้น|และอื่น ?ๆ|ฯ"
    r"|ແລະອື່ນໆ|ជាដើម"
    r"|។ល។|စသည်|(?<=\s)등등|(?<=\s)등|(?<=[가-힣])등|외|ལ་སོགས"
)
_ENDS_OPEN = re.compile(
    rf"(?:(?:\A|[\s,،、;/(])(?P<word>(?:and |und |et |y |e |en |и |och )?(?:{_MORE}))"
    rf"|(?P<sign>{_MORE_UNSPACED})|(?P<dots>\.\.\.+|…+))[\s.,;:)\]*_`\"'।。]*\Z",
    re.IGNORECASE,
)
_EXAMPLES = re.compile(
    r"(?<!\w)(?:such as|including|for example|for instance|e\. ?g\.|zum beispiel|z\. ?b\."
    r"|beispielsweise"
    r"|unter anderem|darunter|par exemple|p\. ?ex\.|tels? que|telles? que|notamment|por ejemplo"
    r"|p\. ?ej\."
    r"|tales como|incluyendo|ad esempio|per esempio|come ad|tra cui|por exemplo|tais como|incluindo"
    r"|bijvoorbeeld|bijv\.|zoals|till exempel|t\. ?ex\.|for eksempel|f\. ?eks\.|na przykład"
    r"|np\.|například"
    r"|např\.|например|в том числе|наприклад|például|de exemplu|esimerkiksi|για παράδειγμα|örneğin"
    r"|mesela|ví dụ|chẳng hạn|misalnya|contohnya|مثل|على سبيل المثال|למשל|כגון|مانند"
    r"|उदाहरण के लिए|जैसे"
    r"|যেমন)(?!\w)|例如|比如|譬如|例えば|たとえば|예를 들어|예컨대|เช่น",
    re.IGNORECASE,
)
_OR = re.compile(
    r"\s(?:or|and/or|oder|ou|o|u|of|eller|lub|albo|nebo|alebo|или|або|чи|ili|vagy|sau|tai|või|arba|vai"
    r"|ή|veya|ya da|hoặc|atau|au|أو|او|או|یا|या|বা|অথবা|அல்லது|లేదా|किंवा|หรือ|또는|혹은|ወይም|ან|կամ)\s"
    r"|或者|或|または|もしくは|หรือ|(?<=[ぁ-ヿ一-鿿])か(?=[ぁ-ヿ一-鿿])|(?<=[가-힣])이?나 ",
    re.IGNORECASE,
)
_ALL_BUT = re.compile(
    r"(?<!\w)(?:all|every(?:thing|one|body)?|anything|any"
    r"|each)(?: [^\W\d_]+)?,? but\b(?! (?:certain|sure))"
    r"|(?<!\w)(?:none|nothing|no one)(?: [^\W\d_]+){0,3} but\b"
    r"|(?<!\w)(?:all|every(?:thing|one|body)?|anything|any|each|none|nothing)(?: [^\W\d_]+){0,5},?"
    r" (?:but not|except|besides|apart from|other than|save|excluding|minus|without)\b"
    r"|(?<!\w)(?:alle\w*|jede\w*|nichts|tou[st]e?s?|rien|tod[oa]s?|nada|tutt[oiae]|niente|tudo|все|всё|ничего"
    r"|усе|всі|wszystk\w*|nic|všechn\w*|alles|niets|allt|alla|allt|alt|alle|hepsi|tümü|tất cả"
    r"|semua)\b"
    r"[^\n.;]{0,30}?\b(?:außer|bis auf|ausgenommen|ohne|sauf|excepté|hormis|à part|menos"
    r"|excepto|salvo"
    r"|tranne|eccetto|meno|exceto|кроме|за исключением|крім|окрім|oprócz|poza|kromě|behalve"
    r"|uitgezonderd"
    r"|utom|förutom|undtagen|bortsett fra|hariç|dışında|trừ|ngoại trừ|kecuali)(?!\w)"
    r"|كل[^\n]{0,30}(?:ما عدا|عدا|باستثناء|إلا)|(?:הכל|כל)[^\n]{0,30}(?:חוץ מ|מלבד|פרט ל)|除了"
    r"|除[^\n]{1,15}外|(?<=\w) (?:hariç|dışında)(?!\w)"
    r"|除去|以外"
    r"|を除く|を除いて|제외|빼고|(?<=[가-힣]) ?외에?(?= |$)|ยกเว้น|นอกจาก|को छोड़कर|के अलावा"
    r"|के सिवा|ছাড়া|বাদে",
    re.IGNORECASE,
)


def is_open(text: str, is_item: Callable[[str], bool]) -> bool:
    """Return whether a text names no full list.

    Args:
        text: what an answer shows as its list.
        is_item: tells whether a text is an item of the target, though it looks like such a word.
    """
    end = _ENDS_OPEN.search(text)
    if end is not None and not any(map(is_item, _without_and(end.group()))):
        return True
    return _EXAMPLES.search(text) is not None or is_all_but(text)


def _without_and(text: str) -> list[str]:
    bare = text.strip(" ,.;)]*_")
    return [bare, bare.partition(" ")[2]]


def is_all_but(text: str) -> bool:
    """Return whether an answer names what does not belong: all but red, tout sauf, кроме."""
    return _ALL_BUT.search(text) is not None


def has_or(piece: str) -> list[str]:
    """Return the parts of a piece that "or" parts; one where there is none."""
    return [part for part in _OR.split(f" {piece} ") if part.strip()]
