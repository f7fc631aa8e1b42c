from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from linkage.config import Level, Templates
from linkage.errors import ConfigError, StorageFault
from linkage.simulator.prompts import Prompts
from linkage.simulator.streams import Streams
from linkage.templates import TemplateIds
from linkage.templates.catalogue import Catalogue, read_catalogue, write_catalogue
from linkage.templates.ids import Key
from linkage.templates.loops import mixed
from linkage.templates.stream import VERSION

KEY = Key(b"0123456789abcdef" * 4)
EVERY = {level: level.value for level in Level}
TEMPLATES, MUTATED, ACCOUNTS, ROWS = 8, 4, 60, 600
ROOT = np.concatenate([np.arange(TEMPLATES), np.arange(MUTATED)])  # the last are mutated copies of the first


def made(seed: int, templates: int = TEMPLATES, rows: int = ROWS) -> pa.Table:
    """Prompts of so many templates by some accounts, with the number of the template."""
    rng = np.random.default_rng(seed)
    template = rng.integers(0, templates, rows)
    account = pa.array(rng.integers(0, ACCOUNTS, rows)).cast(pa.string())
    text = Prompts(ROOT, Streams(3)).text(template, rng)
    return pa.table({"account": account, "prompt": text, "template": template})


def given(
    table: pa.Table, catalogue: Catalogue | None = None, levels: Mapping[Level, str] = EVERY, workers: int = 1,
    size: int = 100,
) -> tuple[pa.Table, Catalogue]:  # fmt: skip
    """The table with ids, and the catalogue afterwards."""
    ids = TemplateIds(KEY, levels, catalogue or Catalogue(), workers)
    batches = table.combine_chunks().to_batches(max_chunksize=size)
    return pa.Table.from_batches(ids.ids(lambda: iter(batches))).combine_chunks(), ids.catalogue


@pytest.fixture(scope="module")
def march() -> pa.Table:
    return made(1)


@pytest.fixture(scope="module")
def first(march: pa.Table) -> tuple[pa.Table, Catalogue]:
    return given(march)


def rows_of(catalogue: Catalogue) -> dict[str, list[dict[str, object]]]:
    return {name: table.to_pylist() for name, table in catalogue.tables.items()}


def test_ids_stand_in_the_places_of_prompts_and_other_columns_pass(first: tuple[pa.Table, Catalogue]) -> None:
    assert first[0].column_names == ["account", "template", "exact", "masked", "skeleton", "family"]
    assert first[0]["template"].to_pylist() == made(1)["template"].to_pylist()


def test_a_family_is_a_template(first: tuple[pa.Table, Catalogue]) -> None:
    told = first[0].to_pandas()
    assert told.groupby("template").family.nunique().max() == 1
    assert told.groupby("family").template.nunique().max() == 1
    assert told.family.notna().all()
    assert told.exact.nunique() >= told.masked.nunique() >= told.skeleton.nunique() >= told.family.nunique()


@pytest.mark.parametrize(("workers", "size"), [(1, 7), (2, 50), (3, 1000)])
def test_ids_do_not_depend_on_batches_workers_and_order(
    march: pa.Table, first: tuple[pa.Table, Catalogue], workers: int, size: int
) -> None:
    order = np.random.default_rng(size).permutation(ROWS)
    told, catalogue = given(march.take(pa.array(order)), workers=workers, size=size)
    assert told == first[0].take(pa.array(order)).combine_chunks()
    assert rows_of(catalogue) == rows_of(first[1])


def test_the_same_prompts_find_their_ids_again_and_add_nothing(
    march: pa.Table, first: tuple[pa.Table, Catalogue], tmp_path: Path
) -> None:
    path = tmp_path / "templates.catalogue"
    write_catalogue(first[1], path, KEY, VERSION)
    kept = read_catalogue(path, KEY, VERSION)
    again, catalogue = given(march, kept)
    assert again == first[0]
    assert catalogue is kept


