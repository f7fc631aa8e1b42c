"""Where a member would stand without some evidence, against graphs built from fewer rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from linkage.graph import to_arrays
from linkage.reports.run import Run
from linkage.rings.counts import ring_world
from linkage.rings.decide import Limits
from linkage.rings.find import measure
from linkage.rings.tables import roles_of
from linkage.whatif import account as module
from linkage.whatif.account import Change, Member, Standing
from linkage.whatif.world import RunWorld


def member_of(run: Run, world: RunWorld, account_id: str) -> Member:
    account = run.account(account_id)
    return Member(world, account.number, int(account.row["ring"]))


@pytest.fixture(scope="module")
def loose(run: Run) -> list[str]:
    """Members of suspect rings, the loosest, and some firm ones."""
    suspects = run.members[(run.members["verdict"] == "suspect") & (run.members["log_odds_bits"] > 0)]
    suspects = suspects.sort_values(["log_odds_bits", "account_id"])
    return [*suspects["account_id"].head(5), *suspects["account_id"].tail(2)]


def rebuilt(run: Run, world: RunWorld, member: Member, change: Change) -> tuple[float, str | None, str, float]:
    """Log-odds, role, verdict and bits saved, measured on links of which some rows are gone."""
    links, kinds = run.store.table("links"), run.store.table("kinds")
    links = links.filter(pc.invert(pc.is_in(links["entity"], pa.array(change.entities, pa.int32()))))
    if change.family:
        families = [change.family, *(["timing"] if change.family == "content" else [])]  # found in templates
        away = pc.is_in(kinds["family"], pa.array(families))
        gone = kinds.filter(away)["kind"]
        kinds = kinds.filter(pc.invert(away))
        links = links.filter(pc.invert(pc.is_in(links["kind"], gone.combine_chunks())))
    graph = to_arrays(links, kinds, world.graph.accounts, world.graph.created, world.graph.loads)
    labels = np.where(world.ring == member.ring, 0, -1)
    found = measure(graph, ring_world(graph), labels)
    mine = found.pairs.account.tolist().index(member.account)
    total = round(float(found.pairs.total[mine]), 3)
    shielded = (found.plantable & Limits.of(world.method).shield) | found.astray | found.at_home
    role = roles_of(ring_world(graph), found.pairs, shielded)[0][mine] if total > 0 else None
    return total, role, found.verdicts.verdict[0], found.scored.saved[0]


def test_as_it_stands_it_is_what_was_published(run: Run, world: RunWorld, loose: list[str]) -> None:
    for name in loose:
        row, now = run.account(name).row, member_of(run, world, name).now
        assert now == Standing(pytest.approx(row["log_odds_bits"], abs=2e-3), row["role"], row["verdict"])
        assert now.member


def test_every_change_is_what_fewer_rows_give(run: Run, world: RunWorld, loose: list[str]) -> None:
    for name in loose[1::2]:
        member = member_of(run, world, name)
        for change in [*member.without_each[:4], *member.without_families, *([member.enough] if member.enough else [])]:
            total, role, verdict, saved = rebuilt(run, world, member, change)
            assert (change.then.log_odds, change.then.role) == (pytest.approx(total, abs=1e-3), role)
            assert change.then.verdict in (None, verdict)
            assert change.then.verdict is None or saved > 0


def test_ties_are_the_entities_of_the_profile_that_it_uses(run: Run, world: RunWorld, loose: list[str]) -> None:
    for name in loose:
        member = member_of(run, world, name)
        profile = run.store.query(
            "SELECT DISTINCT p.entity FROM profiles p JOIN links l USING (entity) "
            "WHERE p.ring = $ring AND l.account = $account AND p.code IN ('entity', 'pool')",
            ring=member.ring, account=member.account,
        )
        assert set(member.ties) <= set(profile["entity"])
        assert len(member.ties) >= 1


def test_enough_is_enough_and_none_can_be_spared(run: Run, world: RunWorld, loose: list[str]) -> None:
    for name in loose:
        member = member_of(run, world, name)
        change = member.enough
        assert change is not None
        assert not change.then.member
        if len(change.entities) <= module.PRUNED:
            for entity in change.entities:
                fewer = [other for other in change.entities if other != entity]
                assert member._without(fewer).then.member


def test_planted_values_are_taken_from_the_account_alone(run: Run, world: RunWorld, loose: list[str]) -> None:
    entities, kinds = run.store.frame("entities").set_index("entity"), run.store.frame("kinds").set_index("kind")
    for name in loose[-2:]:
        member = member_of(run, world, name)
        change = member.unplanted
        planted = [entity for entity in member.ties if kinds.loc[entities.loc[entity, "kind"], "forgeable"]]
        assert (change is None) == (not planted)
        if change:
            assert list(change.entities) == planted
            links = run.store.table("links")
            theirs = pc.not_equal(links["account"], member.account)
            others = pc.invert(pc.is_in(links["entity"], pa.array(planted, pa.int32())))
            graph = to_arrays(links.filter(pc.or_(theirs, others)), run.store.table("kinds"), world.graph.accounts,
                              world.graph.created, world.graph.loads)  # fmt: skip
            found = measure(graph, ring_world(graph), np.where(world.ring == member.ring, 0, -1))
            mine = found.pairs.account.tolist().index(member.account)
            assert change.then.log_odds == pytest.approx(found.pairs.total[mine], abs=1e-3)


def test_only_the_strongest_are_tried_alone(
    run: Run, world: RunWorld, loose: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STRONGEST", 1)
    member = member_of(run, world, loose[-1])
    assert len(member.ties) > 1
    assert [change.entities for change in member.without_each] == [(member.ties[0],)]
