"""Nobody is accused for values that anyone can put on a stranger's account.

Who knows what a ring uses can make a stranger's account show it. What an attacker can't do is use the ring's cards and
addresses in somebody else's name, or take a stranger's own values away. So a member of a suspect ring is more than a
bystander only by evidence that is not freely forgeable, when it has no life of its own, or when it began with what is
the ring's: nobody plants in the past.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from scipy.stats import poisson

from linkage.config import LEASED_FAMILY
from linkage.model import AccountGraph
from linkage.rings.codelength import Floats, Ints
from linkage.rings.counts import Background, Counts, KindCounts, World, groups_of, rows_of
from linkage.rings.gates import NOBODY
from linkage.rings.majority import DIGITS, mostly_members
from linkage.rings.profile import KindProfile, Pairs, Profiles
from linkage.rings.score import KindScore, Score

OWN_USERS = 3  # members that use a ring's own entity: one may be framed, and a second one of its household
HARDLY_SHARED = 0.9  # part of the users of an address or a card who must be of the ring, for it to speak for others
EVERYBODY = 0.99  # of all accounts have a kind of which every honest one, too, has things of its own
NO_LIFE = 2  # entities of a kind that an account without a life of its own has, all of them the ring's own
SHARED_WITH = 4  # times as many users as members, where all are of rings: these share their operator's prompts
AMONG = 2  # times as many, where some are of none: people begin with popular devices and prompts
LIFE = 86_400 * 1_000_000  # microseconds; of what is planted in a life of an hour all falls into its first one
SUDDEN = 1e-4  # chance of that in a longer one
IDLE = 14 * 86_400 * 1_000_000  # microseconds; who is planted on all the time is not idle so long, but for 1 in 4,000
NEVER = np.iinfo(np.int64).max  # as a time
BEGINNING = 3_600 * 1_000_000  # microseconds in which an account shows what it is for, and nobody has heard of it yet


@dataclass(frozen=True)
class Ties:
    """What ties the members of groups: counts, score and profiles, and the log-odds of each member, by account.

    ``suspect`` says which of the groups are suspect rings; ``fresh``, one boolean an account of the world, are those
    not known to be older than the logs, or idle in their first two weeks; None: all. ``everyone`` are the accounts of
    all groups, where these are only some of them. ``as_one``: the group stands for several rings, and addresses clear
    nobody, nor does what a tenth of the users of are of no ring.
    """

    counts: Counts
    scored: Score
    made: Profiles
    pairs: Pairs
    suspect: np.ndarray
    fresh: np.ndarray | None = None
    everyone: Ints | None = None
    as_one: bool = False


def plantable(world: World, labels: Ints, ties: Ties, gate: Ints) -> np.ndarray:
    """Which members could be strangers with planted values: one boolean for each pair, the members by account.

    ``gate`` is that of each membership (:func:`linkage.rings.gates.gates`), by group, then account.
    All others have firm evidence (:func:`firmly_tied`); or use an entity of a kind that is not forgeable, and that
    speaks for them, together with three members who have, nine tenths of its users being members; or all that they use
    of a forgeable kind, two things or more, is the ring's own: an honest account's own values stay; or they began their
    use of it with what the ring's profile holds (:func:`_began`). The last two say nothing of kinds that many accounts
    do not have at all. Who pays like members that are cleared so is cleared with them, whatever ties those.
    """
    account = np.asarray(groups_of(labels, len(ties.counts.size)).indices)
    witness = np.zeros(world.accounts, dtype=bool)
    witness[ties.pairs.account] = by_forgeable(world, ties.pairs)
    kinds = used_by(world, ties, account)
    if not kinds:
        return np.ones(len(ties.pairs.account), dtype=bool)
    cleared = _cleared(kinds, ties, witness, gate == NOBODY)
    inside = (gate == NOBODY) | cleared[account[gate]]
    cleared = _cleared(kinds, ties, witness & cleared, inside)  # who could be a victim itself clears nobody
    cleared |= _cleared(kinds, ties, witness & cleared, inside, cleared)
    return np.asarray(~cleared[ties.pairs.account])


@dataclass(frozen=True)
class UsedBy:
    """One kind, as the members of groups use it: ``account`` by membership; the rest, made once, holds for any witness.

    ``everyone`` are the accounts of all groups; ``bits``, per account of the world, is what it says for members.
    """

    background: Background
    numbers: KindCounts
    scored: KindScore
    made: KindProfile
    account: Ints
    everyone: Ints
    bits: Floats

    @property
    def firm(self) -> bool:
        """Whether it is firm evidence: not forgeable, and no window, as an attacker may choose his victims by one."""
        return _firm(self.background)

    @cached_property
    def weight(self) -> Floats:
        """Bits that a member has for each link, 0 where it is not in the profile or speaks against."""
        return self._cell_weight[self.numbers.link_cell]

    @cached_property
    def _cell_weight(self) -> Floats:
        return np.maximum(self.made.own(self.numbers.group, self.numbers.entity)[0], 0)

    @cached_property
    def held(self) -> Floats:
        """The sum of the weights, per membership."""
        return self.sums(self.weight)

    @cached_property
    def crowd(self) -> np.ndarray:
        """Which memberships have no more of it than many strangers have (:func:`mostly_members`)."""
        numbers = self.numbers
        cells = (self._cell_weight, (numbers.group, numbers.entity))
        weight = sp.csr_matrix(cells, shape=self.made.own_weight.shape)
        least = mostly_members(self.background.incidence.matrix, weight, numbers.member_group, self.account)
        return np.asarray(np.round(self.held, DIGITS) < least[numbers.member_group])

    @cached_property
    def at_home(self) -> np.ndarray:
        """Which links are to an address that is the account's own (:func:`_at_home`)."""
        return _at_home(self.background, self.numbers, self.account)

    @cached_property
    def of_rings(self) -> np.ndarray:
        """To which cells' entities hardly anybody comes who is of no group."""
        return _of_rings(self.background, self.everyone)[self.numbers.entity]

    @cached_property
    def begun(self) -> tuple[sp.csr_matrix, sp.csr_matrix, sp.csr_matrix] | None:
        """First uses, those of the first hour, and uses, memberships x entities; None where either is not known."""
        seen, uses = self.background.incidence.seen, self.background.incidence.uses
        if seen is None or uses is None:
            return None
        times = seen[self.account]
        return times, _begun_with(times, self.background.breadth[self.account]), uses[self.account]

    def sums(self, links: Floats | np.ndarray) -> Floats:
        """The sum of what each link has, per membership."""
        return np.asarray(np.bincount(self.numbers.link_member, weights=links, minlength=len(self.account)))


