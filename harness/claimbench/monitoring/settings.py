"""How runs are compared: the suite's ``compare`` block, and what the command line says over it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from claimbench.claims.readings.limits import AS_CHEAP
from claimbench.error_words import did_you_mean, one_of
from claimbench.errors import BenchError
from claimbench.monitoring.types import Margins, Settings
from claimbench.suite.schema.compare import TIMES
from claimbench.types import Suite

DOLLARS = AS_CHEAP - 1
"""Rise of dollars that holds where nobody stated one: that of "as cheap as"."""
LATENCY = 0.20
"""Rise of a latency that holds where nobody stated one."""
SERIES = 30
"""Runs of a series over which alpha is spent where nobody stated how many, and an exit code ends a
job or a claim is judged again with each run.
"""
OFF = "off"
_HINT = "for example --margin accuracy=2%, --margin dollars=10%, --margin e2e_p95=off"


def settings_of(suite: Suite, margins: Sequence[str] = (), runs: int | None = None) -> Settings:
    """Return how runs of ``suite`` are compared; ``margins``: ``NAME=X`` of ``--margin``.

    Raises:
        BenchError: a margin is none, or of a measure that nobody judges.
    """
    raw = suite.options.get("compare")
    block: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {}
    return Settings(
        _over(_margins(block.get("margins") or {}, suite.margin), margins),
        runs if runs is not None else block.get("runs"),
        dict(block.get("arms") or {}),
        float(block.get("common", 0.8)),
        suite.alpha,
        block.get("baseline"),
    )


def settings_between(
    base: Suite, new: Suite, margins: Sequence[str] = (), runs: int | None = None
) -> Settings:
    """Return how a run of ``new`` is compared with one of ``base``: no setting of the later suite
    loosens what the baseline's was judged by.

    Of margins, alpha and ``common`` the stricter holds; BASE's ``runs`` where it states them, and
    BASE's latency where the two judge different ones. The command line lies over both, for a
    person states it beside the result.

    Raises:
        BenchError: a margin is none, or of a measure that nobody judges.
    """
    was, now = settings_of(base), settings_of(new)
    return replace(
        now,
        margins=_over(_stricter(was.margins, now.margins), margins),
        runs=runs if runs is not None else was.runs or now.runs,
        common=max(was.common, now.common),
        alpha=min(was.alpha, now.alpha),
    )


def as_series(settings: Settings, base: Suite, planned: int | None = None) -> Settings:
    """Return settings of a comparison with a run of ``base`` that is repeated: alpha is spent over
    the runs that a person (``planned``) or BASE's suite states, else over :data:`SERIES`, or more
    where NEW's suite states more.
    """
    if planned is not None or settings_of(base).runs is not None:
        return settings
    return replace(settings, runs=max(settings.runs or 0, SERIES))


def _stricter(base: Margins, new: Margins) -> Margins:
    """Return the narrower margins; a measure that one suite leaves out is judged by the other."""
    accuracy, dollars = _least(base.accuracy, new.accuracy), _least(base.dollars, new.dollars)
    if base.latency is None:
        return Margins(accuracy, dollars, new.latency, new.time)
    alike = new.latency is not None and _tail(base.time) == _tail(new.time)
    if not alike:
        return Margins(accuracy, dollars, base.latency, base.time)
    return Margins(accuracy, dollars, _least(base.latency, new.latency), base.time or new.time)


def _tail(time: str) -> str:
    """Return the latency that is meant; the one that nobody states is the end-to-end p95."""
    return time or "e2e_p95"


def _least(one: float | None, two: float | None) -> float | None:
    known = [margin for margin in (one, two) if margin is not None]
    return min(known, default=None)


def stated_rules(suite: Suite) -> dict[str, str]:
    """Return what a suite says of how its runs are judged, in words: name -> value."""
    found = settings_of(suite)
    time = found.margins.time or "latency"
    return {
        "margin of accuracy": _shown(found.margins.accuracy),
        "margin of dollars": _shown(found.margins.dollars),
        "margin of latency": f"{time} {_shown(found.margins.latency)}",
        "compare.runs": str(found.runs or "not stated"),
        "compare.common": _shown(found.common),
        "compare.arms": ", ".join(f"{new}={old}" for new, old in found.arms.items()) or "none",
        "alpha": f"{found.alpha:g}",
        "population": suite.population,
        "allow": ", ".join(sorted(suite.allow)) or "nothing",
    }


def _shown(share: float | None) -> str:
    return OFF if share is None else f"{100 * share:.4g}%"


def loosened(base: Suite, new: Suite, settings: Settings) -> tuple[str, ...]:
    """Say what the later suite would have loosened, and what holds instead; what holds although it
    is looser (renamed arms, differences accepted) is said as well.
    """
    was, now, used = settings_of(base), settings_of(new), settings
    told: list[str] = []
    for name, before, after, held in (
        ("accuracy", was.margins.accuracy, now.margins.accuracy, used.margins.accuracy),
        ("dollars", was.margins.dollars, now.margins.dollars, used.margins.dollars),
        ("latency", was.margins.latency, now.margins.latency, used.margins.latency),
    ):
        if before is not None and (after is None or after > before):
            told.append(_margin_used(f"the margin of {name}", before, after, held))
    if was.margins.latency is not None and now.margins.latency is not None:
        one, two = _tail(was.margins.time), _tail(now.margins.time)
        if one != two and used.margins.time == was.margins.time:
            told.append(f"NEW's suite judges {two}, BASE's {one}: {one} is judged")
    return (*told, *_loosened_rules(base, new, used))


def loosened_for_claims(base: Suite, new: Suite, settings: Settings) -> tuple[str, ...]:
    """Say the same of claims about arms of the baseline: they have the suite's ``margin`` where
    they state none.
    """
    told: list[str] = []
    if new.margin > base.margin:
        used = _margin_used("margin", base.margin, new.margin, base.margin)
        told.append(f"{used} where a claim states none")
    return (*told, *_loosened_rules(base, new, settings))


def _margin_used(what: str, before: float, after: float | None, held: float | None) -> str:
    return (
        f"NEW's suite has {what} {_shown(after)}, BASE's {_shown(before)}: {_shown(held)} is used"
    )


def _loosened_rules(base: Suite, new: Suite, used: Settings) -> tuple[str, ...]:
    """Say what the later suite would have loosened beside margins."""
    was, now = settings_of(base), settings_of(new)
    told: list[str] = []
    if now.alpha > was.alpha:
        told.append(f"NEW's suite has alpha {now.alpha:g}, BASE's {was.alpha:g}: the smaller holds")
    if now.common < was.common:
        told.append(
            f"NEW's suite asks for {_shown(now.common)} common samples, BASE's for"
            f" {_shown(was.common)}: {_shown(used.common)} is asked for"
        )
    short = now.runs is not None and used.runs is not None and now.runs < used.runs
    if (was.runs and now.runs != was.runs) or short:
        told.append(
            f"NEW's suite plans {now.runs or 'no number of'} runs, BASE's"
            f" {was.runs or 'no number of'}: alpha is spent over {used.runs}"
        )
    if new.population == "fixed" and base.population != "fixed":
        told.append("NEW's suite has population: fixed, BASE's not: it is judged as BASE's")
    if added := sorted(set(new.allow) - set(base.allow)):
        told.append(f"NEW's suite accepts what BASE's did not: allow {', '.join(added)}")
    return tuple(told)


def known_names(arms: Mapping[str, str], base: Suite, new: Suite) -> dict[str, str]:
    """Return the renamings that concern these two suites: one may have said them for others."""
    before = {arm.name for arm in base.arms}
    now = {arm.name for arm in new.arms}
    return {name: old for name, old in arms.items() if name in now and old in before}


def with_arms(settings: Settings, pairs: Sequence[str]) -> Settings:
    """Lay ``NEW=OLD`` of ``--arm`` over the suite's names."""
    return replace(settings, arms=named_pairs(pairs, settings.arms))


