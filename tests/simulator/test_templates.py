from __future__ import annotations

import numpy as np
import pytest

from linkage.simulator.options import Options
from linkage.simulator.population import Group, Population
from linkage.simulator.spec import WEEKS
from linkage.simulator.streams import Ints, Streams
from linkage.simulator.templates import (
    COLUMN,
    COURSES,
    TOOL_TEMPLATES,
    TOOLS,
    homework,
    homework_count,
    template_options,
)


@pytest.fixture(scope="module")
def templates(people: Population, streams: Streams) -> Options:
    table, count = template_options(people, streams)
    assert table.choice.max() < count
    return table


def used(templates: Options, accounts: Ints) -> set[int]:
    """The templates of these accounts that no common tool brings."""
    choice = templates.choice[np.isin(templates.account, accounts)]
    return set(choice[choice >= TOOLS * TOOL_TEMPLATES].tolist())


def of_ring(people: Population, ring: int) -> Ints:
    return np.intersect1d(people.pooled(COLUMN), np.flatnonzero(people.ring == ring))


def test_rings_of_one_operator_share_a_part_of_its_family(templates: Options, people: Population) -> None:
    operator = people.rings.operator
    pairs = [(a, b) for a in range(len(operator)) for b in range(a)]
    shared = {(a, b): used(templates, of_ring(people, a)) & used(templates, of_ring(people, b)) for a, b in pairs}
    same = [bool(shared[a, b]) for a, b in pairs if operator[a] == operator[b]]
    assert np.mean(same) > 0.9
    assert not any(shared[a, b] for a, b in pairs if operator[a] != operator[b])


def test_every_ring_has_templates_of_its_own(templates: Options, people: Population) -> None:
    for ring in np.flatnonzero(people.rings.size > 40):
        siblings = np.flatnonzero(people.rings.operator == people.rings.operator[ring])
        others = np.array([a for r in siblings if r != ring for a in of_ring(people, int(r))], dtype=np.int64)
        assert used(templates, of_ring(people, int(ring))) - used(templates, others)


def test_an_operators_templates_number_as_designed(templates: Options, people: Population) -> None:
    for operator in range(people.rings.operators):
        mine = np.intersect1d(people.pooled(COLUMN), np.flatnonzero(people.rings.operator[people.ring] == operator))
        mine = mine[people.ring[mine] >= 0]
        rings = int((people.rings.operator == operator).sum())
        assert len(used(templates, mine)) <= 60 + 8 * rings


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
    assert homework_count(people) == len(groups) * COURSES * WEEKS
