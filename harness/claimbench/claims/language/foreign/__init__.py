"""The commonest forms in German, French, Spanish and Chinese: a table of sentences for each.

A statement matches as a whole or not at all, so nothing of it is left unread. Two statements in one
sentence may share their arms: "ist besser und günstiger als beta".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache

from claimbench.claims.language.amounts import Amount, find_amounts, on_one_side
from claimbench.claims.language.foreign.chinese import CHINESE, digits
from claimbench.claims.language.foreign.french import FRENCH
from claimbench.claims.language.foreign.german import GERMAN
from claimbench.claims.language.foreign.language import Language
from claimbench.claims.language.foreign.spanish import SPANISH
from claimbench.claims.language.parts.statements import Statement
from claimbench.claims.language.tables.pieces import Rule
from claimbench.errors import ClaimError

_ARM = r"⟦a\d+⟧"
_A = r"(?:the |der |die |das |le |la |el )?⟦a(?P<ours>\d+)⟧"
_B = r"(?:the |der |die |das |le |la |el )?⟦a(?P<theirs>\d+)⟧"
_CJK = re.compile(r"[\u3400-\u9fff]")
_THOUSANDS = re.compile(r"(?P<n>\d{1,3}(?:\.\d{3})+)(?!\d).*")
_PARTS = r"drittel|viertel|fünftel|zehntel|tiers|quarts|tercios|cuartos"
_NOT_ONLY = (
    (r"\bnicht nur (.+?),? sondern (?:auch )?", r"\1 und "),
    (r"\bnon seulement (.+?),? mais (?:aussi |également )?", r"\1 et "),
    (r"\bno s[oó]lo (.+?),? sino (?:que )?(?:también )?", r"\1 y "),
)
"""Turns of phrase that say the same in other words."""
_OWN = r"\b(?:aber|jedoch|dennoch|trotzdem|ist|mais|tout en|est|étant|pero|aunque|es)\b|但"
"""Joints after which a denial ends: a word for "but", or a verb."""
_OTHER_DIMS = {"named": "time", "ttft": "time"}
_MARK_KINDS = {"Q": "poxfn", "D": "d", "U": "u", "S": "pf", "N": "n"}


def read_foreign(text: str) -> tuple[list[Statement], list[Amount]] | None:
    """Read a plain sentence in one of the languages, names masked; None where no form matches."""
    for language in (GERMAN, FRENCH, SPANISH, CHINESE):
        chinese = language is CHINESE
        if not (_CJK.search(text) if chinese else any(m in text for m in language.marks)):
            continue
        plain = digits(text) if chinese else _numbered(language, text)
        marked, amounts = find_amounts(plain.strip(" .!。").replace("。", ""), bounds=False)
        if not chinese:
            amounts = [_with_thousands(a) for a in amounts]
        found = _whole(language, marked, amounts)
        if found:
            return found, amounts
    return None


def _numbered(language: Language, text: str) -> str:
    """Write the number words of a language as digits, and drop its words that say nothing."""
    text = re.sub(rf"(?<!\w)(?:{language.fillers}) ", "", text)
    words = "|".join(sorted((word for word, _ in language.numbers), key=len, reverse=True))
    before = rf"(?=\b|mal\b|fach\b)(?! (?:{_PARTS}))"
    for pattern, other in _NOT_ONLY:
        text = re.sub(pattern, other, text)

    def digit(match: re.Match[str]) -> str:
        number = next(str(n) for word, n in language.numbers if re.fullmatch(word, match[0]))
        return f"{number} " if text[match.end() : match.end() + 1].isalpha() else number

    return re.sub(rf"\b(?:{words}){before}", digit, text) if words else text


def _with_thousands(amount: Amount) -> Amount:
    """Read "1.000" as a thousand, as German, French and Spanish write it."""
    found = _THOUSANDS.fullmatch(amount.text)
    if found is None or found["n"].startswith("0"):
        return amount
    scale = 1000 ** found["n"].count(".")
    return replace(amount, value=amount.value * scale, half=amount.half * scale)


def _whole(language: Language, text: str, amounts: Sequence[Amount]) -> list[Statement]:
    """Read the sentence as one statement, or as two or three that share their arms."""
    one = _one(language, text, amounts)
    if one is not None:
        return [one]
    parts = [part.strip() for part in re.split(language.joints, text)]
    arms = list(dict.fromkeys(re.findall(_ARM, text)))
    if not 1 < len(parts) <= 3 or len(arms) > 2:
        return []
    out: list[Statement] = []
    for part in parts:
        read = (_one(language, told, amounts) for told in _completed(language, part, arms))
        made = next((statement for statement in read if statement is not None), None)
        if made is None:
            return []
        out.append(made)
    _denial_is_plain(out, [found[0] for found in re.finditer(language.joints, text)])
    theirs = next((made.theirs for made in out if made.theirs), [])
    for made in out:
        if not made.theirs and made.way not in {"level", "best"}:
            made.theirs = list(theirs)
    return out


def _denial_is_plain(said: Sequence[Statement], joints: Sequence[str]) -> None:
    """Refuse "ist nicht günstiger als beta und schneller": is it faster, or not?"""
    for earlier, later, joint in zip(said, said[1:], joints, strict=False):
        if earlier.negated and not later.negated and not re.search(_OWN, joint):
            raise ClaimError(
                "it is not clear how far the negation reaches",
                hint="write one claim for each thing that is denied",
            )


def _completed(language: Language, part: str, arms: Sequence[str]) -> Iterator[str]:
    """Yield a statement as it stands, then with what it may leave out."""
    yield part
    if not arms:
        return
    ours = arms[0]
    theirs = arms[1] if len(arms) > 1 else ""
    for before, after in language.elided:
        if "B" in before + after and not theirs:
            continue
        yield (
            re.sub(r"\bA\b", ours, before).replace("B", theirs)
            + part
            + re.sub(r"\bB\b", theirs, after)
        )


def _one(language: Language, text: str, amounts: Sequence[Amount]) -> Statement | None:
    for form, dim, way, sign in language.forms:
        match = _pattern(language.name, form).fullmatch(text)
        if match is not None:
            made = _statement(language, match, amounts, (dim, way, sign))
            if made is not None:
                return made
    return None


@cache
def _pattern(name: str, form: str) -> re.Pattern[str]:
    language = next(x for x in (GERMAN, FRENCH, SPANISH, CHINESE) if x.name == name)
    table = {
        "A": _A,
        "B": _B,
        "NEG": f"(?P<neg>{language.negation})?",
        "IST": language.copula,
        "DEG": f"(?P<deg>{language.degrees})?",
        **{token: _amount(language, token) for token in _MARK_KINDS},
    }
    tokens = "|".join(sorted(table, key=len, reverse=True))
    parts = re.split(rf"((?<![A-Za-z])(?:{tokens})(?![A-Za-z]))", form)
    return re.compile("".join(table.get(p, p) for p in parts))


def _amount(language: Language, slot: str) -> str:
    bounds = "|".join(f"(?P<b{slot}{i}>{word})" for i, (word, _) in enumerate(language.bounds))
    after = "|".join(f"(?P<a{slot}{i}>{word})" for i, (word, _) in enumerate(language.after))
    factors = "|".join(f"(?P<f{i}>{word})" for i, (word, _) in enumerate(language.factors))
    kinds = _MARK_KINDS[slot]
    mark = rf"<[{kinds}](?P<q{slot}>\d+)>"
    if slot == "Q":
        mark = rf"(?:un |d'|à )?(?:{mark}(?P<times>{language.times})?|{factors})"
    tail = f"(?: ?(?:{after}))?" if after else ""
    return rf"(?:(?:{bounds}) ?)?{mark}{tail}"


def _bounded(
    language: Language, found: dict[str, str | None], slot: str, amounts: Sequence[Amount]
) -> Amount | None:
    """Return the amount of a slot with its bound; None where the form has none."""
    place = found.get(f"q{slot}")
    amount = amounts[int(place)] if place else None
    if slot == "Q" and amount is None:
        for i, (_, value) in enumerate(language.factors):
            if found.get(f"f{i}"):
                amount = Amount("x" if value > 1 else "f", value)
    if amount is None:
        return None
    bounds = [b for i, (_, b) in enumerate(language.bounds) if found.get(f"b{slot}{i}")]
    bounds += [b for i, (_, b) in enumerate(language.after) if found.get(f"a{slot}{i}")]
    for bound in bounds:
        if bound in {"just_over", "just_under"}:
            sided = on_one_side(amount, bound)  # type: ignore[arg-type]
            if sided is None:
                return None
            amount = sided
            continue
        half = amount.half if bound in {"about", "up_to", "only"} else Fraction(0)
        amount = replace(amount, bound=bound, half=half)  # type: ignore[arg-type]
    return amount


def _statement(
    language: Language, match: re.Match[str], amounts: Sequence[Amount], what: tuple[str, str, int]
) -> Statement | None:
    dim, way, sign = what
    found = match.groupdict()
    amount = _bounded(language, found, "Q", amounts)
    if found.get("qQ") and amount is not None:
        if amount.kind == "n":
            if not found.get("times"):
                return None
            amount = replace(amount, kind="x")
        elif found.get("times"):
            return None
    for token in ("D", "U"):
        amount = amount or _bounded(language, found, token, amounts)
    real = _OTHER_DIMS.get(dim, dim)
    made = Statement(Rule("", real, way, sign), match[0], real, way, sign, amount)
    made.own_dim = real != dim
    made.metric = "ttft" if dim == "ttft" else None
    made.share = _bounded(language, found, "S", amounts)
    if found.get("qN"):
        made.per = f"{int(amounts[int(found['qN'] or 0)].value)} request"
    made.ours = [int(found["ours"] or 0)]
    made.theirs = [int(found["theirs"] or 0)] if found.get("theirs") else []
    made.negated = bool(found.get("neg"))
    made.degree = found.get("deg")
    return made
