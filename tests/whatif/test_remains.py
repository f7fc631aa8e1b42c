"""What remains of a ring, against a run whose config lacks the family, and against worlds made by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from linkage import pipeline
from linkage.reports.run import Run, open_run
from linkage.rings.find import measure
from linkage.whatif.changes import without_family
from linkage.whatif.remains import what_remains
from linkage.whatif.world import RunWorld, load_world
from tests.rings.graphs import CONTENT, NETWORK, PAYMENT, Town, graph_of

COLUMNS = {"payment": 'payment_fingerprint = "payment_method"', "content": 'prompt_template_hash = "prompt_template"'}


@pytest.mark.parametrize("family", sorted(COLUMNS))
def test_without_a_family_as_a_run_without_its_kinds(
    simulated: Path, tmp_path: Path, run: Run, world: RunWorld, family: str
) -> None:
    text = (simulated / "linkage.toml").read_text()
    assert COLUMNS[family] in text
    lines = text.replace(COLUMNS[family], "").splitlines()
    lines = [f'path = "{simulated}/{line[8:]}' if line.startswith('path = "') else line for line in lines]
    config = tmp_path / "linkage.toml"
    config.write_text("\n".join(lines))
    other = load_world(open_run(pipeline.run(config)))
    # the log whose column is left out also tells when an account was in use, and so its load
    other = replace(other, graph=replace(other.graph, loads=world.graph.loads))
    assert other.graph.accounts == world.graph.accounts
    assert family not in other.world.families
    for number in run.rings["ring"].head(12):
        members = world.members(number)
        left = what_remains(world.without_family(family), members, world.smallest)
        again = what_remains(other.graph, members, world.smallest)
        assert (left.members.tolist(), left.saved) == (again.members.tolist(), again.saved)
        assert (left.verdict, left.support) == (again.verdict, again.support)
        if len(left.members):
            labels = np.full(other.graph.accounts, -1)
            labels[left.members] = 0
            found = measure(other.graph, other.world, labels)
            assert left.saved == pytest.approx(found.scored.saved[0], abs=1e-3)
            assert (found.pairs.total > 0).all()


def test_with_nothing_taken_away_a_ring_stands(run: Run, world: RunWorld) -> None:
    for row in run.rings.itertuples():
        left = what_remains(world.graph, world.members(row.ring), world.smallest)
        if len(left.members) == row.accounts:
            assert (left.saved, left.verdict) == (pytest.approx(row.bits_saved, abs=1e-3), row.verdict)


def test_who_is_tied_by_what_is_gone_leaves_and_the_others_stay() -> None:
    town = Town(5, 800)
    members, guests = list(range(20)), list(range(20, 26))
    town.plant(members)
    users = Counter(e for _, e in town.links[NETWORK])
    addresses = sorted({e for a, e in town.links[NETWORK] if a < 20 and users[e] > 1})
    town.use(NETWORK, guests, addresses, 2, only=True)
    graph = town.graph()
    everyone = np.arange(26)
    left = what_remains(without_family(graph, "network"), everyone, 3)
    assert left.members.tolist() == members
    assert left.stands
    assert left.saved > 0


def test_too_few_and_nothing_at_all_are_no_ring() -> None:
    graph = graph_of(50, [(PAYMENT, [(0, 0), (1, 0)]), (CONTENT, [(a, a) for a in range(50)])])
    for members in ([0, 1], [0, 1, 2], list(range(3, 9))):
        left = what_remains(graph, np.array(members), 3)
        assert not left.stands
        assert left.verdict is None
    assert not what_remains(without_family(without_family(graph, "payment"), "content"), np.arange(9), 3).stands
