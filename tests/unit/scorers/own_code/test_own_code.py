"""Scorers beside a suite: found by reading, run in a process with limits, kept with the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from claimbench import trust
from claimbench.scorers import ScorerOptionError, load
from claimbench.scorers.own_code import process as processes
from claimbench.scorers.own_code.process import ScorerFails, ScorerProcess
from claimbench.scorers.own_code.reading import ScorerFile, ScorerFileFault, read_scorer
from claimbench.scorers.own_code.scorer import PythonScorer
from claimbench.scorers.quality import quality_name
from claimbench.suite.own_scorers import scorer_files
from claimbench.types import AnswerSpec, Sample, ScorerSpec, Task

SAMPLE = Sample("1", {"text": "how many?"}, "42", "1")


def script(source: str, function: str = "score") -> ScorerFile:
    return read_scorer("my_scorer.py", function, source.encode())


def scorer_of(found: ScorerFile, **options: Any) -> PythonScorer:
    read = {"source": found.source, "sha256": found.sha256, "takes_row": found.takes_row}
    return PythonScorer({"file": found.file, "function": found.function, **read, **options})


def judged(source: str, text: str = "42", seconds: float = 10, **options: Any) -> Any:
    found = script(source)
    with ScorerProcess(found, seconds) as process:
        return scorer_of(found, **options).judge(process, "c", text, SAMPLE)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("def score(answer, target):\n    return answer == target", 1),
        ("def score(answer, target):\n    return 0", 0),
        ("def score(answer, target):\n    return 0.25", 0.25),
        ("def score(answer, target, row):\n    return len(row['text']) / 100", 0.09),
        ("import math\ndef score(answer, target):\n    return math.cos(0)", 1),
        ("def score(answer, *rest):\n    print('noise')\n    return int(rest[0])/100", 0.42),
    ],
)
def test_a_function_scores_an_answer(source: str, value: float) -> None:
    found = judged(source)
    assert (found.status, found.value) == ("scored", pytest.approx(value)), found.explanation
    assert found.scorer_version[:16] == script(source).sha256[:16]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return None", "gave None"),
        ("return 2", "gave 2; scores are from 0 to 1"),
        ("return -0.5", "from 0 to 1"),
        ("return float('nan')", "from 0 to 1"),
        ("return 'right'", "gave a str, not a number"),
        ("return [1]", "gave a list"),
        ("return 1 / 0", "my_scorer.py:2: ZeroDivisionError"),
        ("raise KeyError('x')", "my_scorer.py:2: KeyError"),
        ("import sys; sys.exit(3)", "my_scorer.py:2: SystemExit"),
        ("import os; os._exit(3)", "its process ended"),
        ("import nothing_such", "my_scorer.py:2: ModuleNotFoundError"),
    ],
)
def test_a_fault_of_the_script_is_no_score_and_names_its_line(body: str, said: str) -> None:
    found = judged(f"def score(answer, target):\n    {body}")
    assert (found.status, found.value) == ("unscored", None)
    assert said in found.explanation


def test_a_script_that_cannot_be_read_says_where() -> None:
    found = judged("x = 1\ny = x / 0\ndef score(answer, target):\n    return 1")
    assert (found.status, "my_scorer.py:2: ZeroDivisionError" in found.explanation) == (
        "unscored",
        True,
    )


def test_a_script_that_hangs_is_stopped_and_the_next_answer_is_asked() -> None:
    found = script(
        "import time\ndef score(answer, target):\n    time.sleep(60 * (answer == 'slow'))\n"
        "    return 1"
    )
    scorer = scorer_of(found)
    with ScorerProcess(found, 1.0) as process:
        slow = scorer.judge(process, "c", "slow", SAMPLE)
        fast = scorer.judge(process, "c", "42", SAMPLE)
    assert (slow.status, "longer than 1 s" in slow.explanation) == ("unparsable", True)
    assert fast.value == 1


@pytest.mark.parametrize("body", ["while True: pass", "import os; os._exit(3)"])
def test_a_script_that_stops_on_its_own_target_too_leaves_answers_unscored(body: str) -> None:
    found = judged(f"def score(answer, target):\n    {body}", "anything", seconds=0.5)
    assert (found.status, found.value) == ("unscored", None)


def test_answers_that_stop_a_script_do_not_use_up_its_patience(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(processes, "MOST_STARTS", 2)
    found = script(
        "import os\ndef score(answer, target):\n    if answer != target: os._exit(1)\n    return 1"
    )
    scorer = scorer_of(found)
    with ScorerProcess(found, 5.0) as process:
        bad = [scorer.judge(process, "c", "flood", SAMPLE).status for _ in range(4)]
        good = scorer.judge(process, "c", "42", SAMPLE)
    assert bad == ["unparsable"] * 4
    assert good.value == 1


def test_a_script_that_keeps_hanging_is_not_asked_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "MOST_STARTS", 1)
    found = script("def score(answer, target):\n    while True: pass")
    with ScorerProcess(found, 0.5) as process:
        with pytest.raises(ScorerFails, match="longer than"):
            process.ask(["a", "b"])
        with pytest.raises(ScorerFails, match="not asked any more"):
            process.ask(["a", "b"])


def test_a_script_that_takes_all_memory_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "MEMORY_BYTES", 256 << 20)
    found = judged("def score(answer, target):\n    return len(bytearray(1 << 30)) * 0 + 1")
    assert (found.status, "MemoryError" in found.explanation) == ("unscored", True)


def test_the_process_has_no_keys_and_no_folder_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "sk-secret")
    source = (
        "import os, sys\ndef score(answer, target):\n"
        "    clean = 'SOME_API_KEY' not in os.environ and os.listdir('.') == []\n"
        "    return clean and 'claimbench' not in sys.modules"
    )
    assert judged(source).value == 1


def test_a_binary_scorer_gives_0_or_1_alone() -> None:
    half = "def score(answer, target):\n    return 0.5"
    assert judged(half, binary=True).status == "unscored"
    assert judged(half, binary=False).value == 0.5


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def other(answer, target): pass", "no function 'score'"),
        ("def scores(answer, target): pass", "did you mean"),
        ("score = lambda a, b: 1", "no function 'score'"),
        ("async def score(answer, target): pass", r"my_scorer.py:1: 'score' is async"),
        ("\n\ndef score(answer): pass", r"my_scorer.py:3: 'score' has to take"),
        ("def score(a, b, c, d): pass", "has to take"),
        ("def score(a, b, *, c): pass", "has to take"),
        ("def score(:\n", r"my_scorer.py:1: not Python"),
        ("x = 'a\x00b'", "not Python"),
    ],
)
def test_a_file_is_checked_without_being_run(source: str, said: str) -> None:
    with pytest.raises(ScorerFileFault, match=said):
        script(source)


def test_bytes_that_are_no_text_name_their_line() -> None:
    with pytest.raises(ScorerFileFault, match=r"my_scorer.py:2: not UTF-8"):
        read_scorer("my_scorer.py", "score", b"x = 1\ny = '\xff'\n")
    with pytest.raises(ScorerFileFault, match="at most"):
        read_scorer("my_scorer.py", "score", b"#" * (300 * 1024))


def test_consent_is_for_the_text_as_it_is() -> None:
    one = script("def score(answer, target):\n    return 1")
    two = script("def score(answer, target):\n    return 0")
    same = script("def score(answer, target):\r\n    return 1")
    assert one.code.digest == same.code.digest
    assert one.code.digest != two.code.digest
    assert not trust.is_trusted(one.code)


def test_what_is_stored_is_read_and_nothing_is_run() -> None:
    found = script("def score(answer, target):\n    return 1")
    scorer = scorer_of(found)
    task = Task("t", (), (), (), AnswerSpec("text"), (), 16)
    nothing = scorer.score("c", "42", SAMPLE, task)
    assert (nothing.status, "--resume" in nothing.explanation) == ("unscored", True)
    kept = judged("def score(answer, target):\n    return 0.5")
    assert scorer.of_run({"c": kept}).score("c", "42", SAMPLE, task) == kept


def test_only_a_binary_script_is_an_accuracy() -> None:
    def name(**options: Any) -> str:
        spec = ScorerSpec("python", {"file": "my_scorer.py", **options})
        return quality_name(Task("t", (), (), (), AnswerSpec("text"), (spec,), 16))

    assert name(binary=True) == "accuracy"
    assert name() == "score of my_scorer.py"


def test_options_are_checked() -> None:
    with pytest.raises(ScorerOptionError, match=r"ends in \.py"):
        load([ScorerSpec("python", {"file": "my_scorer.sh"})])
    with pytest.raises(ScorerOptionError, match="unknown option 'func'"):
        load([ScorerSpec("python", {"file": "a.py", "func": "score"})])
    with pytest.raises(ScorerOptionError, match="cannot stand inside checks"):
        load([ScorerSpec("checks", {"of": [{"scorer": "python", "file": "a.py"}]})])


@pytest.mark.parametrize("function", ["", "    function:\n", "    function: answer\n"])
def test_consent_is_asked_for_the_function_that_a_run_would_call(
    tmp_path: Path, function: str
) -> None:
    (tmp_path / "tools.py").write_text("def answer(name, arguments, state):\n    return 1, state\n")
    suite = tmp_path / "suite.yaml"
    suite.write_text(f"tasks:\n- name: t\n  simulator:\n    python: tools.py\n{function}")
    assert [found.function for found in scorer_files(suite)] == ["answer"]
