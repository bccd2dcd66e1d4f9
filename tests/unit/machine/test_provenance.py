from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import claimbench
from claimbench.machine import provenance

CPUINFO = (
    "processor\t: 0\nmodel name\t: Acme 9000 @ 3 GHz\nflags\t\t: fpu sse {flag}\n\nprocessor\t: 1\n"
)


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments]
    return subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


# --- host -----------------------------------------------------------------------------------------


def test_host_facts_of_this_machine_are_json_and_name_nobody() -> None:
    facts = provenance.session_facts()
    assert json.loads(json.dumps(facts)) == facts
    assert facts["cores"] == os.cpu_count()
    assert facts["python"].endswith(platform.python_version())
    assert facts["memory_bytes"] > 2**26
    assert platform.node() not in json.dumps(facts) or len(platform.node()) < 4
    assert str(Path.home()) not in json.dumps(facts)


def test_host_facts_are_read_from_the_system(tmp_path: Path) -> None:
    write(tmp_path, "proc/cpuinfo", CPUINFO.format(flag="hypervisor"))
    write(tmp_path, "proc/meminfo", "MemTotal:  100 kB\nMemAvailable:     2048 kB\n")
    write(tmp_path, "proc/1/cgroup", "0::/kubepods/besteffort/pod1\n")
    write(tmp_path, "etc/os-release", 'NAME="Acme"\nPRETTY_NAME="Acme Linux 7"\n')
    write(tmp_path, "sys/fs/cgroup/memory.max", "1073741824\n")
    write(tmp_path, "sys/fs/cgroup/cpu.max", "50000 100000\n")
    write(
        tmp_path,
        "proc/driver/nvidia/gpus/0000:01:00.0/information",
        "Model: \t NVIDIA H100\nIRQ: 1\n",
    )
    facts = provenance.session_facts(tmp_path)
    expected = {
        "cpu": "Acme 9000 @ 3 GHz",
        "os": "Acme Linux 7",
        "container": "kubernetes",
        "virtual_machine": True,
        "cores_usable": 0.5,
        "memory_limit_bytes": 2**30,
        "memory_available_bytes": 2**21,
        "gpus": ["NVIDIA H100"],
    }
    assert {key: facts[key] for key in expected} == expected


