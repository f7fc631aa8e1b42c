"""Prompt templates: those of common tools and own ones, a company's, a campus's homework; and operators' families."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from linkage.simulator.families import (
    COLUMN,
    TOOL_TEMPLATES,
    TOOLS,
    popular_tools,
    ring_templates,
    tool_templates,
)
from linkage.simulator.options import NEVER, Numbers, Options, changing, joined, options
from linkage.simulator.population import Group, Population
from linkage.simulator.spec import WEEKS
from linkage.simulator.streams import Ints, Streams, repeat_counts

__all__ = ["COLUMN", "TOOLS", "TOOL_TEMPLATES", "TemplatePlan", "homework", "template_plan"]

COURSES = 12  # of a campus, each with one homework template a week
TOOLS_RENEWED = 0.3  # share of the common tools' templates that their makers write anew for a new model
ADOPTION = 5 * 86_400  # mean seconds until a user of the tool has its new version


@dataclass(frozen=True)
class TemplatePlan:
    """Which templates each account may use. Choices below zero stand for homework (see :func:`homework`).

    There are ``count`` templates, homework's from ``homework`` on. ``root`` has one entry a template: the one that it
    is a mutated copy of, or itself.
    """

    options: Options
    homework: int
    count: int
    root: Ints


def template_plan(people: Population, streams: Streams, release: int | None = None) -> TemplatePlan:
    """Draw everybody's templates; ``release`` is the second at which a new model brings new ones, if any."""
    numbers = Numbers()
    numbers.take(TOOLS * TOOL_TEMPLATES)
    families, mutants = ring_templates(people, numbers, release, streams)
    parts = [
        _tools(people, numbers, release, streams),
        _own(people, numbers, streams),
        _internal(people, numbers, streams.part("templates internal")),
        _courses(people, streams.part("templates courses")),
        families,
    ]
    first = numbers.take(len(people.groups_of(Group.CAMPUS)) * COURSES * WEEKS)
    root = np.arange(numbers.used)
    root[mutants.number] = mutants.root
    return TemplatePlan(joined(parts), first, numbers.used, root)


def homework(choice: Ints, week: Ints, first: int) -> Ints:
    """Choices with the courses' ones (-2 - course) replaced by the template of the week, numbered from ``first``."""
    return np.where(choice < -1, first + (-2 - choice) * WEEKS + week, choice)


def _whose(people: Population, accounts: Ints, rng: np.random.Generator) -> Ints:
    """Whose traffic common and own templates carry: of those whom the account's ring serves, by their shares."""
    service = people.rings.service
    ring = people.ring[accounts]
    upto = np.cumsum(service.share)
    before = np.searchsorted(service.ring, np.maximum(ring, 0))
    past = np.searchsorted(service.ring, np.maximum(ring, 0), side="right")
    start = np.concatenate([[0.0], upto])[before]
    row = np.searchsorted(upto, start + rng.random(len(accounts)), side="right")
    served = service.operator[np.clip(row, before, np.maximum(past - 1, 0))] if len(upto) else ring
    return np.where(ring >= 0, served, -1)


def _tools(people: Population, numbers: Numbers, release: int | None, streams: Streams) -> Options:
    """One to three tools an account, and of each a few templates; rings seldom, fleets and proxies never."""
    rng = streams.part("templates tools")
    accounts = np.arange(people.accounts)
    pooled = np.isin(accounts, people.pooled(COLUMN))
    picks = np.where(pooled, rng.poisson(1.5, len(accounts)), 1 + rng.poisson(5.0, len(accounts)))
    picks[(people.kind == Group.AUTOMATION_FLEET) | (pooled & np.isin(people.ring, people.rings.proxies))] = 0
    tools = popular_tools((people.accounts, 3), rng)
    owner, _ = repeat_counts(picks)
    template = tool_templates(len(owner), tools[owner, rng.integers(0, 3, len(owner))], rng)
    whose = _whose(people, owner, streams.part("templates whose tools"))
    table = options(owner, template, np.where(pooled[owner], 0.5, 1.0), whose)
    newer = numbers.take(TOOLS * TOOL_TEMPLATES) + template
    changes = (rng.random(TOOLS * TOOL_TEMPLATES) < TOOLS_RENEWED)[template] & (release is not None)
    late = (0 if release is None else release) + rng.exponential(ADOPTION, len(owner)).astype(np.int64)
    return changing(table, np.where(changes, late, NEVER), np.where(changes, newer, template))


def _own(people: Population, numbers: Numbers, streams: Streams) -> Options:
    """Prompts of one's own that come back; who has several accounts uses the same in all."""
    rng = streams.part("templates own")
    accounts = np.setdiff1d(np.arange(people.accounts), people.pooled(COLUMN))
    accounts = accounts[people.kind[accounts] != Group.AUTOMATION_FLEET]
    several = people.kind[accounts] == Group.OWN_ACCOUNTS
    person = np.where(several, accounts - people.place[accounts], accounts)
    first = numbers.take(people.accounts * 3)
    owner, place = repeat_counts(rng.binomial(3, 0.4, len(accounts)))
    whose = _whose(people, accounts[owner], streams.part("templates whose own"))
    return options(accounts[owner], first + person[owner] * 3 + place, 1.0, whose)


def _internal(people: Population, numbers: Numbers, rng: np.random.Generator) -> Options:
    """A company's internal templates, of which staff use some, and the agencies' staff that work for it; a fleet's few,
    which every member uses."""
    kinds = people.group_kind
    offices = np.isin(kinds, (Group.COMPANY, Group.AGENCY))
    size = np.where(kinds == Group.AUTOMATION_FLEET, rng.integers(2, 9, len(kinds)), 0)
    size = np.where(offices, rng.integers(5, 31, len(kinds)), size)
    first = numbers.take(int(size.sum())) + np.cumsum(size) - size
    fleet = people.of(Group.AUTOMATION_FLEET)
    member, place = repeat_counts(size[people.group[fleet]])
    staff = people.of(Group.COMPANY, Group.AGENCY)
    parts = [
        options(fleet[member], first[people.group[fleet[member]]] + place, 1.5),
        _some(staff, people.group[staff], first, size, rng),
        _some(people.jobs.account, people.jobs.company, first, size, rng),
    ]
    return joined(parts)


def _some(accounts: Ints, groups: Ints, first: Ints, size: Ints, rng: np.random.Generator) -> Options:
    """Each of ``accounts`` uses some of the templates of its entry in ``groups``, the first ones more often."""
    owner, _ = repeat_counts(1 + rng.poisson(3.0, len(accounts)))
    group = groups[owner]
    return options(accounts[owner], first[group] + (rng.random(len(owner)) ** 1.5 * size[group]).astype(np.int64), 1.5)


def _courses(people: Population, rng: np.random.Generator) -> Options:
    """Each student takes two to four courses of the campus."""
    accounts = people.of(Group.CAMPUS)
    owner, _ = repeat_counts(rng.integers(2, 5, len(accounts)))
    campus = np.searchsorted(people.groups_of(Group.CAMPUS), people.group[accounts[owner]])
    course = campus * COURSES + rng.integers(0, COURSES, len(owner))
    return options(accounts[owner], -2 - course, 1.5)
