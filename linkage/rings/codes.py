"""The two codes of a kind, group by group: which saves more, and through which entities. Loops that numba compiles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from linkage.rings.codelength import (
    CHOICE_OF_CODE,
    NAMED_SET,
    RATIOS,
    Floats,
    Ints,
    background_rate,
    entity_gain,
    fixed,
    naming_by_entity,
    participation,
    pool_gain,
    pool_naming,
)
from linkage.rings.compiled import Int32s, compiled
from linkage.rings.counts import Degrees, KindCounts

ENTITY_CODE = -1  # in place of a ratio where a kind is coded entity by entity
Marks = npt.NDArray[np.bool_]


class _Group(NamedTuple):
    """The counts of one group; its cells are numbered from ``first_cell`` on."""

    entity: Ints
    k: Ints
    having: int
    links: int
    reach: float
    link_cell: Int32s
    link_member: Int32s
    first_cell: int


class _Room(NamedTuple):
    """Room for numbers of one group: rate, level per cell; sums and sizes of classes per level."""

    rate: Floats
    level: Ints
    inside: Ints
    expected: Floats
    joining: Ints
    links: Ints
    classes: Ints


@compiled
def better_code(counts: KindCounts, kind: Degrees) -> tuple[Floats, Ints, Marks, Floats, Ints, Ints]:
    """Bits, ratio, chosen cells, their gain, s_in and n_in of the better code of each group.

    What has no cell saves nothing, which is no news of most groups in most kinds.
    """
    groups, cells = len(counts.having), len(counts.k)
    bits, ratio = np.zeros(groups), np.zeros(groups, dtype=np.int64)
    chosen, gain = np.zeros(cells, dtype=np.bool_), np.zeros(cells)
    joining, links = np.zeros(groups, dtype=np.int64), np.zeros(groups, dtype=np.int64)
    room = _room(cells, len(kind.class_sizes))
    cell = link = int(np.int64(0))
    while cell < cells:
        number = counts.group[cell]
        group, past_cell, past_link = _group(counts, number, cell, link)
        its_chosen, its_gain = chosen[cell:past_cell], gain[cell:past_cell]
        named, name_joining, name_links = _entity_code(group, counts, kind, room.rate, its_chosen, its_gain)
        pool, best, pool_joining, pool_links = _pool_code(group, counts, kind, room)
        pooled = pool > named
        bits[number] = max((pool if pooled else named) - CHOICE_OF_CODE, 0.0)
        ratio[number] = best if pooled else ENTITY_CODE
        joining[number] = pool_joining if pooled else name_joining
        links[number] = pool_links if pooled else name_links
        for i in range(past_cell - cell):
            its_chosen[i] = (room.level[i] > best if pooled else its_gain[i] > 0) and bits[number] > 0
            its_gain[i] = 0.0 if pooled else its_gain[i]
        cell, link = past_cell, past_link
    return bits, ratio, chosen, gain, joining, links


@compiled
def _room(cells: int, classes: int) -> _Room:
    levels = len(RATIOS) + 1
    sums = np.zeros((3, levels), dtype=np.int64)
    room = np.zeros(levels), sums[1], sums[2], np.zeros((levels, classes), dtype=np.int64)
    return _Room(np.empty(cells), np.empty(cells, dtype=np.int64), sums[0], *room)


@compiled
def _group(counts: KindCounts, number: int, cell: int, link: int) -> tuple[_Group, int, int]:
    """The counts of the group whose first cell and link are given, and its last ones, plus 1."""
    past_cell, past_link = cell, link
    groups, cells = counts.group, counts.link_cell
    while past_cell < len(groups) and groups[past_cell] == number:
        past_cell += 1
    while past_link < len(cells) and cells[past_link] < past_cell:
        past_link += 1
    own = _Group(
        counts.entity[cell:past_cell], counts.k[cell:past_cell],
        counts.having[number], counts.links[number], counts.reach[number],
        counts.link_cell[link:past_link], counts.link_member[link:past_link], cell,
    )  # fmt: skip
    return own, past_cell, past_link


@compiled
def _taking_part(group: _Group, counts: KindCounts, chosen: Marks) -> tuple[int, int, float]:
    """s_in, their links and their reach: members that use any of the chosen cells."""
    joining, links, reach, last = 0, 0, 0.0, -1
    cells, members, first = group.link_cell, group.link_member, group.first_cell
    breadth, reach_of = counts.member_breadth, counts.member_reach
    for link in range(len(cells)):
        if chosen[cells[link] - first] and members[link] != last:
            last = members[link]
            joining += 1
            links += breadth[last]
            reach += reach_of[last]
    return joining, links, reach


@compiled
def taking_part(counts: KindCounts, chosen: Marks) -> tuple[Ints, Ints]:
    """s_in and their links: members that use any of the chosen cells, per group."""
    joining, links = np.zeros(len(counts.having), dtype=np.int64), np.zeros(len(counts.having), dtype=np.int64)
    cell = link = int(np.int64(0))
    while cell < len(counts.k):
        number = counts.group[cell]
        group, past, link = _group(counts, number, cell, link)
        joining[number], links[number], _ = _taking_part(group, counts, chosen[cell:past])
        cell = past
    return joining, links


@compiled
def _entity_code(
    group: _Group, counts: KindCounts, kind: Degrees, rate: Floats, chosen: Marks, gain: Floats
) -> tuple[float, int, int]:
    """Bits, s_in and n_in; fills in the rate of all cells among all members with the kind, and the gain."""
    entity, k, pull, every, entities = group.entity, group.k, kind.pull, float(kind.links), float(kind.entities)
    s, paid = max(float(group.having), 1.0), False
    for i in range(len(k)):
        rate[i] = background_rate(pull[entity[i]], every, group.reach, s)
        chosen[i] = entity_gain(min(float(k[i]), s), s, rate[i], entities) > 0
        paid |= chosen[i]
    joining, links, reach = _taking_part(group, counts, chosen) if paid else (0, 0, 0.0)
    s, named = max(float(joining), 1.0), 0.0
    for i in range(len(k)):
        if chosen[i]:
            q = background_rate(pull[entity[i]], every, reach, s)
            gain[i] = entity_gain(min(float(k[i]), s), s, q, entities)
            named += gain[i]
    return fixed(named - participation(float(joining), float(group.having)) - NAMED_SET), joining, links


@compiled
def _pool_code(group: _Group, counts: KindCounts, kind: Degrees, room: _Room) -> tuple[float, int, int, int]:
    """Bits, index of the ratio, s_in and n_in of the best of ten pools, cut at the ratios of k/d.

    From the strictest pool on; a pool without an entity saves nothing, and one that has no entity more than the
    stricter one saves as much. Of equally good ones the first ratio counts.
    """
    _fill(group, counts, kind, room)
    best, value, top, joining, links = len(RATIOS) - 1, 0.0, 0.0, 0, 0
    for ratio in range(len(RATIOS) - 1, -1, -1):
        stricter, level = ratio + 2, ratio + 1
        more = room.inside[level] > 0
        if stricter <= len(RATIOS):
            room.inside[level] += room.inside[stricter]
            room.expected[level] += room.expected[stricter]
            room.joining[level] += room.joining[stricter]
            room.links[level] += room.links[stricter]
            for number in range(room.classes.shape[1]):
                room.classes[level, number] += room.classes[stricter, number]
        if more:
            who = participation(float(room.joining[level]), float(group.having))
            naming = pool_naming(room.classes[level], kind.class_sizes) + who
            share = room.expected[level] / max(group.links, 1)
            value = pool_gain(float(room.inside[level]), float(room.links[level]), share, naming)
        if value >= top or level == len(RATIOS):
            best, top, joining, links = ratio, value, room.joining[level], room.links[level]
    return top, best, joining, links


@compiled
def _fill(group: _Group, counts: KindCounts, kind: Degrees, room: _Room) -> None:
    """Sums over the cells, and over the members, whose k/d reaches just so many of the ten ratios.

    A member takes part in every pool that its best entity belongs to. What only one member uses is in no pool. Expected
    uses are rounded to 2**-32: sums are exact.
    """
    room.inside[:] = room.joining[:] = room.links[:] = 0
    room.expected[:] = 0.0
    room.classes[:] = 0
    entities, ks, users, degree_class, s = group.entity, group.k, kind.users, kind.degree_class, float(group.having)
    levels, inside, expected, classes, rate = room.level, room.inside, room.expected, room.classes, room.rate
    for i in range(len(ks)):
        entity, k = entities[i], ks[i]
        level = _level(k, users[entity]) if k >= 2 else 0
        levels[i] = level
        inside[level] += k
        expected[level] += np.rint(rate[i] * max(s, 1.0) * 2.0**32) / 2.0**32
        classes[level, degree_class[entity]] += 1
    _fill_members(group, counts, room)


@compiled
def _level(k: int, users: int) -> int:
    """How many of the ten ratios k/d reaches."""
    share, level = k / max(users, 1) + 1e-12, 0
    while level < len(RATIOS) and RATIOS[level] <= share:
        level += 1
    return level


@compiled
def _fill_members(group: _Group, counts: KindCounts, room: _Room) -> None:
    cells, members, level, breadth = group.link_cell, group.link_member, room.level, counts.member_breadth
    best, joining, links, first = 0, room.joining, room.links, group.first_cell
    for link in range(len(cells)):
        best = max(best, level[cells[link] - first])
        if link + 1 == len(cells) or members[link + 1] != members[link]:
            joining[best] += 1
            links[best] += breadth[members[link]]
            best = 0


@compiled
def cheapest_name(counts: KindCounts, kind: Degrees, size: Ints, accounts: int) -> Floats:
    """Bits that name each group by its best entity of a kind; infinite where it has none.

    Among entities that k members use the cost is concave in their users: the best has fewest or most.
    """
    bits, cell, groups, ks, entities = np.full(len(size), np.inf), 0, counts.group, counts.k, counts.entity
    users_of, every = kind.users, float(kind.entities)
    extremes = np.zeros((2, size.max() + 1 if len(size) else 1), dtype=np.int64)
    for group in range(len(size)):
        extremes[0, 1:2], extremes[1, 1:2], largest = counts.fewest[group], counts.most[group], 1
        while cell < len(ks) and groups[cell] == group:
            k, users = ks[cell], users_of[entities[cell]]
            if k >= 2:
                extremes[0, k] = min(extremes[0, k], users) if extremes[0, k] else users
                extremes[1, k] = max(extremes[1, k], users)
                largest = max(largest, k)
            cell += 1
        for k in range(1, min(largest, size[group]) + 1):
            for users in extremes[:, k]:
                if users:
                    cost = naming_by_entity(float(users), float(k), float(size[group]), float(accounts), every)
                    bits[group] = min(bits[group], cost)
            extremes[:, k] = 0
    return bits
