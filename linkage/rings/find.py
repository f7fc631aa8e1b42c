"""The rings of a graph: candidates in, tables of rings out."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import pyarrow as pa

from linkage.config import CONTENT_FAMILY, LEASED_FAMILY
from linkage.model import AccountGraph, BystanderReason, Verdict
from linkage.rings.codelength import Floats, Ints
from linkage.rings.counts import Counts, Observer, World, count, dense_labels, groups_of, kept_labels, world_of
from linkage.rings.crowds import set_apart
from linkage.rings.decide import Limits, decide, still_saving
from linkage.rings.features import BURST, RUSH, Features, Members, creation_burst, features_of, support, with_clock
from linkage.rings.framing import Ties, by_forgeable, fresh_in, plantable
from linkage.rings.gates import NOBODY, by_account, gates, homes, tree_of
from linkage.rings.inside import REJOINED, cut_again, rings_inside
from linkage.rings.loads import evenness, heaviness
from linkage.rings.merge import merge
from linkage.rings.profile import Pairs, Profiles, member_pairs, profiles, touching_pairs
from linkage.rings.refine import reach, refine
from linkage.rings.score import Score, score
from linkage.rings.split import Proposer
from linkage.rings.strays import strays
from linkage.rings.tables import Found, by_family, no_rings, ring_tables
from linkage.rings.told import told_of
from linkage.rings.unions import Behind
from linkage.rings.verdicts import HALF, Grounds, Verdicts, is_ring, judge
from linkage.rings.vouched import vouched_for
from linkage.rings.windows import PARTS, window_table


@dataclass(frozen=True)
class Tied:
    """Groups, given as dense labels, and what ties their members; memberships are ``pairs``, one row of bits a kind.

    ``support`` is the share of members tied by a family other than the group's strongest.
    """

    labels: Ints
    counts: Counts
    scored: Score
    made: Profiles
    pairs: Pairs
    support: Floats


@dataclass(frozen=True)
class Judged(Tied):
    """Groups with their verdicts and what these stand on."""

    features: Features
    verdicts: Verdicts


@dataclass(frozen=True)
class Measured(Judged):
    """Groups with everything that is known of them.

    ``plantable``, one boolean a pair, are members of suspect groups who could be strangers with planted values;
    ``astray`` those by one family alone, of whom there are too many to be evaders; ``at_home`` homes that hang on one
    thing.
    """

    plantable: np.ndarray
    astray: np.ndarray
    at_home: np.ndarray

    def beside(self, shield: bool) -> dict[BystanderReason, np.ndarray]:
        """Who is a bystander however many families tie it, and why; ``shield``: those who could have been framed, too.

        One boolean a pair for each reason.
        """
        return {
            BystanderReason.ONE_FAMILY: self.astray,
            BystanderReason.HOME: self.at_home,
            BystanderReason.PLANTABLE: self.plantable & shield,
        }


def find_rings(
    graph: AccountGraph, partitions: Ints, propose: Proposer, limits: Limits, observe: Observer | None = None
) -> dict[str, pa.Table]:
    """Tables of the rings by name: rings, members, affiliations, evidence, pools, profiles, windows (see model).

    ``partitions`` (proposals x accounts) are the candidates of the whole graph; ``propose`` gives those of a part. The
    result depends on nothing else; ``observe`` only looks on (see :class:`World`).
    """
    if not graph.kinds:
        return no_rings()
    world = replace(world_of(graph, observe), threads=limits.workers.number)
    clusters = decide(graph, world, partitions, propose, limits)
    world = replace(world, few=True)  # not before: what a card ties to a crowd keeps the crowd together
    cells = rings_inside(graph, world, clusters, propose, limits)
    rings = refine(world, cells, 1, limits.smallest)
    behind = Behind(world.families, LEASED_FAMILY, CONTENT_FAMILY, tuple(PARTS))
    for _ in range(REJOINED):
        rings = reach(world, merge(world, rings, behind), limits.smallest)
    rings = cut_again(graph, world, rings, cells, propose, limits, behind)
    found = judged(graph, world, supported(world, rings, limits.smallest))
    kept = is_ring(found.features, found.support, found.verdicts, forgeable_families(world))
    labels = refine(world, _without(found.labels, kept), 1, limits.smallest)
    del found  # what comes needs its room
    labels = still_saving(world, without_strangers(world, labels, limits.smallest), limits.smallest)
    tables = ring_tables(world, _found(world, measure(graph, world, labels), clusters, limits.shield))
    return tables | {"windows": window_table(graph)}


def forgeable_families(world: World) -> list[str]:
    """Families of which every kind is freely forgeable."""
    firm = {b.incidence.kind.family for b in world.kinds if not b.incidence.kind.forgeable}
    return [family for family in world.families if family not in firm]


def family_rows(world: World) -> list[Ints]:
    """The kinds (as rows) of each family, in order of family."""
    families = [b.incidence.kind.family for b in world.kinds]
    return [np.flatnonzero([f == family for f in families]) for family in world.families]


def supported(world: World, labels: Ints, smallest: int) -> Ints:
    """Labels after a look at groups of which under half the members are tied by a family other than the strongest.

    Refined again and again, a ring draws in strangers that share one thing with it, the more the more there are. As one
    group they accuse nobody; so those whom several families tie are set apart.
    """
    labels, _ = dense_labels(labels, smallest)
    t = _tied(replace(world, observe=None), labels)  # they are scored when judged
    return set_apart(world, labels, t.support < HALF, t.scored.strongest, smallest)


def without_strangers(world: World, labels: Ints, smallest: int) -> Ints:
    """Labels of groups that are :func:`supported`, without those members whom one family brought in, and nothing else.

    Where there are more of them than hide behind the other families (:func:`linkage.rings.strays.strays`), they own a
    popular device or send a popular prompt. Those on the addresses of the group remain: they may be customers of its
    network; and those for whom the time speaks when they were made, or their load.
    """
    labels, groups = dense_labels(labels, smallest)
    t = _tied(replace(world, observe=None), labels)  # who remains is scored when judged
    loose = t.support < HALF
    tied = _tying_families(world, t.pairs)
    by_lease = tied[[family == LEASED_FAMILY for family in _tying_names(world)]].any(axis=0)
    by_window = t.pairs.bits[:-1][[b.incidence.kind.window for b in world.kinds]].sum(axis=0) > 0
    gone = strays(tied, t.pairs.group, groups) & ~by_lease & ~by_window & ~loose[t.pairs.group]
    labels = labels.copy()
    labels[t.pairs.account[gone]] = -1
    return set_apart(world, labels, loose, t.scored.strongest, smallest)


def _tied(world: World, labels: Ints) -> Tied:
    """What ties the members of groups, given as dense labels."""
    groups = int(labels.max(initial=-1)) + 1
    counts = count(world, groups_of(labels, groups))
    scored = score(world, counts)
    made = profiles(world, counts, scored)
    account = np.flatnonzero(labels >= 0).astype(np.int64)
    pairs = member_pairs(world, made, account, labels[account])
    held = support(_tying_bits(world, pairs), family_rows(world), scored.strongest, pairs.group, groups)
    return Tied(labels, counts, scored, made, pairs, held)


def judged(graph: AccountGraph, world: World, labels: Ints) -> Judged:
    """Verdicts of groups given as labels per account (-1: in none); ``world`` is the background of ``graph``.

    Groups are numbered densely in the order of their labels, in every field.
    """
    labels, groups = dense_labels(labels)
    t = _tied(world, labels)
    told = told_of(graph.known, world, t.counts, t.scored, labels)
    members = _members(graph, t.pairs.account, t.pairs.group, t.support)
    features = features_of(world, t.counts, t.scored, members, told)
    forgeable = forgeable_families(world)
    firm = sum((v.bits for name, v in features.families.items() if name not in forgeable), np.zeros(groups))
    verdicts = judge(features, Grounds(t.support, firm))
    return Judged(**vars(t), features=features, verdicts=verdicts)


def measure(graph: AccountGraph, world: World, labels: Ints) -> Measured:
    """What is known of groups: their verdicts (:func:`judged`), and which of the accused need not be what they seem."""
    found = judged(graph, world, labels)
    suspect = np.array([verdict == Verdict.SUSPECT for verdict in found.verdicts.verdict], dtype=bool)
    accused = suspect[found.pairs.group]
    marks = np.zeros((3, len(accused)), dtype=bool)
    if accused.any():
        marks[:, accused] = _not_what_they_seem(graph, world, found, suspect)
    return Measured(*(getattr(found, field.name) for field in fields(Judged)), *marks)


def _not_what_they_seem(graph: AccountGraph, world: World, found: Judged, suspect: np.ndarray) -> np.ndarray:
    """Members of the suspect groups who could have been framed, are astray, or at home: one row of booleans each."""
    labels, groups = dense_labels(kept_labels(found.labels, suspect))
    accused, everyone = suspect[found.pairs.group], found.pairs.account
    pairs = Pairs(everyone[accused], labels[everyone[accused]], found.pairs.bits[:, accused])
    quiet = replace(world, observe=None)  # these groups were scored before
    counts = count(quiet, groups_of(labels, groups))
    scored = score(quiet, counts)
    made = profiles(world, counts, scored)
    ties = Ties(counts, scored, made, pairs, np.ones(groups, dtype=bool), fresh_in(graph), everyone)
    tree = tree_of(world, counts, scored, made)
    gate = gates(tree)
    framed, astray = plantable(world, labels, ties, gate), _astray(world, ties)
    framed &= _framed_in_all(quiet, labels, ties, by_account(gate, pairs.group))
    at_home, cleared = _at_home(world, ties, homes(tree)), np.full(world.accounts, -1, dtype=np.int64)
    cleared[pairs.account] = np.where(framed | astray | at_home, -1, pairs.group)
    tied = np.full(world.accounts, -1, dtype=np.int64)
    tied[pairs.account] = np.where(by_forgeable(world, pairs), pairs.group, -1)
    return np.stack([framed & ~vouched_for(world, cleared, tied)[pairs.account], astray, at_home])


def _framed_in_all(world: World, labels: Ints, ties: Ties, gate: Ints) -> np.ndarray:
    """Which members could be strangers with planted values, when all groups are taken as one: by account.

    The rings of one operator share cards and prompts. Addresses clear nobody so, as many strangers rent where some ring
    does; and to be of its own group is as unlikely as it was. ``gate`` is that in the own group, which counts before
    one in all of them.
    """
    together = _tied(world, np.where(labels >= 0, 0, -1))
    known = together.counts, together.scored, together.made
    pairs = replace(together.pairs, bits=np.vstack([together.pairs.bits[:-1], ties.pairs.bits[-1:]]))
    in_all = gates(tree_of(world, *known))
    whole = Ties(*known, pairs, np.ones(1, dtype=bool), ties.fresh, ties.everyone, as_one=True)
    return plantable(world, together.labels, whole, np.where(gate == NOBODY, in_all, gate))


def _astray(world: World, ties: Ties) -> np.ndarray:
    return strays(_tying_families(world, ties.pairs), ties.pairs.group, len(ties.counts.size))


def _at_home(world: World, ties: Ties, home: np.ndarray) -> np.ndarray:
    found = np.zeros(world.accounts, dtype=bool)
    by_group = ties.pairs.account[np.argsort(ties.pairs.group, kind="stable")]
    found[by_group] = home
    return np.asarray(found[ties.pairs.account])


def _members(graph: AccountGraph, account: Ints, group: Ints, held: Floats) -> Members:
    created = with_clock(graph.created)
    burst, rush = (creation_burst(created, account, group, len(held), window) for window in (BURST, RUSH))
    loads = (graph.loads, account, group, len(held))
    return Members(burst, rush, held, evenness(*loads), heaviness(*loads))


def _tying_bits(world: World, pairs: Pairs) -> Floats:
    """Bits by kind without the prior, 0 for windows: they tie nobody."""
    windows = np.array([b.incidence.kind.window for b in world.kinds])
    return np.asarray(np.where(windows[:, None], 0.0, pairs.bits[:-1]))


def _tying_families(world: World, pairs: Pairs) -> np.ndarray:
    """Which families tie each pair (families x pairs), windows apart; in the order of :func:`_tying_names`."""
    return np.asarray(by_family(world, _tying_bits(world, pairs))[world.tying] > 0)


def _tying_names(world: World) -> list[str]:
    return [family for family, ties in zip(world.families, world.tying, strict=True) if ties]


def _without(labels: Ints, kept: np.ndarray) -> Ints:
    return dense_labels(kept_labels(labels, kept))[0]


def _found(world: World, m: Measured, clusters: Ints, shield: bool) -> Found:
    cluster = _cluster_of(m.pairs.group, clusters[m.pairs.account], len(m.counts.size))
    others = touching_pairs(world, m.made, m.labels)
    further = (others.total > 0) & (m.labels[others.account] >= 0) & (m.labels[others.account] != others.group)
    affiliations = Pairs(others.account[further], others.group[further], others.bits[:, further])
    rest = (affiliations, m.verdicts, m.support, cluster)
    return Found(m.counts, m.scored, m.made, m.pairs, m.plantable, m.beside(shield), shield, *rest)


def _cluster_of(ring: Ints, cluster: Ints, rings: int) -> Ints:
    """The cluster that most members of each ring come from; ties go to the lower number."""
    width = int(cluster.max(initial=0)) + 2
    cells, members = np.unique(ring * width + cluster + 1, return_counts=True)
    order = np.lexsort((cells, -members, cells // width))
    first = np.unique((cells // width)[order], return_index=True)[1]
    found = np.zeros(rings, dtype=np.int64)
    found[(cells // width)[order][first]] = (cells % width)[order][first] - 1
    return np.where(found >= 0, found, width + np.arange(rings))
