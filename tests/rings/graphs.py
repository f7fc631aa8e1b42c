"""Small worlds to try the method on: hand-made ones, ones that chance alone made, and ones with planted rings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from linkage.communities import inner_proposer, proposer
from linkage.config import Proposers
from linkage.model import AccountGraph, Incidence, Kind
from linkage.rings import Limits, find_rings

PAYMENT = Kind("payment_method", "payment", False)
NETWORK = Kind("ip", "network", False)
DEVICE = Kind("device", "device", True)
CONTENT = Kind("prompt_template", "content", True)
LIMITS = Limits(rounds=3, splits=2, smallest=3, shield=False)

Links = Iterable[tuple[int, int]]  # (account, entity)


def graph_of(accounts: int, links: Sequence[tuple[Kind, Links]]) -> AccountGraph:
    """A graph from the links of each kind; entities are numbered kind after kind."""
    made, offset = [], 0
    for kind, given in links:
        pairs = np.array(sorted(set(given)), dtype=np.int64).reshape(-1, 2)
        entities, column = np.unique(pairs[:, 1], return_inverse=True)
        ones = np.ones(len(pairs), dtype=np.int64)
        matrix = sp.csr_matrix((ones, (pairs[:, 0], column)), shape=(accounts, len(entities)))
        made.append(Incidence(kind, matrix, entities + offset))
        offset += int(pairs[:, 1].max(initial=-1)) + 1
    return AccountGraph(accounts, tuple(made))


def renumbered(graph: AccountGraph, order: np.ndarray) -> AccountGraph:
    """The same graph with account ``order[i]`` renamed to i."""
    return AccountGraph(graph.accounts, tuple(Incidence(i.kind, i.matrix[order], i.entities) for i in graph.kinds))


def heavy_tailed(dice: np.random.Generator, entities: int) -> np.ndarray:
    """Chances of entities, Zipf-like: a few are everybody's, most are rare."""
    weights = 1 / np.arange(1, entities + 1) ** 0.9
    return np.asarray(dice.permutation(weights / weights.sum()))


def chance_links(dice: np.random.Generator, breadth: np.ndarray, chances: np.ndarray) -> list[tuple[int, int]]:
    """Links that fall by popularity alone: account i draws ``breadth[i]`` entities."""
    account = np.repeat(np.arange(len(breadth)), breadth)
    entity = dice.choice(len(chances), size=len(account), p=chances)
    return list(zip(account.tolist(), entity.tolist(), strict=True))


def chance_world(seed: int, accounts: int) -> AccountGraph:
    """Four kinds, accounts of unequal breadth, entities of unequal popularity, and nobody linked on purpose."""
    dice = np.random.default_rng(seed)
    links = []
    for kind, mean, per_account in ((PAYMENT, 1, 0.8), (NETWORK, 6, 1.5), (DEVICE, 2, 0.3), (CONTENT, 8, 0.5)):
        breadth = np.minimum(dice.geometric(1 / (mean + 1), accounts) - (kind is not NETWORK), 60)
        links.append((kind, chance_links(dice, breadth, heavy_tailed(dice, int(accounts * per_account)))))
    return graph_of(accounts, links)


class Town:
    """Accounts with ordinary lives, to plant rings among: own card, own and common addresses, devices, templates."""

    def __init__(self, seed: int, accounts: int) -> None:
        """Give each account a card of its own and links that fall by popularity."""
        self.dice = np.random.default_rng(seed)
        self.accounts = accounts
        self.links: dict[Kind, set[tuple[int, int]]] = {k: set() for k in (CONTENT, DEVICE, NETWORK, PAYMENT)}
        self.next: dict[Kind, int] = dict.fromkeys(self.links, 0)
        for kind, own, common, each in (
            (PAYMENT, 1, 0, 0),
            (NETWORK, 2, 300, 2),
            (DEVICE, 0, 200, 2),
            (CONTENT, 2, 400, 4),
        ):
            self.links[kind] |= {(a, e) for a in range(accounts) for e in self.fresh(kind, own)}
            if common:
                first = self.fresh(kind, common)[0]
                drawn = chance_links(self.dice, np.full(accounts, each), heavy_tailed(self.dice, common))
                self.links[kind] |= {(a, first + e) for a, e in drawn}

    def fresh(self, kind: Kind, entities: int) -> range:
        """Entities that nobody uses yet."""
        start = self.next[kind]
        self.next[kind] += entities
        return range(start, start + entities)

    def use(
        self, kind: Kind, accounts: Iterable[int], entities: Sequence[int], each: int, *, only: bool = False
    ) -> None:
        """Each account draws ``each`` of the entities; ``only``: it uses nothing else of the kind."""
        chosen = set(accounts)
        if only:
            self.links[kind] = {(a, e) for a, e in self.links[kind] if a not in chosen}
        for account in sorted(chosen):
            drawn = self.dice.choice(len(entities), size=each, replace=False)
            self.links[kind] |= {(account, entities[int(i)]) for i in drawn}

    def plant(self, members: Sequence[int], evaders: int = 0) -> None:
        """A ring: one card for four accounts (``evaders`` keep their own), its addresses, its templates."""
        self.use(PAYMENT, members[evaders:], self.fresh(PAYMENT, max(len(members) // 4, 1)), 1, only=True)
        self.use(NETWORK, members, self.fresh(NETWORK, max(len(members) // 3, 3)), 3, only=True)
        self.use(CONTENT, members, self.fresh(CONTENT, 8), 4, only=True)

    def graph(self) -> AccountGraph:
        """The town as a graph."""
        return graph_of(self.accounts, [(kind, self.links[kind]) for kind in (DEVICE, NETWORK, PAYMENT, CONTENT)])


def found_in(graph: AccountGraph, settings: Proposers | None = None, seed: int = 1) -> dict[str, pa.Table]:
    """The tables of find_rings with the proposers of the whole job."""
    chosen = settings or Proposers()
    partitions = proposer(chosen, chosen.resolutions, seed)(graph)
    inside = inner_proposer(chosen, seed)
    return find_rings(graph, partitions, inside, LIMITS)


def ring_of(tables: dict[str, pa.Table], accounts: int) -> np.ndarray:
    """Ring of each account, -1: none."""
    labels = np.full(accounts, -1, dtype=np.int64)
    labels[tables["members"]["account"].to_numpy()] = tables["members"]["ring"].to_numpy()
    return labels


def b_cubed(true: dict[int, str], found: np.ndarray) -> tuple[float, float]:
    """Precision and recall over the accounts of ``true``: its groups against the found ones, account by account."""
    precision, recall = [], []
    for account, group in true.items():
        beside = {int(a) for a in np.flatnonzero(found == found[account])} if found[account] >= 0 else {account}
        mates = {a for a, g in true.items() if g == group}
        precision.append(len(beside & mates) / len(beside))
        recall.append(len(beside & mates) / len(mates))
    return sum(precision) / len(true), sum(recall) / len(true)
