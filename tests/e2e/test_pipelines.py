"""The shell steps of action.yml, docs/ci/*.yml are run, as GitHub and GitLab would run them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from .conftest import environment
from .forked import BENCH

ROOT = Path(__file__).resolve().parents[2]
CI = ROOT / "docs" / "ci"
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
FROM_INPUT = re.compile(r"\$\{\{ inputs\.([\w-]+) \}\}")


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


ACTION = read(ROOT / "action.yml")


class Runner:
    """A machine of GitHub's: folders, files of outputs, and the steps of the action."""

    def __init__(self, folder: Path, bench: str) -> None:
        self.folder = folder
        self.temp = folder / "temp"
        self.tools = folder / "tools"
        for place in (self.temp, self.tools):
            place.mkdir()
        self.tool("bench", bench)
        self.outputs: dict[str, dict[str, str]] = {}
        self.summary = folder / "summary"
        self.said = ""

    def tool(self, name: str, script: str) -> None:
        path = self.tools / name
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)

    def step(self, number: int, inputs: dict[str, str]) -> int:
        step = ACTION["runs"]["steps"][number]
        given = {name: str(one.get("default", "")) for name, one in ACTION["inputs"].items()}
        given |= inputs
        values = {name: self._value(text, given) for name, text in step["env"].items()}
        (self.folder / "output").write_text("")
        known = {
            "PATH": f"{self.tools}:{os.environ['PATH']}",
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_PATH": str(self.folder / "path"),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_REPOSITORY": "acme/shop",
            "GITHUB_SHA": "c0ffee",
        }
        done = run_bash(step["run"], {**known, **values}, self.folder)
        self.said += done.stdout + done.stderr
        lines = (self.folder / "output").read_text().splitlines()
        self.outputs[step.get("id", "")] = dict(line.split("=", 1) for line in lines)
        return done.returncode

    def all(self, inputs: dict[str, str], first: int = 0) -> int:
        for number in range(first, len(ACTION["runs"]["steps"])):
            code = self.step(number, {"install": "", **inputs})
            if code:
                return code
        return 0

    def _value(self, text: str, inputs: dict[str, str]) -> str:
        def output(match: re.Match[str]) -> str:
            return self.outputs.get(match[1], {}).get(match[2], "")

        text = re.sub(r"\$\{\{ steps\.(\w+)\.outputs\.(\w+) \}\}", output, text)
        return FROM_INPUT.sub(lambda match: inputs[match[1]], text)


def run_bash(script: str, env: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """As GitHub does: a file, bash without profile, ended by the first fault."""
    file = folder / "step.sh"
    file.write_text(script, encoding="utf-8")
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(file)],
        cwd=folder,
        env={**environment(), **env},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


REAL = f'#!/bin/sh\nexec {" ".join(BENCH)} "$@"\n'
NOTED = """#!{python}
import json, pathlib, sys
with open({log!r}, "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
for word in sys.argv[1:]:
    if word.startswith("--output="):
        pathlib.Path(word.partition("=")[2]).write_text("said\\n")
sys.exit({codes}.get(sys.argv[1], 0))
"""


@pytest.fixture
def stand_in(tmp_path: Path) -> Callable[..., tuple[Runner, Callable[[], list[list[str]]]]]:
    """A runner whose bench notes its words and ends with the codes given."""

    def made(**codes: int) -> tuple[Runner, Callable[[], list[list[str]]]]:
        log = tmp_path / "log"
        script = NOTED.format(python=sys.executable, log=str(log), codes=codes)
        return Runner(tmp_path, script), lambda: [
            json.loads(line) for line in (log.read_text() if log.exists() else "").splitlines()
        ]

    return made


# --- what the files are ---------------------------------------------------------------------------


def scripts(node: Any) -> list[str]:
    if isinstance(node, dict):
        found = [node["run"]] if isinstance(node.get("run"), str) else []
        return found + [one for value in node.values() for one in scripts(value)]
    if isinstance(node, list):
        return [one for value in node for one in scripts(value)]
    return []


