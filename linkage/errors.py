"""The errors a user can meet: each says what, where and what to do next, and carries the exit code of the contract."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Process exit codes of the command ``linkage``."""

    DONE = 0
    USAGE = 2
    INPUT_REFUSED = 3
    LOCKED = 4
    STORAGE = 5
    NOT_APPROVED = 6
    HASH_MISMATCH = 7
    OUR_FAULT = 70


class LinkageError(Exception):
    """Base of every error that linkage raises on purpose.

    ``what`` went wrong, ``where`` (file, key, row; may be empty) and ``todo``, the next step for the reader.
    """

    exit_code: ExitCode = ExitCode.OUR_FAULT

    def __init__(self, what: str, *, where: str = "", todo: str = "") -> None:
        self.what, self.where, self.todo = what, where, todo
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        step = f" {self.todo}" if self.todo else ""
        return f"{place}{self.what}{step}"


class ConfigError(LinkageError):
    """The configuration or the command line can't be used as it stands."""

    exit_code = ExitCode.USAGE


class InputRefused(LinkageError):
    """The data failed the audit gate; nothing was published."""

    exit_code = ExitCode.INPUT_REFUSED


class RunLocked(LinkageError):
    """Another run holds the lock of the output folder."""

    exit_code = ExitCode.LOCKED


class StorageFault(LinkageError):
    """A file could not be read or written, or the disk is full."""

    exit_code = ExitCode.STORAGE


class HashMismatch(LinkageError):
    """A stored file does not match the SHA-256 in its manifest."""

    exit_code = ExitCode.HASH_MISMATCH


class NotFound(LinkageError):
    """An id names nothing in this run."""

    exit_code = ExitCode.USAGE


class MissingExtra(LinkageError):
    """An optional part of linkage is not installed."""

    exit_code = ExitCode.USAGE
