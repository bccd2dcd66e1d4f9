"""What is said of the quantity that the subject names: "its error rate is 30% lower"."""

from __future__ import annotations

from claimbench.claims.language import lexicon as words
from claimbench.claims.language.tables.pieces import DEG, OBJ, PER, PTS_PCT, D, Q, Rule, U, rule

RULES: tuple[Rule, ...] = (
    # of the subject's own dimension
    rule(rf"{Q} (?:{words.LESS}|down|under|below)", "", "comp", -1),
    rule(rf"{Q} (?:{words.MORE}|up|above)", "", "comp", 1),
    rule(rf"{DEG}(?:lower|smaller|reduced|less|shorter|fewer) by {Q}", "", "comp", -1),
    rule(rf"{DEG}(?:higher|greater|larger|more|longer) by {Q}", "", "comp", 1),
    rule(rf"(?:just )?{DEG}(?:better|improved)", "", "good", 1),
    rule(rf"(?:just )?{DEG}(?:worse)", "", "good", -1),
    rule(rf"{Q} (?:better|faster|quicker)", "", "good", 1),
    rule(rf"{Q} (?:worse|slower)", "", "good", -1),
    rule(rf"(?:just )?{DEG}(?:lower|smaller|less|shorter|below)", "", "comp", -1),
    rule(rf"(?:just )?{DEG}(?:higher|greater|larger|longer|above)", "", "comp", 1),
    rule(rf"{Q} of (?:that of |those of )?{OBJ}(?:'s?)?", "", "share"),
    rule(rf"{Q} (?:that|those) of", "", "share"),
    rule(rf"{Q} as (?:high|large|much|many|long) as", "", "share"),
    rule(rf"{Q} {OBJ}'s", "", "share"),
    rule(r"(?:just )?as (?:low|high) as|on par with|comparable to", "", "same"),
    rule(r"the same as|exactly the same as|equal to|identical to", "", "equal"),
    rule(r"no (?:higher|greater|larger|more|longer) than", "", "nomore", 1),
    rule(r"no (?:lower|smaller|less|shorter) than", "", "nomore", -1),
    rule(r"(?:does|do) not exceed", "", "nomore", 1),
    rule(r"exceeds?", "", "comp", 1),
    rule(rf"{D}", "", "level"),
    rule(rf"{U} ?{PER}", "", "level"),
    rule(rf"{PTS_PCT}", "", "level"),
    rule(rf"(?:reaches|is at|stands at) {Q} of (?:that of |those of )?{OBJ}(?:'s?)?", "", "share"),
)  # fmt: skip
