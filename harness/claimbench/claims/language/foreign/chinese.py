# ruff: noqa: E501 - tables of words
"""Chinese."""

from __future__ import annotations

import re
from fractions import Fraction

from claimbench.claims.language.foreign.language import Language

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2}
_NUMERAL = "[零一二三四五六七八九两十百]+"
_COST = r"(?:总|使用|推理|平均)?(?:成本|价格|费用|定价)"
_SPEED = r"(?:推理|响应|生成|输出|处理)?速度"
_DELAY = r"(?:响应|平均)?(?:延迟|时延|响应时间)"
_FIRST = r"首(?:字|个? ?token) ?(?:延迟|时延|响应时间)"
_RIGHT = r"(?:准确率|正确率|精度|准确度)"
_THAN = r"(?:比|较|相比)"
_DOWN = r"(?:降低|减少|下降|低|少|便宜)了?"
_UP = r"(?:提升|提高|增加|快|高)了?"
_BEATS = r"(?:超过|优于|超越|胜过|领先)了?"


def digits(text: str) -> str:
    """Write Chinese numerals, fractions and tenths as digits: "八成", "五分之一", "百分之九十"."""
    text = re.sub(r"((?:快|慢|贵|高|提升|提速)了?) ?[一1] ?倍", r"\1 2 倍", text)  # twice as fast
    text = re.sub(rf"百分之({_NUMERAL}|\d+)", lambda m: f" {_number(m[1])}%", text)
    text = re.sub(rf"({_NUMERAL})成", lambda m: f" {10 * _number(m[1])}%", text)
    text = re.sub(
        rf"({_NUMERAL})分之({_NUMERAL})", lambda m: f" {_number(m[2])}/{_number(m[1])} ", text
    )
    return re.sub(rf"({_NUMERAL})(?= ?倍)", lambda m: f" {_number(m[1])} ", text)


def _number(text: str) -> int:
    if text.isdigit():
        return int(text)
    total = 0
    current = 0
    for char in text:
        if char in _DIGITS:
            current = _DIGITS[char]
        else:
            total += max(current, 1) * (10 if char == "十" else 100)
            current = 0
    return total + current


