from __future__ import annotations

import numpy as np
import pytest

from linkage.simulator.options import NEVER, Options
from linkage.simulator.population import Group, Population, populate
from linkage.simulator.presets import Preset
from linkage.simulator.spec import SECONDS, WEEKS, WorldSpec
from linkage.simulator.streams import Ints, Streams
from linkage.simulator.templates import (
    COLUMN,
    COURSES,
    TOOL_TEMPLATES,
    TOOLS,
    TOOLS_RENEWED,
    TemplatePlan,
    homework,
    template_plan,
)

RELEASE = SECONDS // 2


@pytest.fixture(scope="module")
def plan(people: Population, streams: Streams) -> TemplatePlan:
    return template_plan(people, streams, RELEASE)


@pytest.fixture(scope="module")
def templates(plan: TemplatePlan) -> Options:
    return plan.options


def used(templates: Options, accounts: Ints) -> set[int]:
    """The templates of these accounts that no common tool brings."""
    choice = templates.choice[np.isin(templates.account, accounts)]
    return set(choice[choice >= TOOLS * TOOL_TEMPLATES].tolist())


def test_every_account_has_templates_in_range(plan: TemplatePlan, people: Population) -> None:
    table = plan.options
    assert np.array_equal(np.unique(table.account), np.arange(people.accounts))
    assert max(table.choice.max(), table.after.max()) < plan.homework
    assert plan.count - plan.homework == len(people.groups_of(Group.CAMPUS)) * COURSES * WEEKS
    assert len(plan.root) == plan.count


def test_nobody_else_uses_operators_templates(templates: Options, people: Population) -> None:
    pooled = people.pooled(COLUMN)
    assert not used(templates, pooled) & used(templates, np.setdiff1d(np.arange(people.accounts), pooled))


def test_fleets_use_all_of_their_few_templates_and_nothing_else(templates: Options, people: Population) -> None:
    for group in people.groups_of(Group.AUTOMATION_FLEET):
        accounts = np.flatnonzero(people.group == group)
        own = [frozenset(templates.choice[templates.account == a]) for a in accounts]
        assert len(set(own)) == 1
        assert 2 <= len(own[0]) <= 8


def test_homework_follows_course_and_week() -> None:
    choice, week = np.array([-2, -2, -3, 7, -1]), np.array([0, 3, 12, 5, 5])
    assert homework(choice, week, 100).tolist() == [100, 103, 100 + WEEKS + 12, 7, -1]


def test_homework_belongs_to_students_of_one_campus(templates: Options, people: Population) -> None:
    course = templates.choice < 0
    assert set(people.kind[templates.account[course]]) == {Group.CAMPUS}
    campus = (-2 - templates.choice[course]) // COURSES
    groups = people.groups_of(Group.CAMPUS)
    assert np.array_equal(groups[campus], people.group[templates.account[course]])


def test_agency_staff_use_templates_of_the_clients_they_work_for(templates: Options, people: Population) -> None:
    met = []
    for account in people.of(Group.AGENCY):
        clients = people.jobs.company[people.jobs.account == account]
        theirs = used(templates, np.flatnonzero(np.isin(people.group, clients)))
        met.append(not used(templates, np.array([account])).isdisjoint(theirs))
    assert np.mean(met) > 0.8  # a small client's own staff need not use all of its templates


def test_a_model_release_brings_new_templates_for_tools_and_rings(plan: TemplatePlan, people: Population) -> None:
    table = plan.options
    changed = table.until < NEVER
    assert table.until[changed].min() >= RELEASE
    tool = (table.choice >= 0) & (table.choice < TOOLS * TOOL_TEMPLATES)
    renewed = np.unique(np.column_stack([table.choice[tool], table.choice[tool] != table.after[tool]]), axis=0)
    assert len(np.unique(renewed[:, 0])) == len(renewed)
    assert abs(renewed[:, 1].mean() - TOOLS_RENEWED) < 0.08
    rings = np.isin(table.account, people.pooled(COLUMN)) & ~tool
    assert 0.2 < changed[rings].mean() < 0.5
    assert np.median(table.until[rings & changed]) - RELEASE < 2 * 86_400
    assert not np.isin(table.after[changed], table.choice).any()


def test_without_a_release_nothing_changes(people: Population, streams: Streams) -> None:
    table = template_plan(people, streams).options
    assert (table.until == NEVER).all()
    assert np.array_equal(table.choice, table.after)


def test_a_proxys_traffic_is_told_by_whom_it_is_for() -> None:
    people = populate(WorldSpec(8_000, 12, preset=Preset.MIXED_PROXY), Streams(12))
    table = template_plan(people, Streams(12)).options
    service = people.rings.service
    for ring in people.rings.proxies:
        mine = people.ring[table.account] == ring
        pooled = mine & np.isin(table.account, people.pooled(COLUMN))
        for rows, tolerance in ((pooled, 1e-9), (mine & ~pooled, 0.12)):
            weight = {
                operator: table.weight[rows & (table.whose == operator)].sum() / table.weight[rows].sum()
                for operator in service.operator[service.ring == ring].tolist()
            }
            shares = dict(zip(weight, service.share[service.ring == ring].tolist(), strict=True))
            assert weight == pytest.approx(shares, abs=tolerance)
    honest = people.ring[table.account] < 0
    assert set(table.whose[honest]) == {-1}
    ordinary = ~honest & ~np.isin(people.ring[table.account], people.rings.proxies)
    assert np.array_equal(table.whose[ordinary], people.rings.operator[people.ring[table.account[ordinary]]])
