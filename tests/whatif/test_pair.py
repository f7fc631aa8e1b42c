"""Why two accounts are not in one ring."""

from __future__ import annotations

import re

import numpy as np
import pytest

from linkage.reports.run import Run
from linkage.rings.counts import count, groups_of
from linkage.rings.score import score
from linkage.whatif import pair as module
from linkage.whatif.pair import Apart, pair_card
from linkage.whatif.world import RunWorld

FIGURE = re.compile(r"-?[\d,]+\.\d")


def figures(text: str) -> list[float]:
    return [float(found.replace(",", "")) for found in FIGURE.findall(text)]


def saved(world: RunWorld, members: np.ndarray) -> float:
    labels = np.full(world.graph.accounts, -1, dtype=np.int64)
    labels[members] = 0
    return float(score(world.world, count(world.world, groups_of(labels, 1))).saved[0])


def test_two_rings_and_what_uniting_them_would_cost(run: Run, world: RunWorld) -> None:
    rings = run.rings.head(6)
    firsts = {row.ring: run.ring(row.ring_id).members["account_id"].iloc[0] for row in rings.itertuples()}
    names = dict(zip(rings["ring"], rings["ring_id"], strict=True))
    for a, b in zip(rings["ring"][:-1], rings["ring"][1:], strict=True):
        apart = Apart(run, run.why(firsts[a], firsts[b]), world)
        told = apart.told
        both, each = saved(world, np.union1d(world.members(a), world.members(b))), (
            saved(world, world.members(a)) + saved(world, world.members(b))
        )
        assert told[0].startswith(f"As one ring {names[a]} and {names[b]} would save ")
        assert figures(told[0]) == pytest.approx(
            [both, each, each - both] if both <= each else [both, both - each], abs=0.06
        )
        same = world.cluster[a] == world.cluster[b]
        assert any("parts of one cluster" in line for line in told) == same


def test_rings_of_one_cluster_are_told_so(run: Run, world: RunWorld) -> None:
    first, second = (int(n) for n in run.rings["ring"].head(2))
    pair = run.why(*(run.ring(name).members["account_id"].iloc[0] for name in run.rings["ring_id"].head(2)))
    changed = world.cluster.copy()
    changed[second] = changed[first]
    told = Apart(run, pair, RunWorld(world.graph, world.ring, changed, world.method)).told
    assert told[1].startswith("Both are parts of one cluster, linked as a whole")
    changed[second] = changed.max() + 1
    assert not any("cluster," in line for line in Apart(
        run, pair, RunWorld(world.graph, world.ring, changed, world.method)).told)


def test_two_in_no_ring_and_the_users_of_what_they_share(run: Run, world: RunWorld) -> None:
    pairs = run.store.query(
        "SELECT min(a.account_id) AS a, max(a.account_id) AS b, l.users FROM links l JOIN accounts a USING (account) "
        "WHERE l.account NOT IN (SELECT account FROM ring_members) AND l.users BETWEEN 2 AND 40 "
        "GROUP BY l.entity, l.users HAVING count(*) > 1 ORDER BY l.users, l.entity"
    )
    for row in (pairs.iloc[0], pairs.iloc[-1]):
        pair = run.why(row["a"], row["b"])
        told = Apart(run, pair, world).told
        rarest = pair.shared.iloc[0]
        assert told[0].startswith(f"The rarest thing that they share, {rarest['kind']}:")
        assert f"is used by {rarest['all_accounts']:,} of " in told[0]
        tried = pair.shared[pair.shared["all_accounts"] <= module.WIDEST].head(module.TRIED)
        for line, shared in zip(told[1:], tried.itertuples(), strict=True):
            users = run.entity(f"{shared.kind}:{shared.entity}").accounts()["account_id"]
            if len(users) < 3:
                assert line.startswith(f"Only {len(users)} accounts use ")
                continue
            found = saved(world, np.array([run.account(name).number for name in users]))
            assert f"The {len(users):,} accounts that use " in line
            assert f" would save {found:,.1f} bits as a group" in line
            assert line.endswith(f": {-found:,.1f} bits too few for a ring.") == (found <= 0)


def test_one_ring_or_nothing_shared_has_nothing_to_add(run: Run, world: RunWorld) -> None:
    members = run.ring(run.rings["ring_id"].iloc[0]).members["account_id"]
    assert Apart(run, run.why(members.iloc[0], members.iloc[1]), world).told == []
    assert pair_card(run, members.iloc[0], members.iloc[1]).notes["why_not"] == []
    pair = run.why(members.iloc[0], members.iloc[1])
    empty = type(pair)(pair.a, pair.b, pair.shared.head(0), (), None)
    empty.a.__dict__["row"] = {**pair.a.row, "ring": None, "ring_id": None}
    assert Apart(run, empty, world).told == []


def test_the_card_tells_what_the_reports_tell_and_more(run: Run) -> None:
    a, b = (run.ring(name).members["account_id"].iloc[0] for name in run.rings["ring_id"].head(2))
    plain, more = run.why(a, b).card(), pair_card(run, a, b)
    assert more.notes["why_not"][: len(plain.notes["why_not"])] == plain.notes["why_not"]
    assert len(more.notes["why_not"]) > len(plain.notes["why_not"])
