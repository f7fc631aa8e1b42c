from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from linkage.config import Level
from linkage.errors import InputRefused, LinkageError
from linkage.sources.prompts import level_column, with_ids
from linkage.templates import TemplateIds
from linkage.templates.ids import Key
from tests.sources.small_logs import Read, events, read, write_csv, write_parquet

KEY = Key(b"0123456789abcdef" * 4)
EVERY = {Level.EXACT: "exact", Level.MASKED: "prompt_template"}
KINDS = {"exact": {"family": "content"}}
HEAD = "account_id,ts,prompt,device"
PROMPTS = ["Sort 12 pears.", 'Say "hi",\nthen stop.', "", "Sort 7 pears."]
WHEN = "2026-01-01T00:00:00Z"


def read_prompts(folder: Path, ids: TemplateIds | None = None, **changes: Any) -> Read:
    """Read events with prompts, of which exact and masked ids are entities."""
    source = events(**{"prompt": "prompt", "entities": {"device": "device"}, **changes})
    templates = ids or TemplateIds(KEY, EVERY)
    return read(folder, {"e": source}, ids=templates, kinds=KINDS, audit={"stop_share": 1.0})


def used(account: str, prompt: str) -> set[tuple[str, str, str]]:
    """What an account that sent a prompt used."""
    from linkage.templates.mask import masked
    from linkage.templates.text import normalised

    text = normalised(pa.array([prompt]))
    exact, plain = (KEY.ids(level, x)[0].as_py() for level, x in (("exact", text), ("masked", masked(text))))
    return {(account, "exact", exact), (account, "prompt_template", plain)} if prompt else set()


EXPECTED = {(f"a{i}", "device", f"d{i}") for i in range(4)}.union(*(used(f"a{i}", p) for i, p in enumerate(PROMPTS)))


def quoted_cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def write_events(folder: Path, form: str) -> str:
    rows = [(f"a{i}", WHEN, prompt, f"d{i}") for i, prompt in enumerate(PROMPTS)]
    name = f"events.{form}"
    if form == "csv":
        write_csv(folder / name, HEAD, *(f"{a},{t},{quoted_cell(p)},{d}" for a, t, p, d in rows))
    elif form == "ndjson":
        lines = [json.dumps(dict(zip(HEAD.split(","), row, strict=True))) for row in rows]
        write_csv(folder / name, *lines)
    else:
        write_parquet(folder / name, **dict(zip(HEAD.split(","), map(list, zip(*rows, strict=True)), strict=True)))
    return name


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_ids_stand_where_the_prompts_stood(tmp_path: Path, form: str) -> None:
    found = read_prompts(tmp_path, path=write_events(tmp_path, form))
    assert found.uses() == EXPECTED
    counts = found.report.counts[0]
    assert (counts.rows, counts.loaded, counts.quarantined) == (4, 4, 0)
    assert found.accounts["exchanges"].sum() == 4  # rows with prompts are exchanges


def test_a_template_is_one_entity_of_those_who_use_it(tmp_path: Path) -> None:
    found = read_prompts(tmp_path, path=write_events(tmp_path, "csv"))
    sorts = [u for u in found.uses() if u[1] == "prompt_template" and u[0] in ("a0", "a3")]
    assert len(sorts) == 2
    assert len({u[2] for u in sorts}) == 1


def test_the_quarantine_names_the_rows_and_shows_nothing(tmp_path: Path) -> None:
    write_csv(
        tmp_path / "events.csv", HEAD, f"a0,{WHEN},fine,d0", 'a1,canary one,"x\ny",d1', f"a2,{WHEN},canary, two,d2",
        f"a3,{WHEN},canary three", f',{WHEN},canary four,d4', f'a5,{WHEN},"canary five,d5', f"a6,{WHEN},fine,d6",
    )  # fmt: skip
    found = read_prompts(tmp_path)
    assert found.uses() == {
        *used("a0", "fine"), *used("a6", "fine"), ("a0", "device", "d0"), ("a6", "device", "d6")
    }  # fmt: skip
    rows = found.quarantine.set_index("row")["reason"].to_dict()
    assert rows == {
        2: "time not understood: set time_format in 'ts'", 4: "wrong number of fields", 5: "wrong number of fields",
        6: "account missing in 'account_id'", 7: "quotes not closed",
    }  # fmt: skip
    assert "canary" not in " ".join(t.to_pandas().to_csv() for t in found.arrow.values())


def test_row_numbers_count_lines_that_cannot_be_read(tmp_path: Path) -> None:
    lines = [HEAD, f"a0,{WHEN},fine,d0", "", f"a1,{WHEN},\udcff\udcfe,d1", "a2,bad,x,d2", f"a3,{WHEN},y,d3"]
    (tmp_path / "events.csv").write_bytes("\n".join(lines).encode(errors="surrogateescape"))
    found = read_prompts(tmp_path)
    assert dict(zip(found.quarantine["row"], found.quarantine["reason"], strict=True)) == {
        3: "not UTF-8 text", 4: "time not understood: set time_format in 'ts'"
    }  # fmt: skip
    assert found.report.counts[0].rows == 4


