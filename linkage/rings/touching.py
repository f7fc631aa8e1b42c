"""Which accounts touch which profiles, and what their log-odds are: loops that numba compiles.

Entities of all kinds are numbered in one row, kind after kind, so that one pass over an account's links meets every
profile that has one of its entities.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from linkage.rings.codelength import Floats, Ints
from linkage.rings.compiled import Int32s, compiled

Marks = npt.NDArray[np.bool_]


class Uses(NamedTuple):
    """Who uses what: an account's links stand in ``entity`` from ``start`` on, in order.

    ``first`` is where the entities of each kind begin (and the last end), windows from ``tying`` on; ``breadth`` is
    accounts x kinds.
    """

    start: Ints
    entity: Int32s
    first: Ints
    tying: int
    breadth: Int32s


class Cells(NamedTuple):
    """Cells of profiles by entity: those of an entity stand from ``start`` on, in order of group.

    ``link`` is what a link adds for a stranger, ``own`` for a member; NaN where it is no cell for that one.
    """

    start: Int32s
    group: Int32s
    link: Floats
    own: Floats


class Terms(NamedTuple):
    """What breadth and taking part add, groups x kinds, and the prior; see linkage.rings.profile.KindProfile."""

    joins: Floats
    abstains: Floats
    outside: Floats
    prior: Floats


class Homes(NamedTuple):
    """Where accounts and groups are at home; none for everywhere."""

    account: Ints
    group: Ints


class Csr(NamedTuple):
    """A sparse matrix in rows."""

    start: Ints
    column: Int32s
    value: Floats


@compiled
def both(link: Csr, own: Csr) -> tuple[Int32s, Int32s, Floats, Floats]:
    """Group, entity, and the bits of a link for strangers and for members, of all cells of a kind by group, entity."""
    cells = len(link.column) + len(own.column)
    group, entity = np.empty(cells, dtype=np.int32), np.empty(cells, dtype=np.int32)
    bits, several = np.full((2, cells), np.nan), 0
    for row in range(len(link.start) - 1):
        a, b = link.start[row], own.start[row]
        while a < link.start[row + 1] or b < own.start[row + 1]:
            strange = a < link.start[row + 1] and (b == own.start[row + 1] or link.column[a] <= own.column[b])
            among = b < own.start[row + 1] and (a == link.start[row + 1] or own.column[b] <= link.column[a])
            group[several], entity[several] = row, link.column[a] if strange else own.column[b]
            if strange:
                bits[0, several] = link.value[a]
                a += 1
            if among:
                bits[1, several] = own.value[b]
                b += 1
            several += 1
    return group[:several], entity[:several], bits[0, :several], bits[1, :several]


@compiled
def by_entity(group: Int32s, entity: Ints, link: Floats, own: Floats, entities: int) -> Cells:
    """Cells in order of group, within each kind, by their entity."""
    start = np.zeros(entities + 1, dtype=np.int32)
    for number in entity:
        start[number + 1] += 1
    for number in range(entities):
        start[number + 1] += start[number]
    place, cells = start.copy(), Cells(start, np.empty_like(group), np.empty_like(link), np.empty_like(own))
    for i, number in enumerate(entity):
        at = place[number]
        cells.group[at], cells.link[at], cells.own[at] = group[i], link[i], own[i]
        place[number] += 1
    return cells


@compiled
def cell_of(start: Int32s, of_group: Int32s, entity: int, group: int) -> int:
    """Where the cell of an entity and a group stands, -1 where there is none."""
    low, end = start[entity], start[entity + 1]
    high = end
    while low < high:
        middle = (low + high) // 2
        if of_group[middle] < group:
            low = middle + 1
        else:
            high = middle
    return low if low < end and of_group[low] == group else -1


class _Room(NamedTuple):
    """Of one account: its groups as they are found, and for each the bits that links add and whether there are any.

    ``sums`` and ``told`` are groups x kinds, the last row for the account's own group.
    """

    group: Ints
    sums: Floats
    told: Marks


@compiled
def _room(groups: int, kinds: int) -> _Room:
    empty = np.zeros((groups + 1, kinds)), np.zeros((groups + 1, kinds), dtype=np.bool_)
    return _Room(np.empty(groups, dtype=np.int64), empty[0], empty[1])


@compiled
def touching(
    uses: Uses, cells: Cells, terms: Terms, accounts: Ints, labels: Ints, homes: Homes, place: Int32s
) -> tuple[Ints, Ints, Floats]:
    """For each account how many groups it has log-odds for; these groups, in order; and the bits (pairs x kinds + 1).

    They are those of whose profile it uses something, windows apart, at its home. By ``labels`` an account is a member
    and left out of p. ``place`` has a zero for every group.
    """
    groups, kinds, pairs = len(terms.prior), uses.breadth.shape[1], 0
    number, room = np.zeros(len(accounts), dtype=np.int64), _room(groups, kinds)
    found, bits = np.empty(len(accounts), dtype=np.int64), np.empty((len(accounts), kinds + 1))
    for i, account in enumerate(accounts):
        several = _touch(uses, cells, account, labels[account], homes, place, room)
        if several == 0:
            continue
        if pairs + several > len(found):
            found, bits = _longer(found, bits, pairs, pairs + several)
        _add_windows(uses, cells, account, labels[account], room, several)
        for slot in range(several):
            found[pairs + slot] = room.group[slot]
        found[pairs : pairs + several].sort()
        for pair in range(pairs, pairs + several):
            group = found[pair]
            row = groups if group == labels[account] else place[group] - 1
            place[group] = 0
            _with_constants(uses, terms, account, group, room, row, bits[pair])
        number[i] = several
        pairs += several
    return number, found[:pairs].copy(), bits[:pairs].copy()


@compiled
def _longer(found: Ints, bits: Floats, pairs: int, needed: int) -> tuple[Ints, Floats]:
    """Twice the room for pairs, and as many as are needed, with those that there are."""
    longer, further = np.empty(2 * needed, dtype=np.int64), np.empty((2 * needed, bits.shape[1]))
    for pair in range(pairs):
        longer[pair] = found[pair]
        for kind in range(bits.shape[1]):
            further[pair, kind] = bits[pair, kind]
    return longer, further


@compiled
def _clear(sums: Floats, told: Marks, row: int) -> None:
    for kind in range(sums.shape[1]):
        sums[row, kind], told[row, kind] = 0.0, False


@compiled
def _touch(uses: Uses, cells: Cells, account: int, own_group: int, homes: Homes, place: Int32s, room: _Room) -> int:
    """Put the account's groups and what links add, windows apart, into the room; returns how many groups there are."""
    start, of_group, link, own = cells.start, cells.group, cells.link, cells.own
    groups, sums, told, uses_entity, first = room.group, room.sums, room.told, uses.entity, uses.first
    everywhere, home = len(homes.account) == 0, homes.account[account] if len(homes.account) else 0
    several, kind, mine = 0, 0, len(groups)
    _clear(sums, told, mine)
    for at in range(uses.start[account], uses.start[account + 1]):
        entity = uses_entity[at]
        if entity >= uses.tying:
            break
        while entity >= first[kind + 1]:
            kind += 1
        for cell in range(start[entity], start[entity + 1]):
            group = of_group[cell]
            if group == own_group and not np.isnan(own[cell]):
                sums[mine, kind] += own[cell]
                told[mine, kind] = True
            if np.isnan(link[cell]) or not (everywhere or homes.group[group] == home):
                continue
            if place[group] == 0:
                groups[several] = group
                _clear(sums, told, several)
                several += 1
                place[group] = several
            sums[place[group] - 1, kind] += link[cell]
            told[place[group] - 1, kind] = True
    return several


