"""Skeletons in words: what many accounts say alike is told, and nobody's own words are."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pytest

from linkage.config import Level, Templates
from linkage.errors import ConfigError, StorageFault
from linkage.templates import TemplateIds
from linkage.templates.catalogue import write_private
from linkage.templates.ids import Key
from linkage.templates.readable import PEOPLE, WORDS, read_words, words_of_ids

KEY = Key(b"0123456789abcdef" * 4)
EVERY = {level: level.value for level in Level}
LONG = (
    "you are a patient teacher, who marks the essay of {} with great care and (for all that) says 'well done' in "
    "the end; keep to the rules of the school, name three faults from /home/{}/faults at most, and never write more "
    "than a page: {}."
)


def prompts(accounts: int, text: str = "please sort the {} by their weight") -> pa.Table:
    """An account says a text with its own word in it."""
    own = ["".join(chr(97 + int(digit)) for digit in str(10_000 + i)) for i in range(accounts)]
    return pa.table({"account": own, "prompt": [text.format(*[word] * text.count("{}")) for word in own]})


def told(table: pa.Table, path: Path, size: int = 100) -> tuple[list[dict[str, str]], pa.Table]:
    """What the file says in words after a batch, and the ids of the batch."""
    settings = Templates(catalogue=f"{path}.catalogue", words=str(path), levels=EVERY)
    ids = TemplateIds.opened(KEY, settings)
    found = pa.Table.from_batches(ids.ids(lambda: iter(table.combine_chunks().to_batches(max_chunksize=size))))
    ids.write(Path(settings.catalogue))
    ids.write_words(path)
    return read_words(path).to_pylist(), found


@pytest.mark.parametrize("text", ["please sort the {} by their weight", LONG])
def test_what_accounts_share_is_told_by_id_and_what_is_theirs_is_not(tmp_path: Path, text: str) -> None:
    rows, ids = told(prompts(40, text), tmp_path / "w")
    shown = re.sub(r"/home/.*/faults|{}", "⬚", text).replace("'well done'", "⬚")
    assert {row["words"].replace(" ", "") for row in rows} == {shown.replace(" ", "")}
    assert {row["id"] for row in rows} == {*ids["skeleton"].to_pylist(), *ids["family"].to_pylist()}
    assert (tmp_path / "w").stat().st_mode & 0o777 == 0o600


def test_fewer_accounts_than_several_people_have_are_not_told(tmp_path: Path) -> None:
    rows, ids = told(prompts(PEOPLE - 1), tmp_path / "w")
    assert rows == []
    assert ids["skeleton"].null_count == 0


def test_words_depend_on_no_order_and_no_batches(tmp_path: Path) -> None:
    table = pa.concat_tables([prompts(40), prompts(40, LONG), prompts(3, "do not tell {} this")])
    back = table.take(pa.array(range(len(table)))[::-1])
    assert told(table, tmp_path / "a")[0] == told(back, tmp_path / "b", 7)[0] != []


def test_what_was_told_stays_and_more_is_added(tmp_path: Path) -> None:
    first, _ = told(prompts(40), tmp_path / "w")
    again, _ = told(prompts(40), tmp_path / "w")
    more, ids = told(prompts(40, LONG), tmp_path / "w")
    assert first == again
    assert [row for row in more if row in first] == first
    asked = words_of_ids(read_words(tmp_path / "w"), [ids["skeleton"][0].as_py(), "s1-none"])
    assert [len(lines) for lines in asked.values()] == [1, 0]


def test_a_family_is_told_in_all_its_skeletons() -> None:
    table = pa.table([["f", "f", "s"], ["one", "two", "one"]], schema=WORDS)
    assert words_of_ids(table, ["f"]) == {"f": ["one", "two"]}


def test_a_file_that_others_can_read_or_that_is_something_else_is_refused(tmp_path: Path) -> None:
    assert not len(read_words(tmp_path / "none"))
    path = tmp_path / "w"
    write_private(WORDS.empty_table(), path)
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="others than its owner can read the words of prompts in it"):
        read_words(path)
    path.chmod(0o600)
    path.write_text("a word")
    with pytest.raises(StorageFault, match="this is no file of templates in words, or a broken one") as broken:
        read_words(path)
    assert broken.value.__cause__ is None
