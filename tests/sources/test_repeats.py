from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from linkage.engines.duckdb import DuckDBEngine
from linkage.sources import repeats
from linkage.sources.repeats import find_repeats
from linkage.sources.scan import count_of
from tests.sources.small_logs import events, read, write_csv
from tests.sources.test_pairs import HEADER, at, opened


def ids(seed: int, rows: int = 200) -> list[str]:
    dice = random.Random(seed)
    return [dice.choice(["", str(dice.randrange(rows))]) for _ in range(rows)]


@pytest.mark.parametrize("most", [1 << 28, 7])
def test_repeats_are_the_ids_of_several_rows(
    engine: DuckDBEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """As counted by Python, all at a time and few at a time; the copy of the file repeats nothing, nor do blank ids."""
    monkeypatch.setattr(repeats, "MOST_MARKS", most)
    drawn = ids(1)
    found = opened(engine, tmp_path, *(f"{i},a,{at(1)},d," for i in drawn))
    assert find_repeats(engine, found, count_of(engine, found, found.fresh))
    expected = [i for i, times in Counter(drawn).items() if i and times > 1]
    rows = ", ".join(f"('{i}')" for i in expected)
    marks = f"SELECT short_digest(id) AS mark FROM (VALUES {rows}) v(id) ORDER BY 1"
    assert engine.fetch("SELECT mark FROM again_s ORDER BY 1")["mark"].equals(engine.fetch(marks)["mark"])


def test_where_no_id_comes_again_there_are_no_repeats(engine: DuckDBEngine, tmp_path: Path) -> None:
    assert not opened(engine, tmp_path, *(f"{i},a,{at(1)},d," for i in ("1", "2", "", ""))).repeats
    assert engine.fetch("again_s").num_rows == 0


def test_marks_that_chance_makes_alike_lose_no_row(tmp_path: Path) -> None:
    """The engine's hash is made so short that ids collide; what is read is the same, and each id counts once."""
    drawn = [i or "x" for i in ids(2)]
    rows = [f"{i},a{n % 7},{at(1 + n % 9)},d{n % 5}," for n, i in enumerate(drawn)]
    write_csv(tmp_path / "events.csv", HEADER, *rows)
    short = "short_digest(x) AS CASE WHEN x IS NOT NULL THEN hash(x) % 5 END"
    usual, colliding = (read(tmp_path, {"s": events(id="id")}, macros=macros) for macros in ((), (short,)))
    assert usual.report.counts == colliding.report.counts
    assert usual.report.counts[0].loaded == len(set(drawn))
    for name in ("accounts", "observations", "entities"):
        assert usual.arrow[name].sort_by(usual.arrow[name].column_names[0]).equals(
            colliding.arrow[name].sort_by(usual.arrow[name].column_names[0])
        ), name


def test_the_rows_of_a_copied_file_are_duplicates_once(tmp_path: Path) -> None:
    """Repeated ids and broken rows in it, too: rows are loaded, duplicate or quarantined, and never two of them."""
    rows = [f"r,a,{at(1)},d,", f"r,a,{at(2)},d,", f"s,a,{at(3)},d,8.8.8", f"t,a,{at(4)},d,"]
    for name in ("1.csv", "2.csv"):
        write_csv(tmp_path / name, HEADER, *rows)
    counts = read(tmp_path, {"s": events(path="*.csv", id="id")}, audit={"stop_share": 1.0}).report.counts[0]
    assert (counts.rows, counts.loaded, counts.duplicate, counts.quarantined) == (8, 2, 5, 1)
