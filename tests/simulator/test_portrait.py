from __future__ import annotations

import re
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linkage.simulator import Preset, WorldSpec, simulate
from linkage.simulator.cases import MODELS, PUBLISHED
from linkage.simulator.portrait import _bucket, _cell, _inside, _share, portrait, table

from .conftest import World

DOCS = Path(__file__).parents[2] / "docs/worlds"


def cells(page: str, section: str) -> dict[str, list[str]]:
    """Rows of the first table of a section, by their first cell."""
    text = page.split(f"## {section}\n")[1].split("\n## ")[0].split("\n\n| exchanges of")[0]
    rows = [re.split(r" *\| *", line.strip("| ")) for line in text.splitlines() if line.startswith("|")]
    return {row[0]: row[1:] for row in rows[2:]}


@pytest.fixture(scope="module")
def page(world: World) -> str:
    return portrait(world.path)


def test_every_preset_says_what_it_models() -> None:
    assert set(MODELS) == set(Preset)
    assert min(map(len, MODELS.values())) > 50


def test_a_portrait_counts_accounts_groups_and_exchanges(world: World, page: str) -> None:
    groups = cells(page, "Groups")
    assert {kind: int(row[0].replace(",", "")) for kind, row in groups.items()} == world.summary.group_kinds
    weeks = cells(page, "Volumes")
    assert len(weeks) == 13
    assert sum(int(row[0].replace(",", "")) for row in weeks.values()) == world.summary.rows["exchanges"]
    with duckdb.connect() as connection:
        per_day = connection.execute(
            f"select count(*) from '{world.path}/exchanges/*.parquet' where ts < '2026-04-08' group by ts::date"
        ).fetchall()
    assert weeks["2026-04-01"][1:3] == [f"{pick(per_day)[0]:,}" for pick in (min, max)]
    operators = cells(page, "Operators")
    rings = sum(int(row[1].replace(",", "")) for row in operators.values())
    assert rings == world.summary.rings
    assert MODELS[Preset.MARKET] in page
    assert PUBLISHED in page


def test_degree_curves_are_those_of_the_tables(world: World, page: str) -> None:
    with duckdb.connect() as connection:
        degrees = np.array(connection.execute(
            f"select count(distinct account_id) from '{world.path}/payments.parquet' group by payment_fingerprint"
        ).fetchall()).ravel()  # fmt: skip
    rows = cells(page, "Degrees")
    assert rows["entities"][0] == f"{len(degrees):,}"
    assert rows["most"][0] == f"{degrees.max():,}"
    assert rows["1"][0] == f"{np.mean(degrees == 1):.1%}"


def test_real_sets_stand_beside_the_world_where_they_are_given(world: World, tmp_path: Path) -> None:
    (tmp_path / "hop").mkdir()
    (tmp_path / "ip_context").mkdir()
    pairs = pa.table({"account_id": ["a", "b", "b", "c"], "counterparty": ["x", "x", "x", "y"]})
    pq.write_table(pairs, tmp_path / "hop/transfers.parquet")
    for name in ("vpn", "datacenter"):
        (tmp_path / f"ip_context/output_{name}_ipv4.txt").write_text("0.0.0.0/0\n" if name == "vpn" else "0.0.0.0/32\n")
    page = portrait(world.path, tmp_path)
    degrees = cells(page, "Degrees")
    assert [degrees[row][-1] for row in ("1", "2–3", "entities", "most")] == ["50.0%", "50.0%", "2", "2"]
    assert cells(page, "Networks") == {"VPN": ["1", "100.0%", "100.0%"], "data centre": ["1", "0.0%", "0.0%"]}


def test_a_world_without_operators_has_no_table_of_them(tmp_path: Path) -> None:
    simulate(tmp_path, WorldSpec(300, 5, preset=Preset.HONEST))
    page = portrait(tmp_path)
    assert "## Operators" not in page
    assert "evade" not in page
    assert page.startswith("# `honest`\n")


def test_addresses_are_looked_up_in_networks_that_may_overlap() -> None:
    address = np.array([0x0A000000, 0x0A0000FF, 0x0A000100, 0x0B000000, 0])
    networks = ["10.0.0.0/24", "10.0.0.128/25", "11.0.0.0/32"]
    assert _inside(address, networks).tolist() == [True, True, False, True, False]


@pytest.mark.parametrize(
    ("share", "text"), [(0, ""), (0.5, "50.0%"), (0.01, "1.0%"), (0.0012, "0.12%"), (0.00001, "< 0.01%")]
)
def test_small_shares_keep_two_digits(share: float, text: str) -> None:
    assert _share(share) == text


def test_tables_are_markdown() -> None:
    assert table(("a", "b"), [(1_000, None), ("x", 2)]) == "| a | b |\n| --- | --- |\n| 1,000 |  |\n| x | 2 |"
    assert [_bucket(1, 1), _bucket(2, 3), _bucket(1_024, None)] == ["1", "2–3", "1,024 and more"]
    assert _cell(1.5) == "1.5"


@pytest.mark.parametrize("preset", Preset)
def test_every_preset_has_its_page(preset: Preset) -> None:
    text = (DOCS / f"{preset}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# `{preset}`\n\n{MODELS[preset]}\n")
    assert "World of 60,000 accounts, seed 5" in text
