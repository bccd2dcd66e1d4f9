"""Routes in a suite: what is kept, and every mistake with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from claimbench.claims.parse import parse_claims
from claimbench.errors import SuiteError
from claimbench.suite.codec import suite_from_json, suite_to_json
from claimbench.suite.load import load_suite
from claimbench.suite.purpose.later_routes import with_later_routes
from claimbench.suite.purpose.leaks import leaking_routes
from claimbench.suite.purpose.routes import routes_of, with_route_arms
from claimbench.suite.purpose.split_talks import splitting_routes

SUITE = """\
name: s
version: 1-0
tasks:
  - name: route
    dataset: {path: rows.csv, id: id, target: team, slices: [lang]}
    prompt: [{user: "{{ text }}"}]
    answer: {type: label, labels: [a, b]}
    scorers: [label]
arms:
  - {name: small, provider: compatible, model: m1, base_url: "http://127.0.0.1:1/v1"}
  - {name: big, provider: compatible, model: m2, base_url: "http://127.0.0.1:1/v1"}
"""
ROWS = "id,text,team,lang\nr1,hello,a,de\nr2,world,b,en\n"
CASCADE = "routes: [{name: casc, first: small, then: big, escalate: %s}]\n"


def load(folder: Path, block: str):
    (folder / "rows.csv").write_text(ROWS)
    (folder / "s.yaml").write_text(SUITE + block)
    return load_suite(folder / "s.yaml")


def test_routes_are_stored_with_the_suite_and_leave_its_measured_hash(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("sample_id,arm,usd,seconds\nr1,small,0.1,\nr2,big,,2\n")
    block = (
        "routes:\n"
        "  - {name: c, first: small, then: big, escalate: {signal: length, above: fit, fit: {share: 0.2}}}\n"
        "  - {name: l, slice: lang, arms: {de: big}, otherwise: small}\n"
        "  - {name: r, decisions: r.csv, router: {usd: 0.5}}\n"
    )
    suite = load(tmp_path, block)
    again = suite_from_json(suite_to_json(suite))
    assert routes_of(again) == routes_of(suite)
    cascade, by_slice, router = routes_of(again)
    assert cascade.fitted
    assert cascade.parts == ("small", "big")
    assert by_slice.parts == ("big", "small")
    assert router.decided["route", "r1"].usd == 0.1
    assert router.decided["route", "r2"].usd == 0.5
    assert router.decided["route", "r1"].seconds is None
    assert suite.measured_sha256 == load(tmp_path, "").measured_sha256


def test_claims_name_a_route_and_every_other_arm_means_measured_ones(tmp_path: Path) -> None:
    block = CASCADE % "{unparsable: true}" + (
        "claims:\n"
        "  - claim: casc is 60% cheaper and as accurate as big\n"
        "  - claim: big is the most accurate\n"
        "  - claim: casc is the cheapest\n"
    )
    both, best, cheapest = parse_claims(load(tmp_path, block))
    assert both.treatments == ("casc",)
    assert best.baselines == ("small",)
    assert cheapest.baselines == ("small", "big")


def test_a_route_is_an_arm_once(tmp_path: Path) -> None:
    suite = with_route_arms(load(tmp_path, CASCADE % "{unparsable: true}"))
    assert [arm.name for arm in with_route_arms(suite).arms] == ["small", "big", "casc"]


TEAMS = "".join(f"r{i},hello {i},{'ab'[i % 2]},{'de' if i % 3 else 'en'}\n" for i in range(12))


@pytest.mark.parametrize(
    ("route", "rows", "refused", "warned"),
    [
        ("slice: team, arms: {a: small, b: big}", TEAMS, True, False),
        ("slice: team, choose: {among: [small, big]}", TEAMS, True, False),
        ("slice: team, arms: {a: small}, otherwise: big", TEAMS[: len(TEAMS) // 6], True, False),
        ("slice: lang, arms: {de: small, en: big}", TEAMS, False, False),
        ("slice: lang, arms: {de: small, en: big}", "".join(f"r{i},hello {i},{'ab'[i % 2]},{('de', 'en')[i % 2]}\n" for i in range(12)), False, True),
    ],
)  # fmt: skip
def test_a_route_by_the_target_is_refused_and_by_what_tells_it_warned_of(
    tmp_path: Path, route: str, rows: str, refused: bool, warned: bool
) -> None:
    (tmp_path / "rows.csv").write_text("id,text,team,lang\n" + rows)
    text = SUITE.replace("slices: [lang]", "slices: [lang, team]")
    (tmp_path / "s.yaml").write_text(f"{text}routes: [{{name: r, {route}}}]\n")
    if refused:
        with pytest.raises(SuiteError, match="'team' is the target of the task 'route'"):
            load_suite(tmp_path / "s.yaml")
        return
    suite = load_suite(tmp_path / "s.yaml")
    told = leaking_routes(suite, routes_of(suite))
    assert bool(told) is warned
    assert all("tells the target of every one of 12 rows" in line for line in told)


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ("routes: [{name: small, first: small, then: big}]", "name of an arm"),
        ("routes: [{name: x, first: small}]", "has no 'then'"),
        ("routes: [{name: x, first: small, then: bigg}]", "unknown arm 'bigg'; did you mean"),
        ("routes: [{name: x, first: small, then: small}]", "asks 'small' twice"),
        ("routes: [{name: x}]", "one of three kinds"),
        ("routes: [{name: x, first: small, then: big, slice: lang}]", "one of three kinds"),
        (CASCADE % "{signal: length}", "one of below and above"),
        (CASCADE % "{signal: length, below: 3, above: 5}", "one of below and above"),
        (CASCADE % "{signal: length, below: fit}", "needs `fit`"),
        (CASCADE % "{signal: length, below: 3, fit: {keep: 0.9}}", "needs `below: fit`"),
        (
            CASCADE % "{signal: length, below: fit, fit: {keep: 0.9, share: 0.2}}",
            "a fit has one aim",
        ),
        (CASCADE % "{signal: field, below: 3}", "needs `of`"),
        (CASCADE % "{signal: scorer, of: label, below: 1}", "looks at the target"),
        (CASCADE % "{signal: scorer, of: judge, below: 1}", "has no scorer 'judge'"),
        (CASCADE % "{unparsable: false}", "nothing escalates"),
        ("routes: [{name: x, slice: language, arms: {de: big}}]", "unknown slice column"),
        ("routes: [{name: x, slice: lang, arms: {de: big}}]", "no arm for lang"),
        ("routes: [{name: x, slice: lang, arms: {fr: big}, otherwise: big}]", "never holds"),
        (
            CASCADE % "{signal: probability, below: 0.7}",
            "no endpoint's log-probabilities are stored",
        ),
        (CASCADE % "{signal: probability, below: fit, fit: {keep: 1}}", "log-probabilities"),
        (CASCADE % "{signal: repeats, below: 1}", "asks each sample once"),
        (CASCADE % "[{signal: repeats, below: 1}]", "asks each sample once"),
        ("stop: when_decided\n" + CASCADE % "{unparsable: true}", "cannot stop when decided"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, block: str, told: str) -> None:
    with pytest.raises(SuiteError) as caught:
        load(tmp_path, block)
    assert told in str(caught.value)
    assert "s.yaml:1" in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "line", "told"),
    [
        ("sample_id,arm\nr1,small\nr2,huge\n", 3, "names no arm"),
        ("sample_id,arm\nr1,small\nr9,big\n", 3, "no sample of the suite"),
        ("sample_id,arm\nr1,small\nr1,big\n", 3, "stands twice"),
        ("sample_id,arm,usd\nr1,small,-1\nr2,big,1\n", 2, "0 or more"),
        ("sample_id,arm,usd\nr1,small,free\nr2,big,1\n", 2, "0 or more"),
        ("sample_id,model_\nr1,small\n", 1, "no column 'arm'"),
    ],
)
def test_a_router_s_file_is_checked_row_by_row(
    tmp_path: Path, rows: str, line: int, told: str
) -> None:
    (tmp_path / "r.csv").write_text(rows)
    with pytest.raises(SuiteError) as caught:
        load(tmp_path, "routes: [{name: x, decisions: r.csv}]")
    assert told in str(caught.value)
    assert f"r.csv:{line}" in str(caught.value)


def test_a_sample_without_a_decision_is_an_error_or_goes_where_the_rest_goes(
    tmp_path: Path,
) -> None:
    (tmp_path / "r.csv").write_text("sample_id,arm\nr1,small\n")
    with pytest.raises(SuiteError, match="no row for 1 samples"):
        load(tmp_path, "routes: [{name: x, decisions: r.csv}]")
    (route,) = routes_of(load(tmp_path, "routes: [{name: x, decisions: r.csv, otherwise: big}]"))
    assert route.parts == ("big", "small")


def test_routes_of_a_later_file_are_marked_so(tmp_path: Path) -> None:
    suite = load(tmp_path, CASCADE % "{unparsable: true}")
    file = tmp_path / "later.yaml"
    file.write_text(
        "routes: [{name: late, first: big, then: small}]\nclaims: [{claim: late is cheaper than big}]\n"
    )
    later, claims = with_later_routes(suite, file)
    assert [route.declared for route in routes_of(later)] == ["before", "after"]
    assert [claim.line for claim in claims] == [2]
    file.write_text("routes: [{name: casc, first: big, then: small}]\n")
    with pytest.raises(SuiteError, match=r"later\.yaml:1"):
        with_later_routes(suite, file)


CHAIN = "routes: [{name: casc, first: small, then: [big, third], escalate: %s}]\n"
THIRD = """\
  - {name: third, provider: compatible, model: m3, base_url: "http://127.0.0.1:1/v1"}
