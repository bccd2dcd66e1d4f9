from __future__ import annotations

import errno
import io
import json

import pytest

from claimbench import cli
from claimbench.cli import common
from claimbench.cli.streams import Audience, drawn
from claimbench.privacy.visible import json_visible, visible

HOSTILE = {
    "title": "\x1b]0;p\x07",
    "colour": "\x1b[31m",
    "C1": "\x9b31m",
    "back": "a\rb",
    "bidi": "\u202eevil",
    "isolate": "\u2066x\u2069",
    "zero width": "a\u200bb",
    "tag": "a\U000e0041",
    "bell": "\x07",
    "null": "\x00",
}


class Broken(io.StringIO):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def write(self, text: str) -> int:
        raise self.error


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_nothing_that_a_terminal_obeys_comes_through(text: str) -> None:
    heard = io.StringIO()
    Audience(heard).write(f"name {text}\n")
    shown = heard.getvalue()
    assert shown == f"name {visible(text)}\n"
    assert "[U+" in shown
    assert all(char == "\n" or char.isprintable() for char in shown)


def test_plain_text_of_every_script_stays() -> None:
    text = "naïve 中文 हिन्दी עברית العربية ไทย 👩\u200d💻 ✔\ufe0f\ta\u00a0b\n"
    heard = io.StringIO()
    assert Audience(heard).write(text) == len(text)
    assert heard.getvalue() == text


def test_data_and_drawings_stay_as_they_are() -> None:
    heard = io.StringIO()
    drawn(Audience(heard)).write("\x1b[1mbar\x1b[0m")  # type: ignore[arg-type]
    assert heard.getvalue() == "\x1b[1mbar\x1b[0m"
    assert drawn(heard) is heard


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_json_says_the_same_without_them(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    common.print_json({"name": text})
    out = capsys.readouterr().out
    assert json.loads(out) == {"name": text}
    assert out.removesuffix("\n").isprintable()
    assert json_visible('"\U000e0041"') == '"\\udb40\\udc41"'


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
        (ValueError("I/O operation on closed file"), "I/O operation on closed file"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), None),
    ],
)
def test_a_fault_is_kept_and_nothing_more_is_written(error: Exception, lost: str | None) -> None:
    broken = Broken(error)
    stream = Audience(broken)
    assert stream.write("a") == 1
    broken.error = AssertionError("written to again")
    stream.write("b")
    stream.flush()
    assert (stream.lost, stream.isatty()) == (lost, False)


def test_a_stream_that_was_never_there_loses_all() -> None:
    stream = Audience(None)
    stream.write("a")
    stream.flush()
    assert (stream.lost, stream.isatty(), stream.encoding) == ("it is closed", False, "utf-8")
    with pytest.raises(TypeError, match="text is written here"):
        stream.write(b"a")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "/nope/x.xml"), "/nope/x"),
        (PermissionError(errno.EACCES, "Permission denied", "/srv/x"), "can be read and written"),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "/tmp"), "/tmp: Is a directory"),
        (OSError(errno.EMFILE, "Too many open files"), "ulimit -n"),
        (OSError(errno.ENOSPC, "No space left on device", "out.csv"), "free some space"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "ulimit -v"),
        (MemoryError(), "not enough memory"),
        (RuntimeError("can't start new thread"), "no thread can be started"),
    ],
)
def test_what_the_machine_cannot_give_is_no_bug_of_ours(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def group() -> object:
        raise error

    monkeypatch.setattr(cli, "group", group)
    assert cli._guarded(["list"]) == 3
    err = capsys.readouterr().err
    assert said in err
    assert "a bug" not in err


def test_a_fault_of_ours_is_called_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def group() -> object:
        raise KeyError("x")

    monkeypatch.setattr(cli, "group", group)
    assert cli._guarded(["list"]) == 3
    err = capsys.readouterr().err
    assert "a bug in ClaimBench" in err
    assert "stays stored: `bench report`" in err
