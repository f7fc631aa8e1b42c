"""What groups share of a kind, counted link by link: loops that numba compiles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from linkage.rings.codelength import Floats, Ints
from linkage.rings.compiled import Int32s, compiled


class Links(NamedTuple):
    """What compiled loops count of a kind: the links of Background.counted (linkage.rings.counts), and degrees.

    ``start`` is where the links of each account begin in ``entity`` (and the last end); ``breadth`` and ``reach`` are
    per account, ``users`` per entity. ``alone``: an entity that one member uses is a cell, too.
    """

    start: Ints
    entity: Int32s
    breadth: Ints
    reach: Floats
    users: Ints
    alone: bool


@compiled
def gathered(links: Links, accounts: Ints) -> Links:
    """The links of some accounts alone, one account after the other, numbered in this order."""
    number, starts, entities = len(accounts), links.start, links.entity
    start, entity = np.zeros(number + 1, dtype=np.int64), np.empty(_links_of(accounts, links), dtype=np.int32)
    for row in range(number):
        begin = starts[accounts[row]]
        start[row + 1] = start[row] + starts[accounts[row] + 1] - begin
        for at in range(start[row], start[row + 1]):
            entity[at] = entities[begin + at - start[row]]
    return Links(start, entity, links.breadth[accounts], links.reach[accounts], links.users, links.alone)


@compiled
def counted(start: Ints, account: Ints, links: Links, used: Int32s) -> tuple[np.ndarray, ...]:
    """The fields of KindCounts (linkage.rings.counts) for groups whose members stand in ``account`` from ``start`` on.

    ``used`` has a zero for every entity, and has it again in the end.
    """
    groups, total = len(start) - 1, _links_of(account, links) + 1  # one more: where nothing is kept is written, too
    cells, found = np.empty((3, total), dtype=np.int64), np.empty(total, dtype=np.int64)
    linked = np.empty((2, total), dtype=np.int32)
    sums, reach = np.zeros((groups, 4), dtype=np.int64), np.zeros(groups, dtype=np.float64)
    of_member = np.empty(len(account), dtype=np.int64)
    first = told = int(np.int64(0))  # a plain 0 has a type of its own: what is called with it is compiled twice
    for group in range(groups):
        of_member[start[group] : start[group + 1]] = group
        members = account[start[group] : start[group + 1]]
        several, reach[group] = _used_by(members, links, used, found, sums[group])
        past = first + _cells(found[:several], links, used, sums[group], cells[1:, first:], first)
        cells[0, first:past] = group
        told += _links_to_cells(members, start[group], links, used, linked[:, told:])
        for entity in cells[1, first:past]:
            used[entity] = 0
        first = past
    cells, linked = cells[:, :first].copy(), linked[:, :told].copy()  # else the rest would be kept with them
    having, count, fewest, most = sums[:, 0].copy(), sums[:, 1].copy(), sums[:, 2].copy(), sums[:, 3].copy()
    return (
        cells[0], cells[1], cells[2], having, count, reach, linked[0], linked[1],
        of_member, links.breadth[account], links.reach[account], fewest, most,
    )  # fmt: skip


@compiled
def _links_of(members: Ints, links: Links) -> int:
    start, total = links.start, 0
    for account in members:
        total += start[account + 1] - start[account]
    return total


@compiled
def _used_by(members: Ints, links: Links, used: Int32s, found: Ints, sums: Ints) -> tuple[int, float]:
    """Put the entities that the members use into ``found``, and by how many into ``used``; how many entities.

    With the sum of the members' reach. Puts s_t and n into ``sums``, and twice 1 after them where a link to an entity
    with one user is not counted.
    """
    start, entities, breadth, reach = links.start, links.entity, links.breadth, links.reach
    several, reached, having, count, left_out = 0, 0.0, 0, 0, False
    for account in members:
        first, past = start[account], start[account + 1]
        having += breadth[account] > 0
        count += breadth[account]
        left_out |= breadth[account] > past - first
        reached += reach[account]
        for link in range(first, past):
            entity = entities[link]
            found[several] = entity  # kept where it is new: a branch here would take longer
            several += used[entity] == 0
            used[entity] += 1
    sums[0], sums[1], sums[2], sums[3] = having, count, left_out, left_out
    return several, reached


@compiled
def _cells(found: Ints, links: Links, used: Int32s, sums: Ints, cells: Ints, first: int) -> int:
    """Put the entities that are cells, in order, and their k, into ``cells``; returns how many there are.

    Each has -1 - its cell in ``used`` then, with ``first`` the first one; all other entities have 0 there again. The
    least and the most users of entities that one member uses go into ``sums``.
    """
    users, alone, entities, number = links.users, links.alone, cells[0], 0
    fewest, most = sums[2], sums[3]
    for entity in found:
        k = used[entity]
        if k == 1:
            fewest = min(fewest, users[entity]) if fewest else users[entity]
            most = max(most, users[entity])
        entities[number] = entity
        number += k > 1 or alone
        used[entity] = k if k > 1 or alone else 0
    sums[2], sums[3] = fewest, most
    entities[:number].sort()
    for cell in range(number):
        cells[1, cell] = used[entities[cell]]
        used[entities[cell]] = -1 - first - cell
    return number


@compiled
def _links_to_cells(members: Ints, first: int, links: Links, used: Int32s, linked: Int32s) -> int:
    """Put the cell and the membership of each link to a cell into ``linked``; returns how many there are.

    ``first`` is the first of the memberships.
    """
    start, entities, told = links.start, links.entity, 0
    cells, memberships = linked[0], linked[1]
    for member in range(len(members)):
        for link in range(start[members[member]], start[members[member] + 1]):
            cell = -1 - used[entities[link]]
            cells[told], memberships[told] = cell, first + member
            told += cell >= 0
    return told
