"""``bench bundle``, ``verify``, ``import`` of a bundle, and plans registered before a run."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import distributions, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from tests.e2e.conftest import environment
from tests.e2e.measured import desk_in, ran

pytestmark = pytest.mark.timeout(900)  # its fixture runs a dozen commands

WORDS = ("please help", "One label")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a registered run in ``results`` and its bundles."""
    home = tmp_path_factory.mktemp("bundle")
    key = ran(home, "bundle", "--new-key", "k")
    assert key.code == 0, key.err
    with desk_in(home):
        plan = ran(
            home,
            "plan",
            "desk.yaml",
            "--register",
            "desk.registration.json",
            "--key",
            "k",
            "--timestamp",
            "desk.registration.tsr",
        )
        assert plan.code == 0, plan.err
        said = ran(home, "run", "desk.yaml", "--no-report")
        assert said.code == 0, said.err
        assert "registered: desk.registration.json" in said.err
    for name, *words in (
        ("full.zip", "--key", "k"),
        ("hashed.zip", "--redact", "hashed"),
        ("none.zip", "--redact", "none"),
    ):
        made = ran(home, "bundle", "--output", name, "--json", *words)
        assert made.code == 0, made.err
        (home / f"{name}.json").write_text(made.out)
    return home


def about(folder: Path, name: str) -> dict[str, str]:
    return dict(json.loads((folder / f"{name}.json").read_text()))


def test_the_same_run_gives_the_same_bytes(folder: Path) -> None:
    for name, *words in (("full.zip", "--key", "k"), ("none.zip", "--redact", "none")):
        # another order of sets and another Python, started anew
        again = ran(folder, "bundle", "--output", "again.zip", *words, PYTHONHASHSEED="7")
        assert again.code == 0
        assert (folder / "again.zip").read_bytes() == (folder / name).read_bytes()


def test_a_bundle_holds_and_says_what_that_proves(folder: Path) -> None:
    alone = ran(folder, "verify", "full.zip")
    assert alone.code == 0, alone.out
    assert "proves that the file agrees with itself, not who made it" in " ".join(alone.out.split())
    assert max(map(len, alone.out.splitlines())) <= 80
    sha = about(folder, "full.zip")["sha256"]
    told = ran(folder, "verify", "full.zip", "--digest", sha, "--key", "k.pub", "--json").json
    assert told["holds"]
    assert told["proves"] == "consistency and origin"
    assert told["not_recomputed"] == []
    assert "before the first answer" in told["registration"]
    assert "registration is signed by the key" in told["registration"]


def test_another_digest_or_key_is_found(folder: Path) -> None:
    ran(folder, "bundle", "--new-key", "other")
    for words, named in (
        (("--digest", "0" * 64), "neither as SHA-256"),
        (("--key", "other.pub"), "not signed by the key that was given, but by another key"),
    ):
        said = ran(folder, "verify", "full.zip", *words)
        assert said.code == 5, said.out
        assert named in " ".join(said.out.split())
    unsigned = ran(folder, "verify", "none.zip", "--key", "k.pub")
    assert unsigned.code == 5
    assert "but by nobody" in " ".join(unsigned.out.split())


@pytest.mark.parametrize("name", ["hashed.zip", "none.zip"])
def test_a_redacted_bundle_holds_without_its_texts(folder: Path, name: str) -> None:
    root = about(folder, "full.zip")["merkle_root"]
    said = ran(folder, "verify", name, "--digest", root, "--json")
    assert said.code == 0, said.out
    assert said.json["merkle_root"] == root
    assert said.json["origin"] == "the rows have the Merkle root that was given"
    assert any(line.startswith("scores:") for line in said.json["not_recomputed"])
    with zipfile.ZipFile(folder / name) as file:
        for member in file.namelist():
            text = file.read(member).decode()
            assert not [word for word in WORDS if word in text], member
        shown = file.read("verdicts.json")
    with zipfile.ZipFile(folder / "full.zip") as file:
        assert file.read("verdicts.json") == shown


def test_a_bundle_opens_elsewhere_as_the_same_run(folder: Path) -> None:
    said = ran(folder, "import", "full.zip", "--results", "there")
    assert said.code == 2, said.err
    assert "verified before it was stored" in said.out
    here, there = (
        ran(folder, "check", "--json", "--results", r).json for r in ("results", "there")
    )
    assert here == there
    again = ran(folder, "bundle", "--results", "there", "--output", "there.zip", "--key", "k")
    assert again.code == 0, again.err
    assert (folder / "there.zip").read_bytes() == (folder / "full.zip").read_bytes()
    twice = ran(folder, "import", "full.zip", "--results", "there")
    assert twice.code == said.code
    assert "here already, unchanged" in twice.out


def test_a_redacted_bundle_opens_with_its_stated_scores(folder: Path) -> None:
    said = ran(folder, "import", "none.zip", "--results", "bare", "--json")
    assert said.code == 2, said.err
    full = ran(folder, "check", "--json").json
    assert ran(folder, "check", "--json", "--results", "bare").json == full
    report = next((folder / "bare").glob("*/report.html")).read_text()
    assert "Texts were taken out of this run" in report
    assert "please help" not in report
    on = ran(folder, "bundle", "--results", "bare", "--output", "x.zip")
    assert on.code == 5
    assert "came from a redacted bundle" in on.err


def test_a_bundle_takes_no_option_of_other_imports(folder: Path) -> None:
    said = ran(folder, "import", "full.zip", "--claim", "cheap is cheaper than good")
    assert said.code == 3
    assert "not with --claim" in said.err


