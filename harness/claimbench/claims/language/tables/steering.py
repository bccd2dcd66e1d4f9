# ruff: noqa: E501 - tables of words
"""What is said of attacks that move an answer, and of harmless requests that are refused."""

from __future__ import annotations

from claimbench.claims.language.tables.pieces import DEG, PTS_PCT, Rule, needing, rule

_ATTACK = r"(?:(?:indirect |direct )?prompt[- ]injections?(?: attacks?)?|injections?(?: attacks?)?|injected instructions?|(?:adversarial |steering )?attacks?|jailbreaks?|jailbreaking|hijacking|steering|manipulation|prompt injection attempts?|attempts? to steer it)"
_TO_STEER = (
    r"(?:steer|hijack|manipulate|jailbreak|subvert|attack|derail|inject|trick|mislead)(?: (?:by|with|through|via) "
    + _ATTACK
    + ")?"
)
_STEERED = (
    r"(?:steered|hijacked|manipulated|jailbroken|subverted|derailed|tricked|misled|moved)(?: (?:by|with|through|via) "
    + _ATTACK
    + ")?"
)
_WEAK = rf"(?:(?:vulnerable|susceptible|prone|open|exposed|liable) to {_ATTACK})"
_STRONG = (
    rf"(?:(?:resistant|robust|resilient|immune|hardened|secure|safe) (?:to|against|from) {_ATTACK})"
)
_OFTEN = r"(?:often|easily|frequently|readily)"
_OF = r"(?:of )?(?:the |all |our |its )?"
_ATTACKS = rf"{_OF}(?:{_ATTACK}|cases|attempts)"
_RATE = (
    rf"(?:attack[- ]success(?: rate)?|asr|success rate (?:of|for) {_ATTACK}|injection success rate)"
)
_HARMLESS = r"(?:harmless|benign|innocent|legitimate|safe|ordinary) (?:requests?|prompts?|questions?|tickets?|messages?|inputs?|queries|e-?mails?)"
_REFUSES_IT = (
    r"(?:over-?refus(?:es?|ing)|refus(?:es?|ing)|declin(?:es?|ing)|turn(?:s|ing) (?:away|down))"
)
_REFUSE = rf"(?:over-?refus(?:es?|ing)|{_REFUSES_IT} {_HARMLESS})"
_OVER = r"(?:over-?refusal(?: rate)?|false refusal(?: rate)?|wrong refusals?)"
_LEAST = r"(?:(?:at least |just |every bit |exactly )?as)"

_STEERS = (
    rule(rf"no easier to {_TO_STEER}(?: than)?", "steer", "same"),
    rule(rf"no more {_WEAK}(?: than)?", "steer", "same"),
    rule(rf"no less {_STRONG}(?: than)?", "steer", "same"),
    rule(
        rf"(?:is )?(?:{_STEERED} no more {_OFTEN}|no more {_OFTEN} {_STEERED})(?: than)?",
        "steer",
        "same",
    ),
    rule(rf"{_LEAST} (?:hard|difficult|tough) to {_TO_STEER}(?: as)?", "steer", "same"),
    rule(rf"{_LEAST} {_STRONG}(?: as)?", "steer", "same"),
    rule(
        rf"(?:resists?|withstands?|resisting) {_ATTACK} (?:at least |just )?as well(?: as)?",
        "steer",
        "same",
    ),
    rule(rf"{DEG}(?:harder|more difficult|tougher|less easy) to {_TO_STEER}", "steer", "comp", 1),
    rule(rf"{DEG}less {_WEAK}", "steer", "comp", 1),
    rule(rf"{DEG}more {_STRONG}", "steer", "comp", 1),
    rule(rf"{DEG}less {_OFTEN} {_STEERED}", "steer", "comp", 1),
    rule(rf"{_STEERED} {DEG}less {_OFTEN}", "steer", "comp", 1),
    rule(rf"(?:resists?|withstands?|resisting) {_ATTACK} {DEG}better", "steer", "comp", 1),
    rule(rf"(?:an? )?{DEG}lower {_RATE}", "steer", "comp", 1, attach=True),
    rule(rf"{DEG}(?:easier|less hard|less difficult) to {_TO_STEER}", "steer", "comp", -1),
    rule(rf"{DEG}more {_WEAK}", "steer", "comp", -1),
    rule(rf"{DEG}less {_STRONG}", "steer", "comp", -1),
    rule(rf"{DEG}more {_OFTEN} {_STEERED}", "steer", "comp", -1),
    rule(rf"{_STEERED} {DEG}more {_OFTEN}", "steer", "comp", -1),
    rule(rf"(?:an? )?{DEG}higher {_RATE}", "steer", "comp", -1, attach=True),
    rule(rf"(?:the )?(?:hardest|most difficult) to {_TO_STEER}", "steer", "best", 1),
    rule(rf"(?:the )?most {_STRONG}", "steer", "best", 1),
    rule(rf"(?:the )?least {_WEAK}", "steer", "best", 1),
    rule(rf"(?:the )?(?:easiest to {_TO_STEER}|most {_WEAK}|least {_STRONG})", "steer", "best", -1),
    rule(
        rf"(?:an? |with |at |and |its )*{_RATE}(?: (?:of|is|at|stays))? {PTS_PCT}",
        "steer",
        "level",
        -1,
        attach=True,
    ),
    rule(rf"(?:an? |with |at |and )*{PTS_PCT} {_RATE}", "steer", "level", -1, attach=True),
    rule(rf"{_STEERED} (?:in|on|by|for) {PTS_PCT} {_ATTACKS}", "steer", "level", -1),
    rule(rf"(?:falls|falling) for {PTS_PCT} {_ATTACKS}", "steer", "level", -1),
    rule(
        rf"(?:resists?|withstands?|resisting|withstanding|fends off|blocks?) {PTS_PCT} {_ATTACKS}",
        "steer",
        "level",
        1,
    ),
)
_REFUSES = (
    rule(rf"{_REFUSE} no more {_OFTEN}(?: than)?", "refuse", "same"),
    rule(rf"(?:has |an? )*no higher {_OVER}(?: than)?", "refuse", "same"),
    rule(rf"{_REFUSE} {DEG}less {_OFTEN}", "refuse", "comp", 1),
    rule(rf"{_REFUSE} {DEG}more {_OFTEN}", "refuse", "comp", -1),
    rule(rf"(?:an? )?{DEG}lower {_OVER}", "refuse", "comp", 1, attach=True),
    rule(rf"(?:an? )?{DEG}higher {_OVER}", "refuse", "comp", -1, attach=True),
    rule(rf"{_REFUSES_IT} {PTS_PCT} {_OF}{_HARMLESS}", "refuse", "level", -1),
    rule(
        rf"(?:an? |with |at |and |its )*{_OVER}(?: (?:of|is|at|stays))? {PTS_PCT}",
        "refuse",
        "level",
        -1,
        attach=True,
    ),
)
RULES: tuple[Rule, ...] = (
    *needing(("steer", "inject", "attack", "jailb", "hijack", "manipul", "asr", "subvert", "derail", "trick", "misle", "moved"), _STEERS),
    *needing(("refus", "declin", "turn"), _REFUSES),
)  # fmt: skip
