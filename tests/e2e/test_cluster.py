"""Runs on a real Ray cluster of three raylets on this machine, by the command line: same answers,
engines and nodes that die, nodes that join, a driver that is killed.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.e2e import cluster_runs as on
from tests.e2e.paced_engine import answer

from claimbench.store.results import ResultsStore

ray = pytest.importorskip("ray")
pytestmark = pytest.mark.timeout(1200)  # engines start slowly where others use the cores
SAMPLES = 20


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[on.Nodes]:
    up = on.Nodes.up(on.plugin(tmp_path_factory.mktemp("plugins")), "a:2", "a:2")
    yield up
    up.down()
    assert on.gone(lambda: on.processes("ray::")), "processes of the cluster are left"


def paced(folder: Path, seconds: float, replicas: int | str = 2, samples: int = SAMPLES) -> Path:
    arm = on.PACED.format(seconds=seconds, replicas=replicas)
    return on.suite(folder, samples=samples, arm=arm)


def right(samples: int = SAMPLES) -> dict[tuple[str, str, int], tuple[str, str]]:
    found = {}
    for i in range(samples):
        for task, words in (("one", ""), ("two", "Again: ")):
            found[task, str(i + 1), 0] = (answer(f"{words}question {i}"), "ok")
    return found


def check_whole(results: Path, samples: int = SAMPLES) -> None:
    """Every call has its one right record, and the run's chain holds."""
    found = on.answers(results)
    assert found == right(samples)
    with ResultsStore.open(results / "bench.db") as store:
        store.verify(store.runs()[0].run_id)


def kill_series(nodes: on.Nodes, folder: Path, victims: Sequence[str], seed: int) -> None:
    """Kill at random moments of one run, which goes on after its driver's death: an ``engine``, a
    ``node`` (another joins in its place), or the ``driver``.
    """
    rng = random.Random(seed)
    mixed = "node" in victims  # which takes longer, on more engines
    samples = max(SAMPLES, (20 if mixed else 8) * len(victims))
    path = paced(folder / "suite", 2.0 if mixed else 0.25, "auto" if mixed else 2, samples)
    results = folder / "r"
    number = int(nodes.tell("add b 1")) if mixed else -1
    words = ["--set", "engine.wait_s=90", "--no-report"]
    run = on.Bench.begin(nodes, results, str(path), *words)
    in_flight = 0
    for victim in victims:
        run.wait_for_records(len(on.rows(results, "records")) + 4)
        time.sleep(rng.uniform(0, 0.3))
        before = on.answers(results)
        if victim == "engine":
            on.kill_an_engine()
        elif victim == "node":
            nodes.tell(f"kill {number}")
            number = int(nodes.tell("add b 1"))
        else:
            run.process.send_signal(signal.SIGKILL)
            run.process.wait()
            with ResultsStore.open(results / "bench.db", read_only=True) as store:
                in_flight = len(store.unfinished_intents(store.runs()[0].run_id))
            run = on.Bench.begin(nodes, results, "--resume", "latest", "--no-report")
        assert before.items() <= on.answers(results).items(), "a finished call was lost"
    code, text = run.ended(160 + 20 * len(victims))
    if number >= 0:
        nodes.tell(f"kill {number}")
    assert code == 0, text
    check_whole(results, samples)
    lost = [one for one in on.rows(results, "attempts") if one["outcome"] == "network"]
    assert len(lost) <= 2 * len(victims)
    assert all("was lost" in one["error"] and one["place"]["node"] for one in lost), lost
    with ResultsStore.open(results / "bench.db", read_only=True) as store:
        sent = len(list(store.intents(store.runs()[0].run_id)))
    repeated = sent - len(lost) - 2 * samples
    assert 0 <= repeated <= in_flight, "a call was made again that was not in flight"
    assert on.outcomes(results)["ok"] <= 2 * samples + in_flight
    if "engine" in victims:
        assert lost
        assert "was lost" in text
    sys.stdout.write(
        f"{dict(Counter(victims))} killed: 0 of {2 * samples} finished calls lost, {len(lost)} lost"
        f" with their engine, {repeated} sent again of {in_flight} in flight\n"
    )