def test_keys_are_for_their_owner_and_never_overwritten(folder: Path) -> None:
    assert stat.S_IMODE((folder / "k").stat().st_mode) == 0o600
    before = (folder / "k").read_bytes()
    said = ran(folder, "bundle", "--new-key", "k")
    assert said.code == 3
    assert "never overwritten" in said.err
    assert (folder / "k").read_bytes() == before
    salt = next((folder / "results").glob("*/bundle.salt"))
    assert stat.S_IMODE(salt.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("bundle",), "where to?"),
        (("bundle", "nothing", "--output", "x.zip"), "there is no run 'nothing'"),
        (("bundle", "--output", "x.zip", "--key", "desk.yaml"), "no Ed25519 private key"),
        (("bundle", "--output", "x.zip", "--key", "k.pub"), "no Ed25519 private key"),
        (("bundle", "--output", "x.zip", "--key", "gone"), "cannot be read"),
        (("bundle", "--output", "desk.yaml/x.zip"), "cannot be written"),
        (("verify", "full.zip", "--key", "k"), "is a private key"),
        (("verify", "full.zip", "--digest", "abc"), "is no SHA-256"),
        (("plan", "desk.yaml", "--key", "k"), "add --register"),
        (("plan", "desk.yaml", "--register", "desk.registration.json"), "never overwritten"),
        (("plan", "desk.yaml", "--register", "y.json", "--arm", "good"), "whole suite"),
        (("run", "desk.yaml", "--registered", "desk.yaml"), "is no registration"),
        (("run", "desk.yaml", "--registered", "gone.json"), "cannot be read"),
    ],
)
def test_wrong_use_is_one_error(folder: Path, words: tuple[str, ...], named: str) -> None:
    said = ran(folder, *words)
    assert said.code == 3, said.out + said.err
    assert named in said.err
    assert "Traceback" not in said.err
    assert not (folder / "x.zip").exists()


@pytest.mark.parametrize(
    ("name", "named"),
    [("desk.yaml", "is no ZIP file"), ("gone.zip", "is not there"), (".", "no regular file")],
)
def test_what_is_no_bundle_is_one_error(folder: Path, name: str, named: str) -> None:
    said = ran(folder, "verify", name)
    assert said.code == 5
    assert named in said.err


def test_a_changed_plan_is_said_before_and_after(tmp_path: Path) -> None:
    with desk_in(tmp_path, 12) as suite:
        assert ran(tmp_path, "plan", suite, "--register", "r.json", "--limit", "10").code == 0
        text = suite.read_text().replace("90% cheaper", "80% cheaper")
        suite.write_text(text.replace("{input: 1,", "{input: 2,"))
        said = ran(tmp_path, "run", suite, "--registered", "r.json")
    for line in (
        "claim cheaper was changed",
        "price of good was changed",
        "sample.limit: was 10, now null",
    ):
        assert f"changed after registration: {line}" in said.err
    report = next((tmp_path / "results").glob("*/report.html")).read_text()
    assert "Changed after registration: " in report
    assert "claim cheaper was changed" in report


def test_a_second_run_and_a_rival_left_out_are_said(tmp_path: Path) -> None:
    with desk_in(tmp_path, 12) as suite:
        assert ran(tmp_path, "plan", suite, "--register", "desk.registration.json").code == 0
        first = ran(tmp_path, "run", suite, "--no-report", "--json").json["run"]
        said = ran(tmp_path, "run", suite, "--arm", "good", "--json")
    assert f"runs under it already, which the report names: {first}" in said.err
    report = (tmp_path / "results" / said.json["run"] / "report.html").read_text()
    assert "Changed after registration: arm cheap was not run (not asked for (--arm))." in report
    assert f"The same results hold 1 other run under this registration: {first}." in report
    assert ran(tmp_path, "bundle", first, "--output", "b.zip").code == 0
    told = ran(tmp_path, "verify", "b.zip", "--json").json["registration"]
    assert told.startswith("Claims fixed")
    assert "other run" not in told  # a bundle holds one run


def test_a_run_without_registration_says_so(tmp_path: Path) -> None:
    with desk_in(tmp_path, 6) as suite:
        ran(tmp_path, "run", suite, "--no-report")
    ran(tmp_path, "bundle", "--output", "b.zip")
    assert (
        ran(tmp_path, "verify", "b.zip", "--json").json["registration"].startswith("Not registered")
    )


# --- with nothing but the core --------------------------------------------------------------------

ONLY = """
import sys
from importlib.abc import MetaPathFinder

BLOCKED = set({blocked!r})

class Only(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"not of the core: {{name}}", name=name)

sys.meta_path.insert(0, Only())
from claimbench.cli import main
main(["verify", {file!r}])
"""


def plain(name: str) -> str:
    """A distribution's name in its one spelling."""
    return re.sub(r"[-_.]+", "-", name).lower()


def core() -> set[str]:
    """The distributions that ``pip install claimbench`` brings, by pyproject.toml."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    known = {plain(dist.name) for dist in distributions()}
    wanted = [plain(Requirement(line).name) for line in project["dependencies"]]
    seen = {"claimbench"}
    while wanted:
        name = wanted.pop()
        seen.add(name)
        for line in requires(name) or ():
            need = Requirement(line)
            mine = plain(need.name)
            if (
                need.marker is None or need.marker.evaluate({"extra": ""})
            ) and mine in known - seen:
                wanted.append(mine)
    return seen


def test_a_bundle_verifies_with_nothing_but_the_core(folder: Path, tmp_path: Path) -> None:
    inside = core()
    blocked = sorted(
        top
        for top, names in packages_distributions().items()
        if not {plain(name) for name in names} & inside
    )
    assert {"pytest", "litellm", "aiohttp"} <= set(blocked)
    (tmp_path / "full.zip").write_bytes((folder / "full.zip").read_bytes())
    program = ONLY.format(blocked=blocked, file="full.zip")
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
