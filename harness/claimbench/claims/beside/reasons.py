"""Codes of reasons, in words: those of routes, and what else :mod:`claimbench.claims.words` has no
room for.
"""

from __future__ import annotations

from collections.abc import Mapping

REASONS_BESIDE: Mapping[str, str] = {
    "baseline_rules": "rules that differ from those of the baseline's suite",
    "spent_alpha": "alpha is spent over the runs that are compared with one baseline",
    "failed_calls": "some calls failed",
    "calls_not_made": "some calls were not made, for the run ended before or lacks their items",
    "turns_not_asked": "some turns were not asked, for an earlier one had no answer to go on from",
    "too_many_ended": (
        "more than 5% of an arm's turns were never asked, for its own answers had ended their"
        " conversations"
    ),
    "no_whole_conversation": "no conversation was answered to its end in every arm of the claim",
    "none_asked": "no request was sent, for every conversation was over before",
    "empty_answers": "an empty answer counts as answered, and as wrong",
    "charges_decide": (
        "it rests on charges that a vendor states itself, and its prices say otherwise"
    ),
    "charges_differ": "what a vendor says it charged is far from what its prices come to",
    "charges_silent": (
        "a vendor that states charges states none, or $0, for some calls: those count at its prices"
    ),
    "tiers_decide": (
        "it rests on a cheaper tier of service that a vendor names and nobody asked for, and the"
        " one that was asked for says otherwise"
    ),
    "tiers_unasked": "a vendor names a cheaper tier of service than was asked for",
    "charges_unchecked": "dollars by stated charges alone, with no price to hold them against",
    "retries_decide": (
        "it rests on leaving out the wait for a retry, and the time from the first send says"
        " otherwise"
    ),
    "first_answer_decides": (
        "it rests on the first token of reasoning, and the first of the answer says otherwise"
    ),
    "tokens_decide": (
        "it rests on a vendor's own counts of tokens, and the text that came says otherwise"
    ),
    "tokens_impossible": (
        "an arm counts more output tokens than its text can have, so that its speed per token is"
        " not known"
    ),
    "connections_decide": (
        "it rests on leaving out the wait for connections to be opened, and the time from there"
        " says otherwise"
    ),
    "connections_opened": "many calls had to open a connection of their own",
    "calls_retried": "some calls were asked more than once",
    "send_times_unknown": (
        "the times of the calls are not known, so nothing shows that the arms were measured at the"
        " same times"
    ),
    "few_clusters_near_limit": (
        "so close to 0% or 100% these few groups do not show how much they vary"
    ),
    "as_of": "counted in dated snapshots",
    "ahead_all_along": "the snapshots begin too late to show an overtaking",
    "counts_unknown": "the snapshot lacks these counts",
    "depends_on_counting": "it depends on how it is counted",
    "embeddings_unknown": "the snapshot does not tell which models are embeddings",
    "family_unknown": "nobody says who made a model that could turn it",
    "format_unknown": "the snapshot does not tell which repositories are local formats",
    "hubs_differ": "counts of two hubs show no change between their dates",
    "no_snapshot": "no snapshot holds this list",
    "not_in_snapshot": "the snapshot does not hold the repository",
    "one_date": "one date shows no change",
    "snapshot_partial": "the snapshot is too short for this",
    "snapshot_stale": "the snapshot is too old",
    "snapshots_contradict": "two snapshots cannot both be true",
    "tie_at_rank": "rows tie at the last rank",
    "totals_contradict": "a part has more downloads than the whole",
    "composed": "made from stored calls of other arms; no request took this path",
    "route_fitted_in_sample": "the route was chosen on the answers it is judged by",
    "route_checker_sees_target": "the route asks a checker that sees the right answer",
    "route_knows_answers": "the route's decisions follow which answers are right",
    "route_splits_conversation": (
        "a conversation whose turns different arms answered has not taken place"
    ),
    "route_no_signal": (
        "nothing tells how sure an arm of the route was, so that all that it answered was passed on"
    ),
    "route_part_apart": "a part of the baseline's route is not compared, so nothing is known of it",
    "route_not_compared": "no judge and nobody was shown a route's answers beside another arm's",
    "route_texts_withheld": "the route goes by what answers say, which is not in this file",
    "route_fit_varies": "the threshold's own fit varies too much",
    "by_turn": "compared by conversation",
    "over_wordings": "wordings of the prompt vary too, and the interval holds their spread",
    "route_by_turn": (
        "a route's turns are those of conversations that other arms held, so it is not judged by"
        " turn"
    ),
    "judge_with_others": (
        "people labelled what a judge scored, and those labels correct no figure that other scorers"
        " share; state the claim for one task (task: NAME)"
    ),
    "calls_in_text": (
        "its server carried no call of a tool, so that the scores tell of the server and not of the"
        " model"
    ),
    "silent_answers": "attacks that met no answer that can be read count as resisted",
    "silence_resists_nothing": (
        "half of the attacks or more met no answer that can be read, and who answers nothing"
        " resists nothing"
    ),
}

FLAGS_BESIDE = frozenset({"baseline_rules", "charges_differ", "tiers_unasked"})
"""Flags of these that stand in a verdict's sentence, undecided ones too."""
ACCEPTED: Mapping[str, str] = {
    "judge_uncorrected": "a verdict on a judge's scores alone",
    "self_judging": "a judge that may favour its like",
    "calls_in_text": "calls of tools that a server left in the text",
    "route_knows_answers": "a route whose decisions follow which answers are right",
}
"""What ``allow`` accepts that is no difference between two arms."""
