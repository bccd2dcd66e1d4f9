"""Synthetic runs for the report tests. Made data, never shipped as a result; the tables are built
by the real code.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from claimbench.evaluation.stored import Counted
from claimbench.tables.build import build_tables
from claimbench.types import (
    AnswerSpec,
    Arm,
    Attempt,
    BudgetSpec,
    Call,
    CallRecord,
    Claim,
    Cost,
    ErrorPolicy,
    Estimate,
    LoadSpec,
    Manifest,
    Message,
    Outcome,
    Reading,
    Reason,
    Sample,
    SamplingParams,
    Score,
    ScorerSpec,
    Session,
    Suite,
    Task,
    Timing,
    Usage,
    Verdict,
)
from claimbench_reports.view.inputs import (
    ArmInfo,
    BreakEvenLine,
    EarlierRun,
    Economics,
    PriceFact,
    ReportData,
    TornadoBar,
    TornadoChart,
)

HOSTILE = (
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "</pre></td><svg onload=\"document.title='owned'\">",
    '" onmouseover="document.title=1" x="',
    '=HYPERLINK("http://evil.example/","click")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1:A9)",
    "abc\u202egnp.exe\u200b\u0000\u0007\ud800 end",
    "{{ 7*7 }} {% raw %}",
    "<style>body{display:none}</style>",
    "\u2028line\u2029sep",
)
CANARY = "sk-canary-0123456789abcdefghijklmnop"
INTENTS = ("refund", "cancel", "address", "invoice", "login", "delivery", "praise", "other")


def _suite(n_items: int, hostile: bool) -> Suite:
    rng = random.Random(5)
    samples = []
    for i in range(n_items):
        text = f"Ticket {i}: my order {4000 + i} has not come, what now?"
        if hostile:
            text = HOSTILE[i % len(HOSTILE)] + f" #{i}"
        intent = INTENTS[i % len(INTENTS)]
        slices = {
            "language": "de" if i % 3 == 0 else "en",
            "difficulty": rng.choice(["easy", "hard"]),
            "intent": intent,
        }
        samples.append(Sample(f"t{i}", {"text": text}, intent, f"c{i // 2}", slices))
    few = ()
    prompt = (Message("system", "Name the intent."), Message("user", "Ticket: {{ text }}"))
    tasks = (
        Task(
            "route",
            tuple(samples),
            prompt,
            few,
            AnswerSpec("label", INTENTS),
            (ScorerSpec("label"),),
            16,
        ),
        Task(
            "extract",
            tuple(samples[: n_items // 2]),
            prompt,
            few,
            AnswerSpec("json"),
            (ScorerSpec("json_fields"),),
            64,
        ),
    )
    host = {
        "host": {
            "usd_per_hour": 0.2,
            "utilisation": 0.5,
            "source": "a price page",
            "dated": "2026-11-01",
        }
    }
    arms = (
        Arm(
            "coder-local",
            "llama_cpp",
            "qwen2.5-coder-0.5b",
            weights="open",
            device="cpu",
            cost_model=host,
        ),
        Arm(
            "smol-local", "llama_cpp", "smollm2-135m", weights="open", device="cpu", cost_model=host
        ),
        Arm(
            "api-large",
            "openai",
            "gpt-large",
            weights="proprietary",
            base_url="https://api.example.com/v1",
            api_key_env="LARGE_API_KEY",
        ),
        Arm(
            "api-absent",
            "openai",
            "gpt-absent",
            weights="proprietary",
            api_key_env="ABSENT_API_KEY",
        ),
    )
    return Suite(
        name="support",
        version="1-0",
        description="Customer tickets.",
        path="suites/support.yaml",
        tasks=tasks,
        arms=arms,
        sampling=SamplingParams(0.0, 1.0, 7),
        epochs=1,
        order_seed=42,
        load=LoadSpec(),
        budget=BudgetSpec(),
        claims=(),
        errors=ErrorPolicy(),
        margin=0.03,
        alpha=0.05,
        population="super",
        stop="never",
        allow=(),
        thresholds={},
        file_sha256="f" * 64,
        measured_sha256="e" * 64,
        judges=(Arm("arbiter", "openai", "gpt-judge"),),
    )


def _estimate(value: float, low: float | None, high: float | None) -> Estimate:
    why = None if low is not None else "n_too_small"
    return Estimate(
        value, low, high, 0.95, "fieller", 120, 60, n_eff=88.4, df=59, why_no_interval=why
    )


def _verdicts() -> tuple[Verdict, ...]:
    inf = float("inf")

    def claim(
        id_: str, text: str, kind: str, metric: str, relation: str, thr: float | None, **more: Any
    ) -> Claim:
        return Claim(
            id_,
            text,
            "a newspaper, 2026-05-01",
            kind,
            metric,
            ("coder-local",),
            ("api-large",),
            relation,
            thr,
            **more,
        )

    cheaper = Verdict(
        claim("cheaper", "90% cheaper than GPT", "cost", "usd", "less_by", 0.9),
        "supported",
        "per_request",
        "",
        (
            Reading(
                "per_request",
                _estimate(0.042, 0.035, 0.051),
                0.105,
                0.005,
                "<=",
                "supported",
                p=0.0002,
                p_holm=0.0006,
                flip_points={"api_price": 0.4, "utilisation": 0.11},
                sensitivity={"strict threshold": "supported"},
                price_ids=("example/gpt-large@2026-10-01",),
            ),
            Reading(
                "list_price", None, 0.105, 0.005, "<=", "n/a", reasons=(Reason("price_unknown"),)
            ),
        ),
        (Reason("tail_guard"),),
        (),
        "On these tickets the local model cost about 4% of what GPT cost.",
    )
    accurate = Verdict(
        claim("accurate", "30% more accurate", "accuracy", "accuracy", "more_by", 0.3),
        "inconclusive",
        None,
        "",
        (
            Reading(
                "relative",
                _estimate(1.22, 1.05, 1.41),
                1.3,
                0.005,
                ">=",
                "inconclusive",
                p=0.2,
                p_holm=0.4,
                n_more=(220.0, 1400.0),
                dollars_more=(0.8, 5.1),
                hours_more=(0.6, 3.9),
            ),
            Reading("points", _estimate(0.14, 0.03, 0.24), 0.3, 0.005, ">=", "refuted", p=0.001),
            Reading(
                "error_reduction",
                _estimate(0.61, 0.4, inf),
                0.7,
                0.005,
                "<=",
                "inconclusive",
                n_more=(inf, inf),
            ),
        ),
        (Reason("depends_on_reading"),),
        (),
        "True only if 'more accurate' means relative accuracy.",
    )
    absent = Verdict(
        claim(
            "absent",
            "As accurate as the best <b>closed</b> model",
            "accuracy",
            "accuracy",
            "as",
            None,
            declared="after",
        ),
        "not_comparable",
        None,
        "",
        (),
        (),
        (Reason("arm_not_measured", "api-absent (ABSENT_API_KEY is not set)"),),
        "",
        projected={
            "treatment": "coder-local",
            "baseline": "api-absent",
            "ratio": 0.031,
            "low": 0.02,
            "high": 0.08,
            "assumes": "list price of 2026-10-01",
            "price_ids": ["x@2026-10-01"],
        },
    )
    slower = Verdict(
        claim("faster", "Twice as fast", "latency", "e2e", "times_less", 2.0),
        "refuted",
        "e2e",
        "measured at p50",
        (Reading("e2e", _estimate(1.8, 1.6, 2.1), 0.5, 0.0, "<=", "refuted", p=1e-6, p_holm=3e-6),),
        (Reason("service_time"),),
        (),
        "The local model took longer.",
    )
    return cheaper, accurate, slower, absent


def _outcome(rng: random.Random) -> Outcome:
    draw = rng.random()
    if draw < 0.96:
        return Outcome.OK
    return rng.choice(
        (Outcome.TRUNCATED, Outcome.REFUSED, Outcome.MODEL_TIMEOUT, Outcome.SERVER_FAULT)
    )


SKILL = {"coder-local": 0.82, "smol-local": 0.55, "api-large": 0.93}
SPEED = {"coder-local": 0.35, "smol-local": 0.12, "api-large": 0.6}


def make_data(
    n_items: int = 60, hostile: bool = False, finished: float = 1.0, long_text: bool = False
) -> ReportData:
    """A run of three measured arms over two tasks (1.5 x ``n_items`` items); ``finished`` = share
    of calls done.
    """
    suite, rng = _suite(n_items, hostile), random.Random(11)
    calls: list[Call] = []
    records: list[CallRecord] = []
    attempts: list[Attempt] = []
    scores: list[Score] = []
    costs: dict[str, Cost] = {}
    now = 1_000_000_000
    for task in suite.tasks:
        for sample in task.samples:
            for arm, skill in SKILL.items():
                call = Call(
                    "r1",
                    f"{task.name[0]}{sample.id}-{arm}",
                    task.name,
                    sample.id,
                    0,
                    arm,
                    7,
                    len(calls),
                )
                calls.append(call)
                if rng.random() > finished:
                    continue
                outcome = _outcome(rng)
                right = outcome is Outcome.OK and rng.random() < skill
                text = str(sample.target) if right else INTENTS[rng.randrange(8)]
                if hostile:
                    text = HOSTILE[len(records) % len(HOSTILE)]
                if long_text and len(records) == 1:
                    text = "x" * 1_000_000
                took = int(1e9 * SPEED[arm] * rng.lognormvariate(0, 0.4))
                timing = Timing(
                    None,
                    now,
                    now,
                    now + took // 3,
                    now + took // 3,
                    (now + took // 3, now + took),
                    now + took,
                    "in_process" if "local" in arm else "transport",
                )
                now += took
                usage = Usage(input_fresh=60, cache_read=40, output_visible=3)
                error = (
                    None
                    if outcome is Outcome.OK
                    else f"HTTP 500, sent Authorization: Bearer {CANARY}"
                )
                attempts.append(
                    Attempt(call.id, 1, 1, timing, outcome, 200, usage, None, None, "yes")
                )
                records.append(CallRecord(call, text, outcome, "stop", 1, error=error))
                value = 1.0 if right else 0.0
                scores.append(
                    Score(
                        call.id,
                        task.scorers[0].name,
                        "1",
                        "scored",
                        value,
                        "the label matches" if right else "",
                    )
                )
                if "local" in arm:
                    amount = Decimal(took) / Decimal(10**9) * Decimal("0.2") / Decimal(1800)
                    costs[call.id] = Cost(
                        amount,
                        basis="host_time",
                        price_id=f"host-{arm}",
                        components={"host time": amount},
                    )
                else:
                    one, two = (
                        Decimal("0.0002"),
                        Decimal(str(round(0.0001 * rng.lognormvariate(0, 0.5), 7))),
                    )
                    costs[call.id] = Cost(
                        one + two,
                        basis="list_price",
                        price_id="example/gpt-large@2026-10-01",
                        components={"input": one, "output": two},
                    )
    manifest = _manifest(suite)
    sessions = (
        Session(
            "r1",
            1,
            "2026-11-22T04:00:00+00:00",
            0,
            {"cpu": "synthetic"},
            ended_utc="2026-11-22T05:00:00+00:00",
        ),
    )
    judged = [
        CallRecord(
            replace(r.call, id=f"j-{r.call.id}", arm="arbiter", role="judge"),
            "good",
            Outcome.OK,
            "stop",
            1,
        )
        for r in records[:7]
    ]
    parts = {"input": Decimal("0.0011"), "output": Decimal("0.00005")}
    judging = {
        record.call.id: Cost(Decimal("0.00115"), basis="list_price", components=parts)
        for record in judged
    }
    items, table = build_tables(suite, manifest, sessions, calls, records, attempts, scores, costs)
    return ReportData(
        manifest=manifest,
        suite=suite,
        sessions=sessions,
        items=items,
        calls=table,
        verdicts=_verdicts(),
        records=records,
        attempts=attempts,
        scores=scores,
        costs=costs,
        counted=Counted(len(calls) + 7, len(records) + len(judged), len(calls), len(records)),
        arm_info=_infos(),
        prices=_prices(),
        economics=_economics(),
        earlier=_earlier(),
        resent=("x",),
        judge_records=judged,
        judge_costs=judging,
        render=lambda _task, sample: (
            Message("system", "Name the intent."),
            Message("user", str(sample.input["text"])),
        ),
    )


def _manifest(suite: Suite) -> Manifest:
    return Manifest(
        run_id="20261122-040000-abcd",
        schema=1,
        created_utc="2026-11-22T04:00:00+00:00",
        tool_version="0.1.0",
        suite_name="support",
        suite_version="1-0",
        suite_path="suites/support.yaml",
        file_sha256="f" * 64,
        measured_sha256="e" * 64,
        plan_sha256="d" * 64,
        price_book_sha256=None,
        suite={},
        arms_run=tuple(SKILL),
        arms_not_run={"api-absent": "ABSENT_API_KEY is not set"},
        arm_facts={
            "api-large": {
                "model_returned": "gpt-large-2026-09",
                "headers": {"authorization": f"Bearer {CANARY}"},
            }
        },
        limit=len(suite.tasks[0].samples),
        claims=(),
        git={"commit": "abc", "dirty": False},
        packages={"numpy": "2"},
        host={"cpu": "synthetic", "env": {"LARGE_API_KEY": CANARY}, "note": f"key {CANARY}"},
        seed=42,
    )


def _infos() -> dict[str, ArmInfo]:
    return {
        "coder-local": ArmInfo("Apache-2.0", "Alibaba", "China", "0.5 B", "Q4_K_M"),
        "smol-local": ArmInfo("Apache-2.0", "Hugging Face", "France/US", "135 M", "Q4_1"),
        "api-large": ArmInfo("proprietary terms", "Example Lab", "US"),
    }


def _prices() -> tuple[PriceFact, ...]:
    page, date = "https://example.com/prices", "2026-10-01"
    return (
        PriceFact(
            "api-large",
            "input",
            Decimal("1.25"),
            "1M tokens",
            page,
            date,
            "example/gpt-large@2026-10-01",
        ),
        PriceFact(
            "api-large",
            "output",
            Decimal("10"),
            "1M tokens",
            page,
            date,
            "example/gpt-large@2026-10-01",
        ),
        PriceFact(
            "coder-local",
            "host",
            Decimal("0.20"),
            "hour",
            "a price page",
            "2026-11-01",
            "host-coder-local",
        ),
        PriceFact(
            "smol-local",
            "host",
            Decimal("0.20"),
            "hour",
            "a price page",
            "2026-11-01",
            "host-smol-local",
        ),
        PriceFact("api-absent", "input", None, "1M tokens", None, None, None, "price unknown"),
    )


def _economics() -> Economics:
    rows = (
        TornadoBar("api list price", "\u221220%", "+20%", 0.052, 0.035),
        TornadoBar("utilisation", "10%", "80%", 0.21, 0.026, flips=True),
    )
    return Economics(
        (
            BreakEvenLine("coder-local", "api-large", 0.2, 0.0003, 667.0, 0.067, 10_000.0, True),
            BreakEvenLine("smol-local", "api-large", 0.2, 0.0003, 667.0, 0.02, 30_000.0, True),
            BreakEvenLine(
                "coder-local",
                "api-absent",
                0.2,
                0.001,
                200.0,
                0.02,
                10_000.0,
                True,
                basis="projected",
            ),
        ),
        (
            TornadoChart(
                "coder-local against api-large",
                "cheaper",
                0.042,
                0.105,
                rows,
                "conditional: utilisation flips it",
            ),
        ),
    )


def _earlier() -> tuple[EarlierRun, ...]:
    return (
        EarlierRun(
            "20261120-1",
            "2026-11-20T00:00:00+00:00",
            "support 1-0",
            "finished",
            90,
            90,
            True,
            {"cheaper": "supported"},
        ),
    )


MakeData = Callable[..., ReportData]


@pytest.fixture(scope="session")
def make() -> MakeData:
    """The builder of synthetic runs."""
    return make_data


@pytest.fixture(scope="session")
def data() -> ReportData:
    """A small synthetic run."""
    return make_data()


@pytest.fixture(scope="session")
def hostile() -> ReportData:
    """A run whose inputs and answers attack the reader."""
    return make_data(48, hostile=True, long_text=True)


@pytest.fixture(scope="session")
def canary() -> str:
    """A key that must appear nowhere."""
    return CANARY


@pytest.fixture(scope="session")
def hostile_texts() -> tuple[str, ...]:
    """What the hostile run's models said."""
    return HOSTILE


def write_demo(path: Path) -> None:
    """Write a report of made data, for a look by hand."""
    from claimbench.privacy.redact import Redactor
    from claimbench_reports.formats.html import render_html
    from claimbench_reports.view.build import build_view

    path.write_text(render_html(build_view(make_data(120), Redactor())), encoding="utf-8")
