"""Where an answer gives a time before, after, by or since a day, and not the day itself."""

from __future__ import annotations

import re
from functools import lru_cache

from claimbench.scorers.reading.bounds import Side

_BEFORE: dict[Side, str] = {
    "<": "before|prior to|earlier than|ahead of|vor|vor dem|vor der|avant|avant le|antes de"
    "|antes del|prima di|prima del|prima dell'|antes do|vóór|voor|före|före den|før|før den"
    "|przed|przed dniem|před|pred|перед|раньше|до наступления|преди|prije|înainte de|ennen"
    "|enne|prieš|pirms|πριν|πριν από|πριν τις|πριν από τις|πριν την|trước|trước ngày"
    "|sebelum|sebelum tanggal|kabla ya|قبل|قبل يوم|قبل تاريخ|לפני|לפני ה|قبل از|پیش از"
    "|abans del|abans de",
    ">": "after|later than|following|past|nach|nach dem|après|après le|después de|después del"
    "|tras el|dopo|dopo il|dopo l'|depois de|depois do|após|após o|efter|efter den|etter"
    "|etter den|после|позже|позднее|після|пізніше|след|poslije|nakon|după|pärast|pēc|μετά"
    "|μετά από|μετά τις|μετά από τις|μετά την|sau|sau ngày|setelah|sesudah|setelah tanggal"
    "|baada ya|بعد|بعد يوم|بعد تاريخ|אחרי|אחרי ה|לאחר|לאחר ה|بعد از|پس از|després de"
    "|després del",
    "<=": "by|as late as|until|till|up to|up until|through|no later than|not later than|not after"
    "|on or before|at the latest|within|bis|bis zum|bis einschließlich|spätestens"
    "|spätestens am|nicht nach dem|jusqu'au|jusqu'à|d'ici le|d'ici au|au plus tard le|hasta"
    "|hasta el|a más tardar el|fino al|fino all'|entro il|entro l'|non oltre il|até|até o"
    "|até a|até ao|tot|tot en met|uiterlijk|uiterlijk op|till den|till och med|fram till"
    "|senast|senast den|indtil|indtil den|inden|inden den|senest|senest den|innen|innen den"
    "|frem til|do dnia|najpóźniej|nie później niż|nejpozději|najneskôr|až do|до|не позднее"
    "|не позже|вплоть до|не пізніше|не пізніше ніж|най-късно|najkasnije do|legkésőbb"
    "|până la|până pe|până în|cel târziu|viimeistään|hiljemalt|kuni|iki|līdz|μέχρι"
    "|μέχρι τις|έως|έως τις|ως τις|το αργότερο|το αργότερο έως|en geç|đến|đến ngày"
    "|muộn nhất|chậm nhất|sampai|sampai tanggal|hingga|paling lambat|mpaka|hadi|حتى|حتى يوم"
    "|حتى تاريخ|بحلول|في موعد أقصاه|עד|עד ה|עד יום|לא יאוחר מ|تا|fins al|fins a",
    ">=": "since|as early as|from|starting from|beginning|no earlier than|not before"
    "|not earlier than"
    "|on or after|at the earliest|seit|seit dem|ab|ab dem|frühestens|frühestens am"
    "|nicht vor dem|depuis|depuis le|à partir du|à compter du|dès le|desde|desde el"
    "|a partir del|a partir de|dal|dall'|a partire dal|desde o|a partir do|sinds|vanaf|från"
    "|från den|sedan|sedan den|fra|fra den|siden|siden den|od dnia|najwcześniej|начиная с"
    "|не ранее|не раньше|починаючи з|не раніше|най-рано|de la|începând cu|începând din"
    "|alates|nuo|από|από τις|από την|từ|từ ngày|kể từ|kể từ ngày|sejak|mulai|mulai tanggal"
    "|tangu|kuanzia|منذ|من|من تاريخ|اعتبارا من|اعتباراً من|ابتداء من|ابتداءً من|מאז|מאז ה"
    "|החל מ|החל מה|از|des del|des de",
}
_DIRECT: dict[Side, str] = {
    "<=": "do|к|по|do dnia",
    ">": "na|po|po dniu",
    ">=": "с|со|з|із|od|od dnia",
}
"""Words that say so only directly before the day: Portuguese has "na quarta-feira", "do dia 4"."""
_BEFORE_UNSPACED: dict[Side, str] = {
    "<": "早于|早於|先于|ก่อนวันที่|ก่อน|ກ່ອນວັນທີ|ກ່ອນ|មុនថ្ងៃទី|មុន",
    ">": "晚于|晚於|หลังจากวันที่|หลังวันที่|หลังจาก|หลัง|ຫຼັງວັນທີ|ຫຼັງ|ក្រោយថ្ងៃទី|ក្រោយ|បន្ទាប់ពី",
    "<=": "截至|截止到|截止至|截止|不晚于|不晚於|直到|直至|จนถึงวันที่|จนถึง|ภายในวันที่|ภายใน|ไม่เกินวันที่"
    "|ไม่เกิน|ถึงวันที่",
    ">=": "自从|自從|自|从|從|不早于|不早於|ตั้งแต่วันที่|ตั้งแต่|นับจากวันที่|เริ่มตั้งแต่วันที่",
}
_AFTER: dict[Side, str] = {
    "<": "or earlier|or before|and earlier|oder früher|ou avant|o antes|o prima|ou antes|или раньше"
    "|से पहले|से पूर्व|के पहले|এর আগে|এর পূর্বে|-এর আগে|க்கு முன்|க்கு முன்பு|కి ముందు|ముందు"
    "|'den önce|'dan önce|'ten önce|'tan önce|den önce|tarihinden önce|tarihine dek|öncesi"
    "|öncesinde|előtt|-e előtt|-a előtt|-án előtt|سے پہلے",
    ">": "or later|or after|and later|and after|oder später|oder danach|ou après|o después|o dopo"
    "|ou depois|или позже|के बाद|এর পরে|এর পর|-এর পরে|க்கு பிறகு|க்குப் பிறகு|తర్వాత|नंतर"
    "|'den sonra|'dan sonra|'ten sonra|'tan sonra|den sonra|tarihinden sonra|sonrası|sonrasında"
    "|után|-e után|-a után|jälkeen|کے بعد",
    "<=": "at the latest|at latest|spätestens|au plus tard|a más tardar|como muy tarde"
    "|al più tardi|no máximo|uiterlijk|senast|senest|най-късно|не позднее|तक|পর্যন্ত|এর মধ্যে"
    "|வரை|వరకు|पर्यंत|tarihine kadar|'?[ey]?[aeı]? kadar|-ig|-éig|-áig|saakka|asti"
    "|mennessä|تک",
    ">=": "onwards?|onward|and onwards?|at the earliest|frühestens|et après|en adelante|in poi"
    "|em diante|и далее|से|থেকে|হতে|முதல்|నుండి|पासून|'den itibaren|'dan itibaren|'ten itibaren"
    "|'tan itibaren|den itibaren|tarihinden itibaren|tarihinden beri|itibaren|-tól|-től|-ától"
    "|-étől|óta|-a óta|-e óta|lähtien|alkaen|سے",
}
_AFTER_UNSPACED: dict[Side, str] = {
    "<": "之前|以前|前|より前|よりも前|の前|の?前日|이전|전에|전(?![가-힣])",
    ">": "之后|之後|以后|以後|后|後|より後|の後|の?翌日|이후|후에|후(?![가-힣])",
    "<=": "为止|為止|以内|以內|之内|之內|までに|まで|까지",
    ">=": "起|以来|以來|以降|から|부터|이래",
}
_NOT_AFTER = r"(?!(?:年|月|半|台|天|[0-9]))"
_BETWEEN = (
    r"(?:(?:the|on|noon|midnight|night|morning|evening|end|close|start|beginning|of|business|early"
    r"|late|about|around|date|day|dem|den|der|le|el|il|o|ngày|tanggal|tarih|datum|dnia|día|giorno"
    r"|jour|dia|data|يوم|تاريخ|יום|ה|[^\W\d_]+(?:day|tag|di|dag|da|feira|nedeľu))(?:,? |[-,] ?)"
    r"|[\s*_`\"'(\[])*"
)
_LOOK = 70
_SIDES: tuple[Side, ...] = ("<=", ">=", "<", ">")


