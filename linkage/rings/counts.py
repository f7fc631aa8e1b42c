"""The numbers that a group's code length is made of: they add up when groups unite, so nothing is counted twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from linkage.config import LEASED_FAMILY
from linkage.model import AccountGraph, Incidence
from linkage.rings.codelength import Floats, Ints
from linkage.rings.compiled import Int32s, at_once, zeros
from linkage.rings.known import Known
from linkage.rings.rates import fit_degrees
from linkage.rings.tally import Links, counted, gathered
from linkage.rings.touching import Uses
from linkage.rings.windows import windows_of

Whole = TypeVar("Whole", bound=np.integer)

MANY = 10_000  # members of groups, from which on kinds are shared by threads: ten times what it takes to begin one
LONE_PAYS = 6  # links an entity, from which on one that a single member uses may pay: n (s + 1) for s = n = 2


class Degrees(NamedTuple):
    """What compiled loops score a kind by: D and E (1 at least), and per entity d, pull and degree class."""

    links: int
    entities: int
    users: Ints
    pull: Floats
    degree_class: Ints
    class_sizes: Ints


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

    @cached_property
    def linked(self) -> Links:
        """The links of :attr:`counted` for compiled loops."""
        start, entity = self.counted.indptr.astype(np.int64), self.counted.indices.astype(np.int32)
        return Links(start, entity, self.breadth, self.reach, self.users, self.lone_may_pay)

    @cached_property
    def degrees(self) -> Degrees:
        """The degrees of the kind for compiled loops."""
        sizes = max(self.links, 1), max(self.entities, 1)
        return Degrees(*sizes, self.users, self.pull, self.degree_class, self.class_sizes)

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

    @cached_property
    def entities(self) -> int:
        """E, how many entities the kind has."""
        return self.width

    @property
    def width(self) -> int:
        """How many entities are numbered here: E, or fewer (:meth:`among`)."""
        return int(self.incidence.matrix.shape[1])

    def among(self, accounts: Ints) -> Background:
        """The kind over some accounts, in their order: their links that are counted, all degrees those over everybody.

        Entities that none of them uses are not numbered.
        """
        matrix = self.counted[accounts]
        used = distinct(matrix.indices)
        column = np.searchsorted(used, matrix.indices)
        matrix = sp.csr_matrix((matrix.data, column, matrix.indptr), shape=(len(accounts), len(used)))
        part = Background(Incidence(self.incidence.kind, matrix, self.incidence.entities[used]))
        vars(part).update(
            counted=matrix, breadth=self.breadth[accounts], users=self.users[used], links=self.links,
            _fit=(self.reach[accounts], self.pull[used]), degree_class=self.degree_class[used],
            class_sizes=self.class_sizes, entities=self.entities, lone_may_pay=self.lone_may_pay,
        )  # fmt: skip
        return part


Observer = Callable[[Ints, Floats], None]  # told the sizes and the bits saved of groups as they are scored


@dataclass(frozen=True)
class World:
    """All accounts with the background of each kind: those of the graph in its order, then windows, always last.

    ``who`` numbers the accounts that are here in the whole graph, where they are not all (:meth:`among`). ``observe``
    sees every score; ``known`` keeps what :func:`linkage.rings.score.bits_of` scored. With ``few`` log-odds count what
    few share (:mod:`linkage.rings.few`). Nothing depends on how many ``threads`` score.
    """

    accounts: int
    kinds: tuple[Background, ...]
    observe: Observer | None = None
    known: Known = field(default_factory=Known, compare=False)
    few: bool = False
    threads: int = field(default=1, compare=False)
    who: Ints | None = None

    def among(self, accounts: Ints) -> World:
        """Some accounts, in their order, as they are among all: what they alone need lies side by side."""
        who = accounts if self.who is None else self.who[accounts]
        return replace(self, kinds=tuple(b.among(accounts) for b in self.kinds), who=who)

    @property
    def here(self) -> int:
        """How many accounts are here, of all ``accounts``."""
        return self.accounts if self.who is None else len(self.who)

    @cached_property
    def uses(self) -> Uses:
        """The links of all kinds for compiled loops: those that are counted, as profiles have no others."""
        every = sp.hstack([b.counted for b in self.kinds], format="csr")
        first = np.cumsum([0] + [b.width for b in self.kinds])
        tying = sum(b.width for b in self.kinds if not b.incidence.kind.window)
        breadth = np.stack([b.breadth.astype(np.int32) for b in self.kinds], axis=1)
        return Uses(every.indptr.astype(np.int64), every.indices.astype(np.int32), first, tying, breadth)

    def prepared(self) -> tuple[Background, ...]:
        """The kinds with what compiled loops read of them: made once, not by each thread."""
        for background in self.kinds:
            background.linked, background.degrees  # noqa: B018  reading makes and keeps them
        return self.kinds

    def threads_for(self, members: int) -> int:
        """How many threads may share the kinds of groups with so many members."""
        return self.threads if members >= MANY else 1

    @cached_property
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


class KindCounts(NamedTuple):
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
    link_cell: Int32s
    link_member: Int32s
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


def count(world: World, groups: sp.csr_matrix, linked: tuple[Links, ...] | None = None) -> Counts:
    """Counts of groups given as a 0/1 matrix, groups x accounts; groups may overlap.

    With ``linked``, the links of each kind, these are other accounts than the world's (:func:`members_alone`).
    """
    start, account = groups.indptr.astype(np.int64), groups.indices.astype(np.int64)

    def of_kind(part: tuple[Background, Links]) -> KindCounts:
        background, links = part
        links = links._replace(alone=links.alone or (world.few and background.stays))
        return KindCounts(*counted(start, account, links, zeros(background.width)))

    kinds = world.prepared()
    parts = zip(kinds, linked or [background.linked for background in kinds], strict=True)
    return Counts(np.diff(start), tuple(at_once(of_kind, parts, world.threads_for(len(account)))))


def members_alone(world: World, groups: sp.csr_matrix) -> tuple[tuple[Links, ...], sp.csr_matrix]:
    """The links of the members of groups that do not overlap, group after group, and the groups in this numbering.

    What is counted again and again, as members of one union after the other, is read twice as fast side by side.
    """
    links = tuple(gathered(b.linked, groups.indices.astype(np.int64)) for b in world.prepared())
    places = np.arange(groups.nnz)
    return links, sp.csr_matrix((groups.data, places, groups.indptr), shape=(groups.shape[0], len(places)))


def distinct(numbers: npt.NDArray[Whole]) -> npt.NDArray[Whole]:
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