def test_answers_are_those_of_this_process_and_attempts_say_their_node(
    nodes: on.Nodes, tmp_path: Path
) -> None:
    path = paced(tmp_path / "suite", 0.05)
    code, text = on.Bench.begin(nodes, tmp_path / "r", str(path)).ended()
    assert code == 0, text
    check_whole(tmp_path / "r")
    attempts = on.rows(tmp_path / "r", "attempts")
    assert {one["place"]["node_type"] for one in attempts} == {"a"}
    assert len({one["place"]["node"] for one in attempts}) == 2, "both nodes work"
    for one in attempts:
        took_s = (one["timing"]["ended_ns"] - one["timing"]["sent_ns"]) / 1e9
        assert took_s >= 0.05
        assert one["timing"]["stamp_source"] == "in_process"
        assert one["place"]["clock"].startswith("monotonic-")
    engines = on.rows(tmp_path / "r", "derived where kind = 'nodes'")[0]["engines"]
    assert sum(one["answered"] for one in engines) == 2 * SAMPLES
    assert all(one["model_sha256"] == "paced-1" and one["host"]["cores"] for one in engines)
    assert on.gone(lambda: on.processes(on.ENGINE_PROCESS)), "engines are left"


def doctor(nodes: on.Nodes, *words: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """What ``bench doctor`` says, as its exit code and its findings by their kind."""
    command = [sys.executable, "-m", "claimbench.cli", "doctor", "--json", *words]
    said = subprocess.run(command, env=nodes.env, capture_output=True, text=True, timeout=300)
    assert said.stdout, said.stderr
    kinds: dict[str, list[dict[str, str]]] = {}
    for check in json.loads(said.stdout)["checks"]:
        name = "node" if check["name"].startswith("node ") else check["name"]
        kinds.setdefault(name, []).append(check)
    return said.returncode, kinds


def test_doctor_looks_at_a_cluster_and_at_each_node_of_it(nodes: on.Nodes, tmp_path: Path) -> None:
    path = paced(tmp_path / "suite", 0.05)
    _, found = doctor(nodes, "--suite", str(path), "--address", nodes.address)
    (whole,) = found["cluster"]
    assert whole["standing"] == "ok"
    assert nodes.address in whole["finding"]
    looked = {check["name"] for check in found["node"]}
    assert len(looked) == 2, "the head takes no work and is not looked at"
    assert all(check["standing"] == "ok" for check in found["node"]), found["node"]


def test_killed_engines_cost_attempts_and_no_answer(nodes: on.Nodes, tmp_path: Path) -> None:
    kill_series(nodes, tmp_path, ["engine"] * 2, 1)


def test_a_killed_driver_leaves_no_engine_and_the_run_goes_on(
    nodes: on.Nodes, tmp_path: Path
) -> None:
    path = paced(tmp_path / "suite", 0.25)
    run = on.Bench.begin(nodes, tmp_path / "r", str(path))
    run.wait_for_records(6)
    run.process.send_signal(signal.SIGKILL)
    run.process.wait()
    before = on.answers(tmp_path / "r")
    assert on.gone(lambda: on.processes(on.ENGINE_PROCESS)), "engines outlive their driver"
    code, text = on.Bench.begin(nodes, tmp_path / "r", "--resume", "latest").ended()
    assert code == 0, text
    assert "were in flight when the run died; sent again" in text
    said = re.search(r"this session \$([\d.]+), the run \$([\d.]+) ", text)
    assert said is not None, text
    assert float(said[2]) > float(said[1]), "what the machine cost before is of the run too"
    check_whole(tmp_path / "r")
    assert before.items() <= on.answers(tmp_path / "r").items()
    assert on.outcomes(tmp_path / "r")["ok"] <= 2 * SAMPLES + 3, "at most those in flight again"


def test_a_node_dies_and_one_that_joins_takes_its_place(nodes: on.Nodes, tmp_path: Path) -> None:
    first = int(nodes.tell("add b 1"))
    path = paced(tmp_path / "suite", 0.3, "auto")
    run = on.Bench.begin(nodes, tmp_path / "r", str(path), "--set", "engine.wait_s=90")
    run.wait_for_records(8)
    nodes.tell(f"kill {first}")
    nodes.tell("add c 1")
    code, text = run.ended()
    assert code == 0, text
    check_whole(tmp_path / "r")
    assert on.outcomes(tmp_path / "r")["ok"] == 2 * SAMPLES


def test_without_a_node_that_is_large_enough_the_arm_is_not_run_in_words(
    nodes: on.Nodes, tmp_path: Path
) -> None:
    path = paced(tmp_path / "suite", 0.05)
    words = ["--set", "engine.wait_s=3", "--set", "arms.slow.resources={cores: 64}"]
    before = set(on.processes(on.ENGINE_PROCESS))  # of a node that an earlier test killed
    code, text = on.Bench.begin(nodes, tmp_path / "r", str(path), *words).ended()
    assert code == 3
    assert "no node of the cluster had 64 cores free within 3 s" in text
    assert on.gone(lambda: [one for one in on.processes(on.ENGINE_PROCESS) if one not in before])


def test_doctor_says_that_no_cluster_answers(nodes: on.Nodes) -> None:
    code, found = doctor(nodes, "--address", "127.0.0.1:1")
    assert code == 3
    (whole,) = found["cluster"]
    assert whole["standing"] == "error"
    assert "no Ray cluster answers at 127.0.0.1:1" in whole["finding"]
    assert "node" not in found


def test_an_address_where_nothing_listens_is_one_error_at_once(
    nodes: on.Nodes, tmp_path: Path
) -> None:
    path = paced(tmp_path / "suite", 0.05)
    nobody = on.Nodes(nodes.process, "127.0.0.1:1", nodes.env)
    code, text = on.Bench.begin(nobody, tmp_path / "r", str(path)).ended()
    assert code == 3
    assert "no Ray cluster answers at 127.0.0.1:1" in text
    assert "Traceback" not in text


@pytest.mark.model
def test_the_small_model_answers_the_same_on_nodes_as_in_this_process(
    nodes: on.Nodes, tmp_path: Path, small_model: Path
) -> None:
    path = on.suite(tmp_path / "suite", samples=12, arm=on.SMALL)
    here = subprocess.run(
        [
            sys.executable,
            "-m",
            "claimbench.cli",
            "run",
            str(path),
            "--results",
            str(tmp_path / "h"),
        ],
        env=nodes.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert here.returncode == 0, here.stderr
    run = on.Bench.begin(nodes, tmp_path / "r", str(path))
    run.wait_for_records(3)
    on.kill_an_engine()
    code, text = run.ended()
    assert code == 0, text
    assert on.answers(tmp_path / "r") == on.answers(tmp_path / "h")
    hashes = {
        one["model_sha256"]
        for one in on.rows(tmp_path / "r", "derived where kind = 'nodes'")[0]["engines"]
    }
    assert len(hashes) == 1
    assert None not in hashes


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_many_killed_engines_nodes_and_drivers(nodes: on.Nodes, tmp_path: Path) -> None:
    rng = random.Random(int(os.environ.get("BENCH_KILL_SEED", "7")))
    kills = int(os.environ.get("BENCH_KILLS", "30"))
    victims = [("engine", "node", "driver")[n % 3] for n in range(kills)]
    rng.shuffle(victims)
    kill_series(nodes, tmp_path, victims, rng.randrange(1000))
