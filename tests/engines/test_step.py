from __future__ import annotations

import pytest

from linkage.engines.duckdb import DuckDBEngine
from linkage.engines.step import Step, literal, quoted

HOSTILE = ["plain", 'a"b', "a'b", "'; DROP TABLE t; --", '"; DROP TABLE t; --', "naïve ☃", "a\nb", "\\", "$$x$$", "{0}"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_literal_comes_back_as_the_same_text(engine: DuckDBEngine, text: str) -> None:
    assert engine.fetch(f"SELECT {literal(text)} AS x")["x"].to_pylist() == [text]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_quoted_name_is_one_identifier(engine: DuckDBEngine, name: str) -> None:
    engine.run(Step("named", f"SELECT 1 AS {quoted(name)}"))
    assert engine.fetch("SELECT * FROM named").column_names == [name]
    assert engine.fetch(f"SELECT {quoted(name)} AS x FROM named")["x"].to_pylist() == [1]


def test_a_step_reads_nothing_unless_it_says_so() -> None:
    assert Step("one", "SELECT 1").reads == ()
