"""Words and signs that put two values beside each other, in the languages of the tests: 4 to 6,
4 or 6, 4 and 6.
"""

from __future__ import annotations

_TO_WORDS = (
    "to until till through thru bis à au al a hasta hasta_el até ao до по tot t/m til och_med do"
    " đến tới με έως μέχρι ως ile ila hingga sampai s/d až pana până la līdz iki kuni tra fino_a"
    " hadi إلى الى حتى לעד עד तक से ثم تا"
)
_OR_WORDS = (
    "or and/or oder ou o u или або чи lub albo of eller ή είτε veya ya_da ve/veya tai või vai vagy"
    " eða ose edo arba sau ili nebo alebo ali au hoặc hay và/hoặc atau या अथवा أو او یا או"
)
_AND_WORDS = "and und et y e и та och og en i a ja ir un și ve và dan και και_ή और एवं na"


def _spaced(words: str) -> str:
    """Return a pattern of words that stand apart from others."""
    each = sorted((word.replace("_", " ") for word in words.split()), key=len, reverse=True)
    return rf"(?<![^\W\d_])(?:{'|'.join(each)})(?![^\W\d_])"


TO = rf"(?:{_spaced(_TO_WORDS)}|-|–|—|~|～|〜|→|到|至|から|まで|에서|부터|से|ถึง|จนถึง)"
"""Between the ends of a range."""
OR = rf"(?:{_spaced(_OR_WORDS)}|或者?|还是|還是|か|または|もしくは|또는|혹은|이나|หรือ)"
"""Between two of which one is meant."""
AND = rf"(?:{_spaced(_AND_WORDS)}|&|和|与|與|及|と|와|과|및|และ|و(?= ?\d))"
"""Between two that are both meant."""
JOINS = rf"(?:{TO}|{OR}|{AND})"
"""Any of these."""
