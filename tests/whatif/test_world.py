"""The run read back is what the rings stage measured."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from linkage.errors import StorageFault
from linkage.reports.run import Run, open_run
from linkage.rings.find import measure
from linkage.whatif.world import RunWorld, load_world, measured


def test_measured_again_every_ring_is_what_was_published(run: Run, world: RunWorld) -> None:
    rings = run.rings.sort_values("ring")
    found = measure(world.graph, world.world, world.ring)
    assert np.round(found.scored.saved, 3).tolist() == pytest.approx(rings["bits_saved"].tolist())
    assert found.verdicts.verdict == rings["verdict"].tolist()
    assert found.verdicts.runner_up == rings["runner_up"].tolist()
    assert found.support.round(4).tolist() == rings["support"].tolist()
    told = run.store.frame("ring_members").sort_values(["ring", "account"])
    again = np.lexsort((found.pairs.account, found.pairs.group))
    assert np.round(found.pairs.total[again], 3).tolist() == pytest.approx(told["log_odds_bits"].tolist(), abs=2e-3)


def test_one_group_alone_is_measured_as_among_the_others(run: Run, world: RunWorld) -> None:
    for row in run.rings.itertuples():
        members = world.members(row.ring)
        assert len(members) == row.accounts
        assert measured(world.graph, members, world.world).scored.saved[0] == pytest.approx(row.bits_saved, abs=1e-3)
    assert world.cluster.tolist() == run.rings.sort_values("ring")["cluster"].tolist()


def test_a_manifest_without_settings_is_told(run: Run, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run.path, tmp_path / "run"))
    opened = open_run(copy)
    opened.manifest.pop("config")
    with pytest.raises(StorageFault) as caught:
        load_world(opened)
    assert str(caught.value) == (
        f"{copy / 'manifest.json'}: the manifest does not say with which settings the run was made. Restore the run "
        "folder, or run again."
    )