def used_by(world: World, ties: Ties, account: Ints) -> list[UsedBy]:
    """The kinds, but for windows and some that clear nobody, as the members use them (``account`` by membership)."""
    parts = zip(world.kinds, ties.counts.kinds, ties.scored.kinds, ties.made.kinds, ties.pairs.bits, strict=False)
    everyone, found = account if ties.everyone is None else ties.everyone, []
    for background, numbers, scored, made, bits in parts:
        kind = background.incidence.kind
        if not kind.window and not (ties.as_one and kind.family == LEASED_FAMILY):
            told = np.zeros(world.accounts)
            told[ties.pairs.account] = bits
            found.append(UsedBy(background, numbers, scored, made, account, everyone, told))
    return found


def _cleared(
    kinds: list[UsedBy], ties: Ties, witness: np.ndarray, inside: np.ndarray, payer: np.ndarray | None = None
) -> np.ndarray:
    """Which accounts of the world are members that nobody could have framed, given the witnesses.

    Those who are not ``inside`` (one boolean a membership) are not cleared, and clear nobody. ``payer``: witnesses of
    what does not pass between strangers, where they are others.
    """
    ours = np.zeros(len(witness), dtype=bool)
    ours[kinds[0].account] = inside
    firm = np.zeros(len(witness), dtype=bool)
    firm[ties.pairs.account] = firmly_tied(kinds, ties, witness & ours, payer)
    firm &= ours
    cleared = firm.copy()
    for kind in kinds:
        account = kind.account
        if not kind.background.incidence.kind.forgeable:
            # of the kind as a whole, less what a ring's proxies bring to one's home
            speaks = kind.bits[account] > kind.sums(kind.weight * kind.at_home)
            cleared[account[_with_the_firm(kind, firm) & speaks]] = True
        elif len(witness) and np.mean(kind.background.breadth > 0) >= EVERYBODY:
            elsewhere = np.zeros(len(witness), dtype=bool)
            elsewhere[ties.pairs.account] = ties.pairs.total > kind.bits[ties.pairs.account]
            seen = kind.numbers._replace(k=_holding(kind, inside, inside & elsewhere[account] & (not ties.as_one)))
            cleared[account[_without_a_life(kind.background.users, seen)]] = True
            fresh = True if ties.fresh is None else ties.fresh[account]  # of others nobody saw the beginning
            cleared[account[_began(kind, seen.k, ties.suspect) & fresh]] = True
    return cleared & ours


