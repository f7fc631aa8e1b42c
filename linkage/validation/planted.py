"""Rings of known strength, planted into a graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from linkage.model import AccountGraph, Incidence
from linkage.rings.codelength import Ints
from linkage.rings.counts import rows_of


@dataclass(frozen=True)
class Recipe:
    """A ring of ``size`` accounts: each of their links, in every kind, leads with chance ``share`` to its pool."""

    size: int
    share: float


MEMBERS_AN_ENTITY = 3  # size of a ring over that of its pool, which has two entities or more


def plant(graph: AccountGraph, recipes: Sequence[Recipe], dice: np.random.Generator) -> tuple[AccountGraph, Ints]:
    """The graph with one ring of each recipe, and the ring of each account (-1: none).

    Members are drawn at random, no account twice. A link that leads to the pool leaves the entity it led to; pools
    are new entities of the ring's own, so nothing but the planted links speaks for it.

    Raises:
        ValueError: the recipes need more accounts than there are.
    """
    sizes = [recipe.size for recipe in recipes]
    if sum(sizes) > graph.accounts:
        raise ValueError(f"{sum(sizes)} members do not fit into {graph.accounts} accounts")
    labels = np.full(graph.accounts, -1, dtype=np.int64)
    labels[dice.permutation(graph.accounts)[: sum(sizes)]] = np.repeat(np.arange(len(recipes)), sizes)
    number = 1 + max((int(kind.entities.max(initial=-1)) for kind in graph.kinds), default=-1)
    kinds = []
    for kind in graph.kinds:
        kinds.append(_planted(kind, recipes, labels, number, dice))
        number = 1 + int(kinds[-1].entities.max(initial=number - 1))
    return replace(graph, kinds=tuple(kinds)), labels


def _planted(
    kind: Incidence, recipes: Sequence[Recipe], labels: Ints, number: int, dice: np.random.Generator
) -> Incidence:
    pools = np.array([max(2, recipe.size // MEMBERS_AN_ENTITY) for recipe in recipes], dtype=np.int64)
    first = kind.matrix.shape[1] + np.concatenate([[0], np.cumsum(pools)[:-1]]).astype(np.int64)
    account, entity = rows_of(kind.matrix), kind.matrix.indices.astype(np.int64)
    ring = labels[account]
    chance = np.append([recipe.share for recipe in recipes], 0.0)[ring]
    moved = dice.random(len(account)) < chance
    drawn = first[ring] + (dice.random(len(account)) * pools[ring]).astype(np.int64)
    width = kind.matrix.shape[1] + int(pools.sum())
    pairs = np.unique(account * width + np.where(moved, drawn, entity))  # who draws an entity twice has one link less
    ones = np.ones(len(pairs), dtype=np.int64)
    matrix = sp.csr_matrix((ones, (pairs // width, pairs % width)), shape=(kind.matrix.shape[0], width))
    return Incidence(kind.kind, matrix, np.concatenate([kind.entities, number + np.arange(int(pools.sum()))]))
