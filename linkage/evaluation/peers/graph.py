"""The account-entity graph as arrays, which every peer takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from linkage.evaluation.memberships import Labels

Floats = npt.NDArray[np.float64]


class NotRun(Exception):
    """A peer that can't be had here; its text is the reason, for the table."""


@dataclass(frozen=True)
class Bipartite:
    """Account-entity links as arrays: one entry a link; entities with one user are left out."""

    accounts: int
    account: Labels
    entity: Labels  # dense numbers from 0
    kind: Labels  # dense numbers from 0, over all links
    users: Labels  # d, accounts per entity
    bits: Floats  # log2(accounts with the kind / d)
    has: npt.NDArray[np.bool_]  # accounts x kinds: uses the kind at all, entities with one user counted

    @property
    def entities(self) -> int:
        """How many entities have links."""
        return int(self.entity.max(initial=-1)) + 1

    @property
    def kinds(self) -> int:
        """How many kinds have links, entities with one user counted."""
        return int(self.has.shape[1])

    def incidence(self) -> sp.csr_matrix:
        """The 0/1 matrix, accounts x entities."""
        ones = np.ones(len(self.account))
        return sp.csr_matrix((ones, (self.account, self.entity)), shape=(self.accounts, self.entities))

    def capped(self, cap: int) -> Bipartite:
        """Without the entities of more than ``cap`` accounts; entities are numbered anew."""
        kept = self.users <= cap
        _, dense = np.unique(self.entity[kept], return_inverse=True)
        account, kind, users = (a[kept] for a in (self.account, self.kind, self.users))
        return Bipartite(self.accounts, account, dense.astype(np.int64), kind, users, self.bits[kept], self.has)


def bipartite(links: pa.Table, accounts: int) -> Bipartite:
    """The graph of a links table over ``accounts`` numbered accounts; degrees are counted anew from the links.

    The order of rows does not matter.
    """
    links = links.sort_by([("account", "ascending"), ("entity", "ascending")])
    account = _ints(links, "account")
    _, entity = np.unique(_ints(links, "entity"), return_inverse=True)
    kind = np.asarray(pc.dictionary_encode(links["kind"]).combine_chunks().indices, dtype=np.int64)
    users = np.bincount(entity)[entity]
    has = np.zeros((accounts, int(kind.max(initial=-1)) + 1), dtype=np.bool_)
    has[account, kind] = True
    rarity = np.log2(has.sum(axis=0)[kind] / users)
    shared = users > 1
    _, dense = np.unique(entity[shared], return_inverse=True)
    return Bipartite(
        accounts, account[shared], dense.astype(np.int64), kind[shared], users[shared], rarity[shared], has
    )


def joined(left: Labels, right: Labels, nodes: int) -> Labels:
    """Connected components of ``nodes`` numbered nodes under the edges (left, right)."""
    network = sp.coo_matrix((np.ones(len(left)), (left, right)), shape=(nodes, nodes))
    _, label = connected_components(network, directed=False)
    return np.asarray(label, dtype=np.int64)


def _ints(table: pa.Table, column: str) -> Labels:
    return np.asarray(table[column].to_numpy(), dtype=np.int64)