def test_second_generation_of_control_groups_is_not_the_only_one(tmp_path: Path) -> None:
    write(tmp_path, "proc/cpuinfo", CPUINFO.format(flag=""))
    write(tmp_path, "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "25000\n")
    write(tmp_path, "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n")
    write(tmp_path, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
    write(tmp_path, ".dockerenv", "")
    facts = provenance.host_facts(tmp_path)
    assert (facts["cores_usable"], facts["memory_limit_bytes"]) == (0.25, None)
    assert (facts["container"], facts["virtual_machine"]) == ("docker", False)


def test_what_the_system_does_not_say_is_none(tmp_path: Path) -> None:
    write(tmp_path, "sys/fs/cgroup/cpu.max", "max 100000\n")
    facts = provenance.session_facts(tmp_path)
    for key in ("container", "virtual_machine", "memory_limit_bytes", "memory_available_bytes"):
        assert facts[key] is None, key
    assert facts["gpus"] == []
    assert (
        facts["cores_usable"] == provenance.host_facts()["cores_usable"]
        or facts["cores_usable"] >= 1
    )


def test_host_id_tells_machines_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BENCH_REGION", raising=False)
    here = provenance.host_facts(tmp_path)
    write(tmp_path, "etc/machine-id", "0123456789abcdef\n")
    there = provenance.host_facts(tmp_path)
    assert re.fullmatch(r"[0-9a-f]{12}", str(here["host"]))
    assert here["host"] != there["host"] == provenance.host_facts(tmp_path)["host"]
    assert here["region"] is None
    monkeypatch.setenv("BENCH_REGION", "eu-north-1")
    assert provenance.host_facts(tmp_path)["region"] == "eu-north-1"


# --- versions and ids -----------------------------------------------------------------------------


def test_package_versions_list_what_is_installed_only() -> None:
    versions = provenance.package_versions(["numpy", "no-such-package-at-all"])
    assert "no-such-package-at-all" not in versions
    assert (
        versions["claimbench"] == provenance.tool_version() == claimbench.__version__
    )  # it ships plugins
    assert versions["numpy"].count(".") >= 2
    assert "sqlite" in versions


def test_run_ids_sort_by_time_and_differ() -> None:
    now = datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC)
    ids = [provenance.new_run_id(now + timedelta(seconds=n)) for n in range(3)]
    assert re.fullmatch(r"20260131T235959Z-[0-9a-f]{6}", ids[0])
    assert ids == sorted(ids)
    assert len({provenance.new_run_id(now) for _ in range(50)}) > 45
    assert provenance.new_run_id() > ids[-1]


# --- git ------------------------------------------------------------------------------------------


def test_git_state_of_a_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert provenance.git_state(tmp_path)["why_unknown"] == "git gives no commit"
    write(tmp_path, "suites/a.yaml", "name: a\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    state = provenance.git_state(tmp_path / "suites")
    assert state == {"commit": git(tmp_path, "rev-parse", "HEAD"), "dirty": False}
    write(tmp_path, "suites/b.yaml", "name: b\n")
    assert provenance.git_state(tmp_path / "suites")["dirty"] is True


SETTINGS = {
    "a monitor": ("core.fsmonitor", ""),
    "a filter": ("filter.x.clean", "* filter=x\n"),
    "a filter's process": ("filter.x.process", "* filter=x\n"),
    "a filter of an odd name": ("filter.a=b.clean", "* filter=a=b\n"),
}


@pytest.mark.parametrize("included", [False, True])
@pytest.mark.parametrize(("setting", "attributes"), SETTINGS.values(), ids=SETTINGS)
def test_git_runs_nothing_that_a_repository_names(
    tmp_path: Path, setting: str, attributes: str, included: bool
) -> None:
    """Who made the suite may have made the repository around it."""
    folder, canary = tmp_path / "suite", tmp_path / "canary"
    folder.mkdir()
    git(folder, "init", "-q")
    write(folder, "a.yaml", "name: a\n")
    write(folder, ".gitattributes", attributes)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    command = tmp_path / "command"
    command.write_text(f"#!/bin/sh\necho ran >> {canary}\ncat\n")
    command.chmod(0o755)
    where = ["--file", str(folder / ".git" / "more")] if included else []
    git(folder, "config", *where, setting, str(command))
    if included:
        git(folder, "config", "include.path", "more")
    write(folder, "a.yaml", "name: b\n")  # as long as before: it has to be read to be told
    assert provenance.git_state(folder)["dirty"] is True
    assert not canary.exists()
    done = subprocess.run(["git", "status"], cwd=folder, capture_output=True, timeout=60)
    assert canary.exists(), done.stderr  # git by itself runs it


def test_git_state_without_git_or_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    unknown = {"commit": None, "dirty": None}
    assert provenance.git_state(tmp_path) == {**unknown, "why_unknown": "not a git repository"}
    assert provenance.git_state(tmp_path / "no") == {
        **unknown,
        "why_unknown": "the folder does not exist",
    }
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provenance.git_state(tmp_path) == {**unknown, "why_unknown": "git is not installed"}
    write(tmp_path, "git", "#!/bin/sh\n")
    (tmp_path / "git").chmod(0o644)
    assert "git cannot be run" in str(provenance.git_state(tmp_path)["why_unknown"])


def test_a_machine_whose_cores_are_all_taken_is_said_to_be_busy() -> None:
    busy = provenance.busy_note({"load_average": [4.52, 1.0, 1.0], "cores": 8, "cores_usable": 2})
    assert busy is not None
    assert "load average 4.5 on 2 cores" in busy
    for facts in (
        {"load_average": [2.0, 9.0, 9.0], "cores": 2},
        {"load_average": None, "cores": 2},
        {},
    ):
        assert provenance.busy_note(facts) is None
