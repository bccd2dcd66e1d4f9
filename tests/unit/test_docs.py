"""The pages say what the code is: generated parts, examples, links, names; and what must not stand
in any file.
"""

from __future__ import annotations

import asyncio
import importlib.util
import re
import subprocess
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ruamel.yaml import YAML

from claimbench.claims import fields, gate
from claimbench.claims.parse import parse_claims
from claimbench.claims.readings.accuracy import MARGINS_SHOWN
from claimbench.claims.readings.failures import MISSING_LIMIT
from claimbench.claims.readings.latency import OVERLAP_NEEDED
from claimbench.claims.words import REASONS
from claimbench.cli import COMMANDS
from claimbench.clock import SystemClock
from claimbench.errors import EXIT_ORDER
from claimbench.pricing import arms as arm_price
from claimbench.pricing import hosts as hostcost
from claimbench.pricing.stated import contract
from claimbench.provider.attempt import try_once
from claimbench.provider.contract import Provider
from claimbench.scorers.judge import JudgeScorer
from claimbench.stats import TAIL_KISH
from claimbench.suite.load import json_schema, load_suite
from claimbench.suite.schema import ArmModel
from claimbench.suite.schema.compare import CompareModel
from claimbench.suite.schema.decision import DecisionFileModel
from claimbench.suite.schema.tasks import LmEvalTaskModel
from claimbench.types import (
    AnswerSpec,
    Intent,
    Message,
    Outcome,
    Request,
    Sample,
    SamplingParams,
    Task,
)

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(DOCS.glob("*.md")),
    *sorted(DOCS.glob("decisions/*.md")),
]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_docs", ROOT / "make" / "docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def fences(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def quoted(text: str) -> set[str]:
    """Everything in backquotes."""
    return set(re.findall(r"`([^`\n]+)`", text))


# --- generated parts ------------------------------------------------------------------------------


def test_every_command_can_be_imported() -> None:
    found, broken = generator().commands()
    assert broken == {}
    assert list(found) == list(COMMANDS)


@pytest.mark.parametrize("part", ["help", "keys", "reasons", "packages"])
def test_generated_parts_are_fresh(part: str) -> None:
    _, now, new = generator().renewed(part)
    assert now == new, "stale: run python make/docs.py"


def test_a_stale_part_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = generator()
    monkeypatch.setattr(module, "DOCS", tmp_path)
    (tmp_path / "glossary.md").write_text(
        "a\n<!-- begin reasons -->\nold\n<!-- end reasons -->\nb\n"
    )
    _, now, new = module.renewed("reasons")
    assert now != new
    assert new.startswith("a\n<!-- begin reasons -->\n")
    assert new.endswith("<!-- end reasons -->\nb\n")
    (tmp_path / "glossary.md").write_text("nothing here")
    with pytest.raises(ValueError, match="no part"):
        module.renewed("reasons")


def object_keys(node: Any) -> Iterator[str]:
    """Every property name anywhere in a JSON Schema, found without the generator's walk."""
    if isinstance(node, Mapping):
        properties = node.get("properties")
        if isinstance(properties, Mapping):
            yield from properties
        for value in node.values():
            yield from object_keys(value)
    elif isinstance(node, list):
        for value in node:
            yield from object_keys(value)


def test_every_key_of_the_schema_has_its_row() -> None:
    rows = set(re.findall(r"^\| `([^`]+)` \|", page("suites.md"), re.MULTILINE))
    assert set(object_keys(json_schema())) - rows == set()


def test_every_reason_is_in_the_glossary() -> None:
    rows = dict(re.findall(r"^\| `([a-z_]+)…?` \| (.*) \|$", page("glossary.md"), re.MULTILINE))
    assert {code: rows.get(code) for code in REASONS} == dict(REASONS)


def test_every_reading_is_in_the_glossary() -> None:
    known = {name for names in fields.READINGS.values() for name in names}
    assert known - quoted(page("glossary.md")) == set()


def test_every_column_of_the_compare_table_is_in_the_glossary() -> None:
    from claimbench_reports.view.words import COLUMNS

    words = page("glossary.md").lower()
    heads = {re.sub(r" p\d+$", "", head) for _, head, _, _ in COLUMNS}
    assert {
        head for head in heads if head.lower().replace("per 1k", "per 1,000") not in words
    } == set()


def test_every_outcome_and_gate_key_is_in_the_architecture_page() -> None:
    text = page("architecture.md")
    assert [o.value for o in Outcome if not re.search(rf"\b{o.value}\b", text)] == []
    method = quoted(page("method.md"))
    keys = {*gate.MUST_MATCH, *gate.LIMITS, "client_host"}
    assert keys - method == set()


def test_constants_that_the_pages_state() -> None:
    method, architecture = page("method.md"), page("architecture.md")
    limits = {key: f"{value * 100:g} points" for key, value in gate.LIMITS.items()}
    for key, said in limits.items():
        row = next(line for line in method.splitlines() if line.startswith(f"| `{key}`"))
        assert said in row
        assert said in architecture
    assert f"more than {MISSING_LIMIT:.0%}" in method
    assert f"less than {OVERLAP_NEEDED:.0%}" in method
    assert f"Kish effective n of {TAIL_KISH:g}" in architecture
    assert "margins of 2, 3 and 5 points" in method
    assert MARGINS_SHOWN == (0.02, 0.03, 0.05)
    order = [int(code) for code in re.findall(r"^\| (\d) \|", page("cli.md"), re.MULTILINE)]
    assert tuple(order) == EXIT_ORDER


# --- suites.md ------------------------------------------------------------------------------------


def test_suites_page_names_all_structured_values() -> None:
    from claimbench_providers.endpoints import chat as chat_endpoint
    from claimbench_providers.llama import options as llama_options

    said = quoted(page("suites.md"))
    wanted = {
        *arm_price.LIST_KEYS,
        *contract.PRICE_KEYS,
        *arm_price.COST_KEYS,
        *hostcost.HOST_KEYS,
        *hostcost.TRAINING_KEYS,
        *fields.ALIASES,
        *fields.METRICS,
        *(r for names in fields.RELATIONS.values() for r in names),
        *(r for names in fields.READINGS.values() for r in names),
        *llama_options.OPTIONS,
        *chat_endpoint.OPTIONS,
        *(point.name for point in entry_points(group="claimbench.providers")),
        *(point.name for point in entry_points(group="claimbench.scorers")),
    }
    assert wanted - said == set(), "docs/suites.md does not name them"


TICKETS = [
    (f"t{i}", f"help {i}", ("billing", "delivery", "tech")[i % 3], "de" if i % 2 else "en")
    for i in range(30)
]


def test_the_price_book_of_the_suites_page_is_one(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    from claimbench.pricing.price_lists.book import PriceBook

    (text,) = fences(page("suites.md"), "yml")
    (tmp_path / "ours.yaml").write_text(text)
    book = PriceBook([tmp_path / "ours.yaml"], use_genai=False)
    price = book.resolve("big-latest", base_url="https://llm.acme.example/v1").price
    assert price is not None
    for tier in ("standard", "batch"):
        assert price.rates_at(datetime(2026, 11, 29, 2, tzinfo=UTC), tier)
    assert book.fx


def test_the_example_of_the_suites_page_is_valid(tmp_path: Path) -> None:
    text, judged, field, choice, compared = fences(page("suites.md"), "yaml")
    for task in YAML(typ="safe").load(field)["tasks"]:
        LmEvalTaskModel.model_validate(task)
    (tmp_path / "desk.yaml").write_text(text)
    head = "id,Ticket text,team,order_number,amount,conversation,language\n"
    rows = [
        f"{id_},{text},{team},A{id_},3.50,c{id_[:2]},{language}\n"
        for id_, text, team, language in TICKETS
    ]
    (tmp_path / "tickets.csv").write_text(head + "".join(rows))
    (tmp_path / "examples.csv").write_text(head + "e1,where is it,delivery,A1,3.50,c99,en\n")
    suite = load_suite(tmp_path / "desk.yaml")
    assert [len(task.samples) for task in suite.tasks] == [30, 30]
    assert {claim.kind for claim in parse_claims(suite)} == {"cost", "accuracy", "latency"}
    said = YAML(typ="safe").load(judged)
    (scorer,) = said["tasks"][0]["scorers"]
    judge = JudgeScorer({key: value for key, value in scorer.items() if key != "name"})
    assert [ArmModel.model_validate(one).name for one in said["judges"]] == [judge.options.by]
    DecisionFileModel.model_validate(YAML(typ="safe").load(choice))
    for block in (compared, *fences(page("compare.md"), "yaml")):
        CompareModel.model_validate(YAML(typ="safe").load(block)["compare"])


# --- README ---------------------------------------------------------------------------------------


def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_of_the_readme_is_valid(tmp_path: Path) -> None:
    [text] = fences(readme(), "yaml")
    (tmp_path / "suite.yaml").write_text(text)
    (tmp_path / "tickets.csv").write_text(
        "text,team\n" + "".join(f"{t},{team}\n" for _, t, team, _ in TICKETS)
    )
    suite = load_suite(tmp_path / "suite.yaml")
    assert len(suite.tasks[0].samples) == 30
    assert [claim.kind for claim in parse_claims(suite)] == ["cost", "accuracy"]


def test_commands_and_options_named_in_pages_exist() -> None:
    found, _ = generator().commands()
    known = {
        name: {opt for p in command.params for opt in p.opts} for name, command in found.items()
    }
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        said = [
            *re.findall(r"`(bench [^`\n]+)`", text),
            *re.findall(r"^\$ (bench .+)$", text, re.MULTILINE),
        ]
        for line in said:
            words = line.split()
            name = words[1].rstrip(",")
            assert name.startswith("-") or name in COMMANDS, f"{path.name}: {line}"
            if name in {"claims", "labels", "models", "prices"} or name not in known:
                continue
            options = {
                word.partition("=")[0].rstrip(".,") for word in words[2:] if word.startswith("--")
            }
            assert options <= known[name] | {"--help"}, f"{path.name}: {line}"


def test_the_readme_names_every_command_and_make_target() -> None:
    lines = readme().partition("## Commands")[2].splitlines()
    table = "\n".join(line for line in lines if line.startswith("|"))
    assert [name for name in COMMANDS if not re.search(rf"\b{name}\b", table)] == []
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make (\w+)", " ".join(fences(readme(), "console")))) <= targets


# --- every page -----------------------------------------------------------------------------------


def anchors(path: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", head.replace("`", "")).strip().lower().replace(" ", "-")
        for head in heads
    }


OURS = re.compile(
    r"https://(?:github\.com/claimbench/claimbench/(?:blob|tree)/main|"
    r"raw\.githubusercontent\.com/claimbench/claimbench/main)/"
)
"""Absolute links to files of this repository; README has no others, for the package's page."""


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_resolve(path: Path) -> None:
    text = re.sub(
        r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        ours = OURS.match(target)
        if re.match(r"https?://", target) and ours is None:
            continue
        name, _, anchor = target[ours.end() if ours else 0 :].partition("#")
        file = ((ROOT if ours else path.parent) / name).resolve() if name else path
        assert file.exists(), f"{path.name}: {target}"
        assert not anchor or anchor in anchors(file), f"{path.name}: {target}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_files_named_in_pages_exist(path: Path) -> None:
    said = {re.sub(r":\w+$", "", name) for name in quoted(path.read_text(encoding="utf-8"))}
    roots = (
        "docs/",
        "harness/",
        "providers/claimbench",
        "reports/claimbench",
        "tests/",
        "make/",
        "suites/",
        ".ci/",
    )
    for name in said:
        if name.startswith(roots) and re.fullmatch(r"[\w./-]+", name):
            assert (ROOT / name).exists(), f"{path.name}: {name}"


def test_pages_named_in_the_code_exist() -> None:
    for path in tracked("*.py"):
        for name in re.findall(r"\bdocs/[\w]+\.md\b", path.read_text(encoding="utf-8")):
            if "llama.cpp" not in name and name != "docs/gguf.md":  # ggml's own page
                assert (ROOT / name).exists(), f"{path.relative_to(ROOT)}: {name}"


# --- architecture.md ------------------------------------------------------------------------------


def test_the_example_provider_works() -> None:
    [source, _] = fences(page("architecture.md"), "python")
    space: dict[str, Any] = {}
    exec(source, space)  # the page's own text
    provider = space["create"](None, None)
    assert isinstance(provider, Provider)
    request = Request("c1", (Message("user", "hello"),), SamplingParams(), 8)

    async def once() -> Any:
        import contextlib

        await provider.start()
        return await try_once(
            provider,
            request,
            SystemClock(),
            intent=Intent("c", 1, 1, None, ""),
            queued_ns=0,
            turn=contextlib.nullcontext(),
        )

    tried = asyncio.run(once())
    assert tried.attempt.outcome is Outcome.OK
    assert tried.answer.text == "hello"
    assert tried.attempt.timing.first_content_ns >= tried.attempt.timing.sent_ns


def test_the_example_scorer_works() -> None:
    [_, source] = fences(page("architecture.md"), "python")
    space: dict[str, Any] = {}
    exec(source, space)  # the page's own text
    sample = Sample("s", {}, "x", "s")
    task = Task("t", (sample,), (), (), AnswerSpec("text"), (), 8)
    scorer = space["Polite"]({})
    assert scorer.score("c1", "Thank you", sample, task).value == 1.0
    assert scorer.score("c1", "Go away", sample, task).value == 0.0


# --- the repository -------------------------------------------------------------------------------


def tracked(pattern: str = "*") -> list[Path]:
    """Files under version control; all files outside the ignored folders where there is no git."""
    done = subprocess.run(
        ["git", "ls-files", "-z", pattern], cwd=ROOT, capture_output=True, check=False
    )
    if done.returncode == 0 and done.stdout:
        names = done.stdout.decode().split("\0")
        return [ROOT / name for name in names if name and (ROOT / name).is_file()]
    skipped = {".venv", ".git", ".cache", "results", "dist", "build"}
    return [
        p
        for p in ROOT.rglob(pattern)
        if p.is_file() and not skipped & set(p.relative_to(ROOT).parts)
    ]


FOREIGN = re.compile(
    "|".join(
        (
            r"pypi\." + r"org",
            r"files\.python" + r"hosted",
            r"(?<![\w.])/wo" + r"rk/",
            r"\.lib" + r"rary/",
            r"--index" + r"-url",
            r"/ro" + r"ot/",
            r"(?<![\w.])/ho" + r"me/[a-z]+/",
            r"/tmp/" + r"(?:models|bash|contracts)",
        )
    )
)
"""Registry hosts and paths of one machine, written so that this file does not match itself."""


def test_no_registry_host_and_no_path_of_a_machine() -> None:
    assert FOREIGN.search("index = https://pypi" + ".org/simple")
    assert FOREIGN.search("see /wo" + "rk/main")
    found = []
    for path in tracked():
        data = path.read_bytes()
        if b"\0" in data[:4096]:
            continue
        for number, line in enumerate(data.decode("utf-8", errors="replace").splitlines(), 1):
            if FOREIGN.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert found == []


LONG: dict[str, str] = {}
"""Modules above 500 lines, and why."""


def test_modules_above_500_lines_have_a_reason() -> None:
    folders = ("harness/", "providers/", "reports/")
    sizes = {
        p.relative_to(ROOT).as_posix(): p.read_text(encoding="utf-8").count("\n")
        for p in tracked("*.py")
    }
    long = {name for name, lines in sizes.items() if name.startswith(folders) and lines > 500}
    assert long == set(LONG)
