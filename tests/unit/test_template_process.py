"""Templates of a stranger: bounded in time and memory, and the others unchanged."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from claimbench import template_process
from claimbench.errors import SuiteError
from claimbench.lmeval.templates import apply_template
from claimbench.plan import prompts
from claimbench.types import AnswerSpec, Sample, Task

TASK = Task("t", (), (), (), AnswerSpec("text"), (), 1)
SAMPLE = Sample("s", {"text": "hello", "rows": list(range(200))}, None, "")

HUNGRY = {
    "width": "{{ 'x'|center(10**10) }}",
    "ljust": "{{ 'a'.ljust(10**11) }}",
    "doubling": "{% set n=namespace(x='a') %}{% for i in range(60) %}{% set n.x=n.x~n.x %}{% endfor %}",
    "format": "{{ '{:>9999999999}'.format(1) }}",
    "replace": "{{ ('x'*1000000).replace('x','y'*1000000) }}",
    "indent": "{{ 'a\nb'|indent(10**10) }}",
    "batch": "{{ rows|batch(10**9,'x')|list }}",
}  # fmt: skip
SLOW = {
    "powers": "{{ ((9**999)**999)**999 }}",
    "loops": "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "data in data": "{% for a in rows %}{% for b in rows %}{% for c in rows %}{% for d in rows %}"
    "{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
}  # fmt: skip


def render(source: str) -> str:
    return prompts.render_turn(source, TASK, SAMPLE)


@pytest.mark.parametrize("source", HUNGRY.values(), ids=HUNGRY)
def test_a_template_that_would_take_the_memory_is_refused(source: str) -> None:
    with pytest.raises(SuiteError, match=r"refused: it takes more than 1024 MiB"):
        render(source)
    assert render("{{ text * 2 }}") == "hellohello"  # the next one finds a process again


@pytest.mark.parametrize("source", SLOW.values(), ids=SLOW)
def test_a_template_that_would_not_end_is_refused(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(template_process, "RENDER_S", 0.5)
    assert prompts.check_syntax(source) is None
    assert prompts.variables(source) <= {"rows"}
    with pytest.raises(SuiteError, match=r"refused: it takes longer than 0\.5 s"):
        render(source)


@pytest.mark.parametrize(("open_", "close"), ["()", "[]"])
def test_nesting_without_end_is_a_syntax_error(open_: str, close: str) -> None:
    source = "{{ " + open_ * 3000 + "1" + close * 3000 + " }}"
    assert prompts.check_syntax(source) == ("it is nested too deeply", 1)


@pytest.mark.parametrize(
    ("source", "plain", "text"),
    [
        ("{{ text }}", True, "hello"),
        ("{{ text|upper|trim }}{% if text %}!{% endif %}", True, "HELLO!"),
        ("{% for r in rows %}{{ loop.index if loop.last else '' }}{% endfor %}", True, "200"),
        ("{{ rows|join(', ')|length }}", True, "888"),
        ("{{ missing|default('none') }}", True, "none"),
        ("{{ text * 2 }}", False, "hellohello"),
        ("{{ text.split('l')|length }}", False, "3"),
        ("{% for i in range(3) %}{{ i }}{% endfor %}", False, "012"),
        ("{{ rows|sum }}", False, "19900"),
        ("{{ {'a': 'é'}|tojson }}", False, '{"a": "é"}'),
        ("{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(text) }}", False, "<hello>"),
        ("{{ none }}", True, ""),
    ],
)
def test_both_ways_give_the_same_text(source: str, plain: bool, text: str) -> None:
    assert prompts._is_plain(source) is plain
    assert render(source) == text
    context = {"labels": [], **SAMPLE.input}
    assert prompts._PROCESS.render(source, context) == prompts._rendered(source, context) == text


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ nobody + 1 }}", "'nobody' is undefined in the template"),
        ("{{ nobody }}", "'nobody' is undefined in the template"),
        ("{{ 1 / 0 }}", "the template fails: ZeroDivisionError"),
        ("{{ text.__class__.mro() }}", "is unsafe|undefined"),
        ("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "RecursionError"),
    ],
)
def test_faults_are_said_alike(source: str, said: str) -> None:
    with pytest.raises(SuiteError, match=said):
        render(source)


def test_the_process_takes_no_module_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    for name in ("json", "resource", "select", "jinja2", "claimbench"):
        (tmp_path / f"{name}.py").write_text(f"open({str(ran)!r}, 'w')\nraise ImportError\n")
    monkeypatch.chdir(tmp_path)
    own = template_process.TemplateProcess()
    try:
        assert own.render("{{ 1 + 1 }}", {}) == "2"
    finally:
        own.close()
    assert not ran.exists()


def test_the_process_holds_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_API_KEY", "sk-canary")
    own = template_process.TemplateProcess()
    try:
        assert own.render("{{ 1 + 1 }}", {}) == "2"
        assert own._process is not None
        seen = Path(f"/proc/{own._process.pid}/environ").read_bytes()
        assert b"sk-canary" not in seen
    finally:
        own.close()


@pytest.mark.parametrize("value", ["\ud83d", "a\u2028b", 1e300, None, {"x": [1, None]}])
def test_values_arrive_as_they_are(value: Any) -> None:
    given = prompts._PROCESS.render("{{ [v]|tojson }}", {"v": value})
    assert json.loads(given) == [value]


UNREADABLE_SOURCES = {
    "a number of 5,000 digits": "\n{{ " + "9" * 5000 + " }}",
    "its like in base 16": "{{ 0x" + "f" * 9000 + " }}",
    "a keyword given twice": "{{ f(a=1, a=2) }}",
    "loops too deep": "{% for x in y %}" * 60 + "{% endfor %}" * 60,
    "no end": "{% if x %}",
}


@pytest.mark.parametrize("source", UNREADABLE_SOURCES.values(), ids=list(UNREADABLE_SOURCES))
def test_a_source_that_nobody_can_read_is_said_in_words(source: str) -> None:
    fault = prompts.check_syntax(source)
    assert fault is not None
    message, line = fault
    assert message
    assert len(message) < 200
    assert line >= 1
    with pytest.raises(ValueError, match=r"a template of the task (fails|cannot be read)"):
        apply_template(source, {})


@pytest.mark.parametrize("name", ["sitecustomize", "usercustomize", "jinja2", "json", "markupsafe"])
@pytest.mark.parametrize("as_path", [".", "the folder", "a link"])
def test_a_module_where_bench_is_started_is_none_of_the_process(
    name: str, as_path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = tmp_path / "canary"
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / f"{name}.py").write_text(f"open({str(canary)!r}, 'w').write('ran')\n")
    (tmp_path / "link").symlink_to(folder)
    paths = {".": ".", "the folder": str(folder), "a link": str(tmp_path / "link")}
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.path", [paths[as_path], *sys.path])
    process = template_process.TemplateProcess()
    try:
        assert process.render("{{ text * 2 }}", {"text": "ab"}) == "abab"
    finally:
        process.close()
    assert not canary.exists()
