"""A task file names its data: no folder that is not its own is searched for some."""

from __future__ import annotations

from pathlib import Path

import pytest

from claimbench.lmeval.tasks import LmEvalFault, load_task

TASK = """task: ours
{data}
test_split: test
output_type: generate_until
doc_to_text: "{{{{q}}}}"
doc_to_target: "{{{{a}}}}"
metric_list: [{{metric: exact_match, aggregation: mean, higher_is_better: true}}]
generation_kwargs: {{until: ["\\n"], max_gen_toks: 8}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("tasks/own", "other"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "test.jsonl").write_text('{"q": "q", "a": "a"}\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(folder: Path, data: str) -> None:
    path = folder / "tasks" / "task.yaml"
    path.write_text(TASK.format(data=data))
    load_task(str(path))


@pytest.mark.parametrize("name", ["json", "csv", "parquet", "text"])
@pytest.mark.parametrize(
    "more", ["", "\ndataset_kwargs: {}", "\ndataset_kwargs: {data_files: null}"]
)
def test_a_format_without_files_is_refused(folder: Path, name: str, more: str) -> None:
    with pytest.raises(LmEvalFault, match="no data_files are named"):
        load(folder, f"dataset_path: {name}{more}")


@pytest.mark.parametrize(
    "data",
    [
        "dataset_path: other",
        "dataset_path: .",
        "dataset_path: tasks/../other",
        "dataset_path: json\ndataset_kwargs: {data_dir: other}",
        "dataset_path: json\ndataset_kwargs: {data_dir: tasks/..}",
    ],
)
def test_a_folder_that_is_not_the_tasks_own_is_refused(folder: Path, data: str) -> None:
    with pytest.raises(LmEvalFault, match="below the task's own"):
        load(folder, data)


def test_a_folder_of_another_place_is_refused_by_its_whole_path(folder: Path) -> None:
    with pytest.raises(LmEvalFault, match="below the task's own"):
        load(folder, f"dataset_path: {folder / 'other'}")


def test_a_folder_below_the_tasks_own_is_read(folder: Path) -> None:
    load(folder, "dataset_path: tasks/own")