def test_a_prompt_keeps_its_ids_when_more_has_become_frequent(
    march: pa.Table, first: tuple[pa.Table, Catalogue]
) -> None:
    april = made(2, TEMPLATES + MUTATED)
    told, catalogue = given(pa.concat_tables([march, april]), first[1])
    assert told.slice(0, ROWS)["skeleton"].to_pylist() == first[0]["skeleton"].to_pylist()
    assert told.slice(0, ROWS)["family"].to_pylist() == first[0]["family"].to_pylist()
    for name, table in first[1].tables.items():
        assert catalogue.tables[name].slice(0, len(table)).to_pylist() == table.to_pylist()  # it only grows
    assert len(catalogue.tables["skeletons"]) > len(first[1].tables["skeletons"])
    assert catalogue.batches == 2


def test_mutated_copies_are_of_the_family_of_what_they_copy() -> None:
    told = given(made(4, TEMPLATES + MUTATED, 1200))[0].to_pandas()
    main = told.groupby("template").family.agg(lambda x: x.mode()[0])
    assert main.nunique() == TEMPLATES
    assert all(main[TEMPLATES + i] == main[i] for i in range(MUTATED))


def test_a_template_has_one_skeleton_and_nearly_every_mutated_copy_another() -> None:
    told = given(made(4, TEMPLATES + MUTATED, 1200))[0].to_pandas()
    main = told.groupby("template").skeleton.agg(lambda x: x.mode()[0])
    assert main.iloc[:TEMPLATES].nunique() == TEMPLATES
    assert main.nunique() >= TEMPLATES + MUTATED - 1
    assert (told.skeleton == told.template.map(main)).mean() > 0.9


def test_exact_and_masked_ids_take_one_reading_and_no_catalogue(march: pa.Table) -> None:
    readings = []
    ids = TemplateIds(KEY, {Level.MASKED: "x", Level.EXACT: "y"})

    def batches() -> object:
        readings.append(1)
        return iter(march.combine_chunks().to_batches())

    told = pa.Table.from_batches(ids.ids(batches))  # type: ignore[arg-type]  # counts its calls
    assert told.column_names == ["account", "template", "masked", "exact"]
    assert len(readings) == 1
    assert ids.catalogue == Catalogue()


def test_nobodys_and_empty_prompts_have_no_ids() -> None:
    table = pa.table({"account": ["a", None, "b", "c"], "prompt": ["say 5", "say 5", "", None]})
    told = given(table)[0]
    assert [row["masked"] is None for row in told.to_pylist()] == [False, True, True, True]
    assert told["family"].to_pylist()[1:] == [None, None, None]


def test_what_shares_nothing_is_known_by_its_masked_id() -> None:
    lone = " ".join("".join(chr(97 + int(d)) for d in str(1000 + i)) for i in range(80))
    march = made(1)
    table = pa.table({"account": [*march["account"].to_pylist(), "z"], "prompt": [*march["prompt"].to_pylist(), lone]})
    last = given(table)[0].to_pylist()[-1]
    assert last["masked"].startswith("m2-")
    assert last["skeleton"] == last["family"] == last["masked"]


def test_no_prompts_at_all_add_nothing() -> None:
    nothing = pa.record_batch({"account": pa.array([], pa.string()), "prompt": pa.array([], pa.string())})
    ids = TemplateIds(KEY, EVERY)
    assert [batch.num_rows for batch in ids.ids(lambda: iter([nothing]))] == [0]
    assert list(ids.ids(lambda: iter([]))) == []
    assert ids.catalogue.batches == 0


def test_system_prompts_count_as_chats_have_them() -> None:
    apart = pa.table({"account": ["a"], "prompt": ["Hello"], "system_prompt": ["Be kind"]})
    chat = '[{"role": "system", "content": "Be kind"}, {"role": "user", "content": "Hello"}]'
    level = {Level.EXACT: "x"}
    told = given(apart, levels=level)[0], given(pa.table({"account": ["a"], "prompt": [chat]}), levels=level)[0]
    assert told[0]["exact"].to_pylist() == told[1]["exact"].to_pylist() != [None]


