"""Reasons and readings of claims about preference in plain English."""

from __future__ import annotations

from collections.abc import Mapping

PREFERENCE_REASONS: Mapping[str, str] = {
    "judges_only": "judged by models alone, whose taste need not be people's",
    "labels_missing": (
        "drawn for people and left without a label; who leaves out what speaks against an arm turns"
        " the verdict (label all that were drawn)"
    ),
    "lengths_apart": (
        "its answers are nearly always the longer ones, so a liking for length cannot be told from"
        " one for the answers"
    ),
    "no_pairs": (
        "no task is judged in pairs (a task's `scorers: [{name: pairwise, by: [...]}]` does it)"
    ),
    "one_judge": (
        "one model as judge decides no preference: name several of different labs, or let people"
        " label pairs (bench labels)"
    ),
    "pairs_missing": "on too many pairs a judge left no word",
    "pairs_withheld": "the answers that were compared are not in this file",
    "people_needed": (
        "only models judged, and it says what people prefer; people have to label pairs first"
        " (bench labels)"
    ),
    "people_only": "by people's votes alone",
    "preference_is_not_accuracy": (
        "a share of comparisons won is no accuracy, so tasks judged in pairs do not count"
    ),
    "unstable_judges": (
        "a judge's word changed with the order of the answers too often (limit 25%)"
    ),
}
PREFERENCE_MEANS: Mapping[str, str] = {
    "win_rate": "the share of comparisons won",
    "length_controlled": "the share won at equal length",
    "similar_length": "the share won among answers of similar length",
}
WON: Mapping[str, str] = {
    "win_rate": ", ties counted half",
    "length_controlled": " at equal length, ties counted half",
    "similar_length": " where both answers are of similar length, ties counted half",
}
"""Readings of preference -> what is added to the share that was won."""