@pytest.mark.parametrize(
    "path",
    [ROOT / "action.yml", CI / "github.yml", CI / "github-comment.yml"],
    ids=lambda p: p.name,
)
def test_no_expression_stands_in_a_script_and_every_action_is_pinned(path: Path) -> None:
    found = read(path)
    for script in scripts(found):
        assert "${{" not in script
    for used in re.findall(r"uses: (\S+)", path.read_text(encoding="utf-8")):
        assert PINNED.fullmatch(used) or used in ("composite",), used


def test_the_action_uses_no_other_and_maps_every_input_to_the_environment() -> None:
    steps = ACTION["runs"]["steps"]
    assert ACTION["runs"]["using"] == "composite"
    assert all(step["shell"] == "bash" and "uses" not in step for step in steps)
    used = {
        name for step in steps for text in step["env"].values() for name in FROM_INPUT.findall(text)
    }
    assert used == set(ACTION["inputs"])
    for step in steps:
        for name in step["env"]:
            assert re.search(rf"\${{?{name}\b", step["run"]), f"{step['name']}: {name} is not used"
            assert not re.search(rf'(?<!")\${name}\b(?!["/A-Za-z0-9_ :])', step["run"]), "unquoted"


def test_only_the_second_workflow_may_write_and_it_checks_nothing_out() -> None:
    first, second = read(CI / "github.yml"), read(CI / "github-comment.yml")
    assert first["permissions"] == {"contents": "read"}
    assert second["permissions"] == {
        "actions": "read",
        "contents": "read",
        "pull-requests": "write",
    }
    text = (CI / "github-comment.yml").read_text(encoding="utf-8")
    assert "uses:" not in text
    assert "secrets." not in text
    for path in (CI / "github.yml", CI / "github-comment.yml"):
        assert "pull_request_target" not in [*read(path)["on"]], path.name


# --- the action -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("fail_on", "code"), [("undecided", 1), ("never", 0)])
def test_the_action_on_a_real_run(desk: Path, tmp_path: Path, fail_on: str, code: int) -> None:
    """The cheap arm is right half the time: "as accurate as good" is refuted."""
    runner = Runner(tmp_path, REAL)
    given = {
        "suite": desk.name,
        "limit": "90",
        "max-cost": "2",
        "fail-on": fail_on,
        "arms": "good\ncheap\n",
    }
    assert runner.all(given) == code, runner.said
    assert runner.outputs["judge"] == {"code": "1", "folder": "claimbench"}
    made = tmp_path / "claimbench"
    assert {path.name for path in made.iterdir()} == {
        "check.txt",
        "commit.txt",
        "junit.xml",
        "report.html",
        "report.json",
        "summary.md",
    }
    cases = ET.parse(made / "junit.xml").getroot().findall(".//testcase")
    assert {case.get("classname") for case in cases} == {"desk.claims.cheap"}
    assert sum(case.find("failure") is not None for case in cases) == 1
    summary = runner.summary.read_text()
    assert "## ClaimBench" in summary
    assert "| cheap |" in summary
    report = (made / "report.html").read_text()
    assert "please help" not in report, "transcripts stay out of artifacts"
    listed = subprocess.run(
        [*BENCH, "list", "--json"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    (run,) = json.loads(listed.stdout)["runs"]
    assert run["tags"] == ["ci"]
    assert run["note"].startswith("acme/shop c0ffee")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("suite", "x.yaml; touch bad"),
        ("suite", "$(touch bad)"),
        ("suite", "`touch bad`"),
        ("suite", "--help"),
        ("suite", "a b*?[c].yaml"),
        ("max-cost", "1\n2"),
        ("max-cost", "$(touch bad)"),
        ("limit", "1; touch bad"),
        ("arms", "a b\n--trust\n$(touch bad)"),
        ("baseline", "--yes"),
        ("results", "r $(touch bad)"),
        ("output", "o'; touch bad; '"),
        ("redact", "full --yes"),
    ],
)
def test_a_hostile_input_is_one_word_and_never_an_option(
    stand_in: Any, name: str, value: str, tmp_path: Path
) -> None:
    """Also in the steps behind the one that checks the inputs."""
    runner, words = stand_in()
    runner.all({"suite": "s.yaml", name: value})
    assert not (tmp_path / "bad").exists()
    runner.all({"suite": "s.yaml", name: value}, first=1)
    assert not (tmp_path / "bad").exists()
    said = words()
    run = next(one for one in said if one[0] == "run")
    suite = value if name == "suite" else "s.yaml"
    assert run[-2:] == ["--", suite]
    assert "--trust" not in run
    assert "--yes" not in [word for one in said for word in one]
    if name == "baseline":
        assert "--baseline=--yes" in next(one for one in said if one[0] == "check")