"""


@pytest.mark.parametrize(
    ("rule", "thresholds"),
    [
        ("{signal: length, above: 10}", [10, 10]),
        ("[{signal: length, above: 10}, {signal: field, of: sure, below: 0.5}]", [10, 0.5]),
        (
            "[{signal: length, above: fit, fit: {keep: 0.9}},"
            " {signal: field, of: sure, below: fit}]",
            [None, None],
        ),
        (
            "[{signal: length, above: fit, fit: {max_usd_per_1k: 2}}, {unparsable: true}]",
            [None] * 2,
        ),
    ],
)
def test_a_chain_keeps_its_rules_through_the_store(
    tmp_path: Path, rule: str, thresholds: list[float | None]
) -> None:
    suite = load(tmp_path, THIRD + CHAIN % rule)
    (chain,) = routes_of(suite_from_json(suite_to_json(suite)))
    assert (chain,) == routes_of(suite)
    assert chain.parts == ("small", "big", "third")
    assert [stage.threshold for stage in chain.stages] == thresholds
    assert [stage.then for stage in chain.stages] == ["big", "third"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("[{signal: length, above: 10}]", "`escalate` has 1 rules, and the cascade 2 steps"),
        ("{signal: length, above: fit, fit: {share: 0.5}}", "a share does not fix"),
        (
            "[{signal: length, above: fit}, {signal: length, above: fit}]",
            "the fit of this cascade has no aim",
        ),
        (
            "[{signal: length, above: fit, fit: {keep: 1}},"
            " {signal: length, above: fit, fit: {keep: 1}}]",
            "has 2 aims",
        ),
        ("[{signal: length, above: 3}, {signal: repeats, below: 1}]", "repeats of a later arm"),
        ("[{signal: length, above: 3}, {signal: length}]", "needs one of below and above"),
        ("[{signal: length, above: 3}, {signal: size, above: 3}]", "expected one of"),
        ("{signal: length, abov: 3}", "unknown key 'abov'"),
    ],
)
def test_a_chain_that_contradicts_itself_is_one_error_with_its_line(
    tmp_path: Path, rule: str, words: str
) -> None:
    with pytest.raises(SuiteError) as found:
        load(tmp_path, THIRD + CHAIN % rule + "epochs: 3\n")
    assert words in str(found.value)
    assert found.value.line == 13


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("slice: lang, choose: {among: [small, big]}, otherwise: big", "states what `choose` fits"),
        ("slice: lang, choose: {among: [small, small]}", "'small' stands twice"),
        ("slice: lang, choose: {among: [small]}", "needs at least 2"),
        ("slice: lang, choose: {among: [small, bigg]}", "unknown arm 'bigg'"),
        ("first: small, then: big, choose: {among: [small, big]}", "does not belong to a cascade"),
        ("first: small, then: [big, small]", "asks 'small' twice"),
        ("first: small, then: []", "is empty"),
        ("first: small, then: 3", "expected"),
    ],
)
def test_a_choice_or_chain_that_cannot_be_is_one_error(
    tmp_path: Path, block: str, words: str
) -> None:
    with pytest.raises(SuiteError) as found:
        load(tmp_path, f"routes: [{{name: r, {block}}}]\n")
    assert words in str(found.value)
    assert found.value.line is not None


def test_a_choice_by_slice_is_stored_and_names_its_arms(tmp_path: Path) -> None:
    block = "routes: [{name: r, slice: lang, choose: {among: [small, big], keep: 0.9, folds: 4}}]\n"
    suite = load(tmp_path, block)
    (route,) = routes_of(suite_from_json(suite_to_json(suite)))
    assert route.choose is not None
    assert (route.choose.keep, route.choose.folds) == (0.9, 4)
    assert route.parts == ("small", "big")
    assert route.fitted


TALKS = """\
name: s
version: 1-0
tasks:
  - name: chat
    dataset: {path: talks.jsonl, id: id, target: team, slices: [lang]}
    prompt: [{conversation: turns}]
    answer: {type: label, labels: [a, b]}
    scorers: [label]
