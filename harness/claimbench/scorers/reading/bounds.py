"""Where an answer gives a bound and no value: "at least 42", "42 or more", "before 4 March".

A bound says on which side of a number or a date the answer lies. It is not equal to that number, so
that no scorer takes one for the other. The words are those of the languages of the tests.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

Side = Literal[">=", ">", "<=", "<"]

_BEFORE: dict[Side, str] = {
    ">=": "at the very least|at the least|at a minimum|at least|as few as|gutxienez|almenys"
    "|com a mínim|vsaj|најмање|барем|առնվազն|дор хаяж|хамгийн багадаа|кемінде|кеминде|kamida"
    "|ən azı|കുറഞ്ഞത്|ಕನಿಷ್ಠ|ઓછામાં ઓછું|ઓછામાં ઓછા|किमान|ਘੱਟੋ-ਘੱਟ|ਘੱਟੋ ਘੱਟ|कम्तीमा|අවම වශයෙන්|hindi bababa sa"
    "|að minnsta kosti|ar a laghad|o leiaf|të paktën|najmanj|најмалку|no less than"
    "|no fewer than|not less than|not fewer than|not below|minimum|min"
    "|a minimum of|minimum of|greater than or equal to|more than or equal to|at minimum"
    "|mindestens|wenigstens|zumindest|nicht weniger als|minimal|größer gleich|größer oder gleich"
    "|au moins|pas moins de|non moins de|au minimum|un minimum de|supérieur ou égal à"
    "|supérieure ou égale à|al menos|por lo menos|como mínimo|no menos de|un mínimo de|mínimo de"
    "|mínimo|mayor o igual que|mayor o igual a|almeno|non meno di|come minimo|un minimo di"
    "|maggiore o uguale a|pelo menos|ao menos|no mínimo|não menos de|não menos que"
    "|não menos do que|um mínimo de|maior ou igual a|minstens|ten minste|tenminste"
    "|op zijn minst|niet minder dan|minimaal|minst|åtminstone|inte mindre än|mindst"
    "|ikke mindre end|ikke mindre enn|co najmniej|przynajmniej|nie mniej niż|alespoň|aspoň"
    "|nejméně|najmenej|minimálně|minimálne|ne méně než|не менее|не менее чем|не меньше"
    "|не меньше чем|как минимум|минимум|по крайней мере|по меньшей мере|хотя бы|щонайменше"
    "|принаймні|не менше|не менше ніж|не менш як|не менш ніж|мінімум|як мінімум|най-малко|поне"
    "|не по-малко от|najmanje|barem|legalább|cel puțin|cel puţin|minim|nu mai puțin de|vähintään"
    "|ainakin|vähemalt|mažiausiai|bent|vismaz|τουλάχιστον|όχι λιγότερο από|en az|en azından"
    "|asgari|ít nhất|tối thiểu|không dưới|không ít hơn|setidaknya|paling sedikit"
    "|sekurang-kurangnya|tidak kurang dari|angalau|على الأقل|على الاقل|لا يقل عن|ما لا يقل عن"
    "|لا تقل عن|بحد أدنى|לפחות|לא פחות מ|מינימום|حداقل|دست کم|دست‌کم|کم از کم|कम से कम|न्यूनतम"
    "|কমপক্ষে|অন্তত|ন্যূনতম|குறைந்தது|குறைந்தபட்சம்|కనీసం|कमीत कमी|ቢያንስ|სულ მცირე|მინიმუმ",
    ">": "plus grand que|plus grande que|plus élevé que|más grande que|più grande di|més de"
    "|més que|més gran que|več kot|večje od|више од|веће од|meira en|fleiri en|stærra en"
    "|ավելի քան|dan ortiq|gehiago|more than|greater than|larger than|higher than|bigger than"
    "|over|above|upward of"
    "|upwards of|exceeds|exceeding|exceed|in excess of|north of|beyond|mehr als|über|größer als"
    "|höher als|oberhalb von|plus de|plus que|supérieur à|supérieure à|au-dessus de|au-delà de"
    "|más de|más que|mayor que|mayor de|mayor a|superior a|por encima de|più di|oltre|oltre i"
    "|maggiore di|superiore a|sopra|sopra i|mais de|mais que|mais do que|maior que|maior do que"
    "|acima de|meer dan|groter dan|boven|boven de|mer än|fler än|över|större än|mere end"
    "|flere end|større end|mer enn|flere enn|større enn|więcej niż|ponad|powyżej|większe niż"
    "|większy niż|większa niż|více než|přes|nad|větší než|viac ako|viac než|более|более чем"
    "|больше|больше чем|больше, чем|свыше|выше|превышает|більше|більше ніж|більше за|більш як"
    "|більш ніж|понад|вище|повече от|над|više od|preko|iznad|több mint|nagyobb mint|mai mult de"
    "|mai multe de|mai mulți de|peste|mai mare de|mai mare decât|yli|enemmän kuin|suurempi kuin"
    "|rohkem kui|üle|daugiau nei|daugiau kaip|vairāk nekā|vairāk par|περισσότερο από"
    "|περισσότερα από|περισσότεροι από|περισσότερες από|πάνω από|άνω των|μεγαλύτερο από|hơn"
    "|nhiều hơn|lớn hơn|trên|lebih dari|lebih daripada|lebih besar dari|di atas|melebihi"
    "|zaidi ya|أكثر من|اكثر من|أكبر من|فوق|يزيد عن|تزيد عن|يتجاوز|ما يزيد عن|ما يزيد على"
    "|יותר מ|מעל|למעלה מ|גדול מ|بیش از|بیشتر از|بالای|سے زیادہ",
    "<=": "as many as|as much as|capped at|limited to|at a maximum|at the very most|at the most"
    "|up to and including|com a màxim|com a molt|kvečjemu|највише|առավելագույնը|ամենաշատը|ихдээ"
    "|ең көп дегенде|ko'pi bilan|ən çoxu|പരമാവധി|ಗರಿಷ್ಠ|વધુમાં વધુ|जास्तीत जास्त|कमाल|ਵੱਧ ਤੋਂ ਵੱਧ|बढीमा"
    "|උපරිම|hindi hihigit sa|gehienez|a lo más|в крайнем случае|at most|no more than"
    "|not more than|up to|maximum|max|a maximum of|maximum of"
    "|at maximum|less than or equal to|fewer than or equal to|no greater than|no larger than"
    "|no higher than|not above|not over|not exceeding|does not exceed|do not exceed"
    "|cannot exceed|must not exceed|höchstens|allerhöchstens|maximal|bis zu|nicht mehr als"
    "|nicht über|kleiner gleich|kleiner oder gleich|au plus|tout au plus|au maximum"
    "|un maximum de|jusqu'à|pas plus de|inférieur ou égal à|inférieure ou égale à|a lo sumo"
    "|como máximo|como mucho|hasta|no más de|un máximo de|máximo de|máximo|menor o igual que"
    "|menor o igual a|al massimo|fino a|non più di|al più|un massimo di|minore o uguale a"
    "|no máximo|até|não mais de|não mais que|não mais do que|um máximo de|menor ou igual a"
    "|hoogstens|ten hoogste|hooguit|maximaal|niet meer dan|högst|upp till|maximalt|inte mer än"
    "|højst|op til|maksimalt|ikke mere end|høyst|opptil|maks|ikke mer enn|co najwyżej"
    "|maksymalnie|najwyżej|nie więcej niż|nejvýše|maximálně|nanejvýš|najviac|maximálne|не более"
    "|не более чем|не больше|не больше чем|не свыше|не выше|максимум|самое большее|щонайбільше"
    "|не більше|не більше ніж|не більш ніж|най-много|не повече от|najviše|legfeljebb|cel mult"
    "|maxim|nu mai mult de|până la|enintään|korkeintaan|kuni|daugiausia|ne daugiau kaip"
    "|το πολύ|έως|μέχρι|όχι περισσότερο από|όχι πάνω από|en fazla|en çok|azami|nhiều nhất"
    "|tối đa|không quá|lên đến|lên tới|paling banyak|maksimal|hingga|sampai"
    "|tidak lebih dari|على الأكثر|على الاكثر|لا يزيد عن|لا تزيد عن|لا يتجاوز|بحد أقصى|حتى"
    "|לכל היותר|עד|לא יותר מ|מקסימום|حداکثر|تا|अधिकतम|ज़्यादा से ज़्यादा"
    "|ज्यादा से ज्यादा|সর্বোচ্চ|সর্বাধিক|அதிகபட்சம்|గరిష్టంగా|ቢበዛ",
    "<": "menys de|menys que|manj kot|мање од|minna en|færri en|պակաս քան|plus petit que"
    "|plus petite que|más pequeño que|più piccolo di|less than|fewer than|under|below"
    "|smaller than|lower than|short of|just under"
    "|weniger als|unter|kleiner als|niedriger als|unterhalb von|moins de|moins que|inférieur à"
    "|inférieure à|au-dessous de|en dessous de|menos de|menos que|menor que|menor de|menor a"
    "|inferior a|por debajo de|meno di|minore di|inferiore a|sotto|sotto i|menos do que"
    "|menor do que|abaixo de|minder dan|kleiner dan|onder|onder de|mindre än|färre än"
    "|mindre end|færre end|mindre enn|færre enn|mniej niż|poniżej|mniejsze niż|mniejszy niż"
    "|méně než|pod|menší než|menej ako|menej než|менее|менее чем|меньше|меньше чем"
    "|меньше, чем|ниже|менше|менше ніж|менше за|менш ніж|нижче|по-малко от|под|manje od|ispod"
    "|kevesebb mint|kisebb mint|mai puțin de|mai puține de|mai puțini de|sub|mai mic de"
    "|mai mic decât|alle|vähemmän kuin|pienempi kuin|vähem kui|alla|mažiau nei|mažiau kaip"
    "|mazāk nekā|λιγότερο από|λιγότερα από|λιγότεροι από|κάτω από|κάτω των|μικρότερο από"
    "|ít hơn|nhỏ hơn|dưới|chưa đến|chưa tới|kurang dari|kurang daripada|di bawah|chini ya"
    "|أقل من|اقل من|أصغر من|دون|تحت|פחות מ|מתחת ל|קטן מ|کمتر از|زیر|سے کم",
}
_BEFORE_UNSPACED: dict[Side, str] = {
    ">=": "至少|最少|起码|起碼|不少于|不少於|不低于|不低於|不小于|不小於|大于等于|大於等於"
    "|大于或等于"
    "|大於或等於|少なくとも|最低でも|最低|最小でも|최소한|최소|적어도|อย่างน้อย|ไม่น้อยกว่า|ไม่ต่ำกว่า"
    "|ขั้นต่ำ|ຢ່າງໜ້ອຍ|ຢ່າງຫນ້ອຍ|យ៉ាងហោចណាស់|យ៉ាងតិច|အနည်းဆုံး",
    ">": "超过|超過|多于|多於|大于|大於|高于|高於|逾|突破|มากกว่า|เกินกว่า|เกิน|สูงกว่า|ຫຼາຍກວ່າ"
    "|ច្រើនជាង|លើសពី",
    "<=": "至多|最多|不超过|不超過|不多于|不多於|不大于|不大於|不高于|不高於|小于等于|小於等於"
    "|小于或等于|小於或等於|多くとも|せいぜい|最大で|最大|最高で|최대|많아야|기껏해야|ไม่เกิน|ไม่มากกว่า"
    "|อย่างมาก|มากที่สุด|สูงสุด|ບໍ່ເກີນ|មិនលើស|យ៉ាងច្រើន|အများဆုံး",
    "<": "不到|少于|少於|小于|小於|低于|低於|不足|未满|未滿|น้อยกว่า|ต่ำกว่า|ไม่ถึง|ໜ້ອຍກວ່າ|តិចជាង",
}
_AFTER: dict[Side, str] = {
    ">=": "or more|or greater|or higher|or above|or over|or up|or larger|and above|and over"
    "|and up|and more|and higher|and upwards|at least|at the least|at minimum|oder mehr"
    "|oder höher|oder größer|und mehr|und höher|aufwärts|mindestens|ou plus|ou davantage|et plus"
    "|au moins|au minimum|o más|y más|en adelante|como mínimo|por lo menos|al menos|o più|in su"
    "|o superiore|come minimo|almeno|ou mais|e mais|no mínimo|pelo menos|of meer|en meer"
    "|eller fler|eller mer|och uppåt|eller flere|eller mere|lub więcej|i więcej|albo więcej"
    "|co najmniej|nebo více|a více|alebo viac|и более|и больше|или более|или больше|и выше"
    "|как минимум|або більше|і більше|чи більше|щонайменше|или повече|ili više|vagy több"
    "|legalább|sau mai mult|sau mai multe|tai enemmän|või rohkem|arba daugiau|vai vairāk"
    "|ή περισσότερα|ή περισσότερο|και άνω|τουλάχιστον|veya daha fazla|ya da daha fazla"
    "|veya daha çok|ve üzeri|ve üstü|trở lên|hoặc hơn|hoặc nhiều hơn|atau lebih|ke atas"
    "|au zaidi|أو أكثر|او اكثر|فأكثر|فما فوق|على الأقل|או יותר|ומעלה|לפחות|یا بیشتر"
    "|या अधिक|या उससे अधिक|या इससे अधिक|या ज़्यादा|या ज्यादा|या उससे ज्यादा|বা তার বেশি|বা বেশি",
    ">": "से अधिक|से ज़्यादा|से ज्यादा|से ऊपर|से बड़ा|से बड़ी|এর বেশি|টির বেশি|জনের বেশি|-এর বেশি"
    "|க்கு மேல்|க்கும் மேற்பட்ட|కంటే ఎక్కువ|पेक्षा जास्त|ನಕ್ಕಿಂತ ಹೆಚ್ಚು|سے زیادہ"
    "|'den fazla|'dan fazla|'ten fazla|'tan fazla|'den çok|'dan çok|'ten çok|'tan çok"
    "|'den büyük|'dan büyük|'ten büyük|'tan büyük|'nin üzerinde|'nın üzerinde|'ün üzerinde"
    "|'in üzerinde|'un üzerinde|den fazla|dan fazla|ten fazla|tan fazla|-nál több|-nél több"
    "|-nál nagyobb|-nél nagyobb|felett|fölött",
    "<=": "or less|or fewer|or lower|or below|or under|or smaller|and below|and under|at most"
    "|at the most|at maximum|tops|oder weniger|oder kleiner|und weniger|höchstens|ou moins"
    "|au plus|au maximum|tout au plus|o menos|y menos|como máximo|como mucho|o meno|al massimo"
    "|ou menos|no máximo|of minder|hoogstens|eller färre|eller mindre|eller færre|lub mniej"
    "|i mniej|co najwyżej|nebo méně|alebo menej|и менее|и меньше|или менее|или меньше|и ниже"
    "|максимум|або менше|і менше|чи менше|или по-малко|ili manje|vagy kevesebb|legfeljebb"
    "|sau mai puțin|sau mai puține|tai vähemmän|ή λιγότερα|ή λιγότερο|το πολύ|veya daha az"
    "|ya da daha az|ve altı|trở xuống|hoặc ít hơn|atau kurang|ke bawah|أو أقل|او اقل|فأقل"
    "|على الأكثر|או פחות|ומטה|לכל היותר|یا کمتر|या कम|या उससे कम|या इससे कम|तक|বা তার কম|বা কম"
    "|পর্যন্ত",
    "<": "से कम|से नीचे|से छोटा|से छोटी|এর কম|টির কম|জনের কম|-এর কম|க்கு கீழ்|க்கும் குறைவான"
    "|కంటే తక్కువ|पेक्षा कमी|سے کم|'den az|'dan az|'ten az|'tan az|'den küçük|'dan küçük"
    "|'ten küçük|'tan küçük|'nin altında|'nın altında|'ün altında|'in altında|'un altında"
    "|den az|dan az|ten az|tan az|-nál kevesebb|-nél kevesebb|-nál kisebb|-nél kisebb|alatt",
}
_AFTER_DIRECT: dict[Side, str] = {
    ">=": r"\+(?![\w +(])|\+(?= [^\W\d_]{2})| plus(?=[\s.!*]*\Z)| minimum(?!\w)| min\.(?!\w)",
    ">": r"多(?=[个個人名元年]|\Z|[。，])|余(?=[个個人名元])|餘(?=[个個人名元])",
    "<=": r" (?:maximum|max)(?!\w)",
    "<": "",
}
_AFTER_UNSPACED: dict[Side, str] = {
    ">=": "及以上|或以上|以上|或更多|或更高|起(?=$|[。，])|이상|ขึ้นไป|หรือมากกว่า|ຂຶ້ນໄປ|ឡើងទៅ",
    ">": "より多|より大|を超え|を上回|超(?=$|[。、])|超の"
    "|초과|보다 많|보다 크|보다 큰|(?:을|를)? ?넘",
    "<=": "及以下|或以下|以下|以内|以內|或更少|まで|이하|이내|까지|ลงมา",
    "<": "未満|より少|より小|を下回|足らず|未满|미만|보다 적|보다 작",
}
_SIGNS: dict[Side, str] = {
    ">=": r">=|≥|⩾|≧|=>(?=\Z)|\\(?:geq?|geqslant)(?![A-Za-z])",
    ">": r"(?<![-=~>])>(?!=)|\\gt(?![A-Za-z])|＞",
    "<=": r"<=|≤|⩽|≦|\\(?:leq?|leqslant)(?![A-Za-z])",
    "<": r"<(?![-=])|\\lt(?![A-Za-z])|＜",
}
_BETWEEN = (
    r"(?:[\s*_`\"'(\[{$€£¥₹~≈-]|(?:about|around|approximately|roughly|the|a|an|some|just|only"
    r"|exactly|roughly|currently|total of|the number|the value|als|der|die|das|etwa|les|la|los|las"
    r"|aproximadamente|environ)(?= ))*"
)
_SUMS = re.compile(
    r"(?:add|sum|total|come|round|work|count|equate|amount)\w* (?:\w+ )?up to\s*"
    r"(?:exactly|about|around|just)?\s*\Z",
    re.IGNORECASE,
)
"""Verbs with which "up to" says equality: adds up to 42."""
_TAG = re.compile(r"</?[A-Za-z][^<>\n]*>[\s*_`$]*\Z")
_QUOTE = re.compile(r"\n *>[> ]*[*_`$]*\Z")
_PROMPT = re.compile(r">>>? ?\Z")
_VARIABLE = re.compile(
    r"[\s$]*(?:[<>≤≥]=?|\\(?:leq?|geq?|lt|gt)(?![A-Za-z]))[\s$]*[A-Za-z](?![A-Za-z>])"
)
_SIDES: tuple[Side, ...] = (">=", "<=", ">", "<")
_TO = re.compile(r"\W*(?:до|do|bis|tot)(?= )[ *_$`]*", re.IGNORECASE)
"""Words for "up to" that elsewhere say where a change ends: вырос до 42."""
_LOOK = 60
_WORDS_BETWEEN = r"(?: [^\W\d_]+){0,2}?,? ?"
_COUNTERS = r" ?[^\s\d.。,，、!?:：\n]{0,4}? ?"


def bound(start: int, end: int, text: str) -> Side | None:
    """Return on which side of a value the answer lies; None where the value is the answer itself.

    Args:
        start: where the value begins in the text, its sign and words of a sign included.
        end: where it ends, its unit included.
        text: the answer, in the form in which the value was found.
    """
    digit = re.compile(r"[0-9]").search(text, start, end)
    first = start if digit is None else digit.start()
    before = text[max(0, first - _LOOK) : first]
    for side in _SIDES:
        if _before(side).search(before) and not _SUMS.search(before.rstrip()):
            return side
    if first < _LOOK and _TO.fullmatch(text[:first]):
        return "<="
    for side in _SIDES:
        if _after(side).match(text, end):
            return side
    if _VARIABLE.match(text, end):
        return "<" if re.match(r"[\s$]*(?:>|≥|\\g)", text[end:]) else ">"
    if _TAG.search(before) or _QUOTE.search(before) or _PROMPT.search(before):
        return None
    for side in _SIDES:
        if _signs(side).search(before):
            return side
    return None


@lru_cache(maxsize=8)
def _before(side: Side) -> re.Pattern[str]:
    spaced = _longest_first(_BEFORE[side])
    unspaced = _longest_first(_BEFORE_UNSPACED[side])
    return re.compile(
        rf"(?:(?<!\w)(?:{spaced})\.?(?=\W|\Z)-?|(?:{unspaced})),?{_BETWEEN}[-+]?\Z", re.IGNORECASE
    )


@lru_cache(maxsize=8)
def _after(side: Side) -> re.Pattern[str]:
    spaced = _longest_first(_AFTER[side])
    unspaced = _AFTER_UNSPACED[side]
    direct = _AFTER_DIRECT[side]
    return re.compile(
        rf"[*_`\"')\]}}$]*(?:{_WORDS_BETWEEN}(?:{spaced})(?!\w)|{_COUNTERS}(?:{unspaced})"
        + (f"|{direct})" if direct else ")"),
        re.IGNORECASE,
    )


@lru_cache(maxsize=8)
def _signs(side: Side) -> re.Pattern[str]:
    return re.compile(rf"(?:{_SIGNS[side]})[\s*_`\"'({{$€£¥~-]*\Z")


def _longest_first(words: str) -> str:
    return "|".join(sorted(map(re.escape, words.split("|")), key=len, reverse=True))
