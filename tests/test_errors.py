from __future__ import annotations

import pytest

from linkage import errors
from linkage.errors import (
    ConfigError,
    ExitCode,
    HashMismatch,
    InputRefused,
    LinkageError,
    MissingExtra,
    NotFound,
    RunLocked,
    StorageFault,
)


def test_an_error_says_where_what_and_what_next() -> None:
    error = InputRefused("it is broken.", where="a.csv", todo="Mend it.")
    assert str(error) == "a.csv: it is broken. Mend it."
    assert (error.what, error.where, error.todo) == ("it is broken.", "a.csv", "Mend it.")
    assert str(LinkageError("it is broken.")) == "it is broken."


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (ConfigError, 2),
        (NotFound, 2),
        (MissingExtra, 2),
        (InputRefused, 3),
        (RunLocked, 4),
        (StorageFault, 5),
        (HashMismatch, 7),
        (LinkageError, 70),
    ],
)
def test_exit_codes_are_those_of_the_contract(kind: type[LinkageError], code: int) -> None:
    assert int(kind("x").exit_code) == code
    assert issubclass(kind, LinkageError)


def test_every_kind_of_error_has_an_exit_code_and_says_when_it_is_raised() -> None:
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, LinkageError)]
    assert len(kinds) >= 8
    for kind in kinds:
        assert isinstance(kind.exit_code, ExitCode)
        assert kind.__doc__


def test_the_numbers_of_the_contract() -> None:
    assert {code.name: int(code) for code in ExitCode} == {
        "DONE": 0,
        "USAGE": 2,
        "INPUT_REFUSED": 3,
        "LOCKED": 4,
        "STORAGE": 5,
        "NOT_APPROVED": 6,
        "HASH_MISMATCH": 7,
        "OUR_FAULT": 70,
    }
