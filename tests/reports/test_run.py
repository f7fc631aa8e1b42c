"""Opening a run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import linkage
from linkage.errors import NotFound, StorageFault
from linkage.reports.account import Account
from linkage.reports.entity import Entity
from linkage.reports.operator import Operator
from linkage.reports.ring import Ring
from linkage.reports.run import Run, open_run
from tests.small_run import ALL, OPERATOR, RING_IDS, RINGS, RUN_ID, A


def test_a_run_opens_by_its_folder_by_latest_and_by_the_folder_of_runs(folder: Path) -> None:
    for path in (folder, folder.parent / "latest", folder.parent, str(folder)):
        run = linkage.open_run(path)
        assert run.path == folder.resolve()
        assert run.manifest["run_id"] == RUN_ID
    assert repr(open_run(folder)) == f"Run({str(folder.resolve())!r}: 4 rings, 1 operator clusters)"


def test_a_later_run_does_not_change_what_is_open(folder: Path, tmp_path: Path) -> None:
    runs = Path(shutil.copytree(folder.parent, tmp_path / "runs", symlinks=True))
    opened = open_run(runs)
    (runs / "latest").unlink()
    (runs / "latest").symlink_to("another")
    assert len(opened.members) == sum(map(len, RINGS))


def test_no_run_is_told_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        open_run(tmp_path)
    said = f"{tmp_path}: there is no published run. Make one with 'linkage run', or name its folder."
    assert (str(caught.value), caught.value.exit_code) == (said, 2)


def test_a_torn_manifest_is_a_storage_fault(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(
        StorageFault, match=r"manifest\.json: can't be read: .* Restore the run folder, or run again\.$"
    ):
        open_run(tmp_path)


def test_tables_are_the_published_ones(run: Run) -> None:
    assert dict(run.members.groupby("ring_id").size()) == dict(zip(RING_IDS, map(len, RINGS), strict=True))
    assert run.operators["operator_id"].tolist() == [OPERATOR]
    assert set(run.evidence["ring_id"]) == set(RING_IDS)
    assert run.affiliations["account_id"].tolist() == ["beta-0"]
    assert run.ring_operators["traffic_share"].tolist() == [1.0, 1.0]


def test_rings_stand_suspect_first_then_undetermined_then_innocent_by_bits(run: Run) -> None:
    assert run.rings["ring_id"].tolist() == [RING_IDS[0], RING_IDS[1], RING_IDS[3], RING_IDS[2]]
    assert run.rings["bits_saved"].iloc[0] > run.rings["bits_saved"].iloc[1]


def test_tables_are_read_when_asked_for(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "run"))
    opened = open_run(copy)
    os.remove(copy / "affiliations.parquet")
    assert len(opened.rings) == 4
    with pytest.raises(StorageFault, match=r"the run folder lacks affiliations\.parquet"):
        len(opened.affiliations)


@pytest.mark.parametrize(
    ("name", "thing"), [(RING_IDS[0], Ring), (OPERATOR, Operator), (A[0], Account), ("ip:192.0.2.9", Entity)]
)
def test_find_opens_whatever_a_name_stands_for(run: Run, name: str, thing: type) -> None:
    assert type(run.find(name)) is thing


def test_each_thing_says_what_it_is(run: Run) -> None:
    assert repr(run.ring(RING_IDS[2])) == "Ring(R-CCCCCCCCCC: household, 4 accounts, 10.3 bits)"
    assert repr(run.operator(OPERATOR)) == "Operator(OP-AAAAAAAAAA: 2 rings, 20 accounts)"
    assert repr(run.account(ALL[0])) == r"Account(\x1b[31mred\x1b[0m: R-AAAAAAAAAA)"
    assert repr(run.account("u0000")) == "Account(u0000: in no ring)"
    assert repr(run.entity("ip:198.51.100.7")) == "Entity(ip:198.51.100.7: 22 accounts)"