def test_what_is_not_given_is_not_asked_for(stand_in: Any) -> None:
    runner, words = stand_in()
    assert runner.all({"suite": "support"}) == 0
    said = {one[0]: one[1:] for one in words()}
    assert [*said] == ["run", "check", "export", "report"]
    assert not [w for w in said["run"] if w.startswith(("--max", "--lim", "--arm"))]
    assert not [w for w in said["check"] if w.startswith("--base")]


def test_a_baseline_and_a_bundle_are_passed_on(stand_in: Any) -> None:
    runner, words = stand_in()
    runner.all({"suite": "support", "baseline": "2026", "bundle": "true", "redact": "hashed"})
    said = {one[0]: one[1:] for one in words()}
    for command in ("check", "export", "report"):
        assert "--baseline=2026" in said[command], "all judge by one baseline"
    assert [one for one in words() if one[0] == "export" and "--baseline=2026" not in one] == []
    assert "--output=claimbench/bundle.zip" in said["bundle"]
    assert "--redact=hashed" in said["bundle"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("suite", value) for value in ("", " ", "\n")),
        *(("max-cost", value) for value in ("0", "0.00", "-1", "much", "1,50", "$2", "nan", " ")),
        *(("limit", value) for value in ("0", "-1", "2.5", "all", "1; true", " ", "00")),
        *(("arms", value) for value in (" ", "\n", "\n \n")),
        *(("baseline", value) for value in ("latest", " ")),
        *(("results", value) for value in ("", " ")),
        *(("output", value) for value in ("", " ", "a-file")),
        *(("redact", value) for value in ("", "Full", "some", "none\n")),
        *(("bundle", value) for value in ("", "yes", "True", "1")),
        *(("fail-on", value) for value in ("", "nver", "Undecided", "refuted never")),
        ("install", " "),
    ],
)
def test_a_wrong_input_is_refused_before_anything_is_done(
    stand_in: Any, tmp_path: Path, name: str, value: str
) -> None:
    (tmp_path / "a-file").write_text("")
    runner, words = stand_in()
    assert runner.all({"suite": "support", name: value}) == 3, runner.said
    assert f"::error::{name}" in runner.said
    assert words() == []
    assert not (tmp_path / "path").exists(), "nothing was installed"


def test_all_wrong_inputs_are_named_at_once(stand_in: Any) -> None:
    runner, _ = stand_in()
    assert runner.all({"suite": "s", "limit": "x", "redact": "x", "bundle": "x"}) == 3
    assert runner.said.count("::error::") == 3


@pytest.mark.parametrize(
    "inputs",
    [
        {"max-cost": "2.50", "limit": "7", "arms": "a\n\nb c\n"},
        {"max-cost": ".5", "limit": "010", "bundle": "true", "redact": "full"},
        {"max-cost": "3", "baseline": "previous", "fail-on": "never", "output": "deep/er"},
        {"baseline": "old results/20261129", "fail-on": "refuted", "redact": "hashed"},
    ],
)
def test_right_inputs_pass(stand_in: Any, inputs: dict[str, str]) -> None:
    runner, words = stand_in()
    assert runner.all({"suite": "support", **inputs}) == 0, runner.said
    assert "run" in [one[0] for one in words()]


@pytest.mark.parametrize("code", [3, 5])
def test_a_baseline_that_cannot_be_used_is_found_out_before_measuring(
    stand_in: Any, code: int
) -> None:
    runner, words = stand_in(check=code)
    assert runner.all({"suite": "s.yaml", "baseline": "2026"}) == code
    (said,) = words()
    assert said[0] == "check"
    assert said[-2:] == ["--baseline=2026", "--before=s.yaml"]


