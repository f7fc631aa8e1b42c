"""Group rings into operator clusters: which rings draw their prompts from one set of templates."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.special import gammaln

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

WORTH = 10.0  # bits a union must save; a price, no bound


@dataclass(frozen=True)
class RingContent:
    """What the rings' prompts are made of.

    ``users`` (rings x templates, CSR) has k of each template in a ring's profile; ``sizes`` are the accounts per ring,
    ``everywhere`` the users d per template, ``accounts`` is N.
    """

    users: sp.csr_matrix
    sizes: Ints
    everywhere: Ints
    accounts: int


@dataclass(frozen=True)
class _Group:
    rings: tuple[int, ...]
    templates: frozenset[int]


def cluster_rings(content: RingContent, start: Ints) -> Ints:
    """Operator cluster of each ring (-1 where ``start`` is -1: not asked).

    Rings with the same number in ``start`` begin as one; then unions, best pair first, while one saves more than 10
    bits (:func:`shared_bits`). Infrastructure plays no part: two rings behind one VPN are still two. Rings that are not
    asked still tell how common a template is among rings.
    """
    groups = {
        number: _Group(tuple(rings.tolist()), frozenset(content.users[rings].indices.tolist()))
        for number, rings in ((n, np.flatnonzero(start == n)) for n in np.unique(start[start >= 0]).tolist())
    }
    heap: list[tuple[float, int, int]] = []
    for a, b in _worth_trying(content, start):
        _offer(heap, content, groups, a, b)
    following = int(start.max(initial=-1)) + 1
    while heap:
        _, a, b = heapq.heappop(heap)
        if a not in groups or b not in groups:
            continue
        united = _Group(groups[a].rings + groups[b].rings, groups[a].templates | groups[b].templates)
        del groups[a], groups[b]
        related = [n for n, group in groups.items() if group.templates & united.templates]
        groups[following] = united
        for other in related:
            _offer(heap, content, groups, other, following)
        following += 1
    return _numbered([group.rings for group in groups.values()], len(start))


def _offer(heap: list[tuple[float, int, int]], content: RingContent, groups: dict[int, _Group], a: int, b: int) -> None:
    gain = shared_bits(content, groups[a].rings, groups[b].rings)
    if gain > WORTH:
        heapq.heappush(heap, (-gain, a, b))


def _numbered(groups: list[tuple[int, ...]], rings: int) -> Ints:
    labels = np.full(rings, -1, dtype=np.int64)
    for number, members in enumerate(sorted(groups, key=min)):
        labels[list(members)] = number
    return labels


def shared_bits(content: RingContent, first: tuple[int, ...], second: tuple[int, ...]) -> float:
    """Bits saved by describing the templates of two groups of rings through one set.

    Each shared template e saves -log2 f_e, the chance that an unrelated ring's profile has it: the part of the other
    rings that do, or, if lower, the accounts of the smaller group times the template's rate among all other accounts.
    Saying which of the united templates are shared costs log2 binomial(|A u B|, |A n B|) + log2(|A u B| + 1).
    """
    users = content.users
    a, b = users[list(first)], users[list(second)]
    in_a, in_b = np.unique(a.indices), np.unique(b.indices)
    shared = np.intersect1d(in_a, in_b)
    if len(shared) == 0:
        return 0.0
    inside = np.asarray(a.sum(axis=0)).ravel()[shared] + np.asarray(b.sum(axis=0)).ravel()[shared]
    holders = np.bincount(np.concatenate([a.indices, b.indices]), minlength=users.shape[1])[shared]
    others = _holders(content)[shared] - holders
    size = min(int(content.sizes[list(first)].sum()), int(content.sizes[list(second)].sum()))
    by_rings = (others + 0.5) / (_with_content(users) - _with_content(a) - _with_content(b) + 1)
    by_accounts = size * (np.maximum(content.everywhere[shared] - inside, 0) + 0.5) / content.accounts
    rate = np.clip(np.minimum(by_rings, by_accounts), 1e-12, 1.0)
    union = len(in_a) + len(in_b) - len(shared)
    naming = (gammaln(union + 1) - gammaln(len(shared) + 1) - gammaln(union - len(shared) + 1)) / np.log(2)
    return round(float(-np.log2(rate).sum() - naming - np.log2(union + 1)), 6)


def _holders(content: RingContent) -> Ints:
    return np.bincount(content.users.indices, minlength=content.users.shape[1])


def _with_content(users: sp.csr_matrix) -> int:
    """How many rings have any template in their profile."""
    return int(np.count_nonzero(np.diff(users.indptr)))


def _worth_trying(content: RingContent, start: Ints) -> list[tuple[int, int]]:
    """Pairs of starting groups whose shared templates could save 10 bits, by an upper limit."""
    users, asked = content.users, np.flatnonzero(start >= 0)
    if len(asked) == 0:
        return []
    marks = sp.csr_matrix((np.ones(len(users.data)), users.indices, users.indptr), shape=users.shape)
    of_group = sp.csr_matrix((np.ones(len(asked)), (start[asked], asked)), shape=(start.max() + 1, users.shape[0]))
    holders = (of_group @ marks).tocsr()
    others = np.maximum(_holders(content) - 2 * holders.max(axis=0).toarray().ravel(), 0)
    outside = np.maximum(content.everywhere - np.asarray(users.sum(axis=0)).ravel(), 0)
    by_rings = (others + 0.5) / max(_with_content(users), 1)
    by_accounts = (outside + 0.5) / max(content.accounts, 1)
    limit = -np.log2(np.clip(np.minimum(by_rings, by_accounts), 1e-12, 1.0))
    has = holders.sign()
    most = sp.triu(has.multiply(limit[None, :]) @ has.T, k=1).tocoo()
    kept = most.data > WORTH
    return sorted(zip(most.row[kept].tolist(), most.col[kept].tolist(), strict=True))
