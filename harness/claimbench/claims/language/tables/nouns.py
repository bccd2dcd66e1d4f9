"""What is said of a named quantity: "30% lower error rate", "half the cost of X"."""

from __future__ import annotations

from collections.abc import Iterator

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.tables.pieces import DEG, OBJ, P, Q, Rule, rule


def of_noun(dim: str) -> Iterator[Rule]:
    """Rules about a named dimension: "30% lower error rate", "half the cost of X", "cuts costs by"."""
    plain = f"(?:{words.NOUNS[dim]})"
    noun = f"(?:{P} )?{plain}" if dim == "time" else plain
    its = r"(?:the |its |their |an? |your )?"
    lead = r"(?:at |for |with |only |just |costs? |in |takes? |has |runs? at |delivers |gives )?(?:only |just )?"
    good = -1 if dim in words.FALLING else 1
    for way, sign in (
        (words.LESS, -1), (words.MORE, 1), (words.GOOD, good), (words.BAD, -good)
    ):  # fmt: skip
        yield rule(
            rf"(?:with |at |an? |for )*{Q} (?:{way})[- ]{noun}", dim, "comp", sign, attach=True
        )
        yield rule(rf"(?:with |at |an? |for )*{DEG}(?:{way})[- ]{noun} by {Q}", dim, "comp", sign)
        yield rule(
            rf"(?:with |at |an? |for )*{DEG}(?:{way})[- ]{noun}", dim, "comp", sign, attach=True
        )
        yield rule(rf"(?:an? )?{noun} (?:that|which) (?:is|are) {Q} (?:{way})", dim, "comp", sign)
        yield rule(rf"(?:an? )?{noun} (?:that|which) (?:is|are) {DEG}(?:{way})", dim, "comp", sign)
        yield rule(rf"(?:an? )?{noun} {Q} (?:{way})", dim, "comp", sign)
    yield from _shares(dim, f"{lead}", its, noun)
    yield rule(rf"{lead}{Q} (?:of )?{OBJ}(?:'s?) {noun}", dim, "share", attach=True)
    yield rule(
        rf"{lead}(?:an? )?{noun} (?:of |is )?{Q} of (?:that of )?(?:{OBJ})(?:'s?)?(?: {plain})?",
        dim,
        "share",
    )
    yield rule(rf"{words.CUT} {its}{noun} (?:by|of) {Q}", dim, "comp", -1)
    yield rule(rf"{words.CUT} {OBJ}(?:'s?) {noun} by {Q}", dim, "comp", -1)
    yield rule(rf"{words.CUT} {OBJ}(?:'s?) {noun}", dim, "comp", -1)
    yield rule(
        rf"{words.CUT} {its}{noun} (?:to|down to) {Q} of (?:that of |those of )?{OBJ}(?:'s?)?",
        dim,
        "share",
    )
    if dim in {"acc", "err"}:
        yield rule(rf"{words.CUT} {its}{noun} (?:to|down to) <(?P<qk>p)(?P<q>\d+)>", dim, "level")
        yield rule(
            rf"{words.CUT} {its}{noun} (?:to|down to) <(?P<qk>[fx])(?P<q>\d+)>", dim, "share"
        )
    else:
        yield rule(rf"{words.CUT} {its}{noun} (?:to|down to) {Q}", dim, "share")
    half = r"(?:(?P<more>nearly |almost |roughly |about |more than )?in|by) <(?P<qk>f)(?P<q>\d+)>"
    yield rule(rf"{words.CUT} {OBJ}(?:'s?) {noun} {half}", dim, "comp", -1)
    yield rule(rf"{words.CUT} {its}{noun} {half}", dim, "comp", -1)
    yield rule(rf"{words.CUT} {its}{noun} {Q}", dim, "comp", -1)
    yield rule(rf"{words.CUT} {its}{noun}", dim, "comp", -1)
    for verb, sign in ((words.RAISE, 1), (words.IMPROVE, good)):
        yield rule(rf"{verb} {its}{noun} by {Q}", dim, "comp", sign)
        yield rule(rf"{verb} {OBJ}(?:'s?) {noun} by {Q}", dim, "comp", sign)
        yield rule(rf"{verb} {its}{noun}", dim, "comp", sign)
        yield rule(rf"{verb} {OBJ}(?:'s?) {noun}", dim, "comp", sign)
    for verb, way, sign in (("halv", "half", -1), ("doubl", "double", 1), ("tripl", "triple", 1)):
        more = rf"(?P<more>more than |over |at least |nearly |almost |roughly |about )?{verb}(?:es|ed|ing|e)"
        yield rule(rf"{more} {its}{noun}(?: of)?", dim, way, sign)
        yield rule(rf"{more} {OBJ}(?:'s?) {noun}", dim, way, sign)
    yield rule(
        rf"(?:with |at )?(?:an? )?{Q} (?:reductions?|decrease|drop|cut|saving|savings|decline) (?:in|of|on) {its}{noun}",
        dim,
        "comp",
        -1,
    )
    for nouns, sign in (
        ("improvements?|gains?|advantage|lead|edge", good),
        ("increase|boost|rise|uplift|jump", 1),
    ):
        yield rule(rf"(?:with )?(?:an? )?{Q} (?:{nouns}) (?:in|of) {its}{noun}", dim, "comp", sign)
        yield rule(rf"(?:an? )?(?:{nouns}) (?:in|of) {its}{noun} (?:of|by) {Q}", dim, "comp", sign)
        yield rule(rf"(?:with )?(?:an? )?{Q} {noun} (?:{nouns})", dim, "comp", sign)
    yield rule(
        rf"(?:with |at )?(?:an? )?{Q} {noun} (?:reductions?|decrease|drop|cut|savings?)",
        dim,
        "comp",
        -1,
        attach=True,
    )
    yield rule(rf"(?:an? )?{noun} (?:reductions?|decrease|savings?) of {Q}", dim, "comp", -1)
    alike = r"(?:the |an? )?(?:same|equal|identical|comparable|equivalent|similar)"
    yield rule(rf"(?:at|for|with) {alike} {noun}(?: to| as)?", dim, "same", attach=True)
    yield rule(
        rf"(?:an? )?(?:comparable|equivalent|similar) {noun}(?: to| as)?", dim, "same", attach=True
    )
    yield rule(
        rf"(?:exactly )?(?:the |an? )?(?:same|equal|identical) {noun}(?: to| as)?", dim, "equal"
    )
    keep = r"(?:maintain|retain|preserv|keep|kept|match|offer|provid|deliver|giv|achiev|reach)\w*"
    yield rule(rf"{keep} {alike} {noun}(?: to| as)?", dim, "same", attach=True)
    for most, sign in (
        ("lowest|smallest|least|fewest", -1),
        ("highest|largest|most", 1),
        ("best", good),
        ("worst", -good),
    ):
        yield rule(rf"(?:with )?(?:the |an? )?(?:{most}) {noun}", dim, "best", sign)


def _shares(dim: str, lead: str, its: str, noun: str) -> Iterator[Rule]:
    """Shares of the rival's. "90% accuracy" is an amount of one's own; "90% of the accuracy" not."""
    if dim not in {"acc", "err"}:
        yield rule(rf"{lead}{Q} (?:of )?{its}{noun}(?: of)?", dim, "share", attach=True)
        return
    yield rule(rf"{lead}{Q} of {its}{noun}(?: of)?", dim, "share", attach=True)
    yield rule(rf"{lead}{Q} {its}{noun} of", dim, "share", attach=True)
    yield rule(rf"{lead}<(?P<qk>[fx])(?P<q>\d+)> {its}{noun}(?: of)?", dim, "share", attach=True)