def test_two_nights_with_the_run_before(desk: Path, tmp_path: Path) -> None:
    """The first has none and says so; the second is compared with it, by every file alike."""
    runner = Runner(tmp_path, REAL)
    claim = '  - {id: held, claim: "as accurate as baseline:cheap", arm: cheap}\n'
    desk.write_text(desk.read_text() + claim)
    given = {"suite": desk.name, "limit": "30", "baseline": "previous", "fail-on": "never"}
    assert runner.all(given) == 0, runner.said
    assert "nothing to compare with yet" in runner.said
    assert runner.all(given) == 0, runner.said
    made = tmp_path / "claimbench"
    gate = (made / "check.txt").read_text()
    assert " against 20" in gate
    state = next(line.split()[0] for line in gate.splitlines() if " held: " in line)
    assert state != "not_comparable"
    figures = json.loads((made / "report.json").read_text())["verdicts"]
    assert [one["status"] for one in figures if one["id"] == "held"] == [state]
    for name in ("summary.md", "report.html"):
        assert "no baseline is named" not in (made / name).read_text(), name


@pytest.mark.parametrize(
    ("codes", "fail_on", "wanted", "judged"),
    [
        ({}, "undecided", 0, True),
        ({"check": 1}, "refuted", 1, True),
        ({"check": 1}, "never", 0, True),
        ({"check": 2}, "undecided", 2, True),
        ({"check": 2}, "refuted", 0, True),
        ({"run": 4, "check": 4}, "never", 4, True),
        ({"run": 3}, "never", 3, False),
        ({"run": 5}, "never", 5, False),
        ({"check": 5}, "never", 5, True),
        ({"check": 3}, "never", 3, True),
        ({"export": 3}, "never", 3, True),
        ({}, "sometimes", 3, False),
    ],
)
def test_codes_and_what_fails_the_job(
    stand_in: Any, codes: dict[str, int], fail_on: str, wanted: int, judged: bool
) -> None:
    runner, words = stand_in(**codes)
    assert runner.all({"suite": "support", "fail-on": fail_on}) == wanted, runner.said
    assert ("check" in [one[0] for one in words()]) == judged


def test_an_install_that_is_not_asked_for_needs_bench(stand_in: Any) -> None:
    runner, _ = stand_in()
    (runner.tools / "bench").unlink()
    env = os.environ["PATH"]
    os.environ["PATH"] = "/usr/bin:/bin"
    try:
        assert runner.step(1, {"install": ""}) == 3
    finally:
        os.environ["PATH"] = env
    assert "::error::" in runner.said


# --- GitLab ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [False, True])
def test_the_job_of_gitlab_on_a_real_run(desk: Path, tmp_path: Path, fault: bool) -> None:
    found = read(CI / "gitlab.yml")
    runner = Runner(tmp_path, REAL)
    given = {name: str(value) for name, value in found["variables"].items()}
    given |= {
        "CLAIMS_SUITE": "none.yaml" if fault else desk.name,
        "CLAIMS_INSTALL": "",
        "CLAIMS_LIMIT": "60",
    }
    given |= {
        "CI_PROJECT_DIR": str(tmp_path),
        "CI_PROJECT_PATH": "a/b",
        "CI_COMMIT_SHA": "c0",
        "CI_JOB_ID": "1",
    }
    given["PATH"] = f"{runner.tools}:{os.environ['PATH']}"
    done = run_bash("\n".join(found["claims"]["script"]), given, tmp_path)
    assert done.returncode == (3 if fault else 1), done.stderr
    assert (tmp_path / "claimbench" / "report.html").exists() != fault
    junit = found["claims"]["artifacts"]["reports"]["junit"]
    assert (tmp_path / junit).exists() != fault


# --- the comment ----------------------------------------------------------------------------------

GH = """#!{python}
import json, pathlib, sys
words = sys.argv[1:]
folder = pathlib.Path({folder!r})
with open(folder / "asked", "a") as file:
    file.write(json.dumps(words) + "\\n")
if words[:2] == ["run", "download"]:
    summary = folder / "came.md"
    if not summary.exists():
        sys.exit(1)
    target = pathlib.Path(words[words.index("--dir") + 1]) / "summary.md"
    target.write_bytes(summary.read_bytes())
elif "GET" in words:
    print((folder / "pulls.json").read_text())
elif "--paginate" in words:
    print((folder / "mine").read_text(), end="")
else:
    (folder / "posted").write_text(pathlib.Path("body.md").read_text())
"""


