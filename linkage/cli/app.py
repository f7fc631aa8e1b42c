"""The Typer application, and the one place where an error becomes an exit code."""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass
from typing import Annotated

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


@dataclass
class _Asked:
    """What the command line said before the command."""

    debug: bool = False


_asked = _Asked()


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Print the traceback of any error, to report it.")] = False,
) -> None:
    """Options of every command."""
    _asked.debug = debug


def main() -> None:
    """Entry point of the command: run it, and turn what goes wrong into one message and the contract's exit code."""
    try:
        app()
    except LinkageError as error:
        _stop(str(error), error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except MemoryError:
        _stop("out of memory. Close other programs, or read fewer files at once.", ExitCode.STORAGE)
    except OSError as error:
        _stop(f"{error}. Check rights and free space, then run again.", ExitCode.STORAGE)
    except Exception as error:
        what = f"{type(error).__name__}: {error}".rstrip(": ")
        _stop(
            f"a fault of linkage, not yours ({what}). Run 'linkage --debug' with the same words, and report what it "
            "prints.",
            ExitCode.OUR_FAULT,
        )


def _stop(message: str, code: ExitCode) -> None:
    if _asked.debug:
        for line in traceback.format_exc().splitlines():
            terminal.err.print(Text(terminal.plain(line)))
    terminal.err.print(Text(f"linkage: {terminal.plain(message)}", style="red"))
    sys.exit(int(code))