@compiled
def _add_windows(uses: Uses, cells: Cells, account: int, own_group: int, room: _Room, several: int) -> None:
    """Add what windows add; many groups have one in their profile, so it is looked up."""
    start, of_group, groups, sums, told = cells.start, cells.group, room.group, room.sums, room.told
    for at in range(uses.start[account + 1] - 1, uses.start[account] - 1, -1):
        entity, kind = uses.entity[at], len(uses.first) - 2
        if entity < uses.tying:
            break
        while entity < uses.first[kind]:
            kind -= 1
        for slot in range(several):
            cell, mine = cell_of(start, of_group, entity, groups[slot]), groups[slot] == own_group
            bits = np.nan if cell < 0 else cells.own[cell] if mine else cells.link[cell]
            if not np.isnan(bits) and (mine or bits != 0):
                row = len(groups) if mine else slot
                sums[row, kind], told[row, kind] = bits, True


@compiled
def members(uses: Uses, cells: Cells, terms: Terms, account: Ints, group: Ints) -> Floats:
    """The log-odds of pairs of a member and its group, left out of p (pairs x kinds + 1)."""
    kinds, uses_start, uses_entity, first = uses.breadth.shape[1], uses.start, uses.entity, uses.first
    room = _room(0, kinds)
    sums, told, start, of_group, own = room.sums, room.told, cells.start, cells.group, cells.own
    bits = np.empty((len(account), kinds + 1))
    for pair in range(len(account)):
        kind, row = 0, len(room.group)
        _clear(sums, told, row)
        for at in range(uses_start[account[pair]], uses_start[account[pair] + 1]):
            entity = uses_entity[at]
            while entity >= first[kind + 1]:
                kind += 1
            cell = cell_of(start, of_group, entity, group[pair])
            if cell >= 0 and not np.isnan(own[cell]):
                sums[row, kind] += own[cell]
                told[row, kind] = True
        _with_constants(uses, terms, account[pair], group[pair], room, row, bits[pair])
    return bits


@compiled
def _with_constants(uses: Uses, terms: Terms, account: int, group: int, room: _Room, row: int, bits: Floats) -> None:
    """Put the sums with what breadth and taking part add, and the prior, into ``bits``.

    Windows add nothing where nothing else of the profile is used.
    """
    asked = False
    for kind in range(len(bits) - 1):
        breadth, total, window = uses.breadth[account, kind], 0.0, uses.first[kind] >= uses.tying
        asked |= room.told[row, kind] and not window
        if room.told[row, kind]:
            total = room.sums[row, kind] + terms.joins[group, kind] + breadth * terms.outside[group, kind]
        elif breadth > 0:
            total = terms.abstains[group, kind]
        bits[kind] = total if asked or not window else 0.0
    bits[-1] = terms.prior[group]
