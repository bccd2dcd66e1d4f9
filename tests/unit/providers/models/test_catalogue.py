"""The catalogue, the cache and the ways of fetching a model; no network."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from claimbench.cli.commands.models import models_command
from claimbench.errors import IntegrityError, ModelError
from claimbench_providers.models import catalogue as models
from claimbench_providers.models import sources as model_sources
from claimbench_providers.models.catalogue import CatalogEntry, ModelSource, WheelPart

PIECES = (b"GGUF" + bytes(range(256)) * 40, b"second" * 999, b"third" * 77)
WHOLE = b"".join(PIECES)


def entry(**changes: object) -> CatalogEntry:
    parts = tuple(WheelPart(f"demo-part{i}==1.0", f"demo_part{i}/data.bin") for i in range(3))
    made = CatalogEntry(
        id="demo",
        name="Demo",
        lab="Nobody",
        country=None,
        licence=None,
        parameters_b=None,
        active_b=None,
        quantisation=None,
        context=None,
        file="demo.gguf",
        sha256=hashlib.sha256(WHOLE).hexdigest(),
        size=len(WHOLE),
        sources=(ModelSource("pypi", parts=parts),),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


class Index:
    """Makes wheels as a package index would send them; counts, and fails when told to."""

    def __init__(self, fail_at: int | None = None, cut_at: int | None = None) -> None:
        self.asked: list[str] = []
        self.fail_at, self.cut_at = fail_at, cut_at

    def __call__(self, requirement: str, folder: Path) -> None:
        number = int(requirement.partition("==")[0][-1])
        if self.fail_at == number:
            raise ModelError("the line is dead")
        self.asked.append(requirement)
        path = folder / f"demo_part{number}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"demo_part{number}/data.bin", PIECES[number])
        if self.cut_at == number:
            self.cut_at = None
            path.write_bytes(path.read_bytes()[:200])


def test_the_shipped_catalogue_is_sound() -> None:
    entries = models.catalog()
    assert list(entries)[:2] == ["smollm2-135m-instruct-q4_1", "qwen2.5-coder-0.5b-instruct-q4_k_m"]
    for made in entries.values():
        assert made.sources, made.id
        assert made.id == made.id.lower()
        assert made.file is None or made.file.endswith(".gguf")
        assert made.file is not None or made.sources[0].match
        assert made.sha256 is None or len(made.sha256) == 64
    for one in ("smollm2-135m-instruct-q4_1", "qwen2.5-coder-0.5b-instruct-q4_k_m"):
        assert entries[one].sha256 is not None
        assert entries[one].size is not None
        assert any(source.kind == "pypi" for source in entries[one].sources)
    names = " ".join(entries)
    for family in (
        "qwen3",
        "deepseek-r1",
        "kimi",
        "moonlight",
        "llama-3",
        "gemma",
        "gpt-oss",
        "ernie",
        "seed-oss",
    ):
        assert family in names


def test_wheels_are_joined_and_checked_and_leave_nothing_behind(tmp_path: Path) -> None:
    told: list[str] = []
    index = Index()
    path, sha256 = model_sources.pull(
        entry(),
        tmp_path,
        download_wheel=index,
        progress=lambda what, done, total: told.append(f"{what} {done}/{total}"),
    )
    assert path.read_bytes() == WHOLE
    assert sha256 == entry().sha256
    assert not (tmp_path / ".partial" / "demo").exists()
    assert told[-1].endswith(f"{len(WHOLE)}/{len(WHOLE)}")
    model_sources.pull(
        entry(), tmp_path, download_wheel=Index(fail_at=0)
    )  # here already: nothing is fetched
    assert len(index.asked) == 3


def test_a_fetch_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="the line is dead") as caught:
        model_sources.pull(entry(), tmp_path, download_wheel=Index(fail_at=2))
    assert caught.value.hint == "with the file at hand: bench models pull demo --from FILE"
    with (tmp_path / ".partial/demo/demo.part").open("ab") as part:
        part.write(b"half a piece that was being written")
    again = Index()
    path, _ = model_sources.pull(entry(), tmp_path, download_wheel=again)
    assert again.asked == ["demo-part2==1.0"]
    assert path.read_bytes() == WHOLE


def test_a_whole_wheel_that_is_here_is_not_fetched_again_and_a_cut_one_is(tmp_path: Path) -> None:
    work = tmp_path / ".partial" / "demo"
    work.mkdir(parents=True)
    Index()("demo-part0==1.0", work)
    index = Index(cut_at=1)
    path, _ = model_sources.pull(entry(), tmp_path, download_wheel=index)
    assert index.asked == ["demo-part1==1.0", "demo-part1==1.0", "demo-part2==1.0"]
    assert path.read_bytes() == WHOLE


def test_what_has_the_wrong_hash_is_not_kept(tmp_path: Path) -> None:
    wrong = entry(sha256="0" * 64)
    with pytest.raises(IntegrityError, match="catalogue says 0000"):
        model_sources.pull(wrong, tmp_path, download_wheel=Index())
    assert not list(tmp_path.rglob("*.gguf"))
    assert not list(tmp_path.rglob("*.part"))


def test_a_source_that_fails_gives_way_to_the_next(tmp_path: Path) -> None:
    said: list[str] = []
    bad = ModelSource("pypi", parts=(WheelPart("demo-part0==1.0", "demo_part0/other.bin"),))
    both = entry(sources=(bad, *entry().sources))
    model_sources.pull(both, tmp_path, download_wheel=Index(), say=said.append)
    assert any("holds no demo_part0/other.bin" in line for line in said)


def test_an_unchecked_model_needs_trust_and_is_held_to_what_was_seen(tmp_path: Path) -> None:
    unchecked = entry(sha256=None)
    with pytest.raises(ModelError, match="nobody has checked") as caught:
        model_sources.pull(unchecked, tmp_path, download_wheel=Index())
    assert "--trust" in str(caught.value.hint)
    path, sha256 = model_sources.pull(unchecked, tmp_path, trust=True, download_wheel=Index())
    assert models.trusted_sha256(unchecked, tmp_path) == sha256 == hashlib.sha256(WHOLE).hexdigest()
    assert models.resolve("demo", tmp_path, tmp_path, {"demo": unchecked}).sha256 == sha256
    path.write_bytes(b"GGUF something else")
    with pytest.raises(IntegrityError, match="trusted pull"):
        models.verify(unchecked, tmp_path)


def test_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.bin"
    file.write_bytes(WHOLE)
    path, _ = model_sources.pull(entry(), tmp_path / "cache", from_file=file)
    assert path.read_bytes() == file.read_bytes() == WHOLE
    file.write_bytes(WHOLE + b"!")
    with pytest.raises(IntegrityError):
        model_sources.pull(entry(), tmp_path / "other", from_file=file)
    with pytest.raises(ModelError, match="does not exist"):
        model_sources.pull(entry(), tmp_path / "other", from_file=tmp_path / "none")


def test_two_processes_do_not_fetch_the_same_model(tmp_path: Path) -> None:
    def download(requirement: str, folder: Path) -> None:
        with pytest.raises(ModelError, match="another process"):
            model_sources.pull(entry(), tmp_path, download_wheel=Index())
        Index()(requirement, folder)

    model_sources.pull(entry(), tmp_path, download_wheel=download)


def test_a_cache_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelError, match="cannot be written") as caught:
        model_sources.pull(entry(), tmp_path / "file" / "models", download_wheel=Index())
    assert caught.value.hint == "set CLAIMBENCH_CACHE"


def test_resolve_names_the_nearest_id_or_the_command(tmp_path: Path) -> None:
    entries = {"demo": entry()}
    with pytest.raises(ModelError, match="near: demo"):
        models.resolve("dmeo", tmp_path, tmp_path, entries)
    with pytest.raises(ModelError) as caught:
        models.resolve("demo", tmp_path, tmp_path, entries)
    assert caught.value.hint == "fetch it with: bench models pull demo"
    (tmp_path / "mine.GGUF").write_bytes(b"GGUF")
    assert models.resolve("mine.GGUF", tmp_path, tmp_path).sha256 is None


def test_the_parts_of_a_split_model_belong_together(tmp_path: Path) -> None:
    for i in (1, 2):
        (tmp_path / f"big-0000{i}-of-00002.gguf").write_bytes(b"GGUF" * i)
    found = models.resolve("big-00001-of-00002.gguf", tmp_path, tmp_path)
    assert [p.name[-19:] for p in found.parts] == ["00001-of-00002.gguf", "00002-of-00002.gguf"]
    assert found.size_bytes == 12


def test_a_hash_is_remembered_until_the_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(b"one")
    first = models.file_sha256(file, tmp_path)
    (note,) = (tmp_path / ".sha256").iterdir()
    note.write_text(note.read_text().replace(first, "f" * 64))
    assert models.file_sha256(file, tmp_path) == "f" * 64, "the note is used"
    file.write_bytes(b"two")
    os.utime(file, ns=(1, 1))
    assert models.file_sha256(file, tmp_path) == hashlib.sha256(b"two").hexdigest()
    note.write_text("{")
    assert models.file_sha256(file, tmp_path) == hashlib.sha256(b"two").hexdigest()


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"CLAIMBENCH_CACHE": "/c", "XDG_CACHE_HOME": "/x"}, "/c/models"),
        ({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/x/claimbench/models"),
        ({"HOME": "/h"}, "/h/.cache/claimbench/models"),
    ],
)
def test_the_cache_folder(environ: dict[str, str], folder: str) -> None:
    assert models.cache_dir(environ) == Path(folder)


def test_a_broken_catalogue_is_named(tmp_path: Path) -> None:
    file = tmp_path / "models.yaml"
    for text in ("models: [", "other: 1", "models: [{id: a}]"):
        file.write_text(text)
        with pytest.raises(ModelError, match=r"models\.yaml cannot be read"):
            models.catalog(file)


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAIMBENCH_CACHE", str(tmp_path))
    runner = CliRunner()
    listed = runner.invoke(models_command, ["list"])
    assert "smollm2-135m-instruct-q4_1" in listed.output
    assert "hash not checked" in listed.output
    found = json.loads(runner.invoke(models_command, ["list", "--json"]).output)
    assert found["cache"] == str(tmp_path / "models")
    assert all(row["path"] is None for row in found["models"])
    file = tmp_path / "x.gguf"
    file.write_bytes(b"GGUF not it")
    wrong = runner.invoke(
        models_command, ["pull", "smollm2-135m-instruct-q4_1", "--from", str(file)]
    )
    assert isinstance(wrong.exception, IntegrityError)
    trusted = runner.invoke(
        models_command, ["pull", "qwen3-0.6b-q8_0", "--trust", "--from", str(file), "--json"]
    )
    (pulled,) = json.loads(trusted.stdout)["pulled"]
    assert pulled["sha256"] == hashlib.sha256(b"GGUF not it").hexdigest()
    assert pulled["hash_known"] is False
    assert "as when it was trusted" in runner.invoke(models_command, ["verify"]).output
    absent = runner.invoke(models_command, ["verify", "gemma-3-1b-it-q4_k_m"])
    assert isinstance(absent.exception, ModelError)
    two = runner.invoke(
        models_command, ["pull", "gemma-3-1b-it-q4_k_m", "qwen3-8b-q4_k_m", "--from", str(file)]
    )
    assert isinstance(two.exception, ModelError)
