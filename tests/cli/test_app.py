"""Where errors become exit codes: one message on standard error, never a traceback unless it is asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
import typer

from linkage import errors, pipeline
from linkage.cli import app, main
from linkage.errors import LinkageError

KINDS = sorted(
    (kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, LinkageError)),
    key=lambda kind: kind.__name__,
)
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run `linkage run` with a job that raises; exit code, standard output, standard error."""

    def called(error: BaseException, *words: str) -> tuple[int, str, str]:
        def job(*_: object) -> None:
            raise error

        monkeypatch.setattr(pipeline, "run", job)
        monkeypatch.setattr(sys, "argv", ["linkage", *words, "run"])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return called


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_error_of_ours_is_one_message_and_its_code(call: Call, kind: type[LinkageError]) -> None:
    error = kind("it broke.", where="a/file", todo="Mend it.")
    assert call(error) == (int(kind.exit_code), "", "linkage: a/file: it broke. Mend it.\n")


def test_hostile_text_in_an_error_is_made_harmless(call: Call) -> None:
    code, _, told = call(errors.ConfigError("[red]\x1b[31m\u202egnp", where="a\nb"))
    assert (code, told) == (2, "linkage: a\\nb: [red]\\x1b[31m\\u202egnp\n")


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (PermissionError(13, "Permission denied", "/x"), 5,
         "[Errno 13] Permission denied: '/x'. Check rights and free space, then run again."),
        (MemoryError(), 5, "out of memory. Close other programs, or read fewer files at once."),
        (ZeroDivisionError("by zero"), 70,
         "a fault of linkage, not yours (ZeroDivisionError: by zero). Run 'linkage --debug' with the same words, and "
         "report what it prints."),
        (AssertionError(), 70,
         "a fault of linkage, not yours (AssertionError). Run 'linkage --debug' with the same words, and report what "
         "it prints."),
    ],
)  # fmt: skip
def test_other_errors_say_what_to_do(call: Call, error: Exception, code: int, message: str) -> None:
    assert call(error) == (code, "", f"linkage: {message}\n")


@pytest.mark.parametrize("error", [errors.InputRefused("no."), KeyError("\x1b[2J"), OSError("no"), MemoryError()])
def test_debug_prints_the_traceback_before_the_message_and_changes_nothing_else(call: Call, error: Exception) -> None:
    code, out, short = call(error)
    assert (call(error, "--debug")[0], out) == (code, "")
    _, _, told = call(error, "--debug")
    assert told.startswith("Traceback (most recent call last):\n")
    assert "in job\n" in told
    assert told.endswith(short)
    assert not {c for c in told if not c.isprintable()} - {"\n"}
    assert call(error)[2] == short  # asked for once, for that command


def test_ctrl_c_is_no_error(call: Call) -> None:
    code, _, told = call(KeyboardInterrupt())
    assert code == 130
    assert "Traceback" not in told


def test_without_a_command_the_commands_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["linkage"])
    with pytest.raises(SystemExit) as ended:
        main()
    told = "".join(capsys.readouterr())
    assert ended.value.code == 2
    assert "Linked is not guilty." in " ".join(told.split())
    commands = typer.main.get_group(app).commands
    assert len(commands) > 10
    assert all(f"\n  {name} " in told for name in commands)


def shell(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    script = f"{sys.executable} -c 'from linkage.cli import main; main()'"
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command.replace("LINKAGE", script)], capture_output=True, text=True,
        check=False, env={**os.environ, **environment},
    )  # fmt: skip


def test_a_reader_that_goes_away_is_no_fault() -> None:
    done = shell("LINKAGE schema | true")
    assert "Traceback" not in done.stderr
    assert "fault" not in done.stderr


def test_the_shell_completes_commands_and_options() -> None:
    completing = {"_PYTHON__C_COMPLETE": "complete_bash", "_LINKAGE_COMPLETE": "complete_bash", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv[0] = 'linkage'; from linkage.cli import main; main()"],
        capture_output=True, text=True, check=False, env={**os.environ, **completing, "COMP_WORDS": "linkage ev"},
    )  # fmt: skip
    assert done.stdout.split() == ["evaluate"], done.stderr


def test_help_waits_for_no_library_that_it_does_not_need() -> None:
    """A quarter of a second and more each, at every command."""
    script = """
import sys
from linkage.cli import app
try:
    app(["--help"])
except SystemExit:
    print(sorted({"igraph", "pandas", "matplotlib", "duckdb", "pydantic", "numba"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "evaluate" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_python_runs_the_package_as_the_command() -> None:
    words = [sys.executable, "-m", "linkage", "check", "--config", "/no/such.toml"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("linkage: /no/such.toml: there is no such file.")
