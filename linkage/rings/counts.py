"""The numbers that a group's code length is made of: they add up when groups unite, so nothing is counted twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from linkage.config import LEASED_FAMILY
from linkage.model import AccountGraph, Incidence
from linkage.rings.codelength import Floats, Ints
from linkage.rings.known import Known
from linkage.rings.rates import fit_degrees
from linkage.rings.windows import windows_of

LONE_PAYS = 6  # links an entity, from which on one that a single member uses may pay: n (s + 1) for s = n = 2
KEY_BITS = 63  # of a whole number of 0 and more


@dataclass(frozen=True)
class Background:
    """One kind over all accounts: its incidence and what follows from it."""

    incidence: Incidence

    @cached_property
    def users(self) -> Ints:
        """d, per entity."""
        return self.incidence.users.astype(np.int64)

    @cached_property
    def links(self) -> int:
        """D, the sum of d."""
        return int(self.incidence.matrix.nnz)

    @cached_property
    def breadth(self) -> Ints:
        """Links of the kind, per account."""
        return self.incidence.breadth.astype(np.int64)

    @cached_property
    def _fit(self) -> tuple[Floats, Floats]:
        return fit_degrees(self.breadth, self.users)

    @property
    def reach(self) -> Floats:
        """Breadth corrected for what is used up, per account (see :func:`fit_degrees`)."""
        return self._fit[0]

    @property
    def pull(self) -> Floats:
        """Users corrected for accounts that can use an entity but once, per entity."""
        return self._fit[1]

    @cached_property
    def degree_class(self) -> Ints:
        """floor(log2 d), per entity; an entity that nobody here uses counts as class 0."""
        return np.floor(np.log2(np.maximum(self.users, 1))).astype(np.int64)

    @cached_property
    def class_sizes(self) -> Ints:
        """Entities per degree class."""
        return np.bincount(self.degree_class).astype(np.int64)

    @cached_property
    def counted(self) -> sp.csr_matrix:
        """Links to cells and names of groups: those to entities with two users or more, unless a lone one may matter.

        One user among s accounts with n links saves log2(D / (E n (s + 1))) bits at most, entity by entity, and
        nothing in a pool. So while D <= 6 E (less where reach and pull fall short of breadth and users) no such entity
        pays among two accounts or more, and what pays for a single account is less than its 3 bits of
        :func:`participation` and choice. Then it counts in the sums alone, and as a name of the group
        (``KindCounts.fewest``).
        """
        matrix = self.incidence.matrix
        kept = (self.users[matrix.indices] >= 2) | self.lone_may_pay
        ends = np.concatenate([[0], np.cumsum(kept)])[matrix.indptr]
        ones = np.ones(int(kept.sum()), dtype=np.int8)  # a byte a link: this matrix is read all the time
        return sp.csr_matrix((ones, matrix.indices[kept], ends), shape=matrix.shape)

    @property
    def stays(self) -> bool:
        """Whether what one member uses ties others: nobody can forge it, and it does not pass between strangers."""
        kind = self.incidence.kind
        return not (kind.forgeable or kind.window or kind.family == LEASED_FAMILY)

    @cached_property
    def lone_may_pay(self) -> bool:
        """Whether an entity that one member uses may be worth naming; see :attr:`counted`."""
        reach = (self.reach / np.maximum(self.breadth, 1))[self.breadth > 0].min(initial=1.0)
        pull = (self.pull / np.maximum(self.users, 1))[self.users > 0].min(initial=1.0)
        return bool(self.links > LONE_PAYS * self.entities * reach * pull)

    @property
    def entities(self) -> int:
        """E, how many entities the kind has."""
        return int(self.incidence.matrix.shape[1])


Observer = Callable[[Ints, Floats], None]  # told the sizes and the bits saved of groups as they are scored


@dataclass(frozen=True)
class World:
    """All accounts with the background of each kind: those of the graph in its order, then windows.

    ``observe`` sees every score; ``known`` keeps what :func:`linkage.rings.score.bits_of` scored. With ``few`` log-odds
    count what few share (:mod:`linkage.rings.few`).
    """

    accounts: int
    kinds: tuple[Background, ...]
    observe: Observer | None = None
    known: Known = field(default_factory=Known, compare=False)
    few: bool = False

    @property
    def families(self) -> list[str]:
        """The families present, by name."""
        return sorted({b.incidence.kind.family for b in self.kinds})

    @property
    def tying(self) -> np.ndarray:
        """Which families tie accounts to a group: not those of windows (one boolean a family)."""
        windows = {b.incidence.kind.family for b in self.kinds if b.incidence.kind.window}
        return np.array([family not in windows for family in self.families], dtype=bool)


def world_of(graph: AccountGraph, observe: Observer | None = None) -> World:
    """The background of a graph, with the windows of its creations and loads, in order of kind after all others.

    ``observe`` is told the bits of every group that is scored against it.
    """
    return World(graph.accounts, tuple(Background(i) for i in graph.kinds + windows_of(graph)), observe)


def ring_world(graph: AccountGraph) -> World:
    """The background of a graph as rings are measured against it: log-odds count what few share, too."""
    return replace(world_of(graph), few=True)


@dataclass(frozen=True)
class KindCounts:
    """One kind over G groups.

    Cells are the pairs of a group and an entity that two members use or more, or one, where a lone one may pay:
    ``group``, ``entity`` and ``k``, the members that use it, sorted by group, then entity. ``having`` is s_t, the
    members that have the kind, ``links`` n, all their links, and ``reach`` the sum of their reach, per group. Each link
    to a cell stands in ``link_cell`` and ``link_member`` (the membership, a number in 0..M-1), sorted by the latter;
    ``member_group``, ``member_breadth`` and ``member_reach`` are per membership. ``fewest`` and ``most`` are the users,
    per group, of those entities that one member alone uses: least and most; 0 where there are none.
    """

    group: Ints
    entity: Ints
    k: Ints
    having: Ints
    links: Ints
    reach: Floats
    link_cell: Ints
    link_member: Ints
    member_group: Ints
    member_breadth: Ints
    member_reach: Floats
    fewest: Ints
    most: Ints


@dataclass(frozen=True)
class Counts:
    """Everything the code length needs of G groups; ``size`` is s, per group."""

    size: Ints
    kinds: tuple[KindCounts, ...]


def count(world: World, groups: sp.csr_matrix) -> Counts:
    """Counts of groups given as a 0/1 matrix, groups x accounts; groups may overlap."""
    size = np.diff(groups.indptr).astype(np.int64)
    return Counts(size, tuple(_count_kind(background, groups, world.few) for background in world.kinds))


def _count_kind(background: Background, groups: sp.csr_matrix, few: bool) -> KindCounts:
    account = groups.indices
    member_group = rows_of(groups)
    chosen = background.counted[account]
    link_member, number = rows_of(chosen), groups.shape[0]
    ordered, order = _sorted(member_group[link_member] * background.entities + chosen.indices)
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    cells, k = ordered[starts], np.diff(starts, append=len(ordered))
    kept = (k >= 2) | background.lone_may_pay | (few and background.stays)
    link_cell = np.empty(len(order), dtype=np.int64)
    link_cell[order] = np.repeat(np.where(kept, np.cumsum(kept) - 1, -1), k)
    told = link_cell >= 0
    lone, cells, width = cells[k == 1], cells[kept], max(background.entities, 1)
    breadth, reach = background.breadth[account], background.reach[account]
    left_out = np.bincount(member_group, weights=breadth > np.diff(chosen.indptr), minlength=number) > 0
    fewest, most = _extremes(lone // width, background.users[lone % width], left_out)
    return KindCounts(
        group=cells // width,
        entity=cells % width,
        k=k[kept].astype(np.int64),
        having=np.bincount(member_group[breadth > 0], minlength=number),
        links=np.bincount(member_group, weights=breadth, minlength=number).astype(np.int64),
        reach=np.asarray(np.bincount(member_group, weights=reach, minlength=number), dtype=np.float64),
        link_cell=link_cell[told],
        link_member=link_member[told],
        member_group=member_group,
        member_breadth=breadth,
        member_reach=reach,
        fewest=fewest,
        most=most,
    )


def _sorted(keys: Ints) -> tuple[Ints, Ints]:
    """The keys (0 and more) in order, and where each of them was: with their places in one number they sort faster."""
    places = len(keys).bit_length()
    if int(keys.max(initial=0)).bit_length() + places > KEY_BITS:
        order = np.argsort(keys, kind="stable")
        return keys[order], order
    both = np.sort((keys << places) | np.arange(len(keys)))
    return both >> places, both & ((1 << places) - 1)


def _extremes(group: Ints, users: Ints, left_out: np.ndarray) -> tuple[Ints, Ints]:
    """The least and the most ``users`` of each group (sorted); 1 where an entity with one user is left out."""
    fewest, most = left_out.astype(np.int64), left_out.astype(np.int64)
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    if len(starts):
        found = group[starts]
        least = np.minimum.reduceat(users, starts)
        fewest[found] = np.where(left_out[found], 1, least)
        most[found] = np.maximum.reduceat(users, starts)
    return fewest, most


def distinct(numbers: Ints) -> Ints:
    """The numbers that occur, sorted, as np.unique has them.

    Sorting takes a tenth of the time of its hash table (numpy 2.4) at 10,000 numbers and a fortieth at 1,000,000 where
    most differ; a fifth where each occurs ten times in order.
    """
    ordered = np.sort(numbers)
    return np.asarray(ordered[np.diff(ordered, prepend=ordered[:1] - 1) != 0])


def rows_of(matrix: sp.csr_matrix) -> Ints:
    """Row of each stored element."""
    return np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))


def groups_of(labels: Ints, groups: int) -> sp.csr_matrix:
    """Labels per account (-1: in no group) as a 0/1 matrix, groups x accounts."""
    accounts = np.flatnonzero(labels >= 0)
    ones = np.ones(len(accounts), dtype=np.int64)
    matrix = sp.csr_matrix((ones, (labels[accounts], accounts)), shape=(groups, len(labels)))
    matrix.sort_indices()
    return matrix


def kept_labels(labels: Ints, kept: np.ndarray) -> Ints:
    """Labels (-1: in no group) without the groups that ``kept`` (one boolean a group) denies; numbers stay."""
    return np.where(np.append(kept, False)[labels], labels, -1).astype(np.int64)


def dense_labels(labels: Ints, smallest: int = 1) -> tuple[Ints, int]:
    """Renumber groups densely, dissolving those under ``smallest`` accounts; returns labels and number of groups."""
    sizes = np.bincount(labels[labels >= 0], minlength=1)
    kept = sizes >= max(smallest, 1)
    number = np.where(kept, np.cumsum(kept) - 1, -1)
    return np.append(number, -1)[labels].astype(np.int64), int(kept.sum())


def home_of(labels: Ints, groups: int, cluster: Ints) -> Ints:
    """The cluster of each group; ``labels`` and ``cluster`` are per account, and a group lies in one cluster."""
    home = np.zeros(groups, dtype=np.int64)
    home[labels[labels >= 0]] = cluster[labels >= 0]
    return home
