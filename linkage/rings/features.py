"""What a ring looks like, kind by kind and family by family: the numbers that verdicts are made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from linkage.rings.codelength import Floats, Ints
from linkage.rings.counts import Background, Counts, KindCounts, World, distinct
from linkage.rings.loads import Evenness
from linkage.rings.score import KindScore, Score
from linkage.rings.told import Told

BURST = 3600.0  # seconds: sign-ups by a person come days apart, a script's within minutes
RUSH = 60.0  # seconds: about what one person takes to sign up once
QUARTER = 900.0  # seconds; midnight is a whole quarter of an hour (UTC) in every zone
ROUNDED = 0.9  # share of whole quarters from which times are dates or hours; of true times one in 900 is


@dataclass(frozen=True)
class FamilyView:
    """One family over G rings, by its kind with the most bits; every field has one number a ring.

    ``bits``; ``present``: share of members that have the kind; ``join``: share of those that take part in the profile;
    ``purity``: share of their links that lead into it; ``several``: share of them that use two entities of it or more;
    ``top``: members on the busiest entity; ``entities``: size of the profile; ``exclusive``: share of the profile's
    users everywhere who are members. ``meeting``: share of all members that use an entity which another one uses, too,
    in the profile or not, and ``places``, how many such entities there are. ``web``: share of the members in the
    profile who hang together, each by an entity in common with the next: nearly all where they draw on one pool, few
    where each home, shop or team has its own. ``firm``: 1 where nobody can plant the kind on a stranger for free,
    else 0.
    """

    bits: Floats
    present: Floats
    join: Floats
    purity: Floats
    top: Floats
    entities: Floats
    exclusive: Floats
    several: Floats
    meeting: Floats
    places: Floats
    web: Floats
    firm: Floats

    @property
    def known(self) -> np.ndarray:
        """Rings of which at least half the members have the kind."""
        return np.asarray(self.present >= 0.5)


@dataclass(frozen=True)
class Members:
    """What is known of a ring's members one by one, per ring.

    ``burst`` and ``rush`` are the shares created within the ring's busiest hour and minute (0 where creations are not
    known), ``support`` the share tied by a family other than the ring's strongest, ``even`` how alike their loads are,
    ``heavy`` how many times the load of all accounts theirs is (medians; 0: not known).
    """

    burst: Floats
    rush: Floats
    support: Floats
    even: Evenness
    heavy: Floats


@dataclass(frozen=True)
class Features:
    """``size`` and total ``bits`` per ring, a view of each family that the world has, what its members tell, and what
    the user told.

    ``whole``: of the members who use payment methods or addresses of the profile, the largest share that hangs together
    by these; 0 where there are none.
    """

    size: Floats
    bits: Floats
    families: dict[str, FamilyView]
    members: Members
    told: Told
    whole: Floats

    def family(self, name: str) -> FamilyView:
        """The view of a family; zeros where the world has no kind of it."""
        none = np.zeros(len(self.size))
        return self.families.get(name, FamilyView(*([none] * len(FamilyView.__dataclass_fields__))))


def features_of(world: World, counts: Counts, scored: Score, members: Members, told: Told) -> Features:
    """Features of the counted groups; windows are none."""
    size = counts.size.astype(np.float64)
    views: dict[str, FamilyView] = {}
    for background, numbers, kind in zip(world.kinds, counts.kinds, scored.kinds, strict=True):
        family = background.incidence.kind.family
        if background.incidence.kind.window:
            continue
        view = _view(background, numbers, kind, size)
        views[family] = _stronger(views[family], view) if family in views else view
    bits = np.asarray(scored.family_bits[world.tying].sum(axis=0))
    return Features(size, bits, views, members, told, _whole(world, counts, scored))


def _view(background: Background, counts: KindCounts, scored: KindScore, size: Floats) -> FamilyView:
    groups, chosen = len(size), scored.chosen
    cells = counts.group[chosen]
    inside = np.bincount(cells, weights=counts.k[chosen], minlength=groups)
    everywhere = np.bincount(cells, weights=background.users[counts.entity[chosen]], minlength=groups)
    top = np.zeros(groups)
    np.maximum.at(top, cells, counts.k[chosen])
    taking_part = np.where(scored.bits > 0, scored.joining, 0)
    return FamilyView(
        bits=scored.bits,
        present=counts.having / np.maximum(size, 1),
        join=taking_part / np.maximum(counts.having, 1),
        purity=inside / np.maximum(np.where(scored.bits > 0, scored.links, 0), 1),
        top=top,
        entities=np.bincount(cells, minlength=groups).astype(np.float64),
        exclusive=inside / np.maximum(everywhere, 1),
        several=_several(counts, chosen, groups),
        meeting=_using(counts, counts.k >= 2, groups, 1) / np.maximum(size, 1),
        places=np.bincount(counts.group[counts.k >= 2], minlength=groups).astype(np.float64),
        web=_web([(counts, chosen)], groups),
        firm=np.full(groups, 0.0 if background.incidence.kind.forgeable else 1.0),
    )


def _several(counts: KindCounts, chosen: np.ndarray, groups: int) -> Floats:
    """Share of the members with any of the chosen entities that have two of them or more, per group."""
    return np.asarray(_using(counts, chosen, groups, 2) / np.maximum(_using(counts, chosen, groups, 1), 1))


def _whole(world: World, counts: Counts, scored: Score) -> Floats:
    """The largest share of each group's users that payment methods and addresses connect."""
    parts = zip(world.kinds, counts.kinds, scored.kinds, strict=True)
    firm = [(numbers, kind.chosen) for b, numbers, kind in parts if b.incidence.kind.family in ("payment", "network")]
    return _web(firm, len(counts.size)) if firm else np.zeros(len(counts.size))


