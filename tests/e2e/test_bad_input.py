"""Bad input through the whole program: one clear error or one marked result each, and nothing lost.

Where each kind of bad input is tested (u = tests/unit, c = tests/contract, e = tests/e2e):

unknown keys, missing files                u/test_suite_bad_input.py: MISTAKES; u/test_suite_vocabulary.py; here
an option that a provider does not take    here
an empty dataset                           u/test_suite_bad_input.py: BAD_ROWS "no rows", "blank lines only"
a row without the input column             u/test_suite_bad_input.py: BAD_ROWS "row without input", "empty input"
an empty target, a label outside           u/test_suite_bad_input.py: BAD_ROWS "empty target", "label outside"
duplicate sample ids                       u/test_suite_bad_input.py: BAD_ROWS "duplicate id"
two arms of one name                       u/test_suite_bad_input.py: MISTAKES "two arms"
a claim on an unknown arm or metric        u/test_suite_bad_input.py: MISTAKES "claim on unknown ..."
an undefined template variable             u/test_suite_bad_input.py: MISTAKES "undefined variable"; here
a CSV with BOM or in cp1252                u/test_datasets.py; here
XLSX formula cells                         u/test_datasets.py: test_xlsx_formula_and_error_cells
a NaN score                                u/test_scorers.py: test_a_faulty_scorer_never_gives_a_number; here: a plugin
a model larger than memory                 c/test_llama_cpp.py: test_what_cannot_be_loaded_is_one_clear_error
a prompt longer than the context           c/test_provider_contract.py; here: at an endpoint
an answer by another model                 e/test_cli_run.py: test_another_model_than_asked_for_is_said
a clock jump                               here
--max-cost 0                               e/test_cli_run.py: test_bad_input_is_one_clear_error
resume after the suite or an arm changed   e/test_cli_run.py: test_resume_after_...
two processes on one run                   e/test_cli_run.py; u/store/test_store_open.py (kill -9 frees the run)
a model file with a wrong hash             c/test_llama_cpp.py; u/test_models_catalog.py; here
a dead endpoint, a key missing or refused  e/test_cli_run.py; c/test_openai_provider.py
a full disk                                u/store/test_store_writer.py; u/test_runner.py; here: a run and its resume
a read-only results folder                 u/store/test_store_open.py; here
a database of a newer schema               u/store/test_store_open.py; here
"""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from claimbench.cli import main
from claimbench.clock import SystemClock
from claimbench.store.results import ResultsStore

from .conftest import Said, Vendor

Command = Callable[..., Said]


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run ``bench`` in this process: no second start, and what it uses can be replaced."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.endswith("_KEY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GOOD_KEY", "sk-test-canary-4711-abcdefgh")

    def run(*args: str) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(args)
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Said(ended.value.code, out, err)

    return run


def one_error(said: Said, code: int, *parts: str) -> None:
    """The last thing said is one error with everything a person needs, and no traceback."""
    assert said.code == code, said.err
    assert "Traceback" not in said.err
    assert "a bug in ClaimBench" not in said.err
    assert sum(line.startswith("error: ") for line in said.err.splitlines()) == 1, said.err
    tail = said.err[said.err.index("error: ") :]
    for part in parts:
        assert part in tail, tail


@pytest.mark.parametrize(
    ("option", "parts"),
    [
        (
            "stream_usage: perhaps",
            ("options.stream_usage is 'perhaps', but must be true or false",),
        ),
        ("strem_usage: true", ("knows no option `strem_usage`", "did you mean `stream_usage`?")),
    ],
)
@pytest.mark.parametrize("verb", ["validate", "run"])
def test_an_option_that_the_provider_does_not_take(
    desk: Path, command: Command, vendor: Vendor, verb: str, option: str, parts: tuple[str, ...]
) -> None:
    text = desk.read_text().replace(
        "     concurrency: 4,", f"     options: {{{option}}}, concurrency: 4,", 1
    )
    desk.write_text(text)
    line = 1 + next(number for number, line in enumerate(text.splitlines()) if option in line)
    one_error(command(verb, "desk.yaml"), 3, f"desk.yaml:{line}: ", *parts)
    checked = command("doctor", "--suite", "desk.yaml")
    for part in (f"desk.yaml:{line}: ", *parts):
        assert part in checked.out, checked.out
    assert vendor.asked == []


def test_a_database_of_a_newer_schema(desk: Path, command: Command) -> None:
    assert command("run", "desk.yaml", "--limit", "1", "--no-report").code == 0
    with sqlite3.connect("results/bench.db") as database:
        database.execute("UPDATE meta SET value = '999' WHERE key = 'schema_version'")
    before = Path("results/bench.db").read_bytes()
    for args in (
        ["list"],
        ["show"],
        ["export"],
        ["run", "desk.yaml"],
        ["run", "--resume", "latest"],
        ["check"],
    ):
        one_error(command(*args), 3, "999", "ClaimBench")
    assert Path("results/bench.db").read_bytes() == before


