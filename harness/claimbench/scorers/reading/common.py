"""Words of everyday sentences that are labels too: IT, US, May, A, I, No."""

from __future__ import annotations

from claimbench.scorers.reading.words import Words, loose_words


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COMMON = _words(
    # en
    "a i it us may am no in on or so as at be by do go he if is me my of to up we an all any can"
    " will not and the who she they them you out march mark bill art but for now then well here"
    # de nl
    " er es an da du man um zu die der das den im was war ein het een en ik je"
    # fr es pt it
    " à y un une le la les de du des et ou il elle ce se sa son ma mon tu est car o e el los las"
    " una si su lo i gli di os um uma em na non ne che per con"
    # ru uk pl
    " а и в с к о у я он не но da u w z do nie"
)
_ARTICLES = _words("a an no the o e y и а в с к о у i")
_VERBS = _words(
    "is and und oder or et ou y sind are was because since as seems would best applies fits matches"
    " describes ist est es è é weil car porque"
)


def is_common(form: str) -> bool:
    """Return whether a label's form is a word of everyday sentences."""
    return form in _COMMON


def is_mention(start: int, end: int, label: str, words: Words) -> bool:
    """Return whether such a label is meant where it occurs.

    A clause of its own, or the end of one for an article ("the answer is a"), is. Inside a clause
    it has to be written as the label is; a capital article or pronoun before a small word ("A
    parcel", "A Roman", "I think", "No parcel") is none.
    """
    clause = words.clause(start, end)
    if clause == (start, end):
        return True
    form = words.folded[start:end]
    if form in _ARTICLES and clause[1] == end and form != "i":
        return True
    if words.kept[start:end] != loose_words(label).kept:
        return False
    if form not in _ARTICLES:
        return True
    following = words.kept[end + 1 : clause[1]].split(" ", 1)[0]
    return not is_cased(following) or following in _VERBS


def is_cased(word: str) -> bool:
    """Return whether a word is written in a script with capitals, as after an article."""
    return word.lower() != word.upper()