def firmly_tied(
    kinds: Iterable[UsedBy], ties: Ties, witness: np.ndarray, payer: np.ndarray | None = None
) -> np.ndarray:
    """Whose log-odds, by kinds that are not freely forgeable and the prior alone, are positive; per pair.

    A link counts when another member on the entity is a ``witness`` (one boolean an account of the world), tied by
    forgeable kinds, too: a victim's household comes in behind the victim. It says nothing of who is at home there
    (:func:`_at_home`). And the links to a kind count together, when most accounts that have as much of it are members:
    a customer of the ring's VPN uses several of its exits, as all customers do.
    """
    bits = ties.pairs.bits[-1].copy()
    for kind in kinds:
        if kind.firm:
            vouch = payer if payer is not None and kind.background.stays else witness
            kept = kind.sums(kind.weight * (_counting(kind, vouch[kind.account]) & ~kind.at_home))
            idle = np.zeros(len(witness))
            idle[kind.account] = kind.held - np.where(kind.crowd, 0.0, kept)
            bits += (kind.bits - idle)[ties.pairs.account]
    return np.asarray(bits > 0)


def _firm(background: Background) -> bool:
    """Whether a kind is firm evidence: not forgeable, and no window, as an attacker may choose his victims by one."""
    return not (background.incidence.kind.forgeable or background.incidence.kind.window)


def _counting(kind: UsedBy, witness: np.ndarray) -> np.ndarray:
    """Which links count: another member on the entity is a witness. Half of the others on a card are members, besides:
    who shares one with a member, and with more strangers, may be one of these."""
    background, numbers = kind.background, kind.numbers
    by_member = witness[numbers.link_member]
    others = np.bincount(numbers.link_cell, weights=by_member, minlength=len(numbers.k))[numbers.link_cell] - by_member
    known = 2 * (numbers.k - 1) >= background.users[numbers.entity] - 1
    return np.asarray((others > 0) & (known | (not background.stays))[numbers.link_cell])


def _at_home(background: Background, numbers: KindCounts, account: Ints) -> np.ndarray:
    """Which links are to an address that the account uses more than anyone else: a proxy may leave by it, unasked.

    Things that stay, such as cards, are nobody's home; none is where uses are not counted.
    """
    uses = background.incidence.uses
    if background.stays or uses is None or not len(numbers.link_cell):
        return np.zeros(len(numbers.link_cell), dtype=bool)
    entity = numbers.entity[numbers.link_cell]
    own = np.asarray(uses[account][numbers.link_member, entity]).ravel()
    return np.asarray((own > 0) & (own == _most_uses(uses)[entity]))


def _most_uses(uses: sp.csr_matrix) -> Ints:
    """Uses of whoever uses it most, per entity; 0 where several use it as much."""
    by_entity, most = uses.tocsc(), np.zeros(uses.shape[1], dtype=np.int64)
    used = np.flatnonzero(np.diff(by_entity.indptr))
    if len(used):
        first = by_entity.indptr[used]
        often = np.maximum.reduceat(by_entity.data, first)
        alike = np.add.reduceat(by_entity.data == np.repeat(often, np.diff(by_entity.indptr)[used]), first)
        most[used] = np.where(alike == 1, often, 0)
    return most


def fresh_in(graph: AccountGraph) -> np.ndarray | None:
    """Whose beginning the logs show: made after their first use, or idle at first; None where no times tell."""
    first = np.full(graph.accounts, NEVER)
    for kind in graph.kinds:
        if kind.seen is not None:
            known = kind.seen.data > 0
            np.minimum.at(first, rows_of(kind.seen)[known], kind.seen.data[known])
    start = first.min(initial=NEVER)
    if graph.created is None or start == NEVER:
        return None
    return np.asarray(~(graph.created < start / 1e6) | ((first < NEVER) & (first - start >= IDLE)))


def by_forgeable(world: World, pairs: Pairs) -> np.ndarray:
    """Whose log-odds, by kinds that are freely forgeable and the prior alone, are positive; per pair."""
    forgeable = np.array([b.incidence.kind.forgeable for b in world.kinds] + [True])
    return np.asarray(pairs.bits[forgeable].sum(axis=0) > 0)


def without_firm_evidence(world: World, pairs: Pairs) -> np.ndarray:
    """Whose log-odds, by kinds that are not freely forgeable and the prior alone, are not positive; per pair."""
    firm = np.array([_firm(b) for b in world.kinds] + [True])
    return np.asarray(pairs.bits[firm].sum(axis=0) <= 0)


def _with_the_firm(kind: UsedBy, firm: np.ndarray) -> np.ndarray:
    """Which memberships use an entity, away from home, with three members who have firm evidence, and few others."""
    numbers = kind.numbers
    theirs = np.bincount(numbers.link_cell, firm[kind.account[numbers.link_member]], minlength=len(numbers.k))
    own = (theirs >= OWN_USERS) & (numbers.k >= HARDLY_SHARED * kind.background.users[numbers.entity])
    return np.asarray(kind.sums(own[numbers.link_cell] & ~kind.at_home) > 0)


