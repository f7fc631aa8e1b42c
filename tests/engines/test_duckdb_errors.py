from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest

from linkage.engines.duckdb_errors import MORE_ROOM, faults, first_line
from linkage.errors import ConfigError, InputRefused, LinkageError, StorageFault


def told(error: Exception, reading: bool = False) -> LinkageError:
    with pytest.raises(LinkageError) as caught, faults("here", reading=reading):
        raise error
    assert caught.value.__cause__ is error
    return caught.value


@pytest.mark.parametrize("reading", [False, True])
def test_memory_disk_and_rights_are_storage_faults_whatever_was_done(reading: bool) -> None:
    for error in (
        duckdb.OutOfMemoryException("failed to allocate"),
        duckdb.IOException("Could not write file: No space left on device"),
        PermissionError(13, "Permission denied"),
        duckdb.IOException('Cannot open file "x": Too many open files'),
    ):
        assert isinstance(told(error, reading), StorageFault)
        assert told(error, reading).todo == MORE_ROOM


def test_what_is_wrong_with_a_file_is_the_inputs_fault_only_while_reading() -> None:
    for error in (duckdb.IOException("Input is not a GZIP stream"), duckdb.InvalidInputException("No magic bytes")):
        assert isinstance(told(error, reading=True), InputRefused)
        assert not isinstance(told(error), InputRefused)
    assert isinstance(told(pa.ArrowInvalid("bad"), reading=True), InputRefused)
    assert isinstance(told(duckdb.IOException("Input is not a GZIP stream")), StorageFault)
    assert type(told(duckdb.BinderException("no such column"))) is LinkageError


def test_errors_of_ours_pass_as_they_are() -> None:
    error = ConfigError("x")
    with pytest.raises(ConfigError) as caught, faults("here"):
        raise error
    assert caught.value is error


@pytest.mark.parametrize("error", [RuntimeError("Query interrupted"), duckdb.InterruptException("Interrupted!")])
def test_ctrl_c_is_no_error(error: Exception) -> None:
    with pytest.raises(KeyboardInterrupt) as caught, faults("here"):
        raise error
    assert caught.value.__cause__ is error


def test_other_errors_of_python_pass_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="something else"), faults("here"):
        raise RuntimeError("something else")


def test_only_the_first_line_is_told() -> None:
    assert first_line(ValueError("one.\n\nLINE 1: SELECT")) == "one."
    assert first_line(ValueError("one")) == "one."
    assert first_line(ValueError()) == "ValueError."