def date_bound(start: int, end: int, text: str) -> Side | None:
    """Return on which side of a date the answer lies; None where the date is the answer itself."""
    before = text[max(0, start - _LOOK) : start]
    for side in _SIDES:
        if _before(side).search(before):
            return side
    for side in _SIDES:
        if _after(side).match(text, end):
            return side
    return None


@lru_cache(maxsize=8)
def _before(side: Side) -> re.Pattern[str]:
    spaced = "|".join(sorted(map(re.escape, _BEFORE[side].split("|")), key=len, reverse=True))
    direct = _DIRECT.get(side, "")
    near = rf"(?<!\w)(?:{direct}) [*_]*\Z|" if direct else ""
    return re.compile(
        rf"{near}(?:(?<!\w)(?:{spaced})(?:(?<=')|(?=\W|\Z)-?) ?|(?:{_BEFORE_UNSPACED[side]}))"
        rf"{_BETWEEN}\Z",
        re.IGNORECASE,
    )


@lru_cache(maxsize=8)
def _after(side: Side) -> re.Pattern[str]:
    spaced = _AFTER[side]
    return re.compile(
        rf"[*_`\"')\].]*(?: ?(?:року|года|г\.|р\.|rok|roku|vuonna|anul|yılı|năm))?"
        rf"(?:,? ?(?:{spaced})(?!\w)|(?:\([^)]{{0,6}}\))? ?の?(?:{_AFTER_UNSPACED[side]})"
        rf"{_NOT_AFTER})",
        re.IGNORECASE,
    )
