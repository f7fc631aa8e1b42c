from __future__ import annotations

import numpy as np
import pytest

from linkage.simulator.families import COLUMN, MUTATED, TOOL_TEMPLATES, TOOLS, Mutants, ring_templates
from linkage.simulator.options import Numbers, Options
from linkage.simulator.population import Population, populate
from linkage.simulator.presets import Preset
from linkage.simulator.spec import SECONDS, WorldSpec
from linkage.simulator.streams import Ints, Streams

RELEASE = SECONDS // 2
MARKET = WorldSpec(6_000, 11, preset=Preset.MARKET)


@pytest.fixture(scope="module")
def market() -> Population:
    return populate(MARKET, Streams(MARKET.seed))


@pytest.fixture(scope="module")
def drawn(market: Population) -> tuple[Options, Mutants]:
    return ring_templates(market, Numbers(), RELEASE, Streams(MARKET.seed))


def used(table: Options, accounts: Ints) -> Ints:
    return np.unique(table.choice[np.isin(table.account, accounts)])


def of_ring(people: Population, ring: int) -> Ints:
    return np.intersect1d(people.pooled(COLUMN), np.flatnonzero(people.ring == ring))


def roots(mutants: Mutants, templates: Ints) -> Ints:
    root = dict(zip(mutants.number.tolist(), mutants.root.tolist(), strict=True))
    return np.unique([root.get(t, t) for t in templates.tolist()])


def test_rings_of_one_operator_share_a_family_and_part_of_it_as_it_is(
    drawn: tuple[Options, Mutants], market: Population
) -> None:
    table, mutants = drawn
    operator = market.rings.operator
    offered = [used(table, of_ring(market, r)) for r in range(len(operator))]
    exact, family = [], []
    for a in range(len(operator)):
        for b in range(a):
            same = len(np.intersect1d(offered[a], offered[b]))
            akin = len(np.intersect1d(roots(mutants, offered[a]), roots(mutants, offered[b])))
            assert same <= akin
            if operator[a] != operator[b]:
                assert akin == 0
            else:
                exact.append(same)
                family.append(akin)
    assert np.mean(np.array(family) > 0) > 0.9
    assert 0.1 < np.sum(exact) / np.sum(family) < 0.45  # neither of the two copies was changed: a quarter


def test_about_half_of_a_rings_copies_are_mutated(drawn: tuple[Options, Mutants], market: Population) -> None:
    table, mutants = drawn
    offered = np.unique(np.column_stack([market.ring[table.account], table.choice]), axis=0)
    share = np.isin(offered[:, 1], mutants.number).mean()
    assert abs(share - MUTATED) < 0.15  # a ring's extras are copies of nothing
    assert not np.isin(mutants.root, mutants.number).any()
    assert len(np.unique(mutants.number)) == len(mutants.number)
    mine = np.column_stack([offered[:, 1], offered[:, 0]])[np.isin(offered[:, 1], mutants.number)]
    assert len(np.unique(mine[:, 0])) == len(mine)


def test_every_large_ring_has_templates_of_its_own(drawn: tuple[Options, Mutants], market: Population) -> None:
    table, mutants = drawn
    for ring in np.flatnonzero(market.rings.size > 40):
        own = roots(mutants, used(table, of_ring(market, int(ring))))
        others = np.setdiff1d(np.flatnonzero(market.ring >= 0), np.flatnonzero(market.ring == ring))
        assert len(np.setdiff1d(own, roots(mutants, used(table, others)))) > 0


def test_an_operators_family_numbers_as_designed(drawn: tuple[Options, Mutants], market: Population) -> None:
    table, mutants = drawn
    for operator in range(market.rings.operators):
        rings = np.flatnonzero(market.rings.operator == operator)
        mine = np.intersect1d(market.pooled(COLUMN), np.flatnonzero(np.isin(market.ring, rings)))
        assert 4 <= len(roots(mutants, used(table, mine))) <= 60 + 8 * len(rings)


def test_a_new_models_template_is_of_the_same_kind_as_the_old_one(drawn: tuple[Options, Mutants]) -> None:
    table, mutants = drawn
    changed = table.choice != table.after
    assert np.array_equal(np.isin(table.choice[changed], mutants.number), np.isin(table.after[changed], mutants.number))
    assert table.until[changed].min() >= RELEASE
    rows = np.unique(np.column_stack([table.choice, table.after])[changed], axis=0)
    root = dict(zip(mutants.number.tolist(), mutants.root.tolist(), strict=True))
    steps = {(root.get(old, old), root.get(new, new)) for old, new in rows.tolist()}
    assert len({old for old, _ in steps}) == len({new for _, new in steps}) == len(steps)


def test_who_replaces_a_banned_account_takes_over_its_templates(
    drawn: tuple[Options, Mutants], market: Population
) -> None:
    table, _ = drawn
    pooled = market.pooled(COLUMN)
    later = pooled[np.isin(market.replaces[pooled], pooled)]
    assert len(later) > 20
    for account in later:
        assert np.array_equal(used(table, np.array([account])), used(table, market.replaces[[account]]))


def test_a_proxys_customers_bring_common_tools_and_prompts_of_their_own() -> None:
    people = populate(WorldSpec(8_000, 12, preset=Preset.MIXED_PROXY), Streams(12))
    numbers = Numbers()
    numbers.take(TOOLS * TOOL_TEMPLATES)
    table, _ = ring_templates(people, numbers, None, Streams(12))
    carried = table.whose == -1
    assert np.isin(people.ring[table.account[carried]], people.rings.proxies).all()
    tool = table.choice < TOOLS * TOOL_TEMPLATES
    assert not tool[~carried].any()
    assert abs(tool[carried].mean() - 0.7) < 0.05
    own = np.unique(np.column_stack([table.choice, table.account])[carried & ~tool], axis=0)
    assert np.unique(own[:, 0], return_counts=True)[1].mean() > 1.5
    assert not np.isin(own[:, 0], table.choice[~carried]).any()


def test_a_world_without_operators_has_no_families() -> None:
    people = populate(WorldSpec(400, 12, preset=Preset.HONEST), Streams(12))
    table, mutants = ring_templates(people, Numbers(), RELEASE, Streams(12))
    assert len(table.account) == len(mutants.number) == 0


def test_who_balances_load_gives_all_rings_the_same_templates() -> None:
    people = populate(WorldSpec(6_000, 3, preset=Preset.DOMINANT), Streams(3))
    table, mutants = ring_templates(people, Numbers(), None, Streams(3))
    of_rings = [set(used(table, of_ring(people, ring)).tolist()) for ring in np.flatnonzero(people.rings.balanced)]
    assert len(of_rings) > 2
    assert len(set.intersection(*of_rings)) > 0.7 * min(map(len, of_rings))
    assert not np.isin(mutants.number, list(set.union(*of_rings))).any()