def named_pairs(pairs: Sequence[str], known: Mapping[str, str]) -> dict[str, str]:
    """Return arms by their name in NEW -> in BASE: ``known``, and ``NEW=OLD`` of ``--arm`` over it.

    Raises:
        BenchError: a text is no pair, or names an arm of BASE twice.
    """
    named = dict(known)
    for text in pairs:
        new, equals, old = text.partition("=")
        if not equals or not new.strip() or not old.strip():
            raise BenchError(f"--arm {text!r}: not NEW=OLD", hint="for example --arm beta-2=beta")
        if old.strip() in {one for name, one in named.items() if name != new.strip()}:
            raise BenchError(f"--arm {text!r}: another arm is compared with {old.strip()!r}")
        named[new.strip()] = old.strip()
    return named


def _over(margins: Margins, texts: Sequence[str]) -> Margins:
    """Lay ``NAME=X`` of ``--margin`` over margins; one latency is judged, the last named."""
    for text in texts:
        name, value = _margin(text)
        if name == "accuracy":
            margins = replace(margins, accuracy=_number(value))
        elif name == "dollars":
            margins = replace(margins, dollars=_number(value))
        else:
            time = name if name in TIMES else ""
            margins = replace(margins, latency=_number(value), time=time)
    return margins


def _margins(stated: Mapping[str, Any], margin: float) -> Margins:
    time = next((name for name in TIMES if name in stated), "")
    latency = stated.get(time) if time else stated.get("latency", LATENCY)
    return Margins(
        _number(stated.get("accuracy", margin)),
        _number(stated.get("dollars", DOLLARS)),
        _number(latency),
        time,
    )


def _number(value: Any) -> float | None:
    return None if value == OFF or value is None else float(value)


def _margin(text: str) -> tuple[str, float | str]:
    name, equals, value = (part.strip() for part in text.partition("="))
    known = ("accuracy", "dollars", "latency", *TIMES)
    if not equals or not value:
        raise BenchError(f"--margin {text!r}: not NAME=X", hint=_HINT)
    if name not in known:
        message = f"--margin {text!r}: no measure is called {name!r}{did_you_mean(name, known)}"
        raise BenchError(message, hint=f"measures: {one_of(known, 20)}")
    if value == OFF:
        return name, OFF
    if name == "latency":
        raise BenchError(
            f"--margin {text!r}: say which latency, or latency=off", hint=f"one of {one_of(TIMES)}"
        )
    percent = value.endswith("%")
    try:
        number = float(value.removesuffix("%")) / (100 if percent else 1)
    except ValueError:
        raise BenchError(f"--margin {text!r}: {value!r} is no number", hint=_HINT) from None
    most = 1 if name == "accuracy" else 10
    if not math.isfinite(number) or not 0 < number <= most or (most == 1 and number == 1):
        raise BenchError(
            f"--margin {text!r}: a margin lies above 0 and below {most * 100}%", hint=_HINT
        )
    return name, number
