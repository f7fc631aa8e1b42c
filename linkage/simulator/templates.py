"""Prompt templates: those of common tools and own ones, a company's, a campus's homework; and operators' families."""

from __future__ import annotations

import numpy as np

from linkage.simulator.options import Numbers, Options, joined, options
from linkage.simulator.population import Group, Population
from linkage.simulator.spec import EVADABLE, WEEKS
from linkage.simulator.streams import Ints, Streams, repeat_counts, zipf_weights

COLUMN = EVADABLE.index("prompt_template")
TOOLS, TOOL_TEMPLATES = 400, 12  # coding assistants, writing aids, connectors; each brings its own templates
COURSES = 12  # of a campus, each with one homework template a week


def template_options(people: Population, streams: Streams) -> tuple[Options, int]:
    """Which templates each account may use, and how many there are.

    Choices below zero stand for homework: -2 - course, where the template follows from the week (see :func:`homework`).
    """
    numbers = Numbers()
    numbers.take(TOOLS * TOOL_TEMPLATES)
    parts = [
        _tools(people, streams.part("templates tools")),
        _own(people, numbers, streams.part("templates own")),
        _internal(people, numbers, streams.part("templates internal")),
        _courses(people, streams.part("templates courses")),
        _families(people, numbers, streams.part("templates families")),
    ]
    return joined(parts), numbers.used


def homework(choice: Ints, week: Ints, first: int) -> Ints:
    """Choices with the courses' ones replaced by the template of the week, numbered from ``first``."""
    return np.where(choice < -1, first + (-2 - choice) * WEEKS + week, choice)


def homework_count(people: Population) -> int:
    """How many homework templates there are."""
    return len(people.groups_of(Group.CAMPUS)) * COURSES * WEEKS


def _tools(people: Population, rng: np.random.Generator) -> Options:
    """One to three tools an account, and of each a few templates; pooled operators' accounts seldom."""
    accounts = np.arange(people.accounts)
    fleet = people.kind == Group.AUTOMATION_FLEET
    pooled = np.isin(accounts, people.pooled(COLUMN))
    picks = np.where(pooled, rng.poisson(1.5, len(accounts)), 1 + rng.poisson(5.0, len(accounts)))
    picks[fleet] = 0
    tools = rng.choice(TOOLS, (people.accounts, 3), p=zipf_weights(TOOLS, 1.05, 2.0))
    owner, _ = repeat_counts(picks)
    tool = tools[owner, rng.integers(0, 3, len(owner))]
    template = rng.choice(TOOL_TEMPLATES, len(owner), p=zipf_weights(TOOL_TEMPLATES, 1.0))
    return options(owner, tool * TOOL_TEMPLATES + template, np.where(pooled[owner], 0.5, 1.0))


def _own(people: Population, numbers: Numbers, rng: np.random.Generator) -> Options:
    """Prompts of one's own that come back; who has several accounts uses the same in all."""
    accounts = np.setdiff1d(np.arange(people.accounts), people.pooled(COLUMN))
    accounts = accounts[people.kind[accounts] != Group.AUTOMATION_FLEET]
    several = people.kind[accounts] == Group.OWN_ACCOUNTS
    person = np.where(several, accounts - people.place[accounts], accounts)
    first = numbers.take(people.accounts * 3)
    owner, place = repeat_counts(rng.binomial(3, 0.4, len(accounts)))
    return options(accounts[owner], first + person[owner] * 3 + place, 1.0)


def _internal(people: Population, numbers: Numbers, rng: np.random.Generator) -> Options:
    """A company's internal templates, of which each employee uses some; a fleet's few, which every member uses."""
    size = np.where(people.group_kind == Group.AUTOMATION_FLEET, rng.integers(2, 9, len(people.group_size)), 0)
    size = np.where(people.group_kind == Group.COMPANY, rng.integers(5, 31, len(people.group_size)), size)
    first = numbers.take(int(size.sum())) + np.cumsum(size) - size
    accounts = people.of(Group.COMPANY, Group.AUTOMATION_FLEET)
    fleet = people.kind[accounts] == Group.AUTOMATION_FLEET
    count = np.where(fleet, size[people.group[accounts]], 1 + rng.poisson(3.0, len(accounts)))
    owner, place = repeat_counts(count)
    group = people.group[accounts[owner]]
    pick = np.where(fleet[owner], place, (rng.random(len(owner)) ** 1.5 * size[group]).astype(np.int64))
    return options(accounts[owner], first[group] + pick, 1.5)


def _courses(people: Population, rng: np.random.Generator) -> Options:
    """Each student takes two to four courses of the campus."""
    accounts = people.of(Group.CAMPUS)
    owner, _ = repeat_counts(rng.integers(2, 5, len(accounts)))
    campus = np.searchsorted(people.groups_of(Group.CAMPUS), people.group[accounts[owner]])
    course = campus * COURSES + rng.integers(0, COURSES, len(owner))
    return options(accounts[owner], -2 - course, 1.5)


def _families(people: Population, numbers: Numbers, rng: np.random.Generator) -> Options:
    """An operator has 10 to 60 templates; each ring uses a part, and extras of its own; accounts use several."""
    rings = people.rings
    family = rng.integers(10, 61, rings.operators)
    family_first = numbers.take(int(family.sum())) + np.cumsum(family) - family
    picks = np.maximum(4, np.round(family[rings.operator] * rng.uniform(0.4, 0.8, len(rings.size)))).astype(np.int64)
    extras = rng.integers(2, 9, len(rings.size))
    extras_first = numbers.take(int(extras.sum())) + np.cumsum(extras) - extras
    ring, place = repeat_counts(picks + extras)
    shuffled = _shuffled_places(family[rings.operator], rng)
    starts = np.cumsum(family[rings.operator]) - family[rings.operator]
    from_family = place < picks[ring]
    member = shuffled[starts[ring] + np.where(from_family, place, 0)]
    extra = extras_first[ring] + place - picks[ring]
    template = np.where(from_family, family_first[rings.operator[ring]] + member, extra)
    offered = picks + extras
    accounts = people.pooled(COLUMN)
    owner, _ = repeat_counts(4 + rng.poisson(4.0, len(accounts)))
    mine = people.ring[accounts[owner]]
    row = (np.cumsum(offered) - offered)[mine] + (rng.random(len(owner)) * offered[mine]).astype(np.int64)
    return options(accounts[owner], template[row], 1.0)


def _shuffled_places(sizes: Ints, rng: np.random.Generator) -> Ints:
    """For each owner the numbers 0 to size - 1 in random order, one owner after the other."""
    owner, place = repeat_counts(sizes)
    return place[np.lexsort((rng.random(len(owner)), owner))]