def _web(kinds: list[tuple[KindCounts, np.ndarray]], groups: int) -> Floats:
    """The largest share of a group's users of the chosen entities (of each kind) whom these connect, per group."""
    group = kinds[0][0].member_group
    member, cell, nodes = [], [], len(group)
    for counts, chosen in kinds:
        links = chosen[counts.link_cell]
        member.append(counts.link_member[links])
        cell.append(nodes + counts.link_cell[links])
        nodes += len(chosen)
    ends = (np.concatenate(member), np.concatenate(cell))
    pairs = sp.coo_matrix((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(nodes, nodes))
    _, part = connected_components(pairs, directed=False)
    used = distinct(ends[0])
    widths = np.bincount(part[used], minlength=1)
    widest = np.zeros(groups)
    np.maximum.at(widest, group[used], widths[part[used]])
    return np.asarray(widest / np.maximum(np.bincount(group[used], minlength=groups), 1))


def _using(counts: KindCounts, cells: np.ndarray, groups: int, least: int) -> Ints:
    """Members that use at least so many of the marked cells, per group."""
    used = np.bincount(counts.link_member[cells[counts.link_cell]], minlength=len(counts.member_group))
    return np.bincount(counts.member_group[used >= least], minlength=groups)


def _stronger(a: FamilyView, b: FamilyView) -> FamilyView:
    second = b.bits > a.bits
    pairs = [(getattr(a, name), getattr(b, name)) for name in FamilyView.__dataclass_fields__]
    return FamilyView(*(np.where(second, y, x) for x, y in pairs))


def with_clock(created: np.ndarray | None) -> np.ndarray | None:
    """The creations (seconds since 1970, NaN: not known), or None where the logs hold dates or hours only.

    All who signed up on one day would then seem to have done so within one minute.
    """
    known = np.array([]) if created is None else created[~np.isnan(created)]
    rounded = np.mean(known % QUARTER == 0) if len(known) else 1.0
    return None if rounded >= ROUNDED else created


def creation_burst(
    created: np.ndarray | None, account: Ints, group: Ints, groups: int, window: float = BURST
) -> Floats:
    """Share of each group's members created within its busiest ``window`` (seconds); an unknown creation is outside.

    ``created`` is in seconds per account of the world, ``account`` and ``group`` are the memberships.
    """
    busiest = np.zeros(groups)
    size = np.maximum(np.bincount(group, minlength=groups), 1)
    if created is None or len(account) == 0:
        return busiest
    known = ~np.isnan(created[account])
    seconds, ring = created[account[known]], group[known]
    order = np.lexsort((seconds, ring))
    seconds, ring = seconds[order] - seconds.min(initial=np.inf), ring[order]
    line = ring * (seconds.max(initial=0.0) + 2 * window) + seconds
    first = np.searchsorted(line, line - window, side="left")
    np.maximum.at(busiest, ring, np.arange(len(ring)) - first + 1)
    return np.asarray(busiest / size)


def support(member_bits: Floats, family_rows: list[Ints], strongest: Ints, group: Ints, groups: int) -> Floats:
    """Share of each ring's members whom some family other than the ring's strongest ties to it.

    ``member_bits`` (kinds x members) are log-odds by kind, ``family_rows`` the kinds of each family, ``strongest`` the
    strongest family per ring, ``group`` the ring of each member.
    """
    tied = np.zeros(len(group), dtype=bool)
    for number, rows in enumerate(family_rows):
        tied |= (member_bits[rows].max(axis=0) > 0) & (strongest[group] != number)
    return np.bincount(group[tied], minlength=groups) / np.maximum(np.bincount(group, minlength=groups), 1)