def test_a_csv_file_without_a_header_does_not_show_its_first_row(tmp_path: Path) -> None:
    write_csv(tmp_path / "events.csv", f"a0,{WHEN},canary prompt,d0")
    with pytest.raises(InputRefused) as refused:
        read_prompts(tmp_path)
    assert str(refused.value) == (
        "sources.e: events.csv: there is no column 'account_id'. Correct the name in the config."
    )


def test_a_broken_file_is_refused_without_a_word_of_it(tmp_path: Path) -> None:
    write_events(tmp_path, "parquet")
    data = bytearray((tmp_path / "events.parquet").read_bytes())
    place = data.index(b"pears")
    data[place : place + 2] = b"\xff\xfe"  # no UTF-8 any more
    (tmp_path / "events.parquet").write_bytes(data)
    with pytest.raises(LinkageError) as refused:
        read_prompts(tmp_path, path="events.parquet")
    assert "pears" not in str(refused.value)


def test_repeated_ids_and_copied_files_are_duplicates(tmp_path: Path) -> None:
    write_csv(tmp_path / "events.csv", f"id,{HEAD}", *(f"x{i // 2},a{i},{WHEN},prompt {i},d{i}" for i in range(4)))
    (tmp_path / "events2.csv").write_bytes((tmp_path / "events.csv").read_bytes())
    counts = read_prompts(tmp_path, path="events*.csv", id="id").report.counts[0]
    assert (counts.rows, counts.loaded, counts.duplicate) == (8, 2, 6)


def test_a_source_has_a_column_of_its_own_for_each_level() -> None:
    from linkage.config import Source

    source = Source.model_validate({"path": "x", "account": "a", "prompt": "p", "entities": {"d": "device"}})
    told = with_ids(source, EVERY)
    assert told.entities == {"d": "device", "p (exact)": "exact", "p (masked)": "prompt_template"}
    assert level_column(source, Level.FAMILY) == "p (family)"


def test_all_sources_are_one_batch_whatever_their_order(tmp_path: Path) -> None:
    level = {Level.SKELETON: "prompt_template"}
    for i in range(8):  # a log for each account: no log has a text that two accounts share
        write_csv(tmp_path / f"e{i}.csv", HEAD, f"a{i},{WHEN},tell the {'xyzuvwst'[i] * 7} to sort all the pears,d{i}")
    logs = {f"e{i}": events(path=f"e{i}.csv", prompt="prompt", entities={"device": "device"}) for i in range(8)}
    found = []
    for order in (sorted(logs), sorted(logs)[::-1]):
        ids = TemplateIds(KEY, level)
        found.append(read(tmp_path, {name: logs[name] for name in order}, ids=ids).uses())
        assert ids.catalogue.batches == 1
    templates = {use[2] for use in found[0] if use[1] == "prompt_template"}
    assert found[0] == found[1]
    assert len(templates) == 1
    assert all(name.startswith("s") for name in templates)
    alone = [read(tmp_path, {name: log}, ids=TemplateIds(KEY, level)).uses() for name, log in logs.items()]
    assert len({use[2] for uses in alone for use in uses if use[1] == "prompt_template"}) == 8


def test_a_prompt_of_very_many_lines_is_one_row_of_a_csv_file(tmp_path: Path) -> None:
    code = "\n".join(f'x{i} = f("{i}", a)' for i in range(30_000))
    write_csv(tmp_path / "events.csv", HEAD, f"a0,{WHEN},{quoted_cell(code)},d0", f"a1,{WHEN},fine,d1")
    found = read_prompts(tmp_path)
    assert found.report.counts[0].rows == 2
    assert found.uses() >= used("a0", code)


def test_a_quote_that_is_never_closed_spoils_its_line_alone(tmp_path: Path) -> None:
    rows = [f"a{i},{WHEN},prompt {i},d" for i in range(40_000)]
    write_csv(tmp_path / "events.csv", HEAD, f'b,{WHEN},"prompt,d', *rows)
    counts = read_prompts(tmp_path).report.counts[0]
    assert (counts.loaded, counts.quarantined) == (40_000, 1)


def test_lines_of_json_with_half_a_character_are_read(tmp_path: Path) -> None:
    line = json.dumps({"account_id": "a0", "ts": WHEN, "prompt": "Sort \ud83d pears", "device": "d0"})
    write_csv(tmp_path / "events.ndjson", line)
    found = read_prompts(tmp_path, path="events.ndjson")
    assert found.uses() == {*used("a0", "Sort  pears"), ("a0", "device", "d0")}
