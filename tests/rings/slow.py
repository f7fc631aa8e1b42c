"""The code length and the log-odds once more, slowly: account by account, entity by entity, from the formulas alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from linkage.model import AccountGraph

RATIOS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 0.95)


@dataclass(frozen=True)
class SlowKind:
    """One kind: its family and the entities that each account uses."""

    name: str
    family: str
    uses: list[set[int]]

    @property
    def users(self) -> Counter[int]:
        return Counter(e for used in self.uses for e in used)

    @cached_property
    def fitted(self) -> tuple[list[float], dict[int, float]]:
        """Reach of each account and pull of each entity, none put together with its like."""
        users, total = self.users, max(sum(self.users.values()), 1)
        breadth, degree = np.array([len(used) for used in self.uses]), np.array([users[e] for e in sorted(users)])
        reach, pull = breadth.astype(float), degree.astype(float)
        for _ in range(100):
            before = np.concatenate([reach, pull])
            reach = reach * breadth / np.maximum((1 - np.exp(-np.outer(reach, pull) / total)).sum(axis=1), 1e-300)
            pull = pull * degree / np.maximum((1 - np.exp(-np.outer(reach, pull) / total)).sum(axis=0), 1e-300)
            after = np.concatenate([reach, pull])
            if np.abs(after[before > 0] / before[before > 0] - 1).max(initial=0.0) < 1e-9:
                break
        return reach.tolist(), dict(zip(sorted(users), pull.tolist(), strict=True))


def slow_kinds(graph: AccountGraph) -> list[SlowKind]:
    """The kinds of a graph as sets."""
    return [
        SlowKind(i.kind.name, i.kind.family, [set(i.matrix[a].indices.tolist()) for a in range(graph.accounts)])
        for i in graph.kinds
    ]


def log2_choose(n: int, k: int) -> float:
    return math.log2(math.comb(n, k))


def kl(p: float, q: float) -> float:
    heads = p * math.log2(p / q) if p > 0 else 0.0
    return heads + ((1 - p) * math.log2((1 - p) / (1 - q)) if p < 1 else 0.0)


def rate(users: float, links: int, group_links: float, group_accounts: int) -> float:
    """The chance that an account of the group's mean breadth uses an entity of this degree."""
    return min(max(1 - math.exp(-users * group_links / (links * group_accounts)), 1e-12), 1 - 1e-12)


def members_using(kind: SlowKind, group: Iterable[int], entities: set[int]) -> list[int]:
    return [a for a in group if kind.uses[a] & entities]


def entity_gains(kind: SlowKind, group: set[int], among: list[int]) -> dict[int, float]:
    """What each entity saves, if it saves anything, among some of the group's accounts."""
    users, d_sum = kind.users, sum(kind.users.values())
    reach, pull = kind.fitted
    s, n = len(among), sum(reach[a] for a in among)
    gains = {}
    for entity in set().union(*(kind.uses[a] for a in group)) if s else set():
        k = min(sum(entity in kind.uses[a] for a in group), s)
        q = rate(pull[entity], d_sum, n, s)
        gain = s * kl(k / s, q) - math.log2(len(users)) - math.log2(s + 1)
        if k / s > q and gain > 0:
            gains[entity] = gain
    return gains


def taking_part_bits(joining: int, having: int) -> float:
    return log2_choose(having, joining) + math.log2(having + 1)


def entity_code(kind: SlowKind, group: set[int]) -> float:
    """Bits of a kind coded entity by entity."""
    having = [a for a in group if kind.uses[a]]
    named = entity_gains(kind, group, having)
    joining = members_using(kind, group, set(named))
    kept = {e: g for e, g in entity_gains(kind, group, joining).items() if e in named}
    return sum(kept.values()) - taking_part_bits(len(joining), len(having)) - math.log2(math.e)


def pool_code(kind: SlowKind, group: set[int], ratio: float) -> float:
    """Bits of a kind coded as the pool that is cut at one ratio."""
    users, d_sum = kind.users, sum(kind.users.values())
    having = [a for a in group if kind.uses[a]]
    k = Counter(e for a in having for e in kind.uses[a])
    pool = {e for e in k if k[e] >= 2 and k[e] / users[e] >= ratio - 1e-12}
    joining = members_using(kind, group, pool)
    n, inside = sum(len(kind.uses[a]) for a in joining), sum(k[e] for e in pool)
    reach, pull = kind.fitted
    group_reach, links = sum(reach[a] for a in having), sum(len(kind.uses[a]) for a in having)
    expected = sum(len(having) * rate(pull[e], d_sum, group_reach, len(having)) for e in pool)
    share = min(max(expected / max(links, 1), 1e-12), 1 - 1e-12)
    if n == 0 or inside / n <= share:
        return 0.0
    classes = Counter(d.bit_length() - 1 for d in users.values())
    chosen = Counter(users[e].bit_length() - 1 for e in pool)
    m, c = len(pool), len(classes)
    naming = sum(log2_choose(classes[i], chosen[i]) for i in classes) + math.log2(m * (m + 1))
    naming += log2_choose(m + c - 1, c - 1)
    naming += taking_part_bits(len(joining), len(having))
    return n * kl(inside / n, share) - naming - math.log2(n + 1)


def kind_bits(kind: SlowKind, group: set[int]) -> float:
    """The better of the two codes, less the bit that says which."""
    best = max([entity_code(kind, group), *(pool_code(kind, group, r) for r in RATIOS)])
    return max(best - 1.0, 0.0)


def named_by_entity(kind: SlowKind, group: set[int], accounts: int) -> float:
    """Bits that name the group as the users of its best entity, with corrections."""
    users = kind.users
    costs = []
    for entity in set().union(*(kind.uses[a] for a in group)):
        d, k = users[entity], sum(entity in kind.uses[a] for a in group)
        others = len(group) - k
        cost = math.log2(len(users)) + log2_choose(d, k) + math.log2(d + 1)
        costs.append(cost + log2_choose(accounts - d, others) + 2 * math.log2(others + 1) + 1)
    return min(costs, default=math.inf)


def saved_bits(kinds: list[SlowKind], group: set[int], accounts: int) -> tuple[float, dict[str, float]]:
    """Bits saved by a group, and by each of its families."""
    families: dict[str, float] = {}
    for kind in kinds:
        alike = sum(other.family == kind.family for other in kinds)
        families[kind.family] = max(families.get(kind.family, 0.0), kind_bits(kind, group) - math.log2(alike))
    total = sum(families.values())
    ways = [total - log2_choose(accounts, len(group)) - math.log2(accounts)]
    ways += [total - families[k.family] - named_by_entity(k, group, accounts) for k in kinds]
    return max(ways) - math.log2(len(kinds) + 1), families