def test_another_key_gives_other_ids(march: pa.Table, first: tuple[pa.Table, Catalogue]) -> None:
    other = TemplateIds(Key(KEY.secret[::-1]), EVERY, workers=1)
    told = pa.Table.from_batches(other.ids(lambda: iter(march.combine_chunks().to_batches())))
    for level in Level:
        assert not set(told[level.value].to_pylist()) & set(first[0][level.value].to_pylist())
    groups = [t.to_pandas().family.factorize()[0].tolist() for t in (told, first[0])]
    assert groups[0] == groups[1]  # and the same groups


def test_progress_is_told(march: pa.Table) -> None:
    said: list[tuple[str, int]] = []
    ids = TemplateIds(KEY, EVERY, workers=1, observe=lambda doing, rows: said.append((doing, rows)))
    list(ids.ids(lambda: iter(march.combine_chunks().to_batches(max_chunksize=300))))
    assert said == [("counting", 0), ("counting", 300), ("naming", 0), ("naming", 300)]


def test_a_full_catalogue_is_an_error(march: pa.Table, first: tuple[pa.Table, Catalogue]) -> None:
    with pytest.raises(ConfigError, match="the catalogue holds as many batches as it can"):
        given(march, Catalogue(65_535, first[1].tables))


# The catalogue's file


def test_a_catalogue_of_another_key_version_or_nature_is_refused(
    first: tuple[pa.Table, Catalogue], tmp_path: Path
) -> None:
    path = tmp_path / "c"
    assert read_catalogue(path, KEY, VERSION) == Catalogue()
    write_catalogue(first[1], path, KEY, VERSION)
    with pytest.raises(ConfigError, match=r"c: the catalogue was made with another key\. Use that key\."):
        read_catalogue(path, Key(KEY.secret[::-1]), VERSION)
    with pytest.raises(ConfigError, match=r"made by another version of template ids \(3 e1.*this one is 3 e2\)"):
        read_catalogue(path, KEY, "e2")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(StorageFault, match="this is no catalogue of templates, or a broken one"):
        read_catalogue(path, KEY, VERSION)


def test_a_catalogue_holds_the_same_bytes_for_the_same_content_and_its_owner_alone_reads_it(
    first: tuple[pa.Table, Catalogue], tmp_path: Path
) -> None:
    for name in ("one", "two"):
        write_catalogue(first[1], tmp_path / name, KEY, VERSION)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600
    assert KEY.secret not in (tmp_path / "one").read_bytes()
    with pytest.raises(StorageFault, match="the catalogue of templates can't be written"):
        write_catalogue(first[1], tmp_path / "no folder" / "c", KEY, VERSION)


def test_settings_open_a_catalogue(first: tuple[pa.Table, Catalogue], tmp_path: Path) -> None:
    settings = Templates(catalogue=str(tmp_path / "c"))
    ids = TemplateIds.opened(KEY, settings)
    assert (ids.catalogue, dict(ids.levels)) == (Catalogue(), {Level.SKELETON: "prompt_template"})
    TemplateIds(KEY, EVERY, first[1]).write(tmp_path / "c")
    assert rows_of(TemplateIds.opened(KEY, settings).catalogue) == rows_of(first[1])


# What stability rests on


def test_words_in_another_order_have_other_hashes() -> None:
    one, two = np.uint64(7), np.uint64(1 << 40)
    assert mixed(one, two) != mixed(two, one)


def test_prompts_of_the_same_words_in_other_orders_find_their_ids_again() -> None:
    rng = np.random.default_rng(5)
    words = [chr(97 + i) * 3 for i in range(12)]
    texts = [" ".join(rng.permutation(words).tolist() * 5) for _ in range(60)]
    rows = rng.integers(0, len(texts), 1500)
    table = pa.table({"account": pa.array(rows * 7 + rng.integers(0, 3, 1500)).cast(pa.string()),
                      "prompt": pa.array(texts).take(pa.array(rows))})  # fmt: skip
    told, catalogue = given(table)
    again, after = given(table, catalogue)
    assert again == told
    assert after is catalogue
