"""Get ready to search: numba takes half a second, in each process, to fetch compiled loops when they are first used."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from linkage.model import AccountGraph, Incidence, Kind
from linkage.rings.codelength import Ints
from linkage.rings.counts import world_of
from linkage.rings.decide import Limits
from linkage.rings.inside import rings_inside

SIZE = 24  # accounts of a ring


def ready_to_cut() -> None:
    """Cut a cluster of two rings, among strangers, so that all loops are there that search inside clusters."""
    account = np.arange(10 * SIZE)
    ringed = account < 2 * SIZE
    uses = {
        Kind("payment_method", "payment", False): account // 3,
        Kind("device", "device", True): np.where(ringed, account // SIZE, account),
        Kind("prompt_template", "content", True): np.where(ringed, 0, account),
    }
    graph = AccountGraph(len(account), tuple(_incidence(kind, account, used) for kind, used in uses.items()))
    world, limits = replace(world_of(graph), few=True), Limits(rounds=1, splits=1, smallest=3, shield=False)
    rings_inside(graph, world, np.where(ringed, 0, -1), _eighths, limits)


def _incidence(kind: Kind, account: Ints, used: Ints) -> Incidence:
    entities, column = np.unique(used, return_inverse=True)
    return Incidence(kind, sp.csr_matrix((np.ones(len(account), dtype=np.int64), (account, column))), entities)


def _eighths(part: AccountGraph) -> Ints:
    return 8 * np.arange(part.accounts)[None, :] // part.accounts
