"""The Typer application, and the one place where an error becomes an exit code."""

from __future__ import annotations

import sys

import typer
from rich.text import Text

from linkage.cli import terminal
from linkage.errors import ExitCode, LinkageError

app = typer.Typer(
    name="linkage",
    help="Find which accounts of an AI service are run by the same hands. Linked is not guilty.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Entry point of the command: run it, and turn linkage's own errors into a message and the contract's exit code."""
    try:
        app()
    except LinkageError as error:
        _stop(terminal.plain(error), error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except (MemoryError, OSError) as error:
        _stop(f"{terminal.plain(error)} Free space or memory, then run again.", ExitCode.STORAGE)


def _stop(message: str, code: ExitCode) -> None:
    terminal.err.print(Text(f"linkage: {message}", style="red"))
    sys.exit(int(code))