@pytest.mark.skipif(sys.platform != "linux", reason="modes of folders hold nobody back here")
def test_a_read_only_results_folder(desk: Path, command: Command, vendor: Vendor) -> None:
    folder = desk.parent / "shut"
    folder.mkdir(mode=0o555)
    parents = [folder, *folder.parents]
    modes = {
        parent: parent.stat().st_mode & 0o777
        for parent in parents
        if parent.owner() == desk.owner()
    }
    root = os.geteuid() == 0
    try:
        for parent in modes:
            if parent != folder:
                parent.chmod(0o755)
        if root:
            os.seteuid(65534)
        said = command("run", "desk.yaml", "--results", "shut")
    finally:
        if root:
            os.seteuid(0)
        for parent, mode in modes.items():
            parent.chmod(mode)
    one_error(said, 3, "shut", "--results")
    assert vendor.asked == []


def test_a_disk_that_fills_up_during_a_run(
    desk: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = ResultsStore.start_session

    def on_a_full_disk(store: ResultsStore, run_id: str, **facts: object) -> object:
        session = started(store, run_id, **facts)  # type: ignore[arg-type]
        with sqlite3.connect(store.path) as database:
            room = database.execute("PRAGMA page_count").fetchone()[0] + 15
        store.engine.dispose()

        @event.listens_for(store.engine, "connect")
        def _limit(connection: sqlite3.Connection, _record: object) -> None:
            connection.execute(f"PRAGMA max_page_count = {room}")

        return session

    with monkeypatch.context() as patched:
        patched.setattr(ResultsStore, "start_session", on_a_full_disk)
        one_error(command("run", "desk.yaml"), 3, "disk is full", "committed before is safe")
    with ResultsStore.open(Path("results"), create=False, read_only=True) as store:
        run = store.resolve_run("latest")
        kept = store.finished(run)
        store.verify(run)
    assert 0 < len(kept) < 240
    said = command("run", "--resume", "latest", "--no-report")
    assert said.code == 0, said.err
    with ResultsStore.open(Path("results"), create=False, read_only=True) as store:
        records = Counter(record.call.id for record in store.records(run, replaced=True))
        assert kept <= set(records)
        assert len(records) == 240
        assert set(records.values()) == {1}


def test_a_clock_that_jumps_is_said_and_changes_no_duration(
    desk: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    def jumping(_clock: SystemClock) -> datetime:
        nonlocal asked
        asked += 1
        return datetime.now(UTC) + timedelta(hours=1 if asked > 60 else 0)

    monkeypatch.setattr(SystemClock, "utc", jumping)
    said = command("run", "desk.yaml", "--limit", "40", "--no-report")
    assert said.code == 0, said.err
    assert "the system clock jumped by +3600 s" in said.err
    assert said.err.count("the system clock jumped") == 1, said.err
    rows = [json.loads(line) for line in command("export").out.splitlines()]
    assert len(rows) == 80
    assert all(0 < row["e2e_ms"] < 60_000 for row in rows)


PLUGIN = """
import math
from claimbench.types import Score

class Odd:
    name, version = "odd", "1"
    def __init__(self, options): pass
    def score(self, call_id, text, sample, task):
        number = int(sample.id[1:])
        if number % 3 == 0:
            return Score(call_id, "odd", "1", "scored", math.nan)
        if number % 3 == 1:
            raise ZeroDivisionError("mine")
        return Score(call_id, "odd", "1", "scored", 1.0)
"""


def test_a_plugin_scorer_that_gives_nan_or_fails(
    desk: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugins = desk.parent / "plugins"
    info = plugins / "odd_scorer-1.0.dist-info"
    info.mkdir(parents=True)
    (plugins / "odd_scorer_of_test.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-scorer\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[claimbench.scorers]\nodd = odd_scorer_of_test:Odd\n")
    monkeypatch.syspath_prepend(str(plugins))
    text = desk.read_text().replace("scorers: [label]", "scorers: [odd, label]")
    assert "reading:" not in text
    # dollars per request need no scores; per correct answer they do
    text = text.replace(
        'claim: "90% cheaper than good"', 'claim: "90% cheaper than good", reading: per_request'
    )
    desk.write_text(text)
    said = command("run", "desk.yaml", "--json")
    assert said.code == 2, said.err
    statuses = {verdict["claim"]["id"]: verdict["status"] for verdict in said.json["verdicts"]}
    assert statuses == {"cheaper": "supported", "as-good": "inconclusive"}
    warning = "160 of 240 answers could not be scored by 'odd' and count as missing: "
    assert warning in command("show").out
    assert warning.replace("'", "&#39;") in (desk.parent / said.json["report"]).read_text(
        encoding="utf-8"
    )
    rows = [json.loads(line) for line in command("export").out.splitlines()]
    for row in rows:
        good = int(row["sample_id"][1:]) % 3 == 2
        assert row["scores"]["odd"] == (1.0 if good else None)
        assert row["scores"]["label"] in (0.0, 1.0)


def test_a_prompt_longer_than_the_context_is_that_samples_alone(
    desk: Path, command: Command, vendor: Vendor
) -> None:
    vendor.too_long = lambda number: number % 10 == 3
    said = command("run", "desk.yaml", "--json")
    assert said.code == 4, said.err
    assert "good: 12 calls failed" in said.json["incomplete"]
    for verdict in said.json["verdicts"]:  # a tenth of one arm has no result
        assert verdict["status"] == "inconclusive"
    rows = [json.loads(line) for line in command("export").out.splitlines()]
    long = [row for row in rows if row["arm"] == "good" and row["outcome"] == "context_overflow"]
    assert len(long) == 12
    assert all(row["score"] is None and row["attempts"] == 1 for row in long)
    assert Counter(row["arm"] for row in rows) == {"good": 120, "cheap": 120}


def test_a_model_file_with_a_wrong_hash(
    desk: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAIMBENCH_CACHE", str(desk.parent / "cache"))
    models = desk.parent / "cache" / "models"
    models.mkdir(parents=True)
    (models / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(b"GGUF" + bytes(100))
    local = (
        "  - {name: here, provider: llama_cpp, model: smollm2-135m-instruct-q4_1, weights: open,"
        " device: cpu}\nclaims:"
    )
    desk.write_text(desk.read_text().replace("claims:", local))
    said = command("run", "desk.yaml")  # its arm is not run, the others are
    assert said.code in (0, 1, 2), said.err
    (line,) = [line for line in said.err.splitlines() if "here: not run" in line]
    assert "SmolLM2-135M-Instruct.Q4_1.gguf" in line
    assert "bench models pull" in line
    said = command("models", "verify", "smollm2-135m-instruct-q4_1")
    one_error(said, 5, "SmolLM2-135M-Instruct.Q4_1.gguf")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("{{ text }}", "{{ txt }}", ["desk.yaml:8", "'txt'", "did you mean 'text'"]),
        ("target: team", "target: tema", ["desk.yaml:7", "'tema'", "did you mean 'team'"]),
        ("tickets.jsonl", "tickets.csv", ["desk.yaml:7", "tickets.csv", "tickets.jsonl"]),
        (
            'claim: "as accurate as good"',
            'claim: "nice and tidy"',
            ["desk.yaml:19: claim 'as-good'", "nice and tidy", "\n  accuracy"],
        ),
        (
            "max_tokens: 8",
            "max_tokens: 8\n    max_token: 9",
            ["desk.yaml:12", "'max_token'", "did you mean 'max_tokens'"],
        ),
    ],
)
def test_a_mistake_stops_every_command_before_a_request(
    desk: Path, command: Command, vendor: Vendor, old: str, new: str, says: list[str]
) -> None:
    desk.write_text(desk.read_text().replace(old, new, 1))
    for args in (["validate", "desk.yaml"], ["run", "desk.yaml"], ["plan", "desk.yaml"]):
        one_error(command(*args), 3, *says)
    assert vendor.asked == []
    assert not Path("results/bench.db").exists() or command("list").out == "results: no run yet\n"


def test_a_table_in_cp1252_is_read_and_said(desk: Path, command: Command) -> None:
    rows = "Nummer;Text der Anfrage;Abteilung\n" + "".join(
        f"{i};Anfrage #{i} zu Größe, Preis;{('büro', 'lager')[i % 2]}\n" for i in range(40)
    )
    Path("anfragen.csv").write_bytes(rows.encode("cp1252"))
    columns = ("--input", "Text der Anfrage", "--target", "Abteilung", "--output", "mine")
    said = command("init", "--from", "anfragen.csv", *columns, "--json")
    assert said.code == 0, said.err
    assert any("not UTF-8 (line 2); read as cp1252" in note for note in said.json["notes"])
    assert command("validate", said.json["suite"]).code == 0
    assert "büro" in Path(said.json["suite"]).read_text(encoding="utf-8")


@pytest.mark.parametrize("make", ["fifo", "folder", "device"])
def test_a_results_database_that_is_no_file_is_refused(
    tmp_path: Path, command: Command, make: str
) -> None:
    (tmp_path / "results").mkdir()
    place = tmp_path / "results" / "bench.db"
    if make == "fifo":
        os.mkfifo(place)
    elif make == "folder":
        place.mkdir()
    else:
        place.symlink_to("/dev/zero")
    for args in (("show",), ("check",), ("report",), ("list",)):
        one_error(command(*args), 3, "not a regular file")


@pytest.mark.parametrize("kind", ["html", "md", "csv", "json", "xlsx", "parquet"])
def test_an_export_that_fails_leaves_no_half_of_a_file(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    if kind == "parquet":
        pytest.importorskip("pyarrow")
    rows = "arm,item,score\n" + "".join(f"{a},i{n},1\n" for a in "xy" for n in range(5))
    (tmp_path / "s.csv").write_text(rows)
    assert command("import", "s.csv", "--no-report").code == 0
    old = tmp_path / f"old.{kind}"
    old.write_text("precious")

    def full(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    said = command("export", "--format", kind, "--output", str(old), "--force")
    one_error(said, 3, "No space left")
    assert old.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"old.{kind}", "results", "s.csv"]