def _holding(kind: UsedBy, inside: np.ndarray, tied: np.ndarray) -> Ints:
    """Members inside that use each cell; where a tenth of the users are of no ring, those ``tied`` otherwise alone.

    A popular device brings its crowd into a ring, which is no part of it for having begun with that device.
    """
    numbers = kind.numbers
    own, sure = (
        np.bincount(numbers.link_cell, weights=some[numbers.link_member], minlength=len(numbers.k)).astype(np.int64)
        for some in (inside, tied)
    )
    return np.where(kind.of_rings, own, sure)


def _of_rings(background: Background, account: Ints) -> np.ndarray:
    """Of which entities nine tenths of the users are of some ring."""
    number = np.bincount(background.incidence.matrix[account].indices, minlength=background.entities)
    return np.asarray(number >= HARDLY_SHARED * background.users)


def _without_a_life(users: Ints, numbers: KindCounts) -> np.ndarray:
    """Which memberships use two things or more, and only such as three members use and no more strangers."""
    own = _links_to(numbers, (numbers.k >= OWN_USERS) & (2 * numbers.k >= users[numbers.entity]))
    return np.asarray((own == numbers.member_breadth) & (own >= NO_LIFE))


def _links_to(numbers: KindCounts, cells: np.ndarray) -> Ints:
    """How many links each membership has to some of the cells."""
    return np.asarray(np.bincount(numbers.link_member[cells[numbers.link_cell]], minlength=len(numbers.member_group)))


def _began(kind: UsedBy, k: Ints, suspect: np.ndarray) -> np.ndarray:
    """Which memberships began with what their ring's profile holds, and went on with it.

    Whatever it used in the first hour with the kind is in the profile, used by three members or more, and these are
    half of its users, or a quarter where hardly any is of no ring, or however few where hardly any is of no ``suspect``
    one; or so much of it is that nobody put it there by chance (:func:`_sudden`). Half of all uses are of such things.
    False where times or uses are not known.
    """
    if kind.begun is None:
        return np.zeros(len(kind.account), dtype=bool)
    background, numbers, (times, first, used) = kind.background, kind.numbers, kind.begun
    users = background.users[numbers.entity]
    cells = kind.scored.chosen & (k >= OWN_USERS)
    of_suspects = _of_rings(background, kind.account[suspect[numbers.member_group]])[numbers.entity]
    enough = np.where(kind.of_rings, SHARED_WITH, AMONG) * k >= users
    theirs = _to_cells(background, numbers, cells & (of_suspects | enough))
    own = _to_cells(background, numbers, cells & (AMONG * k >= users))
    begun, by_own = (first.multiply(m).sum(axis=1).A1 for m in (theirs, own))
    sudden = (by_own > 0) & _sudden(times, begun, times.multiply(theirs).getnnz(axis=1) - begun)
    often = used.multiply(theirs).sum(axis=1).A1
    at_once = (begun > 0) & ((begun == first.sum(axis=1).A1) | sudden)
    return np.asarray(at_once & (2 * often >= used.sum(axis=1).A1))


def _sudden(times: sp.csr_matrix, begun: Ints, later: Ints) -> np.ndarray:
    """Who took to more in its first hour than an attacker's values, which come all the time, put there by chance.

    Per row of ``times`` (first uses): ``begun`` of the ring's things within the hour against a Poisson with the rate of
    the ``later`` ones, one at least, over a life of a day or longer.
    """
    newest = np.zeros(len(begun), dtype=np.int64)
    np.maximum.at(newest, rows_of(times), times.data)
    life = np.maximum(newest - _earliest(times), BEGINNING)
    expected = np.maximum(later, 1) * (BEGINNING / life)
    return np.asarray((life >= LIFE) & (poisson.sf(begun - 1, expected) < SUDDEN))


def _to_cells(background: Background, numbers: KindCounts, cells: np.ndarray) -> sp.csr_matrix:
    """The links of the memberships to some of the cells, memberships x entities (0/1)."""
    links = cells[numbers.link_cell]
    where = (numbers.link_member[links], numbers.entity[numbers.link_cell[links]])
    shape = (len(numbers.member_group), background.entities)
    return sp.csr_matrix((np.ones(int(links.sum()), dtype=np.int64), where), shape=shape)


def _begun_with(times: sp.csr_matrix, breadth: Ints) -> sp.csr_matrix:
    """The links of each account's first hour with the kind (0/1), from its first uses, accounts x entities.

    None where the time of any is not known: of the ``breadth`` links.
    """
    row, oldest = rows_of(times), _earliest(times)
    known = np.diff(times.indptr) == breadth
    begun = (times.data - oldest[row] <= BEGINNING) & known[row]
    ones = np.ones(int(begun.sum()), dtype=np.int64)
    return sp.csr_matrix((ones, (row[begun], times.indices[begun])), shape=times.shape)


def _earliest(times: sp.csr_matrix) -> Ints:
    """The least of the stored times in each row, NEVER where there is none."""
    found = np.full(times.shape[0], NEVER)
    np.minimum.at(found, rows_of(times), times.data)
    return found
