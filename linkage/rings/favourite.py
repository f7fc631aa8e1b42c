"""Which group each account's log-odds favour: a loop that numba compiles.

A tuple of arrays that is passed on costs more than a link that is read, so nothing is called with one for each account:
links go first, of some thousands of accounts, then windows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from linkage.rings.codelength import Floats, Ints
from linkage.rings.compiled import Int32s, compiled
from linkage.rings.touching import Cells, Homes, Marks, Terms, Uses, cell_of

AT_A_TIME = 4_096  # accounts whose pairs are held at once


class Sought(NamedTuple):
    """Groups over a bound at the accounts' homes, by the kinds ``counted`` (homes x kinds; one row for everywhere)."""

    homes: Homes
    counted: Marks
    over: float


class _Pairs(NamedTuple):
    """Pairs of accounts, in order, and groups: how many of each account; the groups, and bits without windows.

    ``told`` says whether anything of the profile is used, windows apart, so that windows count.
    """

    number: Ints
    group: Ints
    bits: Floats
    told: Marks


@compiled
def best_touching(
    uses: Uses, cells: Cells, terms: Terms, accounts: Ints, labels: Ints, sought: Sought, place: Int32s
) -> Ints:
    """For each account the group with its highest log-odds over a bound among those of :func:`touching`; -1: none.

    Of equal ones the first counts; the prior always does. Pairs are kept of few accounts at a time: all of them would
    take more room than all else.
    """
    best = np.full(len(accounts), -1, dtype=np.int64)
    for first in range(0, len(accounts), AT_A_TIME):
        some = accounts[first : first + AT_A_TIME]
        pairs = _pairs(uses, cells, terms, some, labels, sought, place)
        best[first : first + AT_A_TIME] = _best(uses, cells, terms, some, labels, sought, pairs)
    return best


@compiled
def _pairs(
    uses: Uses, cells: Cells, terms: Terms, accounts: Ints, labels: Ints, sought: Sought, place: Int32s
) -> _Pairs:
    """The pairs of some accounts. Sums of bits are exact, so terms are added as they come."""
    start, entities, first, tying, breadth = uses
    of_entity, of_group, link, own = cells
    joins, abstains, outside, prior = terms
    (home_of, group_home), counted, _ = sought
    everywhere, groups, number = len(home_of) == 0, len(prior), np.zeros(len(accounts), dtype=np.int64)
    found, bits, past = np.empty(groups, dtype=np.int64), np.empty(groups), 0
    told, latest, has = np.empty(groups, dtype=np.bool_), np.empty(groups + 1, dtype=np.int64), np.empty(len(first) - 1)
    for i, account in enumerate(accounts):
        mine, home, begin, kind = labels[account], 0 if everywhere else home_of[account], past, 0
        if len(found) < past + groups:
            found, bits, told = _twice(found, past), _twice(bits, past), _twice(told, past)
        _having(breadth, counted, first, tying, account, home, has)
        ours, latest[groups] = _alone(prior, abstains, has, mine) if mine >= 0 else 0.0, -1
        for at in range(start[account], start[account + 1]):
            entity = entities[at]
            if entity >= tying:
                break
            while entity >= first[kind + 1]:
                kind += 1
            for cell in range(of_entity[entity], of_entity[entity + 1]):
                group = of_group[cell]
                if group == mine and not np.isnan(own[cell]):
                    if latest[groups] != kind:
                        ours += has[kind] * _begun(joins, outside, abstains, group, kind, breadth[account, kind])
                    ours, latest[groups] = ours + has[kind] * own[cell], kind
                if np.isnan(link[cell]) or not (everywhere or group_home[group] == home):
                    continue
                if place[group] == 0:
                    found[past], bits[past], told[past] = group, _alone(prior, abstains, has, group), True
                    latest[past - begin], past = -1, past + 1
                    place[group] = past - begin
                slot = place[group] - 1
                if latest[slot] != kind:
                    more = _begun(joins, outside, abstains, group, kind, breadth[account, kind])
                    bits[begin + slot] += has[kind] * more
                bits[begin + slot] += has[kind] * link[cell]
                latest[slot] = kind
        for pair in range(begin, past):
            place[found[pair]] = 0
            if found[pair] == mine:
                bits[pair], told[pair] = ours, latest[groups] >= 0
        number[i] = past - begin
    return _Pairs(number, found, bits, told)


@compiled
def _twice(values: np.ndarray, kept: int) -> np.ndarray:
    """Twice the room, and the first values."""
    longer = np.empty(2 * len(values), dtype=values.dtype)
    longer[:kept] = values[:kept]
    return longer


@compiled
def _having(breadth: Int32s, counted: Marks, first: Ints, tying: int, account: int, home: int, has: Floats) -> None:
    """Put 1 for kinds that the account has and that count, windows apart, and 0 for others."""
    for kind in range(len(has)):
        has[kind] = 1.0 if first[kind] < tying and breadth[account, kind] > 0 and counted[home, kind] else 0.0


@compiled
def _alone(prior: Floats, abstains: Floats, has: Floats, group: int) -> float:
    """The prior, with what it adds to use nothing of a profile."""
    bits = float(prior[group])
    for kind in range(len(has)):
        if has[kind] > 0:
            bits += abstains[group, kind]
    return bits


@compiled
def _begun(joins: Floats, outside: Floats, abstains: Floats, group: int, kind: int, breadth: int) -> float:
    """What it adds, beside the links, to use something of a kind's profile and not nothing."""
    return float(joins[group, kind] + breadth * outside[group, kind] - abstains[group, kind])


@compiled
def _best(
    uses: Uses, cells: Cells, terms: Terms, accounts: Ints, labels: Ints, sought: Sought, pairs: _Pairs
) -> Ints:
    """The best group of each of some accounts, of whose pairs windows are left to add."""
    start, entities, first, tying, breadth = uses
    of_entity, of_group, link, own = cells
    joins, abstains, outside, _ = terms
    (home_of, _), counted, over = sought
    number, groups, bits_of, told = pairs
    best, pair, everywhere = np.full(len(accounts), -1), 0, len(home_of) == 0
    for i, account in enumerate(accounts):
        home, highest = 0 if everywhere else home_of[account], over
        for _ in range(number[i]):
            group, bits = groups[pair], bits_of[pair]
            at, kind = start[account + 1] - 1, len(first) - 2
            while told[pair] and first[kind] >= tying:
                added = np.nan
                while at >= start[account] and entities[at] >= first[kind]:
                    value = _of_window(of_entity, of_group, link, own, entities[at], group, group == labels[account])
                    added, at = added if np.isnan(value) else value, at - 1
                if counted[home, kind] and not np.isnan(added):
                    bits += added + joins[group, kind] + breadth[account, kind] * outside[group, kind]
                elif counted[home, kind] and breadth[account, kind] > 0:
                    bits += abstains[group, kind]
                kind -= 1
            if bits > highest or (bits == highest and -1 < group < best[i]):
                best[i], highest = group, bits
            pair += 1
    return best


@compiled
def _of_window(
    of_entity: Int32s, of_group: Int32s, link: Floats, own: Floats, window: int, group: int, mine: bool
) -> float:
    """What a link to a window adds, to a member's own group or to another; NaN where it is none of the profile.

    Many groups have a window in their profile, so it is looked up.
    """
    cell = cell_of(of_entity, of_group, window, group)
    if cell < 0:
        return np.nan
    bits = float(own[cell]) if mine else float(link[cell])
    return np.nan if bits == 0 and not mine else bits
