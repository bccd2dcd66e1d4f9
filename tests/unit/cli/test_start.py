"""What ``bench`` loads before it knows what is wanted, and that every command explains itself."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from claimbench._version import __version__
from claimbench.cli import COMMANDS, group, usage

HEAVY = (
    "openai", "anthropic", "litellm", "pandas", "matplotlib", "llama_cpp", "numpy", "scipy", "statsmodels", "click",
    "rich", "sqlalchemy", "pydantic", "ruamel", "jinja2", "huggingface_hub", "genai_prices", "openpyxl", "asyncio",
)  # fmt: skip
SLOW = tuple(name for name in HEAVY if name not in ("click", "asyncio"))
ASKED = """
import contextlib, io, sys
sys.argv = ["bench", *{args!r}]
said = io.StringIO()
with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
    from claimbench.cli import main
    main()
print(said.getvalue().splitlines()[0])
print(sorted({{name.split(".")[0] for name in sys.modules}} & set({heavy!r})))
"""


def loaded(*args: str) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", ASKED.format(args=args, heavy=HEAVY)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    first, modules = done.stdout.splitlines()
    return first, modules


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ((), "Usage: bench [OPTIONS] COMMAND [ARGS]..."),
        (("--help",), "Usage: bench [OPTIONS] COMMAND [ARGS]..."),
        (("--version",), f"bench, version {__version__}"),
    ],
)
def test_help_and_version_import_nothing_heavy(args: tuple[str, ...], says: str) -> None:
    assert loaded(*args) == (says, "[]")


def test_the_list_of_heavy_modules_can_catch_one() -> None:
    assert "'click'" in loaded("run", "--help")[1]


def test_asking_any_command_for_help_imports_no_library_of_models_numbers_or_plots() -> None:
    """Commands import what they need when they work, so that their help and their errors come at
    once.
    """
    modules = [f"claimbench.cli.commands.{module}" for module, _ in COMMANDS.values()]
    code = (
        "import importlib, sys\n"
        f"for name in {modules!r}:\n    importlib.import_module(name)\n"
        f"print(*sorted({{m.split('.')[0] for m in sys.modules}} & set({SLOW!r})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    shown = CliRunner().invoke(group(), [name, "--help"], catch_exceptions=False)
    assert shown.exit_code == 0
    assert shown.output.startswith("Usage: ")
    assert COMMANDS[name][1].endswith(".")
    assert f"  {name} " in usage()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name: str) -> None:
    command = group().get_command(click.Context(group()), name)
    assert command is not None
    assert command.help
    inner = list(command.commands.values()) if isinstance(command, click.Group) else [command]
    for one in inner:
        assert one.help, f"{name} {one.name}"
        for option in one.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert option.help, f"bench {name} {one.name}: {'/'.join(option.opts)} has no help"