arms:
  - {name: small, provider: compatible, model: m1, base_url: "http://127.0.0.1:1/v1"}
  - {name: big, provider: compatible, model: m2, base_url: "http://127.0.0.1:1/v1"}
routes:
"""


@pytest.mark.parametrize(
    ("route", "turns", "told"),
    [
        ("first: small, then: big", 2, "may pass single turns on"),
        ("slice: turn, arms: {'1': small}, otherwise: big", 2, "to different arms"),
        ("slice: turn, choose: {among: [small, big]}", 2, "may choose the arm turn by turn"),
        ("decisions: turns.csv", 2, "to different arms"),
        ("decisions: whole.csv", 2, ""),
        ("slice: lang, arms: {de: small}, otherwise: big", 2, ""),
        ("slice: lang, choose: {among: [small, big]}", 2, ""),
        ("first: small, then: big", 1, ""),
    ],
)
def test_a_route_that_may_split_conversations_is_warned_of(
    tmp_path: Path, route: str, turns: int, told: str
) -> None:
    asked = [{"role": "user", "content": f"turn {n}"} for n in range(turns)]
    rows = [
        {"id": f"r{i}", "turns": asked, "team": "ab"[i % 2], "lang": ("de", "en")[i // 2 % 2]}
        for i in range(8)
    ]
    (tmp_path / "talks.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    by_turn, whole = ["sample_id,arm"], ["sample_id,arm"]
    for i in range(8):
        for n in range(1, turns + 1):
            by_turn.append(f"r{i}:{n},{('big', 'small')[n % 2]}")
            whole.append(f"r{i}:{n},{('big', 'small')[i % 2]}")
    (tmp_path / "turns.csv").write_text("\n".join(by_turn))
    (tmp_path / "whole.csv").write_text("\n".join(whole))
    (tmp_path / "s.yaml").write_text(f"{TALKS}  - {{name: r, {route}}}\n")
    suite = load_suite(tmp_path / "s.yaml")
    lines = splitting_routes(suite, routes_of(suite))
    assert len(lines) == bool(told)
    assert told in "".join(lines)


@pytest.mark.parametrize("signal", ["repeats, below: 1", "probability, below: 0.7"])
def test_of_a_stored_run_what_it_holds_decides(tmp_path: Path, signal: str) -> None:
    suite = load(tmp_path, "")
    file = tmp_path / "later.yaml"
    file.write_text(CASCADE % f"{{signal: {signal}}}")
    later, _ = with_later_routes(suite, file)
    assert routes_of(later)[0].signal == signal.partition(",")[0]


def test_repeats_agree_where_there_are_some(tmp_path: Path) -> None:
    (route,) = routes_of(load(tmp_path, "epochs: 2\n" + CASCADE % "{signal: repeats, below: 1}"))
    assert route.signal == "repeats"