CHINESE = Language(
    "Chinese",
    (),
    ((r"至少|不低于|不少于", ">="), (r"超过|高于|大于", ">"), (r"最多|不超过|不高于", "<="), (r"低于|不到|小于|少于", "<"), (r"(?:略|稍|稍微|略微|刚刚?)(?:高于|多于|超过?|大于)", "just_over"), (r"(?:略|稍|稍微|略微|刚刚?)(?:低于|少于|不到|小于)", "just_under"), (r"大约|约|近|接近|将近", "about"), (r"高达|最多可达|多达", "up_to"), (r"仅仅|只有", "only")),
    ((r"以上", ">="), (r"以下|以内", "<="), (r"左右", "about")),
    ((r"一半|半", Fraction(1, 2)), (r"1 ?个数量级|一个数量级", Fraction(10))),
    (),
    r" ?倍",
    r"(?:是)?",
    r"(?:不|并不|没有|并没有)",
    r"(?:明显|大幅|远远?|显著)",
    r" ?[,，;] ?(?:而且?|并且?|但是?|同时|且)? ?| ?(?:而且|并且|但是?|同时|且|又) ?",
    (("A ", ""), ("A 比 B ", ""), ("A 的", "")),
    r"也|还",
    (
        (r"A 比 B ?(?:便宜|成本低|价格低) ?Q", "cost", "comp", -1),
        (rf"A ?的? ?{_COST} ?{_THAN} B ?{_DOWN} ?Q", "cost", "comp", -1),
        (rf"A ?将? ?{_COST} ?{_THAN} B ?{_DOWN} ?Q", "cost", "comp", -1),
        (rf"与 B 相比,? ?A ?的? ?{_COST} ?{_DOWN} ?Q", "cost", "comp", -1),
        (r"A ?NEG ?比 B ?DEG ?(?:更便宜|便宜|更低廉)", "cost", "comp", -1),
        (r"A ?NEG ?比 B ?DEG ?(?:更贵|贵|更昂贵)", "cost", "comp", 1),
        (r"A 比 B ?贵 ?Q", "cost", "comp", 1),
        (r"A 没有 B 便宜", "cost", "comp", 1),
        (rf"A ?的? ?{_COST} ?(?:是|仅为|只有|为|仅是|仅有|只是) ?B ?的? ?Q", "cost", "share", 0),
        (rf"A ?的? ?{_COST} ?NEG ?比 B ?DEG ?(?:更低|低)", "cost", "comp", -1),
        (rf"A ?(?:和|与|跟) B ?的? ?{_COST} ?(?:一样|相同)", "cost", "equal", 0),
        (r"A 比 B ?(?:快|提速) ?Q", "time", "comp", -1),
        (r"A 比 B ?慢 ?Q", "time", "comp", 1),
        (rf"A ?的? ?{_SPEED} ?{_THAN} B ?{_UP} ?Q", "rate", "comp", 1),
        (rf"A ?的? ?{_SPEED} ?(?:是|为|达到) ?B ?的? ?Q", "time", "times_as", -1),
        (rf"A ?的? ?{_SPEED} ?NEG ?比 B ?DEG ?(?:更快|快)", "time", "comp", -1),
        (rf"A ?的? ?{_FIRST} ?{_THAN} B ?{_DOWN} ?Q", "ttft", "comp", -1),
        (rf"A ?的? ?{_DELAY} ?{_THAN} B ?{_DOWN} ?Q", "named", "comp", -1),
        (rf"A ?的? ?{_DELAY} ?(?:为|是|在)? ?D", "time", "level", -1),
        (r"A ?NEG ?比 B ?DEG ?(?:更快|快)", "time", "comp", -1),
        (r"A ?NEG ?比 B ?DEG ?(?:更慢|慢)", "time", "comp", 1),
        (r"A 没有 B 快", "time", "comp", 1),
        (r"A (?:和|与|跟) B (?:一样|同样)快", "time", "as", -1),
        (r"A 比 B ?(?:准确|准确率高|好) ?Q", "acc", "comp", 1),
        (rf"A ?的? ?{_RIGHT} ?{_THAN} B ?(?:高|提高|提升)了? ?Q", "acc", "comp", 1),
        (rf"A ?的? ?{_RIGHT} ?{_THAN} B ?(?:低|降低|下降)了? ?Q", "acc", "comp", -1),
        (rf"A ?的? ?{_RIGHT} ?NEG ?比 B ?DEG ?(?:更高|高)", "acc", "comp", 1),
        (r"A ?NEG ?比 B ?DEG ?(?:更准确|更好|更准|更强|好|准确)", "acc", "comp", 1),
        (r"A ?NEG ?比 B ?DEG ?(?:更差|差)", "acc", "comp", -1),
        (r"A 没有 B (?:准确|好|准)", "acc", "comp", -1),
        (r"A (?:不如|比不上) B", "acc", "comp", -1),
        (rf"A ?的? ?(?:性能|效果|表现|{_RIGHT})? ?{_BEATS} ?B", "acc", "comp", 1),
        (r"A ?的? ?(?:性能|效果|表现)? ?(?:媲美|比肩|可比) ?B", "acc", "same", 1),
        (r"A ?的? ?(?:性能|效果|表现) ?(?:和|与|跟) B (?:相当|持平|不相上下)", "acc", "same", 1),
        (r"A (?:和|与|跟) B (?:相当|持平|不相上下)", "acc", "same", 1),
        (r"A (?:和|与|跟) B (?:一样|同样)(?:准确|好|准)", "acc", "as", 1),
        (rf"A ?的? ?{_RIGHT} ?(?:为|是|达到|达|保持在?|在)? ?Q", "acc", "level", 1),
        (r"A ?的? ?错误率 ?(?:为|是|在)? ?Q", "err", "level", -1),
        (rf"A ?的? ?错误率 ?{_THAN} B ?{_DOWN} ?Q", "err", "comp", -1),
        (r"A ?NEG ?(?:是)?最便宜的?(?:模型)?", "cost", "best", -1),
        (r"A ?NEG ?(?:是)?最快的?(?:模型)?", "time", "best", -1),
        (r"A ?NEG ?(?:是)?最(?:准确|好|强)的?(?:模型)?", "acc", "best", 1),
    ),
)  # fmt: skip