@pytest.fixture
def comment(tmp_path: Path) -> Callable[..., tuple[int, list[list[str]], str | None]]:
    """Run the step of the second workflow with an artifact and pull requests as GitHub tells them."""
    (step,) = read(CI / "github-comment.yml")["jobs"]["comment"]["steps"]

    def run(
        summary: bytes | None, shas: tuple[str, ...] = ("abc",), mine: str = ""
    ) -> tuple[int, list[list[str]], str | None]:
        runner = Runner(tmp_path, "")
        runner.tool("gh", GH.format(python=sys.executable, folder=str(tmp_path)))
        if summary is not None:
            (tmp_path / "came.md").write_bytes(summary)
        pulls = [{"number": 7 + i, "head": {"sha": sha}} for i, sha in enumerate(shas)]
        (tmp_path / "pulls.json").write_text(json.dumps(pulls))
        (tmp_path / "mine").write_text(mine)
        env = {name: name.lower() for name in step["env"]}
        env |= {
            "HEAD_SHA": "abc",
            "RUNNER_TEMP": str(runner.temp),
            "RUN_URL": "https://x.invalid/1",
        }
        env["PATH"] = f"{runner.tools}:{os.environ['PATH']}"
        done = run_bash(step["run"], env, tmp_path)
        asked = (tmp_path / "asked").read_text().splitlines()
        posted = tmp_path / "posted"
        said = posted.read_text() if posted.exists() else None
        return done.returncode, [json.loads(line) for line in asked], said

    return run


def test_a_summary_is_posted_on_the_pull_request_of_the_commit(comment: Any) -> None:
    table = "## ClaimBench: desk\n\n| Arm | $ |\n|---|---|\n| cheap | 1<br><sub>0 to 2</sub> |\n"
    code, asked, said = comment(table.encode(), ("def", "abc"))
    assert code == 0
    assert asked[-1][:4] == ["api", "--method", "POST", "repos/repo/issues/8/comments"]
    assert (
        said == f"<!-- claimbench -->\n{table}\n\n[The run with its report](https://x.invalid/1)\n"
    )


def test_an_earlier_comment_is_renewed(comment: Any) -> None:
    code, asked, _ = comment(b"hello", mine="41\n42\n")
    assert code == 0
    assert asked[-1][:4] == ["api", "--method", "PATCH", "repos/repo/issues/comments/41"]


@pytest.mark.parametrize(
    ("summary", "shas"), [(None, ("abc",)), (b"x", ()), (b"x", ("other",)), (b"x", ("abc", "abc"))]
)
def test_without_an_artifact_or_a_sure_pull_request_nothing_is_posted(
    comment: Any, summary: bytes | None, shas: tuple[str, ...]
) -> None:
    code, _, said = comment(summary, shas)
    assert (code, said) == (0, None)


@pytest.mark.parametrize(
    "hostile",
    [
        "@everyone look",
        "<img src=x onerror=1>",
        "![a](http://evil.invalid/x.png)",
        "[click](https://evil.invalid)",
        "see https://evil.invalid",
        "www.evil.invalid",
        "[a]: http://evil.invalid",
        "closes #12",
        "<!-- claimbench -->",
        "```\nfence",
        "\u202egnp.exe",
        "a\x00b\x1b[31m",
        "<sub onclick=1>",
        "<BR/><script>",
    ],
)
def test_what_came_from_a_fork_is_text_alone(comment: Any, hostile: str) -> None:
    code, _, said = comment(hostile.encode())
    assert code == 0
    body = said.removeprefix("<!-- claimbench -->\n").rpartition("[The run")[0]
    assert not re.search(
        r"<(?!br>|sub>|/sub>)|@|\]\(|!\[|\]:|://|www\.|```|(?<!&)#\d|[\x00-\x08\x1b]", body
    )


def test_an_endless_summary_is_cut_and_broken_bytes_are_read(comment: Any) -> None:
    code, _, said = comment(b"\xff\xfe" + b"x" * 5_000_000)
    assert code == 0
    assert len(said) < 65_536
