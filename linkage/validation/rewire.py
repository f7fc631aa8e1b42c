"""Graphs that chance made: every account keeps its breadth and every entity its users, who uses what is drawn anew."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from linkage.model import AccountGraph, Incidence
from linkage.rings.codelength import Ints
from linkage.rings.counts import rows_of
from linkage.validation.nested import Nesting, nestings

ROUNDS = 20  # each tries every link once; after five, no more observed links are left than chance leaves


def rewired(graph: AccountGraph, seed: int) -> AccountGraph:
    """The graph with its links drawn anew, kind by kind, with all degrees kept.

    A kind that follows from another of its family (a subnet from the address) follows from that kind's new links: then
    each coarse entity keeps how many links of the finer kind lie in it, and its users change a little.
    """
    dice = np.random.default_rng(seed)
    follows = {n.coarse: n for n in nestings(graph)}
    made: list[Incidence | None] = [None if i in follows else _drawn(k, dice) for i, k in enumerate(graph.kinds)]
    return AccountGraph(graph.accounts, tuple(
        kind if kind is not None else _followed(graph, made, i, follows) for i, kind in enumerate(made)
    ), graph.created, graph.loads)  # fmt: skip


def _drawn(kind: Incidence, dice: np.random.Generator) -> Incidence:
    accounts, entities = kind.matrix.shape
    account = rows_of(kind.matrix)
    entity = swapped(account, kind.matrix.indices.astype(np.int64), entities, dice)
    ones = np.ones(len(account), dtype=np.int64)
    return Incidence(kind.kind, sp.csr_matrix((ones, (account, entity)), shape=(accounts, entities)), kind.entities)


def _followed(
    graph: AccountGraph, made: list[Incidence | None], kind: int, follows: dict[int, Nesting]
) -> Incidence:
    nesting, coarse = follows[kind], graph.kinds[kind]
    fine = made[nesting.fine]
    fine = fine if fine is not None else _followed(graph, made, nesting.fine, follows)
    ones = np.ones(len(nesting.within), dtype=np.int64)
    shape = (fine.matrix.shape[1], coarse.matrix.shape[1])
    image = (fine.matrix @ sp.csr_matrix((ones, (np.arange(shape[0]), nesting.within)), shape=shape)).tocsr()
    image.sort_indices()
    image.data[:] = 1
    return Incidence(coarse.kind, image, coarse.entities)


def swapped(account: Ints, entity: Ints, entities: int, dice: np.random.Generator, rounds: int = ROUNDS) -> Ints:
    """New entities of the links of one kind, in the order given; all degrees are kept and no link occurs twice.

    A round pairs the links at random and exchanges the entities of each pair, if neither new link exists or is wished
    for by another pair, and no other pair wishes for one of its old links. Then a round and its reverse are equally
    likely, so after enough rounds every graph with these degrees is as likely as any other (Fosdick et al. 2018 on
    swaps one at a time).
    """
    entity = entity.copy()
    half = len(entity) // 2
    for _ in range(rounds if half else 0):
        order = dice.permutation(len(entity))
        one, two = order[:half], order[half : 2 * half]
        here = account * entities + entity
        wished = np.concatenate([account[one] * entities + entity[two], account[two] * entities + entity[one]])
        wishes, back, times = np.unique(wished, return_inverse=True, return_counts=True)
        free = (times[back] == 1) & ~np.isin(wished, here)
        asked_for = np.isin(here, wishes)
        going = free[:half] & free[half:] & ~asked_for[one] & ~asked_for[two]
        a, b = one[going], two[going]
        entity[a], entity[b] = entity[b], entity[a]
    return entity
