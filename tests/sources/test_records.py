from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sources.small_logs import Read, read

HEADER = "account_id,note,device"
NOTES = ["plain", "with, comma", 'quo"ted "words"', "two\nlines", "three\n\nlines\nor four", '"', "\n", "a\r\nb"]
SOURCE = {"s": {"path": "e.csv", "account": "account_id", "entities": {"device": "device"}, "ignore": ["note"]}}


def reading(folder: Path, body: str) -> Read:
    (folder / "e.csv").write_text(f"{HEADER}\n{body}", newline="")
    return read(folder, SOURCE, audit={"stop_share": 1.0})


def written(*rows: tuple[str, str, str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([*NOTES, None]), min_size=1, max_size=30))
def test_records_over_several_lines_are_rows_and_stray_quotes_spoil_one_line(
    tmp_path: Path, notes: list[str | None]
) -> None:
    lines, broken = [], 0
    for i, note in enumerate(notes):
        if note is None:
            lines.append(f'x{i},"never closed,d\n')
            broken += 1
        else:
            lines.append(written((f"a{i}", note, f"d{i}")))
    found = reading(tmp_path, "".join(lines))
    counts = found.report.counts[0]
    good = {(f"a{i}", "device", f"d{i}") for i, note in enumerate(notes) if note is not None}
    assert good <= found.uses()
    assert (counts.loaded, counts.quarantined) == (len(good), broken)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.sampled_from('a," \n'), max_size=6), min_size=1, max_size=10))
def test_sound_records_are_rows_whatever_stands_in_their_fields(tmp_path: Path, notes: list[str]) -> None:
    body = "".join(written((f"a{i}", note, f"d{i}")) for i, note in enumerate(notes))
    assert reading(tmp_path, body).uses() == {(f"a{i}", "device", f"d{i}") for i in range(len(notes))}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('b,"open,d', "quotes not closed"),
        ('b,clo"sed,d', "quotes not closed"),
        ('b,"closed"x,d', "quotes not closed"),
        ("b,d", "wrong number of fields"),
        ("b,c,d,e", "wrong number of fields"),
        ("b", "wrong number of fields"),
    ],
)
def test_what_is_wrong_with_a_line(tmp_path: Path, line: str, reason: str) -> None:
    found = reading(tmp_path, f"a,x,d\n{line}\nc,y,d\n")
    assert found.reasons() == {reason: 1}
    assert found.quarantine["row"].tolist() == [2]
    assert found.uses() == {("a", "device", "d"), ("c", "device", "d")}


def test_a_field_never_closed_does_not_swallow_the_file(tmp_path: Path) -> None:
    body = [f"a{i},x,d{i}\n" for i in range(3000)]
    body[10], body[2900] = 'a10,"x,d10\n', 'a2900,x",d2900\n'
    found = reading(tmp_path, "".join(body))
    counts = found.report.counts[0]
    assert (counts.rows, counts.loaded, counts.quarantined) == (3000, 2998, 2)


def test_a_joined_record_keeps_the_number_of_its_first_line(tmp_path: Path) -> None:
    found = reading(tmp_path, 'a,"x\ny",d\n,"x\ny",d\n')
    assert found.quarantine[["row", "column", "reason"]].values.tolist() == [[3, "account_id", "account missing"]]
